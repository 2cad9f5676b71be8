"""Calibration: what the score predicted of cases, against what people found. Measured and shown, never assumed.

Counted are cases that a person confirmed or dismissed, each with its last verdict and the score that the case had then;
what a standing policy confirmed says nothing of the score, which it went by. For each such case, in the order of the
verdicts, a probability is read from all verdicts before it by isotonic regression (a higher score never means less), so
that no case is predicted from itself. Refuses to judge from few: every share has an interval, and below
``JUDGED_MIN`` there is no prediction at all.

What it cannot see: leads that nobody made a case of, and cases that nobody judged. So it says how the score fares among
what people looked at.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Final

import numpy as np
import numpy.typing as npt
from sqlalchemy import Engine, select

from bavn.centre.cases.tables import AUDIT, reading
from bavn.centre.cases.two_people import POLICY_PREFIX
from bavn.model.evidence import isotonic
from bavn.model.sector.case import CaseAct

EDGES: Final = (0.0, 2.0, 4.0, 5.0, 6.0, 7.0, 8.0, 10.0, 12.0)
"""Scores at which a bin begins; the first bin is all below, the last all above."""
JUDGED_MIN: Final = 10
Z: Final = 1.96
JUDGED_MAX: Final = 2000
"""The latest so many verdicts count: detectors and habits change."""
_SHOWN: Final = (CaseAct.CONFIRM.value, CaseAct.DISMISS.value, CaseAct.REOPEN.value)


@dataclass(frozen=True, slots=True)
class Judged:
    """A case that a person judged, and when, with the score it had then."""

    case_id: str
    score: float
    confirmed: bool
    at_us: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Bin:
    """Scores from ``low`` up to ``high`` (None: without end). ``share`` of ``judged`` that was ``confirmed``, with the
    95 % interval ``least``..``most`` (Wilson); ``predicted``: the mean of what was predicted of them before, and for
    how many. None where there is nothing."""

    low: float | None
    high: float | None
    judged: int
    confirmed: int
    share: float | None
    least: float
    most: float
    predicted: float | None
    predictions: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """``brier``: mean squared error of the predictions; ``brier_plain``: of the share confirmed so far, whatever the
    score. A score that says something is below it. None where nothing was predicted. ``unscored``: verdicts of which
    the score was not kept."""

    bins: tuple[Bin, ...]
    judged: int
    confirmed: int
    predictions: int
    brier: float | None
    brier_plain: float | None
    unscored: int

    def bin_of(self, score: float) -> Bin:
        """The bin that a score lies in."""
        return self.bins[int(np.searchsorted(EDGES, score, side="right"))]


def judged_cases(engine: Engine) -> tuple[tuple[Judged, ...], int]:
    """Cases by the order of their last verdicts, and of how many more the score was not kept."""
    query = select(AUDIT).where(AUDIT.c.act.in_(_SHOWN)).order_by(AUDIT.c.seq)
    last: dict[str, Judged | None] = {}
    with reading(engine) as connection:
        for row in connection.execute(query):
            last.pop(row.subject, None)
            score = json.loads(row.detail).get("score")
            if row.act == CaseAct.REOPEN.value or row.who.startswith(POLICY_PREFIX):
                continue
            confirmed = row.act == CaseAct.CONFIRM.value
            last[row.subject] = None if score is None else Judged(row.subject, float(score), confirmed, row.at_us)
    kept = [one for one in last.values() if one is not None]
    return tuple(kept[-JUDGED_MAX:]), len(last) - len(kept)


def calibrate(judged: Sequence[Judged], unscored: int = 0) -> Calibration:
    """All figures of the judged cases, which are in the order of their verdicts."""
    scores = np.array([one.score for one in judged], dtype=np.float64)
    truth = np.array([one.confirmed for one in judged], dtype=np.float64)
    predicted = np.full(len(judged), np.nan)
    for at in range(JUDGED_MIN, len(judged)):
        predicted[at] = _predict(scores[:at], truth[:at], float(scores[at]))
    known = ~np.isnan(predicted)
    so_far = np.cumsum(truth) - truth
    plain = so_far / np.maximum(1, np.arange(len(judged)))
    bins = np.searchsorted(EDGES, scores, side="right")
    return Calibration(
        bins=tuple(_bin(at, truth[bins == at], predicted[bins == at]) for at in range(len(EDGES) + 1)),
        judged=len(judged),
        confirmed=int(truth.sum()),
        predictions=int(known.sum()),
        brier=float(((predicted - truth)[known] ** 2).mean()) if known.any() else None,
        brier_plain=float(((plain - truth)[known] ** 2).mean()) if known.any() else None,
        unscored=unscored,
    )


def _predict(scores: npt.NDArray[np.float64], truth: npt.NDArray[np.float64], score: float) -> float:
    """The monotone estimate at a score; between two scores on the line between them, beyond them as at the end."""
    values, place = np.unique(scores, return_inverse=True)
    counts = np.bincount(place).astype(np.float64)
    means = np.bincount(place, weights=truth) / counts
    return float(np.interp(score, values, isotonic(means, counts)))


def wilson(confirmed: int, judged: int) -> tuple[float, float]:
    """The 95 % interval of a share (Wilson 1927); all that is possible where nothing was judged."""
    if not judged:
        return 0.0, 1.0
    share, z2 = confirmed / judged, Z**2 / judged
    middle, half = share + z2 / 2, Z * sqrt(share * (1 - share) / judged + z2 / (4 * judged))
    least, most = (middle - half) / (1 + z2), (middle + half) / (1 + z2)
    return (least if confirmed else 0.0), (most if confirmed < judged else 1.0)


def _bin(at: int, truth: npt.NDArray[np.float64], predicted: npt.NDArray[np.float64]) -> Bin:
    judged, confirmed = len(truth), int(truth.sum())
    known = predicted[~np.isnan(predicted)]
    least, most = wilson(confirmed, judged)
    return Bin(
        low=EDGES[at - 1] if at > 0 else None,
        high=EDGES[at] if at < len(EDGES) else None,
        judged=judged,
        confirmed=confirmed,
        share=confirmed / judged if judged else None,
        least=least,
        most=most,
        predicted=float(known.mean()) if len(known) else None,
        predictions=len(known),
    )
