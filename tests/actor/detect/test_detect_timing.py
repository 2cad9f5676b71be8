"""Regularity and spectrum against streams whose truth is known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bavn.actor.detect import timed
from bavn.actor.detect.detectors.beacon import REGULAR_NATS_MIN
from bavn.actor.detect.queries.series import Series
from bavn.actor.detect.statistics.spectrum import Spectral, spectral
from bavn.actor.detect.statistics.timing import CALLS_MIN, PERSISTENCE_NATS, TIMING_NATS_MAX, timings

DAY_S = 86400.0


def series(*streams: np.ndarray):
    """Streams in seconds as timings() takes them."""
    ts = np.concatenate([np.sort((stream * 1e6).astype(np.int64)) for stream in streams])
    return ts, np.array([len(stream) for stream in streams])


def beacon(
    dice, period_s: float, jitter: float, *, days: float = 1, lost: float = 0.0, office: bool = False
) -> np.ndarray:
    steps = period_s * (1 - jitter * dice.random(int(days * DAY_S / period_s / (1 - jitter / 2) * 1.2) + 20))
    at = np.cumsum(steps)
    keep = (at < days * DAY_S) & (dice.random(len(at)) >= lost)
    if office:
        keep &= (at % DAY_S >= 8 * 3600) & (at % DAY_S < 16 * 3600)
    return at[keep]


def found_share(streams) -> float:
    return float(np.mean(timings(*series(*streams)).nats >= REGULAR_NATS_MIN))


@pytest.mark.slow
def test_calls_at_random_are_seldom_regular_however_fast() -> None:
    """One a second: the dead time of a second cuts most gaps; what is left must not look regular."""
    dice = np.random.default_rng(11)
    for count in (5, 8, 20, 100):
        streams = [np.sort(dice.random(count)) * 36000 for _ in range(3000)]
        assert found_share(streams) <= 0.012, count
    dice = np.random.default_rng(12)
    for mean_s in (0.5, 1.0, 3.0, 20.0):
        streams = [np.cumsum(dice.exponential(mean_s, 200)) for _ in range(1000)]
        assert found_share(streams) <= 0.013, mean_s


@pytest.mark.slow
@pytest.mark.parametrize("period_s", [60, 300, 3600])
@pytest.mark.parametrize("jitter", [0.0, 0.3, 0.6, 0.9])
def test_a_beacon_is_found_in_office_hours_with_a_tenth_lost(period_s, jitter) -> None:
    """DETECTION.md: 60 s to 1 h, jitter up to 90 %, office hours only, 10 % lost: at least 95 % found in a week."""
    dice = np.random.default_rng(13)
    streams = [beacon(dice, period_s, jitter, days=7, lost=0.1, office=True)[:1000] for _ in range(100)]
    assert found_share(streams) >= 0.95


def test_facts_of_a_beacon_are_by_formula_and_bursts_and_few_calls_prove_less() -> None:
    """reg = max(0, 1 - sd(ln d) / 0.80) over the central 80 %."""
    timing = timings(*series(np.arange(0, 9 * 3600, 300.0)))
    assert timing.calls[0] == 108
    assert timing.period_s[0] == pytest.approx(300)
    assert timing.regularity[0] == pytest.approx(1)
    assert timing.jitter[0] == pytest.approx(0)
    assert timing.nats[0] == TIMING_NATS_MAX
    dice = np.random.default_rng(14)
    gaps = dice.uniform(200, 400, 40)
    timing = timings(*series(np.concatenate([[0.0], np.cumsum(gaps)])))
    central = np.sort(gaps)[4:36]
    assert timing.regularity[0] == pytest.approx(1 - np.std(np.log(central)) / 0.80, abs=1e-6)
    starts = np.arange(0, 36000, 600.0)
    timing = timings(*series(np.sort(np.concatenate([starts, starts + 3, starts + 9]))))
    assert timing.calls[0] == len(starts)
    assert timing.nats[0] >= REGULAR_NATS_MIN
    nats = [timings(*series(np.arange(n) * 60.0)).nats[0] for n in (CALLS_MIN - 1, CALLS_MIN, 8, 40)]
    assert nats[0] == 0
    assert nats[1] == pytest.approx(PERSISTENCE_NATS + np.log(CALLS_MIN))
    assert nats[1] < nats[2] < nats[3]


@given(st.lists(st.lists(st.integers(0, 10**11), min_size=1, max_size=30), min_size=1, max_size=8))
@settings(max_examples=100)
def test_any_times_give_finite_numbers_and_pairs_do_not_touch_one_another(streams) -> None:
    given_ = [np.sort(np.array(stream, np.int64)) for stream in streams]
    together = timings(np.concatenate(given_), np.array([len(s) for s in given_]))
    assert (together.nats >= 0).all()
    assert (together.nats <= TIMING_NATS_MAX).all()
    for index, stream in enumerate(given_):
        alone = timings(stream, np.array([len(stream)]))
        assert alone.nats[0] == pytest.approx(together.nats[index])
        assert alone.period_s[0] == together.period_s[index]


def test_the_spectrum_finds_a_hidden_pulse_and_is_quiet_over_chance() -> None:
    dice = np.random.default_rng(15)
    found = 0
    for _ in range(20):
        pulse = np.arange(0, 36000, 300.0) + dice.uniform(-5, 5, 120)
        ts, _ = series(np.concatenate([np.abs(pulse), dice.random(120) * 36000]))
        seen = spectral(ts)
        found += seen.nats >= REGULAR_NATS_MIN and abs(seen.period_s - 300) < 15
    assert found >= 17
    dice = np.random.default_rng(16)
    streams = [series(dice.random(100) * 36000)[0] for _ in range(60)]
    nats = [spectral(ts).nats for ts in streams]
    assert sum(n >= REGULAR_NATS_MIN for n in nats) <= 2
    assert nats == [spectral(ts).nats for ts in streams]


@pytest.mark.parametrize(("period_s", "found"), [(80.0, 1), (164.0, 0)])
def test_a_pulse_among_other_calls_has_come_eight_times(monkeypatch, period_s, found) -> None:
    monkeypatch.setattr(timed, "spectral", lambda _: Spectral(7.0, period_s))
    calls = np.sort((np.random.default_rng(3).random(60) * 660e6).astype(np.int64))
    count = np.array([len(calls)])
    host, peer = ("00000000-0000-0000-0000-ffff" + end for end in ("0a000001", "2d099401"))
    some = Series("address", [host], [peer], [443], ["tcp"], [False], [None], count, count, calls)
    _, pulses = timed.timed(some, ())
    assert sum(pulse.spectral for pulse in pulses) == found


@given(st.lists(st.sampled_from(["sleeps", "bursts", "pages", "chance"]), min_size=2, max_size=8), st.integers(0, 99))
def test_a_pair_among_others_is_timed_as_alone(kinds, seed) -> None:
    """Longer dead times are tried for some pairs only; whose values they are must not slip."""
    dice = np.random.default_rng(seed)
    gaps = {
        "sleeps": lambda n: dice.normal(60, 3, n).clip(0.1),
        "bursts": lambda n: np.where(dice.random(n) < 0.7, dice.exponential(0.5, n), dice.exponential(600, n)),
        "pages": lambda n: np.where(dice.random(n) < 0.5, dice.exponential(8, n), 300 + dice.normal(0, 5, n)),
        "chance": lambda n: dice.exponential(40, n),
    }
    streams = [np.cumsum(gaps[kind](dice.integers(1, 80))) for kind in kinds]
    together = timings(*series(*streams))
    for at, stream in enumerate(streams):
        alone = timings(*series(stream))
        for name in ("nats", "regularity", "period_s", "jitter", "calls", "first_us", "last_us"):
            assert getattr(together, name)[at] == getattr(alone, name)[0], name
