"""A day's rounds through the real private join: shares, reconstruction, receipts, names; and what came of it.

The other days of a bench stand on the set computation in ways.py, which is held against this one (`differs` must be 0).
A holder answers with the name of what lies in its cell only when the others' receipts hold, as at an actor's door.
Under a key of its own. Refuses to score.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from bavn.model.observable import Observable
from bavn.psi import receipt
from bavn.psi.identifier import EpochIdentifier
from bavn.psi.keys import epoch_key
from bavn.psi.reconstruct import reconstruct
from bavn.psi.round import PROTOCOL_VERSION, Cell, Hit, RoundParams
from bavn.psi.share import generate
from bavn.psi.slots import SlotMap
from bavn.traffic.dice import SeededDice
from bavn_lab.sectorbench.day import Day, Rows
from bavn_lab.sectorbench.ways import JoinTier, offered, tiers_of

EPOCH: Final = 20_600
TABLES: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """``revealed``: element -> actors that named it, over both tiers. ``cells``: how many cells were asked about;
    ``refused``: holders whose receipts did not hold, so that they named nothing. ``quarantined``: cells whose holders
    named different things."""

    revealed: Mapping[int, frozenset[int]]
    cells: int
    refused: int
    quarantined: int


@dataclass(frozen=True, slots=True)
class _Party:
    """One actor in a round. ``ids`` and ``elements`` run together: what it offers, the most suspicious first."""

    x: int
    ids: tuple[bytes, ...]
    elements: tuple[int, ...]
    slots: SlotMap
    own_key: bytes

    def holds(self, cell: Cell) -> int | None:
        slot = self.slots.find(cell)
        return None if slot is None else slot.element

    def tag(self, kr: bytes, cell: Cell) -> bytes:
        at = self.holds(cell)
        return (
            receipt.dummy_tag(self.own_key, kr, cell)
            if at is None
            else receipt.tag(kr, self.ids[at], self.own_key, cell)
        )


def really_joined(day: Day, rows: Rows, seed: int) -> Joined:
    """Tier A and tier B, each one round over what the day's actors would offer."""
    dice = SeededDice(seed, f"join {len(day.actors)}")
    revealed: dict[int, frozenset[int]] = {}
    cells = refused = quarantined = 0
    for tier in tiers_of(day):
        joined = round_of(tier, offered(day, rows, tier), day.observables, dice.fork(tier.name))
        for element, actors in joined.revealed.items():
            revealed[element] = revealed.get(element, frozenset()) | actors
        cells, refused = cells + joined.cells, refused + joined.refused
        quarantined += joined.quarantined
    return Joined(revealed=revealed, cells=cells, refused=refused, quarantined=quarantined)


def round_of(
    tier: JoinTier, offers: Mapping[int, Sequence[int]], observables: Sequence[Observable], dice: SeededDice
) -> Joined:
    """One round of what each actor offers (numbers of ``observables``, the most suspicious first)."""
    params = RoundParams(
        version=PROTOCOL_VERSION,
        epoch=EPOCH,
        round_id=dice.bytes(16),
        registry_version=1,
        tier=tier.name,
        t=tier.t,
        m=tier.m,
        r=TABLES,
    )
    key = EpochIdentifier(EPOCH, tier.name, epoch_key(dice.bytes(32), EPOCH, tier.name))
    kr = key.round_key(params)
    planes, parties = {}, {}
    for actor, elements in offers.items():
        ids = tuple(key.ids([observables[element] for element in elements]))
        weighed = [(one, float(len(ids) - at)) for at, one in enumerate(ids)]
        x = actor + 1
        share = generate(params, kr, weighed, x, dice.fork(f"share {x}"))
        planes[x] = share.planes
        own_key = hashlib.blake2b(b"%d" % x, key=dice.seed.to_bytes(8, "big"), digest_size=32).digest()
        parties[x] = _Party(x, ids, tuple(elements), share.slots, own_key)
    return _revealed(reconstruct(params, planes), parties, kr, params.t)


def _revealed(hits: Sequence[Hit], parties: Mapping[int, _Party], kr: bytes, t: int) -> Joined:
    named: dict[int, set[int]] = {}
    refused = quarantined = 0
    for hit in hits:
        tags = {x: parties[x].tag(kr, hit.cell) for x in hit.holders}
        revealed: dict[int, int] = {}
        for x in hit.holders:
            at = parties[x].holds(hit.cell)
            others = [tag for other, tag in tags.items() if other != x]
            mine = None if at is None else parties[x].ids[at]
            if receipt.check(kr, mine, hit.cell, others, parties[x].own_key, len(parties), t) and at is not None:
                revealed[x] = parties[x].elements[at]
            else:
                refused += 1
        if len(set(revealed.values())) > 1:
            quarantined += 1
            continue
        for x, element in revealed.items():
            named.setdefault(element, set()).add(x - 1)
    return Joined(
        revealed={element: frozenset(actors) for element, actors in named.items()},
        cells=len(hits),
        refused=refused,
        quarantined=quarantined,
    )


def differs(one: Mapping[int, frozenset[int]], other: Mapping[int, frozenset[int]]) -> int:
    """How many elements the one knows and the other does not, or with other holders."""
    return sum(one.get(element) != other.get(element) for element in one.keys() | other.keys())


def held_by_one(day: Day, rows: Rows, revealed: Mapping[int, frozenset[int]], malicious: frozenset[int]) -> int:
    """How many harmless elements were revealed that a single actor holds: must be 0."""
    pairs = np.unique(np.stack([rows.element, rows.actor]), axis=1)
    holders = np.bincount(pairs[0], minlength=len(day.observables))
    return sum(int(holders[element]) < 2 for element in revealed if element not in malicious)
