"""Groups of members that are set apart: in rounds where two suffice, their reports join nothing. One person or the
centre's own look sets apart, two people let join again. Refuses to look for reasons (correlate/bounds/only_second.py)
and to change what a round found: the join leaves them out of what it asks about."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import BigInteger, Column, Connection, Engine, Integer, MetaData, String, Table, select, update
from sqlalchemy import Text as LongText
from sqlalchemy.engine import Row

from bavn.centre.cases import audit
from bavn.centre.cases.tables import make_tables, reading, writing
from bavn.centre.cases.two_people import CENTRE, NotAllowed, person, second
from bavn.centre.store.engine import make_missing
from bavn.model.moment import HOUR_US
from bavn.model.ports import Clock
from bavn.model.principal import recorded
from bavn.model.text import Number, Text

WHY_CHARS_MAX: Final = 500
ASKED_US: Final = 24 * HOUR_US
"""So long an ask to let a group join again waits for the second person."""
METADATA: Final = MetaData()
APART: Final = Table(
    "case_set_apart",
    METADATA,
    Column("number", Integer, primary_key=True),
    Column("actor_group", String(40), nullable=False),
    Column("at_us", BigInteger, nullable=False),
    Column("by_user", String(64), nullable=False),
    Column("detail", LongText, nullable=False),
    Column("asked_by", String(64), nullable=False),
    Column("asked_us", BigInteger),
    Column("lifted_by", String(64), nullable=False),
    Column("lifted_us", BigInteger),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SetApart:
    """``by`` ``centre``: its own look. ``detail``: the figures or the reason. ``asked_by``: who asked to let it join
    again, as long as that counts."""

    group: str
    at_us: int
    by: str
    detail: Mapping[str, Any]
    asked_by: str

    @property
    def text(self) -> Text:
        """Why, as people read it."""
        if self.by != CENTRE:
            return Text("set apart by {by}: {why}", by=self.by, why=Text.written(str(self.detail["why"])))
        return Text(
            "set apart: in 30 days it alone met {partners} other organisations where {expected} are usual",
            partners=self.detail["partners"],
            expected=Number(self.detail["expected"], ".1f"),
        )


class ApartBook:
    """May be open in several processes at once."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        make_tables(engine)
        make_missing(engine, METADATA)
        self._engine, self._clock = engine, clock

    def standing(self) -> dict[str, SetApart]:
        """By group."""
        with reading(self._engine) as connection:
            rows = connection.execute(select(APART).where(APART.c.lifted_us.is_(None)))
            return {row.actor_group: self._of(row) for row in rows}

    def lifted_us(self) -> dict[str, int]:
        """When each group was last let join again: what it met before no longer speaks against it."""
        with reading(self._engine) as connection:
            rows = connection.execute(select(APART).where(APART.c.lifted_us.is_not(None)).order_by(APART.c.number))
            return {row.actor_group: row.lifted_us for row in rows}

    def found(self, group: str, detail: Mapping[str, Any]) -> None:
        """The centre's own look sets a group apart; nothing where it is already."""
        self._put(group, CENTRE, detail)

    def set_apart(self, group: str, by: str, why: str) -> None:
        """A person does. Raises NotAllowed where it stands so already; ValueError without a reason."""
        if not self._put(group, person(by), {"why": _reason(why)}):
            raise NotAllowed(Text("{group} is set apart already", group=group))

    def _put(self, group: str, by: str, detail: Mapping[str, Any]) -> bool:
        with writing(self._engine) as connection:
            if _row(connection, group) is not None:
                return False
            now_us = self._clock.now_us()
            text = json.dumps(detail, sort_keys=True, ensure_ascii=False)
            who = by if by == CENTRE else str(recorded(by))
            given = {"actor_group": group, "at_us": now_us, "by_user": who, "detail": text}
            connection.execute(APART.insert().values(asked_by="", lifted_by="", **given))
            audit.note(connection, now_us, by, "member-set-apart", f"member/{group}", dict(detail))
        return True

    def let_join(self, group: str, by: str, why: str) -> bool:
        """The first person asks, a second one lets it join again within a day; whether it joins now. Raises NotAllowed
        where it is not set apart, or the same person asks twice; ValueError without a reason."""
        person(by)
        detail = {"why": _reason(why)}
        with writing(self._engine) as connection:
            now_us, row = self._clock.now_us(), _row(connection, group)
            if row is None:
                raise NotAllowed(Text("{group} is not set apart", group=group))
            here = update(APART).where(APART.c.number == row.number)
            first = self._of(row).asked_by
            if not first:
                connection.execute(here.values(asked_by=str(recorded(by)), asked_us=now_us))
                audit.note(connection, now_us, by, "member-let-join-asked", f"member/{group}", detail)
                return False
            second(first, by, Text("{user} asked for it already: a second person must say the same", user=by))
            connection.execute(here.values(lifted_by=str(recorded(by)), lifted_us=now_us))
            audit.note(connection, now_us, by, "member-let-join", f"member/{group}", detail | {"asked_by": first})
        return True

    def _of(self, row: Row[Any]) -> SetApart:
        counts = row.asked_us is not None and self._clock.now_us() < row.asked_us + ASKED_US
        return SetApart(
            group=row.actor_group,
            at_us=row.at_us,
            by=row.by_user,
            detail=json.loads(row.detail),
            asked_by=row.asked_by if counts else "",
        )


def _row(connection: Connection, group: str) -> Row[Any] | None:
    standing = APART.c.actor_group == group, APART.c.lifted_us.is_(None)
    return connection.execute(select(APART).where(*standing).with_for_update()).first()


def _reason(why: str) -> str:
    if not why.strip() or len(why) > WHY_CHARS_MAX:
        raise ValueError(Text("say why, in at most {why_chars_max} characters", why_chars_max=WHY_CHARS_MAX))
    return why
