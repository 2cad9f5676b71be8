"""The sector's kill switch: one person turns it on, two turn it off, and every actor's node is told, each turn once.

On: nodes lift everything that came from the centre. Off: what is still wanted is in force again. Who was away hears of
each turn in order; a newcomer hears how it stands. Refuses to send: the centre's node does.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Engine,
    Integer,
    MetaData,
    String,
    Table,
    delete,
    func,
    insert,
    select,
)
from sqlalchemy import Text as LongText

from bavn.centre.cases import audit
from bavn.centre.cases.tables import make_tables, reading, writing
from bavn.centre.cases.two_people import NotAllowed, person, second
from bavn.centre.store import log
from bavn.centre.store.engine import make_missing
from bavn.model.moment import HOUR_US
from bavn.model.ports import Clock
from bavn.model.principal import recorded
from bavn.model.sector.refusal import word
from bavn.model.text import Text

WHY_CHARACTERS_MAX: Final = 200
ASKED_US: Final = 24 * HOUR_US
"""So long an ask waits for the second person; then it must be made anew."""
METADATA: Final = MetaData()
SWITCH: Final = Table(
    "case_switch",
    METADATA,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("is_on", Boolean, nullable=False),
    Column("by_user", String(64), nullable=False),
    Column("why", LongText, nullable=False),
    Column("at_us", BigInteger, nullable=False),
)
ASKED: Final = Table(
    "case_switch_asked",
    METADATA,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("by_user", String(64), nullable=False),
    Column("why", LongText, nullable=False),
    Column("at_us", BigInteger, nullable=False),
)
"""Who asked first that it be turned off: the turn that this is to become, and who, until another says the same."""
TOLD: Final = Table(
    "case_switch_told",
    METADATA,
    Column("number", Integer, primary_key=True),
    Column("actor", String(40), primary_key=True),
    Column("at_us", BigInteger, nullable=False),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One turn of the switch, ``number`` counting up from 1. ``asked_by``: of a turn off, the first of the two."""

    number: int
    on: bool
    by: str
    why: str
    at_us: int
    asked_by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchOffRequest:
    """Somebody wants it off; it is still on, until another person says the same before ``until_us``."""

    number: int
    by: str
    why: str
    at_us: int
    until_us: int


class SectorSwitch:
    """May be open in several processes at once."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        make_tables(engine)
        make_missing(engine, METADATA)
        self._engine, self._clock = engine, clock

    def turn(self, *, on: bool, user: str, why: str) -> Turn | SwitchOffRequest:
        """On: at once. Off: asked for by the first person, turned by a second one. Raises NotAllowed where it stands so
        already, or the same person asks twice; ValueError without a reason, or for one that is too long: every actor
        reads it."""
        person(user)
        if not why.strip() or len(why) > WHY_CHARACTERS_MAX:
            raise ValueError(
                Text(
                    "the kill switch needs a reason of 1 to {why_characters_max} characters",
                    why_characters_max=WHY_CHARACTERS_MAX,
                )
            )
        with writing(self._engine) as connection:
            now_us = self._clock.now_us()
            last = connection.execute(
                select(SWITCH).order_by(SWITCH.c.number.desc()).limit(1).with_for_update()
            ).first()
            if (last is not None and last.is_on) == on:
                raise NotAllowed(Text("the sector's kill switch is {on} already", on=word("on" if on else "off")))
            number = last.number + 1 if last else 1
            now_us = max(now_us, last.at_us + 1) if last else now_us  # actors go by the moment, whatever our clock does
            request = None if on else _open_request(connection, number, now_us)
            if not on and request is None:
                return self._ask(connection, number, user, why, now_us)
            if request is not None:
                second(
                    request.by, user, Text("{user} asked for it already: a second person must say the same", user=user)
                )
            turned = Turn(number=number, on=on, by=user, why=why, at_us=now_us, asked_by=request.by if request else "")
            connection.execute(
                insert(SWITCH).values(number=turned.number, is_on=on, by_user=user, why=why, at_us=turned.at_us)
            )
            detail = {"why": why} | ({"asked_by": request.by} if request else {})
            audit.note(connection, turned.at_us, user, f"kill-switch-{'on' if on else 'off'}", "sector", detail)
            said = {"turn": turned.number, "to": "on" if on else "off"}
            log.append(connection, "switch", turned.at_us, said, {"by": str(user), "why": why})
        return turned

    def _ask(self, connection: Connection, number: int, user: str, why: str, now_us: int) -> SwitchOffRequest:
        connection.execute(delete(ASKED).where(ASKED.c.number == number))
        connection.execute(insert(ASKED).values(number=number, by_user=recorded(user), why=why, at_us=now_us))
        audit.note(connection, now_us, user, "kill-switch-off-asked", "sector", {"why": why})
        return SwitchOffRequest(number=number, by=recorded(user), why=why, at_us=now_us, until_us=now_us + ASKED_US)

    def off_request(self) -> SwitchOffRequest | None:
        """Who wants it off, while it is on and nobody else has said the same; None where nobody does."""
        last = self.now()
        if last is None or not last.on:
            return None
        with reading(self._engine) as connection:
            return _open_request(connection, last.number + 1, self._clock.now_us())

    def turns(self) -> tuple[Turn, ...]:
        """All of them, oldest first."""
        asked = select(SWITCH, ASKED.c.by_user.label("asked_by")).outerjoin(ASKED, ASKED.c.number == SWITCH.c.number)
        with reading(self._engine) as connection:
            rows = connection.execute(asked.order_by(SWITCH.c.number)).all()
        return tuple(
            Turn(number=r.number, on=r.is_on, by=r.by_user, why=r.why, at_us=r.at_us, asked_by=r.asked_by or "")
            for r in rows
        )

    def now(self) -> Turn | None:
        """The last turn; None where it never was turned."""
        turns = self.turns()
        return turns[-1] if turns else None

    def queued_at(self, number: int) -> dict[str, int]:
        """actor -> when a turn was in its queue."""
        with reading(self._engine) as connection:
            rows = connection.execute(select(TOLD).where(TOLD.c.number == number).order_by(TOLD.c.actor))
            return {row.actor: row.at_us for row in rows}

    def to_send(self, actors: Sequence[str]) -> list[tuple[Turn, str]]:
        """Turns that are owed, in order: all later ones to whoever was told before, the last to whoever was not."""
        turns = self.turns()
        if not turns:
            return []
        with reading(self._engine) as connection:
            rows = connection.execute(select(TOLD.c.actor, func.max(TOLD.c.number)).group_by(TOLD.c.actor)).all()
        last = {str(actor): int(number) for actor, number in rows}
        since = {actor: last.get(actor, turns[-1].number - 1) for actor in actors}
        return [(turn, actor) for turn in turns for actor in actors if turn.number > since[actor]]

    def sent(self, number: int, actor: str) -> None:
        """It lies in the actor's queue. Repeatable."""
        with writing(self._engine) as connection:
            here = (TOLD.c.number == number) & (TOLD.c.actor == actor)
            if connection.execute(select(TOLD.c.number).where(here)).first() is None:
                connection.execute(insert(TOLD).values(number=number, actor=actor, at_us=self._clock.now_us()))


def _open_request(connection: Connection, number: int, now_us: int) -> SwitchOffRequest | None:
    """The ask that still counts."""
    row = connection.execute(select(ASKED).where(ASKED.c.number == number)).first()
    if row is None or row.at_us + ASKED_US <= now_us:
        return None
    return SwitchOffRequest(number=number, by=row.by_user, why=row.why, at_us=row.at_us, until_us=row.at_us + ASKED_US)
