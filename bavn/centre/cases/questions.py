"""Questions of the centre's analysts to the sector: asked by one person, approved by another, answered by each actor.

Every step is a line of the audit log. What nobody has answered yet is shown as that, with since when: silence is never
taken for a no. Refuses to send anything: the centre's node does.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Engine,
    Index,
    Integer,
    MetaData,
    Row,
    String,
    Table,
    delete,
    func,
    insert,
    select,
    update,
)
from sqlalchemy import Text as LongText

from bavn.centre.cases import audit
from bavn.centre.cases.radius import RadiusSum, plus, sum_of, sum_text
from bavn.centre.cases.tables import make_tables, reading, writing
from bavn.centre.cases.two_people import NotAllowed, person, second
from bavn.centre.store.engine import make_missing
from bavn.centre.store.rows import row_of, value_from
from bavn.model.moment import DAY_US, hour_of
from bavn.model.observable import Observable, ObservableType, is_external
from bavn.model.ports import Clock
from bavn.model.principal import recorded
from bavn.model.received import RadiusReply, Reply
from bavn.model.sector.question import (
    DAYS_BACK_MAX,
    DAYS_OPEN_MAX,
    OBSERVABLES_MAX,
    WHY_CHARS_MAX,
    Question,
    QuestionAnswer,
)
from bavn.model.text import Text

SHOWN_MAX: Final = 1000
METADATA: Final = MetaData()
QUESTION: Final = Table(
    "case_question",
    METADATA,
    Column("id", String(32), primary_key=True),
    Column("body", LongText, nullable=False),
    Column("asked_us", BigInteger, nullable=False),
    Column("approved_by", String(64)),
    Column("approved_us", BigInteger),
    Column("ended_by", String(64)),
    Column("ended_us", BigInteger),
    Column("about", String(60)),
    Index("case_question_about", "about"),
)
TO: Final = Table(
    "case_question_to",
    METADATA,
    Column("question_id", String(32), primary_key=True),
    Column("actor", String(40), primary_key=True),
    Column("sent", Boolean, nullable=False),
    Column("rule", String(40), nullable=False),
    Index("case_question_sent", "sent"),
)
ANSWER: Final = Table(
    "case_answer",
    METADATA,
    Column("question_id", String(32), primary_key=True),
    Column("actor", String(40), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("state", String(12), nullable=False),
    Column("count_bucket", Integer, nullable=False),
    Column("first_hour", Integer),
    Column("last_hour", Integer),
    Column("days", Integer, nullable=False),
    Column("received_us", BigInteger, nullable=False),
)
RADIUS: Final = Table(
    "case_radius",
    METADATA,
    Column("question_id", String(32), primary_key=True),
    Column("body", LongText, nullable=False),
)
"""Of each question for a radius the sum of what was answered: no actor's part is kept."""


class UnknownQuestion(Exception):
    """No question has that id. The person who asked must act."""


@dataclass(frozen=True, slots=True)
class AtActor:
    """One actor asked. ``refused``: the rule of gate 3 by which the question did not go out; ``unanswered``: places of
    the observables that it has said nothing of; ``answers`` by place."""

    actor: str
    sent: bool
    refused: str
    answers: tuple[QuestionAnswer, ...]
    unanswered: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class QuestionView:
    """A question and what came of it, by actor. Unanswered ones wait since ``question.approved_us``."""

    question: Question
    actors: tuple[AtActor, ...]


