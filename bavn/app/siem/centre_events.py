"""What a centre tells: leads, what is done in cases and to indicators, all other acts, alarms.

Refuses to tell what is in a case: its words and files stay there.
"""

import json
from collections.abc import Sequence

from sqlalchemy import Engine

from bavn.app.siem.bookmark import Bookmark
from bavn.app.siem.event import Kind, SiemEvent, event_id
from bavn.app.siem.handover import InBook
from bavn.centre.books.leads import LeadView, SqlLeadBook
from bavn.centre.cases import audit
from bavn.centre.cases.audit import AuditLine
from bavn.centre.cases.indicators.indicators import UnknownLife
from bavn.centre.desk.desk import Desk
from bavn.centre.store.engine import reading
from bavn.model.ports import Clock
from bavn.model.sector.alarm import Alarm
from bavn.model.text import Text

CASES = "case-"
INDICATORS = "indicator-"
ALARMS_MAX = 1000


class Leads(InBook):
    """Each once, when it is first ranked."""

    kind: Kind = "lead"

    def __init__(self, mark: Bookmark, engine: Engine) -> None:
        self._mark, self._book = mark, SqlLeadBook(engine)

    def events(self, limit: int) -> Sequence[SiemEvent]:
        alive, settled = self._book.alive(), self._mark.settled(self.kind)
        new = [id_ for id_ in alive if event_id(self.kind, id_) not in settled]
        views = [self._book.lead(id_) for id_ in new[:limit]]
        return [lead_event(view) for view in views if view is not None]

    def settle(self, events: Sequence[SiemEvent]) -> None:
        self._mark.tell(self.kind, {event.id: event.at_us for event in events})
        standing = {event_id(self.kind, id_) for id_ in self._book.alive()} | {event.id for event in events}
        self._mark.forget(self.kind, self._mark.settled(self.kind) - standing)


def lead_event(view: LeadView) -> SiemEvent:
    """Of a lead as it was last ranked."""
    lead = view.lead
    techniques = sorted({sign.technique for sign in lead.signs if sign.technique})
    return SiemEvent(
        id=event_id("lead", lead.id),
        at_us=view.first_us,
        kind="lead",
        action="lead-found",
        severity=max(1, min(10, 4 + round(lead.score / 2))),
        message=Text.counted(
            "{count:,} actor reports the same: {lead}",
            "{count:,} actors report the same: {lead}",
            len(lead.actors),
            lead=lead.id,
        ),
        observables=lead.observables,
        technique=techniques[0] if techniques else "",
        first_us=view.first_report_us,
        facts={"lead": lead.id, "score": round(lead.score, 3), "actors": lead.actors},
    )


class Acts(InBook):
    """Lines of the audit log from the first start on: of cases, of indicators (releases and their ends), of all else.
    ``kinds``: which of the three are wanted."""

    kind: Kind = "audit"

    def __init__(self, mark: Bookmark, desk: Desk, kinds: Sequence[Kind]) -> None:
        self._mark, self._desk, self._kinds = mark, desk, frozenset(kinds)
        self._lines: dict[str, int] = {}
        with reading(desk.engine) as connection:
            mark.begun(self.kind, audit.head_in(connection)[0])

    def events(self, limit: int) -> Sequence[SiemEvent]:
        after, events = self._mark.mark(self.kind) or 0, list[SiemEvent]()
        self._lines.clear()
        while len(events) < limit and (lines := audit.lines(self._desk.engine, after, limit=limit)):
            for line in lines:
                kind = kind_of(line)
                if kind in self._kinds and len(events) < limit:
                    events.append(self._event(line, kind))
                    self._lines[events[-1].id] = line.seq
            after = lines[-1].seq
        return events

    def settle(self, events: Sequence[SiemEvent]) -> None:
        self._mark.set_mark(self.kind, self._lines[events[-1].id])

    def _event(self, line: AuditLine, kind: Kind) -> SiemEvent:
        event = act_event(line, kind)
        if kind != "release":
            return event
        try:
            life = self._desk.indicator_book.get(line.subject)
        except UnknownLife:
            return event
        return act_event(line, kind, observables=(life.observable,), indicator=life.id)


def kind_of(line: AuditLine) -> Kind:
    """What a line of the audit log is about."""
    if line.act.startswith(INDICATORS):
        return "release"
    return "case" if line.subject.startswith(CASES) else "audit"


def act_event(line: AuditLine, kind: Kind, **more: object) -> SiemEvent:
    """Who did what to what; not what they wrote."""
    proved = json.loads(line.detail).get("proved")
    return SiemEvent(
        id=event_id("audit", line.hash),
        at_us=line.at_us,
        kind=kind,
        action=line.act,
        severity=3 if kind == "release" else 1,
        message=Text("{who}: {act} {subject}", who=line.who, act=line.act, subject=line.subject),
        outcome="success",
        who=line.who,
        rule=str(proved) if isinstance(proved, str) else "",
        facts={"line": line.seq, "line_hash": line.hash, "case" if kind == "case" else "subject": line.subject},
        **more,  # type: ignore[arg-type]
    )


class Alarms(InBook):
    """Of nodes and of the centre itself: that one began, and that it is over."""

    kind: Kind = "health"

    def __init__(self, mark: Bookmark, desk: Desk, clock: Clock) -> None:
        self._mark, self._desk = mark, desk
        self._since_us = mark.begun(self.kind, clock.now_us())

    def events(self, limit: int) -> Sequence[SiemEvent]:
        settled = self._mark.settled(self.kind)
        events = [event for alarm in self._wanted() for event in alarm_events(alarm) if event.id not in settled]
        return sorted(events, key=lambda event: (event.at_us, event.id))[:limit]

    def settle(self, events: Sequence[SiemEvent]) -> None:
        self._mark.tell(self.kind, {event.id: event.at_us for event in events})
        standing = {event.id for alarm in self._wanted() for event in alarm_events(alarm)}
        self._mark.forget(self.kind, self._mark.settled(self.kind) - standing - {event.id for event in events})

    def _wanted(self) -> list[Alarm]:
        """What stands, or ended since this was first told."""
        every = self._desk.alarms.every(standing=False, limit=ALARMS_MAX)
        return [alarm for alarm in every if alarm.ended_us is None or alarm.ended_us >= self._since_us]


def alarm_events(alarm: Alarm) -> list[SiemEvent]:
    """Its beginning, and its end if it has one."""
    events = []
    for action, at_us, severity in (
        ("problem-begun", alarm.began_us, 6),
        ("problem-ended", alarm.ended_us, 2),
    ):
        if at_us is None:
            continue
        over = action == "problem-ended"
        events.append(
            SiemEvent(
                id=event_id("alarm", alarm.number, alarm.began_us, action, at_us),
                at_us=at_us,
                kind="health",
                action=action,
                severity=severity,
                message=Text("over: {text}", text=alarm.text) if over else alarm.text,
                outcome="success" if over else "failure",
                first_us=alarm.began_us,
                last_us=at_us if over else 0,
                facts={"problem": alarm.kind} | ({"actors": (alarm.actor,)} if alarm.actor else {}),
            )
        )
    return events
