"""Which keys are to be made or shared anew, by what all holders said that they have. A pure function of that, so that
all who heard the same begin the same ceremonies.

A key is there if k holders claim it, and more than half of all are asked for by k: so of two keys of one day only one
can be. It is shared anew where a holder that takes part has none of it, or where k or n are others now.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final

from bavn.keyholder.settings import ThresholdSettings
from bavn.model.outcome import Refused
from bavn.psi.threshold.shares import PublicKey
from bavn.psi.threshold.terms import IDS, ROUNDS, Terms, purpose
from bavn.wire.strict_json import parse

DAYS_AHEAD: Final = 3
"""A key is made so many days before its day, so that holders that were away can catch up before it counts."""
CLAIMS_MAX: Final = 8
Claims = Mapping[str, Mapping[str, str]]
"""Purpose -> the slot of its ceremony -> the public key in hex."""


def read_claims(raw: bytes, bytes_max: int) -> Claims | None:
    """What a holder says that it has; None for what cannot be read."""
    said = parse(raw, bytes_max)
    if isinstance(said, Refused) or not isinstance(said, dict):
        return None
    held = [one for one in said.values() if isinstance(one, dict) and len(one) <= CLAIMS_MAX]
    sound = len(held) == len(said) and all(
        slot.isascii() and slot.isdigit() and len(slot) <= 16 and isinstance(public, str)
        for one in held
        for slot, public in one.items()
    )
    return said if sound else None


def purposes(today: int, tiers: Iterable[str]) -> list[bytes]:
    """What needs a key now, the nearest day first."""
    kept = tuple(tiers)
    return [one for day in range(today, today + DAYS_AHEAD + 1) for one in purposes_of(day, kept)]


def purposes_of(day: int, tiers: Iterable[str]) -> list[bytes]:
    """What needs a key of one day."""
    return [purpose(day, tier, use) for tier in tiers for use in (IDS, ROUNDS)]


def missing(claims: Claims, day: int, tiers: Iterable[str]) -> list[bytes]:
    """What has no key yet of one day, by what one holder has."""
    return [one for one in purposes_of(day, tiers) if one.decode("ascii") not in claims]


def planned(settings: ThresholdSettings, today: int, attempt: int, claims: Mapping[int, Claims]) -> list[Terms]:
    """The ceremonies to begin. ``claims``: by holder; one that is not there takes no part."""
    begun = []
    for one in purposes(today, settings.tiers):
        name = one.decode("ascii")
        held = {number: said.get(name, {}) for number, said in claims.items()}
        old = _standing(settings, one, held)
        if old is None:
            begun.append(Terms(purpose=one, k=settings.k, n=settings.n, attempt=attempt))
        elif (old.k, old.n) != (settings.k, settings.n) or not all(_has(said, old) for said in held.values()):
            begun.append(Terms(purpose=one, k=settings.k, n=settings.n, attempt=attempt, old=old))
    return begun


def _standing(settings: ThresholdSettings, of: bytes, held: Mapping[int, Mapping[str, str]]) -> PublicKey | None:
    """The key that k holders claim; of several, of before and after a reshare, the newest."""
    count = Counter(pair for said in held.values() for pair in said.items())
    for (_, raw), claimed in sorted(count.items(), key=lambda one: (-int(one[0][0]), one[0][1])):
        public = _public(raw)
        if public is not None and public.purpose == of and claimed >= max(settings.k, public.k):
            return public
    return None


def _has(said: Mapping[str, str], public: PublicKey) -> bool:
    return public.to_bytes().hex() in said.values()


def _public(raw: str) -> PublicKey | None:
    try:
        return PublicKey.of_bytes(bytes.fromhex(raw))
    except ValueError:
        return None
