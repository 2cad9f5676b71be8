"""Whether the beginning of a file is a log of a program that logs.py knows. Refuses to read on."""

from functools import cache
from typing import Final

from bavn.actor.formats.lines import Segment, line_column
from bavn.actor.sense.documents.lines import line_parser
from bavn.actor.sense.engine import Engine
from bavn.actor.sense.logs.records import received
from bavn.actor.sense.prepare import prepared

LINES_LOOKED_AT: Final = 500
_LATE_US: Final = 4_102_444_800_000_000
_MEMORY_MB: Final = 256


def holds_records(head: bytes) -> bool:
    """At least one of the first lines becomes a record."""
    lines = head.split(b"\n")[:LINES_LOOKED_AT]
    if b"\0" in head[:64] or not any(line.strip() for line in lines):
        return False
    segment = Segment("head", 1, b"".join(line + b"\n" for line in lines if len(line) < 65536))
    parser = line_parser(_engine(), "head", "head", live=True)
    return bool(parser.parse(received(line_column(segment), _LATE_US)).tables)


@cache
def _engine() -> Engine:
    return prepared(_MEMORY_MB)
