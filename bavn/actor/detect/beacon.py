"""Beacons: a host that calls the same peer again and again at its own pace.

Sees: at least eight calls to one peer (an address and port, a TLS or HTTP name or domain, ever new names under one DNS
domain) whose intervals are more regular than calls at random: an implant that asks for work, jitter up to 90 %, some
calls lost, pauses at night; also a steady pulse hidden among other calls to the same peer, by its spectrum.

Misses: fewer than eight calls in the window; one connection that stays open; a new peer for every call without a name in
common; pauses drawn at random like a person's.

Innocent: clock (NTP), update checks, mail polling, telemetry, monitoring. They are as regular as an implant; they weigh
less because the world, or most hosts here, use them.

Do first: look up the peer and when it was first seen; ask which program on the host makes the calls; compare the sizes of
the calls, equal ones being an implant with nothing to do.
"""

from math import log
from typing import Final
from uuid import UUID

import numpy as np

from bavn.actor.detect.base import Candidate, Found, Look
from bavn.actor.detect.lists import Grade
from bavn.actor.detect.peers import as_address, observable_of
from bavn.actor.detect.pulse import Pulse, folded, is_inside
from bavn.actor.detect.series import Series, series
from bavn.actor.detect.spectrum import spectral
from bavn.actor.detect.terms import Known
from bavn.actor.detect.timing import Timing, timings
from bavn.actor.detect.wording import joined, number, seconds, span
from bavn.model.observable import Observable
from bavn.model.record import address_text
from bavn.model.suspicion import RowsRef
from bavn.model.text import Text

REGULAR_NATS_MIN: Final = -log(0.01)
"""Chance alone makes one in a hundred series this regular."""
WEIGHED_NATS_MIN: Final = -log(0.05)
"""From here on fame counts; below, a series is merely ranked."""
SPECTRA_MAX: Final = 300
SPECTRUM_CALLS_MIN: Final = 20
TESTS_NATS: Final = log(2)
"""Interval test and spectrum are two tests; the second pays for it."""
INSIDE_NATS: Final = -2.0
UNNAMED_NATS: Final = 1.0
CLOCKWORK_NATS: Final = {("udp", 123): -3.0, ("udp", 53): -2.0, ("tcp", 53): -2.0, ("tcp", 853): -2.0, ("udp", 3478): -1.0}
"""Services that are clockwork by nature: NTP, resolvers, STUN."""


class Beacon:
    """See the module's text."""

    name = "beacon"
    technique = "T1071"
    tables = ("flow", "tls", "http", "dns", "pair_hour", "name_hour")

    def candidates(self, look: Look) -> Found:
        ordinary: list[np.ndarray[tuple[int], np.dtype[np.float64]]] = []
        pulses: list[Pulse] = []
        for some in series(look.window, look.settings):
            timing = timings(some.ts_us, some.lengths)
            nats, hidden = _with_spectra(some, timing)
            weighed = nats >= WEIGHED_NATS_MIN
            ordinary.append(nats[~weighed])
            pulses += [_pulse(some, timing, i, float(nats[i]), hidden, look) for i in np.flatnonzero(weighed)]
        stories = folded(pulses, look.window)
        weights = _statistics(stories, look)
        statistics = np.concatenate([*ordinary, np.array([value for value, _ in weights], float)])
        order = sorted(
            (i for i, story in enumerate(stories) if story.nats >= REGULAR_NATS_MIN),
            key=lambda i: (-weights[i][0], stories[i].host, stories[i].story),
        )
        made = [_candidate(stories[i], *weights[i], look) for i in order[: look.settings.candidates_max]]
        return Found(tuple(made), {self.name: statistics})


def _with_spectra(some: Series, timing: Timing) -> tuple[np.ndarray[tuple[int], np.dtype[np.float64]], dict[int, float]]:
    """The nats of each series, and the period of those that only the spectrum shows: the busiest irregular ones are
    tried, SPECTRA_MAX of a channel."""
    nats = timing.nats.copy()
    hidden: dict[int, float] = {}
    irregular = np.flatnonzero((nats < REGULAR_NATS_MIN) & (timing.calls >= SPECTRUM_CALLS_MIN))
    for index in irregular[np.argsort(-timing.calls[irregular], kind="stable")][:SPECTRA_MAX]:
        found = spectral(some.of(int(index)))
        if found.nats - TESTS_NATS > max(nats[index], REGULAR_NATS_MIN):
            nats[index] = found.nats - TESTS_NATS
            hidden[int(index)] = found.period_s
    return nats, hidden


