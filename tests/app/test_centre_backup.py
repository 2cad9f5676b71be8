"""A backup holds all of it at one moment; what is put back is the same, in either database; nothing is believed."""

import hashlib
import json
import threading
import time
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bavn.app.centre.database import open_database, start
from bavn.app.centre.parts import BOOK_FILE, build
from bavn.app.centre.restore import SEQ_GAP
from bavn.app.cli.centre.main import app
from bavn.app.config.load import read_centre
from bavn.app.process.exits import Exit, Stop
from bavn.app.process.party_keys import PartyKeys
from bavn.app.process.real import SystemDice
from bavn.centre.books import tables as t
from bavn.centre.cases import audit
from bavn.centre.cases.tables import make_tables
from bavn.centre.store import dump
from bavn.centre.store.engine import reading, writing
from bavn.centre.store.lease import Lease
from bavn.rehearsal.clock import SimClock
from bavn.wire.book import Book
from bavn.wire.codec import encode
from bavn.wire.ledger import Ledger, Note, look_on
from bavn.wire.messages.catalogue import RoundClosed
from bavn.wire.outbox import Outbox
from tests.people import Runner as CliRunner

ROUND = "0a" * 16
PHRASE = "correct horse battery staple"
KINDS = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)]


def run(config, *words, code=0):
    done = CliRunner().invoke(app, [*map(str, words), "--config", str(config)])
    if isinstance(done.exception, Stop):
        assert done.exception.code == code, done.exception
    else:
        assert done.exit_code == code, (done.output, done.exception)
    return done


@pytest.fixture
def place(request, tmp_path):
    """Makes centre.toml for a folder and a kind of database, empty both."""

    def made(name, kind):
        words = f'[place]\nfolder = "{name}"\nport = 0\n'
        if kind == "postgresql":
            cluster = request.getfixturevalue("postgres")
            words += f'database_url = "{cluster.url(cluster.make())}"\n'
        file = tmp_path / f"{name}.toml"
        file.write_text(words)
        return file

    return made


MEMBER_ACTS = 4
"""Audit lines of what ``live`` does to members: two are added, and invited."""


def live(config, lines=5):
    """A centre with members, rows of every type, an audit log, a ledger with closed parts, and letters that wait."""
    run(config, "init")
    for name in ("north", "south"):
        run(config, "invite", name, "--kind", "region")
    file = read_centre(config)
    engine = open_database(file)
    make_tables(engine)
    with Lease(engine) as lease, Book(file.folder / BOOK_FILE) as book:
        start(lease, book, SystemDice(), 1)
        planes = {"round_id": ROUND, "cell_table": 1, "x": 3, "planes": bytes(range(256))}
        with writing(engine) as connection:
            connection.execute(t.PLANES.insert().values(**planes))
            connection.execute(t.NULLS.insert().values(stratum="s", a=0.1 + 0.2, elements=3, fitted_us=2**53))
            for number in range(3):
                connection.execute(t.OUTGOING.insert().values(said=f"æ{number}", done=True))
            for number in range(lines):
                audit.note(connection, number, "anna", "comment", "case-1", {"text": f"line {number}"})
        ledger = Ledger(book)
        for number in range(lines):
            ledger.append(number, "inbox", "in", Note(kind="Health", item_id=f"{number:064x}", peer="north"))
        assert ledger.close_parts(lines_max=2) > 0
        outbox = Outbox(book, "centre", PartyKeys(file.folder, "centre").message_key(), SimClock(1))
        for at in range(2):
            outbox.put("north", encode(RoundClosed(round_id=ROUND, other_keys=at)), "C")
    engine.dispose()
    return file


def rows(config):
    engine = open_database(read_centre(config))
    try:
        with reading(engine) as connection:
            return {name: list(dump.lines_of(connection, table)) for name, table in dump.tables_in(connection).items()}
    finally:
        engine.dispose()


