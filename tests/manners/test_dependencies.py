"""What the package asks an installation to bring is what the package uses: nothing is carried for the tests alone."""

import ast
import re
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

ROOT = Path(__file__).parents[2]
BY_NAME = {
    "psycopg": "SQLAlchemy loads it by the database's address",
    "pymispwarninglists": "its files are read, its code is not",
}


def imported() -> set[str]:
    """The top names of all that the package imports, wherever in a file it does."""
    names: set[str] = set()
    for folder in ("bavn", "bavn_lab"):
        for file in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_bytes())):
                if isinstance(node, ast.Import):
                    names |= {alias.name.split(".")[0] for alias in node.names}
                elif isinstance(node, ast.ImportFrom) and node.module:
                    names.add(node.module.split(".")[0])
    return names


def plain(distribution: str) -> str:
    return re.sub(r"[-_.]+", "-", distribution).lower()


def test_every_dependency_is_imported_by_the_package() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = [line for role in ("guard", "node", "centre") for line in project["optional-dependencies"][role]]
    asked = [*project["dependencies"], *(line for line in extras if not line.startswith("bavn["))]
    wanted = {plain(re.split(r"[\[<>=~! ]", line)[0]) for line in asked}
    names = imported()
    there = {plain(one) for name, ones in packages_distributions().items() if name in names for one in ones}
    assert wanted - there == set(BY_NAME)
