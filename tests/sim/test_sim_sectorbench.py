"""SectorBench's generated sector: it draws what it says it draws, and a fault of the join or the score shows."""

import json
from dataclasses import replace

import numpy as np
import pytest
from typer.testing import CliRunner

from bavn.centre.correlate import score, shared_element
from bavn.model.observable import Observable
from bavn_lab.cli import bench
from bavn_lab.sectorbench import figures, inbound, run, ways
from bavn_lab.sectorbench.campaigns import SPAN_MINUTES, STRONG_P, why_lost
from bavn_lab.sectorbench.clocked import STRONG_EVERY, STRONG_TAKES, WEAK_EVERY, WEAK_TAKES, clocked, early
from bavn_lab.sectorbench.day import NO_PERIOD, NO_WALK, Rows
from bavn_lab.sectorbench.joined import differs, held_by_one, really_joined
from bavn_lab.sectorbench.run import measure
from bavn_lab.sectorbench.ways import joined, own_lists
from bavn_lab.sectorbench.worlds import Generated


def made_day(actors, seed, campaigns):
    return Generated().day(actors, seed, campaigns)


@pytest.fixture(scope="module")
def day():
    return made_day(20, 7, 14)


@pytest.mark.slow
def test_a_day_is_its_seed_with_the_power_law_that_it_says(day) -> None:
    large = made_day(60, 1, 0)
    assert abs(large.power_law_a - 0.90) < 0.02
    assert abs(large.power_law_a_all - 0.66) < 0.02
    again, other = made_day(20, 7, 14), made_day(20, 8, 14)
    assert all((getattr(day.rows, name) == getattr(again.rows, name)).all() for name in day.rows.__slots__)
    assert [c.victims for c in day.campaigns] == [c.victims for c in again.campaigns]
    assert len(other.rows) != len(day.rows)


def test_what_is_revealed_is_what_reaches_the_threshold_and_no_victim_lists_it(day) -> None:
    for actor, own in own_lists(day, day.rows, 1000).items():
        assert not set(own[: int(day.actors.lines[actor])]) & set(day.campaigns_of)
    _, revealed = joined(day, day.rows)
    for one in day.campaigns:
        assert one.reachable == any(element in revealed for element in one.elements)
        assert len(set(one.victims)) == len(one.victims)
        assert list(one.onsets) == sorted(one.onsets)
        assert one.onsets[-1] < 24 * 60
        assert one.onsets[-1] - one.onsets[0] < SPAN_MINUTES
    kept, revealed = joined(day, day.rows)
    assert len(revealed) > 10
    for element, holders in revealed.items():
        mine = day.rows.element == element
        strong = set(day.rows.actor[mine & (day.rows.p <= STRONG_P)].tolist())
        assert len(strong) >= 2 or len(set(day.rows.actor[mine].tolist())) >= 3
        assert len(holders) >= 2
        assert day.observables[element] not in day.listed
    assert set(kept.element.tolist()) == set(revealed)


def test_negatives_are_in_and_groups_know_a_thing_once(day) -> None:
    assert set(day.negatives) == {"vendor", "browser", "monitor", "scanner", "cdn", "patch-day", "pentest", "poison"}
    assert all(day.negatives.values())
    reach = {
        name: len(set(day.rows.actor[np.isin(day.rows.element, es)].tolist())) for name, es in day.negatives.items()
    }
    assert reach["pentest"] == 1
    assert reach["browser"] == 20
    groups = np.arange(len(day.actors))
    assert ordinary(replace(day, actors=replace(day.actors, group=groups)), 0, range(5), WEEK_AGO).established == {0}
    groups[1] = 0
    assert not ordinary(replace(day, actors=replace(day.actors, group=groups)), 0, range(5), WEEK_AGO).established
    alone = [actor for actor, group in enumerate(day.actors.group.tolist()) if (day.actors.group == group).sum() == 1]
    _, shown = joined(day, day.rows)
    element = min(shown)
    for changed, stays in (
        (ordinary(day, element, alone[:5], WEEK_AGO), True),
        (ordinary(day, element, alone[:4], WEEK_AGO), False),
        (ordinary(day, element, alone[:5], WEEK_AGO + 1), False),
    ):
        assert (element in changed.established) is stays
        assert (element not in joined(changed, day.rows)[1]) is stays
        assert joined(changed, day.rows)[1].keys() | {element} == shown.keys()


