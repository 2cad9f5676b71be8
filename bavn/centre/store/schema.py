"""Which version the tables have, and the way up: Alembic's revisions, in one transaction, or none of it.

A database is empty, as this Bavn wants it, behind, ahead (another Bavn wrote it, of a revision that this one does not
know), or foreign. There is no way down but a backup.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any, Final, cast

from sqlalchemy import Connection, Engine, MetaData, inspect

from bavn.centre.store.engine import reading, writing

MIGRATIONS: Final = Path(__file__).with_name("migrations")
MARK: Final = "alembic_version"
_NUMBER: Final = re.compile(r"[0-9]{4}")
_FILE: Final = re.compile(r"r(\d{4})_[a-z0-9_]+\.py")


class SchemaStatus(StrEnum):
    """How a database stands to this Bavn."""

    EMPTY = "empty"
    CURRENT = "current"
    BEHIND = "behind"
    AHEAD = "ahead"
    FOREIGN = "foreign"


@dataclass(frozen=True, slots=True)
class Found:
    """``revision``: the database's own, "" where it has none. ``why``: for FOREIGN, what does not fit."""

    standing: SchemaStatus
    revision: str = ""
    why: str = ""


class CannotUpgrade(Exception):
    """The database is ahead or foreign. The operator must act: another database, the Bavn that wrote it, or a
    backup."""


@cache
def revisions() -> tuple[str, ...]:
    """All revisions of this Bavn, first to last."""
    found = (_FILE.fullmatch(file.name) for file in (MIGRATIONS / "versions").iterdir())
    return tuple(sorted(match[1] for match in found if match))


def head() -> str:
    """The revision that this Bavn works on."""
    return revisions()[-1]


def first() -> str:
    """The oldest revision that this Bavn leads on from."""
    return revisions()[0]


def found_in(engine: Engine) -> Found:
    """How the database stands; changes nothing."""
    with reading(engine) as connection:
        return _found_by(connection)


def _found_by(connection: Connection) -> Found:
    tables = set(inspect(connection).get_table_names())
    if not tables:
        return Found(SchemaStatus.EMPTY)
    if MARK not in tables:
        return Found(SchemaStatus.FOREIGN, why="it holds tables without a mark of their version")
    marks = [row[0] for row in connection.exec_driver_sql(f"SELECT version_num FROM {MARK}")]
    if len(marks) == 1 and marks[0] in revisions():
        return Found(SchemaStatus.CURRENT if marks[0] == head() else SchemaStatus.BEHIND, marks[0])
    if len(marks) == 1 and _NUMBER.fullmatch(marks[0]):
        return Found(SchemaStatus.AHEAD, marks[0])
    return Found(SchemaStatus.FOREIGN, why=f"its mark of version is {', '.join(map(repr, marks))[:80] or 'missing'}")


def upgrade(engine: Engine, to: str = "") -> Found:
    """Up to this Bavn's revision, or to an earlier one; returns what was found before. Raises CannotUpgrade."""
    with writing(engine) as connection:
        return upgrade_in(connection, to)


def upgrade_in(connection: Connection, to: str = "") -> Found:
    """The same in a transaction that is open (``writing``)."""
    schema = _found_by(connection)
    if schema.standing is SchemaStatus.AHEAD:
        raise CannotUpgrade(f"the database has revision {schema.revision}, which this Bavn does not know")
    if schema.standing is SchemaStatus.FOREIGN:
        raise CannotUpgrade(f"the database is not the centre's: {schema.why}")
    if schema.standing is not SchemaStatus.CURRENT:
        _alembic("upgrade", connection, to or "head")
    return schema


def differences(connection: Connection, metadata: Sequence[MetaData]) -> list[Any]:
    """Where the tables are not what the rooms say: Alembic's own words; empty when they agree."""
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    options = {"compare_type": True, "compare_server_default": True, "target_metadata": list(metadata)}
    return list(compare_metadata(MigrationContext.configure(connection, opts=options), cast("Any", list(metadata))))


def draft(engine: Engine, metadata: Sequence[MetaData], words: str) -> Path:
    """A new revision file with what the rooms have and the database (at the head) has not; a person goes over it."""
    number = f"{int(head()) + 1:04}"
    name = "_".join(re.findall(r"[a-z0-9]+", words.lower()))[:40]
    with reading(engine) as connection:
        migration = _alembic(
            "revision",
            connection,
            words,
            metadata=list(metadata),
            autogenerate=True,
            rev_id=number,
        )
    revisions.cache_clear()
    file = Path(migration.path)
    return file.rename(file.with_name(f"r{number}_{name}.py"))


def _alembic(verb: str, connection: Connection, *words: Any, metadata: Any = None, **options: Any) -> Any:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes.update(connection=connection, metadata=metadata)
    return getattr(command, verb)(config, *words, **options)
