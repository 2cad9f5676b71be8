"""What a case keeps of the lead that it was made of. Refuses to rank or to decide."""

from bavn.centre.books.leads import LeadView
from bavn.centre.cases.case.case import ElementFacts, LeadFacts
from bavn.centre.correlate.score import Weighed, reported_hour


def facts_of(view: LeadView, thresholds: dict[str, int]) -> LeadFacts:
    """What a case needs of a lead."""
    counts: dict[str, int] = {}
    for sign in view.lead.signs:
        counts[sign.technique] = counts.get(sign.technique, 0) + 1
    return LeadFacts(
        lead_id=view.lead.id,
        score=view.lead.score,
        elements=tuple(_element_facts(element, thresholds) for element in view.elements),
        technique=min(counts, key=lambda technique: (-counts[technique], technique)),
        actors=len(view.lead.actors),
        first_hour=reported_hour(view.lead, view.elements),
        first_report_us=view.first_report_us,
        lead_us=view.first_us,
    )


def _element_facts(element: Weighed, thresholds: dict[str, int]) -> ElementFacts:
    return ElementFacts(
        observable=element.observable,
        score=element.score,
        groups=element.groups,
        listed=element.listed,
        threshold=min(thresholds.get(sign.tier, 2) for sign in element.signs),
        detectors=tuple(sorted({sign.detector for sign in element.signs})),
    )
