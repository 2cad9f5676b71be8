"""A folder of captures that somebody else writes and deletes, such as a Suricata's ring of packets (its pcap-log
output): only the key exchanges are read, in the order in which the files were written last.

A capture is read when it has not changed between two looks; if it grows after that, it is read on. A conversation may
begin in one capture and end in the next. Refuses to delete captures, and to wait for one that is gone.
"""

import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from bavn.actor.formats.gzipped import head_of
from bavn.actor.formats.pcap import form_of
from bavn.actor.formats.refused import of_file
from bavn.actor.sense.base import Batch, Loss, Passed, SourceBroken, mark_of_another
from bavn.actor.sense.handshakes.capture import CaptureKex
from bavn.actor.sense.handshakes.reader import KexReader
from bavn.actor.sense.parsed import NOTHING
from bavn.actor.sense.place import hash_of
from bavn.model.text import Text

_HEAD_BYTES: Final = 256


@dataclass(frozen=True, slots=True, order=True)
class _Mark:
    """The last capture read: when it was changed last, its name, packets read, and what its first bytes hash to."""

    modified_ns: int = 0
    capture: str = ""
    packets: int = 0
    head: str = ""

    def text(self) -> str:
        return json.dumps([self.modified_ns, self.capture, self.packets, self.head])

    @classmethod
    def parse(cls, name: str, mark: str | None) -> Self:
        try:
            match json.loads(mark or '[0, "", 0, ""]'):
                case [int(modified_ns), str(capture), int(packets), str(head)]:
                    return cls(modified_ns, capture, packets, head)
        except ValueError:
            pass
        raise SourceBroken(mark_of_another(name))


@dataclass(frozen=True, slots=True, order=True)
class _Waiting:
    modified_ns: int
    path: Path
    size: int


class KexFolder:
    """A Source over ``folder``: every pcap or pcapng in it (not those that begin with a dot). The mark is the place of
    the last capture read; what was changed before that is not looked at. SourceBroken for a foreign mark."""

    def __init__(self, *, name: str, sensor: str, folder: Path, mark: str | None = None) -> None:
        self._name, self._sensor, self._folder = name, sensor, folder
        self._kept = self._given = _Mark.parse(name, mark)
        self._reader = KexReader()
        self._before: set[_Waiting] = set()

    @property
    def name(self) -> str:
        return self._name

    def poll(self) -> Iterator[Batch]:
        waiting = self._waiting()
        before, self._before = self._before, set(waiting)
        for capture in waiting:
            if capture not in before:
                return
            yield self._batch(capture)

    def go_back(self, mark: str | None) -> None:
        """See GoesBack. As at a start, conversations that were begun are read from where they go on."""
        self._kept = self._given = _Mark.parse(self._name, mark)
        self._reader = KexReader()

    def pass_over(self) -> Passed | None:
        """See PassesOver: the capture that is next."""
        waiting = self._waiting()
        if not waiting:
            return None
        capture = waiting[0]
        self._given = _Mark(capture.modified_ns, capture.path.name, 0, "")
        loss = Loss(what="passed_over", count=capture.size, unit="bytes")
        return Passed(loss, head_of(capture.path, 1 << 20), self._given.text())

    def acknowledge(self, mark: str) -> None:
        self._kept = _Mark.parse(self._name, mark)

    def lag_bytes(self) -> int:
        return sum(found.size for found in self._waiting())

    def close(self) -> None:
        """Nothing is held open."""

    def _batch(self, waiting: _Waiting) -> Batch:
        name, last = waiting.path.name, self._given
        head = hash_of(head_of(waiting.path, _HEAD_BYTES)) if waiting.size >= _HEAD_BYTES else ""
        grown = head and (name, head) == (last.capture, last.head)
        try:
            capture = CaptureKex(waiting.path, self._sensor, self._reader, skip=last.packets if grown else 0)
            parsed, packets = capture.parsed.without(name, capture.damage), capture.packets
        except SourceBroken as error:
            parsed, packets = NOTHING.without(name, Text.of_error(error)), 0
        self._given = _Mark(waiting.modified_ns, name, packets, head)
        return parsed.batch(self._name, self._given.text())

    def _waiting(self) -> list[_Waiting]:
        """Captures changed after the last one that was kept, the oldest first."""
        try:
            named = [path for path in self._folder.iterdir() if not path.name.startswith(".")]
        except OSError as error:
            raise SourceBroken(
                of_file(self._folder, Text("cannot be listed ({why}): let the node's user read it", why=error.strerror))
            ) from error
        captures = []
        for path in named:
            with contextlib.suppress(OSError):  # deleted by its owner meanwhile
                status = path.stat()
                after = (status.st_mtime_ns, path.name) > (self._kept.modified_ns, self._kept.capture)
                if after and path.is_file() and form_of(head_of(path, 4)):
                    captures.append(_Waiting(status.st_mtime_ns, path, status.st_size))
        return sorted(captures)
