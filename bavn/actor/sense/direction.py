"""Which side opened a connection, where a log began in the middle of one. SQL macros.

A record's ``src`` is the side that opened. A sensor that saw no SYN takes the first packet's sender for it, which is
wrong half of the time. A well-known service port on one side only, and a port of clients' on the other, tells. Not
told apart: a client that connects from a service port to a high port, seen from the middle only.
"""

from typing import Final

SERVICE_PORTS: Final = (
    21,
    22,
    23,
    25,
    53,
    80,
    88,
    110,
    111,
    119,
    123,
    135,
    139,
    143,
    389,
    443,
    445,
    464,
    465,
    502,
    514,
    554,
    587,
    593,
    631,
    636,
    853,
    873,
    989,
    990,
    993,
    995,
    1433,
    1521,
    1883,
    2049,
    2404,
    2575,
    3128,
    3268,
    3269,
    3306,
    3389,
    5060,
    5061,
    5432,
    5985,
    5986,
    6379,
    8000,
    8080,
    8443,
    8883,
    9200,
    11112,
    27017,
    44818,
    47808,
)
CLIENT_PORT_MIN: Final = 1024

_LISTED = ", ".join(str(port) for port in SERVICE_PORTS)
_SYN = 2

# A flow whose opening was seen is never turned; one without any answer (a scan from port 53, say) neither.
# tcp_failed: no answer, or a refusal. Flags: 2 SYN, 4 RST, 16 ACK; "tc" is the side that was called. All that a
# refusing side sends is RST (with or without ACK). Without SYN or ACK from the caller it is a probe (FIN, NULL, XMAS).
# unanswered: no packet came back, or only another machine's word that it could not be delivered.
MACROS: Final = f"""
CREATE OR REPLACE MACRO called_back(src_port, dst_port) AS CASE
  WHEN dst_port >= {CLIENT_PORT_MIN} AND src_port <= {max(SERVICE_PORTS)}
  THEN src_port IN ({_LISTED}) AND dst_port NOT IN ({_LISTED}) ELSE FALSE END;
CREATE OR REPLACE MACRO flow_called_back(proto, src_port, dst_port, flags_ts, flags_tc, pkts_tc) AS
  CASE WHEN CASE proto WHEN 'tcp' THEN (flags_ts | flags_tc) & {_SYN} = 0 ELSE pkts_tc > 0 END
  THEN called_back(src_port, dst_port) ELSE FALSE END;
CREATE OR REPLACE MACRO tcp_failed(flags_ts, flags_tc, pkts_tc) AS CASE
  WHEN flags_ts IS NULL OR flags_tc IS NULL THEN pkts_tc = 0
  WHEN flags_ts & {_SYN} <> 0 THEN flags_tc & {_SYN} = 0
  WHEN flags_tc IN (4, 20) THEN TRUE
  WHEN flags_ts & 16 = 0 THEN flags_tc & 16 = 0
  ELSE FALSE END;
CREATE OR REPLACE MACRO flow_failed(proto, dst, flags_ts, flags_tc, pkts_tc, unanswered, kind) AS CASE proto
  WHEN 'tcp' THEN tcp_failed(flags_ts, flags_tc, pkts_tc)
  WHEN 'udp' THEN unanswered AND NOT is_many(dst)
  WHEN 'icmp' THEN coalesce(kind = 8, FALSE) AND unanswered AND NOT is_many(dst)
  WHEN 'ipv6-icmp' THEN coalesce(kind = 128, FALSE) AND unanswered AND NOT is_many(dst)
  ELSE FALSE END;
"""
