"""Confirmed attacks that were met here: what a node says loudest, with what to do now. Right: soc:triage.

As `bavn node hits`. Own machines are named here alone; what leaves of a hit is a sighting.
"""

from typing import Annotated

from fastapi import APIRouter

from bavn.app.acts.node import hits as acts
from bavn.app.analyst.confirmed.here import HitHere
from bavn.app.analyst.confirmed.words import what_to_do
from bavn.app.web.frame import Person, TextShape, allow, filled
from bavn.app.web.soc.context import Context
from bavn.app.web.soc.shapes import REFUSALS, Done, Frozen, IndicatorId, NodeName
from bavn.app.web.soc.suspected_shapes import ConfirmedShown

Takes = Annotated[Person, allow(acts.take_hit)]


class HitMachine(Frozen):
    """An own machine that met it. ``suspicion``: where its rows and packets are, if the detectors have been there."""

    host: str
    suspicion: str | None


class HitShown(ConfirmedShown):
    """A confirmed attack that was met here. ``case``: the sector's, where this actor is in one; ``reported``: this
    actor had reported it, too. ``to_do``: the next steps, the most urgent first."""

    machines: list[HitMachine]
    case: str | None
    reported: bool
    technique: str
    until_us: int
    to_do: list[TextShape]


router = APIRouter(prefix="/nodes/{node}/hits", tags=["hits"], responses=REFUSALS)
"""Confirmed attacks that were met at a node."""


@router.post("/{indicator}/taken", operation_id="takeHit", description=acts.take_hit.__doc__)
def take_hit(context: Context, node: NodeName, indicator: IndicatorId, person: Takes) -> Done:
    return Done.of(acts.take_hit(context.node(node, person), person.name, indicator))


def hit_shown(hit: HitHere) -> HitShown:
    """One of them, with what to do now."""
    where = {entry.suspicion.host: entry.suspicion.id for entry in reversed(hit.suspicions)}
    short = ConfirmedShown.of(hit.confirmed, hit.first_us)
    return filled(
        HitShown,
        short,
        hit.confirmed,
        hosts=max(short.hosts or 0, len(hit.hosts)) or None,
        machines=[HitMachine(host=host, suspicion=where.get(host)) for host in hit.hosts],
        case=None if hit.case is None else hit.case.case_id,
        reported=hit.reported,
        to_do=[TextShape.of(step) for step in what_to_do(hit)],
    )
