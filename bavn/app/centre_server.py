"""Runs the centre: uvicorn with mutual TLS, a thread that steps, and an end within seconds.

uvicorn does not hand the client certificate on, so a protocol of our own does (PLATFORM.md, 3). A broken invariant in a
step or a gate stops the process. Refuses to know what the centre does.
"""

import asyncio
import logging
import signal
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from bavn.app.centre_service import CERTIFICATE_KEY, Centre, ServiceLimits, make_app

_LOG = logging.getLogger(__name__)
HEADER_S: Final = 10.0
HEADER_BYTES_MAX: Final = 16_384
CONNECTIONS_MAX: Final = 1000
KEEP_ALIVE_S: Final = 75
GRACE_S: Final = 3
STEP_GAP_S: Final = 0.05


class CentreBroken(Exception):
    """A step or a gate failed in a way that must not happen. The process ends; the operator reads why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSettings:
    """Where to listen and with which files. ``step_every_s``: at the latest; a post that was taken in hastens it."""

    authority_pem: str
    certificate: Path
    key: Path
    host: str = "127.0.0.1"
    port: int = 0
    step_every_s: float = 1.0
    limits: ServiceLimits = field(default_factory=ServiceLimits)


class _Protocol(H11Protocol):
    """Hands the verified client certificate on, and ends connections whose header never comes."""

    _late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        tls = transport.get_extra_info("ssl_object")
        der = tls.getpeercert(True) if tls is not None else None
        self.app = _with_certificate(self.app, der)
        self._late = self.loop.call_later(HEADER_S, transport.abort)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.conn.their_state is h11.IDLE:
            self._late = self._late or self.loop.call_later(HEADER_S, self.transport.abort)
        else:
            self._in_time()

    def connection_lost(self, exc: Exception | None) -> None:
        self._in_time()
        super().connection_lost(exc)

    def _in_time(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None


def _with_certificate(app: Any, der: bytes | None) -> Any:
    async def called(scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        scope["extensions"] = {**scope.get("extensions", {}), CERTIFICATE_KEY: der}
        await app(scope, receive, send)

    return called


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are CentreServer's: it ends in order and returns."""
        yield


class _Stepper:
    """Steps at least every ``every_s``, sooner when nudged; the first failure ends it."""

    def __init__(self, step: Callable[[], None], every_s: float, broken: Callable[[BaseException], None]) -> None:
        self._step = step
        self._every_s = every_s
        self._broken = broken
        self._nudged = threading.Event()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="centre-step")

    def start(self) -> None:
        self._thread.start()

    def nudge(self) -> None:
        self._nudged.set()

    def end(self) -> None:
        """Returns when the present step is done."""
        self._ended.set()
        self._nudged.set()
        self._thread.join()

    def _run(self) -> None:
        try:
            while not self._ended.is_set():
                self._nudged.clear()
                self._step()
                self._ended.wait(STEP_GAP_S)
                self._nudged.wait(max(0.0, self._every_s - STEP_GAP_S))
        except BaseException as error:  # noqa: BLE001  whatever it is, the process must not go on without steps
            self._broken(error)


class CentreServer:
    """One centre behind one port. ``run`` blocks until SIGTERM, SIGINT or ``stop``; raises CentreBroken."""

    def __init__(self, centre: Centre, settings: ServerSettings) -> None:
        self._settings = settings
        self._stepper = _Stepper(centre.step, settings.step_every_s, self._fail)
        self._app = make_app(centre, settings.limits, received=self._stepper.nudge, broken=self._fail)
        self._socket = socket.create_server((settings.host, settings.port), backlog=256)
        self._failure: BaseException | None = None
        self._server = _Server(uvicorn.Config(
            self._app, http=_Protocol, ws="none", lifespan="off", log_config=None, access_log=False,
            proxy_headers=False, server_header=False, timeout_keep_alive=KEEP_ALIVE_S,
            timeout_graceful_shutdown=GRACE_S, limit_concurrency=CONNECTIONS_MAX,
            h11_max_incomplete_event_size=HEADER_BYTES_MAX, ssl_context_factory=lambda _, __: self._tls(),
        ))  # fmt: skip

    @property
    def port(self) -> int:
        """The port it listens on, also where 0 was asked for."""
        return int(self._socket.getsockname()[1])

    def run(self) -> None:
        self._stepper.start()
        try:
            asyncio.run(self._serve())
        finally:
            self._stepper.end()
            self._socket.close()
        if self._failure is not None:
            raise CentreBroken(f"{type(self._failure).__name__}: {self._failure}") from self._failure

    def stop(self) -> None:
        """Ends ``run`` within seconds. From any thread."""
        self._server.should_exit = True
        self._app.state.wakes.stop()

    async def _serve(self) -> None:
        if threading.current_thread() is threading.main_thread():
            loop = asyncio.get_running_loop()
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.add_signal_handler(number, self.stop)
        await self._server.serve(sockets=[self._socket])

    def _fail(self, error: BaseException) -> None:
        _LOG.critical("the centre stops: %s", error, exc_info=error)
        self._failure = self._failure or error
        self.stop()

    def _tls(self) -> ssl.SSLContext:
        """TLS 1.3; a client certificate must be of our authority, and is asked for but not demanded: enrolling nodes
        have none yet. No tickets, so that every connection shows its certificate."""
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        made.minimum_version = ssl.TLSVersion.TLSv1_3
        made.verify_mode = ssl.CERT_OPTIONAL
        made.verify_flags |= ssl.VERIFY_X509_STRICT
        made.num_tickets = 0
        made.load_verify_locations(cadata=self._settings.authority_pem)
        made.load_cert_chain(self._settings.certificate, self._settings.key)
        return made
