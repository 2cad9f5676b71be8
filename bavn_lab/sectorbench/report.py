"""The bench's figures as words and as one JSON object, each with its interval, commit and seeds. Rounds nothing up."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bavn import __version__
from bavn_lab.sectorbench.figures import NOTHING, Value
from bavn_lab.sectorbench.newness import Cell
from bavn_lab.sectorbench.run import ALONE, CAMPAIGNS_A_DAY, FEED, ORACLE, PRODUCT, Result, told_join
from bavn_lab.sectorbench.worlds import Account

MADE = (
    "sector_gain",
    "precision_at_20",
    "oracle_ratio",
    "benign_single_revealed",
    "power_law_a",
    "power_law_a_all",
    "precision_of_attainable",
    "reach",
    "suspected",
    "checked",
    "found_beside_label",
    "before_last_victim",
    "before_last_victim_attainable",
    "before_last_victim_of_found",
    "victims_after",
    "minutes_from_first_median",
    "minutes_from_first_p90",
    "minutes_from_second_median",
    "minutes_from_second_p90",
    "minutes_from_strong_p95",
    "elements_in_one_lead",
    "mixed_leads",
    "quiet_leads",
    "poison_rank",
    "inbound_walk",
    "inbound_walk_exact",
    "inbound_false_alarms",
    "inbound_predictive_blacklist",
    "inbound_global_blacklist",
    "inbound_local_blacklist",
    "suspicions_a_day",
    "elements_revealed_a_day",
    "harmless_revealed_a_day",
)
"""Figures that stand in the file under their own names: the value of the largest sector, and each in ``by_actors``."""


def in_words(result: Result) -> str:
    """Some lines for a reader."""
    of, recall, everything = result.figures, result.recall, result.recall_all

    def way(name: str) -> Value:
        return recall.get(name, NOTHING)

    undetected = result.campaigns - result.suspected
    lines = [
        (
            f"N={result.actors}, seeds {_few(result.seeds)}: {result.campaigns} campaigns; {undetected} of them of"
            f" captures in which nothing outside was suspected, {result.reachable} within the join's reach"
        ),
        "  what became of them: " + ", ".join(f"{name} {count}" for name, count in result.lost.items()),
        f"  ({result.what})",
        f"  recall@20 of what is within reach {way(PRODUCT).text()}; of all {everything.get(PRODUCT, NOTHING).text()}",
        (
            f"  recall@60 {result.recall_further.text()}; at most, of all, with what was revealed"
            f" {result.ceiling['revealed'].text()}, with what was suspected {result.ceiling['suspected'].text()}"
        ),
        (
            f"  best single actor {way(ALONE).text()}; all actors' first five {way(FEED).text()}; the same score"
            f" without a join {way(ORACLE).text()}, of which the join keeps {of['oracle_ratio'].text()}"
        ),
        *_gain_in_words(result),
        *_joins_in_words(result),
        "  recall@20 of other ways (within reach):",
        *(f"    {name:<32} {value.text()}" for name, value in recall.items() if name != PRODUCT),
    ]
    for title, table in (
        ("linkage", result.by_linkage),
        ("number of victims", result.by_victims),
        ("family", result.by_family),
    ):
        lines.append(f"  recall@20 of all, by {title}:")
        lines += [f"    {name:<32} {value.text()}, n={value.n}" for name, value in table.items()]
    return "\n".join(lines)


def _gain_in_words(result: Result) -> list[str]:
    of = result.figures
    return [
        f"  found by the sector and on no actor's own list {of['sector_gain'].text()}",
        (
            f"  precision@20 {of['precision_at_20'].text()}; of what can be attained"
            f" {of['precision_of_attainable'].text()}"
        ),
        (
            f"  seen before the last victim {of['before_last_victim'].text()} (any score at"
            f" most {of['before_last_victim_attainable'].text()}), of those found"
            f" {of['before_last_victim_of_found'].text()}; share of victims after it {of['victims_after'].text()}"
        ),
        (
            f"  minutes from the second victim: median {of['minutes_from_second_median'].text()}, p90"
            f" {of['minutes_from_second_p90'].text()}; from the first: median {of['minutes_from_first_median'].text()},"
            f" p90 {of['minutes_from_first_p90'].text()}; from the second victim's strong sign: p95"
            f" {of['minutes_from_strong_p95'].text()}"
        ),
        (
            f"  share of a campaign's elements in one lead {of['elements_in_one_lead'].text()}; mixed leads"
            f" {of['mixed_leads'].text()}"
        ),
        (
            f"  leads of a quiet day as high as a busy day's 20th {of['quiet_leads'].text()}; best lead of a poisoner"
            f" at rank {of['poison_rank'].text()}"
        ),
        (
            f"  benign elements of one actor alone that were revealed: {result.single};"
            f" a = {of['power_law_a'].text()} unlisted, {of['power_law_a_all'].text()} all"
        ),
    ]


def _joins_in_words(result: Result) -> list[str]:
    of = result.figures
    lines = [
        f"  seed {join.seed} through the real join: {join.revealed} elements revealed in {join.cells} cells,"
        f" {join.refused} holders refused by receipts, {join.differs} unlike the set computation, {join.single} of one"
        " actor alone"
        for join in result.join
    ]
    lines.append(
        f"  scans from outside, 3 tries at each of 10 actors: joint walk {of['inbound_walk'].text()}, with walks not"
        f" rounded {of['inbound_walk_exact'].text()}; false alarms {of['inbound_false_alarms'].text()}; later victims"
        f" warned by highly predictive blacklisting {of['inbound_predictive_blacklist'].text()}, by the global list"
        f" {of['inbound_global_blacklist'].text()}, by their own {of['inbound_local_blacklist'].text()}"
    )
    return lines


def account_in_words(account: Account) -> str:
    """What became of a folder's captures."""
    kinds = ", ".join(f"{count} {kind}" for kind, count in account.kinds.items())
    lines = [f"{account.folder}: read {kinds or 'nothing'}"]
    if account.left_out:
        lines.append("  kinds that play no part: " + ", ".join(f"{n} {kind}" for kind, n in account.left_out.items()))
    lines += [f"  not used: {name}: {reason}" for name, reason in account.unread.items()]
    lines += [f"  read in part: {name}: {reason}" for name, reason in account.partly.items()]
    if account.families:
        lines.append(
            "  families judged (captures in which something outside was suspected, of those read): "
            + ", ".join(f"{name} {seen}/{count}" for name, (count, seen) in account.families.items())
        )
    lines += [f"  {remark}" for remark in account.remarks]
    return "\n".join(lines)


