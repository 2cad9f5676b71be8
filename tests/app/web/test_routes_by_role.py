"""Every route x every role: each is open exactly to the roles that the table says, and to nobody who is nobody.

What stands behind the routes is absent here: a route that lets somebody in fails there, or refuses the body, and that
is all this test wants to know of it.
"""

import logging
import re
from functools import cache

import pytest

from bavn.app.access.rights import RIGHTS, ROLES, Role
from bavn.app.process.failure_folder import FailureFolder
from bavn.app.process.real import SystemClock
from bavn.app.web.access import waiting
from bavn.app.web.console import ConsoleSettings, Rated, console_app, routes_of
from bavn.app.web.frame import Person
from bavn.app.web.guard import HEADERS
from bavn.app.web.sides import Nobody, _Absent, areas_of, bare_app, open_nodes, people_routes
from tests.app.web.asking import As, ask

SIDES = ("sac", "soc")
EVERYBODY = 100_000_000
OPEN = ConsoleSettings(requests_per_minute=EVERYBODY, failures_per_minute=EVERYBODY)


def made(side, access, failures=None):
    absent = _Absent()
    return console_app(
        side,
        absent,
        areas_of(side),
        access,
        OPEN,
        beside=[*people_routes(absent, absent), waiting.routes(side, absent)],
        failures=failures,
    )


@cache
def shared(side):
    return made(side, Nobody())


def asked_by(side, access):
    """The same application for every person: a route is put together when it is first asked, which costs more than its
    answer."""
    app = shared(side)
    app.state.access = Rated(access, OPEN)
    return app


def filled(path):
    return re.sub(r"\{[^}]*\}", "1", path)


def asked(app, route):
    more = {} if route.method in ("GET", "HEAD") else {"json": {}}
    return ask(app, filled(route.path), route.method, breaks=True, **more)


@pytest.fixture(autouse=True)
def quiet():
    names = ("bavn.app.web.guard", "bavn.app.process.failure_folder")
    for name in names:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    yield
    for name in names:
        logging.getLogger(name).setLevel(logging.NOTSET)


@pytest.mark.parametrize("side", SIDES)
def test_no_route_is_without_a_right(side) -> None:
    routes = routes_of(bare_app(side))
    assert len(routes) > 20
    assert [f"{one.method} {one.path}" for one in routes if not one.checked] == []


@pytest.mark.slow
@pytest.mark.parametrize("side", SIDES)
def test_what_was_drawn_is_what_is_served_and_documented(side) -> None:
    app = bare_app(side)
    hidden = {("GET", "/api/v1/openapi.json")}
    drawn = {(one.method, re.sub(r":[a-z]+\}", "}", one.path)) for one in routes_of(app)}
    documented = {(method.upper(), path) for path, methods in app.openapi()["paths"].items() for method in methods}
    assert documented == drawn - hidden


@pytest.mark.slow
@pytest.mark.parametrize("side", SIDES)
def test_only_log_on_is_open_and_nothing_else_is_for_nobody(side) -> None:
    app = asked_by(side, Nobody())
    for route in routes_of(app):
        if route.open:
            assert route.path.startswith("/api/v1/logon"), route.path
        else:
            answer = asked(app, route)
            assert answer.status_code == 401, f"{route.method} {route.path}"
            assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS, route.path


@pytest.mark.slow
@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("side", SIDES)
def test_each_role_may_do_exactly_what_the_table_says(side, role) -> None:
    app = asked_by(side, As(Person(name="Anna Berg", roles=frozenset({role}))))
    for route in routes_of(app):
        if route.open or route.path == "/api/v1/live":
            continue
        answer = asked(app, route)
        refused = answer.status_code == 403 and answer.json()["type"] == "not-allowed"
        may = route.right is None or route.right in RIGHTS[role]
        assert refused is not may, f"{role}: {route.method} {route.path} needs {route.right}: {answer.status_code}"
        assert answer.status_code != 401, f"{route.method} {route.path}"


