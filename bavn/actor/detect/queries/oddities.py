"""What is rare about each outside peer that an own host reached, in SQL: one row a peer, one column a sign.

Refuses to know how well known a peer is, or what a sign is worth.

A sign is rare against what this actor does itself where that can be told (a fingerprint or user agent that goes to this
peer alone, while others go to many), else against what the protocol is for (TLS on a port that is not TLS's).
"""

from typing import Final

from bavn.actor.detect.queries.peers import one_peer
from bavn.model.moment import MINUTE_US

TLS_PORTS: Final = (
    21,
    25,
    110,
    143,
    389,
    443,
    465,
    563,
    587,
    636,
    853,
    989,
    990,
    992,
    993,
    995,
    2525,
    3269,
    4190,
    4433,
    5061,
    5222,
    5223,
    5228,
    5269,
    8443,
    8883,
)
"""From the first byte, or after STARTTLS."""
HTTP_PORTS: Final = (80, 591, 631, 1900, 3128, 5357, 5985, 8000, 8008, 8080, 8081, 8888)
WEB_PORTS: Final = (53, 80, 123, 443, 853)
RAW_PORT_MIN: Final = 1024
PLAIN_PORTS: Final = (1194, 1723, 1883, 1935, 3306, 3389, 3478, 5060, 5222, 5223, 5228, 5432, 5938, 8443, 8883)
"""Above RAW_PORT_MIN, services that the registry knows and whose talk Suricata need not know."""
SOFTWARE_PEERS_MAX: Final = 1
POSTED_PEERS_MAX: Final = 2
"""A program that posts to bare addresses as its habit (a game, a measuring device) posts to more of them."""
MANY_PEERS_MIN: Final = 10
"""Only where so many peers were met may one be called the only one of its kind."""

RAW_PEERS_MAX: Final = 2
"""A program that finds its like (a game, file sharing) speaks its own protocol to more peers than that."""
DROP_PORTS: Final = (21, 25, 465, 587, 2525)
"""Where a file or a letter is left without asking one's own mail server."""
DROP_HOSTS_MAX, DROP_PEERS_MAX = 2, 3
"""More than that is a mail server, or an office whose mail goes this way."""
INSIDE_PORTS: Final = (88, 135, 139, 389, 445, 636, 1099, 1389, 1433, 3268, 5985)
"""Services of a network's inside: directory, file sharing, remote calls, databases. Nobody offers them to the world."""
MASK_PORTS: Final = (53, 80, 443)
"""Ports let through everywhere, so that what is not DNS, HTTP or TLS hides there."""
CURIOUS_US: Final = 10 * MINUTE_US
CURIOUS_PEERS_MAX: Final = 16
"""A thief asks for its address and calls one or two; where a page asked, a hundred others of its kind follow."""
PROGRAM_TYPES: Final = (
    "application/x-msdownload",
    "application/x-dosexec",
    "application/x-msdos-program",
    "application/x-executable",
    "application/x-msi",
    "application/vnd.microsoft.portable-executable",
    "application/x-sharedlib",
    "application/x-elf",
    "application/hta",
)
PROGRAM_NAMES: Final = "exe|dll|msi|scr|ps1|hta|vbs|bat|cpl"

BUNDLE_TYPES: Final = (
    "application/octet-stream",
    "application/x-rar-compressed",
    "application/x-7z-compressed",
    "application/zip",
    "application/x-zip-compressed",
)
BUNDLE_BYTES_MIN: Final = 50_000
OLD_AGENT: Final = "^Mozilla/[1-4]\\.|MSIE [1-8]\\.|Windows (?:NT 5|9[58])"
"""Browsers of before 2011, and what says to be one."""
OLD_PEERS_MAX: Final = 8
"""Where more peers than that are asked by one, old browsers are what is used here."""
EQUAL_CALLS_MIN: Final = 8
EQUAL_SIZES_MAX: Final = 3

SIGNS: Final = (
    "tls_port",
    "tls_nameless",
    "self_signed",
    "cert_other",
    "tls_software",
    "http_port",
    "bare_address",
    "post_alone",
    "agent",
    "agentless",
    "server",
    "program",
    "raw_port",
    "raw_alone",
    "lone_port",
    "masked",
    "drop",
    "inside_service",
    "curious",
    "post_first",
    "old_agent",
    "bundle",
    "equal_calls",
)

