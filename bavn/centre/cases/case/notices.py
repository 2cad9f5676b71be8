"""What each actor is to be told of a case: its own part, and what the case came to. Worked out when a case changes.

A part is made from nothing out of what this actor reported, was asked, was told and answered, and of what people at the
centre decided about the case; who or how many others are in it is not among it, so the same words go out whoever they
are. A change that leaves an actor's part as it was is not told. Refuses to send: the centre's node does, by gate 3.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import tzinfo
from typing import Any, Final

from sqlalchemy import Connection, Engine, Row, and_, insert, or_, select, update

from bavn.centre.cases import audit
from bavn.centre.cases.case.case import Case
from bavn.centre.cases.case.files import Marking, marking_of
from bavn.centre.cases.case.rows import QUIET, case_of
from bavn.centre.cases.case.work import statements_of, task_of
from bavn.centre.cases.case.work_tables import CURSOR, FILE, INVOLVED, TASK, TOLD, WORDS, make_work_tables
from bavn.centre.cases.nis2.clocks import Nis2Book
from bavn.centre.cases.settings import CaseSettings
from bavn.centre.cases.tables import AUDIT, CASE, VERDICT, reading, writing
from bavn.centre.cases.two_people import CENTRE
from bavn.centre.store.owed import REFUSED, due, owing, settled
from bavn.centre.store.rows import value_from
from bavn.model.intel.indicator import Pap, Tlp
from bavn.model.moment import DAY_US
from bavn.model.observable import Observable, ObservableType
from bavn.model.ports import Clock
from bavn.model.sector.case import CaseState
from bavn.model.sector.work import (
    OWN_MAX,
    TECHNIQUES_MAX,
    WORDS_MAX,
    Judged,
    Part,
    PartClock,
    PartTask,
    PartWords,
    SectorVerdict,
)
from bavn.model.statement import Judging, Telling

PART, VERDICT_KIND = "part", "verdict"
CASES_PER_STEP_MAX: Final = 200
GROUPS_MIN: Final = 2
_JUDGED: Final[dict[CaseState, Judged]] = {
    CaseState.CONFIRMED: "malicious",
    CaseState.RELEASED: "malicious",
    CaseState.CLOSED: "malicious",
    CaseState.DISMISSED: "benign",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed:
    """Something to tell an actor, and what gate 3 asks of it beyond itself. ``reported``: what this actor reported in
    the case; ``by_hand``: a person added it; ``by``: who judged."""

    said: Telling | Judging
    tlp: Tlp
    reported: frozenset[Observable] = frozenset()
    by_hand: bool = False
    by: str = ""
    groups: int = 0


class CaseNotices:
    """One for a database; ``step`` from one process only. ``zone``: where NIS2's months are counted."""

    def __init__(self, engine: Engine, clock: Clock, settings: CaseSettings, zone: tzinfo) -> None:
        make_work_tables(engine)
        self._engine, self._clock, self._settings = engine, clock, settings
        self._nis2 = Nis2Book(engine, clock, zone)
        self._members: tuple[str, ...] | None = None

    def step(self, members: Sequence[str]) -> None:
        """Looks at cases that changed, and at all that were judged when the members did; notes what is to be told."""
        seq, ids = self._changed()
        known = tuple(sorted(members))
        if known != self._members:
            ids = sorted({*ids, *self._judged()})
        for case_id in ids:
            self._look_at(case_id, known)
        self._members = known
        self._move_cursor(seq)

    def _changed(self) -> tuple[int, list[str]]:
        """Cases with audit lines behind the cursor, and the seq up to which that is all."""
        with reading(self._engine) as connection:
            after = connection.scalar(select(CURSOR.c.seq)) or 0
            query = (
                select(AUDIT.c.seq, AUDIT.c.subject)
                .where(AUDIT.c.seq > after, AUDIT.c.act.not_in(QUIET))
                .order_by(AUDIT.c.seq)
            )
            case_ids: list[str] = []
            last = after
            for row in connection.execute(query.limit(audit.LINES_PER_READ_MAX)):
                if row.subject.startswith("case-") and row.subject not in case_ids:
                    if len(case_ids) >= CASES_PER_STEP_MAX:
                        break
                    case_ids.append(row.subject)
                last = row.seq
        return last, case_ids

    def _judged(self) -> list[str]:
        since_us = self._clock.now_us() - self._settings.verdict_days * DAY_US
        with reading(self._engine) as connection:
            return list(connection.scalars(select(VERDICT.c.case_id).where(VERDICT.c.at_us > since_us).distinct()))

    def _move_cursor(self, seq: int) -> None:
        with reading(self._engine) as connection:
            known = connection.scalar(select(CURSOR.c.seq))
        if known == seq:
            return
        with writing(self._engine) as connection:
            if connection.execute(update(CURSOR).values(seq=seq)).rowcount == 0:
                connection.execute(insert(CURSOR).values(id=1, seq=seq))

    def _look_at(self, case_id: str, members: Sequence[str]) -> None:
        with reading(self._engine) as connection:
            row = connection.execute(select(CASE).where(CASE.c.id == case_id)).first()
            if row is None:
                return
            case = case_of(row)
            wanted = {(PART, actor): part_text(part) for actor, part in self._parts(connection, case, members)}
            verdict = self._verdict(connection, case)
            known = {(r.kind, r.actor): r for r in connection.execute(select(TOLD).where(TOLD.c.case_id == case_id))}
        if self._settings.tell_verdicts:
            text = verdict_text(verdict)
            told = {actor for kind, actor in known if kind == VERDICT_KIND}
            silent = verdict.judged == "withdrawn"
            wanted |= {(VERDICT_KIND, actor): text for actor in members if not silent or actor in told}
        fresh = {
            key: body
            for key, body in wanted.items()
            if key not in known or known[key].body != body or known[key].status == REFUSED
        }
        if not fresh:
            return
        now_us = self._clock.now_us()
        with writing(self._engine) as connection:
            for (kind, actor), body in sorted(fresh.items()):
                here = and_(TOLD.c.kind == kind, TOLD.c.case_id == case_id, TOLD.c.actor == actor)
                values = {**owing(1), "body": body, "at_us": now_us}
                next_version = {"version": TOLD.c.version + 1}
                if connection.execute(update(TOLD).where(here).values(**values | next_version)).rowcount == 0:
                    key = {"kind": kind, "case_id": case_id, "actor": actor}
                    connection.execute(insert(TOLD).values(**key, **values))

    # --- what is said ------------------------------------------------------------------------------------------

    def _parts(self, connection: Connection, case: Case, members: Sequence[str]) -> list[tuple[str, Part]]:
        rows = connection.execute(select(INVOLVED).where(INVOLVED.c.case_id == case.id)).all()
        marking = marking_of(connection, case.id)
        into = connection.scalar(select(FILE.c.merged_into).where(FILE.c.case_id == case.id)) or ""
        parts = []
        for actor in sorted({row.actor for row in rows} & set(members)):
            tasks = connection.execute(
                select(TASK)
                .where(TASK.c.case_id == case.id, TASK.c.actor == actor)
                .order_by(TASK.c.given_us, TASK.c.id)
            ).all()
            if case.state is CaseState.NEW and not tasks and not self._settings.tell_new:
                continue
            all_ = [row for row in rows if row.actor == actor]
            mine = [row for row in all_ if row.type]
            # Who is here only because it says that it met an indicator was chosen by nobody, and could be anybody: it
            # hears what is said to all from then on.
            met_only = all(row.type and not row.technique for row in all_)
            since_us = min(row.since_us for row in all_) if met_only else 0
            parts.append((actor, self._part(connection, case, actor, marking, into, mine, tasks, since_us)))
        return parts

    def _part(
        self,
        connection: Connection,
        case: Case,
        actor: str,
        marking: Marking,
        into: str,
        mine: Sequence[Row[Any]],
        tasks: Sequence[Row[Any]],
        since_us: int,
    ) -> Part:
        names = {element.observable for element in case.facts.elements}
        own = sorted(one for row in mine if (one := _observable(row)) in names)
        words = connection.execute(
            select(WORDS)
            .where(
                WORDS.c.case_id == case.id,
                or_(WORDS.c.actor == actor, and_(WORDS.c.actor == "", WORDS.c.at_us >= since_us)),
            )
            .order_by(WORDS.c.number.desc())
            .limit(WORDS_MAX)
        ).all()[::-1]
        view = self._nis2.view_in(connection, case.id, actor)
        techniques = (
            marking.techniques or tuple(sorted({row.technique for row in mine if row.technique}))[:TECHNIQUES_MAX]
        )
        return Part(
            case_id=case.id,
            state=case.state.value,
            rsit=marking.rsit,
            techniques=techniques,
            tlp=marking.tlp,
            pap=marking.pap,
            own=tuple(own[:OWN_MAX]),
            own_left=max(0, len(own) - OWN_MAX),
            tasks=tuple(
                PartTask(id=task.id, kind=task.kind, text=task.text, state=task.state.value, due_us=task.due_us)
                for task in map(task_of, tasks)
            ),
            words=tuple(
                PartWords(at_us=said.at_us, by="actor" if said.by_actor else "centre", text=said.text)
                for said in map(statements_of, words)
            ),
            clocks=tuple(
                PartClock(report=due.report.value, due_us=due.due_us, sent_us=due.sent_us) for due in view.dues
            ),
            merged_into=into,
        )

    def _verdict(self, connection: Connection, case: Case) -> SectorVerdict:
        """What goes to everybody: only what at least two independent groups reported, and nothing malicious that some
        list speaks for. The end counts from the judgement."""
        nothing = SectorVerdict(case_id=case.id, judged="withdrawn", observables=(), until_us=0)
        judged = _JUDGED.get(case.state)
        if judged is None:
            return nothing
        rows = connection.execute(
            select(VERDICT).where(VERDICT.c.case_id == case.id, VERDICT.c.actors >= GROUPS_MIN)
        ).all()
        listed = {element.observable for element in case.facts.elements if element.listed}
        named = sorted(one for row in rows if (one := _observable(row)) not in listed or judged == "benign")
        named = [one for one in named if one.type is not ObservableType.CHAIN]
        if not named:
            return nothing
        until_us = max(row.at_us for row in rows) + self._settings.verdict_days * DAY_US
        return SectorVerdict(
            case_id=case.id,
            judged=judged,
            observables=tuple(named[:OWN_MAX]),
            until_us=until_us,
            left=max(0, len(named) - OWN_MAX),
        )

    # --- what is owed ------------------------------------------------------------------------------------------

    def owed(self, limit: int = 1000) -> list[Owed]:
        """What waits to be told now, the oldest first."""
        query = (
            select(TOLD)
            .where(due(TOLD, self._clock.now_us()))
            .order_by(TOLD.c.at_us, TOLD.c.kind, TOLD.c.case_id, TOLD.c.actor)
            .limit(limit)
        )
        with reading(self._engine) as connection:
            return [self._owed(connection, row) for row in connection.execute(query).all()]

    def _owed(self, connection: Connection, row: Row[Any]) -> Owed:
        tlp = marking_of(connection, row.case_id).tlp
        if row.kind == VERDICT_KIND:
            judged = connection.execute(
                select(VERDICT.c.by_user, VERDICT.c.actors).where(
                    VERDICT.c.case_id == row.case_id, VERDICT.c.actors >= GROUPS_MIN
                )
            ).all()
            verdict = Judging(to=row.actor, version=row.version, verdict=verdict_of(row.body))
            by = judged[0].by_user if judged else ""
            return Owed(
                said=verdict, tlp=tlp, by=by, groups=min((verdict_row.actors for verdict_row in judged), default=0)
            )
        there = connection.execute(
            select(INVOLVED).where(INVOLVED.c.case_id == row.case_id, INVOLVED.c.actor == row.actor)
        ).all()
        reported = frozenset(_observable(involved) for involved in there if involved.type)
        part = Telling(to=row.actor, version=row.version, part=part_of(row.body))
        return Owed(said=part, tlp=tlp, reported=reported, by_hand=any(not involved.type for involved in there))

    def done(self, owed: Owed, rule: str, again_us: int | None) -> None:
        """It lies in the actor's queue (``rule`` empty), or gate 3 refused it: for good, which is a line of the case's
        history, or to be tried again from ``again_us`` on. A newer version that came meanwhile stays pending."""
        statement = owed.said
        kind, case_id = (
            (PART, statement.part.case_id)
            if isinstance(statement, Telling)
            else (VERDICT_KIND, statement.verdict.case_id)
        )
        here = and_(
            TOLD.c.kind == kind,
            TOLD.c.case_id == case_id,
            TOLD.c.actor == statement.to,
            TOLD.c.version == statement.version,
        )
        values = settled(rule, again_us)
        with writing(self._engine) as connection:
            connection.execute(update(TOLD).where(here).values(**values))
            if values["status"] == REFUSED:
                detail = {"actor": statement.to, "what": kind, "rule": rule}
                audit.note(connection, self._clock.now_us(), CENTRE, QUIET[2], case_id, detail)


