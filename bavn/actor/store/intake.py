"""What of a batch may come in: exactly the columns of record.TABLES, and times that a record can have.

A row without a possible time is refused and counted with its reason; the rest of the batch goes on. Refuses to know
where the rows will lie.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from bavn.actor.store.faults import WrongColumns
from bavn.actor.store.limits import StoreLimits
from bavn.model.moment import DAY_US, HOUR_US
from bavn.model.record import TABLES

ARROW: Final[dict[str, pa.DataType]] = {
    "TIMESTAMP": pa.timestamp("us"),
    "VARCHAR": pa.string(),
    "UUID": pa.uuid(),
    "BOOLEAN": pa.bool_(),
    "UTINYINT": pa.uint8(),
    "USMALLINT": pa.uint16(),
    "UINTEGER": pa.uint32(),
    "UBIGINT": pa.uint64(),
    "BIGINT": pa.int64(),
    "VARCHAR[]": pa.list_(pa.string()),
}
"""How each column type travels: DuckDB's lossless form, but a plain bool is welcome beside its bool8."""

LATEST_US: Final = 253_402_300_800_000_000
"""The year 10000: no record is later, clock or no clock."""

NO_TIME: Final = "no time"
IMPOSSIBLE: Final = "before 1970 or after 9999"
FUTURE: Final = "later than the clock allows"
FORGOTTEN: Final = "older than the store keeps"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """Rows with first_us <= ts < last_us come in; the reasons say why not below and above."""

    first_us: int
    last_us: int
    below: str
    above: str


def bounds(limits: StoreLimits, span_us: tuple[int, int] | None, forgotten_before_hour: int) -> Bounds:
    """What time a row may have. ``span_us``: between which moments it may be now. Without a clock only what was
    forgotten already and the impossible stay out."""
    first = forgotten_before_hour * HOUR_US
    last = LATEST_US
    if span_us is not None:
        last = min(last, span_us[1] + limits.future_hours_max * HOUR_US)
        if limits.age_days_max is not None:
            first = max(first, span_us[0] - limits.age_days_max * DAY_US)
    return Bounds(
        first_us=max(first, 0),
        last_us=last,
        below=FORGOTTEN if first > 0 else IMPOSSIBLE,
        above=FUTURE if last < LATEST_US else IMPOSSIBLE,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """The rows that come in, by table (never empty), and how many did not, by (table, reason)."""

    tables: Mapping[str, pa.Table]
    refused: Mapping[tuple[str, str], int]
    watched_from_us: int | None
    """The smallest time at which a sensor certainly watched: a flow was seen at its end, however early it began."""


def take(tables: Mapping[str, pa.Table], bound: Bounds) -> Taken:
    """Split a batch into what comes in and what is refused. Raises WrongColumns."""
    kept: dict[str, pa.Table] = {}
    refused: Counter[tuple[str, str]] = Counter()
    watched: list[int] = []
    for name in sorted(tables):
        rows = within(as_stored(name, tables[name]), bound, name, refused)
        if rows.num_rows:
            kept[name] = rows
            seen = pc.max_element_wise(rows["ts"], rows["ts_end"]) if name == "flow" else rows["ts"]
            watched.append(_integer(pc.min(seen)))
    return Taken(tables=kept, refused=refused, watched_from_us=min(watched, default=None))


def as_stored(name: str, rows: pa.Table) -> pa.Table:
    """The rows with exactly the Arrow types of ARROW. Raises WrongColumns."""
    if name not in TABLES:
        raise WrongColumns(f"no such table: {name!r}; the tables are {', '.join(TABLES)}")
    wanted = [column.name for column in TABLES[name]]
    if rows.column_names != wanted:
        raise WrongColumns(f"{name} has the columns {rows.column_names}; they must be {wanted}")
    columns = [
        _column(f"{name}.{column.name}", rows.column(at), ARROW[column.type]) for at, column in enumerate(TABLES[name])
    ]
    return pa.table(columns, names=wanted)


def _column(name: str, values: pa.ChunkedArray, wanted: pa.DataType) -> pa.ChunkedArray:
    kind = values.type
    if kind == wanted or kind.equals(wanted):
        return values
    if wanted == pa.bool_() and kind == pa.bool8():
        return pa.chunked_array([chunk.storage.cast(pa.bool_()) for chunk in values.chunks], pa.bool_())
    if pa.types.is_null(kind):
        return pa.chunked_array([pa.nulls(len(values), wanted)], wanted)
    text = pa.types.is_large_string(kind) or pa.types.is_string_view(kind) or pa.types.is_dictionary(kind)
    listed = pa.types.is_list(kind) or pa.types.is_large_list(kind)
    if (wanted == pa.string() and text) or (pa.types.is_list(wanted) and listed):
        return values.cast(wanted)
    raise WrongColumns(f"{name} is {kind}; it must be {wanted}")


def within(rows: pa.Table, bound: Bounds, name: str, refused: Counter[tuple[str, str]]) -> pa.Table:
    """The rows whose ts is within the bound; counts the others."""
    ts = rows["ts"].cast(pa.int64())
    if not rows.num_rows:
        return rows
    lowest, highest = _integer(pc.min(ts)), _integer(pc.max(ts))
    if not ts.null_count and bound.first_us <= lowest and highest < bound.last_us:
        return rows
    inside = pc.and_(pc.greater_equal(ts, bound.first_us), pc.less(ts, bound.last_us))
    for reason, mask in (
        (NO_TIME, pc.is_null(ts)),
        (IMPOSSIBLE, pc.or_(pc.less(ts, 0), pc.greater_equal(ts, LATEST_US))),
        (bound.below, pc.and_(pc.greater_equal(ts, 0), pc.less(ts, bound.first_us))),
        (bound.above, pc.and_(pc.less(ts, LATEST_US), pc.greater_equal(ts, bound.last_us))),
    ):
        count = pc.sum(mask).as_py() or 0
        if count:
            refused[name, reason] += count
    return rows.filter(inside)


def hours_of(rows: pa.Table) -> tuple[tuple[int, int], ...]:
    """(hour, rows) in order of time; ts is never NULL here."""
    counted = pc.value_counts(pc.divide(rows["ts"].cast(pa.int64()).combine_chunks(), HOUR_US))
    return tuple(sorted((entry["values"], entry["counts"]) for entry in counted.to_pylist()))


def span_of(rows: pa.Table) -> tuple[int, int]:
    """The smallest and largest ts, microseconds."""
    ts = rows["ts"].cast(pa.int64())
    return _integer(pc.min(ts)), _integer(pc.max(ts))


def _integer(value: Any) -> int:
    found = value.as_py() if not pa.types.is_timestamp(value.type) else value.cast(pa.int64()).as_py()
    return 0 if found is None else int(found)
