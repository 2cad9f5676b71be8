"""The SAC console's roll-out: one list of how far each actor has come, and a change of a row by a person."""

from typing import Annotated

from fastapi import APIRouter, Path

from bavn.app.access.rights import Right
from bavn.app.acts.centre import rollout as acts
from bavn.app.web.frame import Person, Rows, TextShape, allow, filled
from bavn.app.web.sac.bodies import Shape
from bavn.app.web.sac.context import Context, SacContext
from bavn.centre.desk.rollout import Rollout, RolloutLine
from bavn.model.sector.rollout import NEEDS, STATES, RolloutState

Named = Annotated[str, Path(pattern=r"^[a-z][a-z0-9-]{1,39}$")]


class RolloutLineShape(Shape):
    """How one actor stands. ``state`` None: a member without a row; ``day``: of its next state; ``agreement_until``:
    the last day of its agreement; all three empty for none. ``missing``: what its next state needs."""

    actor: str
    state: RolloutState | None
    says: TextShape | None
    day: str
    group: str
    region: str
    waits_for: str
    member: str | None
    agreement_until: str
    missing: list[TextShape]


router = APIRouter(prefix="/rollout", tags=["rollout"])
"""Below ``/rollout``."""


@router.get("", operation_id="rollout")
def rollout(context: Context, _: Annotated[Person, allow(Right.READ)]) -> Rows[RolloutLineShape]:
    """Every actor, by name: its state, day, group, agreement, and what it waits for."""
    lines = [_shape(line) for line in _opened(context).lines()]
    return Rows(items=lines, next=None, total=len(lines))


@router.put("/{actor}", operation_id="rollout_set", description=acts.change.__doc__)
def change(
    context: Context, person: Annotated[Person, allow(acts.change)], actor: Named, body: acts.RolloutSetting
) -> RolloutLineShape:
    return _shape(acts.change(_opened(context), person.name, actor, body))


def _opened(context: SacContext) -> Rollout:
    return Rollout(context.registry, context.clock)


def _shape(line: RolloutLine) -> RolloutLineShape:
    return filled(
        RolloutLineShape,
        line,
        says=None if line.state is None else TextShape.of(STATES[line.state]),
        missing=[TextShape.of(NEEDS[need]) for need in line.missing],
    )