def part_notices(engine: Engine, case_id: str) -> dict[str, tuple[int, str, str]]:
    """actor -> (version, pending | queued | refused, rule) of its part of a case."""
    asked = select(TOLD).where(TOLD.c.case_id == case_id, TOLD.c.kind == PART).order_by(TOLD.c.actor)
    with reading(engine) as connection:
        return {row.actor: (row.version, row.status, row.rule) for row in connection.execute(asked)}


@dataclass(frozen=True, slots=True, kw_only=True)
class PartNotice:
    """An actor's part of a case as it was told last, or waits to be: ``status`` as in parts_told."""

    actor: str
    version: int
    status: str
    rule: str
    at_us: int
    part: Part


def whole_part_notices(engine: Engine, case_id: str) -> tuple[PartNotice, ...]:
    """What each actor in a case was told of it, by actor."""
    asked = select(TOLD).where(TOLD.c.case_id == case_id, TOLD.c.kind == PART).order_by(TOLD.c.actor)
    with reading(engine) as connection:
        return tuple(value_from(PartNotice, row, part=part_of(row.body)) for row in connection.execute(asked))


def part_text(part: Part) -> str:
    """Canonical JSON of a part: what is compared to see whether an actor has anything new to hear."""
    return _text(asdict(part), "own_left")


