"""The threshold random walk of each group of first contacts, in SQL: who tries doors, and how many stay shut.

Jung, Paxson, Berger & Balakrishnan (IEEE S&P 2004): a failed first contact steps up by ln 4, a successful one down by
ln 4; the walk never falls below 0 and alarms at ln(.99/.01). Steps are whole units of ln 2, so that sums are exact in any
order. The unfloored walk is kept too: floored walks of several actors may not be added up. Knows no host by name.
"""

from math import log
from typing import Final

from bavn.actor.detect.peers import one_peer

UNIT_NATS: Final = log(2)
ALARM_NATS: Final = log(0.99 / 0.01)
FAIL_UNITS: Final = 2
DOUBT_UNITS: Final = 1
"""Half a failure: a datagram that nobody answered (syslog and telemetry never are), and a service that answers others
(an outage, or a firewall between)."""
SUCCESS_UNITS: Final = -2
FAILED_MIN: Final = 3
"""Groups with fewer failures are counted, not walked."""

# Every first contact once. A destination that ever answered this host is a success, and its outage no second failure.
# An ICMP error from the destination makes a silent datagram a refused one.
_CONTACTS: Final = f"""
    refused AS (SELECT DISTINCT src AS dst, dst AS src FROM flow
        WHERE proto IN ('icmp', 'ipv6-icmp') AND icmp_type IN (1, 3)),
    pings AS (SELECT src, dst, 0::USMALLINT AS dst_port, 'icmp' AS proto, min(epoch_us(ts)) AS at_us,
        bool_and(coalesce(failed, FALSE)) AS failed FROM flow
        WHERE (proto = 'icmp' AND icmp_type = 8) OR (proto = 'ipv6-icmp' AND icmp_type = 128) GROUP BY src, dst),
    pairs AS (SELECT src, dst, dst_port, proto, min(epoch_us(first_ts)) AS at_us, sum(flows) = sum(failed) AS failed
        FROM pair_hour WHERE proto IN ('tcp', 'udp', 'sctp') GROUP BY src, dst, dst_port, proto
        UNION ALL SELECT src, dst, dst_port, proto, at_us, failed FROM pings),
    alive AS (SELECT DISTINCT dst, dst_port, proto, TRUE AS answers FROM pairs WHERE NOT failed),
    contacts AS (SELECT src, dst, dst_port, proto, at_us, CASE WHEN NOT failed THEN {SUCCESS_UNITS}
            WHEN answers OR (proto = 'udp' AND refused.src IS NULL) THEN {DOUBT_UNITS} ELSE {FAIL_UNITS} END AS units
        FROM pairs LEFT JOIN refused USING (src, dst) LEFT JOIN alive USING (dst, dst_port, proto)
        WHERE src <> dst AND {one_peer("src")} AND {one_peer("dst")} AND (is_home(src) OR is_home(dst)))"""

MODES: Final[dict[str, tuple[str, str]]] = {
    "horizontal": ("src, proto, dst_port", "dst"),
    "vertical": ("src, proto, dst", "dst_port"),
    "mixed": ("src, proto", "dst"),
}
"""A group of contacts, and what is new in each of its steps: destinations on one port, ports of one destination,
destinations on whatever port."""

ITEMS: Final = """
    items AS (SELECT {group}, {item}, min(at_us) AS at_us,
        CASE WHEN min(units) < 0 THEN min(units) ELSE max(units) END AS units FROM contacts GROUP BY {group}, {item})"""
_WALKS = """
    WITH {contacts}, {items},
    busy AS (SELECT {group} FROM items GROUP BY {group} HAVING count(*) FILTER (units > 0) >= {failed_min}),
    steps AS (SELECT items.*, sum(units) OVER way AS total FROM items JOIN busy USING ({group})
        WINDOW way AS (PARTITION BY {group} ORDER BY at_us, {item} ROWS UNBOUNDED PRECEDING)),
    walks AS (SELECT *, total - least(0, min(total) OVER way) AS walk FROM steps
        WINDOW way AS (PARTITION BY {group} ORDER BY at_us, {item} ROWS UNBOUNDED PRECEDING))
    SELECT {group}, is_home(src) AS outward, max(walk)::BIGINT AS walk, sum(units)::BIGINT AS total, count(*) AS tried,
        count(*) FILTER (units > 0) AS failed, min(at_us) AS first, max(at_us) AS last
    FROM walks GROUP BY {group} HAVING max(walk) >= {walk_min} ORDER BY walk DESC, failed DESC, {group} LIMIT {limit}"""
_STEPS = """
    WITH {contacts}, {items}
    SELECT asked.place, {item}, units FROM items JOIN asked ON {join} ORDER BY asked.place, at_us, {item}"""
_CALM = """
    WITH {contacts},
    hosts AS (SELECT src, sum(units) FILTER (units > 0) AS units FROM contacts GROUP BY src)
    SELECT is_home(src) AS outward, least(coalesce(units, 0), {most})::BIGINT AS units, count(*) AS n FROM hosts
    WHERE src NOT IN (SELECT stored::UUID FROM walked) GROUP BY ALL ORDER BY outward, units"""


def walks_sql(mode: str, walk_units_min: int, limit: int) -> str:
    """Rows: the group's columns, outward, walk, total, tried, failed, first, last; the highest walks first."""
    group, item = MODES[mode]
    items = ITEMS.format(group=group, item=item)
    return _WALKS.format(
        contacts=_CONTACTS, items=items, group=group, item=item, failed_min=FAILED_MIN, walk_min=walk_units_min, limit=limit
    )


def steps_sql(mode: str) -> str:
    """Every step of the groups in the table ``asked`` (place, src, proto and the mode's key as texts), in order."""
    group, item = MODES[mode]
    join = " AND ".join(f"items.{column.strip()}::VARCHAR = asked.{column.strip()}" for column in group.split(","))
    return _STEPS.format(contacts=_CONTACTS, items=ITEMS.format(group=group, item=item), item=item, join=join)


def calm_sql(units_max: int) -> str:
    """Rows: outward, failed units at most ``units_max``, and how many sources, of those not in the table ``walked``."""
    return _CALM.format(contacts=_CONTACTS, most=units_max)


def highest(units: list[int]) -> int:
    """The highest point of a floored walk."""
    walk = top = 0
    for step in units:
        walk = max(0, walk + step)
        top = max(top, walk)
    return top
