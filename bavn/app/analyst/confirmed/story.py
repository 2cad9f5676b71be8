"""This actor's own part of a confirmed attack, told again: when it was first met here, where it stood among what people
here read, when the sector knew, when it was blocked; as a replay, and as a story of a minute.

Names no machine, so that it can be handed on. Refuses to fetch anything, and to guess what others saw.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import tzinfo
from typing import Final

from bavn.actor.door.queries import first_told_us
from bavn.actor.door.suspicions import RANKED_SQL, RUN_SQL, ranked_of
from bavn.actor.protect.confirmed import RETRO, MetHere
from bavn.app.analyst.confirmed.here import HitHere
from bavn.app.analyst.confirmed.words import sentence, what_to_do
from bavn.app.node.book_queries import Asks
from bavn.model.evidence import alert_line
from bavn.model.sector.story import AttackStory, Replay, Step, StorySentence, minute, strip_of
from bavn.model.spans import lasting
from bavn.model.text import Text

_HERE: tuple[Text, ...] = (
    Text("What other members saw is not known here: the analysis centre has the replay of the sector."),
    Text("Where it stood among what people here read is known for now, not for earlier days."),
)
_NOBODY = Text("Nobody outside knew of it.")
_TOLD = Text("The analysis centre had this organisation's report.")
_CONFIRMED = Text("The sector had confirmed it as an attack.")


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnPart:
    """``alone``: where the first of its suspicions stands in the reading order by its own evidence, the sector's word
    and verdicts left aside (None: no detector here suspects it); ``line``: how many are read in a day. ``told_us``:
    when a report on it first left."""

    hit: HitHere
    alone: int | None
    line: int
    told_us: int | None
    now_us: int

    @property
    def since(self) -> tuple[MetHere, ...]:
        """How it was met beside own history."""
        return tuple(met for met in self.hit.confirmed.met if met.kind != RETRO)


def own_part(rows: Asks, hit: HitHere, now_us: int) -> OwnPart:
    """From the node's own book."""
    ids = {entry.suspicion.id for entry in hit.suspicions}
    places = [entry.rank for entry in ranked_of(rows(RANKED_SQL)) if entry.suspicion.id in ids]
    run, seen = rows(RUN_SQL), hit.confirmed.observable
    return OwnPart(
        hit=hit,
        alone=min(places, default=None),
        line=alert_line(run[0][2] if run else 1),
        told_us=first_told_us(rows, seen.type.value, seen.value),
        now_us=now_us,
    )


def replay_of(own: OwnPart) -> Replay:
    """What happened here, in order. It has no other actors."""
    happened = sorted(_happened(own), key=lambda each: each[1])
    steps, sector = [], _NOBODY
    for name, at_us, says in happened:
        sector = {"report": _TOLD, "confirmed": _CONFIRMED}.get(name, sector) if sector != _CONFIRMED else sector
        steps.append(Step(name=name, at_us=at_us, by_hour=False, says=says, sector=sector))
    now = Step(
        name="now", at_us=max(own.now_us, *(at for _, at, _ in happened)), by_hour=False, says=_now(own), sector=sector
    )
    no_first = () if own.hit.first_us is not None else (Text("When it was first met here is not known."),)
    return Replay(
        steps=(*steps, now), actors=(), could=_could(own), prevented=_prevented(own), unknown=(*no_first, *_HERE)
    )


def story_of(own: OwnPart, zone: tzinfo | None) -> AttackStory:
    """Drafted from the facts, for people to edit. ``zone``: whose days; None: this machine's."""
    spans = [(entry.suspicion.first_us, entry.suspicion.last_us) for entry in own.hit.suspicions]
    spans += [(met.first_us, met.last_us or met.first_us) for met in own.hit.confirmed.met if met.first_us is not None]
    marks = [
        (own.told_us, Text("reported")),
        (own.hit.confirmed.heard_us, Text("confirmed")),
        (own.hit.confirmed.forced_us, Text("in force")),
    ]
    return AttackStory(
        about=own.hit.confirmed.observable.value,
        sentences=tuple(_sentences(own, zone)),
        strip=strip_of(spans, marks, own.now_us),
    )


def _happened(own: OwnPart) -> Iterator[tuple[str, int, Text]]:
    """(name, when, what) of all that is known."""
    known = own.hit.confirmed
    if own.hit.first_us is not None:
        yield "first", own.hit.first_us, Text.joined(" ", [_first(own, own.hit.first_us), _rank(own)])
    if own.told_us is not None:
        yield "report", own.told_us, Text("A report on it left this organisation.")
    yield "confirmed", known.heard_us, Text("This node was told that it is a confirmed attack.")
    if known.forced_us is not None:
        yield (
            "block",
            known.forced_us,
            Text("It was blocked here.") if known.act == "block" else Text("It was watched."),
        )
    for met in own.since:
        if met.last_us is not None:
            words = Text("It came again and was stopped.") if met.kind == "blocked" else Text("It was met again.")
            yield "stopped", met.last_us, words


