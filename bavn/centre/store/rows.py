"""Between rows and values: a column and a field of one name are the same thing.

Only what is named or kept otherwise is written by hand. Refuses to know tables.
"""

from dataclasses import fields
from typing import TYPE_CHECKING, Any

from sqlalchemy import Row, Table

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


def value_from[Value: DataclassInstance](kind: type[Value], row: Row[Any], **other: Any) -> Value:
    """A value of a row: each field as given, else the column of its name, else its own default."""
    columns = row._mapping  # noqa: SLF001  SQLAlchemy's public name for a row by its columns
    return kind(**{field.name: columns[field.name] for field in fields(kind) if field.name in columns} | other)


def row_of(table: Table, value: object, **other: Any) -> dict[str, Any]:
    """The columns of a table: each as given, else the value's field of its name, if it has one."""
    return {name: getattr(value, name) for name in table.c.keys() if hasattr(value, name)} | other  # noqa: SIM118