def _pulse(some: Series, timing: Timing, index: int, nats: float, hidden: dict[int, float], look: Look) -> Pulse:
    table = "flow" if some.channel == "address" else some.protos[index]
    raw = address_text(UUID(some.peers[index])) if some.channel == "address" else some.peers[index]
    address = as_address(raw)
    return Pulse(
        host=address_text(UUID(some.hosts[index])),
        peer=address or raw,
        name=None if address else raw,
        port=some.ports[index],
        proto=some.protos[index],
        table=table,
        inside=is_inside(raw, some.inside[index], look.window.homes),
        nats=nats,
        regularity=float(timing.regularity[index]),
        period_s=hidden.get(index, float(timing.period_s[index])),
        jitter=float(timing.jitter[index]),
        calls=int(max(timing.calls[index], some.counts[index])) if index in hidden else int(timing.calls[index]),
        first_us=int(timing.first_us[index]),
        last_us=int(timing.last_us[index]),
        spectral=index in hidden,
    )


def _statistics(stories: list[Pulse], look: Look) -> list[tuple[float, Known]]:
    """Timing, fame and kind of each story, in nats."""
    addresses = look.terms.addresses(story.peer for story in stories if story.name is None)
    domains = look.terms.domains(story.story for story in stories if story.name is not None)
    has_names = bool(look.window.rows("SELECT 1 FROM dns WHERE answered LIMIT 1"))
    made = []
    for story in stories:
        known = addresses[story.peer] if story.name is None else domains[story.story]
        if story.name is not None:
            grade = max(known.grade, look.terms.lists.name_grade(story.name))
            known = Known(hosts=known.hosts, first_us=known.first_us, new=known.new, names=known.names, grade=grade, edge=known.edge)
        unnamed = has_names and not story.inside and story.name is None and not known.names
        made.append(
            (
                story.nats
                + look.terms.nats(known)
                + CLOCKWORK_NATS.get((story.proto, story.port), 0.0)
                + (INSIDE_NATS if story.inside else 0.0)
                + (UNNAMED_NATS if unnamed else 0.0),
                known,
            )
        )
    return made


def _candidate(story: Pulse, statistic: float, known: Known, look: Look) -> Candidate:
    return Candidate(
        population=Beacon.name,
        host=story.host,
        peer=story.name or story.peer,
        story=f"{story.host} {story.story}",
        statistic=statistic,
        observables=() if story.inside else _observables(story, known, look),
        first_us=story.first_us,
        last_us=story.last_us,
        hosts=max(1, known.hosts),
        listed=known.grade >= Grade.POPULAR,
        why=_why(story, known, look),
        rows=_rows(story),
        period_s=story.period_s,
        regularity=min(1.0, story.regularity),
    )


def _observables(story: Pulse, known: Known, look: Look) -> tuple[Observable, ...]:
    """The registered domain first, then addresses; the address of a shared edge only where nothing else names it."""
    homes = look.window.homes
    texts = [story.name] if story.name is not None else list(known.names) if len(known.names) <= 2 else []
    named = [observable_of(None, text, homes) for text in texts if text]
    addresses = list(story.addresses) if story.name is not None else [story.peer]
    facts = look.terms.addresses(addresses)
    single = [observable_of(None, text, homes) for text in addresses if not (facts[text].edge and any(named))]
    made: dict[Observable, None] = dict.fromkeys(found for found in named + single if found is not None)
    return tuple(made)


def _rows(story: Pulse) -> RowsRef:
    column = {"tls": "sni", "http": "host", "dns": "rrname"}.get(story.table, "dst")
    peer = story.peer if story.table == "flow" else story.name or story.peer
    equals: tuple[tuple[str, str | int], ...] = (("src", story.host), (column, peer))
    return RowsRef(story.table, equals, story.first_us, story.last_us)


def _why(story: Pulse, known: Known, look: Look) -> Text:
    period, lasted, calls = seconds(story.period_s), span(story.last_us - story.first_us), number(story.calls)
    if story.spectral:
        head = Text(
            f"A pulse every {period.en} among {calls.en} calls over {lasted.en}",
            f"En puls hver {period.da} blandt {calls.da} kald over {lasted.da}",
        )
    else:
        spread = number(100 * story.jitter)
        head = Text(
            f"Every {period.en} (±{spread.en} %) for {lasted.en}, {calls.en} calls",
            f"Hver {period.da} (±{spread.da} %) i {lasted.da}, {calls.da} kald",
        )
    parts = [head]
    if story.inside:
        parts.append(Text("the peer is inside the actor", "modparten er inde hos aktøren"))
    elif story.name is None and not known.names:
        parts.append(Text("the peer has no name here", "modparten har intet navn her"))
    if (story.proto, story.port) in CLOCKWORK_NATS:
        parts.append(Text("a service that is clockwork by nature", "en tjeneste, der er et urværk af natur"))
    return joined(parts + look.terms.said(known))
