"""The roll-out's list: how far each actor has come, the day of its next state, its group and region, and what it waits
for. Every function works in the caller's transaction."""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import Final

from sqlalchemy import Connection, Engine, delete, func, insert, select

from bavn.centre.members import signed
from bavn.centre.members.tables import ROLLOUT
from bavn.centre.members.terms import SECTOR, AgreementStatus, agreement_status
from bavn.centre.store.engine import reading
from bavn.model.sector.member import ACTOR_NAME, is_reserved
from bavn.model.sector.rollout import RolloutState
from bavn.model.text import Text

ROWS_MAX: Final = 1000
WAITS_CHARS_MAX: Final = 200
NAME: Final = re.compile(r"([a-z][a-z0-9-]{1,39})?")


class BadEntry(ValueError):
    """The list cannot hold that. Whoever wrote it must act."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RolloutRow:
    """An actor of the roll-out. ``day``: when its next state is planned, as 2026-11-26, or empty; ``since_us``: when it
    came to its state."""

    actor: str
    state: RolloutState = RolloutState.PLANNED
    day: str = ""
    group: str = ""
    region: str = ""
    waits_for: str = ""
    since_us: int = 0

    def __post_init__(self) -> None:
        if not ACTOR_NAME.fullmatch(self.actor) or is_reserved(self.actor):
            raise BadEntry(Text("no actor can be called {actor}", actor=repr(self.actor[:60])))
        for name in (self.group, self.region):
            if not NAME.fullmatch(name):
                raise BadEntry(Text("{name} is no name: a-z, 0-9 and '-', a letter first", name=repr(name[:40])))
        if len(self.waits_for) > WAITS_CHARS_MAX or not self.waits_for.isprintable():
            raise BadEntry(Text("what it waits for has at most {n} printable characters", n=WAITS_CHARS_MAX))
        try:
            usual = not self.day or date.fromisoformat(self.day).isoformat() == self.day
        except ValueError:
            usual = False
        if not usual:
            raise BadEntry(Text("{day} is no day: write 2026-11-26", day=repr(self.day[:40])))


def row_of(tx: Connection, actor: str) -> RolloutRow | None:
    """None for an actor that is not on the list."""
    return rows(tx).get(actor)


def rows(tx: Connection) -> dict[str, RolloutRow]:
    """All of them, by name."""
    read = tx.execute(select(ROLLOUT).order_by(ROLLOUT.c.actor)).mappings()
    return {row["actor"]: RolloutRow(**{**row, "state": RolloutState(row["state"])}) for row in read}


def regions(engine: Engine) -> Mapping[str, str]:
    """actor -> where it lies; empty for unknown."""
    with reading(engine) as tx:
        return {row.actor: row.region for row in rows(tx).values()}


def keep(tx: Connection, row: RolloutRow) -> None:
    """Writes an actor's row. Raises BadEntry beyond the bound."""
    tx.execute(delete(ROLLOUT).where(ROLLOUT.c.actor == row.actor))
    if int(tx.scalar(select(func.count()).select_from(ROLLOUT)) or 0) >= ROWS_MAX:
        raise BadEntry(Text("the roll-out has at most {n} actors", n=ROWS_MAX))
    tx.execute(insert(ROLLOUT).values(**asdict(row)))


def agreement(tx: Connection, actor: str) -> AgreementStatus | None:
    """The agreement that an actor signed last; None where it has signed none since what was held of it was deleted."""
    last, left = signed.last(tx, "agreement", actor), signed.last(tx, "deletion", actor)
    if last is None or (left is not None and last.at_us <= left.at_us):
        return None
    return agreement_status(last, signed.last(tx, "terms", SECTOR))
