"""Key holders by threshold as the simulator has them, with a clock that the test moves and one slot at a time."""

import zlib

from bavn.centre.correlate.tier import NO_COMMONS, Tier
from bavn.model.moment import DAY_US, SECOND_US
from bavn.rehearsal.clock import SimClock
from bavn.rehearsal.holder_faults import HolderFaults
from bavn.rehearsal.keyholding import ROUND_S, SLOT_S, KeyHolding
from bavn.rehearsal.script import Script
from bavn.wire.ledger import Ledger
from tests.keyholder.conftest import TODAY

TIERS = ("A",)
DEAD = HolderFaults(dead=True)
START_US = TODAY * DAY_US + DAY_US // 2 + 1


class Circle(KeyHolding):
    """All of them. Those of another folder are others, with other keys."""

    def __init__(self, folder, k=2, n=3, clock=None):
        self.folder, self.clock = folder, clock or SimClock(START_US)
        script = Script(
            seed=zlib.crc32(folder.name.encode()),
            actors=(),
            start_us=self.clock.now_us(),
            tiers=tuple(Tier(name=name) for name in TIERS),
            commons=NO_COMMONS,
            holders=n,
            holders_k=k,
        )
        super().__init__(script, folder, self.clock)
        self.k, self.holders = k, [*self.every.values()]

    def slot(self, each=lambda _: None):
        """The next slot, to its end; ``each`` is called before every second of it."""
        slot_us = SLOT_S * SECOND_US
        self.clock.advance(slot_us - self.clock.now_us() % slot_us)
        for second in range(int(5 * ROUND_S) + 2):
            each(second)
            under_way = [one.make() for one in self.holders]
            if not any(under_way):
                break
            self.clock.advance(SECOND_US)


def making_lines(holder):
    return [line for line in Ledger(holder.book).every() if line.kind == "EpochKeys"]
