"""Who turns observables into element ids and hands out a round's key. One interface for both modes of PSI.md.

M1 (here): the group's shared key, computed at home. M2: an oblivious PRF at a key holder, behind the same two
methods. Refuses to know which it is: callers ask for an identifier of an epoch and tier and use it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from bavn.model.observable import Observable
from bavn.psi import keys
from bavn.psi.element import element_bytes
from bavn.psi.round import RoundParams


class Identifier(Protocol):
    """Ids and round keys of one epoch and tier."""

    def ids(self, observables: Sequence[Observable]) -> list[bytes]:
        """One id of 14 bytes for each observable, in their order. A batch, since M2 pads and blinds batches."""
        ...

    def round_key(self, params: RoundParams) -> bytes:
        """kr of a round of this epoch and tier, 32 bytes. ValueError for another epoch or tier."""
        ...


class Identifiers(Protocol):
    """Where a node gets its identifiers: built once by ``app``, handed to the door."""

    def of(self, epoch: int, tier: str) -> Identifier: ...


@dataclass(frozen=True, slots=True)
class EpochIdentifier:
    """M1: all under K_epoch of one day and tier. The key is never shown by repr."""

    epoch: int
    tier: str
    k_epoch: bytes = field(repr=False)

    def ids(self, observables: Sequence[Observable]) -> list[bytes]:
        return [keys.element_id(self.k_epoch, element_bytes(observable)) for observable in observables]

    def round_key(self, params: RoundParams) -> bytes:
        if (params.epoch, params.tier) != (self.epoch, self.tier):
            raise ValueError(
                f"keys of epoch {self.epoch} tier {self.tier}, but a round of {params.epoch} tier {params.tier}"
            )
        return keys.round_key(self.k_epoch, params)


@dataclass(frozen=True, slots=True)
class GroupKeyIdentifiers:
    """M1: identifiers from the group's key of 32 bytes (keys.read_group_key)."""

    group_key: bytes = field(repr=False)

    def of(self, epoch: int, tier: str) -> EpochIdentifier:
        return EpochIdentifier(epoch, tier, keys.epoch_key(self.group_key, epoch, tier))
