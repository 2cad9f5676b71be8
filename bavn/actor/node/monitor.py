"""The half of the node that takes in and concludes: sources into the store, the store's window into suspicions.

It shares the store and the suspicions with the half that talks and nothing else, so that a service may run them side by
side and a long look never delays a block. Simulation and hospital run this same code.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from threading import Event
from typing import Final

from bavn.actor.detect.run import Survey
from bavn.actor.node.settings import NodeSettings
from bavn.actor.sense.account import Account, Figures
from bavn.actor.sense.base import Source, SourceBroken
from bavn.actor.sense.canary import NAME as CANARY
from bavn.actor.sense.turn import SourceTurn
from bavn.model.failure import Failures, NoContainment
from bavn.model.moment import DAY_US, SECOND_US
from bavn.model.ports import Clock, QueryRefused, RowsDamaged, Store, Window
from bavn.model.record import RECORD_TYPES
from bavn.model.text import Text

_LOG = logging.getLogger(__name__)
DAMAGED_MAX: Final = 20
"""After so many damaged files in one look the disk is beyond looking."""


@dataclass(slots=True)
class Monitor:
    """The half of the node that takes in and concludes. ``detect``: a window to suspicions; ``keep``: where they are
    kept; ``horizon_us``: the newest moment seen in the data, where detection looks back from. ``unfinished``: whether
    the detectors have put something off that they would do over the same rows."""

    clock: Clock
    store: Store
    sources: Sequence[Source]
    detect: Callable[[Window], Survey]
    keep: Callable[[Survey, int], object]
    horizon_us: Callable[[], int]
    settings: NodeSettings
    unfinished: Callable[[], bool] = lambda: False
    rows: int = 0
    refused: int = 0
    failures: Failures = field(default_factory=NoContainment)
    accounts: tuple[Account, ...] = field(init=False)
    turns: tuple[SourceTurn, ...] = field(init=False)
    detecting_us: int | None = None
    detected_us: int | None = None
    detect_took_us: int = 0
    _due_us: int = 0
    _fresh: bool = False
    _stopping: Event = field(default_factory=Event)
    _window: Window | None = None

    def __post_init__(self) -> None:
        self.accounts = tuple(Account(source, self.clock.now_us()) for source in self.sources)
        self.turns = tuple(SourceTurn(account, self.store, self.clock, self.failures) for account in self.accounts)

    def figures(self) -> tuple[Figures, ...]:
        """Of each source, at this moment. From any thread."""
        return tuple(account.figures() for account in self.accounts)

    def records_of_late(self, now_us: int) -> tuple[str, ...]:
        """Record types of which a source gave one within a day, in the order of their list."""
        seeing = (account for account in self.accounts if account.source.name != CANARY)
        heard = {kind for account in seeing for kind in account.kinds_since(now_us - DAY_US)}
        return tuple(kind for kind in RECORD_TYPES if kind in heard)

    def look(self) -> bool:
        """Takes in what the sources have, up to a bound, and runs the detectors when they are due and there is
        something new. True if anything was taken in: ask again at once. One source that is broken keeps none of the
        others waiting, and nothing that the store cannot keep now is lost: at the end whatever the store raised, else
        SourceBroken for the first of them."""
        batches, broken, full = 0, None, None
        for turn in self.turns:
            try:
                batches += self._read(turn)
            except SourceBroken as error:
                turn.account.broken = Text.of_error(error)
                broken = broken or error
            except Exception as error:  # noqa: BLE001  the store keeps nothing now: what was read is held
                full = full or error
        self._fresh |= batches > 0
        if full is not None:
            raise full
        now_us = self.clock.now_us()
        if self._fresh and now_us >= self._due_us:
            self.conclude()
        if broken is not None:
            raise broken
        return batches > 0

    def _read(self, turn: SourceTurn, stopping: Callable[[], bool] | None = None) -> int:
        """What one source has, up to a bound; how many batches that was. ``stopping``: when to break off."""
        rows, refused, account = turn.account.rows, turn.account.refused, turn.account
        try:
            return turn.read(self.settings.batches_per_look_max, stopping or self._stopping.is_set)
        finally:
            self.rows += account.rows - rows
            self.refused += account.refused - refused

    def stop(self) -> None:
        """Concludes nothing any more: a run of the detectors that is under way breaks off. From any thread."""
        self._stopping.set()
        interrupt = getattr(self._window, "interrupt", None)
        if interrupt is not None:
            interrupt()

    def finish(self, until_us: int) -> bool:
        """Reads on, without concluding, until there is nothing more or it is this late; False if there was more. A
        source that is broken is left as it is."""
        full: Exception | None = None

        def late() -> bool:
            return self.clock.now_us() >= until_us

        for turn in self.turns:
            more = True
            while more:
                if late():
                    return False
                try:
                    more = self._read(turn, late) > 0
                except SourceBroken as error:
                    turn.account.broken, more = Text.of_error(error), False
                except Exception as error:  # noqa: BLE001  as in a look: the others have their turn
                    full, more = full or error, False
        if full is not None:
            raise full
        return True

    def conclude(self) -> None:
        """Runs the detectors over the window that ends at the newest record. One that fails has its turn. As long as a
        run took, the next one waits: so detectors over a large window never take more than half of the time, and what
        comes in is read."""
        began_us = self.detecting_us = self.clock.now_us()
        self._due_us = began_us + self.settings.detect_s * SECOND_US
        try:
            self._detect()
            self.detected_us = self.clock.now_us()
            self.detect_took_us = self.detected_us - began_us
            self._due_us = max(self._due_us, self.detected_us + self.detect_took_us)
        finally:
            self.detecting_us = None

    def _surveyed(self, end_us: int) -> Survey | None:
        """What there is to suspect; None when it is to end. A file that turns out damaged costs its own rows: it is
        looked again without them. Raises QueryRefused, RowsDamaged."""
        for again in range(DAMAGED_MAX, -1, -1):
            window = self._window = self.store.window(end_us - self.settings.window_days * DAY_US, end_us + 1)
            if self._stopping.is_set():
                return None
            try:
                return self.detect(window)
            except RowsDamaged as error:
                if not again:
                    raise
                _LOG.error("it is looked again: %s", error)
        return None

    def _detect(self) -> None:
        end_us = self.horizon_us()
        try:
            suspicions = self._surveyed(end_us)
            self._window = None
            if suspicions is None:
                return
            if self._stopping.is_set():
                return
            self.keep(suspicions, end_us)
        except QueryRefused:
            raise
        except Exception as error:  # noqa: BLE001  what is known stays known, and the next run may do better
            self.failures.note("detector run", error)
            return
        finally:
            self._window = None
        self.failures.works("detector run")
        self._due_us = self.clock.now_us() + self.settings.detect_s * SECOND_US
        self._fresh = self.unfinished()
