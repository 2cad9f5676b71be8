"""Gate 3, the rules for an exercise: a person started it, for this actor; it names nobody else and nothing but its own
reserved name.

Refuses to know how far an exercise has come.
"""

from dataclasses import dataclass

from bavn.centre.share.case_rules import plainly
from bavn.model.outcome import Refused
from bavn.model.sector.exercise import EXERCISE_ID, ExerciseState
from bavn.model.statement import Exercising


@dataclass(frozen=True, slots=True, kw_only=True)
class ExerciseGrounds:
    """Why an exercise may be told to one actor: what stays at the centre. ``by``: who started it; ``others``: names of
    all other actors."""

    by: str
    others: tuple[str, ...]


def exercise_for(statement: Exercising, grounds: ExerciseGrounds) -> Refused | None:
    """A person started it, and this actor has a part in it; its id tells nothing."""
    if not grounds.by or not EXERCISE_ID.fullmatch(statement.exercise_id) or statement.version < 1:
        return Refused("exercise_for", "nobody started it, or its id could tell something")
    if statement.state is ExerciseState.PLANNED:
        return Refused("exercise_for", "what is only planned goes to nobody")
    mine = statement.role.actor == statement.to and statement.role in statement.plan.roles
    return None if mine else Refused("exercise_for", "this actor has no part in it")


def exercise_names(said: Exercising, grounds: ExerciseGrounds) -> Refused | None:
    """No other actor's name stands in it."""
    texts = [said.plan.title, *said.plan.objectives]
    for text in (words for one in texts for words in (one.en, one.da)):
        plain = f"-{plainly(text)}-"
        if any(f"-{plainly(name)}-" in plain for name in grounds.others):
            return Refused("exercise_names", "it names another actor")
    return None
