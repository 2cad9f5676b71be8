"""What becomes of bytes over which reading failed in a way that nobody foresaw: one refusal, and all others are kept.

A reader of bytes from outside may meet anything. Whatever it raises is told as unreadable, with the kind of error
and a digest of the bytes, by which a person finds them again. Refuses to know what was being read.
"""

import hashlib
from collections.abc import Callable
from typing import Final

import pyarrow as pa

from bavn.actor.formats.lines import LineColumn, Segment, count_lines
from bavn.actor.formats.refused import REFUSALS_KEPT_MAX, RefusedLine
from bavn.actor.sense.engine import TooMuch
from bavn.actor.sense.parsed import NOTHING, Parsed, joined
from bavn.model.text import Text

PARTS_MAX: Final = 400
"""So often is a chunk of lines cut in two to find the lines at fault; a part that is at fault then is refused whole."""

_TOO_LARGE: Final = Text("takes more memory to read than the engine may use")


def unreadable(error: BaseException, raw: bytes) -> Text:
    """The reason of a refusal: what kind of error, and the SHA-256 of the bytes."""
    digest = hashlib.sha256(raw).hexdigest()
    return Text("unreadable: {error} over SHA-256 {digest}", error=type(error).__name__, digest=digest)


def read_or_refused(segment: Segment, read: Callable[[], Parsed]) -> Parsed:
    """What ``read`` makes of a segment; all its lines refused where it fails as a whole."""
    try:
        return read()
    except Exception as error:  # noqa: BLE001  a stranger's bytes, and whatever they raise
        count = max(1, count_lines(segment.raw))
        refusal = RefusedLine(segment.file, segment.first_line, unreadable(error, segment.raw))
        named = (refusal,) * min(count, REFUSALS_KEPT_MAX)
        return Parsed(tables={}, lines=count, passed=0, refused=count, refusals=named)


def each_or_refused(column: LineColumn, lines: pa.Table, parse: Callable[[pa.Table], Parsed]) -> Parsed:
    """``parse`` of lines (n, line), whatever some of them do to it. Where it raises, the lines are halved until those
    at fault are found, and these are refused: with a bound on the work, so that a parser that fails over everything
    costs no more than a chunk. ``parse`` may be asked about the same lines again."""
    parts: list[Parsed] = []
    waiting, left = [lines], PARTS_MAX
    while waiting:
        some = waiting.pop()
        if some.num_rows == 0:
            continue
        try:
            parts.append(parse(some))
        except Exception as error:  # noqa: BLE001  the lines are a stranger's, and so is what they raise
            # What is too much at once is nobody's fault: it is halved without end.
            if some.num_rows == 1 or (left == 0 and not isinstance(error, TooMuch)):
                parts.append(_refused(column, some, error))
                continue
            left -= 0 if isinstance(error, TooMuch) else 1
            half = some.num_rows // 2
            waiting += [some.slice(half), some.slice(0, half)]
    return joined(parts) if parts else NOTHING


def _refused(column: LineColumn, lines: pa.Table, error: Exception) -> Parsed:
    """All of these lines; the first of them by name."""
    named = []
    for number, line in zip(lines["n"][:REFUSALS_KEPT_MAX], lines["line"][:REFUSALS_KEPT_MAX], strict=True):
        reason = _TOO_LARGE if isinstance(error, TooMuch) else unreadable(error, (line.as_py() or "").encode())
        named.append(RefusedLine(column.file, column.first_line + number.as_py(), reason))
    return Parsed(tables={}, lines=lines.num_rows, passed=0, refused=lines.num_rows, refusals=tuple(named))
