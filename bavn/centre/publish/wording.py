"""Numbers, days and spans in words, in Danish and English. Refuses to know what is counted."""

from collections.abc import Sequence

from bavn.model.moment import DAY_US, SECOND_US
from bavn.model.spans import MONTHS, day
from bavn.model.text import Text


def whole(number: int) -> Text:
    """``12,345`` and ``12.345``."""
    return Text.number(number)


def part(number: float, digits: int = 1) -> Text:
    """``1.5`` and ``1,5``."""
    return Text.number(number, f",.{digits}f")


def plain(said: str) -> Text:
    """The same in both languages: an id, a name, a number without a point."""
    return Text.plain(said)


def day_of(days: int) -> Text:
    """The same of a day since 1970."""
    return day(days * DAY_US)


def month(year: int, number: int) -> Text:
    """``October 2026`` and ``oktober 2026``."""
    return Text.shaped("{month} {year}", month=MONTHS[number - 1], year=year)


def span(us: int) -> Text:
    """How long something took, in the unit that fits."""
    seconds = us / SECOND_US
    if seconds < 120:
        words = part(seconds)
        return Text("{said} s", said=words)
    if seconds < 7200:
        words = part(seconds / 60)
        return Text("{said} min", said=words)
    if seconds < 172_800:
        words = part(seconds / 3600)
        return Text("{said} hours", said=words)
    words = part(seconds / 86_400)
    return Text("{said} days", said=words)


def listed(words: Sequence[Text]) -> Text:
    """``a, b and c``."""
    if len(words) == 1:
        return words[0]
    return Text("{most} and {last}", most=Text.joined(", ", words[:-1]), last=words[-1])
