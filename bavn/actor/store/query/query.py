"""What a query may be: one SELECT over the window's own tables, with functions that only compute.

DuckDB parses it; the tree it gives is walked and everything not known to be harmless is refused with a reason. The
engine below is locked as well (engine.py): two walls, neither trusting the other. Refuses to run anything.

Detectors ask the same again and again, so what was admitted is remembered by its text; a refusal is not.
"""

import json
import threading
from collections.abc import Iterator
from typing import Any, Final

from bavn.actor.store.query.functions import ALLOWED_FUNCTIONS
from bavn.model.ports import QueryRefused

TABLE_FUNCTIONS: Final = frozenset({"range", "generate_series", "unnest", "repeat_row"})

# Said apart from what is only not allowed (functions.py), so that no list made anew lets them in.
FORBIDDEN_FUNCTIONS: Final = frozenset(
    {
        # read or change what is not the query's: settings, variables, sequences, logs, other SQL
        "current_setting",
        "getvariable",
        "set_config",
        "nextval",
        "currval",
        "setval",
        "setseed",
        "write_log",
        "current_query",
        "json_serialize_plan",
        "json_serialize_sql",
        "json_deserialize_sql",
        "parse_duckdb_log_message",
        "query",
        "query_table",
        "in_search_path",
        "error",
        "stats",
        "vector_type",
        "create_sort_key",
        "sleep_ms",
        # answer differently at another time: the same question over the same rows has the same answer
        "random",
        "uuid",
        "uuidv4",
        "uuidv7",
        "gen_random_uuid",
        "now",
        "today",
        "current_date",
        "get_current_time",
        "get_current_timestamp",
        "current_localtime",
        "current_localtimestamp",
        "transaction_timestamp",
        "txid_current",
        "current_connection_id",
        "current_query_id",
        "current_transaction_id",
    }
)

FORBIDDEN_WORDS: Final = frozenset(
    {
        "current_date",
        "current_time",
        "current_timestamp",
        "localtime",
        "localtimestamp",
        "user",
        "current_user",
        "session_user",
        "current_role",
        "current_catalog",
        "current_schema",
    }
)
"""The same, written without brackets."""

GROWTH_MAX: Final = 100_000
GROWING_FUNCTIONS: Final = {
    "repeat": (1,),
    "lpad": (1,),
    "rpad": (1,),
    "list_resize": (1,),
    "array_resize": (1,),
    "range": (0, 1, 2),
    "generate_series": (0, 1, 2),
    "to_base": (2,),
    "bitstring": (1,),
    "bar": (3,),
}
"""Functions that make a large value out of a number, past the engine's memory bound: which arguments must be numbers
written out and no larger than GROWTH_MAX."""
FORMATTING_FUNCTIONS: Final = frozenset({"printf", "format"})
_FORMAT_LENGTH_MAX: Final = 1000
_WIDTH_DIGITS_MAX: Final = 4

_NODES: Final = frozenset(
    {
        "SELECT_NODE",
        "SET_OPERATION_NODE",
        "RECURSIVE_CTE_NODE",
        "CTE_NODE",
        "BASE_TABLE",
        "JOIN",
        "SUBQUERY",
        "TABLE_FUNCTION",
        "EXPRESSION_LIST",
        "EMPTY",
        "PIVOT",
    }
)
_RESERVED_PREFIXES: Final = ("_", "duckdb_", "pg_", "sqlite_", "pragma_", "information_schema")

REMEMBERED_MAX: Final = 256
REMEMBERED_CHARS_MAX: Final = 20_000
"""So many admitted queries are remembered, each of at most so many characters: 5 MB."""
_admitted: dict[tuple[str, frozenset[str]], frozenset[str]] = {}
_admitting: Final = threading.Lock()


def admit(cursor: Any, sql: str, tables: frozenset[str], chars_max: int) -> frozenset[str]:
    """The tables (of ``tables``, lower case) that the query reads. Raises QueryRefused with the reason."""
    if len(sql) > chars_max:
        raise QueryRefused(f"the query has {len(sql)} characters; {chars_max} are allowed")
    with _admitting:
        read = _admitted.get((sql, tables))
    if read is None:
        read = _walked(cursor, sql, tables)
        if len(sql) <= REMEMBERED_CHARS_MAX:
            with _admitting:
                while len(_admitted) >= REMEMBERED_MAX:
                    del _admitted[next(iter(_admitted))]
                _admitted[sql, tables] = read
    return read


