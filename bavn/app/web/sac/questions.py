"""The SAC console's questions to the sector: asked by one person, approved by another, answered by each actor.

Refuses to take silence for a no.
"""

from typing import Annotated

from fastapi import APIRouter, Path

from bavn.app.access.rights import Right
from bavn.app.acts.act import refusing
from bavn.app.acts.centre import questions as acts
from bavn.app.web.frame import After, Limit, Person, Rows, TextShape, allow, filled, opened, page
from bavn.app.web.sac.bodies import Because, Shape
from bavn.app.web.sac.context import Context, SacContext
from bavn.centre.cases.questions import AtActor, QuestionView
from bavn.model.moment import HOUR_US
from bavn.model.principal import may_be_second
from bavn.model.text import Text

Id = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")]
STANDS = {
    "taken_back": Text("Taken back."),
    "waits": Text("It waits for a second person; nobody is asked."),
    "open": Text("Open: answers count."),
    "over": Text("Its time is over; silence is not a no."),
    "answered": Text("Everybody has answered."),
}


class AnswerShape(Shape):
    """What one actor said of one observable: met, not_met, declined; ``silent`` where it has said nothing yet,
    ``not_sent`` where it was not asked. ``count_bucket`` in steps (0, 1, 2-3, 4-10, 11-100, more)."""

    observable: str
    says: str
    count_bucket: int
    first_us: int | None
    last_us: int | None
    days: int
    received_us: int | None


class ActorQuestion(Shape):
    """One actor asked. ``refused``: why gate 3 did not send it."""

    actor: str
    sent: bool
    refused: str
    answers: list[AnswerShape]


class QuestionRow(Shape):
    """A question in a list; actors by what they said of any of it. ``may_approve``: you may stand behind it."""

    id: str
    observables: list[str]
    why: str
    stand: str
    says: TextShape
    since_us: int
    asked_us: int
    asked_by: str
    approved_by: str | None
    approved_us: int | None
    ended_by: str | None
    until_us: int
    asked: int
    met: list[str]
    not_met: list[str]
    declined: list[str]
    silent: list[str]
    may_approve: bool
    may_end: bool


class QuestionWhole(Shape):
    """A question, actor by actor."""

    row: QuestionRow
    actors: list[ActorQuestion]


router = APIRouter(prefix="/questions", tags=["questions"])
"""Below ``/questions``."""


@router.get("", operation_id="questions")
def questions(
    context: Context, person: Annotated[Person, allow(Right.READ)], limit: Limit = 50, after: After = None
) -> Rows[QuestionRow]:
    """Questions, the latest first, with who met it, who did not, who declined and who is silent."""
    at = opened(after, int, str)
    views = context.desk.questions.every(limit + 1, None if at is None else (at[0], at[1]))
    shown = page(views, limit, lambda view: (view.question.asked_us, view.question.id))
    return Rows(items=[_row(context, view, person) for view in shown.items], next=shown.next)


@router.get("/{question_id}", operation_id="question")
def question(context: Context, person: Annotated[Person, allow(Right.READ)], question_id: Id) -> QuestionWhole:
    """One question: each actor's answer to each observable."""
    return _whole(context, question_id, person)


@router.post("", operation_id="ask_sector", status_code=201, description=acts.ask.__doc__)
def ask(context: Context, person: Annotated[Person, allow(acts.ask)], body: acts.Asking) -> QuestionWhole:
    return _whole(context, acts.ask(context.desk, person.name, body).id, person)


@router.post("/{question_id}/approve", operation_id="approve_question", description=acts.approve.__doc__)
def approve(context: Context, person: Annotated[Person, allow(acts.approve)], question_id: Id) -> QuestionWhole:
    return _whole(context, acts.approve(context.desk.questions, person.name, question_id).id, person)


@router.post("/{question_id}/end", operation_id="end_question", description=acts.end.__doc__)
def end(context: Context, person: Annotated[Person, allow(acts.end)], question_id: Id, body: Because) -> QuestionWhole:
    return _whole(context, acts.end(context.desk.questions, person.name, question_id, body.why).id, person)


def _row(context: SacContext, view: QuestionView, person: Person) -> QuestionRow:
    question = view.question
    answers = {state: _who(view, state) for state in ("met", "not_met", "declined")}
    stand = _stand(view, context.clock.now_us())
    two = context.file.centre.limits.questions_two_people
    other = not two or may_be_second(question.asked_by, person.name)
    return filled(
        QuestionRow,
        question,
        observables=[str(observable) for observable in question.observables],
        stand=stand,
        says=TextShape.of(STANDS[stand]),
        since_us=question.since_hour * HOUR_US,
        asked=len(view.actors),
        met=sorted(answers["met"]),
        not_met=sorted(answers["not_met"] - answers["met"]),
        declined=sorted(answers["declined"]),
        silent=[actor.actor for actor in view.actors if actor.unanswered],
        may_approve=stand == "waits" and other and person.may(acts.approve.right),
        may_end=stand in ("waits", "open") and person.may(acts.end.right),
    )


def _who(view: QuestionView, state: str) -> set[str]:
    return {one.actor for one in view.actors for answer in one.answers if answer.state == state}


def _stand(view: QuestionView, now_us: int) -> str:
    question = view.question
    if question.ended_us is not None:
        return "taken_back"
    if question.approved_us is None:
        return "waits" if now_us < question.until_us else "over"
    if not any(actor.unanswered for actor in view.actors):
        return "answered"
    return "open" if now_us < question.until_us else "over"


def _whole(context: SacContext, question_id: str, person: Person) -> QuestionWhole:
    with refusing(*acts.REFUSES):
        view = context.desk.questions.view(question_id)
    named = [str(one) for one in view.question.observables]
    return QuestionWhole(row=_row(context, view, person), actors=[_actor_question(one, named) for one in view.actors])


def _actor_question(actor: AtActor, named: list[str]) -> ActorQuestion:
    by_number = {answer.number: answer for answer in actor.answers}
    answers = []
    for number, name in enumerate(named):
        answer = by_number.get(number)
        answers.append(
            AnswerShape(
                observable=name,
                says=answer.state if answer else "silent" if actor.sent else "not_sent",
                count_bucket=answer.count_bucket if answer else 0,
                first_us=None if answer is None or answer.first_hour is None else answer.first_hour * HOUR_US,
                last_us=None if answer is None or answer.last_hour is None else answer.last_hour * HOUR_US,
                days=answer.days if answer else 0,
                received_us=answer.received_us if answer else None,
            )
        )
    return ActorQuestion(actor=actor.actor, sent=actor.sent, refused=actor.refused, answers=answers)
