"""A room's tables are its own: who wants to know something of them asks the room by a function of it.

A room is a folder of the centre; the tables of `books` are those of its step and its desk. What still reaches into
another's tables is named here, and the list can only shrink.
"""

import ast
import importlib
from pathlib import Path

import pytest
from sqlalchemy import Table

ROOT = Path(__file__).resolve().parents[2]
CENTRE = ROOT / "bavn/centre"
STEP = ("bavn.centre.node", "bavn.centre.desk")
STILL = {
    "desk/lead_pages.py": {"cases"},  # a page of leads is picked by where their cases stand, in one question
    "desk/leaving.py": {"cases", "members", "share"},  # the list of all that is deleted of an actor, in one transaction
    "node/intel_hits.py": {"cases", "share"},  # proposals joined with what actors said of them
}
"""Who in the centre reaches in, and into which rooms."""


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


def test_no_room_of_the_centre_takes_anothers_tables_but_where_it_still_does() -> None:
    assert reaching(CENTRE) == STILL


def test_who_takes_a_table_is_seen(tmp_path) -> None:
    file = tmp_path / "looking.py"
    file.write_text("from bavn.centre.cases.tables import AUDIT\nfrom bavn.centre.books import tables as t\n")
    assert reached(file, "bavn.app.looking") == {"bavn.centre.cases", "bavn.centre.books"}
    assert reached(file, "bavn.centre.cases.looking") == {"bavn.centre.books"}
    assert reached(file, "bavn.centre.desk.looking") == {"bavn.centre.cases"}
    file.write_text("from bavn.centre.cases import audit\nfrom bavn.centre.cases.tables import GENESIS\n")
    assert reached(file, "bavn.app.looking") == set()
