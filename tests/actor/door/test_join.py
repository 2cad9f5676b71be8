"""A round whose keys come from a key holder: the door waits for them, and nothing else waits for the door."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from bavn.actor.door.rounds.joining import JOIN_AGAIN_US
from bavn.model.moment import MINUTE_US, SECOND_US
from bavn.model.ports import LinkDown, LinkRefused
from bavn.psi.identifier import Joined, LocalIdentifiers
from bavn.wire.book import Doomed
from bavn.wire.messages import catalogue as messages
from tests.builders import BAD, suspicion

from .conftest import GROUP_KEY, Actor

WAIT_US = 20 * SECOND_US
"""So long does a link wait for an answer that does not come: longer than JOIN_AGAIN_US."""


@dataclass
class FarKeys:
    """Local keys behind a key holder that may be away. ``late``: observables whose turn has not come."""

    away: Exception | None = None
    late: frozenset = frozenset()
    asked: list[tuple[str, int]] = field(default_factory=list)
    book: object = None
    waits: Callable[[], object] = int

    def of(self, epoch, tier):
        self.near = LocalIdentifiers(GROUP_KEY).of(epoch, tier)
        return self

    def join(self, params, observables):
        self.asked.append((params.round_id.hex(), len(observables)))
        if self.book is not None:
            assert not self.book._connection.in_transaction
        self.waits()
        if self.away is not None:
            raise self.away
        joined = self.near.join(params, observables)
        ids = zip(observables, joined.ids, strict=True)
        return Joined(tuple(None if o in self.late else id_ for o, id_ in ids), joined.kr, joined.canary_id)


@pytest.fixture
def keys():
    return FarKeys()


@pytest.fixture
def sector(centre, keys):
    """Three actors that hold the same; the keys of the first come from afar."""
    held = [suspicion(observables=(BAD,))]
    made = [
        Actor(name, centre.key, seed=n, suspicions=held, identifiers=keys if n == 1 else None)
        for n, name in enumerate(("north", "south", "west"), 1)
    ]
    keys.book = made[0].book
    return made


def uploads(actor):
    return [m for m in actor.said() if isinstance(m, messages.ShareUpload)]


@pytest.mark.parametrize("away", [LinkDown("no route"), LinkRefused("quota")])
def test_a_round_waits_for_its_keys_and_is_joined_when_they_come(centre, sector, keys, away) -> None:
    north = sector[0]
    keys.away = away
    assert centre.to(north, centre.opening(sector)) is None
    assert uploads(north) == []
    assert str(away) in north.door.join()
    keys.away = None
    north.clock.advance(JOIN_AGAIN_US)
    assert north.door.join() is None
    assert [u.round_id for u in uploads(north)] == ["ab" * 16]
    assert north.door.join() is None
    assert uploads(north) == []
    assert [line.verdict for line in north.ledger.lines(kind="ShareUpload")] == ["passed"]


def test_what_joins_late_is_found_and_revealed_like_the_others(centre, sector) -> None:
    _, hits, answers = centre.round(sector)
    assert len(hits) > 0
    assert {m.value for said in answers.values() for m in said if isinstance(m, messages.Report)} == {BAD.value}


def test_receipts_and_reveals_need_no_key_holder(centre, sector, keys) -> None:
    opening = centre.opening(sector)
    for actor in sector:
        centre.to(actor, opening)
    keys.away = LinkDown("gone since")
    _, slots = sector[0].door.state.contents(sector[0].door.state.round(opening.round_id))
    cell, _ = slots.cells()[0]
    sector[0].said()
    asked = messages.ReceiptsAsked(
        round_id=opening.round_id, cells=(messages.AskedCell(table=cell.table, bin=cell.bin),)
    )
    assert centre.to(sector[0], asked) is None
    assert [type(m).__name__ for m in sector[0].said()] == ["Receipts"]
    assert len(keys.asked) == 1


def test_a_key_holder_that_is_away_is_left_alone_for_a_while(centre, sector, keys) -> None:
    keys.away = LinkDown("no route")
    centre.to(sector[0], centre.opening(sector))
    for _ in range(5):
        sector[0].door.join()
    assert len(keys.asked) == 1
    sector[0].clock.advance(JOIN_AGAIN_US)
    sector[0].door.join()
    assert len(keys.asked) == 2


def test_a_key_holder_that_stands_still_costs_one_wait_and_not_one_for_each_round(centre, sector, keys) -> None:
    north = sector[0]
    keys.away, keys.waits = LinkDown("no answer"), lambda: north.clock.advance(WAIT_US)
    for number in range(3):
        centre.to(north, centre.opening(sector, round_id=f"{number:032x}"))
    for _ in range(3):
        north.door.join()
    assert len(keys.asked) == 1
    north.clock.advance(JOIN_AGAIN_US)
    north.door.join()
    assert len(keys.asked) == 2


def test_a_round_whose_keys_come_too_late_is_one_refusal(centre, sector, keys) -> None:
    keys.away = LinkDown("no route")
    centre.to(sector[0], centre.opening(sector))
    sector[0].clock.advance(11 * MINUTE_US)
    assert sector[0].door.join() is None
    assert sector[0].door.join() is None
    assert [line.rule for line in sector[0].ledger.lines(kind="ShareUpload")] == ["keys_late"]
    assert uploads(sector[0]) == []


def test_a_closed_round_is_waited_for_no_more(centre, sector, keys) -> None:
    keys.away = LinkDown("no route")
    opening = centre.opening(sector)
    centre.to(sector[0], opening)
    assert centre.to(sector[0], messages.RoundClosed(round_id=opening.round_id)) is None
    assert sector[0].ledger.lines(kind="RoundClosed")[-1].verdict == "passed"
    keys.away = None
    sector[0].clock.advance(JOIN_AGAIN_US)
    sector[0].door.join()
    assert uploads(sector[0]) == []
    assert len(keys.asked) == 1


def test_questions_about_a_round_that_waits_are_refused_and_it_is_not_opened_twice(centre, sector, keys) -> None:
    keys.away = LinkDown("no route")
    opening = centre.opening(sector)
    centre.to(sector[0], opening)
    centre.to(sector[0], messages.ReceiptsAsked(round_id=opening.round_id, cells=(messages.AskedCell(table=0, bin=0),)))
    centre.to(sector[0], opening)
    assert sector[0].ledger.lines(kind="ReceiptsAsked")[-1].rule == "round_known"
    assert sector[0].ledger.lines(kind="RoundOpened")[-1].rule == "round_new"


def test_what_has_no_id_yet_is_not_in_the_share_and_not_in_the_slot_map(centre, sector, keys) -> None:
    keys.late = frozenset([BAD])
    opening, hits, _ = centre.round(sector)
    prepared, slots = sector[0].door.state.contents(sector[0].door.state.round(opening.round_id))
    assert (prepared.told, len(slots), hits) == ((), 0, [])


def test_a_failure_while_keys_are_fetched_leaves_the_round_waiting(centre, sector, keys) -> None:
    keys.away = RuntimeError("a bug")
    with pytest.raises((RuntimeError, Doomed)):
        centre.to(sector[0], centre.opening(sector))
    assert sector[0].door.heard == 1
    keys.away = None
    sector[0].clock.advance(SECOND_US)
    assert sector[0].door.join() is None
    assert len(uploads(sector[0])) == 1


def test_keys_are_sealed_in_the_book(centre, sector) -> None:
    opening = centre.opening(sector)
    centre.to(sector[0], opening)
    prepared, _ = sector[0].door.state.contents(sector[0].door.state.round(opening.round_id))
    raw = b"".join(bytes(row[0]) for row in sector[0].book.rows("SELECT box FROM door_round"))
    for secret in (prepared.kr, *prepared.ids):
        assert secret not in raw
        assert secret.hex() not in repr(prepared)


def test_asked_aside_it_may_stand_still_and_the_door_goes_on(centre, sector, keys) -> None:
    """A block waits for no round."""
    north, asked, goes_on = sector[0], threading.Event(), threading.Event()
    north.door.shares.aside = True
    keys.waits = lambda: asked.set() or goes_on.wait(60)
    centre.to(north, centre.opening(sector))
    thread = threading.Thread(target=north.door.shares.prepare)
    thread.start()
    try:
        assert asked.wait(60)
        assert north.door.join() is None
        assert centre.to(north, messages.RoundClosed(round_id="cd" * 16)) is None
        assert north.ledger.lines(kind="RoundClosed")[-1].rule == "round_known", "heard, while it stands still"
        assert uploads(north) == []
    finally:
        goes_on.set()
        thread.join(60)
    assert north.door.join() is None
    assert [u.round_id for u in uploads(north)] == ["ab" * 16]
    north.door.shares.prepare()
    assert north.door.join() is None
    assert uploads(north) == []
    assert len(keys.asked) == 1


def test_whoever_asks_aside_is_woken_by_a_round(centre, sector) -> None:
    shares = sector[0].door.shares
    shares.aside = True
    thread = threading.Thread(target=shares.awaited, args=(600,), daemon=True)
    thread.start()
    thread.join(0.1)
    assert thread.is_alive(), "nothing is asked for yet"
    centre.to(sector[0], centre.opening(sector))
    thread.join(60)
    assert not thread.is_alive()


def test_asked_aside_one_that_is_away_costs_one_wait_and_is_left_alone_for_a_while(centre, sector, keys) -> None:
    north = sector[0]
    north.door.shares.aside = True
    keys.away = LinkDown("no answer")
    for number in range(3):
        centre.to(north, centre.opening(sector, round_id=f"{number:032x}"))
    for _ in range(3):
        north.door.shares.prepare()
        assert "no answer" in north.door.join()
    assert len(keys.asked) == 1
    keys.away = None
    north.clock.advance(JOIN_AGAIN_US)
    for _ in range(5):  # each has been told once that it did not answer, and is asked for anew
        north.door.join()
        north.door.shares.prepare()
        north.clock.advance(JOIN_AGAIN_US)
    assert north.door.join() is None
    assert sorted(u.round_id for u in uploads(north)) == [f"{number:032x}" for number in range(3)]


def test_asked_aside_a_round_that_is_refused_keeps_no_other_from_its_keys(centre, sector, keys) -> None:
    north = sector[0]
    north.door.shares.aside = True
    for number in range(2):
        centre.to(north, centre.opening(sector, round_id=f"{number:032x}"))

    def waits():
        keys.away = LinkRefused("quota") if keys.asked[-1][0] == f"{0:032x}" else None

    keys.waits = waits
    north.door.shares.prepare()
    assert "quota" in north.door.join()
    north.clock.advance(JOIN_AGAIN_US)
    north.door.join()
    assert [u.round_id for u in uploads(north)] == [f"{1:032x}"]


def test_asked_aside_a_closed_round_is_let_go(centre, sector, keys) -> None:
    north = sector[0]
    north.door.shares.aside = True
    for closed in (True, False):
        opening = centre.opening(sector, round_id=f"{closed:032x}")
        centre.to(north, opening)
        if closed:
            centre.to(north, messages.RoundClosed(round_id=opening.round_id))
    north.door.join()
    north.door.shares.prepare()
    north.door.join()
    assert len(keys.asked) == 1
    assert [u.round_id for u in uploads(north)] == [f"{False:032x}"]
    assert north.door.shares._wanted == north.door.shares._answers == {}


def test_asked_aside_what_nobody_foresaw_costs_that_round_alone_and_is_tried_again(centre, sector, keys) -> None:
    north = sector[0]
    north.door.shares.aside = True
    for number in range(3):
        centre.to(north, centre.opening(sector, round_id=f"{number:032x}"))
    broken = iter([False, True, False])

    def waits():
        if next(broken, False):
            raise ZeroDivisionError

    keys.waits = waits
    with pytest.raises(ZeroDivisionError):
        north.door.shares.prepare()
    north.door.join()
    assert len(uploads(north)) == 2
    north.door.shares.prepare()
    north.door.join()
    assert len(uploads(north)) == 1
