"""The beginning of an SSH connection in clear (RFC 4253): greeting and KEXINIT of a side, and what both agree on.

Refuses to look behind KEXINIT.
"""

from dataclasses import dataclass
from typing import Final

from bavn.actor.formats.tls_hello import LISTED_MAX, HelloMalformed
from bavn.model.text import Text

GREETING: Final = b"SSH-"
_KEXINIT: Final = 20
_COOKIE_BYTES: Final = 16
_PACKET_BYTES_MAX: Final = 35_000
_LINES_MAX: Final = 64
_LINE_BYTES_MAX: Final = 1024
_MARKERS: Final = frozenset(
    {
        "ext-info-c",
        "ext-info-s",
        "kex-strict-c-v00@openssh.com",
        "kex-strict-s-v00@openssh.com",
    }
)
"""Names in the list of methods that are no methods."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KexInit:
    """One side's lists, its favourite first."""

    software: str
    methods: tuple[str, ...]
    host_keys: tuple[str, ...]
    ciphers: tuple[str, ...]


def kexinit(data: bytes) -> KexInit | None:
    """Of what a side sent so far; None while it is not all there. Raises HelloMalformed."""
    at = 0
    for _ in range(_LINES_MAX):
        end = data.find(b"\n", at, at + _LINE_BYTES_MAX)
        if end < 0:
            if len(data) - at > _LINE_BYTES_MAX:
                raise HelloMalformed(Text("a greeting without an end"))
            return None
        line, at = data[at:end].rstrip(b"\r"), end + 1
        if line.startswith(GREETING):
            break
    else:
        raise HelloMalformed(Text("no greeting among the first lines"))
    software = line.decode("ascii", "backslashreplace").partition("-")[2].partition("-")[2]
    if len(data) < at + 6:
        return None
    length, padding, kind = int.from_bytes(data[at : at + 4]), data[at + 4], data[at + 5]
    if not 2 <= length <= _PACKET_BYTES_MAX or kind != _KEXINIT or padding > length - 2:
        raise HelloMalformed(Text("what follows the greeting is no KEXINIT"))
    if len(data) < at + 4 + length:
        return None
    payload = data[at + 5 : at + 4 + length - padding]
    lists, place = [], 1 + _COOKIE_BYTES
    for _ in range(3):
        size = int.from_bytes(payload[place : place + 4])
        raw = payload[place + 4 : place + 4 + size]
        if len(payload) < place + 4 or len(raw) < size:
            raise HelloMalformed(Text("a list of KEXINIT breaks off"))
        names = raw.decode("ascii", "backslashreplace").split(",")
        lists.append(tuple(name for name in names if name)[:LISTED_MAX])
        place += 4 + size
    return KexInit(software=software, methods=without_markers(lists[0]), host_keys=lists[1], ciphers=lists[2])


def without_markers(methods: tuple[str, ...]) -> tuple[str, ...]:
    """Only what can be agreed on."""
    return tuple(method for method in methods if method not in _MARKERS)


def agreed(client: tuple[str, ...], server: tuple[str, ...]) -> str | None:
    """The client's first that the server has too (RFC 4253, 7.1); None if there is none."""
    taken = set(server)
    return next((name for name in client if name in taken), None)
