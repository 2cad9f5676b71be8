"""What routers, switches and resolvers send: NetFlow 5, 9 and IPFIX, sFlow, dnstap, and the spools they wait in."""

import contextlib
import json
import struct

import dns.flags
import dns.message
import dns.rrset

from bavn.actor.sense.base import SourceBroken
from bavn.actor.sense.dnstap.file import dnstap_batches
from bavn.actor.sense.dnstap.frames import CONTENT
from bavn.actor.sense.dnstap.receiver import dnstap_messages
from bavn.actor.sense.flows.halves import Outcomes, table
from bavn.actor.sense.flows.netflow_decode import NetflowDecoder
from bavn.actor.sense.flows.sflow_decode import SflowDecoder
from bavn.actor.sense.flows.spool import DATAGRAM, SpoolReader, Spot
from bavn.actor.sense.flows.spool import Frame as FlowFrame
from bavn.actor.sense.flows.streams import ipfix_messages
from bavn.actor.sense.spool import Spool
from bavn.model.malformed import MALFORMED
from bavn.model.record import address_uuid
from fuzz.mutate import BYTES
from fuzz.mutate_binary import FLOWS, FRAMES
from fuzz.mutate_json import JSON
from fuzz.seed import put
from fuzz.target import Broken, Run, Target
from fuzz.targets.lines import every

_NOW_US = 1_760_000_000_000_000
_WHO = address_uuid("10.0.0.254").bytes


def v5() -> bytes:
    record = (
        bytes((10, 0, 0, 5, 192, 0, 2, 7))
        + bytes(4)
        + struct.pack(">HHIIIIHHBBBBHHBBH", 1, 2, 5, 900, 10, 500, 40_000, 443, 0, 27, 6, 0, 0, 0, 24, 24, 0)
    )
    return struct.pack(">HHIIIIBBH", 5, 2, 100_000, 1_760_000_000, 0, 1, 0, 0, 0) + record * 2


FIELDS = ((8, 4), (12, 4), (7, 2), (11, 2), (4, 1), (6, 1), (1, 4), (2, 4), (22, 4), (21, 4))


def v9() -> bytes:
    template = struct.pack(">HH", 256, len(FIELDS)) + b"".join(struct.pack(">HH", *field) for field in FIELDS)
    data = bytes((10, 0, 0, 5, 192, 0, 2, 7)) + struct.pack(">HHBBIIII", 40_000, 443, 6, 27, 500, 5, 10, 900)
    options = struct.pack(">HHH", 300, 4, 8) + struct.pack(">HHHHHH", 1, 4, 34, 4, 35, 1)[:12]
    sets = ((0, template), (1, options), (256, data * 2))
    body = b"".join(struct.pack(">HH", number, len(part) + 4) + part for number, part in sets)
    return struct.pack(">HHIIII", 9, 4, 100_000, 1_760_000_000, 1, 7) + body


def ipfix() -> bytes:
    fields = ((8, 4), (12, 4), (7, 2), (11, 2), (4, 1), (1, 8), (2, 8), (152, 8), (153, 8), (0x8000 | 103, 65_535))
    template = struct.pack(">HH", 256, len(fields))
    for number, width in fields:
        template += struct.pack(">HH", number, width) + (struct.pack(">I", 29305) if number & 0x8000 else b"")
    data = (
        bytes((10, 0, 0, 5, 192, 0, 2, 7))
        + struct.pack(">HHBQQQQ", 40_000, 443, 17, 500, 5, 1_760_000_000_000, 1_760_000_000_500)
        + b"\x03abc"
    )
    body = b"".join(struct.pack(">HH", number, len(part) + 4) + part for number, part in ((2, template), (256, data)))
    return struct.pack(">HHIII", 10, len(body) + 16, 1_760_000_000, 1, 7) + body


