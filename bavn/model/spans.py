"""Days and spans of time as people say them, in any language: ``25 November 2026``, ``28 minutes``, ``every 2 hours``.

A span is rounded to whole units: the figures beside a sentence are exact, the sentence need not be.
"""

from datetime import tzinfo
from typing import Final

from bavn.model.moment import DAY_US, HOUR_US, MINUTE_US, SECOND_US, as_datetime
from bavn.model.text import Capital, Number, Text

MONTHS: Final = (
    Text("January"),
    Text("February"),
    Text("March"),
    Text("April"),
    Text("May"),
    Text("June"),
    Text("July"),
    Text("August"),
    Text("September"),
    Text("October"),
    Text("November"),
    Text("December"),
)
_UNITS: Final = (
    (DAY_US, Text("{count} days"), Text("{count} days"), Text("every day"), Text("every {count} days")),
    (HOUR_US, Text("one hour"), Text("{count} hours"), Text("every hour"), Text("every {count} hours")),
    (MINUTE_US, Text("one minute"), Text("{count} minutes"), Text("every minute"), Text("every {count} minutes")),
    (SECOND_US, Text("one second"), Text("{count} seconds"), Text("every second"), Text("every {count} seconds")),
)
_ABOUT: Final = {
    DAY_US: (Text("about every day"), Text("about every {count} days")),
    HOUR_US: (Text("about every hour"), Text("about every {count} hours")),
    MINUTE_US: (Text("about every minute"), Text("about every {count} minutes")),
    SECOND_US: (Text("about every second"), Text("about every {count} seconds")),
}
OFF_MAX: Final = 0.05
"""One or two of a larger unit are said where rounding to it is off by so little: 100 s stay seconds."""
OFF_MORE_MAX: Final = 0.1
"""Of three or more so much is near enough: 1,680 s is 28 minutes."""


_DAY: Final = Text("{day} {month}")
_DAY_OF_YEAR: Final = Text("{day} {month} {year}")


def day(at_us: int) -> Text:
    """``25 November 2026`` and ``25. november 2026``, in UTC."""
    at = as_datetime(at_us)
    return _DAY_OF_YEAR.filled(day=at.day, month=MONTHS[at.month - 1], year=at.year)


def local_day(at_us: int, zone: tzinfo | None) -> Text:
    """The same where people are, who name days by their own midnight. ``zone`` None: this machine's."""
    offset = as_datetime(at_us).astimezone(zone).utcoffset()
    return day(at_us + (round(offset.total_seconds()) * SECOND_US if offset else 0))


def in_year(text: Text, year: int) -> Text:
    """The same said in that year: its days are named without it, those of any other year with theirs."""
    facts = dict(text.facts)
    if text.message == _DAY_OF_YEAR.message:
        return _DAY.filled(day=facts["day"], month=facts["month"]) if facts["year"] == year else text
    return text.filled(**{name: _fact_in_year(fact, year) for name, fact in facts.items()}) if facts else text


def _fact_in_year(fact: object, year: int) -> object:
    if isinstance(fact, Capital):
        return Capital(in_year(fact.text, year))
    return in_year(fact, year) if isinstance(fact, Text) else fact


def lasting(span_us: float) -> Text:
    """How long something took: ``one minute``, ``28 minutes``, ``24 hours``, ``3 days``. Less than a second is one."""
    count, (_, one, several, _, _) = _in_units(span_us, days_min=2)
    return one if count == 1 else several.filled(count=Number(count))


def every(period_us: float) -> Text:
    """How often something comes back: ``every minute``, ``every 28 minutes``, ``every 2 hours``."""
    count, (_, _, _, one, several) = _in_units(period_us, days_min=1)
    return one if count == 1 else several.filled(count=Number(count))


def about_every(period_us: float) -> Text:
    """The same of what does not keep to it: ``about every 28 minutes``."""
    count, unit = _in_units(period_us, days_min=1)
    one, several = _ABOUT[unit[0]]
    return one if count == 1 else several.filled(count=Number(count))


def _in_units(span_us: float, days_min: int) -> tuple[int, tuple[int, Text, Text, Text, Text]]:
    """The largest unit that says it nearly, and how many of it."""
    for unit in _UNITS:
        count = round(span_us / unit[0])
        off_max = OFF_MAX if count < 3 else OFF_MORE_MAX
        if count >= (days_min if unit[0] == DAY_US else 1) and abs(count * unit[0] - span_us) <= off_max * span_us:
            return count, unit
    return max(1, round(span_us / SECOND_US)), _UNITS[-1]
