"""Today: what is suspicious at a node now, folded by host and story. Right: soc:read.

A host's suspicions are not added up (docs/decisions/0006): hosts stand in the order of their strongest.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Query

from bavn.actor.door.queries import asked_count
from bavn.actor.door.suspicions import RUN_SQL, Ranked
from bavn.actor.protect.confirmed import hits
from bavn.actor.protect.queries import TURN_WAITS, kill_switches
from bavn.app.analyst.knocking import KnockDay, knocks
from bavn.app.analyst.packets.kept import why_none
from bavn.app.web.frame import After, Limit, Rows, TextShape, opened, page
from bavn.app.web.soc.context import Context
from bavn.app.web.soc.health import problems_of
from bavn.app.web.soc.shapes import REFUSALS, Frozen, NodeName, Reads, SuspicionId
from bavn.app.web.soc.suspected_shapes import ConfirmedShown, Suspected, SuspectedWhole, shown
from bavn.model.moment import DAY_US

STORIES_SHOWN_MAX = 6
Folded = Annotated[bool, Query(description="Without what stands on a line of today/knocks.")]
Words = Annotated[str, Query(max_length=100)]


class Count(Frozen):
    """How many of a kind."""

    name: str
    count: int


class Today(Frozen):
    """A node at a glance; what waits for a person is ``/waiting``. ``ran_us`` None: its detectors have not run yet.
    ``asked``: elements that the centre asks to be named and a person must decide on; ``hits``: confirmed attacks that
    were met here and that nobody has taken; ``log``: what does not fit about the centre's log, and what to do."""

    ran_us: int | None
    suspicions: int
    ignored: int
    new: int
    hosts: int
    detectors: list[Count]
    asked: int
    hits: int
    log: list[TextShape]


class PeerSuspicion(Frozen):
    """What one host and one peer are suspected of together. ``others``: further suspicions of the same. ``confirmed``:
    the sector's word on any of them."""

    peer: str
    detectors: list[str]
    techniques: list[str]
    nats: float
    first_us: int
    last_us: int
    strongest: Suspected
    others: list[str]
    confirmed: ConfirmedShown | None


class KnockLine(Frozen):
    """What the internet tried here on one day, as one line: doors, or passwords of which none got in."""

    says: TextShape
    suspicions: int


class HostToday(Frozen):
    """A host with its stories, the strongest first. ``more``: stories that are not shown here. ``confirmed``: the
    sector's word on any of its suspicions."""

    host: str
    rank: int
    suspicions: int
    nats: float
    first_us: int
    last_us: int
    stories: list[PeerSuspicion]
    more: int
    confirmed: ConfirmedShown | None


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
    """How much there is to look at."""
    here = context.node(node, person)
    suspected, now_us = here.suspected(), context.clock.now_us()
    with here.asks() as rows:
        run = rows(RUN_SQL)
        wished = asked_count(rows)
        met = hits(rows)
        turn_waits = TURN_WAITS in kill_switches(rows)
    live = [entry for entry in suspected if entry.rank]
    counts: dict[str, int] = {}
    for entry in live:
        counts[entry.suspicion.detector] = counts.get(entry.suspicion.detector, 0) + 1
    return Today(
        ran_us=run[0][0] if run else None,
        suspicions=len(live),
        ignored=len(suspected) - len(live),
        new=sum(entry.known_us > now_us - DAY_US for entry in live),
        hosts=len({entry.suspicion.host for entry in live}),
        detectors=[Count(name=name, count=count) for name, count in sorted(counts.items())],
        asked=wished,
        hits=sum(not hit.is_taken for hit in met),
        log=problems_of(here.config(), "centre_log") + [TextShape.of(TURN_WAITS)] * turn_waits,
    )


@router.get("/today/hosts", operation_id="todayHosts")
def hosts(
    context: Context,
    node: NodeName,
    person: Reads,
    limit: Limit = 50,
    after: After = None,
    q: Words = "",
    detector: Words = "",
    folded: Folded = False,
) -> Rows[HostToday]:
    """Suspicions folded by host and story, hosts in the order of their strongest suspicion."""
    here = context.node(node, person)
    fitting = _fitting(here.suspected(), q, detector, folded=folded)
    stories_of = _by_host([entry for entry in fitting if entry.rank])
    at = opened(after, int)
    rest = [entries for entries in stories_of if at is None or entries[0].rank > at[0]][: limit + 1]
    with here.asks() as rows:
        wanted = {id(entry): entry for stories in rest for entry in stories}
        shapes = dict(
            zip(wanted, shown(list(wanted.values()), rows, context.clock.now_us(), here.next_door(rows)), strict=True)
        )
    return page([_host(entries, shapes) for entries in rest], limit, lambda host: (host.rank,))


@router.get("/today/knocks", operation_id="todayKnocks")
def tried(context: Context, node: NodeName, person: Reads) -> list[KnockLine]:
    """What the internet tried here, a line a day; suspicions that are not shown one by one where ``folded`` asks so."""
    days = dict.fromkeys(_knocks(context.node(node, person).suspected()).values())
    now_us = context.clock.now_us()
    return [KnockLine(says=TextShape.of(day.line(now_us)), suspicions=len(day.suspicions)) for day in days]


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


def _by_host(entries: list[Ranked]) -> list[list[Ranked]]:
    """One list a host, each in reading order; hosts in the order of their first."""
    by_host: dict[str, list[Ranked]] = {}
    for entry in entries:
        by_host.setdefault(entry.suspicion.host, []).append(entry)
    return list(by_host.values())


def _host(entries: list[Ranked], shown: dict[int, Suspected]) -> HostToday:
    by_peer: dict[str, list[Ranked]] = {}
    for entry in entries:
        by_peer.setdefault(entry.suspicion.peer, []).append(entry)
    stories = [_story(peer, those, shown) for peer, those in list(by_peer.items())[:STORIES_SHOWN_MAX]]
    return HostToday(
        host=entries[0].suspicion.host,
        rank=entries[0].rank,
        suspicions=len(entries),
        nats=max(entry.suspicion.evidence_nats for entry in entries),
        first_us=min(shown[id(entry)].first_us for entry in entries),
        last_us=max(entry.suspicion.last_us for entry in entries),
        stories=stories,
        more=len(by_peer) - len(stories),
        confirmed=_word(entries, shown),
    )


def _story(peer: str, entries: list[Ranked], shown: dict[int, Suspected]) -> PeerSuspicion:
    suspicions = [one.suspicion for one in entries]
    return PeerSuspicion(
        peer=peer,
        detectors=list(dict.fromkeys(s.detector for s in suspicions)),
        techniques=list(dict.fromkeys(s.technique for s in suspicions)),
        nats=max(s.evidence_nats for s in suspicions),
        first_us=min(shown[id(entry)].first_us for entry in entries),
        last_us=max(s.last_us for s in suspicions),
        strongest=shown[id(entries[0])],
        others=[s.id for s in suspicions[1:]],
        confirmed=_word(entries, shown),
    )


def _word(entries: list[Ranked], shown: dict[int, Suspected]) -> ConfirmedShown | None:
    """The sector's word on any of these: that which was met most."""
    said = [word for entry in entries if (word := shown[id(entry)].confirmed) is not None]
    return max(said, key=lambda word: word.count, default=None)
