"""What the SOC's console stands on: one node or many, each opened as the node's own commands open it.

A node is named by its actor. What is remembered of a node lies in that node's object and nowhere else, so that nothing
of one is ever shown as another's. Refuses to know routes, pages and how somebody proves who they are.
"""

import threading
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any, Final

from fastapi import Depends, Request

from bavn.actor.door.queries import VERDICT_MARKS
from bavn.actor.door.sector_verdicts import SECTOR_VERDICTS_SQL, sector_verdicts_of
from bavn.actor.door.suspicions import RANKED_SQL, RUN_SQL, Ranked, ranked_of
from bavn.actor.door.verdicts import VERDICTS_SQL, verdicts_of
from bavn.actor.store.history import History
from bavn.actor.store.limits import StoreLimits
from bavn.actor.store.manifest import FILE
from bavn.actor.store.query.window import StoreWindow
from bavn.app.acts.node.here import Here
from bavn.app.analyst.faults import understood
from bavn.app.analyst.next_door import NextDoor
from bavn.app.analyst.suspected import ranked
from bavn.app.config.load import read_node
from bavn.app.node.book_queries import Asks
from bavn.app.process.exits import Exit, Stop
from bavn.app.process.real import SystemClock
from bavn.app.siem.event import event_id
from bavn.app.web.frame import Person, Trouble
from bavn.app.web.soc.asking import Askings
from bavn.app.web.soc.errors import answered
from bavn.app.web.soc.surveying import Survey
from bavn.model.moment import MINUTE_US
from bavn.model.ports import Clock
from bavn.model.sector.verdict import Verdicts
from bavn.model.suspicion import Suspicion
from bavn.model.text import Text

NODES_MAX: Final = 200
_MARKS: Final = (
    RUN_SQL,
    *VERDICT_MARKS,
)
SURVEY_WAIT_S: Final = 0.1
"""A page does not wait for a survey: it says that one is being made, and asks again."""
LOOK_MB_MAX: Final = 512
LOOK_S_MAX: Final = 20.0
LOOK_THREADS: Final = 2
NO_HISTORY: Final = Text("This node has no history yet: it has no sensor, or has seen nothing.")
NO_NODE: Final = Text("There is no such node here.")


