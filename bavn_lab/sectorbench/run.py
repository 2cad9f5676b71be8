"""Plays days by seed, lets every way rank them, and counts: recall, gain, precision, time, with bootstrap intervals.

Refuses to tune anything: the score's numbers are the product's, and a seed is all that a day depends on.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from multiprocessing import get_context
from typing import Any, Final

import numpy as np

from bavn.centre.correlate.laws.fitted import Weights
from bavn.traffic.dice import SeededDice
from bavn_lab.sectorbench import ways
from bavn_lab.sectorbench.clocked import Seen, clocked, early
from bavn_lab.sectorbench.day import EASIEST, Campaign, Day, Newness, Rows
from bavn_lab.sectorbench.figures import Bootstrap, Value
from bavn_lab.sectorbench.inbound import Inbound, inbound
from bavn_lab.sectorbench.joined import differs, held_by_one, really_joined
from bavn_lab.sectorbench.ways import (
    BASELINES,
    BUDGET,
    OWN_LEADS,
    Leads,
    Scored,
    by_baseline,
    counted,
    own_lists,
    scored,
    terms_of,
)
from bavn_lab.sectorbench.worlds import Generated, World

CAMPAIGNS_A_DAY: Final = 14
QUIET_DAYS: Final = 7
INNOCENT: Final = frozenset({-1})
"""Whose a harmless element is."""
PRODUCT, ORACLE, ALONE, FEED = "bavn", "oracle", "best single actor", "shared feed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One campaign of one day: ``found`` by way; ``own``: some actor's own list has it; ``seen``: when, if found;
    ``early``: whether any score could have shown it before its last victim. ``in_one_lead``: the share of its elements
    in the lead that holds most of them. ``further``: among the first LEADS_KEPT leads; ``revealed``: the join showed an
    element; ``ordinary``: all its elements are what the commons keep at home. ``beside``: found by what its label does
    not name."""

    campaign: Campaign
    found: dict[str, bool]
    further: bool
    revealed: bool
    ordinary: bool
    beside: bool
    own: bool
    seen: Seen | None
    early: bool
    in_one_lead: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RealJoin:
    """What a day's rounds through the real shares came to. ``differs``: elements on which the set computation says
    otherwise. ``single``: harmless elements of one actor alone that were revealed."""

    seed: int
    revealed: int
    cells: int
    refused: int
    quarantined: int
    differs: int
    single: int


@dataclass(slots=True)
class Tally:
    """One ``Judged`` for each campaign of all seeds, figures for each day, and for each quiet one."""

    campaigns: list[Judged] = field(default_factory=list)
    days: list[dict[str, float]] = field(default_factory=list)
    quiet: list[float] = field(default_factory=list)
    join: list[RealJoin] = field(default_factory=list)
    inbound: list[Inbound] = field(default_factory=list)

    @property
    def reachable(self) -> list[Judged]:
        """Those within the join's reach."""
        return [item for item in self.campaigns if item.campaign.reachable]

    def add(self, other: "Tally") -> None:
        """What other days came to."""
        for name in Tally.__slots__:
            getattr(self, name).extend(getattr(other, name))


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """All figures for one number of actors; those in ``figures`` by name, shares over reachable campaigns.
    ``recall_further``: among the first LEADS_KEPT leads; ``recall_revealed``: over what the join showed, wherever it
    came from; ``ceiling``: what a perfect ranking of what was revealed would find, and a join of all that is
    suspected; ``lost``: campaigns by what became of them."""

    actors: int
    what: str
    seeds: tuple[int, ...]
    campaigns: int
    suspected: int
    reachable: int
    recall: dict[str, Value]
    recall_all: dict[str, Value]
    figures: dict[str, Value]
    by_linkage: dict[str, Value]
    by_victims: dict[str, Value]
    by_family: dict[str, Value]
    recall_further: Value
    recall_revealed: Value
    ceiling: dict[str, Value]
    lost: dict[str, int]
    single: int
    join: tuple[RealJoin, ...]


