"""What a node tells: each kind as its own book holds it, read when it goes. Refuses to copy any of it.

A block and its lift are told as they stand: one that was set and lifted again and again while the SIEM was away is told
as the last time; each time stands in the ledger's lines.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final

from bavn.actor.detect.rank import ranked
from bavn.actor.door.suspicions import RANKED_SQL, RUN_SQL, ranked_of
from bavn.actor.protect import of_late
from bavn.app.process.problem import Problem
from bavn.app.siem.bookmark import Bookmark
from bavn.app.siem.event import Fact, Kind, SiemEvent, event_id
from bavn.app.siem.handover import InBook
from bavn.model.moment import DAY_US, HOUR_US, iso
from bavn.model.observable import Observable, ObservableType
from bavn.model.ports import Clock
from bavn.model.sector.verdict import Verdicts
from bavn.model.suspicion import Suspicion
from bavn.model.text import Text
from bavn.wire.ledger import LedgerReader, Line

OVERLAP_US: Final = HOUR_US
"""So far behind what was told last it is looked again: a moment is written down a little after it was."""


class Suspicions(InBook):
    """Each once, when it first stands above the line (or at all, where ``every``)."""

    kind: Kind = "suspicion"

    def __init__(self, mark: Bookmark, verdicts: Callable[[], Verdicts], *, every: bool) -> None:
        self._mark, self._verdicts, self._every = mark, verdicts, every
        self._ran_us = -1
        self._waiting: list[SiemEvent] = []

    def events(self, limit: int) -> Sequence[SiemEvent]:
        run = self._mark.book.rows(RUN_SQL)
        if run and run[0][0] != self._ran_us:  # nothing changes between two runs of the detectors
            self._ran_us, self._waiting = run[0][0], self._new(hosts=run[0][2])
        return self._waiting[:limit]

    def settle(self, events: Sequence[SiemEvent]) -> None:
        self._mark.tell(self.kind, {event.id: event.at_us for event in events})
        ids = {event.id for event in events}
        self._waiting = [event for event in self._waiting if event.id not in ids]

    def _new(self, hosts: int) -> list[SiemEvent]:
        known = [one for one in ranked_of(self._mark.book.rows(RANKED_SQL), self._verdicts()) if one.rank]
        since = {one.suspicion.id: one.known_us for one in known}
        places = ranked([one.suspicion for one in known], hosts)
        settled = self._mark.settled(self.kind)
        events = {
            (event := suspicion_event(place.suspicion, since[place.suspicion.id])).id: event
            for place in places
            if place.above or self._every
        }
        self._mark.forget(self.kind, settled - {event_id(self.kind, id_) for id_ in since})
        new = [event for id_, event in events.items() if id_ not in settled]
        return sorted(new, key=lambda event: (event.at_us, event.id))


def suspicion_event(suspicion: Suspicion, known_us: int) -> SiemEvent:
    """``known_us``: when this node first suspected it."""
    facts: dict[str, Fact] = {
        "p": suspicion.p,
        "evidence_nats": round(suspicion.evidence_nats, 3),
        "hosts": suspicion.hosts,
    }
    return SiemEvent(
        id=event_id("suspicion", suspicion.id),
        at_us=known_us,
        kind="suspicion",
        action="suspected",
        severity=max(1, min(9, 3 + round(1.5 * suspicion.evidence_nats))),
        message=suspicion.what or suspicion.why,
        reason=suspicion.why,
        observables=suspicion.observables,
        host=suspicion.host,
        technique=suspicion.technique,
        detector=suspicion.detector,
        first_us=suspicion.rows.first_us,
        last_us=suspicion.rows.last_us,
        facts=facts,
    )


class Blocks(InBook):
    """Set, lifted and refused, as each indicator stands."""

    kind: Kind = "block"

    def __init__(self, mark: Bookmark, clock: Clock) -> None:
        self._mark = mark
        of_late.prepare(mark.book)
        mark.begun(self.kind, clock.now_us())

    def events(self, limit: int) -> Sequence[SiemEvent]:
        since_us = (self._mark.mark(self.kind) or 0) - OVERLAP_US
        settled, events = self._mark.settled(self.kind), list[SiemEvent]()
        for row in of_late.stands_since(self._mark.book, since_us):
            events += [one for one in block_events(row) if one.at_us >= since_us and one.id not in settled]
        return sorted(events, key=lambda event: (event.at_us, event.id))[:limit]

    def settle(self, events: Sequence[SiemEvent]) -> None:
        newest_us = max(self._mark.mark(self.kind) or 0, events[-1].at_us)
        self._mark.tell(self.kind, {event.id: event.at_us for event in events})
        self._mark.set_mark(self.kind, newest_us)
        self._mark.forget_before(self.kind, newest_us - OVERLAP_US)


def block_events(row: of_late.Stands) -> list[SiemEvent]:
    """What an indicator's row says: that it is in force and since when, that it was lifted, that it was refused."""
    if not row.kind:
        return []  # withdrawn before it ever came
    observable = Observable.trusted(ObservableType(row.kind), row.value)
    why = Text.of_row(row.reason) if row.reason else None
    common: dict[str, Any] = {
        "kind": "block",
        "observables": (observable,),
        "indicator": row.indicator,
        "who": row.by,
        "rule": row.rule,
        "facts": {"until": iso(row.until_us)},
    }

    def event(action: str, at_us: int, severity: int, message: Text, **more: Any) -> SiemEvent:
        id_ = event_id("block", row.indicator, row.version, action, at_us)
        return SiemEvent(id=id_, action=action, at_us=at_us, severity=severity, message=message, **common, **more)

    events = []
    if row.act == "block" and row.forced_us is not None and row.standing in ("wanted", "lifted"):
        words = Text("{value} is blocked until {until}", value=row.value, until=iso(row.until_us)[:16] + "Z")
        events.append(event("block-set", row.forced_us, 5, words, outcome="success"))
    if row.standing == "lifted":
        words = Text("{value} is not blocked any more", value=row.value)
        events.append(event("block-lifted", row.decided_us, 4, words, outcome="success", reason=why))
    if row.standing == "refused":
        words = Text("{value} was refused: it is not blocked here", value=row.value)
        events.append(event("block-refused", row.decided_us, 4, words, outcome="failure", reason=why))
    return events


