"""Who turns observables into element ids and hands out a round's key: an identifier of an epoch and tier.

In a sector they come of key holders (wire/links/keyholder.py). Here are those under one key of this process's own, for
a node that joins nobody, and where one process plays all actors. Refuses to know which it is: callers join a round with
an identifier, once.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from bavn.model.observable import Observable
from bavn.psi import keys
from bavn.psi.element import element_bytes
from bavn.psi.ordinary import Ordinary
from bavn.psi.round import RoundParams


@dataclass(frozen=True, slots=True)
class Joined:
    """What a node needs to take part in one round. ``ids``: 14 bytes for each observable that was given, in their
    order; None for one whose turn comes in a later round. ``kr``: the round's key, 32 bytes. Neither is ever shown.
    ``canary_id``: of keys.CANARY, for keys.key_check."""

    ids: tuple[bytes | None, ...] = field(repr=False)
    kr: bytes = field(repr=False)
    canary_id: bytes = field(repr=False)


class Identifier(Protocol):
    """Ids and round keys of one epoch and tier."""

    def join(self, params: RoundParams, observables: Sequence[Observable | Ordinary]) -> Joined:
        """Ids of the observables (the most suspicious first) and the round's key. ValueError for a round of another
        epoch or tier; LinkDown, LinkRefused where a key holder is asked and does not answer."""
        ...


class Identifiers(Protocol):
    """Where a node gets its identifiers: built once by ``app``, handed to the door."""

    def of(self, epoch: int, tier: str) -> Identifier: ...


@dataclass(frozen=True, slots=True)
class EpochIdentifier:
    """All under K_epoch of one day and tier. The key is never shown by repr."""

    epoch: int
    tier: str
    k_epoch: bytes = field(repr=False)

    def join(self, params: RoundParams, observables: Sequence[Observable | Ordinary]) -> Joined:
        canary_id = keys.element_id(self.k_epoch, keys.CANARY)
        return Joined(tuple(self.ids(observables)), self.round_key(params), canary_id)

    def ids(self, observables: Sequence[Observable | Ordinary]) -> list[bytes]:
        return [keys.element_id(self.k_epoch, element_bytes(observable)) for observable in observables]

    def round_key(self, params: RoundParams) -> bytes:
        if (params.epoch, params.tier) != (self.epoch, self.tier):
            raise ValueError(
                f"keys of epoch {self.epoch} tier {self.tier}, but a round of {params.epoch} tier {params.tier}"
            )
        return keys.round_key(self.k_epoch, params)


@dataclass(frozen=True, slots=True)
class LocalIdentifiers:
    """Identifiers under one key of 32 bytes."""

    key: bytes = field(repr=False)

    def of(self, epoch: int, tier: str) -> EpochIdentifier:
        return EpochIdentifier(epoch, tier, keys.epoch_key(self.key, epoch, tier))
