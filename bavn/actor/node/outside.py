"""What is ordinary in own history, as the door's commons ask for it: the last weeks of the store, at this moment.

Refuses to keep anything, and to know what becomes of it.
"""

from collections.abc import Sequence

from bavn.actor.door.rounds.commons import Kind, LeftOut, OutsideLife, nothing_outside
from bavn.model.moment import DAY_US
from bavn.model.observable import Observable
from bavn.model.ports import Clock, Store
from bavn.model.sector.known_days import DAYS


def outside_of(store: Store | None, clock: Clock) -> OutsideLife:
    """Of a store; of none, nothing."""
    if store is None:
        return nothing_outside
    from bavn.actor.detect.queries.outside_life import outside_life  # Arrow: a guard has no history

    def ordinary(most: int, chains: Sequence[Observable], left_out: LeftOut) -> list[Kind]:
        now_us = clock.now_us()
        window = store.window(now_us - DAYS * DAY_US, now_us + 1)
        return [used.kind for used in outside_life(window, most, chains, left_out)]

    return ordinary
