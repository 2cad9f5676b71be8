"""The centre's log in its database and its folder: nothing lost or doubled by a crash, nothing contradicted, ever."""

import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from bavn.centre.store import log
from bavn.centre.store.engine import make_missing, open_engine, reading, writing
from bavn.centre.store.log_keeper import ENTRIES_AT_ONCE, LogForked, LogKeeper, forget_contents, origin_of, summary
from bavn.centre.store.log_tables import LOG_ENTRY, METADATA
from bavn.rehearsal.clock import SimClock
from bavn.tlog.bad import BadLog
from bavn.tlog.checkpoint import opened
from bavn.tlog.entries import entry_of, opens
from bavn.tlog.merkle import consistency, is_consistent, leaf_hash, root
from bavn.tlog.note import note_of
from bavn.tlog.tiles import Tree, all_entries
from bavn.traffic.dice import SeededDice
from tests.centre.store.log_folders import MemoryFolder

KEY = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
NOW_US = 1_800_000_000_000_000


class Killed(BaseException):
    """Stands for kill -9: nothing in the code may catch it."""


class Mortal(MemoryFolder):
    """Dies at the ``left``-th file, before or after it is there."""

    def __init__(self, left, after):
        super().__init__()
        self.left, self.after = left, after

    def write(self, files):
        for path, text in files:
            self.left -= 1
            if self.left == 0 and not self.after:
                raise Killed
            super().write([(path, text)])
            if self.left == 0:
                raise Killed


@pytest.fixture
def engine():
    made = open_engine("sqlite://")
    make_missing(made, METADATA)
    yield made
    made.dispose()


def keeper(engine, folder, clock=None, seed=0):
    return LogKeeper(engine, folder, KEY, "bavn/test", clock or SimClock(NOW_US), SeededDice(seed, "log"), "0.1.0")


def act(engine, number, at_us=NOW_US):
    with writing(engine) as tx:
        log.append(tx, "act", at_us, content={"line": number})


def act_all(engine, numbers):
    with writing(engine) as tx:
        for number in numbers:
            log.append(tx, "act", NOW_US, content={"line": number})


def shown(folder, made):
    return opened(note_of(folder.read("checkpoint")), made.key)


def entries_in(folder, size):
    return list(all_entries(size, folder.read))


def test_what_was_appended_is_published_in_its_order_under_a_signature(engine) -> None:
    folder, clock = MemoryFolder(), SimClock(NOW_US)
    made = keeper(engine, folder, clock)
    for number in range(5):
        act(engine, number)
    made.step()
    first = shown(folder, made)
    assert first.size == 6  # the version of the software came with the start
    kinds = [entry_of(text).kind for text in entries_in(folder, 6)]
    assert kinds == ["act"] * 5 + ["software"]
    act(engine, 5)
    clock.advance(5_000_000)
    made.step()
    second = shown(folder, made)
    tree = Tree(7, folder.read)
    assert second.size == 7
    assert is_consistent(6, 7, first.root, second.root, consistency(6, 7, tree.subtree))
    assert summary(engine).kinds == {"act": 6, "software": 1}
    assert (summary(engine).size, summary(engine).waiting) == (7, 0)


def test_an_entry_is_not_without_its_thing_nor_the_thing_without_its_entry(engine) -> None:
    with pytest.raises(ZeroDivisionError), writing(engine) as tx:
        assert log.append(tx, "act", NOW_US, content={"line": 1}) or 1 // 0
    assert summary(engine).kinds == {}
    with pytest.raises(BadLog), writing(engine) as tx:
        log.append(tx, "switch", NOW_US, {"turn": 1, "to": "on", "by": "anna"}, {})


def test_a_database_that_is_not_the_centres_has_no_log() -> None:
    other = open_engine("sqlite://")
    with writing(other) as tx:
        log.append(tx, "act", NOW_US, content={"line": 1})
        log.append_once(tx, "partner", NOW_US, {"id": 1})
        log.append_changed(tx, "software", NOW_US, {"version": "0.1.0"})
    other.dispose()


