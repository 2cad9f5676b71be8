"""What the centre's log tells of its clock: that it leapt and is not believed, is right again, or was moved.

It is the first part of a step, so that an entry by a clock that was moved stands behind the entry that says so.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import Engine

from bavn.centre.store import log
from bavn.centre.store.engine import reading, writing
from bavn.model.clock.believed import LEAP_US, BelievedClock
from bavn.model.moment import SECOND_US
from bavn.tlog.clock import BACK, BACK_S_MAX, DOUBTED, FORWARD, MENDED

ALONE_MAX = 2
"""One member alone moves no clock."""


@dataclass(frozen=True, slots=True)
class ClockPost:
    """``members``: the active actors, more than half of whom must agree with a leap."""

    engine: Engine
    clock: BelievedClock
    members: Callable[[], Sequence[str]]

    def step(self) -> None:
        self.clock.need = max(ALONE_MAX, len(self.members()) // 2 + 1)
        now_us, doubted_us = self.clock.now_us(), self.clock.doubted_us()
        with reading(self.engine) as tx:
            newest_us, last = log.newest_us(tx), log.last_fields(tx, "clock")
        was_doubted = last is not None and last["state"] == DOUBTED
        entries: list[tuple[str, int, int]] = []
        if newest_us is not None and newest_us - now_us > BACK_S_MAX * SECOND_US:
            entries.append((BACK, newest_us, now_us))
        elif newest_us is not None and now_us - newest_us > 2 * LEAP_US:  # lists of leads are an hour apart
            entries.append((FORWARD, newest_us, now_us))
        if doubted_us is not None and not was_doubted:
            entries.append((DOUBTED, now_us, max(0, doubted_us)))
        elif doubted_us is None and was_doubted:
            entries.append((MENDED, now_us, now_us))
        if entries:
            with writing(self.engine) as tx:
                for state, from_us, to_us in entries:
                    fields = {"state": state, "from": from_us // SECOND_US, "to": to_us // SECOND_US}
                    log.append(tx, "clock", now_us, fields)
