"""What the score promises: it grows with evidence, no order matters, and no one actor moves it by more than the cap."""

from dataclasses import replace
from itertools import combinations, pairwise, product
from math import inf, isclose, log

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bavn.centre.correlate.bounds.cap import GroupEvidence, Shape, capped
from bavn.centre.correlate.context import Context
from bavn.centre.correlate.dependence import Dependence
from bavn.centre.correlate.laws.fitted import ASSUMED, shipped
from bavn.centre.correlate.score import HOSTS_BENIGN, HOSTS_MALICIOUS, rhythm, weigh
from bavn.centre.correlate.settings import ScoreSettings
from bavn.centre.correlate.sharing import Fit
from bavn.model.evidence import PERIOD_EDGES_S
from bavn.model.moment import HOUR_US
from bavn.model.observable import Observable

NOW_US = 1_700_000_000_000_000
NOW_HOUR = NOW_US // HOUR_US
EVIL = Observable.of("domain", "evil.example.com")
NAMES = ("anna", "bodil", "clara", "ditte", "emma", "freja", "gerda")


class Listed:
    def __init__(self, *names, grade="service"):
        self.names = tuple((name, grade) for name in names)

    def of(self, observable):
        return self.names


@st.composite
def reports(draw, least=1, most=6):
    """One to six actors' reports on one element, some actors in one group."""
    made = []
    for at in range(draw(st.integers(least, most))):
        made.append(
            {
                "report_id": f"r{at}",
                "actor": NAMES[at],
                "group": draw(st.sampled_from([NAMES[at], "shared-vendor"])),
                "p_bucket": draw(st.integers(0, 15)),
                "hosts_bucket": draw(st.integers(0, 3)),
                "first_hour": NOW_HOUR - draw(st.sampled_from([1, 20, 100, 300, 1000])),
                "last_hour": NOW_HOUR,
                "period_bucket": draw(st.sampled_from([None, 2, 3, 3])),
                "regularity_bucket": draw(st.sampled_from([None, 1, 4])),
                "received_us": NOW_US - at,
            }
        )
    return made


@pytest.fixture(scope="module", params=[ASSUMED, shipped()], ids=["assumed", "shipped"])
def context(request):
    return Context(now_us=NOW_US, weights=request.param)


@given(given_reports=reports(), order=st.randoms(use_true_random=False))
def test_order_and_repetition_change_nothing(sign, context, given_reports, order):
    signs = [sign(**one) for one in given_reports]
    mixed = signs + signs[:2]
    order.shuffle(mixed)
    assert weigh(EVIL, mixed, context) == weigh(EVIL, signs, context)


@given(given_reports=reports(), at=st.integers(0, 5), more=st.integers(1, 15))
def test_more_evidence_never_lowers_a_score(sign, context, given_reports, at, more):
    at %= len(given_reports)
    stronger = [dict(one) for one in given_reports]
    stronger[at]["p_bucket"] = min(15, stronger[at]["p_bucket"] + more)
    alone = [one | {"group": one["actor"], "period_bucket": None} for one in given_reports]
    stronger_alone = [one | {"group": one["actor"], "period_bucket": None} for one in stronger]
    before = weigh(EVIL, [sign(**one) for one in alone], context).score
    after = weigh(EVIL, [sign(**one) for one in stronger_alone], context).score
    assert after >= before - 1e-9


@settings(max_examples=150)
@given(given_reports=reports(least=2))
def test_no_actor_lifts_a_score_by_more_than_the_cap(sign, context, given_reports):
    signs = [sign(**one) for one in given_reports]
    whole = weigh(EVIL, signs, context).score
    for one in signs:
        rest = [other for other in signs if other.actor != one.actor]
        assert whole - weigh(EVIL, rest, context).score <= context.settings.influence_nats_max + 1e-9


@settings(max_examples=60)
@given(given_reports=reports(least=2), extra=st.lists(st.tuples(st.integers(0, 15), st.integers(0, 3)), max_size=4))
def test_however_many_reports_one_actor_sends(sign, context, given_reports, extra):
    honest = [sign(**one) for one in given_reports]
    flood = [
        sign(
            report_id=f"f{at}",
            actor="mallory",
            p_bucket=p,
            hosts_bucket=h,
            period_bucket=3,
            regularity_bucket=5,
            first_hour=NOW_HOUR - 1,
        )
        for at, (p, h) in enumerate(extra)
    ]
    assert weigh(EVIL, honest + flood, context).score - weigh(EVIL, honest, context).score <= 4 + 1e-9


@given(given_reports=reports())
def test_the_score_is_the_sum_of_its_terms_and_each_says_why_in_both_languages(sign, context, given_reports):
    weighed = weigh(EVIL, [sign(**one) for one in given_reports], context)
    assert isclose(weighed.score, sum(term.nats for term in weighed.terms), abs_tol=1e-9)
    names = [term.name for term in weighed.terms]
    assert names[:6] == ["evidence", "sharing", "hosts", "congruence", "novelty", "lists"]
    assert names[6:] in ([], ["cap"])
    assert all(term.why.en != term.why.da for term in weighed.terms)


GROUPS = st.lists(
    st.tuples(st.lists(st.floats(-3, 5), min_size=1, max_size=2), st.sampled_from([None, None, 1, 2])).map(
        lambda one: GroupEvidence(tuple(sorted(one[0], reverse=True)), one[1])
    ),
    min_size=1,
    max_size=5,
)


