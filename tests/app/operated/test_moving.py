"""An actor moves between operators by two commands: once, whole, under its own ledger; the old side cannot go on."""

import json
import os
import time
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bavn.app.centre.backup_keys import WrongPassphrase
from bavn.app.config.operator import read_operator
from bavn.app.operator import moving, sealed
from bavn.app.operator.bundle import FORMAT, ForeignFile, Manifest, pack, unpack
from bavn.app.operator.register import Place, Register
from bavn.app.operator.sealed import PIECE_BYTES, BundleDamaged, SealedReader, SealedWriter
from bavn.app.process.exits import Exit, Stop
from bavn.traffic.dice import SeededDice
from bavn.wire.ledger import look_on

PASSPHRASE = "en lang sætning til nøglerne"
MANIFEST = Manifest(format=FORMAT, version="0", actor="region-a", operator="it-syd", made="now", ledger=(0, "0" * 64))


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """A passphrase that costs nothing to try: what it costs is no test's business."""
    monkeypatch.setattr(sealed, "_COST", 16)


def secret(one, words=PASSPHRASE):
    file = one.folder / "passphrase"
    file.write_text(words + "\n")
    file.chmod(0o600)
    return ["--passphrase-file", str(file)]


def lines(one, actor):
    with look_on(one.home(actor) / "data/node.db") as ledger:
        assert ledger.verify() is None
        return list(ledger.every())


@pytest.mark.slow
def test_a_running_actor_moves_and_goes_on_where_it_was(three, operated, sector) -> None:
    old = three()
    old.start()
    old.until(lambda: len(old.said("is up, in the sector of")) == 3, lambda: old.lines)
    rows = sector.centre.inbox_book.rows
    old.until(lambda: rows("SELECT 1 FROM inbox WHERE actor = 'region-a'"))
    others = old.pid("region-b"), old.pid("klinik-c")
    bundle = old.folder / "region-a.bavn"
    said = old.command("export", "region-a", str(bundle), *secret(old))
    assert "cannot go on" in said
    assert (old.pid("region-b"), old.pid("klinik-c")) == others
    assert bundle.stat().st_mode & 0o777 == 0o600
    raw = bundle.read_bytes()
    assert b"PRIVATE KEY" not in raw
    assert old.SECRETS["region-a"][1].encode() not in raw

    left = lines(old, "region-a")
    assert [line.kind for line in left][-1] == "Moved"
    assert not list(old.home("region-a").rglob("*.pem"))  # the old side cannot speak any more
    assert not (old.home("region-a") / "group.key").exists()
    old.until(lambda: old.state()["region-a"]["pid"] is None)
    time.sleep(2.5)
    assert old.pid("region-a") is None
    assert "moved away already" in old.command("export", "region-a", str(bundle) + "2", *secret(old), code=9)
    assert "moved" in old.command("add", "region-a", "--config", str(old.home("region-b") / "node.toml"), code=9)

    new = operated("two", url=sector.url, pin=sector.centre.authority.fingerprint)
    wrong = new.command("import", str(bundle), *secret(new, "another sentence altogether"), code=2)
    assert "passphrase does not open" in wrong
    assert not new.home("region-a").exists()
    new.command("import", str(bundle), *secret(new), *(["--user", "61005"] if os.geteuid() == 0 else []))
    seen = max(seq for (seq,) in rows("SELECT seq FROM inbox WHERE actor = 'region-a'"))
    new.start()
    new.until(lambda: rows("SELECT 1 FROM inbox WHERE actor = 'region-a' AND seq > ?", (seen,)), lambda: new.lines)
    now = lines(new, "region-a")
    assert now[: len(left)] == left
    assert (now[len(left)].kind, now[len(left)].way, now[len(left)].peer) == ("Moved", "in", "it-syd")
    kept = old.command("remove", "region-a", "--delete")
    assert "ledger.jsonl.gz" in kept
    assert not old.home("region-a").exists()


