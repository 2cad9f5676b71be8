"""Where the source of the product makes gates and rules, and which of these a test has met: none is forgotten."""

import ast
import sys
from pathlib import Path

import bavn
from bavn.wire.gate import Gate, Rule

ROOT = Path(bavn.__file__).parent.parent
HOME = "bavn/wire/gate.py"


class Made:
    """Gates and rules as they are made while it is entered, each with the line that makes it."""

    def __init__(self):
        self.gates, self.where, self._kept = [], {}, []

    def __enter__(self):
        self._inits = {kind: kind.__init__ for kind in (Gate, Rule)}
        for kind, init in self._inits.items():
            kind.__init__ = self._noting(init)
        return self

    def __exit__(self, *_):
        for kind, init in self._inits.items():
            kind.__init__ = init

    def _noting(self, init):
        def noting(thing, *given, **more):
            init(thing, *given, **more)
            self._kept.append(thing)  # no other gets its id
            self.where[id(thing)] = _line()
            if isinstance(thing, Gate):
                self.gates.append(thing)

        return noting

    def lines(self, gates):
        """(file, line) of these gates and of all their rules."""
        return {self.where[id(thing)] for gate in gates for thing in (gate, *gate.rules)}


def _line():
    """Of the product's own code, outside the gate, that is at work."""
    frame = sys._getframe(2)
    while frame is not None:
        file = Path(frame.f_code.co_filename)
        if file.is_relative_to(ROOT / "bavn") and file != ROOT / HOME:
            return file.relative_to(ROOT).as_posix(), frame.f_lineno
        frame = frame.f_back
    return "a test", 0


def places(*folders):
    """Every call in these folders that makes a gate or a rule: (file, first line, last line, how it reads)."""
    found = []
    for folder in folders:
        for file in [ROOT / folder] if folder.endswith(".py") else sorted((ROOT / folder).rglob("*.py")):
            if file != ROOT / HOME:
                found += places_in(file.relative_to(ROOT).as_posix(), file.read_text(encoding="utf-8"))
    return found


def places_in(name, source):
    """The same of one file. A class of its own below Gate or Rule stands among them: it is made nowhere else."""
    tree = ast.parse(source)
    names = {kind: kind for kind in ("Gate", "Rule")} if _in_module(tree) else {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "bavn.wire.gate":
            names |= {alias.asname or alias.name: alias.name for alias in node.names if alias.name in ("Gate", "Rule")}
    found = []
    for node in ast.walk(tree):
        heads = node.bases if isinstance(node, ast.ClassDef) else [node.func] if isinstance(node, ast.Call) else []
        for head in heads:
            kind = _kind(head, names)
            if kind is not None:
                words = ast.unparse(node).partition("\n")[0][:80]
                found.append((name, node.lineno, node.end_lineno, words))
    return found


def _in_module(tree):
    """Whether the gate's whole module is imported: then its kinds are reached by attribute."""
    return any(
        (isinstance(node, ast.ImportFrom) and node.module == "bavn.wire" and any(a.name == "gate" for a in node.names))
        or (isinstance(node, ast.Import) and any(a.name == "bavn.wire.gate" for a in node.names))
        for node in ast.walk(tree)
    )


def _kind(head, names):
    head = head.value if isinstance(head, ast.Subscript) else head
    if isinstance(head, ast.Attribute):
        return head.attr if head.attr in names and names[head.attr] == head.attr else None
    return names.get(head.id) if isinstance(head, ast.Name) else None


def not_met(every, lines):
    """The places none of whose lines was met, as a person finds them."""
    return [
        f"{file}:{first} {words}"
        for file, first, last, words in every
        if not any(name == file and _innermost(every, name, line) == (first, last) for name, line in lines)
    ]


def _innermost(every, file, line):
    """A rule may be made inside the call that makes its gate: the line is that of the smaller of the two."""
    around = [(first, last) for name, first, last, _ in every if name == file and first <= line <= last]
    return min(around, key=lambda span: span[1] - span[0], default=None)
