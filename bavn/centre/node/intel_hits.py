"""Which proposals actors met: what they answered to questions, sightings of released indicators, and own reports.

Refuses to count how often: a source is useful by what was there at all.
"""

import json
from collections.abc import Iterator

from sqlalchemy import Engine, and_, func, select

from bavn.centre.books.tables import SIGNS
from bavn.centre.cases.intelligence.tables import PROPOSAL
from bavn.centre.cases.questions import ANSWER, QUESTION
from bavn.centre.share.tables import INDICATOR, OBSERVED
from bavn.centre.store.engine import reading
from bavn.model.moment import hour_of
from bavn.model.observable import Observable, ObservableType

Hit = tuple[Observable, str, str, int]


def met(engine: Engine) -> list[Hit]:
    """(observable, actor, how, first hour) of every proposal that an actor met."""
    with reading(engine) as connection:
        asked = (
            select(SIGNS.c.type, SIGNS.c.value, SIGNS.c.actor, func.min(SIGNS.c.received_us).label("us"))
            .join(PROPOSAL, and_(PROPOSAL.c.type == SIGNS.c.type, PROPOSAL.c.value == SIGNS.c.value))
            .group_by(SIGNS.c.type, SIGNS.c.value, SIGNS.c.actor)
        )
        hits = [(_named(row), str(row.actor), "report", hour_of(row.us)) for row in connection.execute(asked)]
        seen = (
            select(INDICATOR.c.type, INDICATOR.c.value, OBSERVED.c.actor, OBSERVED.c.first_hour)
            .join(OBSERVED, OBSERVED.c.indicator_id == INDICATOR.c.id)
            .join(PROPOSAL, and_(PROPOSAL.c.type == INDICATOR.c.type, PROPOSAL.c.value == INDICATOR.c.value))
            .where(OBSERVED.c.count_bucket > 0)
        )
        hits += [(_named(row), row.actor, "sighting", row.first_hour or 0) for row in connection.execute(seen)]
        answers = (
            select(QUESTION.c.body, ANSWER.c.number, ANSWER.c.actor, ANSWER.c.first_hour)
            .join(ANSWER, ANSWER.c.question_id == QUESTION.c.id)
            .where(ANSWER.c.state == "met")
        )
        hits += list(_answered(connection.execute(answers)))
    return hits


def _answered(rows: object) -> Iterator[Hit]:
    for body, number, actor, first_hour in rows:  # type: ignore[attr-defined]
        named = json.loads(body)["observables"]
        if 0 <= number < len(named):
            kind, value = named[number]
            yield Observable.trusted(ObservableType(kind), value), actor, "question", first_hour or 0


def _named(row: object) -> Observable:
    return Observable.trusted(ObservableType(row.type), row.value)  # type: ignore[attr-defined]