def _few(seeds: Sequence[int]) -> str:
    return f"{seeds[0]}" if len(seeds) == 1 else f"{seeds[0]}-{seeds[-1]}"


@dataclass(frozen=True, slots=True)
class _FiguresTable:
    """Figures as a JSON file has them, by number of actors, each with the commit and the seeds that it is of."""

    results: Sequence[Result]
    commit: str

    @property
    def seeds(self) -> list[int]:
        return list(self.results[0].seeds)

    def figure(self, value: Value) -> dict[str, Any]:
        return {**value.as_json(), "commit": self.commit, "seeds": self.seeds}

    def recall(self, way: str) -> dict[str, Any]:
        """Of one way of ranking: over reachable campaigns, and over all."""
        keyed = {}
        for result in self.results:
            reachable = self.figure(result.recall.get(way, NOTHING))
            keyed[str(result.actors)] = {
                **reachable,
                "reachable": reachable,
                "all": self.figure(result.recall_all.get(way, NOTHING)),
            }
        return keyed

    def plain(self, name: str) -> dict[str, Any]:
        """One of MADE."""
        by = {str(one.actors): self.figure(one.figures[name]) for one in self.results}
        return {**by[str(max(one.actors for one in self.results))], "by_actors": by}

    def table(self, name: str) -> dict[str, Any]:
        """A field of Result that has several figures by name."""
        return {
            str(one.actors): {key: self.figure(value) for key, value in getattr(one, name).items()}
            for one in self.results
        }


def figures_of(
    results: Sequence[Result], commit: str, account: Account | None = None, newness: Sequence[Cell] = ()
) -> dict[str, Any]:
    """All figures. ``recall_at_20`` and ``best_single_actor`` by number of actors: the value over reachable campaigns,
    and beside it both ``reachable`` and ``all``. The others: the value of the largest sector, and ``by_actors``."""
    table = _FiguresTable(results, commit)
    ways = [way for way in results[0].recall if way not in (PRODUCT, ALONE)]
    return {
        "bench": "sector",
        "what": results[0].what,
        "version": __version__,
        "commit": commit,
        "seeds": table.seeds,
        "leads_a_day": 20,
        "campaigns_a_day": CAMPAIGNS_A_DAY,
        "campaigns": {
            str(result.actors): {"all": result.campaigns, "suspected": result.suspected, "reachable": result.reachable}
            for result in results
        },
        "recall_at_20": table.recall(PRODUCT),
        "best_single_actor": table.recall(ALONE),
        "newness": [cell.as_json() for cell in newness],
        "recall_at_60": {str(result.actors): table.figure(result.recall_further) for result in results},
        "recall_of_revealed": {str(result.actors): table.figure(result.recall_revealed) for result in results},
        "ceiling": table.table("ceiling"),
        "lost": {str(result.actors): result.lost for result in results},
        **{name: table.plain(name) for name in MADE},
        "benign_single_revealed_total": sum(result.single for result in results),
        "real_join": {str(result.actors): told_join(result.join) for result in results},
        "others": {way: table.recall(way) for way in ways},
        "by_linkage": table.table("by_linkage"),
        "by_victims": table.table("by_victims"),
        "by_family": table.table("by_family"),
        "captures": None if account is None else account.told(),
    }
