"""The headline: recall by how much of what is harmless is new, how many campaigns use old names, and how many actors.

Where an attacker's names are new and hardly anything else is, newness alone finds them: the whole table is the figure,
and its best corner is none. Plays days only, without baselines and ablations (run.py). Refuses to tune anything.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import product
from multiprocessing import get_context
from typing import Any, Final

from bavn.centre.correlate.laws.fitted import Weights
from bavn_lab.sectorbench.day import Campaign, Newness
from bavn_lab.sectorbench.figures import Bootstrap, Value
from bavn_lab.sectorbench.run import (
    CAMPAIGNS_A_DAY,
    best_alone,
    fate,
    harmless_revealed,
    hits,
    own_leads_of,
    poison_rank,
)
from bavn_lab.sectorbench.ways import LEADS_KEPT, scored
from bavn_lab.sectorbench.worlds import World

BENIGN: Final = (0.05, 0.20, 0.35, 0.50)
AGED: Final = (0.0, 0.25, 0.50)
CORNERS: Final = (Newness(BENIGN[0], AGED[0]), Newness(BENIGN[-1], AGED[-1]))
GRID: Final = tuple(Newness(benign, aged) for benign, aged in product(BENIGN, AGED))


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One cell of the table, over campaigns within reach; ``everything``: over all; ``alone``: the best single actor's
    list; ``poison_rank``: where a poisoner's best lead stands on average, ``poison_best``: on the worst day;
    ``further``: among the first LEADS_KEPT leads; ``lost``: all campaigns by what became of them."""

    newness: Newness
    actors: int
    recall: Value
    everything: Value
    alone: Value
    poison_rank: Value
    poison_best: int
    revealed: Value
    further: Value
    lost: Mapping[str, int]

    def as_json(self) -> dict[str, Any]:
        """For the file."""
        return {
            "benign_new": self.newness.benign,
            "aged": self.newness.aged,
            "N": self.actors,
            "recall_at_20": self.recall.as_json(),
            "recall_at_20_all": self.everything.as_json(),
            "best_single_actor": self.alone.as_json(),
            "poison_rank": self.poison_rank.as_json(),
            "poison_best_rank": self.poison_best,
            "harmless_revealed_a_day": self.revealed.as_json(),
            "recall_at_60": self.further.as_json(),
            "lost": dict(self.lost),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class _Played:
    """One day of one cell."""

    campaigns: tuple[Campaign, ...]
    found: list[bool]
    further: list[bool]
    fates: list[str]
    alone: list[bool]
    poison_rank: int
    harmless: int


def table(
    world: World,
    sizes: Sequence[int],
    seeds: Sequence[int],
    *,
    grid: Sequence[Newness] = GRID,
    campaigns: int = CAMPAIGNS_A_DAY,
    weights: Weights | None = None,
    jobs: int = 1,
    say: Callable[[str], None] = lambda _: None,
) -> list[Cell]:
    """``seeds`` days for each cell. ``jobs`` days at a time; the figures are the same."""
    wanted = [
        (world, actors, seed, campaigns, newness, weights) for newness in grid for actors in sizes for seed in seeds
    ]
    say(f"newness: {len(wanted)} days, {jobs} at a time")
    if jobs > 1:
        with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
            days = list(pool.map(_play, *zip(*wanted, strict=True)))
    else:
        days = [_play(*one) for one in wanted]
    boot, cells = Bootstrap(seeds[0]), []
    for at in range(0, len(days), len(seeds)):
        _, actors, _, _, newness, _ = wanted[at]
        cells.append(_cell(boot, actors, newness, days[at : at + len(seeds)]))
    return cells


def _play(world: World, actors: int, seed: int, campaigns: int, newness: Newness, weights: Weights | None) -> _Played:
    day = world.day(actors, seed, campaigns, newness)
    product_way = scored(day, day.rows, weights=weights)
    leads = product_way.leads()
    first, further = hits(day, leads), hits(day, leads, LEADS_KEPT)
    return _Played(
        campaigns=day.campaigns,
        found=first,
        further=further,
        fates=[
            fate(
                campaign,
                first[at],
                further[at],
                revealed=not product_way.revealed.keys().isdisjoint(campaign.elements),
                ordinary=bool(campaign.elements) and day.established.issuperset(campaign.elements),
            )
            for at, campaign in enumerate(day.campaigns)
        ],
        alone=hits(day, best_alone(day, own_leads_of(day, day.rows))),
        poison_rank=poison_rank(day, leads),
        harmless=harmless_revealed(day, product_way),
    )


def _cell(boot: Bootstrap, actors: int, newness: Newness, days: Sequence[_Played]) -> Cell:
    campaigns = [campaign for day in days for campaign in day.campaigns]
    shown, further, alone = (
        [hit for day in days for hit in getattr(day, name)] for name in ("found", "further", "alone")
    )
    reached = [at for at, campaign in enumerate(campaigns) if campaign.reachable]

    def share(those: Sequence[int], hit: Sequence[bool]) -> Value:
        return boot.share([float(hit[at]) for at in those], [campaigns[at].family for at in those])

    return Cell(
        newness=newness,
        actors=actors,
        recall=share(reached, shown),
        everything=share(range(len(campaigns)), shown),
        alone=share(reached, alone),
        poison_rank=boot.mean([float(day.poison_rank) for day in days]),
        poison_best=min(day.poison_rank for day in days),
        revealed=boot.mean([float(day.harmless) for day in days]),
        further=share(reached, further),
        lost=dict(Counter(one for day in days for one in day.fates).most_common()),
    )


def in_words(cells: Sequence[Cell]) -> str:
    """The table for a reader: a line a share of new harmless names, a column a share of campaigns by old ones."""
    lines = ["recall@20 within reach (best single actor), by what is new:"]
    for actors in dict.fromkeys(cell.actors for cell in cells):
        of = {(cell.newness.benign, cell.newness.aged): cell for cell in cells if cell.actors == actors}
        aged = sorted({a for _, a in of})
        lines.append(
            f"  N={actors:<4} harmless and new | campaigns with old names: " + "  ".join(f"{a:.0%}" for a in aged)
        )
        lines += [
            f"    {benign:>4.0%}  " + "   ".join(_short(of.get((benign, a))) for a in aged)
            for benign in sorted({b for b, _ in of})
        ]
        lines.append("    over all campaigns; a poisoner's best place; harmless elements revealed a day:")
        lines += [
            f"    {benign:>4.0%}  " + "   ".join(_beside(of.get((benign, a))) for a in aged)
            for benign in sorted({b for b, _ in of})
        ]
    return "\n".join(lines)


def _beside(cell: Cell | None) -> str:
    if cell is None:
        return "-"
    everything = cell.everything.value
    harmless = cell.revealed.value or 0
    return f"{'-' if everything is None else f'{everything:.2f}'} ({cell.poison_best}; {harmless:.0f})"


def _short(cell: Cell | None) -> str:
    if cell is None:
        return "-"

    def text(value: Value) -> str:
        return "-" if value.value is None else f"{value.value:.2f}"

    return f"{text(cell.recall)} ({text(cell.alone)})"
