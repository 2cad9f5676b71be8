"""The innocent part of a day: elements shared as people share them, each odd to some degree at those who meet it.

Unlisted elements reach K actors by Sibuya's law with a = 0.90, so that a of them are met by exactly one actor; listed
ones are wide; together 0.66 are met by one (SCORING.md). An actor's p is uniform over its own candidates, and actors
that meet the same element find it odd together (correlation RHO): independence would flatter the score.
"""

from typing import Final

import numpy as np

from bavn.centre.correlate.lists import Grade
from bavn.centre.correlate.sharing import A_ALL, A_UNLISTED
from bavn.model.observable import Observable
from bavn.traffic.dice import SeededDice
from bavn_lab.sectorbench.day import EASIEST, NO_PERIOD, NO_WALK, Actors, Day, Floats, Ints, Rows, drawn_hosts

RHO: Final = 0.5
CANDIDATES_PER_ROOT: Final = 200
"""An actor of 1,500 hosts weighs some 7,700 candidates a day and suspects some 390 of them at p <= .05."""
HOSTS_MIN, HOSTS_MAX = 60, 50_000
GROUPED_SHARE, GROUP_SIZE = 0.2, 3
LISTED_ONE: Final = 0.10
"""Share of listed elements that one actor alone meets."""
SPREAD: Final = 0x9E3779
"""Odd, so that different numbers below 2^24 stay different."""
P_MAX: Final = 0.05
"""Only what is at most so likely by chance can join: nothing above is drawn."""
PERIODIC_SHARE: Final = 0.3


def drawn_actors(count: int, dice: SeededDice) -> Actors:
    """Sizes from a clinic's to a region's; a fifth of the actors stand in groups of three."""
    spread = np.exp(dice.bells(count, np.log(1500.0), 1.3))
    hosts = np.clip(spread, HOSTS_MIN, HOSTS_MAX).astype(np.int64)
    group = np.arange(count, dtype=np.int64)
    grouped = int(count * GROUPED_SHARE) // GROUP_SIZE * GROUP_SIZE
    group[:grouped] = np.arange(grouped) // GROUP_SIZE
    lines = np.maximum(3, hosts // 1000)
    candidates = (CANDIDATES_PER_ROOT * np.sqrt(hosts)).astype(np.int64)
    return Actors(hosts, group, lines, candidates)


def drawn_background(actors: Actors, dice: SeededDice, new_share: float = EASIEST.benign) -> Day:
    """A day without any attack."""
    meetings = int(actors.candidates.sum())
    listed_share = (A_UNLISTED - A_ALL) / (A_UNLISTED - LISTED_ONE)
    mean = (1 - listed_share) * _mean(_sibuya(len(actors))) + listed_share * _mean(_wide(len(actors)))
    elements = max(10, int(meetings / mean))
    listed = dice.units(elements) < listed_share
    reach = np.where(listed, 1 + dice.pick(elements, _wide(len(actors))), 1 + dice.pick(elements, _sibuya(len(actors))))
    element = np.repeat(np.arange(elements), reach)
    actor = _without_repeats(element, dice.pick(len(element), actors.candidates.astype(np.float64)), len(actors), dice)
    p = _odd_together(element, elements, dice)
    rows = Rows(
        actor,
        element,
        p,
        drawn_hosts(reach[element], dice),
        *_times(element, elements, new_share, dice),
        *_rhythm(element, dice),
        np.zeros(len(element), dtype=np.int64),
        np.full(len(element), NO_WALK, dtype=np.int64),
    )
    observables = [_observable(number, dice) for number in range(elements)]
    return Day(
        actors=actors,
        rows=rows.where(p <= P_MAX),
        observables=observables,
        listed={observables[at]: _grade(at) for at in np.flatnonzero(listed).tolist()},
        power_law_a=float(np.mean(reach[~listed] == 1)),
        power_law_a_all=float(np.mean(reach == 1)),
    )


def _sibuya(actors: int) -> Floats:
    """P(K) for K = 1..actors, a = 0.90, cut at the number of actors."""
    mass = np.empty(actors)
    mass[0] = A_UNLISTED
    for k in range(2, actors + 1):
        mass[k - 1] = mass[k - 2] * (k - 1 - A_UNLISTED) / k
    return mass / mass.sum()


def _wide(actors: int) -> Floats:
    """What lists know: a tenth at one actor, the rest anywhere up to all."""
    mass = np.full(actors, (1 - LISTED_ONE) / max(1, actors - 1))
    mass[0] = LISTED_ONE
    return mass


def _mean(mass: Floats) -> float:
    return float((mass * np.arange(1, len(mass) + 1)).sum())


def _without_repeats(element: Ints, actor: Ints, actors: int, dice: SeededDice) -> Ints:
    """Each actor meets an element once: repeats move on to actors that have not met it, in rounds."""
    repeated = actor.copy()
    for _ in range(64):
        key = element * actors + repeated
        order = np.argsort(key, kind="stable")
        again = np.zeros(len(key), dtype=bool)
        again[order[1:]] = key[order][1:] == key[order][:-1]
        if not again.any():
            break
        repeated[again] = dice.whole(int(again.sum()), actors)
    return repeated


def _odd_together(element: Ints, elements: int, dice: SeededDice) -> Floats:
    """p uniform at each actor, correlated over the actors that meet one element (a Gaussian copula)."""
    shared = dice.bells(elements, 0.0, 1.0)[element]
    own = dice.bells(len(element), 0.0, 1.0)
    return np.maximum(1e-9, _upper_tail(np.sqrt(RHO) * shared + np.sqrt(1 - RHO) * own))


def _upper_tail(z: Floats) -> Floats:
    """1 - Phi(z) to 1e-7 (Abramowitz & Stegun 26.2.17)."""
    t = 1 / (1 + 0.2316419 * np.abs(z))
    series = t * (0.319381530 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))))
    tail = np.exp(-0.5 * z * z) / np.sqrt(2 * np.pi) * series
    return np.asarray(np.where(z >= 0, tail, 1 - tail), dtype=np.float64)


