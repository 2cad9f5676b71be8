"""Who can carry what. An observable that an enforcer cannot carry is said to be so, never dropped silently.

An enforcer that can take only some values of a type says so itself (Choosy). Refuses to know how anything is enforced.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol, cast, runtime_checkable

from bavn.model.intel.indicator import Block
from bavn.model.observable import Observable
from bavn.model.ports import Enforcer


@runtime_checkable
class Choosy(Protocol):
    """An enforcer that carries a type, but not every value of it."""

    def takes(self, observable: Observable) -> bool:
        """Whether this value of a carried type can be enforced."""
        ...


def carries(enforcer: Enforcer, observable: Observable) -> bool:
    """Whether this enforcer can put this observable into force. One that fails over it cannot."""
    try:
        if observable.type not in enforcer.carries:
            return False
        return cast("Choosy", enforcer).takes(observable) if _is_choosy(type(enforcer)) else True
    except Exception:  # noqa: BLE001  it is told where it is called to enforce (force.py)
        return False


@lru_cache(maxsize=64)
def _is_choosy(kind: type) -> bool:
    """Asking a protocol is slow, and there are many blocks."""
    return issubclass(kind, Choosy)


def carried(enforcer: Enforcer, blocks: Sequence[Block]) -> Iterator[Block]:
    """The blocks that this enforcer can put into force, in their order."""
    kinds = enforcer.carries
    if not _is_choosy(type(enforcer)):
        return (block for block in blocks if block.observable.type in kinds)
    takes = cast("Choosy", enforcer).takes
    return (block for block in blocks if block.observable.type in kinds and takes(block.observable))


@dataclass(frozen=True, slots=True)
class Enforcers:
    """``blocking`` ones stop traffic; ``watchers`` only notice it, so that the adversary sees nothing (PAP AMBER)."""

    blocking: Sequence[Enforcer]
    watchers: Sequence[Enforcer]

    @property
    def all(self) -> tuple[Enforcer, ...]:
        return (*self.blocking, *self.watchers)

    def for_act(self, act: str) -> tuple[Enforcer, ...]:
        """Who takes part in a ``block`` (everybody) or a ``watch``."""
        return self.all if act == "block" else tuple(self.watchers)

    def carrying(self, observable: Observable, act: str) -> tuple[str, ...]:
        """Names of those who take part and can carry it."""
        return tuple(hand.name for hand in self.for_act(act) if carries(hand, observable))

    def not_carrying(self, observable: Observable, act: str) -> tuple[str, ...]:
        """Names of those who take part and cannot."""
        return tuple(hand.name for hand in self.for_act(act) if not carries(hand, observable))