def ways_of(group):
    """(worth or None if left out, rhythm, actors left out) for each way to cut a group down."""
    yield None, None, len(group.worths)
    for left_out, worth in enumerate(group.worths):
        yield worth, group.rhythm if left_out == 0 else None, left_out


@settings(max_examples=150)
@given(groups=GROUPS, numbers=st.lists(st.floats(-3, 3), min_size=7, max_size=7), r=st.floats(0, 1))
def test_the_cap_is_the_exact_minimum_over_who_is_left_out(groups, numbers, r):
    def of_pairs(pairs):
        return min(4.0, 1.5 * min(pairs, 3))

    best = inf
    for kept in product(*(ways_of(group) for group in groups)):
        spoken = [(worth, rhythm) for worth, rhythm, _ in kept if worth is not None]
        if not spoken:
            continue
        rhythms = [rhythm for _, rhythm in spoken if rhythm is not None]
        pairs = sum(one == other for one, other in combinations(rhythms, 2))
        scale = 1 / (1 + (len(spoken) - 1) * r)
        worth = scale * sum(worth for worth, _ in spoken) + numbers[len(spoken)] + of_pairs(pairs)
        best = min(best, worth + 4.0 * sum(left_out for _, _, left_out in kept))
    shape = Shape(scale=Dependence(r).scale, of_number=lambda k: numbers[k], of_pairs=of_pairs)
    assert isclose(capped(groups, shape, 4.0), best, abs_tol=1e-9)


def test_groups_count_once_and_a_new_element_weighs_more_than_a_known_one(sign, context):
    two = [sign(actor="anna"), sign(actor="bodil")]
    alike = [sign(actor="anna", group="vendor"), sign(actor="bodil", group="vendor")]
    assert weigh(EVIL, two, context).groups == 2
    assert weigh(EVIL, alike, context).groups == 1
    assert weigh(EVIL, alike, context).score < weigh(EVIL, two, context).score
    new = [sign(actor=name, first_hour=NOW_HOUR - 5) for name in ("anna", "bodil")]
    old = [sign(actor=name, first_hour=NOW_HOUR - 500) for name in ("anna", "bodil")]
    one_old = [new[0], old[1]]
    gap = log(0.6 / 0.05) - log(0.4 / 0.95)
    assert isclose(weigh(EVIL, new, context).score - weigh(EVIL, old, context).score, gap)
    assert weigh(EVIL, one_old, context).score == weigh(EVIL, new, context).score
    long_ago = {EVIL: {"anna": NOW_HOUR - 999, "bodil": NOW_HOUR - 999}}
    remembered = replace(context, first_hours=long_ago)
    assert isclose(weigh(EVIL, new, remembered).score, weigh(EVIL, old, context).score)


def test_lists_verdicts_and_the_register_weigh_down_and_forbid_a_block(sign, context):
    signs = [sign(actor=name) for name in ("anna", "bodil")]
    plain = weigh(EVIL, signs, context)
    assert not plain.listed
    for other, nats in (
        (replace(context, cleared=frozenset({EVIL})), 8.0),
        (replace(context, register=frozenset({EVIL})), 8.0),
    ):
        weighed = weigh(EVIL, signs, other)
        assert weighed.listed
        assert isclose(plain.score - weighed.score, nats)
    same_law = {"listed/domain": Fit(0.9, 0)}
    popular = weigh(EVIL, signs, replace(context, lists=Listed("tranco10k", grade="popular"), sharing=same_law))
    assert isclose(plain.score - popular.score, 3.0)
    assert "tranco10k" in popular.terms[5].why.en


def test_rhythms_and_hosts_count_from_their_edges_up_to_the_cap(sign):
    context = Context(now_us=NOW_US, settings=ScoreSettings(influence_nats_max=20.0), weights=ASSUMED)
    for actors, nats in ((2, 1.5), (3, 4.0), (5, 4.0)):
        signs = [sign(actor=name, p_bucket=2, period_bucket=3, regularity_bucket=4) for name in NAMES[:actors]]
        terms = {term.name: term.nats for term in weigh(EVIL, signs, context).terms}
        assert terms["congruence"] == nats
    irregular = [sign(actor=name, period_bucket=3, regularity_bucket=1) for name in NAMES[:3]]
    assert {term.name: term.nats for term in weigh(EVIL, irregular, context).terms}["congruence"] == 0
    edges = [PERIOD_EDGES_S[0] / 4, *PERIOD_EDGES_S, PERIOD_EDGES_S[-1] * 4]
    midpoints = [(low * high) ** 0.5 for low, high in pairwise(edges)]
    assert min(log(later / earlier) for earlier, later in pairwise(midpoints)) > 0.35
    assert rhythm(sign(period_bucket=3, regularity_bucket=1)) is None
    assert rhythm(sign(period_bucket=3, regularity_bucket=2)) == 3
    assert rhythm(sign(period_bucket=None, regularity_bucket=5)) is None
    assert isclose(sum(HOSTS_MALICIOUS), 1)
    assert isclose(sum(HOSTS_BENIGN), 1)
    ratios = [bad / good for bad, good in zip(HOSTS_MALICIOUS, HOSTS_BENIGN, strict=True)]
    assert ratios == sorted(ratios, reverse=True)
