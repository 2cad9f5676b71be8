"""What stands next to a thing in the picture of a lead: an element, an actor, a technique, a case, an indicator. Right:
read.

Everything is in the centre's own database; it knows no machine of an actor, so none is drawn.
"""

from typing import Annotated

from fastapi import APIRouter, Query

from bavn.app.access.rights import Right
from bavn.app.acts.act import refusing
from bavn.app.acts.centre.refusals import KINDS
from bavn.app.web.frame import Person, TextShape, allow, filled
from bavn.app.web.sac.context import Context
from bavn.app.web.sac.shapes import Shape
from bavn.app.web.sac.values.card import VALUE_CHARS_MAX
from bavn.centre.desk.neighbours import NodeKind, UnknownThing, neighbours
from bavn.model.sector.tally import technique_name

Reads = Annotated[Person, allow(Right.READ)]


class ThingShown(Shape):
    """A node of the picture; ``says``: a technique's name, empty for all else."""

    id: str
    kind: NodeKind
    label: str
    type: str
    says: TextShape | None


class NeighboursShown(Shape):
    """``more``: there are others, which are not shown."""

    things: list[ThingShown]
    more: bool


router = APIRouter(prefix="/neighbours", tags=["values"])
"""Below /neighbours."""


@router.get("", operation_id="neighbours")
def next_to(
    context: Context,
    _: Reads,
    of: Annotated[str, Query(min_length=3, max_length=VALUE_CHARS_MAX, description="actor:NAME, type:value, ...")],
) -> NeighboursShown:
    """What stands next to one thing: an element, an actor, a technique, a case or an indicator; a bounded number of
    each kind."""
    with refusing((UnknownThing, 404, "unknown-thing", "you"), *KINDS):
        near = neighbours(context.desk, of)
    things = []
    for thing in near.things:
        name = technique_name(thing.label) if thing.kind == "technique" else None
        things.append(filled(ThingShown, thing, says=None if name is None else TextShape.of(name)))
    return NeighboursShown(things=things, more=near.more)