def part_of(text: str) -> Part:
    """What part_text wrote."""
    body = json.loads(text)
    return Part(
        **body
        | {
            "tlp": Tlp(body["tlp"]),
            "pap": Pap(body["pap"]),
            "techniques": tuple(body["techniques"]),
            "own": tuple(
                Observable.trusted(ObservableType(observable["type"]), observable["value"])
                for observable in body["own"]
            ),
            "tasks": tuple(PartTask(**task | {"due_us": tuple(task["due_us"])}) for task in body["tasks"]),
            "words": tuple(PartWords(**words) for words in body["words"]),
            "clocks": tuple(PartClock(**clock) for clock in body["clocks"]),
        }
    )


def verdict_text(verdict: SectorVerdict) -> str:
    """Canonical JSON of a verdict."""
    return _text(asdict(verdict), "left")


def verdict_of(text: str) -> SectorVerdict:
    """What verdict_text wrote."""
    body = json.loads(text)
    named = tuple(Observable.trusted(ObservableType(one["type"]), one["value"]) for one in body["observables"])
    return SectorVerdict(**body | {"observables": named})


def _text(body: dict[str, Any], left: str) -> str:
    """Canonical JSON; nothing left is nothing said, as in what was told before there was a word for it."""
    if not body[left]:
        del body[left]
    return json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _observable(row: Row[Any]) -> Observable:
    return Observable.trusted(ObservableType(row.type), row.value)
