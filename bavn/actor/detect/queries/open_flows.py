"""How long flows with the outside lasted, and which are open still, in SQL. Refuses to judge: long.py does.

A flow's record comes at its end, or, from exporters of flows, in parts (``since``). Before its end two things show it
at a sensor: an alert of a rule on a flow's age (flow_age.rules), and a record of its protocol (TLS, SSH, HTTP, RDP)
whose flow has none yet, at a sensor whose other flows do get theirs.
"""

from typing import Final

from bavn.actor.detect.queries.peers import one_peer
from bavn.model.moment import HOUR_US, MINUTE_US
from bavn.model.ports import Window

LONG_US_MIN: Final = 10 * MINUTE_US
QUIET_TCP_US_MAX: Final = 15 * MINUTE_US
QUIET_UDP_US_MAX: Final = MINUTE_US
"""With fewer packets than one in so long it is several flows of the same ports (a capture cut together, a datagram now
and then)."""
SILENT_US_MAX: Final = 35 * MINUTE_US
"""Exporters tell of a flow that goes on at least every half hour."""
AGE_RULES: Final = {9_105_001: 1, 9_105_002: 4, 9_105_003: 8, 9_105_004: 12}
"""Signature ids of flow_age.rules, and the hours after which each speaks."""
ENDED_SHARE_MIN: Final = 0.8
KINDS: Final = ("tls", "ssh", "http", "rdp")

_CROSSES: Final = (
    f"is_home(src) <> is_home(dst) AND {one_peer('src')} AND {one_peer('dst')} AND proto IN ('tcp', 'udp')"
)

CLOSED_SQL: Final = f"""
    WITH newest AS (SELECT sensor, max(epoch_us(ts_end)) AS now_us FROM flow WHERE since IS NOT NULL GROUP BY sensor),
    parts AS (SELECT src, dst, dst_port, proto, epoch_us(min(since)) AS first_us, epoch_us(max(ts_end)) AS last_us,
            sum(coalesce(bytes_toserver, 0) + coalesce(bytes_toclient, 0))::BIGINT AS bytes,
            sum((pkts_toserver + pkts_toclient) // greatest(coalesce(sampling, 1), 1)) AS seen,
            max(ts_end) FILTER (state = 'closed') IS NULL AS going, sensor
        FROM flow WHERE since IS NOT NULL AND failed IS NOT TRUE AND {_CROSSES}
        GROUP BY sensor, flow_id, src, dst, dst_port, proto),
    whole AS (SELECT src, dst, dst_port, proto, FALSE AS still, epoch_us(ts) AS first_us, epoch_us(ts_end) AS last_us,
            (coalesce(bytes_toserver, 0) + coalesce(bytes_toclient, 0))::BIGINT AS bytes,
            (pkts_toserver + pkts_toclient) // greatest(coalesce(sampling, 1), 1) AS seen FROM flow
        WHERE since IS NULL AND epoch_us(ts_end) - epoch_us(ts) >= {LONG_US_MIN} AND failed IS NOT TRUE AND {_CROSSES}
        UNION ALL SELECT src, dst, dst_port, proto, going AND last_us >= now_us - {SILENT_US_MAX}, first_us, last_us,
            bytes, seen FROM parts JOIN newest USING (sensor) WHERE last_us - first_us >= {LONG_US_MIN})
    SELECT src, dst, dst_port, proto, is_home(src) AS outward, still, first_us, last_us, bytes FROM whole
    WHERE coalesce(seen * CASE proto WHEN 'udp' THEN {QUIET_UDP_US_MAX} ELSE {QUIET_TCP_US_MAX} END
        >= last_us - first_us, TRUE)
    ORDER BY last_us - first_us DESC, first_us, src, dst, dst_port LIMIT $limit"""
"""Flows that are over, and those told of in parts: ``still`` where the last part is fresh and did not end it. Packets
count as seen, not as scaled up."""

_SEEN: Final = " UNION ALL ".join(
    f"SELECT '{kind}' AS kind, sensor, flow_id, src, dst, dst_port, proto, ts FROM {kind} WHERE flow_id <> 0"
    for kind in KINDS
)
_ENDED: Final = """
    ended AS (SELECT DISTINCT sensor, flow_id, TRUE AS over FROM flow WHERE flow_id <> 0),
    newest AS (SELECT sensor, max(epoch_us(ts_end)) AS now_us FROM flow GROUP BY sensor)"""
_SHARE_SQL: Final = f"""
    WITH {_ENDED} SELECT kind, count(over) / count(*) AS share FROM ({_SEEN}) LEFT JOIN ended USING (sensor, flow_id)
    GROUP BY kind ORDER BY kind"""
_RULE_HOURS: Final = " ".join(f"WHEN {sid} THEN {hours}" for sid, hours in AGE_RULES.items())

OPEN_SQL: Final = f"""
    WITH {_ENDED},
    spoken AS (SELECT src, dst, dst_port, proto, flow_id, sensor, epoch_us(ts) AS at_us,
            CASE signature_id {_RULE_HOURS} END * {HOUR_US} AS age_us FROM alert
        WHERE signature_id IN ({", ".join(map(str, AGE_RULES))}) AND {_CROSSES}),
    begun AS (SELECT src, dst, dst_port, proto, flow_id, sensor, min(epoch_us(ts)) AS first_us, max(now_us) AS last_us
        FROM ({_SEEN}) JOIN newest USING (sensor) WHERE list_contains($kinds, kind) AND {_CROSSES}
        GROUP BY src, dst, dst_port, proto, flow_id, sensor
        UNION ALL SELECT src, dst, dst_port, proto, flow_id, sensor, min(at_us - age_us), max(at_us) FROM spoken
        GROUP BY src, dst, dst_port, proto, flow_id, sensor)
    SELECT src, dst, dst_port, proto, is_home(src) AS outward, TRUE AS still, first_us, last_us, 0::BIGINT AS bytes
    FROM begun LEFT JOIN ended USING (sensor, flow_id) WHERE over IS NULL AND last_us - first_us >= {HOUR_US}
    ORDER BY last_us - first_us DESC, first_us, src, dst, dst_port LIMIT $limit"""

PAIRS_SQL: Final = f"""
    SELECT count(*) FROM (SELECT DISTINCT src, dst, dst_port, proto FROM pair_hour WHERE {_CROSSES})"""


def open_kinds(window: Window) -> tuple[str, ...]:
    """The protocols whose flows mostly have a record: only there a missing one tells. ``alert`` speaks for itself."""
    ended = tuple(kind for kind, share in window.rows(_SHARE_SQL) if share >= ENDED_SHARE_MIN)
    return (*ended, "alert")
