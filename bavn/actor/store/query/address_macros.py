"""SQL by which a person reads and writes addresses and hours: addr_text, addr, try_addr, in_net, hour_time.

Addresses are stored as record.py says; these macros are in every window beside is_home. Refuses to know any table.

With a constant they are worked out before the query runs, so that a file without the address is not read: a failing
CAST folds, error() does not.
"""

from typing import Final

_MAPPED: Final = 0xFFFF << 32


def _stored(number: int) -> str:
    return f"CAST({number}::UHUGEINT AS UUID)"


_IS_V4 = f"a BETWEEN {_stored(_MAPPED)} AND {_stored(_MAPPED + 0xFFFFFFFF)}"
_BYTES = ", ".join(f"CAST('0x' || CAST(a AS VARCHAR)[{at}:{at + 1}] AS UTINYINT)" for at in (29, 31, 33, 35))
_GROUPS = (
    "regexp_replace(rtrim(regexp_replace(replace(CAST(a AS VARCHAR), '-', ''), '(.{4})', '\\1:', 'g'), ':'),"
    " '(^|:)0{1,3}([0-9a-f])', '\\1\\2', 'g')"
)
# RFC 5952: the longest run of two or more zero groups is written '::', the first of them if two are as long.
_SHORTER = " ".join(
    f"WHEN regexp_matches(x, '(^|:)0(:0){{{more}}}(:|$)') THEN regexp_replace(x, '(^|:)0(:0){{{more}}}(:|$)', '::')"
    for more in range(7, 0, -1)
)

HELPERS: Final = {
    "addr_text(a)": "the usual text of a stored address",
    "addr('192.0.2.1')": "the stored address of a text; an error if it is none",
    "try_addr(text)": "the same, NULL if it is none",
    "in_net(a, '192.0.2.0/24')": "whether a stored address lies in a network",
    "is_home(a)": "whether it lies in one of the node's own networks",
    "hour_time(hour)": "the hour column of a roll-up as a time (UTC)",
}
"""What `bavn node hunt tables` says of them."""

_GROUP: Final = "[0-9a-fA-F]{1,4}"

ADDRESS_MACROS: Final = rf"""
CREATE MACRO _v6_short(x) AS CASE {_SHORTER} ELSE x END;
CREATE MACRO addr_text(a) AS CASE WHEN {_IS_V4} THEN concat_ws('.', {_BYTES}) ELSE _v6_short({_GROUPS}) END;
CREATE MACRO _v6_digits(side) AS array_to_string(list_transform(
  list_filter(string_split(side, ':'), lambda g: g <> ''), lambda g: lpad(g, 4, '0')), '');
CREATE MACRO _v6_of(x) AS TRY_CAST(CASE
  WHEN NOT contains(x, '::') THEN _v6_digits(x)
  WHEN length(_v6_digits(split_part(x, '::', 1))) + length(_v6_digits(split_part(x, '::', 2))) <= 28
  THEN _v6_digits(split_part(x, '::', 1))
    || repeat('0', 32 - length(_v6_digits(split_part(x, '::', 1))) - length(_v6_digits(split_part(x, '::', 2))))
    || _v6_digits(split_part(x, '::', 2)) END AS UUID);
CREATE MACRO try_addr(x) AS CASE
  WHEN regexp_full_match(x, '(::[fF]{{4}}:)?[0-9]{{1,3}}([.][0-9]{{1,3}}){{3}}') THEN CAST({_MAPPED}::UHUGEINT
    + TRY_CAST(split_part(split_part(x, ':', -1), '.', 1) AS UTINYINT)::UHUGEINT * 16777216
    + TRY_CAST(split_part(split_part(x, ':', -1), '.', 2) AS UTINYINT)::UHUGEINT * 65536
    + TRY_CAST(split_part(split_part(x, ':', -1), '.', 3) AS UTINYINT)::UHUGEINT * 256
    + TRY_CAST(split_part(split_part(x, ':', -1), '.', 4) AS UTINYINT)::UHUGEINT AS UUID)
  WHEN regexp_full_match(x, '({_GROUP}:){{7}}{_GROUP}|({_GROUP}(:{_GROUP})*)?::({_GROUP}(:{_GROUP})*)?')
  THEN _v6_of(lower(x)) END;
CREATE MACRO addr(x) AS CAST(coalesce(CAST(try_addr(x) AS VARCHAR), left(x, 60) || ' is no address') AS UUID);
CREATE MACRO _host_bits(cidr) AS CASE WHEN contains(cidr, '/') THEN
    CASE WHEN TRY_CAST(split_part(cidr, '/', 2) AS INTEGER)
      BETWEEN 0 AND CASE WHEN contains(cidr, ':') THEN 128 ELSE 32 END
    THEN CASE WHEN contains(cidr, ':') THEN 128 ELSE 32 END - CAST(split_part(cidr, '/', 2) AS INTEGER)
    ELSE CAST(left(cidr, 60) || ' is no network' AS INTEGER) END
  ELSE 0 END;
CREATE MACRO _low(cidr, bits) AS CASE WHEN bits >= 128 THEN 0::UHUGEINT
  ELSE CAST(addr(split_part(cidr, '/', 1)) AS UHUGEINT) >> bits::UHUGEINT << bits::UHUGEINT END;
CREATE MACRO _span(bits) AS CASE WHEN bits >= 128 THEN {2**128 - 1}::UHUGEINT
  ELSE (1::UHUGEINT << bits::UHUGEINT) - 1 END;
CREATE MACRO in_net(a, cidr) AS a BETWEEN CAST(_low(cidr, _host_bits(cidr)) AS UUID)
  AND CAST(_low(cidr, _host_bits(cidr)) + _span(_host_bits(cidr)) AS UUID);
CREATE MACRO hour_time(h) AS make_timestamp(CAST(h AS BIGINT) * 3600000000);
"""
