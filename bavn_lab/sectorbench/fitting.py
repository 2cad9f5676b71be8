"""Fits what a report is worth by its detector and its p; terms are chosen on families and benign sites left out of it.

What is compared are elements that equally many actors of an equally large sector hold and let through the door: the
common ratio over these strata (Mantel and Haenszel 1959) of how often a campaign's reports are of a detector and
p-bucket, and how often a harmless element's are. A row never falls with a smaller p (isotonic regression); a detector
is taken towards 0 by how few families stand behind it, and each of its buckets towards the detector. Half of the days
are of sites that detectors were not chosen on (detected.STRANGERS). Hard negatives that the bench draws say nothing
here: no detector saw them. Refuses to look at the test set.
"""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from math import floor, log
from multiprocessing import get_context
from typing import Any, Final, Protocol

import numpy as np

from bavn.centre.correlate.laws.fitted import ANY, OPTIONAL, Weights
from bavn.centre.correlate.run import by_priority
from bavn.centre.correlate.score import by_group, speakers
from bavn.model.evidence import EVIDENCE_NATS_MAX, EVIDENCE_NATS_MIN, P_BUCKETS
from bavn.model.sector.lead import Sign
from bavn.traffic.dice import SeededDice
from bavn_lab.sectorbench.day import Day, Floats, Newness
from bavn_lab.sectorbench.run import CAMPAIGNS_A_DAY, hits
from bavn_lab.sectorbench.ways import BUDGET, context_of, joined, signs_of
from bavn_lab.sectorbench.worlds import World

HOLDERS: Final = (2, 3, 5, 9)
"""Where a stratum of holders begins: 2, 3 and 4, 5 to 8, 9 and more (each of one size of sector)."""
FAMILIES_PRIOR: Final = 3.0
"""With the weight of so many families a ratio is taken towards what is known without it."""
DETECTED: Final = frozenset({"internet scanners"})
"""Hard negatives that come from captures, as detectors saw them."""
RESAMPLES: Final = 60
SIZES: Final = (15, 100)
NEWNESS: Final = Newness(0.20, 0.25)
"""Fitted evidence asks for nobody's age: the middle of the table will do."""
FIRST: Final = ("sharing",)
"""Without it a harmless report more would speak against an element: it is asked first, and a draw is enough."""
CHOSEN_AT: Final = (Newness(0.05, 0.0), Newness(0.35, 0.25))
"""Terms are chosen over these cells together, not in the best corner."""
GUARDS: Final = ((5.0, 0.15), (7.0, 0.01))
"""From the first on a case opens by itself, below the second nothing is released that may block: how much of what is
revealed and harmless may stand there. The shares are assumed."""


@dataclass(frozen=True, slots=True)
class Sighted:
    """A revealed element: ``family`` of its campaign, empty where it is harmless; ``stratum``: size of the sector and
    class of holders; ``reports``: detector and p-bucket of each group's strongest; ``weight``: elements of one campaign
    share one; ``day``: which of all days."""

    family: str
    stratum: tuple[int, int]
    reports: tuple[tuple[str, int], ...]
    weight: float
    day: int


def sighted(day: Day, signs: Sequence[Sign], number: int) -> list[Sighted]:
    """All that a day's rounds revealed and a detector saw."""
    drawn = {element for name, some in day.negatives.items() if name not in DETECTED for element in some}
    beside = {element for campaign in day.campaigns for element in campaign.beside}
    numbers = {observable: at for at, observable in enumerate(day.observables)}
    elements: dict[int, list[Sign]] = {}
    for sign in signs:
        elements.setdefault(numbers[sign.observable], []).append(sign)
    shown = [sum(element in elements for element in campaign.elements) for campaign in day.campaigns]
    seen = []
    for element, some in sorted(elements.items()):
        owners = day.campaigns_of.get(element)
        if owners is None and (element in drawn or element in beside):
            continue
        heads = [group[0] for group in by_group(speakers(some, PLAIN), PLAIN).values()]
        if len(heads) < HOLDERS[0]:
            continue
        stratum = len(day.actors), sum(len(heads) >= least for least in HOLDERS)
        reports = tuple((head.detector, head.p_bucket) for head in heads)
        owner = None if owners is None else min(owners)
        seen.append(
            Sighted(
                "" if owner is None else day.campaigns[owner].family,
                stratum,
                reports,
                1.0 if owner is None else 1.0 / shown[owner],
                number,
            )
        )
    return seen


PLAIN: Final = Weights(terms=frozenset())
"""Whose report of an actor counts while nothing is fitted yet: the one with the smallest p."""


