"""A value's card at the centre. Right: read.

As `bavn centre value`. Everything is in the centre's own database; nothing is asked of an actor or looked up outside.
"""

from typing import Annotated

from fastapi import APIRouter, Query

from bavn.app.access.rights import Right
from bavn.app.acts.act import refusing
from bavn.app.web.frame import Person, TextShape, allow, filled
from bavn.app.web.sac.context import Context
from bavn.app.web.sac.shapes import Shape
from bavn.centre.desk.value_facts import LeadOfValue, value_facts
from bavn.model.intel.spelled import observable_of
from bavn.model.observable import NotCanonical, ObservableType
from bavn.model.sector.case import CASE_WORDS

VALUE_CHARS_MAX = 320
Reads = Annotated[Person, allow(Right.READ)]


class LeadOfValueShown(Shape):
    """The lead with it; ``opening``: what it is, in a sentence."""

    id: str
    opening: TextShape
    alive: bool


class CaseOfValue(Shape):
    """A case with it."""

    id: str
    says: TextShape


class ValueShown(Shape):
    """``sector``: how many report it; ``blocks``: who blocks it; ``against``: what speaks against a block, empty where
    the centre knows nothing; ``indicator``: its id, empty without one."""

    type: ObservableType
    value: str
    sector: TextShape
    blocks: TextShape
    against: list[TextShape]
    lead: LeadOfValueShown | None
    cases: list[CaseOfValue]
    indicator: str


router = APIRouter(prefix="/values", tags=["values"])
"""Below /values."""


@router.get("", operation_id="value")
def value(
    context: Context,
    _: Reads,
    what: Annotated[
        str, Query(min_length=1, max_length=VALUE_CHARS_MAX, description="A domain, an address, or type:value.")
    ],
) -> ValueShown:
    """What the centre knows of one value: its lead, cases and indicator, who blocks it, what speaks against a block."""
    with refusing((NotCanonical, 422, "no-value", "you"), (ValueError, 422, "no-value", "you")):
        observable = observable_of(what)
    facts = value_facts(context.desk, observable)
    return ValueShown(
        type=observable.type,
        value=observable.value,
        sector=TextShape.of(facts.sector),
        blocks=TextShape.of(facts.blocks),
        against=[TextShape.of(text) for text in facts.against],
        lead=None
        if facts.lead is None
        else filled(LeadOfValueShown, facts.lead, opening=TextShape.of(facts.lead.opening)),
        cases=[CaseOfValue(id=case.id, says=TextShape.of(CASE_WORDS[case.state])) for case in facts.cases],
        indicator="" if facts.indicator is None else facts.indicator.id,
    )


def _lead(lead: LeadOfValue) -> LeadOfValueShown:
    return filled(LeadOfValueShown, lead, opening=TextShape.of(lead.opening))
