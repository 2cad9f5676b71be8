"""dnsmasq's log-queries, plain or extra: a query is a row, and all lines of its answer are one row more.

Only the extra form says which query an answer belongs to. In the plain one it is the last client that asked for the
name; two who ask for the same name at once are told apart no further. Lines that only complete an answer pass, as does
what dnsmasq says of itself. Source: dnsmasq(8), --log-queries; log_query in src/cache.c.
"""

from typing import Final

from bavn.actor.sense.logs.dns_columns import COLUMNS
from bavn.actor.sense.logs.format import NOBODY, LogFormat, judged
from bavn.actor.sense.logs.head import extract

ASKED_MAX: Final = 50_000
"""Queries remembered for the answers that come later."""

_SAID: Final = r"""
    ^(?: ([0-9]+)\ ([0-9a-fA-F:.]+)/([0-9]+)\  )?               # extra form: serial, peer and port
    (?: query\[([A-Za-z0-9=-]+)\]\ (\S*)\ from\ (\S+)           # a query: type, name and client
      | (reply|cached|cached-stale|config|/\S+|DHCP|validation|gravity\s\S+)   # an answer: where it is from
        \ (\S+)\ is\ (.+) ) $                                   # name and value
"""
_RCODES: Final = """CASE WHEN starts_with(first, 'NXDOMAIN') THEN 'NXDOMAIN'
    WHEN first IN ('SERVFAIL', 'REFUSED', 'NOTIMP') THEN first ELSE 'NOERROR' END"""

_DEFINITIONS: Final = """
CREATE OR REPLACE TEMP TABLE dnsmasq_asked (source VARCHAR, host VARCHAR, key VARCHAR, age BIGINT, src UUID,
  src_port USMALLINT, asked VARCHAR, type VARCHAR);
CREATE OR REPLACE TEMP SEQUENCE dnsmasq_age;
"""
_KEEP: Final = (
    """INSERT INTO dnsmasq_asked SELECT $source, host, key, nextval('dnsmasq_age'), src, src_port, asked, type
       FROM (SELECT * FROM stage WHERE outcome = 'dns' AND NOT answered ORDER BY n)""",
    f"DELETE FROM dnsmasq_asked WHERE age <= (SELECT max(age) - {ASKED_MAX} FROM dnsmasq_asked)",
)
_MADE: Final = "regexp_matches(value, '^(NXDOMAIN|NODATA|SERVFAIL|REFUSED|NOTIMP|<CNAME>|NOERROR|<HTTPS>|<SVCB>)')"

# An answer's lines follow one another: the same name, or the name that a <CNAME> before them led to. In the extra form
# its number tells. ``head``: the number of the line that the answer begins with.
_STAGE: Final = f"""
WITH said AS (SELECT n, stamped AS logged, coalesce(host, '') AS host,
    {extract("message", _SAID, "serial peer port type asked client origin name value")} AS s FROM mine),
lines_said AS (SELECT n, logged, host, s.client AS client, s.type AS qtype, lower(s.asked) AS qname, s.port AS port,
    s.origin <> '' AND s.origin <> 'validation' AS answer, lower(s.name) AS name, s.value AS value, s.serial AS serial
  FROM said),
chained AS (SELECT *, lag(name) OVER w AS before, lag(value) OVER w AS led, lag(answer) OVER w AS was,
    lag(serial) OVER w AS last_serial
  FROM lines_said WINDOW w AS (PARTITION BY host ORDER BY n)),
begun AS (SELECT *, answer AND NOT coalesce(was AND CASE WHEN serial <> '' THEN serial = last_serial
    ELSE name = before OR led = '<CNAME>' END, FALSE) AS begins FROM chained),
grouped AS (SELECT *, CASE WHEN answer THEN max(CASE WHEN begins THEN n END) OVER (PARTITION BY host ORDER BY n
    ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) END AS head FROM begun),
answers AS (SELECT head, list(value ORDER BY n) FILTER (NOT {_MADE}) AS answers,
    coalesce(arg_max(value, n), '') AS first FROM grouped WHERE head IS NOT NULL GROUP BY head),
-- Who asked: in this part of the log, else in what is remembered.
asks AS (SELECT host, CASE WHEN serial <> '' THEN serial ELSE qname END AS key, n, address_of(client) AS src,
    port_of(filled(port)) AS src_port, qname AS asked, qtype AS type FROM lines_said WHERE client <> ''
  UNION ALL SELECT host, key, age - 1000000000000, src, src_port, asked, type FROM dnsmasq_asked
    WHERE source = $source),
heads AS (SELECT n, host, CASE WHEN serial <> '' THEN serial ELSE name END AS key FROM grouped WHERE begins),
told AS (SELECT heads.n, asks.src, asks.src_port, asks.asked, asks.type
  FROM heads ASOF JOIN asks ON heads.host = asks.host AND heads.key = asks.key AND heads.n >= asks.n),
read AS (SELECT g.n, g.logged, g.host, CASE WHEN g.serial <> '' THEN g.serial ELSE g.qname END AS key,
    g.client <> '' OR told.n IS NOT NULL AS kin, g.client AS client,
    CASE WHEN g.client <> '' THEN address_of(g.client) ELSE told.src END AS src,
    coalesce(CASE WHEN g.client <> '' THEN port_of(filled(g.port)) ELSE told.src_port END, 0) AS src_port,
    {NOBODY} AS dst, 53 AS dst_port, CAST(NULL AS VARCHAR) AS transport, g.client = '' AS answered,
    CASE WHEN g.client <> '' THEN g.qname ELSE told.asked END AS asked,
    CASE WHEN g.client <> '' THEN g.qtype ELSE told.type END AS type,
    CASE WHEN g.client = '' THEN {_RCODES} END AS rcode,
    CASE WHEN g.client = '' THEN coalesce(a.answers, CAST([] AS VARCHAR[])) END AS answers,
    CAST(NULL AS VARCHAR) AS community_id
  FROM grouped g LEFT JOIN told ON told.n = g.n LEFT JOIN answers a ON a.head = g.n)
{judged("read", reasons="WHEN src IS NULL THEN 'address: ' || shown(client)", outcome="'dns'")}"""

DNSMASQ: Final = LogFormat(
    name="dnsmasq",
    tells="coalesce(program = 'dnsmasq', FALSE)",
    stage=_STAGE,
    columns={"dns": COLUMNS},
    keeps=_KEEP,
    definitions=_DEFINITIONS,
)
