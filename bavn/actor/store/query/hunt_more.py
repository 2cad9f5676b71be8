"""Retro-hunt of what is no observable of the sector: networks, and MD5 and SHA-1 of files (a JA3 is an MD5 too).

A network is told by the addresses of it that were met. Hashes are equal or not, so a text of 32 digits is looked for as
all that it may be. Refuses to judge what it finds.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import pyarrow as pa

from bavn.actor.store.query.hunt import HOSTS_NAMED_MAX, OBSERVABLES_MAX, Hunted, hunt
from bavn.model.observable import Observable
from bavn.model.ports import QueryRefused, Window
from bavn.model.record import TABLES, address_text, range_uuids

_BY_ROWS: Final = tuple(name for name, columns in TABLES.items() if any(column.name == "dst" for column in columns))
_HOST: Final = "CASE WHEN is_home(src) OR NOT is_home(dst) THEN src ELSE dst END"
_HASHES: Final = {32: (("fileinfo", "md5"), ("tls", "ja3"), ("tls", "ja3s")), 40: (("fileinfo", "sha1"),)}


@dataclass(frozen=True, slots=True, kw_only=True)
class HashMet:
    """A hash that was met in a column. As Hunted, for what has no observable."""

    value: str
    table: str
    column: str
    count: int
    hosts: int
    named: tuple[str, ...]
    first_us: int
    last_us: int


def hunt_networks(window: Window, networks: Sequence[str]) -> list[tuple[str, Hunted]]:
    """(network, an address of it that was met), in order of network and address. Raises QueryRefused; ValueError for
    what is no network."""
    if not networks:
        return []
    spans = [(cidr, *range_uuids(cidr)) for cidr in sorted(set(networks))]
    listed = pa.table(
        {
            "number": pa.array(range(len(spans)), pa.int64()),
            "low": pa.array([low.bytes for _, low, _ in spans], pa.uuid()),
            "high": pa.array([high.bytes for _, _, high in spans], pa.uuid()),
        }
    )
    ends = " UNION ".join(
        f"SELECT {end} AS seen FROM {table}" for table in ("pair_hour", *_BY_ROWS[1:]) for end in ("src", "dst")
    )
    met = window.rows(
        f"SELECT number, seen FROM ({ends}) JOIN listed ON seen BETWEEN low AND high ORDER BY number, seen",
        tables={"listed": listed},
    )
    if len(met) > OBSERVABLES_MAX:
        raise QueryRefused(f"the networks hold {len(met):,} addresses that were met: narrow them")
    observables = {Observable.address(address_text(seen)) for _, seen in met}
    found: Mapping[Observable, Hunted] = {one.observable: one for one in hunt(window, list(observables))}
    pairs = [(spans[number][0], found.get(Observable.address(address_text(seen)))) for number, seen in met]
    return [(network, one) for network, one in pairs if one is not None]


def hunt_hashes(window: Window, hashes: Iterable[str]) -> list[HashMet]:
    """What of these hexadecimal texts (lower case, 32 or 40 digits) was met, in order."""
    matches: list[HashMet] = []
    wanted = sorted(set(hashes))
    for digits, places in _HASHES.items():
        listed = pa.table({"key": pa.array([digest for digest in wanted if len(digest) == digits], pa.string())})
        for table, column in places if listed.num_rows else ():
            rows = window.rows(
                f"""SELECT key, count(*), count(DISTINCT host),
                  list(DISTINCT host ORDER BY host)[1:{HOSTS_NAMED_MAX}], epoch_us(min(ts)), epoch_us(max(ts))
                FROM (SELECT key, ts, {_HOST} AS host FROM {table} JOIN listed ON key = {column}) GROUP BY key""",
                tables={"listed": listed},
            )
            matches += [
                HashMet(
                    value=key,
                    table=table,
                    column=column,
                    count=count,
                    hosts=hosts,
                    named=tuple(map(address_text, named)),
                    first_us=first,
                    last_us=last,
                )
                for key, count, hosts, named, first, last in rows
            ]
    return sorted(matches, key=lambda match: (match.value, match.table, match.column))
