"""Cisco ASA and FTD: connections at their end (302014, 302016, 302021), and what was denied (106001, 106006, 106007,
106014, 106015, 106023, 106100, 710003).

The end of a connection has its bytes as one sum, so both directions stay NULL. Who opened it stands in its beginning
(302013, 302015), which passes and is remembered; without it a service port tells, else the inside opened. Source:
Cisco's syslog message guide.
"""

from typing import Final

from bavn.actor.sense.logs.flow_columns import COLUMNS, stage
from bavn.actor.sense.logs.format import LogFormat
from bavn.actor.sense.logs.head import extract

OPENED_MAX: Final = 200_000
"""Connections remembered until they end."""

_IP: Final = r"([0-9a-fA-F:.]+)"
_PORT: Final = "([0-9]+)"
_IF: Final = r"[^\s:/]+:"
_USER: Final = r"(?:\ ?\([^()]*\))*"
_ID: Final = r"^.*?%(?:ASA|FTD)-(?:[a-z]+-)?[0-7]-([0-9]{6}):\ (.*)$"
_CONNECTION: Final = rf"""
    ^(Built|Teardown)                                           # act
    \ (?: (inbound|outbound)\  )?                               # way
    (TCP|UDP|SCTP)\ connection                                  # proto
    \ ([0-9]+)                                                  # connection
    \ for\ {_IF}{_IP}/{_PORT}{_USER}                            # one side, its address and port
    \ to\ {_IF}{_IP}/{_PORT}{_USER}                             # the other side
    (?: \ duration\ ([0-9]+):([0-9]+):([0-9]+)                  # at its end: hours, minutes, seconds
        \ bytes\ ([0-9]+)                                       # bytes both ways
        (?:\ (.*))? )? $                                        # what ended it
"""
_ICMP: Final = rf"""
    ^(Built|Teardown)\ .*?ICMP\ connection                      # act
    \ for\ faddr\ {_IP}/{_PORT}\S*                              # the foreign side, its address and type
    \ .*?laddr\ {_IP}/{_PORT}                                   # the local side
"""
_DENIED: Final = rf"""
    ^(?: access-list\ \S+\  )?                                  # the list that decided
    (?: (?: Inbound | Deny | denied | permitted | est-allowed | inbound )\  )*   # verdict
    ([A-Za-z0-9-]+|protocol\ [0-9]+)                            # proto
    \ (?: (?: \(no\ connection\) | connection\ denied | access\ denied\ by\ ACL | reverse\ path\ check )\  )*   # why
    (?:from\ |src\ )? (?:{_IF})? {_IP} (?:/{_PORT})? {_USER}    # one side, its address and port
    \ (?:to|dst)\ (?:{_IF})? {_IP} (?:/{_PORT})? {_USER}        # the other side
    (?: \ \(?type\ ([0-9]+),\ code\ ([0-9]+)\)? )?              # kind and code of ICMP
    (?: \ flags\ ([A-Z ]+?)\ +on )? .* $                        # flags of TCP
"""
_LISTED: Final = rf"""
    ^access-list\ \S+\ (permitted|denied|est-allowed)           # act
    \ (\S+)                                                     # proto
    \ [^\s/]+/{_IP}\({_PORT}\){_USER}                           # one side, its address and port
    \ ->\ [^\s/]+/{_IP}\({_PORT}\)                              # the other side
"""
_ENDS: Final = "'302014', '302016', '302021'"
_DENIALS: Final = "'106001', '106006', '106007', '106014', '106015', '106023', '710003'"
_KNOWN: Final = f"id IN ({_ENDS}, {_DENIALS}, '106100')"

_DEFINITIONS: Final = """
CREATE OR REPLACE TEMP TABLE asa_opened (source VARCHAR, host VARCHAR, connection VARCHAR, inbound BOOLEAN, age BIGINT);
CREATE OR REPLACE TEMP SEQUENCE asa_age;
"""
_KEEP: Final = (
    """INSERT INTO asa_opened SELECT $source, host, connection, inbound, nextval('asa_age')
       FROM (SELECT * FROM stage WHERE built ORDER BY n)""",
    f"DELETE FROM asa_opened WHERE age <= (SELECT max(age) - {OPENED_MAX} FROM asa_opened)",
)

