"""A console as one application: the routes of its areas, the pages, live events, and what stands around all of them.

``console_app`` puts together what others made; ``server.py`` runs it. Refuses to know what any route does and how
somebody proves who they are.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlsplit

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from bavn import __version__
from bavn.app.access.rights import Right
from bavn.app.net.throttle import Throttle
from bavn.app.web import live as live_events
from bavn.app.web import me
from bavn.app.web.document import documented
from bavn.app.web.exporting import add_exports
from bavn.app.web.files import FOLDER, Files
from bavn.app.web.frame import API, Access, Person, SessionContext, Trouble, signed_in
from bavn.app.web.guard import LOCAL_NAMES, Guard, Receive, Scope, Send
from bavn.app.web.live import Live, Watch
from bavn.app.web.problems import WORDS, add_problems
from bavn.model.failure import Failures

Side = Literal["sac", "soc"]
TITLES: Final[dict[Side, str]] = {"sac": "Bavn: the SAC's console", "soc": "Bavn: the actor SOC's console"}
BYTES_PER_MINUTE_MAX: Final = 1 << 40
_ABOUT: Final = (
    "Times are whole microseconds since 1970 in UTC (`*_us`). Sentences are `{en, da}`. A list is `{items, next}`: give"
    " `next` as `after` for the next page. From 400 up an answer is a problem (application/problem+json) with a"
    " sentence and who must act. A browser proves itself by its cookie and, for changes, by the header X-Bavn-CSRF; a"
    " program by `Authorization: Bearer TOKEN`."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsoleSettings:
    """``origins``: what stands before the path in every address of this console, the one that people type first;
    ``proxies``: whose X-Forwarded-For is believed. Rates are per minute."""

    origins: tuple[str, ...] = tuple(f"http://{name}" for name in (*LOCAL_NAMES, "console"))
    proxies: tuple[IPv4Network | IPv6Network, ...] = ()
    requests_per_minute: int = 1800
    failures_per_minute: int = 60
    body_bytes_max: int = 2048 * 1024
    live_max: int = 256
    pages: Path | None = field(default=None)

    @property
    def secure(self) -> bool:
        """Whether people reach it over TLS."""
        return urlsplit(self.origins[0]).scheme == "https"


class NoWatch:
    """Nothing ever changes: for an application that is only looked at."""

    def moved(self) -> frozenset[str]:
        return frozenset()

    def close(self) -> None:
        return


def console_app(
    side: Side,
    context: Any,
    areas: Sequence[APIRouter],
    access: Access,
    settings: ConsoleSettings | None = None,
    *,
    watch: Watch | None = None,
    beside: Sequence[APIRouter] = (),
    failures: Failures | None = None,
) -> FastAPI:
    """The application. ``context``: what the routes ask (``frame.behind``); ``areas``: routers, mounted below /api/v1;
    ``beside``: further ones there, such as those for logging on. ``failures`` hears of handlers that failed in a way
    that nobody foresaw. ``app.state.live`` must be started by whoever serves it, and stopped."""
    settings = settings or ConsoleSettings()
    app = FastAPI(
        title=TITLES[side],
        version=__version__,
        description=_ABOUT,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.access = Rated(access, settings)
    app.state.house = context
    app.state.live = Live(watch or NoWatch(), listeners_max=settings.live_max)
    add_problems(app)
    app.state.routers = (
        me.routes(side),
        live_events.routes(app.state.live),
        _document_route(),
        *beside,
        *areas,
    )
    for router in app.state.routers:
        add_exports(router)
        app.include_router(router, prefix=API)
    setattr(app, "openapi", _Document(app))  # noqa: B010  FastAPI's own way to another document
    app.router.default = _Pages(Files(settings.pages or FOLDER / side))
    app.add_middleware(
        Guard,
        origins=frozenset(settings.origins),
        body_bytes_max=settings.body_bytes_max,
        secure=settings.secure,
        failures=failures,
    )
    return app


def _document_route() -> APIRouter:
    router = APIRouter()

    @router.get("/openapi.json", include_in_schema=False)
    def document(request: Request, _: Annotated[Person, signed_in()]) -> JSONResponse:
        return JSONResponse(request.app.openapi())

    return router


class _Document:
    """The OpenAPI document, made when it is first asked for."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app
        self._made: dict[str, Any] | None = None

    def __call__(self) -> dict[str, Any]:
        if self._made is None:
            self._made = documented(self._app, routes_of(self._app))
        return self._made


