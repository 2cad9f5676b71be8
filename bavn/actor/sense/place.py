"""Where the reading of a log has come to, so that it can go on after a restart: in the file itself, under whatever
name it has by then.

A file is known by its first bytes, which stay as they are while it grows, is renamed, copied or compressed; an inode
does not survive the last two. Refuses to know what the bytes say.
"""

import hashlib
import json
from dataclasses import dataclass, replace
from typing import Final, Self

HEAD_BYTES_MAX: Final = 512


LEFT_MAX: Final = 8


@dataclass(frozen=True, slots=True)
class Head:
    """A file's first ``count`` bytes, as their hash."""

    hash: str
    count: int

    def begins(self, head: bytes) -> bool:
        """Whether a file that begins with ``head`` (up to HEAD_BYTES_MAX bytes of it) is this one."""
        return len(head) >= self.count and hash_of(head[: self.count]) == self.hash


@dataclass(frozen=True, slots=True)
class Place:
    """``offset`` bytes and ``lines`` lines of the file with this head are read; the head is of read bytes only.

    ``skipping``: inside a line that was refused for its length, the rest of which is to be passed over. ``left``: the
    last LEFT_MAX files read to their end, so that a copy or an archive of one is not read again.
    """

    head: Head
    offset: int
    lines: int
    skipping: bool = False
    left: tuple[Head, ...] = ()

    def text(self) -> str:
        """For a mark; :meth:`parse` reads it."""
        left = [[head.hash, head.count] for head in self.left]
        return json.dumps([self.head.hash, self.head.count, self.offset, self.lines, int(self.skipping), left])

    @classmethod
    def parse(cls, text: str) -> Self:
        """ValueError for anything that :meth:`text` did not write."""
        match json.loads(text):
            case [str(name), int(count), int(offset), int(lines), 0 | 1 as skipping, list(left)]:
                heads = tuple(_head(pair) for pair in left)
                return cls(Head(name, count), offset, lines, bool(skipping), heads)
            case _:
                raise ValueError(f"no place in a log: {text[:80]!r}")

    def next(self) -> Self:
        """The beginning of the file that comes after this one."""
        left = (*self.left, self.head)[-LEFT_MAX:] if self.head.count else self.left
        return replace(self, head=Head("", 0), offset=0, lines=0, skipping=False, left=left)


def _head(pair: object) -> Head:
    match pair:
        case [str(name), int(count)]:
            return Head(name, count)
        case _:
            raise ValueError(f"no head of a log: {pair!r}")


BEGINNING: Final = Place(Head("", 0), 0, 0)
"""Before the first byte of any file."""


def hash_of(head: bytes) -> str:
    """What is kept of a file's first bytes; the empty text for none."""
    return hashlib.sha256(head).hexdigest()[:32] if head else ""
