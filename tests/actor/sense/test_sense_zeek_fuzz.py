"""Any text, any line and any JSON in Zeek's logs: one outcome each."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from making_zeek import CONN, ENDS, head, tsv

from bavn.actor.formats.lines import Segment
from bavn.actor.sense.zeek.fields import FIELDS, RECORD_OF
from bavn.actor.sense.zeek.header import Header
from bavn.actor.sense.zeek.records import ZeekParser


@pytest.fixture(scope="module")
def read(engine):
    parser = ZeekParser(engine, "z1")

    def run(kind, raw, header=None, first_line=1):
        return parser.parse(Segment(f"{kind}.log", first_line, raw), kind, header or Header())[0]

    return run


texts = st.text(st.characters(exclude_characters="\n\r", exclude_categories=["Cs"]), min_size=1, max_size=12)


@given(st.lists(st.tuples(texts, st.lists(texts, max_size=3)), min_size=1, max_size=6))
@settings(max_examples=12)
def test_any_text_survives_tsv_s_escapes(read, drawn):
    rows = [{**ENDS, "query": t.lower(), "rcode_name": "X", "answers": answers} for t, answers in drawn]
    parsed = read("dns", tsv("dns", rows))
    table = parsed.tables["dns"]
    nothing = ("-", "(empty)")
    assert parsed.refused == 0
    for (text, answers), kept in zip(drawn, table.to_pylist(), strict=True):
        if text.lower() not in nothing:
            assert kept["rrname"] == text.lower().removesuffix(".").lower()
        if ",".join(answers) not in nothing:
            assert kept["answers"] == answers


@given(
    st.lists(
        st.one_of(st.just(None), st.binary(max_size=30), st.sampled_from([b"", b"#x", b"{}", b"\t" * 15])), max_size=12
    )
)
@settings(max_examples=12)
def test_every_line_has_one_outcome(read, drawn):
    good = "\t".join(CONN.values()).encode()
    body = [good if line is None else line.replace(b"\n", b" ") for line in drawn]
    raw = "\n".join(head("conn", CONN)).encode() + b"\n" + b"".join(line + b"\n" for line in body)
    parsed = read("conn", raw)
    batch = parsed.batch("s", "m")
    assert batch.lines == 8 + len(body)
    assert batch.passed >= 8
    assert batch.tables["flow"].num_rows >= drawn.count(None) if None in drawn else True
    assert len(batch.refusals) == batch.refused


junk = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=2),
    max_leaves=5,
)


@given(st.sampled_from(sorted(FIELDS)), st.lists(st.dictionaries(st.integers(0, 30), junk, max_size=4), max_size=8))
@settings(max_examples=25)
def test_every_line_of_json_has_one_outcome(read, kind, drawn):
    names = [name.removesuffix("[]") for name in FIELDS[kind]]
    changes = [{names[at % len(names)]: value for at, value in one.items()} for one in drawn]
    raw = b"".join(json.dumps({**CONN, "id": "F1", **change}).encode() + b"\n" for change in changes)
    parsed = read(kind, raw + b"{broken\n\n")
    batch = parsed.batch("s", "m")
    assert batch.lines == len(drawn) + 2
    assert batch.passed == 1 + (0 if RECORD_OF[kind] else batch.lines - 1 - batch.refused)
    assert batch.refusals[-1].why.en in ("no JSON", "1 fields where the header has 0")
