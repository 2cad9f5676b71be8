"""Between rows and values: what has one name is taken by it, what is given goes first."""

from dataclasses import dataclass

import pytest
from sqlalchemy import Column, Integer, MetaData, String, Table, create_engine, insert, select

from bavn.centre.store.owed import PENDING, QUEUED, REFUSED, due, owing, settled
from bavn.centre.store.rows import row_of, value_from

TABLE = Table(
    "told",
    MetaData(),
    Column("actor", String(8), primary_key=True),
    Column("version", Integer),
    Column("status", String(12)),
    Column("rule", String(8)),
    Column("try_us", Integer),
)


@pytest.fixture
def engine():
    made = create_engine("sqlite://")
    TABLE.metadata.create_all(made)
    yield made
    made.dispose()


@dataclass(frozen=True)
class StoredNote:
    actor: str
    version: int
    status: bool
    left: int = 0


def test_a_row_and_a_value_meet_by_name_and_what_is_owed_is_due_until_settled(engine) -> None:
    with engine.begin() as tx:
        tx.execute(insert(TABLE).values(**row_of(TABLE, StoredNote("north", 3, status=True), status=QUEUED, try_us=0)))
        row = tx.execute(select(TABLE)).one()
    assert value_from(StoredNote, row, status=row.status == QUEUED) == StoredNote("north", 3, status=True)
    offered = {"queued": settled("", None), "refused": settled("own_only", None), "later": settled("room", 70)}
    with engine.begin() as tx:
        tx.execute(insert(TABLE), [{"actor": "new", **owing(1)}])
        tx.execute(insert(TABLE), [{"actor": actor, "version": 1, **columns} for actor, columns in offered.items()])
        found = {us: set(tx.scalars(select(TABLE.c.actor).where(due(TABLE, us)))) for us in (0, 69, 70)}
    assert found == {0: {"new"}, 69: {"new"}, 70: {"new", "later"}}
    assert [columns["status"] for columns in offered.values()] == [QUEUED, REFUSED, PENDING]
