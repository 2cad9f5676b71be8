"""What came in over the network and is not in the store yet, on disk: it counts as received once it is here.

Anything written survives the process's death; what a reader was given survives the machine's. Files of frames, each
with its checksum; a torn last frame is cut off at the next start. Refuses to know what the payloads say, and to grow
beyond its bound: what has no room is told to the caller, never dropped in silence.
"""

import os
import struct
import threading
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from typing import Final, NamedTuple, Self

SEGMENT_BYTES_MAX: Final = 16 << 20
PAYLOAD_BYTES_MAX: Final = 1 << 20
READ_BYTES_MAX: Final = 4 << 20
"""Payloads handed over at once, about."""

_FRAME: Final = struct.Struct("<IIq16sHB")
_SUFFIX: Final = ".spool"
_MAPPED: Final = bytes(10) + b"\xff\xff"


class Item(NamedTuple):
    """One received message: when (microseconds, UTC), from where (16 bytes, IPv4 mapped), over what (caller's number),
    and its bytes, at most PAYLOAD_BYTES_MAX."""

    us: int
    sender: bytes
    port: int
    channel: int
    payload: bytes


@dataclass(frozen=True, slots=True, order=True)
class SpoolMark:
    """Everything before this place was read: number of the file, offset in it."""

    segment: int
    offset: int

    def text(self) -> str:
        return f"{self.segment}:{self.offset}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """ValueError for what :meth:`text` did not write."""
        segment, _, offset = text.partition(":")
        return cls(int(segment), int(offset))


class Taken(NamedTuple):
    """Items in the order in which they came, and the mark behind them."""

    items: list[Item]
    mark: SpoolMark


def sender_bytes(address: str) -> bytes:
    """An address as an Item has it; a scope (fe80::1%eth0) is left out. ValueError for none."""
    bare = address.partition("%")[0]
    return IPv6Address(bare).packed if ":" in bare else _MAPPED + IPv4Address(bare).packed


def sender_text(sender: bytes) -> str:
    """The usual text of an Item's sender."""
    return str(IPv4Address(sender[12:])) if sender.startswith(_MAPPED) else str(IPv6Address(sender))


