"""A lead as a row of a file and as STIX objects. Refuses to name actors in STIX: who saw a thing is not handed on."""

from collections.abc import Iterable
from typing import Any

from bavn.app.web.sac.exports import grouping, place
from bavn.centre.node.lead_pages import LeadLine
from bavn.model.moment import HOUR_US, iso


def lead_row(line: LeadLine) -> dict[str, Any]:
    """For CSV and JSON."""
    lead = line.view.lead
    return {
        "rank": lead.rank, "lead": lead.id, "priority": round(lead.priority, 3), "score": round(lead.score, 3),
        "observables": [str(one) for one in lead.observables], "actors": list(lead.actors),
        "techniques": sorted({sign.technique for sign in lead.signs}),
        "first": iso(lead.first_hour * HOUR_US), "last": iso(lead.last_hour * HOUR_US), "had": iso(line.view.first_us),
        "case": line.case_id, "state": None if line.case_state is None else line.case_state.value, "owner": line.owner,
        "why": [f"{term.name} {term.nats:+.2f}: {term.why.en}" for term in lead.terms],
    }  # fmt: skip


def lead_objects(line: LeadLine, author: str, now_us: int) -> Iterable[dict[str, Any]]:
    """For STIX: the observables, and a grouping of suspicious activity."""
    lead = line.view.lead
    return grouping(
        lead.id, author, lead.id, "suspicious-activity", min(line.view.first_us, now_us),
        [place(one) for one in lead.observables],
    )  # fmt: skip
