"""When a document says that something was, in the writings of search engines and collectors.

What names no zone is UTC, as search engines keep it. Refuses to guess what order day and month have in 1/2/2026: the
month comes first, as in the exports that write so; dots (1.2.2026) put the day first.
"""

import re
from datetime import UTC, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

_UNITS: Final = ((1e17, 1e9), (1e14, 1e6), (1e11, 1e3))
"""A number above this counts so many to the second: in seconds it were thousands of years ahead."""
_NUMBER: Final = re.compile(r"\d{9,19}(?:\.\d{1,9})?")
_DAY: Final = re.compile(r"(\d{4})[-/](\d\d)[-/](\d\d)[T ](\d\d:\d\d:\d\d)(.*)", re.DOTALL)
_ZONED: Final = re.compile(r"(?:Z|UTC|[+-]\d\d:?\d\d)$")
_WORDED: Final = (
    *("%b %d, %Y @ %H:%M:%S.%f", "%b %d, %Y @ %H:%M:%S", "%b %d, %Y, %I:%M:%S %p"),
    *("%m/%d/%Y, %I:%M:%S.%f %p", "%m/%d/%Y, %I:%M:%S %p", "%m/%d/%Y %I:%M:%S %p", "%m/%d/%Y %H:%M:%S"),
    *("%d/%m/%Y %I:%M:%S %p", "%d/%m/%Y %H:%M:%S"),
)
"""Those of consoles: Kibana's, QRadar's, Sentinel's, Windows'."""
_DOTTED: Final = re.compile(
    r"""
    (\d{1,2})\.(\d{1,2})\.(\d{4})           # day, month, year
    (?:,?\ |\ kl\.\ )                        # what stands between
    (\d{1,2})[.:](\d\d)                      # hour, minute
    (?: [.:](\d\d) (?: [.,](\d{1,6})\d* )? )?  # second, parts of it
    """,
    re.VERBOSE,
)
"""As much of Europe writes: where dots stand between, the day comes first."""


def zoned(value: Any) -> Any:
    """A moment as EVE writes it; what is none that can be read stays."""
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        value = float(value) if "." in value else int(value)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return _of_number(value)
    if not isinstance(value, str):
        return value
    text = value.strip().removesuffix(" UTC")
    if day := _DAY.match(text):
        tail = day[5]
        zone = "" if "Z" in tail or "+" in tail or "-" in tail else "Z"
        return f"{day[1]}-{day[2]}-{day[3]}T{day[4]}{tail}{zone}"
    if dotted := _DOTTED.fullmatch(text):
        return _of_dotted(dotted) or value
    for form in _WORDED:
        try:
            return datetime.strptime(text, form).replace(tzinfo=UTC).isoformat()
        except ValueError:
            continue
    return value


def moment_us(value: Any, zone: str = "UTC") -> int | None:
    """The same as microseconds since 1970; None where it cannot be read. ``zone``: IANA, of a text that names none."""
    if value is None:
        return None
    try:
        moment = datetime.fromisoformat(str(zoned(value)))
        if zone != "UTC" and isinstance(value, str) and _names_no_zone(value.strip()):
            moment = moment.replace(tzinfo=ZoneInfo(zone))
        return round(moment.timestamp() * 1e6)
    except (ValueError, OverflowError):
        return None


def _of_number(value: float) -> str:
    seconds = next((value / unit for above, unit in _UNITS if value > above), value)
    try:
        return datetime.fromtimestamp(seconds, UTC).isoformat()
    except (ValueError, OverflowError, OSError):
        return str(value)


def _names_no_zone(text: str) -> bool:
    return bool(_DOTTED.fullmatch(text) or (_DAY.fullmatch(text) and not _ZONED.search(text)))


def _of_dotted(found: re.Match[str]) -> str | None:
    day, month, year, hour, minute, second, parts = found.groups(default="0")
    try:
        return datetime(
            *(int(year), int(month), int(day), int(hour), int(minute), int(second), int(parts.ljust(6, "0"))),
            tzinfo=UTC,
        ).isoformat()
    except ValueError:
        return None
