"""BIND 9's logs of queries, responses (responselog) and RPZ rewrites, from its own files or through syslog.

A query is a row, a response or a rewrite is a row with its rcode. Source: the BIND 9 Administrator Reference Manual,
category queries, responses, rpz. A query that is logged as an error or as refused passes: it has its own query line.
"""

from typing import Final

from bavn.actor.sense.logs.dns_columns import COLUMNS, NO_ANSWERS
from bavn.actor.sense.logs.format import NOBODY, LogFormat, judged
from bavn.actor.sense.logs.head import extract

_SAID: Final = r"""
    ^(?: [a-z-]+:\  )? (?: info:\  )?                           # category and severity
    client\ (?: @0x[0-9a-fA-F]+\  )?                            # where the client is kept
    ([^\s#]+)\#([0-9]+)                                         # client and port
    (?: /key\ \S+ )? (?: \ \(\S*\) )?:\ (?: view\ \S+:\  )?     # its key, its name, the view
    (?: (query|response):\ (\S+)                                # what, and the name
        \ ([A-Za-z0-9-]+)\ ([A-Za-z0-9-]+)                      # class and type
        (?: \ ([A-Z]+[A-Z0-9]*) )?                              # rcode
        \ (\S*)                                                 # flags
        (?: .*\(([^()\s]+)\) )? .*                              # own address
      | (?: disabled\  )? (rpz)\ \S+                            # a rewrite
        \ (\S+)                                                 # policy
        \ rewrite\ (\S+)/([A-Za-z0-9-]+)/([A-Za-z0-9-]+)        # name, type and class that were asked for
        \ via\ .* ) $                                           # the rule that did
"""
_RCODES: Final = "CASE upper(s.policy) WHEN 'NXDOMAIN' THEN 'NXDOMAIN' WHEN 'NODATA' THEN 'NOERROR' END"

_STAGE: Final = f"""
WITH said AS (SELECT n, stamped AS logged, {
    extract("message", _SAID, "client port what name class type rcode flags own rpz policy rewritten rtype rclass")
} AS s FROM mine),
read AS (SELECT n, logged, s.client <> '' AS kin, s.client AS client, address_of(s.client) AS src,
    coalesce(port_of(s.port), 0) AS src_port, coalesce(address_of(filled(s.own)), {NOBODY}) AS dst, 53 AS dst_port,
    CASE WHEN s.flags = '' THEN NULL WHEN contains(s.flags, 'T') THEN 'tcp' ELSE 'udp' END AS transport,
    CASE WHEN s.rpz = '' THEN s.name WHEN strpos(s.rewritten, '/') > 0 THEN NULL ELSE s.rewritten END AS asked,
    CASE WHEN s.rpz = '' THEN s.type WHEN upper(s.rtype) IN ('IN', 'CH', 'HS') THEN s.rclass ELSE s.rtype END AS type,
    s.what <> 'query' AS answered, CASE WHEN s.rpz = '' THEN filled(s.rcode) ELSE {_RCODES} END AS rcode,
    {NO_ANSWERS} AS answers, CAST(NULL AS VARCHAR) AS community_id
  FROM said)
{judged("read", reasons="WHEN src IS NULL THEN 'address: ' || shown(client)", outcome="'dns'")}"""

BIND: Final = LogFormat(
    name="bind",
    tells="""
        coalesce(program IN ('named', 'queries', 'responses', 'rpz', 'client', 'query-errors', 'security'), FALSE)
        OR (line[3] = '-' AND line[7] = '-' AND line[12] = ' ')
        OR (contains(message, 'client ') AND regexp_matches(message,
          '^(?:[a-z-]+: )?(?:info: )?client (@0x[0-9a-f]+ )?' || '[0-9a-fA-F:.]+#[0-9]+'))""",
    stage=_STAGE,
    columns={"dns": COLUMNS},
)