_READING: Final = f"""
    numbered AS (SELECT n, stamped AS logged, coalesce(host, filled(regexp_extract(message,
        '^(\\S+) :? ?%', 1)), sender, '') AS host,
      {extract("message", _ID, "id said")} AS m FROM mine),
    told AS (SELECT n, logged, host, m.id AS id, m.said AS said,
      CASE WHEN m.id IN ('302013', '302014', '302015', '302016') THEN {
    extract("m.said", _CONNECTION, "act way proto connection a a_port b b_port hours minutes seconds bytes ending")
} END AS c,
      CASE WHEN m.id = '302021' THEN {extract("m.said", _ICMP, "act a a_port b b_port")} END AS i,
      CASE WHEN m.id IN ({_DENIALS}) THEN {
    extract("m.said", _DENIED, "proto a a_port b b_port kind code flags")
} END AS d,
      CASE WHEN m.id = '106100' THEN {
    extract("m.said", _LISTED, "act proto a a_port b b_port")
} END AS l FROM numbered),
    remembered AS (SELECT host AS h, connection AS k, arg_max(inbound, age) AS inbound FROM (
        SELECT host, connection, inbound, age - 1000000000000 AS age FROM asa_opened WHERE source = $source
        UNION ALL SELECT host, c.connection, c.way = 'inbound', n FROM told WHERE c.act = 'Built')
      GROUP BY host, connection),"""
_READ: Final = f"""
    SELECT n, logged, host, id, {_KNOWN} AS kin, coalesce(c.act = 'Built', FALSE) AS built, c.connection AS connection,
      c.way = 'inbound' AS way_in, r.inbound AS inbound, c.ending AS ended_by, d.flags AS flags, l.act AS act,
      d.kind AS kind, d.code AS code,
      coalesce(TRY_CAST(c.hours AS BIGINT) * 3600 + TRY_CAST(c.minutes AS BIGINT) * 60
        + TRY_CAST(c.seconds AS BIGINT), 0)
        AS lasted_s, count_of(filled(c.bytes)) AS bytes,
      coalesce(filled(c.a), filled(i.a), filled(d.a), filled(l.a)) AS a,
      coalesce(filled(c.b), filled(i.b), filled(d.b), filled(l.b)) AS b,
      coalesce(filled(c.a_port), filled(d.a_port), filled(l.a_port)) AS a_port,
      coalesce(filled(c.b_port), filled(d.b_port), filled(l.b_port)) AS b_port,
      CASE WHEN id = '302021' THEN CASE WHEN contains(i.a, ':') THEN 'icmpv6' ELSE 'icmp' END
        ELSE replace(coalesce(filled(c.proto), filled(d.proto), filled(l.proto)), 'protocol ', '') END AS proto
    FROM told LEFT JOIN remembered r ON r.h = told.host AND r.k = c.connection AND c.act = 'Teardown'"""

_STAGE: Final = stage(
    _READ,
    more=_READING,
    back=f"""id IN ({_ENDS}) AND CASE WHEN inbound IS NOT NULL THEN NOT inbound
        WHEN called_back(b_number, a_number) THEN FALSE ELSE TRUE END""",
    failed=f"""CASE
        WHEN id IN ({_DENIALS})
          THEN CASE WHEN id = '106015' AND flags IS DISTINCT FROM 'SYN' THEN NULL ELSE TRUE END
        WHEN id = '106100' THEN CASE WHEN act = 'denied' THEN TRUE END
        WHEN id = '302014' THEN contains(ended_by, 'SYN Timeout')
          OR (starts_with(ended_by, 'TCP Reset') AND bytes = 0) END""",
    over=f"id IN ({_ENDS})",
    ending=f"CASE WHEN id IN ({_ENDS}) THEN filled(ended_by) END",
    icmp_type="TRY_CAST(filled(kind) AS UTINYINT)",
    icmp_code="TRY_CAST(filled(code) AS UTINYINT)",
    built="built",
    host="host",
    connection="connection",
    inbound="way_in",
    lasted_s="lasted_s",
)

ASA: Final = LogFormat(
    name="asa",
    tells="contains(message, '%ASA-') OR contains(message, '%FTD-')",
    stage=_STAGE,
    columns={
        "flow": {**COLUMNS, "ts": "logged - to_seconds(lasted_s)", "ts_end": "logged"},
    },
    keeps=_KEEP,
    definitions=_DEFINITIONS,
    computes_community=True,
)
