"""Sockets that take syslog in: UDP, TCP and TLS in one thread of their own, each message to the spool at once.

A sender that is slow, endless or hostile costs one refusal and its own connection, never another's. Where the spool is
full, connections are left unread until there is room (their senders wait); datagrams are lost and counted. Refuses to
know what a message says.
"""

import asyncio
import contextlib
import os
import socket
import ssl
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final

from bavn.actor.sense.base import SourceBroken
from bavn.actor.sense.spool import Item, Spool, sender_bytes
from bavn.actor.sense.syslog.admission import NOT_LISTED, TOO_FAST, TOO_MANY, Admission, SyslogSettings
from bavn.actor.sense.syslog.frames import TOO_LONG, Framer
from bavn.model.text import Text

UDP, TCP, TLS = 1, 2, 3
DATAGRAMS_AT_ONCE: Final = 1000
RECEIVE_BUFFER_BYTES: Final = 16 << 20
_SO_RCVBUFFORCE: Final = 33
SWEEP_S: Final = 0.5
HANDSHAKE_S: Final = 10.0
JOIN_S: Final = 5.0

NO_CERTIFICATE: Final = Text("syslog over TLS needs syslog_certificate_file and syslog_key_file")
IDLE: Final = Text("nothing for too long: closed")
HALF: Final = Text("half a message and no more: closed")
QUEUE_FULL: Final = "queue_full"


class Ears:
    """Listens from ``start`` to ``close``. ``now_us``: the clock; ``tick``: seconds, never backwards."""

    def __init__(
        self,
        spool: Spool,
        admission: Admission,
        settings: SyslogSettings,
        now_us: Callable[[], int],
        tick: Callable[[], float],
    ) -> None:
        self.spool, self.admission, self.settings, self.now_us, self.tick = spool, admission, settings, now_us, tick
        self.speakers: set[Speaker] = set()
        self._sockets: list[tuple[int, socket.socket]] = []
        self._context: ssl.SSLContext | None = None
        self._loop = asyncio.new_event_loop()
        self._thread: threading.Thread | None = None
        self._ended = asyncio.Event()
        self._closed = False

    def open(self, channel: int, listen: str) -> int:
        """A socket at ``address:port``; returns its port. SourceBroken where that cannot be."""
        kind = socket.SOCK_DGRAM if channel == UDP else socket.SOCK_STREAM
        try:
            host, port = address_of(listen)
        except ValueError as error:
            raise SourceBroken(
                Text(
                    "syslog cannot listen on {at!r} ({why}): give it as 10.0.0.1:514",
                    at=listen,
                    why=Text.of_error(error),
                )
            ) from error
        opened = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, kind)
        try:
            opened.setblocking(False)
            _prepare(opened, channel)
            opened.bind((host, port))
            if channel != UDP:
                opened.listen(128)
        except OSError as error:
            opened.close()
            raise SourceBroken(
                Text(
                    "syslog cannot listen on {at!r} ({why}): choose another address:port", at=listen, why=error.strerror
                )
            ) from error
        self._sockets.append((channel, opened))
        return int(opened.getsockname()[1])

    def encrypt(self, files: tuple[Path, Path, Path | None] | None) -> None:
        """What TLS connections need: certificate, key, the clients' authority. SourceBroken for files that are not
        that."""
        if files is None:
            raise SourceBroken(NO_CERTIFICATE)
        certificate, key, client_ca = files
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        try:
            context.load_cert_chain(certificate, key)
            if client_ca:
                context.load_verify_locations(client_ca)
                context.verify_mode = ssl.CERT_REQUIRED
        except OSError as error:
            raise SourceBroken(
                Text(
                    "syslog over TLS: {files} cannot be used ({why}): PEM files of a certificate and its key are"
                    " wanted",
                    files=", ".join(str(one) for one in files if one),
                    why=error.strerror or error,
                )
            ) from error
        self._context = context

    def start(self) -> None:
        self._thread = threading.Thread(target=self._run, name="syslog", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """What was received is in the spool. Harmless when repeated."""
        if self._closed:
            return
        self._closed = True
        if self._thread:
            self._loop.call_soon_threadsafe(self._ended.set)
            self._thread.join(JOIN_S)
        for _, made in self._sockets:
            made.close()
        if not self._thread or not self._thread.is_alive():
            self._loop.close()

    def kernel_drops(self) -> int:
        """Datagrams that the kernel threw away since the sockets were opened, because nobody took them in time."""
        return sum(drops_of(made) for channel, made in self._sockets if channel == UDP and made.fileno() >= 0)

    def keep(self, sender: str, messages: list[bytes], channel: int) -> int:
        """How many of these there was room for, the first ones."""
        us = self.now_us()
        address = sender_bytes(sender)
        taken = self.spool.put([Item(us, address, 0, channel, message) for message in messages])
        self.admission.took(sender, taken)
        return taken

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._listen())

    async def _listen(self) -> None:
        servers = [await self._serve(channel, made) for channel, made in self._sockets]
        while not self._ended.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._ended.wait(), SWEEP_S)
            for speaker in list(self.speakers):
                speaker.look()
        for server in servers:
            if server:
                server.close()
        for speaker in list(self.speakers):
            speaker.drop()
        if sys.version_info >= (3, 13):  # who is in the middle of a handshake is no speaker yet
            for server in servers:
                if server:
                    server.abort_clients()
        # An aborted connection is told so in the next round, and closed in the one after.
        for _ in range(3):
            await asyncio.sleep(0)

    async def _serve(self, channel: int, opened: socket.socket) -> asyncio.Server | None:
        if channel == UDP:
            self._loop.add_reader(opened.fileno(), self._datagrams, opened)
            return None
        context = self._context if channel == TLS else None
        return await self._loop.create_server(
            lambda: Speaker(self, channel),
            sock=opened,
            ssl=context,
            ssl_handshake_timeout=HANDSHAKE_S if context else None,
        )

    def _datagrams(self, channel: socket.socket) -> None:
        came: dict[str, list[bytes]] = {}
        for _ in range(DATAGRAMS_AT_ONCE):
            try:
                data, address = channel.recvfrom(65535)
            except BlockingIOError:
                break
            except OSError:
                continue
            came.setdefault(address[0].partition("%")[0], []).append(data)
        for sender, messages in came.items():
            self._from(sender, messages)

    def _from(self, sender: str, messages: list[bytes]) -> None:
        admission = self.admission
        if not admission.may_send(sender):
            admission.refuse(sender, NOT_LISTED, len(messages))
            return
        fit = [message for message in messages if len(message) <= self.settings.line_bytes_max]
        if len(fit) < len(messages):
            admission.refuse(sender, TOO_LONG, len(messages) - len(fit))
        given = admission.spend(sender, len(fit))
        if given < len(fit):
            admission.refuse(sender, TOO_FAST, len(fit) - given)
        taken = self.keep(sender, fit[:given], UDP)
        if taken < given:
            admission.lose(QUEUE_FULL, given - taken)


