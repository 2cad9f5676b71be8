"""Packets and suspicions of the tests' own."""

import struct
from dataclasses import replace
from ipaddress import ip_address

from bavn.model.evidence import evidence_nats
from bavn.model.observable import Observable
from bavn.model.suspicion import RowsRef, Suspicion
from bavn.model.text import Text

HOST, PEER, OTHER, RESOLVER = "10.0.0.5", "185.32.20.6", "192.0.2.9", "10.0.0.53"
AT_US = 1_800_000_000_000_000
SECRET = b"the patient is anna"


def frame(src=HOST, dst=PEER, sport=40000, dport=443, payload=SECRET, proto="tcp", tags=0) -> bytes:
    """An Ethernet frame, IPv4 or IPv6 by its addresses."""
    a, b = ip_address(src), ip_address(dst)
    ports = struct.pack("!HH", sport, dport)
    if proto == "tcp":
        inner, number = ports + struct.pack("!IIBBHHH", 1, 2, 0x80, 0x18, 500, 0, 0) + bytes(12) + payload, 6
    else:
        inner, number = ports + struct.pack("!HH", 8 + len(payload), 0) + payload, 17
    if a.version == 4:
        ip = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(inner), 1, 0, 64, number, 0) + a.packed + b.packed
    else:
        ip = struct.pack("!IHBB", 6 << 28, len(inner), number, 64) + a.packed + b.packed
    vlan = b"".join(struct.pack("!HH", 0x8100, 7) for _ in range(tags))
    return bytes(12) + vlan + (b"\x08\x00" if a.version == 4 else b"\x86\xdd") + ip + inner


def pcap(*frames: tuple[int, bytes], order="<", nano=False, linktype=1) -> bytes:
    """A pcap file of (us, frame)."""
    made = struct.pack(order + "IHHiIII", 0xA1B23C4D if nano else 0xA1B2C3D4, 2, 4, 0, 0, 65535, linktype)
    for us, data in frames:
        fraction = us % 1_000_000 * (1000 if nano else 1)
        made += struct.pack(order + "IIII", us // 1_000_000, fraction, len(data), len(data)) + data
    return made


def pcapng(*frames: tuple[int, bytes], order="<", tsresol=6) -> bytes:
    """A pcapng file of (us, frame)."""

    def block(kind, body):
        size = 12 + len(body)
        return struct.pack(order + "II", kind, size) + body + struct.pack(order + "I", size)

    made = block(0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1))
    made += block(1, struct.pack(order + "HHIHHB3xHH", 1, 0, 65535, 9, 1, tsresol, 0, 0))
    for us, data in frames:
        units = us * 10**tsresol // 1_000_000
        head = struct.pack(order + "IIIII", 0, units >> 32, units & 0xFFFFFFFF, len(data), len(data))
        made += block(6, head + data + bytes(-len(data) % 4))
    return made


def suspicion(**other) -> Suspicion:
    plain = Suspicion(
        id="ab" * 16,
        detector="beacon",
        technique="T1071",
        host=HOST,
        peer=PEER,
        observables=(Observable.of("ip4", PEER),),
        p=0.01,
        p_source="own",
        evidence_nats=evidence_nats(0.01),
        statistic=3.0,
        first_us=AT_US,
        last_us=AT_US + 60_000_000,
        hosts=1,
        listed=False,
        why=Text.written("So.", da="Så."),
        rows=RowsRef("flow", (("src", HOST), ("dst", PEER)), AT_US, AT_US + 60_000_000),
    )
    return replace(plain, **other)
