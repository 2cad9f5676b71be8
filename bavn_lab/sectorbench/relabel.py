"""New names for the long tail: copies of one capture share names that in the world hardly anybody shares.

The sightings of one suspicion are dealt out to new names so that the number of actors behind a name follows Sibuya's
law, and the share of names at exactly one actor is what SCORING.md asks for: 0.90 of the unlisted. Names on a list keep
their wide sharing, and as many of them are counted in as make it 0.66 of all. Refuses to know what a name stands for.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from bavn.centre.correlate.sharing import A_ALL, A_UNLISTED
from bavn.traffic.dice import SeededDice
from bavn_lab.sectorbench.day import Floats, Ints

TOLERANCE: Final = 0.02
TRIES_MAX: Final = 12
A_LOW, A_HIGH = 0.3, 0.985


@dataclass(frozen=True, slots=True)
class Shared:
    """A new name: which actors meet it, and at how many hosts each."""

    source: int
    actors: tuple[int, ...]
    hosts: tuple[int, ...]


def relabelled(met: Ints, dice: SeededDice, a: float = A_UNLISTED) -> tuple[list[Shared], float]:
    """``met``: int [actors, sources], at how many hosts each actor meets each source. All of it dealt out to new names,
    and the share of names at exactly one actor: within TOLERANCE of ``a`` where there is enough to deal."""
    law, reached = a, 1.0
    best: list[Shared] = []
    for attempt in range(TRIES_MAX):
        dealt = _dealt(met, law, dice.fork(f"try {attempt}"))
        share = single_share(dealt)
        if not best or abs(share - a) < abs(reached - a):
            best, reached = dealt, share
        if not dealt or abs(share - a) <= TOLERANCE / 4:
            break
        law = float(np.clip(law + (a - share), A_LOW, A_HIGH))
    return best, reached


def single_share(made: Sequence[Shared]) -> float:
    """The share of names at exactly one actor; 1 where there are none."""
    return sum(len(one.actors) == 1 for one in made) / len(made) if made else 1.0


def sibuya(a: float, most: int) -> Floats:
    """P(K) for K = 1..most, cut there."""
    mass = np.empty(most)
    mass[0] = a
    for k in range(2, most + 1):
        mass[k - 1] = mass[k - 2] * (k - 1 - a) / k
    return mass / mass.sum()


def _dealt(met: Ints, a: float, dice: SeededDice) -> list[Shared]:
    dealt: list[Shared] = []
    actors = met.shape[0]
    for source in range(met.shape[1]):
        parts: deque[tuple[int, int]] = deque(_parts(met[:, source], dice))
        if not parts:
            continue
        reach = (1 + dice.pick(len(parts), sibuya(a, actors))).tolist()
        for k in reach:
            if not parts:
                break
            taken: dict[int, int] = {}
            for _ in range(len(parts)):
                if len(taken) == k:
                    break
                actor, hosts = parts.popleft()
                if actor in taken:
                    parts.append((actor, hosts))
                else:
                    taken[actor] = hosts
            order = sorted(taken)
            dealt.append(Shared(source, tuple(order), tuple(taken[actor] for actor in order)))
    return dealt


def _parts(hosts: Ints, dice: SeededDice) -> Iterable[tuple[int, int]]:
    """Each actor's hosts dealt to names of its own, mostly one host a name; in an order by chance."""
    parts: list[tuple[int, int]] = []
    for actor in np.flatnonzero(hosts).tolist():
        left = int(hosts[actor])
        for size in (1 + dice.pick(left, sibuya(A_UNLISTED, left))).tolist():
            if not left:
                break
            parts.append((actor, min(left, size)))
            left -= min(left, size)
    return [parts[at] for at in np.argsort(dice.units(len(parts)), kind="stable").tolist()]


def listed_in(unlisted: int, unlisted_single: int, reach: Sequence[int], dice: SeededDice) -> tuple[int, int]:
    """How many listed names belong beside so many unlisted ones that A_ALL of all are at one actor, and how many of
    them are. ``reach``: at how many actors each listed name was met; a name stands for as many like it as it takes."""
    wide = sorted(k for k in reach if k >= 2)
    if not wide:
        single = len(reach)
        return len(reach), single
    wanted = max(0, round((unlisted_single - A_ALL * unlisted) / (A_ALL - LISTED_SINGLE)))
    single = int((dice.units(wanted) < LISTED_SINGLE).sum()) if wanted else 0
    return wanted, single


LISTED_SINGLE: Final = 0.10
"""Share of listed names that one actor alone meets: assumed, as in the generated sector."""
