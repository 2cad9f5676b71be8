"""A day's rounds of inbound sources through the real private join, held cell for cell against the counting on sets.

Shares, reconstruction, receipts and names are the product's (bavn/psi, by sectorbench/joined.py), under a key
of its own. Refuses to count a round as equal where one holder of one element differs.
"""

import time
from dataclasses import dataclass
from typing import Any

import numpy as np

from bavn.traffic.dice import SeededDice
from bavn_lab.realbench.contacts import Contacts, Meetings
from bavn_lab.realbench.released import TIERS, joined, offers, thresholds
from bavn_lab.sectorbench.joined import differs, round_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One day's private join beside the set computation. ``differs``: elements that one of them knows and the other
    does not, or with other holders; ``below``: named though fewer than t of that round brought them."""

    day: int
    offered: int
    revealed: int
    cells: int
    refused: int
    quarantined: int
    differs: int
    below: int
    cpu_s: float

    def as_json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__} | {"cpu_s": round(self.cpu_s, 1)}


def compared(contacts: Contacts, known: Meetings, days: int, seed: int = 1) -> Compared:
    """Both tiers' rounds of that moment."""
    begun = time.process_time()
    brought, t = offers(known, days), thresholds(0)
    distinct = np.unique(
        np.array(
            [element for by_actor in brought.values() for own in by_actor.values() for element in own], dtype=np.int64
        )
    )
    place = {element: at for at, element in enumerate(distinct.tolist())}
    observables = contacts.observables(distinct)
    revealed: dict[int, frozenset[int]] = {}
    cells = refused = quarantined = below = 0
    for tier in TIERS:
        by_actor = {actor: [place[element] for element in own] for actor, own in brought[tier.name].items()}
        count = np.bincount(np.array([element for own in by_actor.values() for element in own], np.int64), minlength=1)
        one_round = round_of(tier, by_actor, observables, SeededDice(seed, f"real {contacts.name} {known.at}"))
        for at, actors in one_round.revealed.items():
            element = int(distinct[at])
            revealed[element] = revealed.get(element, frozenset()) | actors
            below += int(count[at]) < t[tier.name]
        cells, refused = cells + one_round.cells, refused + one_round.refused
        quarantined += one_round.quarantined
    return Compared(
        day=known.at // 86_400 + 1,
        offered=len(distinct),
        revealed=len(revealed),
        cells=cells,
        refused=refused,
        quarantined=quarantined,
        differs=differs(revealed, joined(brought, t)),
        below=below,
        cpu_s=time.process_time() - begun,
    )
