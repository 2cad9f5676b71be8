"""Warnings carried to gate 3, and answers carried back to cases. One step of the centre's node.

Refuses to decide what is said (cases.warnings) and what may leave (share).
"""

from dataclasses import dataclass

from bavn.centre.cases.warnings.warnings import Owed, Warnings
from bavn.centre.members import rollout
from bavn.centre.members.registry import Registry
from bavn.centre.members.roles import Roles
from bavn.centre.node.actor_post import ActorPost
from bavn.centre.share.warning_rules import WarningGrounds
from bavn.model.ports import Clock
from bavn.model.received import WarningAnswer
from bavn.model.sector.functions import Role
from bavn.model.sector.sector_warning import Addressee
from bavn.model.statement import Cautioning


@dataclass(slots=True, kw_only=True)
class WarningPost(ActorPost):
    """``warnings`` is handed to gate 2 as well."""

    warnings: Warnings

    def step(self) -> None:
        """Queues what is owed. Raises GateBroken."""
        who = addressees(self.registry, self.clock)
        self.warnings.step(who)
        self.tell(
            "warning to an actor",
            self.warnings.owed(who),
            lambda one: Cautioning(to=one.to, warning=one.warning),
            _grounds,
            self.warnings.done,
        )

    def heard(self, said: WarningAnswer) -> None:
        """What an actor answered."""
        self.warnings.take_in(said)


def _grounds(owed: Owed, others: tuple[str, ...]) -> WarningGrounds:
    return WarningGrounds(
        by=owed.by,
        addressed=owed.addressed,
        named=owed.named,
        may_say=owed.may_say,
        others=others,
        tlp_min=owed.origin.tlp_min,
        pap_max=owed.origin.pap_max,
    )


def addressees(registry: Registry, clock: Clock) -> list[Addressee]:
    """Every active actor as an address can ask for it: kind, functions and suppliers of the registry, region of the
    roll-out."""
    roles = Roles(registry, clock).every()
    regions = rollout.regions(registry.engine)
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
