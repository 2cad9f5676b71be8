"""The walk over one client's new domains: up for one that does not exist, down for one that does. Knows no client.

A sequential test (Wald) in the form of a floored sum: ten names of words, or four of letters at random, reach the alarm
at ln(.99/.01); a new domain that exists and that no list knows takes three words' worth away.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import log
from typing import Final

from publicsuffixlist import PublicSuffixList

from bavn.model.moment import DAY_US

NX_NATS_MIN: Final = 0.46
DOWN_NATS: Final = -log(4)
PAUSE_US_MAX: Final = DAY_US
"""After so long without a new domain the walk begins anew."""
OTHER_ROOTS: Final = frozenset({"bit", "bazar", "coin", "emc", "lib"})
"""Suffixes outside the public list under which implants have looked for each other (Namecoin, EmerDNS)."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A domain, when the client first asked for it, and its step in nats."""

    at_us: int
    domain: str
    step_nats: float


@dataclass(frozen=True, slots=True)
class Walked:
    """``top_nats``: the highest point; ``run``: the names that do not exist, from the last floor to it; ``total_nats``:
    the unfloored sum; ``blocks``: the highest point in each block of names."""

    top_nats: float
    run: tuple[Asked, ...]
    total_nats: float
    blocks: tuple[float, ...]


def walked(names: Sequence[Asked], block: int) -> Walked:
    """The walk over the names in the order given."""
    walk = top = total = 0.0
    run: list[Asked] = []
    best: tuple[Asked, ...] = ()
    blocks: list[float] = []
    before_us = 0
    for place, asked in enumerate(names):
        if asked.at_us - before_us > PAUSE_US_MAX:
            walk, run = 0.0, []
        before_us = asked.at_us
        walk = max(0.0, walk + asked.step_nats)
        total += asked.step_nats
        if asked.step_nats > 0:
            run.append(asked)
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