def test_who_sees_a_campaign_depends_on_the_victims_that_show_it(day) -> None:
    product = ways.scored(day, day.rows)
    seen = [(one, clocked(day, product, one)) for one in day.campaigns]
    for one, when in seen:
        if when.at is None:
            assert not one.reachable
            continue
        ready = sorted(one.ready)
        strong = (when.at - STRONG_TAKES) % STRONG_EVERY == 0 and when.at > ready[1]
        weak = (when.at - WEAK_TAKES) % WEAK_EVERY == 0 and when.at > ready[2]
        assert strong or weak
        assert when.from_strong is None or 0 < when.from_strong <= when.at - ready[1]
        assert when.before_last == (one.onsets[-1] > when.at)
        assert early(day, one) or not when.before_last
        assert when.from_first - when.from_second == one.onsets[1] - one.onsets[0]
    assert any(when.from_strong is not None for _, when in seen)
    assert sum(when.at is not None for _, when in seen) == sum(one.reachable for one in day.campaigns)
    reachable = [one for one in day.campaigns if one.reachable]
    assert not any(early(day, one) for one in reachable if len(one.victims) == 2)
    rows = day.rows
    weak = [
        one
        for one in reachable
        if len(one.victims) == 3 and not (rows.p[np.isin(rows.element, one.elements)] <= STRONG_P).any()
    ]
    assert not any(early(day, one) for one in weak)
    assert any(early(day, one) for one in reachable)


@pytest.mark.slow
def test_two_that_hold_what_has_just_appeared_next_door_are_enough_where_that_is_played(day, monkeypatch) -> None:
    """Three groups met it within the last days; both holders' p is .02 or less, and neither's .005."""
    small = tuple(replace(tier, m=50) for tier in ways.TIERS_JOINED)
    monkeypatch.setattr(ways, "TIERS_JOINED", small)
    old, young, odd = (len(day.observables) + at for at in range(3))
    groups = list(dict(zip(day.actors.group.tolist(), range(len(day.actors)), strict=True)).values())[:3]
    held = [
        (actor, element, p, 0, 0, 23, NO_PERIOD, NO_PERIOD, 0, NO_WALK)
        for element, p in ((old, 0.01), (young, 0.01), (odd, 0.03))
        for actor in groups[:2]
    ]
    made = replace(
        day,
        observables=[*day.observables, *(Observable.of("domain", f"a{at}.example.org") for at in range(3))],
        rows=day.rows.and_(Rows.of(held)),
        met={old: dict.fromkeys(groups, -100), **{element: dict.fromkeys(groups, 3) for element in (young, odd)}},
    )
    assert made.appearing == {young, odd}
    assert not joined(made, made.rows)[1].keys() & {old, young, odd}
    made.appearing_joins = True
    assert joined(made, made.rows)[1].keys() & {old, young, odd} == {young}
    assert really_joined(made, made.rows.where(made.rows.element >= old), 1).revealed.keys() == {young}


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(figures, "RESAMPLES", 50)
    monkeypatch.setattr(run, "QUIET_DAYS", 1)
    monkeypatch.setattr(inbound, "CLIENTS", 1000)
    small = tuple(replace(tier, m=300) for tier in ways.TIERS_JOINED)
    monkeypatch.setattr(ways, "TIERS_JOINED", small)


@pytest.mark.slow
def test_the_product_finds_what_no_actor_does(quick) -> None:
    result = measure(15, [1])
    assert result.recall[run.PRODUCT].value > result.recall[run.ALONE].value
    assert result.recall[run.PRODUCT].value > result.recall["count of actors"].value
    assert result.single == 0
    assert [(one.differs, one.single) for one in result.join] == [(0, 0)]


@pytest.mark.slow
def test_a_term_that_only_some_days_have_is_an_ablation_of_all(quick, monkeypatch) -> None:
    terms = ways.terms_of
    days = []

    def of(product):
        days.append(product)
        return terms(product) if len(days) == 2 else tuple(term for term in terms(product) if term != "hosts")

    monkeypatch.setattr(run, "terms_of", of)
    result = measure(6, [1, 2], campaigns=3)
    assert len(days) == 2
    assert result.recall["without hosts"].n == result.recall["bavn"].n
    assert result.recall_all["without hosts"].n == 6


