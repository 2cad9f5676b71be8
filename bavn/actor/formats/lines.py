"""Bytes of a log -> a column of lines, without copying them, each with its number in the file.

What cannot be a line of text (bytes that are no UTF-8, longer than a bound) is refused here, so that nothing behind
needs to fear it. Refuses to know what the lines say.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import numpy as np
import pyarrow as pa

from bavn.actor.formats.refused import RefusedLine
from bavn.model.text import Text

LINE_BYTES_MAX: Final = 1 << 20
"""A longer line is refused unread: Suricata's longest (stats with many threads) stay under 200 kB."""

SEGMENT_BYTES_MAX: Final = 32 << 20
"""Read at once; bounds what one batch takes in memory together with LINES_MAX."""

LINES_MAX: Final = 200_000

_BLOCK_BYTES: Final = 1 << 20

_BOM: Final = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Segment:
    """Consecutive lines of one file, from line ``first_line`` (1 is the file's first). ``raw`` ends with a line end,
    unless it holds the file's last line and the file is known to be complete. ``ends``: see Piece, if known."""

    file: str
    first_line: int
    raw: bytes
    ends: np.ndarray | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        if self.first_line < 1:
            raise ValueError("lines are numbered from 1")


class Piece(NamedTuple):
    """Whole lines as bytes, and the offset behind each (int64; a last line without line end has one too)."""

    raw: bytes
    ends: np.ndarray


@dataclass(frozen=True, slots=True)
class LineColumn:
    """``table``: n (int32, line number less ``first_line``, ascending) and line (string, with its line end). Lines
    refused here are not in it. ``count`` is the number of all lines."""

    file: str
    first_line: int
    count: int
    table: pa.Table
    refused: tuple[RefusedLine, ...]


def line_column(segment: Segment) -> LineColumn:
    """See LineColumn. Pure; keeps ``segment.raw`` alive for as long as the table lives."""
    raw = segment.raw
    if segment.first_line == 1 and raw.startswith(_BOM):
        raw = b"   " + raw[len(_BOM) :]
    ends = line_ends(raw) if segment.ends is None else segment.ends
    offsets = np.zeros(len(ends) + 1, dtype=np.int32)
    offsets[1:] = ends
    bad = _too_long(offsets) | _not_text(raw, offsets)
    lines = pa.StringArray.from_buffers(len(ends), pa.py_buffer(offsets), pa.py_buffer(raw))
    table = pa.table({"n": pa.array(np.arange(len(ends), dtype=np.int32)), "line": lines})
    if bad:
        keep = np.ones(len(ends), dtype=np.bool_)
        keep[sorted(bad)] = False
        table = table.filter(pa.array(keep))
    refused = tuple(RefusedLine(segment.file, segment.first_line + n, bad[n]) for n in sorted(bad))
    return LineColumn(segment.file, segment.first_line, len(ends), table, refused)


def line_ends(raw: bytes) -> np.ndarray:
    """See Piece.ends. In blocks that fit in the processor's cache."""
    bytes_ = np.frombuffer(raw, dtype=np.uint8)
    ends = [
        np.flatnonzero(bytes_[at : at + _BLOCK_BYTES] == ord("\n")) + (at + 1)
        for at in range(0, len(bytes_), _BLOCK_BYTES)
    ]
    if raw and not raw.endswith(b"\n"):
        ends.append(np.array([len(raw)]))
    return np.concatenate(ends) if ends else np.zeros(0, dtype=np.int64)


def _too_long(offsets: np.ndarray) -> dict[int, Text]:
    lengths = np.diff(offsets)
    return {
        int(n): Text("a line of {bytes} bytes, more than {most}", bytes=int(lengths[n]), most=LINE_BYTES_MAX)
        for n in np.flatnonzero(lengths > LINE_BYTES_MAX)
    }


def _not_text(raw: bytes, offsets: np.ndarray) -> dict[int, Text]:
    """Only where the whole is no UTF-8 are the lines with bytes above ASCII looked at one by one."""
    try:
        if not raw.isascii():
            raw.decode()
        return {}
    except UnicodeDecodeError:
        pass
    high = np.flatnonzero(np.frombuffer(raw, dtype=np.uint8) >= 0x80)
    bad = {}
    for n in np.unique(np.searchsorted(offsets, high, side="right") - 1):
        try:
            raw[offsets[n] : offsets[n + 1]].decode()
        except UnicodeDecodeError as error:
            bad[int(n)] = Text("no UTF-8 at byte {what}", what=error.start + 1)
    return bad


def cut(data: bytes, *, complete: bool) -> tuple[list[Piece], bytes]:
    """Bytes as read -> pieces of whole lines with at most LINES_MAX each, and the rest that has no line end yet.

    ``complete``: nothing will follow, so that the rest is a line too. A rest of more than LINE_BYTES_MAX is the
    caller's to refuse, and to pass over up to its line end.
    """
    end = len(data) if complete else data.rfind(b"\n") + 1
    return list(_pieces(data[:end])), data[end:]


def _pieces(data: bytes) -> Iterator[Piece]:
    ends = line_ends(data)
    for first in range(0, len(ends), LINES_MAX):
        start = int(ends[first - 1]) if first else 0
        part = ends[first : first + LINES_MAX]
        yield Piece(data[start : int(part[-1])], part - start)


def count_lines(raw: bytes) -> int:
    """Lines in some bytes; a last one without line end counts."""
    return len(line_ends(raw))
