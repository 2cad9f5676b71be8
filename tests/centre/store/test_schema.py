"""The revisions lead to the rooms' tables from every version, on both databases, and all of the way or not at all."""

import importlib
import pkgutil
import re
from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import MetaData, insert, select

import bavn.centre
from bavn.centre.books.schema import METADATA
from bavn.centre.cases import audit
from bavn.centre.cases.tables import CASE, GENESIS, make_tables
from bavn.centre.members.registry import Registry
from bavn.centre.members.tables import ACTOR
from bavn.centre.store import schema
from bavn.centre.store.engine import open_engine, reading, writing
from bavn.centre.store.schema import CannotUpgrade, Found, Standing, look, upgrade
from bavn.centre.store.tables import RUN
from bavn.rehearsal.clock import SimClock


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def empty(request, tmp_path):
    """An engine on a database without any table."""
    if request.param == "sqlite":
        engine = open_engine(f"sqlite:///{tmp_path / 'centre.db'}")
    else:
        cluster = request.getfixturevalue("postgres")
        engine = open_engine(cluster.url(cluster.make()))
    yield engine
    engine.dispose()
    if request.param == "postgresql":
        cluster.drop(engine.url.database)


def differing(engine):
    with reading(engine) as connection:
        return schema.differences(connection, METADATA)


def test_the_revisions_make_exactly_the_tables_of_the_rooms(empty) -> None:
    """Fails where a table was changed without a revision: CONTRIBUTING.md, "A table"."""
    assert look(empty) == Found(Standing.EMPTY)
    upgrade(empty)
    assert look(empty) == Found(Standing.CURRENT, schema.head())
    assert differing(empty) == []


def test_the_comparison_sees_a_table_a_column_and_a_type_that_differ(empty) -> None:
    upgrade(empty)
    with writing(empty) as connection:
        connection.exec_driver_sql("DROP TABLE centre_run")
        connection.exec_driver_sql("ALTER TABLE leads ADD COLUMN more INTEGER")
    assert [entry[0] for entry in differing(empty)] == ["add_table", "remove_column"]


def test_every_table_of_the_centre_is_among_those_that_are_compared() -> None:
    modules = [
        importlib.import_module(found.name)
        for found in pkgutil.walk_packages(bavn.centre.__path__, "bavn.centre.")
        if ".migrations" not in found.name
    ]
    kept = [value for module in modules for value in vars(module).values() if isinstance(value, MetaData)]
    assert {id(metadata) for metadata in kept} == {id(metadata) for metadata in METADATA}
    names = [name for metadata in METADATA for name in metadata.tables]
    assert len(names) == len(set(names)) > 30


def test_the_revisions_stand_in_one_row_and_import_no_room() -> None:
    config = Config()
    config.set_main_option("script_location", str(schema.MIGRATIONS))
    found = [script.revision for script in ScriptDirectory.from_config(config).walk_revisions()]
    assert tuple(reversed(found)) == schema.revisions()
    assert found == [f"{number:04}" for number in range(len(found), 0, -1)]
    for file in Path(schema.MIGRATIONS).rglob("*.py"):
        imported = re.findall(r"^(?:from|import) (bavn\S*)", file.read_text(), re.MULTILINE)
        assert all(name.startswith("bavn.centre.store.migrations") for name in imported), file


def filled(engine):
    """Rows that every version has."""
    with writing(engine) as connection:
        connection.execute(
            insert(ACTOR).values(
                name="north",
                kind="region",
                group="north",
                x=1,
                state="active",
                message_key=None,
                changed_us=5,
            )
        )
        connection.exec_driver_sql(f"INSERT INTO case_audit_head VALUES (1, 0, '{GENESIS}')")
        for number in range(3):
            audit.note(connection, number, "anne", "comment", "case-1", {"text": f"æøå {number}"})


@pytest.mark.parametrize("start", schema.revisions())
def test_from_every_revision_up_nothing_is_lost(empty, start) -> None:
    upgrade(empty, start)
    filled(empty)
    before = look(empty)
    assert upgrade(empty) == before
    assert look(empty) == Found(Standing.CURRENT, schema.head())
    assert differing(empty) == []
    with reading(empty) as connection:
        assert connection.scalars(select(ACTOR.c.name)).all() == ["north"]
    assert audit.verify(empty) is None
    assert len(list(audit.every(empty))) == 3
    assert upgrade(empty).standing is Standing.CURRENT  # again changes nothing


def test_a_revision_that_fails_leaves_all_as_it_was(empty, monkeypatch) -> None:
    upgrade(empty, schema.BASELINE)
    filled(empty)
    real = schema._alembic

    def fails(verb, connection, *words, **options):
        real(verb, connection, *words, **options)
        connection.exec_driver_sql("SELECT nothing FROM nowhere")

    monkeypatch.setattr(schema, "_alembic", fails)
    with pytest.raises(Exception, match="nowhere"):
        upgrade(empty)
    assert look(empty) == Found(Standing.BEHIND, schema.BASELINE)
    with reading(empty) as connection:
        assert RUN.name not in schema.inspect(connection).get_table_names()
    assert audit.verify(empty) is None


def test_a_later_database_and_a_foreign_one_are_left_alone(empty) -> None:
    upgrade(empty)
    with writing(empty) as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    assert look(empty) == Found(Standing.AHEAD, "9999")
    with pytest.raises(CannotUpgrade, match="9999"):
        upgrade(empty)
    with writing(empty) as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = 'feed'")
    assert look(empty).standing is Standing.FOREIGN
    with pytest.raises(CannotUpgrade, match="feed"):
        upgrade(empty)


def test_tables_of_something_else_are_foreign(empty) -> None:
    with writing(empty) as connection:
        connection.exec_driver_sql("CREATE TABLE cats (name TEXT)")
    assert look(empty).standing is Standing.FOREIGN
    with pytest.raises(CannotUpgrade, match="not the centre's"):
        upgrade(empty)


# --- SQLite of version 0.1.0: no mark, and only the tables that were ever needed --------------------------------------


@pytest.fixture
def before_marks(tmp_path):
    """As version 0.1.0 made them: whatever room was opened first made its own tables."""
    engine = open_engine(f"sqlite:///{tmp_path / 'centre.db'}")
    Registry(engine, SimClock(7)).add("north", "region")
    make_tables(engine)
    with writing(engine) as connection:
        connection.exec_driver_sql("ALTER TABLE member_actor DROP COLUMN canary")  # came with revision 0009
        for number in range(3):
            audit.note(connection, number, "anne", "comment", "case-1", {})
    yield engine
    engine.dispose()


def test_a_database_of_version_0_1_0_is_adopted_without_loss(before_marks) -> None:
    assert look(before_marks) == Found(Standing.UNMARKED)
    assert upgrade(before_marks).standing is Standing.UNMARKED
    assert look(before_marks) == Found(Standing.CURRENT, schema.head())
    assert differing(before_marks) == []
    assert [actor.name for actor in Registry(before_marks, SimClock(7)).actors()] == ["north"]
    assert audit.verify(before_marks) is None
    assert len(list(audit.every(before_marks))) == 3


def test_one_whose_tables_are_others_is_not_adopted(before_marks) -> None:
    with writing(before_marks) as connection:
        connection.exec_driver_sql(f"ALTER TABLE {CASE.name} ADD COLUMN mood TEXT")
    assert look(before_marks).why == "its table 'case_case' has other columns"
    with pytest.raises(CannotUpgrade, match="case_case"):
        upgrade(before_marks)
    with reading(before_marks) as connection:
        assert schema.MARK not in schema.inspect(connection).get_table_names()
