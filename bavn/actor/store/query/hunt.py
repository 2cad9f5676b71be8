"""Retro-hunt: which of these observables are in a window's history, at how many hosts, since when.

Exact matches only: an address as either side of any record; a domain as queried name, SNI or Host, itself or any name
below it; fingerprints, pairs of them and hashes as they are (a chain of techniques is in no record). Names and
addresses are matched on the roll-ups, so once an hour and not once a row, and on the rows only where the window's ends
cut an hour. Refuses to judge what it finds.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from socket import AF_INET6, inet_pton
from typing import Final, Self
from uuid import UUID

import pyarrow as pa
import pyarrow.compute as pc

from bavn.model.moment import HOUR_US
from bavn.model.observable import Observable, ObservableType, spans_suffixes
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


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a hunt looks for: the values of each kind, each once. A value's number is its place over all kinds."""

    kinds: tuple[tuple[ObservableType, tuple[str, ...]], ...]

    @classmethod
    def of(cls, observables: Sequence[Observable]) -> Self:
        """ValueError for more than OBSERVABLES_MAX."""
        by_type: defaultdict[ObservableType, dict[str, None]] = defaultdict(dict)
        for observable in observables:
            by_type[observable.type][observable.value] = None
        count = sum(map(len, by_type.values()))
        if count > OBSERVABLES_MAX:
            raise ValueError(f"{count} observables in one hunt; {OBSERVABLES_MAX} are allowed")
        return cls(tuple((kind, tuple(values)) for kind, values in by_type.items()))

    def named(self, number: int) -> Observable:
        """The observable of a number. IndexError for none."""
        for kind, values in self.kinds:
            if number < len(values):
                return Observable.trusted(kind, values[number])
            number -= len(values)
        raise IndexError(number)


def hunt(window: Window, observables: Sequence[Observable], named_max: int = HOSTS_NAMED_MAX) -> list[Hunted]:
    """What of this was met in the window, in order of observable; what was not met is left out. ``named_max``: of each
    so many hosts are named.

    The host is the side of the record that was not looked for: for an address the other end, for a name the client,
    for a fingerprint the end that is at home.
    ValueError for more than OBSERVABLES_MAX; raises what the window raises.
    """
    wanted = Wanted.of(observables)
    return _hunted(window, wanted, _met_in(window, wanted), named_max)


def _met_in(window: Window, wanted: Wanted) -> list[pa.Table]:
    """What was met, summed by number, table and host."""
    met: list[pa.Table] = []
    begin = 0
    for kind, keys in wanted.kinds:
        numbers = pa.array(range(begin, begin + len(keys)), pa.int64())
        begin += len(keys)
        if kind in _ADDRESSES:
            met += _addresses(window, pa.table({"key": pa.array(map(_stored, keys), pa.uuid()), "number": numbers}))
            continue
        listed = pa.table({"key": pa.array(keys, pa.string()), "number": numbers})
        if kind is ObservableType.DOMAIN:
            met += _domains(window, listed)
        elif kind is ObservableType.FP_PAIR:
            for client in ("ja3", "ja4"):
                met += _exact(window, "tls", f"{client} || '+' || ja3s", listed)
        elif kind in _EXACT:
            met += _exact(window, *_EXACT[kind], listed)
    return met