class Sightings(InBook):
    """That an indicator of the sector's was met here: at once, and then once an hour for as long as it goes on."""

    kind: Kind = "sighting"

    def __init__(self, mark: Bookmark, clock: Clock) -> None:
        self._mark, self._clock = mark, clock
        of_late.prepare(mark.book)
        self._since_us = mark.begun(self.kind, clock.now_us() - DAY_US)

    def events(self, limit: int) -> Sequence[SiemEvent]:
        settled = self._mark.settled(self.kind)
        events = [event for event in self._met() if event.id not in settled]
        return sorted(events, key=lambda event: (event.at_us, event.id))[:limit]

    def settle(self, events: Sequence[SiemEvent]) -> None:
        self._mark.tell(self.kind, {event.id: self._clock.now_us() for event in events})
        standing = {event.id for event in self._met()} | {event.id for event in events}
        self._mark.forget(self.kind, self._mark.settled(self.kind) - standing)

    def _met(self) -> list[SiemEvent]:
        """Of each indicator and way the latest; of own history also what is long ago."""
        events = [sighting_event(*row) for row in of_late.met(self._mark.book)]
        return [one for one in events if one.at_us >= self._since_us or one.action == "met-retro"]


def sighting_event(
    indicator: str, kind: str, value: str, how: str, count: int, first_us: int, last_us: int
) -> SiemEvent:
    """``how``: a SightingKind."""
    return SiemEvent(
        id=event_id("sighting", indicator, how, last_us // HOUR_US),
        at_us=last_us,
        kind="sighting",
        action=f"met-{how}",
        severity=8,
        message=Text("{value}, which the sector confirmed as an attack, was met here", value=value),
        observables=(Observable.trusted(ObservableType(kind), value),) if kind else (),
        indicator=indicator,
        outcome="success" if how == "blocked" else "unknown",
        count=count,
        first_us=first_us,
        last_us=last_us,
    )


class LedgerLines(InBook):
    """Each line once, from the first start on."""

    kind: Kind = "ledger"

    def __init__(self, mark: Bookmark, ledger: LedgerReader) -> None:
        self._mark, self._ledger = mark, ledger
        self._lines: dict[str, int] = {}
        mark.begun(self.kind, ledger.head()[0])

    def events(self, limit: int) -> Sequence[SiemEvent]:
        lines = self._ledger.lines(self._mark.mark(self.kind) or 0, limit=limit)
        events = [line_event(line) for line in lines]
        self._lines = {event.id: line.seq for event, line in zip(events, lines, strict=True)}
        return events

    def settle(self, events: Sequence[SiemEvent]) -> None:
        self._mark.set_mark(self.kind, self._lines[events[-1].id])


def line_event(line: Line) -> SiemEvent:
    """What met a gate, and how it came out; not what was in it, which the ledger keeps."""
    facts: dict[str, Fact] = {
        "gate": line.gate,
        "way": line.way,
        "message_kind": line.kind,
        "item": line.item_id,
        "party": line.peer,
        "classes": line.privacy,
        "bytes": line.bytes,
        "line": line.seq,
        "line_hash": line.hash,
    }
    passed = line.verdict == "passed"
    words = (
        Text("{kind} passed gate {gate}", kind=line.kind, gate=line.gate)
        if passed
        else Text("{kind} was refused at gate {gate}", kind=line.kind, gate=line.gate)
    )
    return SiemEvent(
        id=event_id("ledger", line.hash),
        at_us=line.at_us,
        kind="ledger",
        action=line.verdict,
        severity=0 if passed else 2,
        message=words,
        outcome="success" if passed else "failure",
        rule=line.rule,
        reason=line.why,
        facts={name: fact for name, fact in facts.items() if fact != ""},
    )


class Problems:
    """What is wrong with the node: that it began, and that it is over. ``standing``: what is wrong now, None where that
    was not looked at yet. The book keeps of each problem one row until its end is told."""

    kind: Kind = "health"

    def __init__(self, mark: Bookmark, clock: Clock, standing: Callable[[], Sequence[Problem] | None]) -> None:
        self._mark, self._clock, self._standing = mark, clock, standing

    def events(self, limit: int) -> Sequence[SiemEvent]:
        self.look()
        settled, events = self._mark.settled(self.kind), []
        for code, source, text, began_us, ended_us in self._mark.book.rows(
            "SELECT code, source, text, began_us, ended_us FROM siem_problem ORDER BY began_us, code, source"
        ):
            for action, at_us in (("problem-begun", began_us), ("problem-ended", ended_us)):
                if at_us is None:
                    continue
                event = problem_event(action, code, source, Text.of_row(text), began_us, at_us)
                if event.id not in settled:
                    events.append(event)
        return sorted(events, key=lambda event: event.at_us)[:limit]

    def settle(self, events: Sequence[SiemEvent]) -> None:
        self._mark.tell(self.kind, {event.id: event.at_us for event in events})
        with self._mark.book.transaction() as tx:
            for event in events:
                if event.action == "problem-ended":
                    key = (str(event.facts["problem"]), str(event.facts.get("source", "")))
                    tx.execute("DELETE FROM siem_problem WHERE code = ? AND source = ?", key)
                    ids = [event_id("health", *key, event.first_us, action) for action in _ACTIONS]
                    self._mark.forget(self.kind, ids)

    def look(self) -> None:
        """Writes down what began and what is over. One that comes back before its end was told goes on."""
        problems = self._standing()
        if problems is None:
            return
        now_us, present = self._clock.now_us(), {(one.code, one.source): one for one in problems}
        rows = self._mark.book.rows("SELECT code, source, ended_us FROM siem_problem")
        known = {(code, source): ended_us for code, source, ended_us in rows}
        over = [key for key, ended_us in known.items() if ended_us is None and key not in present]
        begun = [key for key in present if key not in known]
        back = [key for key in present if known.get(key) is not None]
        if not (over or begun or back):
            return
        with self._mark.book.transaction() as tx:
            tx.executemany(
                "INSERT INTO siem_problem VALUES (?, ?, ?, ?, NULL)",
                [(*key, present[key].text.row(), now_us) for key in begun],
            )
            for ended_us, keys in ((now_us, over), (None, back)):
                tx.executemany(
                    "UPDATE siem_problem SET ended_us = ? WHERE code = ? AND source = ?",
                    [(ended_us, *key) for key in keys],
                )


_ACTIONS: Final = ("problem-begun", "problem-ended")


def problem_event(action: str, code: str, source: str, text: Text, began_us: int, at_us: int) -> SiemEvent:
    """``at_us``: when it began, or was over."""
    over = action == "problem-ended"
    return SiemEvent(
        id=event_id("health", code, source, began_us, action),
        at_us=at_us,
        kind="health",
        action=action,
        severity=2 if over else 6,
        message=Text("over: {text}", text=text) if over else text,
        outcome="success" if over else "failure",
        first_us=began_us,
        last_us=at_us if over else 0,
        facts={"problem": code} | ({"source": source} if source else {}),
    )
