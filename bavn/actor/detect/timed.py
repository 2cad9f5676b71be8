"""How regular the pairs of one slice are, and how slices of one chunk become what the whole chunk would have given.

The spectrum is tried on the busiest irregular pairs of a chunk only (SPECTRA_MAX). A slice does not know which those
are, so it tries its own busiest, which hold them; when slices meet, the others' spectra are let go of. Refuses to
weigh what a peer is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log
from typing import Final
from uuid import UUID

import numpy as np
import numpy.typing as npt

from bavn.actor.detect.daytime import daytime
from bavn.actor.detect.pace import pace_of
from bavn.actor.detect.pulse import MOMENTS_KEPT_MAX, Pulse, is_inside
from bavn.actor.detect.queries.peers import as_address
from bavn.actor.detect.queries.series import Series, Slice
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
Place = tuple[str, str, int, str]
"""Host, peer, port and protocol of a pair: the order of a chunk."""


@dataclass(frozen=True, slots=True)
class Tried:
    """An irregular pair whose spectrum was looked at. ``plain``: its nats by timing alone, with its pulse where that is
    one; ``hidden``: the pulse that only the spectrum shows."""

    calls: int
    place: Place
    plain: float
    pulse: Pulse | None
    hidden: Pulse | None


@dataclass(frozen=True, slots=True)
class Timed:
    """One slice. ``ordinary``: nats of the pairs that are merely ranked; ``pulses``: of the rest, but for ``tried``."""

    chunk: tuple[int, bool, int]
    ordinary: Floats
    pulses: tuple[tuple[Place, Pulse], ...]
    tried: tuple[Tried, ...]


def timed(some: Series, what: Slice, homes: tuple[str, ...]) -> Timed:
    """The regularity of each pair, and the spectra of the busiest irregular ones."""
    timing = timings(some.ts_us, some.lengths)
    nats = np.where(timing.last_us - timing.first_us >= LASTING_US_MIN, timing.nats, 0.0)
    irregular = np.flatnonzero((nats < REGULAR_NATS_MIN) & (timing.calls >= SPECTRUM_CALLS_MIN))
    busiest = irregular[np.argsort(-timing.calls[irregular], kind="stable")][:SPECTRA_MAX]
    shown = np.ones(len(nats), bool)
    shown[busiest] = False
    weighed = nats >= WEIGHED_NATS_MIN

    def pulse(index: int) -> Pulse:
        return _pulse(some, timing, index, float(nats[index]), None, homes)

    tried: list[Tried] = []
    for index in map(int, busiest):
        spectra = spectral(some.of(index))
        hidden = None
        lasted_s = float(timing.last_us[index] - timing.first_us[index]) / SECOND_US
        enough = lasted_s >= SPECTRUM_PERIODS_MIN * spectra.period_s
        if enough and spectra.nats - TESTS_NATS > max(nats[index], REGULAR_NATS_MIN):
            hidden = _pulse(some, timing, index, float(spectra.nats - TESTS_NATS), spectra.period_s, homes)
        plain = pulse(index) if weighed[index] else None
        tried.append(Tried(int(timing.calls[index]), _place(some, index), float(nats[index]), plain, hidden))
    pulses = tuple((_place(some, i), pulse(i)) for i in map(int, np.flatnonzero(weighed & shown)))
    return Timed(what.chunk, nats[~weighed & shown], pulses, tuple(tried))


def merged(done: Sequence[Timed]) -> tuple[Floats, list[Pulse]]:
    """The nats of all pairs that are merely ranked, in no order, and the pulses, in the order of chunk and pair."""
    chunks: dict[tuple[int, bool, int], list[Timed]] = {}
    for item in done:
        chunks.setdefault(item.chunk, []).append(item)
    ordinary = [item.ordinary for item in done]
    pulses: list[Pulse] = []
    for some in chunks.values():
        here = [each for item in some for each in item.pulses]
        tried = sorted((each for item in some for each in item.tried), key=lambda each: (-each.calls, each.place))
        for rank, each in enumerate(tried):
            pulse = each.hidden if each.hidden is not None and rank < SPECTRA_MAX else each.pulse
            if pulse is None:
                ordinary.append(np.array([each.plain], float))
            else:
                here.append((each.place, pulse))
        pulses += [pulse for _, pulse in sorted(here, key=lambda pair: pair[0])]
    return np.concatenate([np.zeros(0), *ordinary]), pulses


def _place(some: Series, index: int) -> Place:
    return some.hosts[index], some.peers[index], some.ports[index], some.protos[index]


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
