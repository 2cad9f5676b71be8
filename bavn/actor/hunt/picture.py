"""A table's rows over time and by the values of its columns, narrowed by what a person clicked; and the SQL of it.

One place turns filters into SQL: bound as parameters where it is asked here, written out where a person goes on from
it. Both name the same rows. Refuses columns whose values are all different, and numbers that are measured, not named.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from bavn.model.counted import days
from bavn.model.moment import DAY_US, HOUR_US, MINUTE_US, SECOND_US, iso
from bavn.model.ports import Window
from bavn.model.record import TABLES, address_text, address_uuid
from bavn.model.text import Text

BINS_MAX: Final = 60
SERIES_MAX: Final = 5
TOP_MAX: Final = 8
FIELDS_SHOWN_MAX: Final = 8
FILTERS_MAX: Final = 20
QUICK_ROWS: Final = 500_000
"""So many rows are counted while a person waits, whatever is kept."""
_STEPS_US: Final = (
    *(n * SECOND_US for n in (1, 5, 15, 30)),
    *(n * MINUTE_US for n in (1, 5, 15, 30)),
    *(n * HOUR_US for n in (1, 3, 6, 12)),
    *(n * DAY_US for n in (1, 7, 30, 365)),
)
_NUMBERS: Final = {"UTINYINT": 1 << 8, "USMALLINT": 1 << 16, "UINTEGER": 1 << 32}
_NAMED: Final = frozenset({"VARCHAR", "UUID", "BOOLEAN", *_NUMBERS})
_APART: Final = frozenset({"flow_id", "community_id"})
_FIRST: Final = ("src", "dst", "dst_port")
_QUIET: Final = frozenset({"src_port", "sensor", "proto", "icmp_type", "icmp_code", "tcp_flags_ts", "tcp_flags_tc"})
FIELDS: Final[dict[str, dict[str, str]]] = {
    table: {
        column.name: column.type
        for column in sorted(
            columns,
            key=lambda column: (column.name in _QUIET, column.name not in _FIRST, column.type == "BOOLEAN"),
        )
        if column.type in _NAMED and column.name not in _APART
    }
    for table, columns in TABLES.items()
}
"""The columns of each table that are counted by value, those first that tell most."""


class PictureUnclear(ValueError):
    """What is to be drawn is not there. Who must act: whoever request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Rows whose ``column`` is ``value`` (as it is shown; None: has none), or with ``keep`` False all others."""

    column: str
    value: str | None
    keep: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureRequest:
    """A table, a column that the picture is parted by (or ""), what was clicked, columns whose values are counted.
    Raises PictureUnclear."""

    table: str
    by: str = ""
    filters: tuple[Filter, ...] = ()
    fields: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        known = FIELDS.get(self.table)
        if known is None:
            raise PictureUnclear(Text("there is no table {name}", name=repr(self.table[:40])))
        names = [*([self.by] if self.by else []), *self.fields, *(clause.column for clause in self.filters)]
        for name in names:
            if name not in known:
                raise PictureUnclear(
                    Text("{table} has no column {name} to count by", table=self.table, name=repr(name[:40]))
                )
        if len(self.filters) > FILTERS_MAX:
            raise PictureUnclear(Text("at most {most} filters", most=FILTERS_MAX))
        for clause in self.filters:
            _stored(known[clause.column], clause.value)


@dataclass(frozen=True, slots=True)
class Counted:
    """A value as it is shown (None: the row has none), and how many rows have it."""

    value: str | None
    rows: int


@dataclass(frozen=True, slots=True)
class Series:
    """Rows in each step. ``rest``: of all values that have no series of their own."""

    value: str | None
    rest: bool
    rows: list[int]


@dataclass(frozen=True, slots=True)
class FieldCounts:
    """The most frequent values of a column; ``rest``: rows that have another."""

    name: str
    top: list[Counted]
    rest: int


@dataclass(frozen=True, slots=True)
class Picture:
    """``first_us``: where the first step begins. ``notes``: what it does not show, and why. ``sql``: the same rows."""

    table: str
    by: str
    first_us: int
    step_us: int
    rows: int
    series: list[Series]
    fields: list[FieldCounts]
    notes: list[Text]
    sql: str


@dataclass(frozen=True, slots=True)
class Kept:
    """How many rows of a table are kept, in steps of whole hours; ``first_us``: where the first one begins."""

    first_us: int
    step_us: int
    rows: list[int]


def kept(by_hour: Mapping[int, int]) -> Kept:
    """What a store's own list says, without opening a file: rows, of which there are some, by hour since 1970."""
    hours = {hour: rows for hour, rows in by_hour.items() if rows}
    step_us = max(HOUR_US, _step_us(min(hours) * HOUR_US, max(hours) * HOUR_US))
    first = min(hours) * HOUR_US // step_us
    counts = [0] * (max(hours) * HOUR_US // step_us - first + 1)
    for hour, rows in hours.items():
        counts[hour * HOUR_US // step_us - first] += rows
    return Kept(first * step_us, step_us, counts)


def quick_span_us(by_hour: Mapping[int, int], newest_us: int) -> int | None:
    """How far back from the newest record about QUICK_ROWS rows reach, as a round length. None: all rows are fewer."""
    if sum(by_hour.values()) <= QUICK_ROWS:
        return None
    left, reach_us = QUICK_ROWS, 0
    for hour in sorted((hour for hour, rows in by_hour.items() if rows), reverse=True):
        rows, length_us = by_hour[hour], min(HOUR_US, newest_us + 1 - hour * HOUR_US)
        back_us = newest_us + 1 - hour * HOUR_US
        if rows > left:
            reach_us = max(reach_us, back_us - length_us + length_us * left // rows)
            break
        left, reach_us = left - rows, back_us
    return max((step for step in _STEPS_US if step <= reach_us), default=_STEPS_US[0])


def condition(request: PictureRequest) -> tuple[str, dict[str, Any]]:
    """What was clicked as a condition with parameters; of one column's wanted values any is enough."""
    bound: dict[str, Any] = {}

    def placed(kind: str, value: str) -> str:
        name = f"f{len(bound)}"
        bound[name] = _bound(kind, value)
        return f"${name}::{kind}"

    return _condition(request, placed), bound


def written(request: PictureRequest, since_us: int | None = None) -> str:
    """The rows as one SELECT that a person may go on from; with ``since_us`` those from then on."""
    narrowed = _condition(request, _literal, "\n  ")
    if since_us is not None:
        newest = f"ts >= TIMESTAMP '{iso(since_us).removesuffix('Z').replace('T', ' ')}'"
        narrowed = newest if narrowed == "TRUE" else f"{newest}\n  AND {narrowed}"
    where = "" if narrowed == "TRUE" else f"\nWHERE {narrowed}"
    return f"SELECT *\nFROM {request.table}{where}\nORDER BY ts DESC"


def _condition(request: PictureRequest, placed: Any, before: str = " ") -> str:
    kinds = FIELDS[request.table]
    wanted: dict[str, list[str]] = {}
    others: list[str] = []
    for clause in request.filters:
        column = clause.column
        value = None if clause.value is None else placed(kinds[clause.column], clause.value)
        if clause.keep:
            wanted.setdefault(column, []).append(f"{column} IS NULL" if value is None else f"{column} = {value}")
        elif value is None:
            others.append(f"{column} IS NOT NULL")
        else:
            others.append(f"({column} <> {value} OR {column} IS NULL)")
    parts = [clause[0] if len(clause) == 1 else f"({' OR '.join(clause)})" for clause in wanted.values()] + others
    return f"{before}AND ".join(parts) or "TRUE"


def _stored(kind: str, value: str | None) -> Any:
    """A shown value as the store holds it. Raises PictureUnclear."""
    try:
        if value is None or kind == "VARCHAR":
            return value
        if kind == "UUID":
            return address_uuid(value)
        if kind == "BOOLEAN":
            return {"true": True, "false": False}[value]
    except (ValueError, KeyError) as error:
        raise _no_value(value) from error
    if value.isascii() and value.isdecimal() and len(value) < 12 and int(value) < _NUMBERS[kind]:
        return int(value)
    raise _no_value(value)


def _no_value(value: str | None) -> PictureUnclear:
    return PictureUnclear(Text("{value} is no value of that column", value=repr((value or "")[:60])))


def _bound(kind: str, value: str) -> Any:
    stored = _stored(kind, value)
    return str(stored) if kind == "UUID" else stored


def _literal(kind: str, value: str) -> str:
    """As it stands in SQL. A quote is doubled; a zero byte, at which SQL would end, is named."""
    if kind == "VARCHAR":
        return " || chr(0) || ".join("'" + part.replace("'", "''") + "'" for part in value.split("\0"))
    stored = _stored(kind, value)
    return f"addr('{address_text(stored)}')" if kind == "UUID" else str(stored).upper()


def draw(window: Window, request: PictureRequest) -> Picture:
    """The picture over a window. Raises QueryRefused."""
    oldest, newest = window.rows(f"SELECT epoch_us(min(ts)), epoch_us(max(ts)) FROM {request.table}")[0]
    if oldest is None:
        return Picture(
            request.table, request.by, window.first_us, HOUR_US, 0, [], [], [_nothing(request)], written(request)
        )
    step_us = _step_us(oldest, newest)
    first = oldest // step_us
    steps = newest // step_us - first + 1
    top = _top(window, request, request.by, SERIES_MAX) if request.by else []
    series, sampled = _series(window, request, top, first, step_us, steps)
    rows = sum(sum(counted.rows) for counted in series)
    fields = []
    for name in request.fields:
        found = top if name == request.by and len(top) < SERIES_MAX else _top(window, request, name, TOP_MAX)
        fields.append(FieldCounts(name, found, rows - sum(counted.rows for counted in found)))
    seen = {at for at in range(steps) if any(counted.rows[at] for counted in series)}
    if request.filters and len(seen) < steps:
        sql = f"SELECT DISTINCT epoch_us(ts) // {step_us} - {first} FROM {request.table}"
        seen = {at for (at,) in window.rows(sql)}
    notes = _before(window, oldest) + _silent(steps - len(seen), steps) + _sampled(sampled)
    return Picture(request.table, request.by, first * step_us, step_us, rows, series, fields, notes, written(request))


def _step_us(oldest: int, newest: int) -> int:
    fits = (step for step in _STEPS_US if newest // step - oldest // step < BINS_MAX)
    return next(fits, _STEPS_US[-1] * (1 + (newest - oldest) // (BINS_MAX * _STEPS_US[-1])))


def _top(window: Window, request: PictureRequest, name: str, most: int) -> list[Counted]:
    narrowed, bound = condition(request)
    kind = FIELDS[request.table][name]
    rows = window.rows(
        f"""SELECT {name}, count(*) FROM {request.table} WHERE {narrowed}
        GROUP BY 1 ORDER BY 2 DESC, 1 NULLS LAST LIMIT {most}""",
        bound,
    )
    return [Counted(_shown(kind, value), int(count)) for value, count in rows]


def _shown(kind: str, value: Any) -> str | None:
    if value is None:
        return None
    if kind == "UUID":
        return address_text(value)
    return str(value).lower() if kind == "BOOLEAN" else str(value)


def _series(
    window: Window, request: PictureRequest, top: Sequence[Counted], first: int, step_us: int, steps: int
) -> tuple[list[Series], int]:
    """Rows by step and value, and how many of them are of a source that samples."""
    narrowed, bound = condition(request)
    which = "0"
    if request.by:
        kind, column = FIELDS[request.table][request.by], request.by
        cases = []
        for at, counted in enumerate(top):
            if counted.value is None:
                cases.append(f"WHEN {column} IS NULL THEN {at}")
            else:
                bound[f"v{at}"] = _bound(kind, counted.value)
                cases.append(f"WHEN {column} = $v{at}::{kind} THEN {at}")
        which = f"CASE {' '.join(cases)} ELSE {len(top)} END" if cases else "0"
    counts = [[0] * steps for _ in range(len(top) + 1)]
    sampled = "count(*) FILTER (sampling > 1)" if request.table == "flow" else "0"
    steps_sql = f"SELECT epoch_us(ts) // {step_us} - {first}, {which}, count(*), {sampled} FROM {request.table}"
    partly = 0
    for at, value, count, some in window.rows(f"{steps_sql} WHERE {narrowed} GROUP BY 1, 2", bound):
        counts[value][at] = int(count)
        partly += int(some)
    series = [Series(counted.value, False, counts[at]) for at, counted in enumerate(top)]
    if not request.by or any(counts[len(top)]):
        series.append(Series(None, True, counts[len(top)]))
    return series, partly


def _nothing(request: PictureRequest) -> Text:
    return Text("No row of {table} is kept in this span.", table=request.table)


def _before(window: Window, oldest_us: int) -> list[Text]:
    """Of a span asked for from before what is kept; a span without a beginning asks for no more than that."""
    missing_us = oldest_us - window.first_us
    if window.first_us <= 0 or missing_us < HOUR_US:
        return []
    since = iso(oldest_us)[:16].replace("T", " ")
    if missing_us < DAY_US:
        return [Text("Nothing is kept from before {since} UTC, though you asked for more.", since=since)]
    return [
        Text(
            "Nothing is kept from before {since} UTC: of what you asked for {days} are missing.",
            since=since,
            days=days(missing_us // DAY_US),
        )
    ]


def _silent(count: int, steps: int) -> list[Text]:
    if not count:
        return []
    return [
        Text.counted(
            "In {count:,} step of {steps:,} no row of this table came in at all: whether nothing happened or nobody"
            " looked, Health says.",
            "In {count:,} steps of {steps:,} no row of this table came in at all: whether nothing happened or nobody"
            " looked, Health says.",
            count,
            steps=steps,
        )
    ]


def _sampled(count: int) -> list[Text]:
    if not count:
        return []
    return [
        Text.counted(
            "{count:,} row is of a source that sees one packet in many: short calls are missing among them.",
            "{count:,} rows are of a source that sees one packet in many: short calls are missing among them.",
            count,
        )
    ]
