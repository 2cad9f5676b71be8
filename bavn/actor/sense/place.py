"""Where the reading of a log has come to, so that it can go on after a restart: in the file itself, under whatever
name it has by then.

A file is known by its first bytes, which stay as they are while it grows, is renamed, copied or compressed; an inode
does not survive the last two. Refuses to know what the bytes say.
"""

import hashlib
import json
from dataclasses import dataclass
from typing import Final, Self

HEAD_BYTES_MAX: Final = 512


@dataclass(frozen=True, slots=True)
class Place:
    """``offset`` bytes and ``lines`` lines of a file are read; ``head`` is the hash of its first ``head_bytes``, all of
    them read. ``skipping``: inside a line that was refused for its length, the rest of which is to be passed over."""

    head: str
    head_bytes: int
    offset: int
    lines: int
    skipping: bool = False

    def text(self) -> str:
        """For a mark; :meth:`parse` reads it."""
        return json.dumps([self.head, self.head_bytes, self.offset, self.lines, int(self.skipping)])

    @classmethod
    def parse(cls, text: str) -> Self:
        """ValueError for anything that :meth:`text` did not write."""
        values = json.loads(text)
        match values:
            case [str(head), int(head_bytes), int(offset), int(lines), 0 | 1 as skipping]:
                return cls(head, head_bytes, offset, lines, bool(skipping))
            case _:
                raise ValueError(f"no place in a log: {text[:80]!r}")

    def is_in(self, head: bytes) -> bool:
        """Whether a file that begins with ``head`` (up to HEAD_BYTES_MAX bytes) is this place's."""
        return head_hash(head[: self.head_bytes]) == self.head and len(head) >= self.head_bytes


BEGINNING: Final = Place("", 0, 0, 0)
"""Before the first byte of any file."""


def head_hash(head: bytes) -> str:
    """What a place keeps of a file's first bytes."""
    return hashlib.sha256(head).hexdigest()[:32] if head else ""
