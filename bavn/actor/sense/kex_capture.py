"""A capture -> rows of record ``kex``: what its conversations agreed on, beside what Suricata makes of it.

Refuses to read anything but handshakes.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from bavn.actor.sense.base import REASON_LENGTH_MAX, REFUSALS_KEPT_MAX, RefusedLine, SourceBroken
from bavn.actor.sense.kex_reader import SILENT_US, KexReader, Taken
from bavn.actor.sense.packets import Capture
from bavn.actor.sense.reader import Parsed
from bavn.model.record import TABLES

ROWS_MAX: Final = 1_000_000
"""Of one capture; more are refused, counted."""

_ARROW: Final = {
    "TIMESTAMP": pa.timestamp("us"), "VARCHAR": pa.string(), "UUID": pa.uuid(), "USMALLINT": pa.uint16(),
    "UBIGINT": pa.uint64(), "UINTEGER": pa.uint32(), "BOOLEAN": pa.bool_(), "VARCHAR[]": pa.list_(pa.string()),
}  # fmt: skip
SCHEMA: Final = pa.schema([(column.name, _ARROW[column.type]) for column in TABLES["kex"]])


class CaptureKex:
    """The key exchanges of a capture. With a ``reader`` handed in, what is not done yet waits in it for the next
    capture; without one all is given. ``skip``: so many packets were read before. ``parsed.lines`` counts
    conversations; ``damage`` is why not all was read, or None. Raises SourceBroken for what cannot be opened."""

    def __init__(self, path: Path, sensor: str, reader: KexReader | None = None, *, skip: int = 0) -> None:
        reading, last_us = reader or KexReader(), 0
        try:
            capture = Capture(path)
        except OSError as error:
            raise SourceBroken(f"{path} cannot be read ({error.strerror}): let the node's user read it") from error
        for packet in capture:
            if packet.number > skip:
                reading.feed(packet)
                last_us = packet.ts_us
        reading.settle(last_us - SILENT_US if reader else None)
        self.packets, self.damage = capture.packets, capture.damage
        self.parsed = _parsed(reading.take(), path.name, sensor)


def read_capture(path: Path, sensor: str) -> Parsed:
    """All key exchanges of a capture that Suricata reads too, and so says what is damaged. Raises SourceBroken."""
    return CaptureKex(path, sensor).parsed


def _parsed(taken: Taken, name: str, sensor: str) -> Parsed:
    kept, rest = taken.rows[:ROWS_MAX], taken.rows[ROWS_MAX:]
    refused = taken.refused + [(row["number"], f"more than {ROWS_MAX} in one capture") for row in rest]
    named = tuple(RefusedLine(name, number, reason[:REASON_LENGTH_MAX]) for number, reason in refused)
    return Parsed(
        tables={"kex": table_of(kept, sensor)} if kept else {},
        lines=len(kept) + len(refused) + taken.passed,
        passed=taken.passed,
        refused=len(refused),
        refusals=named[:REFUSALS_KEPT_MAX],
    )


def table_of(rows: Sequence[Mapping[str, Any]], sensor: str) -> pa.Table:
    """The reader's rows as the record's columns."""
    columns = []
    for field in SCHEMA:
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
    return pa.Table.from_arrays(columns, schema=SCHEMA)


def _naive(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.astimezone(UTC).replace(tzinfo=None)
