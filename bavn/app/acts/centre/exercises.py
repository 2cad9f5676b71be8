"""Exercises of the sector: planned, started, confirmed, released, ended and stopped by people.

Refuses to tell the actors by itself: the running centre does, by gate 3.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Final, Literal

from pydantic import Field

from bavn.app.access.rights import Right
from bavn.app.acts.act import Input, Kind, Name, act
from bavn.app.acts.centre.refusals import KINDS
from bavn.app.reports import exercise_report
from bavn.app.reports.exercise_plan import NoSuchActor, role
from bavn.centre.cases.exercises.exercises import Exercise, Exercises, UnknownExercise
from bavn.centre.publish.document import Document
from bavn.model.moment import HOUR_US
from bavn.model.sector.exercise import (
    ACTORS_MAX,
    HOURS_MAX,
    MINUTES_MAX,
    OBJECTIVE_CHARS_MAX,
    OBJECTIVES_MAX,
    TITLE_CHARS_MAX,
    Campaign,
    NoSuchStep,
    Plan,
)
from bavn.model.text import Text

REFUSES: Final[tuple[Kind, ...]] = (
    (UnknownExercise, 404, "unknown-exercise", "you"),
    (NoSuchActor, 422, "unknown-actor", "you"),
    (NoSuchStep, 409, "not-now", "you"),
    *KINDS,
)
Title = Annotated[str, Field(min_length=1, max_length=TITLE_CHARS_MAX)]
Aim = Annotated[str, Field(min_length=1, max_length=OBJECTIVE_CHARS_MAX)]


class ObjectiveBody(Input):
    """What is to be learnt, in both languages."""

    en: Aim
    da: Aim


class RoleBody(Input):
    """What is played at an actor, and how many minutes after the beginning."""

    actor: Name
    campaign: Campaign = Campaign.BEACON
    after_minutes: int = Field(default=0, ge=0, le=MINUTES_MAX)


class PlanFrame(Input):
    """A plan without its parts: ``hours``, how long it lasts at most."""

    title_en: Title = Field(description="One line in English.")
    title_da: Title = Field(description="One line in Danish.")
    hours: int = Field(4, ge=1, le=HOURS_MAX, description="How long it lasts at most.")
    actors_min: int = Field(2, ge=2, le=8, description="So many must let it out before it is a lead.")


class ExerciseBody(PlanFrame):
    """A plan. ``begins_us`` None: now."""

    objectives: list[ObjectiveBody] = Field(min_length=1, max_length=OBJECTIVES_MAX)
    roles: list[RoleBody] = Field(min_length=1, max_length=ACTORS_MAX)
    begins_us: int | None = Field(default=None, ge=0, lt=1 << 53)


def plan_of(body: ExerciseBody, active: Collection[str], now_us: int) -> Plan:
    """What was asked for, of active actors. Raises NoSuchActor, BadExercise."""
    begins_us = now_us if body.begins_us is None else body.begins_us
    return Plan(
        title=Text.written(body.title_en.strip(), da=body.title_da.strip()),
        objectives=tuple(Text.written(one.en.strip(), da=one.da.strip()) for one in body.objectives),
        roles=tuple(role(one.actor, one.campaign, one.after_minutes, active) for one in body.roles),
        begins_us=begins_us,
        ends_us=begins_us + body.hours * HOUR_US,
        t=body.actors_min,
    )


@act(Right.TRIAGE, *REFUSES)
def plan(exercises: Exercises, by: str, body: ExerciseBody, active: Collection[str], now_us: int) -> Exercise:
    """Plan an exercise; nobody is told yet."""
    return exercises.plan(plan_of(body, active, now_us), by)


@act(Right.TRIAGE, *REFUSES)
def step(
    exercises: Exercises, by: str, exercise_id: str, way: Literal["start", "confirm", "end", "stop"], why: str = ""
) -> Exercise:
    """Tell the actors of it, call its lead a case, end it as planned, or stop it at once at all nodes."""
    if way in ("start", "confirm"):
        return {"start": exercises.start, "confirm": exercises.confirm}[way](exercise_id, by)
    return {"end": exercises.end, "stop": exercises.stop}[way](exercise_id, by, why)


@act(Right.APPROVE, *REFUSES)
def release(exercises: Exercises, by: str, exercise_id: str) -> Exercise:
    """Let the exercise's indicator out, as somebody else than who confirmed the case."""
    return exercises.release(exercise_id, by)


@dataclass(frozen=True, slots=True)
class AfterAction:
    """An exercise's after-action report. ``judged``: what ``by`` holds of its objectives."""

    exercise: Exercise
    judged: Mapping[int, exercise_report.Judgement]
    by: str
    document: Document

    def json_file(self) -> bytes:
        """The same for machines."""
        return exercise_report.json_file(self.exercise, self.judged, self.by)


@act(Right.READ, *REFUSES)
def report(
    exercises: Exercises, by: str, exercise_id: str, judged: Sequence[str], sector: str, now_us: int
) -> AfterAction:
    """The after-action report: who saw what when, who answered, what was missed, against the objectives. What you hold
    of an objective (``NUMBER:met``, ``:partly`` or ``:missed``) stands in it with your name, and is kept nowhere."""
    exercise = exercises.get(exercise_id)
    held = exercise_report.judgements(judged, len(exercise.plan.objectives))
    return AfterAction(exercise, held, by, exercise_report.report(exercise, sector, now_us, held, by))
