"""An actor sees who asked it to name what, and can take an answer back."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bavn.actor.door.policy import DoorPolicy
from bavn.actor.door.rounds.reveals import KEPT_DAYS
from bavn.actor.door.rounds.rules import params_of
from bavn.model.intel.behaviour import chain, pair
from bavn.model.moment import DAY_US
from bavn.model.observable import Observable, ObservableType
from bavn.psi import receipt
from bavn.psi.planes import planes_from_bytes
from bavn.psi.reconstruct import reconstruct
from bavn.wire.messages import catalogue as messages
from tests.builders import BAD, BAD_ADDRESS, suspicion

from .conftest import NOW_US, Actor, TestCentre

FP_PAIR = pair("ab" * 16, "cd" * 16).value
CHAIN = chain(("T1071", "T1046"), 3).value


def asked(actor):
    return {(one.observable, one.receipts, one.rule) for one in actor.door.reveals.every()}


def test_each_question_is_kept_with_how_many_receipts_were_shown_and_what_was_answered(centre, actors) -> None:
    actors[0] = Actor(
        "north", centre.key, seed=1, suspicions=actors[0].suspicions, policy=DoorPolicy(reveal_address="never")
    )
    opening, _, _ = centre.round(actors)
    north = actors[0]
    assert asked(north) == {(BAD, 2, ""), (BAD_ADDRESS, 2, "reveal_mode")}
    assert {(one.round_id, one.tier, one.at_us) for one in north.door.reveals.every()} == {
        (opening.round_id, "B", NOW_US)
    }


def _planes_of(actor, opening):
    (upload,) = [each for each in actor.said() if isinstance(each, messages.ShareUpload)]
    return planes_from_bytes(params_of(opening), upload.planes)


def test_who_is_asked_learns_how_many_others_hold_the_element_and_never_which(centre, actors) -> None:
    """Two sectors: in one north shares its elements with south and west, in the other with east and a stranger. Apart
    from random bytes north is told the same, and what it keeps is the same; with all that it knows (the round's key,
    the element, the place, every member) it can make none of the receipts that it was shown."""
    told, kept = [], []
    for names in (("south", "west"), ("east", "stranger")):
        north, *others = [
            Actor(name, centre.key, seed=n, suspicions=actors[0].suspicions) for n, name in enumerate(("north", *names))
        ]
        everybody = [("north", 1), ("south", 2), ("west", 3), ("east", 4), ("stranger", 5)]
        all_members = tuple(messages.Member(actor=name, x=x) for name, x in everybody)
        xs = dict(everybody)
        opening = centre.opening([], members=all_members)
        for one in (north, *others):
            centre.to(one, opening)
        planes = {xs[one.name]: _planes_of(one, opening) for one in (north, *others)}
        (hit, *_) = [each for each in reconstruct(params_of(opening), planes) if len(each.holders) == 3]
        cell = messages.AskedCell(table=hit.cell.table, bin=hit.cell.bin)
        tags = []
        for one in others:
            centre.to(one, messages.ReceiptsAsked(round_id=opening.round_id, cells=(cell,)))
            (given,) = [each for each in one.said() if isinstance(each, messages.Receipts)]
            tags.append(given.tags[0].tag)
        item = messages.Reveal(table=cell.table, bin=cell.bin, others=tuple(sorted(tags)))
        centre.to(north, messages.RevealAsked(round_id=opening.round_id, items=(item,)))
        (report,) = [each for each in north.said() if isinstance(each, messages.Report)]
        told.append([len(tag) for tag in item.others])
        kept.append([(one.receipts, one.rule) for one in north.door.reveals.every()])
        prepared, slots = north.door.state.contents(north.door.state.round(opening.round_id))
        id_ = prepared.ids[slots.find(hit.cell).element]
        guessed = {receipt.tag(prepared.kr, id_, bytes([x]) * 32, hit.cell).hex() for x in range(1, 6)}
        assert not guessed & set(tags)
        assert report.value in {BAD.value, BAD_ADDRESS.value}
    assert told[0] == told[1]
    assert kept == [[(2, "")]] * 2
    assert set(messages.Reveal.model_fields) == {"table", "bin", "others"}


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
