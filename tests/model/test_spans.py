"""Days and spans of time, as a colleague says them in each language."""

import pytest

from bavn.model.spans import day, every, in_year, lasting
from bavn.model.text import Capital, Text

NOVEMBER_25_US = 1_795_564_800_000_000

SPANS = (
    (0.2, "one second", "ét sekund"),
    (45, "45 seconds", "45 sekunder"),
    (59, "one minute", "ét minut"),
    (100, "100 seconds", "100 sekunder"),
    (1_680, "28 minutes", "28 minutter"),
    (3_600, "one hour", "én time"),
    (5_400, "90 minutes", "90 minutter"),
    (9.2 * 3_600, "9 hours", "9 timer"),
    (36 * 3_600, "36 hours", "36 timer"),
    (24 * 3_600, "24 hours", "24 timer"),
    (12.4 * 86_400, "12 days", "12 døgn"),
)
PERIODS = (
    (1.2, "every second", "hvert sekund"),
    (5.1, "every 5 seconds", "hvert 5. sekund"),
    (1_680, "every 28 minutes", "hvert 28. minut"),
    (3_600, "every hour", "hver time"),
    (7_300, "every 2 hours", "hver 2. time"),
    (86_400, "every day", "hvert døgn"),
    (3 * 86_400, "every 3 days", "hvert 3. døgn"),
)


@pytest.mark.parametrize(("span_s", "en", "da"), SPANS)
def test_how_long(span_s, en, da) -> None:
    assert [lasting(span_s * 1e6).say(language) for language in ("en", "da")] == [en, da]


@pytest.mark.parametrize(("period_s", "en", "da"), PERIODS)
def test_how_often(period_s, en, da) -> None:
    assert [every(period_s * 1e6).say(language) for language in ("en", "da")] == [en, da]


def test_days_say_their_year_where_it_is_another() -> None:
    said = in_year(day(NOVEMBER_25_US), 2026)
    assert [said.say(language) for language in ("en", "da")] == ["25 November", "25. november"]
    assert day(NOVEMBER_25_US).da == "25. november 2026"
    text = Text.shaped("{said}.", said=Capital(Text("on {day}", day=day(NOVEMBER_25_US))))
    assert in_year(text, 2026).en == "On 25 November."
    assert in_year(text, 2027) == text
    assert text.en == "On 25 November 2026."
