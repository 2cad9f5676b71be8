"""unbound's log: log-queries, log-replies, log-local-actions and rpz-log, with log-tag-queryreply or without.

A query is a row; a reply is a row with its rcode; what a local zone or an RPZ answered is a row with the rcode that its
action gives. Everything else that unbound says passes. Source: unbound.conf(5), util/net_help.c's log_nametypeclass.
"""

from typing import Final

from bavn.actor.sense.logs.dns_columns import COLUMNS, NO_ANSWERS
from bavn.actor.sense.logs.format import NOBODY, LogFormat, judged
from bavn.actor.sense.logs.head import extract

_LEVEL: Final = r"""
    ^(?: unbound(?:\[[0-9:]+\])?:?\  )?                         # program, where it is in the line
    (?: \[[0-9:]+\]\  )?                                        # process and thread
    (?:info|query|reply) (?:\[[^\]]*\])?:                       # level, and the tags of the client
    \ (.*) $                                                    # said
"""
_SAID: Final = r"""
    ^([0-9a-fA-F:.]+)                                           # client
    \ (\S+)\ ([A-Za-z0-9-]+)\ ([A-Za-z0-9-]+)                   # name, type and class
    (?: \ ([A-Z]+[A-Z0-9]*)                                     # a reply: rcode
        \ ([0-9.]+)\ ([01])\ ([0-9]+)                           # took, cached and size
        (?: \ on\ (udp|tcp|ssl|https|quic|\S+)                  # via
            \ (\S+)\ ([0-9]+) )?                                # dst and port
        .* )? $
"""
_ACTED: Final = r"""
    ^(?: rpz:\ applied\  )? (?: \[[^\]]*\]\  )?                 # an RPZ, and its name
    (\S+)                                                       # zone
    \ (\S+)                                                     # action
    \ ([0-9a-fA-F:.]+)@([0-9]+)                                 # client and port
    \ (\S+)\ ([A-Za-z0-9-]+)\ ([A-Za-z0-9-]+) $                 # name, type and class
"""

_NAMES: Final = "client name type class rcode took cached size via dst port"

_STAGE: Final = f"""
WITH levelled AS (SELECT n, stamped AS logged, {extract("message", _LEVEL, "said")}.said AS said FROM mine),
told AS (SELECT *, {extract("said", _SAID, _NAMES)} AS s FROM levelled),
acted AS (SELECT *, CASE WHEN s.client = '' AND contains(said, '@')
    THEN {extract("said", _ACTED, "zone action client port name type class")} END AS d FROM told),
read AS (SELECT n, logged, s.client <> '' OR coalesce(d.client <> '', FALSE) AS kin,
    CASE WHEN s.client <> '' THEN s.client ELSE d.client END AS client,
    address_of(CASE WHEN s.client <> '' THEN s.client ELSE d.client END) AS src,
    coalesce(port_of(d.port), 0) AS src_port, coalesce(address_of(filled(s.dst)), {NOBODY}) AS dst,
    coalesce(port_of(s.port), 53) AS dst_port,
    CASE WHEN s.via = 'udp' THEN 'udp' WHEN s.via IN ('tcp', 'ssl', 'https') THEN 'tcp' END AS transport,
    CASE WHEN s.client <> '' THEN s.name ELSE d.name END AS asked,
    CASE WHEN s.client <> '' THEN s.type ELSE d.type END AS type,
    s.rcode <> '' OR coalesce(d.client <> '', FALSE) AS answered,
    CASE WHEN s.rcode <> '' THEN s.rcode
      WHEN contains(d.action, 'nxdomain') THEN 'NXDOMAIN'
      WHEN contains(d.action, 'refuse') THEN 'REFUSED'
      WHEN contains(d.action, 'nodata') THEN 'NOERROR' END AS rcode,
    {NO_ANSWERS} AS answers, CAST(NULL AS VARCHAR) AS community_id
  FROM acted)
{judged("read", reasons="WHEN src IS NULL THEN 'address: ' || shown(client)", outcome="'dns'")}"""

UNBOUND: Final = LogFormat(
    name="unbound",
    tells="coalesce(program = 'unbound', FALSE) OR starts_with(message, 'unbound[')",
    stage=_STAGE,
    columns={"dns": COLUMNS},
)
