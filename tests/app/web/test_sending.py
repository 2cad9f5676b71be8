"""Every file that a console writes while it sends it, broken in turn: what fails at its beginning is one refusal with a
reason, what fails later is no file that looks whole; it is noted by its page, and the console lives.

The walk goes by the consoles' own routes and forms: a writer that does not go through sending.py fails the first test.
"""

# ruff: noqa: F401  the same quiet as of the other walk over routes
import ast
import threading
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest

import bavn.app.web
from bavn.app.access.rights import Role
from bavn.app.config.console import ConsoleTable
from bavn.app.process.failure_folder import FailureFolder
from bavn.app.process.real import SystemClock
from bavn.app.web import exporting, sending
from bavn.app.web.console import console_app
from bavn.app.web.exporting import TYPES, row_shape
from bavn.app.web.frame import Person
from bavn.app.web.server import ConsoleServer
from bavn.app.web.sides import _Absent, areas_of, people_routes
from tests.app.web.asking import As, ask
from tests.app.web.test_routes_by_role import SIDES, filled, made, quiet

ANNA = As(Person(name="Anna Berg", roles=frozenset(Role)))
SENDS = {"sending.py", "live.py"}
"""Who makes an answer that is sent while it is written: a file, and events that never end."""


class Failing:
    """A row that fails whatever is asked of it."""

    def __getattr__(self, _):
        raise RuntimeError("nobody foresaw this")


def page(*rows):
    return SimpleNamespace(items=list(rows), next=None)


def lists_of(app):
    return [route for router in app.state.routers for route in router.routes if row_shape(route) is not None]


@pytest.fixture
def answers(monkeypatch):
    """``answers(route, *rows)``: the list has these rows from now on."""

    def set_rows(route, *rows):
        endpoint = lambda **_: page(*rows)  # noqa: E731  it is given the attribute of the one that it stands for
        if hasattr(route.endpoint, "in_stix"):
            endpoint.in_stix = route.endpoint.in_stix
        monkeypatch.setattr(route, "endpoint", endpoint)

    return set_rows


@pytest.fixture(scope="module")
def consoles():
    """Each console with nothing behind it, and what it notes."""
    noted = {side: FailureFolder(None, SystemClock()) for side in SIDES}
    return {side: (made(side, ANNA, noted[side]), noted[side]) for side in SIDES}


def forms_of(route):
    return [form for form in TYPES if form != "stix" or hasattr(route.endpoint, "in_stix")]


def test_every_file_that_is_written_while_it_is_sent_goes_through_one_place() -> None:
    makers = set()
    for file in Path(bavn.app.web.__path__[0]).rglob("*.py"):
        calls = (node for node in ast.walk(ast.parse(file.read_text("utf-8"))) if isinstance(node, ast.Call))
        if any(ast.unparse(call.func).endswith("StreamingResponse") for call in calls):
            makers.add(file.name)
    assert makers == SENDS


@pytest.mark.slow
@pytest.mark.parametrize("side", SIDES)
def test_each_writer_that_fails_costs_its_request_and_is_named_and_the_next_file_is_whole(
    side, consoles, answers
) -> None:
    app, failures = consoles[side]
    walked = set()
    for route in lists_of(app):
        for form in forms_of(route):
            where = route.path.replace("{node}", "north")
            asked = "?what=evil.example" * where.endswith("/values/history")  # of one value, which must be named
            path = f"/api/v1{filled(where)}/export.{form}{asked}"
            answers(route, Failing())
            answer = ask(app, path, breaks=True)
            assert (answer.status_code, "content-disposition" in answer.headers) == (500, False), (path, answer.text)
            assert answer.json()["type"] == "failed"
            part = f"page GET {route.path}/export.{{form}}"
            assert [one.part for one in failures.failing()] == [part]
            walked.add(form)
            if form == "stix" or route.path == "/waiting":  # they ask a house, and none stands behind this console
                failures.works(part)
                continue
            answers(route)
            assert ask(app, path).status_code == 200
            assert failures.failing() == ()
    assert walked == (set(TYPES) if side == "sac" else {"csv", "json"})


@pytest.mark.parametrize("form", sorted(TYPES))
def test_a_file_that_breaks_off_in_its_middle_is_none_that_looks_whole(form, consoles, answers, monkeypatch) -> None:
    monkeypatch.setattr(sending, "BEGINNING_CHARS", 1)
    app, failures = consoles["sac"]
    route = next(route for route in lists_of(app) if "stix" in forms_of(route))

    def broken(*_):
        yield from ("a", "b")
        raise RuntimeError("nobody foresaw this")

    for writer in ("csv_of", "json_of", "stix_of"):
        monkeypatch.setattr(exporting, writer, broken)
    answers(route)
    answer = ask(app, f"/api/v1{filled(route.path)}/export.{form}", breaks=True)
    assert answer.text == "ab" + sending.BROKEN_OFF
    part = f"page GET {route.path}/export.{{form}}"
    assert [one.part for one in failures.failing()] == [part]
    failures.works(part)


def test_over_the_wire_a_broken_file_ends_the_connection_and_not_the_console(answers, monkeypatch) -> None:
    monkeypatch.setattr(sending, "BEGINNING_CHARS", 1)
    server = ConsoleServer(ConsoleTable(listen="127.0.0.1:0"), Path())
    failures = FailureFolder(None, SystemClock())
    absent = _Absent()
    app = console_app(
        "sac", absent, areas_of("sac"), ANNA, server.settings(), beside=people_routes(absent, absent), failures=failures
    )
    route = lists_of(app)[0]
    answers(route, *[SimpleNamespace(model_dump_json=lambda: "{}")] * 3, Failing())
    thread = threading.Thread(target=server.run, args=(app,), daemon=True)
    thread.start()
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{server.port}", timeout=20) as http:
            where = f"/api/v1{filled(route.path)}/export.json"
            with pytest.raises(httpx.RemoteProtocolError, match="incomplete"):
                http.get(where)
            answers(route)
            assert http.get(where).json() == {"items": [], "truncated": False}
    finally:
        server.stop()
        thread.join(10)
    assert not thread.is_alive()
