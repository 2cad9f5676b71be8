"""The rows that a suspicion rests on, and those around it, asked of a window of the store.

A suspicion that was made from a roll-up is shown the records under it. Bounded: at most so many rows of a table, and
whether there are more. Refuses to judge a row, and to change one.
"""

from dataclasses import dataclass
from ipaddress import ip_network
from typing import Any, Final

import pyarrow as pa

from bavn.actor.evidence.ends import Ends, named_by
from bavn.model.ports import Window
from bavn.model.record import TABLES, address_uuid, range_uuids
from bavn.model.suspicion import RowsRef, Suspicion

NAMES: Final = {"dns": "rrname", "tls": "sni", "http": "host"}
"""Where a record of this type names its peer."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of one table by time, the first so many; ``more``: there are others."""

    table: str
    found: pa.Table
    more: bool


@dataclass(frozen=True, slots=True)
class TableFilter:
    """A condition over one table, with its parameters."""

    table: str
    where: str
    parameters: dict[str, Any]


def rests_on(window: Window, suspicion: Suspicion, rows_max: int) -> list[Rows]:
    """What the suspicion was made from: one entry for each table that has any; empty where all is forgotten."""
    return _rows(window, filter_of(suspicion.rows), rows_max)


def around(window: Window, ends: Ends, rows_max: int) -> list[Rows]:
    """All records in the window between these ends, in every table: by address, and by name where the host named its
    peer. Without a known peer: all of the host's."""
    return _rows(window, [_between(table, ends) for table in TABLES if _has_ends(table)], rows_max)


def filter_of(ref: RowsRef) -> list[TableFilter]:
    """The conditions over records that a reference stands for. ValueError for a table nobody knows."""
    given = dict(ref.equals)
    name = next((str(given[side]) for side in ("dst", "src") if side in given and not _is_place(given[side])), None)
    if name is not None:  # a peer that is known by its name alone: whichever record names it
        rest = {column: value for column, value in given.items() if str(value) != name and column == "src"}
        return [_equal(table, rest | {"name": name}) for table in NAMES]
    if ref.table == "pair_hour":
        return [_equal("flow", given)]
    if ref.table == "name_hour":
        kind = given.pop("kind", None)
        tables = NAMES if kind is None else {str(kind): NAMES[str(kind)]}
        return [_equal(table, given) for table in tables]
    if ref.table not in TABLES:
        raise ValueError(f"no record type is called {ref.table!r}")
    return [_equal(ref.table, given)]


def _rows(window: Window, conditions: list[TableFilter], rows_max: int) -> list[Rows]:
    tables = []
    for condition in conditions:
        table = window.arrow(
            f"SELECT * FROM {condition.table} WHERE {condition.where} ORDER BY ALL LIMIT {rows_max + 1}",
            condition.parameters,
        )
        if table.num_rows:
            tables.append(Rows(condition.table, table.slice(0, rows_max), table.num_rows > rows_max))
    return tables


def _equal(table: str, given: dict[str, str | int]) -> TableFilter:
    parts: list[str] = []
    parameters: dict[str, Any] = {}
    types = {column.name: column.type for column in TABLES[table]}
    for number, (column, value) in enumerate(sorted(given.items())):
        name = f"p{number}"
        if column in ("name", "domain"):
            part, more = named_by(NAMES[table], [str(value)], name)
        elif column not in types:
            raise ValueError(f"{table} has no column {column!r}")
        elif types[column] == "UUID":
            part, more = _address(column, str(value), name)
        else:
            part, more = f'"{column}" = ${name}', {name: value}
        parts.append(part)
        parameters |= more
    return TableFilter(table, " AND ".join(parts) or "TRUE", parameters)


def _is_place(value: str | int) -> bool:
    """An address or a network."""
    try:
        ip_network(str(value), strict=False)
    except ValueError:
        return False
    return True


def _address(column: str, value: str, name: str) -> tuple[str, dict[str, Any]]:
    if "/" in value:
        low, high = range_uuids(value)
        return f'"{column}" BETWEEN ${name}l::UUID AND ${name}h::UUID', {f"{name}l": str(low), f"{name}h": str(high)}
    return f'"{column}" = ${name}::UUID', {name: str(address_uuid(value))}


def _has_ends(table: str) -> bool:
    return any(column.name == "dst" for column in TABLES[table])


def _between(table: str, ends: Ends) -> TableFilter:
    host = str(address_uuid(ends.host))
    parameters: dict[str, Any] = {"host": host}
    if ends.anybody:
        return TableFilter(table, "(src = $host::UUID OR dst = $host::UUID)", parameters)
    either = []
    if ends.peers:
        parameters["peers"] = [str(address_uuid(peer)) for peer in ends.peers]
        peers = "(SELECT unnest($peers)::UUID)"
        either.append(f"(src = $host::UUID AND dst IN {peers}) OR (dst = $host::UUID AND src IN {peers})")
    if ends.names and table in NAMES:
        named, more = named_by(NAMES[table], list(ends.names), "name")
        parameters |= more
        either.append(f"src = $host::UUID AND {named}")
    if not either:
        return TableFilter(table, "FALSE AND src = $host::UUID", parameters)
    return TableFilter(table, "(" + ") OR (".join(either) + ")", parameters)