def common_ratio(seen: Sequence[Sighted], detectors: Sequence[str]) -> dict[str, Floats]:
    """ln of the common ratio by detector and p-bucket, taken towards 0; float [P_BUCKETS] each."""
    places = {name: at for at, name in enumerate(detectors)}
    strata = {key: at for at, key in enumerate(sorted({element.stratum for element in seen}))}
    shape = (len(strata), len(detectors), P_BUCKETS)
    count = {True: np.zeros(shape), False: np.zeros(shape)}
    whole = {True: np.zeros(len(strata)), False: np.zeros(len(strata))}
    families: dict[tuple[int, int], set[str]] = {}
    days = len({element.day for element in seen})
    for element in seen:
        whose, at = bool(element.family), strata[element.stratum]
        whole[whose][at] += element.weight
        for detector, bucket in element.reports:
            place = places.get(detector)
            if place is not None:
                count[whose][at, place, bucket] += element.weight / len(element.reports)
                if whose:
                    families.setdefault((place, bucket), set()).add(element.family)
    total = np.maximum(whole[True] + whole[False], 1e-9)
    bad = (count[True] * (whole[False] / total)[:, None, None]).sum(axis=0)
    good = (count[False] * (whole[True] / total)[:, None, None]).sum(axis=0)
    rows = {}
    for name, place in places.items():
        nats, sure = np.zeros(P_BUCKETS), np.full(P_BUCKETS, NOTHING)
        everywhere = {family for (of, _), some in families.items() if of == place for family in some}
        harmless = count[False][:, place].sum(axis=0) / max(1, days)
        whole_row = _shrunk(bad[place].sum(), good[place].sum(), len(everywhere), float(harmless.sum()), 0.0)
        for bucket in range(P_BUCKETS):
            behind = len(families.get((place, bucket), ()))
            nats[bucket] = _shrunk(bad[place, bucket], good[place, bucket], behind, float(harmless[bucket]), whole_row)
            sure[bucket] += _sure(behind, float(harmless[bucket]))
        rows[name] = np.clip(isotonic(nats, sure), EVIDENCE_NATS_MIN, EVIDENCE_NATS_MAX)
    return rows


NOTHING: Final = 1e-6


def _sure(families: int, harmless: float) -> float:
    """How much stands behind a ratio: the fewer of both, or a little of whichever there is alone."""
    return max(min(float(families), harmless), min(max(float(families), harmless), FAMILIES_PRIOR))


def _shrunk(bad: float, good: float, families: int, harmless: float, towards: float) -> float:
    """ln of the ratio of two rates, taken towards what is known without it; half an observation is added to each."""
    if (not families and not harmless) or bad + good <= 0:
        return towards
    unit = 0.5 * (bad + good) / (max(families, harmless) + 1)
    sure = _sure(families, harmless)
    return (log((bad + unit) / (good + unit)) * sure + towards * FAMILIES_PRIOR) / (sure + FAMILIES_PRIOR)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """``nats`` by p-bucket with the interval over families, and how many families and harmless elements (a day) spoke
    in each bucket."""

    nats: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    families: tuple[int, ...]
    harmless: tuple[int, ...]


def fitted_rows(seen: Sequence[Sighted], dice: SeededDice, *, resamples: int = RESAMPLES) -> dict[str, Row]:
    """The table: a row for each detector that spoke, and one for any other; whole families and days are drawn again
    for the intervals."""
    pooled = [replace(element, reports=tuple((ANY, bucket) for _, bucket in element.reports)) for element in seen]
    detectors = sorted({detector for element in seen for detector, _ in element.reports})
    rows = _ratios(seen, detectors)
    again: dict[str, list[Floats]] = {name: [] for name in rows}
    for _ in range(resamples):
        for name, nats in _ratios(_drawn_again(seen, dice), detectors).items():
            again[name].append(nats)
    table = {}
    for name, nats in rows.items():
        those = pooled if name == ANY else seen
        low, high = np.quantile(np.array(again[name] or [nats]), (0.025, 0.975), axis=0)
        families: list[set[str]] = [set() for _ in range(P_BUCKETS)]
        harmless, days = [0] * P_BUCKETS, max(1, len({element.day for element in seen}))
        for element in those:
            for bucket in {bucket for detector, bucket in element.reports if detector == name}:
                if element.family:
                    families[bucket].add(element.family)
                else:
                    harmless[bucket] += 1
        table[name] = Row(
            nats=_short(nats),
            low=_short(low),
            high=_short(high),
            families=tuple(len(some) for some in families),
            harmless=tuple(round(n / days) for n in harmless),
        )
    return table


def _short(values: Floats) -> tuple[float, ...]:
    return tuple(round(float(value), 3) for value in values)


