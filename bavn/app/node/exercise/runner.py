"""Plays exercises beside the running node: a few seconds of work that no block and no round may wait for.

One at a time. What fails is tried again some minutes later, a few times, then given up and said. Refuses to know the
node: it holds its policies and its never-block list.
"""

import logging
import threading
from collections.abc import Callable
from typing import Final

from bavn.actor.door.policy import DoorPolicy
from bavn.actor.protect.never import NeverBlock
from bavn.actor.protect.policy import ProtectPolicy
from bavn.app.node.exercise import block as sandbox_block
from bavn.model.failure import Failures, NoContainment
from bavn.model.moment import MINUTE_US
from bavn.model.ports import Clock, QueryRefused
from bavn.model.sector.exercise import ActorStep, Campaign, Played

TRIES_MAX: Final = 3
AGAIN_US: Final = 5 * MINUTE_US
KEPT_MAX: Final = 64
_LOG = logging.getLogger(__name__)


class Runner:
    """The Lane port. ``watches``: whether this node has detectors; one without misses all. ``start`` begins work on a
    thread of its own; tests hand in one that does it at once."""

    def __init__(
        self,
        door: DoorPolicy,
        protect: ProtectPolicy,
        never: NeverBlock,
        clock: Clock,
        *,
        watches: bool = True,
        start: Callable[[Callable[[], None]], None] | None = None,
        failures: Failures | None = None,
    ) -> None:
        self._failures: Failures = failures or NoContainment()
        self._door, self._protect, self._never, self._clock = door, protect, never, clock
        self._watches, self._start = watches, start or _beside
        self._lock = threading.Lock()
        self._done: dict[tuple[str, str], Played | ActorStep] = {}
        self._tries: dict[tuple[str, str], tuple[int, int]] = {}
        self._busy = False

    def played(self, exercise_id: str, campaign: Campaign) -> Played | None:
        """See the Lane port."""
        if not self._watches:
            return Played((ActorStep.MISSED,))

        def play() -> Played:
            from bavn.app.node.exercise.sandbox import played  # the detectors are not for a node that has none

            return played(exercise_id, campaign, self._door)

        found = self._ask((exercise_id, "play"), play)
        return found if isinstance(found, Played) else None

    def blocked(self, exercise_id: str) -> ActorStep | None:
        """See the Lane port."""

        def block() -> ActorStep:
            return sandbox_block.blocked(exercise_id, self._protect, self._never)

        found = self._ask((exercise_id, "block"), block)
        return found if isinstance(found, ActorStep) else None

    def _ask(self, what: tuple[str, str], work: Callable[[], Played | ActorStep]) -> Played | ActorStep | None:
        now_us = self._clock.now_us()
        with self._lock:
            if what in self._done:
                return self._done.pop(what)
            tries, again_us = self._tries.get(what, (0, 0))
            if self._busy or tries >= TRIES_MAX or now_us < again_us:
                return None
            self._busy = True
            if len(self._tries) >= KEPT_MAX:
                self._tries.clear()
            self._tries[what] = (tries + 1, now_us + AGAIN_US)
        self._start(lambda: self._work(what, work))
        with self._lock:
            return self._done.pop(what, None)

    def _work(self, what: tuple[str, str], work: Callable[[], Played | ActorStep]) -> None:
        try:
            outcome = work()
        except (QueryRefused, OSError, ValueError) as error:
            _LOG.error("EXERCISE %s could not be played: %s", what[0], error)
            return
        except Exception as error:  # noqa: BLE001  it costs this exercise, not all that come after it
            self._failures.note("exercise", error, item=what[0].encode())
            return
        finally:
            with self._lock:
                self._busy = False
        self._failures.works("exercise")
        with self._lock:
            if len(self._done) >= KEPT_MAX:
                self._done.clear()
            self._done[what] = outcome


def _beside(work: Callable[[], None]) -> None:
    threading.Thread(target=work, name="exercise", daemon=True).start()
