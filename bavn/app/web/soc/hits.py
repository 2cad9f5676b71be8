"""Confirmed attacks that were met here: what a node says loudest, with what to do now. Rights: soc:read, soc:triage.

As `bavn node hits`, `story` and `hit-taken`. Own machines are named here alone; what leaves of a hit is a sighting.
"""

from typing import Annotated

from fastapi import APIRouter

from bavn.app.acts.node import hits as acts
from bavn.app.analyst.confirmed.here import HitHere, hits_here
from bavn.app.analyst.confirmed.story import own_part, replay_of, story_of
from bavn.app.analyst.confirmed.words import what_to_do
from bavn.app.web.frame import Person, TextShape, Trouble, allow, filled
from bavn.app.web.soc.context import Context
from bavn.app.web.soc.shapes import REFUSALS, Done, Frozen, IndicatorId, NodeName, Reads
from bavn.app.web.soc.suspected_shapes import ConfirmedShown
from bavn.app.web.story import StoryShape

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


@router.get("", operation_id="hits")
def hits(context: Context, node: NodeName, person: Reads) -> list[HitShown]:
    """What the sector confirmed and was met here, what nobody has taken first."""
    here = context.node(node, person)
    suspected = here.suspected()
    with here.asks() as rows:
        return [_shown(hit) for hit in hits_here(rows, suspected)]


@router.post("/{indicator}/taken", operation_id="takeHit", description=acts.take_hit.__doc__)
def take_hit(context: Context, node: NodeName, indicator: IndicatorId, person: Takes) -> Done:
    return Done.of(acts.take_hit(context.node(node, person), person.name, indicator))


@router.get("/{indicator}/story", operation_id="hitStory")
def hit_story(context: Context, node: NodeName, indicator: IndicatorId, person: Reads) -> StoryShape:
    """This actor's own part of it: when it was first met here, when the sector knew, when it was blocked; step by step,
    and in a paragraph with its sources."""
    here, now_us = context.node(node, person), context.clock.now_us()
    suspected = here.suspected()
    with here.asks() as rows:
        hit = next((hit for hit in hits_here(rows, suspected) if hit.confirmed.indicator_id == indicator), None)
        if hit is None:
            raise Trouble(404, "no-hit", acts.NO_HIT)
        own = own_part(rows, hit, now_us)
    return StoryShape.of(story_of(own, None), replay_of(own), now_us)


def _shown(hit: HitHere) -> HitShown:
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
