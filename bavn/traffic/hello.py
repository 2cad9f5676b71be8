"""TLS hellos of made-up client stacks, byte for byte, with the JA3 and JA4 that a sensor must find in them.

Formats: RFC 8446, RFC 5246; JA3 (Salesforce) and JA4 (FoxIO) as published. Refuses to encrypt anything.
"""

import hashlib
from typing import Final

from bavn.traffic.stacks import Stack

GREASE: Final = 0x0A0A
MLKEM_SHARE_BYTES: Final = 1216
RANDOM_AT: Final = 11
"""Where the client's and the server's 32 random bytes lie in a record with a hello."""

SESSION_AT: Final = 44
"""Where the 32 bytes of the session id lie."""

Version = tuple[int, str]
TLS12: Final[Version] = (0x0303, "TLS 1.2")
TLS13: Final[Version] = (0x0304, "TLS 1.3")


def client_hello(stack: Stack, sni: str) -> bytes:
    """The record with the hello: random and session id are zeros at RANDOM_AT and SESSION_AT. No SNI for ""."""
    ciphers = ((GREASE, *stack.ciphers)) if stack.grease else stack.ciphers
    extensions = b"".join(
        _extension(kind, _extension_body(stack, kind, sni)) for kind in stack.extensions if kind != 0 or sni
    )
    if stack.grease:
        extensions = _extension(GREASE, b"") + extensions + _extension(GREASE + 0x1010, b"\0")
    body = b"\x03\x03" + bytes(32) + b"\x20" + bytes(32)
    body += _sized(2, b"".join(number.to_bytes(2, "big") for number in ciphers)) + b"\x01\0" + _sized(2, extensions)
    return record(22, b"\x01" + _sized(3, body), version=0x0301)


def server_hello(version: Version, cipher: int, *, mlkem: bool = False) -> bytes:
    """The record with the server's hello; random and session id are zeros at RANDOM_AT and SESSION_AT."""
    if version == TLS13:
        share = (4588, 1120) if mlkem else (29, 32)
        body = _extension(51, share[0].to_bytes(2, "big") + _sized(2, _noise(f"server {share}", share[1])))
        body += _extension(43, b"\x03\x04")
    else:
        body = _extension(65281, b"\0") + _extension(11, b"\x01\0") + _extension(23, b"")
    hello = b"\x03\x03" + bytes(32) + b"\x20" + bytes(32) + cipher.to_bytes(2, "big") + b"\0" + _sized(2, body)
    return record(22, b"\x02" + _sized(3, hello))


def record(kind: int, body: bytes, version: int = 0x0303) -> bytes:
    """One TLS record."""
    return bytes([kind]) + version.to_bytes(2, "big") + _sized(2, body)


def ja3(stack: Stack, sni: str) -> str:
    """MD5 of version, ciphers, extensions, groups and point formats."""
    extensions = [kind for kind in stack.extensions if kind != 0 or sni]
    parts = ("771", _dashed(stack.ciphers), _dashed(extensions), _dashed(stack.groups), "0")
    return hashlib.md5(",".join(parts).encode(), usedforsecurity=False).hexdigest()


def ja3s(version: Version, cipher: int) -> str:
    """MD5 of the server's version, cipher and extensions."""
    extensions = (51, 43) if version == TLS13 else (65281, 11, 23)
    return hashlib.md5(f"771,{cipher},{_dashed(extensions)}".encode(), usedforsecurity=False).hexdigest()


def ja4(stack: Stack, sni: str) -> str:
    """JA4 over TCP."""
    extensions = [kind for kind in stack.extensions if kind != 0 or sni]
    alpn = stack.alpn[0][0] + stack.alpn[0][-1] if stack.alpn else "00"
    version = {0x0304: "13", 0x0303: "12"}[max(stack.versions)]
    ciphers = ",".join(sorted(f"{number:04x}" for number in stack.ciphers))
    rest = ",".join(sorted(f"{kind:04x}" for kind in extensions if kind not in (0, 16)))
    signatures = ",".join(f"{number:04x}" for number in stack.signatures)
    hashes = [hashlib.sha256(text.encode()).hexdigest()[:12] for text in (ciphers, f"{rest}_{signatures}")]
    head = f"t{version}{'d' if sni else 'i'}{len(stack.ciphers):02d}{len(extensions):02d}{alpn}"
    return "_".join((head, *hashes))


def _extension_body(stack: Stack, kind: int, sni: str) -> bytes:
    if kind == 0:
        return _sized(2, b"\0" + _sized(2, sni.encode()))
    if kind == 10:
        groups = (GREASE, *stack.groups) if stack.grease else stack.groups
        return _sized(2, b"".join(group.to_bytes(2, "big") for group in groups))
    if kind == 13 or kind == 50:
        return _sized(2, b"".join(number.to_bytes(2, "big") for number in stack.signatures))
    if kind == 16:
        return _sized(2, b"".join(_sized(1, name.encode()) for name in stack.alpn))
    if kind == 43:
        return _sized(1, b"".join(number.to_bytes(2, "big") for number in stack.versions))
    if kind == 51:
        group = stack.groups[0]
        share = _noise(f"client {group}", MLKEM_SHARE_BYTES if group == 4588 else 65 if group in (23, 24) else 32)
        return _sized(2, group.to_bytes(2, "big") + _sized(2, share))
    plain = {
        5: b"\x01\0\0\0\0",
        11: b"\x01\0",
        27: b"\x02\0\x02",
        28: b"\x40\x01",
        34: b"\0\x02\x04\x03",
        45: b"\x01\x01",
        17: b"\0\0",
        65281: b"\0",
        17613: b"\0\x03\x02h2",
        65037: _noise("ech", 64),
    }
    return plain.get(kind, b"")


def _extension(kind: int, body: bytes) -> bytes:
    return kind.to_bytes(2, "big") + _sized(2, body)


def _sized(width: int, body: bytes) -> bytes:
    return len(body).to_bytes(width, "big") + body


def _dashed(numbers: tuple[int, ...] | list[int]) -> str:
    return "-".join(str(number) for number in numbers)


def _noise(name: str, count: int) -> bytes:
    return hashlib.shake_128(name.encode()).digest(count)
