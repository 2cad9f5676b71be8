"""Runs a console: one port, with TLS or on loopback alone, live events, and an end within seconds.

Refuses to know what is served and to whom.
"""

import asyncio
import signal
import ssl
import threading
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from fastapi import FastAPI

from bavn.app.config.console import ConsoleTable
from bavn.app.net.tls_server import TlsServer, browser_server, listening
from bavn.app.process.exits import Exit, Stop, cannot_listen
from bavn.app.process.manager.heart import Heart
from bavn.app.web.console import ConsoleSettings
from bavn.app.web.guard import LOCAL_NAMES
from bavn.model.settings import SettingsError
from bavn.model.text import Text

BACKLOG: Final = 512


def place_of(table: ConsoleTable, base: Path) -> tuple[str, int, tuple[Path, Path] | None]:
    """Address, port, and certificate with key where there is TLS. Raises SettingsError."""
    host, colon, port = table.listen.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not colon or not host or not port.isdigit() or int(port) > 65535:
        raise SettingsError(Text("[console] listen must be address:port, not {listen}", listen=repr(table.listen)))
    if bool(table.certificate_file) != bool(table.key_file):
        raise SettingsError(Text("[console] certificate_file and key_file go together"))
    try:
        local = ip_address(host).is_loopback
    except ValueError:
        local = host == "localhost"
    if not local and not table.certificate_file:
        raise SettingsError(
            Text(
                "[console] listen: {host} can be reached by others, so it needs TLS: set certificate_file and"
                " key_file, or listen on 127.0.0.1 behind a reverse proxy that has them",
                host=host,
            )
        )
    if not table.certificate_file:
        return host, int(port), None
    return host, int(port), ((base / table.certificate_file).resolve(), (base / table.key_file).resolve())


def settings_of(table: ConsoleTable, port: int, *, tls: bool, pages: Path | None = None) -> ConsoleSettings:
    """``port``: the one that is listened on. Raises SettingsError."""
    try:
        proxies = tuple(ip_network(one) for one in table.trusted_proxies)
    except ValueError as error:
        raise SettingsError(Text("[console] trusted_proxies: {error}", error=Text.of_error(error))) from error
    return ConsoleSettings(
        origins=origins_of(table, port, tls=tls),
        proxies=proxies,
        requests_per_minute=table.requests_per_minute,
        failures_per_minute=table.failures_per_minute,
        body_bytes_max=table.body_kb_max * 1024,
        live_max=table.live_max,
        pages=pages,
    )


def origins_of(table: ConsoleTable, port: int, *, tls: bool) -> tuple[str, ...]:
    """What stands before the path, the address that people type first. Raises SettingsError."""
    if table.address:
        parts = urlsplit(table.address)
        if parts.scheme not in ("https", "http") or not parts.hostname or parts.path not in ("", "/") or parts.query:
            raise SettingsError(Text("[console] address must be such as https://console.example.org, without a path"))
        if parts.scheme == "http" and parts.hostname not in LOCAL_NAMES:
            raise SettingsError(Text("[console] address must begin with https:// for any but this machine"))
        return (f"{parts.scheme}://{parts.netloc.lower()}",)
    scheme = "https" if tls else "http"
    return tuple(f"{scheme}://{name}:{port}" for name in LOCAL_NAMES)


class ConsoleServer:
    """One console behind one port. ``run`` blocks until SIGTERM, SIGINT or ``stop``. Stop where it
    cannot listen; ``serve`` says what, when the port is known."""

    def __init__(self, table: ConsoleTable, base: Path) -> None:
        self._table = table
        host, port, self._tls = place_of(table, base)
        try:
            self._socket = listening(host, port, BACKLOG)
        except OSError as error:
            raise cannot_listen("[console] listen", table.listen, error) from error
        self._server: TlsServer | None = None
        self._app: FastAPI | None = None
        self._stopped = False
        self.heart = Heart()

    @property
    def port(self) -> int:
        """The port it listens on, also where 0 was asked for."""
        return int(self._socket.getsockname()[1])

    def settings(self, pages: Path | None = None) -> ConsoleSettings:
        """What the application is to be made with. Raises SettingsError."""
        return settings_of(self._table, self.port, tls=self._tls is not None, pages=pages)

    def run(self, app: FastAPI) -> None:
        """Serves ``app`` until told to end."""
        self._app = app
        try:
            self._server = browser_server(app, self._tls, self._table.connections_max)
        except (OSError, ssl.SSLError) as error:
            self._socket.close()
            raise Stop(
                Exit.CONFIGURATION, Text("[console] certificate_file, key_file: {error}", error=Text.of_error(error))
            ) from error
        app.state.live.start()
        try:
            asyncio.run(self._serve(self._server))
        finally:
            app.state.live.close()
            self._socket.close()

    def stop(self) -> None:
        """Ends ``run`` within seconds. From any thread."""
        self._stopped = True
        if self._app is not None:
            self._app.state.live.stop()
        if self._server is not None:
            self._server.should_exit = True

    def close(self) -> None:
        """For one that never ran."""
        self._socket.close()

    async def _serve(self, server: TlsServer) -> None:
        if threading.current_thread() is threading.main_thread():
            loop = asyncio.get_running_loop()
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.add_signal_handler(number, self.stop)
        if self._stopped:
            return
        self.heart.ready()
        with self.heart.beating(), self.heart.loop("server"):
            await server.serve(sockets=[self._socket])