_OUT: Final = f"is_home(src) AND NOT is_home(dst) AND {one_peer('dst')}"


def _listed(ports: tuple[int, ...]) -> str:
    return "(" + ", ".join(map(str, ports)) + ")"


def _alone(column: str, table: str) -> str:
    """How many peers each value of a column goes to."""
    return f"""SELECT {column}, count(DISTINCT dst) AS peers FROM {table}
        WHERE {_OUT} AND {column} IS NOT NULL AND {column} <> '' GROUP BY {column}"""


_BARE: Final = "coalesce(regexp_full_match(host, '[0-9.]+|\\[?[0-9a-f:]*:[0-9a-f:.]*\\]?'), TRUE)"
_PATH: Final = "lower(regexp_extract(url, '^(?:[a-z]+://[^/]*)?([^?#]*)', 1))"
_PROGRAM: Final = f"""status BETWEEN 200 AND 206 AND (regexp_matches({_PATH}, '\\.(?:{PROGRAM_NAMES})$')
    OR lower(content_type) IN ({", ".join(f"'{kind}'" for kind in PROGRAM_TYPES)}))"""
_BUNDLE: Final = f"""status BETWEEN 200 AND 206 AND response_bytes >= {BUNDLE_BYTES_MIN}
    AND lower(content_type) IN ({", ".join(f"'{kind}'" for kind in BUNDLE_TYPES)})"""
_OLD: Final = f"regexp_matches(http.user_agent, '{OLD_AGENT}')"
_POSTED: Final = f"method = 'POST' AND status IS NOT NULL AND {_BARE}"

_REACHED: Final = f"{_OUT} AND answered > 0 AND proto IN ('tcp', 'udp')"
MET_SQL: Final = f"SELECT count(DISTINCT dst) FROM pair_hour WHERE {_REACHED}"
"""How many rows ``odd`` has."""

