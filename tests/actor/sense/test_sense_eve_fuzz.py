"""Whatever stands in an EVE file: every line has one outcome, refused ones are named, the rest is read as if alone."""

import json
from codecs import BOM_UTF8

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from bavn.actor.formats.lines import LINE_BYTES_MAX, Segment
from bavn.actor.formats.refused import REFUSALS_KEPT_MAX
from bavn.actor.sense.base import Batch
from bavn.actor.sense.prepare import prepared
from bavn.actor.sense.suricata.eve import EveParser
from bavn.actor.sense.suricata.eve_schema import DETAIL

GOOD = {
    "timestamp": "2026-11-24T17:00:00.123456+0100",
    "flow_id": 7,
    "event_type": "flow",
    "src_ip": "10.0.0.1",
    "src_port": 40000,
    "dest_ip": "192.0.2.7",
    "dest_port": 443,
    "proto": "TCP",
    "community_id": "1:x",
    "flow": {
        "pkts_toserver": 1,
        "pkts_toclient": 1,
        "bytes_toserver": 1,
        "bytes_toclient": 1,
        "start": "2026-11-24T17:00:00.123456+0100",
    },
}

junk = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)


@st.composite
def warped(draw):
    """A good line of some type with a few fields replaced, dropped or added, at the top or inside its object."""
    kind = draw(st.sampled_from([*DETAIL, "quic", "anomaly"]))
    structure = json.loads(DETAIL.get(kind, "{}")).get(kind, {})
    line = json.loads(json.dumps({**GOOD, "event_type": kind}))
    if kind != "flow":
        line[kind] = {}
    for _ in range(draw(st.integers(0, 3))):
        inside = draw(st.booleans()) and isinstance(line.get(kind), dict)
        target = line[kind] if inside else line
        names = sorted({*target, *(structure if inside else ())}) or ["x"]
        name = draw(st.sampled_from(names))
        if draw(st.integers(0, 3)) == 0:
            target.pop(name, None)
        else:
            target[name] = draw(junk)
    return json.dumps(line).encode()


lines = st.lists(
    st.one_of(
        warped(),
        st.just(json.dumps(GOOD).encode()),
        st.binary(max_size=40).map(lambda b: b.replace(b"\n", b" ")),
        junk.map(lambda value: json.dumps(value).encode()),
        st.just(b""),
        st.just(b'{"event_type":"flow","flow":' + b"[" * 3000),
        st.integers(0, len(json.dumps(GOOD))).map(lambda n: json.dumps(GOOD).encode()[:n]),
    ),
    min_size=1,
    max_size=30,
)


@given(lines)
@settings(max_examples=25)
def test_rows_in_are_rows_out_and_refused(parse, raw):
    parsed = parse(*raw)
    batch = parsed.batch("s", "m")
    assert isinstance(batch, Batch)
    assert batch.lines == len(raw) == batch.rows + batch.passed + batch.refused
    assert all(1 <= refusal.line <= len(raw) and refusal.why.en for refusal in batch.refusals)
    assert len({refusal.line for refusal in batch.refusals}) == batch.refused
    good = sum(line == json.dumps(GOOD).encode() for line in raw)
    assert batch.tables["flow"].num_rows >= good if good else True


