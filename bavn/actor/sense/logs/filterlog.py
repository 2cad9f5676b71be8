"""pf's filterlog as pfSense and OPNsense send it: one packet a line, comma-separated, with its verdict.

Source: pfSense's and OPNsense's descriptions of the raw filter log format.
"""

from typing import Final

from bavn.actor.sense.logs.flow_columns import COLUMNS, stage
from bavn.actor.sense.logs.format import LogFormat

# Where the address family's own fields end, the rest is alike: length, source, destination, ports.
_V6: Final = "f[9] = '6'"
_READ: Final = f"""
    SELECT n, stamped AS logged, TRUE AS kin, f[7] AS action, CASE WHEN {_V6} THEN f[13] ELSE f[17] END AS proto_said,
      CASE lower(proto_said) WHEN 'options' THEN '0' WHEN 'icmp6' THEN 'icmpv6' ELSE proto_said END AS proto,
      CASE WHEN {_V6} THEN f[15] ELSE f[18] END AS length,
      CASE WHEN {_V6} THEN f[16] ELSE f[19] END AS a, CASE WHEN {_V6} THEN f[17] ELSE f[20] END AS b,
      CASE WHEN {_V6} THEN f[18] ELSE f[21] END AS a_port, CASE WHEN {_V6} THEN f[19] ELSE f[22] END AS b_port,
      CASE WHEN {_V6} THEN f[21] ELSE f[24] END AS flags
    FROM (SELECT n, stamped, string_split(message, ',') AS f FROM mine)"""

FILTERLOG: Final = LogFormat(
    name="filterlog",
    tells="coalesce(program = 'filterlog', FALSE) OR regexp_matches(message,"
    " '^[0-9]*,[^,]*,[^,]*,[^,]*,[^,]*,[a-z-]+,(pass|block|reject),(in|out),[46],')",
    stage=stage(
        _READ,
        back="(transport <> 'tcp' OR flags <> 'S') AND called_back(a_number, b_number)",
        failed="CASE WHEN action IN ('block', 'reject') THEN TRUE END",
        sent="CASE WHEN NOT back THEN count_of(length) END",
        got="CASE WHEN back THEN count_of(length) END",
        pkts_sent="CASE WHEN NOT back THEN 1 END",
        pkts_got="CASE WHEN back THEN 1 END",
    ),
    columns={"flow": COLUMNS},
    computes_community=True,
)
