"""When a document says that something was: ISO 8601, or a number of seconds, milli-, micro- or nanoseconds since 1970.

What names no zone is UTC, as search engines keep it.
"""

import re
from datetime import UTC, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

_UNITS: Final = ((1e17, 1e9), (1e14, 1e6), (1e11, 1e3), (0, 1))
"""A number above this counts so many to the second: in seconds it were thousands of years ahead."""
_NUMBER: Final = re.compile(r"\d{9,19}(?:\.\d{1,9})?")


def moment_us(value: Any, zone: str = "UTC") -> int | None:
    """Microseconds since 1970; None where it cannot be read. ``zone``: IANA, of a text that names none."""
    try:
        if isinstance(value, str) and _NUMBER.fullmatch(value):
            value = float(value) if "." in value else int(value)
        if isinstance(value, str):
            moment = datetime.fromisoformat(value.strip().replace(" UTC", "+00:00"))
            return round((moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(zone))).timestamp() * 1e6)
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            seconds = next(value / unit for above, unit in _UNITS if value > above)
            return round(datetime.fromtimestamp(seconds, UTC).timestamp() * 1e6)
    except (ValueError, OverflowError, OSError, StopIteration):
        return None
    return None


def zoned(value: Any) -> Any:
    """A moment as EVE writes it; what is none that can be read stays."""
    us = moment_us(value)
    return value if us is None else datetime.fromtimestamp(us / 1e6, UTC).isoformat(timespec="microseconds")
