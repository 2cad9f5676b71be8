"""Which proposals actors met: what they answered to questions, sightings of released indicators, and own reports.

Refuses to count how often.
"""

from sqlalchemy import Engine

from bavn.centre.books.leads import reports_of
from bavn.centre.cases.intelligence.proposals import proposed
from bavn.centre.cases.questions import met_answers
from bavn.centre.share.deliveries import sightings_of
from bavn.centre.store.engine import reading
from bavn.model.observable import Observable

Hit = tuple[Observable, str, str, int]


def met(engine: Engine) -> list[Hit]:
    """(observable, actor, how, first hour) of every proposal that an actor met."""
    with reading(engine) as connection:
        return [
            (observable, actor, how, hour)
            for how, hits in (
                ("report", reports_of(connection, proposed())),
                ("sighting", sightings_of(connection, proposed())),
                ("question", met_answers(connection)),
            )
            for observable, actor, hour in hits
        ]
