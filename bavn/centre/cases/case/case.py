"""A case as this room keeps it: what its lead said when it was last looked at, and what is wanted of its indicators.

Plain values and their JSON. Refuses to know how a lead was found.
"""

import json
from dataclasses import asdict, dataclass, field
from typing import Any

from bavn.model.intel.indicator import Pap, Tlp
from bavn.model.observable import Observable, ObservableType
from bavn.model.sector.case import CaseState, Clocks


@dataclass(frozen=True, slots=True)
class ElementFacts:
    """An element of a lead. ``groups``: how many independent ones report it. ``listed``: something speaks for its
    innocence. ``threshold``: the smallest t of the rounds that revealed it. ``partners``: parties outside the sector
    that name it; then ``tlp_min`` and ``pap_max`` are the terms under which they told of it. ``detectors``: those that
    reported it."""

    observable: Observable
    score: float
    groups: int
    listed: bool
    threshold: int = 2
    partners: int = 0
    tlp_min: str = ""
    pap_max: int = int(Pap.CLEAR)
    detectors: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadFacts:
    """What a case needs of its lead. ``first_hour``: first sighting; ``first_report_us``, ``lead_us``: when the centre
    got the first report, and when it had the lead."""

    lead_id: str
    score: float
    elements: tuple[ElementFacts, ...]
    technique: str
    actors: int
    first_hour: int
    first_report_us: int
    lead_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseTerms:
    """How a case's indicators are to be released. ``observables`` None: all of the case that may be. ``pap`` None: to
    block where the block line is reached, else to watch only. ``confidence`` None: from the score."""

    observables: tuple[Observable, ...] | None = None
    tlp: Tlp = Tlp.AMBER
    pap: Pap | None = None
    days: int = 30
    confidence: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """``owner`` is empty until somebody takes it. ``wanted``: its indicators are to be in force. ``order_no`` counts
    every change of that; ``done_no`` is the last that was carried out."""

    id: str
    lead_id: str
    state: CaseState
    score: float
    owner: str
    opened_us: int
    facts: LeadFacts
    clocks: Clocks
    terms: ReleaseTerms = field(default_factory=ReleaseTerms)
    wanted: bool = False
    order_no: int = 0
    done_no: int = 0


def facts_text(facts: LeadFacts) -> str:
    """Canonical JSON of a lead's facts."""
    return _dumps(asdict(facts))


def facts_of(text: str) -> LeadFacts:
    """What facts_text wrote."""
    body = json.loads(text)
    elements = tuple(_element(element) for element in body["elements"])
    return LeadFacts(**body | {"elements": elements})


def terms_text(terms: ReleaseTerms) -> str:
    """Canonical JSON of release terms."""
    return _dumps(asdict(terms))


def terms_of(text: str) -> ReleaseTerms:
    """What terms_text wrote."""
    body = json.loads(text)
    chosen = body["observables"]
    return ReleaseTerms(
        observables=None if chosen is None else tuple(_observable(one) for one in chosen),
        tlp=Tlp(body["tlp"]),
        pap=None if body["pap"] is None else Pap(body["pap"]),
        days=body["days"],
        confidence=body["confidence"],
    )


def clocks_text(clocks: Clocks) -> str:
    """Canonical JSON of a case's clocks."""
    return _dumps(asdict(clocks))


def clocks_of(text: str) -> Clocks:
    """What clocks_text wrote."""
    return Clocks(**json.loads(text))


def _element(body: dict[str, Any]) -> ElementFacts:
    own = {"observable": _observable(body["observable"]), "detectors": tuple(body.get("detectors", ()))}
    return ElementFacts(**body | own)


def _observable(body: dict[str, str]) -> Observable:
    return Observable.trusted(ObservableType(body["type"]), body["value"])


def _dumps(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
