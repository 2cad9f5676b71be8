"""What attacks, and what only looks like it: campaigns below every alert line, and SCORING.md's hard negatives.

A campaign reaches k = 2, 3, 4 or 6 victims; 40 % of second victims follow within an hour, 75 % within a day; each
victim sees it too weakly for its own SOC. Refuses to know how anything is found.
"""

from dataclasses import dataclass, field
from typing import Final

import numpy as np

from bavn.model.observable import Observable
from bavn.traffic.dice import SeededDice
from bavn_lab.sectorbench.background import P_MAX, address
from bavn_lab.sectorbench.day import (
    EASIEST,
    NO_PERIOD,
    NO_WALK,
    Campaign,
    Day,
    Floats,
    Row,
    Rows,
    drawn_hosts,
    long_known,
)

VICTIMS: Final = (2, 3, 4, 6)
VICTIMS_SHARE: Final = (0.25, 0.35, 0.25, 0.15)
LINKAGES: Final = ("domain", "address", "fingerprint", "behaviour")
P_MIN: Final = 0.001
STRONG_P: Final = 0.005
WITHIN_HOUR, WITHIN_DAY = 0.40, 0.75

DAY_MINUTES, SPAN_MINUTES = 24 * 60, 72 * 60
"""All victims of a campaign are hit within SPAN_MINUTES before the day ends."""


@dataclass(slots=True)
class Draft:
    """Rows that are being added to a day."""

    day: Day
    dice: SeededDice
    rows: list[Row] = field(default_factory=list)

    def new(self, observable: Observable) -> int:
        self.day.observables.append(observable)
        return len(self.day.observables) - 1

    def some(self, count: int) -> list[int]:
        """Different actors, by chance."""
        order = np.argsort(self.dice.units(len(self.day.actors)), kind="stable")
        return [int(actor) for actor in order[:count]]

    def log_uniform(self, low: float, high: float) -> float:
        return float(low * (high / low) ** self.dice.unit())


def with_campaigns(day: Day, count: int, dice: SeededDice, aged: float = EASIEST.aged) -> Day:
    """``count`` campaigns added to a day, each victim thinned below its own alert line; a share of them ``aged``."""
    draft = Draft(day, dice)
    own_p = sorted_p(day)
    made = [_campaign(draft, f"campaign {number}", own_p, aged) for number in range(count)]
    day.rows = day.rows.and_(Rows.of(draft.rows))
    day.campaigns = tuple(made)
    return day


def _campaign(draft: Draft, name: str, own_p: list[Floats], aged: float) -> Campaign:
    dice = draft.dice
    k = min(len(draft.day.actors), VICTIMS[int(dice.pick(1, np.array(VICTIMS_SHARE))[0])])
    linkage = LINKAGES[dice.below(len(LINKAGES))]
    victims = draft.some(k)
    onsets = drawn_onsets(k, dice)
    period, regular = dice.below(8), 2 + dice.below(4)
    shared = _shared(draft, linkage)
    known = dice.unit() < aged
    buckets = drawn_hosts(np.full(k, k), dice).tolist()
    strengths = []
    for victim, onset, bucket in zip(victims, onsets, buckets, strict=True):
        hour = long_known(dice) if known else onset // 60
        p = max(draft.log_uniform(P_MIN, P_MAX), below_the_line(own_p[victim], int(draft.day.actors.lines[victim])))
        strengths.append(p)
        for element in (*shared, *_own(draft, linkage)):
            draft.rows.append((victim, element, p, bucket, hour, max(hour, 23), period, regular, 0, NO_WALK))
    strong = sum(p <= STRONG_P for p in strengths)
    weak = sum(p <= P_MAX for p in strengths)
    return Campaign(
        name=name,
        linkage=linkage,
        elements=tuple(shared),
        victims=tuple(victims),
        onsets=tuple(onsets),
        ready=tuple(onsets),
        reachable=bool(shared) and (strong >= 2 or weak >= 3),
        common=bool(shared),
        lost=why_lost(bool(shared), strong, weak, k),
    )


NOTHING_IN_COMMON, WEAK_AT_TWO, P_TOO_LARGE = "nothing in common", "weak at two", "p too large"


def why_lost(common: bool, strong: int, weak: int, holders: int) -> str:
    """Why the join cannot reach what ``holders`` weigh, ``weak`` of them at most P_MAX and ``strong`` at most
    STRONG_P; empty where it can."""
    if strong >= 2 or weak >= 3:
        return "" if common else NOTHING_IN_COMMON
    if not common:
        return NOTHING_IN_COMMON
    return WEAK_AT_TWO if weak == holders == 2 else P_TOO_LARGE


def _shared(draft: Draft, linkage: str) -> list[int]:
    number = len(draft.day.observables)
    if linkage == "domain":
        named = Observable.of("domain", f"c{number}-{draft.dice.below(1 << 20):05x}.example.org")
        return [draft.new(named), draft.new(address(1 << 23 | number))]
    if linkage == "address":
        return [draft.new(address(1 << 23 | number))]
    if linkage == "fingerprint":
        return [draft.new(Observable.of("cert", draft.dice.bytes(32).hex()))]
    return []