def test_a_seal_is_opened_by_what_the_database_keeps_until_that_is_forgotten(engine) -> None:
    folder = MemoryFolder()
    act(engine, 7)
    keeper(engine, folder).step()
    (entry, _) = map(entry_of, entries_in(folder, 2))
    with reading(engine) as tx:
        row = tx.execute(LOG_ENTRY.select().where(LOG_ENTRY.c.number == 0)).one()
    assert opens(entry, json.loads(row.content), row.salt)
    assert forget_contents(engine, NOW_US) == 0
    assert forget_contents(engine, NOW_US + 1) == 1
    with reading(engine) as tx:
        row = tx.execute(LOG_ENTRY.select().where(LOG_ENTRY.c.number == 0)).one()
    assert (row.content, row.content_hash, row.salt) == ("", "", None)
    assert bytes(row.entry) == entry.bytes()


def test_it_publishes_every_few_seconds_and_not_at_every_step(engine) -> None:
    folder, clock = MemoryFolder(), SimClock(NOW_US)
    made = keeper(engine, folder, clock)
    made.step()
    writes = folder.writes
    act(engine, 1)
    clock.advance(4_999_999)
    made.step()
    assert folder.writes == writes
    clock.advance(1)
    made.step()
    assert shown(folder, made).size == 2
    writes = folder.writes
    clock.advance(60_000_000)
    made.step()
    assert folder.writes == writes  # nothing came: nothing is signed anew


def test_said_once_is_there_once_and_changed_only_where_it_changed(engine) -> None:
    with writing(engine) as tx:
        for _ in range(2):
            log.append_once(tx, "partner", NOW_US, {"to": "a", "id": "x"})
            log.append_changed(tx, "software", NOW_US, {"version": "0.1.0"})
        log.append_once(tx, "partner", NOW_US, {"to": "b", "id": "x"})
        log.append_changed(tx, "software", NOW_US, {"version": "0.2.0"})
    assert summary(engine).kinds == {"partner": 2, "software": 2}


@pytest.mark.parametrize(("left", "after"), [(1, False), (3, True), (4, False), (5, True)])
def test_a_crash_at_some_files_loses_and_doubles_nothing(left, after) -> None:
    dies_at(left, after, [7, 254])


@pytest.mark.slow
@settings(max_examples=50)
@given(
    left=st.integers(1, 20),
    after=st.booleans(),
    batches=st.lists(st.sampled_from([0, 1, 7, 254, 256]), min_size=1, max_size=3),
)
def test_a_crash_at_any_file_loses_and_doubles_nothing(left, after, batches) -> None:
    dies_at(left, after, batches)


def dies_at(left, after, batches):
    engine = open_engine("sqlite://")
    make_missing(engine, METADATA)
    folder, clock = Mortal(left, after), SimClock(NOW_US)
    made, told, seen = keeper(engine, folder, clock), 0, None
    for seed, batch in enumerate([*batches, 0, 0]):
        act_all(engine, range(told, told + batch))
        told += batch
        clock.advance(6_000_000)
        try:
            made.step()
        except Killed:
            made = keeper(engine, folder, clock, seed + 1)
        if "checkpoint" in folder.files:
            now = shown(folder, made)
            tree = Tree(now.size, folder.read)
            assert tree.root() == now.root
            if seen is not None:
                assert is_consistent(
                    seen.size, now.size, seen.root, now.root, consistency(seen.size, now.size, tree.subtree)
                )
            seen = now
    assert seen.size == told + 1
    found = [entry_of(text) for text in entries_in(folder, seen.size)]
    assert [entry.kind for entry in found].count("software") == 1
    with reading(engine) as tx:
        rows = tx.execute(LOG_ENTRY.select().order_by(LOG_ENTRY.c.number)).all()
    lines = [json.loads(row.content)["line"] for row in rows if row.kind == "act"]
    assert lines == list(range(told))
    assert all(
        opens(entry, json.loads(row.content), row.salt) for entry, row in zip(found, rows, strict=True) if row.salt
    )
    engine.dispose()


