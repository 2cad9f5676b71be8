"""ClientHello, ServerHello and what a server says in clear after it (RFC 8446, 5246, 8422): bytes -> facts.

Refuses to put bytes together; what does not parse is HelloMalformed with its reason.
"""

from dataclasses import dataclass
from typing import Final

from bavn.model.intel.cryptonames import CIPHERS, GROUPS, SIGNATURES, VERSIONS, greased, named
from bavn.model.text import Text

HELLO_RETRY: Final = bytes.fromhex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c")
"""The random of a ServerHello that is a HelloRetryRequest (RFC 8446, 4.1.3)."""
NAME_CHARS_MAX: Final = 255
LISTED_MAX: Final = 512
"""Code points of one list that are kept."""

_SNI, _GROUPS, _SIGNATURES, _VERSIONS, _SHARES, _PSK = 0, 10, 13, 43, 51, 41
_ECH: Final = frozenset({0xFE0D, 0xFE0A, 0xFE09})
_CURVE_NAMED: Final = 3


class HelloMalformed(ValueError):
    """The other side's bytes are no such message."""


class Cursor:
    """Bytes from front to back; HelloMalformed where they end too early."""

    def __init__(self, raw: bytes) -> None:
        self.raw, self.at = raw, 0

    def take(self, count: int) -> bytes:
        if self.at + count > len(self.raw):
            raise HelloMalformed(Text("breaks off at byte {what}", what=len(self.raw)))
        taken = self.raw[self.at : self.at + count]
        self.at += count
        return taken

    def number(self, width: int) -> int:
        return int.from_bytes(self.take(width))

    def sized(self, width: int) -> bytes:
        """A vector whose length stands before it in ``width`` bytes."""
        return self.take(self.number(width))

    def more(self) -> bool:
        return self.at < len(self.raw)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientHello:
    """What a client offers, in its order, GREASE left out. ``versions``: before TLS 1.3 it says only its highest."""

    name: str | None
    versions: tuple[str, ...]
    ciphers: tuple[str, ...]
    groups: tuple[str, ...]
    shares: tuple[str, ...]
    signatures: tuple[str, ...]
    session: bytes
    ech: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerHello:
    """What a server chose. ``group``: of its key share (TLS 1.3), or the one it asks for if ``retry``."""

    version: str
    cipher: str
    group: str | None
    retry: bool
    psk: bool
    session: bytes


def client_hello(body: bytes) -> ClientHello:
    """A ClientHello without its 4-byte handshake header. Raises HelloMalformed."""
    at = Cursor(body)
    legacy = at.number(2)
    at.take(32)
    session = at.sized(1)
    ciphers = _numbers(at.sized(2), 2)
    at.sized(1)
    extensions = _extensions(at)
    versions = _numbers(Cursor(extensions[_VERSIONS]).sized(1), 2) if _VERSIONS in extensions else (legacy,)
    return ClientHello(
        name=_name(extensions.get(_SNI, b"")),
        versions=_named(VERSIONS, versions),
        ciphers=_named(CIPHERS, ciphers),
        groups=_named(GROUPS, _listed(extensions, _GROUPS)),
        shares=_named(GROUPS, _shares(extensions.get(_SHARES, b"\0\0"))),
        signatures=_named(SIGNATURES, _listed(extensions, _SIGNATURES)),
        session=session,
        ech=bool(_ECH & extensions.keys()),
    )


def server_hello(body: bytes) -> ServerHello:
    """A ServerHello or HelloRetryRequest without its handshake header. Raises HelloMalformed."""
    at = Cursor(body)
    version = at.number(2)
    retry = at.take(32) == HELLO_RETRY
    session = at.sized(1)
    cipher = at.number(2)
    at.take(1)
    extensions = _extensions(at)
    if _VERSIONS in extensions:
        version = Cursor(extensions[_VERSIONS]).number(2)
    group = Cursor(extensions[_SHARES]).number(2) if _SHARES in extensions else None
    return ServerHello(
        version=named(VERSIONS, version),
        cipher=named(CIPHERS, cipher),
        group=None if group is None else named(GROUPS, group),
        retry=retry,
        psk=_PSK in extensions,
        session=session,
    )


@dataclass(frozen=True, slots=True)
class KeyExchange:
    """A ServerKeyExchange of TLS 1.2 and before: the group, and what it is signed with (1.2 only)."""

    group: str | None
    signature: str | None


def key_exchange(body: bytes, cipher: str, version: str) -> KeyExchange:
    """Without its handshake header. A group that is no named one is said by the size of its prime."""
    at = Cursor(body)
    if "_ECDH" in cipher:
        if at.number(1) != _CURVE_NAMED:
            return KeyExchange("explicit curve", None)
        group: str | None = named(GROUPS, at.number(2))
        at.sized(1)
    elif "_DH" in cipher:
        group = f"dh{len(at.sized(2).lstrip(bytes(1))) * 8}"
        at.sized(2)
        at.sized(2)
    else:
        return KeyExchange(None, None)
    signed = version == "TLS 1.2" and "_anon" not in cipher and at.more()
    return KeyExchange(group, named(SIGNATURES, at.number(2)) if signed else None)


def first_certificate(body: bytes) -> bytes | None:
    """The server's own certificate in DER, of a Certificate message of TLS 1.2 and before."""
    chain = Cursor(Cursor(body).sized(3))
    return chain.sized(3) if chain.more() else None


def _extensions(at: Cursor) -> dict[int, bytes]:
    """By number, the first of each; none where the message ends before them (SSL 3)."""
    if not at.more():
        return {}
    inside, extensions = Cursor(at.sized(2)), dict[int, bytes]()
    while inside.more():
        kind = inside.number(2)
        extensions.setdefault(kind, inside.sized(2))
    return extensions


def _numbers(raw: bytes, width: int) -> tuple[int, ...]:
    if len(raw) % width:
        raise HelloMalformed(Text("a list of odd length"))
    every = (int.from_bytes(raw[at : at + width]) for at in range(0, len(raw), width))
    return tuple(number for number in every if not greased(number))[:LISTED_MAX]


def _listed(extensions: dict[int, bytes], kind: int) -> tuple[int, ...]:
    return _numbers(Cursor(extensions[kind]).sized(2), 2) if extensions.get(kind) else ()


def _shares(raw: bytes) -> tuple[int, ...]:
    inside, groups = Cursor(Cursor(raw).sized(2)), list[int]()
    while inside.more():
        groups.append(inside.number(2))
        inside.sized(2)
    return tuple(group for group in groups if not greased(group))[:LISTED_MAX]


def _name(raw: bytes) -> str | None:
    if not raw:
        return None
    inside = Cursor(Cursor(raw).sized(2))
    while inside.more():
        kind, name = inside.number(1), inside.sized(2)
        if kind == 0 and name:
            return name.decode("ascii", "backslashreplace").lower().rstrip(".")[:NAME_CHARS_MAX] or None
    return None


def _named(table: dict[int, str], numbers: tuple[int, ...]) -> tuple[str, ...]:
    return tuple(named(table, number) for number in numbers)
