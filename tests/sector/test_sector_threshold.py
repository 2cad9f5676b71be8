"""A whole sector by three key holders of whom two evaluate: one is dead in the middle, then another lies, and the
centre finds the same leads as with one honest key holder."""

from itertools import count

import pytest

from bavn.model.moment import DAY_US
from bavn.rehearsal.keyholding import BadAsk
from bavn.rehearsal.world import World
from bavn.wire.book import Book
from bavn.wire.ledger import Ledger
from bavn.wire.links.holders import KeyHolders
from tests.keyholder import holders
from tests.keyholder.conftest import TODAY
from tests.keyholder.test_parts import Way, wrong_point
from tests.psi.conftest import SeededDice
from tests.sector.drawn_script import drawn_script


def found(result):
    return sorted(sorted(str(observable) for observable in lead.observables) for lead in result.leads)


@pytest.mark.slow
def test_dead_and_lying_holders_change_no_lead_and_are_named(disk, monkeypatch) -> None:
    script = drawn_script(3, steps=12, faults=False)
    tiers = (*(tier.name for tier in script.tiers), "Commons")
    world = World(script, disk / "one")
    try:
        expected = found(world.run())
    finally:
        world.close()
    assert expected

    monkeypatch.setattr(holders, "TIERS", tiers)
    circle = holders.Circle(disk / "three")
    circle.clock.us += script.start_us // DAY_US * DAY_US - TODAY * DAY_US - DAY_US // 2
    for one in circle.holders:
        one.starts()
    circle.slot()
    book, ways, asks, calls = Book(), {}, {}, count()

    def ask(self, request):
        """The first third all are well, then 1 is dead, then 2 lies."""
        circle.clock.us = self.clock.now_us()
        if self.actor not in asks:
            ways[self.actor] = {one.number: Way(self.actor, one) for one in circle.holders}
            dice = SeededDice((self.actor, "order"))
            asks[self.actor] = KeyHolders(2, ways[self.actor], Ledger(book), circle.clock, dice)
        at = next(calls)
        circle.holders[0].dead = 6 <= at < 12
        for mine in ways.values():
            mine[2].bends = wrong_point if at >= 12 else None
        return asks[self.actor](request)

    monkeypatch.setattr(BadAsk, "__call__", ask)
    world = World(script, disk / "many")
    try:
        assert found(world.run()) == expected
    finally:
        world.close()
        lines = [line for line in Ledger(book).every() if line.verdict == "refused"]
        book.close()
        circle.close()
    assert {(line.peer, line.rule) for line in lines} == {
        ("keyholder-1", "holder_silent"),
        ("keyholder-2", "holder_lied"),
    }
