"""Hostile bodies, paths and queries at every route of the actors' console."""

import pytest

from bavn.app.access.rights import Role
from bavn.app.web.console import ConsoleSettings, console_app
from bavn.app.web.frame import Person
from bavn.app.web.soc import AREAS
from tests.app.web.asking import As
from tests.app.web.hostile_console import fails, requests


@pytest.mark.slow
def test_nothing_that_is_sent_breaks_a_route_and_the_next_question_is_answered(console) -> None:
    person = As(Person(name="Anna Berg", roles=frozenset(Role)))
    settings = ConsoleSettings(requests_per_minute=10**9, failures_per_minute=10**9)
    app = console_app("soc", console.house, AREAS, person, settings)
    asked = [(method, path.replace("/nodes/1", "/nodes/north"), body) for method, path, body in requests(app.openapi())]
    assert len(asked) > 700
    assert fails(app, asked) == []
    console.ask("/nodes")
