"""Uploads leave at a time that the round alone fixes, not when they happen to be ready.

How long a share takes to prepare depends a little on the set behind it (the rules of the gate, the rows that are
written). So a node that holds its uploads lets each go a fixed time after it heard of the round. Lies in memory: after
a restart an upload leaves at once. Refuses to know the set.
"""

from collections.abc import Callable
from typing import Final

from bavn.model.moment import SECOND_US
from bavn.psi.commons_terms import TIER as COMMONS
from bavn.psi.round import RoundParams
from bavn.wire.outbox import Waiting

HOLD_US: Final = SECOND_US
HOLD_PER_ELEMENT_US: Final = 400
WINDOW_SHARE: Final = 4
Hold = Callable[[RoundParams, int, int], int]
"""(parameters, when the round was heard of, its deadline) -> when its upload may leave."""

Begin = Callable[[int, frozenset[int], int, int], int]
"""(own x, everybody's, when a commons round was heard of, its deadline) -> when its share may be begun."""


def begun_at_once(_: int, __: frozenset[int], received_us: int, ___: int) -> int:
    """For tests and simulations."""
    return received_us


def in_turn(own_x: int, xs: frozenset[int], received_us: int, deadline_us: int) -> int:
    """In the second quarter of the time that the round gives, by place among the members: so that the key holder is not
    asked for everybody's elements of the day at once."""
    quarter_us = max(0, deadline_us - received_us) // WINDOW_SHARE
    return received_us + quarter_us + quarter_us * sorted(xs).index(own_x) // len(xs)


def at_once(_: RoundParams, received_us: int, __: int) -> int:
    """No hold: for tests and simulations, where preparing takes no time."""
    return received_us


def by_size(params: RoundParams, received_us: int, deadline_us: int) -> int:
    """A second and 0.4 ms for each of the set's M elements, which is more than preparing takes; at most a quarter of
    the time that the round gives. A commons share waits for three quarters of it: it is begun in the second."""
    window_us = max(0, deadline_us - received_us)
    if params.tier == COMMONS:
        return received_us + window_us * (WINDOW_SHARE - 1) // WINDOW_SHARE
    wanted_us = HOLD_US + HOLD_PER_ELEMENT_US * params.m
    return received_us + min(wanted_us, window_us // WINDOW_SHARE)


class Held:
    """Which uploads wait, and until when."""

    def __init__(self, hold: Hold) -> None:
        self._hold = hold
        self._heard_us: dict[str, int] = {}
        self._until_us: dict[int, int] = {}

    def heard(self, round_id: str, now_us: int) -> None:
        self._heard_us[round_id] = now_us

    def put(self, params: RoundParams, deadline_us: int, seq: int) -> None:
        """The upload of a round lies in the outbox under this number."""
        received_us = self._heard_us.pop(params.round_id.hex(), None)
        if received_us is not None:
            self._until_us[seq] = self._hold(params, received_us, deadline_us)

    def drop(self, round_id: str) -> None:
        """The round is not joined after all."""
        self._heard_us.pop(round_id, None)

    def may_leave(self, waiting: Waiting, now_us: int) -> bool:
        if now_us < self._until_us.get(waiting.seq, 0):
            return False
        self._until_us.pop(waiting.seq, None)
        return True
