"""Whatever bytes of a stranger's do to what reads them, it costs one refusal, and all others are kept."""

import json
import struct

import pyarrow as pa
import pytest
from making_kex import CLIENT, handshake, old, packets, rows
from making_zeek import CONN, tsv

from bavn.actor.formats.lines import Segment, line_column
from bavn.actor.sense import unread
from bavn.actor.sense.engine import TooMuch
from bavn.actor.sense.flows import netflow_decode
from bavn.actor.sense.flows.halves import Outcomes
from bavn.actor.sense.flows.netflow_decode import NetflowDecoder
from bavn.actor.sense.flows.sflow_decode import SflowDecoder
from bavn.actor.sense.flows.spool import DATAGRAM, Frame
from bavn.actor.sense.handshakes import certificate as kex_certificate
from bavn.actor.sense.handshakes import reader as kex_reader
from bavn.actor.sense.handshakes.capture import read_capture
from bavn.actor.sense.open_path import open_path
from bavn.actor.sense.parsed import Parsed
from bavn.actor.sense.unread import PARTS_MAX, each_or_refused
from bavn.actor.sense.zeek.header import Header
from bavn.actor.sense.zeek.records import ZeekParser
from bavn.model.record import address_uuid

CERTIFICATE_VERSION = b"\xa0\x03\x02\x01\x02"
EDGES = (
    "0",
    "-1",
    "1003200.5",
    "864000000",
    "9999999999",
    "99999999999999999999",
    "1e308",
    "-1e308",
    "nan",
    "inf",
    "-0",
    "9223372036854775807",
    "18446744073709551615",
    "18446744073709551616",
    "340282366920938463463374607431768211456",
    "0." + "9" * 300,
    "253402300800",
    "",
    " ",
    "T",
    "0x10",
    "\u0000",
    "²",
    "[]",
    "{}",
    "null",
    "unknown-99999999999",
)


@pytest.fixture
def foreseen(monkeypatch):
    """Lines that are refused are so by the SQL's own judgement."""

    def never(error, raw):
        raise AssertionError(f"{raw!r} was not foreseen: {error!r}")

    monkeypatch.setattr(unread, "unreadable", never)


def pcapng(*ticks, tsresol=b""):
    """A capture of one interface with an UDP packet at each of these times."""
    udp = bytes.fromhex("4500001c00000000401100000a000005c0000207") + struct.pack(">HHHH", 4000, 53, 8, 0)
    frame = bytes(12) + b"\x08\x00" + udp
    blocks = [(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1)), (1, struct.pack("<HHI", 1, 0, 0) + tsresol)]
    for tick in ticks:
        body = struct.pack("<IIIII", 0, tick >> 32, tick & 0xFFFFFFFF, len(frame), len(frame))
        blocks.append((6, body + frame + bytes(-len(frame) % 4)))
    size = [12 + len(body) for _, body in blocks]
    whole = zip(blocks, size, strict=True)
    return b"".join(struct.pack("<II", kind, n) + body + struct.pack("<I", n) for (kind, body), n in whole)


def test_a_certificate_or_packet_that_cannot_be_costs_itself(identity, tmp_path):
    flights = handshake(identity, client=old)
    strange = [(mine, data.replace(CERTIFICATE_VERSION, b"\xa0\x03\x02\x01\x06")) for mine, data in flights]
    assert strange != flights
    (row,) = rows(packets(strange)).rows
    assert row["version"] == "TLS 1.2"
    assert (row["cert_key"], row["cert_subject"], len(row["cert"])) == (None, None, 40)
    file = tmp_path / "a.pcapng"
    second = struct.pack("<HHB3x", 9, 1, 0) + struct.pack("<HH", 0, 0)
    file.write_bytes(pcapng(1, 2**63, 2**64 - 1, 2, tsresol=second))
    parsed = read_capture(file, "s")
    assert (parsed.refused, parsed.lines) == (2, 2)
    assert [(r.line, r.why.en) for r in parsed.refusals] == [(n, "a packet of an impossible time") for n in (2, 3)]