ODDITIES: Final = f"""
    met AS (SELECT dst, count(DISTINCT src) AS hosts, min(epoch_us(first_ts)) AS first_us,
        max(epoch_us(last_ts)) AS last_us, arg_min(src, (first_ts, src)) AS host,
        arg_min(dst_port, (first_ts, src, dst_port)) AS port FROM pair_hour
        WHERE {_REACHED} GROUP BY dst),
    ja AS ({_alone("ja3", "tls")}), ua AS ({_alone("user_agent", "http")}), soft AS ({_alone('"server"', "http")}),
    many AS (SELECT (SELECT count(DISTINCT dst) FROM tls WHERE {_OUT}) >= {MANY_PEERS_MIN} AS tls,
        (SELECT count(DISTINCT dst) FROM http WHERE {_OUT}) >= {MANY_PEERS_MIN} AS http,
        (SELECT count(DISTINCT dst) FROM http WHERE {_OUT} AND {_POSTED}) <= {POSTED_PEERS_MAX} AS posts,
        (SELECT count(DISTINCT dst) FROM http WHERE {_OUT} AND {_OLD}) <= {OLD_PEERS_MAX} AS olds),
    secure AS (SELECT dst, bool_and(dst_port NOT IN {_listed(TLS_PORTS)}) AS tls_port,
        bool_and(coalesce(sni, '') = '') AS tls_nameless,
        bool_or(coalesce(subject = issuerdn, FALSE)) AS self_signed,
        bool_or(coalesce(subject = issuerdn AND contains(sni, '.')
            AND NOT contains(lower(subject), string_split(sni, '.')[-2]), FALSE)) AS cert_other,
        max(CASE WHEN ja.peers <= {SOFTWARE_PEERS_MAX} THEN tls.ja3 END) AS ja3,
        max(CASE WHEN ja.peers <= {SOFTWARE_PEERS_MAX} THEN ja4 END) AS ja4,
        max(CASE WHEN subject = issuerdn THEN cert END) AS cert
        FROM tls LEFT JOIN ja ON tls.ja3 = ja.ja3 WHERE {_OUT} GROUP BY dst),
    plain AS (SELECT dst, bool_and(dst_port NOT IN {_listed(HTTP_PORTS)}) AS http_port,
        bool_and({_BARE}) AS bare_address, bool_or(coalesce({_POSTED}, FALSE)) AS posted,
        bool_or(coalesce(ua.peers <= {SOFTWARE_PEERS_MAX}, FALSE)) AS agent,
        bool_and(coalesce(http.user_agent, '') = '') AS agentless,
        bool_or(coalesce(soft.peers <= {SOFTWARE_PEERS_MAX}, FALSE)) AS "server",
        bool_or(coalesce({_PROGRAM}, FALSE)) AS program, bool_or(coalesce({_OLD}, FALSE)) AS old_agent,
        bool_or(coalesce({_BUNDLE}, FALSE)) AS bundle
        FROM http LEFT JOIN ua ON http.user_agent = ua.user_agent LEFT JOIN soft ON http."server" = soft."server"
        WHERE {_OUT} GROUP BY dst),
    called AS (SELECT src, dst, coalesce(host, dst::VARCHAR) AS "name", ts, method FROM http
        WHERE {_OUT} AND method IS NOT NULL),
    firsts AS (SELECT DISTINCT dst, TRUE AS post_first FROM called JOIN (SELECT src, "name" FROM called
        GROUP BY src, "name" HAVING arg_min(method, (ts, method)) = 'POST') USING (src, "name")),
    evens AS (SELECT DISTINCT dst, TRUE AS equal_calls FROM (SELECT src, dst FROM flow
        WHERE {_OUT} AND proto = 'tcp' AND failed IS NOT TRUE AND coalesce(app_proto, 'failed') = 'failed'
        GROUP BY src, dst, dst_port HAVING count(*) >= {EQUAL_CALLS_MIN}
            AND count(DISTINCT bytes_toserver) <= {EQUAL_SIZES_MAX})),
    doors AS (SELECT dst_port, count(DISTINCT dst) AS peers FROM pair_hour WHERE {_OUT} AND proto = 'tcp'
        AND answered > 0 GROUP BY dst_port),
    lone AS (SELECT dst, bool_and(peers <= {SOFTWARE_PEERS_MAX} AND dst_port NOT IN {_listed(WEB_PORTS)}) AS lone_port
        FROM pair_hour JOIN doors USING (dst_port) WHERE {_OUT} AND proto = 'tcp' AND answered > 0 GROUP BY dst),
    raw AS (SELECT dst, bool_and(dst_port >= {RAW_PORT_MIN} AND dst_port NOT IN {_listed(PLAIN_PORTS)}
            AND coalesce(app_proto, 'failed') = 'failed') AS raw_port
        FROM flow JOIN (SELECT DISTINCT sensor FROM flow WHERE app_proto IS NOT NULL) USING (sensor)
        WHERE {_OUT} AND proto = 'tcp' AND failed IS NOT TRUE AND pkts_toclient > 1 GROUP BY dst),
    unknown AS (SELECT dst, bool_or(dst_port IN {_listed(MASK_PORTS)} AND tcp_flags_ts & 10 = 10
            AND tcp_flags_tc & 8 = 8 AND coalesce(app_proto, 'failed') = 'failed') AS masked
        FROM flow JOIN (SELECT DISTINCT sensor FROM flow WHERE app_proto IS NOT NULL) USING (sensor)
        WHERE {_OUT} AND proto = 'tcp' AND failed IS NOT TRUE AND pkts_toclient > 3 GROUP BY dst),
    spoken AS (SELECT dst, bool_and(dst_port NOT IN {_listed(TLS_PORTS)}) FILTER (app_proto = 'tls') AS tls_port,
        bool_and(dst_port NOT IN {_listed(HTTP_PORTS)}) FILTER (app_proto = 'http') AS http_port FROM flow
        WHERE {_OUT} AND proto = 'tcp' AND failed IS NOT TRUE AND app_proto IN ('tls', 'http') GROUP BY dst),
    services AS (SELECT dst, bool_or(dst_port IN {_listed(DROP_PORTS)}) AS left_there,
        bool_or(dst_port IN {_listed(INSIDE_PORTS)}) AS inside_service
        FROM pair_hour WHERE {_REACHED} AND proto = 'tcp' GROUP BY dst),
    droppers AS (SELECT count(DISTINCT src) <= {DROP_HOSTS_MAX} AND count(DISTINCT dst) <= {DROP_PEERS_MAX} AS few
        FROM pair_hour WHERE {_REACHED} AND proto = 'tcp' AND dst_port IN {_listed(DROP_PORTS)}),
    asked AS (SELECT src, epoch_us(first_ts) AS from_us, epoch_us(last_ts) + {CURIOUS_US} AS to_us
        FROM name_hour JOIN tellers USING ("name") WHERE is_home(src)),
    asker AS (SELECT dst, TRUE AS curious FROM (SELECT DISTINCT met.dst, met.host FROM met JOIN asked
        ON asked.src = met.host AND met.first_us BETWEEN from_us AND to_us)
        QUALIFY count(*) OVER (PARTITION BY host) <= {CURIOUS_PEERS_MAX}),
    raws AS (SELECT count(*) <= {RAW_PEERS_MAX} AS few FROM raw JOIN met USING (dst)
        WHERE raw_port AND dst NOT IN (SELECT dst FROM secure) AND dst NOT IN (SELECT dst FROM plain)),
    odd AS (SELECT met.*, coalesce(secure.tls_port, spoken.tls_port, FALSE) AS tls_port,
        coalesce(tls_nameless, FALSE) AS tls_nameless,
        coalesce(self_signed, FALSE) AS self_signed, coalesce(cert_other, FALSE) AS cert_other,
        many.tls AND ja3 IS NOT NULL AS tls_software,
        coalesce(plain.http_port, spoken.http_port, FALSE) AS http_port, coalesce(bare_address, FALSE) AS bare_address,
        many.posts AND coalesce(bare_address AND posted, FALSE) AS post_alone,
        many.http AND coalesce(agent, FALSE) AS agent, coalesce(agentless, FALSE) AS agentless,
        many.http AND coalesce("server", FALSE) AS "server", coalesce(program, FALSE) AS program,
        coalesce(raw_port AND secure.dst IS NULL AND plain.dst IS NULL, FALSE) AS raw_port,
        raws.few AND coalesce(raw_port AND secure.dst IS NULL AND plain.dst IS NULL, FALSE) AS raw_alone,
        coalesce(lone_port AND NOT left_there AND NOT inside_service, FALSE) AS lone_port,
        coalesce(masked AND secure.dst IS NULL AND plain.dst IS NULL, FALSE) AS masked,
        droppers.few AND coalesce(left_there, FALSE) AS "drop",
        coalesce(inside_service, FALSE) AS inside_service, coalesce(curious, FALSE) AS curious,
        coalesce(post_first AND (many.posts OR NOT bare_address), FALSE) AS post_first,
        many.olds AND coalesce(old_agent, FALSE) AS old_agent,
        coalesce(bundle AND NOT program, FALSE) AS bundle,
        coalesce(equal_calls AND secure.dst IS NULL AND plain.dst IS NULL, FALSE) AS equal_calls,
        secure.dst IS NOT NULL OR spoken.tls_port IS NOT NULL AS tls,
        CASE WHEN many.tls THEN ja3 END AS ja3, CASE WHEN many.tls THEN ja4 END AS ja4, cert
        FROM met LEFT JOIN secure USING (dst) LEFT JOIN plain USING (dst) LEFT JOIN raw USING (dst)
            LEFT JOIN lone USING (dst) LEFT JOIN unknown USING (dst) LEFT JOIN services USING (dst)
            LEFT JOIN spoken USING (dst)
            LEFT JOIN asker USING (dst) LEFT JOIN firsts USING (dst) LEFT JOIN evens USING (dst)
            CROSS JOIN many CROSS JOIN droppers CROSS JOIN raws)"""
"""WITH parts over the window and ``tellers`` (names that tell a host its own outside address);
``odd`` has dst, hosts, first_us, last_us, host (the first to call), port, one BOOLEAN for each of SIGNS,
tls (whether it was spoken), and the ja3, ja4 and cert that are rare."""
