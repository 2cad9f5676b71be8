"""When the centre's step began and ended last: one that hangs, or does not come, is told. Refuses to end it."""

import time
from collections.abc import Callable

from bavn.app.process.service_health import PromiseFinding
from bavn.model.health import STEP_LATE_S
from bavn.model.text import Text


class StepWatch:
    """When the centre's step began and ended last."""

    def __init__(self, tick: Callable[[], float] = time.monotonic) -> None:
        self._tick = tick
        self._since_s, self._running = tick(), False

    def around(self, step: Callable[[], None]) -> Callable[[], None]:
        """The same step, watched."""

        def watched() -> None:
            self._since_s, self._running = self._tick(), True
            step()
            self._since_s, self._running = self._tick(), False

        return watched

    def look(self) -> PromiseFinding:
        took_s = self._tick() - self._since_s
        if took_s <= STEP_LATE_S:
            return PromiseFinding()
        if self._running:
            text = Text("a step has run for {took_s:.0f} s", took_s=took_s)
        else:
            text = Text("no step for {took_s:.0f} s", took_s=took_s)
        return PromiseFinding((text,))
