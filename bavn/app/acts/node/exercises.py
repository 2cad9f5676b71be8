"""What people here say of the sector's exercises: take part or not, seen, ended here.

Expect nothing to be sent: a step is left in the node's book, and the running node lets it out through gate 1.
"""

from typing import Final, Literal

from bavn.app.access.rights import Right
from bavn.app.acts.act import ActRefused, act
from bavn.app.acts.node.here import Here, not_sent
from bavn.app.node.case_parts import opened_cases
from bavn.model.sector.exercise import ActorStep
from bavn.model.text import Text

Way = Literal["allow", "decline", "seen", "quit"]
STEP_OF: Final[dict[Way, ActorStep]] = {
    "allow": ActorStep.ALLOWED,
    "decline": ActorStep.DECLINED,
    "seen": ActorStep.SEEN,
}
QUIT: Final[Way] = "quit"


@act(Right.SOC_TRIAGE)
def answer(here: Here, by: str, exercise_id: str, way: Way) -> None:
    """Take part or not, say that a person saw the suspicion, or end it here at once."""
    with opened_cases(here.file) as there:
        kept, mark = there.exercises, f"EXERCISE {exercise_id}"
        if kept.get(exercise_id) is None:
            raise ActRefused(404, "no-exercise", Text("This actor has heard of no such exercise."), aside=mark)
        if way == QUIT:
            if not kept.quit(exercise_id):
                raise ActRefused(409, "not-now", Text("It is over here already."), aside=mark)
        elif (refused := kept.answer(exercise_id, STEP_OF[way], by)) is not None:
            raise not_sent(refused, mark)
