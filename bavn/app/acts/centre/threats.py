"""Threat levels and sorts of cases, set by people. Refuses to propose any: data does."""

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from bavn.app.access.rights import Right
from bavn.app.acts.act import Input, Why, act
from bavn.app.acts.centre.refusals import KINDS
from bavn.centre.publish.judgements import Judgements
from bavn.centre.publish.threat import Level, Threat

if TYPE_CHECKING:
    from bavn.centre.desk.publishing import Publishing


class LevelSetting(Input):
    """``level``: 0 (none) to 4 (very high)."""

    level: int = Field(ge=0, le=4)
    why: Why


class Sorting(Input):
    """``threat`` empty: nobody says what sort it is any more."""

    threat: Threat | Literal[""]
    why: Why


@act(Right.APPROVE, *KINDS, only="page")
def set_level(judgements: Judgements, by: str, threat: Threat, body: LevelSetting) -> None:
    """Set a level, with your name and a reason; it counts from now on."""
    judgements.set_level(threat, Level(body.level), by, body.why)


@act(Right.TRIAGE, *KINDS, only="page")
def sort(publishing: "Publishing", by: str, case_id: str, body: Sorting) -> Threat | None:
    """Say what sort of threat a case is; it goes before what its RSIT type says."""
    threat = Threat(body.threat) if body.threat else None
    publishing.set_sort(case_id, threat, by, body.why)
    return threat
