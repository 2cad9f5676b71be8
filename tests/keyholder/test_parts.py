"""Nodes join by k of n holders: whoever is dead or lies changes nothing but a line that names it."""

from contextlib import suppress
from itertools import combinations

import pytest

from bavn.app.node.health.holders import key_problems
from bavn.keyholder.holder import KeyHolder
from bavn.keyholder.settings import HolderSettings
from bavn.model.moment import DAY_US
from bavn.model.outcome import Refused
from bavn.model.ports import LinkDown, LinkRefused
from bavn.psi import group, oprf
from bavn.psi.element import element_bytes
from bavn.psi.threshold import shamir
from bavn.psi.threshold.terms import IDS, purpose
from bavn.rehearsal.holder_faults import FAULTS, HolderFaults
from bavn.rehearsal.keyholding import NO_FAULTS, BadHolderWay, BadWay, travelled
from bavn.rehearsal.network import Faults
from bavn.wire.book import Book
from bavn.wire.codec import encode
from bavn.wire.keyholder import batch_points
from bavn.wire.ledger import Ledger
from bavn.wire.links.holders import KeyHolders
from bavn.wire.links.key_points import KeyPoints
from bavn.wire.links.keyholder import KeyHolderIdentifiers, accept_changed
from tests.keyholder.conftest import ELEMENTS, TODAY, params
from tests.keyholder.holders import DEAD, Circle
from tests.psi.conftest import SeededDice
from tests.psi.threshold.conftest import opened


class Way(BadHolderWay):
    """One node's way to a holder. ``asked``: what it asked; ``bends``: what a liar makes of its answers."""

    def __init__(self, actor, holder):
        way = BadWay(actor, holder, Faults(), holder.dice.fork(actor), holder.clock)
        super().__init__(way, holder, way.dice.fork("lies"))
        self.asked, self.bends = [], lambda said: said

    def part(self, request):
        self.asked.append(request)
        return travelled(self.bends(super().part(request)))


class Node:
    """One node, enrolled at all of them."""

    def __init__(self, circle, actor, seed=0):
        self.book = Book()
        self.ledger, self.ways = Ledger(self.book), {one.number: Way(actor, one) for one in circle.holders}
        self.holders = KeyHolders(circle.k, self.ways, self.ledger, circle.clock, SeededDice((actor, "order", seed)))
        self.identifiers = KeyHolderIdentifiers(self.holders, self.ledger, circle.clock, SeededDice((actor, seed)))

    def join(self, number=0, elements=ELEMENTS[:5], m=10):
        return self.identifiers.of(TODAY, "A").join(params(number, m=m), elements)

    def lines(self, verdict=None):
        every = [line for line in self.ledger.every() if line.kind.startswith("Part")]
        return [line for line in every if verdict in (None, line.verdict)]


@pytest.fixture
def circle(tmp_path):
    made = Circle(tmp_path)
    made.slot()
    yield made
    made.close()


@pytest.fixture
def node(circle):
    made = []

    def node(actor="north", seed=0):
        made.append(Node(circle, actor, seed))
        return made[-1]

    yield node
    for one in made:
        one.book.close()


def wrong_round(said):
    return said.model_copy(update={"round_point": said.points[:64]})


def another_round(said):
    return said.model_copy(update={"round_id": "00" * 15 + "ff"})


def test_any_two_of_three_give_what_one_holder_of_the_whole_key_would(circle, node) -> None:
    whole = opened([circle.holders[at].shares.versions(purpose(TODAY, "A", IDS))[0].share for at in (0, 1)])
    expected = tuple(oprf.element_id(oprf.output(whole, element_bytes(one))) for one in ELEMENTS[:5])
    joined = []
    for dead in (1, 2, 3):
        circle.holders[dead - 1].faults = DEAD
        joined.append(node("north", dead).join())
        circle.holders[dead - 1].faults = NO_FAULTS
    assert {one.ids for one in joined} == {expected}
    assert len({(one.kr, one.canary_id) for one in joined}) == 1
    assert node("south").join(1).kr != joined[0].kr


