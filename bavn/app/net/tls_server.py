"""uvicorn with mutual TLS, for every party that has members: the centre and the key holder; and as browsers need it.

uvicorn does not hand the client certificate on, so a protocol of our own does (PLATFORM.md, 3). Signals are the
caller's. Refuses to know what is served.
"""

import asyncio
import logging
import socket
import ssl
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

import h11
import rfc8785
import uvicorn

from bavn.app.net.connections import CERTIFICATE_KEY, NOBODY, Connections, ConnectionState, name_of
from bavn.app.net.http_protocol import HttpProtocol

if TYPE_CHECKING:
    from fastapi import FastAPI

_LOG = logging.getLogger(__name__)
HEADER_S: Final = 10.0
HEADER_BYTES_MAX: Final = 16_384
CONNECTIONS_MAX: Final = 1000
CONNECTIONS_EACH_MAX: Final = 16
CONNECTIONS_OF_NOBODY_MAX: Final = 200
"""Of all who have no certificate yet: however many come, members find room."""
KEEP_ALIVE_S: Final = 75
BACKLOG: Final = 256
GRACE_S: Final = 3
LOOK_TICKS: Final = 100
RENEW_TICKS: Final = 36_000
"""Ticks of a tenth of a second: a certificate's files are looked at each ten seconds, and renewed each hour if due."""


def listening(host: str, port: int, backlog: int = BACKLOG) -> socket.socket:
    """A socket that listens there (port 0: any), for a server to be run on. Raises OSError.

    What it accepts sends at once. asyncio asks for that only of sockets that it made itself; an answer in two pieces
    would wait 40 ms for the other side's delayed acknowledgement.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    made = socket.create_server((host, port), family=family, backlog=backlog)
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return made


class _Protocol(HttpProtocol):
    """Hands the verified client certificate on, and ends connections whose header never comes."""

    _late: asyncio.TimerHandle | None = None
    _name = NOBODY
    _standing: ConnectionState = "cut"

    def __init__(self, *words: Any, counted: Connections, **more: Any) -> None:
        super().__init__(*words, **more)
        self._counted = counted

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        tls = transport.get_extra_info("ssl_object")
        der = tls.getpeercert(True) if tls is not None else None
        self._name = name_of(der)
        self._standing = self._counted.come(self._name)
        if self._standing == "cut":
            transport.abort()
            return
        bound = self._counted.bound(self._name)
        self.app = _too_many(bound) if self._standing == "refused" else _with_certificate(self.app, der)
        self._late = self.loop.call_later(HEADER_S, transport.abort)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.conn.their_state is h11.IDLE:
            self._late = self._late or self.loop.call_later(HEADER_S, self.transport.abort)
        else:
            self._in_time()

    def connection_lost(self, exc: Exception | None) -> None:
        self._counted.go(self._name, self._standing)
        self._standing = "cut"
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


def _too_many(bound: int) -> Any:
    """Answers whatever is asked with the one thing there is to say, and ends the connection."""
    detail = f"more than {bound} connections at once: close some"
    said: dict[str, Any] = {"title": "Too Many Requests", "status": 429, "detail": detail}
    body = rfc8785.dumps(said)
    head = [
        (b"content-type", b"application/problem+json"),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
        (b"retry-after", b"10"),
    ]

    async def called(_: MutableMapping[str, Any], __: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 429, "headers": head})
        await send({"type": "http.response.body", "body": body})

    return called


class TlsServer(uvicorn.Server):
    """A server whose signals are somebody else's, and which leaves no connection open behind it. ``pair``: the files of
    its certificate and key, used from the next connection on where they change; ``renew`` writes them when due."""

    def __init__(self, config: uvicorn.Config, pair: tuple[Path, Path] | None = None) -> None:
        super().__init__(config)
        self._pair, self._stamp = pair, _stamp(pair)
        self.renew: Callable[[], object] = lambda: None

    async def on_tick(self, counter: int) -> bool:
        if self._pair is not None and counter and counter % LOOK_TICKS == 0:
            try:
                if await asyncio.to_thread(self._changed, self._pair, renew=counter % RENEW_TICKS == 0):
                    self.config.ssl.load_cert_chain(*self._pair, password=_no_password)  # type: ignore[union-attr]
                    _LOG.info("the certificate in %s was renewed", self._pair[0])
            except Exception as error:  # noqa: BLE001  it serves on with the certificate that is in use
                _LOG.error("the certificate in %s cannot be taken: %s", self._pair[0], error)
        return await super().on_tick(counter)

    def _changed(self, pair: tuple[Path, Path], *, renew: bool) -> bool:
        """Whether there is another certificate and key in the files. Raises for files that are no pair, once."""
        if renew:
            self.renew()
        before, self._stamp = self._stamp, _stamp(pair)
        if self._stamp == before:
            return False
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(*pair, password=_no_password)
        return True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """After the grace whoever has not answered TLS's goodbye is let go of."""
        await super().shutdown(sockets)
        for connection in list(self.server_state.connections):
            if connection.transport is not None:
                connection.transport.abort()
        await asyncio.sleep(0)  # an aborted connection is closed in the next round

    @contextmanager
    def capture_signals(self) -> Iterator[None]:

        yield


