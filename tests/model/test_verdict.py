"""What a verdict covers, when it holds, and what it does to the reading order."""

from dataclasses import replace
from itertools import pairwise
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bavn.model.evidence import evidence_nats
from bavn.model.sector.verdict import BENIGN_P_TIMES, SCOPES, Judgement, Verdict, Verdicts, judged_in_order, weighed
from bavn.model.suspicion import RowsRef, Suspicion, in_order
from bavn.model.text import Text


def suspicion(**other) -> Suspicion:
    plain = Suspicion(
        id="a" * 32,
        detector="beacon",
        technique="T1071",
        host="10.0.0.5",
        peer="c2.example",
        observables=(),
        p=1e-4,
        p_source="own",
        evidence_nats=evidence_nats(1e-4),
        statistic=3.0,
        first_us=0,
        last_us=1,
        hosts=1,
        listed=False,
        why=Text.written("So.", da="Så."),
        rows=RowsRef("flow", (), 0, 1),
    )
    return replace(plain, **other)


def verdict(judgement="benign", scope="story", on=None, **other) -> Verdict:
    s = on or suspicion()
    plain = Verdict(
        number=1,
        judgement=judgement,
        scope=scope,
        story=s.id,
        detector=s.detector,
        host=s.host,
        peer=s.peer,
        given_us=100,
        until_us=200,
        by="anna",
        comment="",
    )
    return replace(plain, **other)


def test_it_holds_for_its_span_and_the_narrowest_newest_scope_says_what_it_is() -> None:
    one = verdict()
    assert [one.holds(at) for at in (99, 100, 199, 200)] == [False, True, True, False]
    assert [replace(one, ended_us=150).holds(at) for at in (149, 150)] == [True, False]
    assert replace(one, judgement="true", until_us=None).holds(10**18)
    wide = verdict("ignore", "peer", number=9)
    narrow = verdict("true", "story", number=1)
    assert Verdicts([wide, narrow], 150).of(suspicion()) == narrow
    assert Verdicts([replace(narrow, ended_us=120), wide], 150).of(suspicion()) == wide
    older, newer = verdict("benign", number=1), verdict("ignore", number=2)
    assert Verdicts([newer, older], 150).of(suspicion()) == newer


OTHERS = {
    "itself": suspicion(),
    "same peer, other host": suspicion(id="b" * 32, host="10.0.0.6"),
    "same host, other peer": suspicion(id="c" * 32, peer="other.example"),
    "same pair, other detector": suspicion(id="d" * 32, detector="exfil"),
    "nothing shared": suspicion(id="e" * 32, detector="exfil", host="10.0.0.6", peer="other.example"),
}


@pytest.mark.parametrize(
    ("scope", "covered"),
    [
        ("story", {"itself"}),
        ("detector-peer", {"itself", "same peer, other host"}),
        ("host", {"itself", "same host, other peer"}),
        ("peer", {"itself", "same peer, other host", "same pair, other detector"}),
    ],
)
def test_each_scope_covers_just_what_it_says(scope, covered) -> None:
    holding = Verdicts([verdict(scope=scope)], 150)
    assert {name for name, other in OTHERS.items() if holding.of(other)} == covered


@pytest.mark.parametrize("judgement", get_args(Judgement))
@pytest.mark.parametrize("scope", SCOPES)
def test_a_match_of_an_indicator_is_reached_only_by_a_verdict_on_it(judgement, scope) -> None:
    match = suspicion(id="f" * 32, detector="ioc")
    assert Verdicts([verdict(judgement, scope)], 150).of(match) is None, "given on a beacon to the same peer"
    reached = Verdicts([verdict(judgement, scope, on=match)], 150).of(match)
    assert (reached is None) == (scope == "host")


def test_benign_takes_evidence_away_and_the_order_is_true_evidence_ignored() -> None:
    strong, weak = suspicion(), suspicion(p=0.5, evidence_nats=evidence_nats(0.5))
    made = weighed(strong, verdict())
    assert made.p == pytest.approx(1e-4 * BENIGN_P_TIMES)
    assert made.evidence_nats == evidence_nats(made.p)
    assert weighed(weak, verdict()).p == 1.0
    for judgement in ("true", "ignore"):
        assert weighed(strong, verdict(judgement)) is strong
    said = {"a": "ignore", "b": "true", "c": "benign"}
    found = [suspicion(id=name * 32) for name in "abcd"]
    given_ = [verdict(said[s.id[0]], on=s, number=n) for n, s in enumerate(found) if s.id[0] in said]
    ordered = judged_in_order(found, Verdicts(given_, 150))
    assert [one.suspicion.id[0] for one in ordered] == ["b", "d", "c", "a"]
    assert [one.ignored for one in ordered] == [False, False, False, True]


@given(st.lists(st.floats(1e-4, 1.0), max_size=12), st.lists(st.sampled_from(get_args(Judgement)), max_size=12))
def test_nothing_is_lost_or_doubled_whatever_is_judged(ps, judgements) -> None:
    found = [suspicion(id=f"{n:032x}", p=p, evidence_nats=evidence_nats(p)) for n, p in enumerate(ps)]
    given_ = [verdict(j, on=s, number=n) for n, (s, j) in enumerate(zip(found, judgements, strict=False))]
    ordered = judged_in_order(found, Verdicts(given_, 150))
    assert sorted(one.suspicion.id for one in ordered) == [s.id for s in found]
    assert all(a.ignored <= b.ignored for a, b in pairwise(ordered))
    unjudged = [one.suspicion for one in ordered if one.verdict is None]
    assert unjudged == in_order(unjudged)
    assert judged_in_order(found, Verdicts(given_, 200)) == judged_in_order(found, Verdicts()), "all have ended"