def sflow5() -> bytes:
    frame = (
        bytes(12)
        + b"\x08\0"
        + struct.pack(">BBHHHBBH", 0x45, 0, 60, 1, 0, 64, 6, 0)
        + bytes((10, 0, 0, 5, 192, 0, 2, 7))
        + struct.pack(">HHIIBBHHH", 40_000, 443, 1, 1, 0x50, 2, 9, 0, 0)
        + bytes(20)
    )
    raw = struct.pack(">IIII", 1, 1500, 4, len(frame)) + frame + bytes(-len(frame) % 4)
    sample = struct.pack(">IIIIIIII", 1, 3, 400, 4000, 0, 1, 2, 1) + struct.pack(">II", 1, len(raw)) + raw
    wide = struct.pack(">IIIIIIIIIII", 1, 0, 3, 400, 4000, 0, 0, 1, 0, 2, 1) + struct.pack(">II", 1, len(raw)) + raw
    body = b"".join(
        struct.pack(">II", kind, len(part)) + part for kind, part in ((1, sample), (3, wide), (2, bytes(40)))
    )
    return struct.pack(">II", 5, 1) + bytes((10, 0, 0, 254)) + struct.pack(">IIII", 0, 1, 5000, 3) + body


def _decoder(kind: type[NetflowDecoder] | type[SflowDecoder], honest: bytes) -> Run:
    state: list[NetflowDecoder | SflowDecoder] = [kind()]
    count = 0

    def run(data: bytes) -> None:
        """A decoder lives through hundreds, remembers templates, and is written down and read again now and then."""
        nonlocal count
        count += 1
        if count % 50 == 0:
            state[0] = kind(json.loads(json.dumps(state[0].state())))
        if count % 500 == 0:
            state[0] = kind()
        out = Outcomes()
        alone, twice = kind(), Outcomes()
        alone.decode([FlowFrame(DATAGRAM, _NOW_US, _WHO, data[:65_535])] * 2, twice, _NOW_US)
        state[0].decode([FlowFrame(DATAGRAM, _NOW_US, _WHO, data[:65_535])], out, _NOW_US)
        out.named()
        for halves in out.halves if isinstance(getattr(out, "halves", None), list) else ():
            table(halves)
        state[0].counts()
        if data == honest:
            fresh, told = kind(), Outcomes()
            fresh.decode([FlowFrame(DATAGRAM, _NOW_US, _WHO, honest)], told, _NOW_US)
            if told.named():
                raise Broken("an honest datagram was refused")

    return run


def _state() -> Run:
    def run(data: bytes) -> None:
        """What lies on the disk beside the spool may be damaged: it is refused as a whole or used."""
        try:
            said = json.loads(data)
        except (ValueError, RecursionError):
            return
        for kind in (NetflowDecoder, SflowDecoder):
            with contextlib.suppress(*MALFORMED):
                kind(said)

    return run


def _cuts() -> Run:
    def run(data: bytes) -> None:
        for cut in (ipfix_messages, dnstap_messages):
            held = bytearray(data)
            for _ in range(2000):
                before = len(held)
                with contextlib.suppress(ValueError):
                    cut(held)
                if len(held) == before:
                    break

    return run


def varint(value: int) -> bytes:
    made = b""
    while value >= 0x80:
        made, value = made + bytes([value & 0x7F | 0x80]), value >> 7
    return made + bytes([value])


def field(number: int, value: int | bytes) -> bytes:
    if isinstance(value, bytes):
        return varint(number << 3 | 2) + varint(len(value)) + value
    return varint(number << 3) + varint(value)


def tap_frame(kind: int, wire: bytes) -> bytes:
    at = 12 if kind % 2 == 0 else 8
    message = (
        field(1, kind)
        + field(2, 1)
        + field(3, 1)
        + field(4, b"\x0a\0\0\5")
        + field(5, b"\x0a\0\0\x35")
        + field(6, 40_000)
        + field(7, 53)
    )
    message += (
        field(at, 1_760_000_000)
        + varint(at + 1 << 3 | 5)
        + (500_000_000).to_bytes(4, "little")
        + field(14 if kind % 2 == 0 else 10, wire)
    )
    body = field(1, b"ns1") + field(14, message) + field(15, 1)
    return len(body).to_bytes(4, "big") + body


