"""Retro-hunt: which of these observables are in a window's history, at how many hosts, since when.

Exact matches only: an address as either side of any record; a domain as queried name, SNI or Host, itself or any name
below it; fingerprints and hashes as they are. Names and addresses are matched on the roll-ups, so once an hour and not
once a row, and on the rows only where the window's ends cut an hour. Refuses to judge what it finds.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from socket import AF_INET6, inet_pton
from typing import Final
from uuid import UUID

import pyarrow as pa

from bavn.model.moment import HOUR_US
from bavn.model.observable import Observable, ObservableType
from bavn.model.ports import Window
from bavn.model.record import TABLES, address_text

OBSERVABLES_MAX: Final = 1_000_000
HOSTS_NAMED_MAX: Final = 100

_NAMES: Final = (("dns", "rrname"), ("tls", "sni"), ("http", "host"))
_EXACT: Final = {
    ObservableType.JA3: ("tls", "ja3"),
    ObservableType.JA4: ("tls", "ja4"),
    ObservableType.CERT: ("tls", "cert"),
    ObservableType.SHA256: ("fileinfo", "sha256"),
}
_ADDRESSES: Final = (ObservableType.IP4, ObservableType.IP6)
_BY_ROWS: Final = tuple(
    name for name, columns in TABLES.items() if name != "flow" and any(column.name == "dst" for column in columns)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hunted:
    """One observable that was met. ``count``: records that hold it, over all ``tables``: one connection may have left
    several. ``hosts``: how many of the actor's own machines; ``named``: the first HOSTS_NAMED_MAX of them, in order of
    address. Times are those of the records, microseconds. It names hosts, so it stays at home."""

    observable: Observable
    count: int
    hosts: int
    named: tuple[str, ...]
    first_us: int
    last_us: int
    tables: tuple[str, ...]


def hunt(window: Window, observables: Sequence[Observable]) -> list[Hunted]:
    """What of this was met in the window, in order of observable; what was not met is left out.

    The host is the side of the record that was not looked for: for an address the other end, for a name the client,
    for a fingerprint the end that is at home.
    ValueError for more than OBSERVABLES_MAX; raises what the window raises.
    """
    wanted = sorted(set(observables), key=lambda observable: (observable.type, observable.value))
    if len(wanted) > OBSERVABLES_MAX:
        raise ValueError(f"{len(wanted)} observables in one hunt; {OBSERVABLES_MAX} are allowed")
    by_type: defaultdict[ObservableType, list[tuple[int, str]]] = defaultdict(list)
    for number, observable in enumerate(wanted):
        by_type[observable.type].append((number, observable.value))
    met: list[pa.Table] = []
    addresses = [pair for kind in _ADDRESSES for pair in by_type[kind]]
    if addresses:
        met.append(_addresses(window, addresses))
    if by_type[ObservableType.DOMAIN]:
        met.append(_domains(window, by_type[ObservableType.DOMAIN]))
    met.extend(
        _exact(window, table, column, by_type[kind]) for kind, (table, column) in _EXACT.items() if by_type[kind]
    )
    return _hunted(window, wanted, pa.concat_tables(met)) if met else []


def _cut(window: Window) -> tuple[int, int, str]:
    """The whole hours inside the window (first, and first after), and SQL for the rows outside them."""
    first, last = -(-window.first_us // HOUR_US), window.last_us // HOUR_US
    if first >= last:
        return 0, 0, "TRUE"
    inside = f"ts >= make_timestamp({first * HOUR_US}) AND ts < make_timestamp({last * HOUR_US})"
    return first, last, f"NOT ({inside})"


def _hours(first: int, last: int) -> str:
    return f"hour >= {first} AND hour < {last}"


_ONE: Final = "1 AS n, ts AS first_ts, ts AS last_ts"
_MET: Final = "number, tbl, host, CAST(sum(n) AS BIGINT) AS n, min(first_ts) AS first_ts, max(last_ts) AS last_ts"
_HOST: Final = "CASE WHEN is_home(src) OR NOT is_home(dst) THEN src ELSE dst END"


def _addresses(window: Window, wanted: Sequence[tuple[int, str]]) -> pa.Table:
    keys = [_stored(value) for _, value in wanted]
    table = pa.table({"key": pa.array(keys, pa.uuid()), "number": pa.array([n for n, _ in wanted], pa.int64())})
    first, last, outside = _cut(window)
    seen = [
        f"SELECT 'flow' AS tbl, src, dst, flows AS n, first_ts, last_ts FROM pair_hour WHERE {_hours(first, last)}",
        f"SELECT 'flow' AS tbl, src, dst, {_ONE} FROM flow WHERE {outside}",
        *(f"SELECT '{name}' AS tbl, src, dst, {_ONE} FROM {name}" for name in _BY_ROWS),
    ]
    parts = [
        f"SELECT number, tbl, {host} AS host, n, first_ts, last_ts FROM ({rows}) JOIN wanted ON key = {peer}"
        for rows in seen
        for peer, host in (("dst", "src"), ("src", "dst"))
    ]
    return window.arrow(f"SELECT {_MET} FROM ({' UNION ALL '.join(parts)}) GROUP BY ALL", tables={"wanted": table})


def _stored(value: str) -> bytes:
    """record.address_uuid as bytes, for a text that is canonical already: a hunt has a hundred thousand of them."""
    return inet_pton(AF_INET6, value if ":" in value else f"::ffff:{value}")


def _domains(window: Window, wanted: Sequence[tuple[int, str]]) -> pa.Table:
    """Names are few beside rows: each distinct one is cut to every depth that a wanted domain has."""
    table = pa.table(
        {
            "domain": pa.array([v for _, v in wanted], pa.string()),
            "number": pa.array([n for n, _ in wanted], pa.int64()),
        }
    )
    first, last, outside = _cut(window)
    seen = [
        f"SELECT kind AS tbl, src, name, n, first_ts, last_ts FROM name_hour WHERE {_hours(first, last)}",
        *(f"SELECT '{name}' AS tbl, src, {column} AS name, {_ONE} FROM {name} WHERE {outside}"
          for name, column in _NAMES),
    ]  # fmt: skip
    depths = sorted({value.count(".") + 1 for _, value in wanted})
    cuts = " UNION ALL ".join(
        f"SELECT name, array_to_string(labels[-{depth}:], '.') AS domain FROM split WHERE len(labels) >= {depth}"
        for depth in depths
    )
    return window.arrow(
        f"WITH seen AS MATERIALIZED ({' UNION ALL '.join(seen)}), "
        "split AS (SELECT name, string_split(name, '.') AS labels FROM (SELECT DISTINCT name FROM seen)), "
        f"hit AS MATERIALIZED (SELECT name, number FROM ({cuts}) JOIN wanted USING (domain)) "
        f"SELECT {_MET} FROM (SELECT *, src AS host FROM seen JOIN hit USING (name)) GROUP BY ALL",
        tables={"wanted": table},
    )


def _exact(window: Window, table: str, column: str, wanted: Sequence[tuple[int, str]]) -> pa.Table:
    keys = pa.table(
        {"key": pa.array([v for _, v in wanted], pa.string()), "number": pa.array([n for n, _ in wanted], pa.int64())}
    )
    return window.arrow(
        f"SELECT {_MET} FROM (SELECT number, '{table}' AS tbl, {_HOST} AS host, {_ONE} "
        f"FROM {table} JOIN wanted ON key = {column}) GROUP BY ALL",
        tables={"wanted": keys},
    )


def _hunted(window: Window, wanted: Sequence[Observable], met: pa.Table) -> list[Hunted]:
    rows = window.rows(
        "SELECT number, CAST(sum(n) AS BIGINT), count(DISTINCT host), list(DISTINCT host ORDER BY host)"
        f"[1:{HOSTS_NAMED_MAX}], epoch_us(min(first_ts)), epoch_us(max(last_ts)), list(DISTINCT tbl ORDER BY tbl) "
        "FROM met GROUP BY number ORDER BY number",
        tables={"met": met},
    )
    return [
        Hunted(
            observable=wanted[number], count=count, hosts=hosts, named=tuple(map(_text, named)), first_us=first,
            last_us=last, tables=tuple(tables),
        )
        for number, count, hosts, named, first, last, tables in rows
    ]  # fmt: skip


def _text(host: UUID | None) -> str:
    return "" if host is None else address_text(host)
