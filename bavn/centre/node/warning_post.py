"""Warnings carried to gate 3, and answers carried back to cases. One step of the centre's node.

Refuses to decide what is said (cases.warnings) and what may leave (share).
"""

from dataclasses import dataclass

from bavn.centre.cases.warnings.warnings import Owed, Warnings
from bavn.centre.members import rollout
from bavn.centre.members.registry import Registry
from bavn.centre.members.roles import Roles
from bavn.centre.node.contained import Containment
from bavn.centre.share.rules import LATER
from bavn.centre.share.share import Share
from bavn.centre.share.warning_rules import WarningGrounds
from bavn.model.moment import MINUTE_US
from bavn.model.ports import Clock
from bavn.model.received import WarningAnswer
from bavn.model.sector.functions import Role
from bavn.model.sector.sector_warning import Addressee
from bavn.model.statement import Cautioning

AGAIN_US = MINUTE_US


@dataclass(slots=True)
class WarningPost:
    """Between cases, members and share. ``warnings`` is handed to gate 2 as well."""

    warnings: Warnings
    share: Share
    registry: Registry
    clock: Clock
    contained: Containment

    def step(self) -> None:
        """Queues what is owed. Raises GateBroken."""
        who = addressees(self.registry, self.clock)
        self.warnings.step(who)
        owed = self.warnings.owed(who)
        names = [actor.name for actor in self.registry.actors()] if owed else []

        def tell(one: Owed) -> None:
            grounds = WarningGrounds(
                by=one.by,
                addressed=one.addressed,
                named=one.named,
                may_say=one.may_say,
                others=tuple(name for name in names if name != one.to),
                tlp_min=one.origin.tlp_min,
                pap_max=one.origin.pap_max,
            )
            refused = self.share.say(Cautioning(to=one.to, warning=one.warning), warning=grounds)
            again = refused is not None and refused.rule in LATER
            self.warnings.done(one, refused.rule if refused else "", self.clock.now_us() + AGAIN_US if again else None)

        self.contained.each("warning to an actor", owed, tell)

    def heard(self, said: WarningAnswer) -> None:
        """What an actor answered."""
        self.warnings.take_in(said)


def addressees(registry: Registry, clock: Clock) -> list[Addressee]:
    """Every active actor as an address can ask for it: kind, functions and suppliers of the registry, region of the
    roll-out's register."""
    roles = Roles(registry, clock).every()
    regions = {one.actor: one.region for one in rollout.known_parties(registry.engine)}
    none = Role()
    return [
        Addressee(
            actor=actor.name,
            kind=actor.kind,
            region=regions.get(actor.name, ""),
            functions=roles.get(actor.name, none).functions,
            suppliers=roles.get(actor.name, none).suppliers,
        )
        for actor in registry.members()[1]
    ]
