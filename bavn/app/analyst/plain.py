"""Answers of the store as plain values, as JSON has them: addresses as text, times as ISO text in UTC.

Refuses to show them.
"""

import math
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pyarrow as pa

from bavn.model.record import address_text


def columns_of(rows: pa.Table) -> tuple[list[str], list[list[Any]]]:
    """Names (made unique) and columns of plain values: addresses as text, times as ISO text in UTC."""
    names: list[str] = []
    for name in rows.column_names:
        count, wanted = 1, str(name)
        while wanted in names:
            count += 1
            wanted = f"{name}_{count}"
        names.append(wanted)
    return names, [[plain(value) for value in column.to_pylist()] for column in rows.columns]


def plain(value: Any) -> Any:
    """A value as JSON has it."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, UUID):
        return address_text(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, datetime):
        return value.replace(tzinfo=None).isoformat() + "Z"
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, dict):
        return {str(name): plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    return str(value)
