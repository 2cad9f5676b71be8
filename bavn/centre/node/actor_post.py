"""What cases owe to actors, carried to gate 3 and settled: the one way of cases and warnings.

Refuses to decide what is said (cases) and what may leave (share).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from bavn.centre.members.registry import Registry
from bavn.centre.node.contained import Containment
from bavn.centre.share.outgoing import AnyGrounds
from bavn.centre.share.outgoing_rules import LATER
from bavn.centre.share.share import Share
from bavn.model.moment import MINUTE_US
from bavn.model.ports import Clock
from bavn.model.statement import Statement

AGAIN_US: Final = MINUTE_US


@dataclass(slots=True, kw_only=True)
class ActorPost:
    """Between cases, members and share."""

    share: Share
    registry: Registry
    clock: Clock
    contained: Containment

    def members(self) -> list[str]:
        """The names of the active actors."""
        return [actor.name for actor in self.registry.members()[1]]

    def tell[Owed](
        self,
        what: str,
        owed: Sequence[Owed],
        statement_of: Callable[[Owed], Statement],
        grounds: Callable[[Owed, tuple[str, ...]], AnyGrounds],
        done: Callable[[Owed, str, int | None], None],
    ) -> None:
        """Queues what is owed; ``grounds`` is told the names of all other actors, ``done`` what became of it. Raises
        GateBroken."""
        names = [actor.name for actor in self.registry.actors()] if owed else []

        def tell(owed: Owed) -> None:
            letter = statement_of(owed)
            refused = self.share.say(letter, grounds(owed, tuple(name for name in names if name != letter.to)))
            again = refused is not None and refused.rule in LATER
            done(owed, refused.rule if refused else "", self.clock.now_us() + AGAIN_US if again else None)

        self.contained.each(what, owed, tell)