def test_what_a_conversation_raises_costs_that_conversation(identity, monkeypatch, tmp_path):
    flights = handshake(identity, client=old)
    once = iter((RuntimeError("nobody foresaw this"),))

    def facts(der, real=kex_certificate.facts):
        for error in once:
            raise error
        return real(der)

    monkeypatch.setattr("bavn.actor.sense.handshakes.talk.facts", facts)
    reader = kex_reader.KexReader()
    for packet in packets(flights) + packets(flights, client=(CLIENT[0], 40001), first=900):
        reader.feed(packet)
    reader.settle()
    taken = reader.take()
    assert len(taken.rows) == 1
    ((number, reason),) = taken.refused
    assert number == 1
    assert reason.en.startswith("unreadable: RuntimeError over SHA-256 ")


def test_numbers_at_every_edge_take_no_other_line_with_them(engine, foreseen, parse, flow):
    parser = ZeekParser(engine, "z")
    lines = [{**CONN, "uid": "Cgood"}, {**CONN, "uid": "Clong", "duration": "1209600.5"}]
    lines += [
        {**CONN, "uid": f"C{n}", name: edge}
        for n, edge in enumerate(EDGES)
        for name in ("duration", "orig_bytes", "ts", "id.orig_p", "resp_pkts", "history")
    ]
    for raw, header in (
        (b"".join(json.dumps(line).encode() + b"\n" for line in lines), Header()),
        (tsv("conn", [{k: v.replace("\t", "") for k, v in line.items() if v is not None} for line in lines]), Header()),
    ):
        parsed, _ = parser.parse(Segment("conn.log", 1, raw), "conn", header)
        flows = parsed.tables["flow"].to_pylist()
        long = next(row for row in flows if (row["ts_end"] - row["ts"]).days == 14)
        assert (long["ts_end"] - long["ts"]).total_seconds() == 1209600.5
    good = flow()
    count = 1
    raw = json.dumps(good).encode() + b"\n"
    for edge in EDGES:
        for name in good:
            for value in (edge, [edge], {"a": edge}):
                raw += json.dumps({**good, name: value}).encode() + b"\n"
                count += 1
    for number in (2**31, 2**63, 2**64, 2**70, -1, -(2**63) - 1, 1e308, 0.5):
        for name in good["flow"]:
            raw += json.dumps({**good, "flow": {**good["flow"], name: number}}).encode() + b"\n"
            count += 1
        for name in good:
            raw += json.dumps({**good, name: number}).encode() + b"\n"
            count += 1
    parsed = parse(raw.removesuffix(b"\n"))
    assert parsed.lines == count
    assert parsed.tables["flow"].num_rows >= 1


def _column(count):
    return line_column(Segment("a.log", 1, b"".join(b"line %d\n" % n for n in range(count))))


def _kept(lines):
    table = pa.table({"n": lines["n"], "ts": pa.array([0] * lines.num_rows)})
    return Parsed(tables={"flow": table}, lines=lines.num_rows, passed=0, refused=0, refusals=())


def test_lines_at_fault_are_found_within_bounded_work():
    column, bad, calls = _column(1000), {17, 400, 401, 999}, []

    def parse(lines):
        calls.append(lines.num_rows)
        if bad & set(lines["n"].to_pylist()):
            raise RuntimeError("nobody foresaw this")
        return _kept(lines)

    parsed = each_or_refused(column, column.table, parse)
    assert parsed.refused == 4
    assert {refusal.line - 1 for refusal in parsed.refusals} == bad
    assert parsed.tables["flow"]["n"].to_pylist() == [n for n in range(1000) if n not in bad]
    assert len(calls) < 100
    column, calls = _column(20_000), []

    def parse(lines):
        calls.append(lines.num_rows)
        raise RuntimeError("nobody foresaw this")

    parsed = each_or_refused(column, column.table, parse)
    assert (parsed.lines, parsed.refused) == (20_000, 20_000)
    assert len(calls) <= 2 * PARTS_MAX + 1


