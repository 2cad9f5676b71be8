"""The sector's counts: what each actor told of a day, noise and all, and their sums for people.

The first word of an actor on a day counts. A single actor's numbers are never shown: sums are over all actors, or over
a kind with at least ``KIND_ACTORS_MIN`` of them. Whoever reads a table looks at all of its cells, so all their
intervals together hold with 95 % (Bonferroni's correction, which asks nothing of how cells hang together). Refuses to
take noise away: only more actors and days do.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Engine, delete, select

from bavn.centre.books import codec
from bavn.centre.books import tables as t
from bavn.centre.correlate.laplace import half_interval, spread
from bavn.model.received import Counted
from bavn.model.sector.tally import BLOCKED, FALSE_TABLE_MAX, PARTS, TECHNIQUES, is_known

KIND_ACTORS_MIN: Final = 3
ALL: Final = "all"
REST: Final = "other kinds"
SPREADS: Final = 8
CELL_MAX: Final = 1000
"""The sector's own bound on one actor's count, whatever bound the actor says it has (the node's policy's default)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """A sum. ``what``: suspected or blocked; ``entry`` of bavn.model.sector.tally; ``kind`` of actors or ALL; ``told``:
    how many actor-days it adds up; ``value`` with noise of standard deviation ``noise``; the true sums of all cells of
    the table together lie in [low, high] with 95 % (never below 0)."""

    what: str
    entry: str
    kind: str
    told: int
    value: int
    noise: float
    low: int
    high: int

    @property
    def known(self) -> bool:
        """Clear of its noise; else nothing may be told of it."""
        return is_known(self.low)


@dataclass(frozen=True, slots=True)
class ActorCounts:
    """One actor's numbers of one day, cut to what an honest actor's noise can make of an honest count."""

    kind: str
    actor: str
    epsilon: float
    cells: tuple[int, ...]


def keep_counts(engine: Engine, counted: Counted) -> None:
    """Kept once for an actor and day."""
    row = {
        "epsilon_milli": counted.epsilon_milli,
        "cell_max": counted.cell_max,
        "body": codec.dumps([counted.by_technique, counted.blocked]),
    }
    with t.writing(engine) as connection:
        t.add_new(connection, t.COUNTS, [row], {"actor": counted.actor, "day": counted.day})


def forget_counts(engine: Engine, before_day: int) -> None:
    """Drops days before this one."""
    with t.writing(engine) as connection:
        connection.execute(delete(t.COUNTS).where(t.COUNTS.c.day < before_day))


def sums(engine: Engine, kinds: Mapping[str, str], first_day: int, last_day: int, tables: int = 1) -> tuple[Count, ...]:
    """Every entry over the days, both included: all actors together, then kind by kind (``kinds``: actor -> kind).
    ``tables``: how many such are read at once. Nothing where fewer than KIND_ACTORS_MIN actors told anything."""
    with t.reading(engine) as connection:
        query = select(t.COUNTS).where(t.COUNTS.c.day >= first_day, t.COUNTS.c.day <= last_day)
        rows = connection.execute(query.order_by(t.COUNTS.c.actor, t.COUNTS.c.day)).all()
    return table([(row.actor, row.epsilon_milli, json.loads(row.body)) for row in rows], kinds, tables)


def table(
    days: Sequence[tuple[str, int, Sequence[Sequence[int]]]], kinds: Mapping[str, str], tables: int = 1
) -> tuple[Count, ...]:
    """The sums of what actors told: (actor, epsilon in thousandths, its numbers, part by part) of each day."""
    if len({actor for actor, *_ in days}) < KIND_ACTORS_MIN:
        return ()
    sums = []
    for part, (what, entries) in enumerate((("suspected", TECHNIQUES), ("blocked", BLOCKED))):
        counts = [
            actor_counts(kinds.get(actor, "other"), actor, epsilon_milli, parts[part])
            for actor, epsilon_milli, parts in days
        ]
        grouped = by_kind(counts)
        level = cell_level(len(grouped) * tables)
        for kind, mine in grouped:
            sums += [_count(what, entry, at, kind, mine, level) for at, entry in enumerate(entries)]
    return tuple(sums)


def cell_level(tables: int) -> float:
    """With what probability one cell's true sum must lie in its interval, so that all cells of so many tables (each of
    all entries) do with 1 - FALSE_TABLE_MAX."""
    return 1 - FALSE_TABLE_MAX / (tables * (len(TECHNIQUES) + len(BLOCKED)))


def spent(engine: Engine, first_day: int, last_day: int) -> tuple[tuple[str, int, float, float], ...]:
    """What telling its counts cost each actor: (actor, days told, epsilon of them, the most of 30 days in a row)."""
    query = select(t.COUNTS.c.actor, t.COUNTS.c.day, t.COUNTS.c.epsilon_milli).where(
        t.COUNTS.c.day >= first_day, t.COUNTS.c.day <= last_day
    )
    days: dict[str, dict[int, int]] = {}
    with t.reading(engine) as connection:
        for row in connection.execute(query):
            days.setdefault(row.actor, {})[row.day] = row.epsilon_milli
    return tuple(
        (actor, len(told), sum(told.values()) / 1000, max(_month(told, day) for day in told) / 1000)
        for actor, told in sorted(days.items())
    )


def _month(told: Mapping[int, int], first: int) -> int:
    return sum(milli for day, milli in told.items() if first <= day < first + 30)


def actor_counts(kind: str, actor: str, epsilon_milli: int, cells: Iterable[int]) -> ActorCounts:
    """With every number cut: a liar moves a sum by no more than the largest count it may tell, and a little noise."""
    epsilon = epsilon_milli / 1000 / PARTS
    slack = round(SPREADS * spread([epsilon]))
    return ActorCounts(kind, actor, epsilon, tuple(max(-slack, min(CELL_MAX + slack, cell)) for cell in cells))


def by_kind(counts: list[ActorCounts]) -> list[tuple[str, list[ActorCounts]]]:
    """All of them, and each kind that has enough actors. Kinds with fewer are shown together; where these are too few
    as well, the smallest of the others joins them, so that no subtraction leaves fewer than KIND_ACTORS_MIN actors."""
    actors: dict[str, set[str]] = {}
    for count in counts:
        actors.setdefault(count.kind, set()).add(count.actor)
    large = sorted((kind for kind in actors if len(actors[kind]) >= KIND_ACTORS_MIN), key=lambda k: (len(actors[k]), k))
    rest = {kind for kind in actors if kind not in large}
    if rest and sum(len(actors[kind]) for kind in rest) < KIND_ACTORS_MIN and large:
        rest.add(large.pop(0))
    kinds = [(ALL, counts)]
    kinds += [(kind, [count for count in counts if count.kind == kind]) for kind in sorted(large)]
    if rest and large:
        kinds.append((REST, [count for count in counts if count.kind in rest]))
    return kinds


def _count(what: str, entry: str, at: int, kind: str, counts: list[ActorCounts], level: float) -> Count:
    epsilons = [one.epsilon for one in counts]
    value, half = sum(one.cells[at] for one in counts), half_interval(epsilons, level)
    return Count(
        what=what,
        entry=entry,
        kind=kind,
        told=len(counts),
        value=value,
        noise=spread(epsilons),
        low=max(0, value - half),
        high=max(0, value + half),
    )