def _own(draft: Draft, linkage: str) -> list[int]:
    """What each victim sees of a campaign that nobody else does."""
    if linkage == "domain":
        return []
    number = len(draft.day.observables)
    return [draft.new(Observable.of("domain", f"v{number}-{draft.dice.below(1 << 20):05x}.example.org"))]


def drawn_onsets(k: int, dice: SeededDice) -> list[int]:
    """When each victim was first hit, in minutes since the day began, the first one first: the next within an hour in
    WITHIN_HOUR of the cases, within a day in WITHIN_DAY, else within three."""
    since = [0, _gap(dice)]
    while len(since) < k:
        since.append(since[-1] + _gap(dice))
    late = max(1.0, (since[-1] - since[1]) / max(1, SPAN_MINUTES - 1 - since[1]))
    since = [since[0], *(since[1] + int((minutes - since[1]) / late) for minutes in since[1:])]
    start = DAY_MINUTES - 1 - since[-1] - dice.below(max(1, min(DAY_MINUTES, SPAN_MINUTES - since[-1])))
    return [start + minutes for minutes in since]


def _gap(dice: SeededDice) -> int:
    """Minutes from one victim to the next, less than SPAN_MINUTES."""
    share = dice.unit()
    if share < WITHIN_HOUR:
        return dice.below(60)
    within = 60 + dice.below(DAY_MINUTES - 60)
    return within if share < WITHIN_DAY else DAY_MINUTES + dice.below(SPAN_MINUTES - DAY_MINUTES)


def sorted_p(day: Day) -> list[Floats]:
    """Each actor's own p-values, ascending: what its alert line is read off."""
    return [np.sort(day.rows.p[day.rows.actor == actor]) for actor in range(len(day.actors))]


def below_the_line(own: Floats, line: int) -> float:
    """The smallest p that this actor's own SOC does not read that day; the smallest at all where it reads less."""
    return float(np.nextafter(own[line - 1], 1.0)) if len(own) >= line else P_MAX


def with_negatives(day: Day, dice: SeededDice) -> Day:
    """The hard negatives, always in: each by its name in ``negatives``."""
    draft = Draft(day, dice)
    n = len(day.actors)
    negatives: dict[str, tuple[int, ...]] = {}

    def wide(name: str, actors: int, low: float, high: float, buckets: tuple[float, ...], *, period: bool) -> int:
        element = draft.new(Observable.of("domain", f"{name}-{dice.below(1 << 20):05x}.example.net"))
        rhythm = dice.below(8) if period else NO_PERIOD
        for actor in draft.some(min(n, actors)):
            bucket = int(dice.pick(1, np.array(buckets))[0])
            first = -dice.below(72)
            p, regular = draft.log_uniform(low, high), 4 if period else NO_PERIOD
            draft.rows.append((actor, element, p, bucket, first, 23, rhythm, regular, 0, NO_WALK))
        negatives[name] = (*negatives.get(name, ()), element)
        return element

    for _ in range(2):
        wide("vendor", min(n, 5 + dice.below(56)), 0.002, 0.05, (0.4, 0.3, 0.2, 0.1), period=True)
    wide("browser", n, 0.01, 0.05, (0.0, 0.05, 0.15, 0.8), period=False)
    monitor = wide("monitor", max(3, n * 8 // 10), 0.001, 0.02, (0.9, 0.1, 0.0, 0.0), period=True)
    wide("scanner", max(3, n * 6 // 10), 0.005, 0.05, (0.2, 0.2, 0.3, 0.3), period=False)
    cdn = wide("cdn", max(3, n * 7 // 10), 0.01, 0.05, (0.2, 0.2, 0.3, 0.3), period=False)
    wide("patch-day", max(3, n * 9 // 10), 0.01, 0.05, (0.1, 0.1, 0.2, 0.6), period=False)
    wide("pentest", 1, 1e-5, 1e-4, (1.0, 0.0, 0.0, 0.0), period=False)
    day.register = day.register | {day.observables[monitor]}
    day.listed = {**day.listed, day.observables[cdn]: "shared"}
    negatives["poison"] = _poison(draft)
    day.rows = day.rows.and_(Rows.of(draft.rows))
    day.negatives = {**day.negatives, **negatives}
    return day


def _poison(draft: Draft) -> tuple[int, ...]:
    """One actor claims, as strongly as it can, what two others hold by chance: it guesses names that are around."""
    liar = draft.some(1)[0]
    rows = draft.day.rows
    count = np.bincount(rows.element, minlength=len(draft.day.observables))
    theirs = set(rows.element[rows.actor == liar].tolist())
    targets = [int(e) for e in np.flatnonzero(count == 2) if int(e) not in theirs][:50]
    for element in targets:
        draft.rows.append((liar, element, 1e-9, 0, 0, 23, NO_PERIOD, NO_PERIOD, 0, NO_WALK))
    return tuple(targets)
