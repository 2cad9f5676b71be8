"""A capture -> rows of records ``kex`` and ``clinical``: how its conversations begin, beside what Suricata makes of it.

Refuses to read anything but beginnings.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from bavn.actor.formats.refused import REFUSALS_KEPT_MAX, RefusedLine, of_file
from bavn.actor.sense.base import SourceBroken
from bavn.actor.sense.handshakes.packets import Capture
from bavn.actor.sense.handshakes.reader import SILENT_US, KexReader, Taken
from bavn.actor.sense.parsed import Parsed
from bavn.actor.sense.unread import unreadable
from bavn.model.record import TABLES
from bavn.model.text import Text

ROWS_MAX: Final = 1_000_000
"""Of one capture; more are refused, counted."""

_ARROW: Final = {
    "TIMESTAMP": pa.timestamp("us"),
    "VARCHAR": pa.string(),
    "UUID": pa.uuid(),
    "USMALLINT": pa.uint16(),
    "UBIGINT": pa.uint64(),
    "UINTEGER": pa.uint32(),
    "BOOLEAN": pa.bool_(),
    "VARCHAR[]": pa.list_(pa.string()),
}
SCHEMAS: Final = {
    record: pa.schema([(column.name, _ARROW[column.type]) for column in TABLES[record]])
    for record in ("kex", "clinical")
}


class CaptureKex:
    """How a capture's conversations begin. With a ``reader`` handed in, what is not done yet waits in it for the next
    capture; without one all is given. ``skip``: so many packets were read before. ``parsed.lines`` counts rows, and
    conversations without any; ``damage`` is why not all was read, or None. Raises SourceBroken for what cannot be
    opened."""

    def __init__(self, path: Path, sensor: str, reader: KexReader | None = None, *, skip: int = 0) -> None:
        reading, last_us = reader or KexReader(), 0
        try:
            capture = Capture(path)
        except OSError as error:
            raise SourceBroken(
                of_file(path, Text("cannot be read ({why}): let the node's user read it", why=error.strerror))
            ) from error
        for packet in capture:
            if packet.number > skip:
                reading.feed(packet)
                last_us = packet.ts_us
        reading.settle(last_us - SILENT_US if reader else None)
        self.packets, self.damage = capture.packets, capture.damage
        self.parsed = _parsed(reading.take(), capture, path.name, sensor)


def read_capture(path: Path, sensor: str) -> Parsed:
    """All beginnings in a capture that Suricata reads too, and so says what is damaged. Raises SourceBroken."""
    return CaptureKex(path, sensor).parsed


def _parsed(taken: Taken, capture: Capture, name: str, sensor: str) -> Parsed:
    rows, unread = taken.rows[:ROWS_MAX], taken.rows[ROWS_MAX:]
    tables: dict[str, pa.Table] = {}
    refused: list[tuple[int, Text]] = []
    for record in SCHEMAS:
        table, bad = _tabled([row for row in rows if row["table"] == record], record, sensor)
        refused += bad
        if table.num_rows:
            tables[record] = table
    kept = sum(table.num_rows for table in tables.values())
    refused += taken.refused + [
        (row["number"], Text("more than {most} in one capture", most=ROWS_MAX)) for row in unread
    ]
    beyond = capture.refused - len(capture.refusals)
    refused = sorted(refused + capture.refusals)
    named = tuple(RefusedLine(name, number, reason) for number, reason in refused)
    return Parsed(
        tables=tables,
        lines=kept + len(refused) + beyond + taken.passed,
        passed=taken.passed,
        refused=len(refused) + beyond,
        refusals=named[:REFUSALS_KEPT_MAX],
    )


def _tabled(rows: list[dict[str, Any]], record: str, sensor: str) -> tuple[pa.Table, list[tuple[int, Text]]]:
    """Those that become rows of the record, and those that do not, whatever is in them."""
    try:
        return table_of(rows, record, sensor), []
    except Exception:  # noqa: BLE001  a value that a column cannot hold: it is in one of them
        good, bad = [], []
        for row in rows:
            try:
                table_of([row], record, sensor)
                good.append(row)
            except Exception as error:  # noqa: BLE001  this one
                bad.append((int(row["number"]), unreadable(error, repr(row).encode("utf-8", "backslashreplace"))))
    return table_of(good, record, sensor), bad


def table_of(rows: Sequence[Mapping[str, Any]], record: str, sensor: str) -> pa.Table:
    """The reader's rows as the record's columns."""
    columns = []
    for field in SCHEMAS[record]:
        if field.name == "ts":
            columns.append(pa.array([row["ts_us"] for row in rows], pa.int64()).cast(pa.timestamp("us")))
            continue
        if field.name in ("src", "dst"):
            raw = pa.array([row[field.name] for row in rows], pa.binary(16))
            columns.append(pa.ExtensionArray.from_storage(pa.uuid(), raw))
            continue
        values: list[Any] = [row.get(field.name) for row in rows]
        if field.name == "sensor":
            values = [sensor] * len(rows)
        elif field.name == "flow_id":
            values = [0] * len(rows)
        elif field.name in ("notbefore", "notafter"):
            values = [_naive(value) for value in values]
        columns.append(pa.array(values, field.type))
    return pa.Table.from_arrays(columns, schema=SCHEMAS[record])


def _naive(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.astimezone(UTC).replace(tzinfo=None)