@pytest.mark.slow
@pytest.mark.parametrize("to", KINDS)
@pytest.mark.parametrize("of", KINDS)
def test_what_is_put_back_is_the_same_in_either_database(place, tmp_path, of, to) -> None:
    first, second = place("first", of), place("second", to)
    live(first)
    told = json.loads(run(first, "backup", tmp_path / "b.zip", "--json").stdout)
    assert (told["audit"], told["ledger"], told["keys"], told["broken"]) == (MEMBER_ACTS + 5, 5, False, [])
    assert "keys" in told["left_out"][0]
    assert str(read_centre(second).folder / "keys") in run(second, "restore", tmp_path / "b.zip", "--by", "bo").stdout
    before, after = rows(first), rows(second)
    assert after["case_audit"][:-1] == before["case_audit"]
    assert "restored" in after["case_audit"][-1]
    assert "bo" in after["case_audit"][-1]
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {"case_audit", "case_audit_head", "log_entry", "log_state"}, "the log begins under a new name"
    with look_on(read_centre(second).folder / BOOK_FILE) as ledger:
        assert ledger.verify() is None
        assert [line.seq for line in ledger.every()] == [1, 2, 3, 4, 5]


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_a_centre_that_was_put_back_runs_and_numbers_on(place, tmp_path, kind) -> None:
    """With the keys from the backup; new rows and new letters come after all that was, and after all that may have
    been sent since."""
    first, second = place("first", kind), place("second", kind)
    live(first)
    phrase = tmp_path / "phrase"
    phrase.write_text(PHRASE + "\n")
    phrase.chmod(0o600)
    run(first, "backup", tmp_path / "b.zip", "--keys", phrase)
    assert PHRASE.encode() not in (tmp_path / "b.zip").read_bytes()
    run(second, "restore", tmp_path / "b.zip", "--by", "bo", code=Exit.USAGE)
    wrong = tmp_path / "wrong"
    wrong.write_text("another phrase of some length")
    wrong.chmod(0o600)
    run(second, "restore", tmp_path / "b.zip", "--by", "bo", "--keys", wrong, code=Exit.REFUSED)
    run(second, "restore", tmp_path / "b.zip", "--by", "bo", "--keys", phrase)
    keys = [PartyKeys(read_centre(file).folder, "centre") for file in (first, second)]
    assert keys[0].message_key().private_bytes_raw() == keys[1].message_key().private_bytes_raw()
    assert keys[1].key.stat().st_mode & 0o077 == 0
    with build(read_centre(second)) as parts:
        outbox = Outbox(parts.book, "centre", keys[1].message_key(), SimClock(1))
        assert outbox.last_seq("north") > SEQ_GAP
        assert outbox.last_seq("south") >= SEQ_GAP
        assert [one.seq for one in outbox.waiting("north")][:2] == [1, 2]
        with writing(parts.engine) as connection:
            made = connection.execute(t.OUTGOING.insert().values(said="new", done=True)).inserted_primary_key
        assert made.number > 3
        parts.centre.step()
        assert parts.centre.desk.audit_verify() is None
        parts.server._socket.close()


def test_a_backup_is_never_put_over_anything_nor_written_over_and_a_database_starts_with_its_book_alone(
    place, tmp_path
) -> None:
    first = place("first", "sqlite")
    live(first)
    run(first, "backup", tmp_path / "b.zip")
    run(first, "backup", tmp_path / "b.zip", code=Exit.NOT_NOW)
    before = rows(first)
    assert "already" in str(run(first, "restore", tmp_path / "b.zip", "--by", "bo", code=Exit.NOT_NOW).exception)
    (tmp_path / "first" / BOOK_FILE).rename(tmp_path / "away")
    (tmp_path / "first" / f"{BOOK_FILE}.ledger").rename(tmp_path / "away.ledger")
    assert "not empty" in str(run(first, "restore", tmp_path / "b.zip", "--by", "bo", code=Exit.NOT_NOW).exception)
    assert rows(first) == before
    assert "belong together" in str(run(first, "run", code=Exit.CONFIGURATION).exception)


def test_a_chain_that_was_broken_is_told_and_never_put_back(place, tmp_path) -> None:
    first, second = place("first", "sqlite"), place("second", "sqlite")
    engine = open_database(live(first))
    with writing(engine) as connection:
        connection.exec_driver_sql("UPDATE case_audit SET who = 'nobody' WHERE seq = 2")
    engine.dispose()
    assert "audit log" in str(run(first, "backup", tmp_path / "b.zip", code=Exit.BROKEN).exception)
    assert "chain" in str(run(second, "restore", tmp_path / "b.zip", "--by", "bo", code=Exit.INPUT).exception)
    assert not (tmp_path / "second" / BOOK_FILE).exists()


