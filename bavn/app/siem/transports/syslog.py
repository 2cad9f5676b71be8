"""Syslog over TLS: RFC 5424 messages in RFC 5425's frames, each with its length before it.

RFC 5425 has no receipts. So a batch is a connection of its own, ended by TLS' close_notify, and counts as handed over
when the receiver has closed it too, which it does once it has read all of it.
"""

import contextlib
import re
import socket
import ssl
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from bavn.app.siem.transports.base import Handed, Message, NotTaken
from bavn.app.siem.transports.file import line_of
from bavn.model.moment import iso
from bavn.model.text import Text

CONNECT_S: Final = 10.0
END_S: Final = 10.0
"""So long the receiver has to close what it has read."""
FACILITY: Final = 13  # log audit
MESSAGE_BYTES_MAX: Final = 64_000
_NOT_PRINTED: Final = re.compile(r"[^!-~]")
_LEVELS: Final = ((9, 2), (7, 3), (5, 4), (3, 5))
"""From so much severity on, syslog's: critical, error, warning, notice; below, informational."""


class SyslogTransport:
    """``context`` verifies the receiver; ``host_name`` is who tells."""

    def __init__(self, host: str, port: int, context: ssl.SSLContext, host_name: str) -> None:
        self._host, self._port, self._context = host, port, context
        self._host_name = _NOT_PRINTED.sub("-", host_name)[:255] or "-"

    @property
    def receiver(self) -> str:
        return f"{self._host}:{self._port}"

    def hand(self, messages: Sequence[Message]) -> Handed:
        refused = {}
        frames = []
        for message in messages:
            frame = framed(message, self._host_name)
            if len(frame) > MESSAGE_BYTES_MAX:
                refused[message.id] = f"longer than {MESSAGE_BYTES_MAX} bytes"
            else:
                frames.append(frame)
        if frames:
            self._send(b"".join(frames))
        return Handed(refused=refused)

    def close(self) -> None:
        """Nothing is open between two batches."""

    def _send(self, data: bytes) -> None:
        try:
            with (
                socket.create_connection((self._host, self._port), CONNECT_S) as plain,
                self._context.wrap_socket(plain, server_hostname=self._host) as channel,
            ):
                channel.sendall(data)
                _ended(channel)
        except (OSError, ValueError) as error:
            raise NotTaken(Text.shaped("{kind}: {error}", kind=type(error).__name__, error=str(error)[:200])) from error


def framed(message: Message, host_name: str) -> bytes:
    """One frame: length, space, message."""
    level = next((level for least, level in _LEVELS if message.severity >= least), 6)
    head = f"<{FACILITY * 8 + level}>1 {iso(message.at_us)} {host_name} bavn - {message.id} - "
    whole = head.encode("ascii") + line_of(message)
    return b"%d %s" % (len(whole), whole)


def _ended(channel: ssl.SSLSocket) -> None:
    """Says that this is all, and waits until the other side closes. OSError where it does not, or breaks off."""
    channel.settimeout(END_S)
    with contextlib.suppress(ssl.SSLEOFError, ssl.SSLZeroReturnError):
        plain = channel.unwrap()
        plain.settimeout(END_S)
        with contextlib.suppress(OSError):
            plain.shutdown(socket.SHUT_WR)
        until = time.monotonic() + END_S
        while plain.recv(4096):
            if time.monotonic() > until:
                raise TimeoutError("the receiver does not close the connection")
        plain.close()


def trusting(ca_file: Path | None, certificate: Path | None = None, key: Path | None = None) -> ssl.SSLContext:
    """Verifies by an authority of one's own, else by the system's; shows a certificate where there is one. OSError and
    ssl.SSLError for files that cannot be used."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if ca_file is None:
        context.load_default_certs()
    else:
        context.load_verify_locations(ca_file)
    if certificate is not None:
        context.load_cert_chain(certificate, key)
    return context
