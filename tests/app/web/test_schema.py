"""Both APIs against what their documents say, by requests that schemathesis draws from them: nothing breaks, and every
answer has the shape that is written down."""

import threading
from contextlib import ExitStack, contextmanager

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance
from typer.testing import CliRunner

from bavn.app.access.rights import ROLES
from bavn.app.cli.centre.main import app as centre
from bavn.app.config.console import ConsoleTable
from bavn.app.config.load import read_centre
from bavn.app.web.console import console_app, routes_of
from bavn.app.web.frame import Person
from bavn.app.web.server import ConsoleServer
from bavn.app.web.sides import areas_of, bare_app, open_nodes, people_routes
from tests.app.web.asking import As
from tests.app.web.people import Place

pytestmark = pytest.mark.slow
ANSWER_S_MAX = 120
"""A PDF is drawn by a process of its own, on a busy machine."""
CHECKS = (not_a_server_error, content_type_conformance, response_schema_conformance)
DRAWN = settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))


def schema_of(side):
    """What schemathesis draws from: everything but live events, which never end, and the way to another site."""
    made = schemathesis.openapi.from_dict(bare_app(side).openapi())
    return made.exclude(path_regex="/(live|logon/oidc.*)$")


SAC, SOC = schema_of("sac"), schema_of("soc")


@contextmanager
def served(side, house, folder):
    """The address of a console over a real house, by which everybody may do everything."""
    server = ConsoleServer(ConsoleTable(listen="127.0.0.1:0", requests_per_minute=1_000_000), folder)
    place = Place(folder / "people", side, requests_per_minute=1_000_000)
    everything = As(Person(name="Anna Berg", roles=ROLES[side]))
    app = console_app(side, house, areas_of(side), everything, server.settings(), beside=people_routes(place.keeper))
    thread = threading.Thread(target=server.run, args=(app,))
    thread.start()
    try:
        yield f"http://localhost:{server.port}"
    finally:
        server.stop()
        thread.join(20)
        place.close()


@pytest.fixture(scope="module")
def sac(tmp_path_factory):
    from bavn.app.web.sac.context import open_context

    folder = tmp_path_factory.mktemp("sac")
    (folder / "centre.toml").write_text("")
    assert CliRunner().invoke(centre, ["init", "--config", str(folder / "centre.toml")]).exit_code == 0
    with open_context(read_centre(folder / "centre.toml")) as house, served("sac", house, folder) as address:
        yield address


@pytest.fixture(scope="module")
def soc(tmp_path_factory):
    folder = tmp_path_factory.mktemp("soc")
    with ExitStack() as undo:
        house = None
        if areas_of("soc"):
            from tests.app.web.drawn_node import draw

            house = undo.enter_context(open_nodes([draw(folder / "north", "north")]))
        yield undo.enter_context(served("soc", house, folder))


def tried(case, address):
    answer = case.call(base_url=address, timeout=ANSWER_S_MAX)
    case.validate_response(answer, checks=CHECKS)


@SAC.parametrize()
@DRAWN
def test_the_sacs_api_is_as_it_says(case, sac) -> None:
    tried(case, sac)


@SOC.parametrize()
@DRAWN
def test_the_socs_api_is_as_it_says(case, soc) -> None:
    tried(case, soc)


@pytest.mark.parametrize("side", ["sac", "soc"])
def test_the_document_says_which_right_each_route_needs(side) -> None:
    app = bare_app(side)
    said = app.openapi()["paths"]
    for route in routes_of(app):
        if route.path == "/api/v1/openapi.json":
            continue
        one = said[route.path.replace(":path}", "}")][route.method.lower()]
        assert one.get("x-bavn-right") == (route.right.value if route.right else None)
        assert (one["security"] == []) is route.open
        assert set(one["responses"]["4XX"]["content"]) == {"application/problem+json"}
