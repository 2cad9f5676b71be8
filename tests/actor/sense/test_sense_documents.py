"""EVE's and Zeek's lines as search engines, shippers and collectors give them: the same records as the lines' own."""

import gzip
import json
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from making_zeek import CONN, ENDS

from bavn.actor.sense.documents.records import documents
from bavn.actor.sense.documents.splitting import BROKEN_MAX, DOCUMENT_BYTES_MAX, Splitter
from bavn.actor.sense.documents.unwrapping import flattened, lines_of
from bavn.actor.sense.open_path import open_path
from bavn.actor.sense.recognise import recognise

HOMES = ("10.0.0.0/8",)


@pytest.fixture
def opened(tmp_path, engine):
    """The bytes of a file -> its tables by name (rows as dictionaries), lines, passed, refused."""

    def run(raw, name="x.json"):
        path = tmp_path / name
        path.write_bytes(raw)
        tables, counts = {}, [0, 0, 0]
        for batch in open_path(path, sensor="a", work=tmp_path / "work", homes=HOMES, engine=engine):
            for record, table in batch.tables.items():
                tables.setdefault(record, []).extend(table.to_pylist())
            for at, count in enumerate((batch.lines, batch.passed, batch.refused)):
                counts[at] += count
        return tables, tuple(counts)

    return run


@pytest.fixture(scope="session")
def events(event):
    """Six EVE events of three types."""
    flow = {"pkts_toserver": 3, "pkts_toclient": 2, "bytes_toserver": 300, "bytes_toclient": 200}
    flow |= {"start": "2026-11-24T17:00:00.000000+0100", "end": "2026-11-24T17:00:01.000000+0100"}
    some = [event("flow", flow=flow), event("dns", dns={"type": "query", "rrname": "x.dk", "rrtype": "A"})]
    some.append(event("http", http={"hostname": "x.dk", "url": '/{a}[b]"', "http_method": "GET", "status": 200}))
    return [{**one, "src_port": 40000 + number} for number, one in enumerate(some * 2)]


def page(found):
    about = {"_scroll_id": "s", "took": 4, "timed_out": False, "_shards": {"total": 1, "failed": 0}}
    return about | {"hits": {"total": {"value": len(found), "relation": "eq"}, "max_score": 1.0, "hits": found}}


def dumps(values, **more):
    return "\n".join(json.dumps(value, **more) for value in values)


def wrapped(events):
    """The ways in which whole EVE lines are handed on."""
    hits = [{"_index": "logs", "_id": str(n), "_score": 1.0, "_source": one} for n, one in enumerate(events)]
    return {
        "array": json.dumps(events),
        "indented array": json.dumps(events, indent=2),
        "jq": dumps(events, indent=2),
        "hits by line": dumps(hits),
        "one answer": json.dumps(page(hits)),
        "an indented answer": json.dumps(page(hits), indent=1),
        "pages by line": dumps([page(hits[:2]), page(hits[2:])]),
        "an array of pages": json.dumps([page(hits[:2]), page(hits[2:]), page([])]),
        "an array of hits": json.dumps(hits),
        "original": dumps({"@timestamp": one["timestamp"], "event": {"original": json.dumps(one)}} for one in events),
        "message": dumps({"@timestamp": one["timestamp"], "message": json.dumps(one)} for one in events),
        "raw": dumps({"preview": False, "result": {"_raw": json.dumps(one)}} for one in events),
        "dotted": dumps({"_index": "x", "_source": flattened(one)} for one in events),
    }


@pytest.mark.slow
@pytest.mark.parametrize("packed", [False, True])
def test_wrapped_events_are_the_same_records(opened, events, packed):
    plain, counts = opened(dumps(events).encode(), "eve.json")
    assert set(plain) == {"flow", "dns", "http"}
    assert counts == (6, 0, 0)
    for name, text in wrapped(events).items():
        raw = text.encode()
        tables, (lines, passed, refused) = opened(gzip.compress(raw) if packed else raw, name)
        assert (tables, refused) == (plain, 0), name
        assert lines - passed == 6, name


def test_several_of_zeeks_logs_in_one_stream(opened):
    conn = {"_path": "conn", "_write_ts": "2026-01-01T00:00:00.0Z", **CONN}
    dns = {"_path": "dns", **ENDS, "proto": "udp", "query": "x.dk"}
    other = {"_path": "weird", **ENDS, "name": "x"}
    tables, counts = opened(dumps([conn, dns, other, conn, dns, conn]).encode(), "stream.log")
    assert counts == (6, 1, 0)
    assert (len(tables["flow"]), len(tables["dns"])) == (3, 2)


