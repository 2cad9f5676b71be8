"""What each actor owed by when, and when it did it: tasks, warnings, questions. Refuses to count or to compare."""

import json
from collections.abc import Iterable

from sqlalchemy import Connection, select

from bavn.centre.cases.case.work_tables import TASK
from bavn.centre.cases.questions import ANSWER, QUESTION, TO
from bavn.centre.cases.warnings.tables import WARNED, WARNING
from bavn.model.moment import HOUR_US
from bavn.model.sector.sector_warning import WarningState
from bavn.model.sector.work import TaskState

Due = tuple[str, int, int | None]
"""An actor, when something was due, when it was done (us)."""


def of_tasks(connection: Connection, before_us: int) -> Iterable[Due]:
    """The three deadlines of every task that was given before then and not taken back."""
    asked = select(TASK).where(TASK.c.state != TaskState.CANCELLED.value, TASK.c.given_us < before_us)
    for row in connection.execute(asked):
        last = {TaskState.NOT_APPLICABLE.value: row.judged_us}.get(row.state, row.done_us)
        for hours, met_us in (
            (row.acknowledge_hours, row.acknowledged_us),
            (row.applies_hours, row.judged_us),
            (row.done_hours, last),
        ):
            yield row.actor, row.given_us + hours * HOUR_US, met_us


def of_warnings(connection: Connection) -> Iterable[Due]:
    """When each warning that was sent was to be acknowledged by whoever was told of it."""
    query = (
        select(WARNED.c.actor, WARNING.c.acknowledge_us, WARNED.c.acknowledged_us)
        .join(WARNING, WARNING.c.id == WARNED.c.warning_id)
        .where(WARNING.c.state.in_((WarningState.SENT.value, WarningState.ENDED.value)))
        .where(WARNED.c.told_us.is_not(None), WARNING.c.acknowledge_us.is_not(None))
    )
    for row in connection.execute(query):
        yield row.actor, row.acknowledge_us, row.acknowledged_us


def of_questions(connection: Connection, since_us: int, before_us: int) -> Iterable[Due]:
    """Of questions asked in that time: answered when the last of its observables was, met, not met or declined."""
    query = (
        select(QUESTION)
        .where(QUESTION.c.asked_us >= since_us, QUESTION.c.asked_us < before_us, QUESTION.c.ended_us.is_(None))
        .where(QUESTION.c.about.is_(None))
    )
    for row in connection.execute(query).all():
        body = json.loads(row.body)
        answers: dict[str, list[int]] = {}
        mine = select(ANSWER.c.actor, ANSWER.c.received_us).where(ANSWER.c.question_id == row.id)
        for actor, at_us in connection.execute(mine):
            answers.setdefault(actor, []).append(at_us)
        sent = select(TO.c.actor).where(TO.c.question_id == row.id, TO.c.sent)
        for actor in connection.scalars(sent):
            said = answers.get(actor, [])
            yield actor, body["until_us"], max(said) if len(said) >= len(body["observables"]) else None
