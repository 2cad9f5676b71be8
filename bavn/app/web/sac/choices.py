"""What the SAC console's forms may offer, in one answer. Refuses to know what they are for."""

from collections.abc import Iterable
from typing import Annotated

from fastapi import APIRouter

from bavn.app.access.rights import Right
from bavn.app.web.frame import Person, TextShape, allow
from bavn.app.web.sac.context import Context
from bavn.app.web.sac.shapes import Shape
from bavn.model.intel import rsit
from bavn.model.sector.functions import FUNCTIONS
from bavn.model.sector.member import ActorState
from bavn.model.sector.nis2 import NAMES
from bavn.model.sector.partner import COLLECTIONS, PARTNER_KINDS
from bavn.model.text import Text


class CodeChoice(Shape):
    """A code and its words."""

    code: str
    says: TextShape


class FormChoices(Shape):
    """RSIT types, critical functions, active actors, reports of NIS2, hours that a task has if none are given; parts of
    what is shared that a partner may be let into, and kinds of partners."""

    rsit: list[CodeChoice]
    functions: list[CodeChoice]
    actors: list[str]
    nis2: list[CodeChoice]
    collections: list[CodeChoice]
    partner_kinds: list[CodeChoice]
    acknowledge_hours: int
    applies_hours: int
    done_hours: int


router = APIRouter(tags=["choices"])
"""``/choices``."""


@router.get("/choices", operation_id="choices")
def choices(context: Context, _: Annotated[Person, allow(Right.READ)]) -> FormChoices:
    """What forms may offer."""
    hours = context.desk.work.settings
    return FormChoices(
        rsit=_of((code, rsit.words(code)) for code in rsit.TYPES),
        functions=_of((name, function.words) for name, function in FUNCTIONS.items()),
        actors=[actor.name for actor in context.registry.actors() if actor.state is ActorState.ACTIVE],
        nis2=_of((act.value, words) for act, words in NAMES.items()),
        collections=_of((name, collection.title) for name, collection in COLLECTIONS.items()),
        partner_kinds=_of(PARTNER_KINDS.items()),
        acknowledge_hours=hours.acknowledge_hours,
        applies_hours=hours.applies_hours,
        done_hours=hours.done_hours,
    )


def _of(named: Iterable[tuple[str, Text]]) -> list[CodeChoice]:
    return [CodeChoice(code=code, says=TextShape.of(words)) for code, words in named]
