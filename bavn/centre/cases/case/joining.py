"""What moves from a case that is merged to the one that goes on: who is in it, tasks, words, evidence, NIS2's clocks.

Every row keeps its id. Refuses to join two running sets of NIS2 clocks of one actor: a person must say which holds.
"""

from typing import Final

from sqlalchemy import Connection, Table, insert, select, update

from bavn.centre.cases.case.work_tables import EVIDENCE, INVOLVED, NIS2_FUNCTION, TASK, WORDS
from bavn.centre.cases.tables import NIS2, NIS2_FLAGS
from bavn.model.sector.case import NotNow
from bavn.model.text import Text

_WHOLE: Final[tuple[Table, ...]] = (TASK, WORDS, EVIDENCE, NIS2, NIS2_FLAGS, NIS2_FUNCTION)


def none_runs_twice(connection: Connection, case_id: str, into: str) -> None:
    """Raises NotNow where NIS2's clocks of one actor stand in both cases."""
    for table in (NIS2, NIS2_FLAGS, NIS2_FUNCTION):
        actors = [
            set(connection.scalars(select(table.c.actor).where(table.c.case_id == one).distinct()))
            for one in (case_id, into)
        ]
        both = sorted(actors[0] & actors[1])
        if both:
            raise NotNow(
                Text("NIS2's clocks of {both} stand in both cases: they cannot be merged", both=", ".join(both))
            )


def move_all(connection: Connection, case_id: str, into: str) -> dict[str, int]:
    """Moves everything; how many rows of each sort moved."""
    moved: dict[str, int] = {}
    for table in _WHOLE:
        done = connection.execute(update(table).where(table.c.case_id == case_id).values(case_id=into))
        moved[table.name.removeprefix("case_")] = done.rowcount
    rows = connection.execute(select(INVOLVED).where(INVOLVED.c.case_id == case_id)).mappings().all()
    there = {
        (row.actor, row.type, row.value)
        for row in connection.execute(select(INVOLVED).where(INVOLVED.c.case_id == into))
    }
    fresh = [row for row in rows if (row["actor"], row["type"], row["value"]) not in there]
    for row in fresh:
        connection.execute(insert(INVOLVED).values(**dict(row) | {"case_id": into}))
    moved["involved"] = len(fresh)
    return moved
