"""Links between elements: what is linked, what that adds, that nobody's own words come back, and that the cap holds."""

from hypothesis import given, settings
from hypothesis import strategies as st

from bavn.centre.correlate.context import Context
from bavn.centre.correlate.graph import kin_of
from bavn.centre.correlate.kin import DEGREE_MAX, links_of, prints_of
from bavn.centre.correlate.laws.crowd import crowds_of
from bavn.centre.correlate.laws.fitted import ASSUMED, OPTIONAL, Weights
from bavn.centre.correlate.run import correlate
from bavn.centre.correlate.score import Kin, weigh
from bavn.centre.correlate.settings import ScoreSettings
from bavn.model.moment import HOUR_US
from bavn.model.observable import Observable

NOW_US = 1_700_000_000_000_000
HOUR = NOW_US // HOUR_US
CONTEXT = Context(now_us=NOW_US, weights=ASSUMED)
DOMAIN = Observable.of("domain", "evil.example.com")
OTHER = Observable.of("domain", "other.example.net")
ADDRESS = Observable.of("ip4", "198.51.100.7")
NEXT_DOOR = Observable.of("ip4", "198.51.100.99")
ELSEWHERE = Observable.of("ip4", "203.0.113.99")
CERT = Observable.of("cert", "ab" * 32)
STORY = {"period_bucket": 3, "regularity_bucket": 4, "first_hour": HOUR - 9, "last_hour": HOUR}


def on(sign, observable, *actors, **given_):
    return [
        sign(report_id=f"{observable}-{actor}", actor=actor, observable=observable, **STORY | given_)
        for actor in actors
    ]


def by_element(signs):
    found = {}
    for one in signs:
        found.setdefault(one.observable, []).append(one)
    return found


def terms_of(ranked, observable):
    weighed = next(w for one in ranked for w in one.elements if w.observable == observable)
    return {term.name: term for term in weighed.terms}


def test_a_network_and_a_story_link_and_what_links_to_everything_does_not(sign):
    signs = on(sign, DOMAIN, "anna", "bodil") + on(sign, ADDRESS, "anna", "bodil")
    signs += on(sign, NEXT_DOOR, "clara", "ditte", first_hour=HOUR - 2) + on(
        sign, ELSEWHERE, "emma", "freja", p_bucket=1
    )
    links = links_of(by_element(signs))
    assert set(links.weights[ADDRESS]) == {DOMAIN, NEXT_DOOR}
    assert links.together[DOMAIN] == {ADDRESS: frozenset({"anna", "bodil"})}
    assert ELSEWHERE not in links.weights
    assert set(links.near(DOMAIN)) == {ADDRESS, NEXT_DOOR}
    assert links.without("anna").together[DOMAIN] == {ADDRESS: frozenset({"bodil"})}
    crowd = [Observable.of("ip4", f"198.51.100.{n}") for n in range(DEGREE_MAX + 2)]
    signs = [
        one for at, element in enumerate(crowd) for one in on(sign, element, "anna", "bodil", first_hour=HOUR - at)
    ]
    assert links_of(by_element(signs)).weights == {}
    signs = on(sign, DOMAIN, "anna", "bodil") + on(sign, ADDRESS, "bodil", "clara") + on(sign, CERT, "clara", "anna")
    elements = by_element(signs)
    links = links_of(elements)
    assert kin_of(DOMAIN, elements, links, CONTEXT) == kin_of(DOMAIN, elements, links_of(elements), CONTEXT)
    assert prints_of(DOMAIN, elements, links, CONTEXT) == {"anna": CERT}


