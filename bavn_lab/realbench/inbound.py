"""Inbound contacts: could the sector have warned this actor of this source an hour before?

Each day each way makes each actor a list from what had happened an hour before midnight; a contact that begins that
day with a source on its actor's list is a hit, so that every hit was warned of an hour ahead or more. How far ways look
back, and how the list with neighbours is cut, is chosen on the first half of the days and judged on the second; a
held-out file is judged whole, by what others' first halves chose. Refuses to judge the first day of a file.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from bavn.centre.cases.indicators.indicators import Bounds
from bavn_lab.realbench.contacts import DAY_S, Contacts, Floats, Ints
from bavn_lab.realbench.lists import HOUR_S, LENGTHS, PLAIN, Maker, Making, View
from bavn_lab.realbench.privately import Compared, compared

LEAD_S: Final = HOUR_S
LOOKS_BACK: Final[dict[str, tuple[int, ...]]] = {
    "own past": (7, 28),
    "global worst offenders": (2, 5, 10),
    "HPB": (2, 5, 10),
    "HPB, new sources only": (2, 5, 10),
    "sector": (7, 28),
}
"""Days that each plain way may look back; the sector's: how long a report counts (``sign_days`` of a tier)."""
CUTS: Final = ((8, 0.5), (8, 0.8), (6, 0.5), (6, 0.8))
"""Blocks of 2^bits addresses, and what a day leaves of a meeting's weight."""
LEARNED, ALONE = "sector, learned order", "own neighbours"
WITH_SECTOR, IN_CLEAR = "sector and own neighbours", "all in clear and own neighbours"
MADE: Final[dict[str, tuple[int, bool]]] = {
    LEARNED: (2, False),
    ALONE: (0, True),
    WITH_SECTOR: (2, True),
    IN_CLEAR: (1, True),
}
"""Ways that are put together: how many must hold a source before it is shown (2: the product's tiers, 1: nothing is
hidden, 0: nothing is shared), and whether neighbours of own contacts stand in it."""
WAYS: Final = (*PLAIN, *MADE)
PRIVATE_DAYS: Final = 3

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Choice:
    """What the first halves chose: days to look back by way, and the cut of neighbours; with the hits that spoke for
    each."""

    days: dict[str, int]
    bits: int
    decay: float
    hits: dict[str, dict[str, int]]

    def making(self, least: int, *, neighbours: bool) -> Making:
        return Making(least, self.days["sector"], self.bits if neighbours else 0, self.decay)


