"""An indicator as this room keeps it: where it stands in its life, who stands behind it, what is wanted of it.

Plain values and their JSON. Refuses to know how it travels and who enforces it.
"""

import json
from dataclasses import dataclass, field
from typing import Any

from bavn.model.intel.indicator import Pap, Tlp
from bavn.model.observable import Observable
from bavn.model.sector.indicator_life import LifeState, distinct
from bavn.model.text import Text

HALF_LIVES = {
    "ip4": "half_life_address_days",
    "ip6": "half_life_address_days",
    "domain": "half_life_domain_days",
    "ja3": "half_life_fingerprint_days",
    "ja4": "half_life_fingerprint_days",
    "fp-pair": "half_life_fingerprint_days",
    "cert": "half_life_certificate_days",
    "sha256": "half_life_hash_days",
    "chain": "half_life_fingerprint_days",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class IndicatorSettings:
    """How confidence decays, who gets it first, what is noise."""

    half_life_address_days: float = 14.0
    """An address that nobody meets is worth half as much after this."""
    half_life_domain_days: float = 45.0
    """The same for a domain."""
    half_life_fingerprint_days: float = 90.0
    """The same for JA3, JA4 and pairs of fingerprints."""
    half_life_certificate_days: float = 90.0
    """The same for a certificate."""
    half_life_hash_days: float = 180.0
    """The same for a file's hash."""
    expire_below: int = 25
    """An indicator worth less than this expires, and the delist is pushed."""
    refresh_every_h: float = 24.0
    """True sightings refresh an indicator at most this often."""
    canary_quiet_s: float = 900.0
    """So long after the ring's last receipt, without a rollback, the others get it."""
    canary_wait_s: float = 14_400.0
    """The ring's actors that have not answered by then are no longer waited for, if one enforces it."""
    canary_hits_max: int = 10
    """More hits than this at one actor of the ring stop the release (told in steps: 1, 3, 10, 100)."""
    noise_outcomes_min: int = 5
    """A producer is judged from so many outcomes on."""
    noise_false_max: float = 0.5
    """A producer whose share of false outcomes is above this (90 % lower bound) is retired."""
    noise_groups_min: int = 2
    """So many independent groups must find an indicator wrong, and more than met it, to retire it."""

    def half_life_days(self, kind: str) -> float:
        """By the observable's type."""
        return float(getattr(self, HALF_LIVES[kind]))


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at before release. ``stops``: it may not go out as it stands; else the reviewer weighs it.
    ``to_read``: it stops until two people have read its words, and ``read_by`` did."""

    name: str
    stops: bool
    words: Text
    to_read: bool = False
    read_by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Why, as far as the sector's own reports say: nothing for what a person drafted by hand. ``producers``: what made
    it, such as ``detector:beacon``, ``policy:policy-17``, ``person:Anna Berg``, ``source:NAME``. ``partners``: parties
    outside the sector that name it; then ``tlp_min`` and ``pap_max`` are the terms under which they told of it."""

    score: float = 0.0
    groups: int = 0
    listed: tuple[str, ...] = ()
    by_hand: bool = False
    producers: tuple[str, ...] = ()
    partners: int = 0
    tlp_min: str = ""
    pap_max: int = int(Pap.CLEAR)


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """An indicator at the centre. ``rev`` counts every change. ``base``: confidence when released, ``seen_us`` the last
    true sighting (0: none). ``put_by``, ``approved_by``, ``released_by``: who put it to review, agreed, let it go;
    ``vouched``: two people for a standing policy. ``now_by``: who wants the ring passed over; ``now`` once a second
    person agreed. ``wanted``, ``order_no``, ``done_no`` as in a case. ``case_order``: the case's order that made it.
    ``until_us``: its end as last released (0: not yet). ``refusal``: why gate 3 sent it back."""

    id: str
    observable: Observable
    state: LifeState
    rev: int
    case_id: str
    technique: str
    tlp: Tlp
    pap: Pap
    days: int
    base: int
    evidence: Evidence
    checks: tuple[Check, ...] = ()
    drafted_by: str = ""
    drafted_us: int = 0
    put_by: str = ""
    put_us: int | None = None
    approved_by: str = ""
    approved_us: int | None = None
    released_by: str = ""
    released_us: int | None = None
    vouched: tuple[str, ...] = ()
    now_by: str = ""
    now: bool = False
    seen_us: int = 0
    refreshed_us: int | None = None
    until_us: int = 0
    ended_us: int | None = None
    why: str = ""
    refusal: str = ""
    wanted: bool = False
    order_no: int = 0
    done_no: int = 0
    case_order: int = 0

    @property
    def people(self) -> tuple[str, ...]:
        """Who stands behind it, each once."""
        return self.vouched or distinct((self.put_by, self.approved_by, self.released_by))

    @property
    def read_by(self) -> tuple[str, ...]:
        """Who read what a block of it would break."""
        return next((check.read_by for check in self.checks if check.to_read), ())


@dataclass(frozen=True, slots=True)
class IndicatorStatus:
    """An indicator with what it is worth now. ``true_groups``, ``false_groups``: who met it, who found it wrong."""

    life: Life
    worth: int
    true_groups: tuple[str, ...] = ()
    false_groups: tuple[str, ...] = ()
    falls_us: int | None = field(default=None)


def checks_text(checks: tuple[Check, ...]) -> str:
    """JSON of checks."""
    rows = [[c.name, c.stops, c.words.kept(), c.to_read, list(c.read_by)] for c in checks]
    return json.dumps(rows, ensure_ascii=False)


def checks_of(text: str) -> tuple[Check, ...]:
    """What checks_text wrote."""
    return tuple(
        Check(name, stops, Text.of(words), to_read, tuple(read_by))
        for name, stops, words, to_read, read_by in json.loads(text)
    )


def evidence_text(evidence: Evidence) -> str:
    """JSON of the evidence."""
    body: dict[str, Any] = {name: getattr(evidence, name) for name in Evidence.__slots__}
    return json.dumps(body, sort_keys=True, ensure_ascii=False)


def evidence_of(text: str) -> Evidence:
    """What evidence_text wrote."""
    body = json.loads(text)
    return Evidence(**body | {"listed": tuple(body["listed"]), "producers": tuple(body["producers"])})
