"""The SAC console's exercises: planned with a preview, started, confirmed, released, ended and stopped by people; how
far each actor has come; the after-action report, shown and as a file.

Refuses to tell the actors by itself: the running centre does, by gate 3.
"""

from typing import Annotated, Final, Literal

from fastapi import APIRouter, Path, Query
from fastapi.responses import Response
from pydantic import Field

from bavn.app.access.rights import Right
from bavn.app.acts.act import Kind
from bavn.app.centre.publish_parts import rendered_apart
from bavn.app.reports.exercise_plan import NoSuchActor, preview, role
from bavn.app.reports.exercise_report import json_file, judgements, report
from bavn.app.reports.page import DocumentStatus
from bavn.app.web.frame import After, Limit, Person, Rows, TextShape, allow, opened, page
from bavn.app.web.sac.bodies import Because
from bavn.app.web.sac.context import SacContext
from bavn.app.web.sac.exercise_shapes import (
    ExerciseActor,
    ExerciseBody,
    ExercisePreview,
    ExerciseRow,
    ExerciseWhole,
    actor_of,
    row_of,
    whole_of,
)
from bavn.app.web.sac.filing import Filed, Spoken, filed, installed
from bavn.app.web.sac.publish_shapes import DocumentShown, document_shown
from bavn.app.web.sac.refusals.answers import told
from bavn.centre.cases.exercises.exercises import Exercise, Exercises, UnknownExercise
from bavn.model.moment import HOUR_US
from bavn.model.sector.exercise import OBJECTIVES_MAX, ExerciseState, NoSuchStep, Plan
from bavn.model.text import Text

REFUSALS: Final[tuple[Kind, ...]] = (
    (UnknownExercise, 404, "unknown-exercise", "you"),
    (NoSuchActor, 422, "unknown-actor", "you"),
    (NoSuchStep, 409, "not-now", "you"),
)
Id = Annotated[str, Path(pattern=r"^exercise-[0-9a-f]{16}$")]
Judged = Annotated[
    list[Annotated[str, Field(max_length=16)]],
    Query(
        max_length=OBJECTIVES_MAX, description="NUMBER:met, :partly or :missed of an objective; yours, kept nowhere."
    ),
]
Reader = Annotated[Person, allow(Right.READ)]
Triager = Annotated[Person, allow(Right.TRIAGE)]


def routes(house: SacContext) -> APIRouter:
    """Below ``/exercises``."""
    router = APIRouter(prefix="/exercises", tags=["exercises"])
    _reads(router, house)
    _acts(router, house)
    return router


def _reads(router: APIRouter, house: SacContext) -> None:
    @router.get("", operation_id="exercises")
    def exercises(
        person: Reader, state: ExerciseState | None = None, limit: Limit = 50, after: After = None
    ) -> Rows[ExerciseRow]:
        """The latest first."""
        at = opened(after, int, str)
        found = _kept(house).every(limit + 1, state=state, after=None if at is None else (at[0], at[1]))
        shown = page(found, limit, lambda one: (one.planned_us, one.id))
        return Rows(items=[row_of(one, person) for one in shown.items], next=shown.next)

    @router.get("/{exercise_id}", operation_id="exercise")
    def exercise(person: Reader, exercise_id: Id) -> ExerciseWhole:
        """One, with how far each actor has come and what is missing."""
        with told(*REFUSALS):
            return _whole(_kept(house).get(exercise_id), person)

    @router.get("/{exercise_id}/actors", operation_id="exercise_actors")
    def actors(_: Reader, exercise_id: Id) -> Rows[ExerciseActor]:
        """Who has seen what, when, and what is missing."""
        with told(*REFUSALS):
            found = _kept(house).get(exercise_id)
        return Rows(items=[actor_of(found, one) for one in found.actors], total=len(found.actors))

    @router.get("/{exercise_id}/report", operation_id="exercise_report")
    def reported(person: Reader, exercise_id: Id, judged: Judged = []) -> DocumentShown:  # noqa: B006  never changed
        """The after-action report as it stands, with what you hold of its objectives."""
        with told(*REFUSALS):
            found = _kept(house).get(exercise_id)
            held = judgements(judged, len(found.plan.objectives))
        return document_shown(report(found, house.sector, house.clock.now_us(), held, person.name))

    @router.get("/{exercise_id}/report/file", operation_id="exercise_report_file", response_class=Response)
    def report_file(
        person: Reader,
        exercise_id: Id,
        form: Filed = "pdf",
        language: Spoken = "en",
        judged: Judged = [],  # noqa: B006  never changed
    ) -> Response:
        """The same as a file."""
        with installed(), told(*REFUSALS):
            found = _kept(house).get(exercise_id)
            held = judgements(judged, len(found.plan.objectives))
            if form == "json":
                content = json_file(found, held, person.name)
            else:
                document = report(found, house.sector, house.clock.now_us(), held, person.name)
                content = rendered_apart(document, form, language, DocumentStatus())
        return filed(content, f"{exercise_id}-report", form, language)


