"""A day of a sector made of real captures: host-days dealt to actors, names relabelled, suspicions by real detectors.

Each actor has a site of its own (captures of one label) for half of its hosts and draws the others from all benign
captures; hosts start within half an hour of the capture's time of day. Its p-values are ranks among what it weighed in
28 days. Inside addresses never matter: an element is what names the peer from outside. Refuses to know attacks.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from bavn.actor.detect.terms import NEW_DAYS_MAX
from bavn.model.evidence import PERIOD_EDGES_S, REGULARITY_EDGES, bucket_of, hosts_bucket, walk_half_nats
from bavn.model.observable import Observable
from bavn.traffic.dice import SeededDice
from bavn_lab.sectorbench.background import P_MAX, address, drawn_actors
from bavn_lab.sectorbench.day import (
    EASIEST,
    NO_PERIOD,
    NO_WALK,
    Actors,
    Day,
    Ints,
    Row,
    Rows,
    drawn_hosts,
    long_known,
)
from bavn_lab.sectorbench.detected import CaptureDetections, Glimpse
from bavn_lab.sectorbench.ranks import Ranks
from bavn_lab.sectorbench.relabel import Shared, listed_in, relabelled

HISTORY_DAYS: Final = 28
SITE_SHARE: Final = 0.5
SHIFT_MINUTES: Final = 30
NOISE_SOURCES: Final = 20
"""So many of the open internet's real scanners are met all over the sector."""


@dataclass(frozen=True, slots=True)
class Source:
    """A suspicion of a benign capture, as it comes again at every actor that was dealt the capture."""

    look: int
    step: int
    glimpse: Glimpse


@dataclass(slots=True)
class Sector:
    """Benign captures and where each comes from, and the noise of the open internet."""

    benign: Sequence[CaptureDetections]
    sites: Sequence[str]
    noise: Sequence[CaptureDetections] = ()
    sources: list[Source] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.sources = [
            Source(at, step, glimpse)
            for at, one in enumerate(self.benign)
            for step, some in enumerate(one.steps)
            for glimpse in some
        ]


@dataclass(slots=True)
class Dealt:
    """A day, and the ranks by which whatever is added to it gets its p."""

    day: Day
    ranks: Ranks


def captured_day(sector: Sector, count: int, dice: SeededDice, new_share: float = EASIEST.benign) -> Dealt:
    """A day without any attack. ValueError without a benign capture that was read."""
    if not sector.benign:
        raise ValueError("a background needs at least one benign capture")
    actors = drawn_actors(count, dice.fork("actors"))
    today, past = _dealt(sector, actors, dice.fork("deal"))
    ranks = Ranks(sector.benign, today + past)
    day = Day(actors=actors, rows=Rows.of([]), observables=[])
    adding = Adding(day, dice.fork("rows"), new_share)
    met = _met(sector, today, dice.fork("steps"))
    outside = [bool(source.glimpse.observables) and not source.glimpse.listed for source in sector.sources]
    names, day.power_law_a = relabelled(met[:, np.flatnonzero(outside)], dice.fork("relabel"))
    told = [source for source, out in zip(sector.sources, outside, strict=True) if out]
    for shared in names:
        adding.shared(shared, told[shared.source].glimpse, ranks)
    for at in np.flatnonzero(~np.array(outside, dtype=bool)).tolist():
        adding.kept(sector.sources[at].glimpse, met[:, at], ranks)
    reach = _listed_reach(sector.benign, today)
    single = sum(len(name.actors) == 1 for name in names)
    listed, listed_single = listed_in(len(names), single, reach, dice.fork("listed"))
    day.power_law_a_all = (single + listed_single) / max(1, len(names) + listed)
    day.negatives = {"internet scanners": adding.noise(sector.noise, ranks)}
    day.rows = Rows.of(adding.rows)
    return Dealt(day, ranks)


def _dealt(sector: Sector, actors: Actors, dice: SeededDice) -> tuple[Ints, Ints]:
    """How often each actor was dealt each capture today and in the days before: int [actors, captures] twice."""
    hosts = np.array([max(1, one.hosts) for one in sector.benign], dtype=np.float64)
    labels = sorted(set(sector.sites))
    shape = (len(actors), len(hosts))
    today, past = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
    for actor in range(len(actors)):
        own = np.array([site == labels[actor % len(labels)] for site in sector.sites], dtype=np.float64)
        weights = SITE_SHARE * own / own.sum() + (1 - SITE_SHARE) / len(hosts)
        deals = max(1, round(float(actors.hosts[actor]) / float((weights * hosts).sum())))
        today[actor] = np.bincount(dice.pick(deals, weights), minlength=len(hosts))
        past[actor] = np.round((HISTORY_DAYS - 1) * deals * weights).astype(np.int64)
    return today, past