@pytest.mark.slow
def test_a_score_turned_upside_down_shows(quick, monkeypatch) -> None:
    whole = score.weigh

    def upside_down(*given):
        made = whole(*given)
        return replace(made, score=-made.score)

    before = measure(30, [2]).recall[run.PRODUCT].value
    monkeypatch.setattr(shared_element, "weigh", upside_down)
    monkeypatch.setattr(ways, "LEADS_KEPT", 20)
    assert measure(30, [2]).recall[run.PRODUCT].value < before


@pytest.mark.slow
def test_the_set_computation_is_what_the_shares_reveal(day) -> None:
    _, revealed = joined(day, day.rows)
    real = really_joined(day, day.rows, 7)
    assert real.revealed == dict(revealed)
    assert (real.refused, real.quarantined) == (0, 0)
    assert differs(real.revealed, dict(list(revealed.items())[1:])) == 1
    assert held_by_one(day, day.rows, real.revealed, frozenset()) == 0


def test_a_baseline_by_newness_puts_the_new_first_and_a_leaking_join_shows(day) -> None:
    alone = np.flatnonzero(np.bincount(day.rows.element, minlength=len(day.observables)) == 1)[:3]
    revealed = {int(element): frozenset({0}) for element in alone}
    assert held_by_one(day, day.rows, revealed, frozenset()) == 3
    assert held_by_one(day, day.rows, revealed, frozenset(revealed)) == 0
    counts = ways.counted(day, day.rows)
    first = ways.by_baseline("new, then count", counts)
    assert len(first) == 20
    assert all(counts.new[next(iter(lead))] for lead in first)
    seconds = {int(e): sorted(day.rows.first[day.rows.element == e].tolist())[1] for (e,) in map(tuple, first)}
    assert all(hour >= 24 - 7 * 24 for hour in seconds.values())


@pytest.mark.slow
def test_the_command_writes_every_figure(tmp_path, quick) -> None:
    file = tmp_path / "sector.json"
    asked = ["sector", "--generated", "--actors", "8", "--seeds", "2", "--quick", "--json", str(file)]
    done = CliRunner().invoke(bench.app, asked)
    assert done.exit_code == 0, done.output
    told = json.loads(file.read_text())
    for name in ("recall_at_20", "best_single_actor"):
        mine = told[name]["8"]
        assert {"value", "low", "high", "n", "commit", "seeds"} <= set(mine)
        assert mine["value"] == mine["reachable"]["value"]
        assert mine["all"]["n"] >= mine["reachable"]["n"]
    for name in ("sector_gain", "precision_at_20", "oracle_ratio", "power_law_a", "benign_single_revealed"):
        assert {"value", "low", "high", "commit", "seeds"} <= set(told[name])
    assert told["benign_single_revealed"]["value"] == 0
    assert told["seeds"] == [1, 2]
    assert {"lost", "newness", "recall_at_60", "poison_rank"} <= told.keys()
    assert {"new, then count", "new, then Fisher", "new, then mean l(p)", "shared feed"} <= told["others"].keys()
    assert "drawn, not detected" in told["what"]


def test_families_are_drawn_again_and_losses_have_their_reason() -> None:
    """Ten campaigns of one family are one observation: the interval is as wide as two families make it."""
    boot = figures.Bootstrap(1)
    hits, names = [1.0] * 10 + [0.0] * 10, ["one"] * 10 + ["two"] * 10
    by_family, by_campaign = boot.share(hits, names), boot.mean(hits)
    assert (by_family.value, by_family.low, by_family.high, by_family.n) == (0.5, 0.0, 1.0, 20)
    assert by_campaign.low > 0.2
    assert why_lost(True, 2, 2, 2) == why_lost(True, 0, 3, 5) == ""
    assert why_lost(True, 1, 2, 2) == "weak at two"
    assert why_lost(True, 1, 2, 3) == "p too large"
    assert why_lost(False, 0, 1, 1) == "nothing in common"


def ordinary(day, element: int, actors, first: int):
    """The same day, with an element that these actors have met since an hour."""
    return replace(day, met={element: dict.fromkeys(actors, first)})


WEEK_AGO = 24 - 7 * 24
