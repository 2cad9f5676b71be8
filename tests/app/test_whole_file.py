"""What a command hands on is whole under its name or not there, whatever the disk does, and nothing lies half made; by
every command that writes a file for somebody. A file that was bent is read as none, or with one line."""

import ast
import errno
import os
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest

import bavn.app
from bavn.actor.evidence import keep
from bavn.actor.protect.enforcers import atomic
from bavn.app.accept.node_health import node_health
from bavn.app.centre.publish_parts import write
from bavn.app.cli.centre.intel import exchange
from bavn.app.cli.node.health import told_of
from bavn.app.node import by_hand
from bavn.app.node.health.files import HEALTH_FILE
from bavn.app.node.health.lost import LostBook
from bavn.app.node.known_lists import Kept
from bavn.app.process.exits import Stop
from bavn.app.process.failure_folder import kept_failures
from bavn.app.process.real import SystemClock
from bavn.app.process.service_health import _before
from bavn.app.process.whole_file import write_whole
from bavn.app.web.soc.health import _health_file
from bavn.centre.members.signed import BadRecord, record_of
from bavn.model.ports import EnforcerDown
from bavn.wire import archive

HANDS_ON = {
    "cli/centre/intel/exchange.py",
    "cli/node/assets.py",
    "cli/node/evidence.py",
    "centre/publish_parts.py",
}


def test_who_hands_on_a_file_writes_it_in_one_place() -> None:
    folder = Path(bavn.app.__path__[0])
    for name in HANDS_ON:
        calls = [
            ast.unparse(node.func)
            for node in ast.walk(ast.parse((folder / name).read_text("utf-8")))
            if isinstance(node, ast.Call)
        ]
        assert "write_whole" in calls, name
        assert not [call for call in calls if call.endswith((".write_text", ".write_bytes", "os.open"))], name


@pytest.fixture
def full(monkeypatch):
    """A disk that takes nothing more when all is written out."""

    def fsync(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", fsync)


def test_a_disk_that_is_full_leaves_what_stood_there_and_nothing_else(tmp_path, full) -> None:
    assert full is None
    kept = tmp_path / "kept.csv"
    kept.write_text("before")
    for handed in (exchange._write, lambda file, text: write(file, text.encode())):
        with pytest.raises(Stop, match="No space left"):
            handed(kept, "after")
        with pytest.raises(Stop, match="No space left"):
            handed(tmp_path / "other", "after")
    with pytest.raises(OSError, match="No space left"):
        write_whole(tmp_path / "third", b"after", new=True)
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [("kept.csv", "before")]


def test_a_new_file_is_its_owners_alone_and_never_over_another(tmp_path) -> None:
    file = tmp_path / "a.zip"
    write_whole(file, b"1", mode=0o600, new=True)
    assert (file.read_bytes(), file.stat().st_mode & 0o777) == (b"1", 0o600)
    with pytest.raises(FileExistsError):
        write_whole(file, b"2", mode=0o600, new=True)
    assert [one.name for one in tmp_path.iterdir()] == ["a.zip"]
    assert file.read_bytes() == b"1"


def test_a_link_stays_a_link_a_device_is_written_to_and_what_a_shell_opened_in_place(tmp_path) -> None:
    (tmp_path / "there").write_text("old")
    (tmp_path / "link").symlink_to(tmp_path / "there")
    write_whole(tmp_path / "link", b"new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "there").read_text() == "new"
    write_whole(Path("/dev/null"), b"x")
    assert not Path("/dev/null").is_file()
    file = tmp_path / "figures.json"
    with file.open("wb") as held:
        before = file.stat().st_ino
        write_whole(Path(f"/dev/fd/{held.fileno()}"), b"1")
        assert (file.stat().st_ino, file.read_bytes()) == (before, b"1")


def no_room(*_words, **_more):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


WRITERS = {
    "packets of a suspicion": lambda folder: keep.write(folder / "s.pcap", SimpleNamespace(found=[]), 1),
    "a closed part": lambda folder: archive.write(folder, 1, 1, [{"seq": 1}]),
    "an enforcer's file": lambda folder: atomic.write_whole(folder / "list.txt", b"x"),
}


@pytest.mark.parametrize("writer", WRITERS)
def test_nothing_is_left_of_what_a_full_disk_refuses(writer, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("os.fsync", no_room)
    with pytest.raises((OSError, EnforcerDown)):
        WRITERS[writer](tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_left_of_lists_whose_maker_is_ended(tmp_path, monkeypatch) -> None:
    kept = Kept(tmp_path)

    def ended(*_words, **_more):
        kept.file.with_name(kept.file.name + ".new").write_bytes(b"half")
        raise subprocess.CalledProcessError(-9, "lists")

    monkeypatch.setattr("bavn.app.node.known_lists.subprocess.run", ended)
    kept.ready()
    kept.close()
    assert list(tmp_path.iterdir()) == []


BENT = [
    b"",
    b"null",
    b"[]",
    b"7",
    b'"x"',
    b"[[[",
    b"\xff\xfe",
    b"[" * 100_000,
    b'{"at_us":1e999,"pid":1e999,"stopped":false}',
    b'{"at_us":[],"pid":{},"stopped":0,"promises":[7]}',
    b'{"actors":[],"promises":{},"problems":7}',
    b'{"actors":{"a":{"place":{}}},"at_us":1,"pid":-1e999,"stopped":0,"problems":[]}',
    b'{"lost":[[]],"lasting":{"a":1e999}}',
    b'{"body":"7","kind":[],"subject":0,"number":1}',
    b'{"body":"{}","kind":{},"subject":0,"number":1e999}',
]


@pytest.mark.parametrize("bent", BENT, ids=lambda bent: bent[:30])
def test_what_a_process_wrote_of_itself_may_be_bent(tmp_path, bent) -> None:
    file, config = tmp_path / HEALTH_FILE, SimpleNamespace(folder=tmp_path)
    file.write_bytes(bent)
    assert by_hand.runs(config) is False
    assert node_health(config, SystemClock()) is None
    assert _before(file) == []
    assert _health_file(file) is None
    with pytest.raises(Stop):
        told_of(file)


@pytest.mark.parametrize("bent", BENT, ids=lambda bent: bent[:30])
def test_kept_files_may_be_bent(tmp_path, bent) -> None:
    (tmp_path / "a.json").write_bytes(bent)
    assert kept_failures(tmp_path) == []
    with pytest.raises(BadRecord):
        record_of(bent.decode("utf-8", "replace"))


@pytest.mark.parametrize("kept", [{"lost": [{"a": 1}]}, {"lost": 7}, {"lasting": {"a": float("inf")}}, {"lasting": []}])
def test_a_book_of_losses_may_be_bent(kept) -> None:
    assert LostBook(kept).problems() == []
