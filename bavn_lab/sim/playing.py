"""A source that plays a generated actor's records as the clock reaches them, and a node's senses made of it.

With these a simulated node looks with the real store and the real detectors. Refuses to make packets.
"""

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from bavn.actor.detect.run import survey
from bavn.actor.door.suspicions import NodeSuspicions
from bavn.actor.node.monitor import Monitor
from bavn.actor.node.settings import NodeSettings
from bavn.actor.protect.own_history import History
from bavn.actor.sense.base import Batch
from bavn.actor.store.columns import ColumnStore
from bavn.actor.store.query.hunt import hunt
from bavn.model.ports import Clock
from bavn.rehearsal.party import VERSION, Senses, SimNode
from bavn.traffic.records import tables
from bavn.traffic.sector import Actor
from bavn_lab.sim.generate import Scenario, planned

STRETCH_HOURS: Final = 24


class PlayedSource:
    """Implements Source: one batch for each stretch of the story that lies before now."""

    def __init__(self, told: Scenario, actor: Actor, clock: Clock, mark: str | None) -> None:
        self._plan, self._actor, self._clock = told, actor, clock
        self._next = 0 if mark is None else int(mark) + 1

    @property
    def name(self) -> str:
        return f"played {self._actor.name}"

    def poll(self) -> Iterator[Batch]:
        stretches = enumerate(self._plan.stretches(STRETCH_HOURS))
        for number, (start_us, end_us) in itertools.islice(stretches, self._next, None):
            if end_us > self._clock.now_us():
                return
            made = tables(planned(self._plan, self._actor, start_us, end_us), "sim")
            lines = sum(table.num_rows for table in made.values())
            yield Batch(source=self.name, mark=str(number), tables=made, lines=lines)

    def acknowledge(self, mark: str) -> None:
        self._next = int(mark) + 1

    def lag_bytes(self) -> int:
        return 0

    def close(self) -> None:
        """Nothing is open."""


def senses(scenario: Scenario, actor: Actor, folder: Path, stores: list[ColumnStore]) -> Senses:
    """Eyes on the played records over a store in ``folder``; every store that was opened is added to ``stores``, the
    newest last, for the caller to close."""

    def opened(node: SimNode, known: NodeSuspicions) -> tuple[Monitor, History]:
        if stores:
            stores.pop().close()
        store = ColumnStore.open(folder, homes=actor.homes)
        stores.append(store)
        source = PlayedSource(scenario, actor, node.mortal, store.mark(f"played {actor.name}"))
        monitor = Monitor(
            clock=node.mortal,
            store=store,
            sources=(source,),
            detect=survey,
            keep=lambda found, end_us: known.replace(found.suspicions, node.mortal.now_us(), end_us, found.hosts),
            horizon_us=lambda: scenario.end_us,
            settings=NodeSettings(version=VERSION),
        )
        return monitor, History(store.window, hunt)

    return opened
