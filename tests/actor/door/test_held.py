"""An upload leaves at a time that its round fixes, whatever the set and however long it took to prepare."""

import pytest

from bavn.actor.door.rounds import held
from bavn.actor.door.rounds.held import Held, by_size, in_turn
from bavn.actor.door.tell_rules import Condition
from bavn.model.moment import MINUTE_US, SECOND_US
from bavn.psi import commons_terms
from tests.builders import suspicion

from .conftest import NOW_US, Actor


@pytest.fixture
def north(centre, actors):
    actor = actors[0]
    actor.door.rounds.held = Held(by_size)
    return actor


def test_it_waits_its_time_and_nothing_else_waits_with_it(centre, actors, north) -> None:
    centre.to(north, centre.opening(actors))
    assert north.door.outbox.state().messages == 1
    assert north.door.queued() == []
    north.door.tell_health(_condition())
    assert len(north.door.queued()) == 1
    north.clock.advance(SECOND_US + 50 * held.HOLD_PER_ELEMENT_US - 1)
    assert len(north.door.queued()) == 1
    north.clock.advance(1)
    assert len(north.door.queued()) == 2


@pytest.mark.parametrize("spent_us", [0, 700_000])
@pytest.mark.parametrize("count", [0, 40])
def test_the_time_depends_on_neither_the_set_nor_the_work(centre, actors, north, spent_us, count) -> None:
    north.suspicions = [suspicion(id=f"{at}" * 8, peer=f"p{at}.net") for at in range(count)]
    join = north.door.shares._identifiers

    class Slow:
        def of(self, epoch, tier):
            north.clock.advance(spent_us)
            return join.of(epoch, tier)

    north.door.shares._identifiers = Slow()
    centre.to(north, centre.opening(actors))
    while not north.door.queued():
        north.clock.advance(1000)
    assert north.clock.now_us() - NOW_US == SECOND_US + 50 * held.HOLD_PER_ELEMENT_US


def test_a_short_round_holds_a_quarter_and_by_itself_a_door_nothing(centre, actors, north) -> None:
    centre.to(north, centre.opening(actors, deadline_us=NOW_US + 2 * SECOND_US))
    north.clock.advance(SECOND_US // 2)
    assert len(north.door.queued()) == 1
    other = Actor("south", centre.key, seed=2)
    centre.to(other, centre.opening(actors, deadline_us=NOW_US + MINUTE_US))
    assert len(other.door.queued()) == 1


def test_a_restart_lets_it_go_at_once(centre, actors, north) -> None:
    centre.to(north, centre.opening(actors))
    north.door.rounds.held = Held(by_size)
    assert len(north.door.queued()) == 1


@pytest.mark.parametrize(("given_s", "told_s"), [(-86_401, -86_400), (-86_400, -86_400), (86_401, 86_400)])
@pytest.mark.parametrize(("given", "told"), [(-1, 0), (1000, 1000), (1001, 1000)])
def test_a_clock_and_a_loss_beyond_what_a_message_holds_are_told_as_its_most(
    north, given_s, told_s, given, told
) -> None:
    draft = north.door.tell_health(_condition(clock_skew_s=given_s, capture_loss_permille=given))
    assert (draft.fields["clock_skew_s"], draft.fields["capture_loss_permille"]) == (told_s, told)
    assert len(north.door.queued()) == 1


def _condition(*, clock_skew_s=0, capture_loss_permille=0):
    return Condition(
        version="1",
        sensor="none",
        capture_loss_permille=capture_loss_permille,
        clock_skew_s=clock_skew_s,
        queue_messages=0,
        last_round=None,
    )


def test_commons_shares_are_begun_in_turn_and_leave_together() -> None:
    """Whatever anybody's place among the members: when a share leaves, the round alone says."""
    xs, hour_us = frozenset({3, 7, 11, 40}), 3600 * SECOND_US
    begins = [in_turn(x, xs, 1000, 1000 + 4 * hour_us) for x in sorted(xs)]
    assert begins == [1000 + hour_us + hour_us * place // 4 for place in range(4)]
    params = commons_terms.commons_params(epoch=1, round_id=bytes(16), registry_version=1, m=commons_terms.SIZES[1])
    assert by_size(params, 1000, 1000 + 4 * hour_us) == 1000 + 3 * hour_us
    assert in_turn(3, xs, 1000, 500) == 1000
