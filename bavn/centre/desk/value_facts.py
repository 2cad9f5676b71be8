"""A value's card at the centre: leads, the case and the indicator with it, who blocks it, what speaks against a block.

Everything comes from the centre's own database. Refuses to ask an actor, and to guess who holds a value without having
reported it.
"""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import func, select

from bavn.centre.books import tables as t
from bavn.centre.cases.case.case import Case, ElementFacts
from bavn.centre.cases.case.pages import CaseAsk
from bavn.centre.cases.indicators.indicator import Life
from bavn.centre.cases.indicators.pages import lives_of
from bavn.centre.desk.desk import Desk
from bavn.model.intel.indicator import Pap, indicator_id
from bavn.model.moment import HOUR_US
from bavn.model.observable import Observable
from bavn.model.sector.indicator_life import LifeState
from bavn.model.spans import day
from bavn.model.text import Text

CASES_MAX: Final = 10
CASES_READ_MAX: Final = 50
BLOCK_DAYS: Final = 30
_STRENGTH: Final = frozenset({"by_hand", "partners", "two_groups", "block_line"})
"""Checks of how well a release is founded: of a value that nobody wants to release they say nothing."""
_IN_FORCE: Final = ("enforced", "partly")


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadOfValue:
    """The lead that a value belongs to, or last belonged to. ``opening``: what it is, in a sentence."""

    id: str
    opening: Text
    alive: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueFacts:
    """``sector``: how many report it; ``blocks``: who blocks it; ``against``: what speaks against a block, empty where
    the centre knows nothing; ``cases``: the latest first, at most CASES_MAX."""

    observable: Observable
    sector: Text
    blocks: Text
    against: tuple[Text, ...]
    lead: LeadOfValue | None
    cases: tuple[Case, ...]
    indicator: Life | None


def value_facts(desk: Desk, observable: Observable) -> ValueFacts:
    """All that the centre knows of one value."""
    with t.reading(desk.engine) as connection:
        lead_id = connection.scalar(
            select(t.LEAD_OF.c.lead_id).where(
                t.LEAD_OF.c.type == observable.type.value, t.LEAD_OF.c.value == observable.value
            )
        )
        life = lives_of(connection, [indicator_id(observable)]).get(indicator_id(observable))
    found = desk.case_page(CaseAsk(words=observable.value), CASES_READ_MAX)
    cases = [line.case for line in found if any(e.observable == observable for e in line.case.facts.elements)]
    return ValueFacts(
        observable=observable,
        sector=_sector(desk, observable),
        blocks=_blocks(desk, life),
        against=_against(desk, observable),
        lead=None if lead_id is None else _lead(desk, lead_id),
        cases=tuple(cases[:CASES_MAX]),
        indicator=life,
    )


def _lead(desk: Desk, lead_id: str) -> LeadOfValue | None:
    view = desk.lead_book.lead(lead_id)
    if view is None:
        return None
    return LeadOfValue(id=lead_id, opening=desk.briefs([view])[0].opening, alive=view.alive)


def _sector(desk: Desk, observable: Observable) -> Text:
    with t.reading(desk.engine) as connection:
        groups, first = connection.execute(
            select(func.count(), func.min(t.SEEN.c.first_hour)).where(
                t.SEEN.c.type == observable.type.value, t.SEEN.c.value == observable.value
            )
        ).one()
    if not groups:
        return Text("No actor has reported it; how many know it, only the actors are told.")
    return Text.counted(
        "{count:,} independent actor has reported it, first seen {day}; how many know it, only the actors are told.",
        "{count:,} independent actors have reported it, first seen {day}; how many know it, only the actors are told.",
        groups,
        day=day(first * HOUR_US),
    )


def _blocks(desk: Desk, life: Life | None) -> Text:
    if life is None:
        return Text("The sector has no indicator of it: nobody blocks it on the centre's word.")
    if life.state is not LifeState.RELEASED:
        return Text("Its indicator is not released: nobody blocks it on the centre's word.")
    actors = desk.deliveries.at_actors(life.id)
    blocking = sum(actor.state in _IN_FORCE for actor in actors)
    return Text.counted(
        "Released: in force at {some} of {count:,} actor.",
        "Released: in force at {some} of {count:,} actors.",
        len(actors),
        some=blocking,
    )


def _against(desk: Desk, observable: Observable) -> tuple[Text, ...]:
    """What warning lists, registers and earlier verdicts say, as they would at a release."""
    element = ElementFacts(observable, 0.0, 0, listed=False)
    checks = desk.indicator_book.would_check(element, Pap.GREEN, BLOCK_DAYS)
    return tuple(check.words for check in checks if check.name not in _STRENGTH)
