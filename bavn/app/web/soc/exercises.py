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
from bavn.app.acts.node.here import centre_is_told
from bavn.app.node.case_parts import became_text
from bavn.app.web.frame import After, Limit, Person, Rows, TextShape, allow, cursor, opened
from bavn.app.web.soc.context import Context
from bavn.app.web.soc.shapes import REFUSALS, Done, Frozen, NodeName, Reads
from bavn.model.moment import MINUTE_US
from bavn.model.sector.exercise import CAMPAIGNS, MARK, STATES, STEPS, ActorStep, Campaign, ExerciseState, may_follow
from bavn.model.text import Text

Answers = Annotated[Person, allow(acts.answer)]
ExerciseId = Annotated[str, Path(pattern=r"^exercise-[0-9a-f]{16}$", description="exercise-...")]
_TOLD = Text("told to the centre")


class NodeExerciseStep(Frozen):
    """A step that was taken here, and whether the centre was told. ``by``: a person's name, policy (the node's rules
    decided) or lane: the sandbox beside the node in which an exercise is played."""

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
    context: Context, node: NodeName, person: Reads, limit: Limit = 100, after: After = None
) -> Rows[NodeExercise]:
    """Those in progress, then what is over, the last heard of first."""
    with context.node(node, person).asks() as rows:
        found, steps = exercises_of(rows(EXERCISES_SQL)), steps_of(rows(STEPS_SQL))
    kept = sorted(found, key=lambda exercise: exercise.over_us is not None)
    at = opened(after, int)
    begin = max(0, at[0]) if at else 0
    end = begin + limit
    items = [
        _shown(exercise, [step for step in steps if step.exercise_id == exercise.exercise_id])
        for exercise in kept[begin:end]
    ]
    return Rows(items=items, next=cursor(end) if end < len(kept) else None, total=len(kept))


@router.post("/{exercise}/{act}", operation_id="answerExercise", description=acts.answer.__doc__)
def answer(context: Context, node: NodeName, exercise: ExerciseId, act: acts.Way, person: Answers) -> Done:
    here = context.node(node, person)
    acts.answer(here, person.name, exercise, act)
    return Done.of(Text("It is over here.") if act == acts.QUIT else centre_is_told(here))


def _shown(exercise: KeptExercise, steps: Sequence[StepStatement]) -> NodeExercise:
    state = ExerciseState(exercise.state)
    return NodeExercise(
        id=exercise.exercise_id,
        mark=TextShape.of(MARK),
        state=state,
        says=TextShape.of(STATES[state]),
        heard_us=exercise.heard_us,
        over_us=exercise.over_us,
        plan=_plan(exercise.said) if exercise.said else None,
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
        acts=_acts(exercise, steps),
    )


def _acts(one: KeptExercise, steps: Sequence[StepStatement]) -> list[acts.Way]:
    if one.over_us is not None or not one.said:
        return []
    taken = frozenset(ActorStep(step.step) for step in steps if not step.rule)
    return [act for act, step in acts.STEP_OF.items() if may_follow(taken, step)] + [acts.QUIT]


def _plan(plan: dict[str, Any]) -> NodeExercisePlan:
    campaign = Campaign(plan["campaign"])
    return NodeExercisePlan(
        title=TextShape(en=plan["title_en"], da=plan["title_da"]),
        objectives=[TextShape(en=one["en"], da=one["da"]) for one in plan["objectives"]],
        begins_us=plan["begins_us"],
        ends_us=plan["ends_us"],
        turn_us=plan["begins_us"] + plan["after_minutes"] * MINUTE_US,
        campaign=campaign,
        campaign_says=TextShape.of(CAMPAIGNS[campaign]),
        element=plan["element"],
    )
