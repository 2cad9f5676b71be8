"""The SAC console's leads: the ranked queue and one lead with all that stands behind it; triage of a lead.

Refuses to rank and to judge: the desk does.
"""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query
from pydantic import Field

from bavn.app.access.rights import Right
from bavn.app.web.exporting import in_stix
from bavn.app.web.frame import After, Limit, Person, Rows, TextShape, allow, cursor, opened
from bavn.app.web.sac.context import House
from bavn.app.web.sac.in_stix import groups
from bavn.app.web.sac.lead_view import LeadShown, LeadSummary, shown, summary
from bavn.app.web.sac.refusals.answers import told
from bavn.app.web.sac.shapes import Done, Shape
from bavn.centre.books.ignored import DAYS_MAX, WHY_CHARS_MAX
from bavn.centre.desk.lead_pages import LeadAsk, Stands
from bavn.model.observable import ObservableType
from bavn.model.sector.case import CaseAct, CaseState
from bavn.model.text import Text

LeadId = Annotated[str, Path(max_length=60)]


class Opening(Shape):
    """``take``: the person owns the case from now on."""

    take: bool = True


class Harmless(Shape):
    """Why a lead is harmless; it stands in the audit log."""

    why: str = Field(min_length=1, max_length=2000)


class Ignoring(Shape):
    """For so many days, and why; it stands in the audit log."""

    days: int = Field(ge=1, le=DAYS_MAX)
    why: str = Field(min_length=1, max_length=WHY_CHARS_MAX)


def _asked() -> Any:
    def asked(
        q: Annotated[str, Query(max_length=253, description="Part of an observable, or a lead's id.")] = "",
        actor: Annotated[str, Query(max_length=40)] = "",
        type: Annotated[ObservableType | Literal[""], Query()] = "",  # noqa: A002  an observable's own word
        stands: Annotated[Stands, Query(description="waiting, worked, over or ignored")] = "",
        alive: Annotated[bool, Query(description="Among the leads as last ranked.")] = True,
    ) -> LeadAsk:
        return LeadAsk(words=q, actor=actor, type=type or None, stands=stands, alive=alive)

    return Depends(asked)


router = APIRouter(prefix="/leads", tags=["leads"])
"""Below /leads."""


@router.get("", operation_id="leads")
@in_stix(groups(lambda row: row.had_us))
def leads(
    house: House,
    _: Annotated[Person, allow(Right.READ)],
    ask: Annotated[LeadAsk, _asked()],
    limit: Limit = 50,
    after: After = None,
) -> Rows[LeadSummary]:
    """The ranked queue, best first, with the case of each lead where it has one."""
    at = opened(after, int, str)
    lines, total = house.desk.lead_page(ask, limit + 1, None if at is None else (at[0], at[1]))
    last = lines[limit - 1].view.lead if len(lines) > limit else None
    return Rows(
        items=[summary(line) for line in lines[:limit]],
        total=total,
        next=None if last is None else cursor(last.rank, last.id),
    )


@router.get("/{lead_id}", operation_id="lead")
def lead(house: House, _: Annotated[Person, allow(Right.READ)], lead_id: LeadId) -> LeadShown:
    """One lead, alive or not: every term and reason, the counterfactuals, its timeline and its graph."""
    with told():
        view = house.desk.lead(lead_id)
    return shown(
        view,
        house.desk.cases.of_lead(lead_id),
        house.desk.calibration(),
        house.desk.now_us(),
        house.desk.ignored.of(lead_id),
        house.desk.coverage(),
    )


@router.post("/{lead_id}/case", operation_id="lead_open_case")
def open_case(house: House, person: Annotated[Person, allow(Right.TRIAGE)], lead_id: LeadId, body: Opening) -> Done:
    """Make a case of a lead, or find the one it has; with ``take`` the person owns it if nobody does."""
    with told():
        case = house.desk.open_case(lead_id, person.name)
        if body.take and case.state is CaseState.NEW:
            case = house.desk.cases.act(case.id, CaseAct.TAKE, person.name)
    words = Text("{id} is open", id=case.id)
    return Done(case_id=case.id, standing=house.desk.standing(case.id), said=TextShape.of(words))


@router.post("/{lead_id}/benign", operation_id="lead_benign")
def benign(house: House, person: Annotated[Person, allow(Right.TRIAGE)], lead_id: LeadId, body: Harmless) -> Done:
    """Find a lead harmless: its case is dismissed, and its elements weigh less for all actors from then on, until
    somebody reopens it."""
    with told():
        case = house.desk.open_case(lead_id, person.name)
        case = house.desk.cases.act(case.id, CaseAct.DISMISS, person.name, body.why)
    words = Text("{id} is dismissed: its elements count as harmless", id=case.id)
    return Done(case_id=case.id, standing=house.desk.standing(case.id), said=TextShape.of(words))


@router.post("/{lead_id}/ignore", operation_id="lead_ignore")
def ignore(house: House, person: Annotated[Person, allow(Right.TRIAGE)], lead_id: LeadId, body: Ignoring) -> LeadShown:
    """Put a lead aside until a day; it is back then, or once an actor more reports it. It weighs as before."""
    with told():
        view = house.desk.lead(lead_id)
        house.desk.ignored.ignore(view.lead, body.days, person.name, body.why)
    return lead(house, person, lead_id)


@router.post("/{lead_id}/heed", operation_id="lead_heed")
def heed(house: House, person: Annotated[Person, allow(Right.TRIAGE)], lead_id: LeadId) -> LeadShown:
    """Take a lead back into the queue at once."""
    with told():
        house.desk.lead(lead_id)
        house.desk.ignored.heed(lead_id, person.name)
    return lead(house, person, lead_id)
