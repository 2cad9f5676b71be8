"""The calls of each pair of host and peer, as columns: by address, by TLS or HTTP name, by domain, by DNS name.

One grouped query a channel; large windows are taken in parts by host, and of each pair only the latest calls are kept.
Refuses to judge: timing.py and spectrum.py do.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from bavn.actor.detect.base import DetectSettings
from bavn.actor.detect.peers import one_peer
from bavn.actor.detect.timing import CALLS_MIN
from bavn.model.ports import Window

_HEAD = (
    "SELECT src::VARCHAR AS host, {key} AS peer, {port} AS port, {proto} AS proto, {inside} AS inside, count(*) AS n"
)
_CALLS = "list_reverse(max(epoch_us(ts), $kept)) AS calls"
_PART = "is_home(src) AND hash(src) % $parts = $part"
_ENOUGH = f"HAVING count(*) >= {CALLS_MIN}"

CHANNELS: Final[dict[str, tuple[str, str]]] = {
    "address": (
        "flow",
        f"{_HEAD.format(key='dst::VARCHAR', port='dst_port', proto='proto', inside='is_home(dst)')}, {_CALLS} FROM flow"
        f" WHERE {_PART} AND src <> dst AND proto IN ('tcp', 'udp', 'sctp') AND {one_peer('dst')}"
        f" GROUP BY src, dst, dst_port, proto {_ENOUGH}",
    ),
    "tls": (
        "tls",
        f"{_HEAD.format(key='sni', port='min(dst_port)', proto=repr('tls'), inside='bool_and(is_home(dst))')}, {_CALLS}"
        f" FROM tls WHERE {_PART} AND sni IS NOT NULL GROUP BY src, sni {_ENOUGH}",
    ),
    "http": (
        "http",
        f"{_HEAD.format(key='host', port='min(dst_port)', proto=repr('http'), inside='bool_and(is_home(dst))')}, {_CALLS}"
        f" FROM http WHERE {_PART} AND host IS NOT NULL GROUP BY src, host {_ENOUGH}",
    ),
    "domain": (
        "tls",
        f"{_HEAD.format(key='domain', port='min(dst_port)', proto=repr('tls'), inside='FALSE')}, {_CALLS} FROM ("
        f" SELECT src, sni AS called, ts, dst_port FROM tls WHERE {_PART} AND sni IS NOT NULL"
        f" UNION ALL SELECT src, host, ts, dst_port FROM http WHERE {_PART} AND host IS NOT NULL) JOIN ("
        "  SELECT DISTINCT \"name\" AS called, \"domain\" FROM name_hour WHERE kind IN ('tls', 'http')"
        "   AND \"domain\" IS NOT NULL) USING (called)"
        f" GROUP BY src, domain {_ENOUGH} AND min(called) <> max(called)",
    ),
    # Ever new names under one domain, at a steady pace: a cache cannot make that, an implant that talks DNS does.
    "dns": (
        "dns",
        f"{_HEAD.format(key='domain', port='min(dst_port)', proto=repr('dns'), inside='FALSE')}, {_CALLS} FROM ("
        " SELECT src, rrname, min(ts) AS ts, min(dst_port) AS dst_port FROM dns"
        f" WHERE {_PART} AND NOT coalesce(answered, FALSE) GROUP BY src, rrname) JOIN ("
        '  SELECT DISTINCT "name" AS rrname, "domain" FROM name_hour WHERE kind = \'dns\' AND "domain" IS NOT NULL'
        '   AND "name" <> "domain" AND NOT contains("domain", \'.arpa\')) USING (rrname)'
        f" GROUP BY src, domain {_ENOUGH}",
    ),
}


@dataclass(frozen=True, slots=True)
class Series:
    """Pairs of one channel, in order of host, peer, port and protocol. ``ts_us``: all calls, ascending in a pair;
    ``lengths``: calls kept of each; ``counts``: calls there were."""

    channel: str
    hosts: list[str]
    peers: list[str]
    ports: list[int]
    protos: list[str]
    inside: list[bool]
    counts: npt.NDArray[np.int64]
    lengths: npt.NDArray[np.int64]
    ts_us: npt.NDArray[np.int64]

    def of(self, index: int) -> npt.NDArray[np.int64]:
        """The calls of one pair."""
        end = int(self.lengths[: index + 1].sum())
        return self.ts_us[end - int(self.lengths[index]) : end]


def series(window: Window, settings: DetectSettings) -> Iterator[Series]:
    """All channels, a part at a time; each pair is in one part of a channel."""
    for channel, (table, sql) in CHANNELS.items():
        rows = int(window.rows(f'SELECT count(*) FROM "{table}"')[0][0])
        parts = -(-rows // settings.rows_part_max)
        for part in range(parts):
            wanted = {"kept": settings.calls_kept_max, "parts": parts, "part": part}
            yield _series(channel, window, f"{sql} ORDER BY host, peer, port, proto", wanted)


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
        np.asarray(table.column("n").to_numpy(), np.int64),
        np.diff(offsets),
        ts_us,
    )