@pytest.mark.slow
@pytest.mark.parametrize("side", SIDES)
def test_every_page_that_fails_costs_its_request_and_is_noted_by_its_route(side, tmp_path) -> None:
    """Nothing stands behind the routes, so whatever lets its request in fails there in a way that nobody foresaw."""
    failures = FailureFolder(tmp_path, SystemClock())
    app = made(side, As(Person(name="Anna Berg", roles=frozenset(Role))), failures)
    broken = set()
    for route in routes_of(app):
        if route.path == "/api/v1/live":
            continue
        answer = asked(app, route)
        if answer.status_code == 500:
            assert answer.json()["type"] == "failed", route.path
            broken.add(f"page {route.method} {route.path.removeprefix('/api/v1')}")
    assert {one.part for one in failures.failing()} == broken
    assert len(broken) > 10
    assert ask(app, "/api/v1/openapi.json").status_code == 200, "it lives"


@pytest.mark.slow
@pytest.mark.parametrize("side", SIDES)
def test_a_token_without_scopes_may_do_nothing_that_needs_a_right(side) -> None:
    everything = Person(name="Anna Berg", roles=frozenset(Role), scopes=frozenset())
    app = asked_by(side, As(everything))
    for route in routes_of(app):
        if route.right is not None:
            assert asked(app, route).json()["type"] == "not-allowed", route.path


@pytest.mark.parametrize("side", SIDES)
def test_nobody_has_a_right_at_a_console_that_has_no_such_route_and_no_route_is_for_nobody(side) -> None:
    needed = {route.right for route in routes_of(bare_app(side)) if route.right is not None}
    held = {right for role in ROLES[side] for right in RIGHTS[role]}
    assert needed <= held


def test_two_people_are_needed_where_one_role_prepares_and_another_decides() -> None:
    assert not any({"triage", "accounts"} <= set(RIGHTS[role]) for role in ROLES["sac"])
    assert not any({"approve", "members"} <= set(RIGHTS[role]) for role in ROLES["sac"])
    assert set(RIGHTS[Role.AUDITOR]) == {"read", "audit", "accounts:log", "soc:read"}


def test_every_change_is_asked_for_by_a_method_that_needs_the_csrf_token() -> None:
    for side in SIDES:
        for route in routes_of(bare_app(side)):
            assert route.method in ("GET", "HEAD", "POST", "PUT", "DELETE"), route.path


@pytest.fixture(scope="module")
def nodes(tmp_path_factory):
    """The house of two nodes that never ran."""
    folder = tmp_path_factory.mktemp("nodes")
    files = [folder / name / "node.toml" for name in ("region-a", "region-b")]
    for file in files:
        file.parent.mkdir()
        file.write_text(f'[node]\nactor = "{file.parent.name}"\n')
    with open_nodes(files) as house:
        yield house


@pytest.mark.slow
def test_another_nodes_people_learn_nothing_of_a_node_not_even_that_it_is_there(nodes) -> None:
    """Every route below a node: the answer for another's node is byte for byte the one for a node that is not there."""
    anna = Person(name="Anna Berg", roles=ROLES["soc"], actors=frozenset({"region-a"}))
    app = console_app(
        "soc",
        nodes,
        areas_of("soc"),
        As(anna),
        ConsoleSettings(requests_per_minute=EVERYBODY),
        beside=people_routes(_Absent(), _Absent()),
    )
    below = [route for route in routes_of(app) if "{node}" in route.path]
    assert len(below) > 20
    for route in below:
        said = {}
        for name in ("region-b", "region-zz"):
            path = filled(route.path.replace("{node}", name))
            answer = ask(app, path, route.method, **({} if route.method == "GET" else {"json": {}}))
            said[name] = (answer.status_code, answer.text)
        assert said["region-b"] == said["region-zz"], f"{route.method} {route.path}"
        assert said["region-b"][0] in (404, 422), f"{route.method} {route.path}: {said['region-b'][0]}"
