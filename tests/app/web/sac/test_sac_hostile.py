"""Hostile bodies, paths and queries at every route of the centre's console, and at log-on, set-up and account."""

import pytest

from bavn.app.access.rights import Role
from bavn.app.web.console import ConsoleSettings, console_app
from bavn.app.web.frame import Person
from bavn.app.web.sac import AREAS
from tests.app.web.asking import As
from tests.app.web.drawn_sector import ANNA
from tests.app.web.hostile_console import fails, requests
from tests.app.web.people import Place

MANY = {"requests_per_minute": 10**9, "failures_per_minute": 10**9}


@pytest.mark.slow
def test_nothing_that_is_sent_breaks_a_route_and_the_next_question_is_answered(sac) -> None:
    person = As(Person(name=ANNA, roles=frozenset(Role)))
    app = console_app("sac", sac.house, AREAS, person, ConsoleSettings(**MANY))
    asked = requests(app.openapi())
    assert len(asked) > 1000
    assert fails(app, asked) == []
    assert sac("/overview").status_code == 200


def test_nothing_that_is_sent_breaks_log_on_set_up_or_account(tmp_path) -> None:
    place = Place(tmp_path, **MANY)
    browser = place.person("Anna Berg", Role.ADMIN)
    asked = requests(place.app.openapi())
    assert fails(place.app, asked, browser) == []
    assert place.person("Bo Lund", Role.ADMIN).me().status_code == 200
    place.close()
