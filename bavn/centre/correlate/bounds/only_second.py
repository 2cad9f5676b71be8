"""Who is everybody's only second: in rounds where two suffice, a member that guesses meets each of its victims alone.

An honest member meets others in pairs as well, and a large one often; so what counts is with how many different groups
it alone has met something, against what a member of its size meets by chance: the mean of the others, by how often each
is in something that three or more hold (a liar's guesses are not). Counted are groups, not elements, since one campaign
is many elements. Expect no proof of a lie: it is a reason to look, and two people lift it.

Until the look is taken a round lets no group meet more than ``NEW_PARTNERS_MAX`` others alone for the first time; the
rest waits for the next round. So a burst of guesses in one round is no way round it.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final

from bavn.psi.round import Cell, Hit

TWO: Final = 2
WINDOW_DAYS: Final = 30
PARTNERS_MIN: Final = 5
"""With fewer others than this nobody is set apart, however few the rest meet."""
CHANCE_MAX: Final = 1e-3
"""A member with so many is set apart where fewer of its size than this would have them by chance, in one look of one
member; measured in tests/centre/correlate/test_only_second.py over simulated years."""
MEAN_MIN: Final = 0.5
SPREAD: Final = 4.0
"""Members of one size differ: the number is taken as negative binomial with this shape, wider than Poisson."""
SIZE_MAX: Final = 3.0
"""A member counts as at most so many times the mean size: a liar may list what all know to look large."""
NEW_PARTNERS_MAX: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class OnlySecond:
    """``partners``: the groups that ``group`` alone has met; ``expected``: how many a group of its size meets;
    ``chance``: how likely so many or more are for it."""

    group: str
    partners: tuple[str, ...]
    expected: float
    chance: float


def partners_of(held: Iterable[Collection[str]]) -> dict[str, set[str]]:
    """group -> the groups that it alone has met. ``held``: of each element that was named, the groups that hold it."""
    met: dict[str, set[str]] = {}
    for groups in held:
        if len(groups) == TWO:
            one, other = groups
            met.setdefault(one, set()).add(other)
            met.setdefault(other, set()).add(one)
    return met


def only_seconds(held: Sequence[Collection[str]], groups: Collection[str]) -> list[OnlySecond]:
    """Who is the only second of unusually many, the most unlikely first. ``groups``: all of the sector."""
    met = partners_of(held)
    shared = Counter(group for holders in held if len(holders) > TWO for group in holders)
    seconds = []
    for group, partners in met.items():
        if len(partners) < PARTNERS_MIN:
            continue
        others = [other for other in groups if other != group]
        mean = sum(len(met.get(other, set()) - {group}) for other in others) / max(1, len(others))
        size = (1 + shared[group]) / (1 + sum(shared[other] for other in others) / max(1, len(others)))
        expected = max(MEAN_MIN, mean) * min(SIZE_MAX, max(1.0, size))
        chance = tail(len(partners), expected)
        if chance <= CHANCE_MAX:
            seconds.append(OnlySecond(group=group, partners=tuple(sorted(partners)), expected=expected, chance=chance))
    return sorted(seconds, key=lambda second: (second.chance, second.group))


def tail(least: int, mean: float) -> float:
    """How likely ``least`` or more are: negative binomial of that mean and the shape SPREAD."""
    p = SPREAD / (SPREAD + mean)
    term, below = p**SPREAD, 0.0
    for k in range(least):
        below += term
        term *= (k + SPREAD) / (k + 1) * (1 - p)
    return max(0.0, 1.0 - below)


def may_ask(
    hits: Iterable[Hit],
    before: Collection[tuple[int, Cell]],
    group_of: Callable[[int], str],
    known: Mapping[str, Collection[str]],
    apart: Collection[str],
    round_id: str,
) -> list[Hit]:
    """The hits of a round of two that may be asked about, those of groups that are set apart taken out of them.
    ``before``: holders (x) and cells asked about already, which stay as they are; ``known``: whom each group had met
    alone before the round. Of new pairs those with the most cells come first: an element that a third holds too shows
    in few without it."""
    stays, open_hits = [], []
    for hit in hits:
        if any((x, hit.cell) in before for x in hit.holders):
            stays.append(hit)
            continue
        holders = tuple(x for x in hit.holders if group_of(x) not in apart)
        if len(holders) >= TWO:
            open_hits.append(hit if holders == hit.holders else Hit(hit.cell, holders))
    new_of: Counter[str] = Counter()
    let = set()
    for pair in {pair for hit in stays if (pair := _new_pair(hit, group_of, known)) is not None}:
        let.add(pair)
        new_of.update(pair)
    cells = Counter(pair for hit in open_hits if (pair := _new_pair(hit, group_of, known)) is not None)
    for pair in sorted(cells, key=lambda pair: (-cells[pair], _dice(round_id, pair))):
        if pair not in let and all(new_of[group] < NEW_PARTNERS_MAX for group in pair):
            let.add(pair)
            new_of.update(pair)
    return stays + [hit for hit in open_hits if (pair := _new_pair(hit, group_of, known)) is None or pair in let]


def _new_pair(hit: Hit, group_of: Callable[[int], str], known: Mapping[str, Collection[str]]) -> tuple[str, str] | None:
    """The two groups of a hit that have not met alone before; None for any other."""
    groups = sorted({group_of(x) for x in hit.holders})
    if len(groups) != TWO or groups[1] in known.get(groups[0], ()):
        return None
    return groups[0], groups[1]


def _dice(round_id: str, pair: tuple[str, str]) -> bytes:
    """An order that differs from round to round, so that nobody waits for ever."""
    return blake2b(" ".join((round_id, *pair)).encode(), digest_size=8).digest()
