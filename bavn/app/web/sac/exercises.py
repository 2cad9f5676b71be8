"""The SAC console's exercises: planned with a preview, started, confirmed, released, ended and stopped by people; how
far each actor has come; the after-action report, shown and as a file.

Refuses to tell the actors by itself: the running centre does, by gate 3.
"""

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query
from fastapi.responses import Response
from pydantic import Field

from bavn.app.access.rights import Right
from bavn.app.acts.act import refusing
from bavn.app.acts.centre import exercises as acts
from bavn.app.centre.publish_parts import rendered_apart
from bavn.app.reports.exercise_plan import preview
from bavn.app.reports.page import DocumentStatus
from bavn.app.web.frame import After, Limit, Person, Rows, TextShape, allow, opened, page
from bavn.app.web.sac.bodies import Because
from bavn.app.web.sac.context import Context, SacContext
from bavn.app.web.sac.exercise_shapes import (
    ExerciseActor,
    ExercisePreview,
    ExerciseRow,
    ExerciseWhole,
    actor_of,
    row_of,
    whole_of,
)
from bavn.app.web.sac.filing import Filed, Spoken, filed, installed
from bavn.app.web.sac.publish_shapes import DocumentShown, document_shown
from bavn.centre.cases.exercises.exercises import Exercise, Exercises
from bavn.model.sector.exercise import OBJECTIVES_MAX, ExerciseState, Plan

Id = Annotated[str, Path(pattern=r"^exercise-[0-9a-f]{16}$")]
Judged = Annotated[
    list[Annotated[str, Field(max_length=16)]],
    Query(
        max_length=OBJECTIVES_MAX, description="NUMBER:met, :partly or :missed of an objective; yours, kept nowhere."
    ),
]
Reader = Annotated[Person, allow(Right.READ)]
ReportReader = Annotated[Person, allow(acts.report)]


router = APIRouter(prefix="/exercises", tags=["exercises"])
"""Below ``/exercises``."""


@router.get("", operation_id="exercises")
def exercises(
    context: Context, person: Reader, state: ExerciseState | None = None, limit: Limit = 50, after: After = None
) -> Rows[ExerciseRow]:
    """The latest first."""
    at = opened(after, int, str)
    found = _kept(context).every(limit + 1, state=state, after=None if at is None else (at[0], at[1]))
    shown = page(found, limit, lambda one: (one.planned_us, one.id))
    return Rows(items=[row_of(one, person) for one in shown.items], next=shown.next)


@router.get("/{exercise_id}", operation_id="exercise")
def exercise(context: Context, person: Reader, exercise_id: Id) -> ExerciseWhole:
    """One, with how far each actor has come and what is missing."""
    with refusing(*acts.REFUSES):
        return _whole(_kept(context).get(exercise_id), person)


@router.get("/{exercise_id}/actors", operation_id="exercise_actors")
def actors(context: Context, _: Reader, exercise_id: Id) -> Rows[ExerciseActor]:
    """Who has seen what, when, and what is missing."""
    with refusing(*acts.REFUSES):
        found = _kept(context).get(exercise_id)
    return Rows(items=[actor_of(found, one) for one in found.actors], total=len(found.actors))


@router.get("/{exercise_id}/report", operation_id="exercise_report")
def reported(context: Context, person: ReportReader, exercise_id: Id, judged: Judged = []) -> DocumentShown:  # noqa: B006  never changed
    """The after-action report as it stands, with what you hold of its objectives."""
    return document_shown(_report(context, person, exercise_id, judged).document)


@router.get("/{exercise_id}/report/file", operation_id="exercise_report_file", response_class=Response)
def report_file(
    context: Context,
    person: ReportReader,
    exercise_id: Id,
    form: Filed = "pdf",
    language: Spoken = "en",
    judged: Judged = [],  # noqa: B006  never changed
) -> Response:
    """The same as a file."""
    after_action = _report(context, person, exercise_id, judged)
    with installed():
        content = (
            after_action.json_file()
            if form == "json"
            else rendered_apart(after_action.document, form, language, DocumentStatus())
        )
    return filed(content, f"{exercise_id}-report", form, language)


def _report(context: SacContext, person: ReportReader, exercise_id: str, judged: list[str]) -> acts.AfterAction:
    return acts.report(_kept(context), person.name, exercise_id, judged, context.sector, context.clock.now_us())


@router.post("/preview", operation_id="preview_exercise")
def look(context: Context, _: Annotated[Person, allow(acts.plan)], body: acts.ExerciseBody) -> ExercisePreview:
    """What a plan comes to, in words. Nothing is kept."""
    with refusing(*acts.REFUSES):
        return _preview(acts.plan_of(body, _active(context), context.clock.now_us()))


@router.post("", operation_id="plan_exercise", status_code=201, description=acts.plan.__doc__)
def plan(context: Context, person: Annotated[Person, allow(acts.plan)], body: acts.ExerciseBody) -> ExerciseWhole:
    planned = acts.plan(_kept(context), person.name, body, _active(context), context.clock.now_us())
    return _whole(planned, person)


@router.post("/{exercise_id}/release", operation_id="release_exercise", description=acts.release.__doc__)
def release(context: Context, person: Annotated[Person, allow(acts.release)], exercise_id: Id) -> ExerciseWhole:
    return _whole(acts.release(_kept(context), person.name, exercise_id), person)


@router.post("/{exercise_id}/{act}", operation_id="act_on_exercise")
def act(
    context: Context, person: Annotated[Person, allow(acts.step)], exercise_id: Id, act: Literal["start", "confirm"]
) -> ExerciseWhole:
    """Tell the actors of it, or call its lead a case."""
    return _whole(acts.step(_kept(context), person.name, exercise_id, act), person)


@router.post("/{exercise_id}/over/{act}", operation_id="end_exercise")
def over(
    context: Context,
    person: Annotated[Person, allow(acts.step)],
    exercise_id: Id,
    act: Literal["end", "stop"],
    body: Because,
) -> ExerciseWhole:
    """End it as planned, or stop it at once at all nodes."""
    return _whole(acts.step(_kept(context), person.name, exercise_id, act, body.why), person)


def _kept(context: SacContext) -> Exercises:
    return Exercises(context.registry.engine, context.clock)


def _active(context: SacContext) -> list[str]:
    return [actor.name for actor in context.registry.members()[1]]


def _preview(plan: Plan) -> ExercisePreview:
    made = preview(plan)
    return ExercisePreview(
        will=[TextShape.of(one) for one in made.will], never=[TextShape.of(one) for one in made.never]
    )


def _whole(one: Exercise, person: Person) -> ExerciseWhole:
    return whole_of(one, person, _preview(one.plan))
