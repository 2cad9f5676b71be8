"""Packets at a console: whoever may opens them and leaves a line in the ledger; whoever may not is told who may."""

import os

import pytest

from bavn.actor.formats.pcap import packets
from bavn.app.access.rights import Role
from bavn.app.analyst.packets.kept import why_none
from bavn.app.config.load import read_node
from bavn.app.node.packets import evidence_folder
from bavn.app.web.frame import Person
from bavn.model.moment import DAY_US, HOUR_US
from tests.actor.evidence.conftest import frame, pcap
from tests.app.web.drawn_node import BEACON, C2_ADDRESS, own

ASK = b"GET /<b>gate</b> HTTP/1.1\r\nHost: c2.example.com\r\n\r\n"


def lines(console):
    return [line for line in console.get("/door/ledger?limit=100")["items"] if line["kind"] == "Packets"]


@pytest.fixture
def captured(console):
    """A node that keeps captures, and has one of a call of an hour ago."""
    file = next(iter(console.house.seen_by(Person(name="Anna Berg", roles=frozenset({Role.SOC}))))).file
    file.write_text(file.read_text().replace("[enforce]", 'captures_folder = "caps"\n[enforce]'))
    at_us = console.house.clock.now_us() - 3_600_000_000
    (file.parent / "caps").mkdir()
    (file.parent / "caps/one.pcap").write_bytes(pcap((at_us, frame(own(21), C2_ADDRESS, 40001, 80, ASK))))
    console.at_us, console.file = at_us, file
    return console


def flow(console, **more):
    return {"host": own(21), "peer": C2_ADDRESS, "from_us": console.at_us, "proto": "tcp"} | {
        "host_port": 40001,
        "peer_port": 80,
        **more,
    }


@pytest.mark.slow
def test_a_flow_is_read_and_taken_in_one_step_each_and_the_ledger_has_both(captured) -> None:
    kept = captured.get("/packets")
    assert (kept["on"], kept["may"], kept["roles"]) == (True, True, ["soc", "operator"])
    (talk,) = captured.do("/packets/read", flow(captured))["conversations"]
    assert (talk["protocol"], talk["turns"][0]["head"]) == ("http", "GET /<b>gate</b> HTTP/1.1")
    taken = captured.do("/packets/pcap", flow(captured))
    assert taken.headers["content-disposition"].endswith('.pcap"')
    file = captured.file.parent / "taken.pcap"
    file.write_bytes(taken.content)
    assert [packet.data[-len(ASK) :] for packet in packets(file)] == [ASK]
    assert [(line["gate"], line["way"]) for line in lines(captured)] == [("export", "out"), ("packets", "in")]
    for wrong in (flow(captured, host="x"), {}, flow(captured, to_us=captured.at_us - 1)):
        captured.do("/packets/read", wrong, code=422)
    gone = captured.do("/packets/read", flow(captured, peer_port=81), code=404)
    assert gone["type"] == "no-packets"
    assert len(lines(captured)) == 2


@pytest.mark.slow
def test_who_may_not_open_them_is_told_who_may_and_leaves_no_line(captured) -> None:
    other = captured.as_(Person(name="Bo Lund", roles=frozenset({Role.AUDITOR})))
    kept = other.get("/packets")
    assert (kept["may"], kept["roles"]) == (False, ["soc", "operator"])
    for way in ("read", "pcap"):
        other.do(f"/packets/{way}", flow(captured), code=403)
    assert lines(captured) == []


@pytest.mark.slow
def test_of_a_suspicion_what_was_kept_for_it_and_where_nothing_is_kept_how_to_turn_it_on(console) -> None:
    assert "ring_bytes_max" in console.get("/packets")["next"]["en"]
    nothing = console.do("/packets/read", {"suspicion": BEACON}, code=404)
    assert (nothing["type"], nothing["act"]) == ("no-packets", "operator")
    file = next(iter(console.house.seen_by(Person(name="Anna Berg", roles=frozenset({Role.SOC}))))).file
    kept = evidence_folder(read_node(file)) / f"{BEACON}.pcap"
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_bytes(pcap((console.house.clock.now_us(), frame(own(21), C2_ADDRESS, 40001, 80, ASK))))
    os.utime(kept)
    assert console.do("/packets/read", {"suspicion": BEACON})["packets"] == 1
    assert console.do("/packets/pcap", {"suspicion": BEACON}).content[:4] == b"\xd4\xc3\xb2\xa1"


def test_packets_are_offered_where_some_may_be_kept_and_else_it_says_why_not(captured, looking) -> None:
    assert looking.get(f"/suspicions/{BEACON}")["no_packets"]["en"] == "No packets: this node keeps none."
    assert looking.get(f"/hosts/{own(21)}")["no_packets"]["da"] == "Ingen pakker: denne node gemmer ingen."
    given, capture = read_node(captured.file), captured.file.parent / "caps/one.pcap"
    at_us = captured.at_us
    os.utime(capture, ns=(at_us * 1000, at_us * 1000))
    assert why_none(given, at_us - HOUR_US, at_us) is None
    for first_us, last_us in ((at_us - DAY_US, at_us - HOUR_US), (at_us + HOUR_US, at_us + 2 * HOUR_US)):
        assert why_none(given, first_us, last_us).en == "No packets: those of that time are gone."
    kept = evidence_folder(given) / f"{BEACON}.pcap"
    kept.parent.mkdir(exist_ok=True)
    kept.write_bytes(capture.read_bytes())
    assert why_none(given, at_us - DAY_US, at_us - HOUR_US, BEACON) is None, "they were kept for it"
    kept.unlink()
    capture.unlink()
    assert why_none(given, at_us - HOUR_US, at_us).en == "No packets: none are kept yet."
