"""Runs the key holder: its routes, a tidying that destroys each past day's secret, and the making of keys.

A broken book stops the process: better silent than wrong. What else fails is told and tried again. Refuses to think:
every decision is the key holder's.
"""

import asyncio
import logging
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final, Protocol

from fastapi import FastAPI, HTTPException, Request, Response

from bavn.app.keyholder.circle import EnrolledCircle
from bavn.app.net.member_service import JSON, MemberService, Party, ServiceLimits
from bavn.app.net.tls_server import listening, tls_server
from bavn.app.process.manager.heart import Heart
from bavn.app.process.party_keys import PartyKeys
from bavn.centre.inbox.aside import is_book_broken
from bavn.keyholder.making import Making
from bavn.keyholder.shares import HeldShares
from bavn.model.clock.believed import BelievedClock
from bavn.model.failure import Failures, NoContainment
from bavn.model.outcome import Refused
from bavn.model.sector.member import PeerRole
from bavn.wire.codec import encode
from bavn.wire.keyholder import (
    JOIN_BYTES_MAX,
    KEYHOLDER_KINDS,
    KeysAnswered,
    KeysAsked,
    PartAnswered,
    PartAsked,
    PostsAnswered,
    PostsAsked,
)
from bavn.wire.privacy import Message

_LOG = logging.getLogger(__name__)
TIDY_S: Final = 60.0
TIDYING: Final = "tidying secrets"
MAKING: Final = "making keys"
MAKING_S: Final = 0.25
"""How often holders ask each other while a slot is under way."""
AT_ONCE_MAX: Final = 4
"""Requests evaluated at one time; the others wait, so that no core is shared by all of them."""


class Holder(Party, Protocol):
    """What the service stands before."""

    def part(self, actor: str, asked: PartAsked) -> PartAnswered | Refused: ...

    def keys(self, asked: KeysAsked) -> KeysAnswered | Refused: ...

    def posts(self, actor: str, asked: PostsAsked) -> PostsAnswered | Refused: ...

    def tidy(self) -> list[int]: ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Threshold:
    """What a holder makes keys with."""

    shares: HeldShares
    making: Making
    circle: EnrolledCircle


class KeyHolderBroken(Exception):
    """The gate failed in a way that must not happen. The process ends; the operator reads why."""


class _Service(MemberService):
    def __init__(
        self,
        holder: Holder,
        broken: Callable[[BaseException], None],
        limits: ServiceLimits,
        failures: Failures | None = None,
    ) -> None:
        super().__init__(holder, limits, broken, failures)
        self._holder = holder
        self._at_once = asyncio.Semaphore(AT_ONCE_MAX)
        self._under_way: set[str] = set()

    async def part(self, request: Request) -> Response:
        """One request of an actor at a time: that bounds memory, and who sends slowly or often keeps nobody waiting."""
        actor = await self.caller(request)
        if actor in self._under_way:
            raise HTTPException(429, "one request at a time; an earlier one is not answered yet")
        self._under_way.add(actor)
        try:
            message = await self.message(request, PartAsked, KEYHOLDER_KINDS, JOIN_BYTES_MAX)
            self.pay(actor, len(message.points))
            async with self._at_once:
                answer = await self.ask(self._holder.part, actor, message)
        finally:
            self._under_way.discard(actor)
        return _answer(answer)

    async def keys(self, request: Request) -> Response:
        actor = await self.caller(request)
        self.pay(actor, 0)
        return _answer(await self.ask(self._holder.keys, await self.message(request, KeysAsked, KEYHOLDER_KINDS)))

    async def posts(self, request: Request) -> Response:
        actor = await self.caller(request, PeerRole.KEYHOLDER)
        self.pay(actor, 0)
        asked = await self.message(request, PostsAsked, KEYHOLDER_KINDS)
        return _answer(await self.ask(self._holder.posts, actor, asked))


def _answer(answer: Message | Refused) -> Response:
    if isinstance(answer, Refused):
        raise HTTPException(429 if answer.rule in ("rate", "quota") else 403, answer.reason.en)
    return Response(encode(answer).body, media_type=JSON)