class Node(Here):
    """One actor's node. ``file``: its node.toml."""

    def __init__(self, file: Path, name: str, clock: Clock, askings: Askings, folder: Path) -> None:
        super().__init__(file, clock)
        self.name, self.askings = name, askings
        self._survey = Survey(file, name, folder, askings, clock)
        self._lock = threading.Lock()
        self._ranked: tuple[Any, list[Ranked]] | None = None

    def suspected(self) -> list[Ranked]:
        """All suspicions in reading order; read anew when the detectors ran, a verdict came or one may have ended."""
        with self._lock, self.asks() as rows:
            marks = [rows(sql) for sql in _MARKS]
            key = (marks, self.clock.now_us() // MINUTE_US)
            if self._ranked is None or self._ranked[0] != key:
                self._ranked = (key, ranked(rows))
            return self._ranked[1]

    def plain_suspicions(self) -> list[Suspicion]:
        """All suspicions as the detectors made them: a verdict here changes nothing of what leaves but whether."""
        with self.asks() as rows:
            return [one.suspicion for one in ranked_of(rows(RANKED_SQL))]

    def verdicts(self) -> Verdicts:
        """The verdicts that hold now, the sector's advice too."""
        with self.asks() as rows:
            given = verdicts_of(rows(VERDICTS_SQL)) + sector_verdicts_of(rows(SECTOR_VERDICTS_SQL))
        return Verdicts(given, self.clock.now_us())

    def next_door(self, rows: Asks) -> NextDoor:
        """What the sector's commons told it; nothing where its policy takes no part."""
        return NextDoor(rows, self.clock.now_us(), joins=self.config().door.join_commons)

    def survey(self, wait_s: float = SURVEY_WAIT_S) -> Survey:
        """Its own hosts, as last surveyed; a new survey begins where that is too old."""
        self._survey.look(wait_s)
        return self._survey

    @contextmanager
    def looking(self, back_us: int, seconds_max: float = LOOK_S_MAX) -> Iterator[StoreWindow]:
        """The last so much of its history, for a quick look at roll-ups. Trouble where it takes too long."""
        config = self.config()
        root = config.folder / "store"
        if not (root / FILE).is_file():
            raise Trouble(404, "no-history", NO_HISTORY, "operator")
        limits = StoreLimits(memory_mb_max=LOOK_MB_MAX, threads=LOOK_THREADS, query_s_max=seconds_max)
        with understood(), History.read(root, limits, homes=config.node.homes) as history:
            stats = history.stats()
            if stats.oldest_us is None or stats.newest_us is None:
                raise Trouble(404, "no-history", NO_HISTORY, "operator")
            last_us = stats.newest_us + 1
            with history.window(max(stats.oldest_us, last_us - back_us), last_us) as window:
                yield window

    def of_event(self, event: str) -> Ranked:
        """The suspicion that the SIEM was told of under this id, or that has it. Trouble where it is not there any
        more."""
        ids = (ranked.suspicion.id for ranked in self.suspected())
        return self.one(next((id_ for id_ in ids if event_id("suspicion", id_) == event), event))

    def one(self, suspicion: str) -> Ranked:
        """The suspicion of this id. Trouble where it is not there any more."""
        ranked = next((one for one in self.suspected() if one.suspicion.id == suspicion), None)
        if ranked is None:
            raise Trouble(
                404,
                "no-suspicion",
                Text("This is not suspected any more: its records are too old, or the detectors think otherwise now."),
            )
        return ranked


class SocContext:
    """The nodes of one console, by name."""

    def __init__(self, nodes: Sequence[Node], clock: Clock, askings: Askings) -> None:
        self._nodes = {node.name: node for node in nodes}
        self.clock, self.askings = clock, askings

    def node(self, name: str, person: Person) -> Node:
        """Trouble(404) for a node that is not here, or not for this person: which of the two is not said."""
        node = self._nodes.get(name)
        if node is None or (person.actors is not None and name not in person.actors):
            raise Trouble(404, "no-node", NO_NODE)
        return node

    def seen_by(self, person: Person) -> list[Node]:
        """The nodes that a person may see, by name."""
        return [node for name, node in sorted(self._nodes.items()) if person.actors is None or name in person.actors]


async def _house(request: Request) -> AsyncIterator[Any]:
    with answered():
        yield request.app.state.house


Context = Annotated[SocContext, Depends(_house)]
"""What a route asks: that of the application it is mounted in. What stops a command is its answer."""


@contextmanager
def open_context(files: Sequence[Path], clock: Clock | None = None) -> Iterator[SocContext]:
    """The house of these nodes (each its node.toml). SettingsError for a file that is wrong; Stop for two nodes of one
    name, or for none."""
    if not 0 < len(files) <= NODES_MAX:
        raise Stop(
            Exit.CONFIGURATION,
            Text("a console has 1 to {nodes_max} nodes, not {count}", nodes_max=NODES_MAX, count=len(files)),
        )
    names = [read_node(file).node.actor for file in files]
    if len(set(names)) != len(names):
        twice = sorted(name for name in set(names) if names.count(name) > 1)
        raise Stop(Exit.CONFIGURATION, Text("two nodes of one name: {named}", named=", ".join(twice)))
    real = clock or SystemClock()
    askings = Askings(real)
    with TemporaryDirectory(prefix="bavn-console-") as folder:
        made = [Node(f, n, real, askings, Path(folder)) for f, n in zip(files, names, strict=True)]
        try:
            yield SocContext(made, real, askings)
        finally:
            askings.close()
