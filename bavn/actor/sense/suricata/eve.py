"""Suricata's EVE lines -> records: one pass of DuckDB's JSON reader over a segment, then one SELECT per record type.

A line that is no JSON, or lacks what its type must have, is one refusal; types that no table holds pass. Refuses to
know where the lines came from, and what a record means.
"""

from dataclasses import dataclass
from functools import cache
from typing import Final

from bavn.actor.formats.lines import Segment, line_column
from bavn.actor.sense.engine import Engine
from bavn.actor.sense.parsed import Parsed
from bavn.actor.sense.reader import CARE, Grammar, read
from bavn.actor.sense.suricata.eve_columns import COLUMNS, SOURCES
from bavn.actor.sense.suricata.eve_schema import HEAD

_PROBES: Final = {
    "flow": "flow.start",
    "dns": "dns.type",
    "tls": "tls.sni",
    "quic": "quic.sni",
    "http": "http.url",
    "http2": "http.url",
    "smb": "smb.id",
    "dcerpc": "dcerpc.call_id",
    "ssh": "ssh.client",
    "rdp": "rdp.tx_id",
    "krb5": "krb5.msg_type",
    "fileinfo": "fileinfo.state",
    "alert": "alert.signature_id",
    "dhcp": "dhcp.type",
    "stats": "stats.uptime",
}
"""A field of each kind's object. Where it is NULL, the object itself is looked at: there may be none, or a text."""

_KEPT = ", ".join(f"'{kind}'" for kind in _PROBES)

# A CASE looks only at the lines that come to it: the second reading is for the few without the probed field.
_SHAPELESS = (
    "CASE kind "
    + " ".join(
        f"""WHEN '{kind}' THEN CASE
        WHEN {probe} IS NULL THEN json_type(line, '$.{probe.split(".")[0]}') IS DISTINCT FROM 'OBJECT'
        ELSE FALSE END"""
        for kind, probe in _PROBES.items()
    )
    + " ELSE FALSE END"
)

_REASON = f"""CASE
  WHEN kind IS NULL THEN CASE WHEN json_valid(line) THEN 'no event_type' ELSE 'no JSON' END
  WHEN NOT regexp_full_match(kind, '[a-z0-9_]{{1,32}}') THEN 'event_type: ' || shown(kind)
  WHEN logged IS NULL THEN 'timestamp: ' || shown(timestamp)
  WHEN kind NOT IN ({_KEPT}) THEN NULL
  WHEN {_SHAPELESS} THEN kind || ': no such object'
  WHEN kind = 'stats' THEN NULL
  WHEN a IS NULL THEN 'src_ip: ' || shown(src_ip)
  WHEN b IS NULL THEN 'dest_ip: ' || shown(dest_ip)
  WHEN transport IS NULL THEN 'proto: ' || shown(proto)
  WHEN has_ports(transport) AND a_port IS NULL THEN 'src_port: ' || shown(src_port)
  WHEN has_ports(transport) AND b_port IS NULL THEN 'dest_port: ' || shown(dest_port)
  WHEN kind = 'flow' AND begun IS NULL THEN 'flow.start: ' || shown(flow.start)
  WHEN kind = 'flow' AND pkts_ts IS NULL THEN 'flow.pkts_toserver: ' || shown(flow.pkts_toserver)
  WHEN kind = 'flow' AND pkts_tc IS NULL THEN 'flow.pkts_toclient: ' || shown(flow.pkts_toclient)
  WHEN kind = 'flow' AND bytes_ts IS NULL THEN 'flow.bytes_toserver: ' || shown(flow.bytes_toserver)
  WHEN kind = 'flow' AND bytes_tc IS NULL THEN 'flow.bytes_toclient: ' || shown(flow.bytes_toclient)
  WHEN kind = 'alert' AND count_of(alert.signature_id) IS NULL THEN
    'alert.signature_id: ' || shown(alert.signature_id)
END"""

_OUTCOME = f"""CASE
  WHEN kind IS NULL AND regexp_full_match(line, '\\s*') THEN ''
  WHEN reason IS NOT NULL THEN NULL
  WHEN kind NOT IN ({_KEPT}) THEN ''
  WHEN kind = 'http2' THEN 'http'
  WHEN kind = 'quic' THEN CASE WHEN coalesce(quic.sni, quic.ja4, quic.ja3.hash) IS NULL THEN '' ELSE 'tls' END
  WHEN kind = 'smb' AND smb.dcerpc IS NOT NULL THEN 'dcerpc'
  ELSE kind END"""

