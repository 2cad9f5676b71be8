"""Takes datagrams off a UDP socket into the spool, on a thread of its own, and counts what it could not take.

The kernel's own drops are told with each datagram (SO_RXQ_OVFL). Datagrams of whom nobody allowed are not kept, only
counted. Refuses to look into a datagram.
"""

import contextlib
import logging
import socket
import struct
import threading
from collections.abc import Sequence
from contextlib import ExitStack
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from bavn.actor.formats.refused import of_file, taken_in_not
from bavn.actor.sense.base import SourceBroken
from bavn.actor.sense.flows.spool import DATAGRAM, SLOT_US, STRANGERS, TICK, Frame, SpoolWriter
from bavn.actor.sense.flows.streams import Streams, ipfix_messages, listening
from bavn.model.ports import Clock
from bavn.model.record import address_uuid
from bavn.model.settings import SettingsError
from bavn.model.text import Text

_LOG = logging.getLogger(__name__)
RECEIVE_BYTES: Final = 16 << 20
SPOOL_BYTES_MAX: Final = 1 << 30
TICKS_AFTER: Final = 8
"""Slots without a datagram that are still ticked: what waits for its other half goes on meanwhile."""
_SO_RXQ_OVFL, _SO_RCVBUFFORCE = 40, 33
_TOGETHER_MAX: Final = 256
_WAIT_S: Final = 0.25
_NOBODY: Final = bytes(16)
LOOPBACK: Final = ("127.0.0.0/8", "::1/128")


def listen_at(given: str, setting: str) -> tuple[str, int]:
    """``address:port`` as (address, port). SettingsError for anything else, a host name included."""
    try:
        at = urlsplit(f"//{given}")
        host, port = at.hostname or "", at.port
        ip_address(host)
    except ValueError as error:
        raise SettingsError(
            Text(
                "{setting} must be address:port, not {given} ({error})",
                setting=setting,
                given=repr(given),
                error=Text.of_error(error),
            )
        ) from error
    if not port:
        raise SettingsError(
            Text("{setting} must name a port (2055, say), not {given}", setting=setting, given=repr(given))
        )
    return host, port


class Allowed:
    """Who may send: networks (CIDR texts). SettingsError for one that is none."""

    def __init__(self, networks: Sequence[str], setting: str) -> None:
        self._networks: list[IPv4Network | IPv6Network] = []
        for text in networks:
            try:
                self._networks.append(ip_network(text, strict=False))
            except ValueError as error:
                raise SettingsError(
                    Text(
                        "{setting}: {text} is no address or network ({error})",
                        setting=setting,
                        text=repr(text),
                        error=Text.of_error(error),
                    )
                ) from error
        self._known: dict[str, bytes | None] = {}

    def stored(self, host: str) -> bytes | None:
        """The 16 bytes of a sender who is allowed, else None."""
        known = self._known.get(host, _NOBODY)
        if known is _NOBODY:
            if len(self._known) >= 65_536:
                self._known.clear()
            address = ip_address(host.partition("%")[0])
            mapped = getattr(address, "ipv4_mapped", None) or address
            fits = any(mapped.version == net.version and mapped in net for net in self._networks)
            known = self._known[host] = address_uuid(str(mapped)).bytes if fits else None
        return known


