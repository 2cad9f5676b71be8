"""Questions to a node's own book from another process while it runs. Refuses to know what is asked, and to write."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Protocol

from bavn.app.process.exits import Exit, Stop
from bavn.model.text import Text


class Asks(Protocol):
    """A question and its parameters; all rows of the answer."""

    def __call__(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]: ...


def book_of(config: Path) -> Path:
    """The node's book. Stop where this node has never run."""
    from bavn.app.config.load import read_node

    file = read_node(config).folder / "node.db"
    if not file.exists():
        raise Stop(
            Exit.NOT_FOUND,
            Text("{file} is not there: this node has not run yet; start it with `bavn node run`", file=file),
        )
    return file


@contextmanager
def asks(config: Path) -> Iterator[Asks]:
    """Questions to the node's book while it runs; a table that is not there yet has no rows."""
    from bavn.wire.book import read_only

    with closing(read_only(book_of(config))) as connection:

        def rows(sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
            try:
                return connection.execute(sql, parameters).fetchall()
            except sqlite3.OperationalError as error:
                if "no such table" in str(error):
                    return []
                raise

        yield rows