def _acts(router: APIRouter, house: SacContext) -> None:
    @router.post("/preview", operation_id="preview_exercise")
    def look(_: Triager, body: ExerciseBody) -> ExercisePreview:
        """What a plan comes to, in words. Nothing is kept."""
        with told(*REFUSALS):
            return _preview(_plan(house, body))

    @router.post("", operation_id="plan_exercise", status_code=201)
    def plan(person: Triager, body: ExerciseBody) -> ExerciseWhole:
        """Plan an exercise; nobody is told yet."""
        with told(*REFUSALS):
            return _whole(_kept(house).plan(_plan(house, body), person.name), person)

    @router.post("/{exercise_id}/release", operation_id="release_exercise")
    def release(person: Annotated[Person, allow(Right.APPROVE)], exercise_id: Id) -> ExerciseWhole:
        """Let the exercise's indicator out, as somebody else than who confirmed the case."""
        with told(*REFUSALS):
            return _whole(_kept(house).release(exercise_id, person.name), person)

    @router.post("/{exercise_id}/{act}", operation_id="act_on_exercise")
    def act(person: Triager, exercise_id: Id, act: Literal["start", "confirm"]) -> ExerciseWhole:
        """Tell the actors of it, or call its lead a case."""
        kept = _kept(house)
        with told(*REFUSALS):
            return _whole({"start": kept.start, "confirm": kept.confirm}[act](exercise_id, person.name), person)

    @router.post("/{exercise_id}/over/{act}", operation_id="end_exercise")
    def over(person: Triager, exercise_id: Id, act: Literal["end", "stop"], body: Because) -> ExerciseWhole:
        """End it as planned, or stop it at once at all nodes."""
        kept = _kept(house)
        with told(*REFUSALS):
            return _whole({"end": kept.end, "stop": kept.stop}[act](exercise_id, person.name, body.why), person)


def _kept(house: SacContext) -> Exercises:
    return Exercises(house.registry.engine, house.clock)


def _plan(house: SacContext, body: ExerciseBody) -> Plan:
    """What was asked for, of active actors. Raises NoSuchActor, BadExercise."""
    active = {actor.name for actor in house.registry.members()[1]}
    begins_us = house.clock.now_us() if body.begins_us is None else body.begins_us
    return Plan(
        title=Text.written(body.title_en.strip(), da=body.title_da.strip()),
        objectives=tuple(Text.written(one.en.strip(), da=one.da.strip()) for one in body.objectives),
        roles=tuple(role(one.actor, one.campaign, one.after_minutes, active) for one in body.roles),
        begins_us=begins_us,
        ends_us=begins_us + body.hours * HOUR_US,
        t=body.actors_min,
    )


def _preview(plan: Plan) -> ExercisePreview:
    made = preview(plan)
    return ExercisePreview(
        will=[TextShape.of(one) for one in made.will], never=[TextShape.of(one) for one in made.never]
    )


def _whole(one: Exercise, person: Person) -> ExerciseWhole:
    return whole_of(one, person, _preview(one.plan))
