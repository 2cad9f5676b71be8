"""dnstap files: what clients asked and were told becomes rows; any other bytes are refused and bounded."""

import dns.flags
import dns.message
import dns.rrset
from hypothesis import given, settings
from hypothesis import strategies as st

from bavn.actor.sense.dnstap.file import dnstap_batches
from bavn.actor.sense.dnstap.frames import CONTENT, FRAME_BYTES_MAX
from bavn.actor.sense.recognise import recognise
from bavn.model.record import address_text

START = b"\0\0\0\0" + (12 + len(CONTENT)).to_bytes(4) + b"\0\0\0\2\0\0\0\1" + len(CONTENT).to_bytes(4) + CONTENT
STOP = b"\0\0\0\0\0\0\0\4\0\0\0\3"


def varint(value):
    made = b""
    while value >= 0x80:
        made, value = made + bytes([value & 0x7F | 0x80]), value >> 7
    return made + bytes([value])


def field(number, value):
    if isinstance(value, bytes):
        return varint(number << 3 | 2) + varint(len(value)) + value
    return varint(number << 3) + varint(value)


def frame(kind, wire, client=b"\x0a\0\0\5"):
    time = 12 if kind % 2 == 0 else 8
    nanoseconds = varint(time + 1 << 3 | 5) + (500_000_000).to_bytes(4, "little")
    message = (
        field(1, kind) + field(2, 1) + field(3, 1) + field(4, client) + field(5, b"\x0a\0\0\x35") + field(6, 40000)
    )
    message += field(7, 53) + field(time, 1_795_566_859) + nanoseconds + field(14 if kind % 2 == 0 else 10, wire)
    body = field(1, b"ns1") + field(14, message) + field(15, 1)
    return len(body).to_bytes(4) + body


def story():
    asked = dns.message.make_query("WWW.x.dk", "A")
    told = dns.message.make_response(asked)
    told.answer.append(dns.rrset.from_text("www.x.dk.", 60, "IN", "A", "192.0.2.1"))
    return asked.to_wire(), told.to_wire()


def read(tmp_path, raw):
    path = tmp_path / "tap"
    path.write_bytes(raw)
    return list(dnstap_batches(path, "s1"))


def test_rows_of_queries_and_answers_come_from_whole_frames_and_a_broken_file_says_so(tmp_path) -> None:
    asked, told = story()
    raw = START + frame(5, asked) + frame(6, told) + frame(3, asked) + frame(5, b"junk") + STOP
    (batch,) = read(tmp_path, raw)
    assert recognise(tmp_path / "tap").kind == "dnstap"
    assert (batch.lines, batch.passed, batch.refused) == (4, 1, 1)
    assert batch.refusals[0].line == 4
    query, answer = batch.tables["dns"].to_pylist()
    assert (query["rrname"], query["answered"], query["rcode"], query["proto"]) == ("www.x.dk", False, None, "udp")
    assert (answer["rcode"], answer["answers"], answer["ttl_s"]) == ("NOERROR", ["192.0.2.1"], 60)
    assert (address_text(answer["src"]), address_text(answer["dst"])) == ("10.0.0.5", "10.0.0.53")
    assert str(answer["ts"]) == "2026-11-25 00:34:19.500000"
    asked, _ = story()
    whole = START + frame(5, asked)
    (batch,) = read(tmp_path, whole + frame(5, asked)[:-3])
    assert (batch.rows, [refusal.why.en for refusal in batch.refusals]) == (1, ["the last frame is cut off"])
    (batch,) = read(tmp_path, whole + (FRAME_BYTES_MAX + 1).to_bytes(4))
    assert (batch.rows, batch.refused, batch.refusals[0].line) == (1, 1, 0)


@given(st.lists(st.tuples(st.integers(0, 400), st.binary(max_size=3)), max_size=4), st.binary(max_size=40))
@settings(max_examples=150)
def test_any_bytes_have_one_outcome_each(tmp_path_factory, changes, behind) -> None:
    asked, told = story()
    raw = bytearray(START + frame(5, asked) + frame(6, told))
    for at, what in changes:
        raw[at % len(raw) : at % len(raw) + len(what)] = what
    for batch in read(tmp_path_factory.mktemp("t"), bytes(raw) + behind):
        assert batch.lines == batch.rows + batch.passed + batch.refused
