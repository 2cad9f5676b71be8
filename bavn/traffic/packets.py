"""Flows -> Ethernet frames with right lengths and checksums, many at a time.

All packets of one template lie side by side in one row of a byte matrix, one row a flow; addresses, ports, numbers,
times and checksums are written in columns. Each packet carries its pcap record header in front. Refuses to know what
a conversation means.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np

from bavn.traffic.dice import Floats, Ints, SeededDice
from bavn.traffic.flows import Flows
from bavn.traffic.talk import SYN, Packet, Talk

RECORD_BYTES: Final = 16
ETHERNET_BYTES: Final = 14
GATEWAY_MAC: Final = bytes.fromhex("02005e000001")
MATRIX_BYTES_MAX: Final = 8 << 20
PACKET_GAP_US: Final = 41
PACE_MIN, PACE_MAX = 0.8, 1.25

_NUMBER: Final = {"tcp": 6, "udp": 17, "icmp": 1}
_HEADER_BYTES: Final = {"tcp": 20, "udp": 8, "icmp": 4}
_CHECKSUM_AT: Final = {"tcp": 16, "udp": 6, "icmp": 2}
_TTL_INSIDE, _TTL_OUTSIDE = 128, 52

Buffer = np.ndarray[tuple[int], np.dtype[np.uint8]]
Matrix = np.ndarray[tuple[int, int], np.dtype[np.uint8]]


@dataclass(frozen=True, slots=True, eq=False)
class Frames:
    """Packets anywhere in ``data``: packet i is ``data[at[i] : at[i] + size[i]]``, pcap record header included; its
    time is ``ts_us[i]``. Not in order."""

    ts_us: Ints
    at: Ints
    size: Ints
    data: Buffer

    def __len__(self) -> int:
        return len(self.ts_us)


@dataclass(frozen=True, slots=True, eq=False)
class _Layout:
    """Where everything lies in a row: one place for each packet (``start``: of its slot; ``ip``, ``addr``, ``l4``)."""

    row: Buffer
    start: Ints
    size: Ints
    ip: Ints
    addr: Ints
    l4: Ints
    to_server: np.ndarray[tuple[int], np.dtype[np.bool_]]
    rtts: Ints
    wait_us: Ints
    cuts: Ints


def frame_sizes(batch: Flows) -> Ints:
    """Bytes of each packet of the batch's template, pcap record header included."""
    return _layout(batch.talk, batch.client_prefix is not None, batch.client_inside, batch.server_inside).size


