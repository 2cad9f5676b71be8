"""The revisions lead to the rooms' tables from every version, on both databases, and all of the way or not at all."""

import importlib
import pkgutil
import re
from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Column, Integer, MetaData, Table, insert, select

import bavn.centre
from bavn.centre.books.schema import METADATA
from bavn.centre.cases import audit
from bavn.centre.cases.tables import GENESIS
from bavn.centre.members.tables import ACTOR
from bavn.centre.store import schema
from bavn.centre.store.engine import open_engine, reading, writing
from bavn.centre.store.schema import CannotUpgrade, Found, SchemaStatus, found_in, upgrade


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
    assert found_in(empty) == Found(SchemaStatus.EMPTY)
    upgrade(empty)
    assert found_in(empty) == Found(SchemaStatus.CURRENT, schema.head())
    assert differing(empty) == []


def test_the_comparison_sees_a_table_a_column_and_a_type_that_differ(empty) -> None:
    upgrade(empty)
    with writing(empty) as connection:
        connection.exec_driver_sql("DROP TABLE centre_run")
        connection.exec_driver_sql("ALTER TABLE leads ADD COLUMN more INTEGER")
    assert [entry[0] for entry in differing(empty)] == ["add_table", "remove_column"]


def test_revisions_stand_in_one_row_over_every_table_of_the_centre() -> None:
    modules = [
        importlib.import_module(found.name)
        for found in pkgutil.walk_packages(bavn.centre.__path__, "bavn.centre.")
        if ".migrations" not in found.name
    ]
    kept = [value for module in modules for value in vars(module).values() if isinstance(value, MetaData)]
    assert {id(metadata) for metadata in kept} == {id(metadata) for metadata in METADATA}
    names = [name for metadata in METADATA for name in metadata.tables]
    assert len(names) == len(set(names)) > 30
    config = Config()
    config.set_main_option("script_location", str(schema.MIGRATIONS))
    found = [script.revision for script in ScriptDirectory.from_config(config).walk_revisions()]
    assert tuple(reversed(found)) == schema.revisions()
    oldest = int(schema.first())
    assert found == [f"{oldest + number:04}" for number in range(len(found) - 1, -1, -1)]
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
    before = found_in(empty)
    assert upgrade(empty) == before
    assert found_in(empty) == Found(SchemaStatus.CURRENT, schema.head())
    assert differing(empty) == []
    kept_all(empty)
    assert upgrade(empty).standing is SchemaStatus.CURRENT  # again changes nothing


def kept_all(engine):
    with reading(engine) as connection:
        assert connection.scalars(select(ACTOR.c.name)).all() == ["north"]
    assert audit.verify(engine) is None
    assert len(list(audit.every(engine))) == 3


def test_to_a_revision_to_come_nothing_is_lost(empty, next_revision) -> None:
    before = schema.first()
    upgrade(empty, before)
    filled(empty)
    assert found_in(empty) == Found(SchemaStatus.BEHIND, before)
    assert upgrade(empty) == Found(SchemaStatus.BEHIND, before)
    assert found_in(empty) == Found(SchemaStatus.CURRENT, next_revision)
    kept_all(empty)


def test_a_revision_that_fails_leaves_all_as_it_was(empty, next_revision, monkeypatch) -> None:
    upgrade(empty, schema.first())
    filled(empty)
    real = schema._alembic

    def fails(verb, connection, *words, **options):
        real(verb, connection, *words, **options)
        connection.exec_driver_sql("SELECT nothing FROM nowhere")

    monkeypatch.setattr(schema, "_alembic", fails)
    with pytest.raises(Exception, match="nowhere"):
        upgrade(empty)
    assert found_in(empty) == Found(SchemaStatus.BEHIND, schema.first())
    with reading(empty) as connection:
        assert "more" not in schema.inspect(connection).get_table_names()
    kept_all(empty)


def test_a_later_database_and_a_foreign_one_are_left_alone(empty) -> None:
    upgrade(empty)
    with writing(empty) as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    assert found_in(empty) == Found(SchemaStatus.AHEAD, "9999")
    with pytest.raises(CannotUpgrade, match="9999"):
        upgrade(empty)
    with writing(empty) as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = 'feed'")
    assert found_in(empty).standing is SchemaStatus.FOREIGN
    with pytest.raises(CannotUpgrade, match="feed"):
        upgrade(empty)


def test_tables_of_something_else_are_foreign(empty) -> None:
    with writing(empty) as connection:
        connection.exec_driver_sql("CREATE TABLE cats (name TEXT)")
    assert found_in(empty).standing is SchemaStatus.FOREIGN
    with pytest.raises(CannotUpgrade, match="not the centre's"):
        upgrade(empty)


def test_tables_without_a_mark_are_foreign(empty) -> None:
    upgrade(empty)
    with writing(empty) as connection:
        connection.exec_driver_sql("DROP TABLE alembic_version")
    assert found_in(empty) == Found(SchemaStatus.FOREIGN, why="it holds tables without a mark of their version")
    with pytest.raises(CannotUpgrade, match="without a mark"):
        upgrade(empty)
    with reading(empty) as connection:
        assert schema.MARK not in schema.inspect(connection).get_table_names()


def test_the_next_revision_is_drafted_from_what_the_rooms_say(tmp_path, next_revision) -> None:
    """What script/revision does, on a copy of the revisions."""
    engine, wanted = open_engine(f"sqlite:///{tmp_path / 'centre.db'}"), MetaData()
    Table("wish", wanted, Column("id", Integer, primary_key=True))
    upgrade(engine)
    drafted = schema.draft(engine, [wanted, *METADATA], "A wish more")
    assert drafted.name == f"r{int(next_revision) + 1:04}_a_wish_more.py"
    text = drafted.read_text()
    assert "op.create_table('wish'" in text
    assert f"down_revision = '{next_revision}'" in text
    engine.dispose()