class Questions:
    """May be open in several processes at once. ``two_people``: who asked cannot approve."""

    def __init__(self, engine: Engine, clock: Clock, *, two_people: bool = True) -> None:
        make_tables(engine)
        make_missing(engine, METADATA)
        self._engine, self._clock, self._two_people = engine, clock, two_people

    def ask(
        self,
        observables: Sequence[Observable],
        to: Sequence[str],
        user: str,
        *,
        why: str,
        since_us: int,
        days: int = 7,
        about: str = "",
    ) -> Question:
        """A question that waits for its approval; ``about``: the indicator whose radius it asks for. ValueError for one
        that no actor would answer: nothing or too much, something inside, a whole public suffix, a chain, nobody
        asked, no reason, a span out of bounds."""
        person(user)
        now_us = self._clock.now_us()
        wanted = tuple(dict.fromkeys(observables))
        _checked(wanted, to, why, since_us, now_us, days)
        question = Question(
            id="",
            observables=wanted,
            since_hour=hour_of(since_us),
            to=tuple(sorted(set(to))),
            why=why,
            asked_by=recorded(user),
            asked_us=now_us,
            until_us=now_us + days * DAY_US,
            about=about,
        )
        with writing(self._engine) as connection:
            line = audit.note(connection, now_us, user, "question-asked", "questions", _body(question))
            question = replace(question, id=line.hash[:32])
            connection.execute(
                insert(QUESTION).values(
                    id=question.id,
                    body=json.dumps(_body(question), sort_keys=True),
                    asked_us=now_us,
                    about=about or None,
                )
            )
            connection.execute(
                insert(TO), [{"question_id": question.id, "actor": a, "sent": False, "rule": ""} for a in question.to]
            )
        return question if self._two_people else self.approve(question.id, user)

    def approve(self, question_id: str, user: str) -> Question:
        """Stand behind somebody else's question: it goes out at the centre's next step. Raises UnknownQuestion;
        NotAllowed for the one who asked, and for a question that is approved, taken back or past its end."""
        person(user)
        now_us, known = self._clock.now_us(), self.get(question_id)
        if self._two_people:
            second(
                known.asked_by,
                user,
                Text("two different people stand behind a question; who asked it cannot approve it"),
            )
        if now_us >= known.until_us:
            raise NotAllowed(Text("the question is past its end: ask again"))
        with writing(self._engine) as connection:
            self._once(
                connection, question_id, {"approved_by": recorded(user), "approved_us": now_us}, QUESTION.c.approved_us
            )
            audit.note(connection, now_us, user, "question-approved", question_id, {"asked_by": known.asked_by})
        return self.get(question_id)

    def end(self, question_id: str, user: str, why: str) -> Question:
        """Take a question back; one person is enough. Nodes that have it may still answer: that is refused. Raises
        UnknownQuestion, NotAllowed."""
        person(user)
        now_us = self._clock.now_us()
        self.get(question_id)
        with writing(self._engine) as connection:
            self._once(connection, question_id, {"ended_by": user, "ended_us": now_us}, QUESTION.c.ended_us)
            audit.note(connection, now_us, user, "question-ended", question_id, {"why": why})
        return self.get(question_id)

    def get(self, question_id: str) -> Question:
        """Raises UnknownQuestion."""
        with reading(self._engine) as connection:
            row = connection.execute(select(QUESTION).where(QUESTION.c.id == question_id)).first()
        if row is None:
            raise UnknownQuestion(Text("no question is called {question_id}", question_id=repr(question_id[:60])))
        return _question(row)

    def every(self, limit: int = 20, after: tuple[int, str] | None = None) -> tuple[QuestionView, ...]:
        """The latest first, without those for a radius; ``after``: (asked_us, id) of the last one shown."""
        query = select(QUESTION).where(QUESTION.c.about.is_(None))
        query = query.order_by(QUESTION.c.asked_us.desc(), QUESTION.c.id.desc())
        if after is not None:
            earlier = QUESTION.c.asked_us < after[0]
            query = query.where(earlier | ((QUESTION.c.asked_us == after[0]) & (QUESTION.c.id < after[1])))
        query = query.limit(min(limit, SHOWN_MAX))
        with reading(self._engine) as connection:
            found = [_question(row) for row in connection.execute(query)]
            return tuple(self._view(connection, question) for question in found)

    def view(self, question_id: str) -> QuestionView:
        """Raises UnknownQuestion."""
        question = self.get(question_id)
        with reading(self._engine) as connection:
            return self._view(connection, question)

    def asked(self, question_id: str, actor: str, now_us: int) -> Question | None:
        """The question if it was sent to this actor and is open; else None."""
        with reading(self._engine) as connection:
            here = (TO.c.question_id == question_id) & (TO.c.actor == actor) & TO.c.sent
            row = connection.execute(
                select(QUESTION).where(QUESTION.c.id == question_id, select(TO.c.actor).where(here).exists())
            ).first()
        question = None if row is None else _question(row)
        return question if question is not None and question.open_at(now_us) else None

    def to_send(self, now_us: int, limit: int = 1000) -> list[tuple[Question, str]]:
        """Approved questions and the actors that have not been asked yet."""
        waiting = (
            select(QUESTION, TO.c.actor)
            .join(TO, TO.c.question_id == QUESTION.c.id)
            .where(TO.c.sent.is_(False), TO.c.rule == "", QUESTION.c.approved_us.is_not(None))
            .where(QUESTION.c.ended_us.is_(None))
            .order_by(QUESTION.c.approved_us, QUESTION.c.id, TO.c.actor)
        )
        with reading(self._engine) as connection:
            rows = connection.execute(waiting.limit(limit)).all()
        made = [(_question(row), str(row.actor)) for row in rows]
        return [(question, actor) for question, actor in made if question.open_at(now_us)]

    def sent(self, question_id: str, actor: str, rule: str = "") -> None:
        """It lies in the actor's queue, or gate 3 refused it for good by ``rule``. Repeatable."""
        here = (TO.c.question_id == question_id) & (TO.c.actor == actor)
        with writing(self._engine) as connection:
            connection.execute(update(TO).where(here).values(sent=rule == "", rule=rule))

    def heard(self, reply: Reply) -> None:
        """Keep an answer. An actor that answers again replaces what it said, but for its part of a sum. Repeatable."""
        if isinstance(reply, RadiusReply):
            self._add(reply)
            return
        here = (
            (ANSWER.c.question_id == reply.question_id)
            & (ANSWER.c.actor == reply.actor)
            & (ANSWER.c.number == reply.number)
        )
        with writing(self._engine) as connection:
            if connection.scalar(select(ANSWER.c.state).where(here)) == "counted":
                return  # what was added to a sum stays in it
            connection.execute(delete(ANSWER).where(here))
            connection.execute(insert(ANSWER).values(**row_of(ANSWER, reply)))

    def radius(self, indicator_id: str) -> tuple[QuestionView, RadiusSum] | None:
        """The latest question for an indicator's radius, and the sum of what was answered; None where none was put."""
        latest = select(QUESTION).where(QUESTION.c.about == indicator_id)
        with reading(self._engine) as connection:
            row = connection.execute(latest.order_by(QUESTION.c.asked_us.desc()).limit(1)).first()
            if row is None:
                return None
            kept = connection.scalar(select(RADIUS.c.body).where(RADIUS.c.question_id == row.id))
            return self._view(connection, _question(row)), RadiusSum() if kept is None else sum_of(kept)

    # --- inside ------------------------------------------------------------------------------------------------

    def _add(self, reply: RadiusReply) -> None:
        """An actor's part goes into the sum of a radius, once, and all that is kept of it is that it answered."""
        row = {"question_id": reply.question_id, "actor": reply.actor, "number": reply.number}
        kept_of_it = {"state": "counted", "count_bucket": 0, "days": 0, "received_us": reply.received_us}
        with writing(self._engine) as connection:
            question = select(QUESTION.c.id).where(QUESTION.c.id == reply.question_id).with_for_update()
            connection.execute(question)
            here = [ANSWER.c[name] == value for name, value in row.items()]
            if connection.scalar(select(ANSWER.c.state).where(*here)) == "counted":
                return
            connection.execute(delete(ANSWER).where(*here))
            connection.execute(insert(ANSWER).values(**row, **kept_of_it))
            kept = connection.scalar(select(RADIUS.c.body).where(RADIUS.c.question_id == reply.question_id))
            total = plus(RadiusSum() if kept is None else sum_of(kept), reply)
            connection.execute(delete(RADIUS).where(RADIUS.c.question_id == reply.question_id))
            connection.execute(insert(RADIUS).values(question_id=reply.question_id, body=sum_text(total)))

    def _once(self, connection: Connection, question_id: str, values: dict[str, Any], unset: Column[Any]) -> None:
        """Only one decision of a kind is made, and none after the question was taken back."""
        changed = connection.execute(
            update(QUESTION)
            .where(QUESTION.c.id == question_id, unset.is_(None), QUESTION.c.ended_us.is_(None))
            .values(**values)
        )
        if changed.rowcount != 1:
            raise NotAllowed(Text("question {question_id} was approved or taken back before", question_id=question_id))

    def _view(self, connection: Connection, question: Question) -> QuestionView:
        to = connection.execute(select(TO).where(TO.c.question_id == question.id).order_by(TO.c.actor)).all()
        rows = connection.execute(
            select(ANSWER).where(ANSWER.c.question_id == question.id).order_by(ANSWER.c.actor, ANSWER.c.number)
        ).all()
        actors = []
        for entry in to:
            answers = tuple(_answer(row) for row in rows if row.actor == entry.actor)
            silent = set(range(len(question.observables))) - {answer.number for answer in answers}
            actors.append(AtActor(entry.actor, bool(entry.sent), entry.rule, answers, tuple(sorted(silent))))
        return QuestionView(question, tuple(actors))


