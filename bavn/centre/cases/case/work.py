"""Working a case together with its actors: tasks and questions to them, words, evidence, answers.

What an actor answers arrives as values; what it is to be told, notices.py works out. Every act is one transaction with
its line in the audit log. Refuses to send anything, and to take an answer to a task that is not this actor's.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from sqlalchemy import Connection, Engine, Row, delete, func, insert, select, update

from bavn.centre.cases import audit
from bavn.centre.cases.case.involved import Involved, add_by_hand, is_in, named, still_open
from bavn.centre.cases.case.rows import locked
from bavn.centre.cases.case.streams import goes_on_as
from bavn.centre.cases.case.work_tables import EVIDENCE, TASK, WORDS, make_work_tables
from bavn.centre.cases.nis2 import actor_steps as nis2_told
from bavn.centre.cases.settings import CaseSettings
from bavn.centre.cases.tables import AUDIT, CASE, reading, writing
from bavn.centre.cases.two_people import CENTRE, person
from bavn.centre.store.rows import row_of, value_from
from bavn.model.moment import DAY_US
from bavn.model.outcome import Refused
from bavn.model.ports import Clock
from bavn.model.received import Attached, CaseAnswer, Nis2Step
from bavn.model.sector.case import OVER
from bavn.model.sector.refusal import word
from bavn.model.sector.work import (
    ACTOR_ACTS,
    TASKS_MAX,
    TEXT_CHARS_MAX,
    Deadlines,
    NoSuchStep,
    Task,
    TaskAct,
    TaskKind,
    TaskState,
    is_plain,
    task_after,
)
from bavn.model.text import Text

WORDS_KEPT_MAX: Final = 5000
"""Of one case; an actor that says more is told that there is no room."""
MB: Final = 1_000_000


class UnknownTask(Exception):
    """No task has that id. The person who asked must act."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseStatement:
    """Words in a case. ``actor``: who may read them besides the centre; empty: all actors in the case. ``by_actor``:
    the actor said them, else ``who`` at the centre."""

    number: int
    case_id: str
    actor: str
    by_actor: bool
    who: str
    at_us: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What an actor attached, without its content."""

    id: str
    case_id: str
    actor: str
    words: str
    bytes: int
    sha256: str
    received_us: int


class Work:
    """All methods may be called from any process on the same database."""

    def __init__(self, engine: Engine, clock: Clock, settings: CaseSettings | None = None) -> None:
        make_work_tables(engine)
        self._engine = engine
        self._clock = clock
        self.settings = settings or CaseSettings()
        self.involved = Involved(engine, clock)

    # --- tasks -------------------------------------------------------------------------------------------------

    def ask(
        self,
        case_id: str,
        actors: Sequence[str],
        kind: TaskKind,
        text: str,
        user: str,
        hours: Deadlines | None = None,
        seen: int | None = None,
    ) -> tuple[Task, ...]:
        """A task or question to each of these actors, who are in the case from then on. Raises UnknownCase,
        ChangedMeanwhile, NotAllowed; NotNow for a merged case; ValueError for no text, no actor or too many tasks."""
        person(user)
        wanted = _whom(actors, text)
        given, now_us = hours or self.settings.deadlines(), self._clock.now_us()
        tasks = []
        with writing(self._engine) as connection:
            locked(connection, case_id, seen)
            still_open(connection, case_id)
            for actor in wanted:
                number = _tasks_of(connection, case_id, actor)
                add_by_hand(connection, case_id, actor, user, "asked", now_us, only_new=True)
                detail = {"actor": actor, "kind": kind, "text": text, "hours": _hours(given)}
                audit.note(connection, now_us, user, f"{kind}-given", case_id, detail)
                task = Task(
                    id=_task_id(case_id, actor, kind, text, now_us, number),
                    case_id=case_id,
                    actor=actor,
                    kind=kind,
                    text=text,
                    by=user,
                    given_us=now_us,
                    hours=given,
                    state=TaskState.OPEN,
                )
                connection.execute(insert(TASK).values(**_columns(task)))
                tasks.append(task)
        return tuple(tasks)

    def change_task(self, task_id: str, act: TaskAct, user: str, why: str) -> Task:
        """The centre cancels or reopens a task. Raises UnknownTask, NoSuchStep, NotAllowed; ValueError without a
        reason, and for what only the actor may do."""
        person(user)
        if act in ACTOR_ACTS:
            raise ValueError(Text("{act} is the actor's to say", act=word(act)))
        if not why.strip() or len(why) > TEXT_CHARS_MAX:
            raise ValueError(
                Text(
                    "to {act} a task needs a reason of at most {text_chars_max} characters",
                    act=word(act),
                    text_chars_max=TEXT_CHARS_MAX,
                )
            )
        with writing(self._engine) as connection:
            return self._step(connection, _task_row(connection, task_id), act, user, why, self._clock.now_us())

    def task(self, task_id: str) -> Task:
        """Raises UnknownTask."""
        with reading(self._engine) as connection:
            return _task_row(connection, task_id, lock=False)

    def tasks(self, case_id: str | None = None, *, running: bool = False) -> tuple[Task, ...]:
        """Of one case or of all, the earliest deadline first; ``running``: only what is still owed,
        which in a case that is over is nothing."""
        query = select(TASK)
        if case_id is not None:
            query = query.where(TASK.c.case_id == case_id)
        if running:
            owed = (TaskState.OPEN.value, TaskState.ACKNOWLEDGED.value, TaskState.APPLIES.value)
            query = query.join(CASE, CASE.c.id == TASK.c.case_id).where(
                TASK.c.state.in_(owed), CASE.c.state.not_in([one.value for one in OVER])
            )
        with reading(self._engine) as connection:
            found = [task_of(row) for row in connection.execute(query)]
        return tuple(sorted(found, key=lambda task: (task.due_us[2], task.case_id, task.actor, task.id)))

    # --- words and evidence ------------------------------------------------------------------------------------

    def say(self, case_id: str, user: str, text: str, to: str = "") -> None:
        """Words for the actors in a case to read: for all of them, or for one. Raises UnknownCase, NotAllowed; NotNow
        for a merged case; ValueError for no or too many characters, or an actor that is not in the case."""
        person(user)
        if not text.strip() or len(text) > TEXT_CHARS_MAX or not is_plain(text):
            raise ValueError(
                Text(
                    "what actors read has 1 to {text_chars_max} characters that can be seen",
                    text_chars_max=TEXT_CHARS_MAX,
                )
            )
        with writing(self._engine) as connection:
            still_open(connection, case_id)
            if to and not is_in(connection, case_id, to):
                raise ValueError(Text("{to} is not in {case_id}", to=to, case_id=case_id))
            self._keep_words(connection, case_id, to, user, text, by_actor=False)
            audit.note(connection, self._clock.now_us(), user, "say", case_id, {"to": to or "all", "text": text})

    def words(self, case_id: str) -> tuple[CaseStatement, ...]:
        """All that was said in a case for actors to read or by them, in order."""
        asked = select(WORDS).where(WORDS.c.case_id == case_id).order_by(WORDS.c.number)
        with reading(self._engine) as connection:
            return tuple(statements_of(row) for row in connection.execute(asked))

    def evidence(self, case_id: str) -> tuple[Evidence, ...]:
        """What actors attached, in order of arrival."""
        columns = [column for column in EVIDENCE.c if column.name != "content"]
        asked = select(*columns).where(EVIDENCE.c.case_id == case_id).order_by(EVIDENCE.c.received_us, EVIDENCE.c.id)
        with reading(self._engine) as connection:
            return tuple(Evidence(**row) for row in connection.execute(asked).mappings())

    def content(self, evidence_id: str, user: str) -> bytes:
        """The attached zip file; that somebody took it out is a line. Raises UnknownTask where there is none such,
        NotAllowed."""
        person(user)
        with writing(self._engine) as connection:
            row = connection.execute(select(EVIDENCE).where(EVIDENCE.c.id == evidence_id)).first()
            if row is None:
                raise UnknownTask(Text("no evidence is called {evidence_id}", evidence_id=repr(evidence_id[:60])))
            detail = {"evidence": row.id, "sha256": row.sha256, "actor": row.actor}
            audit.note(connection, self._clock.now_us(), user, "evidence-taken-out", row.case_id, detail)
        return bytes(row.content)

    # --- what gate 2 asks, and what comes through it -----------------------------------------------------------

    def may_answer(self, case_id: str, actor: str, task_id: str | None, act: str) -> Refused | None:
        """Whether this actor may say this in this case (implements inbox.asks.CasesAsked)."""
        with reading(self._engine) as connection:
            home = goes_on_as(connection, case_id)
            if not is_in(connection, home, actor):
                return Refused("unknown_case", "the actor is not in such a case")
            if (task_id is None) != (act == "words"):
                return Refused("unknown_task", "an act is on a task, and words alone are not")
            if task_id is None:
                held = connection.scalar(select(func.count()).where(WORDS.c.case_id == home)) or 0
                return Refused("case_full", "the case takes no more words") if held >= WORDS_KEPT_MAX else None
            row = connection.execute(select(TASK).where(TASK.c.id == task_id, TASK.c.actor == actor)).first()
        if row is None or row.case_id != home:
            return Refused("unknown_task", "the actor has no such task in this case")
        try:
            task_after(TaskState(row.state), TaskAct(act))
        except NoSuchStep:
            return Refused("task_step", "a task that is {state} has no such step", state=row.state)
        return None

    def may_attach(self, case_id: str, actor: str, size: int) -> Refused | None:
        """Whether this actor may attach evidence of so many bytes (implements inbox.asks.CasesAsked)."""
        with reading(self._engine) as connection:
            home = goes_on_as(connection, case_id)
            if not is_in(connection, home, actor):
                return Refused("unknown_case", "the actor is not in such a case")
            held = connection.scalar(select(func.sum(EVIDENCE.c.bytes)).where(EVIDENCE.c.case_id == home)) or 0
        full = held + size > self.settings.evidence_mb_max * MB
        return Refused("case_full", "the case takes no more evidence") if full else None

    def may_note(self, case_id: str, actor: str, act: str, at_us: int, why: str, *, correct: bool) -> Refused | None:
        """Whether this actor may note this step of NIS2 (implements inbox.asks.CasesAsked)."""
        return nis2_told.may_note(self._engine, self._clock, case_id, actor, act, at_us, why, correct=correct)

    def noted(self, said: Nis2Step) -> None:
        """Keeps a step of NIS2 that an actor noted of its own; once for each message."""
        nis2_told.keep(self._engine, self._clock, said)

    def heard(self, answer: CaseAnswer) -> None:
        """Keeps what an actor answered; once for each message. What no longer fits is a line that says so."""
        who = f"actor:{answer.actor}"
        with writing(self._engine) as connection:
            case_id = goes_on_as(connection, answer.case_id)
            if _noted(connection, case_id, answer.item_id):
                return
            if answer.task_id is not None:
                try:
                    task = _task_row(connection, answer.task_id)
                    self._step(
                        connection,
                        task,
                        TaskAct(answer.act),
                        who,
                        answer.words,
                        answer.received_us,
                        {"item": answer.item_id},
                    )
                except (NoSuchStep, UnknownTask) as error:
                    detail = {"item": answer.item_id, "act": answer.act, "why": str(error)}
                    audit.note(connection, answer.received_us, who, "answer-too-late", case_id, detail)
                    return
            if answer.words:
                self._keep_words(connection, case_id, answer.actor, answer.actor, answer.words, by_actor=True)
            if answer.task_id is None:
                detail = {"item": answer.item_id, "text": answer.words}
                audit.note(connection, answer.received_us, who, "words", case_id, detail)

    def attached(self, attachment: Attached) -> None:
        """Keeps evidence; once for each message."""
        with writing(self._engine) as connection:
            if connection.execute(select(EVIDENCE.c.id).where(EVIDENCE.c.id == attachment.item_id)).first() is not None:
                return
            case_id = goes_on_as(connection, attachment.case_id)
            digest = hashlib.sha256(attachment.content).hexdigest()
            connection.execute(
                insert(EVIDENCE).values(
                    **row_of(
                        EVIDENCE,
                        attachment,
                        id=attachment.item_id,
                        case_id=case_id,
                        bytes=len(attachment.content),
                        sha256=digest,
                    )
                )
            )
            detail = {
                "item": attachment.item_id,
                "bytes": len(attachment.content),
                "sha256": digest,
                "words": attachment.words,
            }
            audit.note(connection, attachment.received_us, f"actor:{attachment.actor}", "evidence", case_id, detail)

    def forget(self) -> int:
        """Deletes evidence that has been kept long enough, each with a line; how many."""
        before_us = self._clock.now_us() - self.settings.evidence_kept_days * DAY_US
        old = EVIDENCE.c.received_us < before_us
        with reading(self._engine) as connection:
            if connection.execute(select(EVIDENCE.c.id).where(old).limit(1)).first() is None:
                return 0
        with writing(self._engine) as connection:
            rows = connection.execute(select(EVIDENCE.c.id, EVIDENCE.c.case_id, EVIDENCE.c.sha256).where(old)).all()
            for row in rows:
                detail = {"evidence": row.id, "sha256": row.sha256}
                audit.note(connection, self._clock.now_us(), CENTRE, "evidence-forgotten", row.case_id, detail)
            connection.execute(delete(EVIDENCE).where(EVIDENCE.c.id.in_([row.id for row in rows])))
        return len(rows)

    # --- inside ------------------------------------------------------------------------------------------------

    def _step(
        self,
        connection: Connection,
        task: Task,
        act: TaskAct,
        who: str,
        words: str,
        at_us: int,
        more: Mapping[str, Any] | None = None,
    ) -> Task:
        next_task = replace(
            task,
            state=task_after(task.state, act),
            met_us=task.reached(act, at_us),
            answer=words if act in ACTOR_ACTS and words else task.answer,
        )
        changed = connection.execute(
            update(TASK)
            .where(TASK.c.id == task.id, TASK.c.state == task.state.value)
            .values(
                state=next_task.state.value,
                acknowledged_us=next_task.met_us[0],
                judged_us=next_task.met_us[1],
                done_us=next_task.met_us[2],
                answer=next_task.answer,
            )
        )
        if changed.rowcount != 1:
            raise NoSuchStep(Text("task {id} was changed by somebody else; look again", id=task.id))
        detail = {
            "task": task.id,
            "actor": task.actor,
            "from": task.state.value,
            "to": next_task.state.value,
            "why": words,
        } | dict(more or {})
        audit.note(connection, at_us, who, f"task-{act.value}", task.case_id, detail)
        return next_task

    def _keep_words(
        self, connection: Connection, case_id: str, actor: str, who: str, text: str, *, by_actor: bool
    ) -> None:
        connection.execute(
            insert(WORDS).values(
                case_id=case_id, actor=actor, by_actor=by_actor, who=who, at_us=self._clock.now_us(), body=text
            )
        )


def _task_id(case_id: str, actor: str, kind: str, text: str, now_us: int, number: int) -> str:
    """Made of nothing but what this actor is told: an id that hung on the audit log would hang on others' names."""
    parts = "\0".join(("bavn/task/1", case_id, actor, kind, text, str(now_us), str(number)))
    return hashlib.sha256(parts.encode()).hexdigest()[:32]


