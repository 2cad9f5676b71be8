"""The centre's HTTPS interface for nodes: hand over, pull, enrol, renew.

Who calls is read from the client certificate and nowhere else. Bodies are bounded in bytes and time before anything
looks at them, errors say what the caller may know (RFC 9457), and a pull waits until something is queued. Refuses to
think: every decision is the centre's.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

import rfc8785
from fastapi import FastAPI, HTTPException, Request, Response
from starlette.exceptions import HTTPException as StarletteHTTPException

from bavn.app.throttle import Throttle
from bavn.app.wakes import Wakes
from bavn.centre.members.enrolment import Admitted, Application
from bavn.model.member import Actor
from bavn.model.outcome import Refused
from bavn.wire import frames
from bavn.wire.codec import Encoded, decode, encode
from bavn.wire.enrol import ENROL_BYTES_MAX, ENROL_KINDS, Certified, EnrolAsked, RenewAsked
from bavn.wire.gate import GateBroken
from bavn.wire.privacy import Message
from bavn.wire.seal import ENVELOPE_BYTES_MAX, SEQ_MAX

_LOG = logging.getLogger(__name__)
CERTIFICATE_KEY: Final = "bavn.client_certificate"
"""Where the server puts the verified client certificate (DER) in the ASGI scope's ``extensions``."""
LARGE_BODY_BYTES: Final = 1_000_000
JSON: Final = "application/json"
PROBLEM: Final = "application/problem+json"


class Centre(Protocol):
    """What the service stands before. Every method may be called from any thread, also while ``step`` runs."""

    def who(self, certificate_der: bytes) -> Actor | Refused: ...

    def receive(self, actor: str, envelopes: Sequence[bytes]) -> Sequence[int]: ...

    def pull(self, actor: str, after: int) -> Sequence[bytes]:
        """At once: what is queued now, at most 32 MB of it."""
        ...

    def enrol(self, asked: Application) -> Admitted | Refused: ...

    def renew(self, actor: str, csr: str) -> Admitted | Refused: ...

    def authority_pem(self) -> str: ...

    def message_key(self) -> str:
        """The centre's public message key, 32 bytes in hex."""
        ...

    def on_queued(self, call: Callable[[str], None]) -> None:
        """``call`` hears an actor's name whenever something was queued for it; it returns at once."""
        ...

    def step(self) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceLimits:
    """Per actor unless it says otherwise. ``large_bodies_max``: bodies above 1 MB read at one time, of all actors
    together; one actor has one of them at most."""

    body_bytes_max: int = ENVELOPE_BYTES_MAX + 1_000_000
    body_s: float = 20.0
    slowest_line_bytes_per_s: int = 32_768
    wait_s_max: float = 30.0
    requests_per_minute_max: int = 1200
    bytes_per_minute_max: int = 1_000_000_000
    enrolments_per_minute_max_of_all: int = 60
    large_bodies_max: int = 8


def make_app(
    centre: Centre,
    limits: ServiceLimits | None = None,
    *,
    received: Callable[[], None] = lambda: None,
    broken: Callable[[BaseException], None] = lambda _: None,
) -> FastAPI:
    """The application. ``received`` is called after each post was taken in; ``broken`` hears of a broken invariant,
    after which the process must stop. ``app.state.wakes.stop()`` lets all waiting pulls go."""
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    app.state.wakes = wakes = Wakes()
    centre.on_queued(wakes.wake)
    service = _Service(centre, limits or ServiceLimits(), wakes, received, broken)
    for method, path, handler in (
        ("POST", "/v1/messages", service.post), ("GET", "/v1/messages", service.pull),
        ("GET", "/v1/enrol", service.authority), ("POST", "/v1/enrol", service.enrol),
        ("POST", "/v1/renew", service.renew), ("GET", "/healthz", service.health),
    ):  # fmt: skip
        app.add_api_route(path, handler, methods=[method], response_class=Response, response_model=None)
    app.add_exception_handler(StarletteHTTPException, _problem_of)
    app.add_exception_handler(Exception, _fault)
    return app


