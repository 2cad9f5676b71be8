"""Exercises carried to gate 3, and actors' steps carried back to cases. One step of the centre's node.

Refuses to decide what is played (cases.exercises) and what may leave (share).
"""

from dataclasses import dataclass

from bavn.centre.cases.exercises.exercises import Exercises, Owed
from bavn.centre.node.actor_post import ActorPost
from bavn.centre.share.exercise_rules import ExerciseGrounds
from bavn.model.received import ExerciseStatement
from bavn.model.statement import Exercising


@dataclass(slots=True, kw_only=True)
class ExercisePost(ActorPost):
    """``exercises`` is handed to gate 2 as well."""

    exercises: Exercises

    def step(self) -> None:
        """Queues what is owed. Raises GateBroken."""
        self.exercises.step()
        self.tell(
            "exercise to an actor",
            self.exercises.owed(self.members()),
            _exercising,
            lambda one, others: ExerciseGrounds(by=one.by, others=others),
            self.exercises.done,
        )

    def heard(self, said: ExerciseStatement) -> None:
        """How far an actor has come."""
        self.exercises.take_in(said)


def _exercising(owed: Owed) -> Exercising:
    exercise = owed.exercise
    return Exercising(
        to=owed.to,
        exercise_id=exercise.id,
        version=exercise.version,
        state=exercise.state,
        plan=exercise.plan,
        role=owed.role,
    )
