"""The consoles as a browser gets them, over drawn houses: application, server, pages and accounts are the real ones.

Who somebody is comes from a session that the test begins; how people sign in is tried in test_signing_in.py.
"""

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from fastapi import FastAPI

from bavn.app.access.rights import Role
from bavn.app.config.console import ConsoleTable
from bavn.app.config.load import read_node
from bavn.app.config.oidc import OidcTable
from bavn.app.web.access.keeper import Keeper
from bavn.app.web.console import console_app
from bavn.app.web.files import FOLDER
from bavn.app.web.server import ConsoleServer
from bavn.app.web.sides import areas_of, keeping, watch_centre, watch_nodes

TABLE = ConsoleTable(
    listen="127.0.0.1:0", requests_per_minute=1_000_000, failures_per_minute=100_000, logons_per_minute=10_000
)
NAMES = {Role.APPROVER: "Bo Lund", Role.PUBLISHER: "Bo Lund"}
"""Two people decide some things; everybody else is Anna Berg."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A console that is being served. ``drawn``: what it is drawn over, see the function that served it."""

    address: str
    app: FastAPI
    keeper: Keeper
    drawn: Any

    def cookie(self, roles: str, actors: frozenset[str] | None = None) -> dict[str, str]:
        """Of a browser in which somebody with these roles ("analyst.approver") has signed in."""
        given = frozenset(Role(one) for one in roles.split("."))
        name = "Anna Berg" if len(given) > 1 else f"{NAMES.get(min(given), 'Anna Berg')} {roles}"
        seen = "" if actors is None else f" {'+'.join(sorted(actors))}"
        account = self.keeper.accounts.known(f"tried as {roles}{seen}", f"{name}{seen}", given, actors)
        self.keeper.accounts.choose(account.name, None, None)  # the last one who tried may have chosen
        secret = self.keeper.sessions.begin(account.name, "oidc", "127.0.0.1", "tests")
        return {"name": self.keeper.settings.cookie, "value": secret, "url": self.address}


@contextmanager
def serving(side, folder: Path, house, areas, watch=None, drawn=None, pages: Path | None = None) -> Iterator[Served]:
    """A console that is served until the end."""
    server = ConsoleServer(TABLE, folder)
    with keeping(side, TABLE, OidcTable(), folder, folder, server) as (keeper, beside):
        settings = replace(server.settings(), pages=pages)
        waits = [each for each in beside if any(at.path.startswith("/waiting") for at in each.routes)]
        kept = [each for each in beside if house is not None or each not in waits]  # without one, nothing waits
        app = console_app(side, house, areas, keeper, settings, watch=watch, beside=kept)
        thread = threading.Thread(target=server.run, args=(app,), name="console-tried")
        thread.start()
        try:
            yield Served(address=settings.origins[0], app=app, keeper=keeper, drawn=drawn)
        finally:
            server.stop()
            thread.join(20)
            assert not thread.is_alive(), "the console did not end within 20 s"


@contextmanager
def sac(folder: Path, like=None) -> Iterator[Served]:
    """The SAC's console over a drawn sector (``drawn``) with all that one has. ``like``: a sector that it is a copy of,
    in place of one that is drawn."""
    from bavn.app.web.sac.context import open_context
    from tests.app.web import drawn_more, drawn_plans
    from tests.app.web.drawn_sector import draw, drawn_again

    with ExitStack() as undo:
        sector = undo.enter_context(draw(folder) if like is None else drawn_again(like, folder))
        house = undo.enter_context(open_context(sector.file))
        drawn_more.add(house, folder)
        drawn_plans.add(house)
        watch = watch_centre(house.registry.engine, folder)
        yield undo.enter_context(serving("sac", folder, house, areas_of("sac"), watch, sector))


@contextmanager
def soc(folder: Path) -> Iterator[Served]:
    """The SOC's console over two drawn nodes, north and south; ``drawn``: their node.toml by name."""
    from tests.app.web.drawn_node import draw

    files = {name: draw(folder / name, name, host_byte=at) for at, name in enumerate(("north", "south"))}
    with soc_over(files, folder) as served:
        yield served


@contextmanager
def soc_over(files: dict[str, Path], folder: Path) -> Iterator[Served]:
    """The SOC's console over these nodes, each its node.toml."""
    from bavn.app.web.soc.context import open_context

    with open_context(list(files.values())) as house:
        watch = watch_nodes([read_node(file) for file in files.values()], folder)
        with serving("soc", folder, house, areas_of("soc"), watch, files) as served:
            yield served


@contextmanager
def parts(pages: Path, folder: Path) -> Iterator[Served]:
    """The page of all parts, as built in ``pages``, over no house."""
    with serving("sac", folder, None, (), pages=pages) as served:
        yield served


def built() -> bool:
    """Whether the pages of both consoles are built."""
    return all((FOLDER / side / "index.html").is_file() for side in ("sac", "soc"))
