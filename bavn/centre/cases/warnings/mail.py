"""Which mails of warnings are owed, and what became of each: one for each version that an actor was told of.

Refuses to know addresses and to send: ``app`` does.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Engine, and_, insert, or_, select, update

from bavn.centre.cases.tables import reading, writing
from bavn.centre.cases.warnings.rows import KeptWarning, warning_of
from bavn.centre.cases.warnings.tables import MAILED, WARNED, WARNING, make_warning_tables
from bavn.centre.store.owed import QUEUED
from bavn.model.moment import HOUR_US, MINUTE_US
from bavn.model.ports import Clock

TRIES_MAX: Final = 20
AGAIN_US_MAX: Final = HOUR_US
REASON_CHARS_MAX: Final = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class MailOwed:
    """A warning to be mailed to an actor; ``tries``: how often it was tried."""

    actor: str
    warning: KeptWarning
    tries: int


class WarningMails:
    """May be open in several processes at once; two that send at once may send one twice, under the same id."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        make_warning_tables(engine)
        self._engine, self._clock = engine, clock

    def owed(self, actors: Collection[str], limit: int = 200) -> list[MailOwed]:
        """What is to be mailed now to these actors: what lies in their queue and was not mailed in that version."""
        same = and_(
            MAILED.c.warning_id == WARNED.c.warning_id,
            MAILED.c.actor == WARNED.c.actor,
            MAILED.c.version == WARNED.c.version,
        )
        now_us = self._clock.now_us()
        waits = or_(
            MAILED.c.tries.is_(None),
            and_(MAILED.c.sent.is_(False), MAILED.c.tries < TRIES_MAX, MAILED.c.try_us <= now_us),
        )
        query = (
            select(WARNING, WARNED.c.actor, MAILED.c.tries)
            .join(WARNED, WARNED.c.warning_id == WARNING.c.id)
            .outerjoin(MAILED, same)
            .where(WARNED.c.status == QUEUED, WARNED.c.actor.in_(sorted(actors)), waits)
            .order_by(WARNING.c.sent_us, WARNING.c.id, WARNED.c.actor)
            .limit(limit)
        )
        with reading(self._engine) as tx:
            return [
                MailOwed(actor=row.actor, warning=warning_of(row), tries=row.tries or 0) for row in tx.execute(query)
            ]

    def done(self, owed: MailOwed, failed: str = "") -> None:
        """It went, or why it did not: it is tried again, ever more seldom."""
        tries = owed.tries + 1
        values = {
            "tries": tries,
            "sent": not failed,
            "reason": failed[:REASON_CHARS_MAX],
            "try_us": self._clock.now_us() + min(AGAIN_US_MAX, MINUTE_US * 2**owed.tries),
        }
        here = (
            (MAILED.c.warning_id == owed.warning.id)
            & (MAILED.c.version == owed.warning.version)
            & (MAILED.c.actor == owed.actor)
        )
        with writing(self._engine) as tx:
            if tx.execute(update(MAILED).where(here).values(**values)).rowcount == 0:
                key = {"warning_id": owed.warning.id, "version": owed.warning.version, "actor": owed.actor}
                tx.execute(insert(MAILED).values(**key, **values))

    def stands(self, warning: KeptWarning) -> dict[str, str]:
        """actor -> "sent", or why its mail of this version has not gone yet."""
        here = (MAILED.c.warning_id == warning.id) & (MAILED.c.version == warning.version)
        with reading(self._engine) as tx:
            return {row.actor: "sent" if row.sent else row.reason for row in tx.execute(select(MAILED).where(here))}
