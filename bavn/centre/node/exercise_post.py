"""Exercises carried to gate 3, and actors' steps carried back to cases. One step of the centre's node.

Refuses to decide what is played (cases.exercises) and what may leave (share).
"""

from dataclasses import dataclass

from bavn.centre.cases.exercises.exercises import Exercises, Owed
from bavn.centre.members.registry import Registry
from bavn.centre.node.contained import Containment
from bavn.centre.share.exercise_rules import ExerciseGrounds
from bavn.centre.share.rules import LATER
from bavn.centre.share.share import Share
from bavn.model.moment import MINUTE_US
from bavn.model.ports import Clock
from bavn.model.received import ExerciseStatement
from bavn.model.statement import Exercising

AGAIN_US = MINUTE_US


@dataclass(slots=True)
class ExercisePost:
    """Between cases, members and share. ``exercises`` is handed to gate 2 as well."""

    exercises: Exercises
    share: Share
    registry: Registry
    clock: Clock
    contained: Containment

    def step(self) -> None:
        """Queues what is owed. Raises GateBroken."""
        self.exercises.step()
        owed = self.exercises.owed([actor.name for actor in self.registry.members()[1]])
        names = [actor.name for actor in self.registry.actors()] if owed else []

        def tell(one: Owed) -> None:
            grounds = ExerciseGrounds(by=one.by, others=tuple(name for name in names if name != one.to))
            said = Exercising(
                to=one.to,
                exercise_id=one.exercise.id,
                version=one.exercise.version,
                state=one.exercise.state,
                plan=one.exercise.plan,
                role=one.role,
            )
            refused = self.share.say(said, exercise=grounds)
            again = refused is not None and refused.rule in LATER
            self.exercises.done(one, refused.rule if refused else "", self.clock.now_us() + AGAIN_US if again else None)

        self.contained.each("exercise to an actor", owed, tell)

    def heard(self, said: ExerciseStatement) -> None:
        """How far an actor has come."""
        self.exercises.take_in(said)
