"""The walk over one client's new domains: up for one that does not exist, down for one that does. Knows no client.

A sequential test (Wald) in the form of a floored sum: seven names of words, or four of letters at random, reach the
alarm at ln(.99/.01); a new domain that exists and that no list knows takes half a word's worth away.

Among new domains that no list knows, one in a hundred does not exist where people ask, nine in ten where a machine
makes them up: ln(.9/.01) = 4.5 nats for one, ln(.1/.99) = -2.3 for the other. But names that do not exist come together
(a program whose makers let their domains go), so both count TEMPER as much.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import log
from typing import Final

from publicsuffixlist import PublicSuffixList

from bavn.model.moment import DAY_US

LOST_SHARE: Final = 0.01
LOST_SHARE_MADE: Final = 0.9
TEMPER: Final = 0.15
NX_NATS_MIN: Final = TEMPER * log(LOST_SHARE_MADE / LOST_SHARE)
DOWN_NATS: Final = TEMPER * log((1 - LOST_SHARE_MADE) / (1 - LOST_SHARE))
RANDOM_NATS: Final = 0.52
"""What letters at random add to the step of words."""
PAUSE_US_MAX: Final = DAY_US
"""After so long without a new domain the walk begins anew."""
OTHER_ROOTS: Final = frozenset({"bit", "bazar", "coin", "emc", "lib"})
"""Suffixes outside the public list under which implants have looked for each other (Namecoin, EmerDNS)."""


def step_nats(bits: float) -> float:
    """The step of a name that does not exist and whose letters surprise by so many bits each."""
    return NX_NATS_MIN + RANDOM_NATS * min(1.0, max(0.0, (bits - 3.8) / 1.5))


@dataclass(frozen=True, slots=True)
class DomainLookup:
    """A domain, when the client first asked for it, and its step in nats."""

    at_us: int
    domain: str
    step_nats: float


@dataclass(frozen=True, slots=True)
class Walked:
    """``top_nats``: the highest point; ``run``: the names that do not exist, from the last floor to it; ``total_nats``:
    the unfloored sum; ``blocks``: the highest point in each block of names."""

    top_nats: float
    run: tuple[DomainLookup, ...]
    total_nats: float
    blocks: tuple[float, ...]


def walked(names: Sequence[DomainLookup], block: int) -> Walked:
    """The walk over the names in the order given."""
    walk = top = total = 0.0
    run: list[DomainLookup] = []
    best: tuple[DomainLookup, ...] = ()
    blocks: list[float] = []
    before_us = 0
    for place, name in enumerate(names):
        if name.at_us - before_us > PAUSE_US_MAX:
            walk, run = 0.0, []
        before_us = name.at_us
        walk = max(0.0, walk + name.step_nats)
        total += name.step_nats
        if name.step_nats > 0:
            run.append(name)
        if walk == 0.0:
            run = []
        if walk > top:
            top, best = walk, tuple(run)
        if place % block == 0:
            blocks.append(0.0)
        blocks[-1] = max(blocks[-1], walk)
    return Walked(top, best, total, tuple(blocks))


@lru_cache(maxsize=1)
def _known_suffixes() -> PublicSuffixList:
    return PublicSuffixList(accept_unknown=False)


@lru_cache(maxsize=262144)
def made_up(domain: str) -> bool:
    """True for a domain that a stranger could have registered: under a real suffix, or one of OTHER_ROOTS."""
    return _known_suffixes().publicsuffix(domain) is not None or domain.rpartition(".")[2] in OTHER_ROOTS
