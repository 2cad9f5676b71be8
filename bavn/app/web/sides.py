"""The two consoles put together: which areas each has, over which house, and what is watched for live events.

Refuses to know what an area does.
"""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

from fastapi import APIRouter, FastAPI, Request
from sqlalchemy import Engine

from bavn.app.access.book import CONSOLE_FILE, open_book
from bavn.app.access.oidc import Provider
from bavn.app.access.rights import ROLES
from bavn.app.config.console import ConsoleTable
from bavn.app.config.load import NodeConfig
from bavn.app.config.oidc import OidcTable
from bavn.app.web.access import account, logon, oidc_routes, people, proofs, waiting
from bavn.app.web.access.keeper import Keeper, KeeperSettings
from bavn.app.web.console import Side, console_app
from bavn.app.web.frame import Person, SessionContext, Trouble
from bavn.app.web.problems import WORDS
from bavn.app.web.server import ConsoleServer
from bavn.app.web.watch import BookWatch, CentreWatch, Watches

NODE_TOPICS: Final = {
    "suspicion": "suspicions",
    "verdict": "suspicions",
    "sector_verdict": "suspicions",
    "ledger": "door",
    "door_": "door",
    "door_case": "cases",
    "door_question": "door",
    "door_warning": "warnings",
    "protect_": "protection",
    "rollback_": "protection",
    "outbox": "health",
}
"""How the tables of a node's book begin -> the topic that pages hear."""


def areas_of(side: Side) -> Sequence[APIRouter]:
    """The areas of a console's API."""
    if side == "sac":
        from bavn.app.web import sac

        return sac.AREAS
    from bavn.app.web import soc

    return soc.AREAS


class _Absent:
    """Stands where a house would, and where its rooms would: for an application that is only looked at."""

    def __init__(self, name: str = "house") -> None:
        self._name = name

    def __getattr__(self, name: str) -> "_Absent":
        if name.startswith("__"):
            raise AttributeError(name)
        return _Absent(f"{self._name}.{name}")

    def __call__(self, *_: object, **__: object) -> Any:
        raise RuntimeError(f"{self._name} was asked before anybody asked a route")


class Nobody:
    """An Access by which nobody is anybody."""

    def person(self, request: Request) -> Person:  # noqa: ARG002  as every Access
        """Raises Trouble(401)."""
        code, text, act = WORDS[401]
        raise Trouble(401, code, text, act)

    def facts(self, request: Request) -> SessionContext:  # noqa: ARG002  as every Access
        return SessionContext()


def bare_app(side: Side) -> FastAPI:
    """A console's application without anything behind it: its routes and their document."""
    absent: Any = _Absent()
    beside = [*people_routes(absent, absent), waiting.routes(side, absent)]
    return console_app(side, absent, areas_of(side), Nobody(), beside=beside)


@contextmanager
def keeping(
    side: Side, table: ConsoleTable, oidc: OidcTable, base: Path, folder: Path, server: ConsoleServer
) -> Iterator[tuple[Keeper, list[APIRouter]]]:
    """Who may use a console, and the routes of log-on and account. ``folder``: where console.db is. Raises
    SettingsError."""
    settings = server.settings()
    keeper_settings = KeeperSettings.of(
        settings,
        side,
        server.port,
        idle_minutes=table.idle_minutes,
        hours=table.session_hours,
        logons=table.logons_per_minute,
    )
    with ExitStack() as undo:
        keeper = Keeper(open_book(folder), keeper_settings)
        undo.callback(keeper.close)
        provider = None
        if oidc.issuer:
            provider = Provider(oidc, base, settings.origins[0], ROLES[side])
            undo.callback(provider.close)
        yield keeper, [*people_routes(keeper, provider), waiting.routes(side, keeper)]


def people_routes(keeper: Keeper, provider: Provider | None = None) -> list[APIRouter]:
    """The routes of log-on and account."""
    routers = [
        logon.routes(keeper, provider),
        account.routes(keeper),
        proofs.routes(keeper),
        people.routes(keeper),
    ]
    return routers if provider is None else [*routers, oidc_routes.routes(keeper, provider)]


def watch_centre(engine: Engine, folder: Path | None = None) -> Watches:
    """What the SAC's pages hear of: everything in the centre's database that people look at; with the folder of
    console.db also what they hand to each other."""
    return Watches({"": CentreWatch(engine)}, _handed(folder))


def open_nodes(files: Sequence[Path]) -> AbstractContextManager[Any]:
    """The house of the SOC's console over these nodes, each its node.toml."""
    from bavn.app.web.soc.context import open_context

    return open_context(files)


def watch_nodes(nodes: Sequence[NodeConfig], folder: Path | None = None) -> Watches:
    """What the SOC's pages hear of: each node's book, and with the folder of console.db what people hand to each other.
    A topic begins with the node's name: ``region-nord/door``."""
    from bavn.app.node.parts import BOOK_FILE as NODE_BOOK

    watches = {one.node.actor: BookWatch(one.folder / NODE_BOOK, NODE_TOPICS) for one in nodes}
    return Watches(watches, _handed(folder))


def _handed(folder: Path | None) -> BookWatch | None:
    return None if folder is None else BookWatch(folder / CONSOLE_FILE, {"console_handed": "waiting"})
