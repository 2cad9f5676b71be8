"""The SAC's routes over a drawn sector, asked as one person or another. For tests."""

from collections.abc import Iterator
from contextlib import contextmanager

from fastapi import FastAPI

from bavn.app.access.rights import Role
from bavn.app.web.exporting import add_exports
from bavn.app.web.frame import API, Person
from bavn.app.web.sac import leads, overview, threats
from bavn.app.web.sac.cases import board, work
from bavn.app.web.sac.context import SacContext, open_context
from bavn.app.web.sac.values import card
from tests.app.web.asking import ask, serve_as
from tests.app.web.drawn_sector import ANNA, BO, copied, draw

ANNA_ANALYST = Person(name=ANNA, roles=frozenset({Role.ANALYST}))
BO_APPROVER = Person(name=BO, roles=frozenset({Role.APPROVER}))
AN_AUDITOR = Person(name="Carl Juul", roles=frozenset({Role.AUDITOR}))


class Console:
    """Asks routes; ``sector`` is what stands behind them, where there is one."""

    def __init__(self, house: SacContext, sector=None):
        self.house, self.sector = house, sector
        self._apps: dict[str, FastAPI] = {}

    def __call__(self, path, method="GET", *, by=ANNA_ANALYST, **more):
        if by.name not in self._apps:
            app = self._apps[by.name] = FastAPI()
            app.state.house = self.house
            for router in (
                overview.router,
                threats.router,
                leads.router,
                board.router,
                work.router,
                card.router,
            ):
                add_exports(router)
                app.include_router(router, prefix=API)
        return ask(serve_as(self._apps[by.name], by), API + path, method, **more)

    def get(self, path, *, by=ANNA_ANALYST, status=200):
        answer = self(path, by=by)
        assert answer.status_code == status, (path, answer.status_code, answer.text[:400])
        return answer.json()

    def post(self, path, body, *, by=ANNA_ANALYST, status=200, method="POST"):
        answer = self(path, method, by=by, json=body)
        assert answer.status_code == status, (path, answer.status_code, answer.text[:400])
        return answer.json()

    def of(self, observables) -> str:
        """The one case with this in it."""
        wanted = observables[0]
        (found,) = [
            one.id for one in self.house.desk.cases.every() if wanted in {e.observable for e in one.facts.elements}
        ]
        return found


@contextmanager
def copied_console(console: Console, folder) -> Iterator[Console]:
    """The same centre as it stands now, on files of its own, with nothing opposite it."""
    with open_context(copied(console.house.file, folder)) as house:
        yield Console(house)


@contextmanager
def drawn_console(folder, **more) -> Iterator[Console]:
    with draw(folder, **more) as sector, open_context(sector.file) as house:
        yield Console(house, sector)
