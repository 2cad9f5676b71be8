"""A file that a full disk breaks off is not left lying half made: it would keep the disk full."""

import errno
import os
import subprocess
from types import SimpleNamespace

import pytest

from bavn.actor.evidence import keep
from bavn.actor.protect.enforcers import atomic
from bavn.app.node.known_lists import Kept
from bavn.model.ports import EnforcerDown
from bavn.wire import archive


def full(*_words, **_more):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


WRITERS = {
    "packets of a suspicion": lambda folder: keep.write(folder / "s.pcap", SimpleNamespace(found=[]), 1),
    "a closed part": lambda folder: archive.write(folder, 1, 1, [{"seq": 1}]),
    "an enforcer's file": lambda folder: atomic.write_whole(folder / "list.txt", b"x"),
}


@pytest.mark.parametrize("writer", WRITERS)
def test_nothing_is_left_of_what_a_full_disk_refuses(writer, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("os.fsync", full)
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
