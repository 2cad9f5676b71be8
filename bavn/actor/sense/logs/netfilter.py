"""Linux' kernel LOG lines: iptables, nftables, and what builds on them (UFW, firewalld, Shorewall, OpenWrt).

One line is one packet; the verdict is known only where the rule's prefix says it (DROP, REJECT, BLOCK, DENY). A packet
that a client's SYN did not begin is turned by its service port. Source: the kernel's nf_log_syslog.
"""

from typing import Final

from bavn.actor.sense.logs.flow_columns import COLUMNS, stage, verdict
from bavn.actor.sense.logs.format import LogFormat
from bavn.actor.sense.logs.head import extract

_LINE: Final = r"""
    ^(?: \[\ *[0-9]+\.[0-9]+\]\  )?                             # seconds since the kernel began
    (.*?)                                                       # prefix
    IN=(\S*)\ OUT=(\S*)\                                        # into and out
    (?: .*?\  )? SRC=(\S+)\ DST=(\S+)\                          # src and dst
    (?: .*?\  )?? LEN=([0-9]+)                                  # length
    \ .*?PROTO=(\S+)                                            # proto
    (?: \ SPT=([0-9]+)\ DPT=([0-9]+) )?                         # ports of both sides
    (?: \ TYPE=([0-9]+)\ CODE=([0-9]+) )?                       # kind and code of ICMP
    (\ .*)? $                                                   # rest
"""
_NAMES: Final = "prefix into out src dst length proto sport dport kind code rest"
_READ: Final = f"""
    SELECT n, stamped AS logged, s.src <> '' AS kin, s.src AS a, s.dst AS b, filled(s.sport) AS a_port,
      filled(s.dport) AS b_port, s.proto AS proto, s.prefix AS prefix, s.rest AS rest, s.length AS length,
      s.kind AS kind, s.code AS code
    FROM (SELECT n, stamped, {extract("message", _LINE, _NAMES)} AS s
      FROM mine)"""

NETFILTER: Final = LogFormat(
    name="netfilter",
    tells="""coalesce(program = 'kernel', FALSE)
        OR contains(message, 'IN=') AND contains(message, ' OUT=') AND contains(message, ' SRC=')""",
    stage=stage(
        _READ,
        back="""(transport <> 'tcp' OR NOT contains(rest, ' SYN ') OR contains(rest, ' ACK '))
            AND called_back(a_number, b_number)""",
        failed=verdict("prefix"),
        sent="CASE WHEN back THEN NULL ELSE count_of(length) END",
        got="CASE WHEN back THEN count_of(length) END",
        pkts_sent="CASE WHEN NOT back THEN 1 END",
        pkts_got="CASE WHEN back THEN 1 END",
        icmp_type="TRY_CAST(filled(kind) AS UTINYINT)",
        icmp_code="TRY_CAST(filled(code) AS UTINYINT)",
    ),
    columns={"flow": COLUMNS},
    computes_community=True,
)
