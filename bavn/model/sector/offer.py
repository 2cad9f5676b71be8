"""An offer: what a partner says of one observable, and what its word is worth here. It is a proposal and never in
force: people make an indicator of it, or not. Refuses to know how it came in.
"""

from dataclasses import dataclass

from bavn.model.intel.indicator import Pap, Tlp
from bavn.model.observable import Observable
from bavn.model.sector.partner import Inward


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """One version of a partner's indicator. ``stated`` confidence 0..100 as the partner says; moments are the
    partner's own; ``technique`` and ``until_us`` where it names them. ``revoked``: it takes the indicator back."""

    id: str
    version_us: int
    observable: Observable
    tlp: Tlp
    pap: Pap
    stated: int
    from_us: int
    until_us: int | None
    technique: str
    revoked: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """An offer as it stands at the centre. ``confidence``: what was stated, weighed by the partner's trust as it is
    now; ``may_block``: whether the partner's agreement lets its word ever block."""

    partner: str
    offer: Offer
    confidence: int
    may_block: bool
    received_us: int


def worth(offer: Offer, inward: Inward) -> int:
    """Confidence 0..100 of what a partner states, weighed by its trust: never more than that trust."""
    return offer.stated * inward.trust // 100
