"""The poisoning cap: no actor's reports lift a score by more than a fixed number of nats, whatever else was reported.

The raw score S of an element is what its groups' reports are worth together, scaled by how many they are, a term in
their number K and a term in pairs of groups. The capped score is the largest function below it that no single actor
can lift by more than c:

    F(A) = min over all nonempty sets B of reports within A of  S(B) + c * (actors left out)

Then F(A) <= F(A without a) + c for every a: the best B without a is one of A's choices too, at one c more. A group
counts by its strongest actor; so leaving out the j strongest of a group costs c*j and brings up the next.
The minimum is exact over which groups stay, by a table over (groups kept, congruent pairs) for each number kept; for a
group that speaks through another than its strongest actor the pair term is left away, which can only lower F.
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
class GroupEvidence:
    """``worths``: what each actor of the group is worth alone, highest first. ``rhythm``: what makes its strongest
    actor congruent with another group's that has the same; None where nothing does."""

    worths: tuple[float, ...]
    rhythm: int | None


@dataclass(frozen=True, slots=True)
class Shape:
    """How worths become a score. ``scale(k)``: what the sum over k groups is multiplied by, in (0, 1].
    ``of_number(k)``: the term in the number of groups. ``of_pairs(n)``: the term in n congruent pairs; it grows with n
    and stays the same above ``PAIRS_MAX``."""

    scale: Callable[[int], float]
    of_number: Callable[[int], float]
    of_pairs: Callable[[int], float]


def capped(groups: Sequence[GroupEvidence], shape: Shape, c: float) -> float:
    """F of these groups (at least one)."""
    ordered = sorted(groups, key=lambda group: (-1 if group.rhythm is None else group.rhythm, group.worths))
    single = all(len(group.worths) == 1 for group in ordered)
    table = _table(ordered, 0.0) if single else None
    best = np.inf
    for k in range(len(ordered), 0, -1):
        scale = shape.scale(k)
        base = shape.of_number(k) + shape.of_pairs(0)
        if base + _least(ordered, k, scale, c) >= best:
            continue
        left_out = 0.0 if table is None else c * (len(ordered) - k)
        sums = scale * (_table(ordered, c / scale) if table is None else table)[k] + left_out
        best = min(best, *(float(sums[n]) + shape.of_number(k) + shape.of_pairs(n) for n in range(PAIRS_MAX + 1)))
    return best


def _least(groups: Sequence[GroupEvidence], k: int, scale: float, c: float) -> float:
    """A bound below all sums of k kept groups and the actors left out."""
    worths = sorted(min(group.worths) for group in groups)
    actors = sorted(len(group.worths) for group in groups)
    return scale * sum(worths[:k]) + c * sum(actors[: len(groups) - k])


def _table(ordered: Sequence[GroupEvidence], cost: float) -> Table:
    """[groups kept, congruent pairs] -> the least sum of worths and of ``cost`` for each actor left out. The groups
    are sorted by rhythm."""
    done: Table = np.full((len(ordered) + 1, PAIRS_MAX + 1), np.inf)
    done[0, 0] = 0.0
    for rhythm, alike in groupby(ordered, key=lambda group: group.rhythm):
        done = _with_rhythm(done, list(alike), cost, congruent=rhythm is not None)
    return done


def _with_rhythm(done: Table, groups: list[GroupEvidence], cost: float, *, congruent: bool) -> Table:
    """The table after these groups, which all share a rhythm. While they are dealt with it has a third axis: how many
    of them were kept (3 stands for more)."""
    table: Table = np.full((*done.shape, PAIRS_MAX + 1), np.inf)
    table[:, :, 0] = done
    for group in groups:
        left_out = table + cost * len(group.worths)
        quieter = min((worth + cost * (j + 1) for j, worth in enumerate(group.worths[1:])), default=np.inf)
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
