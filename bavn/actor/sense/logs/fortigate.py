"""FortiGate's traffic log as key=value pairs: sessions at their end, with bytes and packets of both directions.

The lines of a session's beginning pass, as do those of other types. Source: Fortinet's FortiOS log reference.
"""

from typing import Final

from bavn.actor.sense.logs.flow_columns import COLUMNS, stage
from bavn.actor.sense.logs.format import LogFormat

_KEYS: Final = (
    "type",
    "action",
    "srcip",
    "srcport",
    "dstip",
    "dstport",
    "proto",
    "duration",
    "sentbyte",
    "rcvdbyte",
    "sentpkt",
    "rcvdpkt",
    "eventtime",
    "date",
    "time",
    "tz",
)
_VALUES: Final = ", ".join(f"value_of(message, '{key}') AS \"{key}\"" for key in _KEYS)
_EVENT_US: Final = """CASE length(eventtime) WHEN 19 THEN TRY_CAST(eventtime AS BIGINT) // 1000
  WHEN 16 THEN TRY_CAST(eventtime AS BIGINT) WHEN 13 THEN TRY_CAST(eventtime AS BIGINT) * 1000
  WHEN 10 THEN TRY_CAST(eventtime AS BIGINT) * 1000000 END"""
_SAID: Final = """epoch_us(TRY_CAST("date" || ' ' || "time" || tz AS TIMESTAMPTZ))"""
_READ: Final = f"""
    SELECT * EXCLUDE (proto), srcip AS a, dstip AS b, srcport AS a_port, dstport AS b_port,
      CASE "proto" WHEN '6' THEN 'tcp' WHEN '17' THEN 'udp' WHEN '1' THEN 'icmp' WHEN '58' THEN 'icmpv6'
        WHEN '132' THEN 'sctp' ELSE "proto" END AS proto,
      coalesce(in_reach({_EVENT_US}), in_reach({_SAID}), stamped) AS finished,
      coalesce(in_reach({_EVENT_US}), in_reach({_SAID}), stamped)
        - to_seconds(coalesce(TRY_CAST(duration AS UINTEGER), 0)::BIGINT) AS logged,
      coalesce(type = 'traffic' AND action IS DISTINCT FROM 'start', FALSE) AS kin
    FROM (SELECT n, stamped, {_VALUES} FROM mine)"""
_REFUSED: Final = """CASE WHEN action IN ('deny', 'ip-conn', 'blocked') THEN TRUE
  WHEN coalesce(rcvdpkt, rcvdbyte) = '0' THEN TRUE
  WHEN action = 'server-rst' AND rcvdpkt = '1' THEN TRUE ELSE FALSE END"""

FORTIGATE: Final = LogFormat(
    name="fortigate",
    tells="contains(message, ' type=') AND (contains(message, ' devid=') OR contains(message, ' logid='))",
    stage=stage(
        _READ,
        failed=_REFUSED,
        over="TRUE",
        ending="action",
        ended="finished",
        sent="count_of(sentbyte)",
        got="count_of(rcvdbyte)",
        pkts_sent="count_of(sentpkt)",
        pkts_got="count_of(rcvdpkt)",
    ),
    columns={"flow": COLUMNS},
    computes_community=True,
)
