"""A drawn sector's house, once for all tests of a module, and questions to it as a person of one role."""

from contextlib import contextmanager

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute

from bavn.app.access.rights import Role
from bavn.app.web.exporting import add_exports
from bavn.app.web.frame import API, Person
from bavn.app.web.sac import AREAS
from bavn.app.web.sac.context import open_context
from tests.app.web import drawn_more
from tests.app.web.asking import ask, serve_as
from tests.app.web.drawn_sector import ANNA, copied

ALL_ROLES = frozenset({Role.APPROVER, Role.PUBLISHER, Role.AUDITOR, Role.ADMIN})


class Asker:
    """Asks the console's routes on one house."""

    def __init__(self, house):
        self.house = house
        self.app = FastAPI()
        self.app.state.house = house
        for router in AREAS:
            add_exports(router)
            self.app.include_router(router, prefix=API)

    def __call__(self, path, method="GET", *, name=ANNA, roles=ALL_ROLES, **more):
        return ask(serve_as(self.app, Person(name=name, roles=frozenset(roles))), API + path, method, **more)

    def body(self, path, method="GET", status=200, **more):
        """The answer, which must be that."""
        answer = self(path, method, **more)
        assert answer.status_code == status, (path, answer.status_code, answer.text[:500])
        return answer.json()

    def routes(self):
        return [route for router in AREAS for route in router.routes if isinstance(route, APIRoute)]


@contextmanager
def asker_of(file, folder):
    with open_context(file) as house:
        drawn_more.add(house, folder)
        yield Asker(house)


@pytest.fixture(scope="module")
def sac(drawn_once, tmp_path_factory):
    folder = tmp_path_factory.mktemp("sac")
    drawn_once.today()
    with asker_of(copied(drawn_once.file, folder), folder) as asker:
        yield asker
