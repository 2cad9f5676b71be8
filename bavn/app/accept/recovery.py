"""Does the node come through a crash? A node of its own (throwaway.py) is killed with kill -9 in the middle of its
work, more than once, and started again: nothing that was written is lost, nothing stands twice, its ledger holds."""

import time
from collections.abc import Iterable, Mapping
from typing import Final

from bavn.app.accept.check import (
    BOTH,
    AcceptanceTerms,
    Reading,
    Site,
    at_least,
    at_most,
    must,
    none_of,
    shown,
    value,
    yes,
)
from bavn.app.accept.throwaway import Counted, Throwaway, counted
from bavn.model.sector.acceptance_protocol import Measure
from bavn.model.text import Text
from bavn.wire.ledger import look_on

KILLS: Final = 2
EVENTS_EACH: Final = 4000
PIECES: Final = 8
PAUSE_S: Final = 0.2
SETTLE_S_MAX: Final = 60.0
RESTART_S_MAX: Final = 30
LOOKED_S: Final = 10
"""By then a node that found nothing unread has said so."""
_ACTS: Final[Mapping[str, Text]] = {
    "": Text("The node's operator looks at disk and memory of this machine; else Bavn's maintainers"),
}


class RecoveryCheck:
    """See the module's text."""

    name = "recovery"
    title = Text("Recovery after kill -9")
    kinds = BOTH
    acts = _ACTS

    def measures(self, _: AcceptanceTerms, /) -> Mapping[str, Measure]:
        return {
            "kills": at_least(Text("kills in the middle of work"), KILLS, always=True),
            "lost": none_of(Text("rows lost"), always=True),
            "doubled": none_of(Text("rows that stand twice"), always=True),
            "restart": at_most(Text("longest start after a kill"), RESTART_S_MAX, "s", always=True),
            "ledger": must(Text.in_context("accept days", "the ledger's chain holds"), always=True),
            "written": shown(Text("events written")),
        }

    def run(self, site: Site) -> Iterable[Reading]:
        kills, slowest_s = 0, 0.0
        with Throwaway(site.config, site.scratch / "recovery") as node:
            node.start()
            for _ in range(KILLS):
                for piece in range(PIECES):
                    node.events.write(EVENTS_EACH // PIECES, site.clock.now_us())
                    time.sleep(PAUSE_S if piece < PIECES - 1 else 0)
                node.kill()
                kills += 1
                began = time.monotonic()
                node.start()
                slowest_s = max(slowest_s, time.monotonic() - began)
            node.until(lambda: _read_up(node), SETTLE_S_MAX, "all that was written is read")
            node.end()
            with look_on(node.folder / "data" / "node.db") as ledger:
                chain = ledger.verify() is None
            return [
                *readings(counted(node.store), node.events.written),
                value("kills", kills),
                value("restart", round(slowest_s, 1)),
                yes("ledger", is_so=chain),
            ]


def readings(there: Counted, written: int) -> list[Reading]:
    """From what stands in the store and what was written."""
    return [
        value("lost", max(0, written - there.different)),
        value("doubled", there.rows - there.different),
        value("written", written),
    ]


def _read_up(node: Throwaway) -> bool:
    """Whether it says that nothing is left to read, after it has looked."""
    now = node.health()
    sources, up_s = now.get("sources", ()), now.get("up_s", 0)
    return bool(sources) and all(one["lag_bytes"] == 0 and (one["rows"] > 0 or up_s >= LOOKED_S) for one in sources)