def render(batch: Flows, dice: SeededDice) -> Iterator[Frames]:
    """The batch's packets, a bounded number of bytes at a time. ValueError if the flows have no ports yet."""
    if batch.sport is None:
        raise ValueError("give the flows their ports first (with_ports)")
    layout = _layout(batch.talk, batch.client_prefix is not None, batch.client_inside, batch.server_inside)
    step = max(1, MATRIX_BYTES_MAX // len(layout.row))
    for first in range(0, len(batch), step):
        yield _frames(batch.only(slice(first, first + step)), layout, dice)


def _frames(batch: Flows, layout: _Layout, dice: SeededDice) -> Frames:
    n, k = len(batch), len(layout.start)
    matrix: Matrix = np.broadcast_to(layout.row, (n, len(layout.row))).copy()
    pace = PACE_MIN + (PACE_MAX - PACE_MIN) * dice.units(n)
    ts_us = _moments(batch, layout, pace)
    thrown = np.frombuffer(dice.bytes(n * 10), dtype=np.uint8).reshape(n, 10)
    pool = batch.pool
    if pool is None:
        pool = np.frombuffer(dice.bytes(n * batch.talk.pool_bytes), dtype=np.uint8).reshape(n, -1)
    _put(matrix, layout.start, (ts_us // 1_000_000).astype("<u4"))
    _put(matrix, layout.start + 4, (ts_us % 1_000_000).astype("<u4"))
    _put_addresses(matrix, layout, batch)
    if batch.client_prefix is None:
        ident = thrown[:, 8:10].copy().view("<u2").astype(np.int64) + np.arange(k)
        _put(matrix, layout.ip + 4, ident.astype(">u2"))
    _put_ports(matrix, layout, batch, thrown)
    for number, packet in enumerate(batch.talk.packets):
        body = layout.start[number] + layout.size[number] - len(packet.payload)
        for part in packet.fresh:
            at = body + part.offset
            matrix[:, at : at + part.length] = pool[:, part.pool : part.pool + part.length]
    _put_checksums(matrix, layout, batch.talk)
    at = (np.arange(n, dtype=np.int64) * len(layout.row))[:, None] + layout.start
    size = np.broadcast_to(layout.size, (n, k))
    return Frames(ts_us.reshape(-1), at.reshape(-1), size.reshape(-1), matrix.reshape(-1))


def _moments(batch: Flows, layout: _Layout, pace: Floats) -> Ints:
    steps = np.arange(len(layout.start)) * PACKET_GAP_US
    pauses = (layout.wait_us[None, :] * pace[:, None]).astype(np.int64)
    moments: Ints = batch.t_us[:, None] + layout.rtts[None, :] * batch.rtt_us[:, None] + pauses + steps
    return moments


def _put(matrix: Matrix, at: Ints, values: np.ndarray[tuple[int, ...], np.dtype[np.generic]]) -> None:
    """Write numbers, shape (rows, len(at)) of one fixed byte order, each at its place."""
    width = values.dtype.itemsize
    raw = np.ascontiguousarray(values).view(np.uint8).reshape(len(matrix), -1)
    matrix[:, (at[:, None] + np.arange(width)).reshape(-1)] = raw


def _put_addresses(matrix: Matrix, layout: _Layout, batch: Flows) -> None:
    client = batch.client.astype(">u4")[:, None]
    server = batch.server.astype(">u4")[:, None]
    width = 4 if batch.client_prefix is None else 16
    for to_server in (True, False):
        rows = np.flatnonzero(layout.to_server == to_server)
        if not len(rows):
            continue
        source, target = (client, server) if to_server else (server, client)
        inside = (batch.client_inside, batch.server_inside) if to_server else (batch.server_inside, batch.client_inside)
        prefixes = (
            (batch.client_prefix, batch.server_prefix) if to_server else (batch.server_prefix, batch.client_prefix)
        )
        for which, (address, is_inside, prefix) in enumerate(zip((source, target), inside, prefixes, strict=True)):
            spread = np.broadcast_to(address, (len(matrix), len(rows)))
            at = layout.addr[rows] + which * width
            if prefix is not None:
                constant = np.frombuffer(prefix, dtype=np.uint8)
                matrix[:, (at[:, None] + np.arange(12)).reshape(-1)] = np.tile(constant, len(rows))
            _put(matrix, at + width - 4, spread)
            if is_inside:  # the frame's target comes before its source
                _put(matrix, layout.start[rows] + RECORD_BYTES + (1 - which) * 6 + 2, spread)


def _put_ports(matrix: Matrix, layout: _Layout, batch: Flows, thrown: Matrix) -> None:
    if batch.talk.proto == "icmp" or batch.sport is None:
        return
    n, k = len(batch), len(layout.start)
    sport = np.broadcast_to(batch.sport.astype(">u2")[:, None], (n, k))
    _put(matrix, layout.l4 + np.where(layout.to_server, 0, 2), sport)
    if batch.talk.proto != "tcp":
        return
    base = thrown[:, :8].copy().view("<u4").astype(np.int64)
    own = np.where(layout.to_server, 0, 1)
    packets = batch.talk.packets
    seq = base[:, own] + np.array([packet.seq for packet in packets])
    ack = base[:, 1 - own] + np.array([packet.ack for packet in packets])
    ack[:, [not packet.flags & 0x10 for packet in packets]] = 0
    _put(matrix, layout.l4 + 4, (seq & 0xFFFFFFFF).astype(">u4"))
    _put(matrix, layout.l4 + 8, (ack & 0xFFFFFFFF).astype(">u4"))


def _put_checksums(matrix: Matrix, layout: _Layout, talk: Talk) -> None:
    """RFC 1071 over the row cut at IP header, addresses, L4 header and slot's end (the pad byte counts as zero)."""
    sums = np.add.reduceat(matrix.view(">u2"), layout.cuts, axis=1, dtype=np.int64).reshape(len(matrix), -1, 4)
    head, addresses, rest = sums[:, :, 0], sums[:, :, 1], sums[:, :, 2]
    v4 = layout.addr[0] - layout.ip[0] == 12
    if v4:
        _put(matrix, layout.ip + 10, _folded(head + addresses).astype(">u2"))
    total = rest
    if talk.proto != "icmp":
        length = layout.size - (layout.l4 - layout.start)
        total = rest + addresses + length + _NUMBER[talk.proto]
    checksum = _folded(total)
    if talk.proto == "udp":
        checksum[checksum == 0] = 0xFFFF
    _put(matrix, layout.l4 + _CHECKSUM_AT[talk.proto], checksum.astype(">u2"))


def _folded(total: Ints) -> Ints:
    for _ in range(2):
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


@lru_cache(maxsize=4096)
def _layout(talk: Talk, v6: bool, client_inside: bool, server_inside: bool) -> _Layout:
    ip_bytes = 40 if v6 else 20
    row = bytearray()
    start, size, ip = [], [], []
    for packet in talk.packets:
        inside = client_inside if packet.to_server else server_inside
        target_inside = server_inside if packet.to_server else client_inside
        slot = _slot(talk, packet, v6=v6, inside=inside, target_inside=target_inside)
        start.append(len(row))
        size.append(len(slot))
        ip.append(len(row) + RECORD_BYTES + ETHERNET_BYTES)
        row += slot + bytes(len(slot) % 2)
    starts, ips = np.array(start, dtype=np.int64), np.array(ip, dtype=np.int64)
    addr, l4 = ips + (8 if v6 else 12), ips + ip_bytes
    ends = np.append(starts[1:], len(row))
    cuts = np.stack([ips, addr, l4, ends], axis=1).reshape(-1) // 2
    return _Layout(
        row=np.frombuffer(bytes(row) + bytes(2), dtype=np.uint8),  # reduceat wants the last cut inside
        start=starts,
        size=np.array(size, dtype=np.int64),
        ip=ips,
        addr=addr,
        l4=l4,
        to_server=np.array([packet.to_server for packet in talk.packets]),
        rtts=np.array([packet.rtts for packet in talk.packets], dtype=np.int64),
        wait_us=np.array([packet.wait_us for packet in talk.packets], dtype=np.int64),
        cuts=cuts,
    )


def _slot(talk: Talk, packet: Packet, *, v6: bool, inside: bool, target_inside: bool) -> bytes:
    """One packet with its pcap record header and zeros where something is filled in."""
    l4 = _l4_header(talk, packet) + packet.payload
    number, ttl = _NUMBER[talk.proto], _TTL_INSIDE if inside else _TTL_OUTSIDE
    if v6:
        ip = b"\x60\0\0\0" + len(l4).to_bytes(2, "big") + bytes([number, ttl]) + bytes(32)
    else:
        ip = b"\x45\0" + (20 + len(l4)).to_bytes(2, "big") + b"\0\0\x40\0" + bytes([ttl, number]) + bytes(10)
    macs = b"".join(b"\x02" + bytes(5) if here else GATEWAY_MAC for here in (target_inside, inside))
    frame = macs + (b"\x86\xdd" if v6 else b"\x08\0") + ip + l4
    return bytes(8) + len(frame).to_bytes(4, "little") * 2 + frame


def _l4_header(talk: Talk, packet: Packet) -> bytes:
    if talk.proto == "icmp":
        return bytes([8 if packet.to_server else 0, 0, 0, 0])
    port = talk.port.to_bytes(2, "big")
    ports = bytes(2) + port if packet.to_server else port + bytes(2)
    if talk.proto == "udp":
        return ports + (8 + len(packet.payload)).to_bytes(2, "big") + bytes(2)
    words = (20 + len(packet.options)) // 4
    window = (64240 if packet.flags & SYN else 1026).to_bytes(2, "big")
    return ports + bytes(8) + bytes([words << 4, packet.flags]) + window + bytes(4) + packet.options
