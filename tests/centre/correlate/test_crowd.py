"""What comes by the dozen in one look weighs less; no report makes a crowd smaller, no one actor makes one."""

from math import isclose, log

from hypothesis import given
from hypothesis import strategies as st

from bavn.centre.correlate.context import Context
from bavn.centre.correlate.laws.crowd import CROWD_NATS_MAX, crowd_nats, crowds_of
from bavn.centre.correlate.laws.fitted import ASSUMED, OPTIONAL, Weights
from bavn.centre.correlate.review.review import review
from bavn.centre.correlate.run import correlate
from bavn.centre.correlate.score import weigh
from bavn.model.observable import Observable

NOW_US = 1_700_000_000_000_000
ELEMENTS = [Observable.of("domain", f"e{at}.example.com") for at in range(6)]


def told(sign, element, *actors, **look):
    return [
        sign(report_id=f"{actor} {element}", actor=actor, group=actor, observable=element, **look) for actor in actors
    ]


PAIRS = [("anna", "bodil"), ("anna", "clara"), ("bodil", "clara"), ("clara", "dora")]


def crowd(sign):
    return [
        one for element, pair in zip(ELEMENTS, PAIRS, strict=False) for one in told(sign, element, *pair, p_bucket=9)
    ]


def test_a_crowd_is_of_elements_that_two_groups_tell_of_alike_and_of_nothing_else(sign):
    signs = crowd(sign) + told(sign, ELEMENTS[4], "anna", "dora", p_bucket=5)
    signs += told(sign, Observable.of("ip4", "28.0.0.9"), "anna", "dora", p_bucket=9)
    assert list(crowds_of(signs).values()) == [3, 3, 3, 3, 0, 0]
    signs = [one for element in ELEMENTS for one in told(sign, element, "anna", "bodil", p_bucket=9)]
    assert set(crowds_of(signs).values()) == {0}
    flood = [one for element in ELEMENTS[:5] for one in told(sign, element, "mallory", p_bucket=9)]
    assert set(crowds_of(flood).values()) == {0}
    quiet = told(sign, ELEMENTS[5], "anna", "dora", p_bucket=4)
    assert crowds_of([*crowd(sign), *quiet, *told(sign, ELEMENTS[5], "mallory", p_bucket=9)])[ELEMENTS[5]] == 0


REPORTS = st.lists(
    st.tuples(
        st.integers(0, 4), st.sampled_from(ELEMENTS), st.integers(7, 9), st.sampled_from([None, 3]), st.booleans()
    ),
    min_size=2,
    max_size=30,
)


@given(reports=REPORTS, out=st.integers(0, 4))
def test_no_report_makes_a_crowd_smaller(sign, reports, out):
    signs = [
        sign(
            report_id=f"r{at}",
            actor=f"actor-{actor}",
            group="vendor" if grouped and actor < 2 else f"actor-{actor}",
            observable=element,
            p_bucket=p,
            period_bucket=period,
        )
        for at, (actor, element, p, period, grouped) in enumerate(reports)
    ]
    whole, less = crowds_of(signs), crowds_of([one for one in signs if one.actor != f"actor-{out}"])
    assert all(whole[element] >= crowd for element, crowd in less.items())


def test_a_crowd_lowers_a_score_within_a_bound_and_speaks_against_a_lead(sign):
    signs = told(sign, ELEMENTS[0], "anna", "bodil", "clara")
    alone, among = (
        weigh(ELEMENTS[0], signs, Context(now_us=NOW_US, weights=Weights({}, frozenset(OPTIONAL)), crowds=crowds))
        for crowds in ({}, {ELEMENTS[0]: 9})
    )
    assert isclose(alone.score - among.score, log(10))
    assert "9 other elements are told of in just the same way" in among.terms[6].why.en
    assumed = weigh(ELEMENTS[0], signs, Context(now_us=NOW_US, weights=ASSUMED, crowds={ELEMENTS[0]: 9}))
    assert "It adds nothing" in assumed.terms[6].why.en
    assert crowd_nats(10**6) == -CROWD_NATS_MAX
    for crowd, place in ((0, []), (40, [0])):
        context = Context(
            now_us=NOW_US, weights=Weights({}, frozenset(OPTIONAL)), crowds={ELEMENTS[0]: crowd} if crowd else {}
        )
        ranked = correlate(signs, context, {})[0]
        against = review(ranked.lead, ranked.elements, ranked.without, 0).against
        assert [at for at, text in enumerate(against) if "in just the same way" in text.en] == place
