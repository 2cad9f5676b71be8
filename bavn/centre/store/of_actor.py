"""What is deleted of an actor that leaves: a room names its rows (``of_actor.py``), and this deletes them."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Table, delete, func, select


class RowsLeft(Exception):
    """Rows of the actor are still there."""


@dataclass(frozen=True, slots=True)
class OfActor:
    """Rows of a table that are an actor's, in words and by the column that names it."""

    what: str
    table: Table
    column: str = "actor"

    def delete(self, tx: Connection, actor: str) -> dict[str, Any]:
        """Deletes them; what was deleted, for the proof. Raises RowsLeft."""
        here = self.table.c[self.column] == actor
        rows = tx.execute(delete(self.table).where(here)).rowcount
        if tx.scalar(select(func.count()).select_from(self.table).where(here)):
            raise RowsLeft(f"rows of {actor} are still in {self.table.name}")
        return {"what": self.what, "table": self.table.name, "rows": rows}
