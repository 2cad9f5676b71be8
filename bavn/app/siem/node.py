"""What tells the SIEM of an actor's own people, put together from ``[siem]`` and the node's book."""

from collections.abc import Callable, Sequence

from bavn import __version__
from bavn.actor.door.books import NodeBooks
from bavn.app.config.load import NodeConfig
from bavn.app.process.problem import Problem
from bavn.app.siem.bookmark import Bookmark
from bavn.app.siem.build import handover_of, kinds_of
from bavn.app.siem.event import NODE_KINDS, Kind, Teller
from bavn.app.siem.handover import Handover, Stream
from bavn.app.siem.node_events import Blocks, LedgerLines, Problems, Sightings, Suspicions
from bavn.model.ports import Clock


def node_handover(
    config: NodeConfig, books: NodeBooks, clock: Clock, standing: Callable[[], Sequence[Problem] | None]
) -> Handover | None:
    """None where there is no SIEM. ``standing``: what is wrong with the node now. Raises Stop and SettingsError."""
    table = config.siem
    if not table.to:
        return None
    mark, every = Bookmark(books.book), table.suspicions == "all"
    streams: dict[Kind, Callable[[], Stream]] = {
        "suspicion": lambda: Suspicions(mark, lambda: books.verdicts.holding(clock.now_us()), every=every),
        "sighting": lambda: Sightings(mark, clock),
        "block": lambda: Blocks(mark, clock),
        "health": lambda: Problems(mark, clock, standing),
        "ledger": lambda: LedgerLines(mark, books.ledger),
    }
    wanted = [streams[kind]() for kind in kinds_of(table, NODE_KINDS)]
    teller = Teller(config.node.actor, "node", __version__, table.language)
    return handover_of(table, config.base, wanted, teller, mark, clock)
