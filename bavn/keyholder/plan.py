"""Which keys are to be made or shared anew, by what all holders said that they have. A pure function of that, so that
all who heard the same begin the same ceremonies.

A claim counts for a key of this holder's own terms alone, and of a slot that its day has and that is over: how many
must sign is never read from what was signed.

A key stands if holders show between them that k signed it: k is more than half of all, nobody signs before its share
is on its disk, nor another key of that purpose while one is shown. So a holder that is silent for a slot never costs a
day its key, what fewer than k make up is no key, and k have a share of whatever stands. A key that stands is shared
anew where a holder that takes part has none of it, or where k or n are others now, by k that have it. With fewer it is
waited for, unless all n are heard: then it is lost for good. Else one is made.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from bavn.keyholder.settings import ThresholdSettings
from bavn.model.moment import DAY_US, SECOND_US
from bavn.model.outcome import Refused
from bavn.psi.threshold.shares import PublicKey
from bavn.psi.threshold.terms import IDS, ROUNDS, Terms, purpose

DAYS_AHEAD: Final = 3
"""A key is made so many days before its day, so that holders that were away can catch up before it counts."""
STANDING_MAX, BEGUN_MAX = 2, 2
CLAIMS_MAX: Final = STANDING_MAX + BEGUN_MAX
"""Versions of a key: the newest that k signed and, until all have a share of that, the one before; and what was begun
since."""
SLOT_DIGITS_MAX: Final = 15
_NUMBERS: Final = frozenset("123456789")
_SIGNATURE: Final = re.compile("[0-9a-f]{128}")
Claim = tuple[str, Mapping[str, str]]
"""A public key in hex, and by holder's number the signatures over it."""
Claims = Mapping[str, Mapping[str, Claim]]
"""Purpose -> the slot of its ceremony -> what there is."""
Keys = Mapping[int, Ed25519PublicKey]


@dataclass(frozen=True, slots=True)
class StandingKey:
    """A key that stands, the slot of its ceremony, and who signed it."""

    slot: int
    public: PublicKey
    signed: Mapping[int, bytes]


def statement(slot: int, public: PublicKey) -> bytes:
    """What a holder signs of a key that it made with others."""
    return b"bavn/m3-key/1\x00" + slot.to_bytes(8) + public.to_bytes()


def is_signed(key: Ed25519PublicKey | None, signature: bytes, signed: bytes) -> bool:
    """True if the holder with that message key signed it."""
    try:
        if key is not None:
            key.verify(signature, signed)
    except InvalidSignature:
        return False
    return key is not None


def is_claims(by_name: Mapping[str, object]) -> bool:
    """True for what has the form of what a holder says that it has."""
    held = [one for one in by_name.values() if isinstance(one, dict) and len(one) <= CLAIMS_MAX]
    return len(held) == len(by_name) and all(is_claim(slot, claim) for one in held for slot, claim in one.items())


def why_no_key(settings: ThresholdSettings, slot: int, public: PublicKey) -> Refused | None:
    """Why no key of that ceremony counts here: it has other terms, or its day was not yet to be made or was over."""
    if (public.k, public.n) not in settings.terms:
        return Refused(
            "claim",
            "a key of threshold {theirs} of {of}, where it is {k} of {n}",
            theirs=public.k,
            of=public.n,
            k=settings.k,
            n=settings.n,
        )
    ahead = epoch_of(public.purpose) - slot * SECOND_US // DAY_US
    return None if 0 <= ahead <= DAYS_AHEAD else Refused("claim", "a key of a slot in which none was made for its day")


def sound(
    settings: ThresholdSettings, slot: int, claims: Mapping[int, Claims]
) -> tuple[dict[int, Claims], dict[int, Refused]]:
    """What counts of all that is claimed at ``slot``, of the keys wanted then; and who claims what cannot be."""
    counts: dict[int, Claims] = {}
    refused: dict[int, Refused] = {}
    for number, theirs in claims.items():
        kept: dict[str, dict[str, Claim]] = {}
        for name, at, claim in ((of, *one) for of in wanted(settings, slot) for one in theirs.get(of, {}).items()):
            why = _why_no_claim(settings, slot, name, int(at), claim)
            if why is None:
                kept.setdefault(name, {})[at] = claim
            else:
                refused.setdefault(number, why)
        counts[number] = kept
    return counts, refused


def _why_no_claim(settings: ThresholdSettings, slot: int, name: str, at: int, claim: Claim) -> Refused | None:
    public = _public(claim[0])
    if public is None or public.purpose != name.encode("ascii"):
        return Refused("claim", "what is no key of its day, tier and use")
    why = why_no_key(settings, at, public)
    if why is None and at >= slot:
        return Refused("claim", "a key of a slot that is not over")
    return why