def test_one_holder_alone_gives_what_its_key_gives(tmp_path) -> None:
    circle = Circle(tmp_path, k=1, n=1)
    circle.holders[0].make()
    key = opened([circle.holders[0].shares.versions(purpose(TODAY, "A", IDS))[0].share])
    north = Node(circle, "north")
    expected = tuple(oprf.element_id(oprf.output(key, element_bytes(one))) for one in ELEMENTS[:5])
    assert north.join().ids == expected
    circle.holders[0].faults = DEAD
    with pytest.raises(LinkDown):
        north.join(1)
    north.book.close()
    circle.close()


@pytest.mark.parametrize("lie", [*FAULTS[1:], wrong_round, another_round])
def test_a_liar_changes_nothing_but_a_line_that_names_it(circle, node, lie) -> None:
    honest, north = node("south").join(), node()
    if isinstance(lie, str):
        circle.holders[1].faults = HolderFaults(**{lie: 1.0})
    else:
        north.ways[2].bends = lie
    for number in range(4):
        assert north.join(number).ids == honest.ids
    assert [one.number for one in north.holders.named() if one.lied] == [2]
    assert {(line.peer, line.rule) for line in north.lines("refused")} == {("keyholder-2", "holder_lied")}
    assert len(north.ways[2].asked) == 1, "it is asked last from then on"


def test_one_that_is_dead_is_named_and_no_more_once_it_answers(circle, node) -> None:
    north = node()
    first = north.join()
    circle.holders[0].faults = DEAD
    for number in range(1, 5):
        north.join(number)
    assert [(one.number, one.lied) for one in north.holders.named()] == [(1, False)]
    assert {(line.peer, line.rule) for line in north.lines("refused")} == {("keyholder-1", "holder_silent")}
    circle.holders[0].faults = NO_FAULTS
    north.holders.probe()
    assert north.holders.named() == []
    assert north.join(9).ids == first.ids


def test_honest_holders_under_each_others_numbers_are_told_apart_from_liars(circle, node) -> None:
    north = node()
    north.ways[1].holder, north.ways[2].holder = north.ways[2].holder, north.ways[1].holder
    circle.holders[2].faults = DEAD
    with pytest.raises(LinkDown, match="fewer than 2 of 3"):
        north.join()
    stands = {one.number: (one.proven, one.lied) for one in north.holders.named()}
    assert stands == {1: (2, False), 2: (1, False), 3: (0, False)}
    assert {line.peer: line.rule for line in north.lines("refused")}.items() >= {
        ("keyholder-1", "holder_number"),
        ("keyholder-2", "holder_number"),
    }
    north.holders._named.pop(3)
    with suppress(LinkDown):
        north.holders.probe()
    assert {one.number for one in north.holders.named()} == {1, 2, 3}, "to be let in proves no number"


def test_a_holder_under_anothers_number_says_which_and_a_silent_one_does_not_differ(circle, node) -> None:
    north = node()
    north.join()
    asked = next(one for way in north.ways.values() for one in way.asked)
    other = next(one for one in circle.holders if one.number not in asked.holders)
    assert f"this is holder {other.number}, which is not among" in other.holder.part("north", asked).reason.en
    north = node()
    circle.holders[0].faults = circle.holders[1].faults = DEAD
    with pytest.raises(LinkDown, match="fewer than 2 of 3 key holders answer"):
        north.join()


def test_one_dead_and_one_lying_of_three_is_one_too_many_and_the_round_waits(circle, node) -> None:
    north = node()
    circle.holders[0].faults, circle.holders[1].faults = DEAD, HolderFaults(wrong_part=1.0)
    with pytest.raises(LinkDown, match="fewer than 2 of 3"):
        north.join()
    circle.holders[1].faults = DEAD
    with pytest.raises(LinkDown, match="fewer than 2 of 3"):
        north.holders.probe()
    circle.holders[0].faults = circle.holders[1].faults = NO_FAULTS
    assert north.join().ids == node("south").join().ids


