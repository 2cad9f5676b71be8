"""What the centre's and the key holder's HTTPS interfaces share: who calls, bodies within bounds, becoming a member.

Who calls is read from the client certificate and nowhere else. Bodies are bounded in bytes and time before anything
looks at them, and errors say what the caller may know (RFC 9457). Refuses to think: every decision is the party's.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Protocol

import rfc8785
from fastapi import FastAPI, HTTPException, Request, Response
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.requests import ClientDisconnect

from bavn.app.net.connections import CERTIFICATE_KEY
from bavn.app.net.throttle import Throttle
from bavn.centre.members.enrolment import Admitted, Application
from bavn.model.failure import Failures, NoContainment
from bavn.model.outcome import Refused
from bavn.model.sector.member import MEMBERS, Actor, PeerRole, member_role
from bavn.wire.book import is_environment
from bavn.wire.codec import Encoded, Kinds, decode, encode
from bavn.wire.enrol import ENROL_BYTES_MAX, ENROL_KINDS, Certified, EnrolAsked, RenewAsked
from bavn.wire.gate import GateBroken
from bavn.wire.privacy import Message
from bavn.wire.seal import ENVELOPE_BYTES_MAX

_LOG = logging.getLogger(__name__)
JSON: Final = "application/json"
PROBLEM: Final = "application/problem+json"


class Party(Protocol):
    """Who has members: the centre, the key holder. Every method may be called from any thread."""

    def who(self, certificate_der: bytes) -> Actor | Refused: ...

    def enrol(self, asked: Application) -> Admitted | Refused: ...

    def renew(self, actor: str, csr: str) -> Admitted | Refused: ...

    def authority_pem(self) -> str: ...

    def message_key(self) -> str:
        """The party's public message key, 32 bytes in hex."""
        ...


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


class MemberService:
    """The routes that every party has. ``broken`` hears of a broken invariant, after which the process must stop;
    ``failures`` of a request that failed in a way that nobody foresaw: it is answered by 500, and nothing else."""

    def __init__(
        self,
        party: Party,
        limits: ServiceLimits,
        broken: Callable[[BaseException], None],
        failures: Failures | None = None,
    ) -> None:
        self._failures: Failures = failures or NoContainment()
        self._party = party
        self._limits = limits
        self._broken = broken
        self._throttle = Throttle(limits.requests_per_minute_max, limits.bytes_per_minute_max)
        self._enrolments = Throttle(limits.enrolments_per_minute_max_of_all, limits.bytes_per_minute_max)

    async def authority(self, _: Request) -> Response:
        """Public: the node compares it with the fingerprint it was given beforehand."""
        return Response(self._party.authority_pem(), media_type="application/x-pem-file")

    async def enrol(self, request: Request) -> Response:
        if self._enrolments.too_much("", 0):
            raise HTTPException(429, "too many enrolments at once")
        message = await self.message(request, EnrolAsked)
        admitted = await self.ask(
            self._party.enrol,
            Application(
                actor=message.actor,
                token=message.token,
                csr=message.csr,
                message_key=message.message_key,
                proof=message.proof,
            ),
        )
        return self._certified(admitted)

    async def renew(self, request: Request) -> Response:
        actor = await self.caller(request, *MEMBERS)
        self.pay(actor, 0)
        asked = await self.message(request, RenewAsked)
        return self._certified(await self.ask(self._party.renew, actor, asked.csr))

    async def health(self, request: Request) -> Response:
        await self.caller(request, *MEMBERS)
        return Response(b'{"status":"up"}', media_type=JSON)

    def _certified(self, admitted: Admitted | Refused) -> Response:
        if isinstance(admitted, Refused):
            raise HTTPException(403, admitted.reason.en)
        said = Certified(certificate=admitted.certificate, centre_key=self._party.message_key(), x=admitted.x)
        return Response(encode(said).body, media_type=JSON)

    async def caller(self, request: Request, *roles: PeerRole) -> str:
        """The name in the client certificate, if it is an active member's in one of these roles: an actor's, where none
        is given. 401, 403."""
        der = request.scope.get("extensions", {}).get(CERTIFICATE_KEY)
        if not isinstance(der, bytes):
            raise HTTPException(401, "this needs a client certificate")
        actor = await self.ask(self._party.who, der)
        if isinstance(actor, Refused):
            raise HTTPException(403, actor.reason.en)
        role, asked = member_role(actor.name), roles or (PeerRole.ACTOR,)
        if role not in asked:
            raise HTTPException(403, f"the certificate is of role {role}, and this is for role {' or '.join(asked)}")
        return actor.name

    def pay(self, actor: str, size_bytes: int) -> None:
        if self._throttle.too_much(actor, size_bytes):
            raise HTTPException(429, "too much at once; try again in a minute")

    async def message[Asked: Message](
        self, request: Request, kind: type[Asked], kinds: Kinds = ENROL_KINDS, bytes_max: int = ENROL_BYTES_MAX
    ) -> Asked:
        """The one message of a body. 400, 408, 411, 413, 415."""
        expect(request, JSON)
        body = await self.body(request, body_length(request, bytes_max))
        message = decode(Encoded(kind.__name__, body), kinds)
        if not isinstance(message, kind):
            raise HTTPException(400, message.reason.en if isinstance(message, Refused) else "another message")
        return message

    async def body(self, request: Request, length: int) -> bytes:
        """The whole body of an announced length, within the time that the slowest line needs for it. 408, 413."""
        return await read_body(request, length, self._limits.body_s + length / self._limits.slowest_line_bytes_per_s)

    async def ask[*Given, Said](self, question: Callable[[*Given], Said], *given: *Given) -> Said:
        """Asks the party in a thread of its own, so that nobody else waits."""
        part = f"request {getattr(question, '__name__', 'of a member')}"
        return await asyncio.to_thread(
            lambda: answer_of_party(self._failures, self._broken, part, lambda: question(*given))
        )

    def add(self, app: FastAPI) -> None:
        """Puts the shared routes and the answers to errors into an application."""
        for method, path, handler in (
            ("GET", "/v1/enrol", self.authority),
            ("POST", "/v1/enrol", self.enrol),
            ("POST", "/v1/renew", self.renew),
            ("GET", "/healthz", self.health),
        ):
            app.add_api_route(path, handler, methods=[method], response_class=Response, response_model=None)
        app.add_exception_handler(StarletteHTTPException, _problem_of)
        app.add_exception_handler(Exception, _fault)


