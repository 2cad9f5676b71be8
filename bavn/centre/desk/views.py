"""What the desk shows of rounds, indicators and members, as frozen values."""

from dataclasses import dataclass

from bavn.centre.correlate.round_state import Round
from bavn.centre.share.deliveries import AtActor, Kept
from bavn.model.observable import Observable
from bavn.model.received import NodeHealth
from bavn.model.sector.functions import Role
from bavn.model.sector.member import Actor


@dataclass(frozen=True, slots=True)
class RoundSummary:
    """A round for people. ``turned_away``: (actor, rule, times). ``quarantined``: cells whose holders disagree."""

    round: Round
    uploaded: tuple[str, ...]
    turned_away: tuple[tuple[str, str, int], ...]
    quarantined: int

    @property
    def missing(self) -> tuple[str, ...]:
        """Members without an upload that counts."""
        return tuple(actor for actor, _ in self.round.members if actor not in self.uploaded)


@dataclass(frozen=True, slots=True)
class CellStory:
    """Why an element was revealed or not: who hold this cell, who was asked to name it, who did, who declined;
    ``receipts``: who was asked for a receipt."""

    table: int
    bin: int
    holders: tuple[str, ...]
    asked: tuple[str, ...]
    named: tuple[tuple[str, Observable], ...]
    declined: tuple[str, ...]
    receipts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A cell whose holders named different values: (actor, what it named)."""

    round_id: str
    table: int
    bin: int
    named: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class IndicatorView:
    """An indicator and what became of it at each actor."""

    kept: Kept
    actors: tuple[AtActor, ...]


@dataclass(frozen=True, slots=True)
class MemberView:
    """An actor, how its node said it was, if it did, and what others depend on there."""

    actor: Actor
    health: NodeHealth | None
    role: Role
