"""All rows of a database as lines of text and back, the same for SQLite and PostgreSQL.

A table is a head line with its columns' names, then one JSON array a row in the order of its key, so that the same rows
are the same bytes whichever database they lie in. Refuses to know what a table means.
"""

import base64
import hashlib
import json
from collections.abc import Iterable, Iterator
from typing import Any, Final

from sqlalchemy import Connection, Integer, MetaData, Table, inspect, select
from sqlalchemy.types import LargeBinary

from bavn.centre.store.schema import MARK

ROWS_AT_ONCE: Final = 200
BYTES_AT_ONCE: Final = 8 << 20
LINE_BYTES_MAX: Final = 1 << 30


class BadDump(ValueError):
    """Lines that no ``lines_of`` wrote, or a table that this revision has not. Whoever gave the file must act."""


def tables_in(connection: Connection) -> dict[str, Table]:
    """The tables that are there, those that others refer to first; without Alembic's own."""
    found = MetaData()
    found.reflect(connection)
    return {table.name: table for table in found.sorted_tables if table.name != MARK}


def lines_of(connection: Connection, table: Table) -> Iterator[str]:
    """A table, each line with its newline. The connection is at one moment (``reading``)."""
    columns = sorted(table.columns, key=lambda column: column.name)
    yield _line([column.name for column in columns])
    asked = select(*columns).order_by(*sorted(table.primary_key.columns, key=lambda column: column.name))
    with connection.execute(asked.execution_options(yield_per=ROWS_AT_ONCE)) as rows:
        for row in rows:
            yield _line([_plain(value) for value in row])


def load(connection: Connection, table: Table, lines: Iterable[bytes]) -> int:
    """Puts a dump into an empty table (``writing``); returns how many rows. Raises BadDump."""
    given = iter(lines)
    names = _read(next(given, b""))
    if sorted(column.name for column in table.columns) != names:
        raise BadDump(f"the table {table.name} has other columns here")
    binary = {column.name for column in table.columns if isinstance(column.type, LargeBinary)}
    batch: list[dict[str, Any]] = []
    count = size = 0
    for line in given:
        values = _read(line)
        if len(values) != len(names):
            raise BadDump(f"a row of the table {table.name} has {len(values)} values")
        batch.append({name: _meant(value, name in binary) for name, value in zip(names, values, strict=True)})
        count, size = count + 1, size + len(line)
        if len(batch) >= ROWS_AT_ONCE or size >= BYTES_AT_ONCE:
            connection.execute(table.insert(), batch)
            batch, size = [], 0
    if batch:
        connection.execute(table.insert(), batch)
    _count_on(connection, table)
    return count


def digest_of(connection: Connection, table: Table) -> str:
    """SHA-256 (hex) of the table's lines."""
    hashed = hashlib.sha256()
    for line in lines_of(connection, table):
        hashed.update(line.encode())
    return hashed.hexdigest()


def is_empty(connection: Connection) -> bool:
    """Whether there is no table at all."""
    return not inspect(connection).get_table_names()


def _count_on(connection: Connection, table: Table) -> None:
    """PostgreSQL numbers rows by a sequence of its own, which has to know what was put in by hand."""
    if connection.dialect.name != "postgresql":
        return
    for column in table.primary_key.columns:
        if not isinstance(column.type, Integer):
            continue
        asked = f"SELECT pg_get_serial_sequence('{table.name}', '{column.name}')"
        sequence = connection.exec_driver_sql(asked).scalar()
        if sequence is not None:
            connection.exec_driver_sql(
                f"SELECT setval('{sequence}', (SELECT coalesce(max({column.name}), 0) + 1 FROM {table.name}), false)"
            )


def _line(values: list[Any]) -> str:
    return json.dumps(values, ensure_ascii=False, separators=(",", ":")) + "\n"


def _plain(value: Any) -> Any:
    if isinstance(value, bytes | memoryview):
        return base64.b64encode(bytes(value)).decode()
    return value


def _meant(value: Any, binary: bool) -> Any:
    if binary and isinstance(value, str):
        return base64.b64decode(value, validate=True)
    return value


def _read(line: bytes) -> list[Any]:
    try:
        row = json.loads(line)
    except ValueError as error:
        raise BadDump("a line is no JSON") from error
    if not isinstance(row, list):
        raise BadDump("a line is no row")
    return row