def _first(own: OwnPart, at_us: int) -> Text:
    known = own.hit.confirmed
    history = any(met.kind == RETRO and met.first_us == at_us for met in known.met)
    if history and at_us not in {entry.suspicion.first_us for entry in own.hit.suspicions}:
        return Text("It was first met here on {at}; the hunt of own history found that later.", at=minute(at_us))
    return Text("It was first met here on {at}.", at=minute(at_us))


def _rank(own: OwnPart) -> Text:
    """Where it stands without the sector's word."""
    if own.alone is None:
        return Text("No detector here found it odd.")
    words = (
        Text("By its own evidence it stands at place {rank} here, within the {line} that are read in a day.")
        if own.alone <= own.line
        else Text("By its own evidence it stands at place {rank} here, below the {line} that are read in a day.")
    )
    return words.filled(rank=own.alone, line=own.line)


def _could(own: OwnPart) -> Text:
    """How long it went on here before it was blocked."""
    known, first_us = own.hit.confirmed, own.hit.first_us
    if first_us is None or known.forced_us is None:
        return (
            Text("It is not known here how long it went on.") if first_us is None else Text("It is not blocked here.")
        )
    if first_us >= known.forced_us:
        return Text("It was blocked here before it was met.")
    return Text(
        "From the first time that it was met to the block it took {took}.", took=lasting(known.forced_us - first_us)
    )


def _prevented(own: OwnPart) -> Text:
    stopped = sum(met.count for met in own.since if met.kind == "blocked")
    if own.hit.confirmed.forced_us is None:
        return Text("Nothing was stopped: it is not blocked here.")
    if not stopped:
        return Text("It has not come again since it was blocked, as far as is known here.")
    return Text.counted(
        "Since then it came again {count:,} time, and was stopped.",
        "Since then it came again {count:,} times, and was stopped.",
        stopped,
    )


def _now(own: OwnPart) -> Text:
    known = own.hit.confirmed
    if known.stands == "open":
        return Text("Now. It is not blocked here.")
    if known.stands == "waits":
        return Text("Now. The block waits for a person here, or for something that can carry it.")
    return Text("Now. It is blocked here.") if known.stands == "blocked" else Text("Now. It is watched here.")


def _sentences(own: OwnPart, zone: tzinfo | None) -> Iterator[StorySentence]:
    known = own.hit.confirmed
    block: Final = "block"
    hit_words = Text.shaped("{value}: {words}.", value=known.observable.value, words=sentence(own.hit, zone))
    yield StorySentence(text=hit_words, kind=block, ref=known.indicator_id)
    first = (
        Text("When it was first met here is not known.") if own.hit.first_us is None else _first(own, own.hit.first_us)
    )
    if own.hit.suspicions:
        ref = min(own.hit.suspicions, key=lambda entry: entry.suspicion.first_us).suspicion.id
        yield StorySentence(text=first, kind="suspicion", ref=ref)
        yield StorySentence(text=_rank(own), kind="suspicion", ref=ref)
    else:
        yield StorySentence(text=first, kind=block, ref=known.indicator_id)
        yield StorySentence(text=_rank(own), kind=block, ref=known.indicator_id)
    case = own.hit.case
    if case is None:
        yield StorySentence(text=_sector(own), kind=block, ref=known.indicator_id)
    else:
        yield StorySentence(text=_sector(own), kind="case", ref=case.case_id)
    yield StorySentence(text=_could(own), kind=block, ref=known.indicator_id)
    yield StorySentence(text=_prevented(own), kind=block, ref=known.indicator_id)
    yield StorySentence(
        text=Text("To do next: {step}", step=what_to_do(own.hit)[0]), kind=block, ref=known.indicator_id
    )


def _sector(own: OwnPart) -> Text:
    """What this actor had told, and when it was told."""
    at = minute(own.hit.confirmed.heard_us)
    if own.told_us is not None:
        return Text(
            "We reported it on {told}; on {at} we heard that the sector confirms it as an attack.",
            told=minute(own.told_us),
            at=at,
        )
    if own.hit.reported:
        return Text("We had reported it; on {at} we heard that the sector confirms it as an attack.", at=at)
    return Text("We had not reported it; on {at} we heard that the sector confirms it as an attack.", at=at)
