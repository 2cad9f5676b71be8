"""How regular calls are: vectorised over many pairs at once. Knows times and nothing of who called whom.

Regularity is DETECTION.md's: reg = max(0, 1 - sd(ln d) / 0.80) over the central 80 % of the intervals. Whether it is
more than chance is a test against calls at random (Poisson): gaps beyond a dead time are exponential again, whatever
the rate, so one table by number of gaps (beacon_null.json, made by bench/reference.py) gives the p-value.
"""

import json
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Final

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

DEAD_S: Final = (1.0, 5.0, 30.0)
"""Calls closer than this belong to one burst. The longer ones are tried where many calls come in such bursts."""
CALLS_MIN: Final = 5
GAP_TIMES_MEDIAN_MAX: Final = 8.0
"""A gap beyond this many medians is a pause (night, weekend), not an interval."""
PAUSE_SHARE_MAX: Final = 0.10
PAUSE_S_MIN: Final = 4 * 3600.0
"""Where more gaps are that long and none as long as a night, they are the pace and the short ones are bursts."""
BURST_SHARE_MIN: Final = 0.10
PERIOD_TIMES_DEAD_MIN: Final = 1.2
TRIM_SHARE: Final = 0.10
CV_TIMES: Final = 2.0
REG_SD_LN: Final = 0.80
TIMING_NATS_MAX: Final = 7.5
PERSISTENCE_NATS: Final = 4.0
"""However regular, n calls are worth at most 4 + ln n: five may be a stubborn program, forty are a habit."""


@dataclass(frozen=True, slots=True)
class Timing:
    """One value a pair, all arrays of the same length. ``nats`` = -ln p of the calls being at random, at most
    TIMING_NATS_MAX; 0 where there are too few. ``calls``: bursts counted once. ``jitter``: half the width of the
    central 80 % of intervals, as a share of the period."""

    nats: Floats
    regularity: Floats
    period_s: Floats
    jitter: Floats
    calls: Ints
    first_us: Ints
    last_us: Ints


@lru_cache(maxsize=1)
def _null() -> tuple[Floats, Floats, Floats]:
    """Gap counts (ascending), -ln p (ascending), and the spread that gives it: shape (counts, levels), falling."""
    text = files("bavn.actor.detect").joinpath("beacon_null.json").read_text(encoding="utf-8")
    table = json.loads(text)
    return (
        np.array(table["gaps"], float),
        -np.log(np.array(table["p"], float)),
        np.array(table["spread"], float),
    )


def nats_of(spread: Floats, gaps: Ints) -> Floats:
    """-ln P(spread this small or smaller | calls at random), by the table; linear between its entries."""
    counts, levels, table = _null()
    at = np.clip(gaps.astype(float), counts[0], counts[-1])
    row = np.clip(np.searchsorted(counts, at, "right") - 1, 0, len(counts) - 2)
    weight = (at - counts[row]) / (counts[row + 1] - counts[row])
    limits = table[row] * (1 - weight)[:, None] + table[row + 1] * weight[:, None]
    level = (limits >= spread[:, None]).sum(axis=1) - 1  # the strictest level that still holds
    low = np.clip(level, 0, len(levels) - 1)
    high = np.minimum(low + 1, len(levels) - 1)
    pairs = np.arange(len(spread))
    width = limits[pairs, low] - limits[pairs, high]
    part = np.divide(limits[pairs, low] - spread, width, out=np.zeros(len(spread)), where=width > 0)
    found = levels[low] + np.clip(part, 0, 1) * (levels[high] - levels[low])
    found = np.where(spread <= limits[:, -1], TIMING_NATS_MAX, found)
    return np.where(level < 0, 0.0, np.minimum(TIMING_NATS_MAX, found))


def timings(ts_us: Ints, lengths: Ints) -> Timing:
    """The best of DEAD_S for each pair. ``ts_us``: calls of all pairs one after the other, ascending within a pair;
    ``lengths``: calls of each, 1 or more. The number of dead times tried is paid for (Bonferroni)."""
    base = _timing(ts_us, lengths, DEAD_S[0])
    base_short = _short_share(ts_us, lengths, DEAD_S[0])
    nats, regularity, tried = base.nats, base.regularity, np.ones(len(lengths))
    chosen = [np.array(getattr(base, name)) for name in Timing.__slots__]
    for dead_s in DEAD_S[1:]:
        some = np.flatnonzero(_short_share(ts_us, lengths, dead_s) - base_short >= BURST_SHARE_MIN)
        if not len(some):
            continue
        in_some = np.zeros(len(lengths), bool)
        in_some[some] = True
        timing = _timing(ts_us[np.repeat(in_some, lengths)], lengths[some], dead_s)
        use = timing.period_s >= PERIOD_TIMES_DEAD_MIN * dead_s
        tried[some] += use
        better = use & (
            (timing.nats > nats[some]) | ((timing.nats == nats[some]) & (timing.regularity > regularity[some]))
        )
        for values, name in zip(chosen, Timing.__slots__, strict=True):
            values[some[better]] = getattr(timing, name)[better]
        nats, regularity = chosen[0], chosen[1]
    best = Timing(*chosen)
    paid = np.where(nats >= TIMING_NATS_MAX, nats, np.maximum(0.0, nats - np.log(tried)))
    paid = np.minimum(paid, PERSISTENCE_NATS + np.log(np.maximum(1, best.calls)))
    return Timing(paid, best.regularity, best.period_s, best.jitter, best.calls, base.first_us, base.last_us)


def _short_share(ts_us: Ints, lengths: Ints, dead_s: float) -> Floats:
    """The share of each pair's gaps that are not longer than ``dead_s``."""
    pairs = len(lengths)
    ends = np.cumsum(lengths)
    short = np.diff(ts_us, prepend=ts_us[:1]) / 1e6 <= dead_s
    short[ends - lengths] = False
    owner = np.repeat(np.arange(pairs), lengths)
    return np.bincount(owner, weights=short, minlength=pairs) / np.maximum(1, lengths - 1)


