"""A room's tables are its own: who wants to know something of them asks the room by a function of it.

A room is a folder of a wing or of the services; the tables of `books` are those of the centre's step and its desk.
"""

import ast
import importlib
import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from sqlalchemy import Table

ROOT = Path(__file__).resolve().parents[2]
CENTRE = ROOT / "bavn/centre"
STEP = ("bavn.centre.node", "bavn.centre.desk")


def room(module: str) -> str:
    """bavn.centre.cases.audit -> bavn.centre.cases; bavn.app.web.sac.audit -> bavn.app."""
    parts = module.split(".")
    return ".".join(parts[:3] if parts[:2] == ["bavn", "centre"] else parts[:2])


def tables_of(name: str, wanted: str | None = None) -> bool:
    """Whether a module, or what it calls ``wanted``, is tables or a table."""
    try:
        module = importlib.import_module(name)
    except ImportError:
        return False
    if wanted is None:
        return any(isinstance(value, Table) for value in vars(module).values()) and name.endswith("tables")
    return isinstance(getattr(module, wanted, None), Table)


def reached(path: Path, module: str) -> set[str]:
    """The rooms whose tables a file takes."""
    found = set()
    for node in ast.walk(ast.parse(path.read_bytes())):
        if not isinstance(node, ast.ImportFrom) or not (node.module or "").startswith("bavn.centre"):
            continue
        for alias in node.names:
            whole = f"{node.module}.{alias.name}"
            if tables_of(whole) or tables_of(node.module, alias.name):
                found.add(room(node.module if tables_of(node.module, alias.name) else whole))
    own = {room(module), *(["bavn.centre.books"] if room(module) in STEP else [])}
    return found - own


def reaching(folder: Path) -> dict[str, set[str]]:
    return {
        str(path.relative_to(folder)): {owner.removeprefix("bavn.centre.") for owner in owners}
        for path in sorted(folder.rglob("*.py"))
        if "migrations" not in path.parts
        if (owners := reached(path, ".".join(path.relative_to(ROOT).with_suffix("").parts)))
    }


@pytest.mark.parametrize("folder", ["bavn/app", "bavn/rehearsal", "bavn_lab"])
def test_no_service_takes_a_table_of_the_centre(folder) -> None:
    assert reaching(ROOT / folder) == {}


def test_no_room_of_the_centre_takes_anothers_tables() -> None:
    assert reaching(CENTRE) == {}


def test_who_takes_a_table_is_seen(tmp_path) -> None:
    file = tmp_path / "looking.py"
    file.write_text("from bavn.centre.cases.tables import AUDIT\nfrom bavn.centre.books import tables as t\n")
    assert reached(file, "bavn.app.looking") == {"bavn.centre.cases", "bavn.centre.books"}
    assert reached(file, "bavn.centre.cases.looking") == {"bavn.centre.books"}
    assert reached(file, "bavn.centre.desk.looking") == {"bavn.centre.cases"}
    file.write_text("from bavn.centre.cases import audit\nfrom bavn.centre.cases.tables import GENESIS\n")
    assert reached(file, "bavn.app.looking") == set()


CREATES = re.compile(r"CREATE (?:TEMP(?:ORARY)? )?TABLE (?:IF NOT EXISTS )?(\w+)")
NAMES = re.compile(r"\b(?:FROM|JOIN|INTO|UPDATE)\s+\"?([a-z_]\w*)")
WITHIN = re.compile(r"(\w+)(?:\s*\([\w, ]*\))? AS (?:MATERIALIZED )?\(")
"""A name that a question gives to a part of itself is no table."""


def room_of(path: Path) -> str:
    """bavn/actor/door/rounds/x.py -> actor/door; what lies beside rooms is of its wing."""
    parts = path.relative_to(ROOT / "bavn").parts
    return "/".join(parts[:2] if parts[0] in ("actor", "centre", "app") and len(parts) > 2 else parts[:1])


def sentences(tree: ast.AST) -> Iterator[str]:
    """Texts as they stand, an f-string as one with its holes."""
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield "".join(part.value if isinstance(part, ast.Constant) else "{}" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


@cache
def code() -> dict[Path, ast.Module]:
    files = sorted((ROOT / "bavn").rglob("*.py"))
    return {path: ast.parse(path.read_bytes()) for path in files if "migrations" not in path.parts}


@cache
def owners() -> dict[str, set[str]]:
    """Table -> the rooms that make one of this name."""
    made: dict[str, set[str]] = defaultdict(set)
    for path, tree in code().items():
        for text in sentences(tree):
            for name in CREATES.findall(text):
                made[name].add(room_of(path))
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Table" and node.args:
                first = (arg.value for arg in node.args if isinstance(arg, ast.Constant))
                made[str(next(first, ""))].add(room_of(path))
    return made


def read_elsewhere(tree: ast.AST, room: str) -> set[str]:
    """Tables of other rooms that the SQL of a file names."""
    found = set()
    for text in sentences(tree):
        if re.search(r"\b(SELECT|INSERT|DELETE|UPDATE)\b", text):
            found |= {n for n in NAMES.findall(text) if room not in owners().get(n, {room})} - set(WITHIN.findall(text))
    return found


def test_no_question_in_sql_names_a_table_of_another_room() -> None:
    found = {str(path): read_elsewhere(tree, room_of(path)) for path, tree in code().items()}
    assert {path: names for path, names in found.items() if names} == {}
    assert len(owners()) > 150


@pytest.mark.parametrize(
    ("sql", "found"),
    [
        ('"SELECT count(*) FROM protect_item"', {"protect_item"}),
        ('f"SELECT {x} FROM door_wish JOIN protect_item"', {"door_wish", "protect_item"}),
        ('"WITH ledger AS (SELECT 1) SELECT * FROM ledger"', set()),
        ('"it is read from ledger"', set()),
    ],
)
def test_a_question_to_anothers_table_is_seen(sql, found) -> None:
    assert read_elsewhere(ast.parse(sql), "app/web") == found