def measure(
    actors: int,
    seeds: Sequence[int],
    *,
    campaigns: int = CAMPAIGNS_A_DAY,
    world: World | None = None,
    newness: Newness = EASIEST,
    weights: Weights | None = None,
    jobs: int = 1,
    say: Callable[[str], None] = lambda _: None,
) -> Result:
    """``seeds`` days of ``actors`` actors with ``campaigns`` campaigns each, and a quiet week. ``jobs`` days at a time;
    the figures are the same."""
    played, tally = world or Generated(), Tally()
    tries = [(played, actors, seed, campaigns, newness, number == 0, weights) for number, seed in enumerate(seeds)]
    say(f"N={actors}: {len(tries)} days, {min(jobs, len(tries))} at a time")
    if jobs > 1 and len(tries) > 1:
        with ProcessPoolExecutor(min(jobs, len(tries)), mp_context=get_context("spawn")) as pool:
            for seed, part in zip(seeds, pool.map(_play, *zip(*tries, strict=True)), strict=True):
                tally.add(part)
                say(f"N={actors}: seed {seed} is done")
    else:
        for one in tries:
            tally.add(_play(*one))
            say(f"N={actors}: seed {one[2]} is done")
    return _result(played, actors, tuple(seeds), tally)


def _play(
    world: World, actors: int, seed: int, campaigns: int, newness: Newness, first: bool, weights: Weights | None
) -> Tally:
    tally = Tally()
    day = world.day(actors, seed, campaigns, newness)
    rows = day.rows
    product = scored(day, rows, weights=weights)
    leads = product.leads()
    own_leads, few = own_leads_of(day, rows), max(1, round(BUDGET / actors))
    best = best_alone(day, own_leads)
    fed = [lead for own in own_leads.values() for lead in own[:OWN_LEADS]]
    fewer = [lead for own in own_leads.values() for lead in own[:few]]
    found_by_way: dict[str, list[bool]] = {
        PRODUCT: hits(day, leads),
        ORACLE: hits(day, scored(day, rows, everything=True, weights=weights).leads()),
        ALONE: hits(day, best),
        FEED: hits(day, fed, len(fed)),
    }
    numbers = counted(day, rows)
    found_by_way |= {name: hits(day, by_baseline(name, numbers)) for name in BASELINES}
    found_by_way["without the rank cap"] = hits(day, product.leads("rank-cap"))
    found_by_way |= {f"without {term}": hits(day, product.leads(term)) for term in terms_of(product)}
    dice = SeededDice(seed, f"ablation {actors}")
    found_by_way |= {name: hits(day, changed().leads()) for name, changed in _changed(day, rows, dice, weights).items()}
    own = [a or b for a, b in zip(hits(day, fed, len(fed)), hits(day, fewer, len(fewer)), strict=True)]
    further, beside = hits(day, leads, ways.LEADS_KEPT), set().union(*leads[:BUDGET])
    for at, campaign in enumerate(day.campaigns):
        tally.campaigns.append(
            Judged(
                campaign=campaign,
                found={way: hit[at] for way, hit in found_by_way.items()},
                further=further[at],
                revealed=not product.revealed.keys().isdisjoint(campaign.elements),
                ordinary=bool(campaign.elements) and day.established.issuperset(campaign.elements),
                beside=not found_by_way[PRODUCT][at] and not beside.isdisjoint(campaign.beside),
                own=own[at],
                seen=clocked(day, product, campaign) if found_by_way[PRODUCT][at] else None,
                early=early(day, campaign),
                in_one_lead=_in_one_lead(campaign, leads),
            )
        )
    tally.days.append(_day_figures(day, product, leads))
    tally.inbound.append(inbound(actors, seed))
    if first:
        tally.join.append(_real_join(day, product, seed))
        tally.quiet += [_quiet(world, actors, seed * 1000 + at, product) for at in range(QUIET_DAYS)]
    return tally