class _Pages:
    """What no route answers: a page or a file of it, else a problem."""

    def __init__(self, files: Files) -> None:
        self._files = files

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        api = scope["path"] == "/api" or scope["path"].startswith("/api/")
        if api or scope["method"] not in ("GET", "HEAD"):
            raise HTTPException(404 if api else 405)
        await self._files.answer(Request(scope))(scope, receive, send)


class Rated:
    """An Access that also counts: how much one person asks for, and how often an address asks without being anybody."""

    def __init__(self, access: Access, settings: ConsoleSettings) -> None:
        self.inner = access
        self._proxies = settings.proxies
        self._people = Throttle(settings.requests_per_minute, BYTES_PER_MINUTE_MAX)
        self._nobodies = Throttle(settings.failures_per_minute, BYTES_PER_MINUTE_MAX)

    def person(self, request: Request) -> Person:
        """Raises Trouble(401, 403, 429)."""
        address = neighbourhood(client_address(request, self._proxies))
        if self._nobodies.over(address):
            raise _too_much()
        try:
            person = self.inner.person(request)
        except Trouble as trouble:
            if trouble.status == 401:
                self._nobodies.too_much(address, 0)
            raise
        if self._people.too_much(person.name, 0):
            raise _too_much()
        return person

    def facts(self, request: Request) -> SessionContext:
        return self.inner.facts(request)


def _too_much() -> Trouble:
    code, text, act = WORDS[429]
    return Trouble(429, code, text, act)


def neighbourhood(address: str) -> str:
    """What counts as one when requests are counted: an IPv4 address, or the /64 that one IPv6 line has."""
    try:
        address_read = ip_address(address)
    except ValueError:
        return address
    return address if address_read.version == 4 else str(ip_network(f"{address.partition('%')[0]}/64", strict=False))


def client_address(request: Request, proxies: Sequence[IPv4Network | IPv6Network]) -> str:
    """Whose request it is: the connection's other end, or what the nearest trusted proxies say of it."""
    addresses = [request.client.host if request.client else ""]
    forwarded = ",".join(request.headers.getlist("x-forwarded-for"))
    addresses += [entry.strip() for entry in reversed(forwarded.split(","))] if forwarded else []
    for peer, beyond in zip(addresses, [*addresses[1:], None], strict=True):
        try:
            address = ip_address(peer)
        except ValueError:
            return addresses[0]
        if beyond is None or not any(address in network for network in proxies):
            return str(address)
    return addresses[0]


@dataclass(frozen=True, slots=True)
class Drawn:
    """One route: ``path`` with /api/v1; ``right``: what it needs, None for anybody who is signed in; ``open``: for
    whoever is not; ``checked`` False: it asks nobody anything, which must not be."""

    method: str
    path: str
    right: Right | None
    open: bool
    checked: bool


def routes_of(app: FastAPI) -> list[Drawn]:
    """Every route of a console, as it was drawn."""
    drawn_routes = []
    for router in app.state.routers:
        for route in router.routes:
            marks = [one.call for one in route.dependant.dependencies]
            rights = [mark.right for mark in marks if hasattr(mark, "right")]
            wanted = [right for right in rights if right is not None]
            if len(wanted) > 1:
                raise ValueError(f"{route.path} asks for more than one right")
            is_open = any(hasattr(mark, "public") for mark in marks)
            drawn_routes += [
                Drawn(method, API + route.path, wanted[0] if wanted else None, is_open, bool(rights) or is_open)
                for method in sorted(route.methods)
            ]
    return drawn_routes