def answer_of_party[Said](
    failures: Failures, broken: Callable[[BaseException], None], part: str, question: Callable[[], Said]
) -> Said:
    """The answer. What it raises is raised again, for a 500: a broken book is told to ``broken``, and what is neither
    that nor a machine that fails (a full disk, a database that is away) to ``failures``, as ``part``."""
    try:
        answer = question()
    except GateBroken as error:
        broken(error)
        raise
    except Exception as error:
        if not is_environment(error):
            failures.note(part, error)
        raise
    failures.works(part)
    return answer


async def read_body(request: Request, length: int, within_s: float) -> bytes:
    """The whole body of a request that announced its length. 408, 413; 400, unread, where the other side has gone."""
    read = bytearray()
    try:
        async with asyncio.timeout(within_s):
            async for piece in request.stream():
                read += piece
                if len(read) > length:
                    raise HTTPException(413, "more bytes than were announced")
    except TimeoutError:
        raise HTTPException(408, "the body came too slowly") from None
    except ClientDisconnect:
        raise HTTPException(400, "the other side went away before the body was whole") from None
    return bytes(read)


def expect(request: Request, content_type: str) -> None:
    """415 for a body of another type."""
    if request.headers.get("content-type", "").split(";")[0].strip().lower() != content_type:
        raise HTTPException(415, f"the content type is {content_type}")


def body_length(request: Request, bytes_max: int) -> int:
    """The length that a request announces; a body in pieces announces none, whatever else it says. 411, 413."""
    text = request.headers.get("content-length", "")
    if "transfer-encoding" in request.headers or not (text.isascii() and text.isdigit()):
        raise HTTPException(411, "a body needs its length")
    if len(text) > 12 or int(text) > bytes_max:
        raise HTTPException(413, f"a body has at most {bytes_max} bytes")
    return int(text)


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
    return _problem(500, "this failed; try again later")
