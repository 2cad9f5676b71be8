"""The span of time that a hunt asks about: --last 7d, --from and --to. Refuses to know what time it is.

History's own newest record is where "last" counts from, so that a store of old captures can be asked as well as a live
one.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from bavn.model.moment import DAY_US, HOUR_US, MINUTE_US, SECOND_US, as_us
from bavn.model.text import Text

_UNITS: Final = {"s": SECOND_US, "m": MINUTE_US, "h": HOUR_US, "d": DAY_US, "w": 7 * DAY_US}
_LAST: Final = re.compile(r"([1-9][0-9]{0,5})([smhdw])")
FIRST_US: Final = 0
LAST_US: Final = 253_402_300_799 * SECOND_US
"""The end of the year 9999, where the store's own times end."""


class SpanUnclear(ValueError):
    """The text names no span of time. Who must act: whoever wrote it."""


@dataclass(frozen=True, slots=True)
class RequestedSpan:
    """What was asked for: ``last_for_us`` back from the newest record, or bounds; None where nothing was said."""

    first_us: int | None = None
    last_us: int | None = None
    last_for_us: int | None = None

    def of(self, oldest_us: int, newest_us: int) -> tuple[int, int]:
        """(first, after the last) of a history whose records lie from oldest to newest."""
        last = newest_us + 1 if self.last_us is None else self.last_us
        if self.last_for_us is not None:
            return max(FIRST_US, last - self.last_for_us), last
        first = oldest_us if self.first_us is None else self.first_us
        return min(first, last), last


def requested_span(last: str = "", first: str = "", end: str = "") -> RequestedSpan:
    """From the texts of a command line; empty ones were not given. Raises SpanUnclear."""
    if last and first:
        raise SpanUnclear(Text("give --last or --from, not both"))
    span = RequestedSpan(
        first_us=moment(first) if first else None,
        last_us=moment(end) if end else None,
        last_for_us=length(last) if last else None,
    )
    if span.first_us is not None and span.last_us is not None and span.first_us >= span.last_us:
        raise SpanUnclear(Text("{first} is not before {end}", first=first, end=end))
    return span


def length(text: str) -> int:
    """Microseconds of ``7d``, ``12h``, ``30m``, ``90s``, ``2w``. Raises SpanUnclear."""
    match = _LAST.fullmatch(text.strip())
    if match is None:
        raise SpanUnclear(
            Text("{text} is no length of time: write a number and s, m, h, d or w, such as 7d", text=repr(text[:40]))
        )
    return int(match[1]) * _UNITS[match[2]]


def moment(text: str) -> int:
    """Microseconds since 1970 of an ISO date or time; without a zone it is UTC. Raises SpanUnclear."""
    try:
        found = datetime.fromisoformat(text.strip())
        us = as_us(found if found.tzinfo is not None else found.replace(tzinfo=UTC))
    except (ValueError, OverflowError) as error:
        raise SpanUnclear(
            Text("{text} is no time: write 2026-11-24 or 2026-11-24T16:30 (UTC)", text=repr(text[:40]))
        ) from error
    if not FIRST_US <= us <= LAST_US:
        raise SpanUnclear(Text("{text} is not between 1970 and 9999", text=repr(text[:40])))
    return us