def _changed(day: Day, rows: Rows, dice: SeededDice, weights: Weights | None) -> dict[str, Callable[[], Scored]]:
    missing = dice.units(len(day.actors)) < 0.2
    wrong = dice.units(len(day.actors)) < 0.5
    p = np.where(wrong[rows.actor], np.minimum(1.0, rows.p * 3), rows.p / 3)
    off = Rows(**{name: p if name == "p" else getattr(rows, name) for name in Rows.__slots__})
    return {
        "a + 0.1": lambda: scored(day, rows, a_shift=0.1, weights=weights),
        "a - 0.1": lambda: scored(day, rows, a_shift=-0.1, weights=weights),
        "a fifth of the actors missing": lambda: scored(day, rows.where(~missing[rows.actor]), weights=weights),
        "p wrong by 3 either way": lambda: scored(day, off, weights=weights),
    }


def own_leads_of(day: Day, rows: Rows) -> dict[int, list[frozenset[int]]]:
    """Each actor's own list of a day, each line a lead."""
    return {actor: [frozenset([e]) for e in own] for actor, own in own_lists(day, rows, BUDGET).items()}


def best_alone(day: Day, own_leads: Mapping[int, Leads]) -> Leads:
    """The list of whichever actor finds most campaigns, chosen afterwards."""
    return max(own_leads.values(), key=lambda own: sum(hits(day, own)), default=())


def hits(day: Day, leads: Leads, budget: int = BUDGET) -> list[bool]:
    """For each campaign of the day whether one of the first ``budget`` leads holds an element of it."""
    of = day.campaigns_of
    shown = {at for lead in leads[:budget] for element in lead for at in of.get(element, ())}
    return [at in shown for at in range(len(day.campaigns))]


def _in_one_lead(one: Campaign, leads: Leads) -> float:
    mine = set(one.elements)
    ranked = set().union(*leads) & mine if leads else set()
    return max((len(lead & mine) / len(ranked) for lead in leads), default=0.0) if ranked else 0.0


def _real_join(day: Day, product: Scored, seed: int) -> RealJoin:
    joined = really_joined(day, day.rows, seed)
    return RealJoin(
        seed=seed,
        revealed=len(joined.revealed),
        cells=joined.cells,
        refused=joined.refused,
        quarantined=joined.quarantined,
        differs=differs(joined.revealed, product.revealed),
        single=held_by_one(day, day.rows, joined.revealed, frozenset(day.campaigns_of)),
    )


def harmless_revealed(day: Day, product: Scored) -> int:
    """How many elements of no campaign the rounds showed."""
    attacks = {element for campaign in day.campaigns for element in (*campaign.elements, *campaign.beside)}
    return len(product.revealed.keys() - attacks)


def poison_rank(day: Day, leads: Leads) -> int:
    """Where the best lead of an actor that lies stands; behind the last where none does."""
    poisoned = set(day.negatives.get("poison", ()))
    return next((at for at, lead in enumerate(leads, 1) if lead & poisoned), len(leads) + 1)


def _quiet(world: World, actors: int, seed: int, product: Scored) -> float:
    """Leads of a day without campaigns that would have been among a busy day's twenty."""
    line = product.ranked[BUDGET - 1].lead.score if len(product.ranked) >= BUDGET else float("-inf")
    day = world.day(actors, seed, 0)
    quiet = scored(day, day.rows, kept_max=BUDGET, weights=product.context.weights)
    return float(sum(one.lead.score >= line for one in quiet.ranked))


def _day_figures(day: Day, product: Scored, leads: Leads) -> dict[str, float]:
    first = leads[:BUDGET]
    owners = [[day.campaigns_of.get(element, INNOCENT) for element in lead] for lead in first]
    right = sum(any(whose is not INNOCENT for whose in lead) for lead in owners)
    reachable = sum(one.reachable for one in day.campaigns)
    return {
        "precision": right / BUDGET,
        "attainable": min(1.0, reachable / BUDGET),
        "mixed": sum(not frozenset.intersection(*lead) for lead in owners) / max(1, len(first)),
        "poison_rank": poison_rank(day, leads),
        "single": held_by_one(day, day.rows, product.revealed, frozenset(day.campaigns_of)),
        "a": day.power_law_a,
        "a_all": day.power_law_a_all,
        "leads": len(leads),
        "revealed": len(product.revealed),
        "harmless": harmless_revealed(day, product),
        "rows": len(day.rows),
    }