def _noted(connection: Connection, case_id: str, item_id: str) -> bool:
    asked = select(AUDIT.c.seq).where(AUDIT.c.subject == case_id, AUDIT.c.detail.contains(item_id))
    return connection.execute(asked.limit(1)).first() is not None


def _task_row(connection: Connection, task_id: str, *, lock: bool = True) -> Task:
    asked = select(TASK).where(TASK.c.id == task_id)
    row = connection.execute(asked.with_for_update() if lock else asked).first()
    if row is None:
        raise UnknownTask(Text("no task is called {task_id}", task_id=repr(task_id[:60])))
    return task_of(row)


def task_of(row: Row[Any]) -> Task:
    """A task from its row."""
    hours = Deadlines(acknowledge=row.acknowledge_hours, applies=row.applies_hours, done=row.done_hours)
    return value_from(
        Task,
        row,
        text=row.body,
        by=row.by_user,
        hours=hours,
        state=TaskState(row.state),
        met_us=(row.acknowledged_us, row.judged_us, row.done_us),
    )


def statements_of(row: Row[Any]) -> CaseStatement:
    """Words from their row."""
    return value_from(CaseStatement, row, text=row.body)


def _hours(given: Deadlines) -> list[int]:
    return [given.acknowledge, given.applies, given.done]


