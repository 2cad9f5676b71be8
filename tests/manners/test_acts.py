"""What people do is declared once: each act has a route and a command, and both ask for the right beside it."""

import ast
import functools
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
    """Or one of them, where the act says so."""
    act = ACTS[name]
    for skin, rights in (("page", routes), ("command", commands)):
        expected = {act.right} if act.only in (None, skin) else set()
        assert {right for what, right in rights if what is act} == expected
    assert act.__doc__


@functools.cache
def functions():
    """Each function of the skins: its file, its own nodes, how it calls acts (``acts`` -> ``centre.cases``), and what
    its parameters say, aliases of the module unfolded."""
    found = []
    for folder in ("web", "cli"):
        for file in sorted((ROOT / "app" / folder).rglob("*.py")):
            tree = ast.parse(file.read_text(encoding="utf-8"))
            known = {
                one.asname or one.name: f"{node.module}.{one.name}".removeprefix("bavn.app.acts.")
                for node in ast.walk(tree)
                if isinstance(node, ast.ImportFrom) and f"{node.module}.".startswith("bavn.app.acts.")
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
                    found.append((file.relative_to(ROOT), own, known, " ".join([parameters, *named])))
    return found


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


ASKED_ONLY = {
    ("soc", "/nodes/{node}/hunt/asks"): "a question to the node's own history, and its end",
    ("soc", "/nodes/{node}/hunt/asks/{asking}"): "the same",
    ("soc", "/nodes/{node}/protection/dry-runs"): "what a block would have hit; it blocks nothing",
}
CHANGES = {"POST", "PUT", "PATCH", "DELETE"}


def test_a_route_that_changes_something_asks_for_the_right_of_an_act() -> None:
    """But what people do to their own account and log-on, which asks for no right, and what only asks."""
    without, seen = set(), 0
    for side in ("sac", "soc"):
        for route in (route for router in bare_app(side).state.routers for route in router.routes):
            asked = [one.call for one in route.dependant.dependencies if getattr(one.call, "right", None)]
            if route.methods & CHANGES and asked:
                seen += 1
                if not any(isinstance(one.what, Act) for one in asked):
                    without.add((side, route.path))
    assert seen > 80
    assert without == set(ASKED_ONLY)


NO_PAGE = {
    "node accept": "tests the node; who asked stands in the protocol",
    "node health": "answers in a third of a second, which no act can; it takes note of a loss",
    **dict.fromkeys(
        [f"node rules {name}" for name in ("update", "suppress", "threshold", "disable", "end")],
        "Suricata's rules are kept in files of the node's folder, from the command line alone",
    ),
}


def test_a_command_that_asks_for_a_right_asks_for_that_of_an_act() -> None:
    def walked(group, path=()):
        for name, command in group.commands.items():
            if hasattr(command, "commands"):
                yield from walked(command, (*path, name))
            else:
                yield " ".join((*path, name)), [getattr(one.callback, "right", None) for one in command.params], command

    commands = list(walked(typer.main.get_command(app)))
    rights = {name: command for name, asked, command in commands if any(asked)}
    assert len(rights) > 80
    whats = {name: [getattr(one.callback, "what", None) for one in command.params] for name, command in rights.items()}
    assert {name for name, what in whats.items() if not any(isinstance(one, Act) for one in what)} == set(NO_PAGE)


OWN_THINGS = {
    "app/cli/account.py": "which nodes the account of whoever acts may see",
    "app/web/access/account.py": "what people do to their own account",
    "app/web/console.py": "how much one person may ask",
    "app/web/soc/hunting.py": "which question is whose",
    "app/web/soc/packets/routes.py": "the same, of packets",
    "app/web/soc/protection.py": "which dry run is whose",
}


def tells_who(call):
    """Whether somebody's name is handed on as the one who acts."""
    given = [*call.args, *(one.value for one in call.keywords)]
    return any(ast.unparse(node) in ("person.name", "by") for one in given for node in ast.walk(one))


def test_no_skin_tells_a_room_who_acts_but_through_an_act() -> None:
    """A method of what a room handed out that is told who acts changes something in that person's name."""
    found, calls = set(), 0
    for file, own, known, _ in functions():
        for node in own:
            if isinstance(node, ast.Call) and tells_who(node):
                calls += 1
                root = node.func
                while isinstance(root, ast.Attribute | ast.Call):
                    root = root.value if isinstance(root, ast.Attribute) else root.func
                method = isinstance(node.func, ast.Attribute) and isinstance(root, ast.Name)
                if method and root.id not in known and root.id.islower() and named_act(node.func, known) is None:
                    found.add(str(file))
    assert calls > 150
    assert found == set(OWN_THINGS)
