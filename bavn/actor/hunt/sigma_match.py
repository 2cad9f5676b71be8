"""One value of a Sigma rule against one column, as DuckDB's SQL. Pure text; refuses to know rules and log sources.

Sigma compares texts without regard to case, and a NULL as something that does not match.
"""

import re
from collections.abc import Mapping
from typing import Final

from sigma.exceptions import SigmaFeatureNotSupportedByBackendError
from sigma.types import Placeholder, SigmaRegularExpression, SigmaRegularExpressionFlag, SigmaString, SpecialChars

from bavn.actor.hunt.sigma_fields import Kind
from bavn.model.record import address_uuid, range_uuids

LIKE_WILDCARDS_MAX: Final = 3
"""A pattern with more becomes a regular expression: RE2 takes time in proportion to the text, LIKE does not."""
_FLAGS: Final = {
    SigmaRegularExpressionFlag.IGNORECASE: "i",
    SigmaRegularExpressionFlag.MULTILINE: "m",
    SigmaRegularExpressionFlag.DOTALL: "s",
}
_TRUTHS: Final = {"true": "TRUE", "t": "TRUE", "1": "TRUE", "false": "FALSE", "f": "FALSE", "0": "FALSE"}
NOT_LOWERED: Final[Mapping[str, str]] = {}
_NUMBER: Final = re.compile(r"-?[0-9]{1,20}(\.[0-9]{1,10})?")


class NotRunnable(SigmaFeatureNotSupportedByBackendError):
    """A rule asks for what the store cannot answer; the text says what. Nobody must act: it is reported."""


def literal(text: str) -> str:
    """A SQL string. Raises NotRunnable for what no text of a record can hold."""
    if "\x00" in text:
        raise NotRunnable("a value holds a NUL character")
    return "'" + text.replace("'", "''") + "'"


def value_sql(
    sql: str, kind: Kind, value: SigmaString, *, cased: bool = False, lowered: Mapping[str, str] = NOT_LOWERED
) -> str:
    """A condition: the column is this text, which may hold wildcards. ``lowered``: columns that hold the lower-case
    form of others, so that many rules over one row need it once."""
    parts = value.s
    if any(isinstance(part, Placeholder) for part in parts):
        raise NotRunnable("the modifier expand needs a list of values that is not in the rule")
    wild = any(isinstance(part, SpecialChars) for part in parts)
    if kind == "list":
        return f"len(list_filter({sql}, lambda one: {value_sql('one', 'text', value, cased=cased)})) > 0"
    if kind == "truth":
        word = _TRUTHS.get(str(value).lower())
        if word is None:
            raise NotRunnable(f"{_shown(value)} is neither true nor false")
        return f"({sql}) = {word}"
    if kind == "number" and not wild:
        if not _NUMBER.fullmatch(str(value)):
            raise NotRunnable(f"{_shown(value)} is no number")
        return f"{sql} = {value}"
    if kind == "address" and not wild:
        return _address(sql, "".join(map(str, parts)))
    if kind == "moment":
        raise NotRunnable("a time is compared with a text")
    return _text(as_text(sql, kind), kind, tuple(parts), cased=cased, lowered=lowered)


def as_text(sql: str, kind: Kind) -> str:
    """A column's value as the text that a rule's author had."""
    if kind == "address":
        return f"addr_text({sql})"
    return f"CAST({sql} AS VARCHAR)" if kind == "number" else sql


def _address(sql: str, text: str) -> str:
    if not text:
        return f"{sql} IS NULL"
    try:
        return f"{sql} = CAST('{address_uuid(text)}' AS UUID)"
    except ValueError as error:
        raise NotRunnable(f"{text[:60]!r} is no address") from error


def _text(sql: str, kind: Kind, parts: tuple[object, ...], *, cased: bool, lowered: Mapping[str, str]) -> str:
    if cased and kind in ("name", "address") and any(isinstance(p, str) and p != p.lower() for p in parts):
        raise NotRunnable("the modifier cased asks for capital letters where the store keeps names in lower case")
    if not cased:
        parts = tuple(part.lower() if isinstance(part, str) else part for part in parts)
        sql = sql if kind in ("name", "address", "number") else lowered.get(sql, f"lower({sql})")
    texts = [part for part in parts if isinstance(part, str)]
    many = SpecialChars.WILDCARD_MULTI
    match parts:
        case () | ("",):
            return f"coalesce({sql}, '') = ''"
        case (str(whole),):
            return f"{sql} = {literal(whole)}"
        case (one,) if one is many:
            return f"{sql} IS NOT NULL"
        case (str(start), last) if last is many:
            return f"starts_with({sql}, {literal(start)})"
        case (first, str(end)) if first is many:
            return f"ends_with({sql}, {literal(end)})"
        case (first, str(inside), last) if first is many and last is many:
            return f"contains({sql}, {literal(inside)})"
    if len(parts) - len(texts) <= LIKE_WILDCARDS_MAX:
        pattern = "".join(
            re.sub(r"([\\%_])", r"\\\1", part) if isinstance(part, str) else "%" if part is many else "_"
            for part in parts
        )
        return rf"{sql} LIKE {literal(pattern)} ESCAPE '\'"
    pattern = "".join(re.escape(p) if isinstance(p, str) else ".*" if p is many else "." for p in parts)
    return f"regexp_full_match({sql}, {literal('(?s)' + pattern)})"


def regex_sql(sql: str, kind: Kind, value: SigmaRegularExpression) -> str:
    """A condition: the regular expression matches anywhere in the column's text."""
    if kind == "list":
        return f"len(list_filter({sql}, lambda one: {regex_sql('one', 'text', value)})) > 0"
    if kind in ("truth", "moment"):
        raise NotRunnable("a regular expression on what is no text")
    if value.contains_placeholder():
        raise NotRunnable("the modifier expand needs a list of values that is not in the rule")
    pattern = str(value.regexp)
    flags = "".join(sorted(_FLAGS[flag] for flag in value.flags))
    plain = re.sub(r"\\.", "", pattern)
    if kind == "name" and "i" not in flags and not pattern.startswith("(?i") and plain != plain.lower():
        raise NotRunnable("the regular expression asks for capital letters where the store keeps names in lower case")
    return f"regexp_matches({as_text(sql, kind)}, {literal((f'(?{flags})' if flags else '') + pattern)})"


def cidr_sql(sql: str, kind: Kind, cidr: str) -> str:
    """A condition: the column is an address in this network."""
    low, high = range_uuids(cidr)
    span = f"BETWEEN CAST('{low}' AS UUID) AND CAST('{high}' AS UUID)"
    if kind == "address":
        return f"{sql} {span}"
    if kind == "list":
        return f"len(list_filter({sql}, lambda one: try_addr(one) {span})) > 0"
    if kind in ("text", "name"):
        return f"try_addr({sql}) {span}"
    raise NotRunnable("the modifier cidr on what is no address")


def _shown(value: SigmaString) -> str:
    return repr(str(value)[:60])