STAGE = f"""
WITH
read AS (SELECT n, line, unnest({CARE[0]}from_json(line, '{HEAD}'){CARE[1]}) FROM lines),
split AS (SELECT *, string_split(src_ip, '.') AS a_parts, string_split(dest_ip, '.') AS b_parts FROM read),
typed AS (
  SELECT *, event_type AS kind, moment_of(timestamp) AS logged,
    address_split(src_ip, a_parts) AS a, address_split(dest_ip, b_parts) AS b,
    port_of(src_port) AS a_port, port_of(dest_port) AS b_port, proto_of(proto) AS transport,
    CASE WHEN kind = 'flow' THEN moment_of(flow.start) END AS begun,
    CASE WHEN kind = 'flow' THEN moment_of(flow."end") END AS ended,
    CASE WHEN kind = 'flow' THEN count_of(flow.pkts_toserver) END AS pkts_ts,
    CASE WHEN kind = 'flow' THEN count_of(flow.pkts_toclient) END AS pkts_tc,
    CASE WHEN kind = 'flow' THEN count_of(flow.bytes_toserver) END AS bytes_ts,
    CASE WHEN kind = 'flow' THEN count_of(flow.bytes_toclient) END AS bytes_tc,
    flags_of(tcp.tcp_flags_ts) AS flags_ts, flags_of(tcp.tcp_flags_tc) AS flags_tc
  FROM split),
judged AS (SELECT *, {_REASON} AS reason FROM typed),
aimed AS (SELECT *, {_OUTCOME} AS outcome, CASE kind
    WHEN 'flow' THEN flow_called_back(transport, a_port, b_port, flags_ts, flags_tc, pkts_tc)
    WHEN 'alert' THEN CASE WHEN flow.src_ip IS NOT NULL THEN coalesce(flow.src_ip = dest_ip
        AND (src_ip <> dest_ip OR flow.src_port = dest_port), FALSE) ELSE coalesce(direction = 'to_client', FALSE) END
    WHEN 'dhcp' THEN FALSE
    ELSE called_back(a_port, b_port) END AS back
  FROM judged)
SELECT n, outcome, reason, kind, logged, transport, flow_id, community_id, app_proto, icmp_type, icmp_code,
  begun, ended, pkts_ts, pkts_tc, bytes_ts, bytes_tc, flags_ts, flags_tc, a, b, a_port, b_port, back,
  CASE WHEN outcome = 'flow' THEN flow.state END AS state, CASE WHEN outcome = 'flow' THEN flow.reason END AS ending,
  coalesce(pkt_src = 'stream (flow timeout)', FALSE) AS late,
  CASE WHEN back THEN b ELSE a END AS src, CASE WHEN back THEN a ELSE b END AS dst,
  coalesce(CASE WHEN back THEN b_port ELSE a_port END, 0) AS src_port,
  coalesce(CASE WHEN back THEN a_port ELSE b_port END, 0) AS dst_port,
  CASE WHEN outcome NOT IN ('flow', '') THEN line END AS line
FROM aimed"""


# What Suricata finds only when it gives up a flow bears the time of giving up, which is chance: it was seen at the
# flow's last packet at the latest. Its flow's own line follows within moments.
_AS_SEEN = """
UPDATE stage SET logged = f.ended FROM (
  SELECT flow_id, max(ended) AS ended FROM stage WHERE outcome = 'flow' GROUP BY flow_id) f
WHERE late AND stage.flow_id = f.flow_id AND f.ended < logged"""


@cache
def grammar(sensor: str) -> Grammar:
    """How EVE lines of one sensor are read."""
    return Grammar(STAGE, columns_of(sensor), SOURCES, keeps=(_AS_SEEN,))


def columns_of(sensor: str) -> dict[str, dict[str, str]]:
    """EVE's columns with the sensor's name in each."""
    named = "'" + sensor.replace("'", "''") + "'"
    return {record: {**listed, "sensor": named} for record, listed in COLUMNS.items()}


@dataclass(frozen=True, slots=True)
class EveParser:
    """Reads segments of EVE lines of one sensor with a prepared engine (prepare.prepared)."""

    engine: Engine
    sensor: str

    def parse(self, segment: Segment) -> Parsed:
        """Every line's outcome. Pure apart from the engine's scratch tables."""
        return read(self.engine, grammar(self.sensor), line_column(segment))
