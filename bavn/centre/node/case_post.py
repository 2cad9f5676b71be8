"""What actors hear of cases, carried to gate 3, and what they answer, carried to cases. One step of the centre's node.

Refuses to decide what is told (cases.told) and what may leave (share).
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from sqlalchemy import Engine

from bavn.centre.cases.case.cases import UnknownCase
from bavn.centre.cases.case.notices import CaseNotices, Owed
from bavn.centre.cases.case.work import Work
from bavn.centre.cases.reminders import Reminders
from bavn.centre.cases.settings import CaseSettings
from bavn.centre.members.registry import Registry
from bavn.centre.node.actor_post import ActorPost
from bavn.centre.node.contained import Containment
from bavn.centre.share.case_rules import CaseGrounds
from bavn.centre.share.share import Share
from bavn.model.ports import Clock
from bavn.model.received import Attached, BlockReceipt, CaseAnswer, Nis2Step, Observed, Withdrawal
from bavn.model.sector.lead import Sign


@dataclass(slots=True, kw_only=True)
class CasePost(ActorPost):
    """``work`` is handed to gate 2 as well."""

    work: Work
    told: CaseNotices
    reminders: Reminders

    def step(self) -> None:
        """Works out what actors are to hear, and queues it. Raises GateBroken."""
        self.told.step(self.members())
        self.tell("case to an actor", self.told.owed(), lambda one: one.said, _grounds, self.told.done)

    def reported(self, lead_id: str, signs: Sequence[Sign]) -> None:
        """The actors behind a lead are in its case."""
        self.work.involved.reported(lead_id, [(sign.actor, sign.observable, sign.technique) for sign in signs])

    def heard(self, answer: CaseAnswer | Attached | Nis2Step) -> None:
        """What an actor answered, attached or noted of its own clocks."""
        if isinstance(answer, Nis2Step):
            self.work.noted(answer)
        elif isinstance(answer, CaseAnswer):
            self.work.heard(answer)
        else:
            self.work.attached(answer)

    def met(self, receipt: BlockReceipt | Observed) -> None:
        """An actor that met an indicator of a case is in that case. Only one that it was given: its id follows from
        what it names, so that a claim of another would ask whether there is a case for it."""
        if not isinstance(receipt, Observed) or not receipt.count_bucket:
            return
        kept = self.share.deliveries.get(receipt.indicator_id)
        given = kept is not None and self.share.deliveries.sent_to(receipt.indicator_id, receipt.actor)
        if kept is not None and given and kept.indicator.case_id:
            with suppress(UnknownCase):  # an indicator by hand, or a partner's, comes of no case
                self.work.involved.met(kept.indicator.case_id, receipt.actor, kept.indicator.observable)

    def tidy(self) -> None:
        """Forgets evidence and reminders that were kept long enough."""
        self.work.forget()
        self.reminders.forget()

    def taken_back(self, said: Withdrawal) -> None:
        """An actor took its reports back."""
        self.work.involved.taken_back(said)


def _grounds(one: Owed, others: tuple[str, ...]) -> CaseGrounds:
    return CaseGrounds(
        tlp=one.tlp, others=others, reported=one.reported, by_hand=one.by_hand, by=one.by, groups=one.groups
    )


def open_case_post(
    engine: Engine,
    work: Work,
    settings: CaseSettings,
    zone: str,
    share: Share,
    registry: Registry,
    clock: Clock,
    contained: Containment,
) -> CasePost:
    """One for a centre's service."""
    notices = CaseNotices(engine, clock, settings, ZoneInfo(zone))
    return CasePost(
        work=work,
        told=notices,
        share=share,
        registry=registry,
        clock=clock,
        contained=contained,
        reminders=Reminders(engine, clock),
    )