def wanted(settings: ThresholdSettings, slot: int) -> list[str]:
    """What needs a key at ``slot``, by name."""
    return [of.decode("ascii") for of in purposes(slot * SECOND_US // DAY_US, settings.tiers)]


def purposes(today: int, tiers: Iterable[str]) -> list[bytes]:
    """What needs a key now, the nearest day first."""
    kept = tuple(tiers)
    return [one for day in range(today, today + DAYS_AHEAD + 1) for one in purposes_of(day, kept)]


def purposes_of(day: int, tiers: Iterable[str]) -> list[bytes]:
    """What needs a key of one day."""
    return [purpose(day, tier, use) for tier in tiers for use in (IDS, ROUNDS)]


def missing(claims: Claims, day: int, tiers: Iterable[str]) -> list[bytes]:
    """What has no key yet of one day that k signed, by what one holder has."""
    every = ((of, claims.get(of.decode("ascii"), {})) for of in purposes_of(day, tiers))
    return [of for of, held in every if not any(_is_whole(claim) for claim in held.values())]


def planned(
    settings: ThresholdSettings, slot: int, attempt: int, claims: Mapping[int, Claims], keys: Keys
) -> list[Terms]:
    """The ceremonies to begin. ``claims``: those that are sound, by holder; one that is not there takes no part.
    ``keys``: the message keys of all holders."""
    begun = []
    for name in wanted(settings, slot):
        of = name.encode("ascii")
        held = {number: theirs.get(name, {}) for number, theirs in claims.items()}
        there = standing(of, held, keys)
        old = next((key.public for key in there if holders(held, key.public) >= key.public.k), None)
        if not there or (old is None and len(held) == settings.n):
            begun.append(Terms(purpose=of, k=settings.k, n=settings.n, attempt=attempt))
        elif old and ((old.k, old.n) != (settings.k, settings.n) or holders(held, old) < len(held)):
            begun.append(Terms(purpose=of, k=settings.k, n=settings.n, attempt=attempt, old=old))
    return begun


def standing(of: bytes, held: Mapping[int, Mapping[str, Claim]], keys: Keys) -> list[StandingKey]:
    """The keys that k holders signed, by what each soundly claims of that purpose, the newest first: there are several
    while one is shared anew."""
    signed: dict[tuple[int, str], set[tuple[int, str]]] = {}
    for theirs in held.values():
        for at, (raw, by) in theirs.items():
            signed.setdefault((int(at), raw), set()).update((int(number), given) for number, given in by.items())
    there: list[StandingKey] = []
    for (slot, raw), every in sorted(signed.items(), reverse=True):
        public = _public(raw)
        if public is None or public.purpose != of or public in [key.public for key in there]:
            continue
        held_by = signers(slot, public, every, keys)
        if len(held_by) >= public.k:
            there.append(StandingKey(slot, public, held_by))
    return there


def signers(slot: int, public: PublicKey, signed: Iterable[tuple[int, str]], keys: Keys) -> dict[int, bytes]:
    """Who of the key's holders signed it, by number."""
    what = statement(slot, public)
    pairs = ((number, bytes.fromhex(given)) for number, given in signed if number <= public.n)
    return {number: given for number, given in pairs if is_signed(keys.get(number), given, what)}


def epoch_of(of: bytes) -> int:
    """The day of a purpose."""
    return int(of.split(b" ")[1])


def holders(held: Mapping[int, Mapping[str, Claim]], public: PublicKey) -> int:
    """How many have a share of it, by their own word."""
    raw = public.to_bytes().hex()
    return sum(any(claim[0] == raw for claim in theirs.values()) for theirs in held.values())


def _is_whole(claim: Claim) -> bool:
    public = _public(claim[0])
    return public is not None and len(claim[1]) >= public.k


def is_claim(slot: str, claim: object) -> bool:
    """True for what has the form of a claim and of its slot."""
    if not (slot.isascii() and slot.isdigit() and len(slot) <= SLOT_DIGITS_MAX and isinstance(claim, tuple)):
        return False
    match claim:
        case (str(), dict() as signed):
            return all(
                number in _NUMBERS and isinstance(one, str) and _SIGNATURE.fullmatch(one)
                for number, one in signed.items()
            )
        case _:
            return False


def _public(raw: str) -> PublicKey | None:
    try:
        return PublicKey.of_bytes(bytes.fromhex(raw))
    except ValueError:
        return None
