"""The sector's kill switch: one person turns it on, two turn it off.

Refuses to tell the nodes: the running centre does, at its next step.
"""

from pydantic import Field

from bavn.app.access.rights import Right
from bavn.app.acts.act import Input, act
from bavn.app.acts.centre.refusals import KINDS
from bavn.centre.cases.sector_switch import WHY_CHARACTERS_MAX, SectorSwitch


class Turning(Input):
    """Every actor reads why."""

    why: str = Field(min_length=1, max_length=WHY_CHARACTERS_MAX)


@act(Right.TRIAGE, *KINDS)
def turn_on(switch: SectorSwitch, by: str, body: Turning) -> None:
    """Take everything that the centre released out of force in the whole sector."""
    switch.turn(on=True, user=by, why=body.why)


@act(Right.APPROVE, *KINDS)
def turn_off(switch: SectorSwitch, by: str, body: Turning) -> None:
    """Put what is still wanted back in force: asked for by one, turned by a second person within a day."""
    switch.turn(on=False, user=by, why=body.why)
