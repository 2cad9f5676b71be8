"""Levels are proposed by a rule that a reader can follow; chance is asked before a trend is called one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest, nbinom

from bavn.centre.publish.chance import Trend, next_count, trend
from bavn.centre.publish.document import Figure, Kind, Sentence
from bavn.centre.publish.facts import LevelSet
from bavn.centre.publish.levels import proposals, threat_of, unknown_cases
from bavn.centre.publish.parts.behind import behind
from bavn.centre.publish.parts.outlook import WEATHER, outlook
from bavn.centre.publish.parts.overview import overview
from bavn.centre.publish.parts.threats import threats
from bavn.centre.publish.threat import BY_RSIT, LEVELS, THREATS, Level, Threat, by_rsit
from bavn.model.intel.rsit import CLASSES, TYPES
from bavn.model.moment import DAY_US
from bavn.model.sector.case import CaseState


@given(st.integers(0, 300), st.integers(0, 300))
def test_a_trend_is_one_beyond_chance(before, now) -> None:
    found, p = trend(before, now)
    if before + now:
        exact = binomtest(now, before + now, 0.5).pvalue
        assert p == pytest.approx(exact, rel=1e-6, abs=1e-12) or (before == now and p == 1)
    assert (found is Trend.STEADY) == (p >= 0.1)
    assert found is not Trend.RISING or now > before


def test_few_cases_are_no_trend_and_the_period_before_is_what_is_compared_with(a_case, facts) -> None:
    assert trend(1, 3)[0] is Trend.STEADY
    assert trend(2, 12)[0] is Trend.RISING
    assert trend(12, 2)[0] is Trend.FALLING
    with pytest.raises(ValueError, match="count"):
        trend(-1, 0)
    base = facts()
    length = base.period.end_us - base.period.first_us
    old = [a_case(at, confirmed_us=base.period.first_us - DAY_US) for at in range(8)]
    older = a_case(99, confirmed_us=base.period.first_us - length - DAY_US)
    crime = level(facts(cases=(*old, older)), Threat.CRIME)
    assert (crime.before, crime.now, crime.change) == (8, 0, Trend.FALLING)
    assert set(BY_RSIT) <= set(TYPES) | set(CLASSES)
    assert {by_rsit(code) for code in TYPES} == {None, *BY_RSIT.values()}
    assert set(THREATS) == set(Threat)
    assert [LEVELS[one].da for one in sorted(LEVELS)] == ["ingen", "lav", "middel", "høj", "meget høj"]


@given(st.integers(0, 400), st.sampled_from([0.5, 0.8, 0.95]))
def test_the_next_count_is_the_exact_quantile(now, share) -> None:
    low, high = next_count(now, share)
    law = nbinom(now + 0.5, 0.5)
    assert law.cdf(high) >= 1 - (1 - share) / 2 - 1e-9
    assert high == 0 or law.cdf(high - 1) < 1 - (1 - share) / 2 + 1e-9
    assert law.cdf(low) > (1 - share) / 2 - 1e-9
    assert low == 0 or law.cdf(low - 1) <= (1 - share) / 2 + 1e-9


def level(facts, threat):
    return next(one for one in proposals(facts) if one.threat is threat)


@pytest.mark.parametrize(
    ("cases", "wanted"),
    [
        ([{"actors": 1}], Level.MEDIUM),
        ([{"actors": 2}], Level.HIGH),
        ([{"actors": 5}], Level.VERY_HIGH),
        ([{"actors": 1}] * 3, Level.VERY_HIGH),
        ([{"state": CaseState.TRIAGE, "confirmed_us": None}], Level.MEDIUM),
        ([{"state": CaseState.DISMISSED}], Level.LOW),
        ([], Level.LOW),
    ],
)
def test_the_rule(cases, wanted, a_case, a_member, facts) -> None:
    made = facts(cases=tuple(a_case(at, **one) for at, one in enumerate(cases)), members=(a_member(),) * 20)
    assert level(made, Threat.CRIME).level is wanted
    assert level(made, Threat.DESTRUCTIVE).level is Level.LOW


def test_nothing_seen_where_nobody_looks_or_set_afterwards_proposes_nothing(a_member, facts) -> None:
    silent = a_member(health_us=None)
    assert level(facts(members=(silent, silent, a_member())), Threat.CRIME).level is None
    assert level(facts(), Threat.CRIME).level is None
    assert level(facts(members=(a_member(),)), Threat.TERROR).level is None
    base = facts(Kind.FORECAST)
    later = LevelSet(Threat.CRIME, Level.HIGH, "Bo Lund", "later", base.now_us + DAY_US)
    assert level(facts(Kind.FORECAST, levels=(later,)), Threat.CRIME).set is None


@pytest.mark.parametrize("kind", [Kind.FORECAST, Kind.PICTURE])
def test_of_a_time_before_the_sector_there_is_no_good_weather(kind, a_member, facts) -> None:
    of_then = facts(kind)
    made = facts(kind, members=(a_member(since_us=of_then.period.end_us),) * 9)
    assert {one.level for one in proposals(made)} == {None}
    said = "".join(block.text.say("en") for block in overview(made).blocks)
    assert "100 %" not in said
    assert "No actor took part for half of the period" in said
    assert "of 9 actors 0 could have seen it" in behind(made).text.say("en")
    if kind is Kind.FORECAST:
        table = next(block for block in outlook(made).blocks if isinstance(block, Figure))
        assert {row.cells[1].say("en") for row in table.rows} == {WEATHER[None].say("en")}
        assert table.said.text.say("en").count("fog") == 1, "what all have in common is said once"
        levels = [block for block in threats(made).blocks if isinstance(block, Figure)]
        assert levels[0].said.text.say("en") == "The level of no type of threat is known."
        whys = [
            block.text.say("en").partition(": ")[2] for block in threats(made).blocks if isinstance(block, Sentence)
        ]
        assert len(whys) == len(set(whys))
    early = a_member(since_us=of_then.period.first_us)
    assert level(facts(kind, members=(early,) * 9), Threat.CRIME).level is Level.LOW
    few = facts(kind, members=(early, *made.members))
    assert level(few, Threat.CRIME).level is None, "one of ten says nothing of the rest"


def test_levels_of_people_go_first_and_what_no_data_says_is_unknown(a_case, a_member, facts) -> None:
    case = a_case(1, threat=Threat.TERROR, threat_by="Anna Berg", actors=2)
    said = (
        LevelSet(Threat.CRIME, Level.NONE, "Anna Berg", "first", 1),
        LevelSet(Threat.CRIME, Level.HIGH, "Bo Lund", "later", 2),
    )
    made = facts(cases=(case,), members=(a_member(),) * 20, levels=said)
    assert level(made, Threat.TERROR).level is Level.HIGH
    crime = level(made, Threat.CRIME)
    assert (crime.level, crime.stands, crime.set.by) == (Level.LOW, Level.HIGH, "Bo Lund")
    vague = [a_case(1, rsit=""), a_case(2, rsit="intrusions/system-compromise"), a_case(3, rsit="other/undetermined")]
    assert [threat_of(one) for one in vague] == [None] * 3
    made = facts(cases=tuple(vague))
    assert {one.id for one in unknown_cases(made)} == {one.id for one in vague}
    assert all(one.now == 0 for one in proposals(made))
