"""How regular the pairs of one part of a channel are. The spectrum is tried on the busiest irregular pairs of it only
(SPECTRA_MAX). Refuses to weigh what a peer is.
"""

from math import log
from typing import Final
from uuid import UUID

import numpy as np
import numpy.typing as npt

from bavn.actor.detect.daytime import daytime
from bavn.actor.detect.pace import pace_of
from bavn.actor.detect.pulse import MOMENTS_KEPT_MAX, Pulse, is_inside
from bavn.actor.detect.queries.peers import as_address
from bavn.actor.detect.queries.series import Series
from bavn.actor.detect.statistics.spectrum import spectral
from bavn.actor.detect.statistics.timing import Timing, timings
from bavn.model.moment import SECOND_US
from bavn.model.record import address_text

REGULAR_NATS_MIN: Final = -log(0.006)
"""With all that is tried, chance alone makes fewer than one in a hundred series this regular (bench/detect.py)."""
WEIGHED_NATS_MIN: Final = -log(0.05)
"""From here on fame counts; below, a series is merely ranked."""
LASTING_US_MIN: Final = 30 * SECOND_US
"""Calls that end sooner are one program's tries at one thing, however even: no habit yet."""
SPECTRA_MAX: Final = 300
SPECTRUM_CALLS_MIN: Final = 20
SPECTRUM_PERIODS_MIN: Final = 8
"""A pulse among other calls must have come as often as calls that stand alone."""
TESTS_NATS: Final = log(2)
"""Interval test and spectrum are two tests; the second pays for it."""

Floats = npt.NDArray[np.float64]


def timed(some: Series, homes: tuple[str, ...]) -> tuple[Floats, list[Pulse]]:
    """Nats of the pairs that are merely ranked, in no order, and the pulses of the rest, in the order of pairs. Of the
    busiest irregular pairs the spectra are looked at."""
    timing = timings(some.ts_us, some.lengths)
    nats = np.where(timing.last_us - timing.first_us >= LASTING_US_MIN, timing.nats, 0.0)
    irregular = np.flatnonzero((nats < REGULAR_NATS_MIN) & (timing.calls >= SPECTRUM_CALLS_MIN))
    busiest = irregular[np.argsort(-timing.calls[irregular], kind="stable")][:SPECTRA_MAX]
    hidden = {index: _hidden(some, timing, index, float(nats[index]), homes) for index in map(int, busiest)}
    ordinary, pulses = list[float](), list[Pulse]()
    for index in range(len(nats)):
        pulse = hidden.get(index)
        if pulse is None and nats[index] >= WEIGHED_NATS_MIN:
            pulse = _pulse(some, timing, index, float(nats[index]), None, homes)
        if pulse is None:
            ordinary.append(float(nats[index]))
        else:
            pulses.append(pulse)
    return np.array(ordinary, float), pulses


def _hidden(some: Series, timing: Timing, index: int, nats: float, homes: tuple[str, ...]) -> Pulse | None:
    """The pulse that only the spectrum shows; None for none, or for one that came too seldom."""
    spectra = spectral(some.of(index))
    lasted_s = float(timing.last_us[index] - timing.first_us[index]) / SECOND_US
    shown_nats = float(spectra.nats - TESTS_NATS)
    if lasted_s < SPECTRUM_PERIODS_MIN * spectra.period_s or shown_nats <= max(nats, REGULAR_NATS_MIN):
        return None
    return _pulse(some, timing, index, shown_nats, spectra.period_s, homes)


def _pulse(
    some: Series, timing: Timing, index: int, nats: float, hidden_s: float | None, homes: tuple[str, ...]
) -> Pulse:
    table = "flow" if some.channel == "address" else some.protos[index]
    members = tuple(_member(text) for text in some.members[index] or ())
    held = some.peers[index] if members else ""
    raw = members[0] if members else some.peers[index]
    raw = address_text(UUID(raw)) if some.channel == "address" else raw
    address = as_address(raw)
    spectral_only = hidden_s is not None
    period_s = float(timing.period_s[index]) if hidden_s is None else hidden_s
    return Pulse(
        host=address_text(UUID(some.hosts[index])),
        peer=address or raw,
        name=None if address else raw,
        port=some.ports[index],
        proto=some.protos[index],
        table=table,
        inside=is_inside(raw, some.inside[index], homes),
        nats=nats,
        regularity=float(timing.regularity[index]),
        period_s=period_s,
        jitter=float(timing.jitter[index]),
        calls=int(max(timing.calls[index], some.counts[index])) if spectral_only else int(timing.calls[index]),
        first_us=int(timing.first_us[index]),
        last_us=int(timing.last_us[index]),
        spectral=spectral_only,
        moments=some.of(index)[-MOMENTS_KEPT_MAX:].tobytes(),
        pace=pace_of(some.of(index), period_s),
        daytime=daytime(some.of(index)),
        members=members,
        held=held,
        each_call=len(some.of(index)),
    )


def _member(text: str) -> str:
    return address_text(UUID(text[1:])) if text.startswith("=") else text
