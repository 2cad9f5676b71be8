"""Takes the daily canary through the rooms of a running node: its source, the detectors, the door, a block.

Each link is tried where it lies and told to the door, which keeps the account. Refuses to know what travels.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

from bavn.actor.door.conversations.canary import Canaries
from bavn.actor.protect.protect import Protect
from bavn.actor.sense.account import Figures
from bavn.app.node.health.silent_sources import OCCASIONAL
from bavn.model.health import CANARY_SOURCE_US
from bavn.model.intel.indicator import Block
from bavn.model.moment import MINUTE_US
from bavn.model.ports import Clock, Window
from bavn.model.sector.canary import indicator_id, name_of

if TYPE_CHECKING:
    from bavn.actor.sense.canary import CanarySource, Wanted

BLOCK_US: Final = 10 * MINUTE_US
"""So long a canary's name stays in force."""
FOUND_SQL: Final = "SELECT 1 FROM dns WHERE rrname = $name AND flow_id = $flow_id AND sensor = $sensor LIMIT 1"


class NodeCanary:
    """``figures``: the sources as they are now, without the canary's own; None for a node that reads nothing."""

    def __init__(
        self, canaries: Canaries, protect: Protect, clock: Clock, figures: Callable[[], Sequence[Figures]] | None
    ) -> None:
        self._canaries, self._protect, self._clock, self._figures = canaries, protect, clock, figures

    def step(self) -> None:
        """One look; from the thread that talks."""
        canaries = self._canaries
        canaries.step()
        if canaries.waits("sensor"):
            self._sensor()
        if self._figures is None:
            for link in ("store", "detect", "door", "join", "reveal"):
                if canaries.waits(link):
                    canaries.note(link, "not-covered", "no-sensor")
        run = canaries.waits("block")
        if run is not None and run.answered_us is not None:
            until_us = self._clock.now_us() + BLOCK_US
            why = self._protect.try_canary(Block(name_of(run.day), indicator_id(run.day), until_us))
            if why in ("kill-switch", "no-enforcer"):
                canaries.note("block", "not-covered", why)
            elif not why:
                canaries.note("block", "passed")
            elif self._clock.now_us() > run.answered_us + BLOCK_US:
                canaries.note("block", "failed", why)

    def latest_links(self) -> list[dict[str, Any]]:
        """The latest canary, link by link, for health.json. From any thread."""
        run = self._canaries.book.latest()
        return (
            []
            if run is None
            else [
                {"link": one.link, "state": one.state, "why": one.why, "took": one.took, "began_us": run.began_us}
                for one in self._canaries.book.links(run)
            ]
        )

    def _sensor(self) -> None:
        run = self._canaries.under_way()
        figures = (
            [] if self._figures is None else [figure for figure in self._figures() if figure.name not in OCCASIONAL]
        )
        if run is None:
            return
        if not figures:
            self._canaries.note("sensor", "not-covered", "no-sensor")
        elif all(
            figure.received_us is not None and figure.received_us >= run.began_us - CANARY_SOURCE_US
            for figure in figures
        ):
            self._canaries.note("sensor", "passed")
        elif self._clock.now_us() > run.due_us - MINUTE_US:
            self._canaries.note("sensor", "failed", "silent")

    # --- from the thread that looks ---------------------------------------------------------------------------

    def source(self, newest_us: Callable[[], int | None]) -> "CanarySource":
        """Reads as a source of the node beside the others."""
        from bavn.actor.sense.canary import CanarySource  # columns: a guard has no source

        return CanarySource(self._wanted, newest_us, self._kept)

    def _wanted(self) -> "Wanted | None":
        from bavn.actor.sense.canary import Wanted

        run = self._canaries.waits("store")
        return None if run is None else Wanted(run.day, run.run)

    def _kept(self, wanted: "Wanted") -> None:
        run = self._canaries.under_way()
        if run is not None and (run.day, run.run) == (wanted.day, wanted.run):
            self._canaries.note("store", "passed")

    def surveyed(self, window: Window) -> None:
        """The detectors have run over this window: whether the canary is found in it. Raises QueryRefused."""
        run = self._canaries.waits("detect")
        if run is None:
            return
        from bavn.actor.sense.canary import NAME, Wanted

        wanted = Wanted(run.day, run.run)
        asked = {"name": name_of(run.day).value, "flow_id": wanted.flow_id, "sensor": NAME}
        if window.rows(FOUND_SQL, asked):
            self._canaries.note("detect", "passed")