def test_each_request_to_each_holder_is_a_line_of_both_ledgers_and_tells_nothing_of_the_set(circle, node) -> None:
    north = node()
    north.join()
    panel = next(way for way in north.ways.values() if way.asked).asked[0].holders
    assert {line.peer for line in north.lines()} == {f"keyholder-{number}" for number in panel}
    asked = [line for line in north.ledger.every() if line.kind == "KeysAsked"]
    assert {(line.peer, line.way, line.summary) for line in asked} == {
        (f"keyholder-{number}", "out", f"the public keys of epoch {TODAY}, tier A") for number in north.ways
    }
    for number in panel:
        (line,) = [line for line in Ledger(circle.holders[number - 1].book).every() if line.kind == "PartAsked"]
        assert (line.peer, line.verdict) == ("north", "passed")
        assert f"{batch_points(10, first=True)} elements" in line.summary
        (sent,) = north.ways[number].asked
        (left,) = [
            line for line in north.ledger.every() if (line.kind, line.peer) == ("PartAsked", f"keyholder-{number}")
        ]
        assert line.bytes == left.bytes == len(encode(sent).body), "as many as leave, and no fewer"
    assert len({one.points for number in panel for one in north.ways[number].asked}) == 1
    few, many = node("north", 5), node("north", 6)
    few.join(1, ELEMENTS[:1], 100)
    many.join(1, ELEMENTS[:90], 100)
    assert len({encode(one).bytes for made in (few, many) for way in made.ways.values() for one in way.asked}) == 1


def test_what_left_is_counted_once_for_each_holder_and_forgotten_with_its_epoch(node) -> None:
    north = node()
    north.join()
    lines = list(north.ledger.every())
    left = [line for line in lines if line.way == "out" and line.verdict == "passed" and line.privacy]
    assert sorted(line.kind for line in left) == ["KeysAsked"] * 3 + ["PartAsked"] * 2
    (batch,) = [line for line in lines if line.kind == "Batch"]
    assert (batch.privacy, batch.bytes) == ("", 0)
    assert "a line for each key holder that is asked" in batch.summary
    points = KeyPoints(node().book)
    for epoch in range(9):
        points.keep(epoch, "A", {"ids": b"first"})
    assert points.differs(8, "A", {"ids": b"other"}, "1 2")
    assert not points.differs(8, "A", {"ids": b"first"}, "1 2")
    assert points.changed() == [], "the first one came back"
    assert [epoch for epoch in range(9) if points.differs(epoch, "A", {"ids": b"other"})] == [7, 8]


def test_a_holder_gives_no_part_but_of_its_share_for_k_of_n(circle, node) -> None:
    north = node()
    north.join()
    asked = next(way.asked[0] for way in north.ways.values() if way.asked)
    holder = circle.holders[asked.holders[0] - 1]
    for bent in (
        {"panel": "123"},
        {"panel": str(asked.holders[0])},
        {"panel": "".join(str(n) for n in (1, 2, 3) if n != holder.number)},
        {"ids": "00" * 32},
        {"rounds": asked.ids},
    ):
        refused = holder.holder.part("south", asked.model_copy(update=bent))
        assert isinstance(refused, Refused)
        assert refused.rule == "share"
    far = asked.model_copy(update={"epoch": TODAY + 2})
    assert holder.holder.part("south", far).rule == "epoch"


def test_quotas_bound_a_days_guesses_at_each_holder(circle, node) -> None:
    for one in circle.holders:
        one.holder = KeyHolder(one.shares, Ledger(one.book), circle.clock, HolderSettings(points_per_epoch_max=30))
    north = node()
    north.join()

    def joins_all_day():
        for number in range(1, 9):
            north.join(number)

    with pytest.raises(LinkDown):
        joins_all_day()
    assert all("used up" in named.why.en for named in north.holders.named())


def test_a_days_quota_at_each_holder_is_one_whatever_epochs_are_open(circle, node) -> None:
    for one in circle.holders:
        one.limits = HolderSettings(points_per_epoch_max=30)
        one.reopen()
    north, joined = node(), []

    def joins_both_days():
        for number in range(8):
            epoch = TODAY + number % 2
            joined.append(north.identifiers.of(epoch, "A").join(params(number, m=10, epoch=epoch), ELEMENTS[:5]))

    with pytest.raises(LinkDown):
        joins_both_days()
    assert 2 <= len(joined) <= 30 * 3 // (2 * batch_points(10, first=True))
    for one in circle.holders:
        assert all(points <= 30 for (points,) in one.book.rows("SELECT points FROM keyholder_day"))


