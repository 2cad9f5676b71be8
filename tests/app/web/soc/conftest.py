"""One drawn node for all tests that only look, and a fresh copy of it for those that change something."""

import json
import os
import shutil

import pytest

from bavn.app.access.rights import Role
from bavn.app.web.console import console_app
from bavn.app.web.frame import Person
from bavn.app.web.soc import AREAS
from bavn.app.web.soc.context import open_context
from tests.app.web.asking import As, ask
from tests.app.web.drawn_node import draw

JSON = ("application/json", "application/problem+json")
ANNA = Person(name="Anna Berg", roles=frozenset({Role.SOC}))


class Console:
    """A console over some nodes, asked as one person."""

    def __init__(self, house, person=ANNA):
        self.house, self.app = house, console_app("soc", house, AREAS, As(person))

    def as_(self, person):
        return Console(self.house, person)

    def ask(self, path, method="GET", *, code=200, **more):
        answer = ask(self.app, f"/api/v1{path}", method, **more)
        assert answer.status_code == code, (answer.status_code, answer.text)
        return answer.json() if answer.headers["content-type"].partition(";")[0] in JSON else answer

    def get(self, path, **more):
        return self.ask(f"/nodes/north{path}", **more)

    def do(self, path, body=None, method="POST", **more):
        return self.ask(f"/nodes/north{path}", method, json=body if body is not None else {}, **more)


@pytest.fixture(scope="session")
def drawn(tmp_path_factory):
    """Two nodes' folders, whose hosts are different ones."""
    folder = tmp_path_factory.mktemp("nodes")
    return [draw(folder / "north"), draw(folder / "south", "south", host_byte=7)]


@pytest.fixture(scope="session")
def looking(drawn):
    with open_context(drawn) as house:
        yield Console(house)


@pytest.fixture
def console(drawn, tmp_path):
    """A console over a copy of the first node, which may be changed."""
    shutil.copytree(drawn[0].parent, tmp_path / "north")
    file = tmp_path / "north" / "node.toml"
    with open_context([file]) as house:
        yield Console(house)


@pytest.fixture
def running(console):
    """The same, its node's process alive as far as its last word says."""
    file = next(iter(console.house.seen_by(ANNA))).file.parent / "data" / "health.json"
    told = json.loads(file.read_text())
    file.write_text(json.dumps({**told, "pid": os.getpid(), "stopped": False, "at_us": console.house.clock.now_us()}))
    return console
