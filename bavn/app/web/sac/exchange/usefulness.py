"""What sources were worth, counted at most once a minute: it reads every claim that is remembered.

Refuses to make two people wait for the same count: the second gets the one before.
"""

import threading
from collections.abc import Mapping
from typing import Final

from bavn.centre.cases.intelligence.usefulness import Usefulness
from bavn.centre.node.intelligence import Intelligence
from bavn.model.moment import MINUTE_US
from bavn.model.ports import Clock

FRESH_US: Final = MINUTE_US


class UsefulnessCache:
    """Safe from any thread."""

    def __init__(self, intelligence: Intelligence, clock: Clock) -> None:
        self._intelligence, self._clock = intelligence, clock
        self._turn = threading.Lock()
        self._last: tuple[Mapping[str, Usefulness], int] | None = None

    def now(self) -> tuple[Mapping[str, Usefulness], int]:
        """Usefulness by source, and when it was counted (us)."""
        last, now_us = self._last, self._clock.now_us()
        if last is not None and now_us - last[1] < FRESH_US:
            return last
        if not self._turn.acquire(blocking=last is None):
            assert last is not None  # noqa: S101  who had none before has waited for its turn
            return last
        try:
            if self._last is not last and self._last is not None:
                return self._last
            made = (self._intelligence.usefulness(), now_us)
            self._last = made
            return made
        finally:
            self._turn.release()
