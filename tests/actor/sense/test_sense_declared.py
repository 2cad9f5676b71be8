"""The declared reader: each format of fields.toml reads what its case says, and flows are read as what they tell."""

import json
import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bavn.actor.formats.lines import Segment, line_column
from bavn.actor.sense.documents.declared import _TURNED, EVE, FLOW, form_of, forms
from bavn.actor.sense.documents.flows import flow_of, paired
from bavn.actor.sense.documents.lines import line_parser
from bavn.actor.sense.documents.moments import moment_us
from bavn.actor.sense.documents.unwrapping import flattened
from bavn.actor.sense.logs.records import received
from bavn.actor.sense.zeek.fields import FIELDS
from bavn.model.record import address_text

CASES = tomllib.loads((Path(__file__).parent / "declared.toml").read_text())["case"]
AT_US = 1_795_539_600_123_000
"""2026-11-24 17:00:00.123 UTC."""


@pytest.fixture
def read(engine):
    """Documents or lines -> Parsed, and its rows with their table, addresses as text."""

    def run(*lines, zone="UTC"):
        raw = "".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines).encode()
        parser = line_parser(engine, "a", "a", zone=zone)
        parsed = parser.parse(received(line_column(Segment("x", 1, raw)), AT_US))
        rows = [{"table": name, **row} for name, table in parsed.tables.items() for row in table.to_pylist()]
        for row in rows:
            row |= {name: address_text(row[name]) for name in ("src", "dst", "assigned") if row.get(name)}
        return parsed, rows

    return run


@pytest.mark.parametrize("case", CASES, ids=[f"{number} {case['form']}" for number, case in enumerate(CASES)])
def test_a_line_of_each_format_becomes_its_row(read, case):
    parsed, rows = read(case["line"])
    wanted = case.get("row")
    assert (len(rows), parsed.passed, parsed.refused) == (bool(wanted), not wanted, 0), parsed.refusals
    if wanted:
        told = {name: rows[0][name] for name in wanted}
        assert {
            name: str(value) if name in ("ts", "ts_end", "notbefore") else value for name, value in told.items()
        } == wanted


@pytest.mark.parametrize("case", CASES, ids=[f"{number} {case['form']}" for number, case in enumerate(CASES)])
def test_a_line_has_the_format_of_its_case_nested_or_not(case):
    document = json.loads(case["line"])
    document = document.get("_source") or document.get("flows") or document
    assert form_of(flattened(document)).name == case["form"]


def test_every_format_has_a_case_a_source_and_only_fields_that_are_read():
    assert {form.name for form in forms()} == {case["form"] for case in CASES}
    known = {name.removesuffix("[]") for log in FIELDS.values() for name in log}
    for form in forms():
        assert form.source
        assert form.becomes in ("", "*", EVE, FLOW, *FIELDS)
        for name, some in form.paths.items():
            assert all(path.partition("|")[2] in ("", *_TURNED) for path in some if isinstance(path, str)), name
            assert form.becomes in (EVE, FLOW) or name in known, name


def ecs(a, b, sent, at=AT_US, **more):
    ports = (40000, 443) if a == "10.0.0.5" else (443, 40000)
    return {
        "@timestamp": "2026-11-24T18:00:00Z",
        "event": {"start": at // 1000 if at % 1000 == 0 else at},
        "source": {"ip": a, "port": ports[0], "bytes": sent, "packets": 2},
        "destination": {"ip": b, "port": ports[1]},
        "network": {"transport": "tcp"},
        **more,
    }


@pytest.mark.slow
def test_two_halves_are_one_flow_of_who_began(read):
    asked, told = ecs("10.0.0.5", "192.0.2.7", 500), ecs("192.0.2.7", "10.0.0.5", 600, AT_US + 9)
    for order in ([asked, told], [told, asked], [{**told, "event": asked["event"]}, asked]):
        parsed, (row,) = read(*order)
        assert (row["src"], row["src_port"], row["dst"], row["dst_port"]) == ("10.0.0.5", 40000, "192.0.2.7", 443)
        assert (row["bytes_toserver"], row["bytes_toclient"]) == (500, 600)
        assert (parsed.lines, parsed.passed, parsed.refused) == (2, 1, 0)
    later = ecs("192.0.2.7", "10.0.0.5", 600, AT_US + 60_000_000)
    assert [row["src"] for row in read(asked, later)[1]] == ["10.0.0.5"] * 2


@pytest.mark.parametrize(
    ("flags", "failed"), [(2, True), (27, False), ("0x12", False), ("......S.", True), (None, None)]
)
def test_a_lone_half_says_by_its_flags_what_became_of_the_call(read, flags, failed):
    half = {"first": "2026-11-24T17:00:00", "proto": 6, "src4_addr": "10.0.0.5", "dst4_addr": "192.0.2.7"}
    (row,) = read({**half, "src_port": 40000, "dst_port": 443, "in_bytes": 60, "tcp_flags": flags})[1]
    assert (row["failed"], row["bytes_toclient"]) == (failed, None)


def test_a_flow_whose_moment_nobody_understands_is_refused_and_its_neighbour_is_read(read):
    wrong = {**ecs("10.0.0.5", "192.0.2.7", 5), "@timestamp": "yesterday", "event": {}}
    parsed, rows = read(wrong, ecs("10.0.0.5", "192.0.2.7", 5))
    assert (len(rows), parsed.refused) == (1, 1)
    assert [(one.line, one.why.en) for one in parsed.refusals] == [(1, "moment not understood: yesterday")]


def test_a_document_with_several_records_has_one_outcome_for_each(read):
    found = [{"_source": ecs("10.0.0.5", f"192.0.2.{number}", 5)} for number in range(6)]
    parsed, rows = read({"hits": {"hits": found}}, "nobody's")
    assert (len(rows), parsed.lines, parsed.refused) == (6, 7, 1)


@pytest.mark.parametrize(
    "said",
    [
        *("2026-11-24T17:00:00.123Z", "2026-11-24 17:00:00.123 UTC", "2026-11-24T17:00:00.123", 1795539600.123),
        *(1795539600123, "1795539600123000", 1795539600123000000, "1795539600.123"),
        *("2026-11-24T18:00:00.123+0100", "2026-11-24T18:00:00.123+01:00"),
    ],
)
def test_the_writings_of_a_moment(said):
    assert abs(moment_us(said) - AT_US) < 2
    local = moment_us("2026-11-24T17:00:00.123", "Europe/Copenhagen")
    assert local == AT_US - 3600 * 1_000_000


@pytest.mark.parametrize("said", [None, "", "yesterday", True, [], {}, "2026-13-99 99:99:99", 1e300, "9" * 19, -5])
def test_what_is_no_moment(said):
    assert moment_us(said) is None or isinstance(moment_us(said), int)


_VALUES = st.none() | st.text(max_size=8) | st.integers() | st.floats() | st.sampled_from(["6", "-", "10.0.0.1"])


@given(
    st.lists(
        st.dictionaries(
            st.sampled_from(["a_port", "b_port", "begun", "ended", "seen", "sent", "got", "flags", "verdict", "app"]),
            _VALUES,
        ),
        max_size=9,
    )
)
@settings(max_examples=80, deadline=None)
def test_any_document_is_a_flow_or_none(documents):
    ends = {"a": "10.0.0.1", "b": "10.0.0.2", "proto": 6}
    flows = [flow for flow in (flow_of({**document, **ends}) for document in documents) if flow]
    kept = [flow for _, flow in paired(flows) if flow]
    assert len(kept) <= len(flows)
    json.dumps(kept)