def _stamp(pair: tuple[Path, Path] | None) -> tuple[tuple[int, int, int], ...]:
    """By which a change of the files is seen; empty where one is missing."""
    try:
        stats = [file.stat() for file in pair or ()]
    except OSError:
        return ()
    return tuple((stat.st_mtime_ns, stat.st_ino, stat.st_size) for stat in stats)


def _no_password() -> str:
    return ""


def tls_server(
    app: "FastAPI", authority_pem: str, certificate: Path, key: Path, each_max: int = CONNECTIONS_EACH_MAX
) -> TlsServer:
    """Serves ``app`` to whoever has a certificate of this authority, and to those who come to get one; ``each_max``
    connections at once to each."""
    made = cast("type[asyncio.Protocol]", partial(_Protocol, counted=Connections(each_max, CONNECTIONS_OF_NOBODY_MAX)))
    return _server(app, made, CONNECTIONS_MAX, lambda _, __: _tls(authority_pem, certificate, key), (certificate, key))


def browser_server(app: "FastAPI", tls: tuple[Path, Path] | None, connections_max: int) -> TlsServer:
    """Serves ``app`` to browsers: with this certificate and key, or without TLS (which is for loopback). Raises
    OSError, ssl.SSLError for files that are no such pair."""
    made = None if tls is None else _tls_for_browsers(*tls)
    factory: Any = None if made is None else lambda _, __: made
    counted = Connections(connections_max, connections_max)  # nobody in a browser has a certificate
    protocol = cast("type[asyncio.Protocol]", partial(_Protocol, counted=counted))
    return _server(app, protocol, connections_max, factory, tls)


def _server(
    app: "FastAPI",
    protocol: type[asyncio.Protocol],
    connections_max: int,
    tls: Any,
    pair: tuple[Path, Path] | None,
) -> TlsServer:
    return TlsServer(
        uvicorn.Config(
            app,
            http=protocol,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_keep_alive=KEEP_ALIVE_S,
            timeout_graceful_shutdown=GRACE_S,
            limit_concurrency=connections_max,
            h11_max_incomplete_event_size=HEADER_BYTES_MAX,
            ssl_context_factory=tls,
        ),
        pair,
    )


def _tls_for_browsers(certificate: Path, key: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(certificate, key)
    context.set_alpn_protocols(["http/1.1"])
    return context


def _tls(authority_pem: str, certificate: Path, key: Path) -> ssl.SSLContext:
    """TLS 1.3; a client certificate must be of our authority, and is asked for but not demanded: enrolling nodes
    have none yet. No tickets, so that every connection shows its certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.verify_mode = ssl.CERT_OPTIONAL
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    context.num_tickets = 0
    context.load_verify_locations(cadata=authority_pem)
    context.load_cert_chain(certificate, key)
    return context
