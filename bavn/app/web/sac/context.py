"""What the SAC's console stands on: the centre's desk and books, as the command line opens them.

Everything here works on the centre's database and book beside the running centre, from any thread. Refuses to know
routes, people and pages.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Annotated
from zoneinfo import ZoneInfo

from bavn.app.centre.exchange.parts import open_intelligence
from bavn.app.centre.parts import open_desk, open_enrolment, open_registry
from bavn.app.config.load import CentreFile
from bavn.app.net.party_clock import BesideClock
from bavn.app.process.party_keys import PartyKeys
from bavn.app.process.real import SystemDice
from bavn.app.web.answers import Answers
from bavn.app.web.frame import behind
from bavn.centre.desk.desk import Desk
from bavn.centre.desk.partnership import open_credentials, open_partners
from bavn.centre.members.enrolment import Enrolment
from bavn.centre.members.partner_credentials import PartnerCredentials
from bavn.centre.members.partners import Partners
from bavn.centre.members.registry import Registry
from bavn.centre.members.roles import Roles
from bavn.centre.node.intelligence import Intelligence
from bavn.model.ports import Clock
from bavn.wire.book import Book


@dataclass(frozen=True, slots=True, kw_only=True)
class SacContext:
    """``book``: ledger, outbox and inbox of the centre; a route only reads it. ``zone``: where NIS2's months are
    counted. ``registry.engine`` is the one engine of them all."""

    file: CentreFile
    clock: Clock
    registry: Registry
    roles: Roles
    enrolment: Enrolment
    desk: Desk
    partners: Partners
    credentials: PartnerCredentials
    intelligence: Intelligence
    book: Book
    answers: Answers

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.file.centre.limits.time_zone)

    @property
    def sector(self) -> str:
        """The sector's name."""
        return self.file.centre.limits.sector


Context = Annotated[SacContext, behind()]
"""What a route asks: that of the application it is mounted in."""


@contextmanager
def open_context(file: CentreFile) -> Iterator[SacContext]:
    """The house of the centre that this file configures, closed at the end. Stop before ``init``, or where the database
    is not as it must be."""
    authority = PartyKeys(file.folder, "centre").authority()
    clock, dice = BesideClock(file.folder), SystemDice()
    with ExitStack() as undo:
        registry = open_registry(file)
        undo.callback(registry.engine.dispose)
        intelligence, book = open_intelligence(file, registry)
        undo.callback(book.close)
        partners = open_partners(registry.engine, clock)
        answers = Answers(registry.engine, clock)
        undo.callback(answers.close)
        yield SacContext(
            file=file,
            clock=clock,
            registry=registry,
            roles=Roles(registry, clock),
            enrolment=open_enrolment(file, registry),
            desk=open_desk(file, registry),
            partners=partners,
            credentials=open_credentials(partners, clock, dice, authority),
            intelligence=intelligence,
            book=book,
            answers=answers,
        )