@pytest.fixture
def still(operated):
    """An operator with one actor that has no sector, and never ran."""
    made = operated("one")
    made.add("lonely")
    return made


def test_a_move_that_fails_leaves_the_actor_as_it_was(still) -> None:
    config = read_operator(still.file)
    os.link(still.home("lonely") / "node.toml", still.folder / "second-name")
    with pytest.raises(Stop, match="second name elsewhere"):
        moving.export(config, "lonely", still.folder / "out", PASSPHRASE)
    assert not (still.folder / "out").exists()
    assert Register(config.folder).entry("lonely").place is Place.HERE
    with pytest.raises(Stop) as stopped:
        moving.export(config, "lonely", still.folder / "out", "short")
    assert stopped.value.code == Exit.USAGE


def test_a_node_that_still_runs_is_not_moved(still, monkeypatch) -> None:
    config = read_operator(still.file)
    monkeypatch.setattr(moving, "STOP_WAIT_S", 0.3)
    register = Register(config.folder)
    with register.node_lock("lonely"), pytest.raises(Stop, match="still runs"):
        moving.export(config, "lonely", still.folder / "out", PASSPHRASE)
    assert register.entry("lonely").place is Place.HERE


def test_what_is_removed_has_no_keys_and_a_ledger_that_holds(still) -> None:
    config = read_operator(still.file)
    keys = still.home("lonely") / "data/keys"
    keys.mkdir()
    (keys / "tls.key.pem").write_text("secret")
    stays = moving.remove(config, "lonely", delete=False, with_blocks=False)
    assert stays.parent.name == "removed"
    assert not list(stays.rglob("*.pem"))
    with look_on(stays / "data/node.db") as ledger:
        assert ledger.verify() is None
        assert [line.summary for line in ledger.every()] == ["removed; 1 files of keys destroyed: it-syd"]
    assert Register(config.folder).entries() == {}


def test_links_do_not_travel_and_second_names_are_refused(tmp_path) -> None:
    home, foreign = tmp_path / "home", tmp_path / "foreign"
    home.mkdir()
    foreign.write_text("another actor's")
    (home / "a").write_text("mine")
    (home / "link").symlink_to(foreign)
    (home / "tmp").mkdir()
    (home / "tmp/left").write_text("x")
    with (tmp_path / "out").open("wb") as out:
        packed = pack(home, MANIFEST, out, PASSPHRASE, SeededDice(1, "x"))
    assert (packed.files, packed.left_out) == (1, ("link",))
    to = tmp_path / "to"
    to.mkdir()
    with (tmp_path / "out").open("rb") as source:
        assert unpack(source, PASSPHRASE, to) == MANIFEST
    assert [path.name for path in to.rglob("*")] == ["a"]
    os.link(foreign, home / "hard")
    with (tmp_path / "out2").open("wb") as out, pytest.raises(ForeignFile):
        pack(home, MANIFEST, out, PASSPHRASE, SeededDice(1, "x"))


def opens(file):
    try:
        with file.open("rb") as source:
            return unpack(source, PASSPHRASE, None)
    except (BundleDamaged, WrongPassphrase):
        return None


