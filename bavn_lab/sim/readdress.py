"""Give the inside of a capture another actor's addresses: IPv4, IPv6, ARP, and what ICMP errors quote.

Checksums are carried over by difference (RFC 1624), so that a right one stays right and a wrong one wrong. Refuses to
touch global, multicast, broadcast and link-local addresses, and payloads.
"""

from collections.abc import Hashable
from typing import Final

V4_ROOM: Final = 0x6000
V4_FIRST: Final = 0x8000
"""Taken addresses begin half-way up the actor's /16, where no generated host sits."""

_VLAN: Final = (b"\x81\x00", b"\x88\xa8", b"\x91\x00")
_TCP, _UDP, _ICMP, _ICMP6 = 6, 17, 1, 58
_V6_STEPS: Final = (0, 43, 60, 135, 51)
_ICMP_ERRORS: Final = (3, 4, 5, 11, 12)
_ICMP6_ERRORS: Final = (1, 2, 3, 4)
_BROADCAST_MAC: Final = b"\xff" * 6
QUOTES_MAX: Final = 1


class NoRoom(ValueError):
    """The captures have more inside addresses than the actor's range has room for. Give fewer captures."""


class AddressBook:
    """Who is who at one actor. ``base``: its /16 as a number; ``v6_prefix``: 12 bytes. Inside addresses of each
    ``world`` (a capture: the same sandbox address in two captures is two hosts) get their own in order of first sight.
    """

    def __init__(self, base: int, v6_prefix: bytes) -> None:
        self._base = base
        self._v6_prefix = v6_prefix
        self._known: dict[tuple[Hashable, bytes], bytes] = {}
        self._next = V4_FIRST

    def of(self, world: Hashable, old: bytes) -> bytes:
        """The new address of 4 or 16 bytes for an old one; the old one itself if it is not inside. Raises NoRoom."""
        if not _inside(old):
            return old
        key = (world, old)
        if key not in self._known:
            if self._next - V4_FIRST >= V4_ROOM:
                raise NoRoom(f"more than {V4_ROOM} inside addresses for one actor")
            self._next += 1
            while self._next & 0xFF in (0, 0xFF):
                self._next += 1
            number = (self._base + self._next).to_bytes(4, "big")
            self._known[key] = number if len(old) == 4 else self._v6_prefix + number
        return self._known[key]

    @property
    def broadcast(self) -> bytes:
        return (self._base | 0xFFFF).to_bytes(4, "big")

    def __len__(self) -> int:
        return len(self._known)


def _inside(old: bytes) -> bool:
    """RFC 1918, RFC 6598 and RFC 4193 addresses."""
    if len(old) == 16:
        return old[0] & 0xFE == 0xFC
    first, second = old[0], old[1]
    return (
        first == 10
        or (first == 172 and 16 <= second < 32)
        or (first == 192 and second == 168)
        or (first == 100 and 64 <= second < 128)
    )


def readdressed(frame: bytes, book: AddressBook, world: Hashable) -> bytes:
    """The Ethernet frame with new inside addresses; frames of other protocols come back as they are. Raises NoRoom."""
    at = 12
    while frame[at : at + 2] in _VLAN:
        at += 4
    kind = frame[at : at + 2]
    new = bytearray(frame)
    if kind == b"\x08\x00":
        _v4(new, at + 2, book, world, QUOTES_MAX, broadcast=frame[:6] == _BROADCAST_MAC)
    elif kind == b"\x86\xdd":
        _v6(new, at + 2, book, world, QUOTES_MAX)
    elif kind == b"\x08\x06":
        for place in (at + 16, at + 26):
            if len(new) >= place + 4:
                new[place : place + 4] = book.of(world, bytes(new[place : place + 4]))
    return bytes(new)


def _v4(new: bytearray, at: int, book: AddressBook, world: Hashable, quotes: int, *, broadcast: bool = False) -> int:
    """Rewrite one IPv4 packet; returns how the sum of all its bytes changed (for a quoting ICMP)."""
    if len(new) < at + 20 or new[at] >> 4 != 4 or new[at] & 15 < 5:
        return 0
    delta = 0
    for place in (at + 12, at + 16):
        old = bytes(new[place : place + 4])
        fresh = book.broadcast if broadcast and place == at + 16 and _inside(old) else book.of(world, old)
        delta += _sum(fresh) - _sum(old)
        new[place : place + 4] = fresh
    change = delta + _adjust(new, at + 10, delta)
    first_fragment = int.from_bytes(new[at + 6 : at + 8], "big") & 0x1FFF == 0
    if first_fragment:
        change += _l4(new, at + 4 * (new[at] & 15), new[at + 9], delta, book, world, quotes)
    return change


def _v6(new: bytearray, at: int, book: AddressBook, world: Hashable, quotes: int) -> int:
    if len(new) < at + 40 or new[at] >> 4 != 6:
        return 0
    delta = 0
    for place in (at + 8, at + 24):
        old = bytes(new[place : place + 16])
        fresh = book.of(world, old)
        delta += _sum(fresh) - _sum(old)
        new[place : place + 16] = fresh
    proto, l4 = new[at + 6], at + 40
    while proto in (*_V6_STEPS, 44) and len(new) >= l4 + 8:
        if proto == 44 and int.from_bytes(new[l4 + 2 : l4 + 4], "big") & 0xFFF8:
            return delta
        step = 8 if proto == 44 else 4 * (new[l4 + 1] + 2) if proto == 51 else 8 * (new[l4 + 1] + 1)
        proto, l4 = new[l4], l4 + step
    return delta + _l4(new, l4, proto, delta, book, world, quotes)


def _l4(new: bytearray, at: int, proto: int, delta: int, book: AddressBook, world: Hashable, quotes: int) -> int:
    """Carry the change of the pseudo header over; rewrite what an ICMP error quotes. Returns its own bytes' change."""
    if proto == _TCP:
        return _adjust(new, at + 16, delta)
    if proto == _UDP:
        return _adjust(new, at + 6, delta, zero_is_none=True)
    if proto not in (_ICMP, _ICMP6) or len(new) < at + 8:
        return 0
    pseudo = delta if proto == _ICMP6 else 0
    inner = 0
    if quotes and new[at] in (_ICMP_ERRORS if proto == _ICMP else _ICMP6_ERRORS):
        inner = (_v4 if proto == _ICMP else _v6)(new, at + 8, book, world, quotes - 1)
    return inner + _adjust(new, at + 2, pseudo + inner)


def _adjust(new: bytearray, at: int, delta: int, *, zero_is_none: bool = False) -> int:
    """Carry a change of the covered bytes' sum into the checksum at ``at``; returns the checksum's own change."""
    if len(new) < at + 2:
        return 0
    old = int.from_bytes(new[at : at + 2], "big")
    if delta == 0 or (zero_is_none and old == 0):
        return 0
    total = (~old & 0xFFFF) + delta % 0xFFFF
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    fresh = ~total & 0xFFFF
    if zero_is_none and fresh == 0:
        fresh = 0xFFFF
    new[at : at + 2] = fresh.to_bytes(2, "big")
    return fresh - old


def _sum(words: bytes) -> int:
    return sum(int.from_bytes(words[at : at + 2], "big") for at in range(0, len(words), 2))