def _drawn_again(seen: Sequence[Sighted], dice: SeededDice) -> list[Sighted]:
    """Whole families, and whole days of what is harmless, drawn with replacement."""
    parts: dict[tuple[str, int], list[Sighted]] = {}
    for element in seen:
        parts.setdefault((element.family, 0 if element.family else element.day), []).append(element)
    families = sorted(key for key in parts if key[0])
    days = sorted(key for key in parts if not key[0])
    picked: list[Sighted] = []
    for keys in (families, days):
        for number in range(len(keys)):
            key = keys[dice.below(len(keys))]
            picked += [
                replace(element, family=f"{element.family}/{number}" if element.family else "")
                for element in parts[key]
            ]
    return picked


def isotonic(values: Floats, weights: Floats) -> Floats:
    """The nearest rising sequence (pool adjacent violators)."""
    blocks: list[list[float]] = []
    for value, weight in zip(values.tolist(), weights.tolist(), strict=True):
        blocks.append([value, weight, 1])
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
            last, before = blocks.pop(), blocks.pop()
            both = before[1] + last[1]
            blocks.append([(before[0] * before[1] + last[0] * last[1]) / both, both, before[2] + last[2]])
    return np.repeat([block[0] for block in blocks], [int(block[2]) for block in blocks])


# --- days -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Played:
    """A day, and what its rounds revealed."""

    day: Day
    signs: tuple[Sign, ...]

    def found(self, weights: Weights) -> list[bool]:
        """For each campaign whether it is among the budget's leads, ranked by these weights."""
        context = context_of(self.day, self.signs, weights, 0.0, BUDGET)
        numbers = {observable: at for at, observable in enumerate(self.day.observables)}
        leads = by_priority(self.signs, context)
        return hits(self.day, [frozenset(numbers[one.observable] for one in members) for members in leads])

    def harmless(self, weights: Weights) -> list[float]:
        """The scores of what was revealed and belongs to no campaign."""
        context = context_of(self.day, self.signs, weights, 0.0, len(self.signs))
        numbers = {observable: at for at, observable in enumerate(self.day.observables)}
        return [
            weighed.score
            for members in by_priority(self.signs, context)
            for weighed in members
            if numbers[weighed.observable] not in self.day.campaigns_of
        ]


Evidence = Mapping[str, tuple[float, ...]]


@dataclass(frozen=True, slots=True)
class Held:
    """A day of families and sites that its evidence was not fitted on."""

    played: Played
    evidence: Evidence

    def found(self, terms: frozenset[str]) -> list[bool]:
        return self.played.found(Weights(self.evidence, terms))

    def harmless(self, terms: frozenset[str]) -> list[float]:
        return self.played.harmless(Weights(self.evidence, terms))


def played(
    world: World, sizes: Sequence[int], seeds: Sequence[int], newness: Newness, jobs: int, say: Callable[[str], None]
) -> list[Played]:
    """Days of each size."""
    wanted = [(world, actors, seed, newness) for actors in sizes for seed in seeds]
    say(f"{len(wanted)} days, {jobs} at a time")
    if jobs > 1:
        with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
            return list(pool.map(_play, *zip(*wanted, strict=True)))
    return [_play(*one) for one in wanted]


def _play(world: World, actors: int, seed: int, newness: Newness) -> Played:
    day = world.day(actors, seed, CAMPAIGNS_A_DAY, newness)
    kept, _ = joined(day, day.rows)
    signs = tuple(signs_of(day, kept))
    day.rows = kept
    return Played(day, signs)


# --- terms ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """What a set of terms finds on the days that terms are chosen on, by number of actors."""

    terms: tuple[str, ...]
    recall: Mapping[int, float]


def recall_by_size(days: Sequence[Held], terms: frozenset[str], jobs: int = 1) -> dict[int, float]:
    """Share of campaigns within reach among the first leads, by number of actors."""
    shown: dict[int, list[bool]] = {}
    for held, hit in zip(days, _over(days, Held.found, terms, jobs), strict=True):
        day = held.played.day
        shown.setdefault(len(day.actors), []).extend(
            hit[at] for at, campaign in enumerate(day.campaigns) if campaign.reachable
        )
    return {size: sum(some) / max(1, len(some)) for size, some in sorted(shown.items())}


def _over[T](
    days: Sequence[Held], what: Callable[[Held, frozenset[str]], T], terms: frozenset[str], jobs: int
) -> list[T]:
    if jobs == 1:
        return [what(held, terms) for held in days]
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        return list(pool.map(what, days, [terms] * len(days)))


