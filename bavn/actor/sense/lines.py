"""Bytes of a log -> a column of lines, without copying them, each with its number in the file.

What cannot be a line of text (bytes that are no UTF-8, longer than a bound) is refused here, so that nothing behind
needs to fear it. Refuses to know what the lines say.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa

from bavn.actor.sense.base import RefusedLine

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
    unless it holds the file's last line and the file is known to be complete."""

    file: str
    first_line: int
    raw: bytes

    def __post_init__(self) -> None:
        if self.first_line < 1:
            raise ValueError("lines are numbered from 1")


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
    ends = line_ends(raw)
    if raw and (not len(ends) or ends[-1] != len(raw)):
        ends = np.append(ends, len(raw))
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
    """Offset behind each line end, int64. In blocks that fit in the processor's cache."""
    bytes_ = np.frombuffer(raw, dtype=np.uint8)
    found = [
        np.flatnonzero(bytes_[at : at + _BLOCK_BYTES] == ord("\n")) + (at + 1)
        for at in range(0, len(bytes_), _BLOCK_BYTES)
    ]
    return np.concatenate(found) if found else np.zeros(0, dtype=np.int64)


def _too_long(offsets: np.ndarray) -> dict[int, str]:
    lengths = np.diff(offsets)
    return {
        int(n): f"a line of {int(lengths[n])} bytes, more than {LINE_BYTES_MAX}"
        for n in np.flatnonzero(lengths > LINE_BYTES_MAX)
    }


def _not_text(raw: bytes, offsets: np.ndarray) -> dict[int, str]:
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
            bad[int(n)] = f"no UTF-8 at byte {error.start + 1}"
    return bad


def cut(data: bytes, *, complete: bool) -> tuple[list[bytes], bytes]:
    """Bytes as read -> pieces of whole lines with at most LINES_MAX each, and the rest that has no line end yet.

    ``complete``: nothing will follow, so that the rest is a line too. A rest of more than LINE_BYTES_MAX is cut off as
    a piece of its own, which ``line_column`` refuses; the caller must then skip to the next line end.
    """
    end = len(data) if complete else data.rfind(b"\n") + 1
    pieces = list(_pieces(data[:end]))
    return pieces, data[end:]


def _pieces(data: bytes) -> Iterator[bytes]:
    if not data:
        return
    if len(data) <= LINES_MAX:
        yield data
        return
    start = 0
    for end in line_ends(data)[LINES_MAX - 1 :: LINES_MAX]:
        yield data[start:end]
        start = int(end)
    if start < len(data):
        yield data[start:]


def count_lines(raw: bytes) -> int:
    """Lines in a piece; a last one without line end counts."""
    return raw.count(b"\n") + (1 if raw and not raw.endswith(b"\n") else 0)
