"""Files that grow and whose first line says what the others hold: Argus' flows, and other tables.

The head holds on in a file that was begun anew without one, where its lines have as many columns. Refuses to know what
the columns mean.
"""

import io
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from bavn.actor.formats.lines import Segment, line_column
from bavn.actor.sense.documents import tables
from bavn.actor.sense.documents.records import DocumentParser
from bavn.actor.sense.engine import Engine
from bavn.actor.sense.flows import argus
from bavn.actor.sense.logs.records import LogParser
from bavn.actor.sense.parsed import Parsed

HEAD_BYTES: Final = 1 << 14

Head = argus.Head | tables.Head


@dataclass(slots=True)
class HeadedLines:
    """Segments of one file after the other. ``zone``: of moments that name none."""

    engine: Engine
    sensor: str
    source: str
    zone: str
    _head: Head | None = field(default=None, init=False)
    _looked: bool = field(default=False, init=False)

    def forget(self) -> None:
        """The next segment may be of another file: its head is looked at anew."""
        self._head, self._looked = None, False

    def parse(self, segment: Segment, start: Callable[[int], bytes], us: int) -> Parsed | None:
        """Every line's outcome; None where the file has no such head. ``start``: its first bytes; ``us``: when the
        lines came."""
        if segment.first_line == 1:
            found = _head_of(segment.raw[:HEAD_BYTES])
            self._head = found or (self._head if self._head and _fits(self._head, segment.raw) else None)
        elif not self._looked:
            self._head = _head_of(start(HEAD_BYTES))
        self._looked = True
        if self._head is None:
            return None
        if isinstance(self._head, tuple):
            return argus.parsed(self.engine, self.sensor, self._head, self.zone, line_column(segment), us)
        logs = LogParser(self.engine, self.sensor, self.source, zone=self.zone, strangers_pass=True)
        lines = io.StringIO(segment.raw.decode("utf-8", "replace"), newline="\n")
        numbered = list(tables.rows(lines, self._head, segment.first_line))
        return DocumentParser(self.engine, self.sensor, logs, us, self.zone).parse(segment.file, numbered)


def _head_of(raw: bytes) -> Head | None:
    return argus.head_of(raw) or tables.head_of(raw)


def _fits(head: Head, raw: bytes) -> bool:
    """Whether the first line has as many columns."""
    line = raw.partition(b"\n")[0].decode("utf-8", "replace")
    separator, width = (head[0], len(head) - 1) if isinstance(head, tuple) else (head.separator, len(head.names))
    return len(line.split(separator or None)) == width
