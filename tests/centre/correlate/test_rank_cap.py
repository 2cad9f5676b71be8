"""The first nine places go by what is left without any one actor: nobody fills them alone."""

from hypothesis import given
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
def test_the_first_places_hold_the_most_that_is_left_and_the_rest_stands_by_priority(left) -> None:
    order = placed([float(-at) for at in range(len(left))], left)
    assert sorted(order) == list(range(len(left)))
    if len(left) <= PLACES:
        assert order == sorted(order)
        return
    firm = [at for at, one in enumerate(left) if one is not None]
    first = order[: min(PLACES, len(firm))]
    least = min((left[at] for at in first), default=0.0)
    assert all(left[at] is not None for at in first)
    assert all(left[at] <= least for at in firm if at not in first)
    rest = order[len(first) :]
    assert rest == sorted(rest)


def named(number: int) -> Observable:
    return Observable.of("domain", f"e{number}.example.com")


def reports(sign, number, actors, **given_):
    return [
        sign(
            report_id=f"{number}-{actor}",
            actor=actor,
            observable=named(number),
            first_hour=HOUR - 3 - number,
            last_hour=HOUR,
            **given_,
        )
        for actor in actors
    ]


def many(sign):
    """Twelve leads of four actors each, weak at each."""
    return [one for n in range(12) for one in reports(sign, n, ("anna", "bodil", "clara", "ditte"), p_bucket=6)]


def test_one_actor_that_claims_the_strongest_thing_gets_no_further_than_the_tenth_place(sign) -> None:
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


def test_where_few_leads_stand_all_are_read_and_none_is_moved(sign) -> None:
    lie = reports(sign, 50, ("emma", "mallory"), p_bucket=15, detector="rarity")
    few = [one for one in many(sign) if one.observable in {named(n) for n in range(PLACES - 1)}]
    ranked = correlate(few + lie, Context(now_us=NOW_US), {})
    assert ranked[0].lead.observables == (named(50),)
    assert not any(one.lead.reasons for one in ranked)
