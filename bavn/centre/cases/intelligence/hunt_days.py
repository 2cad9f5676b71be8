"""How many indicators of each source were hunted for on a day. Refuses to know who may hunt, and for what."""

from typing import Final

from sqlalchemy import Engine, delete, func, insert, select, update

from bavn.centre.cases.intelligence.tables import HUNT_DAY
from bavn.centre.store.engine import reading, writing

DAYS_REMEMBERED: Final = 30


def hunted_on(engine: Engine, source: str, day: int) -> tuple[int, int]:
    """How many of this source were hunted for on a day, and how many of all."""
    with reading(engine) as connection:
        mine = connection.scalar(select(HUNT_DAY.c.hunted).where(HUNT_DAY.c.source == source, HUNT_DAY.c.day == day))
        all_ = connection.scalar(select(func.sum(HUNT_DAY.c.hunted)).where(HUNT_DAY.c.day == day))
    return int(mine or 0), int(all_ or 0)


def count_hunted(engine: Engine, source: str, day: int, hunted: int) -> None:
    """Adds so many more of a source on a day; days long past are forgotten."""
    if not hunted:
        return
    with writing(engine) as tx:
        here = (HUNT_DAY.c.source == source) & (HUNT_DAY.c.day == day)
        if tx.execute(update(HUNT_DAY).where(here).values(hunted=HUNT_DAY.c.hunted + hunted)).rowcount == 0:
            tx.execute(insert(HUNT_DAY).values(source=source, day=day, hunted=hunted))
        tx.execute(delete(HUNT_DAY).where(HUNT_DAY.c.day < day - DAYS_REMEMBERED))
