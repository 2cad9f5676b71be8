"""Time as Bavn keeps it: integer microseconds since 1970 in UTC (suffix ``_us``); hours since 1970 (suffix ``_hour``).

Refuses to know what time it is now: that is the Clock port's.
"""

from datetime import UTC, datetime

SECOND_US = 1_000_000
MINUTE_US = 60 * SECOND_US
HOUR_US = 3600 * SECOND_US
DAY_US = 24 * HOUR_US


def hour_of(us: int) -> int:
    """The hour since 1970 that holds this moment: the finest time that may leave an actor."""
    return us // HOUR_US


def as_datetime(us: int) -> datetime:
    """An aware UTC datetime, exact to the microsecond."""
    return datetime.fromtimestamp(us // SECOND_US, UTC).replace(microsecond=us % SECOND_US)


def as_us(moment: datetime) -> int:
    """Microseconds since 1970. ValueError for a datetime without time zone: a guess would be wrong twice a year."""
    if moment.tzinfo is None:
        raise ValueError(f"a moment needs a time zone: {moment!r}")
    delta = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return (delta.days * 86400 + delta.seconds) * SECOND_US + delta.microseconds


def iso(us: int) -> str:
    """``2026-11-24T16:00:00.000000Z``, always with six decimals, so that text sorts as time does."""
    return as_datetime(us).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def iso_hour(hour: int) -> str:
    """``2026-11-24T16Z``: how an hour is shown to people."""
    return as_datetime(hour * HOUR_US).strftime("%Y-%m-%dT%HZ")
