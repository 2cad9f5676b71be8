"""Numbers and spans of time in the words of a sentence, English and Danish. Refuses to know what is being said."""

from bavn.model.moment import DAY_US, HOUR_US, MINUTE_US, SECOND_US
from bavn.model.text import Capital, Text

KB, MB = 1_000, 1_000_000
_UNITS = (
    (DAY_US, Text("{count} days")),
    (HOUR_US, Text("{count} h")),
    (MINUTE_US, Text("{count} min")),
    (SECOND_US, Text("{count} s")),
)


def number(value: float, decimals: int = 0) -> Text:
    """``1,234.5`` and ``1.234,5``; trailing zeros after the point are left out."""
    return Text.number(value, f",.{decimals}f", trimmed=decimals > 0)


def size_of(count: float) -> Text:
    """That many bytes: ``1,203.5 MB``, below one of them ``840 KB``."""
    if count >= MB:
        return Text("{count} MB", count=number(count / MB, 1))
    return Text("{count} KB", count=number(count / KB, 0 if count >= 10 * KB else 1))


def span(span_us: int) -> Text:
    """A span of time in its largest unit that gives at least two of it: ``9 h``, ``36 h``, ``3 days``, ``90 s``."""
    for unit_us, words in _UNITS:
        count = span_us / unit_us
        if count >= 2 or unit_us == SECOND_US:
            return words.filled(count=number(count, 0 if count >= 10 else 1))
    raise AssertionError("seconds close the table")


def seconds(period_s: float) -> Text:
    """A period as a span: ``5.1 s``, ``19 min``, ``2 h``."""
    return span(round(period_s * SECOND_US))


def joined(parts: list[Text]) -> Text:
    """The parts of a sentence, separated by semicolons, closed by a full stop, the first letter large."""
    return Text.shaped("{parts}.", parts=Capital(Text.joined("; ", parts)))
