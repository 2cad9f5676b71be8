"""What would leave if the centre were shown enough receipts for an element now: the very report, field by field.

Made by the rules of gate 1 from what is suspected now, beside the running node. Refuses to let anything out, and to
answer for the node: it decides when it is asked.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from bavn.actor.door.draft import Draft
from bavn.actor.door.live import live_elements
from bavn.actor.door.report_rules import ElementRequest, Rules
from bavn.actor.door.round_elements import element_of
from bavn.actor.door.state import State
from bavn.app.config.load import NodeConfig
from bavn.model.observable import Observable
from bavn.model.outcome import Refused
from bavn.model.ports import Clock
from bavn.model.sector.verdict import Verdicts
from bavn.model.suspicion import Suspicion
from bavn.psi.round import Cell
from bavn.wire.book import Book

OF_A_ROUND = frozenset({"round_id", "table", "bin"})
"""Fields of a report that only a round gives."""


@dataclass(frozen=True, slots=True)
class Preview:
    """``fields`` as far as the rules got; ``refused`` the first rule that says no now. ``suspicion``: whose facts they
    are; empty where nothing that is suspected now stands for the element."""

    fields: dict[str, Any]
    refused: Refused | None
    suspicion: str


def preview(
    config: NodeConfig,
    book: Book,
    clock: Clock,
    suspicions: Iterable[Suspicion],
    verdicts: Verdicts,
    observable: Observable,
) -> Preview:
    """The report on this element, as a round of strong evidence would ask for it, or of weak."""
    found = list(suspicions)
    for tier in ("A", "B"):
        live = live_elements(found, tier, clock.now_us(), config.door, verdicts)
        element = next((one for one, enough in live if one.observable == observable and enough), None)
        if element is None:
            continue
        request = ElementRequest("0" * 32, tier, Cell(0, 0), element_of(element), True, element.judged)
        draft: Draft = Draft()
        refused: Refused | None = None
        for rule in Rules(config.door, State(book, bytes(32)), clock, config.node.homes).report_row():
            outcome = rule.apply(request, draft)
            if isinstance(outcome, Refused):
                refused = refused or outcome
            else:
                draft = outcome
        fields = {name: value for name, value in draft.fields.items() if name not in OF_A_ROUND}
        return Preview(fields, refused, element.suspicion.id)
    nothing = Refused("nothing_live", "nothing that is suspected now stands for it strongly enough")
    return Preview({}, nothing, "")
