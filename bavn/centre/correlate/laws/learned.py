"""What people's verdicts teach the score: how far each number of the fitted table is off, in bounded steps.

Of each judged lead the score predicts how likely it was to be confirmed (isotonic, over all that were judged). What a
detector at a step of its p adds is moved by how much oftener its leads were confirmed than that: one Newton step of a
logistic regression with the prediction as offset, so that it does not matter that people look at high scores first. Few
verdicts move little (RIDGE), none moves a number by more than SHIFT_NATS_MAX, and no row ever falls with a smaller p.
The share of campaigns that are new moves likewise. Never learns from a single kind of verdict. Refuses to know who
judged: versions are kept, agreed on and taken back in books/learned.py.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from bavn.centre.correlate.dependence import Dependence
from bavn.centre.correlate.laws.fitted import ANY, Weights
from bavn.centre.correlate.laws.novelty import NEW_CAMPAIGN
from bavn.model.evidence import isotonic

JUDGED_MIN: Final = 20
EACH_MIN: Final = 5
"""Nothing is learned from fewer verdicts, or from fewer of either kind."""
SHIFT_NATS_MAX: Final = 1.0
RIDGE: Final = 5.0
"""A verdict that could have gone either way weighs a quarter: twenty of them move a number half of the way."""
NEW_PRIOR: Final = 20
NEW_MIN, NEW_MAX = 0.3, 0.9


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedLead:
    """A lead that people judged. ``reports``: for each group that reported it the detector and p-bucket; ``new``:
    whether the second group had met it within the days in which a thing is new."""

    score: float
    confirmed: bool
    reports: tuple[tuple[str, int], ...]
    new: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """``shifts``: row of the fitted table -> nats to add by p-bucket. ``new_share``: the share of campaigns that are
    new. ``judged``: leads behind it; ``confirmed``: of these, and ``new`` of those."""

    shifts: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    new_share: float = NEW_CAMPAIGN
    judged: int = 0
    confirmed: int = 0
    new: int = 0


NOTHING: Final = Learned()
"""The table as it is shipped."""


def learn(judged: Sequence[JudgedLead], weights: Weights, base: Learned = NOTHING) -> Learned | None:
    """What these verdicts say beyond ``base``, with it; None where there are too few of either kind. ``weights``: the
    shipped table."""
    truth = np.array([lead.confirmed for lead in judged], dtype=np.float64)
    confirmed = int(truth.sum())
    if len(judged) < JUDGED_MIN or min(confirmed, len(judged) - confirmed) < EACH_MIN:
        return None
    expected = _expected(np.array([lead.score for lead in judged], dtype=np.float64), truth)
    gain: dict[tuple[str, float], float] = {}
    weight: dict[tuple[str, float], float] = {}
    for lead, surprise, doubt in zip(judged, truth - expected, expected * (1 - expected), strict=True):
        for step, share in _steps(lead, weights).items():
            gain[step] = gain.get(step, 0.0) + share * float(surprise)
            weight[step] = weight.get(step, 0.0) + share**2 * float(doubt)
    new = sum(lead.new for lead in judged if lead.confirmed)
    return Learned(
        shifts={
            name: _shifted(
                row,
                base.shifts.get(name, (0.0,) * len(row)),
                {nats: (gain[name, nats], weight[name, nats]) for at, nats in gain if at == name},
            )
            for name, row in sorted(weights.evidence.items())
            if name in base.shifts or any(at == name for at, _ in gain)
        },
        new_share=min(NEW_MAX, max(NEW_MIN, (new + NEW_PRIOR * base.new_share) / (confirmed + NEW_PRIOR))),
        judged=base.judged + len(judged),
        confirmed=base.confirmed + confirmed,
        new=base.new + new,
    )


def applied(weights: Weights, learned: Learned) -> Weights:
    """The table with what was learned added."""
    rows = {
        name: tuple(nats + shift for nats, shift in zip(row, learned.shifts.get(name, (0.0,) * len(row)), strict=True))
        for name, row in weights.evidence.items()
    }
    return replace(weights, evidence=rows)


def _expected(scores: npt.NDArray[np.float64], truth: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """How likely each was to be confirmed, by all of them; never surely, as if each kind had been seen once more."""
    _, place = np.unique(scores, return_inverse=True)
    counts = np.bincount(place).astype(np.float64)
    means = np.array(isotonic(np.bincount(place, weights=truth) / counts, counts))
    every = float(truth.mean())
    return np.asarray(((means * counts.sum() + 2 * every) / (counts.sum() + 2))[place], dtype=np.float64)


def _steps(lead: JudgedLead, weights: Weights) -> dict[tuple[str, float], float]:
    """How much of each step of the table is in a lead's score. Buckets that the table gives one number are one step."""
    scale, steps = Dependence().scale(len(lead.reports)), dict[tuple[str, float], float]()
    for detector, bucket in lead.reports:
        name = detector if detector in weights.evidence else ANY
        if name in weights.evidence:
            step = name, weights.evidence[name][bucket]
            steps[step] = steps.get(step, 0.0) + scale
    return steps


def _shifted(
    row: Sequence[float], base: Sequence[float], seen: Mapping[float, tuple[float, float]]
) -> tuple[float, ...]:
    """What to add to each number of a row, so that it still rises: making it rise takes no number further from where it
    was than the furthest was taken."""
    moved = [
        _bounded(before + (seen[nats][0] / (seen[nats][1] + RIDGE) if nats in seen else 0.0))
        for nats, before in zip(row, base, strict=True)
    ]
    counts = np.array([seen[nats][1] + 1 if nats in seen else 1.0 for nats in row])
    rising = isotonic(np.array(row) + np.array(moved), counts)
    return tuple(round(float(after - before), 3) for before, after in zip(row, rising, strict=True))


def _bounded(nats: float) -> float:
    return min(SHIFT_NATS_MAX, max(-SHIFT_NATS_MAX, nats))
