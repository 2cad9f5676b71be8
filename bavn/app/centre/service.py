"""The centre's HTTPS interface for nodes: hand over, pull, enrol, renew.

A pull waits until something is queued. Who calls and what a body may be is member_service's. Refuses to think: every
decision is the centre's.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final, Protocol

import rfc8785
from fastapi import FastAPI, HTTPException, Request, Response

from bavn.app.net.member_service import JSON, MemberService, Party, ServiceLimits, body_length, expect
from bavn.app.net.wakes import Wakes
from bavn.model.failure import Failures
from bavn.model.outcome import Refused
from bavn.wire import frames
from bavn.wire.seal import SEQ_MAX

LARGE_BODY_BYTES: Final = 1_000_000


class Centre(Party, Protocol):
    """What the service stands before. Every method may be called from any thread, also while ``step`` runs."""

    def receive(self, actor: str, envelopes: Sequence[bytes]) -> Sequence[int]: ...

    def pull(self, actor: str, after: int) -> Sequence[bytes]:
        """At once: what is queued now, at most 32 MB of it."""
        ...

    def on_queued(self, call: Callable[[str], None]) -> None:
        """``call`` hears an actor's name whenever something was queued for it; it returns at once."""
        ...

    def step(self, *, again: bool = True) -> None: ...


def make_app(
    centre: Centre,
    limits: ServiceLimits | None = None,
    *,
    received: Callable[[], None] = lambda: None,
    broken: Callable[[BaseException], None] = lambda _: None,
    failures: Failures | None = None,
) -> FastAPI:
    """The application. ``received`` is called after each post was taken in; ``broken`` hears of a broken invariant,
    after which the process must stop, ``failures`` of a request that nobody foresaw. ``app.state.wakes.stop()`` lets
    all waiting pulls go."""
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    app.state.wakes = wakes = Wakes()
    centre.on_queued(wakes.wake)
    service = _Service(centre, limits or ServiceLimits(), wakes, received, broken, failures)
    service.add(app)
    for method, handler in (("POST", service.post), ("GET", service.pull)):
        app.add_api_route("/v1/messages", handler, methods=[method], response_class=Response, response_model=None)
    return app


class _Service(MemberService):
    def __init__(
        self,
        centre: Centre,
        limits: ServiceLimits,
        wakes: Wakes,
        received: Callable[[], None],
        broken: Callable[[BaseException], None],
        failures: Failures | None = None,
    ) -> None:
        super().__init__(centre, limits, broken, failures)
        self._centre = centre
        self._wakes = wakes
        self._received = received
        self._uploading: set[str] = set()
        self._large = asyncio.Semaphore(limits.large_bodies_max)

    async def post(self, request: Request) -> Response:
        actor = await self.caller(request)
        expect(request, frames.CONTENT_TYPE)
        length = body_length(request, self._limits.body_bytes_max)
        self.pay(actor, length)
        if length <= LARGE_BODY_BYTES:
            return await self._take_in(actor, request, length)
        if actor in self._uploading:
            raise HTTPException(429, "one large body at a time")
        self._uploading.add(actor)
        try:
            async with self._large:
                return await self._take_in(actor, request, length)
        finally:
            self._uploading.discard(actor)

    async def _take_in(self, actor: str, request: Request, length: int) -> Response:
        envelopes = frames.split(await self.body(request, length))
        if isinstance(envelopes, Refused):
            raise HTTPException(400, envelopes.reason.en)
        taken = await self.ask(self._centre.receive, actor, envelopes)
        self._received()
        return Response(rfc8785.dumps({"taken": list(taken)}), media_type=JSON)

    async def pull(self, request: Request) -> Response:
        actor = await self.caller(request)
        self.pay(actor, 0)
        after = _number(request, "after", SEQ_MAX)
        wait_s = min(_seconds(request, "wait_s"), self._limits.wait_s_max)
        async with self._wakes.listening(actor) as queued:
            until = asyncio.get_running_loop().time() + wait_s
            while True:
                queued.clear()
                envelopes = await self.ask(self._centre.pull, actor, after)
                left = until - asyncio.get_running_loop().time()
                if envelopes or left <= 0 or not await queued.within(left):
                    return Response(frames.join(envelopes), media_type=frames.CONTENT_TYPE)


def _number(request: Request, name: str, highest: int) -> int:
    text = request.query_params.get(name, "0")
    if not (text.isascii() and text.isdigit() and len(text) <= 16 and int(text) <= highest):
        raise HTTPException(400, f"{name} is a number from 0 to {highest}")
    return int(text)


def _seconds(request: Request, name: str) -> float:
    text = request.query_params.get(name, "0")
    if not (text.isascii() and text.replace(".", "", 1).isdigit() and len(text) <= 8):
        raise HTTPException(400, f"{name} is a number of seconds")
    return float(text)