def met_answers(connection: Connection) -> Iterator[tuple[Observable, str, int]]:
    """(observable, actor, first hour) of every answer that an actor had met what it was asked about."""
    where = (
        select(QUESTION.c.body, ANSWER.c.number, ANSWER.c.actor, ANSWER.c.first_hour)
        .join(ANSWER, ANSWER.c.question_id == QUESTION.c.id)
        .where(ANSWER.c.state == "met")
    )
    for body, number, actor, first_hour in connection.execute(where):
        named = json.loads(body)["observables"]
        if 0 <= number < len(named):
            kind, value = named[number]
            yield Observable.trusted(ObservableType(kind), value), actor, first_hour or 0


def not_sent(connection: Connection, actor: str) -> int:
    """How many questions are still to be sent to an actor."""
    asked = select(func.count()).select_from(TO).where(TO.c.actor == actor, TO.c.sent.is_(False))
    return int(connection.scalar(asked) or 0)


def _checked(
    wanted: tuple[Observable, ...], to: Sequence[str], why: str, since_us: int, now_us: int, days: int
) -> None:
    if not 1 <= len(wanted) <= OBSERVABLES_MAX:
        raise ValueError(Text("a question names 1 to {observables_max} indicators", observables_max=OBSERVABLES_MAX))
    for observable in wanted:
        if observable.type is ObservableType.CHAIN:
            raise ValueError(Text("a chain of techniques stands in no record: it cannot be asked for"))
        if not is_external(observable):
            raise ValueError(
                Text(
                    "{observable} names something inside, or a whole public suffix: no actor answers that",
                    observable=observable,
                )
            )
    if not to:
        raise ValueError(Text("nobody is asked: there is no such active actor"))
    if not why.strip() or len(why) > WHY_CHARS_MAX:
        raise ValueError(
            Text(
                "a question says why, in 1 to {why_chars_max} characters: every actor reads it",
                why_chars_max=WHY_CHARS_MAX,
            )
        )
    if not now_us - DAYS_BACK_MAX * DAY_US <= since_us <= now_us:
        raise ValueError(Text("a question looks back at most {days_back_max} days", days_back_max=DAYS_BACK_MAX))
    if not 1 <= days <= DAYS_OPEN_MAX:
        raise ValueError(Text("a question is open for 1 to {days_open_max} days", days_open_max=DAYS_OPEN_MAX))


def _body(question: Question) -> dict[str, Any]:
    return {
        "observables": [[o.type.value, o.value] for o in question.observables],
        "since_hour": question.since_hour,
        "to": list(question.to),
        "why": question.why,
        "asked_by": question.asked_by,
        "asked_us": question.asked_us,
        "until_us": question.until_us,
        **({"about": question.about} if question.about else {}),
    }


def _question(row: Row[Any]) -> Question:
    body = json.loads(row.body)
    named = tuple(Observable.trusted(ObservableType(kind), value) for kind, value in body["observables"])
    return Question(
        **body | {"observables": named, "to": tuple(body["to"])},
        id=row.id,
        approved_by=row.approved_by,
        approved_us=row.approved_us,
        ended_by=row.ended_by,
        ended_us=row.ended_us,
    )


def _answer(row: Row[Any]) -> QuestionAnswer:
    return value_from(QuestionAnswer, row)
