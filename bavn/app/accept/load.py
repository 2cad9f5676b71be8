"""Does this machine carry the agreed load? A node of its own (throwaway.py) on the same disk and processors is given so
many events a second; how many it took in, and how far it fell behind.

It runs beside the node under test, so that what it reaches is what is left. Refuses to load the node itself.
"""

import time
from collections.abc import Iterable, Mapping
from typing import Final

from bavn.app.accept.check import BOTH, AcceptanceTerms, Reading, Site, at_least, at_most, none_of, shown, value
from bavn.app.accept.throwaway import Counted, Throwaway, counted
from bavn.model.health import ACCEPTED_LAG_S_MAX
from bavn.model.sector.acceptance_protocol import Measure
from bavn.model.text import Text

TICK_S: Final = 0.1
SHARE_MIN: Final = 0.95
"""Of the agreed rate: the clock of a busy machine is not that exact."""
_SETTLE_S_MAX: Final = 180.0
_ACTS: Final[Mapping[str, Text]] = {
    "": Text("The node's operator gives this machine more, or the rate is agreed anew with the centre"),
}


class LoadCheck:
    """See the module's text."""

    name = "load"
    title = Text("Load")
    kinds = BOTH
    acts = _ACTS

    def measures(self, terms: AcceptanceTerms, /) -> Mapping[str, Measure]:
        return {
            "rate": at_least(Text("events taken in"), round(terms.rate_per_s * SHARE_MIN), "1/s", always=True),
            "seconds": at_least(Text("how long"), terms.seconds, "s", always=True),
            "lag": at_most(Text("behind at the end"), ACCEPTED_LAG_S_MAX, "s", always=True),
            "lost": none_of(Text("events lost"), always=True),
            "agreed": shown(Text("agreed rate"), "1/s"),
            "memory": shown(Text("memory at the end"), "MB"),
        }

    def run(self, site: Site) -> Iterable[Reading]:
        terms = site.terms
        with Throwaway(site.config, site.scratch / "load") as node:
            node.start()
            began = time.monotonic()
            while (spent := time.monotonic() - began) < terms.seconds:
                due = int(spent * terms.rate_per_s) - node.events.written
                if due > 0:
                    node.events.write(due, site.clock.now_us())
                time.sleep(TICK_S)
            node.events.write(max(0, terms.rate_per_s * terms.seconds - node.events.written), site.clock.now_us())
            wrote_s = time.monotonic() - began
            lag_s = node.until(lambda: node.taken() >= node.events.written, _SETTLE_S_MAX, "all is taken in")
            memory_mb = int(node.health().get("memory_mb", 0))
            node.end()
            there = counted(node.store)
        return [
            *readings(there, node.events.written, wrote_s, lag_s),
            value("agreed", terms.rate_per_s),
            value("memory", memory_mb),
        ]


def readings(there: Counted, written: int, wrote_s: float, lag_s: float) -> list[Reading]:
    """From what stands in the store, and how long writing took and the rest after it."""
    return [
        value("rate", round(there.different / (wrote_s + max(0.0, lag_s - ACCEPTED_LAG_S_MAX)), 1)),
        value("seconds", round(wrote_s)),
        value("lag", round(lag_s, 1)),
        value("lost", max(0, written - there.different)),
    ]