class Spool:
    """A folder of its own, for one process. ``put`` and ``read`` may run in different threads. OSError from opening."""

    def __init__(
        self, folder: Path, mark: str | None, *, bytes_max: int, segment_bytes: int = SEGMENT_BYTES_MAX
    ) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder = folder
        self._bytes_max, self._segment_bytes = bytes_max, segment_bytes
        self._lock = threading.Lock()
        self._read_to = SpoolMark.parse(mark) if mark else SpoolMark(0, 0)
        self._unread: dict[int, int] = {}
        self._sizes = {int(path.stem): path.stat().st_size for path in folder.glob(f"*{_SUFFIX}")}
        self.damaged_bytes = 0
        """Bytes that could not be read back."""
        self.deleted_messages = 0
        """Messages that somebody else deleted, with their file, before they were read."""
        if self._sizes:
            last = max(self._sizes)
            self._sizes[last] = _whole_bytes(self._path(last))
            os.truncate(self._path(last), self._sizes[last])
        self._number = max([*self._sizes, self._read_to.segment]) + 1
        self._file = -1
        self._synced = True
        self._forget()
        self._unread = {
            number: _messages(self._path(number), self._read_to.offset if number == self._read_to.segment else 0)
            for number in self._sizes
        }

    def put(self, items: Sequence[Item]) -> int:
        """Writes items; how many there was room for, the first ones. The disk being full is no room either."""
        with self._lock:
            room = self._bytes_max - self._waiting()
            frames, taken = [], 0
            for item in items:
                frame = _framed(item)
                room -= len(frame)
                if room < 0:
                    break
                frames.append(frame)
                taken += 1
            if not self._write(b"".join(frames)):
                return 0
            self._unread[self._number] = self._unread.get(self._number, 0) + taken
            return taken

    def read(self) -> Iterator[Taken]:
        """What came up to now, in parts of about READ_BYTES_MAX. What is given out is on the disk for good."""
        with self._lock:
            self._sync()
            ends = dict(self._sizes)
        at = self._read_to
        for number in sorted(ends):
            offset = at.offset if number == at.segment else 0
            if number < at.segment or offset >= ends[number]:
                continue
            if not self._path(number).exists():
                with self._lock:
                    self._deleted(number)
                continue
            for taken in self._items(number, offset, ends[number]):
                self._read_to = taken.mark
                with self._lock:
                    self._unread[number] = self._unread.get(number, 0) - len(taken.items)
                yield taken
            self._cut_short(number, ends[number])

    def _deleted(self, number: int) -> None:
        """Somebody else took a file away: what was in it and unread is lost, and said."""
        self.deleted_messages += max(0, self._unread.pop(number, 0))
        self._sizes.pop(number, None)
        if number == self._number and self._file >= 0:
            os.close(self._file)
            self._file, self._synced = -1, True
            self._number += 1

    def _cut_short(self, number: int, end: int) -> None:
        """Behind what was read of a file up to ``end``: what should lie before it and was not there is lost."""
        with self._lock:
            if self._sizes.get(number) == end and self._unread.get(number, 0) > 0:
                self.deleted_messages += self._unread[number]
                self._unread[number] = 0

    def go_back(self, mark: str | None) -> None:
        """Reads on from there, as far as it is not forgotten."""
        with self._lock:
            self._sync()
            self._read_to = SpoolMark.parse(mark) if mark else SpoolMark(0, 0)
            for number in self._sizes:
                if number >= self._read_to.segment and self._path(number).exists():
                    offset = self._read_to.offset if number == self._read_to.segment else 0
                    self._unread[number] = _messages(self._path(number), offset)

    def pass_over(self) -> tuple[int, bytes]:
        """Goes on behind the file that is read; how many messages of it were unread, and its first bytes."""
        with self._lock:
            self._sync()
            at = self._read_to
            unread = [n for n in sorted(self._sizes) if n > at.segment or self._sizes[n] > at.offset]
            number = unread[0] if unread else None
            if number is None:
                return 0, b""
            offset = at.offset if number == at.segment else 0
            with self._path(number).open("rb") as file:
                head = os.pread(file.fileno(), READ_BYTES_MAX, offset)
            count = max(0, self._unread.get(number, 0))
            self._unread[number] = 0
            self._read_to = SpoolMark(number, self._sizes[number])
            return count, head

    def forget(self, mark: str) -> None:
        """What lies before the mark is kept elsewhere: whole files of it are deleted."""
        with self._lock:
            self._read_to = max(self._read_to, SpoolMark.parse(mark))
            self._forget()

    def waiting_bytes(self) -> int:
        """Bytes written and not yet read."""
        with self._lock:
            return self._waiting()

    def place(self) -> str:
        """The mark behind what was read."""
        return self._read_to.text()

    def close(self) -> None:
        """Harmless when repeated."""
        with self._lock:
            self._sync()
            if self._file >= 0:
                os.close(self._file)
                self._file = -1

    def _path(self, number: int) -> Path:
        return self._folder / f"{number:012d}{_SUFFIX}"

    def _waiting(self) -> int:
        at = self._read_to
        whole = sum(size for number, size in self._sizes.items() if number > at.segment)
        return whole + max(0, self._sizes.get(at.segment, 0) - at.offset)

    def _write(self, data: bytes) -> bool:
        if not data:
            return True
        if self._file >= 0 and os.fstat(self._file).st_nlink == 0:
            self._deleted(self._number)
        if self._file >= 0 and self._sizes[self._number] + len(data) > self._segment_bytes:
            self._sync()
            os.close(self._file)
            self._file = -1
            self._number += 1
        try:
            if self._file < 0:
                self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                self._file = os.open(self._path(self._number), os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
                self._sizes[self._number] = 0
            view = memoryview(data)
            while view:
                view = view[os.write(self._file, view) :]
        except OSError:
            if self._file >= 0:
                os.truncate(self._file, self._sizes[self._number])
            return False
        self._sizes[self._number] += len(data)
        self._synced = False
        return True

    def _sync(self) -> None:
        if not self._synced and self._file >= 0:
            os.fdatasync(self._file)
            self._synced = True

    def _items(self, number: int, offset: int, end: int) -> Iterator[Taken]:
        items: list[Item] = []
        size = 0
        with self._path(number).open("rb", buffering=0) as file:
            data = os.pread(file.fileno(), end - offset, offset)
        at = 0
        while at < len(data):
            pair = _item(data, at)
            if pair is None:
                self.damaged_bytes += len(data) - at
                at = len(data)
                break
            item, at = pair
            items.append(item)
            size += len(item.payload)
            if size >= READ_BYTES_MAX:
                yield Taken(items, SpoolMark(number, offset + at))
                items, size = [], 0
        yield Taken(items, SpoolMark(number, offset + at))

    def _forget(self) -> None:
        for number in [n for n in self._sizes if n < self._read_to.segment]:
            self._path(number).unlink(missing_ok=True)
            del self._sizes[number]
            self._unread.pop(number, None)


def _framed(item: Item) -> bytes:
    body = _FRAME.pack(0, len(item.payload), item.us, item.sender, item.port, item.channel)[4:] + item.payload
    return struct.pack("<I", zlib.crc32(body)) + body


def _item(data: bytes, at: int) -> tuple[Item, int] | None:
    """The frame at an offset and the offset behind it; None for one that is torn or damaged."""
    start = at + _FRAME.size
    if start > len(data):
        return None
    crc, length, us, sender, port, channel = _FRAME.unpack_from(data, at)
    end = start + length
    if length > PAYLOAD_BYTES_MAX or end > len(data) or zlib.crc32(memoryview(data)[at + 4 : end]) != crc:
        return None
    return Item(us, sender, port, channel, data[start:end]), end


def _messages(path: Path, offset: int) -> int:
    """How many whole frames a file holds from an offset on."""
    data, at, count = path.read_bytes(), offset, 0
    while at < len(data) and (found := _item(data, at)):
        at, count = found[1], count + 1
    return count


def _whole_bytes(path: Path) -> int:
    """How far a file holds whole frames."""
    data = path.read_bytes()
    at = 0
    while at < len(data) and (found := _item(data, at)):
        at = found[1]
    return at
