"""Datagrams on the disk between the socket and the store, so that a busy or killed node loses none that it has taken.

UDP has nobody to ask again. What comes off the socket is written to a file of the spool before anything is made of it;
a place in the spool is where reading goes on, and files that are read are deleted once the store keeps what was in
them. A step is what one slot of time brought: where it ends is said by the spool alone, so that reading it again gives
the same. Refuses to know what a datagram says.
"""

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bavn.model.moment import SECOND_US

SLOT_US: Final = 15 * SECOND_US
SEGMENT_BYTES: Final = 16 << 20
STEP_BYTES_MAX: Final = 8 << 20
"""A flood is cut into steps of so many bytes: they bound the memory of a step."""
DATAGRAM_BYTES_MAX: Final = 65_535

DATAGRAM, TICK, STRANGERS = 0, 1, 2
"""Kinds of frame. A tick says that time has passed; strangers, that so many datagrams came from whom nobody allowed."""
_HEAD: Final = struct.Struct(">IBxHQ16s")


@dataclass(frozen=True, slots=True)
class Frame:
    """``at_us``: when it came, never less than the frame before. ``address``: the sender's, 16 bytes, IPv4 mapped.
    ``count``: strangers only."""

    kind: int
    at_us: int
    address: bytes
    data: bytes = b""
    count: int = 0

    @property
    def slot(self) -> int:
        return self.at_us // SLOT_US

    def packed(self) -> bytes:
        data = struct.pack(">Q", self.count) if self.kind == STRANGERS else self.data
        return _HEAD.pack(len(data), self.kind, 0, self.at_us, self.address) + data


@dataclass(frozen=True, slots=True, order=True)
class Spot:
    """``offset`` bytes of the spool's file number ``segment`` are read."""

    segment: int
    offset: int


@dataclass(frozen=True, slots=True)
class Step:
    """All frames of one slot (or STEP_BYTES_MAX of them), and the spot behind them. ``cut``: files that broke off
    within a frame, as a kill leaves them."""

    slot: int
    frames: tuple[Frame, ...]
    after: Spot
    cut: int


def segments(folder: Path) -> list[tuple[int, Path]]:
    """The spool's files in order."""
    found = [(int(path.stem), path) for path in folder.glob("*.spool") if path.stem.isdigit()]
    return sorted(found)