def _met(sector: Sector, today: Ints, dice: SeededDice) -> Ints:
    """How many copies of each source each actor meets: a capture's copies are dealt over its steps."""
    met = np.zeros((len(today), len(sector.sources)), np.int64)
    for at, source in enumerate(sector.sources):
        steps = len(sector.benign[source.look].steps)
        each = today[:, source.look] // steps
        rest = today[:, source.look] - each * steps
        met[:, at] = each + (rest > (source.step + dice.below(steps)) % steps)
    return met


def _listed_reach(benign: Sequence[CaptureDetections], today: Ints) -> list[int]:
    held: dict[str, Ints] = {}
    for at, one in enumerate(benign):
        for name in one.listed_met:
            held[name] = held.get(name, np.zeros(len(today), np.int64)) + today[:, at]
    return [int((counts > 0).sum()) for _, counts in sorted(held.items())]


class Adding:
    """Turns suspicions into rows of a day."""

    def __init__(self, day: Day, dice: SeededDice, new_share: float = EASIEST.benign) -> None:
        self.day, self.dice, self._new_share = day, dice, new_share
        self.rows: list[Row] = []
        self._sorts = {sort: at for at, sort in enumerate(day.sorts)}
        self._kept: dict[str, int] = {}

    def element(self, observable: Observable) -> int:
        self.day.observables.append(observable)
        return len(self.day.observables) - 1

    def named(self, text: str, number: int | None = None) -> int:
        """A new element like ``text``; behaviour is what it is, the same for everybody."""
        if text.startswith("chain:"):
            if text not in self._kept:
                self._kept[text] = self._known_chain(text)
            return self._kept[text]
        return self.element(made_up(text, len(self.day.observables) if number is None else number, self.dice))

    def _known_chain(self, text: str) -> int:
        observable = Observable.of(*text.split(":", 1))
        found = [at for at, one in enumerate(self.day.observables) if one == observable]
        return found[0] if found else self.element(observable)

    def sort(self, one: Glimpse) -> int:
        key = (one.detector, one.technique)
        if key not in self._sorts:
            self._sorts[key] = len(self.day.sorts)
            self.day.sorts.append(key)
        return self._sorts[key]

    def met(self, actor: int, element: int, first: int) -> None:
        """What an actor has in its outside life since an hour, whether or not anything suspects it."""
        hours = self.day.met.setdefault(element, {})
        hours[actor] = min(first, hours.get(actor, first))

    def row(self, actor: int, element: int, p: float, hosts: int, first: int, last: int, glimpse: Glimpse) -> None:
        """One actor's suspicion, ``hosts`` in buckets; what is likelier than P_MAX by chance never joins and is left
        away."""
        if p > P_MAX:
            return
        period = NO_PERIOD if glimpse.period_s is None else bucket_of(glimpse.period_s, PERIOD_EDGES_S)
        regular = NO_PERIOD if glimpse.regularity is None else bucket_of(glimpse.regularity, REGULARITY_EDGES)
        walk = NO_WALK if glimpse.walk_nats is None else walk_half_nats(glimpse.walk_nats)
        self.rows.append((actor, element, p, hosts, first, last, period, regular, self.sort(glimpse), walk))

    def shared(self, shared: Shared, glimpse: Glimpse, ranks: Ranks) -> None:
        """A name that some actors meet, by all that names its peer."""
        elements = [self.named(text) for text in glimpse.observables]
        born = self._born()
        buckets = self.hosts(len(shared.actors))
        for actor, bucket in zip(shared.actors, buckets, strict=True):
            first = self._first(glimpse, born)
            last = max(first, 23 - self.dice.below(12))
            p = ranks.p(actor, glimpse)
            for element in elements:
                self.met(actor, element, first)
                self.row(actor, element, p, bucket, first, last, glimpse)

    def kept(self, glimpse: Glimpse, met: Ints, ranks: Ranks) -> None:
        """A suspicion that does not join, of something inside or listed; the actor's own analysts read it."""
        for actor in np.flatnonzero(met).tolist():
            p = ranks.p(actor, glimpse)
            if p > P_MAX:
                continue
            if glimpse.observables:
                hosts = hosts_bucket(int(met[actor]) * glimpse.hosts)
                self.row(actor, self._listed(glimpse.observables[0]), p, hosts, 0, 23, glimpse)
                continue
            for _ in range(min(int(met[actor]), KEPT_A_SOURCE_MAX)):
                number = len(self.day.observables)
                inside = self.element(Observable.of("domain", f"inside-{number}.example.com"))
                self.day.listed[self.day.observables[inside]] = "popular"
                self.row(actor, inside, p, hosts_bucket(glimpse.hosts), 0, 23, glimpse)

    def noise(self, looks: Sequence[CaptureDetections], ranks: Ranks) -> tuple[int, ...]:
        """The open internet's most telling scanners, each at some 30 to 80 % of the actors."""
        glimpses = [glimpse for look in looks for glimpse in look.whole if glimpse.observables and not glimpse.listed]
        glimpses.sort(key=lambda glimpse: (-glimpse.statistic, glimpse.observables))
        noise_rows = []
        for glimpse in glimpses[:NOISE_SOURCES]:
            element = self.element(made_up(glimpse.observables[0], len(self.day.observables), self.dice))
            noise_rows.append(element)
            share = 0.3 + 0.5 * self.dice.unit()
            met = np.flatnonzero(self.dice.units(len(self.day.actors)) < share).tolist()
            for actor, bucket in zip(met, self.hosts(len(met)), strict=True):
                p = ranks.p(actor, glimpse) * (1 + self.dice.unit())
                first = -self.dice.below(72)
                self.row(actor, element, p, bucket, first, 23, glimpse)
        return tuple(noise_rows)

    def _listed(self, text: str) -> int:
        if text not in self._kept:
            self._kept[text] = self.element(Observable.of(*text.split(":", 1)))
            self.day.listed[self.day.observables[self._kept[text]]] = "popular"
        return self._kept[text]

    def hosts(self, reach: int) -> list[int]:
        """A hosts bucket for each actor of an element that so many meet."""
        return [int(bucket) for bucket in drawn_hosts(np.full(reach, reach), self.dice)]

    def _born(self) -> int:
        """The hour in which the sector first met a name: captures are too short to say, so a share of them is new."""
        new = self.dice.unit() < self._new_share
        known = long_known(self.dice)
        return -self.dice.below(6 * 24) if new else known

    def _first(self, glimpse: Glimpse, born: int) -> int:
        """When an actor first met it; what a detector tells of only while it is new is new at each actor."""
        if glimpse.detector in TELLS_OF_NEW:
            return 23 - self.dice.below(24 * NEW_DAYS_MAX)
        shift = (self.dice.below(2 * SHIFT_MINUTES) + glimpse.begins % 60 - SHIFT_MINUTES) // 60
        return min(23, born + self.dice.below(48) + shift)


TELLS_OF_NEW: Final = frozenset({"rarity"})
"""Detectors that tell of a peer only within NEW_DAYS_MAX of its first hour at the actor."""
KEPT_A_SOURCE_MAX: Final = 50
"""More of one kind inside stands on nobody's list of a day."""


def made_up(like: str, number: int, dice: SeededDice) -> Observable:
    """Another observable of the same type that nobody else has."""
    kind = like.split(":", 1)[0]
    if kind == "domain":
        return Observable.of(kind, f"b{number}-{dice.below(1 << 20):05x}.example.net")
    if kind == "ip4":
        return address(number)
    if kind == "ip6":
        return Observable.of(kind, f"2a10:{number >> 16 & 0xFFFF:x}:{number & 0xFFFF:x}::1")
    if kind == "ja4":
        return Observable.of(kind, f"t13d0000h2_{number:012x}_{dice.below(1 << 20):012x}")
    if kind == "fp-pair":
        return Observable.of(kind, f"{number:032x}+{dice.bytes(16).hex()}")
    if kind in ("ja3", "cert", "sha256"):
        return Observable.of(kind, number.to_bytes(8, "big").hex() + dice.bytes(8 if kind == "ja3" else 24).hex())
    return Observable.of(*like.split(":", 1))
