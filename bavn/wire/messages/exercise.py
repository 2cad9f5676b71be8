"""The two messages of an exercise. Neither has a field for anything that an actor has seen: a name that stands in no
network, steps out of a fixed list, seconds since the exercise began."""

from typing import Annotated

from pydantic import Field

from bavn.model.sector.exercise import (
    MINUTES_MAX,
    OBJECTIVE_CHARS_MAX,
    OBJECTIVES_MAX,
    TITLE_CHARS_MAX,
    ActorStep,
)
from bavn.wire.messages import fields as f
from bavn.wire.privacy import Message, Privacy

ExerciseId = Annotated[str, Field(pattern=r"^exercise-[0-9a-f]{16}$")]
Seconds = Annotated[int, Field(ge=0, le=60 * MINUTES_MAX)]


class ExerciseStep(Message):
    """How far an exercise has come at an actor. ``second``: since its beginning. ``detector`` and ``p_bucket``: of the
    exercise's own rows."""

    exercise_id: Annotated[ExerciseId, Privacy.S5]
    serial: Annotated[int, Field(ge=1, lt=2**53), Privacy.S5]
    step: Annotated[str, Field(pattern=rf"^({'|'.join(ActorStep)})$"), Privacy.S5]
    second: Annotated[Seconds, Privacy.S5]
    detector: Annotated[f.Detector | None, Privacy.S5] = None
    p_bucket: Annotated[int | None, Field(ge=0, le=15), Privacy.S5] = None


class Objective(Message):
    """What is to be learnt, in both languages."""

    en: Annotated[str, Field(min_length=1, max_length=OBJECTIVE_CHARS_MAX), Privacy.C]
    da: Annotated[str, Field(min_length=1, max_length=OBJECTIVE_CHARS_MAX), Privacy.C]


class ExerciseTold(Message):
    """An exercise and how far it is, whole each time. Never who or how many others take part."""

    exercise_id: Annotated[ExerciseId, Privacy.C]
    version: Annotated[int, Field(ge=1, lt=2**31), Privacy.C]
    state: Annotated[str, Field(pattern=r"^(running|confirmed|released|ended|stopped)$"), Privacy.C]
    title_en: Annotated[str, Field(min_length=1, max_length=TITLE_CHARS_MAX), Privacy.C]
    title_da: Annotated[str, Field(min_length=1, max_length=TITLE_CHARS_MAX), Privacy.C]
    objectives: Annotated[tuple[Objective, ...], Field(min_length=1, max_length=OBJECTIVES_MAX), Privacy.C]
    campaign: Annotated[str, Field(pattern=r"^(beacon|dns-tunnel)$"), Privacy.C]
    element: Annotated[str, Field(pattern=r"^[a-z0-9.-]{1,253}$"), Privacy.C]
    after_minutes: Annotated[int, Field(ge=0, le=MINUTES_MAX), Privacy.C]
    begins_us: Annotated[f.Moment, Privacy.C]
    ends_us: Annotated[f.Moment, Privacy.C]
