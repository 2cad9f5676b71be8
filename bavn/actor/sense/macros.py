"""SQL macros that turn texts of logs into the columns of records: addresses, ports, counts, moments, protocols.

Each gives NULL for what is not exactly such a text; the parser makes a refusal of that. Addresses become the mapped
128-bit UUID of model/record.py by arithmetic on columns, never one by one in Python. Refuses to know which log.
"""

from typing import Final

from bavn.actor.sense.community import MACROS as COMMUNITY_MACROS
from bavn.actor.sense.dcerpc_names import name_macro
from bavn.actor.sense.direction import MACROS as DIRECTION_MACROS
from bavn.model.verbose import plain

_BYTE = "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_V4 = rf"{_BYTE}(\.{_BYTE}){{3}}"
_V6_WHOLE = "([0-9a-fA-F]{4}:){7}[0-9a-fA-F]{4}"
_GROUP = "[0-9a-fA-F]{1,4}"
_V6_SHORT = plain(rf"""
    ( {_GROUP} (:{_GROUP}){{7}}         # eight groups
    | ({_GROUP} (:{_GROUP})*)?          # groups before '::', and
      :: ({_GROUP} (:{_GROUP})*)? )     # behind it
""")
_MOMENT = plain(r"""
    [0-9]{4}-[0-9]{2}-[0-9]{2}          # day
    [T ] [0-9]{2}:[0-9]{2}:[0-9]{2}     # time
    (\.[0-9]{1,9})?                     # part of a second
    (Z|[+-][0-9]{2}:?[0-9]{2})          # zone
""")
_EPOCH = r"[0-9]{1,12}(\.[0-9]+)?"

MOMENT_S_MAX: Final = 7_258_118_400
"""2200-01-01: a clock beyond it is broken, and the store's hours stay few."""


def common_columns(flow_id: str) -> dict[str, str]:
    """The columns that all record types begin with, over a stage. ``flow_id``: SQL of it."""
    return {
        "ts": "logged",
        "src": "src",
        "src_port": "src_port",
        "dst": "dst",
        "dst_port": "dst_port",
        "proto": "transport",
        "flow_id": flow_id,
        "community_id": "community_id",
    }


MAPPED: Final = 0xFFFF << 32


def stored(number: int) -> str:
    """SQL of an address as it is stored."""
    return f"CAST({number}::UHUGEINT AS UUID)"


# IP protocols by the names that Suricata and Zeek write, where record.py asks for the number as text (IANA).
_PROTOCOLS = {
    "igmp": 2,
    "ip": 4,
    "ipip": 4,
    "ipencap": 4,
    "egp": 8,
    "rsvp": 46,
    "gre": 47,
    "ipv6": 41,
    "esp": 50,
    "ah": 51,
    "eigrp": 88,
    "ospf": 89,
    "ospfigp": 89,
    "pim": 103,
    "vrrp": 112,
    "l2tp": 115,
    "udplite": 136,
    "hopopt": 0,
}
_PROTOCOL_CASES = " ".join(f"WHEN '{name}' THEN '{number}'" for name, number in _PROTOCOLS.items())

# A list of one with a lambda over it names a value, so that the plan holds its expression once. v6_tail writes the last
# four bytes of '::ffff:192.0.2.1' as two groups. '::' stands once, for at least one group; without it there are eight.
_ADDRESSES: Final = f"""
CREATE OR REPLACE MACRO v4_of(parts) AS CAST(CAST({MAPPED}::UBIGINT + parts[1]::UBIGINT * 16777216
  + parts[2]::UBIGINT * 65536 + parts[3]::UBIGINT * 256 + parts[4]::UBIGINT AS UHUGEINT) AS UUID);
CREATE OR REPLACE MACRO v6_tail(x) AS regexp_replace(x, '[0-9.]+$', '') || list_transform(
  [list_transform(string_split(regexp_extract(x, '[0-9.]+$'), '.'), lambda q: TRY_CAST(q AS INTEGER))],
  lambda p: printf('%02x%02x:%02x%02x', p[1], p[2], p[3], p[4]))[1];
CREATE OR REPLACE MACRO v6_digits(side) AS array_to_string(list_transform(
  list_filter(string_split(side, ':'), lambda g: g <> ''), lambda g: lpad(g, 4, '0')), '');
CREATE OR REPLACE MACRO v6_short(x) AS TRY_CAST(list_transform(
  [list_transform(string_split(x, '::'), lambda side: v6_digits(side))],
  lambda h: CASE
    WHEN len(h) = 2 AND length(h[1]) + length(h[2]) <= 28
    THEN h[1] || repeat('0', 32 - length(h[1]) - length(h[2])) || h[2]
    WHEN len(h) = 1 AND length(h[1]) = 32 THEN h[1] END)[1] AS UUID);
CREATE OR REPLACE MACRO v6_of(x) AS CASE
  WHEN regexp_full_match(x, '{_V6_SHORT}') THEN v6_short(x)
  WHEN regexp_full_match(x, '[0-9a-fA-F:]*:{_V4}')
  THEN list_transform([v6_tail(x)], lambda y: CASE WHEN regexp_full_match(y, '{_V6_SHORT}') THEN v6_short(y) END)[1]
  END;
-- For an address that is split at its dots already: the engine splits a column once, but an expression at each use.
CREATE OR REPLACE MACRO address_split(x, parts) AS CASE
  WHEN regexp_full_match(x, '{_V4}') THEN v4_of(parts)
  WHEN regexp_full_match(x, '{_V6_WHOLE}') THEN CAST(replace(x, ':', '') AS UUID)
  ELSE v6_of(x) END;
CREATE OR REPLACE MACRO address_of(x) AS address_split(x, string_split(x, '.'));
CREATE OR REPLACE MACRO is_v4(a) AS a BETWEEN {stored(MAPPED)} AND {stored(MAPPED + 0xFFFFFFFF)};
CREATE OR REPLACE MACRO nowhere(a) AS nullif(nullif(a, {stored(MAPPED)}), {stored(0)});
-- 224.0.0.0/4, a network's 255 and ff00::/8: nobody in particular is called.
CREATE OR REPLACE MACRO is_many(a) AS a BETWEEN {stored(MAPPED + 0xE0000000)} AND {stored(MAPPED + 0xEFFFFFFF)}
  OR (is_v4(a) AND ends_with(CAST(a AS VARCHAR), 'ff')) OR a >= {stored(0xFF << 120)};
"""

