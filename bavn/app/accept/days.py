"""Did the node take part in the sector's rounds of the past days? By its own ledger, whose chain is walked: the rounds
that the centre opened, and the uploads that left. A round that is under way is not missed yet. Part of the final test
alone: before it there are no such days."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final

from bavn.actor.door.state import under_way
from bavn.app.accept.check import (
    UNTESTED,
    AcceptanceTerms,
    Reading,
    Site,
    at_least,
    must,
    not_applicable,
    not_tested,
    shown,
    value,
    yes,
)
from bavn.app.node.parts import BOOK_FILE
from bavn.model.health import ROUNDS_PERCENT_MIN
from bavn.model.moment import DAY_US
from bavn.model.sector.acceptance_protocol import Measure, TestKind
from bavn.model.text import Text
from bavn.wire.ledger import Line, look_on, looked_on

_MISSED: Final = ("round_time", "round_forms", "round_registry")
_LEFT: Final = ("round_members", "round_threshold", "round_size", "round_rate")
"""Rules by which a door refuses a round because its policy says so; by the others it could not take part."""
_NO_ROUNDS: Final = Text("the centre opened no round in these days")
_NONE_TAKEN: Final = Text("this actor's policy took part in no round")
NO_BOOK: Final = Text("this node has never run")
_ACTS: Final[Mapping[str, Text]] = {
    UNTESTED: Text(
        "The node's operator runs it on trial first; where it ran, the centre's operator looks at its tiers"
    ),
    "": Text("The node's operator: bavn node ledger --refused says which rounds it missed and why"),
    "chain": Text("The actor's security people: the ledger was changed"),
}


class DaysCheck:
    """See the module's text."""

    name = "days"
    title = Text("Rounds of the past days")
    kinds = (TestKind.FINAL,)
    acts = _ACTS

    def measures(self, terms: AcceptanceTerms, /) -> Mapping[str, Measure]:
        return {
            "share": at_least(Text("rounds taken part in"), ROUNDS_PERCENT_MIN, "%"),
            "chain": must(Text.in_context("accept days", "the ledger's chain holds"), always=True),
            "opened": shown(Text("rounds opened in {days} days", days=terms.days)),
            "missed": shown(Text("rounds that came too late or from another version")),
            "left": shown(Text("rounds that this actor's policy leaves out")),
            "uploads": shown(Text("uploads that left")),
            "lines": shown(Text("ledger lines in all")),
        }

    def run(self, site: Site) -> Iterable[Reading]:
        book = site.config.folder / BOOK_FILE
        if not book.exists():
            return [not_tested(key, NO_BOOK) for key in ("share", "chain")]
        now_us = site.clock.now_us()
        since_us = now_us - site.terms.days * DAY_US
        with looked_on(book) as asks:
            waiting = under_way(asks, now_us)
        with look_on(book) as ledger:
            chain, lines = ledger.verify() is None, ledger.head()[0]
            met = counts(line for line in ledger.every() if line.at_us >= since_us)
        met["opened"] -= waiting
        return [*readings(met), yes("chain", is_so=chain), value("lines", lines)]


def counts(lines: Iterable[Line]) -> Counter[str]:
    """By what came of them: rounds ``opened`` here, ``missed`` (they came too late, or from another version), ``left``
    out by this actor's own policy, and ``uploads`` that left."""
    met: Counter[str] = Counter()
    for line in lines:
        if line.kind == "ShareUpload":
            met["uploads"] += line.verdict == "passed"
        elif line.kind == "RoundOpened":
            met["opened"] += line.verdict == "passed"
            met["missed"] += line.verdict != "passed" and line.rule in _MISSED
            met["left"] += line.verdict != "passed" and line.rule in _LEFT
    return met


def readings(met: Mapping[str, int]) -> list[Reading]:
    """From what the ledger holds of these days."""
    opened, missed, uploads = met.get("opened", 0), met.get("missed", 0), met.get("uploads", 0)
    if opened + missed:
        share = value("share", min(100, uploads * 100 // (opened + missed)))
    else:
        share = not_applicable("share", _NONE_TAKEN) if met.get("left") else not_tested("share", _NO_ROUNDS)
    return [
        share,
        value("opened", opened),
        value("missed", missed),
        value("left", met.get("left", 0)),
        value("uploads", uploads),
    ]
