"""What the way in is given from outside. It knows nothing of where any of it comes from."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from bavn.actor.protect.carriers import Enforcers
from bavn.actor.protect.never import NeverBlock
from bavn.actor.protect.own_history import History
from bavn.actor.protect.policy import ProtectPolicy
from bavn.actor.protect.rules import Proven, nothing_proven
from bavn.actor.protect.sightings import HitSource
from bavn.model.failure import Failures, NoContainment
from bavn.model.observable import Observable
from bavn.model.ports import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class ProtectOutfit:
    """``history`` is the actor's own past (None: no sensor); ``listed`` names the warning list that knows an
    observable, or None; ``homes`` are the actor's own networks; ``sources`` are logs of what was blocked."""

    clock: Clock
    policy: ProtectPolicy
    never: NeverBlock
    enforcers: Enforcers
    homes: Sequence[str] = ()
    history: History | None = None
    listed: Callable[[Observable], str | None] | None = None
    sources: Sequence[HitSource] = ()
    failures: Failures = field(default_factory=NoContainment)


@dataclass(frozen=True, slots=True)
class CentreLog:
    """``proven`` says what the centre's log holds; ``released`` is told which releases came."""

    proven: Proven = nothing_proven
    released: Callable[[str, int], None] = lambda _, __: None


NO_LOG = CentreLog()
"""A node that watches no log."""
