"""What a release promises to who upgrades from it, read out of the code: tables, settings and commands.

    python -m tests.packaging.released

writes it for the version of pyproject.toml; a release does it once, and nobody changes it afterwards.
"""

import ast
import hashlib
import importlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bavn import __version__
from bavn.centre.store import schema
from bavn.wire.book import NO_STEPS

ROOT = Path(__file__).resolve().parents[2]
RELEASED = Path(__file__).with_name("released")
REFERENCE = ROOT / "docs/reference"


@dataclass(frozen=True)
class Part:
    """A part of a book as a module makes it."""

    name: str
    version: int
    statements: tuple[str, ...]
    steps: Mapping[int, Sequence[str]]


def parts() -> dict[str, Part]:
    """All parts of all books, by module and name."""
    found = {}
    for path in sorted((ROOT / "bavn").rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        if ".part(" in text:
            module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            found |= {f"{module}:{part.name}": part for part in _parts_in(module, ast.parse(text))}
    return found


def _parts_in(module: str, tree: ast.Module) -> Iterator[Part]:
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "part"):
            continue
        match node.args:
            case [ast.Constant(value=str(name)), ast.Constant(value=int(version)), statements, *steps]:
                names = _imported(tree) | vars(importlib.import_module(module))
                made = [eval(ast.unparse(each), names) for each in (statements, *steps)]
                yield Part(name, version, tuple(made[0]), made[1] if steps else NO_STEPS)


def _imported(tree: ast.Module) -> dict[str, Any]:
    """What a module imports within its functions from others of Bavn's."""
    asked = [
        node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("bavn")
    ]
    pairs = [(importlib.import_module(str(node.module)), alias.name) for node in asked for alias in node.names]
    return {name: getattr(module, name) for module, name in pairs if hasattr(module, name)}


def settings() -> dict[str, list[str]]:
    """Each file's settings as `[section] name`."""
    found: dict[str, list[str]] = {}
    file = section = ""
    for line in (REFERENCE / "configuration.md").read_text(encoding="utf-8").splitlines():
        if match := re.match(r"## (\S+\.toml)", line):
            file, section = match[1], ""
        elif match := re.match(r"### `(\[.*\])`", line):
            section = match[1]
        elif file and (match := re.match(r"\| `([a-z0-9_]+)` \|", line)):
            found.setdefault(file, []).append(f"{section} {match[1]}")
    return found


def commands() -> list[str]:
    """Every command with a heading of its own."""
    text = (REFERENCE / "commands.md").read_text(encoding="utf-8")
    return re.findall(r"^#{2,4} `(bavn [^`]+)`$", text, re.MULTILINE)


def revisions() -> dict[str, str]:
    """The files that bring a centre's database up, with the SHA-256 of each."""
    files = sorted((schema.MIGRATIONS / "versions").glob("r*.py"))
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def promised() -> dict[str, Any]:
    """What this version promises."""
    books = {key: {"version": part.version, "statements": part.statements} for key, part in parts().items()}
    return {"books": books, "commands": commands(), "revisions": revisions(), "settings": settings()}


if __name__ == "__main__":
    RELEASED.mkdir(exist_ok=True)
    (RELEASED / f"{__version__}.json").write_text(json.dumps(promised(), indent=1, sort_keys=True) + "\n")
