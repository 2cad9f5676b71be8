"""Lists of sources for an actor's coming day: plain rankings, and lists in the order of what each entry is worth.

A list is made from what had happened by its moment. ``Maker`` puts three kinds of candidates into one order: sources
that others met (only those that the sector may show), and, which nobody has to tell the actor, what it met itself and
the addresses beside. It learns day by day how often each kind of candidate came true before, at each actor and at all.
The product does not do this yet. Refuses to look ahead: it learns of a day when that day is over.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

import numpy as np

from bavn_lab.realbench.contacts import DAY_S, Contacts, Floats, Ints, Meetings
from bavn_lab.realbench.predictive import (
    best,
    correlation,
    latest,
    meetings,
    propagation,
    recent,
)
from bavn_lab.realbench.released import Shown, shown

HOUR_S: Final = 3600
LENGTHS: Final = (1_000, 10_000)
LENGTH_MAX: Final = max(LENGTHS)
AGES_H: Final = (6, 12, 24, 48, 96, 192, 384)
UNSEEN_WORTH: Final = 200.0
"""How many trials at all actors together speak for an actor that has none of its own."""
SOURCE_START, OWN_START, BESIDE_START = 0.002, 0.0005, 0.25
"""Before anything is learnt: that a source others met comes, that an own one comes again, and of an address beside own
ones, by their density."""
SCORE_STEPS: Final = 8
DENSITY_STEPS: Final = 48
TIE_STEPS: Final = 6
"""How closely the actor is tied to whoever met the source, in halves of its closest tie."""
OTHERS_BINS: Final = SCORE_STEPS * 2 * (len(AGES_H) + 1) * TIE_STEPS
Mask = np.ndarray[tuple[int, ...], np.dtype[np.bool_]]


@dataclass
class View:
    """What a list may be made of at one moment, each thing computed once."""

    contacts: Contacts
    known: Meetings
    _shown: dict[tuple[int, int], Shown] = field(default_factory=dict)
    _spreads: dict[tuple[int, int], tuple[Meetings, Floats]] = field(default_factory=dict)

    @cached_property
    def latest(self) -> Ints:
        return latest(self.known, len(self.contacts.sources))

    def own(self, actor: int) -> Mask:
        """The sources that the actor has met, ever."""
        met = np.zeros(len(self.contacts.sources), dtype=bool)
        met[self.known.source[self.known.actor == actor]] = True
        return met

    def shown(self, days: int, least: int) -> Shown:
        if (days, least) not in self._shown:
            self._shown[days, least] = shown(self.contacts, self.known, days, least)
        return self._shown[days, least]

    def open_to(self, days: int, least: int) -> Meetings:
        """The meetings that may be looked at where so many must hold a source; 1: all of the last ``days``."""
        return recent(self.known, days) if least == 1 else self.shown(days, least).reports

    def relevance(self, days: int, actor: int) -> Floats:
        """Of each source to the actor, as highly predictive blacklisting has it."""
        held, spread = self._spread(days, 1)
        return np.bincount(held.source, weights=spread[actor, held.actor], minlength=len(self.contacts.sources))

    def ties(self, days: int, least: int, actor: int) -> Floats:
        """By source how closely the actor is tied to those that met it, the closest of them, as a share of its closest
        tie; the ties are made of what ``least`` lets show alone."""
        held, spread = self._spread(days, least)
        closest = np.zeros(len(self.contacts.sources))
        np.maximum.at(closest, held.source, spread[actor, held.actor] / max(1e-12, float(spread[actor].max())))
        return closest

    def _spread(self, days: int, least: int) -> tuple[Meetings, Floats]:
        """What was met, and what a meeting at each actor says to each."""
        if (days, least) not in self._spreads:
            held = self.open_to(days, least)
            weights = correlation(held.source, held.actor, len(self.contacts.actors))
            self._spreads[days, least] = held, propagation(weights)
        return self._spreads[days, least]


Plain = Callable[[View, int, int], Ints]
"""View, actor, days that it looks back -> addresses, the best first."""


def _addresses(view: View, places: Ints) -> Ints:
    return view.contacts.sources[places]


def own_past(view: View, actor: int, days: int) -> Ints:
    """What the actor met itself, the last first."""
    held = recent(view.known, days)
    mine = held.actor == actor
    newest = np.zeros(len(view.contacts.sources), dtype=np.int64)
    newest[held.source[mine]] = held.newest[mine]
    return _addresses(view, best(LENGTH_MAX, (newest > 0).astype(np.float64), newest))


def global_worst(view: View, actor: int, days: int) -> Ints:
    """What most actors met, the same list for all."""
    del actor
    worth = meetings(recent(view.known, days), len(view.contacts.sources))
    return _addresses(view, best(LENGTH_MAX, worth, view.latest))


def predictive(view: View, actor: int, days: int) -> Ints:
    """Highly predictive blacklisting, as published."""
    return _addresses(view, best(LENGTH_MAX, view.relevance(days, actor), view.latest))


def predictive_new(view: View, actor: int, days: int) -> Ints:
    """The same without what the actor met already: stronger than published where sources seldom come back."""
    worth = np.where(view.own(actor), 0.0, view.relevance(days, actor))
    return _addresses(view, best(LENGTH_MAX, worth, view.latest))


def sector(view: View, actor: int, days: int) -> Ints:
    """What the sector would release, by its score, without what the actor met already."""
    release = view.shown(days, 2)
    worth = np.zeros(len(view.contacts.sources))
    worth[release.place] = release.score - release.score.min(initial=0.0) + 1.0
    worth[view.own(actor)] = 0.0
    return _addresses(view, best(LENGTH_MAX, worth, latest(release.reports, len(worth))))


PLAIN: Final[dict[str, Plain]] = {
    "own past": own_past,
    "global worst offenders": global_worst,
    "HPB": predictive,
    "HPB, new sources only": predictive_new,
    "sector": sector,
}
"""The name of each in figures."""


class Rates:
    """How often candidates of each bin came true, at each actor, leaning on all actors where it has few."""

    def __init__(self, actors: int, start: Floats) -> None:
        self._start = start
        self._trials = np.zeros((actors, len(start)))
        self._hits = np.zeros((actors, len(start)))

    def learn(self, actor: int, bins: Ints, trials: Floats, hits: Floats) -> None:
        self._trials[actor] += np.bincount(bins, weights=trials, minlength=len(self._start))
        self._hits[actor] += np.bincount(bins, weights=hits, minlength=len(self._start))

    def of(self, actor: int) -> Floats:
        """By bin."""
        every = self._hits.sum(axis=0) + UNSEEN_WORTH * self._start
        common = every / (self._trials.sum(axis=0) + UNSEEN_WORTH)
        return np.asarray(
            (self._hits[actor] + UNSEEN_WORTH * common) / (self._trials[actor] + UNSEEN_WORTH), dtype=np.float64
        )


@dataclass(frozen=True, slots=True)
class _Candidates:
    """``place``: sources others or the actor itself met, ``newest``: when last. ``block``: numbers of blocks of
    addresses, ``free``: how many in each the actor has not met. Places and blocks each with their bin."""

    place: Ints
    place_bin: Ints
    newest: Ints
    block: Ints
    block_bin: Ints
    free: Ints


@dataclass(frozen=True, slots=True)
class Making:
    """``least``: so many actors must hold a source before it is shown; 1: all in clear, 0: none. ``days``: how far back
    reports count. ``bits``: blocks of 2^bits addresses; 0: nothing of the actor's own. ``decay``: what a day leaves of
    a meeting's weight."""

    least: int
    days: int
    bits: int
    decay: float