def test_keys_count_where_k_holders_say_the_same_and_no_one_alone_is_believed(circle, node) -> None:
    other = Circle(circle.folder / "other", clock=circle.clock)
    other.slot()
    try:
        honest, north, liar = node("south").join(), node(), circle.holders[2]
        liar.shares.public = other.holders[2].shares.public
        liar.holder.part = other.holders[2].holder.part
        for number in range(6):
            assert north.join(number).ids == honest.ids
        north = node("west")
        circle.holders[0].faults = DEAD
        with pytest.raises(LinkDown, match="say the same"):
            north.join()
    finally:
        other.close()


def test_who_makes_another_key_amid_the_day_is_refused_and_named_until_a_person_accepts_it(circle, node) -> None:
    other = Circle(circle.folder / "other", clock=circle.clock)
    other.slot()
    try:
        north, honest = node(), [one.shares.public for one in circle.holders]
        first = north.join()
        for liar, made in zip(circle.holders[:2], other.holders, strict=False):
            liar.shares.public, liar.holder.part = made.shares.public, made.holder.part
        for number in (1, 2):
            restarted = KeyHolders(circle.k, north.ways, north.ledger, circle.clock, SeededDice(number))
            for holders in (north.holders, restarted):
                holders._known.clear()
                north.identifiers = KeyHolderIdentifiers(holders, north.ledger, circle.clock, SeededDice(number))
                with pytest.raises(LinkRefused, match="key holders 1 2 signed another key"):
                    north.join(number)
        refused = [line for line in north.ledger.every() if line.rule == "key_changed"]
        assert [(line.kind, line.peer) for line in refused] == [("KeysAnswered", "keyholders")] * 4
        (problem,) = key_problems(KeyPoints(north.book).changed(), circle.clock.now_us())
        assert (problem.code, "key holders 1 2" in str(problem.text)) == ("key_changed", True)
        assert key_problems(KeyPoints(north.book).changed(), circle.clock.now_us() + DAY_US) == []
        tomorrow = params(3, m=10, epoch=TODAY + 1)
        assert north.identifiers.of(TODAY + 1, "A").join(tomorrow, ELEMENTS[:5]), "another day's key begins as ever"
        accept_changed(north.book)
        assert set(north.join(4).ids).isdisjoint(first.ids)
        holders._known.clear()
        for one, public in zip(circle.holders, honest, strict=True):
            one.shares.public = public
        with pytest.raises(LinkRefused, match="key holders 1 2 3 signed another key"):
            north.join(5)
    finally:
        other.close()


def test_a_key_that_was_shared_anew_is_looked_up_and_the_day_goes_on(circle, node) -> None:
    north = node()
    first = north.join()
    for slot in range(2):
        lost = circle.holders[slot].secrets / f"{TODAY}.shares"
        lost.unlink()
        circle.slot()
    assert north.join(1).ids == first.ids
    north.holders.probe()
    assert north.holders.named() == []
    assert [north.join(number).ids for number in range(2, 6)] == [first.ids] * 4
    assert not any(one.lied for one in north.holders.named())


def test_k_minus_one_holders_and_the_centre_open_none_of_the_guesses(circle, node) -> None:
    """All that a holder keeps, and what both sides of it saw, tried on every guess: no id comes out."""
    north = node()
    joined = north.join(elements=ELEMENTS[:50], m=50)
    ids = {*joined.ids}
    of = purpose(TODAY, "A", IDS)
    guesses = [oprf.hashed(element_bytes(one)) for one in ELEMENTS]
    for holder in circle.holders:
        held = [version.share.scalar for version in holder.shares.versions(of)]
        weights = [
            shamir.weight(holder.number, panel) for panel in combinations((1, 2, 3), 2) if holder.number in panel
        ]
        keys = [*held, *(group.product(weight, scalar) for weight in weights for scalar in held)]
        for key in keys:
            opened_ids = {
                oprf.element_id(oprf.hash_output(element_bytes(one), group.times(key, point)))
                for one, point in zip(ELEMENTS, guesses, strict=True)
            }
            assert not ids & opened_ids
    both = opened([holder.shares.versions(of)[0].share for holder in circle.holders[:2]])
    assert ids == {oprf.element_id(oprf.output(both, element_bytes(one))) for one in ELEMENTS[:50]}