def test_a_folder_that_is_lost_or_damaged_is_written_anew_to_the_byte(engine) -> None:
    folder = MemoryFolder()
    act_all(engine, range(300))
    keeper(engine, folder).step()
    before = dict(folder.files)
    empty = MemoryFolder()
    keeper(engine, empty).step()
    assert empty.files == before
    damaged = MemoryFolder()
    damaged.files = before | {"tile/0/001.p/45": bytes(45 * 32), "checkpoint": b"nothing"}
    keeper(engine, damaged).step()
    assert damaged.files == before


def test_a_centre_that_was_put_back_signs_no_second_history(engine) -> None:
    """A backup of earlier was restored and other things happen: the folder knows more than the database."""
    folder = MemoryFolder()
    for number in range(3):
        act(engine, number)
    keeper(engine, folder).step()
    kept = dict(folder.files)
    older = open_engine("sqlite://")
    make_missing(older, METADATA)
    for number in range(2):
        act(older, number)
    with pytest.raises(LogForked, match="begin a new log"):
        keeper(older, folder).step()
    assert folder.files == kept
    older.dispose()


def test_a_log_that_is_begun_anew_has_another_name_and_leaves_the_old_one_to_be_read(engine) -> None:
    folder, clock = MemoryFolder(), SimClock(NOW_US)
    for number in range(3):
        act(engine, number)
    first = keeper(engine, folder, clock)
    first.step()
    old = dict(folder.files)
    with writing(engine) as tx:
        origin = log.begin_anew(tx, "bavn/test", NOW_US)
    assert origin == "bavn/test/2027-01-15T080000Z"
    act(engine, 3)
    clock.advance(6_000_000)
    with pytest.raises(LogForked, match="looked at again"):
        first.step()
    clock.advance(6_000_000)
    first.step()
    now = shown(folder, first)
    assert (now.origin, now.size) == (origin, 5)
    aside = {path.split("/", 2)[2]: text for path, text in folder.files.items() if path.startswith("ended/")}
    assert aside == old


def test_a_database_in_which_the_past_was_changed_signs_nothing_more(engine) -> None:
    folder, clock = MemoryFolder(), SimClock(NOW_US)
    for number in range(3):
        act(engine, number)
    keeper(engine, folder, clock).step()
    with writing(engine) as tx:
        tx.execute(LOG_ENTRY.update().where(LOG_ENTRY.c.number == 1).values(entry=b"another"))
    folder.files.pop("tile/0/000.p/4")
    with pytest.raises(LogForked, match="lost or changed"):
        keeper(engine, folder, clock).step()


def test_more_than_one_turn_of_entries_is_published_in_one_step(engine) -> None:
    folder = MemoryFolder()
    count = ENTRIES_AT_ONCE + 3
    with writing(engine) as tx:
        rows = [
            {"number": n, "kind": "uploads", "at_us": NOW_US, "fields": "", "content": "", "content_hash": ""}
            | {"salt": None, "entry": f"entry {n}".encode()}
            for n in range(count)
        ]
        tx.execute(LOG_ENTRY.insert(), rows)
    made = keeper(engine, folder)
    made.step()
    now = shown(folder, made)
    assert now.size == count + 1
    assert now.root == root([leaf_hash(text) for text in entries_in(folder, now.size)])
    assert not [path for path in folder.files if path.startswith("tile/0/000.p")]


@pytest.mark.parametrize(
    ("sector", "origin"), [("hospitals", "bavn/hospitals"), ("el og vand+", "bavn/el-og-vand-"), ("", "bavn/sector")]
)
def test_a_sectors_log_has_a_name_that_a_note_can_hold(sector, origin) -> None:
    assert origin_of(sector) == origin