_NUMBERS: Final = f"""
CREATE OR REPLACE MACRO port_of(x) AS CASE
  WHEN regexp_full_match(x, '[0-9]{{1,5}}') THEN TRY_CAST(x AS USMALLINT) END;
CREATE OR REPLACE MACRO count_of(x) AS CASE
  WHEN regexp_full_match(x, '[0-9]{{1,20}}') THEN TRY_CAST(x AS UBIGINT) END;
CREATE OR REPLACE MACRO flags_of(x) AS CASE
  WHEN regexp_full_match(x, '[0-9a-fA-F]{{1,2}}') THEN TRY_CAST('0x' || x AS UTINYINT) END;
CREATE OR REPLACE MACRO in_reach(us) AS CASE
  WHEN us BETWEEN 0 AND {MOMENT_S_MAX * 1_000_000} THEN make_timestamp(us) END;
-- The first is how Suricata writes it, read without the pattern at half the cost.
CREATE OR REPLACE MACRO moment_of(x) AS CASE
  WHEN length(x) = 31 AND ends_with(x, '+0000') AND x[11] = 'T'
  THEN in_reach(epoch_us(TRY_CAST(left(x, 26) AS TIMESTAMP)))
  WHEN regexp_full_match(x, '{_MOMENT}') THEN in_reach(epoch_us(TRY_CAST(x AS TIMESTAMPTZ))) END;
CREATE OR REPLACE MACRO epoch_of(x) AS CASE
  WHEN regexp_full_match(x, '{_EPOCH}')
  THEN in_reach(CAST(split_part(x, '.', 1) AS BIGINT) * 1000000
    + CAST(round(CAST('0.' || split_part(x, '.', 2) || '0' AS DOUBLE) * 1000000) AS BIGINT))
  ELSE moment_of(x) END;
"""

# name_of: as DNS compares it, lower case and no trailing dot. host_of: a Host header without its port; a bare IPv6
# address has more than one colon and no brackets. shown: what a refusal shows of a value, short and printable.
# some_of: Suricata's own words for nothing.
_NAMES: Final = rf"""
CREATE OR REPLACE MACRO proto_of(x) AS CASE
  WHEN lower(x) IN ('tcp', 'udp', 'icmp', 'ipv6-icmp', 'sctp') THEN lower(x)
  WHEN lower(x) IN ('icmp6', 'icmpv6') THEN 'ipv6-icmp'
  WHEN regexp_full_match(x, '[0-9]{{1,3}}') THEN CAST(TRY_CAST(x AS UTINYINT) AS VARCHAR)
  ELSE CASE lower(x) {_PROTOCOL_CASES} ELSE nullif(lower(x), '') END END;
CREATE OR REPLACE MACRO has_ports(proto) AS proto IN ('tcp', 'udp', 'sctp');
CREATE OR REPLACE MACRO name_of(x) AS lower(CASE WHEN ends_with(x, '.') THEN x[:-2] ELSE x END);
CREATE OR REPLACE MACRO host_of(x) AS CASE
  WHEN NOT contains(x, ':') THEN name_of(x)
  ELSE name_of(regexp_replace(regexp_replace(x, '^([^:]*|\[.*\]):[0-9]*$', '\1'), '^\[(.*)\]$', '\1')) END;
CREATE OR REPLACE MACRO hex_of(x) AS lower(replace(x, ':', ''));
CREATE OR REPLACE MACRO shown(x) AS coalesce(regexp_replace(left(x, 60), '[^ -~]', '?', 'g'), 'missing');
CREATE OR REPLACE MACRO some_of(x) AS CASE
  WHEN x IN ('', '<none>', '<empty>', '<unknown>') THEN NULL ELSE x END;
"""

MACROS: Final = _ADDRESSES + _NUMBERS + _NAMES + COMMUNITY_MACROS + DIRECTION_MACROS + name_macro()
"""Define them in an engine before any grammar's stage runs."""
