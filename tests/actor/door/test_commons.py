"""The commons at the door: what takes part, what is refused, and what a node makes of an answer, also of a lie."""

from dataclasses import replace

import pytest

from bavn.actor.door.door import Door
from bavn.actor.door.policy import DoorPolicy
from bavn.actor.door.rounds.rules import params_of
from bavn.actor.door.terms import DoorOwner, Keys, NodeKnowledge
from bavn.model.moment import DAY_US, HOUR_US, MINUTE_US
from bavn.model.observable import Observable
from bavn.model.ports import LinkDown, QueryRefused
from bavn.model.settings import SettingsError
from bavn.psi import commons, commons_terms
from bavn.psi.element import element_bytes
from bavn.psi.identifier import LocalIdentifiers
from bavn.psi.keys import CANARY
from bavn.psi.ordinary import Ordinary, OrdinaryType
from bavn.psi.planes import planes_from_bytes
from bavn.traffic.dice import SeededDice
from bavn.wire.messages import catalogue as messages
from bavn.wire.messages.commons import CommonsAnswered
from tests.builders import suspicion

from .conftest import GROUP_KEY, HOMES, NOW_US, Actor

DAY = NOW_US // DAY_US
CDN = Observable.of("domain", "cdn-everywhere.net")
PORT = Ordinary.of(OrdinaryType.SERVICE, "tcp/443")
AGENT = Ordinary.of(OrdinaryType.USER_AGENT, "curl/8")
SHARED = [CDN, PORT, AGENT]


@pytest.fixture(autouse=True)
def _small(monkeypatch):
    """Rounds of 40 elements: a size class costs seconds a round."""
    monkeypatch.setattr(commons_terms, "SIZES", (40, 100))


@pytest.fixture
def sector(centre):
    """Three actors with the same life outside."""
    return [opened(centre, name, seed) for seed, name in enumerate(("north", "south", "west"), 1)]


def opened(centre, name, seed, *, policy=None, identifiers=None, ordinary=SHARED):
    """An actor that has something ordinary; ``again``: the same node after its process ended."""
    actor = Actor(name, centre.key, seed=seed)
    actor.ordinary = list(ordinary)

    def again(policy=policy, identifiers=identifiers):
        actor.door = Door(
            owner=DoorOwner(
                name=name,
                homes=HOMES,
                keys=Keys(own=actor.key, centre=centre.key.public_key(), secret=bytes([seed]) * 32),
            ),
            ledger=actor.ledger,
            clock=actor.clock,
            dice=SeededDice(seed, name),
            policy=policy or DoorPolicy(),
            identifiers=identifiers or LocalIdentifiers(GROUP_KEY),
            knowledge=NodeKnowledge(
                suspicions=lambda: actor.suspicions,
                outside=lambda most, chains, out: [x for x in [*actor.ordinary, *chains] if not out(x)][:most],
            ),
        )

    actor.again = again
    again()
    return actor


def opening(centre, actors, **other):
    return centre.opening(actors, **{"tier": commons_terms.TIER, "m": 40, "deadline_us": NOW_US + HOUR_US} | other)


def uploads(actors):
    return {x: next(m for m in a.said() if isinstance(m, messages.ShareUpload)) for x, a in enumerate(actors, 1)}


def answers_of(message, shares, groups=None):
    """What an honest centre answers, by x."""
    params = params_of(message)
    planes = {x: planes_from_bytes(params, upload.planes) for x, upload in shares.items()}
    group_of = {x: (groups or {}).get(x, str(x)) for x in planes}
    cells = commons.answers(params, tuple(planes), group_of, commons.planes_by_table(planes))
    given = {"round_id": message.round_id, "groups": len(set(group_of.values())), "other_keys": 0}
    return {x: CommonsAnswered(**given, cells=raw) for x, raw in cells.items()}


def a_round(centre, actors, **other):
    """The opening and what everybody would be answered."""
    message = opening(centre, actors, **other)
    for actor in actors:
        assert centre.to(actor, message) is None
    return message, answers_of(message, uploads(actors))


def learned(actor, kind):
    known = actor.door.commons.table.of([element_bytes(kind)]).get(element_bytes(kind))
    return None if known is None else known.bucket(known.day)


def last(actor):
    return actor.door.commons.days.newest()[0]


def refusals(actor):
    return [line.rule for line in actor.ledger.newest(100) if line.rule]


def test_an_answer_says_of_each_element_how_many_know_it(centre, sector) -> None:
    sector[0].ordinary.append(Observable.of("domain", "only-north.net"))
    _, answers = a_round(centre, sector)
    for x, actor in enumerate(sector, 1):
        centre.to(actor, answers[x])
        assert [learned(actor, kind) for kind in SHARED] == [1, 1, 1]
        assert (last(actor).state, last(actor).groups) == ("answered", 3)
    assert learned(sector[0], Observable.of("domain", "only-north.net")) == 0
    assert last(sector[0]).known == {"0": 1, "3": 3, "5": 0, "9": 0, "17": 0, "33": 0}
    assert sector[0].door.state.round("ab" * 16) is None


