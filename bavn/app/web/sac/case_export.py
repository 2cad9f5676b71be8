"""A case as a row of a file and as STIX objects. Refuses to name actors in either."""

from collections.abc import Iterable
from typing import Any

from bavn.app.web.sac.exports import grouping, place
from bavn.centre.cases.case_pages import CaseLine
from bavn.model.moment import iso


def case_row(line: CaseLine) -> dict[str, Any]:
    """For CSV and JSON."""
    case = line.case
    return {
        "case": case.id, "state": case.state.value, "score": round(case.score, 3), "owner": case.owner,
        "opened": iso(case.opened_us), "lead": case.lead_id, "technique": case.facts.technique,
        "observables": [str(one.observable) for one in case.facts.elements], "actors": line.actors, "owed": line.owed,
        "overdue": line.overdue,
    }  # fmt: skip


def case_objects(line: CaseLine, author: str, now_us: int) -> Iterable[dict[str, Any]]:
    """For STIX: the observables, and a grouping of them."""
    case = line.case
    return grouping(
        case.id, author, case.id, "suspicious-activity", min(case.opened_us, now_us),
        [place(one.observable) for one in case.facts.elements],
    )  # fmt: skip
