"""What a release of a case would let out, worked out before anybody says so: to block, to watch, or not at all.

The same lines as gate 3 draws; a person reads them in time. Refuses to release.
"""

from dataclasses import dataclass
from typing import Literal

from bavn.centre.cases.case.case import Case, ElementFacts
from bavn.centre.cases.case.files import Marking
from bavn.centre.cases.indicators.checks import GROUPS_MIN
from bavn.centre.cases.indicators.indicator import Check
from bavn.centre.cases.indicators.indicators import Indicators
from bavn.centre.cases.indicators.steps import evidence_for
from bavn.model.intel.indicator import Pap
from bavn.model.sector.indicator_life import BLOCK_PAP_MIN


@dataclass(frozen=True, slots=True, kw_only=True)
class WouldRelease:
    """An element of a case. ``how``: may be blocked by nodes themselves, is watched for, or is refused; ``checks`` say
    why, what stops it first. ``pap``: under which it would go."""

    element: ElementFacts
    how: Literal["block", "watch", "refused"]
    pap: Pap
    checks: tuple[Check, ...]


def would_release(case: Case, marking: Marking, lives: Indicators) -> tuple[WouldRelease, ...]:
    """Each element of a case, best first."""
    return tuple(_would(element, case, marking, lives) for element in case.facts.elements)


def _would(element: ElementFacts, case: Case, marking: Marking, indicators: Indicators) -> WouldRelease:
    strong = element.score >= indicators.bounds.score_block_min and element.groups >= GROUPS_MIN
    blocks = (strong or element.partners > 0) and not evidence_for(element).listed
    wanted = (BLOCK_PAP_MIN if blocks else Pap.AMBER) if case.terms.pap is None else case.terms.pap
    pap = min(wanted, Pap(element.pap_max), marking.pap)
    checks = indicators.would_check(element, pap, case.terms.days)
    refused = any(check.stops for check in checks)
    return WouldRelease(
        element=element,
        how="refused" if refused else "block" if pap >= BLOCK_PAP_MIN else "watch",
        pap=pap,
        checks=checks,
    )
