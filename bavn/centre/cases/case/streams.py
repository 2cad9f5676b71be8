"""Which case each element of a lead works in, after merges and splits: what leads say now, sorted into cases.

A merged case's lead feeds the case that goes on; an element that was split off feeds the case it went to. What a merged
case held and no lead names any more stays. Refuses to write: it says what would change.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from sqlalchemy import Connection, select

from bavn.centre.cases.case.case import ElementFacts, LeadFacts, facts_of, facts_text
from bavn.centre.cases.case.work_tables import FILE, MOVED
from bavn.centre.cases.tables import CASE
from bavn.model.observable import Observable, ObservableType
from bavn.model.text import Text

CHAIN_MAX: Final = 100


def goes_on_as(connection: Connection, case_id: str) -> str:
    """The case that goes on where this one was merged, over any number of merges; itself if it was not."""
    for _ in range(CHAIN_MAX):
        into = connection.scalar(select(FILE.c.merged_into).where(FILE.c.case_id == case_id))
        if not into:
            return case_id
        case_id = into
    raise ValueError(Text("the merges of {case_id} run in a circle", case_id=case_id))


def follow(connection: Connection, leads: Iterable[LeadFacts], states: Sequence[str]) -> dict[str, LeadFacts]:
    """The cases in these states, with nothing released, whose facts change, and their new facts."""
    wanted = {facts.lead_id: facts for facts in leads}
    own = {row.lead_id: row.id for row in connection.execute(select(CASE.c.id, CASE.c.lead_id))}
    moved = {
        (row.lead_id, Observable.trusted(ObservableType(row.type), row.value)): row.case_id
        for row in connection.execute(select(MOVED))
    }
    pieces: dict[str, list[LeadFacts]] = {}
    whole: dict[str, bool] = {}
    for lead_id, facts in wanted.items():
        if lead_id not in own:
            continue
        homes: dict[str, list[ElementFacts]] = {}
        for element in facts.elements:
            homes.setdefault(moved.get((lead_id, element.observable), own[lead_id]), []).append(element)
        for home, elements in homes.items():
            target = goes_on_as(connection, home)
            is_whole = len(elements) == len(facts.elements) and target == own[lead_id]
            pieces.setdefault(target, []).append(facts if is_whole else piece(facts, elements))
            whole[target] = whole.get(target, True) and is_whole
    changed: dict[str, LeadFacts] = {}
    query = select(CASE.c.id, CASE.c.facts).where(
        CASE.c.id.in_(pieces), CASE.c.state.in_(states), CASE.c.wanted.is_(False)
    )
    joined = {row.merged_into for row in connection.execute(select(FILE.c.merged_into).where(FILE.c.merged_into != ""))}
    for row in connection.execute(query):
        keeps = not whole[row.id] or row.id in joined
        made = joined_facts(([facts_of(row.facts)] if keeps else []) + pieces[row.id])
        if facts_text(made) != row.facts:
            changed[row.id] = made
    return changed


def piece(facts: LeadFacts, elements: Sequence[ElementFacts]) -> LeadFacts:
    """What a lead says of some of its elements alone."""
    return replace(facts, elements=tuple(elements), score=max(element.score for element in elements))


def joined_facts(several: Sequence[LeadFacts]) -> LeadFacts:
    """One case's facts out of several leads'; of an element named twice the later says what it is. The first names the
    lead; the strongest names the technique."""
    if len(several) == 1:
        return several[0]
    elements = {element.observable: element for facts in several for element in facts.elements}
    strongest = max(several[1:], key=lambda facts: facts.score)
    return LeadFacts(
        lead_id=several[0].lead_id,
        score=max(strongest.score, *(element.score for element in elements.values())),
        elements=tuple(sorted(elements.values(), key=lambda one: one.observable)),
        technique=strongest.technique,
        actors=max(facts.actors for facts in several),
        first_hour=min(facts.first_hour for facts in several),
        first_report_us=min(facts.first_report_us for facts in several),
        lead_us=min(facts.lead_us for facts in several),
    )