@pytest.mark.slow
def test_a_broken_document_costs_itself_and_its_neighbour_at_most(opened, events):
    hits = [{"_index": "logs", "_source": one} for one in events * 20]
    for text in (json.dumps(hits), json.dumps(hits, indent=1), dumps(hits)):
        raw = text.encode()
        at = raw.index(b"dest_ip", len(raw) // 2)
        for broken in (raw[:at] + b'"' + raw[at:], raw[:at] + b"{" + raw[at:], raw[:at] + b"}}" + raw[at:], raw[:at]):
            tables, (lines, passed, refused) = opened(broken)
            kept = sum(map(len, tables.values()))
            assert lines == kept + passed + refused
            assert kept >= 58
            assert refused


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_however_a_text_is_cut_the_documents_are_the_same(data):
    whole_ones = [b'{"a":1}', b'{"b":{"c":["}"]}}', b'{"hits":{"hits":[']
    broken = [b"[", b"]", b",", b"\n", b"]}}", b'{"a":', b'"', b"} , ", b"{ "]
    raw = b"".join(data.draw(st.lists(st.sampled_from([*whole_ones, *broken]), max_size=20)))
    whole, cut = Splitter(), Splitter()
    at_once = [*whole.feed(raw), *whole.end()]
    size = data.draw(st.integers(1, 9))
    pieces = [one for at in range(0, len(raw), size) for one in cut.feed(raw[at : at + size])]
    assert [one.value for one in [*pieces, *cut.end()]] == [one.value for one in at_once]


@pytest.mark.parametrize("raw", [b'{"a":1}[[{"a":1},{"a":1}', b'{"a":1},{"a":"x},{"a":1},{"a":1}', b'{"a":\n{"a":1}'])
def test_what_is_broken_costs_no_more_where_a_piece_ends_in_it(raw):
    whole = Splitter()
    at_once = [one.value for one in [*whole.feed(raw), *whole.end()]]
    for cut in range(1, len(raw)):
        halves = Splitter()
        assert [one.value for one in [*halves.feed(raw[:cut]), *halves.feed(raw[cut:]), *halves.end()]] == at_once, cut


def test_what_has_no_end_is_refused_in_bounded_memory(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(b'[{"a":"' + b"x" * (3 * DOCUMENT_BYTES_MAX) + b'\n{"b":1}\n')
    found = [one for some in documents(path) for _, one in some]
    assert [one.value for one in found if one.value] == [{"b": 1}]
    assert any("more than" in one.fault.en for one in found if one.fault)


def test_what_is_broken_without_end_is_given_up_and_says_so():
    splitter = Splitter()
    found = [*splitter.feed(b'{"a":1}' + b'\n{"a":[' * 5000 + b'\n{"a":2}'), *splitter.end()]
    assert [one.value for one in found if one.value] == [{"a": 1}]
    assert len(found) == 1 + BROKEN_MAX + 2
    assert found[-1].fault.en == "more than 1000 broken documents: the rest is not read"


@given(
    st.recursive(
        st.none() | st.text(max_size=5) | st.integers(),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    [
                        "_source",
                        "hits",
                        "event_type",
                        "timestamp",
                        "ts",
                        "uid",
                        "source",
                        "ip",
                        "zeek",
                        "suricata",
                        "eve",
                        "dns",
                        "answers",
                        "event",
                        "_raw",
                    ]
                ),
                inner,
                max_size=4,
            )
        ),
        max_leaves=20,
    )
)
@settings(max_examples=200, deadline=None)
def test_any_document_holds_something_or_nothing(document):
    for line in lines_of(document):
        json.dumps(line.fields)


@pytest.mark.slow
@pytest.mark.data
def test_bytes_of_real_events_changed_at_random(tmp_path, engine, data):
    file = min((data / "captures" / "eve").glob("*.gz"))
    own = [json.loads(line) for line in gzip.decompress(file.read_bytes()).splitlines()[:300]]
    hits = [{"_index": "logs", "_id": str(n), "_source": one} for n, one in enumerate(own)]
    dice = random.Random(15)
    path = tmp_path / "x.json"
    for text in (json.dumps(hits), dumps(hits), json.dumps(own), json.dumps(own, indent=2)):
        for _ in range(4):
            raw = bytearray(text.encode())
            for _ in range(10):
                raw[dice.randrange(len(raw))] = dice.randrange(256)
            path.write_bytes(raw)
            assert recognise(path).kind in ("documents", "eve")
            rows = sum(b.rows for b in open_path(path, sensor="a", work=tmp_path / "w", homes=HOMES, engine=engine))
            assert rows >= 250


WINDNS = (
    b"05-01-2026 08:00:0%d 0E3C PACKET  000001E2D5A9F8A0 UDP Rcv 10.0.0.5 4a3f   Q [0001 D NOERROR] A (2)dr(2)dk(0)"
)


def test_lines_between_documents_are_read_or_refused_each_with_its_number(opened, events, tmp_path):
    good = [json.dumps(event).encode() for event in events[:4]]
    strays = [WINDNS % 1, b"", b"[INFO] of nobody", b"\t  12 [ of nobody", b'"of nobody": {', WINDNS % 2]
    lines = [{"_source": json.loads(one)} for one in good]
    raw = [json.dumps(line).encode() for line in lines]
    alone, _ = opened(b"\n".join(raw))
    tables, (count, _, refused) = opened(b"\n".join([*raw[:2], *strays, *raw[2:], b"null", b'{"half": "', *strays]))
    assert len(tables["dns"]) == len(alone.get("dns", [])) + 4
    assert {name: len(rows) for name, rows in tables.items() if name != "dns"} == {
        name: len(rows) for name, rows in alone.items() if name != "dns"
    }
    assert refused == 8
    assert count == len(raw) + 2 * 6 + 2


@pytest.mark.parametrize("indent", [None, 0, 1])
def test_however_a_document_is_written_it_is_one(tmp_path, indent):
    path = tmp_path / "x.json"
    answer = [{"a": [1, "x", [2.5, True], None], "b": {"c": "\n[x"}}, {"a": [], "b": {}}]
    path.write_text("\ufeff" + json.dumps(answer[0], indent=indent) + "\n" + json.dumps(answer, indent=indent) + "\n")
    found = [document for some in documents(path) for _, document in some]
    assert [document.value for document in found] == [answer[0], *answer]