@pytest.fixture(scope="module")
def packed(tmp_path_factory):
    """One backup, for tests that damage copies of it."""
    folder = tmp_path_factory.mktemp("packed")
    config = folder / "centre.toml"
    config.write_text("")
    live(config)
    run(config, "backup", folder / "b.zip")
    return folder / "b.zip"


@pytest.mark.slow
@settings(max_examples=25)
@given(at=st.integers(0, 10**9), flip=st.integers(1, 255), cut=st.booleans())
def test_a_damaged_backup_is_one_clear_error_and_leaves_nothing(packed, tmp_path_factory, at, flip, cut) -> None:
    folder = tmp_path_factory.mktemp("damaged")
    raw = bytearray(packed.read_bytes())
    if cut:
        del raw[at % len(raw) :]
    else:
        raw[at % len(raw)] ^= flip
    (folder / "b.zip").write_bytes(raw)
    (folder / "centre.toml").write_text("")
    done = CliRunner().invoke(app, ["restore", str(folder / "b.zip"), "-c", str(folder / "centre.toml"), "--by", "bo"])
    if done.exit_code == 0:  # a byte that means nothing: a time in the zip's directory
        assert rows(folder / "centre.toml")["member_actor"][1:]
        return
    assert isinstance(done.exception, Stop)
    assert done.exception.code in (Exit.INPUT, Exit.MISSING)
    assert not (folder / "data" / BOOK_FILE).exists()


@pytest.mark.parametrize("how", ["more", "less", "path", "rows", "head", "past", "ahead"])
def test_a_backup_that_was_made_up_is_refused(packed, tmp_path, how) -> None:
    with zipfile.ZipFile(packed) as source:
        parts = {name: source.read(name) for name in source.namelist()}
    manifest = json.loads(parts.pop("manifest.json"))
    if how == "more":
        parts["../../evil"] = b"x"
    elif how == "less":
        del parts["tables/member_actor.jsonl"]
    elif how == "path":
        parts["../evil"] = b""
        manifest["parts"]["../evil"] = {"bytes": 0, "sha256": hashlib.sha256().hexdigest(), "rows": 0}
    elif how == "rows":
        changed = parts["tables/member_actor.jsonl"].replace(b"south", b"souTh")
        parts["tables/member_actor.jsonl"] = changed
    elif how == "head":
        manifest["audit"] = [99, "f" * 64]
    else:
        manifest["revision"] = {"past": "0005", "ahead": "9999"}[how]
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as target:
        for name, data in parts.items():
            target.writestr(name, data)
        target.writestr("manifest.json", json.dumps(manifest))
    (tmp_path / "centre.toml").write_text("")
    done = run(tmp_path / "centre.toml", "restore", tmp_path / "b.zip", "--by", "bo", code=Exit.INPUT)
    if how in ("past", "ahead"):
        assert "put it back with the Bavn that wrote it" in str(done.exception)
    assert not (tmp_path / "data" / BOOK_FILE).exists()
    assert not (tmp_path.parent / "evil").exists()


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_a_backup_while_all_is_written_is_of_one_moment(place, tmp_path, kind) -> None:
    """A writer keeps database and book in step, the book first; no backup sees the one without the other."""
    config = place("first", kind)
    file = live(config)
    engine, ended = open_database(file), threading.Event()
    book = Book(file.folder / BOOK_FILE)

    def write():
        ledger = Ledger(book)
        number = 5
        while not ended.is_set():
            with book.transaction():  # nobody takes a snapshot between the two
                ledger.append(number, "inbox", "in", Note(kind="Health", item_id=f"{number:064x}", peer="north"))
                with writing(engine) as connection:
                    audit.note(connection, number, "anna", "comment", "case-1", {})
            number += 1
            time.sleep(0.005)  # SQLite's turns are not fair

    thread = threading.Thread(target=write)
    thread.start()
    try:
        for at in range(4):
            told = json.loads(run(config, "backup", tmp_path / f"{at}.zip", "--json").stdout)
            assert told["audit"] == MEMBER_ACTS + told["ledger"]
    finally:
        ended.set()
        thread.join()
        book.close()
        engine.dispose()
    assert told["audit"] > 5
