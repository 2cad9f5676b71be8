"""Did the node take part in the sector's rounds of the past days? By its own ledger, whose chain is walked: the rounds
that the centre opened, and the uploads that left. Part of the final test alone: before it there are no such days."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final

from bavn.app.accept.check import Asked, Reading, Site, at_least, must, not_applicable, not_tested, shown, value, yes
from bavn.app.node_parts import BOOK_FILE
from bavn.model.moment import DAY_US
from bavn.model.protocol import Measure, TestKind
from bavn.model.text import Text
from bavn.wire.ledger import Line, look_on

SHARE_MIN: Final = 90
"""Per cent: a round whose keys did not come in time, or that met a restart, is lost without harm."""
_KINDS: Final = ("RoundOpened", "ShareUpload")
_NO_ROUNDS: Final = Text("the centre opened no round in these days", "centralen åbnede ingen runde i disse dage")
_NO_BOOK: Final = Text("this node has never run", "denne node har aldrig kørt")


class DaysCheck:
    """See the module's text."""

    name = "days"
    title = Text("Rounds of the past days", "Runder i de seneste dage")
    kinds = (TestKind.FINAL,)

    def measures(self, asked: Asked, /) -> Mapping[str, Measure]:
        return {
            "share": at_least(Text("rounds taken part in", "runder deltaget i"), SHARE_MIN, "%"),
            "chain": must(Text("the ledger's chain holds", "egenkontrol-loggens kæde holder"), always=True),
            "opened": shown(Text(f"rounds opened in {asked.days} days", f"runder åbnet i {asked.days} dage")),
            "uploads": shown(Text("uploads that left", "uploads, der er sendt")),
            "lines": shown(Text("ledger lines in all", "linjer i egenkontrol-loggen i alt")),
        }

    def run(self, site: Site) -> Iterable[Reading]:
        book = site.config.folder / BOOK_FILE
        if not book.exists():
            return [not_tested(key, _NO_BOOK) for key in ("share", "chain")]
        since_us = site.clock.now_us() - site.asked.days * DAY_US
        with look_on(book) as ledger:
            chain, lines = ledger.verify() is None, ledger.head()[0]
            met = counts(line for line in ledger.every() if line.at_us >= since_us)
        return [*readings(met), yes("chain", is_so=chain), value("lines", lines)]


def counts(lines: Iterable[Line]) -> Counter[str]:
    """Rounds that this actor's own policy takes part in, as they were opened, and uploads that left; what the policy
    refuses is the actor's choice."""
    return Counter(line.kind for line in lines if line.kind in _KINDS and line.verdict == "passed")


def readings(met: Mapping[str, int]) -> list[Reading]:
    """From what the ledger holds of these days."""
    opened, uploads = met.get("RoundOpened", 0), met.get("ShareUpload", 0)
    share = value("share", min(100, uploads * 100 // opened)) if opened else not_applicable("share", _NO_ROUNDS)
    return [share, value("opened", opened), value("uploads", uploads)]