def _walked(cursor: Any, sql: str, tables: frozenset[str]) -> frozenset[str]:
    """What the tree of the query says that it reads. QueryRefused for what is not known to be harmless."""
    tree = _parsed(cursor, sql)
    nodes = list(_dicts(tree))
    own = {str(name).casefold() for node in nodes for name in _cte_names(node)}
    for name in own:
        if name.startswith(_RESERVED_PREFIXES):
            raise QueryRefused(f"no WITH name may begin like {name!r}")
    read: set[str] = set()
    for node in nodes:
        if "sample" in node and node.get("type") not in _NODES:
            raise QueryRefused(f"{node.get('type')} is not allowed in a query")
        if node.get("sample") is not None:
            raise QueryRefused("a sample differs from one time to the next")
        if node.get("type") == "BASE_TABLE":
            read.add(_table(node, tables, own))
        elif node.get("type") == "TABLE_FUNCTION":
            _table_function(node)
        elif "function_name" in node:
            _function(node)
        elif node.get("type") == "COLUMN_REF":
            _column(node)
    return frozenset(read & tables)


def _parsed(cursor: Any, sql: str) -> dict[str, Any]:
    try:
        text = cursor.execute("SELECT json_serialize_sql(CAST($1 AS VARCHAR))", [sql]).fetchall()[0][0]
        tree = json.loads(text)
    except RecursionError as error:
        raise QueryRefused("the query is nested too deeply") from error
    except Exception as error:  # whatever the parser says, the query is at fault
        raise QueryRefused(f"the query cannot be read: {error}") from error
    if not isinstance(tree, dict) or tree.get("error") is not False:
        said = tree.get("error_message") if isinstance(tree, dict) else None
        raise QueryRefused(f"only one SELECT may be asked: {said}")
    if len(tree.get("statements", ())) != 1:
        raise QueryRefused("exactly one SELECT may be asked")
    return tree


def _dicts(tree: Any) -> Iterator[dict[str, Any]]:
    """Every node of the tree; the arguments' function of a table function is not one of its own."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            yield node
            function = node.get("function") if node.get("type") == "TABLE_FUNCTION" else None
            if isinstance(function, dict):
                waiting.extend(value for value in function.values() if isinstance(value, dict | list))
                waiting.extend(v for k, v in node.items() if k != "function" and isinstance(v, dict | list))
            else:
                waiting.extend(value for value in node.values() if isinstance(value, dict | list))
        elif isinstance(node, list):
            waiting.extend(node)


def _cte_names(node: dict[str, Any]) -> Iterator[str]:
    entries = node.get("cte_map")
    if isinstance(entries, dict):
        for entry in entries.get("map", ()):
            yield entry["key"]
    if node.get("type") in ("CTE_NODE", "RECURSIVE_CTE_NODE"):
        yield node.get("cte_name", "")


def _table(node: dict[str, Any], tables: frozenset[str], own: set[str]) -> str:
    path = node.get("qualified_name", {}).get("path", [node.get("table_name")])
    name = str(node.get("table_name")).casefold()
    if len(path) != 1 or node.get("schema_name") or node.get("catalog_name"):
        raise QueryRefused(f"tables are named without a schema: {'.'.join(map(str, path))}")
    if name not in tables and name not in own:
        raise QueryRefused(f"there is no table {name!r} in a window; there are {', '.join(sorted(tables))}")
    return name


def _table_function(node: dict[str, Any]) -> None:
    name = str(node.get("function", {}).get("function_name")).casefold()
    if name not in TABLE_FUNCTIONS:
        raise QueryRefused(f"the table function {name} is not allowed")


def _function(node: dict[str, Any]) -> None:
    name = str(node["function_name"]).casefold()
    if name in FORBIDDEN_FUNCTIONS or name not in ALLOWED_FUNCTIONS:
        raise QueryRefused(f"the function {name} is not allowed")
    arguments = node.get("arguments", ())
    if name in FORMATTING_FUNCTIONS:
        _format(name, arguments)
    for at in GROWING_FUNCTIONS.get(name, ()):
        if at < len(arguments):
            text = _constant(arguments[at])
            if text is None or not text.lstrip("-").isdecimal() or int(text) > GROWTH_MAX:
                raise QueryRefused(f"{name}: a size must be a number written out, at most {GROWTH_MAX}")


def _column(node: dict[str, Any]) -> None:
    names = [str(name).casefold() for name in node.get("column_names", ())]
    if len(names) == 1 and names[0] in FORBIDDEN_WORDS:
        raise QueryRefused(f"{names[0]} is not allowed: the same question has the same answer")


def _format(name: str, arguments: Any) -> None:
    text = _constant(arguments[0]) if arguments else None
    digits = 0
    for letter in text or "":
        digits = digits + 1 if letter.isdecimal() else 0
        if digits > _WIDTH_DIGITS_MAX:
            break
    if text is None or len(text) > _FORMAT_LENGTH_MAX or digits > _WIDTH_DIGITS_MAX or "*" in text or "{}}" in text:
        raise QueryRefused(f"{name}: the format must be written out, and short")


def _constant(argument: dict[str, Any]) -> str | None:
    value = argument.get("expression", argument)
    literal = value.get("literal") if value.get("class") == "CONSTANT" else None
    return None if not isinstance(literal, dict) else str(literal.get("text"))
