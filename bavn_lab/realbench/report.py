"""Figures of inbound contacts as one JSON object and as a table, each with its interval. Rounds nothing up.

The interval is a bootstrap over days and actors, both drawn anew each time, so that neither one busy day nor one busy
actor carries it. Shows no row of the data: numbers of actors, days and hits alone.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final

import numpy as np

from bavn.traffic.dice import SeededDice
from bavn_lab.realbench.contacts import DAY_S, Floats, Ints
from bavn_lab.realbench.inbound import LEARNED, WAYS, WITH_SECTOR, Choice, Judged, first_half
from bavn_lab.realbench.lists import LENGTHS
from bavn_lab.sectorbench.figures import NOTHING, RESAMPLES, Value

AGAINST: Final = ("HPB", "HPB, new sources only")
OURS: Final = ("sector", LEARNED, WITH_SECTOR)


@lru_cache(maxsize=64)
def _weights(actors: int, days: int) -> tuple[Floats, Floats]:
    """How often each actor and each day was drawn, by resample."""
    dice = SeededDice(1, f"real {actors} {days}")
    drawn = []
    for count in (actors, days):
        picks = dice.whole(RESAMPLES * count, count).reshape(RESAMPLES, count)
        drawn.append(np.stack([np.bincount(row, minlength=count) for row in picks]).astype(np.float64))
    return drawn[0], drawn[1]


def _sums(table: Floats) -> Floats:
    """The sum of [actors, days] in each resample."""
    actors, days = _weights(*table.shape)
    return np.asarray(((actors @ table) * days).sum(axis=1))


def mean(table: Ints | Floats) -> Value:
    """Of one actor and day."""
    if not table.size:
        return NOTHING
    low, high = np.quantile(_sums(table.astype(np.float64)) / table.size, (0.025, 0.975))
    return Value(float(table.mean()), float(low), float(high), table.size)


def share(above: Ints, below: Ints) -> Value:
    """Of all of ``below``."""
    bottom = _sums(below.astype(np.float64)) if below.size else np.zeros(1)
    if not below.sum() or not (bottom > 0).any():
        return NOTHING
    shares = _sums(above.astype(np.float64))[bottom > 0] / bottom[bottom > 0]
    low, high = np.quantile(shares, (0.025, 0.975))
    return Value(float(above.sum() / below.sum()), float(low), float(high), below.size)


def choice_figures(choice: Choice) -> dict[str, Any]:
    """What the first halves chose, and the hits that spoke for each option."""
    return {
        "days": choice.days,
        "addresses_in_a_block": 1 << choice.bits,
        "weight_left_after_a_day": choice.decay,
        "hits": choice.hits,
    }


def figures_of(judged: Judged, *, whole: bool) -> dict[str, Any]:
    """One file. ``whole``: nothing was chosen on it, so that all of its days judge."""
    half = len(first_half(judged.days))
    parts = {"whole": slice(None)} if whole else {"first_half": slice(0, half), "second_half": slice(half, None)}
    return {
        "actors": len(judged.contacts.actors),
        "sources": len(judged.contacts.sources),
        "rows": len(judged.contacts.first),
        "refused_rows": dict(judged.contacts.refused),
        "first_day": _date(judged.days[0]),
        "last_day": _date(judged.days[-1]),
        **{name: _part(judged, days) for name, days in parts.items()},
        "judged": "whole" if whole else "second_half",
        "revealed": {
            "offered_a_day": round(float(judged.offered.mean()), 1),
            "revealed_a_day": round(float(judged.revealed.mean()), 1),
            "below_threshold": int(judged.below.sum()) + sum(day.below for day in judged.private),
            "may_block_a_day": round(float(judged.may_block.mean()), 1),
        },
        "private_join": [{**day.as_json(), "day": _date(day.day)} for day in judged.private],
    }


def _date(day: int) -> str:
    return datetime.fromtimestamp(day * DAY_S, UTC).date().isoformat()


def _part(judged: Judged, days: slice) -> dict[str, Any]:
    new = judged.new[:, days]
    ways: dict[str, dict[str, Any]] = {}
    for way in WAYS:
        ways[way] = {}
        for length in LENGTHS:
            tally = judged.tallies[way][length]
            hits, listed = tally.hits[:, days], tally.listed[:, days]
            leads = np.concatenate([lead for day in tally.leads[days] for lead in day] or [np.zeros(0)])
            ways[way][str(length)] = {
                "hits": int(hits.sum()),
                "hits_an_actor_and_day": mean(hits).as_json(),
                "of_contacts": share(hits, judged.begun[:, days]).as_json(),
                "of_the_list": share(hits, listed).as_json(),
                "listed_an_actor_and_day": round(float(listed.mean()), 1),
                "lead_hours_median": round(float(np.median(leads)), 1) if len(leads) else None,
                "lead_hours_least": round(float(leads.min()), 2) if len(leads) else None,
            }
    return {
        "days": new.shape[1],
        "contacts": int(judged.begun[:, days].sum()),
        "new_to_their_actor": int(new.sum()),
        "met_by_another_before": int(judged.by_one[:, days].sum()),
        "met_by_two_others_before": int(judged.by_two[:, days].sum()),
        "ways": ways,
        "more_than": {
            ours: {
                other: {
                    str(length): mean(
                        judged.tallies[ours][length].hits[:, days] - judged.tallies[other][length].hits[:, days]
                    ).as_json()
                    for length in LENGTHS
                }
                for other in AGAINST
            }
            for ours in OURS
        },
    }


def in_words(name: str, figures: Mapping[str, Any]) -> str:
    """A table for a reader."""
    judged = figures[figures["judged"]]
    lines = [
        (
            f"{name}: {figures['actors']} actors, {figures['rows']:,} rows; days {figures['first_day']} to"
            f" {figures['last_day']}"
        ),
        *(f"  left out, {count:,} rows: {reason}" for reason, count in figures["refused_rows"].items()),
    ]
    for part in ("first_half", "second_half", "whole"):
        if part in figures:
            lines += _table(part, figures[part])
    revealed = figures["revealed"]
    lines.append(
        f"  revealed a day {revealed['revealed_a_day']:,.0f} of {revealed['offered_a_day']:,.0f} sources that actors"
        f" brought; {revealed['below_threshold']} below the threshold; {revealed['may_block_a_day']:,.0f} score enough"
        " to be blocked, the others are watched"
    )
    lines += [
        f"  private join of {day['day']}: {day['revealed']:,} sources in {day['cells']:,} cells, {day['differs']}"
        f" unlike the counting on sets, {day['refused']} refused, {day['below']} below the threshold,"
        f" {day['cpu_s']:.0f} CPU s"
        for day in figures["private_join"]
    ]
    for ours, by_other in judged["more_than"].items():
        for other, by_length in by_other.items():
            lines += [
                f"  {ours} less {other}, {int(length):,} sources: {_of(value)} hits an actor and day"
                for length, value in by_length.items()
            ]
    return "\n".join(lines)


PARTS: Final = {
    "first_half": "First half of the days, on which settings were chosen",
    "second_half": "Second half, which judges",
    "whole": "All days; the settings were chosen on other data",
}


CELL_CHARS: Final = 54


def _table(part: str, figures: Mapping[str, Any]) -> list[str]:
    lines = [
        f"  {PARTS[part]}: {figures['days']} days, {figures['contacts']:,} contacts",
        (
            f"    {figures['met_by_another_before']:,} new to their actor and met by another before,"
            f" {figures['met_by_two_others_before']:,} by two"
        ),
        f"    {'list of':<32}" + "".join(f"{f'{length:,} sources':>{CELL_CHARS}}" for length in LENGTHS),
    ]
    for way, by_length in figures["ways"].items():
        cells: Sequence[str] = [_cell(by_length[str(length)]) for length in LENGTHS]
        lines.append(f"    {way:<32}" + "".join(f"{cell:>{CELL_CHARS}}" for cell in cells))
    return lines


def _cell(one: Mapping[str, Any]) -> str:
    lead = "" if one["lead_hours_median"] is None else f", {one['lead_hours_median']:.0f} h ahead"
    return f"{one['hits']:,}, a day {_of(one['hits_an_actor_and_day'])}{lead}"


def _of(value: Mapping[str, Any]) -> str:
    if value["value"] is None:
        return "nothing to measure"
    return f"{value['value']:.1f} ({value['low']:.1f} to {value['high']:.1f})"
