"""What a command hands on is whole under its name or not there, whatever the disk does; by every command that writes a
file for somebody: one that writes it otherwise fails the first test."""

import ast
import errno
import os
from pathlib import Path

import pytest

import bavn.app
from bavn.app.centre.publish_parts import write
from bavn.app.cli.centre.intel import exchange
from bavn.app.process.exits import Stop
from bavn.app.process.whole_file import write_whole

HANDS_ON = {
    "cli/centre/intel/exchange.py",
    "cli/node/assets.py",
    "cli/node/evidence.py",
    "cli/centre/casework.py",
    "analyst/training.py",
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
        if name != "analyst/training.py":  # it also writes a case of its own, to look at
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


def test_a_link_stays_a_link_and_a_device_is_written_to(tmp_path) -> None:
    (tmp_path / "there").write_text("old")
    (tmp_path / "link").symlink_to(tmp_path / "there")
    write_whole(tmp_path / "link", b"new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "there").read_text() == "new"
    write_whole(Path("/dev/null"), b"x")
    assert not Path("/dev/null").is_file()


def test_what_a_shell_opened_is_written_in_place(tmp_path) -> None:
    """``--json /dev/stdout > figures.json``: another file under its name would not be what the shell holds open."""
    file = tmp_path / "figures.json"
    with file.open("wb") as held:
        before = file.stat().st_ino
        write_whole(Path(f"/dev/fd/{held.fileno()}"), b"1")
        assert (file.stat().st_ino, file.read_bytes()) == (before, b"1")
