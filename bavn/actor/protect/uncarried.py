"""What no enforcer here can carry waits for one that can, and is weighed anew, as if it came now, when one comes.

An enforcer comes with a new configuration, or when it says that it carries more than before. What waits goes through
the whole gate then, no faster than the hour's budget of new blocks. Refuses to put anything into force.
"""

from typing import Final

from bavn.actor.protect.carriers import Enforcers
from bavn.actor.protect.intake import CARRIED, LOOK_MAX, NODE, Intake
from bavn.actor.protect.policy import ProtectPolicy
from bavn.actor.protect.state import PIECE, State
from bavn.model.moment import HOUR_US, MINUTE_US
from bavn.model.observable import Observable, ObservableType
from bavn.model.ports import Clock

AGAIN_US: Final = HOUR_US
"""So often all is gone over although no enforcer says that it carries more: one may by now take a value that it did
not."""

REST_US: Final = MINUTE_US
"""So long what waits is left alone when the hour's new blocks are used up."""

_WAITS: Final = """SELECT indicator_id, type, value, act FROM protect_item
    WHERE indicator_id > ? AND standing = 'waiting' AND rule IN ('carried', 'pap_watch_only')
      AND bundle <> ''
    ORDER BY indicator_id LIMIT ?"""


class Uncarried:
    """``step`` in each step of the node."""

    def __init__(self, state: State, intake: Intake, enforcers: Enforcers, policy: ProtectPolicy, clock: Clock) -> None:
        self._state, self._intake, self._enforcers = state, intake, enforcers
        self._policy, self._clock = policy, clock
        self._able: tuple[object, ...] = ()
        self._after: str | None = None
        self._all_us = self._rest_us = 0

    def step(self) -> bool:
        """Weighs a piece of what can be carried by now; whether anything was weighed. Raises GateBroken."""
        if self._intake.holds_back(CARRIED, NODE):
            self._able = ()  # all is gone over when a person has opened the gate
            return False
        now_us, able = self._clock.now_us(), tuple((hand.name, hand.carries) for hand in self._enforcers.all)
        if able != self._able or now_us >= self._all_us:
            self._able, self._after, self._all_us, self._rest_us = able, "", now_us + AGAIN_US, 0
        if self._after is None or now_us < self._rest_us:
            return False
        some = self._state.book.rows(_WAITS, (self._after, PIECE))
        carried = [
            str(id_)
            for id_, kind, value, act in some
            if self._enforcers.carrying(Observable.trusted(ObservableType(kind), value), act)
        ]
        left = self._policy.blocks_per_hour_max - self._state.spent(now_us).blocks
        chosen = carried[: max(0, min(LOOK_MAX, left))]
        if len(chosen) < len(carried):
            self._after = chosen[-1] if chosen else self._after
            self._rest_us = 0 if left > LOOK_MAX else now_us + REST_US
        else:
            self._after = str(some[-1][0]) if len(some) == PIECE else None
        items = [item for id_ in chosen if (item := self._state.item(id_)) is not None]
        if items:
            self._intake.again(items)
        return bool(items)
