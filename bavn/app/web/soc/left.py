"""What left this actor in some days, told to people: by class first, its words, who learned what, and what was refused.

As `bavn node left`. Right: soc:read. The lines themselves are the ledger's (door.py).
"""

from typing import Annotated

from fastapi import APIRouter, Query

from bavn.app.node.book_queries import book_of
from bavn.app.policy.left import LeftClass, left_in
from bavn.app.web.frame import TextShape, filled
from bavn.app.web.soc.context import Context
from bavn.app.web.soc.shapes import REFUSALS, Frozen, NodeName, Reads
from bavn.model.moment import DAY_US
from bavn.wire.ledger import look_on

DAYS_MAX = 28
DayUs = Annotated[int | None, Query(ge=0, lt=2**53, description="A moment of the last day; else today.")]
Days = Annotated[int, Query(ge=1, le=DAYS_MAX)]


class LeftKind(Frozen):
    """How many messages of one kind."""

    kind: str
    count: int


class LeftClassShown(Frozen):
    """What left of one privacy class. ``named``: the words in it, each once; ``more``: how many others there are;
    ``learned``: who learned what of it."""

    privacy: str
    says: TextShape
    count: int
    kinds: list[LeftKind]
    named: list[str]
    more: int
    learned: TextShape


class RefusedShown(Frozen):
    """What one rule kept at home."""

    kind: str
    rule: str
    why: TextShape
    count: int


class LeftShown(Frozen):
    """What left from ``since_us`` until ``until_us`` (whole days, UTC). ``whole``: no line of them was left out."""

    since_us: int
    until_us: int
    says: TextShape
    count: int
    classes: list[LeftClassShown]
    refused: list[RefusedShown]
    refused_count: int
    whole: bool


router = APIRouter(prefix="/nodes/{node}/door/left", tags=["door"], responses=REFUSALS)
"""What left a node."""


@router.get("", operation_id="left")
def left(context: Context, node: NodeName, person: Reads, day_us: DayUs = None, days: Days = 1) -> LeftShown:
    """What left in so many whole days (UTC), the last of them the one with ``day_us`` in it."""
    here = context.node(node, person)
    last = (here.clock.now_us() if day_us is None else day_us) // DAY_US
    until_us = (last + 1) * DAY_US
    since_us = max(0, until_us - days * DAY_US)
    with look_on(book_of(here.file)) as reader:
        told = left_in(reader.back_to(since_us), since_us, until_us)
    return filled(
        LeftShown,
        told,
        says=TextShape.of(told.says),
        classes=[_class(one) for one in told.classes],
        refused=[filled(RefusedShown, one, why=TextShape.of(one.why)) for one in told.refused],
    )


def _class(one: LeftClass) -> LeftClassShown:
    return filled(
        LeftClassShown,
        one,
        says=TextShape.of(one.says),
        kinds=[LeftKind(kind=kind, count=count) for kind, count in one.kinds],
        named=list(one.named),
        learned=TextShape.of(one.learned),
    )
