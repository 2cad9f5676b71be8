"""One conversation while its beginning is being read: bytes of both sides in, the facts out. Key exchanges are here.

TLS over TCP from its records, TLS inside QUIC from its messages, SSH from its KEXINITs. A talk says when it is done;
what it knows until then is what there is. Refuses to know packets.
"""

from collections.abc import Iterator
from typing import Any, Final, Protocol

from bavn.actor.formats.tls_hello import (
    ClientHello,
    HelloMalformed,
    ServerHello,
    client_hello,
    first_certificate,
    key_exchange,
    server_hello,
)
from bavn.actor.sense.handshakes.certificate import facts
from bavn.actor.sense.handshakes.quic import CryptoStream
from bavn.actor.sense.handshakes.ssh import KexInit, agreed, kexinit
from bavn.model.text import Text

MESSAGE_BYTES_MAX: Final = 96 * 1024
_RECORD_BYTES_MAX: Final = (1 << 14) + 2048
_CCS, _ALERT, _HANDSHAKE = 20, 21, 22
_CLIENT_HELLO, _SERVER_HELLO, _CERTIFICATE, _KEY_EXCHANGE, _DONE = 1, 2, 11, 12, 14
_AFTER: Final = -1
"""Instead of a message's type: from here on the side is encrypted, or has given up."""


class Talk(Protocol):
    """``done``: nothing more can be learnt. ``fault``: why there is no row, or None. ``table``: the record its rows are
    of. ``one_sided``: what the client says still matters when the server has said more than is held."""

    table: str
    one_sided: bool
    done: bool
    fault: Text | None

    def read(self, client: bytearray, server: bytearray) -> None:
        """What both sides have said from their start."""
        ...

    def rows(self) -> list[dict[str, Any]]:
        """The columns of its record that are known, a row each; none if there is nothing to tell."""
        ...


class Messages:
    """Handshake messages out of a side's TLS records, each once."""

    __slots__ = ("_at", "_held")

    def __init__(self) -> None:
        self._at = 0
        self._held = bytearray()

    def of(self, data: bytearray) -> Iterator[tuple[int, bytes]]:
        """(type, body) of what is complete since the last time. Raises HelloMalformed."""
        while len(data) >= self._at + 5:
            kind, major = data[self._at], data[self._at + 1]
            size = data[self._at + 3] << 8 | data[self._at + 4]
            if major != 3 or not _CCS <= kind <= 24 or size > _RECORD_BYTES_MAX:
                raise HelloMalformed(Text("what should be a TLS record is none"))
            end = self._at + 5 + size
            if len(data) < end:
                return
            body = bytes(data[self._at + 5 : end])
            self._at = end
            if kind == _HANDSHAKE:
                self._held += body
                yield from whole_messages(self._held)
            elif kind == _CCS:
                yield _CCS, b""
            else:
                yield _AFTER, body


def whole_messages(held: bytearray) -> Iterator[tuple[int, bytes]]:
    """Takes the complete messages off the front of ``held``. Raises HelloMalformed for one that cannot be."""
    while len(held) >= 4:
        size = int.from_bytes(held[1:4])
        if size > MESSAGE_BYTES_MAX:
            raise HelloMalformed(Text("a handshake message of {bytes} bytes", bytes=size))
        if len(held) < 4 + size:
            return
        kind, body = held[0], bytes(held[4 : 4 + size])
        del held[: 4 + size]
        yield kind, body


