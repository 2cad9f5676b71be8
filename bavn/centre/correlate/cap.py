"""The poisoning cap: no actor's reports lift a score by more than a fixed number of nats, whatever else was reported.

The raw score S of an element is a sum over groups of actors, a term in their number K and a term in pairs of groups.
The capped score is the largest function below it that no single actor can lift by more than c:

    F(A) = min over all nonempty sets B of reports within A of  S(B) + c * (actors left out)

Then F(A) <= F(A without a) + c for every a: the best B without a is one of A's choices too, at one c more. A group
counts by its strongest actor; so leaving out the j strongest of a group costs c*j and brings up the next.
The minimum is exact over which groups stay, by a table over (groups kept, congruent pairs); for a group that speaks
through another than its strongest actor the pair term is left away, which can only lower F.
Refuses to know what the numbers mean.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

import numpy as np
import numpy.typing as npt

PAIRS_MAX: Final = 3

Table = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class GroupWorth:
    """``worths``: what each actor of the group is worth alone, highest first. ``rhythm``: the period bucket in which
    its strongest actor sees the element repeat; None where it does not."""

    worths: tuple[float, ...]
    rhythm: int | None


def capped(
    groups: Sequence[GroupWorth], of_number: Callable[[int], float], of_pairs: Callable[[int], float], c: float
) -> float:
    """F of these groups (at least one). ``of_number(k)``: the term in the number of groups. ``of_pairs(n)``: the term
    in n congruent pairs; it grows with n and stays the same above ``PAIRS_MAX``."""
    size = len(groups)
    done: Table = np.full((size + 1, PAIRS_MAX + 1), np.inf)
    done[0, 0] = 0.0
    ordered = sorted(groups, key=lambda group: (-1 if group.rhythm is None else group.rhythm, group.worths))
    for rhythm, alike in groupby(ordered, key=lambda group: group.rhythm):
        done = _with_rhythm(done, list(alike), c, congruent=rhythm is not None)
    best = np.inf
    for k in range(1, size + 1):
        for pairs in range(PAIRS_MAX + 1):
            best = min(best, float(done[k, pairs]) + of_number(k) + of_pairs(pairs))
    return best


def _with_rhythm(done: Table, groups: list[GroupWorth], c: float, *, congruent: bool) -> Table:
    """The table after these groups, which all share a rhythm: [kept, pairs] -> the least sum of worths and costs.
    While they are dealt with it has a third axis: how many of them were kept (3 stands for more)."""
    table: Table = np.full((*done.shape, PAIRS_MAX + 1), np.inf)
    table[:, :, 0] = done
    for group in groups:
        left_out = table + c * len(group.worths)
        quieter = min((worth + c * (j + 1) for j, worth in enumerate(group.worths[1:])), default=np.inf)
        spoken_for: Table = np.full_like(table, np.inf)
        spoken_for[1:] = table[:-1] + quieter
        kept: Table = np.full_like(table, np.inf)
        for pairs in range(PAIRS_MAX + 1):
            for alike in range(PAIRS_MAX + 1):
                more = min(PAIRS_MAX, pairs + alike) if congruent else pairs
                then = min(PAIRS_MAX, alike + 1) if congruent else 0
                moved = table[:-1, pairs, alike] + group.worths[0]
                kept[1:, more, then] = np.minimum(kept[1:, more, then], moved)
        table = np.minimum(np.minimum(left_out, spoken_for), kept)
    return np.asarray(table.min(axis=2), dtype=np.float64)
