"""Whole TLS conversations as templates: hello, certificate where it shows, and records that look encrypted.

Refuses to know who talks, and about what.
"""

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from bavn.model.moment import DAY_US, as_datetime
from bavn.traffic.hello import (
    RANDOM_AT,
    SESSION_AT,
    TLS12,
    TLS13,
    Version,
    client_hello,
    ja3,
    ja3s,
    ja4,
    record,
    server_hello,
)
from bavn.traffic.stacks import Stack
from bavn.traffic.talk import ConversationFacts, Ending, Fresh, Talk, Turn, tcp

POOL_BYTES: Final = 96
CERTIFICATE_DAYS: Final = 90
RECORD_BYTES_MAX: Final = 16_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """How a server answers. ``issuer`` "" signs itself; ``born_us``: its certificate's first moment."""

    name: str
    version: Version = TLS13
    cipher: int = 0x1301
    issuer: str = "Let's Encrypt"
    born_us: int = 0


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its answer inside: bytes up, bytes down, and the pause before it."""

    up_bytes: int
    down_bytes: int
    wait_us: int = 0


def tls(
    stack: Stack,
    server: Server,
    exchanges: tuple[Exchange, ...],
    *,
    port: int = 443,
    sni: str | None = None,
    ending: Ending = "fin",
) -> Talk:
    """A conversation with ``server``, asking for ``sni`` (its own name if None, none for "")."""
    server_name = server.name if sni is None else sni
    version = server.version if max(stack.versions) >= server.version[0] else TLS12
    cipher = server.cipher if version == server.version else 0xC02F
    fresh = (Fresh(RANDOM_AT, 32, 0), Fresh(SESSION_AT, 32, 32))
    answer = (Fresh(RANDOM_AT, 32, 64), Fresh(SESSION_AT, 32, 32))
    turns = [Turn(True, client_hello(stack, server_name), 1_000, fresh)]
    if version == TLS13:
        mlkem = 4588 in stack.groups
        hidden = record(20, b"\x01") + _sealed(f"{server.name} handshake", 1100)
        turns.append(Turn(False, server_hello(version, cipher, mlkem=mlkem) + hidden, 2_000, answer))
        opening = record(20, b"\x01") + _sealed(f"{server.name} finished", 53)
    else:
        der = certificate(server)
        chain = record(22, b"\x0b" + _sized3(_sized3(_sized3(der))))
        share = record(22, b"\x0c" + _sized3(_noise(f"{server.name} share", 140)))
        done = record(22, b"\x0e\0\0\0")
        turns.append(Turn(False, server_hello(version, cipher) + chain + share + done, 2_000, answer))
        key = record(22, b"\x10" + _sized3(b"\x20" + _noise(f"{stack.name} key", 32)))
        turns.append(Turn(True, key + record(20, b"\x01") + record(22, _noise(f"{server.name} fin", 40)), 1_500))
        turns.append(Turn(False, record(20, b"\x01") + record(22, _noise(f"{server.name} fins", 40)), 1_000))
        opening = b""
    for number, exchange in enumerate(exchanges):
        up = _sealed(f"{server.name} up {number}", exchange.up_bytes)
        turns.append(Turn(True, (opening + up) if number == 0 else up, exchange.wait_us))
        turns.append(Turn(False, _sealed(f"{server.name} down {number}", exchange.down_bytes), 8_000))
    facts = ConversationFacts(
        app="tls",
        sni=server_name,
        ja3=ja3(stack, server_name),
        ja4=ja4(stack, server_name),
        ja3s=ja3s(version, cipher),
        cert="" if version == TLS13 else fingerprint(server),
        version=version[1],
    )
    return tcp(port, turns, ending=ending, pool_bytes=POOL_BYTES, facts=facts)


@lru_cache(maxsize=1024)
def certificate(server: Server) -> bytes:
    """The server's certificate in DER: the same for the same server, byte for byte (Ed25519 signs without dice)."""
    key = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(f"key of {server.name}".encode()).digest())
    issuer = server.issuer or server.name
    signer = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(f"key of {issuer}".encode()).digest())
    born = as_datetime(server.born_us).replace(microsecond=0)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, server.name)])
    by = (
        x509.Name(
            [
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, issuer),
                x509.NameAttribute(NameOID.COMMON_NAME, f"{issuer} CA"),
            ]
        )
        if server.issuer
        else subject
    )
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(by)
        .public_key(key.public_key())
        .serial_number(
            int.from_bytes(hashlib.sha256(f"serial {server.name} {server.born_us}".encode()).digest()[:15]) + 1
        )
        .not_valid_before(born)
        .not_valid_after(as_datetime(server.born_us + CERTIFICATE_DAYS * DAY_US).replace(microsecond=0))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(server.name)]), critical=False)
        .sign(signer, None)
    )
    return certificate.public_bytes(Encoding.DER)


def fingerprint(server: Server) -> str:
    """SHA-1 of the certificate, lower-case hex: what a sensor calls it."""
    return x509.load_der_x509_certificate(certificate(server)).fingerprint(SHA1()).hex()  # noqa: S303 (a name, no proof)


def _sealed(name: str, count: int) -> bytes:
    """``count`` bytes inside application-data records."""
    pieces = [min(RECORD_BYTES_MAX, count - first) for first in range(0, max(count, 1), RECORD_BYTES_MAX)]
    return b"".join(record(23, _noise(f"{name} {number}", piece)) for number, piece in enumerate(pieces))


def _noise(name: str, count: int) -> bytes:
    return hashlib.shake_128(name.encode()).digest(count)


def _sized3(body: bytes) -> bytes:
    return len(body).to_bytes(3, "big") + body