def _timing(ts_us: Ints, lengths: Ints, dead_s: float) -> Timing:
    """Timing at one dead time."""
    pairs = len(lengths)
    ends = np.cumsum(lengths)
    first = ends - lengths
    pair_of = np.repeat(np.arange(pairs), lengths)
    gap_s = np.diff(ts_us, prepend=ts_us[:1]) / 1e6
    inside = np.ones(len(ts_us), bool)
    inside[first] = False
    starts = ~inside | (gap_s > dead_s)
    start_ts, start_pair = ts_us[starts], pair_of[starts]
    kept = (inside & starts)[starts]
    interval_s = np.diff(start_ts, prepend=start_ts[:1])[kept] / 1e6
    excess_s = (gap_s - dead_s)[inside & starts]
    order, owner = _order(excess_s, start_pair[kept])
    excess_s, interval_s = excess_s[order], interval_s[order]
    median = _middle(excess_s, owner, pairs)
    pause = excess_s > GAP_TIMES_MEDIAN_MAX * median[owner]
    pace = (_mean(pause.astype(float), owner, pairs) > PAUSE_SHARE_MAX)[owner] & (excess_s < PAUSE_S_MIN)
    use = ~pause | pace
    excess_s, interval_s, owner = excess_s[use], interval_s[use], owner[use]
    gaps = np.bincount(owner, minlength=pairs)
    spread = _spread(excess_s, owner, pairs)
    interval_s = interval_s[_order(interval_s, owner)[0]]
    nats = np.zeros(pairs)
    enough = gaps >= CALLS_MIN - 1
    nats[enough] = nats_of(spread[enough], gaps[enough])
    trimmed, of = _central(interval_s, owner, pairs)
    regularity = np.maximum(0.0, 1 - _sd(np.log(trimmed), of, pairs) / REG_SD_LN)
    period = _middle(interval_s, owner, pairs)
    jitter = _half_width(trimmed, of, pairs) / np.maximum(period, 1e-9)
    calls = np.bincount(start_pair, minlength=pairs).astype(np.int64)
    return Timing(nats, regularity, period, jitter, calls, ts_us[first], ts_us[ends - 1])


def _order(values: Floats, owner: Ints) -> tuple[Ints, Ints]:
    """The order in which each pair's values ascend, pair after pair; and whose each then is."""
    order = np.lexsort((values, owner))
    return order, owner[order]


def _middle(ranked: Floats, of: Ints, pairs: int) -> Floats:
    """Median (the lower one) of each pair; 0 where it has none. ``ranked``: ascending within a pair."""
    counts = np.bincount(of, minlength=pairs)
    at = np.cumsum(counts) - counts + np.maximum(0, counts - 1) // 2
    middles = np.zeros(pairs)
    middles[counts > 0] = ranked[at[counts > 0]]
    return middles


def _central(ranked: Floats, of: Ints, pairs: int, *, bottom_share: float = TRIM_SHARE) -> tuple[Floats, Ints]:
    """The central 80 % of each pair's values; or less, or nothing, cut off at the bottom. ``ranked``: ascending within
    a pair."""
    counts = np.bincount(of, minlength=pairs)
    place = np.arange(len(ranked)) - (np.cumsum(counts) - counts)[of]
    low, high = ((counts * share).astype(int)[of] for share in (bottom_share, TRIM_SHARE))
    use = (place >= low) & (place < counts[of] - high)
    return ranked[use], of[use]


def _mean(values: Floats, of: Ints, pairs: int) -> Floats:
    counts = np.bincount(of, minlength=pairs)
    return np.bincount(of, weights=values, minlength=pairs) / np.maximum(1, counts)


def _sd(values: Floats, of: Ints, pairs: int) -> Floats:
    centre = _mean(values, of, pairs)
    return np.sqrt(_mean((values - centre[of]) ** 2, of, pairs))


def _spread(excess_s: Floats, owner: Ints, pairs: int) -> Floats:
    """sd(ln e) over the central 80 %, and CV_TIMES sd(e)/mean(e) with only the longest tenth left out. ``excess_s``:
    ascending within a pair.

    The first is sharp for few calls with little jitter. The second is for many with much: a sleep is never long, and
    lost calls make some gaps longer, so the top is cut; the short gaps stay, since they hardly move a mean, and cutting
    them takes away what tells a sleep from chance (bench/detect.py)."""
    trimmed, of = _central(excess_s, owner, pairs)
    lower, belongs = _central(excess_s, owner, pairs, bottom_share=0.0)
    level = _mean(lower, belongs, pairs)
    varied = _sd(lower, belongs, pairs) / np.maximum(level, 1e-9)
    return _sd(np.log(np.maximum(trimmed, 1e-6)), of, pairs) + CV_TIMES * varied


def _half_width(trimmed: Floats, of: Ints, pairs: int) -> Floats:
    """Half the distance from the smallest to the largest of each pair; 0 where it has none."""
    counts = np.bincount(of, minlength=pairs)
    ends = np.cumsum(counts)
    widths = np.zeros(pairs)
    some = counts > 0
    widths[some] = (trimmed[ends[some] - 1] - trimmed[(ends - counts)[some]]) / 2
    return widths


def spread_of(gaps_s: Floats) -> Floats:
    """The spread of each row of ``gaps_s`` (shape (rows, gaps)): what bench/reference.py tabulates at random."""
    rows, gaps = gaps_s.shape
    return _spread(np.sort(gaps_s, axis=1).ravel(), np.repeat(np.arange(rows), gaps), rows)