TAP_START = (
    b"\0\0\0\0"
    + (12 + len(CONTENT)).to_bytes(4, "big")
    + b"\0\0\0\2\0\0\0\1"
    + len(CONTENT).to_bytes(4, "big")
    + CONTENT
)
TAP_STOP = b"\0\0\0\0\0\0\0\4\0\0\0\3"


def tap() -> bytes:
    asked = dns.message.make_query("www.x.dk", "A")
    told = dns.message.make_response(asked)
    told.answer.append(dns.rrset.from_text("www.x.dk.", 60, "IN", "A", "192.0.2.1"))
    return (
        TAP_START
        + tap_frame(5, asked.to_wire())
        + tap_frame(6, told.to_wire())
        + tap_frame(3, asked.to_wire())
        + TAP_STOP
    )


def _tap() -> Run:
    known = tap()

    def run(data: bytes) -> None:
        with contextlib.suppress(SourceBroken):
            rows = every(dnstap_batches(put("tap/x", data), "s"))
            if data == known and not rows:
                raise Broken("an honest dnstap file became no row")

    return run


def _spools() -> Run:
    def run(data: bytes) -> None:
        path = put("spool/000000000001.spool", data)
        with contextlib.closing(Spool(path.parent, None, bytes_max=1 << 20)) as spool:
            for taken in spool.read():
                spool.forget(taken.mark.text())
        for name in ("1.spool",):
            flows = put(f"flowspool/{name}", data)
        reader = SpoolReader(flows.parent, Spot(0, 0))
        for _ in zip(range(1000), reader.steps(), strict=False):
            pass
        for file in (*path.parent.iterdir(), *flows.parent.iterdir()):
            file.unlink()

    return run


TARGETS = (
    Target(
        name="netflow",
        covers=(
            "source:FlowCollector",
            "module:bavn.actor.sense.flows.netflow_decode",
            "module:bavn.actor.sense.flows.netflow_template",
        ),
        forms=FLOWS,
        seeds=lambda: [v5(), v9(), ipfix()],
        make=lambda: _decoder(NetflowDecoder, v5()),
        honest=v5(),
    ),
    Target(
        name="sflow",
        covers=("module:bavn.actor.sense.flows.sflow_decode",),
        forms=(),
        seeds=lambda: [sflow5()],
        make=lambda: _decoder(SflowDecoder, sflow5()),
        honest=sflow5(),
    ),
    Target(
        name="flow-state",
        covers=("module:bavn.actor.sense.flows.exporters",),
        forms=(*JSON,),
        seeds=lambda: [
            b'{"exporters":[["AAAA",[]]],"templates":[[["10.0.0.1",0,7],256,[[8,4,0]],0,1]],"sampling":[],"gaps":{}}',
            _real_state(),
        ],
        make=_state,
    ),
    Target(
        name="stream-cuts",
        covers=("module:bavn.actor.sense.flows.streams", "module:bavn.actor.sense.dnstap.receiver"),
        forms=(*FRAMES, *FLOWS),
        seeds=lambda: [ipfix() * 3, tap()],
        make=_cuts,
    ),
    Target(
        name="dnstap",
        covers=(
            "source:DnstapReceiver",
            "module:bavn.actor.sense.dnstap.frames",
            "module:bavn.actor.sense.dnstap.file",
        ),
        forms=FRAMES,
        seeds=lambda: [tap()],
        make=_tap,
        honest=tap(),
    ),
    Target(
        name="spools",
        covers=("module:bavn.actor.sense.spool", "module:bavn.actor.sense.flows.spool"),
        forms=BYTES,
        seeds=lambda: [
            FlowFrame(DATAGRAM, _NOW_US, _WHO, v5()).packed() * 3,
            struct.pack("<IIq16sHB", 5, 0, _NOW_US, _WHO, 514, 1) + b"hello",
            b"",
        ],
        make=_spools,
    ),
)


def _real_state() -> bytes:
    decoder = NetflowDecoder()
    decoder.decode(
        [FlowFrame(DATAGRAM, _NOW_US, _WHO, v9()), FlowFrame(DATAGRAM, _NOW_US, _WHO, ipfix())], Outcomes(), _NOW_US
    )
    return json.dumps(decoder.state()).encode()
