"""Elements become leads: what is one story, which id it keeps, how it ranks and what each actor's absence would do."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bavn.centre.correlate.context import Context
from bavn.centre.correlate.run import CORRELATORS, correlate, representatives
from bavn.centre.correlate.shared_element import find
from bavn.model.intel import behaviour
from bavn.model.moment import HOUR_US
from bavn.model.observable import Observable

NOW_US = 1_700_000_000_000_000
HOUR = NOW_US // HOUR_US
DOMAIN = Observable.of("domain", "evil.example.com")
ADDRESS = Observable.of("ip4", "198.51.100.7")
OTHER = Observable.of("domain", "other.example.net")
CONTEXT = Context(now_us=NOW_US)


def on(sign, observable, actors, **given_):
    return [
        sign(report_id=f"{observable}-{actor}", actor=actor, observable=observable, **given_ | {"last_hour": HOUR})
        for actor in actors
    ]


def test_elements_with_one_story_are_one_lead_and_what_one_actor_reports_alone_is_none(sign):
    signs = on(sign, DOMAIN, ("anna", "bodil", "clara"), period_bucket=3, regularity_bucket=4, first_hour=HOUR - 9)
    signs += on(sign, ADDRESS, ("anna", "bodil"), period_bucket=3, regularity_bucket=4, first_hour=HOUR - 9)
    (ranked,) = correlate(signs, CONTEXT, {})
    assert ranked.lead.observables == (DOMAIN, ADDRESS)
    assert ranked.lead.actors == ("anna", "bodil", "clara")
    assert ranked.lead.score == ranked.elements[0].score
    story = {"period_bucket": 3, "regularity_bucket": 4, "first_hour": HOUR - 9}
    base = on(sign, DOMAIN, ("anna", "bodil"), **story)
    for change in ({"period_bucket": 4}, {"first_hour": HOUR - 8}, {"detector": "scan"}, {"p_bucket": 12}):
        apart = base + on(sign, ADDRESS, ("anna", "bodil"), **story | change)
        assert len(correlate(apart, CONTEXT, {})) == 2
    at_one = base + on(sign, ADDRESS, ("anna",), **story) + on(sign, ADDRESS, ("clara",), **story | {"p_bucket": 2})
    assert len(correlate(at_one, CONTEXT, {})) == 2
    vendor = [
        sign(report_id=f"{o}-{a}", actor=a, group="vendor", observable=o, **story)
        for o in (DOMAIN, ADDRESS)
        for a in ("anna", "bodil")
    ]
    assert len(correlate(vendor, CONTEXT, {})) == 2
    assert correlate(on(sign, DOMAIN, ("anna",)), CONTEXT, {}) == ()


def test_leads_rank_by_score_and_say_what_is_left_without_each_actor(sign):
    strong = on(sign, DOMAIN, ("anna", "bodil", "clara"), p_bucket=8)
    weak = on(sign, OTHER, ("anna", "ditte"), p_bucket=4)
    first, second = correlate(weak + strong, CONTEXT, {})
    assert (first.lead.rank, first.lead.observables) == (1, (DOMAIN,))
    assert (second.lead.rank, second.lead.observables) == (2, (OTHER,))
    without = {one.actor: one for one in first.without}
    assert without["anna"].rank == 1
    assert without["anna"].score < first.lead.score
    assert "Without anna: score" in without["anna"].why.en
    assert {one.actor: one.rank for one in second.without} == {"anna": None, "ditte": None}
    assert "Uden anna: intet spor" in second.without[0].why.da
    ahead = on(sign, DOMAIN, ("anna", "bodil"), p_bucket=15, detector="rarity")
    behind = on(sign, OTHER, ("anna", "clara", "ditte"), p_bucket=4)
    first, second = correlate(ahead + behind, CONTEXT, {})
    assert first.lead.observables == (DOMAIN,)
    ranks = {one.actor: one.rank for one in second.without}
    assert ranks["anna"] == 1
    assert ranks["clara"] == 2


def test_an_id_stays_while_its_elements_live_and_through_joining_and_splitting(sign):
    story = {"period_bucket": 3, "regularity_bucket": 4, "first_hour": HOUR - 9}
    domain = on(sign, DOMAIN, ("anna", "bodil"), **story)
    address = on(sign, ADDRESS, ("anna", "bodil"), **story)
    (alone,) = correlate(domain, CONTEXT, {})
    (joined,) = correlate(domain + address, CONTEXT, {DOMAIN: alone.lead.id})
    assert joined.lead.id == alone.lead.id
    before = dict.fromkeys((DOMAIN, ADDRESS), joined.lead.id)
    moved = on(sign, ADDRESS, ("anna", "bodil"), **story | {"period_bucket": 5})
    split = correlate(domain + moved, CONTEXT, before)
    ids = {ranked.lead.observables: ranked.lead.id for ranked in split}
    assert sorted(ids.values()).count(joined.lead.id) == 1
    assert len(set(ids.values())) == 2


@settings(max_examples=60)
@given(
    picks=st.lists(st.tuples(st.integers(0, 4), st.integers(0, 3), st.integers(0, 15)), min_size=1, max_size=20),
    order=st.randoms(use_true_random=False),
)
def test_leads_do_not_depend_on_the_order_of_reports(sign, picks, order):
    signs = {
        (actor, element): sign(
            report_id=f"{actor}-{element}",
            actor=f"actor-{actor}",
            p_bucket=p,
            first_hour=HOUR - 3,
            observable=Observable.of("domain", f"e{element}.example.com"),
        )
        for actor, element, p in picks
    }
    mixed = list(signs.values())
    order.shuffle(mixed)
    one, other = correlate(signs.values(), CONTEXT, {}), correlate(mixed, CONTEXT, {})
    assert one == other
    assert [ranked.lead.rank for ranked in one] == list(range(1, len(one) + 1))
    scores = [ranked.lead.score for ranked in one]
    assert scores == sorted(scores, reverse=True)
    for ranked in one:
        for left in ranked.without:
            assert left.rank is None or ranked.lead.score - left.score <= 4 + 1e-9


def test_one_report_of_each_actor_represents_it_and_a_group_that_repeats_speaks_for_no_pair(sign):
    import sys

    assert find in CORRELATORS
    for correlator in CORRELATORS:
        said = sys.modules[correlator.__module__].__doc__
        assert all(f"{word}:" in said for word in ("Sees", "Misses", "Innocent", "Do first"))
    twice = [sign(report_id="a", p_bucket=3), sign(report_id="b", p_bucket=9), sign(actor="south", report_id="c")]
    assert [one.report_id for one in representatives(twice)] == ["b", "c"]
    story = {"period_bucket": 3, "regularity_bucket": 4, "first_hour": HOUR - 9, "group": "vendor"}
    signs = on(sign, PAIR, ("anna", "bodil"), **story) + on(sign, DOMAIN, ("anna", "bodil"), **story)
    assert not by_observable(signs, replace(CONTEXT, register=frozenset({DOMAIN})))[PAIR].listed


PAIR = behaviour.pair("a" * 32, "b" * 32)


def by_observable(signs, context):
    return {one.observable: one for ranked in correlate(signs, context, {}) for one in ranked.elements}


@pytest.mark.parametrize(("told_by", "spoken"), [(("anna", "bodil"), True), (("anna",), False)])
def test_what_speaks_for_a_domain_speaks_for_the_pair_that_two_groups_report_with_it(sign, told_by, spoken):
    story = {"period_bucket": 3, "regularity_bucket": 4, "first_hour": HOUR - 9}
    pair = on(sign, PAIR, ("anna", "bodil", "clara"), **story)
    domain = on(sign, DOMAIN, told_by, **story) + on(sign, DOMAIN, ("ditte",), **story | {"first_hour": HOUR - 30})
    plain = by_observable(pair + domain, CONTEXT)[PAIR]
    weighed = by_observable(pair + domain, replace(CONTEXT, register=frozenset({DOMAIN})))[PAIR]
    assert not plain.listed
    assert weighed.listed is spoken
    off = plain.score - weighed.score
    assert off == pytest.approx(CONTEXT.settings.cleared_nats if spoken else 0.0)
    why = next(term.why for term in weighed.terms if term.name == "lists")
    assert (f"sector-register ({DOMAIN.value})" in why.en) is spoken
