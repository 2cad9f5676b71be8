"""A share that was stolen before a key was shared anew opens nothing with one stolen later, and rounds go on."""

import json
from itertools import product

import pytest

from bavn.model.moment import SECOND_US
from bavn.model.ports import LinkDown
from bavn.psi import group
from bavn.psi.threshold.shares import KeyShare, PublicKey
from bavn.rehearsal.keyholding import NO_FAULTS, SLOT_S
from bavn.wire.keyholder import ROUNDS
from tests.keyholder.holders import DEAD, Circle
from tests.keyholder.test_making import ALL
from tests.keyholder.test_parts import Node
from tests.psi.threshold.conftest import opened


@pytest.fixture
def circle(tmp_path):
    made = Circle(tmp_path)
    made.slot()
    yield made
    made.close()


def on_disk(holder, of=ALL[0]):
    """All shares of a key that lie in its folder, as whoever steals the disk finds them."""
    kept = [json.loads(file.read_bytes()).get(of.decode(), {}) for file in holder.secrets.iterdir()]
    found = [(PublicKey.of_bytes(bytes.fromhex(one[0])), bytes.fromhex(one[1])) for by in kept for one in by.values()]
    return [KeyShare.of(holder.number, public, scalar) for public, scalar in found]


def loses(holder):
    for file in holder.secrets.iterdir():
        file.unlink()


def test_a_share_stolen_before_a_reshare_and_one_stolen_after_open_nothing(circle) -> None:
    first, second, third = circle.holders
    stolen, point = on_disk(first), on_disk(first)[0].public.point
    loses(third)
    circle.slot()
    assert [len(on_disk(one, of)) for one in circle.holders for of in ALL] == [1] * 3 * len(ALL)
    for later in (second, third):
        for pair in product(stolen, on_disk(later)):
            assert group.times_base(opened(list(pair))) != point
    assert group.times_base(opened([*on_disk(second), *on_disk(third)])) == point, "the key is what it was"


def test_where_one_is_away_the_others_keep_one_version_and_it_has_one_when_it_is_back(tmp_path) -> None:
    circle = Circle(tmp_path, 3, 5)
    try:
        circle.slot()
        circle.holders[4].faults = DEAD
        loses(circle.holders[3])
        circle.slot()
        newest = {share.public for one in circle.holders[:4] for share in on_disk(one)}
        assert len(newest) == 1
        assert {share.public for share in on_disk(circle.holders[4])}.isdisjoint(newest)
        circle.holders[4].faults = NO_FAULTS
        circle.slot()
        assert len({share.public for one in circle.holders for share in on_disk(one)}) == 1
    finally:
        circle.close()


def test_a_version_stays_until_all_that_took_part_have_the_next(circle) -> None:
    """Else k-1 liars that sign with one honest holder could leave the other honest ones without a key."""
    last = circle.holders[2]
    last.faces = lambda _, answer: answer.model_copy(
        update={"posts": tuple(one for one in answer.posts if (one.number, one.round) != (3, ROUNDS - 1))}
    )
    loses(last)
    circle.slot()
    assert [len(on_disk(one)) for one in circle.holders] == [2, 2, 1]
    last.faces = None
    circle.slot()
    assert [len(on_disk(one)) for one in circle.holders] == [1, 1, 1]


class Late:
    """Implements Circle: it hears the others only every few seconds."""

    def __init__(self, circle, clock):
        self.circle, self.clock, self.keys = circle, clock, circle.keys

    def ask(self, requests, bytes_max):
        return self.circle.ask(requests, bytes_max) if self.clock.now_us() // SECOND_US % 3 == 2 else {}


@pytest.mark.parametrize("late", [1, 2])
def test_no_round_is_lost_while_a_key_is_shared_anew_and_one_holder_is_seconds_late(circle, late) -> None:
    """A node that names a version which one holder has no more asks anew; where too few are at one, it waits."""
    north, making, rounds, waited = Node(circle, "north"), circle.holders[late - 1].making, [], set()
    making._circle = Late(making._circle, circle.clock)
    try:
        ids = north.join().ids
        loses(circle.holders[late % 3])
        circle.clock.advance(SLOT_S * SECOND_US - circle.clock.now_us() % (SLOT_S * SECOND_US))
        for second in range(20):
            for one in circle.holders:
                one.make()
                rounds.append(3 * second + one.number)
                for number in rounds.copy():
                    try:
                        assert north.join(number).ids == ids
                        rounds.remove(number)
                    except LinkDown:
                        waited.add(number)
            circle.clock.advance(SECOND_US)
        assert not rounds
        assert len(waited) <= 3 * 3
        assert not any(named.lied for named in north.holders.named())
        assert len({share.public for one in circle.holders for share in on_disk(one)}) == 1
    finally:
        north.book.close()
