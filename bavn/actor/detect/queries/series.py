"""The calls of each pair of host and peer, as columns: by address, by TLS or HTTP name, by domain, by DNS name.

And, where a peer goes by several names or addresses, by what holds them together: one certificate, or one TLS client
that names nobody. (Names that are one address are called by that address anyhow.)

One grouped query a channel; large windows are taken in parts by host, and of each pair only the latest calls are kept.
Refuses to judge: timing.py and spectrum.py do.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from bavn.actor.detect.queries.peers import one_peer
from bavn.actor.detect.settings import DetectSettings
from bavn.actor.detect.statistics.timing import CALLS_MIN
from bavn.model.ports import Window

_PART = "is_home(src) AND hash(src) % $parts = $part"
_ALL = "list(epoch_us(ts) ORDER BY ts)"
_LATEST = "list_reverse(max(epoch_us(ts), $kept))"
"""A heap of $kept places for each pair: only for the few pairs that have more calls."""


@dataclass(frozen=True, slots=True)
class Channel:
    """``rolled``: the roll-up rows that count its calls by ``group``, ``count`` summing them. ``rows``: the calls
    themselves; the other columns are SQL over them. ``members``: what the peer goes by, where that is several."""

    name: str
    rolled: str
    group: str
    count: str
    rows: str
    peer: str
    port: str
    proto: str
    inside: str
    tables: tuple[str, ...]
    members: str = "NULL::VARCHAR[]"

    def sql(self, calls: str, bound: str) -> str:
        """The calls of each pair whose count is within ``bound``."""
        return f"""
            WITH busy AS (SELECT {self.group} FROM {self.rolled} AND {_PART} GROUP BY {self.group}
                HAVING {self.count} >= {CALLS_MIN} AND {self.count} {bound} $kept)
            SELECT src::VARCHAR AS host, {self.peer} AS peer, {self.port} AS port, {self.proto} AS proto,
                {self.inside} AS inside, count(*) AS n, {self.members} AS members, {calls} AS calls
            FROM {self.rows} JOIN busy USING ({self.group}) GROUP BY {self.group} HAVING count(*) >= {CALLS_MIN}
            ORDER BY host, peer, port, proto"""


WHOLE_CALL: Final = "coalesce(since >= ts, TRUE) AND coalesce(sampling, 1) = 1"
"""A part of a flow is no call of its own, and of sampled calls chance makes the intervals."""


def _by_name(kind: str, column: str) -> Channel:
    return Channel(
        name=kind,
        rolled=f"name_hour WHERE kind = '{kind}'",
        group='src, "name"',
        count="sum(n)",
        rows=f'(SELECT src, {column} AS "name", ts, dst, dst_port FROM {kind})',
        peer='"name"',
        port="min(dst_port)",
        proto=f"'{kind}'",
        inside="bool_and(is_home(dst))",
        tables=(kind,),
    )


MEMBERS_MAX: Final = 8
"""A peer that goes by more names than this is an edge of many, or a proxy."""
LISTED_MAX: Final = 64
"""So many addresses one client without a name may call."""


def _held_together(name: str, key: str, member: str, where: str, most: int) -> Channel:
    """Calls to one server or by one program, under several names or addresses (=UUID), each of which has too few."""
    rows = f"""(SELECT src, {key} AS "held", ts, dst, dst_port, {member} AS member FROM tls
            WHERE {where} AND NOT is_home(dst))"""
    return Channel(
        name=name,
        rolled=f'{rows} WHERE "held" IS NOT NULL',
        group='src, "held"',
        count=f"if(min(member) < max(member) AND count(DISTINCT member) <= {most}, count(*), 0)",
        rows=rows,
        peer='"held"',
        port="min(dst_port)",
        proto="'tls'",
        inside="FALSE",
        tables=("tls",),
        members="list_sort(list(DISTINCT member))",
    )


CHANNELS: Final = (
    Channel(
        name="address",
        rolled=f"pair_hour WHERE src <> dst AND proto IN ('tcp', 'udp', 'sctp') AND {one_peer('dst')}",
        group="src, dst, dst_port, proto",
        count="sum(flows)",
        rows=f"(SELECT * FROM flow WHERE {WHOLE_CALL})",
        peer="dst::VARCHAR",
        port="dst_port",
        proto="proto",
        inside="is_home(dst)",
        tables=("flow",),
    ),
    _by_name("tls", "sni"),
    _by_name("http", "host"),
    Channel(
        name="domain",
        rolled="name_hour WHERE kind IN ('tls', 'http') AND \"domain\" IS NOT NULL",
        group='src, "domain"',
        count='if(min("name") = max("name"), 0, sum(n))',
        rows="""(SELECT src, "domain", ts, dst_port FROM (SELECT src, sni AS "name", ts, dst_port FROM tls
            UNION ALL SELECT src, http.host, ts, dst_port FROM http)
            JOIN (SELECT DISTINCT "name", "domain" FROM name_hour WHERE kind IN ('tls', 'http')) USING ("name"))""",
        peer='"domain"',
        port="min(dst_port)",
        proto="'tls'",
        inside="FALSE",
        tables=("tls", "http"),
    ),
    # Ever new names under one domain, at a steady pace: a cache cannot make that, an implant that talks DNS does.
    Channel(
        name="dns",
        rolled="""name_hour WHERE kind = 'dns' AND "name" <> "domain" AND NOT contains("domain", '.arpa')""",
        group='src, "domain"',
        count="count(*)",
        rows="""(SELECT src, "domain", min(first_ts) AS ts FROM name_hour WHERE kind = 'dns' AND "name" <> "domain"
            GROUP BY src, "domain", "name")""",
        peer='"domain"',
        port="53",
        proto="'dns'",
        inside="FALSE",
        tables=("dns",),
    ),
    _held_together(
        "certificate", "'cert=' || cert", "coalesce(sni, '=' || dst::VARCHAR)", "cert IS NOT NULL", MEMBERS_MAX
    ),
    _held_together(
        "client", "coalesce('ja4=' || ja4, 'ja3=' || ja3)", "'=' || dst::VARCHAR", "sni IS NULL", LISTED_MAX
    ),
)

_READ: Final = tuple(sorted({table for channel in CHANNELS for table in channel.tables}))
_COUNTED: Final = "SELECT " + ", ".join(f'(SELECT count(*) FROM "{table}")' for table in _READ)


@dataclass(frozen=True, slots=True)
class Series:
    """Pairs of one channel, in order of host, peer, port and protocol. ``ts_us``: all calls, ascending in a pair;
    ``lengths``: calls kept of each; ``counts``: calls there were. ``members``: what each peer goes by, where that is
    several (an address with = before it)."""

    channel: str
    hosts: list[str]
    peers: list[str]
    ports: list[int]
    protos: list[str]
    inside: list[bool]
    members: list[list[str] | None]
    counts: npt.NDArray[np.int64]
    lengths: npt.NDArray[np.int64]
    ts_us: npt.NDArray[np.int64]

    def of(self, index: int) -> npt.NDArray[np.int64]:
        """The calls of one pair."""
        end = int(self.lengths[: index + 1].sum())
        return self.ts_us[end - int(self.lengths[index]) : end]


def every_series(window: Window, settings: DetectSettings) -> Iterator[Series]:
    """The calls of all channels, a part at a time by the hash of the source host; each pair is in one part of a
    channel. Pairs with more calls than are kept come apart from the others."""
    counted = dict(zip(_READ, window.rows(_COUNTED)[0], strict=True))
    for channel in CHANNELS:
        rows = sum(int(counted[table]) for table in channel.tables)
        parts = -(-rows // settings.rows_part_max)
        queries = [channel.sql(_ALL, "<=")]
        if rows > settings.calls_kept_max:
            queries.append(channel.sql(_LATEST, ">"))
        for part in range(parts):
            for sql in queries:
                given = {"kept": settings.calls_kept_max, "parts": parts, "part": part}
                yield _series(channel.name, window, sql, given)


def _series(channel: str, window: Window, sql: str, wanted: dict[str, int]) -> Series:
    table = window.arrow(sql, wanted).combine_chunks()
    calls = table.column("calls").combine_chunks()
    ts_us = np.asarray(calls.flatten().to_numpy(zero_copy_only=False), np.int64)
    offsets = np.asarray(calls.offsets.to_numpy(), np.int64) if len(calls) else np.zeros(1, np.int64)
    return Series(
        channel,
        table.column("host").to_pylist(),
        table.column("peer").to_pylist(),
        table.column("port").to_pylist(),
        table.column("proto").to_pylist(),
        table.column("inside").to_pylist(),
        table.column("members").to_pylist(),
        np.asarray(table.column("n").to_numpy(), np.int64),
        np.diff(offsets),
        ts_us,
    )