def test_a_bundle_that_was_changed_anywhere_is_refused(tmp_path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "big").write_bytes(b"x" * (2 * PIECE_BYTES + 17))
    file = tmp_path / "out"
    with file.open("wb") as out:
        pack(home, MANIFEST, out, PASSPHRASE, SeededDice(1, "x"))
    assert opens(file) == MANIFEST
    good = file.read_bytes()
    head = len(good) - 3 * (PIECE_BYTES + 16)
    second = head + PIECE_BYTES + 16
    wrong = {
        "nothing": b"",
        "cut short": good[:-1],
        "a piece cut off": good[:second],
        "a bit of the end": good[:-5] + bytes([good[-5] ^ 1]) + good[-4:],
        "two pieces swapped": good[:head]
        + good[second : second + PIECE_BYTES + 16]
        + good[head:second]
        + good[second + PIECE_BYTES + 16 :],
        "more behind it": good + b"x",
    }
    for what, raw in wrong.items():
        file.write_bytes(raw)
        assert not opens(file), what


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(sizes=st.lists(st.integers(0, 5000), max_size=6), piece=st.integers(1, 3000), cut=st.integers(0, 3000))
def test_what_is_sealed_opens_as_it_was_or_not_at_all(sizes, piece, cut, tmp_path_factory) -> None:
    import io

    before, sealed.PIECE_BYTES = sealed.PIECE_BYTES, piece
    try:
        out = io.BytesIO()
        writer = SealedWriter(out, PASSPHRASE, SeededDice(2, "x"))
        pieces = [bytes([n % 251]) * size for n, size in enumerate(sizes)]
        for one in pieces:
            writer.write(one)
        writer.finish()
        whole = out.getvalue()
        reader = SealedReader(io.BytesIO(whole), PASSPHRASE)
        assert io.BufferedReader(reader).read() == b"".join(pieces)
        if cut and cut < len(whole):
            with pytest.raises((BundleDamaged, WrongPassphrase)):
                io.BufferedReader(SealedReader(io.BytesIO(whole[:-cut]), PASSPHRASE)).read()
    finally:
        sealed.PIECE_BYTES = before


def test_a_bundle_writes_nothing_outside_its_folder(tmp_path) -> None:
    import io
    import tarfile
    from dataclasses import asdict

    def made(*members):
        out = io.BytesIO()
        writer = SealedWriter(out, PASSPHRASE, SeededDice(1, "x"))
        with tarfile.open(fileobj=writer, mode="w|") as tar:
            text = json.dumps(asdict(MANIFEST)).encode()
            head = tarfile.TarInfo("bundle.json")
            head.size = len(text)
            tar.addfile(head, io.BytesIO(text))
            for name, kind in members:
                member = tarfile.TarInfo(name)
                member.type, member.linkname = kind, "/etc/passwd"
                tar.addfile(member)
        writer.finish()
        return io.BytesIO(out.getvalue())

    to = tmp_path / "to"
    for name, kind in (
        ("../evil", tarfile.REGTYPE),
        ("/evil", tarfile.REGTYPE),
        ("home/../../evil", tarfile.REGTYPE),
        ("home/x", tarfile.SYMTYPE),
        ("home/x", tarfile.LNKTYPE),
        ("home/x", tarfile.FIFOTYPE),
        ("home", tarfile.DIRTYPE),
        ("other/x", tarfile.REGTYPE),
        ("home/no/such/x", tarfile.REGTYPE),
    ):
        to.mkdir(exist_ok=True)
        with pytest.raises(BundleDamaged):
            unpack(made((name, kind)), PASSPHRASE, to)
        assert not list(to.iterdir())
    with pytest.raises(BundleDamaged, match="twice"):
        unpack(made(("home/x", tarfile.REGTYPE), ("home/x", tarfile.REGTYPE)), PASSPHRASE, to)
    with pytest.raises(BundleDamaged, match="a header in it is larger than 64 KiB"):
        unpack(made(("home/" + "x" * 70_000, tarfile.REGTYPE)), PASSPHRASE, None)


def test_a_bundle_for_which_the_disk_has_no_room_is_not_begun(tmp_path, monkeypatch) -> None:
    home, to = tmp_path / "home", tmp_path / "to"
    home.mkdir()
    to.mkdir()
    (home / "file").write_bytes(b"x" * 100)
    with (tmp_path / "one").open("wb") as out:
        pack(home, MANIFEST, out, PASSPHRASE, SeededDice(1, "x"))
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=99))
    with (tmp_path / "one").open("rb") as source, pytest.raises(OSError, match="No space left"):
        unpack(source, PASSPHRASE, to)
    assert not list(to.iterdir())
