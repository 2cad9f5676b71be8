"""What people judge: the level of a sort of threat, and which sort a case is. Every judgement stays, with name and
reason, and is a line in the audit log. Refuses to judge by itself."""

from typing import Any, Final

from sqlalchemy import Engine, Row, delete, func, insert, select

from bavn.centre.publish.editions import Audited
from bavn.centre.publish.facts import LevelSet
from bavn.centre.publish.tables import LEVEL, SORT, make_tables
from bavn.centre.publish.threat import Level, Threat
from bavn.centre.store.engine import reading, writing
from bavn.model.ports import Clock
from bavn.model.text import Text

WHY_CHARS_MAX: Final = 500
SHOWN_MAX: Final = 1000


class Judgements:
    """May be open in several processes at once."""

    def __init__(self, engine: Engine, clock: Clock, audited: Audited) -> None:
        make_tables(engine)
        self._engine, self._clock, self._audited = engine, clock, audited

    def set_level(self, threat: Threat, level: Level, user: str, why: str) -> LevelSet:
        """It counts from now on, until somebody sets another. ValueError without a reason."""
        _reason(why)
        now_us = self._clock.now_us()
        with writing(self._engine) as tx:
            number = (tx.scalar(select(func.max(LEVEL.c.number))) or 0) + 1
            values = {"threat": threat.value, "level": int(level), "by_user": user, "why": why, "at_us": now_us}
            tx.execute(insert(LEVEL).values(number=number, **values))
            self._audited(tx, user, "threat-level", threat.value, {"level": level.name.lower(), "why": why})
        return LevelSet(threat, level, user, why, now_us)

    def levels(self) -> tuple[LevelSet, ...]:
        """All that were set, oldest first, the last SHOWN_MAX of them."""
        asked = select(LEVEL).order_by(LEVEL.c.number.desc()).limit(SHOWN_MAX)
        with reading(self._engine) as connection:
            return tuple(_level(row) for row in reversed(connection.execute(asked).all()))

    def set_sort(self, case_id: str, threat: Threat | None, user: str, why: str) -> None:
        """What sort of threat a case is; None: nobody says so any more. The caller knows that there is such a case."""
        _reason(why)
        with writing(self._engine) as tx:
            tx.execute(delete(SORT).where(SORT.c.case_id == case_id))
            if threat is not None:
                values = {"threat": threat.value, "by_user": user, "why": why, "at_us": self._clock.now_us()}
                tx.execute(insert(SORT).values(case_id=case_id, **values))
            said = "" if threat is None else threat.value
            self._audited(tx, user, "threat-sort", case_id, {"threat": said, "why": why})

    def sorts(self) -> dict[str, tuple[Threat, str]]:
        """case -> (sort, who said so)."""
        with reading(self._engine) as connection:
            return {row.case_id: (Threat(row.threat), row.by_user) for row in connection.execute(select(SORT))}


def _level(row: Row[Any]) -> LevelSet:
    return LevelSet(Threat(row.threat), Level(row.level), row.by_user, row.why, row.at_us)


def _reason(why: str) -> None:
    if not why.strip() or len(why) > WHY_CHARS_MAX or not why.isprintable():
        raise ValueError(Text("a reason has 1 to {why_chars_max} printable characters", why_chars_max=WHY_CHARS_MAX))
