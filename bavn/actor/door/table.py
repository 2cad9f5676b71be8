"""A table of the node's own book whose rows are values of one class: its fields are the columns, in their order.

Reads and writes what stands in one row. Refuses to make tables, and to know what is in them.
"""

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import fields
from typing import TYPE_CHECKING, Any, Final, get_origin

from bavn.wire.book import Book

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

_COLUMNS: Final = {"by": "by_whom"}
"""Fields whose names are words of SQL."""


class Table[Row: DataclassInstance]:
    """``order``: how rows are read. ``large``: columns that are read only where they are asked for. A field that is
    a dict is kept as JSON."""

    def __init__(
        self,
        row: type[Row],
        name: str,
        *,
        order: str,
        large: Collection[str] = (),
    ) -> None:
        self.row, self.name, self.large = row, name, tuple(large)
        self._columns = {field.name: _COLUMNS.get(field.name, field.name) for field in fields(row)}
        self._json = {field.name for field in fields(row) if get_origin(field.type) is dict}
        self._bools = {field.name for field in fields(row) if field.type is bool}
        self._order = f"ORDER BY {order}"
        self.key = next(iter(self._columns))
        self.sql = f"{self._select(self._read(whole=False))} {self._order}"
        """Every row, also for another process to read: ``of`` makes values of what it gives."""

    def of(self, rows: Iterable[Sequence[Any]], *, whole: bool = False) -> list[Row]:
        """Values of rows as ``sql`` gives them."""
        names = self._read(whole=whole)
        return [
            self.row(**{name: self._value(name, value) for name, value in zip(names, row, strict=True)}) for row in rows
        ]

    def find(
        self, book: Book, where: str, given: Sequence[Any] = (), *, limit: int = -1, whole: bool = False
    ) -> list[Row]:
        """The rows that ``where`` chooses, with all columns if ``whole``."""
        sql = f"{self._select(self._read(whole=whole))} WHERE {where} {self._order} LIMIT ?"
        return self.of(book.rows(sql, (*given, limit)), whole=whole)

    def get(self, book: Book, key: object) -> Row | None:
        """The row whose first column this is."""
        return next(iter(self.find(book, f"{self._columns[self.key]} = ?", (key,))), None)

    def count(self, book: Book, where: str = "TRUE", given: Sequence[Any] = ()) -> int:
        """How many rows ``where`` chooses."""
        return int(book.rows(f"SELECT count(*) FROM {self.name} WHERE {where}", given)[0][0])

    def add(self, book: Book, row: Row) -> int:
        """A row under the next number, which is its first field."""
        return self._insert(book, row, [*self._columns][1:])

    def keep(self, book: Book, row: Row, stays: Collection[str] = ()) -> None:
        """This row in place of the one with its key, but for the columns that stay as they were first."""
        news = ", ".join(f"{name} = excluded.{name}" for name in self._columns if name not in stays)
        self._insert(book, row, [*self._columns], f"ON CONFLICT DO UPDATE SET {news}")

    def _insert(self, book: Book, row: Row, names: Sequence[str], then: str = "") -> int:
        columns = ", ".join(self._columns[name] for name in names)
        sql = f"INSERT INTO {self.name} ({columns}) VALUES ({', '.join('?' * len(names))}) {then}"
        with book.transaction() as tx:
            return int(tx.execute(sql, [self._text(name, getattr(row, name)) for name in names]).lastrowid or 0)

    def _read(self, *, whole: bool) -> list[str]:
        return [name for name in self._columns if whole or name not in self.large]

    def _select(self, names: Iterable[str]) -> str:
        return f"SELECT {', '.join(self._columns[name] for name in names)} FROM {self.name}"

    def _value(self, name: str, value: Any) -> Any:
        return json.loads(value) if name in self._json else bool(value) if name in self._bools else value

    def _text(self, name: str, value: Any) -> Any:
        return json.dumps(value, sort_keys=True, ensure_ascii=False) if name in self._json else value