@dataclass
class Tally:
    """One way at one length: ``hits`` and ``listed`` [actors, days], and the lead of each hit in hours by day."""

    hits: Ints
    listed: Ints
    leads: list[list[Floats]]
    standing: dict[int, tuple[Ints, Ints]] = field(default_factory=dict)

    def add(self, actor: int, day: int, at: int, listed: Ints, met: Ints, when: Ints) -> None:
        """The list of that moment, and what the actor met that day. An address has stood since it came on, without a
        day's break."""
        addresses = np.sort(listed)
        since = np.full(len(addresses), at, dtype=np.int64)
        if actor in self.standing and len(addresses):
            before, since_before = self.standing[actor]
            place = np.minimum(np.searchsorted(before, addresses), max(0, len(before) - 1))
            stood = before[place] == addresses if len(before) else np.zeros(len(addresses), dtype=bool)
            since[stood] = since_before[place[stood]]
        self.standing[actor] = addresses, since
        self.listed[actor, day] = len(addresses)
        place = np.searchsorted(addresses, met)
        came = place < len(addresses)
        came[came] = addresses[place[came]] == met[came]
        self.hits[actor, day] = int(came.sum())
        self.leads[day].append((when[came] - since[place[came]]) / HOUR_S)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One file. ``tallies``: way -> length. ``begun``: [actors, days], contacts; ``new``: to their actor;
    ``by_one``, ``by_two``: of these, that so many others had met by the list's moment. ``offered``, ``revealed``,
    ``below``, ``may_block`` by day: what the sector's rounds saw, ``below``: revealed with fewer holders than the
    smallest t."""

    contacts: Contacts
    days: range
    tallies: dict[str, dict[int, Tally]]
    begun: Ints
    new: Ints
    by_one: Ints
    by_two: Ints
    offered: Ints
    revealed: Ints
    below: Ints
    may_block: Ints
    private: tuple[Compared, ...]


def first_half(days: range) -> range:
    """The days on which things are chosen."""
    return days[: len(days) // 2]


def choose(files: Sequence[Contacts], say: Say) -> Choice:
    """By most hits at all lengths together over the first halves."""
    hits: dict[str, dict[int | tuple[int, float], int]] = {}
    for contacts in files:
        say(f"{contacts.name}: what the first half of its days chooses")
        makers = {cut: Maker(Making(0, 28, *cut), contacts) for cut in CUTS}
        for day in first_half(contacts.days):
            view = View(contacts, contacts.known(day * DAY_S - LEAD_S))
            who, what, _ = contacts.begun(day * DAY_S, (day + 1) * DAY_S)
            met = [contacts.sources[what[who == actor]] for actor in range(len(contacts.actors))]
            for way, options in LOOKS_BACK.items():
                for days in options:
                    lists = [PLAIN[way](view, actor, days) for actor in range(len(contacts.actors))]
                    _count(hits.setdefault(way, {}), days, lists, met)
            for cut, maker in makers.items():
                _count(hits.setdefault(ALONE, {}), cut, maker.lists(view), met)
    # Ties go to the first: the shorter look back.
    chosen = {way: max(options, key=lambda days: hits[way][days]) for way, options in LOOKS_BACK.items()}
    cut = max(CUTS, key=lambda cut: hits[ALONE][cut])
    by_way = {way: {_named(option): count for option, count in by.items()} for way, by in hits.items()}
    return Choice(chosen, *cut, by_way)


def _count[Option](hits: dict[Option, int], option: Option, lists: Sequence[Ints], met: Sequence[Ints]) -> None:
    count = sum(
        int(np.isin(own, listed[:length]).sum()) for own, listed in zip(met, lists, strict=True) for length in LENGTHS
    )
    hits[option] = hits.get(option, 0) + count


def _named(option: int | tuple[int, float]) -> str:
    return f"{option} days" if isinstance(option, int) else f"2^{option[0]} addresses, {option[1]:g} a day"


def judge(contacts: Contacts, choice: Choice, say: Say) -> Judged:
    """Every day of the file but its first, by what was chosen."""
    days, count = contacts.days, len(contacts.actors)
    shape = count, len(days)

    def table() -> Ints:
        return np.zeros(shape, dtype=np.int64)

    def tally() -> Tally:
        return Tally(table(), table(), [[] for _ in days])

    tallies = {way: {length: tally() for length in LENGTHS} for way in WAYS}
    makers = {way: Maker(choice.making(least, neighbours=beside), contacts) for way, (least, beside) in MADE.items()}
    begun, new, by_one, by_two = table(), table(), table(), table()
    offered, revealed, below, may_block = (np.zeros(len(days), dtype=np.int64) for _ in range(4))
    line = Bounds().score_block_min
    for number, day in enumerate(days):
        at = day * DAY_S - LEAD_S
        view = View(contacts, contacts.known(at))
        who, what, when = contacts.begun(day * DAY_S, (day + 1) * DAY_S)
        by_others = np.bincount(view.known.source, minlength=len(contacts.sources))
        lists = {way: made.lists(view) for way, made in makers.items()}
        for actor in range(count):
            mine = who == actor
            fresh = what[mine][~view.own(actor)[what[mine]]]
            begun[actor, number], new[actor, number] = int(mine.sum()), len(fresh)
            by_one[actor, number], by_two[actor, number] = (int((by_others[fresh] >= least).sum()) for least in (1, 2))
            for way in WAYS:
                listed = PLAIN[way](view, actor, choice.days[way]) if way in PLAIN else lists[way][actor]
                for length in LENGTHS:
                    tallies[way][length].add(
                        actor, number, at, listed[:length], contacts.sources[what[mine]], when[mine]
                    )
        release = view.shown(choice.days["sector"], 2)
        offered[number], revealed[number] = release.offered, len(release.place)
        below[number], may_block[number] = int((release.holders < 2).sum()), int((release.score >= line).sum())
    return Judged(
        contacts=contacts,
        days=days,
        tallies=tallies,
        begun=begun,
        new=new,
        by_one=by_one,
        by_two=by_two,
        offered=offered,
        revealed=revealed,
        below=below,
        may_block=may_block,
        private=_private(contacts, choice, say),
    )


def _private(contacts: Contacts, choice: Choice, say: Say) -> tuple[Compared, ...]:
    """The private join of a few days, spread over the file: the first, the last and one between."""
    places = np.unique(np.linspace(0, len(contacts.days) - 1, PRIVATE_DAYS).round().astype(int))
    results = []
    for place in places.tolist():
        day = contacts.days[place]
        results.append(compared(contacts, contacts.known(day * DAY_S - LEAD_S), choice.days["sector"]))
        say(f"{contacts.name}: private join {len(results)} of {len(places)}, {results[-1].differs} elements unlike")
    return tuple(results)