class Speaker(asyncio.Protocol):
    """One connection."""

    def __init__(self, ears: Ears, channel: int) -> None:
        self._ears, self._channel = ears, channel
        self._framer = Framer(ears.settings.line_bytes_max)
        self._waiting: list[bytes] = []
        self._transport: asyncio.Transport | None = None
        self._sender = ""
        self._counted = False
        self._heard_s = self._whole_s = ears.tick()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - what create_server gives
        admission = self._ears.admission
        self._transport = transport
        self._sender = str(transport.get_extra_info("peername")[0]).partition("%")[0]
        reason = None if admission.may_send(self._sender) else NOT_LISTED
        if reason is None and not admission.opens(self._sender):
            reason = TOO_MANY
        if reason:
            admission.refuse(self._sender, reason)
            transport.abort()
            return
        self._counted = True
        self._ears.speakers.add(self)

    def data_received(self, data: bytes) -> None:
        if not self._counted:
            return
        self._heard_s = self._ears.tick()
        messages = self._framer.feed(data)
        if messages or not self._framer.pending:
            self._whole_s = self._heard_s
        self._refusals()
        self._waiting += messages
        self._flush()
        if self._framer.broken:
            self.drop()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's name
        if not self._counted:
            return
        self._counted = False
        self._waiting += self._framer.end()
        self._refusals()
        self._flush(last=True)
        self._ears.admission.closes(self._sender)
        self._ears.speakers.discard(self)

    def look(self) -> None:
        """What waits for room or for its rate; and whether it says anything at all."""
        if self._waiting:
            self._flush()
            self._heard_s = self._whole_s = self._ears.tick()
            return
        now, settings = self._ears.tick(), self._ears.settings
        if self._framer.pending and now - self._whole_s > settings.half_s:
            self._ears.admission.refuse(self._sender, HALF)
            self._framer.broken = True
            self.drop()
        elif now - self._heard_s > settings.idle_s:
            self._ears.admission.refuse(self._sender, IDLE)
            self.drop()

    def drop(self) -> None:
        """Ends it now."""
        if self._transport:
            self._transport.abort()

    def _flush(self, *, last: bool = False) -> None:
        given = self._ears.admission.spend(self._sender, len(self._waiting)) if not last else len(self._waiting)
        taken = self._ears.keep(self._sender, self._waiting[:given], self._channel) if given else 0
        self._waiting = self._waiting[taken:]
        if last and self._waiting:
            self._ears.admission.lose(QUEUE_FULL, len(self._waiting))
        elif self._transport and not self._transport.is_closing():
            (self._transport.pause_reading if self._waiting else self._transport.resume_reading)()

    def _refusals(self) -> None:
        for reason in self._framer.take_refused():
            self._ears.admission.refuse(self._sender, reason)


def address_of(listen: str) -> tuple[str, int]:
    """``address:port`` or ``[address]:port``. ValueError for anything else."""
    host, colon, port = listen.rpartition(":")
    if not colon or not port.isdigit() or int(port) > 65535 or not host:
        raise ValueError("not address:port")
    return host.removeprefix("[").removesuffix("]"), int(port)


def _prepare(opened: socket.socket, channel: int) -> None:
    if channel != UDP:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        return
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
    with contextlib.suppress(OSError):  # more than the machine's usual bound is root's to ask for
        opened.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, RECEIVE_BUFFER_BYTES)


def drops_of(channel: socket.socket) -> int:
    """The kernel's count for one UDP socket; 0 where /proc does not tell."""
    inode = str(os.fstat(channel.fileno()).st_ino)
    name = "udp6" if channel.family == socket.AF_INET6 else "udp"
    try:
        rows = Path(f"/proc/thread-self/net/{name}").read_text(encoding="ascii").splitlines()[1:]
    except OSError:
        return 0
    return next((int(row.split()[-1]) for row in rows if row.split()[9] == inode), 0)
