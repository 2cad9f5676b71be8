"""Whether calls repeat: a periodogram against random permutations, and an autocorrelation peak at the same period.

The method is BAYWATCH's (Hu et al., DSN 2016): what stands out in the spectrum more than it does when the same calls
are shuffled is periodic, if the calls also match themselves one period later. It sees a beacon among other calls to the
same peer, where the intervals alone look irregular. The shuffles' randomness is drawn from the calls themselves, so the
same calls always give the same answer. Refuses to know who called whom.
"""

import hashlib
import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

BINS_MAX: Final = 4096
BINS_MIN: Final = 64
PERMUTATIONS: Final = 20
CYCLES_MIN: Final = 8
"""A period must fit this often into the span of the calls."""
BIN_S_MIN: Final = 1.0
NEIGHBOURS: Final = 32
"""Frequencies on either side that tell a peak's own surroundings: days and sessions raise the low ones."""
PEAKS_AT_ONCE: Final = 16
HARMONICS_MAX: Final = 8
ACF_REACH: Final = 0.05
ACF_SD_MIN: Final = 4.0
NATS_MAX: Final = 7.0
EULER_GAMMA: Final = 0.57721566490153286


@dataclass(frozen=True, slots=True)
class Spectral:
    """``nats`` = -ln p of the highest peak under shuffling, at most NATS_MAX; 0 without an autocorrelation peak."""

    nats: float
    period_s: float


NOTHING: Final = Spectral(0.0, 0.0)


def spectral(ts_us: Ints) -> Spectral:
    """The strongest period of one pair's calls (ascending, microseconds)."""
    span_s = (int(ts_us[-1]) - int(ts_us[0])) / 1e6 if len(ts_us) else 0.0
    if len(ts_us) < CYCLES_MIN or span_s < BINS_MIN * BIN_S_MIN:
        return NOTHING
    width_s = max(BIN_S_MIN, span_s / BINS_MAX)
    bins = int(span_s / width_s) + 1
    at = ((ts_us - ts_us[0]) / (width_s * 1e6)).astype(np.int64)
    signal = np.minimum(1.0, np.bincount(at, minlength=bins).astype(float))
    peak, height = _peak(_power(signal), bins // 2)
    lag = _acf_lag(signal, bins / peak)
    if lag is None:  # before the shuffles: they cost the most
        return NOTHING
    nats = _gumbel_nats(height, _shuffled_maxima(signal, ts_us))
    return Spectral(min(NATS_MAX, nats), lag * width_s) if nats > 0 else NOTHING


def _power(signal: Floats) -> Floats:
    return np.asarray(np.abs(np.fft.rfft(signal - signal.mean())) ** 2)


def _peak(power: Floats, end: int) -> tuple[int, float]:
    """The frequency that stands out most from its surroundings, from CYCLES_MIN up to ``end``, and by how much.

    Surroundings are the median power nearby, never under the median of all; so the highest powers are looked at first,
    and no more once nothing lower can stand out more."""
    least = max(float(np.median(power[CYCLES_MIN:])), 1e-12)
    padded = np.pad(power, NEIGHBOURS, mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * NEIGHBOURS + 1)
    order = CYCLES_MIN + np.argsort(-power[CYCLES_MIN:end], kind="stable")
    best, peak = -1.0, end
    for at in range(0, len(order), PEAKS_AT_ONCE):
        some = order[at : at + PEAKS_AT_ONCE]
        if power[some[0]] / least < best:
            break
        score = power[some] / np.maximum(np.median(windows[some], axis=1), least)
        height = float(score.max())
        first = int(some[score == height].min())
        if height > best or (height == best and first < peak):
            best, peak = height, first
    return peak, best


def _shuffled_maxima(signal: Floats, ts_us: Ints) -> Floats:
    """The highest peak, over the median power, of each of PERMUTATIONS shuffles."""
    bins = len(signal)
    seed = hashlib.shake_256(np.ascontiguousarray(ts_us, dtype="<i8").tobytes())
    stream = np.frombuffer(seed.digest(4 * bins * PERMUTATIONS), dtype="<u4").reshape(PERMUTATIONS, bins)
    shuffled = signal[np.argsort(stream, axis=1, kind="stable")]
    power = np.abs(np.fft.rfft(shuffled - signal.mean(), axis=1)) ** 2
    counts = power[:, CYCLES_MIN : bins // 2]
    return np.asarray(counts.max(axis=1) / np.maximum(np.median(counts, axis=1), 1e-12))


def _gumbel_nats(height: float, maxima: Floats) -> float:
    """-ln P(a shuffle's highest peak is this high), by a Gumbel law fitted to the shuffles by moments."""
    scale = max(float(maxima.std()) * math.sqrt(6) / math.pi, 1e-9)
    centre = float(maxima.mean()) - EULER_GAMMA * scale
    above = (height - centre) / scale
    return above if above > 20 else -math.log(-math.expm1(-math.exp(-above)))


def _acf_lag(signal: Floats, lag: float) -> float | None:
    """The lag (bins) of the first autocorrelation peak at ``lag`` or a multiple of it, or None where there is none: the
    strongest frequency of a pulse is as often a harmonic as the pulse itself."""
    bins = len(signal)
    spectrum = np.fft.rfft(signal - signal.mean(), 2 * bins)
    acf = np.fft.irfft(np.abs(spectrum) ** 2)[:bins]
    if acf[0] <= 0:
        return None
    acf = acf / acf[0]
    for multiple in range(1, HARMONICS_MAX + 1):
        centre = lag * multiple
        reach = max(1, int(centre * ACF_REACH))
        low, high = max(1, int(centre) - reach), min(bins // 2, math.ceil(centre) + reach)
        if low >= high:
            return None
        peak = low + int(np.argmax(acf[low : high + 1]))
        if acf[peak] >= ACF_SD_MIN / math.sqrt(bins):
            return float(peak)
    return None
