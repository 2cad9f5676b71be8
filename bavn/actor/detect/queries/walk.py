"""The threshold random walk of each group of first contacts, in SQL: who tries doors, and how many stay shut.

Jung, Paxson, Berger & Balakrishnan (IEEE S&P 2004): a failed first contact steps up by ln 4, a successful one down
by ln 4; the walk never falls below 0 and alarms at ln(.99/.01). Steps are whole units of ln 2, so that sums are exact
in any order. The unfloored walk is kept too: floored walks of several actors may not be added up. Knows no
host by name.
"""

from dataclasses import dataclass
from math import log
from typing import Final

from bavn.actor.detect.queries.peers import one_peer
from bavn.model.moment import MINUTE_US

UNIT_NATS: Final = log(2)
ALARM_NATS: Final = log(0.99 / 0.01)
FAIL_UNITS: Final = 2
DOUBT_UNITS: Final = 1
"""Half a failure: a datagram that nobody answered (syslog and telemetry never are), a ping that the outside leaves
unanswered (much of it answers none), and a service that answers others (an outage, or a firewall between)."""
SUCCESS_UNITS: Final = -2
FAILED_MIN: Final = 3
"""Groups with fewer failures are counted, not walked."""

ANSWER_PORT_MIN: Final = 32768
"""What is lost or refused at such a port is mostly an answer whose question nobody saw, or that came too late (SSDP,
mDNS), or a call through a NAT: no failed datagram counts there, nor a failed connection as one of many ports."""
QUIET_US: Final = 10 * MINUTE_US
"""While nobody here reached the outside for this long, though it was reached at other times, the network was down."""

DEAD_TARGETS_MAX: Final = {53: 8, 123: 40, 162: 8, 514: 8}
"""A host has a few servers for its clock (of a pool, ever new ones), its names, its log and its traps (RFC 1035, 5905,
3418, 5426). While they are dead it asks on: no scan, unless it asks more than so many."""
_DEAD: Final = " OR ".join(f"(dst_port = {port} AND count(*) <= {most})" for port, most in DEAD_TARGETS_MAX.items())

# Every first contact once. A destination that ever answered this host is a success, and its outage no second failure.
# An ICMP error from the destination makes a silent datagram a refused one. A call of which the source cannot know
# whether it failed (sampled, or one direction only) is no contact: neither a failure nor a success.
_CONTACTS: Final = f"""
    refused AS (SELECT DISTINCT src AS dst, dst AS src FROM flow
        WHERE proto IN ('icmp', 'ipv6-icmp') AND icmp_type IN (1, 3)),
    reached AS (SELECT DISTINCT epoch_us(ts) // {QUIET_US} AS span FROM flow
        WHERE NOT failed AND is_home(src) AND NOT is_home(dst) AND proto IN ('tcp', 'udp')),
    awake AS (SELECT DISTINCT span + unnest([-1, 0, 1]) AS span, TRUE AS up FROM reached),
    pings AS (SELECT src, dst, 0::USMALLINT AS dst_port, 'icmp' AS proto, min(epoch_us(ts)) AS at_us,
        bool_and(failed) AS failed FROM flow WHERE failed IS NOT NULL AND ((proto = 'icmp' AND icmp_type = 8)
            OR (proto = 'ipv6-icmp' AND icmp_type = 128)) GROUP BY src, dst),
    pairs AS (SELECT src, dst, dst_port, proto, min(epoch_us(first_ts)) AS at_us, sum(answered) = 0 AS failed
        FROM pair_hour WHERE proto IN ('tcp', 'udp', 'sctp') GROUP BY src, dst, dst_port, proto
        HAVING sum(answered) + sum(failed) > 0
        UNION ALL SELECT src, dst, dst_port, proto, at_us, failed FROM pings),
    dead AS (SELECT src, dst_port, proto, TRUE AS asks_on FROM pairs WHERE failed AND proto = 'udp'
        GROUP BY src, dst_port, proto HAVING {_DEAD}),
    alive AS (SELECT DISTINCT dst, dst_port, proto, TRUE AS answers FROM pairs WHERE NOT failed),
    contacts AS (SELECT src, dst, dst_port, proto, at_us, CASE WHEN NOT failed THEN {SUCCESS_UNITS}
            WHEN answers OR (proto = 'udp' AND refused.src IS NULL) OR (proto = 'icmp' AND NOT is_home(dst))
                THEN {DOUBT_UNITS} ELSE {FAIL_UNITS} END AS units
        FROM pairs LEFT JOIN refused USING (src, dst) LEFT JOIN alive USING (dst, dst_port, proto)
            LEFT JOIN dead USING (src, dst_port, proto)
            LEFT JOIN awake ON awake.span = at_us // {QUIET_US}
        WHERE src <> dst AND {one_peer("src")} AND {one_peer("dst")} AND (is_home(src) OR is_home(dst))
            AND NOT (failed AND proto = 'udp' AND dst_port >= {ANSWER_PORT_MIN})
            AND NOT (failed AND asks_on IS NOT NULL AND is_home(src))
            AND (NOT failed OR up OR is_home(dst) OR NOT EXISTS (SELECT 1 FROM reached)))"""


