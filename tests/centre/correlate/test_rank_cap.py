"""The first nine places go by what is left without any one actor: nobody fills them alone."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bavn.centre.correlate.bounds.rank_cap import PLACES, placed
from bavn.centre.correlate.context import Context
from bavn.centre.correlate.run import correlate
from bavn.model.moment import HOUR_US
from bavn.model.observable import Observable

NOW_US = 1_700_000_000_000_000
HOUR = NOW_US // HOUR_US
LEFT = st.one_of(st.none(), st.floats(-20, 20))


@given(left=st.lists(LEFT, max_size=40))
def test_the_first_places_hold_the_most_that_is_left_and_the_rest_stands_by_priority_from_the_tenth_on(left) -> None:
    order = placed(left)
    assert sorted(at for _, at in order) == list(range(len(left)))
    if len(left) <= PLACES:
        assert order == [(at + 1, at) for at in range(len(left))]
        return
    firm = [at for at, one in enumerate(left) if one is not None]
    first = [at for place, at in order if place <= PLACES]
    least = min((left[at] for at in first), default=0.0)
    assert len(first) == min(PLACES, len(firm))
    assert all(left[at] is not None for at in first)
    assert all(left[at] <= least for at in firm if at not in first)
    rest = [at for place, at in order if place > PLACES]
    assert rest == sorted(rest)
    assert [place for place, _ in order] == [*range(1, len(first) + 1), *range(PLACES + 1, PLACES + 1 + len(rest))]


def named(number: int) -> Observable:
    return Observable.of("domain", f"e{number}.example.com")


def reports(sign, number, actors, **given_):
    return [
        sign(
            **{"group": actor, "first_hour": HOUR - 3 - number, "last_hour": HOUR} | given_,
            report_id=f"{number}-{actor}",
            actor=actor,
            observable=named(number),
        )
        for actor in actors
    ]


def many(sign):
    """Twelve leads of four actors each, weak at each."""
    return [one for n in range(12) for one in reports(sign, n, ("anna", "bodil", "clara", "ditte"), p_bucket=6)]


def test_a_lie_gets_nothing_beyond_the_tenth_place_unless_few_leads_stand(sign) -> None:
    lie = reports(sign, 50, ("emma", "freja"), p_bucket=5, tier="B")
    lie += reports(sign, 50, ("mallory",), p_bucket=15, detector="rarity", tier="B")
    ranked = correlate(many(sign) + lie, Context(now_us=NOW_US), {})
    mine = next(one for one in ranked if one.lead.observables == (named(50),))
    assert mine.lead.score == max(one.lead.score for one in ranked)
    assert mine.lead.rank == PLACES + 1
    (reason,) = [reason for reason in mine.lead.reasons if reason.name == "rank-cap"]
    assert reason.points == 0
    assert "Place 10, by priority 1: without one of its actors it is no lead" in reason.why.en
    moved = [one for one in ranked if one.lead.rank <= PLACES]
    assert all("by priority" in one.lead.reasons[-1].why.en for one in moved)
    lie = reports(sign, 50, ("emma", "freja", "mallory"), p_bucket=15, detector="rarity")
    ranked = correlate(many(sign) + lie, Context(now_us=NOW_US), {})
    mine = next(one for one in ranked if one.lead.observables == (named(50),))
    assert mine.lead.score == max(one.lead.score for one in ranked)
    assert mine.lead.rank == PLACES + 1
    assert "without 2 of its actors it is no lead" in mine.lead.reasons[-1].why.en
    lie = reports(sign, 50, ("emma", "mallory"), p_bucket=15, detector="rarity")
    few = [one for one in many(sign) if one.observable in {named(n) for n in range(PLACES - 1)}]
    ranked = correlate(few + lie, Context(now_us=NOW_US), {})
    assert ranked[0].lead.observables == (named(50),)
    assert not any(one.lead.reasons for one in ranked)


HOLDERS = ("anna", "bodil", "clara", "ditte", "emma", "freja", "gerda")
CLAIM = st.fixed_dictionaries(
    {
        "p_bucket": st.integers(0, 15),
        "tier": st.sampled_from("AB"),
        "detector": st.sampled_from(["rarity", "beacon", "ward", "scan", "none of Bavn's"]),
        "hosts_bucket": st.integers(0, 3),
        "first_hour": st.integers(HOUR - 700, HOUR),
        "period_bucket": st.none() | st.integers(0, 7),
        "regularity_bucket": st.none() | st.integers(0, 5),
    }
)


@pytest.mark.slow
@settings(max_examples=40)
@given(
    honest=st.lists(st.tuples(st.sets(st.sampled_from(HOLDERS), max_size=7), CLAIM), min_size=10, max_size=16),
    lies=st.dictionaries(st.integers(0, 17), CLAIM, max_size=18),
    operator=st.sampled_from(["mallory", "anna"]),
)
def test_whatever_one_actor_says_the_first_places_are_what_the_others_hold_and_hang_on_none_of_them(
    sign, honest, lies, operator
) -> None:
    """Hostile: any claims on any elements, alone, beside others or at one operator with one of them."""
    own = [one for n, (holders, claim) in enumerate(honest) for one in reports(sign, n, sorted(holders), **claim)]
    lied = [one for n, claim in sorted(lies.items()) for one in reports(sign, n, ("mallory",), group=operator, **claim)]
    context = Context(now_us=NOW_US)
    ranked = correlate(own + lied, context, {})
    first = [one for one in ranked if one.lead.rank <= PLACES] if len(ranked) > PLACES else []
    for one in first:
        assert any(stands_by_itself(own, observable, context) for observable in one.lead.observables)
    left = [min(without.score for without in one.without) for one in first]
    assert left == sorted(left, reverse=True)
    for one, least in zip(first, left, strict=True):
        assert all(without.score >= least for without in one.without if without.actor == "mallory")


def stands_by_itself(signs, observable, context) -> bool:
    """Whether rounds would name it by these reports, whichever one actor reported nothing."""
    holders = {one.actor: one.tier for one in signs if one.observable == observable}
    return all(
        context.shows({tier: [h for h in holders if h != missed and holders[h] == tier] for tier in "AB"})
        for missed in holders
    )


def test_what_would_not_have_been_named_without_an_actor_is_no_lead_without_it(sign) -> None:
    weak = reports(sign, 1, ("anna", "bodil", "clara"), tier="B")
    strong = reports(sign, 2, ("anna", "bodil", "clara"), tier="A")
    mixed = reports(sign, 3, ("anna", "bodil"), tier="A") + reports(sign, 3, ("clara",), tier="B")
    left = {
        one.lead.observables[0]: {without.actor: without.rank for without in one.without}
        for one in correlate(weak + strong + mixed, Context(now_us=NOW_US), {})
    }
    assert {*left[named(1)].values()} == {None}
    assert None not in left[named(2)].values()
    assert left[named(3)]["clara"] is not None
    assert left[named(3)]["anna"] is None
