"""What a proposal weighs: how sure its sources are together, who they are, and what their terms allow. Pure.

Sources of one party count once. Refuses to say that anything is true: no word from outside alone blocks anything.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from bavn.centre.cases.intelligence.proposals import ClaimKept, Proposal
from bavn.model.intel.indicator import Pap, Tlp
from bavn.model.sector.intel import CONFIDENCE_MAX, may_reach_actors
from bavn.model.sector.partner import TLP_ORDER

PRIOR_NATS: Final = 4.0
"""As in share.confidence_of: prior odds of e^4 against."""


@dataclass(frozen=True, slots=True)
class SourceStatus:
    """Of a source now: the party it speaks for, how far that is trusted (0..100; 0 while it is suspended), and whether
    what rests on its word may ever block."""

    group: str
    trust: int
    may_block: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Confidence:
    """``confidence`` 0..95; ``parties`` behind it, sorted; ``score`` the same as evidence in nats; ``tlp``, ``pap``:
    the terms of the source that allows most to the sector's actors; ``technique`` the one that most claims name."""

    confidence: int
    parties: tuple[str, ...]
    score: float
    tlp: Tlp
    pap: Pap
    technique: str

    @property
    def may_reach_actors(self) -> bool:
        return bool(self.parties) and may_reach_actors(self.tlp)


def weigh(proposal: Proposal, standings: Mapping[str, SourceStatus]) -> Confidence:
    """Of its live claims whose sources are trusted."""
    counted = [
        (claim, standings[claim.source])
        for claim in proposal.live
        if claim.source in standings and standings[claim.source].trust > 0
    ]
    by_party: dict[str, float] = {}
    for claim, standing in counted:
        sure = claim.claim.confidence * standing.trust / 10_000
        by_party[standing.group] = max(sure, by_party.get(standing.group, 0.0))
    doubt = math.prod(1 - sure for sure in by_party.values())
    confidence = min(CONFIDENCE_MAX, round(100 * (1 - doubt)))
    best = max(counted, key=_allows, default=None)
    techniques = [claim.claim.technique for claim, _ in counted if claim.claim.technique]
    return Confidence(
        confidence=confidence,
        parties=tuple(sorted(by_party)),
        score=score_of(confidence),
        tlp=best[0].claim.tlp if best else Tlp.RED,
        pap=_pap(proposal, *best) if best else Pap.RED,
        technique=max(sorted(set(techniques)), key=techniques.count, default=""),
    )


def score_of(confidence: int) -> float:
    """The evidence, in nats against the prior, that makes somebody this sure (the inverse of share.confidence_of)."""
    share = min(CONFIDENCE_MAX, max(1, confidence)) / 100
    return PRIOR_NATS + math.log(share / (1 - share))


def _allows(pair: tuple[ClaimKept, SourceStatus]) -> tuple[bool, Pap, int, int]:
    one, standing = pair
    claim = one.claim
    pap = claim.pap if standing.may_block and claim.detect and not claim.derived else min(claim.pap, Pap.AMBER)
    return may_reach_actors(claim.tlp), pap, -TLP_ORDER.index(claim.tlp), standing.trust


def _pap(proposal: Proposal, one: ClaimKept, standing: SourceStatus) -> Pap:
    pap = _allows((one, standing))[1]
    return min(pap, Pap.AMBER) if proposal.listed else pap
