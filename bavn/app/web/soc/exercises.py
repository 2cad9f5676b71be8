"""The sector's exercises at this actor: what is being played, how far it is here, and what a person here may say of it.

What is over and told was wiped: its outcome is all that is left. Nothing is sent here: a step is left in the node's
book, and the running node lets it out through gate 1. Rights: soc:read, soc:triage.
"""

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Path

from bavn.actor.door.conversations.exercises import (
    EXERCISES_SQL,
    STEPS_SQL,
    KeptExercise,
    StepStatement,
    exercises_of,
    steps_of,
)
from bavn.app.acts.node import exercises as acts
from bavn.app.node.case_parts import became_text
from bavn.app.web.frame import After, Limit, Person, Rows, TextShape, allow, cursor, opened
from bavn.app.web.soc.context import House
from bavn.app.web.soc.shapes import REFUSALS, Done, Frozen, NodeName, Reads
from bavn.model.moment import MINUTE_US
from bavn.model.sector.exercise import CAMPAIGNS, MARK, STATES, STEPS, ActorStep, Campaign, ExerciseState, may_follow
from bavn.model.text import Text

Answers = Annotated[Person, allow(acts.answer)]
ExerciseId = Annotated[str, Path(pattern=r"^exercise-[0-9a-f]{16}$", description="exercise-...")]
_TOLD = Text("told to the centre")


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
    acts: list[acts.Way]


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


@router.post("/{exercise}/{act}", operation_id="answerExercise", description=acts.answer.__doc__)
def answer(house: House, node: NodeName, exercise: ExerciseId, act: acts.Way, person: Answers) -> Done:
    acts.answer(house.node(node, person), person.name, exercise, act)
    return Done.of(Text("It is over here.") if act == acts.QUIT else Text("The running node tells it."))


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
                became=TextShape.of(became_text(step, _TOLD)),
            )
            for step in steps
        ],
        acts=_acts(one, steps),
    )


def _acts(one: KeptExercise, steps: Sequence[StepStatement]) -> list[acts.Way]:
    if one.over_us is not None or not one.said:
        return []
    taken = frozenset(ActorStep(step.step) for step in steps if not step.rule)
    return [act for act, step in acts.STEP_OF.items() if may_follow(taken, step)] + [acts.QUIT]


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
