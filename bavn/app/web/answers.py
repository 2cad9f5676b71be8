"""Answers that are dear to make and depend on nothing but the centre's database and the question: one for all who ask.

Who asks while one is being made waits for it. An answer holds until the database changes, by the marker that live
events go by, and never longer than some seconds, since it may say how long ago something was. Refuses to know who asks:
what depends on that must not be asked here.
"""

import threading
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Engine

from bavn.centre.store.marker import Marker
from bavn.model.moment import SECOND_US
from bavn.model.ports import Clock

HOLDS_US: Final = 10 * SECOND_US
KEPT_MAX: Final = 64
"""Questions whose answers are kept; the one that was first asked goes first."""


@dataclass(slots=True)
class _Kept:
    turn: threading.Lock = field(default_factory=threading.Lock)
    marker: object = None
    made_us: int = 0
    answer: Any = None


class Answers:
    """Safe from any thread."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._marker, self._clock = Marker(engine), clock
        self._look = threading.Lock()
        self._kept: dict[Hashable, _Kept] = {}

    def of[Made](self, question: Hashable, make: Callable[[], Made], *, of_days: bool = False) -> Made:
        """What ``make`` gave whoever asked this question last, while it holds; what it raises, nobody else gets.
        ``of_days``: it tells of days or more, so it holds its seconds whatever changes meanwhile."""
        with self._look:
            kept = self._kept.setdefault(question, _Kept())
            while len(self._kept) > KEPT_MAX:
                del self._kept[next(iter(self._kept))]
        with kept.turn:
            marker = None
            if not of_days:
                with self._look:
                    marker = self._marker.now()
            now_us = self._clock.now_us()
            if kept.answer is None or kept.marker != marker or not 0 <= now_us - kept.made_us < HOLDS_US:
                kept.answer = None
                kept.answer = make()
                kept.marker, kept.made_us = marker, now_us
            answer: Made = kept.answer
            return answer

    def close(self) -> None:
        """Gives back its connection."""
        with self._look:
            self._marker.close()
