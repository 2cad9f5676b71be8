"""The replay of an attack: what each actor saw alone, what the sector saw, when it could have been stopped, what the
block stopped since. Made of facts alone.

Refuses to fetch anything, and to guess at what stays at home: how an actor's own people ranked it is not known here.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from bavn.centre.correlate.review import phrases
from bavn.centre.desk.story.facts import Report, StoryFacts
from bavn.model.moment import HOUR_US, MINUTE_US
from bavn.model.received import Observed
from bavn.model.sector.story import ActorPath, Replay, Stand, StandKind, Step, minute
from bavn.model.text import Text

ORDER: Final = (
    "first",
    "met",
    "report",
    "lead",
    "opened",
    "dismissed",
    "confirmed",
    "released",
    "block",
    "stopped",
    "lifted",
    "now",
)
"""Of what happened at one moment, which comes first."""
_Stands = tuple[tuple[str, StandKind, Text], ...]
TIMES: Final = ("0", "1", "2–3", "4–10", "11–100", "> 100")
"""Buckets of a sighting's count."""
_HOUR_ONLY: Final = ("first", "met", "stopped")
_UNKNOWN: Final = (
    Text(
        "Where it stood in each member's own order of reading, and whether that was above the member's alert line,"
        " stays at home."
    ),
    Text("Which rank the lead had earlier is not kept: only its rank now."),
    Text("Of a sighting the centre knows the hour, and only of those members whose policy tells of it."),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What happened at a moment, and how the actors that it is about stand from then on."""

    name: str
    at_us: int
    says: Text
    stands: _Stands = ()

    @property
    def place(self) -> tuple[int, int]:
        return self.at_us, ORDER.index(self.name)


def replay_of(facts: StoryFacts) -> Replay:
    """From the first sighting until now."""
    events = sorted((*_sightings(facts), *_reports(facts), *_milestones(facts), *_blocks(facts)), key=lambda e: e.place)
    events.append(Event(name="now", at_us=max(facts.now_us, *(e.at_us for e in events), 0), says=_now(facts)))
    stands: dict[str, list[Stand]] = {}
    for number, event in enumerate(events):
        for actor, kind, says in event.stands:
            stands.setdefault(actor, []).append(Stand(step=number, kind=kind, says=says))
    return Replay(
        steps=tuple(
            Step(
                name=event.name,
                at_us=event.at_us,
                by_hour=event.name in _HOUR_ONLY,
                says=event.says,
                sector=_sector(facts, events[: number + 1]),
            )
            for number, event in enumerate(events)
        ),
        actors=tuple(ActorPath(actor=actor, stands=tuple(own)) for actor, own in sorted(stands.items())),
        could=could(facts),
        prevented=prevented(facts),
        unknown=(*_no_first(facts), *_UNKNOWN),
    )


def late(facts: StoryFacts) -> frozenset[str]:
    """Who met it first after its evidence had passed the line, and before it was blocked there."""
    if facts.opened_us is None:
        return frozenset()
    blocked = {place.actor: place.blocked_us for place in facts.blocking}
    return frozenset(
        actor
        for actor, at_us in facts.by_actor.items()
        if at_us >= facts.opened_us and at_us < (blocked.get(actor) or facts.now_us)
    )


def could(facts: StoryFacts) -> Text:
    """When it could have been stopped, and whom confirming it at once would have protected."""
    if facts.is_harmless:
        return Text("People found it harmless: there was nothing to stop.")
    if facts.opened_us is None:
        return Text("Its evidence has not passed the line at which the centre opens a case.")
    at, spared = minute(facts.opened_us), late(facts)
    since = (
        Text("A person opened its case below the line on {at}.", at=at)
        if facts.opened_by
        else Text("Its evidence passed the line on {at}: from then on it could have been stopped.", at=at)
    )
    if spared:
        whom = Text.counted(
            "Confirmed then, it would have been stopped before {names} met it for the first time.",
            "Confirmed then, it would have been stopped before {count:,} members met it for the first time: {names}.",
            len(spared),
            names=phrases.names(spared),
        )
    else:
        whom = Text("As far as members have told, nobody met it for the first time between then and its block.")
    return Text.joined(" ", [since, whom])


def prevented(facts: StoryFacts) -> Text:
    """What the block stopped since."""
    if not facts.blocking:
        return Text("Nobody blocks it, so nothing was stopped.")
    stopped = {sighting.actor for sighting in facts.met if sighting.kind == "blocked"}
    if not stopped:
        return Text("No member has told yet that it came again and was stopped.")
    return Text.counted(
        "It came again at {names}, and the block stopped it.",
        "It came again at {count:,} members, and the block stopped it: {names}.",
        len(stopped),
        names=phrases.names(stopped),
    )


def _no_first(facts: StoryFacts) -> tuple[Text, ...]:
    if facts.first_us is None:
        return (Text("When it was first met is not known: no member that met it has told of it."),)
    if not facts.first:
        return (Text("Who met it first is not kept any more, only the hour."),)
    return ()


# --- what happened ----------------------------------------------------------------------------------------------------


def _sightings(facts: StoryFacts) -> Iterator[Event]:
    """Who met it for the first time, hour by hour."""
    by_hour: dict[int, list[str]] = {}
    if facts.first_us is not None and not facts.first:
        yield Event(name="first", at_us=facts.first_us, says=Text("It was first met; by whom is not kept any more."))
    for actor, at_us in facts.by_actor.items():
        by_hour.setdefault(at_us, []).append(actor)
    reports = {report.actor: report for report in facts.reports}
    for at_us, actors in by_hour.items():
        is_first = bool(facts.first.intersection(actors))
        words = Text("First met, at {names}.") if is_first else Text("Met for the first time at {names}.")
        yield Event(
            name="first" if is_first else "met",
            at_us=at_us,
            says=words.filled(names=phrases.names(actors)),
            stands=tuple((actor, "alone", _alone(reports.get(actor))) for actor in actors),
        )


def _alone(report: Report | None) -> Text:
    if report is None:
        return Text("had met it, and did not report it")
    if not report.p_bucket:
        return Text("had met it, alone, and nothing about it was odd")
    return Text(
        "had met it, alone; such a thing happens by chance at most once in {many}",
        many=Text.number(2**report.p_bucket),
    )


def _reports(facts: StoryFacts) -> Iterator[Event]:
    has_reported = Text("had reported it")
    for at_us, actors in _by_minute((report.received_us, report.actor) for report in facts.reports):
        yield Event(
            name="report",
            at_us=at_us,
            says=Text.counted(
                "The report of {names} reached the centre.",
                "{count:,} reports reached the centre, of {names}.",
                len(actors),
                names=phrases.names(actors),
            ),
            stands=tuple((actor, "reported", has_reported) for actor in actors),
        )


def _milestones(facts: StoryFacts) -> Iterator[Event]:
    opened = (
        Text("A person opened a case of it, below the line.")
        if facts.opened_by
        else Text("Its evidence passed the line: the centre opened a case.")
    )
    cannot: _Stands = tuple(
        (place.actor, "cannot", Text("cannot block it, or will not")) for place in facts.places if place.cannot
    )
    lifted: _Stands = tuple((place.actor, "lifted", Text("blocks it no longer")) for place in facts.blocking)
    milestones: tuple[tuple[str, int | None, Text, _Stands], ...] = (
        ("lead", facts.lead_us, Text("The reports were joined: it became a lead."), ()),
        ("opened", facts.opened_us, opened, ()),
        ("dismissed", facts.dismissed_us, Text("People looked at it and found it harmless."), ()),
        ("confirmed", facts.confirmed_us, Text("It was confirmed as an attack."), ()),
        ("released", facts.released_us, Text("The block was released to the sector."), cannot),
        ("lifted", facts.lifted_us, Text("The block was taken back, or its time was over."), lifted),
    )
    for name, at_us, says, stands in milestones:
        if at_us is not None:
            yield Event(name=name, at_us=at_us, says=says, stands=stands)


def _blocks(facts: StoryFacts) -> Iterator[Event]:
    """Where it took hold, minute by minute; where it came again; where it was lifted alone."""
    held = {place.actor: place.blocked_us or 0 for place in facts.blocking}
    for at_us, actors in _by_minute((at_us, actor) for actor, at_us in held.items()):
        yield Event(
            name="block",
            at_us=at_us,
            says=Text("Blocked at {names}.", names=phrases.names(actors)),
            stands=tuple((actor, "blocked", Text("blocked it")) for actor in actors),
        )
    for sighting in facts.met:
        if sighting.kind != "retro" and (facts.released_us is not None):
            yield _again(sighting, max(held.get(sighting.actor, facts.released_us), facts.released_us))
    for place in facts.blocking if facts.lifted_us is None else ():
        if place.lifted_us is not None:
            says = Text("{actor} lifted its own block.", actor=place.actor)
            stand: _Stands = ((place.actor, "lifted", Text("blocks it no longer")),)
            yield Event(name="lifted", at_us=place.lifted_us, says=says, stands=stand)


def _again(sighting: Observed, since_us: int) -> Event:
    """It came again, since the block or the release. The hour may have begun before."""
    names, times = Text.plain(sighting.actor), TIMES[sighting.count_bucket]
    stopped = sighting.kind == "blocked"
    says = Text("It came again at {names}, and was stopped.") if stopped else Text("Seen at {names} since the release.")
    words = Text("it came again, and was stopped; how often: {times}")
    stand = words if stopped else Text("has seen it since; how often: {times}")
    return Event(
        name="stopped",
        at_us=max(since_us, (sighting.first_hour or 0) * HOUR_US),
        says=says.filled(names=names),
        stands=((sighting.actor, "stopped" if stopped else "alone", stand.filled(times=times)),),
    )


def _by_minute(moments: Iterable[tuple[int, str]]) -> Iterator[tuple[int, list[str]]]:
    """Those of one minute together, at the moment of the last of them."""
    begun_us, last_us, actors = 0, 0, list[str]()
    for at_us, actor in sorted(moments):
        if actors and at_us - begun_us >= MINUTE_US:
            yield last_us, actors
            actors = []
        begun_us, last_us, actors = (begun_us if actors else at_us), at_us, [*actors, actor]
    if actors:
        yield last_us, actors


# --- what the sector knew ---------------------------------------------------------------------------------------------


def _sector(facts: StoryFacts, so_far: Sequence[Event]) -> Text:
    """What the sector knew when this had happened."""
    names = {event.name for event in so_far}
    if "lifted" in names and facts.lifted_us is not None:
        return Text("The block is over.")
    blocking = {
        actor for event in so_far for actor, kind, _ in event.stands if event.name == "block" and kind == "blocked"
    }
    if "released" in names:
        able = sum(not place.cannot for place in facts.places)
        return Text.counted(
            "{blocking} of the {count:,} member that can block it did so.",
            "{blocking} of the {count:,} members that can block it did so.",
            able,
            blocking=len(blocking),
        )
    if "dismissed" in names:
        return Text("People had found it harmless.")
    if "confirmed" in names:
        return Text("People knew that it is an attack; nothing was blocked yet.")
    if "opened" in names:
        return Text("The sector had a case of it, and nobody had judged it yet.")
    if "lead" in names:
        return Text("The sector had a lead: several actors see the same. Its evidence was below the line.")
    reported = {actor for event in so_far if event.name == "report" for actor, _, _ in event.stands}
    if not reported:
        return Text("The sector knew nothing: no report had reached the centre.")
    return Text.counted(
        "{count:,} actor had reported it; that is no lead.",
        "{count:,} actors had reported it; it was no lead yet.",
        len(reported),
    )


def _now(facts: StoryFacts) -> Text:
    if facts.rank is not None:
        return Text("Now. Among the leads it is number {rank}.", rank=facts.rank)
    return Text("Now. It is no lead any more.") if facts.lead_id else Text("Now. There is no lead of it.")
