"""One day of a sector: who suspects what. The table that everything else of the bench reads.

A row is one actor's suspicion of one element. Columns are arrays of equal length, so that a hundred actors' days fit.
Refuses to know which rows are malicious: truth lies beside it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt

from bavn.centre.correlate.lists import Grade
from bavn.model.observable import Observable
from bavn.model.sector.known_days import APPEARING_DAYS, EDGES, ESTABLISHED_DAYS, ESTABLISHED_GROUPS
from bavn.traffic.dice import SeededDice

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
DAY_HOUR: Final = 24 * 20_600
"""Hour since 1970 at which every generated day begins."""
NO_PERIOD: Final = -1
DRAWN_SORT: Final = ("beacon", "T1071")
"""What stands for detector and technique of a drawn suspicion."""

NO_WALK: Final = -99
HOSTS_NARROW: Final = (0.55, 0.22, 0.13, 0.10)
HOSTS_WIDE: Final = (0.25, 0.20, 0.25, 0.30)
"""Hosts buckets of what one or two actors meet, and of what more do: the same for campaigns and for what is harmless,
so that no score can go by what the bench assumed. Drawn, not the score's own tables."""
WEEK_HOURS: Final = 7 * 24


@dataclass(frozen=True, slots=True)
class Newness:
    """How unkind days are. ``benign``: share of harmless elements that the sector first met this week; ``aged``: share
    of campaigns that use names which their victims have long known."""

    benign: float = 0.05
    aged: float = 0.0


EASIEST: Final = Newness()
"""The best corner of the table (SCORING.md), not its middle."""


def drawn_hosts(reach: Ints, dice: SeededDice) -> Ints:
    """The hosts bucket of each sighting, by how many actors meet the element."""
    narrow = dice.pick(len(reach), np.array(HOSTS_NARROW))
    return np.where(reach <= 2, narrow, dice.pick(len(reach), np.array(HOSTS_WIDE)))


def long_known(dice: SeededDice) -> int:
    """The hour, before the day began, in which something was first met that is no news."""
    return -24 * (8 + dice.below(60))


Row = tuple[int, int, float, int, int, int, int, int, int, int]


@dataclass(frozen=True, slots=True)
class Actors:
    """``hosts`` of each; ``group``: the number of its vendor's or operator's group; ``lines``: how many suspicions its
    own SOC reads in a day; ``candidates``: how many its detectors weigh in a day."""

    hosts: Ints
    group: Ints
    lines: Ints
    candidates: Ints

    def __len__(self) -> int:
        return len(self.hosts)


@dataclass(frozen=True, slots=True)
class Rows:
    """Suspicions: ``actor`` and ``element`` numbers, ``p``, ``hosts`` bucket, ``first`` and ``last`` hour of the day
    (first may be long ago), ``period`` and ``regular`` buckets (NO_PERIOD where there is none), ``sort``: the number
    of its detector and technique in ``Day.sorts``, ``walk``: a scan's in half nats (NO_WALK where there is none)."""

    actor: Ints
    element: Ints
    p: Floats
    hosts: Ints
    first: Ints
    last: Ints
    period: Ints
    regular: Ints
    sort: Ints
    walk: Ints

    def __len__(self) -> int:
        return len(self.actor)

    @classmethod
    def of(cls, rows: Sequence["Row"]) -> Self:
        """From plain tuples in the order of the fields."""
        columns: list[Sequence[Any]] = list(zip(*rows, strict=True)) if rows else [()] * 10
        arrays: list[Any] = [
            np.array(column, dtype=np.float64 if at == 2 else np.int64) for at, column in enumerate(columns)
        ]
        return cls(*arrays)

    def and_(self, other: "Rows") -> "Rows":
        """Both, one after the other."""
        return Rows(*(np.concatenate([getattr(self, name), getattr(other, name)]) for name in self.__slots__))

    def where(self, kept: npt.NDArray[np.bool_] | Ints) -> "Rows":
        return Rows(*(getattr(self, name)[kept] for name in self.__slots__))


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """``elements`` by which it shows; ``victims`` in the order in which they were hit, ``onsets`` when (minutes since
    the day began), ``ready`` when each one's suspicion stood. ``linkage``: domain, address, fingerprint, behaviour
    (nothing else shared), or undetected: no detector suspected anything outside. ``beside``: elements of its captures
    that their label does not name, counted apart; ``checked``: the labels name peers. ``common``: two victims weighed
    something of it alike, whatever its p; ``lost``: why the join cannot reach it, empty where it can."""

    name: str
    linkage: str
    elements: tuple[int, ...]
    victims: tuple[int, ...]
    onsets: tuple[int, ...]
    ready: tuple[int, ...]
    reachable: bool
    family: str = "drawn"
    beside: tuple[int, ...] = ()
    checked: bool = True
    common: bool = True
    lost: str = ""


@dataclass
class Day:
    """``observables`` by element number; ``listed``: what a list says of some; ``register``: the sector's own services;
    ``negatives``: hard negatives, by name the elements that must not crowd the list. ``met``: element -> actor -> the
    hour in which it first met it, suspected or not: what the commons would be told; empty where no round of them is.
    ``appearing_joins``: two that hold what the commons call appearing are enough (ways.APPEARING)."""

    actors: Actors
    rows: Rows
    observables: list[Observable]
    listed: dict[Observable, Grade] = field(default_factory=dict)
    register: frozenset[Observable] = frozenset()
    campaigns: tuple[Campaign, ...] = ()
    negatives: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    sorts: list[tuple[str, str]] = field(default_factory=lambda: [DRAWN_SORT])
    power_law_a: float = 0.0
    power_law_a_all: float = 0.0
    met: dict[int, dict[int, int]] = field(default_factory=dict)
    appearing_joins: bool = False

    @cached_property
    def established(self) -> frozenset[int]:
        """What is ordinary next door: elements that as many groups as it takes have met for as many days as it takes
        (model/sector/known_days). The door offers none of them."""
        least = 24 - 24 * ESTABLISHED_DAYS
        return frozenset(
            element
            for element, actors in self.met.items()
            if len({int(self.actors.group[actor]) for actor, first in actors.items() if first <= least})
            >= ESTABLISHED_GROUPS
        )

    @cached_property
    def appearing(self) -> frozenset[int]:
        """What has just appeared next door: elements that came to as many groups as the commons tell of within the last
        days, today's whole day among them (more than a node could know)."""
        since = 24 - 24 * APPEARING_DAYS
        firsts = {element: self._first_of_groups(actors) for element, actors in self.met.items()}
        return frozenset(
            element
            for element, hours in firsts.items()
            if len(hours) >= EDGES[0] and since <= hours[EDGES[0] - 1] < 24 and element not in self.established
        )

    def _first_of_groups(self, actors: Mapping[int, int]) -> list[int]:
        hours: dict[int, int] = {}
        for actor, first in actors.items():
            group = int(self.actors.group[actor])
            hours[group] = min(first, hours.get(group, first))
        return sorted(hours.values())

    @cached_property
    def campaigns_of(self) -> dict[int, frozenset[int]]:
        """Element -> the campaigns that it belongs to: two may behave alike."""
        campaigns: dict[int, set[int]] = {}
        for at, one in enumerate(self.campaigns):
            for element in one.elements:
                campaigns.setdefault(element, set()).add(at)
        return {element: frozenset(owners) for element, owners in campaigns.items()}