class _Service:
    def __init__(
        self, centre: Centre, limits: ServiceLimits, wakes: Wakes, received: Callable[[], None],
        broken: Callable[[BaseException], None],
    ) -> None:  # fmt: skip
        self._centre = centre
        self._limits = limits
        self._wakes = wakes
        self._received = received
        self._broken = broken
        self._throttle = Throttle(limits.requests_per_minute_max, limits.bytes_per_minute_max)
        self._enrolments = Throttle(limits.enrolments_per_minute_max_of_all, limits.bytes_per_minute_max)
        self._uploading: set[str] = set()
        self._large = asyncio.Semaphore(limits.large_bodies_max)

    async def post(self, request: Request) -> Response:
        actor = await self._caller(request)
        _expect(request, frames.CONTENT_TYPE)
        length = _length(request, self._limits.body_bytes_max)
        self._pay(actor, length)
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
        envelopes = frames.split(await self._body(request, length))
        if isinstance(envelopes, Refused):
            raise HTTPException(400, envelopes.reason)
        taken = await self._ask(self._centre.receive, actor, envelopes)
        self._received()
        return Response(rfc8785.dumps({"taken": list(taken)}), media_type=JSON)

    async def pull(self, request: Request) -> Response:
        actor = await self._caller(request)
        self._pay(actor, 0)
        after = _number(request, "after", SEQ_MAX)
        wait_s = min(_seconds(request, "wait_s"), self._limits.wait_s_max)
        async with self._wakes.listening(actor) as queued:
            until = asyncio.get_running_loop().time() + wait_s
            while True:
                queued.clear()
                envelopes = await self._ask(self._centre.pull, actor, after)
                left = until - asyncio.get_running_loop().time()
                if envelopes or left <= 0 or not await queued.within(left):
                    return Response(frames.join(envelopes), media_type=frames.CONTENT_TYPE)

    async def authority(self, _: Request) -> Response:
        """Public: the node compares it with the fingerprint it was given beforehand."""
        return Response(self._centre.authority_pem(), media_type="application/x-pem-file")

    async def enrol(self, request: Request) -> Response:
        if self._enrolments.too_much("", 0):
            raise HTTPException(429, "too many enrolments at once")
        asked = await self._message(request, EnrolAsked)
        admitted = await self._ask(
            self._centre.enrol,
            Application(
                actor=asked.actor, token=asked.token, csr=asked.csr, message_key=asked.message_key, proof=asked.proof
            ),
        )
        return self._certified(admitted)

    async def renew(self, request: Request) -> Response:
        actor = await self._caller(request)
        self._pay(actor, 0)
        asked = await self._message(request, RenewAsked)
        return self._certified(await self._ask(self._centre.renew, actor, asked.csr))

    async def health(self, request: Request) -> Response:
        await self._caller(request)
        return Response(b'{"status":"up"}', media_type=JSON)

    def _certified(self, admitted: Admitted | Refused) -> Response:
        if isinstance(admitted, Refused):
            raise HTTPException(403, admitted.reason)
        said = Certified(certificate=admitted.certificate, centre_key=self._centre.message_key(), x=admitted.x)
        return Response(encode(said).body, media_type=JSON)

    async def _caller(self, request: Request) -> str:
        """The name in the client certificate, if it is an active member's. 401, 403."""
        der = request.scope.get("extensions", {}).get(CERTIFICATE_KEY)
        if not isinstance(der, bytes):
            raise HTTPException(401, "this needs a client certificate")
        actor = await self._ask(self._centre.who, der)
        if isinstance(actor, Refused):
            raise HTTPException(403, actor.reason)
        return actor.name

    def _pay(self, actor: str, size_bytes: int) -> None:
        if self._throttle.too_much(actor, size_bytes):
            raise HTTPException(429, "too much at once; try again in a minute")

    async def _message[Asked: Message](self, request: Request, kind: type[Asked]) -> Asked:
        _expect(request, JSON)
        body = await self._body(request, _length(request, ENROL_BYTES_MAX))
        message = decode(Encoded(kind.__name__, body), ENROL_KINDS)
        if not isinstance(message, kind):
            raise HTTPException(400, message.reason if isinstance(message, Refused) else "another message")
        return message

    async def _body(self, request: Request, length: int) -> bytes:
        """The whole body of an announced length, within the time that the slowest line needs for it."""
        read = bytearray()
        try:
            async with asyncio.timeout(self._limits.body_s + length / self._limits.slowest_line_bytes_per_s):
                async for piece in request.stream():
                    read += piece
        except TimeoutError:
            raise HTTPException(408, "the body came too slowly") from None
        return bytes(read)

    async def _ask[*Given, Said](self, question: Callable[[*Given], Said], *given: *Given) -> Said:
        """Asks the centre in a thread of its own, so that nobody else waits."""
        try:
            return await asyncio.to_thread(question, *given)
        except GateBroken as error:
            self._broken(error)
            raise


def _expect(request: Request, content_type: str) -> None:
    if request.headers.get("content-type", "").split(";")[0].strip().lower() != content_type:
        raise HTTPException(415, f"the content type is {content_type}")


def _length(request: Request, bytes_max: int) -> int:
    text = request.headers.get("content-length", "")
    if not (text.isascii() and text.isdigit()):
        raise HTTPException(411, "a body needs its length")
    if len(text) > 12 or int(text) > bytes_max:
        raise HTTPException(413, f"a body has at most {bytes_max} bytes")
    return int(text)


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


def _problem(status: int, detail: str) -> Response:
    body: dict[str, Any] = {"detail": detail, "status": status, "type": "about:blank"}
    headers = {"connection": "close"} if status in (408, 411, 413) else {}
    return Response(rfc8785.dumps(body), status_code=status, media_type=PROBLEM, headers=headers)


async def _problem_of(_: Request, error: Exception) -> Response:
    if not isinstance(error, StarletteHTTPException):
        raise error
    return _problem(error.status_code, error.detail)


async def _fault(request: Request, error: Exception) -> Response:
    _LOG.error("%s %s failed: %s", request.method, request.url.path, type(error).__name__)
    return _problem(500, "the centre failed; try again later")
