"""Small words of strangers' documents: moments, texts for people, lists that may be anything. Never raises.

Refuses to guess: what is not there or not what it should be is None or empty.
"""

import re
from datetime import UTC, datetime
from typing import Any, Final

from bavn.model.moment import as_us
from bavn.model.sector.intel import ABOUT_CHARS_MAX

MOMENT_US_MAX: Final = 2**53
_TECHNIQUE = re.compile(r"T\d{4}(?:\.\d{3})?")


def moment_of(value: Any) -> int | None:
    """Microseconds since 1970 of an ISO time (without a zone: UTC), of seconds since 1970 as a number or its text."""
    try:
        if isinstance(value, str) and not value.strip().lstrip("-").isdigit():
            made = datetime.fromisoformat(value.strip())
            us = as_us(made if made.tzinfo is not None else made.replace(tzinfo=UTC))
        else:
            us = int(str(value).strip()[:20]) * 1_000_000
    except (ValueError, OverflowError, TypeError):
        return None
    return us if 0 < us < MOMENT_US_MAX else None


def text_of(value: Any, chars_max: int = ABOUT_CHARS_MAX) -> str:
    """One line of printable text, cut; empty for anything else."""
    if not isinstance(value, str):
        return ""
    plain = "".join(sign if sign.isprintable() else " " for sign in value[: 4 * chars_max])
    return " ".join(plain.split())[:chars_max]


def list_of(value: Any) -> list[Any]:
    """The value if it is a list; else nothing."""
    return value if isinstance(value, list) else []


def percent_of(value: Any) -> int | None:
    """0..100 as a whole number or its text; else None."""
    try:
        number = int(str(value)[:20])
    except ValueError:
        return None
    return number if 0 <= number <= 100 and not isinstance(value, bool) else None


def techniques_of(value: Any) -> str:
    """The one ATT&CK technique that ``external_references`` of a STIX object name; empty for none or several."""
    named = [
        one.get("external_id")
        for one in list_of(value)
        if isinstance(one, dict) and str(one.get("source_name"))[:30].startswith("mitre")
    ]
    known = {name for name in named if isinstance(name, str) and _TECHNIQUE.fullmatch(name)}
    return known.pop() if len(known) == 1 else ""