class Maker:
    """Lists of one making, day after day; ``lists`` is asked once a day, in order."""

    def __init__(self, making: Making, contacts: Contacts) -> None:
        self._making, self._contacts = making, contacts
        count = len(contacts.actors)
        others = np.full(OTHERS_BINS, SOURCE_START)
        self._met = Rates(count, np.concatenate([others, np.full(2 * (len(AGES_H) + 1), OWN_START)]))
        density = 2.0 ** ((np.arange(DENSITY_STEPS) - DENSITY_STEPS + 1) / 2)
        self._beside = Rates(count, BESIDE_START * density)
        self._before: tuple[int, list[_Candidates]] | None = None

    def lists(self, view: View) -> list[Ints]:
        """By actor: addresses, the most likely first."""
        if self._before is not None:
            self._learn(*self._before, view.known.at)
        candidates = [self._candidates(view, actor) for actor in range(len(self._contacts.actors))]
        self._before = view.known.at, candidates
        return [self._list(view, actor, chances) for actor, chances in enumerate(candidates)]

    def _learn(self, since: int, candidates: list[_Candidates], now: int) -> None:
        who, what, _ = self._contacts.begun(since + 1, now + 1)
        for actor, chances in enumerate(candidates):
            met = what[who == actor]
            came = np.isin(chances.place, met).astype(np.float64)
            self._met.learn(actor, chances.place_bin, np.ones(len(chances.place)), came)
            if len(chances.block):
                blocks, counts = np.unique(self._contacts.sources[met] >> self._making.bits, return_counts=True)
                at = np.minimum(np.searchsorted(blocks, chances.block), max(0, len(blocks) - 1))
                hits = (
                    np.where(blocks[at] == chances.block, counts[at], 0)
                    if len(blocks)
                    else np.zeros(len(chances.block))
                )
                self._beside.learn(actor, chances.block_bin, chances.free.astype(np.float64), hits.astype(np.float64))

    def _candidates(self, view: View, actor: int) -> _Candidates:
        own = view.own(actor)
        parts = [self._others(view, own, actor), self._again(view, actor)]
        place, place_bin, newest = (np.concatenate(columns) for columns in zip(*parts, strict=True))
        block, block_bin, free = self._neighbours(view, actor)
        return _Candidates(place, place_bin, newest, block, block_bin, free)

    def _others(self, view: View, own: Mask, actor: int) -> tuple[Ints, Ints, Ints]:
        """Sources that others met and the actor did not, binned by score, age, whether they still come, and who met
        them."""
        making = self._making
        if not making.least:
            return (np.zeros(0, np.int64),) * 3
        release = view.shown(making.days, max(2, making.least))
        open_, step = view.open_to(making.days, making.least), np.full(len(own), -1, dtype=np.int64)
        if making.least == 1:
            step[open_.source] = 0
        step[release.place] = 1 + np.clip((release.score + 6) // 2, 0, SCORE_STEPS - 2).astype(np.int64)
        place = np.flatnonzero((step >= 0) & ~own)
        newest = latest(open_, len(own))[place]
        age = np.searchsorted(np.array(AGES_H) * HOUR_S, view.known.at - newest)
        standing = np.zeros(len(own), dtype=np.int64)
        standing[open_.source[open_.seen >= open_.at]] = 1
        tied = view.ties(making.days, making.least, actor)[place]
        tie = np.clip(np.floor(np.log2(np.maximum(tied, 1e-9))) + TIE_STEPS - 1, 0, TIE_STEPS - 1).astype(np.int64)
        bins = (step[place] * 2 + standing[place]) * (len(AGES_H) + 1) + age
        return place, bins * TIE_STEPS + tie, newest

    def _again(self, view: View, actor: int) -> tuple[Ints, Ints, Ints]:
        """What the actor met itself, binned by age and whether it still comes: it may come again."""
        mine = view.known.actor == actor if self._making.bits else np.zeros(len(view.known.actor), dtype=bool)
        newest, standing = view.known.newest[mine], view.known.seen[mine] >= view.known.at
        age = np.searchsorted(np.array(AGES_H) * HOUR_S, view.known.at - newest)
        return view.known.source[mine], OTHERS_BINS + standing * (len(AGES_H) + 1) + age, newest

    def _neighbours(self, view: View, actor: int) -> tuple[Ints, Ints, Ints]:
        """Blocks in which the actor met somebody, binned by how dense and how lately."""
        making, mine = self._making, view.known.actor == actor
        if not making.bits or not mine.any():
            return (np.zeros(0, np.int64),) * 3
        age = (view.known.at - view.known.newest[mine]) / DAY_S
        block, at, count = np.unique(
            self._contacts.sources[view.known.source[mine]] >> making.bits, return_inverse=True, return_counts=True
        )
        weight = np.bincount(at, weights=making.decay**age)
        free = (1 << making.bits) - count
        with np.errstate(divide="ignore"):
            steps = np.floor(2 * np.log2(weight / np.maximum(1, free))) + DENSITY_STEPS - 1
        kept = (free > 0) & (steps >= 0)
        return block[kept], np.minimum(steps[kept], DENSITY_STEPS - 1).astype(np.int64), free[kept]

    def _list(self, view: View, actor: int, chances: _Candidates) -> Ints:
        own = self._contacts.sources[view.own(actor)]
        beside = self._beside.of(actor)[chances.block_bin]
        place_worth = self._met.of(actor)[chances.place_bin]
        address = self._contacts.sources[chances.place]
        if len(chances.block):
            at = np.minimum(np.searchsorted(chances.block, address >> self._making.bits), len(chances.block) - 1)
            near_own = (chances.block[at] == address >> self._making.bits) & (chances.place_bin < OTHERS_BINS)
            place_worth = place_worth + np.where(near_own, beside[at], 0.0)
        order = np.lexsort((chances.block, -beside))
        order = order[: int(np.searchsorted(np.cumsum(chances.free[order]), LENGTH_MAX)) + 1]
        inside = (chances.block[order, None] << self._making.bits) + np.arange(1 << self._making.bits)
        near, near_worth = inside.ravel(), np.repeat(beside[order], 1 << self._making.bits)
        kept = ~(_among(near, own) | _among(near, np.sort(address)))
        every = np.concatenate([address, near[kept]])
        worth = np.concatenate([place_worth, near_worth[kept]])
        then = np.concatenate([chances.newest, np.zeros(int(kept.sum()), np.int64)])
        return every[best(LENGTH_MAX, worth, then)]


def _among(values: Ints, ordered: Ints) -> Mask:
    """Whether each stands in ``ordered``."""
    if not len(ordered):
        return np.zeros(len(values), dtype=bool)
    at = np.minimum(np.searchsorted(ordered, values), len(ordered) - 1)
    return np.asarray(ordered[at] == values)
