"""An actor sees who asked it to name what, and can take an answer back."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bavn.actor.door.policy import DoorPolicy
from bavn.actor.door.rounds.reveals import KEPT_DAYS
from bavn.model.intel.behaviour import chain, pair
from bavn.model.moment import DAY_US
from bavn.model.observable import Observable, ObservableType
from bavn.wire.messages import catalogue as messages

from .conftest import BAD, BAD_ADDRESS, NOW_US, Actor, TestCentre, suspicion

FP_PAIR = pair("ab" * 16, "cd" * 16).value
CHAIN = chain(("T1071", "T1046"), 3).value


def asked(actor):
    return {(one.observable, one.receipts_of, one.rule) for one in actor.door.reveals.every()}


def test_each_question_is_kept_with_whose_receipts_were_shown_and_what_was_answered(centre, actors) -> None:
    actors[0] = Actor(
        "north", centre.key, seed=1, suspicions=actors[0].suspicions, policy=DoorPolicy(reveal_address="never")
    )
    opening, _, _ = centre.round(actors)
    north = actors[0]
    assert asked(north) == {(BAD, ("south", "west"), ""), (BAD_ADDRESS, ("south", "west"), "reveal_mode")}
    assert {(one.round_id, one.tier, one.at_us) for one in north.door.reveals.every()} == {
        (opening.round_id, "B", NOW_US)
    }


@pytest.mark.parametrize(
    ("kind", "value", "field"),
    [
        ("domain", "evil-c2.com", "reveal_domain"),
        ("ip4", "185.1.2.3", "reveal_address"),
        ("ip6", "2a02:26f7::7", "reveal_address"),
        ("ja3", "ab" * 16, "reveal_fingerprint"),
        ("cert", "cd" * 32, "reveal_fingerprint"),
        ("sha256", "ef" * 32, "reveal_file"),
        ("fp-pair", FP_PAIR, "reveal_pair"),
        ("chain", CHAIN, "reveal_chain"),
    ],
)
@pytest.mark.parametrize("mode", ["automatic", "ask", "never"])
def test_each_class_of_element_has_its_own_mode(centre, kind, value, field, mode) -> None:
    element = Observable.of(kind, value)
    shared = [suspicion(observables=(element,), peer=value)]
    north = Actor("north", centre.key, seed=1, suspicions=shared, policy=DoorPolicy(**{field: mode}))
    others = [Actor(name, centre.key, seed=i, suspicions=shared) for i, name in ((2, "south"), (3, "west"))]
    _, _, answers = centre.round([north, *others])
    named = {m.value for m in answers["north"] if isinstance(m, messages.Report)}
    assert named == ({element.value} if mode == "automatic" else set())
    assert north.door.state.wish(element) == ("asked" if mode == "ask" else None)
    if mode == "ask":
        north.door.state.set_override(element, "allow", "anna", NOW_US)
        _, _, answers = centre.round([north, *others], round_id="cd" * 16)
        assert {m.value for m in answers["north"] if isinstance(m, messages.Report)} == {element.value}


def test_what_is_taken_back_is_told_once_and_never_named_again(centre, actors) -> None:
    centre.round(actors)
    north = actors[0]
    north.door.reveals.withdraw(BAD, "anna", NOW_US)
    for _ in range(3):
        north.door.tell_withdrawals()
    said = north.said()
    assert [m for m in said if isinstance(m, messages.Withdrawn)] == [
        messages.Withdrawn(type="domain", value=BAD.value)
    ]
    (line,) = north.ledger.lines(kind="Withdrawn")
    assert (line.verdict, line.privacy, line.way) == ("passed", "S1", "out")
    _, _, answers = centre.round(actors, round_id="cd" * 16)
    assert BAD.value not in {m.value for m in answers.get("north", []) if isinstance(m, messages.Report)}


def test_to_take_back_what_was_never_named_says_nothing(centre, actors) -> None:
    """Else a withdrawal would name an element that fewer than t hold."""
    north = actors[0]
    centre.round(actors)
    north.said()
    north.door.reveals.withdraw(Observable.of("domain", "only-north.net"), "anna", NOW_US)
    north.door.tell_withdrawals()
    assert north.said() == []
    (line,) = north.ledger.lines(kind="Withdrawn")
    assert (line.verdict, line.rule) == ("refused", "was_reported")
    assert north.door.reveals.waiting() == []


@settings(max_examples=10)
@given(by=st.text(min_size=1, max_size=20).filter(str.strip), later_us=st.integers(0, 10**9))
def test_a_withdrawal_tells_what_is_withdrawn_and_nothing_of_who_when_or_why(by, later_us) -> None:
    """The twin of a withdrawal: two worlds that differ in who, when and on what evidence say the same bytes."""
    said = [
        _withdrawn_bytes(TestCentre(), name, at_us, host)
        for name, at_us, host in (("anna", 0, "10.1.2.3"), (by, later_us, "10.250.0.9"))
    ]
    assert said[0] == said[1]


def _withdrawn_bytes(centre, by, at_us, host):
    actors = [
        Actor(name, centre.key, seed=i + 1, suspicions=[suspicion(host=host)])
        for i, name in enumerate(("north", "south", "west"))
    ]
    centre.round(actors)
    north = actors[0]
    north.door.reveals.withdraw(BAD, by, NOW_US + at_us)
    north.door.tell_withdrawals()
    return north.sealed()


def test_what_was_asked_is_forgotten_after_a_quarter(centre, actors) -> None:
    centre.round(actors)
    north = actors[0]
    assert asked(north)
    north.door.reveals.forget(NOW_US + KEPT_DAYS * DAY_US)
    assert asked(north)
    north.door.reveals.forget(NOW_US + KEPT_DAYS * DAY_US + 1)
    assert asked(north) == set()


@pytest.mark.parametrize("kind", list(ObservableType))
def test_every_class_of_element_can_be_taken_back(kind) -> None:
    """One that no message could hold would shut the door for good."""
    assert messages.Withdrawn(type=kind.value, value="x").type == kind.value