def _cut(window: Window) -> tuple[str, tuple[str, ...]]:
    """Conditions: for roll-up rows of whole hours inside the window, and for each run of rows outside those. One bound
    each, so that files without such rows are passed over by their statistics."""
    first, last = -(-window.first_us // HOUR_US), window.last_us // HOUR_US
    if first >= last:
        return "FALSE", ("TRUE",)
    early = () if first * HOUR_US == window.first_us else (f"ts < make_timestamp({first * HOUR_US})",)
    late = () if last * HOUR_US == window.last_us else (f"ts >= make_timestamp({last * HOUR_US})",)
    return f"hour >= {first} AND hour < {last}", (*early, *late)


_ONE: Final = "1 AS n, ts AS first_ts, ts AS last_ts"
_MET: Final = "number, tbl, host, CAST(sum(n) AS BIGINT) AS n, min(first_ts) AS first_ts, max(last_ts) AS last_ts"
_JOINED: Final = f"SELECT {_MET} FROM ({{rows}}) JOIN wanted USING (key) GROUP BY ALL"
_HOST: Final = "CASE WHEN is_home(src) OR NOT is_home(dst) THEN src ELSE dst END"
_MET_NAMES: Final = """
    met(name) AS MATERIALIZED (SELECT DISTINCT name FROM {seen}),
    part(name, rest) AS (
        SELECT name, name FROM met
        UNION ALL SELECT name, substr(rest, strpos(rest, '.') + 1) FROM part WHERE contains(rest, '.')),
    there AS (SELECT name, number FROM part JOIN wanted ON rest = key)"""
"""Distinct names are few beside rows: each loses its first label until it is a wanted domain or has none left."""
_PARTS: Final = f"WITH RECURSIVE {_MET_NAMES} SELECT name, number FROM there"
_NEAR: Final = f"""
    WITH RECURSIVE rows AS MATERIALIZED ({{rows}} AND domain IN (SELECT key FROM chain)), {_MET_NAMES}
    SELECT {_MET} FROM rows JOIN there USING (name) GROUP BY ALL"""


def _addresses(window: Window, keys: pa.Table) -> list[pa.Table]:
    inside, outside = _cut(window)
    pairs = f"SELECT 'flow' AS tbl, src, dst, flows AS n, first_ts, last_ts FROM pair_hour WHERE {inside}"
    seen = [
        *(f"SELECT 'flow' AS tbl, src, dst, {_ONE} FROM flow WHERE {edge}" for edge in outside),
        *(f"SELECT '{name}' AS tbl, src, dst, {_ONE} FROM {name}" for name in _BY_ROWS),
    ]
    sides = [f"SELECT *, {peer} AS key, {host} AS host FROM" for peer, host in (("dst", "src"), ("src", "dst"))]
    at_once = [window.arrow(_JOINED.format(rows=f"{side} ({pairs})"), tables={"wanted": keys}) for side in sides]
    return at_once + _where_met(window, [f"{side} ({rows})" for rows in seen for side in sides], keys)


def _where_met(window: Window, places: Sequence[str], keys: pa.Table) -> list[pa.Table]:
    """What of the keys is in any of these rows, summed, by place. All places are looked through at once, one column
    each, since each question costs its planning; the rest is read for the few keys that are there."""
    looked = " UNION ALL ".join(f"SELECT {at} AS place, key FROM ({rows})" for at, rows in enumerate(places))
    there = window.arrow(
        f"SELECT DISTINCT place, key, number FROM ({looked}) JOIN wanted USING (key)", tables={"wanted": keys}
    )
    met = []
    for at in sorted(set(there["place"].to_pylist())):
        here = there.filter(pc.equal(there["place"], at)).drop_columns("place")
        met.append(window.arrow(_JOINED.format(rows=places[at]), tables={"wanted": here}))
    return met


def _matched(window: Window, rows: str, keys: pa.Table) -> pa.Table | None:
    """What of the keys is in these rows, summed; None for nothing. First one column is looked through for any key at
    all; the rest is read for the few that are there."""
    there = window.arrow(
        f"SELECT key, number FROM wanted WHERE key IN (SELECT key FROM ({rows}))", tables={"wanted": keys}
    )
    if not there.num_rows:
        return None
    return window.arrow(_JOINED.format(rows=rows), tables={"wanted": there})


def _stored(value: str) -> bytes:
    """record.address_uuid as bytes, for a text that is canonical already: a hunt has a hundred thousand of them."""
    return inet_pton(AF_INET6, value if ":" in value else f"::ffff:{value}")


def _domains(window: Window, wanted: pa.Table) -> list[pa.Table]:
    """A name below a wanted domain has a registered domain that is that domain, one above it, or one below it. The
    first two are looked up in the roll-up's column and only those rows are read on. The third can only be where the
    wanted domain is a public suffix or lies above one: for these few, and for rows without a registered domain, the
    names themselves are looked through."""
    inside, outside = _cut(window)
    whole = f"SELECT kind AS tbl, src AS host, name, n, first_ts, last_ts FROM name_hour WHERE {inside}"
    loose = [
        f"{whole} AND domain IS NULL",
        *(
            f"SELECT '{name}' AS tbl, src AS host, {column} AS name, {_ONE} FROM {name} WHERE {edge}"
            for edge in outside
            for name, column in _NAMES
        ),
    ]
    wide = pa.array([spans_suffixes(key) for key in wanted["key"].to_pylist()], pa.bool_())
    near, far = wanted.filter(pc.invert(wide)), wanted.filter(wide)
    met = _among_names(window, " UNION ALL ".join(loose), wanted)
    if near.num_rows:
        chain = pa.table({"key": pa.array(_with_parents(near["key"].to_pylist()), pa.string())})
        sql = _NEAR.format(rows=whole, seen="rows")
        met.append(window.arrow(sql, tables={"wanted": near, "chain": chain}))
    if far.num_rows:
        met += _among_names(window, f"{whole} AND domain IS NOT NULL", far)
    return met


def _among_names(window: Window, rows: str, wanted: pa.Table) -> list[pa.Table]:
    there = window.arrow(_PARTS.format(seen=f"({rows})"), tables={"wanted": wanted})
    if not there.num_rows:
        return []
    return [window.arrow(f"SELECT {_MET} FROM ({rows}) JOIN there USING (name) GROUP BY ALL", tables={"there": there})]


def _with_parents(names: Iterable[str]) -> list[str]:
    """The domains and all domains of two labels or more that they lie below."""
    columns = dict.fromkeys(names)
    for name in list(columns):
        rest = name.partition(".")[2]
        while "." in rest and rest not in columns:
            columns[rest] = None
            rest = rest.partition(".")[2]
    return list(columns)


def _exact(window: Window, table: str, column: str, wanted: pa.Table) -> list[pa.Table]:
    rows = f"SELECT '{table}' AS tbl, {_HOST} AS host, {column} AS key, {_ONE} FROM {table}"
    found = _matched(window, rows, wanted)
    return [] if found is None else [found]


def _hunted(window: Window, wanted: Wanted, met: Sequence[pa.Table], named_max: int) -> list[Hunted]:
    """All that :func:`_met_in` gave of these, in order of observable."""
    if not met:
        return []
    rows = window.rows(
        f"""SELECT number, CAST(sum(n) AS BIGINT), count(DISTINCT host),
          list(DISTINCT host ORDER BY host)[1:{named_max}], epoch_us(min(first_ts)), epoch_us(max(last_ts)),
          list(DISTINCT tbl ORDER BY tbl)
        FROM met GROUP BY number""",
        tables={"met": pa.concat_tables(met)},
    )
    matches = [
        Hunted(
            observable=wanted.named(number),
            count=count,
            hosts=hosts,
            named=tuple(map(_text, some)),
            first_us=first,
            last_us=last,
            tables=tuple(tables),
        )
        for number, count, hosts, some, first, last, tables in rows
    ]
    return sorted(matches, key=lambda one: (one.observable.type, one.observable.value))


def _text(host: UUID | None) -> str:
    return "" if host is None else address_text(host)
