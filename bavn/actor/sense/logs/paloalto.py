"""Palo Alto Networks' TRAFFIC log as comma-separated values: sessions at their end, with bytes and packets both ways.

Its times have no zone: they are in ``log_time_zone``. The lines of a session's beginning pass, as do other types.
Source: Palo Alto Networks' PAN-OS traffic log fields.
"""

from typing import Final

from bavn.actor.sense.logs.flow_columns import COLUMNS, stage
from bavn.actor.sense.logs.format import LogFormat

_READ: Final = """
    SELECT n, f[5] AS subtype, f[8] AS a, f[9] AS b, f[25] AS a_port, f[26] AS b_port, f[30] AS proto, f[31] AS action,
      f[15] AS app_said, f[33] AS bytes_sent, f[34] AS bytes_got, f[46] AS packets_got, f[45] AS packets_sent,
      f[47] AS ended_by, f[4] = 'TRAFFIC' AND f[5] <> 'start' AS kin,
      coalesce(pan_moment(f[36], $zone), pan_moment(f[7], $zone), stamped) AS logged,
      coalesce(TRY_CAST(f[37] AS UINTEGER), 0)::BIGINT AS lasted_s
    FROM (SELECT n, stamped, string_split(
        CASE WHEN contains(csv, '"') THEN regexp_replace(csv, '"[^"]*"', 'quoted', 'g')
      ELSE csv END, ',') AS f
      FROM (SELECT n, stamped, regexp_replace(message, '^\\S+ ', '') AS csv FROM (
        SELECT n, stamped, CASE WHEN regexp_matches(message, '^[0-9]*,')
          THEN '- ' || message ELSE message END AS message
        FROM mine)))"""

PALOALTO: Final = LogFormat(
    name="paloalto",
    tells="contains(message, ',TRAFFIC,') OR contains(message, ',THREAT,')",
    stage=stage(
        _READ,
        failed="""CASE
            WHEN subtype IN ('drop', 'deny')
              OR action IN ('deny', 'drop', 'drop-icmp', 'reset-client', 'reset-server', 'reset-both') THEN TRUE
            ELSE coalesce(packets_got, bytes_got) = '0' END""",
        over="TRUE",
        ending="filled(ended_by)",
        ended="logged + to_seconds(lasted_s)",
        app="CASE app_said WHEN 'ssl' THEN 'tls' WHEN 'web-browsing' THEN 'http' WHEN 'dns' THEN 'dns' END",
        sent="count_of(bytes_sent)",
        got="count_of(bytes_got)",
        pkts_sent="count_of(packets_sent)",
        pkts_got="count_of(packets_got)",
    ),
    columns={"flow": COLUMNS},
    definitions="""CREATE OR REPLACE MACRO pan_moment(x, zone) AS
      in_reach(local_us(try_strptime(x, '%Y/%m/%d %H:%M:%S'), zone));""",
    computes_community=True,
)