def choose(days: Sequence[Held], jobs: int, say: Callable[[str], None]) -> list[Tried]:
    """What was tried, the chosen terms last. FIRST stays where it loses at no size; from there on the term that gains
    most over all sizes joins, as long as it gains at every one of them."""
    kept: tuple[str, ...] = ()
    tried: list[Tried] = []

    def try_(terms: tuple[str, ...]) -> Tried:
        recall = recall_by_size(days, frozenset(terms), jobs)
        tried.append(Tried(terms=terms, recall=recall))
        shown = ", ".join(f"N={size} {share:.3f}" for size, share in recall.items())
        say(f"terms {', '.join(terms) or 'none'}: {shown}")
        return tried[-1]

    best, first = try_(kept), try_(FIRST)
    if all(first.recall[size] >= best.recall[size] for size in best.recall):
        best, kept = first, FIRST
    while len(kept) < len(OPTIONAL):
        more = [try_((*kept, term)) for term in OPTIONAL if term not in kept]
        gaining = [one for one in more if all(one.recall[size] > best.recall[size] for size in best.recall)]
        if not gaining:
            break
        best = max(gaining, key=lambda option: sum(option.recall.values()))
        kept = best.terms
    tried.append(best)
    return tried


class Folded(Protocol):
    """Families and benign sites, whole and by folds (sector_world.ToFit)."""

    @property
    def whole(self) -> World: ...

    @property
    def others(self) -> Sequence[World]: ...

    @property
    def held(self) -> Sequence[World]: ...


def fit(
    every: Sequence[Folded],
    seeds: Sequence[int],
    origin: Mapping[str, Any],
    *,
    jobs: int = 1,
    say: Callable[[str], None] = lambda _: None,
) -> dict[str, Any]:
    """Evidence fitted on all families and sites; terms and level chosen on those held out of it, fold by fold: the
    content of fitted.json. ``every``: the same as they are, and as strangers."""

    def seen(worlds: Sequence[World]) -> list[Sighted]:
        days = [day for world in worlds for day in played(world, SIZES, seeds, NEWNESS, jobs, say)]
        return [one for number, day in enumerate(days) for one in sighted(day.day, day.signs, number)]

    fewer, held = seeds[: max(1, len(seeds) // 4)], list[Held]()
    for at in range(len(every[0].held)):
        evidence = nats_of(seen([folded.others[at] for folded in every]))
        for folded in every:
            for newness in CHOSEN_AT:
                days = played(folded.held[at], SIZES, fewer, newness, jobs, say)
                held += [Held(day, evidence) for day in days]
    tried = choose(held, jobs, say)
    scores = _over(held, Held.harmless, frozenset(tried[-1].terms), jobs)
    level = level_of([score for day in scores for score in day])
    say(f"level {level:+.2f} nats")
    whole = seen([folded.whole for folded in every])
    say(f"{len(whole)} elements, {sum(bool(one.family) for one in whole)} of campaigns")
    return as_file(fitted_rows(whole, SeededDice(seeds[0], "fit")), tried, level, origin)


def nats_of(seen: Sequence[Sighted]) -> dict[str, tuple[float, ...]]:
    """The table without intervals."""
    detectors = sorted({detector for element in seen for detector, _ in element.reports})
    return {name: tuple(row.tolist()) for name, row in _ratios(seen, detectors).items()}


def _ratios(seen: Sequence[Sighted], detectors: Sequence[str]) -> dict[str, Floats]:
    """A row for each detector, and one for any other."""
    pooled = [replace(element, reports=tuple((ANY, bucket) for _, bucket in element.reports)) for element in seen]
    return {**common_ratio(pooled, [ANY]), **common_ratio(seen, detectors)}


def level_of(harmless: Sequence[float]) -> float:
    """What is added to every score, so that of the ``harmless`` no more than its share reaches any of GUARDS."""
    falling = sorted(harmless, reverse=True)
    levels = [guard - falling[int(share * len(falling))] for guard, share in GUARDS if falling]
    return floor(1000 * min(levels, default=0.0)) / 1000 - 0.001


def in_words(tables: Mapping[str, Any]) -> str:
    """For a reader: what a report is worth at two p, by detector, and which terms count."""
    lines = ["nats of a report at p <= 3 % and <= 0.2 % (interval; families, harmless elements a day):"]
    for name, row in sorted(tables["evidence"].items()):
        shown = [
            f"{row['nats'][b]:+.2f} ({row['low'][b]:+.2f} to {row['high'][b]:+.2f};"
            f" {row['families'][b]}, {row['harmless'][b]})"
            for b in (5, 9)
        ]
        lines.append(f"  {name or 'any':<12} {'   '.join(shown)}")
    return "\n".join([*lines, f"terms that count: {', '.join(tables['terms']) or 'none'}"])


def as_file(rows: Mapping[str, Row], tried: Sequence[Tried], level: float, origin: Mapping[str, Any]) -> dict[str, Any]:
    """What fitted.json holds."""
    tries = [
        {"terms": list(one.terms), "recall_at_20": {str(size): round(share, 4) for size, share in one.recall.items()}}
        for one in tried[:-1]
    ]
    evidence = {name: {field: list(values) for field, values in asdict(row).items()} for name, row in rows.items()}
    terms = list(tried[-1].terms)
    return {"origin": dict(origin), "terms": terms, "level": level, "tried": tries, "evidence": evidence}