class Receiver:
    """A bound socket and the thread that empties it. SourceBroken where it cannot be bound or the spool be made."""

    def __init__(
        self,
        at: tuple[str, int],
        allowed: Allowed,
        folder: Path,
        clock: Clock,
        *,
        spool_bytes_max: int,
        streams: bool = False,
    ) -> None:
        self.received = self.strangers = self.queue_full = self.kernel_drops = 0
        self.failure: Text | None = None
        self._allowed, self._clock = allowed, clock
        try:
            self._spool = SpoolWriter(folder, spool_bytes_max)
        except OSError as error:
            raise SourceBroken(
                of_file(folder, Text("cannot be written ({why}): let the node's user write it", why=error.strerror))
            ) from error
        self._streams: Streams | None = None
        with ExitStack() as undo:
            undo.callback(self._spool.close)
            try:
                self._socket = undo.enter_context(_bound(at))
                if streams:
                    self._streams = Streams(
                        listening((at[0], self.port)), lambda host: allowed.stored(host) is None, ipfix_messages
                    )
            except OSError as error:
                raise SourceBroken(
                    Text(
                        "nothing can be received at {address}:{port} ({why})",
                        address=at[0],
                        port=at[1],
                        why=error.strerror,
                    )
                ) from error
            undo.pop_all()
        self._ended = threading.Event()
        self._last_us = self._slot = self._quiet = 0
        self._room = True
        self._aside, self._aside_from = 0, _NOBODY
        self._thread = threading.Thread(target=self._run, name="flows", daemon=True)
        self._thread.start()

    @property
    def written(self) -> dict[int, int]:
        """See SpoolWriter."""
        return self._spool.written

    @property
    def port(self) -> int:
        return int(self._socket.getsockname()[1])

    @property
    def buffer_bytes(self) -> int:
        """What the kernel holds for us while we are busy."""
        return self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)

    @property
    def connections(self) -> int | None:
        """Over TCP; None where nothing is taken in over TCP."""
        return None if self._streams is None else self._streams.connections

    def close(self) -> None:
        """What has been taken is in the spool. Harmless when repeated."""
        if self._streams is not None:
            self._streams.close()
        self._ended.set()
        self._thread.join(5)
        self._socket.close()
        self._spool.close()

    def _run(self) -> None:
        more = True
        while more:
            more = not self._ended.is_set()  # once more after the end: what came over TCP is whole by then
            try:
                self._turn()
                self.failure = None
            except OSError as error:
                if not self._ended.is_set():
                    self.failure = Text("the spool cannot be written ({why})", why=error.strerror)
                    self._ended.wait(1)
            except Exception as error:  # noqa: BLE001  a stranger's datagram must not end what takes the others
                self.failure = taken_in_not(error)
                self._ended.wait(1)

    def _turn(self) -> None:
        """Everything that waits, up to a bound, into the spool with one write."""
        taken: list[tuple[bytes, str]] = []
        with contextlib.suppress(TimeoutError, BlockingIOError, InterruptedError):
            taken.append(self._take())
            self._socket.setblocking(False)
            while len(taken) < _TOGETHER_MAX:
                taken.append(self._take())
        self._socket.settimeout(_WAIT_S)
        if self._streams is not None:
            taken += self._streams.take()
            self.strangers += self._streams.strangers
            self._streams.strangers = 0
        now_us = self._last_us = max(self._last_us, self._clock.now_us())
        frames = self._ticks(now_us, came=bool(taken))
        for data, host in taken:
            sender = self._allowed.stored(host)
            if sender is None:
                self.strangers += 1
                self._aside += 1
                self._aside_from = self._aside_from if self._aside > 1 else address_uuid(host.partition("%")[0]).bytes
            else:
                self.received += 1
                frames.append(Frame(DATAGRAM, now_us, sender, data))
        if frames and not self._room:
            self.queue_full += sum(frame.kind == DATAGRAM for frame in frames)
            frames = [frame for frame in frames if frame.kind != DATAGRAM]
        if frames:
            try:
                self._spool.write(frames)
            except OSError:
                self.queue_full += sum(frame.kind == DATAGRAM for frame in frames)
                raise

    def _take(self) -> tuple[bytes, str]:
        data, notes, _, sender = self._socket.recvmsg(65_535, 64)
        for level, kind, note in notes:
            if level == socket.SOL_SOCKET and kind == _SO_RXQ_OVFL:
                self.kernel_drops = max(self.kernel_drops, struct.unpack("I", note[:4])[0])
        return data, sender[0]

    def _ticks(self, now_us: int, *, came: bool) -> list[Frame]:
        """What the beginning of a slot brings: a tick, who was sent away, and a look at the room there is."""
        if came:
            self._quiet = 0
        if now_us // SLOT_US == self._slot:
            return []
        self._slot = now_us // SLOT_US
        self._quiet += 1
        self._room = self._spool.room()
        if self._quiet > TICKS_AFTER:
            return []
        self._spool.keep()
        frames = [Frame(TICK, now_us, _NOBODY)]
        if self._aside:
            frames.append(Frame(STRANGERS, now_us, self._aside_from, count=self._aside))
            self._aside = 0
        return frames


def _bound(at: tuple[str, int]) -> socket.socket:
    family = socket.AF_INET6 if ":" in at[0] else socket.AF_INET
    channel = socket.socket(family, socket.SOCK_DGRAM)
    try:
        channel.setsockopt(socket.SOL_SOCKET, _SO_RXQ_OVFL, 1)
        try:
            channel.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, RECEIVE_BYTES)
        except PermissionError:
            channel.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BYTES)
        channel.bind(at)
        channel.settimeout(_WAIT_S)
    except BaseException:
        channel.close()
        raise
    return channel
