"""Connections that carry messages (IPFIX over TCP, RFC 7011 10.4; dnstap), cut into messages by their own lengths.

A message is what a datagram is over UDP; who takes them puts both into one spool. Where nobody takes them, reading
waits and so does the exporter. Refuses to look into a message beyond its head.
"""

import contextlib
import selectors
import socket
import struct
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic
from typing import Final

CONNECTIONS_MAX: Final = 64
WAITING_MAX: Final = 2048
"""Messages not taken yet; each is at most 65,535 bytes."""

HALF_S_MAX: Final = 60.0
"""The rest of a message must come within this."""

IDLE_S_MAX: Final = 1800.0
_HEAD: Final = struct.Struct("!HH")
_HEAD_BYTES: Final = 16
_READ_BYTES: Final = 1 << 16
_WAIT_S: Final = 0.25
IPFIX: Final = 10


Cut = tuple[list[bytes], bytes, bool]
"""Of what came: messages that are whole, what is answered, whether it is over."""


def ipfix_messages(part: bytearray) -> Cut:
    """Takes the whole messages out of ``part``."""
    messages: list[bytes] = []
    while len(part) >= _HEAD.size:
        version, length = _HEAD.unpack_from(part)
        if version != IPFIX or length < _HEAD_BYTES:
            # Where the next message begins nobody knows any more.
            return [*messages, bytes(part[:_HEAD_BYTES])], b"", True
        if len(part) < length:
            break
        messages.append(bytes(part[:length]))
        del part[:length]
    return messages, b"", False


@dataclass(slots=True)
class _Talk:
    """One connection: what came of the message that is on its way, and when something last came."""

    connection: socket.socket
    host: str
    heard_s: float
    part: bytearray = field(default_factory=bytearray)


def listening(at: tuple[str, int]) -> socket.socket:
    """A TCP socket that listens there. OSError where it cannot be bound."""
    return socket.create_server(at, family=socket.AF_INET6 if ":" in at[0] else socket.AF_INET)


class Streams:
    """A listening socket and the thread that reads its connections.

    ``stranger``: whether a sender may not send; it is not let in. ``cut``: takes what is whole out of what came.
    """

    def __init__(
        self,
        listening: socket.socket,
        stranger: Callable[[str], bool],
        cut: Callable[[bytearray], Cut],
        tick: Callable[[], float] = monotonic,
    ) -> None:
        self.strangers = self.refused = 0
        self._stranger, self._cut, self._tick = stranger, cut, tick
        self._taken: deque[tuple[bytes, str]] = deque()
        self._listening = listening
        self._listening.setblocking(False)
        self._choose = selectors.DefaultSelector()
        self._choose.register(self._listening, selectors.EVENT_READ)
        self._talks: dict[int, _Talk] = {}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="ipfix", daemon=True)
        self._thread.start()

    @property
    def connections(self) -> int:
        return len(self._talks)

    def take(self) -> list[tuple[bytes, str]]:
        """The messages that are whole, and who sent each, in the order in which they came."""
        messages: list[tuple[bytes, str]] = []
        with contextlib.suppress(IndexError):
            while True:
                messages.append(self._taken.popleft())
        return messages

    def close(self) -> None:
        """What is whole may still be taken. Harmless when repeated."""
        self._ended.set()
        self._thread.join(5)
        for talk in list(self._talks.values()):
            self._end(talk)
        self._listening.close()

    def _run(self) -> None:
        while not self._ended.is_set():
            if len(self._taken) >= WAITING_MAX:
                self._ended.wait(_WAIT_S)
                continue
            for key, _ in self._choose.select(_WAIT_S):
                if key.data is None:
                    self._accept()
                else:
                    self._read(key.data)
            now_s = self._tick()
            for talk in list(self._talks.values()):
                if now_s - talk.heard_s > (HALF_S_MAX if talk.part else IDLE_S_MAX):
                    self._end(talk)

    def _accept(self) -> None:
        try:
            connection, address = self._listening.accept()
        except OSError:
            return
        host = str(address[0]) if isinstance(address, tuple) else ""
        if self._stranger(host):
            self.strangers += 1
            connection.close()
        elif len(self._talks) >= CONNECTIONS_MAX:
            self.refused += 1
            connection.close()
        else:
            connection.setblocking(False)
            talk = _Talk(connection, host, self._tick())
            self._talks[connection.fileno()] = talk
            self._choose.register(connection, selectors.EVENT_READ, talk)

    def _read(self, talk: _Talk) -> None:
        try:
            came = talk.connection.recv(_READ_BYTES)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            came = b""
        if not came:
            if talk.part:  # it breaks off, and is refused by whoever reads it
                self._taken.append((bytes(talk.part), talk.host))
            self._end(talk)
            return
        talk.part += came
        talk.heard_s = self._tick()
        try:
            messages, reply, over = self._cut(talk.part)
        except Exception:  # noqa: BLE001  a stranger's bytes: they end this connection, and what came is refused
            messages, reply, over = [bytes(talk.part[:_HEAD_BYTES])], b"", True
        self._taken.extend((data, talk.host) for data in messages)
        try:
            if reply:
                talk.connection.send(reply)
        except OSError:
            over = True
        if over:
            self._end(talk)

    def _end(self, talk: _Talk) -> None:
        if self._talks.pop(talk.connection.fileno(), None) is not None:
            self._choose.unregister(talk.connection)
            talk.connection.close()
