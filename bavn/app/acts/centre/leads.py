"""Leads: made a case of, found harmless, put aside until a day and taken back. Refuses to rank and to judge."""

from typing import TYPE_CHECKING

from pydantic import Field

from bavn.app.access.rights import Right
from bavn.app.acts.act import Input, act
from bavn.app.acts.centre.refusals import KINDS
from bavn.centre.books.ignored import DAYS_MAX, WHY_CHARS_MAX
from bavn.centre.cases.case.case import Case
from bavn.model.sector.case import CaseAct, CaseState

if TYPE_CHECKING:
    from bavn.centre.desk.desk import Desk


class Opening(Input):
    """``take``: the person owns the case from now on."""

    take: bool = True


class Harmless(Input):
    """Why a lead is harmless; it stands in the audit log."""

    why: str = Field(min_length=1, max_length=2000)


class Ignoring(Input):
    """For so many days, and why; it stands in the audit log."""

    days: int = Field(ge=1, le=DAYS_MAX, description="It is back after so many days.")
    why: str = Field(min_length=1, max_length=WHY_CHARS_MAX, description="The reason; it stands in the audit log.")


@act(Right.TRIAGE, *KINDS, only="page")
def open_case(desk: "Desk", by: str, lead_id: str, body: Opening) -> Case:
    """Make a case of a lead, or find the one it has; with ``take`` the person owns it if nobody does."""
    case = desk.open_case(lead_id, by)
    return desk.cases.act(case.id, CaseAct.TAKE, by) if body.take and case.state is CaseState.NEW else case


@act(Right.TRIAGE, *KINDS, only="page")
def benign(desk: "Desk", by: str, lead_id: str, body: Harmless) -> Case:
    """Find a lead harmless: its case is dismissed, and its elements weigh less for all actors from then on, until
    somebody reopens it."""
    return desk.cases.act(desk.open_case(lead_id, by).id, CaseAct.DISMISS, by, body.why)


@act(Right.TRIAGE, *KINDS, only="page")
def ignore(desk: "Desk", by: str, lead_id: str, body: Ignoring) -> None:
    """Put a lead aside until a day; it is back then, or once an actor more reports it. It weighs as before."""
    desk.ignored.ignore(desk.lead(lead_id).lead, body.days, by, body.why)


@act(Right.TRIAGE, *KINDS, only="page")
def heed(desk: "Desk", by: str, lead_id: str) -> None:
    """Take a lead back into the queue at once."""
    desk.lead(lead_id)
    desk.ignored.heed(lead_id, by)