def test_what_is_only_too_much_is_halved_as_long_as_it_takes(monkeypatch):
    monkeypatch.setattr(unread, "PARTS_MAX", 0)
    column = _column(64)

    def parse(lines):
        if lines.num_rows > 1:
            raise TooMuch
        return _kept(lines)

    assert each_or_refused(column, column.table, parse).tables["flow"].num_rows == 64


def test_an_engine_that_cannot_go_on_is_made_anew(monkeypatch):
    import duckdb

    from bavn.actor.sense.prepare import prepared

    engine = prepared()
    real = engine._db

    class Broken:
        def __getattr__(self, name):
            return getattr(real, name)

        def execute(self, *_):
            raise duckdb.FatalException("the database has been invalidated")

    engine._db = Broken()
    parser = ZeekParser(engine, "z")
    raw = b"".join(json.dumps(CONN).encode() + b"\n" for _ in range(4))
    parsed, _ = parser.parse(Segment("conn.log", 1, raw), "conn", Header())
    assert (parsed.lines, parsed.refused) == (4, 0)
    assert parsed.tables["flow"].num_rows == 4


@pytest.mark.parametrize(("decoder", "inner"), [(NetflowDecoder, "_v5"), (SflowDecoder, "_datagram")])
def test_a_datagram_that_nobody_foresaw_costs_that_datagram(decoder, inner, monkeypatch):
    made, real = decoder(), getattr(decoder, inner)

    def strange(self, frame, *more):
        if frame.data.endswith(b"strange"):
            raise KeyError("nobody foresaw this")
        return real(self, frame, *more)

    monkeypatch.setattr(decoder, inner, strange)
    out = Outcomes()
    data = b"\0\5" + bytes(30)
    address = address_uuid("192.0.2.1").bytes
    made.decode([Frame(DATAGRAM, 1, address, data + tail) for tail in (b"", b"strange", b"")], out, 1)
    strange_ones = {reason: count for (_, reason), count in out.refused.items() if reason.en.startswith("unreadable")}
    assert list(strange_ones.values()) == [1]
    assert out.refused.total() + out.passed == 3 or inner == "_v5"


def test_records_that_nobody_foresaw_cost_those_of_their_template(monkeypatch):
    def halves_of(*_):
        raise RuntimeError("nobody foresaw this")

    monkeypatch.setattr(netflow_decode, "halves_of", halves_of)
    out = Outcomes()
    head = struct.pack(">HHIIIIBBH", 5, 2, 0, 0, 0, 0, 0, 0, 0)
    NetflowDecoder().decode([Frame(DATAGRAM, 1, address_uuid("192.0.2.1").bytes, head + bytes(96))], out, 1)
    assert sum(count for (_, reason), count in out.refused.items() if reason.en.startswith("unreadable")) == 2


def test_a_file_that_nobody_foresaw_is_one_refusal_and_the_next_is_read(tmp_path, engine, monkeypatch):
    from bavn.actor.sense import open_path as opening

    for name in ("a.pcap", "conn.log"):
        (tmp_path / name).write_bytes(b"\xd4\xc3\xb2\xa1" + bytes(20) if name == "a.pcap" else tsv("conn", [CONN]))

    def run_over(*_):
        raise RuntimeError("nobody foresaw this")

    monkeypatch.setattr(opening, "run_over", run_over)
    work = tmp_path.parent / "work"
    batches = list(open_path(tmp_path, sensor="s", work=work, homes=("10.0.0.0/8",), engine=engine))
    assert sum(batch.rows for batch in batches) == 1
    (refusal,) = [r for batch in batches for r in batch.refusals]
    assert (refusal.file, refusal.why.en.partition(":")[0]) == ("a.pcap", "unreadable")
