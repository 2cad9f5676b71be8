"""Today: what is suspicious at a node now, and every suspicion in reading order. Right: soc:read."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Query

from bavn.actor.door.suspicions import Ranked
from bavn.actor.protect.queries import TURN_WAITS, kill_switches
from bavn.app.analyst.confirmed.here import hits_here
from bavn.app.analyst.knocking import KnockDay, knocks
from bavn.app.analyst.packets.kept import why_none
from bavn.app.web.frame import After, Limit, Rows, TextShape, opened, page
from bavn.app.web.soc.context import Context
from bavn.app.web.soc.health import problems_of
from bavn.app.web.soc.hits import HitShown, hit_shown
from bavn.app.web.soc.inbox import TodaysInbox, todays_inbox
from bavn.app.web.soc.shapes import REFUSALS, Frozen, NodeName, Reads, SuspicionId
from bavn.app.web.soc.suspected_shapes import Suspected, SuspectedWhole, shown

Folded = Annotated[bool, Query(description="Without what stands on a line of `knocks` of today.")]
Words = Annotated[str, Query(max_length=100)]


class KnockLine(Frozen):
    """What the internet tried here on one day, as one line: doors, or passwords of which none got in."""

    says: TextShape
    suspicions: int


class Today(Frozen):
    """A node at a glance; what waits for a person is ``/waiting``. ``detectors``: those that suspect something now;
    ``knocks``: what the internet tried here, a line a day; ``hits``: what the sector confirmed and was met here,
    what nobody has taken first; ``log``: what does not fit about the centre's log, and what to do."""

    suspicions: int
    detectors: list[str]
    knocks: list[KnockLine]
    hits: list[HitShown]
    log: list[TextShape]
    inbox: TodaysInbox


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedSuspicions:
    """Of suspicions those that have each of these, where it is given. ``q``: words that stand somewhere in one."""

    q: Words = ""
    detector: Words = ""
    host: Words = ""
    peer: Words = ""
    technique: Words = ""
    ignored: bool = False
    folded: Folded = False

    def fit(self, entry: Ranked) -> bool:
        """Whether this is one of them, by all but its words and its detector."""
        suspicion = entry.suspicion
        return (
            bool(entry.rank or self.ignored)
            and self.host in ("", suspicion.host)
            and self.peer in ("", suspicion.peer)
            and suspicion.technique.startswith(self.technique)
        )


router = APIRouter(prefix="/nodes/{node}", tags=["today"], responses=REFUSALS)
"""Today, and the suspicions of a node."""


@router.get("/today", operation_id="today")
def today(context: Context, node: NodeName, person: Reads) -> Today:
    """What deserves eyes now, one entry a story; what is below, counted; and what was looked at."""
    here = context.node(node, person)
    suspected, now_us = here.suspected(), context.clock.now_us()
    with here.asks() as rows:
        hits = [hit_shown(hit) for hit in hits_here(rows, suspected)]
        turn_waits = TURN_WAITS in kill_switches(rows)
        inbox = todays_inbox(here, rows, suspected, person.name, now_us)
    live = [entry for entry in suspected if entry.rank]
    days = dict.fromkeys(_knocks(suspected).values())
    return Today(
        suspicions=len(live),
        detectors=sorted({entry.suspicion.detector for entry in live}),
        knocks=[KnockLine(says=TextShape.of(day.line(now_us)), suspicions=len(day.suspicions)) for day in days],
        hits=hits,
        log=problems_of(here.config(), "centre_log") + [TextShape.of(TURN_WAITS)] * turn_waits,
        inbox=inbox,
    )


@router.get("/suspicions", operation_id="suspicions")
def suspicions(
    context: Context,
    node: NodeName,
    person: Reads,
    wanted: Annotated[WantedSuspicions, Depends()],
    limit: Limit = 100,
    after: After = None,
) -> Rows[Suspected]:
    """All suspicions in reading order; ``ignored`` adds those that a verdict puts aside, at the end."""
    here = context.node(node, person)
    some = _fitting(here.suspected(), wanted.q, wanted.detector, folded=wanted.folded)
    fitting = [entry for entry in some if wanted.fit(entry)]
    at = opened(after, int)
    begin = at[0] if at else 0
    with here.asks() as rows:
        those = shown(fitting[begin : begin + limit + 1], rows, context.clock.now_us(), here.next_door(rows))
    places = {entry.id: begin + number for number, entry in enumerate(those, 1)}
    made = page(those, limit, lambda entry: (places[entry.id],))
    return made.model_copy(update={"total": len(fitting)})


@router.get("/suspicions/{suspicion}", operation_id="suspicion")
def suspicion(context: Context, node: NodeName, suspicion: SuspicionId, person: Reads) -> SuspectedWhole:
    """One suspicion, with what its detector says of itself."""
    here = context.node(node, person)
    entry = here.one(suspicion)
    suspected = entry.suspicion
    none = why_none(here.config(), suspected.first_us, suspected.last_us, suspected.id)
    with here.asks() as rows:
        short = shown([entry], rows, context.clock.now_us(), here.next_door(rows))[0]
        return SuspectedWhole.of(short, suspected, none)


def _knocks(entries: list[Ranked]) -> Mapping[str, KnockDay]:
    """What is folded: nothing that a person judged."""
    return knocks(entry.suspicion for entry in entries if entry.rank and entry.verdict is None)


def _fitting(entries: list[Ranked], q: str, detector: str, *, folded: bool) -> list[Ranked]:
    words, left_out = q.lower().split(), _knocks(entries) if folded else {}
    return [
        entry
        for entry in entries
        if entry.suspicion.id not in left_out
        and (not detector or entry.suspicion.detector == detector)
        and (not words or _holds(entry, words))
    ]


def _holds(one: Ranked, words: list[str]) -> bool:
    s = one.suspicion
    why = " ".join(said for text in (s.headline, s.why) for said in text.spoken().values())
    text = f"{s.id} {s.host} {s.peer} {s.detector} {s.technique} {why} {' '.join(map(str, s.observables))}"
    return all(word in text.lower() for word in words)
