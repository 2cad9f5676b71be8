"""The page of refusals: each small rule that says no, as the ledger names it, and the reasons that it gives.

Read out of the source (`Refused("rule", "reason")`), so nothing is said twice. Refuses to know when a rule applies.
"""

import ast
import importlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

HEAD: Final = """# Refusals

For whoever reads in a ledger, an answer or a count that a rule refused something: what the rule says. Every item at a
gate has one outcome, and a refusal is one line with its rule and its reason (`bavn node ledger`, `bavn centre ledger`).
Braces stand for facts of the case. This page is made from the code (`script/docs`).
"""
PARTS: Final = (
    ("Gate 1: out of an actor, and what it takes in of the centre", ("actor/door",)),
    ("Gate 2: into the centre", ("centre/inbox", "centre/correlate", "centre/desk", "centre/books")),
    ("Gate 3: out of the centre", ("centre/share",)),
    ("Gate 4: into an actor", ("actor/protect",)),
    ("The key holder", ("keyholder", "psi")),
    ("A witness of the centre's log", ("tlog",)),
    ("Members, cases and sources", ("centre/members", "centre/cases", "centre/node", "model")),
    ("Envelopes, parcels and links", ("wire",)),
    ("Objects of partners, and what is read from outside", ("wire/partners", "actor/detect", "app")),
)


@cache
def refusal_page() -> str:
    """The whole page: a table for each part, a row for each rule."""
    every = sorted(set(refusals()))
    lines = [HEAD]
    for title, rooms in PARTS:
        rows: dict[str, list[str]] = {}
        for room, rule, reason in every:
            if part_of(room) in rooms:
                rows.setdefault(rule, []).append(reason.replace("|", "\\|"))
        lines += [f"## {title}", "", "| rule | says |", "|---|---|"]
        lines += [f"| `{rule}` | {'; '.join(sorted(set(reasons)))} |" for rule, reasons in sorted(rows.items())]
        lines += [""]
    return "\n".join(lines)


def part_of(path: str) -> str:
    """The longest of the parts' rooms that the file lies in; nothing where none is (a test looks)."""
    rooms = [room for _, rooms in PARTS for room in rooms if path.startswith(f"{room}/")]
    return max(rooms, key=len, default="")


def refusals() -> Iterator[tuple[str, str, str]]:
    """(file below the package, rule, reason) of each refusal that is written out."""
    package = Path(__file__).resolve().parents[2]
    for file in sorted(package.rglob("*.py")):
        text = file.read_text(encoding="utf-8")
        if "Refused(" not in text:
            continue
        below = str(file.relative_to(package))
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Refused":
                words = [_word(value, below) for value in node.args[:2]]
                if len(words) == len(node.args[:2]) == 2 and words[0] and words[1]:
                    yield below, words[0], words[1]


def _word(value: ast.expr, below: str) -> str:
    """A word as it is written, or a constant of that module by its name; nothing of what is known only as it runs."""
    if isinstance(value, ast.Constant):
        return str(value.value)
    if isinstance(value, ast.Name) and value.id.isupper():
        module = importlib.import_module("bavn." + below.removesuffix(".py").replace("/", "."))
        return str(getattr(module, value.id))
    return ""