@dataclass(frozen=True, slots=True)
class Mode:
    """A kind of scan: ``keys`` besides the source and protocol name a group of contacts, ``item`` what is new in each
    step. ``units_max``: what one failure may count. ``counts``: SQL, which contacts do at all."""

    key: str | None
    item: str
    units_max: int
    counts: str = "TRUE"

    @property
    def group(self) -> str:
        return "src, proto" + (f", {self.key}" if self.key else "")


MODES: Final[dict[str, Mode]] = {
    "horizontal": Mode("dst_port", "dst", FAIL_UNITS),
    "vertical": Mode("dst", "dst_port", FAIL_UNITS, f"(units < 0 OR dst_port < {ANSWER_PORT_MIN})"),
    "mixed": Mode(None, "dst", DOUBT_UNITS),
}
"""Destinations on one port; ports of one destination; destinations on whatever port, which programs that look for one
another do too: half a failure each."""


def _items(name: str) -> str:
    mode = MODES[name]
    return f"""
    {name}_items AS (SELECT {mode.group}, {mode.item}, min(at_us) AS at_us, CASE WHEN min(units) < 0 THEN min(units)
        ELSE least(max(units), {mode.units_max}) END AS units FROM contacts WHERE {mode.counts}
        GROUP BY {mode.group}, {mode.item})"""


def _walk(name: str) -> str:
    mode = MODES[name]
    way = f"(PARTITION BY {mode.group} ORDER BY at_us, {mode.item} ROWS UNBOUNDED PRECEDING)"
    return f"""{_items(name)},
    {name}_busy AS (SELECT {mode.group}, count(*) FILTER (units > 0) AS fails,
        coalesce(sum(units) FILTER (units > 0), 0) AS units FROM {name}_items GROUP BY {mode.group}),
    {name}_steps AS (SELECT items.*, sum(items.units) OVER {way} AS total FROM {name}_items items
        JOIN {name}_busy busy USING ({mode.group}) WHERE fails >= {FAILED_MIN}),
    {name}_walks AS (SELECT *, total - least(0, min(total) OVER {way}) AS walk FROM {name}_steps)"""


def _rows(name: str) -> str:
    mode = MODES[name]
    walks = f"""
    SELECT '{name}' AS mode, src, proto, {f"{mode.key}::VARCHAR" if mode.key else "''"} AS key, is_home(src) AS outward,
        max(walk)::BIGINT AS walk, sum(units)::BIGINT AS total, count(*) AS tried,
        count(*) FILTER (units > 0) AS failed, min(at_us) AS first, max(at_us) AS last
    FROM {name}_walks GROUP BY {mode.group}"""
    calm = f"""
    SELECT 'calm', NULL, '', '', is_home(src), units::BIGINT, 0, count(*), 0, 0, 0 FROM {name}_busy
    WHERE fails < {FAILED_MIN} GROUP BY is_home(src), units"""
    return walks if name == "mixed" else f"{walks} UNION ALL {calm}"


WALKS_SQL: Final = f"""
    WITH {_CONTACTS}, {", ".join(_walk(name) for name in MODES)}
    SELECT * FROM ({" UNION ALL ".join(_rows(name) for name in MODES)})
    ORDER BY walk DESC, failed DESC, mode, src, proto, key LIMIT $limit"""
"""One row a group that failed FAILED_MIN times or more, the highest walks first: mode, src, proto, key, outward, walk,
total, tried, failed, first, last. Groups with fewer failures are counted: mode 'calm', units in walk, groups in tried.
"""


def steps_sql(name: str) -> str:
    """Every step of the groups in the table ``asked`` (place, src, proto and the mode's key as texts), in order."""
    mode = MODES[name]
    join = " AND ".join(f"items.{column.strip()}::VARCHAR = asked.{column.strip()}" for column in mode.group.split(","))
    return f"""
    WITH {_CONTACTS}, {_items(name)}
    SELECT asked.place, items.{mode.item}, items.units FROM {name}_items items JOIN asked ON {join}
    ORDER BY asked.place, items.at_us, items.{mode.item}"""


def highest(units: list[int]) -> int:
    """The highest point of a floored walk."""
    walk = top = 0
    for step in units:
        walk = max(0, walk + step)
        top = max(top, walk)
    return top
