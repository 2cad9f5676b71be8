"""Numbers, days and spans in words, in Danish and English. Refuses to know what is counted."""

from collections.abc import Sequence
from typing import Final

from bavn.model.moment import DAY_US, SECOND_US, as_datetime
from bavn.model.text import Text

_MONTHS_EN: Final = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
_MONTHS_DA: Final = (
    "januar",
    "februar",
    "marts",
    "april",
    "maj",
    "juni",
    "juli",
    "august",
    "september",
    "oktober",
    "november",
    "december",
)
Words = tuple[Text, Text]
"""One, and several."""
CASES: Final = (Text("case", "sag"), Text("cases", "sager"))
LEADS: Final = (Text("lead", "spor"), Text("leads", "spor"))
ACTORS: Final = (Text("actor", "aktør"), Text("actors", "aktører"))
INDICATORS: Final = (Text("indicator", "indikator"), Text("indicators", "indikatorer"))
QUESTIONS: Final = (Text("question", "spørgsmål"), Text("questions", "spørgsmål"))
OBSERVABLES: Final = (Text("observable", "observerbar værdi"), Text("observables", "observerbare værdier"))


def counted(number: int, words: Words) -> Text:
    """``3 cases``."""
    word = words[0] if number == 1 else words[1]
    n = whole(number)
    return Text(f"{n.en} {word.en}", f"{n.da} {word.da}")


def whole(number: int) -> Text:
    """``12,345`` and ``12.345``."""
    return Text(f"{number:,}", f"{number:,}".replace(",", "."))


def part(number: float, digits: int = 1) -> Text:
    """``1.5`` and ``1,5``."""
    said = f"{number:,.{digits}f}"
    return Text(said, said.replace(",", " ").replace(".", ",").replace(" ", "."))


def plain(said: str) -> Text:
    """The same in both languages: an id, a name, a number without a point."""
    return Text(said, said)


def day(at_us: int) -> Text:
    """``3 October 2026`` and ``3. oktober 2026``, in UTC."""
    at = as_datetime(at_us)
    return Text(f"{at.day} {_MONTHS_EN[at.month - 1]} {at.year}", f"{at.day}. {_MONTHS_DA[at.month - 1]} {at.year}")


def day_of(days: int) -> Text:
    """The same of a day since 1970."""
    return day(days * DAY_US)


def month(year: int, number: int) -> Text:
    """``October 2026`` and ``oktober 2026``."""
    return Text(f"{_MONTHS_EN[number - 1]} {year}", f"{_MONTHS_DA[number - 1]} {year}")


def span(us: int) -> Text:
    """How long something took, in the unit that fits."""
    seconds = us / SECOND_US
    if seconds < 120:
        said = part(seconds)
        return Text(f"{said.en} s", f"{said.da} s")
    if seconds < 7200:
        said = part(seconds / 60)
        return Text(f"{said.en} min", f"{said.da} min.")
    if seconds < 172_800:
        said = part(seconds / 3600)
        return Text(f"{said.en} hours", f"{said.da} timer")
    said = part(seconds / 86_400)
    return Text(f"{said.en} days", f"{said.da} døgn")


def listed(words: Sequence[Text]) -> Text:
    """``a, b and c``."""
    if len(words) == 1:
        return words[0]
    return Text(
        f"{', '.join(one.en for one in words[:-1])} and {words[-1].en}",
        f"{', '.join(one.da for one in words[:-1])} og {words[-1].da}",
    )