class TlsTalk:
    """TLS, as its messages come; where from is said by ``messages``."""

    protocol = "tls"
    table = "kex"
    one_sided = False

    def __init__(self) -> None:
        self.done = False
        self.fault: Text | None = None
        self._client, self._server = Messages(), Messages()
        self._hello: ClientHello | None = None
        self._answer: ServerHello | None = None
        self._retried = False
        self._facts: dict[str, Any] = {}

    def read(self, client: bytearray, server: bytearray) -> None:
        """See Talk."""
        try:
            for kind, body in self._client.of(client):
                self.from_client(kind, body)
        except HelloMalformed as error:
            self.broken(Text.of_error(error))
        if self._hello is not None and not self.done:
            self._listen(server)

    def _listen(self, server: bytearray) -> None:
        try:
            for kind, body in self._server.of(server):
                self.from_server(kind, body)
                if self.done:
                    return
        except HelloMalformed:
            self.done = True

    def from_client(self, kind: int, body: bytes) -> None:
        """A message of the client's. Raises HelloMalformed."""
        if kind == _CLIENT_HELLO and self._hello is None:
            self._hello = client_hello(body)
        elif self._hello is None:
            raise HelloMalformed(Text("it does not begin with a ClientHello"))

    def from_server(self, kind: int, body: bytes) -> None:
        """A message of the server's. Raises HelloMalformed."""
        answer = self._answer
        if kind == _SERVER_HELLO and answer is None:
            hello = server_hello(body)
            if hello.retry:
                self._retried = True
                return
            self._answer = hello
            self.done = hello.version == "TLS 1.3"
        elif kind == _CERTIFICATE and answer:
            self._certificate(body)
        elif kind == _KEY_EXCHANGE and answer:
            found_key = key_exchange(body, answer.cipher, answer.version)
            self._facts |= {"negotiated_group": found_key.group, "signature": found_key.signature}
        elif kind in (_DONE, _AFTER) or (kind == _CCS and answer):
            self.done = True

    def broken(self, reason: Text) -> None:
        """The client's bytes are none of TLS's: no row, unless its hello was understood."""
        self.done = True
        if self._hello is None:
            self.fault = reason

    def rows(self) -> list[dict[str, Any]]:
        """See Talk."""
        hello, answer = self._hello, self._answer
        if hello is None:
            return []
        known: dict[str, Any] = {
            "protocol": self.protocol,
            "name": hello.name,
            "offered_groups": list(hello.groups),
            "key_shares": list(hello.shares),
            "offered_versions": list(hello.versions),
            "offered_ciphers": list(hello.ciphers),
            "signatures": list(hello.signatures),
            "retried": self._retried,
            "ech": hello.ech,
        }
        if answer:
            known |= {"version": answer.version, "cipher": answer.cipher, "resumed": self._resumed(hello, answer)}
            known["negotiated_group"] = _agreement(answer)
        return [known | self._facts]

    def _certificate(self, body: bytes) -> None:
        der = first_certificate(body)
        if der:
            certificate = facts(der)
            self._facts |= {
                "cert": certificate.sha1,
                "cert_key": certificate.key,
                "cert_key_bits": certificate.bits,
                "cert_signature": certificate.signature,
                "cert_subject": certificate.subject,
                "cert_issuer": certificate.issuer,
                "notbefore": certificate.notbefore,
                "notafter": certificate.notafter,
                "self_signed": certificate.self_signed,
            }

    def _resumed(self, hello: ClientHello, answer: ServerHello) -> bool:
        """TLS 1.3: by a PSK. Before: the server goes on without a certificate under the client's session id."""
        if answer.version == "TLS 1.3":
            return answer.psk
        return bool(hello.session) and answer.session == hello.session and "cert" not in self._facts


def _agreement(answer: ServerHello) -> str | None:
    """What the secret comes from, as far as the ServerHello tells."""
    if answer.group:
        return answer.group
    if answer.version == "TLS 1.3":
        return "PSK" if answer.psk else None
    return "RSA" if answer.cipher.startswith("TLS_RSA_") else None


class QuicTalk(TlsTalk):
    """TLS in QUIC's CRYPTO frames, which hold messages without records. Feed ``crypto``, not ``read``."""

    protocol = "quic"

    def __init__(self) -> None:
        super().__init__()
        self._streams = {True: CryptoStream(), False: CryptoStream()}
        self._read = {True: 0, False: 0}
        self._parts = {True: bytearray(), False: bytearray()}

    def crypto(self, offset: int, piece: bytes, *, client: bool) -> None:
        """A CRYPTO frame of one side."""
        stream, held = self._streams[client], self._parts[client]
        stream.add(offset, piece)
        held += stream.data[self._read[client] :]
        self._read[client] = len(stream.data)
        try:
            for kind, body in whole_messages(held):
                if client:
                    self.from_client(kind, body)
                elif self._hello is not None:
                    self.from_server(kind, body)
        except HelloMalformed as error:
            self.broken(Text.of_error(error))


class SshTalk:
    """SSH: both sides' KEXINIT."""

    table = "kex"
    one_sided = False

    def __init__(self) -> None:
        self.done = False
        self.fault: Text | None = None
        self._client: KexInit | None = None
        self._server: KexInit | None = None

    def read(self, client: bytearray, server: bytearray) -> None:
        """See Talk."""
        try:
            self._client = self._client or kexinit(bytes(client))
            self._server = self._server or kexinit(bytes(server))
        except HelloMalformed as error:
            self.done, self.fault = True, Text.of_error(error)
        self.done = self.done or (self._client is not None and self._server is not None)

    def rows(self) -> list[dict[str, Any]]:
        """See Talk."""
        client, server = self._client, self._server
        if client is None:
            return []
        known: dict[str, Any] = {
            "protocol": "ssh",
            "offered_groups": list(client.methods),
            "offered_ciphers": list(client.ciphers),
            "signatures": list(client.host_keys),
            "offered_versions": ["SSH 2.0"],
        }
        if server:
            known |= {
                "version": "SSH 2.0",
                "negotiated_group": agreed(client.methods, server.methods),
                "cipher": agreed(client.ciphers, server.ciphers),
                "signature": agreed(client.host_keys, server.host_keys),
            }
        return [known]
