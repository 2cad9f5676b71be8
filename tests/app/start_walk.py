"""What a function that builds a service calls, found by reading it: for walks that break each of these in turn.

A part that somebody adds to it is in the walk by that alone.
"""

import ast
import inspect
import sys
import textwrap
from dataclasses import dataclass
from types import ModuleType


@dataclass(frozen=True, order=True)
class Called:
    """A class or function of Bavn's own: the module in which the name is looked up, and the name."""

    module: str
    name: str


class Broken:
    """In place of a class or a function: whatever is done with it fails, and that is counted."""

    def __init__(self, error=None):
        self.tries, self._error = 0, error or RuntimeError("nobody foresaw this")

    def __call__(self, *_, **__):
        self.tries += 1
        raise self._error

    def __getattr__(self, _):
        return self


class _Names(ast.NodeVisitor):
    """Names that a body loads, and what it imports; annotations are none of it."""

    def __init__(self):
        self.loaded, self.imported = set(), {}

    def visit_ImportFrom(self, node):
        for one in node.names:
            self.imported[one.asname or one.name] = (node.module, one.name)

    def visit_Name(self, node):
        if isinstance(node.ctx, ast.Load):
            self.loaded.add(node.id)

    def visit_AnnAssign(self, node):
        if node.value is not None:
            self.visit(node.value)

    def visit_arguments(self, node):
        for default in (*node.defaults, *node.kw_defaults):
            if default is not None:
                self.visit(default)

    def visit_FunctionDef(self, node):
        self.visit(node.args)
        for line in node.body:
            self.visit(line)

    def visit_Call(self, node):
        if ast.unparse(node.func) != "isinstance":
            self.generic_visit(node)


def called_by(function, *within: ModuleType) -> set[Called]:
    """Everything of Bavn's own that it may call, also through functions of the modules ``within``; no error class."""
    names = {module.__name__ for module in within}
    found, waiting, seen = set(), [function], set()
    while waiting:
        here = waiting.pop()
        if here in seen:
            continue
        seen.add(here)
        body = _Names()
        body.visit(ast.parse(textwrap.dedent(inspect.getsource(here))).body[0])
        module = sys.modules[here.__module__]
        for name in body.loaded:
            where, theirs = body.imported.get(name, (module.__name__, name))
            if where != module.__name__:
                __import__(where)
            what = getattr(sys.modules[where], theirs, None)
            what = getattr(what, "__wrapped__", what)
            ours = getattr(what, "__module__", "") or ""
            if not (inspect.isclass(what) or inspect.isfunction(what)) or not ours.startswith("bavn."):
                continue
            if inspect.isfunction(what) and ours in names:
                waiting.append(what)
            elif not (inspect.isclass(what) and issubclass(what, BaseException)):
                found.add(Called(where, theirs))
    return found
