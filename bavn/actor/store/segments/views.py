"""SQL that reads segments as the tables of record.TABLES and as roll-ups. Pure text; refuses to run it."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import UUID

from bavn.actor.store.engine import file_list
from bavn.actor.store.segments.segment import ROLLUP_OF, ROLLUPS, Segment, columns_of, layout
from bavn.model.moment import HOUR_US
from bavn.model.record import range_uuids

PAIR_KEYS = ("src", "dst", "dst_port", "proto", "hour")
NAME_KEYS = ("src", "kind", "name", "hour")
_DIGITS: Final = "0123456789abcdef"
_CALL = "coalesce(since >= ts, TRUE)"
NAME_COLUMN = {"dns": "rrname", "tls": "sni", "http": "host"}


def names_sql(table: str, alias: str = "") -> str:
    """The columns of a table, quoted, in order."""
    return ", ".join(f'{alias}"{column.name}"' for column in columns_of(table))


def rows_sql(table: str, segments: Iterable[Segment], files: Path, layouts: Mapping[str, str]) -> str:
    """All rows of these segments with the table's columns as they are now: a column that an older layout lacks is
    NULL, one that had another type is cast."""
    by_layout: defaultdict[str, list[Path]] = defaultdict(list)
    for segment in segments:
        by_layout[segment.layout].append(files / segment.name)
    parts = []
    for made, paths in sorted(by_layout.items()):
        parts.append(f"SELECT {_columns_from(table, made, layouts)} FROM read_parquet({file_list(paths)})")
    return " UNION ALL ".join(parts) if parts else empty_sql(table)


def _columns_from(table: str, source: str, layouts: Mapping[str, str]) -> str:
    if source == layout(table):
        return names_sql(table)
    there = {line.partition(" ")[0] for line in layouts[source].split("\n")}
    return ", ".join(
        f'CAST({f'"{c.name}"' if c.name in there else "NULL"} AS {c.type}) AS "{c.name}"' for c in columns_of(table)
    )


def empty_sql(table: str) -> str:
    """No rows, with the table's columns."""
    columns = ", ".join(f'CAST(NULL AS {column.type}) AS "{column.name}"' for column in columns_of(table))
    return f"SELECT {columns} FROM (SELECT 1) WHERE FALSE"


def moment_sql(us: int) -> str:
    """A TIMESTAMP literal, exact to the microsecond."""
    return f"make_timestamp({us})"


def between_sql(first_us: int, last_us: int) -> str:
    """A condition on ts: first_us <= ts < last_us."""
    return f"ts >= {moment_sql(first_us)} AND ts < {moment_sql(last_us)}"


def rolled_up_sql(raw: str, rows: str) -> str:
    """The roll-up of raw rows (a SELECT). For names without the domain: that is not SQL's to know."""
    hour = f"CAST(epoch_us(ts) // {HOUR_US} AS BIGINT) AS hour"
    if raw == "flow":
        return f"""SELECT src, dst, dst_port, proto, {hour}, CAST(count(*) FILTER ({_CALL}) AS UBIGINT) AS flows,
              CAST(count(*) FILTER (failed AND {_CALL}) AS UBIGINT) AS failed,
              CAST(count(*) FILTER (NOT failed AND {_CALL}) AS UBIGINT) AS answered,
              CAST(coalesce(sum(bytes_toserver), 0) AS UBIGINT) AS bytes_toserver,
              CAST(coalesce(sum(bytes_toclient), 0) AS UBIGINT) AS bytes_toclient,
              min(ts) AS first_ts, max(ts) AS last_ts
            FROM ({rows}) GROUP BY ALL"""
    name = NAME_COLUMN[raw]
    return f"""SELECT src, '{raw}' AS kind, {name} AS name, {hour}, CAST(count(*) AS UBIGINT) AS n,
          min(ts) AS first_ts, max(ts) AS last_ts
        FROM ({rows}) WHERE {name} <> '' GROUP BY ALL"""


