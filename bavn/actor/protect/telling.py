"""What is told of the blocks: each new thing at once; all, piece by piece, when an enforcer or kill switch turned.

There may be a million, and a change must not wait for them: a step tells one piece, the rest follows in the next steps,
over restarts too, and only while the door takes what was told. Where things turn once more in between, the walk begins
again, and tells only what differs from what was said last. Refuses to put anything into force.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Final

from bavn.actor.protect.carriers import Enforcers
from bavn.actor.protect.force import Force
from bavn.actor.protect.state import PIECE, Item, State, outcome_of
from bavn.model.intel.indicator import BlockOutcome
from bavn.model.ports import Clock

TOLD_WAITING_MAX: Final = 5_000
"""While so much waits for the door, the walk over all blocks rests."""
_STANDS, _WALK = "stands", "stands_walk"
"""Notes: how enforcers and switches stand by what is being told, and up to which indicator the walk has come."""


class Telling:
    """``killed_by``: the rule by which nothing is in force; empty for none."""

    def __init__(
        self, state: State, force: Force, enforcers: Enforcers, clock: Clock, killed_by: Callable[[], str]
    ) -> None:
        self._state, self._force, self._enforcers, self._clock = state, force, enforcers, clock
        self._killed_by = killed_by

    def tell(self, *, everything: bool) -> None:
        """Tells what became true and was not told, and the first piece of all when an enforcer came or went or
        ``everything`` is to be looked at."""
        stands = json.dumps([sorted(self._force.holding), self._killed_by()])
        self._tell_of(self._state.unsent())
        if everything or self._state.note(_STANDS) != stands:
            with self._state.book.transaction():
                self._state.set_note(_STANDS, stands)
                self._state.set_note(_WALK, "")
        self.walk()

    def walk(self) -> bool:
        """The next piece of all blocks, if a walk is under way; whether there is more to come."""
        after_id = self._state.note(_WALK)
        if after_id is None:
            return False
        if self._state.notice_count() >= TOLD_WAITING_MAX:
            return True
        some = self._state.some_wanted(after_id, PIECE, bundles=False)
        with self._state.book.transaction():
            self._tell_of(some)
            if len(some) < PIECE:
                self._state.drop_note(_WALK)
                return False
            self._state.set_note(_WALK, some[-1].indicator_id)
        return True

    def _tell_of(self, items: Sequence[Item]) -> None:
        killed, now_us = self._killed_by(), self._clock.now_us()
        with self._state.book.transaction():
            for item in items:
                ended = item.standing == "wanted" and item.until_us <= now_us  # told when the end is noted
                outcome = None if ended else self._outcome(item, killed=killed)
                if outcome is None:
                    continue
                detail = json.dumps(asdict(outcome), sort_keys=True)
                if detail != item.told:
                    in_force = outcome.state in ("enforced", "partly")
                    self._state.keep_notice(item, detail, (item.forced_us or now_us) if in_force else None)
                    self._state.tell(outcome)

    def _outcome(self, item: Item, *, killed: str) -> BlockOutcome | None:
        """What is true of an item now; None for a lift that is not true everywhere yet."""
        holding, observable = self._force.holding, item.observable
        if item.standing == "lifted" or killed:
            touched = self._enforcers.carrying(observable, "block") if observable else ()
            rule = item.rule if item.standing == "lifted" else killed
            return outcome_of(item, "lifted", (), rule, ()) if holding.issuperset(touched) else None
        if observable is None:
            raise AssertionError("only a lifted item has no observable")
        able = self._enforcers.carrying(observable, item.act)
        lacks = self._enforcers.not_carrying(observable, item.act)
        up = tuple(name for name in able if name in holding)
        if not up:
            return outcome_of(item, "waiting", (), "enforcer_down", lacks)
        if len(up) < len(able):
            return outcome_of(item, "partly", up, "enforcer_down", lacks)
        if item.act == "watch":
            return outcome_of(item, "partly", up, "pap_watch_only", lacks)
        if not any(hand.name in up for hand in self._enforcers.blocking):
            return outcome_of(item, "partly", up, "watched_only", lacks)
        return outcome_of(item, "enforced", up, "", lacks)
