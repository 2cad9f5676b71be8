"""Verdicts of people here on suspicions, and the sector's advice: given, listed, ended; who looks at a suspicion. As
`bavn node verdict` and `bavn node hand` do."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from bavn.actor.door.sector_verdicts import SECTOR_VERDICTS_SQL, sector_verdicts_of
from bavn.actor.door.verdicts import VERDICTS_SQL, verdicts_of
from bavn.app.acts.node import verdicts as acts
from bavn.app.web.frame import After, Limit, Person, Rows, TextShape, allow, opened, page
from bavn.app.web.soc.context import Context
from bavn.app.web.soc.shapes import REFUSALS, Done, Frozen, NodeName, Reads, SuspicionId
from bavn.app.web.soc.suspected_shapes import VerdictShown

Gives = Annotated[Person, allow(acts.give)]
Ends = Annotated[Person, allow(acts.end)]
Hands = Annotated[Person, allow(acts.hand)]
Number = Annotated[str, Path(pattern=acts.NUMBER, description="A verdict's number; s7 is the sector's.")]


class VerdictGivenHere(Frozen):
    """The verdict, and what it does not reach."""

    verdict: VerdictShown
    note: TextShape | None


router = APIRouter(prefix="/nodes/{node}", tags=["verdicts"], responses=REFUSALS)
"""Verdicts of a node."""


@router.get("/verdicts", operation_id="verdicts")
def verdicts(
    context: Context,
    node: NodeName,
    person: Reads,
    limit: Limit = 100,
    after: After = None,
    ended: Annotated[bool, Query(description="Also those that have ended.")] = False,
) -> Rows[VerdictShown]:
    """The verdicts that hold here, the newest first, then the sector's advice."""
    with context.node(node, person).asks() as rows:
        own, sector = verdicts_of(rows(VERDICTS_SQL)), sector_verdicts_of(rows(SECTOR_VERDICTS_SQL))
    now_us = context.clock.now_us()
    shown_verdicts = [
        VerdictShown.of(verdict, now_us) for verdict in (*own[::-1], *sector[::-1]) if ended or verdict.holds(now_us)
    ]
    at = opened(after, int)
    begin = at[0] if at else 0
    places = {verdict.number: place for place, verdict in enumerate(shown_verdicts, 1)}
    return page(shown_verdicts[begin : begin + limit + 1], limit, lambda verdict: (places[verdict.number],))


@router.post(
    "/suspicions/{suspicion}/verdicts", operation_id="giveVerdict", status_code=201, description=acts.give.__doc__
)
def give(
    context: Context, node: NodeName, suspicion: SuspicionId, request: acts.VerdictRequest, person: Gives
) -> VerdictGivenHere:
    here = context.node(node, person)
    given, note = acts.give(here, person.name, here.one(suspicion).suspicion, request)
    shown = VerdictShown.of(given, context.clock.now_us())
    return VerdictGivenHere(verdict=shown, note=None if note is None else TextShape.of(note))


@router.post("/verdicts", operation_id="giveVerdictOfEvent")
def give_of_event(context: Context, node: NodeName, body: acts.SiemVerdict, person: Gives) -> VerdictGivenHere:
    """A verdict out of the own SIEM, by the event that told it of the suspicion. The same again within a day is one."""
    here = context.node(node, person)
    given, note = acts.give(here, person.name, here.of_event(body.event).suspicion, body.as_given())
    shown = VerdictShown.of(given, context.clock.now_us())
    return VerdictGivenHere(verdict=shown, note=None if note is None else TextShape.of(note))


@router.post("/verdicts/{number}/end", operation_id="endVerdict", description=acts.end.__doc__)
def end(context: Context, node: NodeName, number: Number, request: acts.EndRequest, person: Ends) -> VerdictShown:
    return VerdictShown.of(acts.end(context.node(node, person), person.name, number, request), context.clock.now_us())


@router.post("/suspicions/{suspicion}/handed", operation_id="handSuspicion", description=acts.hand.__doc__)
def hand(context: Context, node: NodeName, suspicion: SuspicionId, request: acts.HandRequest, person: Hands) -> Done:
    here = context.node(node, person)
    return Done.of(acts.hand(here, person.name, here.one(suspicion).suspicion, request))
