"""What a suspicion says first, as it is read aloud: the whole sentence of every hit, in each language.

first_lines.toml is the table: whoever changes a sentence reads it there again.
"""

import tomllib
from pathlib import Path

import numpy as np
import pytest

from bavn.actor.detect.daytime import daytime
from bavn.actor.detect.detectors.rarity import PLAIN, SAID
from bavn.actor.detect.detectors.scan import Scan
from bavn.actor.detect.indicators.lists import NO_LISTS
from bavn.actor.detect.run import SurveyBackground, survey
from bavn.actor.detect.telling import alone, in_time, known_against, since, when
from bavn.actor.detect.terms import PeerProfile, Terms
from bavn.model.intel.grades import Grade
from bavn.model.moment import DAY_US, HOUR_US
from bavn.model.spans import in_year

LINES = tomllib.loads(Path(__file__).with_name("first_lines.toml").read_text(encoding="utf-8"))
LANGUAGES = ("en", "da")
MONDAY_US = 1_795_392_000_000_000
"""23 November 2026, at midnight."""


def test_a_hit_says_what_it_is(case, made) -> None:
    if not case.hit:
        assert str(case) not in LINES
        return
    expect = case.given["expect"]
    (one,) = [s for s in made.run(case).suspicions if (s.host, s.peer) == (expect["host"], expect["peer"])]
    assert {language: one.what.say(language) for language in LANGUAGES} == LINES[str(case)]


def test_every_sign_has_words_of_every_day_compared_with_none_here() -> None:
    """Its agent may be the only one, and a program that lies about what it is has one too."""
    assert PLAIN.keys() == SAID.keys()
    for said in (PLAIN["old_agent"], SAID["old_agent"]):
        assert "2011" in said.en
        assert "here" not in said.en


def terms_of(made, hosts: int) -> Terms:
    calls = [{"host": f"10.0.0.{n}", "peer": "45.9.148.1", "period_s": 3600, "to_h": 2.5} for n in range(1, hosts + 1)]
    case = made.Case("beacon", "hit-x", {"hours": 24, "calls": calls})
    return Terms(made.MemoryWindow(made.rows_of(case), hours=24, known_days=0, homes=("10.0.0.0/8",)), lambda: NO_LISTS)


def test_nobody_else_and_a_peer_s_past_are_said_only_where_they_speak_for_it(made) -> None:
    many, single = terms_of(made, 3), terms_of(made, 1)
    assert alone("a.example", 1, many).en == "a.example, which nobody else here uses,"
    assert alone("a.example", 2, many).en == "a.example"
    assert alone("a.example", 1, single).en == "a.example"
    assert alone("45.9.148.1", 2, many).en == "the address 45.9.148.1"
    terms = terms_of(made, 4)
    known = PeerProfile(hosts=3, first_us=MONDAY_US, new=False, names=(), grade=Grade.SERVICE, edge=False)
    assert [text.en for text in known_against("a.example", known, terms, MONDAY_US + DAY_US)] == [
        "it is on a list of services that nearly everybody uses",
        "3 of the 4 machines here use it",
        "it has been used here since 23 November 2026",
    ]
    terms = terms_of(made, 1)
    known = PeerProfile(hosts=1, first_us=MONDAY_US, new=False, names=(), grade=Grade.UNKNOWN, edge=False)
    said = [known_against("a.example", known, terms, MONDAY_US + age_us) for age_us in (0, HOUR_US, DAY_US)]
    assert [len(parts) for parts in said] == [0, 0, 1]


def test_clocks_never_set_nameless_addresses_and_other_years_are_said_as_such(made) -> None:
    unset = "at a time that nobody knows (the clock of the capture was not set)"
    assert when(HOUR_US, 2 * HOUR_US).en == when(HOUR_US, 3 * DAY_US).en == since(HOUR_US, 3 * DAY_US, 3 * DAY_US).en
    assert when(HOUR_US, 2 * HOUR_US).en == unset
    assert in_time(HOUR_US, 2 * HOUR_US).en == f"within one hour {unset}"
    known = PeerProfile(hosts=1, first_us=HOUR_US, new=False, names=(), grade=Grade.UNKNOWN, edge=False)
    (said,) = known_against("a.example", known, terms_of(made, 1), HOUR_US + 3 * DAY_US)
    assert said.en == "it had been used here for 3 days before"
    terms = terms_of(made, 1)
    known = PeerProfile(hosts=1, first_us=MONDAY_US, new=None, names=("a.example",), grade=Grade.KNOWN, edge=False)
    named, *addresses = (
        [text.en for text in known_against(peer, known, terms, MONDAY_US)]
        for peer in ("a.example", "45.9.148.1", "2001:db8::1", "45.9.148.0/24")
    )
    assert named == ["it is among the million best-known names of the world"]
    assert addresses == [["it goes by one of the million best-known names of the world"]] * 3
    case = next(case for case in made.cases() if str(case) == "scan/hit-vertical")
    window = made.window_of(case)
    (one,) = survey(window, (Scan(),)).suspicions
    (later,) = survey(window, (Scan(),), against=SurveyBackground(now_us=window.last_us + 400 * DAY_US)).suspicions
    assert "on 21 September;" in one.what.en
    assert later.what == in_year(later.what, 2025)
    assert "on 21 September 2026;" in later.what.en


@pytest.mark.parametrize(
    ("lasted_h", "ago_h", "said"),
    [
        (30, 2, "from 23 November 2026 on"),
        (30, 50, "from 23 November 2026 to 24 November 2026"),
        (5, 2, "on 23 November 2026"),
    ],
)
def test_since_when(lasted_h, ago_h, said) -> None:
    last_us = MONDAY_US + lasted_h * HOUR_US
    assert since(MONDAY_US, last_us, last_us + ago_h * HOUR_US).en == said


def moments(days, hours) -> np.ndarray:
    return np.array([MONDAY_US + day * DAY_US + hour * HOUR_US for day in days for hour in hours], np.int64)


@pytest.mark.parametrize(
    ("days", "hours", "said"),
    [
        (range(2), range(24), "night"),
        (range(2), (0, 6, 12, 18), "night"),
        (range(2), (0, 7, 12, 18), None),
        (range(5), range(7, 16), "work"),
        (range(7), range(7, 16), "day"),
        (range(5), range(7, 20), None),
        (range(1), range(7, 16), None),
    ],
)
def test_when_in_the_day(days, hours, said) -> None:
    assert daytime(moments(days, hours)) == said