def _times(element: Ints, elements: int, new_share: float, dice: SeededDice) -> tuple[Ints, Ints]:
    """First and last hour: a share of the elements is new in the sector this week, each actor days after."""
    new = dice.units(elements) < new_share
    born = np.where(new, -dice.whole(elements, 6 * 24), -24 * (8 + dice.whole(elements, 60)))[element]
    first = np.minimum(23, born + dice.whole(len(element), 48))
    return first.astype(np.int64), np.maximum(first, dice.whole(len(element), 24)).astype(np.int64)


def _rhythm(element: Ints, dice: SeededDice) -> tuple[Ints, Ints]:
    """A third calls regularly; the period belongs to the element, so that those who meet it see the same."""
    periodic = dice.units(int(element.max()) + 1) < PERIODIC_SHARE
    period = dice.whole(int(element.max()) + 1, 8)
    regular = dice.whole(len(element), 6)
    return np.where(periodic[element], period[element], NO_PERIOD), np.where(periodic[element], regular, NO_PERIOD)


def _observable(number: int, dice: SeededDice) -> Observable:
    kind = dice.below(20)
    if kind < 11:
        return Observable.of("domain", f"e{number}-{dice.below(1 << 20):05x}.example.net")
    if kind < 18:
        return address(number)
    return Observable.of("cert", dice.bytes(32).hex())


def address(number: int) -> Observable:
    """An address of nobody's: never routed (names.py). Numbers are spread, so that neighbours share no network."""
    spread = number * SPREAD & 0xFFFFFF
    return Observable.of("ip4", f"28.{spread >> 16}.{spread >> 8 & 255}.{spread & 255}")


def _grade(number: int) -> Grade:
    grades: tuple[Grade, ...] = ("known", "popular", "service", "shared")
    return grades[number % len(grades)]
