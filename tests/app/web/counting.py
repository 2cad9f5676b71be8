"""Counts what a database is asked, and says how it goes about it. For tests of what may not grow with the rows."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine, event


@contextmanager
def counted(engine: Engine) -> Iterator[list[str]]:
    """The statements that go to this engine meanwhile, in order."""
    statements: list[str] = []

    def note(connection, cursor, statement, parameters, context, many) -> None:
        statements.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(engine, "before_cursor_execute", note)


@contextmanager
def planned(engine: Engine, of: str) -> Iterator[list[str]]:
    """How SQLite goes about each statement that has ``of`` in it."""
    plans: list[str] = []

    def explain(connection, cursor, statement, parameters, context, many) -> None:
        if of in statement:
            asked = connection.connection.driver_connection.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)
            plans.extend(row[3] for row in asked)

    event.listen(engine, "before_cursor_execute", explain)
    try:
        yield plans
    finally:
        event.remove(engine, "before_cursor_execute", explain)