def summed_sql(rollup: str, rows: str) -> str:
    """One row a key from several."""
    sums = ("flows", "failed", "answered", "bytes_toserver", "bytes_toclient") if rollup == "pair_hour" else ("n",)
    keys = PAIR_KEYS if rollup == "pair_hour" else NAME_KEYS
    sums_sql = {column: f"CAST(sum({column}) AS UBIGINT) AS {column}" for column in sums}
    sums_sql |= {"first_ts": "min(first_ts) AS first_ts", "last_ts": "max(last_ts) AS last_ts"}
    sums_sql |= {"domain": "max(domain) AS domain"}
    columns = ", ".join(sums_sql.get(column.name, column.name) for column in ROLLUPS[rollup])
    return f"SELECT {columns} FROM ({rows}) GROUP BY {', '.join(keys)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RollupParts:
    """How a raw table's roll-up is had over some segments: ``straight`` roll-ups are read as they are; in the other
    hours ``partial`` roll-ups are summed with what ``bare`` raw segments give."""

    straight: tuple[Segment, ...]
    partial: tuple[Segment, ...]
    bare: tuple[Segment, ...]


def rollup_parts(raw: str, segments: Sequence[Segment]) -> RollupParts:
    """Only hours that are in one segment with a roll-up, and in nothing beside it, are read straight."""
    parts = {
        s.of: s for s in segments if s.raw == raw and s.table == ROLLUP_OF[raw] and s.layout == layout(ROLLUP_OF[raw])
    }
    mine = [s for s in segments if s.table == raw]
    micro = [s for s in mine if s.hour is None]
    holders = Counter(hour for segment in mine for hour in segment.held)
    straight: list[Segment] = []
    partial: list[Segment] = []
    bare = micro
    for segment in sorted((s for s in mine if s.hour is not None), key=lambda s: (s.held, s.id)):
        if segment.id not in parts:
            bare.append(segment)
        else:
            alone = all(holders[hour] == 1 for hour in segment.held)
            (straight if alone else partial).append(parts[segment.id])
    return RollupParts(straight=tuple(straight), partial=tuple(partial), bare=tuple(bare))


MANY_MACHINES: Final = ("224.0.0.0/4", "255.255.255.255/32", "0.0.0.0/8", "ff00::/8", "::/128")
"""Multicast, broadcast, and addresses that nobody has yet."""


def is_home_sql(homes: Sequence[str], *, quick: bool = False) -> str:
    """A macro that is TRUE for addresses in these networks (CIDR texts), else FALSE. ValueError for no network.

    ``quick``: planned in a tenth of the time, and slower a row: for windows with few.
    """
    return f"CREATE MACRO is_home(a) AS coalesce({_within_any(homes, quick=quick)}, FALSE)"


def one_machine_sql(*, quick: bool = False) -> str:
    """A macro that is TRUE for addresses of one machine each. A home address that ends in .255 is taken for the
    broadcast of its network: a /24 is what offices have. ``quick``: as for is_home."""
    many = _within_any(MANY_MACHINES, quick=quick)
    broadcast = "is_home(a) AND a::VARCHAR LIKE '00000000-0000-0000-0000-ffff______ff'"
    return f"CREATE MACRO one_machine(a) AS NOT ({many} OR ({broadcast}))"


def _within_any(networks: Sequence[str], *, quick: bool) -> str:
    ranges = sorted((a.int, b.int) for a, b in (range_uuids(network) for network in networks))
    if quick and ranges:
        starts = "|".join(_start(low, high) for low, high in ranges)
        return f"regexp_matches(a::VARCHAR, '^(?:{starts})')"
    spans: list[tuple[int, int]] = []
    for low, high in ranges:
        if spans and low <= spans[-1][1] + 1:
            spans[-1] = (spans[-1][0], max(high, spans[-1][1]))
        else:
            spans.append((low, high))
    tests = " OR ".join(
        f"a BETWEEN CAST('{UUID(int=low)}' AS UUID) AND CAST('{UUID(int=high)}' AS UUID)" for low, high in spans
    )
    return tests or "FALSE"


def _start(low: int, high: int) -> str:
    """A regular expression for how the texts of all addresses of one network begin, and no others."""
    pattern = ""
    for first, last in zip(str(UUID(int=low)), str(UUID(int=high)), strict=True):
        if first != last:
            return f"{pattern}[{_DIGITS[_DIGITS.index(first) : _DIGITS.index(last) + 1]}]"
        pattern += first
    return pattern