def _result(world: World, actors: int, seeds: tuple[int, ...], tally: Tally) -> Result:
    boot = Bootstrap(seeds[0])
    judged, reachable = tally.campaigns, tally.reachable
    ways_played = list(dict.fromkeys(way for item in judged for way in item.found))

    def hit(way: str, one: Judged) -> bool:
        """A term that took part in no lead of a day: without it that day is the same."""
        return one.found.get(way, one.found[PRODUCT])

    def found_by(key: Callable[[Campaign], str]) -> dict[str, Value]:
        names = sorted({key(one.campaign) for one in judged})
        return {
            name: share_of(boot, [j for j in judged if key(j.campaign) == name], lambda j: j.found[PRODUCT])
            for name in names
        }

    return Result(
        actors=actors,
        what=world.what,
        seeds=seeds,
        campaigns=len(judged),
        suspected=sum(item.campaign.linkage != "undetected" for item in judged),
        reachable=len(reachable),
        recall={way: share_of(boot, reachable, partial(hit, way)) for way in ways_played},
        recall_all={way: share_of(boot, judged, partial(hit, way)) for way in ways_played},
        figures=_figures(boot, tally),
        by_linkage=found_by(lambda item: item.linkage),
        by_victims=found_by(lambda item: str(len(item.victims))),
        by_family=found_by(lambda item: item.family),
        recall_further=share_of(boot, reachable, lambda item: item.further),
        recall_revealed=share_of(boot, [item for item in judged if item.revealed], lambda item: item.found[PRODUCT]),
        ceiling={
            "revealed": share_of(boot, judged, lambda item: item.revealed),
            "suspected": share_of(boot, judged, lambda item: item.campaign.common),
        },
        lost=dict(Counter(_fate_of(item) for item in judged).most_common()),
        join=tuple(tally.join),
        single=int(sum(day["single"] for day in tally.days)) + sum(item.single for item in tally.join),
    )


def _fate_of(judged: Judged) -> str:
    return fate(
        judged.campaign, judged.found[PRODUCT], judged.further, revealed=judged.revealed, ordinary=judged.ordinary
    )


def fate(campaign: Campaign, found: bool, further: bool, *, revealed: bool, ordinary: bool) -> str:
    """What became of a campaign: found, or at which step it was lost."""
    if found:
        return "found"
    if campaign.lost:
        return campaign.lost
    if not revealed:
        return "ordinary next door" if ordinary else "cut by the budget"
    return f"ranked {BUDGET + 1} to {ways.LEADS_KEPT}" if further else f"ranked below {ways.LEADS_KEPT}"


def share_of(boot: Bootstrap, those: Sequence[Judged], hit: Callable[[Judged], bool | float]) -> Value:
    """The share of campaigns, with an interval over families."""
    return boot.share([float(hit(one)) for one in those], [one.campaign.family for one in those])


def _figures(boot: Bootstrap, tally: Tally) -> dict[str, Value]:
    """Every figure by its name in the report."""
    return {
        **_finding(boot, tally),
        **_timing(boot, tally),
        **_ranking(boot, tally),
        **_scanning(boot, tally),
        "suspicions_a_day": _over_days(boot, tally, "rows"),
        "elements_revealed_a_day": _over_days(boot, tally, "revealed"),
        "harmless_revealed_a_day": _over_days(boot, tally, "harmless"),
    }


