"""A value's card: what this node knows of an address, a name, a hash or a fingerprint. Right: soc:read.

As `bavn node value`. What a block of it would hit is a dry run (``/protection/dry-runs``). Nothing is asked of the
centre, and no value is looked up outside.
"""

from typing import Annotated

from fastapi import APIRouter, Query

from bavn.actor.hunt.span import LAST_US
from bavn.app.analyst.values.card import PIVOT_OF, VALUE_CHARS_MAX, value_card, value_of
from bavn.app.analyst.values.own_history import SECONDS_MAX, alike, days_of
from bavn.app.web.frame import TextShape
from bavn.app.web.soc.context import Context
from bavn.app.web.soc.shapes import REFUSALS, Frozen, NodeName, Reads
from bavn.model.observable import ObservableType


class SuspicionOfValue(Frozen):
    """A suspicion that names it."""

    id: str
    host: str
    what: TextShape


class BlockOfValueShown(Frozen):
    """An indicator that names it, as it stands here."""

    id: str
    says: TextShape


class ValueShown(Frozen):
    """``inside``: one of this actor's own. ``pivot``: the hunt's page asks own history for it; null for a type that no
    record has. ``sector``: null inside; ``never``: null where the list does not forbid a block."""

    type: ObservableType
    value: str
    inside: bool
    here: TextShape
    sector: TextShape | None
    blocks: list[BlockOfValueShown]
    never: TextShape | None
    suspicions: list[SuspicionOfValue]
    pivot: str | None


class StandsHereShown(Frozen):
    """A value that own history holds; ``pivot``: the question of the hunt's page for its records."""

    value: str
    says: TextShape
    pivot: str | None


class OwnHistoryShown(Frozen):
    """What own history of the last ``days`` holds of what was searched for."""

    days: int
    items: list[StandsHereShown]


STANDS_SHOWN_MAX = 5
router = APIRouter(prefix="/nodes/{node}/values", tags=["values"], responses=REFUSALS)
"""Values at a node."""


@router.get("", operation_id="value")
def value(
    context: Context,
    node: NodeName,
    person: Reads,
    what: Annotated[
        str, Query(min_length=1, max_length=VALUE_CHARS_MAX, description="A domain, an address, or type:value.")
    ],
) -> ValueShown:
    """What is known here of one value: who met it, how many of the sector know it, how it stands."""
    here, observable = context.node(node, person), value_of(what)
    with here.asks() as rows:
        card = value_card(here.config(), rows, here.clock.now_us(), observable)
    return ValueShown(
        type=card.observable.type,
        value=card.observable.value,
        inside=card.inside,
        here=TextShape.of(card.here),
        sector=None if card.sector is None else TextShape.of(card.sector),
        blocks=[BlockOfValueShown(id=one.id, says=TextShape.of(one.says)) for one in card.blocks],
        never=None if card.never is None else TextShape.of(card.never),
        suspicions=[
            SuspicionOfValue(id=s.id, host=s.host, what=TextShape.of(s.headline))
            for s in (entry.suspicion for entry in card.suspicions)
        ],
        pivot=card.pivot,
    )


@router.get("/history", operation_id="valueInHistory")
def in_history(
    context: Context,
    node: NodeName,
    person: Reads,
    what: Annotated[
        str, Query(min_length=2, max_length=VALUE_CHARS_MAX, description="Part of a name, or a whole other value.")
    ],
) -> OwnHistoryShown:
    """Where it stands in own history: a look with an end. Trouble where it takes too long."""
    with context.node(node, person).looking(LAST_US, SECONDS_MAX) as window:
        stands = alike(window, what, STANDS_SHOWN_MAX)
        return OwnHistoryShown(
            days=days_of(window),
            items=[
                StandsHereShown(value=one.value, says=TextShape.of(one.says), pivot=PIVOT_OF.get(one.type, (None,))[0])
                for one in stands
            ],
        )
