"""NIS2's clocks of a case at an actor: what happened is noted by a person. Refuses to send anything to an authority."""

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from pydantic import Field

from bavn.app.access.rights import Right
from bavn.app.acts.act import act
from bavn.app.acts.centre.cases import WHY_MAX, CaseInput, known_actors
from bavn.app.acts.centre.refusals import KINDS
from bavn.centre.cases.nis2.clocks import Flags, Nis2View
from bavn.model.sector.nis2 import CrossBorder, Nis2Act

if TYPE_CHECKING:
    from bavn.centre.desk.desk import Desk


class Nis2Request(CaseInput):
    """What happened at an actor; ``at_us`` None: now. What is None stays as it was noted before."""

    act: Nis2Act
    at_us: int | None = Field(default=None, ge=0, lt=2**53)
    correct: bool = False
    why: str = Field(default="", max_length=WHY_MAX)
    cross_border: CrossBorder | None = Field(default=None, description="Whether it may reach other countries.")
    trust_service: bool | None = Field(default=None, description="A trust service notifies within 24 hours.")
    touched: list[str] | None = Field(
        default=None,
        max_length=50,
        description="A critical function that the incident touched, as often as needed; replaces all.",
    )


@act(Right.TRIAGE, *KINDS, only="page")
def note(desk: "Desk", by: str, zone: ZoneInfo, case_id: str, actor: str, body: Nis2Request) -> Nis2View:
    """Note what happened at an actor; becoming aware starts its clocks."""
    known_actors(desk, actor)
    book = desk.nis2(zone)
    before = book.view(case_id, actor).flags
    flags = Flags(
        cross_border=body.cross_border or before.cross_border,
        trust_service=before.trust_service if body.trust_service is None else body.trust_service,
        touched=before.touched if body.touched is None else tuple(sorted(set(body.touched))),
    )
    at_us, changed = desk.now_us() if body.at_us is None else body.at_us, None if flags == before else flags
    return book.note(case_id, actor, body.act, at_us, by, why=body.why, correct=body.correct, flags=changed)