def _finding(boot: Bootstrap, tally: Tally) -> dict[str, Value]:
    """How much of what attacked can be found, and is."""
    judged, reachable = tally.campaigns, tally.reachable
    return {
        "reach": share_of(boot, judged, lambda item: item.campaign.reachable),
        "suspected": share_of(boot, judged, lambda item: item.campaign.linkage != "undetected"),
        "checked": share_of(boot, judged, lambda item: item.campaign.checked),
        "found_beside_label": share_of(boot, judged, lambda item: item.beside),
        "sector_gain": share_of(boot, reachable, lambda item: item.found[PRODUCT] and not item.own),
        "precision_at_20": _over_days(boot, tally, "precision"),
        "precision_of_attainable": boot.ratio(
            [day["precision"] for day in tally.days], [day["attainable"] for day in tally.days]
        ),
        "oracle_ratio": boot.ratio(
            [float(item.found[PRODUCT]) for item in reachable],
            [float(item.found[ORACLE]) for item in reachable],
            [item.campaign.family for item in reachable],
        ),
    }


def _timing(boot: Bootstrap, tally: Tally) -> dict[str, Value]:
    """When what is found is found: before which victims, and after how many minutes."""
    reachable = tally.reachable
    seen = [item.seen for item in reachable if item.seen is not None and item.seen.at is not None]
    return {
        "before_last_victim": share_of(boot, reachable, lambda item: item.seen is not None and item.seen.before_last),
        "before_last_victim_attainable": share_of(boot, reachable, lambda item: item.early),
        "before_last_victim_of_found": _mean(boot, (item.before_last for item in seen)),
        "victims_after": _mean(boot, (item.after for item in seen)),
        "minutes_from_first_median": boot.quantile([item.from_first for item in seen], 0.5),
        "minutes_from_first_p90": boot.quantile([item.from_first for item in seen], 0.9),
        "minutes_from_second_median": boot.quantile([item.from_second for item in seen], 0.5),
        "minutes_from_second_p90": boot.quantile([item.from_second for item in seen], 0.9),
        "minutes_from_strong_p95": boot.quantile(
            [one.from_strong for one in seen if one.from_strong is not None], 0.95
        ),
    }


def _ranking(boot: Bootstrap, tally: Tally) -> dict[str, Value]:
    """How good leads are: whole, unmixed, few on a quiet day, and hard to poison; and what sharing they rest on."""
    found = [item for item in tally.reachable if item.found[PRODUCT]]
    return {
        "elements_in_one_lead": share_of(boot, found, lambda item: item.in_one_lead),
        "mixed_leads": _over_days(boot, tally, "mixed"),
        "quiet_leads": boot.mean(tally.quiet),
        "poison_rank": _over_days(boot, tally, "poison_rank"),
        "benign_single_revealed": _over_days(boot, tally, "single"),
        "power_law_a": _over_days(boot, tally, "a"),
        "power_law_a_all": _over_days(boot, tally, "a_all"),
    }


def _scanning(boot: Bootstrap, tally: Tally) -> dict[str, Value]:
    """What becomes of scans from outside, beside blacklists."""
    return {
        "inbound_walk": _mean(boot, (hit for two in tally.inbound for hit in two.walk)),
        "inbound_walk_exact": _mean(boot, (hit for two in tally.inbound for hit in two.exact)),
        "inbound_false_alarms": _mean(boot, (two.alarms / two.clients for two in tally.inbound)),
        "inbound_predictive_blacklist": _mean(boot, (hit for two in tally.inbound for hit in two.predictive)),
        "inbound_global_blacklist": _mean(boot, (hit for two in tally.inbound for hit in two.global_worst)),
        "inbound_local_blacklist": _mean(boot, (hit for two in tally.inbound for hit in two.local_worst)),
    }


def _mean(boot: Bootstrap, values: Iterable[bool | float]) -> Value:
    return boot.mean([float(value) for value in values])


def _over_days(boot: Bootstrap, tally: Tally, name: str) -> Value:
    return boot.mean([day[name] for day in tally.days])


def told_join(join: Sequence[RealJoin]) -> list[dict[str, Any]]:
    """For a JSON file."""
    return [{name: getattr(one, name) for name in RealJoin.__slots__} for one in join]