@pytest.mark.parametrize(
    ("other", "why"),
    [({"m": 41}, "sizes"), ({"r": 8}, "sizes"), ({"t": 4}, "sizes"), ({"t": 2}, "sizes")],
)
def test_a_round_of_another_shape_is_refused(centre, sector, other, why) -> None:
    centre.to(sector[0], opening(centre, sector, **other))
    assert refusals(sector[0]) == ["round_commons"]
    assert why in sector[0].ledger.newest(1)[0].reason


def test_there_is_one_round_a_day(centre, sector) -> None:
    """Ids hold for a day: a second round would show the same elements again under other keys."""
    a_round(centre, sector)
    centre.to(sector[0], opening(centre, sector, round_id="cd" * 16))
    assert refusals(sector[0]) == ["round_commons"]


def test_who_keeps_out_says_nothing_and_all_else_goes_on(centre) -> None:
    actors = [
        opened(centre, name, at, policy=DoorPolicy(join_commons=False))
        for at, name in enumerate(("north", "south", "west"), 1)
    ]
    for actor in actors:
        actor.suspicions.append(suspicion())
    centre.to(actors[0], opening(centre, actors))
    assert refusals(actors[0]) == ["round_commons"]
    assert not actors[0].said()
    assert centre.round(actors, round_id="ef" * 16)[1]


def test_who_turned_it_off_after_the_opening_sends_nothing(centre, sector) -> None:
    north = sector[0]
    north.door.commons.aside = True
    centre.to(north, opening(centre, sector))
    north.again(policy=DoorPolicy(join_commons=False))
    north.door.join()
    assert refusals(north) == ["commons_on"]
    assert not north.said()


def test_nothing_of_it_is_ever_named(centre, sector) -> None:
    """A lying centre that asks for receipts, or for names, in a commons round gets neither."""
    message, _ = a_round(centre, sector)
    asked = messages.ReceiptsAsked(round_id=message.round_id, cells=(messages.AskedCell(table=0, bin=0),))
    item = messages.Reveal(table=0, bin=0, others=("0" * 64,))
    for question in (asked, messages.RevealAsked(round_id=message.round_id, items=(item,))):
        centre.to(sector[0], question)
    assert refusals(sector[0]) == ["round_commons", "round_commons"]
    assert not sector[0].said()


def test_policy_vetoes_and_private_names_stay_out(centre) -> None:
    veto, private = Observable.of("ip4", "198.51.100.7"), Observable.of("domain", "supplier.com")
    chain = Observable.of("chain", "T1046-T1071@20")
    policy = DoorPolicy(leave_out=("domain:www.supplier.com",), commons_leave_out=("user-agent", "service:tcp/443"))
    north = opened(centre, "north", 1, policy=policy, ordinary=[*SHARED, veto, private])
    north.suspicions.append(suspicion(observables=(chain,)))
    north.door.state.set_override(veto, "veto", "anna", NOW_US)
    actors = [north, opened(centre, "south", 2), opened(centre, "west", 3)]
    _, answers = a_round(centre, actors)
    centre.to(north, answers[1])
    assert last(north).elements == 2
    assert [learned(north, kind) for kind in (CDN, chain, PORT, AGENT, veto, private)] == [1, 0, None, None, None, None]


@pytest.mark.parametrize("wrong", ["user_agent", "user-agent:", "net:x", "domain", "domain:", "alert"])
def test_what_is_left_out_is_a_type_or_a_value(wrong) -> None:
    if wrong in ("domain", "alert"):
        assert DoorPolicy(commons_leave_out=(wrong,)).commons_leave_out == (wrong,)
        return
    with pytest.raises(SettingsError, match="commons_leave_out"):
        DoorPolicy(commons_leave_out=(wrong,))


def nothing(raw):
    return bytes(len(raw))


def shifted(raw):
    return raw[1:] + raw[:1]


@pytest.mark.parametrize(
    ("lie", "rule"),
    [
        (lambda one: replace_cells(one, nothing(one.cells)), "answer_canary"),
        (lambda one: replace_cells(one, shifted(one.cells)), "answer_canary"),
        (lambda one: replace_cells(one, b"\x22" * len(one.cells)), "answer_canary"),
        (lambda one: one.model_copy(update={"groups": 5}), "answer_canary"),
        (lambda one: one.model_copy(update={"groups": 2}), "answer_canary"),
        (lambda one: replace_cells(one, one.cells[1:]), "answer_length"),
        (lambda one: replace_cells(one, b"\xff" + one.cells[1:]), "answer_value"),
    ],
)
def test_a_lie_is_seen_said_and_changes_nothing(centre, sector, lie, rule) -> None:
    """What was learned before stays, and the true answer is still heard."""
    _, answers = a_round(centre, sector)
    north = sector[0]
    north.door.commons.table.keep(DAY - 1, {element_bytes(CDN): 2})
    centre.to(north, lie(answers[1]))
    assert refusals(north) == [rule]
    assert (last(north).state, last(north).rule) == ("wrong", rule)
    assert learned(north, CDN) == 2
    centre.to(north, answers[1])
    assert (last(north).state, learned(north, CDN)) == ("answered", 1)


