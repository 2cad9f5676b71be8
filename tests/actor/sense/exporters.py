"""Datagrams of exporters, written with struct from the protocols' own texts: nothing here knows the reader."""

import struct
from ipaddress import ip_address

V9_FIELDS = ((8, 4), (12, 4), (7, 2), (11, 2), (4, 1), (6, 1), (1, 4), (2, 4), (22, 4), (21, 4))
IPFIX_FIELDS = ((8, 4), (12, 4), (7, 2), (11, 2), (4, 1), (6, 1), (1, 8), (2, 8), (152, 8), (153, 8))


def v4(text):
    return ip_address(text).packed


def one(a, b, ap, bp, *, proto=6, flags=0x1B, size=4000, pkts=10, first_ms=0, last_ms=0, **more):
    return {
        "a": a,
        "b": b,
        "ap": ap,
        "bp": bp,
        "proto": proto,
        "flags": flags,
        "size": size,
        "pkts": pkts,
        "first_ms": first_ms,
        "last_ms": last_ms,
        **more,
    }


def answered(client, server, cp, sp, *, at_ms, ms=800, up=2000, down=9000, proto=6, flags=0x1B):
    """Both directions of a connection that went well."""
    return [
        one(client, server, cp, sp, proto=proto, flags=flags, size=up, pkts=8, first_ms=at_ms, last_ms=at_ms + ms),
        one(
            server, client, sp, cp, proto=proto, flags=flags, size=down, pkts=9, first_ms=at_ms + 2, last_ms=at_ms + ms
        ),
    ]


def v5(flows, *, boot_ms, now_ms, sequence=0, sampling=0, engine=0):
    head = struct.pack(
        ">HHIIIIBBH",
        5,
        len(flows),
        (now_ms - boot_ms) & 0xFFFFFFFF,
        now_ms // 1000,
        now_ms % 1000 * 1_000_000,
        sequence,
        0,
        engine,
        sampling,
    )
    return head + b"".join(
        v4(f["a"])
        + v4(f["b"])
        + bytes(4)
        + struct.pack(
            ">HHIIIIHHBBBBHHBBH",
            1,
            2,
            f["pkts"],
            f["size"],
            (f["first_ms"] - boot_ms) & 0xFFFFFFFF,
            (f["last_ms"] - boot_ms) & 0xFFFFFFFF,
            f["ap"],
            f["bp"],
            0,
            f["flags"],
            f["proto"],
            0,
            0,
            0,
            24,
            24,
            0,
        )
        for f in flows
    )


def chunk(number, body, pad=True):
    body += bytes(-len(body) % 4) if pad else b""
    return struct.pack(">HH", number, len(body) + 4) + body


def template(number, fields):
    """``fields``: (element, length) or (element, length, enterprise)."""
    made = struct.pack(">HH", number, len(fields))
    for element, length, *enterprise in fields:
        made += struct.pack(">HH", element | (0x8000 if enterprise else 0), length)
        made += struct.pack(">I", enterprise[0]) if enterprise else b""
    return made


def v9(sets, *, boot_ms, now_ms, sequence=0, domain=1, count=1):
    head = struct.pack(">HHIIII", 9, count, (now_ms - boot_ms) & 0xFFFFFFFF, now_ms // 1000, sequence, domain)
    return head + b"".join(sets)


def v9_record(f, boot_ms):
    return (
        v4(f["a"])
        + v4(f["b"])
        + struct.pack(">HHBB", f["ap"], f["bp"], f["proto"], f["flags"])
        + struct.pack(
            ">IIII", f["size"], f["pkts"], (f["first_ms"] - boot_ms) & 0xFFFFFFFF, (f["last_ms"] - boot_ms) & 0xFFFFFFFF
        )
    )


def ipfix(sets, *, now_ms, sequence=0, domain=1):
    body = b"".join(sets)
    return struct.pack(">HHIII", 10, 16 + len(body), now_ms // 1000, sequence, domain) + body


def ipfix_record(f):
    return (
        v4(f["a"])
        + v4(f["b"])
        + struct.pack(">HHBB", f["ap"], f["bp"], f["proto"], f["flags"])
        + struct.pack(">QQQQ", f["size"], f["pkts"], f["first_ms"], f["last_ms"])
    )


def frame(f, *, vlan=None, payload=40):
    """An Ethernet frame's first bytes."""
    a, b = ip_address(f["a"]).packed, ip_address(f["b"]).packed
    tag = b"" if vlan is None else struct.pack(">HH", 0x8100, vlan)
    if f["proto"] == 6:
        inner = struct.pack(">HHIIBBHHH", f["ap"], f["bp"], 1, 1, 0x50, f["flags"], 1024, 0, 0)
    elif f["proto"] == 17:
        inner = struct.pack(">HHHH", f["ap"], f["bp"], 8 + payload, 0)
    else:
        inner = struct.pack(">BBHHH", f.get("kind", 8), f.get("code", 0), 0, 1, 1)
    inner += bytes(payload)
    if len(a) == 4:
        ip = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(inner), 0, 0, 64, f["proto"], 0) + a + b
        return bytes(12) + tag + b"\x08\x00" + ip + inner
    ip = struct.pack(">IHBB", 6 << 28, len(inner), f["proto"], 64) + a + b
    return bytes(12) + tag + b"\x86\xdd" + ip + inner


def sflow(samples, *, sequence=0, agent="192.0.2.1", sub=0):
    """``samples``: whole samples as bytes."""
    head = struct.pack(">II", 5, 1) + v4(agent) + struct.pack(">IIII", sub, sequence, 1000, len(samples))
    return head + b"".join(samples)


def flow_sample(header, *, rate=1000, size=None, sequence=0, drops=0, wide=False, cut=128):
    head = header[:cut]
    raw = struct.pack(">IIII", 1, size or len(header), 0, len(head)) + head + bytes(-len(head) % 4)
    record = struct.pack(">II", 1, len(raw)) + raw
    if wide:
        body = struct.pack(">11I", sequence, 0, 3, rate, rate * sequence, drops, 0, 3, 0, 4, 1) + record
        return struct.pack(">II", 3, len(body)) + body
    body = struct.pack(">8I", sequence, 3, rate, rate * sequence, drops, 3, 4, 1) + record
    return struct.pack(">II", 1, len(body)) + body


def counter_sample():
    body = struct.pack(">III", 1, 3, 0)
    return struct.pack(">II", 2, len(body)) + body
