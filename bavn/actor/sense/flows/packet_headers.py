"""Beginnings of packets -> who sent to whom, in columns: Ethernet, VLAN tags, IPv4, IPv6, TCP, UDP, SCTP, ICMP.

A matrix of bytes in, one row a packet; every packet is looked at at once. Refuses to put packets together: a fragment
behind the first has no ports.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

from bavn.actor.sense.flows.halves import MAPPED, Bytes

HEADER_BYTES_MAX: Final = 160
ETHERNET, IPV4, IPV6 = 1, 11, 12
"""sFlow's header protocols."""
_TAGS: Final = (0x8100, 0x88A8, 0x9100)
_TAGS_MAX: Final = 3
_EXTENSIONS: Final = (0, 43, 60)
"""IPv6 headers that tell their own length: hop by hop, routing, destination."""
_EXTENSIONS_MAX: Final = 4
_FRAGMENT: Final = 44
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

PACKET: Final = np.dtype(
    [
        ("a", "u1", (16,)),
        ("b", "u1", (16,)),
        ("a_port", "u2"),
        ("b_port", "u2"),
        ("proto", "u1"),
        ("flags", "i2"),
        ("kind", "i2"),
        ("code", "i2"),
        ("fits", "u1"),
    ]
)
"""``fits``: 0 where it is no IP packet, or too short to tell."""


def packets(rows: Bytes, lengths: Ints, protocols: Ints) -> npt.NDArray[np.void]:
    """``rows``: shape (n, HEADER_BYTES_MAX), padded with 0; ``lengths``: bytes there are of each."""
    headers = np.zeros(len(rows), PACKET)
    headers["flags"] = headers["kind"] = headers["code"] = -1
    at, family = _network(rows, protocols)
    four, six = (family == 4) & (lengths >= at + 20), (family == 6) & (lengths >= at + 40)
    _ipv4(headers, rows, at, four)
    begin, whole = _ipv6(headers, rows, at, six, np.where(four, at + 4 * (_byte(rows, at) & 15), at))
    whole &= ~four | (_word(rows, at + 6) & 0x1FFF == 0)
    _transport(headers, rows, begin, lengths, (four | six) & whole)
    headers["fits"] = four | six
    return headers


def _byte(rows: Bytes, at: Ints) -> Ints:
    found: Ints = rows[np.arange(len(rows)), np.minimum(at, rows.shape[1] - 1)].astype(np.int64)
    return found


def _word(rows: Bytes, at: Ints) -> Ints:
    return _byte(rows, at) << 8 | _byte(rows, at + 1)


def _network(rows: Bytes, protocols: Ints) -> tuple[Ints, Ints]:
    """Where the IP header begins, and 4, 6 or 0 for no IP."""
    wire = protocols == ETHERNET
    at = np.where(wire, 12, 0)
    for _ in range(_TAGS_MAX):
        at = np.where(wire & np.isin(_word(rows, at), _TAGS), at + 4, at)
    kind = _word(rows, at)
    at = np.where(wire, at + 2, 0)
    version = _byte(rows, at) >> 4
    is4 = np.where(wire, kind == 0x0800, protocols == IPV4) & (version == 4) & (_byte(rows, at) & 15 >= 5)
    is6 = np.where(wire, kind == 0x86DD, protocols == IPV6) & (version == 6)
    return at, np.where(is4, 4, np.where(is6, 6, 0))


def _gather(rows: Bytes, at: Ints, count: int) -> Bytes:
    places = np.minimum(at[:, None] + np.arange(count), rows.shape[1] - 1)
    return np.take_along_axis(rows, places, axis=1)


def _ipv4(headers: npt.NDArray[np.void], rows: Bytes, at: Ints, fits: Flags) -> None:
    for name, offset in (("a", 12), ("b", 16)):
        headers[name][fits, :12] = MAPPED
        headers[name][fits, 12:] = _gather(rows[fits], at[fits] + offset, 4)
    headers["proto"] = np.where(fits, _byte(rows, at + 9), 0)


def _ipv6(headers: npt.NDArray[np.void], rows: Bytes, at: Ints, fits: Flags, begin: Ints) -> tuple[Ints, Flags]:
    """Where what IP carries begins, and whether its beginning is there (no later fragment)."""
    for name, offset in (("a", 8), ("b", 24)):
        headers[name][fits] = _gather(rows[fits], at[fits] + offset, 16)
    after = _byte(rows, at + 6)
    begin = np.where(fits, at + 40, begin)
    whole = np.ones(len(rows), bool)
    for _ in range(_EXTENSIONS_MAX):
        some, piece = fits & np.isin(after, _EXTENSIONS), fits & (after == _FRAGMENT)
        whole &= ~(piece & (_word(rows, begin + 2) >> 3 != 0))
        length = np.where(some, 8 * (_byte(rows, begin + 1) + 1), np.where(piece, 8, 0))
        after = np.where(some | piece, _byte(rows, begin), after)
        begin = begin + length
    headers["proto"] = np.where(fits, after, headers["proto"])
    return begin, whole


def _transport(headers: npt.NDArray[np.void], rows: Bytes, begin: Ints, lengths: Ints, fits: Flags) -> None:
    proto = headers["proto"]
    ports = fits & np.isin(proto, (6, 17, 132)) & (lengths >= begin + 4)
    headers["a_port"] = np.where(ports, _word(rows, begin), 0)
    headers["b_port"] = np.where(ports, _word(rows, begin + 2), 0)
    tcp = fits & (proto == 6) & (lengths >= begin + 14)
    headers["flags"] = np.where(tcp, _byte(rows, begin + 13), -1)
    ping = fits & np.isin(proto, (1, 58)) & (lengths >= begin + 2)
    headers["kind"] = np.where(ping, _byte(rows, begin), -1)
    headers["code"] = np.where(ping, _byte(rows, begin + 1), -1)
