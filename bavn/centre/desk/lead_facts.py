"""What a case keeps of the lead that it was made of. Refuses to rank or to decide."""

from bavn.centre.books.leads import LeadView
from bavn.centre.cases.case.calibration import Judged
from bavn.centre.cases.case.case import ElementFacts, LeadFacts
from bavn.centre.correlate.laws.fitted import shipped
from bavn.centre.correlate.laws.learned import JudgedLead
from bavn.centre.correlate.score import Weighed, reported_hour, second_first_hour, speakers
from bavn.centre.correlate.settings import ScoreSettings
from bavn.model.moment import hour_of
from bavn.model.sector.lead import Lead


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


def judged_lead(judged: Judged, lead: Lead) -> JudgedLead:
    """What the score can learn from: the reports that gave the lead its score, and whether it was new."""
    spoken = speakers([sign for sign in lead.signs if sign.observable == lead.observables[0]], shipped())
    seen_hour = second_first_hour({}, spoken)
    last_hour = hour_of(max(sign.received_us for sign in spoken))
    days = ScoreSettings().novelty_days
    return JudgedLead(
        score=judged.score,
        confirmed=judged.confirmed,
        reports=tuple((sign.detector, sign.p_bucket) for sign in spoken),
        new=seen_hour is None or last_hour - seen_hour <= days * 24,
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
