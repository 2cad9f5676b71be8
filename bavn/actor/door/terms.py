"""What a door is made of besides its policy: whose it is, what the node knows when it asks, on what terms something
leaves."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from bavn.actor.door.echo import Holds, holds_none
from bavn.actor.door.rounds.commons import OutsideLife, nothing_outside
from bavn.actor.door.rounds.held import Begin, Hold, at_once, begun_at_once
from bavn.model.ports import Noise, NoiseDown
from bavn.model.sector.verdict import NO_VERDICTS, Verdicts
from bavn.model.suspicion import Suspicion
from bavn.wire.outbox import OutboxLimits


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """This node's signing key, the centre's public key, and 32 secret bytes of the node's own."""

    own: Ed25519PrivateKey
    centre: Ed25519PublicKey
    secret: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class DoorOwner:
    """Whose door it is: the actor's name, its own networks, its keys."""

    name: str
    homes: Sequence[str]
    keys: Keys


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeKnowledge:
    """What the node knows when the door asks: what is suspicious, what people here hold of that, and which indicators
    the sector shared with it. ``outside``: what is ordinary in its own history."""

    suspicions: Callable[[], Iterable[Suspicion]]
    verdicts: Callable[[], Verdicts] = lambda: NO_VERDICTS
    holds: Holds = holds_none
    outside: OutsideLife = nothing_outside


def no_noise(counts: Sequence[int], sensitivity: int, epsilon: float, /) -> list[int]:
    """Of a door that was given none: no count leaves."""
    del counts, sensitivity, epsilon
    raise NoiseDown("this door was given no noise")


@dataclass(frozen=True, slots=True, kw_only=True)
class DoorTerms:
    """On what terms something leaves. ``limits`` of what waits; ``hold``: when an upload may leave; ``cleaned``: a text
    without what is a person's; ``begin``: when a commons share may be begun; ``lists_proven``: the witnesses of whom
    half must have cosigned the list of members before a round is joined (none: the centre's count is believed), None
    where no proof is wanted; ``noise``: for what is counted here before a release."""

    limits: OutboxLimits | None = None
    hold: Hold = at_once
    begin: Begin = begun_at_once
    cleaned: Callable[[str], str] = str
    lists_proven: tuple[str, ...] | None = None
    noise: Noise = no_noise
