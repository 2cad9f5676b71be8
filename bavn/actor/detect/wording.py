"""Numbers and spans of time in the words of a sentence, English and Danish. Refuses to know what is being said."""

from bavn.model.moment import DAY_US, HOUR_US, MINUTE_US, SECOND_US
from bavn.model.text import Text

_UNITS = (
    (DAY_US, ("day", "days"), ("døgn", "døgn")),
    (HOUR_US, ("h", "h"), ("t", "t")),
    (MINUTE_US, ("min", "min"), ("min", "min")),
    (SECOND_US, ("s", "s"), ("s", "s")),
)


def number(value: float, decimals: int = 0) -> Text:
    """``1,234.5`` and ``1.234,5``; trailing zeros after the point are left out."""
    english = f"{value:,.{decimals}f}"
    if decimals:
        english = english.rstrip("0").rstrip(".")
    return Text(english, english.translate(str.maketrans(",.", ".,")))


def span(span_us: int) -> Text:
    """A span of time in its largest unit that gives at least two of it: ``9 h``, ``36 h``, ``3 days``, ``90 s``."""
    for unit_us, english, danish in _UNITS:
        count = span_us / unit_us
        if count >= 2 or unit_us == SECOND_US:
            said = number(count, 0 if count >= 10 else 1)
            one = said.en == "1"
            return Text(f"{said.en} {english[not one]}", f"{said.da} {danish[not one]}")
    raise AssertionError("seconds close the table")


def seconds(period_s: float) -> Text:
    """A period: ``5.1 s``, ``300 s``, ``2 h``."""
    if period_s >= 7200:
        said = number(period_s / 3600, 1)
        return Text(f"{said.en} h", f"{said.da} t")
    said = number(period_s, 0 if period_s >= 100 else 1)
    return Text(f"{said.en} s", f"{said.da} s")


def joined(parts: list[Text]) -> Text:
    """The parts of a sentence, separated by semicolons, closed by a full stop, the first letter large."""
    english = "; ".join(part.en for part in parts) + "."
    danish = "; ".join(part.da for part in parts) + "."
    return Text(english[0].upper() + english[1:], danish[0].upper() + danish[1:])
