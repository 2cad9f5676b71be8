"""What a report is worth by its detector and its p, and which terms of the score count: fitted on labelled captures.

The table lies beside this file (fitted.json, made by `bavn bench fit`) with what it was made from, counts and
intervals. Nothing in it knows a sector; what changes from day to day is fitted at the centre (sharing.py,
dependence.py, congruent.py, novelty.py). Refuses to weigh an element.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources import files
from typing import Any, Final

from bavn.model.evidence import EVIDENCE_NATS_MAX, EVIDENCE_NATS_MIN, P_BUCKETS, evidence_nats, p_of_bucket

FILE: Final = "fitted.json"
ASSUMED_TERMS: Final = ("sharing", "hosts", "congruence", "graph")
"""Those that counted before anything was fitted."""
OPTIONAL: Final = (*ASSUMED_TERMS, "crowd")
"""Terms that count only where they found more campaigns, in a small sector and in a large one."""
SCAN: Final = "scan"
WALK_NATS: Final = 4.0
"""One actor's strongest evidence: what a joint scan was worth before that was fitted."""
ANY: Final = ""
"""Whose row speaks for a detector that has none of its own."""


@dataclass(frozen=True, slots=True)
class Weights:
    """``evidence``: detector -> nats by p-bucket; without any the calibrator l(p) speaks for all detectors alike.
    ``terms``: those of OPTIONAL that count. ``level``: what every element has to begin with, since ratios say only how
    it stands among what was revealed: chosen so that harmless elements stand on average where l(p) had them, and the
    scores from which cases open keep their meaning."""

    evidence: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    terms: frozenset[str] = frozenset(ASSUMED_TERMS)
    level: float = 0.0

    def nats(self, detector: str, p_bucket: int) -> float:
        """What one report says, within [-1, 4] nats; never less for a smaller p."""
        row = self.evidence.get(detector) or self.evidence.get(ANY)
        worth = evidence_nats(p_of_bucket(p_bucket)) if row is None else row[p_bucket]
        return min(EVIDENCE_NATS_MAX, max(EVIDENCE_NATS_MIN, worth))

    @property
    def walk(self) -> float:
        """What it is worth that an address surely tries doors all over the sector, before sharing."""
        row = self.evidence.get(SCAN)
        return WALK_NATS if row is None else min(WALK_NATS, row[-1] + self.level)


ASSUMED: Final = Weights()
"""The score before anything was fitted: l(p) for every detector, and every term of that time."""


@lru_cache(maxsize=1)
def known() -> Mapping[str, Any]:
    """The shipped file, whole: tables, counts, intervals and origin."""
    text = files("bavn.centre.correlate.laws").joinpath(FILE).read_text(encoding="utf-8")
    facts: Mapping[str, Any] = json.loads(text)
    return facts


@lru_cache(maxsize=1)
def shipped() -> Weights:
    """What the product weighs by."""
    return read(known())


def read(facts: Mapping[str, Any]) -> Weights:
    """The weights of a file's content. ValueError where a row has not one number for each bucket or falls."""
    evidence = {}
    for detector, row in facts["evidence"].items():
        nats = tuple(float(one) for one in row["nats"])
        if len(nats) != P_BUCKETS or list(nats) != sorted(nats):
            raise ValueError(
                f"{FILE}: the row of {detector or 'any detector'} is no table of {P_BUCKETS} rising numbers"
            )
        evidence[detector] = nats
    return Weights(evidence, frozenset(facts["terms"]) & frozenset(OPTIONAL), float(facts.get("level", 0.0)))
