"""What is owed to an actor and not told yet: how every table of such says so, and how one is settled.

Such a table has the columns ``version``, ``status``, ``rule`` and ``try_us``. Refuses to know what is owed.
"""

from typing import Any, Final

from sqlalchemy import ColumnElement, Table, and_

PENDING: Final = "pending"
QUEUED: Final = "queued"
"""It lies in the actor's queue."""
REFUSED: Final = "refused"
"""Gate 3 refused it for good."""


def owing(version: int) -> dict[str, Any]:
    """The columns of what is to be told as soon as may be."""
    return {"version": version, "status": PENDING, "rule": "", "try_us": 0}


def due(table: Table, now_us: int) -> ColumnElement[bool]:
    """What is to be told now."""
    return and_(table.c.status == PENDING, table.c.try_us <= now_us)


def settled(rule: str, again_us: int | None) -> dict[str, Any]:
    """The columns of what was offered: in the actor's queue (``rule`` empty), or refused by a rule, for good or to be
    tried again from ``again_us`` on."""
    status = QUEUED if not rule else REFUSED if again_us is None else PENDING
    return {"status": status, "rule": rule, "try_us": again_us or 0}
