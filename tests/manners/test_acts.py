"""What people do is declared once: each act has a route and a command, and both ask for the right beside it."""

import ast
import importlib
import pkgutil
import re
from pathlib import Path

import pytest
import typer

import bavn
import bavn.app.acts
from bavn.app.acts.act import Act
from bavn.app.cli.main import app
from bavn.app.web.sides import bare_app

ROOT = Path(bavn.__file__).parent


def declared():
    """``centre.sources.add`` -> the act."""
    found = {}
    for module in pkgutil.walk_packages(bavn.app.acts.__path__, "bavn.app.acts."):
        for name, value in vars(importlib.import_module(module.name)).items():
            if isinstance(value, Act):
                found[f"{module.name.removeprefix('bavn.app.acts.')}.{name}"] = value
    return found


ACTS = declared()


@pytest.fixture(scope="module")
def routes():
    """Each act that a route asks the right of, and the right it asks for."""
    calls = [
        dependency.call
        for side in ("sac", "soc")
        for router in bare_app(side).state.routers
        for route in router.routes
        for dependency in getattr(route, "dependant", None).dependencies
    ]
    return [(call.what, call.right) for call in calls if isinstance(getattr(call, "what", None), Act)]


@pytest.fixture(scope="module")
def commands():
    """The same of commands, which ask by ``--by``."""

    def options(group):
        for command in group.commands.values():
            yield from options(command) if hasattr(command, "commands") else command.params

    callbacks = [one.callback for one in options(typer.main.get_command(app)) if "--by" in one.opts]
    also = [(ACTS[name], ACTS[name].right) for name in asked_for_later()]
    return [(one.what, one.right) for one in callbacks if hasattr(one, "what")] + also


@pytest.mark.parametrize("name", ACTS)
def test_an_act_has_a_route_and_a_command_that_ask_for_its_right(name, routes, commands) -> None:
    act = ACTS[name]
    for skin in (routes, commands):
        expected = set() if skin is routes and act.by_command_alone else {act.right}
        assert {right for what, right in skin if what is act} == expected
    assert act.__doc__


def functions():
    """Each function of the skins: its file, its own nodes, how it calls acts (``acts`` -> ``centre.cases``), and what
    its parameters say, aliases of the module unfolded."""
    for folder in ("web", "cli"):
        for file in sorted((ROOT / "app" / folder).rglob("*.py")):
            tree = ast.parse(file.read_text(encoding="utf-8"))
            known = {
                one.asname or one.name: f"{node.module.removeprefix('bavn.app.acts.')}.{one.name}"
                for node in ast.walk(tree)
                if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("bavn.app.acts.")
                for one in node.names
            }
            aliases = {
                node.targets[0].id: ast.unparse(node.value)
                for node in tree.body
                if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
            }
            for function in ast.walk(tree):
                if isinstance(function, ast.FunctionDef):
                    inner = [one for one in ast.walk(function) if isinstance(one, ast.FunctionDef)][1:]
                    beyond = {node for one in inner for node in ast.walk(one)}
                    parameters = ast.unparse(function.args)
                    named = [aliases[one] for one in re.findall(r": (\w+)", parameters) if one in aliases]
                    own = [node for node in ast.walk(function) if node not in beyond]
                    yield file.relative_to(ROOT), own, known, " ".join([parameters, *named])


def named_act(node, known):
    """``acts.step`` as ``centre.cases.step``; None for what is no act."""
    name = f"{known.get(getattr(node.value, 'id', ''), '')}.{node.attr}" if isinstance(node, ast.Attribute) else None
    return name if name in ACTS else None


def later(own, known):
    """Acts whose right is asked for in a function's body: ``needs(by, acts.release.right)``."""
    for node in own:
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "needs" and len(node.args) > 1:
            name = named_act(getattr(node.args[1], "value", None), known)
            if name and node.args[1].attr == "right":
                yield name


def asked_for_later():
    return {name for _, own, known, _ in functions() for name in later(own, known)}


BY_HAND = re.compile(
    r"Ledger\(\w+\)\.append|opened_cases\(|\bVerdictBook\(|\bReveals\(|\.set_override\(|\brequest\(|saved_hunts\.save\("
    r"|\baudit\.note\(|\bwriting\(|\.transaction\("
)
"""How something is written into a book, a ledger, the audit log or a folder, for a running service or for people."""
OWN_BOOK = ROOT / "app/web/access"
"""How people prove who they are is a console's own."""


def test_neither_skin_writes_by_hand_what_an_act_would() -> None:
    files = [file for skin in ("web", "cli") for file in (ROOT / "app" / skin).rglob("*.py")]
    assert len(files) > 150
    found = [file for file in files if BY_HAND.search(file.read_text("utf-8"))]
    assert [str(file.relative_to(ROOT)) for file in found if OWN_BOOK not in file.parents] == []
    assert {name.split(".")[0] for name in ACTS} == {"accounts", "centre", "node"}


def test_whoever_does_an_act_asked_for_its_right() -> None:
    calls, unasked = 0, []
    for file, own, known, parameters in functions():
        for node in own:
            called = getattr(node, "func", None)
            name = named_act(called, known)
            if name is None:
                continue
            calls += 1
            asked = [f"{ask}({ast.unparse(called)}{end}" for ask in ("allow", "of_act") for end in "),"]
            if not any(one in parameters for one in asked) and name not in later(own, known):
                unasked.append(f"{file}:{node.lineno}")
    assert calls > 10
    assert unasked == []