class SpoolWriter:
    """Appends frames to files of its own: it begins a new one at each start. OSError as from files."""

    def __init__(self, folder: Path, bytes_max: int) -> None:
        self._folder, self._bytes_max = folder, bytes_max
        self.written: dict[int, int] = {}
        """Datagrams in each file that was begun here, by its number. The reader looks at it."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        before = segments(folder)
        self._number = before[-1][0] if before else 0
        self._file = -1
        self._size = 0
        self._begin()

    def room(self) -> bool:
        """Whether the spool is below its bound. Asked now and then: it looks at the folder."""
        return sum(path.stat().st_size for _, path in segments(self._folder) if path.exists()) < self._bytes_max

    def write(self, frames: list[Frame]) -> None:
        """All of them, with one write, or none. A file that somebody else deleted is begun anew."""
        data = b"".join(frame.packed() for frame in frames)
        gone = self._file < 0 or os.fstat(self._file).st_nlink == 0
        if gone or (self._size and self._size + len(data) > SEGMENT_BYTES):
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._begin()
        view = memoryview(data)
        try:
            while view:
                view = view[os.write(self._file, view) :]
        except OSError:
            os.ftruncate(self._file, self._size)  # half a frame would hide all that is written behind it
            raise
        self._size += len(data)
        self.written[self._number] += sum(frame.kind == DATAGRAM for frame in frames)

    def keep(self) -> None:
        """Down to the disk."""
        os.fdatasync(self._file)

    def close(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _begin(self) -> None:
        self.close()
        self._number += 1
        path = self._folder / f"{self._number:010}.spool"
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        self._size = self.written[self._number] = 0


class SpoolReader:
    """Reads steps from a spot on; looks at the same folder as the writer, from another thread. ``lost``: datagrams that
    somebody else deleted, with their file, before they were read. ``written``: see SpoolWriter."""

    def __init__(self, folder: Path, spot: Spot) -> None:
        self._folder, self.spot = folder, spot
        self.written: dict[int, int] = {}
        self.lost = 0
        self._there_before = {
            number: _datagrams(path, spot.offset if number == spot.segment else 0)
            for number, path in segments(folder)
            if number >= spot.segment
        }
        self._read_of: dict[int, int] = {}
        self._given: Step | None = None
        self._gone: set[int] = set()
        self._frames: list[Frame] = []
        self._bytes = self._cut = 0
        self._at = spot

    def steps(self) -> Iterator[Step]:
        """Every step that is complete now; again the one that was given, until it is ``done``."""
        if self._given is not None:
            yield self._given
        for frame, after in self._next():
            if self._frames and (frame.slot > self._frames[0].slot or self._bytes >= STEP_BYTES_MAX):
                self._given = self._step()
                yield self._given
            self._frames.append(frame)
            self._bytes += len(frame.data)
            self._at = after

    def done(self) -> None:
        """What was given became what it becomes."""
        self._given = None

    def pass_over(self) -> tuple[int, bytes]:
        """Goes on behind the step that is next; how many datagrams were in it, and the first bytes of them."""
        step = next(self.steps(), None)
        if step is None:
            return 0, b""
        self.done()
        datagrams = [frame.data for frame in step.frames if frame.kind == DATAGRAM]
        return len(datagrams), b"".join(datagrams)

    def lag_bytes(self) -> int:
        """What lies behind the last complete step."""
        sizes = [(number, path.stat().st_size) for number, path in segments(self._folder) if path.exists()]
        ahead = sum(size for number, size in sizes if number >= self.spot.segment)
        return max(0, ahead - self.spot.offset)

    def forget(self, spot: Spot) -> None:
        """Deletes the files before a spot."""
        for number, path in segments(self._folder):
            if number < spot.segment:
                path.unlink(missing_ok=True)

    def _step(self) -> Step:
        step = Step(self._frames[0].slot, tuple(self._frames), self._at, self._cut)
        self.spot = self._at
        self._frames, self._bytes, self._cut = [], 0, 0
        return step

    def _next(self) -> Iterator[tuple[Frame, Spot]]:
        """Whole frames behind those that were read, each with the spot behind it."""
        there = [(number, path) for number, path in segments(self._folder) if number >= self._at.segment]
        self._look_for_lost({number for number, _ in there})
        for place, (number, path) in enumerate(there):
            offset = self._at.offset if number == self._at.segment else 0
            try:
                with path.open("rb") as file:
                    file.seek(offset)
                    data = file.read()
            except FileNotFoundError:
                continue
            begin = 0
            for frame, end in _frames(data):
                self._read_of[number] = self._read_of.get(number, 0) + (frame.kind == DATAGRAM)
                yield frame, Spot(number, offset + end)
                begin = end
            if place + 1 < len(there):
                if begin < len(data):
                    self._cut += 1
                self._gone.add(number)  # what it should have held and did not is lost
                self._at = Spot(there[place + 1][0], 0)

    def _look_for_lost(self, there: set[int]) -> None:
        """Files that were to be read and are not there any more, and what is missing of those that were read."""
        held = self._there_before | dict(self.written)
        self._gone |= {number for number in held if number >= self._at.segment and number not in there}
        missing = {number: held.get(number, 0) - self._read_of.get(number, 0) for number in self._gone}
        self.lost = sum(max(0, count) for count in missing.values())


def _datagrams(path: Path, offset: int) -> int:
    """How many whole ones lie in a file from an offset on."""
    return sum(frame.kind == DATAGRAM for frame, _ in _frames(path.read_bytes()[offset:]))


def _frames(data: bytes) -> Iterator[tuple[Frame, int]]:
    """Whole frames, each with where it ends; ends where one is not whole, or is none."""
    at, size = 0, len(data)
    while at + _HEAD.size <= size:
        length, kind, _, at_us, address = _HEAD.unpack_from(data, at)
        begin = at + _HEAD.size
        if length > DATAGRAM_BYTES_MAX or kind > STRANGERS or begin + length > size:
            return
        at = begin + length
        body = data[begin:at]
        if kind == STRANGERS:
            yield Frame(kind, at_us, address, count=int.from_bytes(body)), at
        else:
            yield Frame(kind, at_us, address, body), at
