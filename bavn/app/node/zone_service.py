"""Serves the response policy zone to the actor's own resolvers over DNS, and tells them when it changes.

TCP and UDP on one address and port, few connections at a time, each with an end; nothing but this zone. Refuses to
answer names: it is no resolver.
"""

import logging
import socket
import struct
import threading
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from ipaddress import ip_address
from typing import Final

import dns.exception
import dns.message
import dns.tsig

from bavn.actor.protect.enforcers.rpz_primary import RpzPrimary
from bavn.actor.protect.enforcers.zone_answers import QUERY_BYTES_MAX, Asker, answers, notify
from bavn.model.failure import Failures, NoContainment
from bavn.model.text import Text

CONNECTIONS_MAX: Final = 16
DNS_PORT: Final = 53
AGAIN_S: Final = 0.05
IDLE_S: Final = 10.0
LOOK_S: Final = 0.5
PART: Final = "zone service"
NOTIFY_TRIES: Final = 5
NOTIFY_WAIT_S: Final = 2.0
_LOG = logging.getLogger(__name__)

Address = tuple[str, int]


class ZoneService:
    """``listen`` at (address, port), 0 for any; ``secondaries``: resolvers that are told, and that may fetch where
    there is no ``key``. OSError where it cannot listen."""

    def __init__(
        self,
        listen: Address,
        secondaries: Sequence[Address],
        key: dns.tsig.Key | None = None,
        failures: Failures | None = None,
    ) -> None:
        self._failures: Failures = failures or NoContainment()
        family = socket.AF_INET6 if ":" in listen[0] else socket.AF_INET
        self._tcp = socket.create_server(listen, family=family)
        self.port: int = self._tcp.getsockname()[1]
        self._udp = socket.socket(family, socket.SOCK_DGRAM)
        try:
            self._udp.bind((listen[0], self.port))
        except OSError:
            self.close()
            raise
        self._secondaries = tuple(secondaries)
        self._may = frozenset(ip_address(host) for host, _ in secondaries)
        self._key = key
        self._changed, self._ended = threading.Event(), threading.Event()
        self._room = threading.Semaphore(CONNECTIONS_MAX)
        self.primary: RpzPrimary | None = None

    def changed(self) -> None:
        """There is something new: the secondaries are told soon. From any thread."""
        self._changed.set()

    def run(self) -> None:
        """Until ``stop``."""
        talks = [threading.Thread(target=work, daemon=True) for work in (self._take_datagrams, self._tell)]
        for talk in talks:
            talk.start()
        self._tcp.settimeout(LOOK_S)
        while not self._ended.is_set():
            self._turn("listening", self._accept, TimeoutError)
        for talk in talks:
            talk.join(IDLE_S)
        self.close()

    def stop(self) -> None:
        """Ends ``run`` within a second. From any thread."""
        self._ended.set()
        self._changed.set()

    def close(self) -> None:
        """Lets go of both sockets."""
        self._tcp.close()
        self._udp.close()

    def _turn(self, part: str, do: Callable[[], None], usual: type[OSError] = OSError) -> None:
        """One connection, query or telling: what it raises costs itself, and a pause. ``usual``: what peers do."""
        part = f"{PART} {part}"
        try:
            do()
        except usual:
            pass
        except Exception as error:  # noqa: BLE001  the next one is answered
            self._failures.note(part, error)
            self._ended.wait(AGAIN_S)
        else:
            self._failures.works(part)

    def _accept(self) -> None:
        line, peer = self._tcp.accept()
        if not self._room.acquire(blocking=False):
            line.close()
            return
        serve = partial(self._serve, line, peer[0])
        threading.Thread(target=self._turn, args=("connections", serve), daemon=True).start()

    def _serve(self, line: socket.socket, host: str) -> None:
        try:
            with line:
                line.settimeout(IDLE_S)
                while not self._ended.is_set() and (wire := _framed(line)):
                    for answer in self._answers(wire, host, over_tcp=True):
                        line.sendall(struct.pack("!H", len(answer)) + answer)
        finally:
            self._room.release()

    def _take_datagrams(self) -> None:
        self._udp.settimeout(LOOK_S)
        while not self._ended.is_set():
            self._turn("datagrams", self._take_datagram)

    def _take_datagram(self) -> None:
        wire, peer = self._udp.recvfrom(QUERY_BYTES_MAX + 1)
        for answer in self._answers(wire, peer[0], over_tcp=False):
            self._udp.sendto(answer, peer)

    def _answers(self, wire: bytes, host: str, *, over_tcp: bool) -> Iterator[bytes]:
        if self.primary is None:
            return iter(())
        may = ip_address(host.partition("%")[0]) in self._may
        return answers(wire, self.primary.zone(), self._key, Asker(may, over_tcp))

    def _tell(self) -> None:
        while not self._ended.is_set():
            self._changed.wait()
            self._changed.clear()
            if self.primary is not None and not self._ended.is_set():
                self._turn("notices", partial(self._tell_all, self.primary))

    def _tell_all(self, primary: RpzPrimary) -> None:
        waiting = set(self._secondaries)
        for _ in range(NOTIFY_TRIES):
            waiting = {there for there in waiting if not self._notified(there, primary)}
            if not waiting or self._changed.is_set():
                break
        for host, port in sorted(waiting) if not self._changed.is_set() else ():
            _LOG.warning("%s@%d does not answer that the zone has changed; it will ask by itself", host, port)

    def _notified(self, there: Address, primary: RpzPrimary) -> bool:
        message = notify(primary.zone(), self._key)
        with socket.socket(socket.AF_INET6 if ":" in there[0] else socket.AF_INET, socket.SOCK_DGRAM) as line:
            line.settimeout(NOTIFY_WAIT_S)
            try:
                line.connect(there)
                line.send(message.to_wire())
                answer = dns.message.from_wire(
                    line.recv(QUERY_BYTES_MAX),
                    keyring=None if self._key is None else {self._key.name: self._key},
                    request_mac=message.mac,
                    ignore_trailing=True,
                )
            except (OSError, dns.exception.DNSException):
                return self._ended.wait(0.1)
            return answer.id == message.id


def endpoint(text: str) -> Address:
    """``address@port`` or an address with the port of DNS. ValueError for anything else."""
    host, _, port = text.partition("@")
    number = int(port) if port.isascii() and port.isdecimal() else -1 if port else DNS_PORT
    if not 0 <= number < 1 << 16:
        raise ValueError(Text("{text} is no address@port", text=repr(text[:60])))
    return str(ip_address(host)), number


def _framed(line: socket.socket) -> bytes | None:
    """One message with its length before it; None at the end, and for one that is too long to be a query."""
    head = _exactly(line, 2)
    if head is None:
        return None
    length: int = struct.unpack("!H", head)[0]
    return _exactly(line, length) if 0 < length <= QUERY_BYTES_MAX else None


def _exactly(line: socket.socket, size: int) -> bytes | None:
    parts = b""
    while len(parts) < size:
        part = line.recv(size - len(parts))
        if not part:
            return None
        parts += part
    return parts
