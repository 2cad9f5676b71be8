"""A folder of captures that Suricata reads as they come, in the order of their names.

A capture is read when its size has not changed between two looks. The mark is the capture's name and how far its EVE
lines are kept; after a restart Suricata reads the capture again (the same lines, in the same order) and what is kept is
passed over. A capture that cannot be read is one refusal, and the next one's turn. Refuses to delete captures.
"""

import json
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from bavn.actor.sense.base import Batch, RefusedLine, SourceBroken
from bavn.actor.sense.engine import Engine
from bavn.actor.sense.eve import EveParser
from bavn.actor.sense.lines import Segment
from bavn.actor.sense.prepare import prepared
from bavn.actor.sense.suricata_offline import Run, run_offline

SEGMENT_BYTES = 16 * 1024 * 1024
SUFFIXES = (".pcap", ".pcapng", ".cap")
DONE = -1


class CaptureFolder:
    """A Source over ``folder``. ``work`` is a folder of its own for Suricata. SourceBroken for a foreign mark."""

    def __init__(
        self,
        *,
        name: str,
        sensor: str,
        folder: Path,
        work: Path,
        homes: Sequence[str],
        rule_files: Sequence[Path] = (),
        mark: str | None = None,
        engine: Engine | None = None,
    ) -> None:
        self._name, self._folder, self._work = name, folder, work
        self._homes, self._rules = tuple(homes), tuple(rule_files)
        self._parser = EveParser(engine or prepared(), sensor)
        self._file, self._offset, self._line = _parse_mark(name, mark)
        self._sizes: dict[str, int] = {}

    @property
    def name(self) -> str:
        return self._name

    def poll(self) -> Iterator[Batch]:
        for capture in self._ready():
            begin, line = (self._offset, self._line) if capture.name == self._file else (0, 1)
            try:
                done = run_offline(capture, self._work, self._homes, self._rules)
            except SourceBroken as error:
                yield self._refused(capture, str(error))
                continue
            yield from self._batches(capture, done, begin, line)
            shutil.rmtree(self._work, ignore_errors=True)

    def acknowledge(self, mark: str) -> None:
        self._file, self._offset, self._line = _parse_mark(self._name, mark)

    def lag_bytes(self) -> int:
        return sum(capture.stat().st_size for capture in self._waiting())

    def close(self) -> None:
        shutil.rmtree(self._work, ignore_errors=True)

    def _waiting(self) -> list[Path]:
        """Captures that are not read to their end, by name."""
        try:
            found = sorted(path for path in self._folder.iterdir() if path.suffix in SUFFIXES and path.is_file())
        except OSError as error:
            raise SourceBroken(
                f"{self._folder} cannot be listed ({error.strerror}): let the node's user read it"
            ) from error
        return [p for p in found if p.name > self._file or (p.name == self._file and self._offset != DONE)]

    def _ready(self) -> list[Path]:
        waiting = self._waiting()
        before, self._sizes = self._sizes, {path.name: path.stat().st_size for path in waiting}
        ready = []
        for path in waiting:
            if before.get(path.name) != self._sizes[path.name]:
                break
            ready.append(path)
        return ready

    def _batches(self, capture: Path, done: Run, begin: int, line: int) -> Iterator[Batch]:
        with done.eve.open("rb") as eve:
            eve.seek(begin)
            offset = begin
            while raw := _whole_lines(eve.read(SEGMENT_BYTES), eve):
                parsed = self._parser.parse(Segment(capture.name, line, raw))
                offset += len(raw)
                line += raw.count(b"\n")
                yield parsed.batch(self._name, _mark(capture.name, offset, line))
        yield self._end(capture, done.damage)

    def _end(self, capture: Path, damage: str | None) -> Batch:
        if damage is not None:
            return self._refused(capture, damage)
        return Batch(source=self._name, mark=_mark(capture.name, DONE, 0), tables={}, lines=0)

    def _refused(self, capture: Path, reason: str) -> Batch:
        refusal = RefusedLine(capture.name, 0, reason[:200])
        mark = _mark(capture.name, DONE, 0)
        return Batch(source=self._name, mark=mark, tables={}, lines=1, refused=1, refusals=(refusal,))


def _whole_lines(raw: bytes, more: BinaryIO) -> bytes:
    """``raw`` up to the end of its last line, which is read on for."""
    return raw + more.readline() if raw and not raw.endswith(b"\n") else raw


def _mark(file: str, offset: int, line: int) -> str:
    return json.dumps([file, offset, line])


def _parse_mark(name: str, mark: str | None) -> tuple[str, int, int]:
    if mark is None:
        return "", 0, 1
    try:
        match json.loads(mark):
            case [str(file), int(offset), int(line)]:
                return file, offset, line
    except ValueError:
        pass
    raise SourceBroken(f"the store's mark for source {name!r} is no place among captures: give the source a new name")
