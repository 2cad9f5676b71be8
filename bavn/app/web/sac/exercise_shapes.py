"""What the SAC console's exercises answer with. Refuses to decide what is missing or comes next:
``exercise_report`` and ``exercise_plan`` say so, as for the commands.
"""

from typing import Final

from bavn.app.acts.centre import exercises as acts
from bavn.app.reports.exercise_plan import may_now, next_step
from bavn.app.reports.exercise_report import MOMENTS, missing, moments, step_us
from bavn.app.web.frame import Person, TextShape, filled
from bavn.app.web.sac.bodies import Shape
from bavn.centre.cases.exercises.exercises import AtActor, Exercise
from bavn.model.sector.exercise import (
    CAMPAIGNS,
    CYCLE,
    STATES,
    STEPS,
    ActorStep,
    Campaign,
    ExerciseAct,
    ExerciseState,
    element_of,
)

RIGHT_OF: Final = {act: acts.release.right if act is ExerciseAct.RELEASE else acts.step.right for act in ExerciseAct}


class ExercisePreview(Shape):
    """What a plan comes to: sentences of what will happen, and of what never will."""

    will: list[TextShape]
    never: list[TextShape]


class ExerciseStepShown(Shape):
    """A step that an actor took. ``at_us`` by its clock, ``heard_us`` by the centre's; ``detector`` of a suspicion."""

    step: ActorStep
    says: TextShape
    at_us: int
    heard_us: int
    detector: str

    def __str__(self) -> str:
        return f"{self.step.value} {self.at_us // 1_000_000}"


class ExerciseActor(Shape):
    """An actor in an exercise. Each moment is None until it came; ``refused``: the rule of gate 3 that kept it back;
    ``missing``: what it has not done."""

    actor: str
    campaign: Campaign
    campaign_says: TextShape
    after_minutes: int
    refused: str
    told_us: int | None
    injected_us: int | None
    suspected_us: int | None
    let_out_us: int | None
    seen_us: int | None
    blocked_us: int | None
    cleaned_us: int | None
    steps: list[ExerciseStepShown]
    missing: list[TextShape]


class ExerciseRow(Shape):
    """An exercise in a list, and how many of its actors have come how far. ``may``: the acts that are yours now."""

    id: str
    mark: str
    state: ExerciseState
    says: TextShape
    title: TextShape
    begins_us: int
    ends_us: int
    planned_by: str
    actors: int
    joined: int
    suspected: int
    seen: int
    blocked: int
    over_us: int | None
    may: list[ExerciseAct]


class MomentShown(Shape):
    """What happened at the centre, when and by whom; None until it did."""

    name: str
    says: TextShape
    at_us: int | None
    by: str


class ExerciseWhole(Shape):
    """One exercise. ``next``: what people at the centre do now; ``element``: the only name that it uses."""

    row: ExerciseRow
    objectives: list[TextShape]
    actors_min: int
    element: str
    next: TextShape
    over_why: str
    preview: ExercisePreview
    moments: list[MomentShown]
    actors: list[ExerciseActor]


def row_of(exercise: Exercise, person: Person) -> ExerciseRow:
    """Its line, for this person."""
    steps = [actor.steps_taken() for actor in exercise.actors]
    may = [
        act
        for state, act in CYCLE
        if state is exercise.state and person.may(RIGHT_OF[act]) and may_now(exercise, act, person.name)
    ]
    counted = {name: sum(ActorStep(name) in steps for steps in steps) for name in ("suspected", "seen", "blocked")}
    return filled(
        ExerciseRow,
        exercise,
        exercise.plan,
        mark="EXERCISE",
        says=TextShape.of(STATES[exercise.state]),
        title=TextShape.of(exercise.plan.title),
        planned_by=exercise.by.get("planned", ""),
        actors=len(steps),
        joined=sum(ActorStep.ALLOWED in steps for steps in steps),
        may=sorted(may),
        **counted,
    )


def whole_of(exercise: Exercise, person: Person, preview: ExercisePreview) -> ExerciseWhole:
    """All of it, for this person."""
    return ExerciseWhole(
        row=row_of(exercise, person),
        objectives=[TextShape.of(said) for said in exercise.plan.objectives],
        actors_min=exercise.plan.t,
        element=element_of(exercise.id).value,
        next=TextShape.of(next_step(exercise)),
        over_why=exercise.over_why,
        preview=preview,
        moments=[
            MomentShown(name=name, says=TextShape.of(MOMENTS[name]), at_us=at_us, by=exercise.by.get(name, ""))
            for name, at_us in moments(exercise).items()
        ],
        actors=[actor_of(exercise, each) for each in exercise.actors],
    )


def actor_of(exercise: Exercise, actor: AtActor) -> ExerciseActor:
    """How far an actor has come."""
    at = {step.step: step_us(exercise, step.second) for step in actor.steps}
    dated = {f"{step.name.lower()}_us": at.get(step) for step in ActorStep}
    steps = [
        filled(
            ExerciseStepShown,
            step,
            says=TextShape.of(STEPS[step.step]),
            at_us=at[step.step],
            heard_us=step.received_us,
            detector=step.detector or "",
        )
        for step in actor.steps
    ]
    return filled(
        ExerciseActor,
        actor,
        actor.role,
        campaign_says=TextShape.of(CAMPAIGNS[actor.role.campaign]),
        refused=actor.rule,
        steps=steps,
        missing=[TextShape.of(lack) for lack in missing(exercise, actor)],
        **{name: us for name, us in dated.items() if name in ExerciseActor.model_fields},
    )