def test_a_neighbour_adds_what_others_say_and_nothing_that_one_actor_holds_alone(sign):
    own = on(sign, ADDRESS, "anna", "bodil", "clara", "ditte", p_bucket=3, hosts_bucket=2)
    same = on(sign, NEXT_DOOR, "anna", "bodil", "clara", "ditte", first_hour=HOUR - 3)
    others = on(sign, NEXT_DOOR, "emma", "freja", "gerda", first_hour=HOUR - 3)
    assert "graph" not in terms_of(correlate(own + same, CONTEXT, {}), ADDRESS)
    term = terms_of(correlate(own + others, CONTEXT, {}), ADDRESS)["graph"]
    assert 0 < term.nats <= CONTEXT.settings.graph_nats_max
    assert "ip4:198.51.100.99" in term.why.en
    assert "andre aktører" in term.why.da
    story = {"period_bucket": None, "regularity_bucket": None}
    with_it = on(sign, DOMAIN, "anna", "bodil", **story) + on(sign, CERT, "anna", "bodil", **story)
    terms = terms_of(correlate(with_it, CONTEXT, {}), DOMAIN)
    assert terms["congruence"].nats == CONTEXT.settings.congruence_nats
    assert "rare fingerprint" in terms["congruence"].why.en
    assert terms_of(correlate(with_it, CONTEXT, {}), CERT)["congruence"].nats == 0
    common = with_it + [one for n in range(12) for one in on(sign, CERT, f"actor-{n}", **story)]
    assert terms_of(correlate(common, CONTEXT, {}), DOMAIN)["congruence"].nats == 0
    alone = on(sign, DOMAIN, "anna", "bodil", **STORY) + on(sign, CERT, "anna")
    assert terms_of(correlate(alone, CONTEXT, {}), DOMAIN) == terms_of(
        correlate(on(sign, DOMAIN, "anna", "bodil"), CONTEXT, {}), DOMAIN
    )


ELEMENTS = (DOMAIN, OTHER, ADDRESS, NEXT_DOOR, ELSEWHERE, CERT)
REPORTS = st.lists(
    st.tuples(
        st.integers(0, 5),
        st.sampled_from(ELEMENTS),
        st.integers(0, 15),
        st.sampled_from([None, 3, 5]),
        st.sampled_from([2, 9]),
        st.booleans(),
    ),
    min_size=4,
    max_size=24,
)


def made(sign, reports):
    return [
        sign(
            report_id=f"r{at}",
            actor=f"actor-{actor}",
            group="vendor" if grouped and actor < 2 else f"actor-{actor}",
            observable=element,
            p_bucket=p,
            period_bucket=period,
            regularity_bucket=4,
            first_hour=HOUR - first,
            last_hour=HOUR,
        )
        for at, (actor, element, p, period, first, grouped) in enumerate(reports)
    ]


@settings(max_examples=120)
@given(reports=REPORTS, out=st.integers(0, 5))
def test_no_actor_lifts_any_score_by_more_than_the_cap_with_every_term(sign, reports, out):
    signs = made(sign, reports)
    rest = [one for one in signs if one.actor != f"actor-{out}"]
    whole, less = (
        {
            weighed.observable: weighed.score
            for one in correlate(
                some,
                Context(
                    now_us=NOW_US,
                    settings=ScoreSettings(graph_floor_nats=-5.0),
                    weights=Weights({}, frozenset(OPTIONAL)),
                    crowds=crowds_of(some),
                ),
                {},
            )
            for weighed in one.elements
        }
        for some in (signs, rest)
    )
    for observable in whole.keys() & less.keys():
        assert whole[observable] - less[observable] <= 4 + 1e-9


@settings(max_examples=60)
@given(reports=REPORTS, claimed=st.floats(0, 100))
def test_the_graph_lifts_nothing_that_hangs_on_one_actor(sign, reports, claimed):
    signs = [one for one in made(sign, reports) if one.observable == reports[0][1]]
    bare = weigh(reports[0][1], signs, CONTEXT).score
    lifted = weigh(reports[0][1], signs, CONTEXT, Kin(graph_nats=claimed)).score
    assert bare - 1e-9 <= lifted <= bare + CONTEXT.settings.graph_nats_max + 1e-9
    for actor in {one.actor for one in signs}:
        rest = [one for one in signs if one.actor != actor]
        if rest:
            assert lifted - weigh(reports[0][1], rest, CONTEXT).score <= 4 + 1e-9


@settings(max_examples=40)
@given(reports=REPORTS)
def test_the_counterfactual_is_what_would_be_found_without_the_actor(sign, reports):
    signs = made(sign, reports)
    for ranked in correlate(signs, CONTEXT, {}):
        for without in ranked.without:
            rest = [one for one in signs if one.actor != without.actor]
            scores = {w.observable: w.score for one in correlate(rest, CONTEXT, {}) for w in one.elements}
            left = [scores[o] for o in ranked.lead.observables if o in scores]
            assert (without.rank is None) == (not left)
            assert not left or abs(max(left) - without.score) < 1e-9