def make_keyholder(
    holder: Holder,
    broken: Callable[[BaseException], None],
    limits: ServiceLimits | None = None,
    failures: Failures | None = None,
) -> FastAPI:
    """The application. ``broken`` hears of a broken invariant, after which the process must stop, ``failures`` of a
    request that nobody foresaw."""
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    service = _Service(holder, broken, limits or ServiceLimits(body_bytes_max=JOIN_BYTES_MAX), failures)
    service.add(app)
    for path, handler in (
        ("/v1/part", service.part),
        ("/v1/keys", service.keys),
        ("/v1/posts", service.posts),
    ):
        app.add_api_route(path, handler, methods=["POST"], response_class=Response, response_model=None)
    return app


class KeyHolderServer:
    """One key holder behind one port. ``run`` blocks until SIGTERM, SIGINT or ``stop``; raises KeyHolderBroken."""

    def __init__(
        self,
        holder: Holder,
        keys: PartyKeys,
        host: str,
        port: int,
        failures: Failures | None = None,
        threshold: Threshold | None = None,
        clock: BelievedClock | None = None,
    ) -> None:
        self._holder, self.clock = holder, clock
        self.threshold = threshold
        self.failures: Failures = failures or NoContainment()
        self.tidy: Callable[[], list[int]] = holder.tidy
        """What is done each TIDY_S; whoever watches puts itself around it before ``run``."""
        self.heart = Heart()
        self._failure: BaseException | None = None
        app = make_keyholder(holder, self.fail, failures=failures)
        self._server = tls_server(app, keys.authority().pem, keys.certificate, keys.key)
        self._socket = listening(host, port)

    @property
    def port(self) -> int:
        """The port it listens on, also where 0 was asked for."""
        return int(self._socket.getsockname()[1])

    def run(self) -> None:
        try:
            asyncio.run(self._serve())
        finally:
            self.close()
        if self._failure is not None:
            raise KeyHolderBroken(f"{type(self._failure).__name__}: {self._failure}") from self._failure

    def close(self) -> None:
        """Listens no more and lets go of the members, also where it never ran. Harmless when repeated."""
        self._socket.close()
        self._holder.close()

    def renews(self, renew: Callable[[], object]) -> None:
        """How its server certificate is renewed while it runs."""
        self._server.renew = renew

    def stop(self) -> None:
        """Ends ``run`` within seconds. From any thread."""
        self._server.should_exit = True

    def fail(self, error: BaseException) -> None:
        """A broken invariant: the process stops with it."""
        _LOG.critical("the key holder stops: %s", error, exc_info=error)
        self._failure = self._failure or error
        self.stop()

    async def _serve(self) -> None:
        if threading.current_thread() is threading.main_thread():
            loop = asyncio.get_running_loop()
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.add_signal_handler(number, self.stop)
        turns = [asyncio.create_task(self._turns(TIDYING, self._tidied))]
        if self.threshold is not None:
            turns.append(asyncio.create_task(self._turns(MAKING, partial(self._made, self.threshold.making))))
        try:
            with self.heart.loop("server"):
                await self._server.serve(sockets=[self._socket])
        finally:
            for turn in turns:
                turn.cancel()

    async def _turns(self, part: str, turn: Callable[[], float]) -> None:
        """One after the other; each says how long to wait for the next."""
        while True:
            self.heart.beat(part)
            wait_s = TIDY_S if part == TIDYING else MAKING_S
            try:
                wait_s = await asyncio.to_thread(turn)
                self.failures.works(part)
            except Exception as error:  # noqa: BLE001  tried again; keys that are not destroyed do not go unnoticed
                if is_book_broken(error):
                    self.fail(error)
                    return
                self._noted(part, error)
            await asyncio.sleep(wait_s)

    def _tidied(self) -> float:
        for epoch in self.tidy():
            _LOG.info("the secret of epoch %d is destroyed", epoch)
        return TIDY_S

    @staticmethod
    def _made(making: Making) -> float:
        return MAKING_S if making.step() else min(TIDY_S, making.next_s())

    def _noted(self, part: str, error: Exception) -> None:
        try:
            self.failures.note(part, error)
        except Exception as uncontained:  # noqa: BLE001  where nobody contains, it ends here
            self.fail(uncontained)