@pytest.mark.slow
@given(lines.map(lambda drawn: drawn[:6]))
@settings(max_examples=8)
def test_a_line_s_outcome_does_not_depend_on_its_neighbours(parse, raw):
    assume(not any(line.startswith(BOM_UTF8) for line in raw))  # a mark of a file's beginning, and of nothing else
    together = parse(*raw)
    alone = [parse(line) for line in raw]
    assert together.refused == sum(one.refused for one in alone)
    assert together.passed == sum(one.passed for one in alone)
    refused = [n for n, one in enumerate(alone, 1) if one.refused]
    assert [refusal.line for refusal in together.refusals] == refused
    assert [r.why.en for r in together.refusals] == [one.refusals[0].why.en for one in alone if one.refused]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"{", "no JSON"),
        (b"[]", "no event_type"),
        (b"\x00", "no JSON"),
        (b'{"event_type":"flow"}', "timestamp: missing"),
        (b'{"event_type":{"a":1}}', "event_type: {"),
        (b"\xc3\x28", "no UTF-8 at byte 1"),
        (b'{"event_type":"x","y":"' + b"a" * LINE_BYTES_MAX + b'"}', f"more than {LINE_BYTES_MAX}"),
        (json.dumps({**GOOD, "src_port": 70000}).encode(), "src_port: 70000"),
        (json.dumps({**GOOD, "src_port": -1}).encode(), "src_port: -1"),
        (json.dumps({**GOOD, "src_port": 5.5}).encode(), "src_port: 5.5"),
        (json.dumps({**GOOD, "src_ip": "10.0.0.256"}).encode(), "src_ip: 10.0.0.256"),
        (json.dumps({**GOOD, "dest_ip": "fe80::1%eth0"}).encode(), "dest_ip: fe80::1%eth0"),
        (json.dumps({**GOOD, "proto": None}).encode(), "proto: missing"),
        (json.dumps({**GOOD, "timestamp": "2026-11-24T17:00:00"}).encode(), "timestamp: 2026-11-24T17:00:00"),
        (json.dumps({**GOOD, "flow": "x"}).encode(), "flow: no such object"),
        (json.dumps({**GOOD, "flow": {**GOOD["flow"], "bytes_toserver": -5}}).encode(), "flow.bytes_toserver: -5"),
        (json.dumps({**GOOD, "flow": {**GOOD["flow"], "pkts_toclient": 2**64}}).encode(), "flow.pkts_toclient: 1844"),
        (json.dumps({**GOOD, "event_type": "dns", "dns": "x"}).encode(), "dns: no such object"),
        (json.dumps({**GOOD, "event_type": "tls", "tls": [1]}).encode(), "tls: no such object"),
        (json.dumps({**GOOD, "event_type": "smb"}).encode(), "smb: no such object"),
        (json.dumps({**GOOD, "event_type": "alert", "alert": {}}).encode(), "alert.signature_id: missing"),
    ],
)
def test_a_refusal_says_which_line_and_why(parse, line, reason):
    good = json.dumps(GOOD)
    parsed = parse(good, good, line, good, first_line=11)
    (refusal,) = parsed.refusals
    assert (refusal.file, refusal.line) == ("eve.json", 13)
    assert reason in refusal.why.en
    assert (parsed.refused, parsed.tables["flow"].num_rows) == (1, 3)


def test_refusals_are_bounded_and_odd_lines_and_texts_do_no_harm(parse):
    parsed = parse(*["{"] * 1000)
    assert (parsed.refused, len(parsed.refusals)) == (1000, REFUSALS_KEPT_MAX)
    assert [refusal.line for refusal in parsed.refusals] == list(range(1, REFUSALS_KEPT_MAX + 1))
    parsed = parse(
        "",
        "  \t\r",
        {**GOOD, "event_type": "anomaly"},
        {**GOOD, "event_type": "quic", "quic": {}},
        {"timestamp": GOOD["timestamp"], "event_type": "engine", "engine": {}},
    )
    assert (parsed.lines, parsed.passed, parsed.refused) == (5, 5, 0)
    parsed = parse(b"\xef\xbb\xbf" + json.dumps(GOOD).encode() + b"\r", json.dumps(GOOD) + "\r")
    assert parsed.tables["flow"].num_rows == 2
    name = "a'; DROP TABLE stage; -- \u0000 \U0001f525 %s {{x}}"
    parsed = parse({**GOOD, "event_type": "dns", "dns": {"type": "query", "rrname": name}})
    assert parsed.tables["dns"]["rrname"].to_pylist() == [name.lower()]


def test_lines_that_do_not_fit_in_memory_are_read_in_halves_and_a_single_one_is_refused():
    small = prepared(memory_mb=64)
    answers = {"type": "answer", "rrname": "x.dk", "answers": [{}] * 150_000}
    big = json.dumps({**GOOD, "event_type": "dns", "dns": answers}, separators=(",", ":"))
    fine = json.dumps(GOOD)
    raw = "\n".join([fine, big, *[fine] * 3, big, ""]).encode()
    parsed = EveParser(small, "s1").parse(Segment("eve.json", 1, raw))
    small.close()
    assert (parsed.lines, parsed.tables["flow"].num_rows) == (6, 4)
    rows = parsed.tables["dns"].num_rows if "dns" in parsed.tables else 0
    assert rows + parsed.refused == 2
    assert all("memory" in refusal.why.en for refusal in parsed.refusals)
