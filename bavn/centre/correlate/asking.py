"""Which hits of a round to ask about next, so that a holder is asked about an element some four times, not R times.

An element shows in most of the R tables, in some of them twice, and before anybody names it nothing ties those cells
together: their keys differ. So the centre asks about some whole tables first and then only about what the elements
named so far do not explain. Two elements of the same holders are never taken for one: only values decide.

- Tables come in pairs (2k, 2k+1), whose placements are each other's reverse: an element that exactly t hold is absent
  from both with probability .061 (PSI.md). All hits of the two fullest pairs are asked about, and of a further pair
  as long as more than ``HIDDEN_MAX`` elements of the same holders are expected to be absent from all pairs so far.
- In any other table a hit is explained if some element named in this round is held by all its holders, and each
  element explains at most two hits of a table (its two insertions). What is left over is asked about.

What still hides (measured in tests/centre/correlate/test_asking.py) has fresh places in the next round.
Refuses to know observables: an element is whatever key the caller names it by.
"""

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping
from typing import Final

from bavn.psi.round import Hit

PAIR_MISS: Final = 0.0614
HIDDEN_MAX: Final = 0.05
PAIRS_MIN: Final = 2
COPIES_PER_TABLE_MAX: Final = 2

Holders = frozenset[int]
Place = tuple[int, int, int]


def place(hit: Hit) -> Place:
    """Table, bin and smallest holder: two elements may meet in one cell, but never with a holder in common."""
    return hit.cell.table, hit.cell.bin, hit.holders[0]


def next_hits(
    hits: Iterable[Hit],
    named: Mapping[Place, Hashable],
    earlier: set[Place],
    per_holder_max: int,
    used: Mapping[int, int],
) -> list[Hit]:
    """The hits of the next wave, in order; empty when all is explained.

    ``named``: place of a hit -> the element it turned out to be (a key of its own where nobody named it, so that it is
    not asked about in every table). ``earlier``: places asked about before. ``used``: x -> cells it was asked about in
    this round; nobody is asked about more than ``per_holder_max``, a hit that would do so waits for another round.
    """
    by_table: dict[int, list[Hit]] = {}
    for hit in sorted(hits):
        by_table.setdefault(hit.cell.table, []).append(hit)
    elements = _elements(by_table, named)
    in_full: list[Hit] = []
    beyond: dict[tuple[int, ...], dict[int, list[Hit]]] = {}
    for rank, table in _ranked(by_table):
        free = [hit for hit in by_table[table] if place(hit) not in earlier]
        pairs = {holders: _pairs_in_full(holders, elements) for holders in {hit.holders for hit in free}}
        in_full += [hit for hit in free if rank < pairs[hit.holders]]
        located = Counter(named[place(hit)] for hit in by_table[table] if place(hit) in named)
        rest = [hit for hit in free if rank >= pairs[hit.holders]]
        for hit in _unexplained(rest, elements, located):
            beyond.setdefault(hit.holders, {}).setdefault(table, []).append(hit)
    # What whole tables say is worth hearing before asking on; then, for each set of holders, one table at a time.
    wanted = in_full or [hit for tables in beyond.values() for hit in max(tables.values(), key=len)]
    return _within(sorted(wanted), per_holder_max, used)


def _elements(by_table: Mapping[int, list[Hit]], named: Mapping[Place, Hashable]) -> dict[Hashable, Holders]:
    """Every element so far with all holders that any of its hits showed."""
    holders: dict[Hashable, Holders] = {}
    for hits in by_table.values():
        for hit in hits:
            key = named.get(place(hit))
            if key is not None:
                holders[key] = holders.get(key, frozenset()) | frozenset(hit.holders)
    return holders


def _ranked(by_table: Mapping[int, list[Hit]]) -> list[tuple[int, int]]:
    """(rank of its pair, table); the pair with the most hits has rank 0."""
    fullness = Counter[int]()
    for table, hits in by_table.items():
        fullness[table // 2] += len(hits)
    rank_of = {pair: rank for rank, pair in enumerate(sorted(fullness, key=lambda pair: (-fullness[pair], pair)))}
    return sorted((rank_of[table // 2], table) for table in by_table)


def _pairs_in_full(holders: tuple[int, ...], elements: Mapping[Hashable, Holders]) -> int:
    alike = sum(1 for known in elements.values() if known.issuperset(holders))
    pairs = PAIRS_MIN
    while alike * PAIR_MISS**pairs > HIDDEN_MAX:
        pairs += 1
    return pairs


def _unexplained(hits: list[Hit], elements: Mapping[Hashable, Holders], located: Counter[Hashable]) -> list[Hit]:
    """What is left of one table's hits when each element explains those it may (the largest holder sets first, each
    by the element with the fewest holders that will do)."""
    spare = Counter[Holders]()
    for key, holders in elements.items():
        spare[holders] += max(0, COPIES_PER_TABLE_MAX - located[key])
    kinds = sorted(spare, key=lambda holders: (len(holders), sorted(holders)))
    left = []
    for hit in sorted(hits, key=lambda hit: (-len(hit.holders), hit)):
        fit = next((kind for kind in kinds if spare[kind] and kind.issuperset(hit.holders)), None)
        if fit is None:
            left.append(hit)
        else:
            spare[fit] -= 1
    return left


def _within(hits: list[Hit], per_holder_max: int, used: Mapping[int, int]) -> list[Hit]:
    count = Counter(used)
    kept = []
    for hit in hits:
        if all(count[x] < per_holder_max for x in hit.holders):
            count.update(hit.holders)
            kept.append(hit)
    return kept
