"""What the inbox must be told by others: who is who, and which rounds are open. Members and node answer."""

from dataclasses import dataclass
from typing import Protocol

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from bavn.model.member import Actor, Quota
from bavn.psi.round import RoundParams


class Roster(Protocol):
    """The registry of actors."""

    def actor(self, name: str) -> Actor | None: ...

    def key(self, name: str) -> Ed25519PublicKey | None:
        """The message key of an active actor."""
        ...

    def quota(self, name: str, kind: str) -> Quota:
        """What the actor may have taken of this kind in an hour."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenRound:
    """A round that is not closed yet: answers count until it closes, uploads until ``uploads_until_us``, from
    ``actors`` only."""

    params: RoundParams
    uploads_until_us: int
    actors: frozenset[str]


class Rounds(Protocol):
    """The centre's rounds."""

    def open_round(self, round_id: str) -> OpenRound | None:
        """The round of this id (32 hex digits) unless it is unknown or closed."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxLimits:
    """What is plausible in time, and how long single numbers are remembered against replays."""

    ahead_hours_max: int = 1
    report_age_hours_max: int = 8 * 24
    observation_age_hours_max: int = 400 * 24
    remembered_days: int = 35
