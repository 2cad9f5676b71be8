"""`bavn node packets` over a node's captures: read, written to a file, refused; each use is a line of the ledger."""

import json

import pytest

from bavn.actor.evidence.keep import path_of
from bavn.actor.formats.pcap import packets
from bavn.app.cli.node.main import app
from bavn.app.config.load import read_node
from bavn.app.node.packets import evidence_folder
from bavn.app.process.exits import Exit, Stop
from tests.people import Runner as CliRunner

from ..actor.evidence.conftest import HOST, PEER  # noqa: TID252  the same packets
from .test_cli_evidence import draw

FLOW = ("--host", HOST, "--peer", PEER, "--from", "2026-11-24T10:00:00")


@pytest.fixture
def node(tmp_path):
    """A node that suspects a call of which a capture lies in its folder."""
    draw(tmp_path)
    return tmp_path / "node.toml"


def do(node, *words, language="en"):
    return CliRunner().invoke(app, ["packets", *words, "--config", str(node), "--language", language])


def out(node, *words, **more):
    done = do(node, *words, **more)
    assert done.exit_code == 0, (done.output, done.exception)
    return done.output


def lines(node):
    done = CliRunner().invoke(app, ["ledger", "--json", "--config", str(node)])
    return [line for line in map(json.loads, done.output.splitlines()) if line["kind"] == "Packets"]


def test_a_flow_a_host_and_a_suspicion_are_read_and_each_reading_is_in_the_ledger(node) -> None:
    for words in (("abab",), FLOW, (*FLOW, "--flow", "tcp/40000/443"), (*FLOW[:2], *FLOW[4:])):
        text = out(node, *words)
        assert f"{HOST}:40000 - {PEER}:443 tcp (text)" in text
        assert "the patient is anna" in text
        assert ("192.0.2.9" in text) is ("--peer" not in words and "abab" not in words)
    (talk,) = json.loads(out(node, *FLOW, "--json"))["conversations"]
    assert talk["turns"][0]["lines"] == ["the patient is anna"]
    kept = lines(node)
    assert len(kept) == 5
    assert {(line["gate"], line["way"], line["peer"]) for line in kept} == {("packets", "in", "screen")}
    said = json.loads(kept[-1]["summary"])
    assert (said["host"], said["peer"]) == (HOST, PEER)
    assert said["by"]
    assert "anna" not in json.dumps(kept), "the ledger says who looked at what, not what stood there"


def test_the_file_has_the_packets_of_the_flow_alone_and_is_not_written_over(node, tmp_path) -> None:
    target = tmp_path / "flow.pcap"
    assert "the ledger holds it" in out(node, *FLOW, "--pcap", str(target))
    (packet,) = packets(target)
    assert packet.data.endswith(b"the patient is anna")
    assert target.stat().st_mode & 0o077 == 0
    (line,) = lines(node)
    assert (line["gate"], line["way"], line["peer"]) == ("export", "out", "file")
    assert line["privacy"] == ""
    assert do(node, *FLOW, "--pcap", str(target)).exception.code == Exit.USAGE


def test_what_is_not_kept_is_said_with_what_is_and_how_to_turn_it_on(node) -> None:
    gone = do(node, "--host", HOST, "--from", "2026-11-20T10:00:00").exception
    assert isinstance(gone, Stop)
    assert gone.code == Exit.NOT_FOUND
    assert "as long as their captures stay" in str(gone)
    assert "28 days" in out(node)
    node.write_text(node.read_text().replace('captures_folder = "caps"\n', ""))
    assert "ring_bytes_max" in str(do(node, *FLOW).exception)
    assert "keeps no packets now" in out(node)
    assert lines(node) == []


def test_what_was_kept_for_a_suspicion_is_read_when_the_ring_has_forgotten_it(node) -> None:
    capture = node.parent / "caps/one.pcap"
    target = path_of(evidence_folder(read_node(node)), "ab" * 16)
    target.parent.mkdir(parents=True, exist_ok=True)
    capture.rename(target)
    assert "the patient is anna" in out(node, *FLOW)
    assert "the patient is anna" in out(node, "abab")


def test_what_names_no_packets_is_refused(node) -> None:
    for words in (
        ("--host", HOST),
        ("--host", "nobody", "--from", "2026-11-24"),
        ("--host", HOST, "--from", "yesterday"),
        ("--host", HOST, "--from", "2026-11-20", "--to", "2026-11-29"),
        (*FLOW, "--flow", "tcp/1"),
        (*FLOW, "--flow", "icmp/1/2"),
    ):
        assert do(node, *words).exception.code == Exit.USAGE, words
    assert lines(node) == []
