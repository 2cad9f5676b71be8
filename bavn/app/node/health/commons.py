"""What is wrong with the daily commons round at a node: a centre whose answer cannot be true, rounds without an answer.

Refuses to know an element: it sees how far each day came.
"""

from collections.abc import Sequence
from itertools import takewhile
from typing import Final

from bavn.actor.door.rounds.commons_days import CommonsDay, DayState
from bavn.app.node.health.commons_words import date_of, state_text, wrong_text
from bavn.app.process.problem import Problem
from bavn.model.text import Text

MISSED_MAX: Final = 2
"""One day may fail: a node was switched off, or too few took part. So many in a row are said."""
_UNDER_WAY: Final = (DayState.OPENED, DayState.SENT)


def commons_problems(days: Sequence[CommonsDay]) -> list[Problem]:
    """``days``: the latest first."""
    over = [day for day in days if day.state not in _UNDER_WAY]
    if over and over[0].state == DayState.WRONG:
        text = Text("the commons round of {day}: {why}", day=date_of(over[0]), why=wrong_text(over[0]))
        return [Problem(code="commons_wrong", source="centre", text=text)]
    missed = list(takewhile(lambda day: day.state != DayState.ANSWERED, over))
    if len(missed) < MISSED_MAX:
        return []
    text = Text.counted(
        "{count:,} commons round ended without an answer, the last on {day}: {why}",
        "{count:,} commons rounds in a row ended without an answer, the last on {day}: {why}",
        len(missed),
        day=date_of(missed[0]),
        why=state_text(missed[0]),
    )
    return [Problem(code="commons_missed", source="centre", text=text)]
