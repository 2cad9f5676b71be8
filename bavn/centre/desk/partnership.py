"""Partners as the centre keeps them: members' book, cases' audit log, in one transaction.

Refuses to know what is shared with them.
"""

from typing import Any

from sqlalchemy import Connection, Engine

from bavn.centre.cases import audit
from bavn.centre.cases.tables import make_tables as make_case_tables
from bavn.centre.cases.two_people import person
from bavn.centre.members.authority import Authority
from bavn.centre.members.partner_credentials import PartnerCredentials
from bavn.centre.members.partners import Audited, Partners
from bavn.model.ports import Clock, Dice


def audited_by(clock: Clock) -> Audited:
    """Writes each act into the audit log; who.NotAllowed where no person stands behind it."""

    def note(connection: Connection, who: str, act: str, subject: str, detail: dict[str, Any]) -> None:
        audit.note(connection, clock.now_us(), person(who), act, subject, detail)

    return note


def audited_by_centre(clock: Clock) -> Audited:
    """The same for what the centre does by itself."""

    def note(connection: Connection, who: str, act: str, subject: str, detail: dict[str, Any]) -> None:
        audit.note(connection, clock.now_us(), who, act, subject, detail)

    return note


def open_partners(engine: Engine, clock: Clock) -> Partners:
    """The partners on a centre's database (``tables.open_engine``)."""
    make_case_tables(engine)
    return Partners(engine, clock, audited_by(clock))


def open_credentials(
    partners: Partners, clock: Clock, dice: Dice, authority: Authority | None = None
) -> PartnerCredentials:
    """How they prove who they are; with the authority certificates can be issued too."""
    return PartnerCredentials(partners, clock, dice, audited_by(clock), authority)