def replace_cells(answer, cells):
    return answer.model_copy(update={"cells": cells})


def test_an_answer_counts_once_and_only_to_a_round_that_waits_for_it(centre, sector) -> None:
    _, answers = a_round(centre, sector)
    north = sector[0]
    centre.to(north, answers[1].model_copy(update={"round_id": "77" * 16}))
    centre.to(north, answers[1])
    centre.to(north, replace_cells(answers[1], nothing(answers[1].cells)))
    assert refusals(north) == ["answer_round", "answer_round"]
    assert (last(north).state, learned(north, CDN)) == ("answered", 1)


def test_a_node_that_died_in_between_reads_the_answer(centre, sector) -> None:
    message = opening(centre, sector)
    north = sector[0]
    north.door.commons.aside = True
    centre.to(north, message)
    north.again()
    north.door.join()
    for actor in sector[1:]:
        centre.to(actor, message)
    answers = answers_of(message, uploads(sector))
    north.again()
    centre.to(north, answers[1])
    assert [learned(north, kind) for kind in SHARED] == [1, 1, 1]


def test_what_is_made_aside_leaves_when_it_is_ready(centre, sector) -> None:
    north = sector[0]
    north.door.commons.aside = True
    centre.to(north, opening(centre, sector))
    assert not north.said()
    north.door.commons.prepare()
    assert not north.said()
    assert north.door.join() is None
    assert [type(one) for one in north.said()] == [messages.ShareUpload]


class Away(LocalIdentifiers):
    """A key holder that does not answer."""

    def of(self, epoch, tier):
        raise LinkDown("the key holder is away")


def test_a_round_waits_for_its_keys_and_is_late_after_its_deadline(centre, sector) -> None:
    north = sector[0]
    north.again(identifiers=Away(GROUP_KEY))
    centre.to(north, opening(centre, sector))
    assert "key holder is away" in north.door.join()
    north.clock.advance(MINUTE_US)
    north.again()
    assert north.door.join() is None
    assert [type(one) for one in north.said()] == [messages.ShareUpload]
    south = sector[1]
    south.again(identifiers=Away(GROUP_KEY))
    centre.to(south, opening(centre, sector))
    south.clock.advance(HOUR_US + MINUTE_US)
    assert south.door.join() is None
    assert refusals(south) == ["commons_late"]
    assert last(south).state == "late"


def test_a_history_that_cannot_be_asked_now_is_asked_again(centre, sector) -> None:
    north, tries = sector[0], []

    def busy(*_):
        tries.append(1)
        if len(tries) == 1:
            raise QueryRefused("it takes too long")
        return SHARED

    north.door.commons._known = replace(north.door.commons._known, outside=busy)
    centre.to(north, opening(centre, sector))
    assert "too long" in north.door.join()
    north.clock.advance(20_000_000)
    assert north.door.join() is None
    assert len(tries) == 2


def test_a_round_without_an_answer_is_said(centre, sector) -> None:
    message, _ = a_round(centre, sector)
    centre.to(sector[0], messages.RoundClosed(round_id=message.round_id))
    assert last(sector[0]).state == "unanswered"
    assert sector[0].door.state.round(message.round_id) is None


def test_the_canary_goes_first_then_what_was_known_the_day_before(centre, sector, monkeypatch) -> None:
    """So no cell of these depends on anything that fewer than t hold (decision 33)."""
    seen = []
    real = commons_share()
    monkeypatch.setattr("bavn.psi.share.generate", lambda *given: (seen.append(given), real(*given))[1])
    sector[0].door.commons.table.keep(DAY - 1, {element_bytes(CDN): 1, element_bytes(PORT): 0})
    centre.to(sector[0], opening(centre, sector))
    ((params, _, ids, _, _, ahead),) = seen
    identifier = LocalIdentifiers(GROUP_KEY).of(params.epoch, params.tier)
    joined = identifier.join(params, SHARED)
    assert ahead == {joined.canary_id: 0, joined.ids[0]: 1}
    assert {id_ for id_, _ in ids} == {*joined.ids, joined.canary_id}
    assert CANARY not in sector[0].door.commons.table.of([CANARY])


def commons_share():
    from bavn.psi import share

    return share.generate


def test_an_upload_has_the_size_of_the_round_whatever_is_ordinary(centre, sector) -> None:
    sector[1].ordinary, sector[2].ordinary = [], [Observable.of("domain", f"n{at}.net") for at in range(90)]
    message = opening(centre, sector)
    for actor in sector:
        centre.to(actor, message)
    assert {len(upload.planes) for upload in uploads(sector).values()} == {params_of(message).upload_bytes}
    assert last(sector[2]).elements == 39
