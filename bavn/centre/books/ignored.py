"""Leads that somebody put aside until a day: they wait for nobody until then, and are back in the queue afterwards by
themselves, or at once where an actor more reports them.

It judges nothing: what is put aside weighs as before, for everybody. Each act is a line in the audit log.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, Engine, delete, insert, select

from bavn.centre.books import tables as t
from bavn.centre.cases import audit
from bavn.centre.cases.two_people import CENTRE, person
from bavn.model.moment import DAY_US, iso
from bavn.model.ports import Clock
from bavn.model.sector.lead import Lead
from bavn.model.text import Text

DAYS_MAX: Final = 90
WHY_CHARS_MAX: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class PutAside:
    """``until_us``: from then on the lead is back; ``actors``: how many reported it when it was put aside."""

    lead_id: str
    until_us: int
    actors: int
    by: str
    why: str


class Ignored:
    """May be open in several processes at once."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine, self._clock = engine, clock

    def ignore(self, lead: Lead, days: int, user: str, why: str) -> PutAside:
        """Until so many days from now; again replaces what was said before. Raises ValueError, who.NotAllowed."""
        if not 1 <= days <= DAYS_MAX:
            raise ValueError(Text("a lead is ignored for 1 to {days_max} days", days_max=DAYS_MAX))
        if not why.strip() or len(why) > WHY_CHARS_MAX or not why.isprintable():
            raise ValueError(
                Text("a reason has 1 to {why_chars_max} printable characters", why_chars_max=WHY_CHARS_MAX)
            )
        by, now_us = person(user), self._clock.now_us()
        put_aside = PutAside(lead_id=lead.id, until_us=now_us + days * DAY_US, actors=len(lead.actors), by=by, why=why)
        with t.writing(self._engine) as tx:
            tx.execute(delete(t.LEAD_IGNORED).where(t.LEAD_IGNORED.c.lead_id == lead.id))
            tx.execute(
                insert(t.LEAD_IGNORED).values(
                    lead_id=lead.id,
                    until_us=put_aside.until_us,
                    actors=put_aside.actors,
                    by_user=by,
                    why=why,
                    at_us=now_us,
                )
            )
            audit.note(tx, now_us, by, "lead-ignored", lead.id, {"until": iso(put_aside.until_us), "why": why})
        return put_aside

    def heed(self, lead_id: str, user: str) -> bool:
        """Back in the queue at once; False where it was not put aside. Raises who.NotAllowed."""
        by = person(user)
        with t.writing(self._engine) as tx:
            gone = tx.execute(delete(t.LEAD_IGNORED).where(t.LEAD_IGNORED.c.lead_id == lead_id)).rowcount
            if gone:
                audit.note(tx, self._clock.now_us(), by, "lead-heeded", lead_id, {})
        return bool(gone)

    def of(self, lead_id: str) -> PutAside | None:
        """How a lead is put aside now."""
        query = select(t.LEAD_IGNORED).where(
            t.LEAD_IGNORED.c.lead_id == lead_id, t.LEAD_IGNORED.c.until_us > self._clock.now_us()
        )
        with t.reading(self._engine) as connection:
            row = connection.execute(query).first()
        if row is None:
            return None
        return PutAside(lead_id=row.lead_id, until_us=row.until_us, actors=row.actors, by=row.by_user, why=row.why)


def let_back(tx: Connection, leads: Sequence[Lead], now_us: int) -> None:
    """After a ranking: what an actor more reports, or whose day has come, is put aside no longer."""
    known = {row.lead_id: row for row in tx.execute(select(t.LEAD_IGNORED))}
    actors = {lead.id: len(lead.actors) for lead in leads}
    for lead_id, row in sorted(known.items()):
        grown = actors.get(lead_id, 0) > row.actors
        if grown or row.until_us <= now_us:
            tx.execute(delete(t.LEAD_IGNORED).where(t.LEAD_IGNORED.c.lead_id == lead_id))
        if grown and row.until_us > now_us:
            audit.note(tx, now_us, CENTRE, "lead-heeded", lead_id, {"actors": actors[lead_id]})