def _columns(task: Task) -> dict[str, Any]:
    return {
        "id": task.id,
        "case_id": task.case_id,
        "actor": task.actor,
        "kind": task.kind,
        "body": task.text,
        "by_user": task.by,
        "given_us": task.given_us,
        "acknowledge_hours": task.hours.acknowledge,
        "applies_hours": task.hours.applies,
        "done_hours": task.hours.done,
        "state": task.state.value,
        "acknowledged_us": None,
        "judged_us": None,
        "done_us": None,
        "answer": "",
    }


def _whom(actors: Sequence[str], text: str) -> list[str]:
    """Who is asked, each once. ValueError for a text that is none, or nobody."""
    if not text.strip() or len(text) > TEXT_CHARS_MAX or not is_plain(text):
        raise ValueError(
            Text(
                "a task or question has 1 to {text_chars_max} characters that can be seen",
                text_chars_max=TEXT_CHARS_MAX,
            )
        )
    wanted = sorted({named(actor) for actor in actors})
    if not wanted:
        raise ValueError(Text("nobody is asked"))
    return wanted


def _tasks_of(connection: Connection, case_id: str, actor: str) -> int:
    """How many it has in this case. ValueError where it has as many as it may."""
    held = select(func.count()).where(TASK.c.case_id == case_id, TASK.c.actor == actor)
    number = connection.scalar(held) or 0
    if number >= TASKS_MAX:
        raise ValueError(
            Text(
                "{actor} has {tasks_max} tasks in {case_id}, and that is the bound",
                actor=actor,
                tasks_max=TASKS_MAX,
                case_id=case_id,
            )
        )
    return number
