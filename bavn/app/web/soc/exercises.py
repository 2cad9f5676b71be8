"""The sector's exercises at this actor: what is being played, how far it is here, and what a person here may say of it.

What is over and told was wiped: its outcome is all that is left. Nothing is sent here: a step is left in the node's
book, and the running node lets it out through gate 1. Rights: soc:read, soc:triage.
"""

from collections.abc import Sequence
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Path

from bavn.actor.door.conversations.exercises import (
    EXERCISES_SQL,
    STEPS_SQL,
    KeptExercise,
    StepStatement,
    exercises_of,
    steps_of,
)
from bavn.app.node.case_parts import opened_cases, rule_text
from bavn.app.web.frame import After, Limit, Rows, TextShape, Trouble, cursor, opened
from bavn.app.web.soc.context import House
from bavn.app.web.soc.errors import answered
from bavn.app.web.soc.shapes import REFUSALS, Done, Frozen, NodeName, Reads, Triages
from bavn.model.moment import MINUTE_US
from bavn.model.sector.exercise import CAMPAIGNS, MARK, STATES, STEPS, ActorStep, Campaign, ExerciseState, may_follow
from bavn.model.text import Text

ExerciseId = Annotated[str, Path(pattern=r"^exercise-[0-9a-f]{16}$", description="exercise-...")]
Act = Literal["allow", "decline", "seen", "quit"]
STEP_OF: Final[dict[Act, ActorStep]] = {
    "allow": ActorStep.ALLOWED,
    "decline": ActorStep.DECLINED,
    "seen": ActorStep.SEEN,
}
QUIT: Final[Act] = "quit"
_WAITS = Text("waits for the running node")
_TOLD = Text("told to the centre")
_NONE = Text("This actor has heard of no such exercise.")
_OVER = Text("It is over here already.")


class NodeExerciseStep(Frozen):
    """A step that was taken here, by a person, the policy or the lane, and whether the centre was told."""

    step: ActorStep
    says: TextShape
    at_us: int
    by: str
    detector: str
    became: TextShape


class NodeExercise(Frozen):
    """An exercise as this actor last heard of it. ``plan`` is wiped, so None, when it is over and told; ``acts``: what
    a person here may say now; ``over_us``: since when it is over here."""

    id: str
    mark: TextShape
    state: ExerciseState
    says: TextShape
    heard_us: int
    over_us: int | None
    plan: "NodeExercisePlan | None"
    steps: list[NodeExerciseStep]
    acts: list[Act]


class NodeExercisePlan(Frozen):
    """What is played here. ``turn_us``: from when; ``element``: the only name that it uses."""

    title: TextShape
    objectives: list[TextShape]
    begins_us: int
    ends_us: int
    turn_us: int
    campaign: Campaign
    campaign_says: TextShape
    element: str


router = APIRouter(prefix="/nodes/{node}/exercises", tags=["exercises"], responses=REFUSALS)
"""Exercises at an actor."""


@router.get("", operation_id="nodeExercises")
def exercises(
    house: House, node: NodeName, person: Reads, limit: Limit = 100, after: After = None
) -> Rows[NodeExercise]:
    """Those in progress, then what is over, the last heard of first."""
    with house.node(node, person).asks() as rows:
        found, steps = exercises_of(rows(EXERCISES_SQL)), steps_of(rows(STEPS_SQL))
    kept = sorted(found, key=lambda one: one.over_us is not None)
    at = opened(after, int)
    begin = max(0, at[0]) if at else 0
    end = begin + limit
    items = [_shown(one, [step for step in steps if step.exercise_id == one.exercise_id]) for one in kept[begin:end]]
    return Rows(items=items, next=cursor(end) if end < len(kept) else None, total=len(kept))


@router.post("/{exercise}/{act}", operation_id="answerExercise")
def answer(house: House, node: NodeName, exercise: ExerciseId, act: Act, person: Triages) -> Done:
    """Take part or not, say that a person saw the suspicion, or end it here at once."""
    here = house.node(node, person)
    with answered(), opened_cases(here.file) as there:
        kept = there.exercises
        if kept.get(exercise) is None:
            raise Trouble(404, "no-exercise", _NONE)
        if act == QUIT:
            if not kept.quit(exercise):
                raise Trouble(409, "not-now", _OVER)
            return Done.of(Text("It is over here."))
        refused = kept.answer(exercise, STEP_OF[act], person.name)
    if refused is not None:
        raise Trouble(409, "not-sent", rule_text(refused.rule))
    return Done.of(Text("The running node tells it."))


def _shown(one: KeptExercise, steps: Sequence[StepStatement]) -> NodeExercise:
    state = ExerciseState(one.state)
    return NodeExercise(
        id=one.exercise_id,
        mark=TextShape.of(MARK),
        state=state,
        says=TextShape.of(STATES[state]),
        heard_us=one.heard_us,
        over_us=one.over_us,
        plan=_plan(one.said) if one.said else None,
        steps=[
            NodeExerciseStep(
                step=ActorStep(step.step),
                says=TextShape.of(STEPS[ActorStep(step.step)]),
                at_us=step.at_us,
                by=step.by,
                detector=step.detector or "",
                became=TextShape.of(_WAITS if step.told_us is None else rule_text(step.rule) if step.rule else _TOLD),
            )
            for step in steps
        ],
        acts=_acts(one, steps),
    )


def _acts(one: KeptExercise, steps: Sequence[StepStatement]) -> list[Act]:
    if one.over_us is not None or not one.said:
        return []
    taken = frozenset(ActorStep(step.step) for step in steps if not step.rule)
    return [act for act, step in STEP_OF.items() if may_follow(taken, step)] + [QUIT]


def _plan(said: dict[str, Any]) -> NodeExercisePlan:
    campaign = Campaign(said["campaign"])
    return NodeExercisePlan(
        title=TextShape(en=said["title_en"], da=said["title_da"]),
        objectives=[TextShape(en=one["en"], da=one["da"]) for one in said["objectives"]],
        begins_us=said["begins_us"],
        ends_us=said["ends_us"],
        turn_us=said["begins_us"] + said["after_minutes"] * MINUTE_US,
        campaign=campaign,
        campaign_says=TextShape.of(CAMPAIGNS[campaign]),
        element=said["element"],
    )
