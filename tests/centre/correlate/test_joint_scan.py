"""The joint walk: three tries at each of ten actors are no chance, harmless failures are; no actor decides alone."""

import json
from math import comb, isclose, log

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bavn.centre.books.codec import read_sign, write_sign
from bavn.centre.correlate.context import Context
from bavn.centre.correlate.joint_scan import TRIES_MAX, beyond_chance, depth, find, tail, tries, walks
from bavn.centre.correlate.kin import links_of
from bavn.centre.correlate.run import correlate
from bavn.model.evidence import walk_half_nats, walk_steps
from bavn.model.observable import Observable

NOW_US = 1_700_000_000_000_000
SOURCE = Observable.of("ip4", "203.0.113.9")


def tried(sign, actors, walk=8, **given_):
    return [
        sign(
            report_id=f"r{at}",
            actor=f"actor-{at}",
            observable=SOURCE,
            detector="scan",
            technique="T1595.001",
            p_bucket=4,
            walk_half_nats=walk,
            **given_,
        )
        for at in range(actors)
    ]


def found(signs, groups):
    elements = {SOURCE: signs}
    return find(elements, links_of(elements), Context(now_us=NOW_US, groups=groups), [SOURCE])


def test_three_tries_at_each_of_ten_are_beyond_chance_and_few_actors_are_not(sign):
    for groups in (15, 100):
        assert beyond_chance(walks(tried(sign, 10)), groups)
        (weighed,) = found(tried(sign, 10), groups)
        assert weighed.terms[0].name == "walk"
        assert "too many for chance" in weighed.terms[0].why.en
        assert "for mange til at være tilfældigt" in weighed.terms[0].why.da
        assert weighed.score > 0
    ranked = correlate(tried(sign, 10), Context(now_us=NOW_US, groups=15), {})
    assert ranked[0].lead.observables == (SOURCE,)
    assert not beyond_chance(walks(tried(sign, 3)), 15)
    assert not beyond_chance(walks(tried(sign, 7)), 100)
    assert depth([3] * 3, 15) == 0
    (weighed,) = found(tried(sign, 3), 15)
    assert weighed.score <= -4 + 1e-9
    assert "still within chance" in weighed.terms[0].why.en


@given(failed=st.integers(0, 9), doubtful=st.integers(0, 9), went_well=st.integers(0, 9))
def test_half_nats_say_exactly_how_many_tries_there_were(failed, doubtful, went_well):
    halves = 2 * (failed - went_well) + doubtful
    counted = tries(walk_half_nats(halves * log(2)))
    assert counted == min(TRIES_MAX, max(0, halves) // 2)


def test_reports_in_whole_nats_and_walks_in_half_ones_are_read_back(sign):
    body = json.loads(write_sign(sign()))
    del body["walk_half_nats"]
    assert [read_sign(json.dumps(body | {"walk_bucket": old})).walk_half_nats for old in (4, -3, None)] == [8, -6, None]
    assert [walk_steps(walk_half_nats(steps * log(2))) for steps in range(-11, 12)] == list(range(-11, 12))
    assert walk_half_nats(-100.0) == -16
    assert walk_half_nats(100.0) == 16


def test_a_harmless_source_stays_within_its_bound_of_the_binomial_law(sign):
    for over in (1, 2, 3):
        for made in range(1, 120):
            least = -(-(made + over) // 2)
            chance = sum(comb(made, f) * 0.2**f * 0.8 ** (made - f) for f in range(least, made + 1))
            assert chance <= 0.2**over * (1 + 1e-9)
    for of, chance, k in ((15, 0.008, 4), (100, 0.2, 30), (7, 0.04, 0), (3, 0.5, 4)):
        exact = sum(comb(of, j) * chance**j * (1 - chance) ** (of - j) for j in range(k, of + 1))
        assert isclose(tail(of, chance, k), exact, rel_tol=1e-9)
    for actors in range(2, 12):
        before, after = found(tried(sign, actors), 15), found(tried(sign, actors + 1), 15)
        assert after[0].score - before[0].score <= 4 + 1e-9


@pytest.mark.parametrize("of", [15, 50, 100, 1000])
def test_a_harmless_source_that_tries_everybody_is_called_a_scan_once_in_1e5_at_most(of):
    """Exact for three tries each: walks of 3 and 1 occur, with chances 0.008 and 0.096."""
    alarms = next(k for k in range(2, of) if beyond_chance([3] * k, of))
    assert tail(of, 0.008, alarms) <= 1e-5
    assert not beyond_chance([3] * (alarms - 1), of)


@given(longest=st.lists(st.integers(0, 3), min_size=1, max_size=30), more=st.integers(0, 3), of=st.integers(2, 120))
def test_one_more_report_never_makes_it_less(longest, more, of):
    of = max(of, len(longest) + 1)
    before = beyond_chance(sorted(longest, reverse=True), of)
    assert beyond_chance(sorted([*longest, more], reverse=True), of) >= before
    assert depth(sorted([*longest, more], reverse=True), of) <= depth(sorted(longest, reverse=True), of) + 1


@settings(max_examples=80)
@given(
    buckets=st.lists(st.tuples(st.integers(-16, 16), st.integers(0, 4)), min_size=2, max_size=14),
    groups=st.integers(2, 60),
    out=st.integers(0, 13),
)
def test_no_actor_lifts_a_joint_scan_by_more_than_the_cap(sign, buckets, groups, out):
    signs = [
        sign(
            report_id=f"r{at}",
            actor=f"actor-{at}",
            group=f"group-{group}-{at % 9}",
            observable=SOURCE,
            detector="scan",
            technique="T1595.001",
            walk_half_nats=bucket,
        )
        for at, (bucket, group) in enumerate(buckets)
    ]
    rest = [one for one in signs if one.actor != f"actor-{out % len(signs)}"]
    whole, less = found(signs, groups), found(rest, groups)
    if whole and less:
        assert whole[0].score - less[0].score <= 4 + 1e-9


def test_only_tries_from_outside_count_and_once_for_each_group(sign):
    outward = tried(sign, 10)
    for technique in ("T1046", "T1018"):
        moved = [
            sign(
                report_id=one.report_id,
                actor=one.actor,
                observable=SOURCE,
                detector="scan",
                technique=technique,
                walk_half_nats=8,
            )
            for one in outward
        ]
        assert found(moved, 15) == ()
    assert walks(tried(sign, 10, group="vendor")) == [3]
