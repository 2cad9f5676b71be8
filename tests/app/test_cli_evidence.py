"""`bavn node evidence` over a store that a node wrote: rows, what lies around, packets, exports, the ledger's line."""

import csv
import io
import json
import os
import re
import shutil
import zipfile
from pathlib import Path

import pytest

from bavn.actor.evidence.keep import path_of
from bavn.actor.formats.pcap import packets
from bavn.app.cli.node.main import app
from bavn.app.config.load import read_node
from bavn.app.node.packets import captures_folder, evidence_folder, packet_files, packet_ring, ring_folder
from bavn.app.node.parts import build
from bavn.app.process.exits import Exit, Stop
from bavn.model.moment import as_us
from bavn.model.suspicion import RowsRef
from tests.people import Runner as CliRunner

from ..actor.evidence.conftest import HOST, PEER, SECRET, frame, pcap, suspicion  # noqa: TID252  the same packets

START = "2026-11-24T10:00:00.000000+0000"
NUMBER = "010170-1234"


def event(kind, **more):
    plain = {
        "timestamp": START,
        "event_type": kind,
        "src_ip": HOST,
        "src_port": 40000,
        "dest_ip": PEER,
        "dest_port": 80,
        "proto": "TCP",
        "flow_id": 1,
    }
    return json.dumps(plain | more)


DRAWN: list[Path] = []
"""The folder of the node below, once one was made: it takes half a second of a processor, a copy of it none."""


@pytest.fixture
def node(tmp_path, tmp_path_factory):
    """A node that has read three calls and suspects the peer; captures of them lie in its folder."""
    if not DRAWN:
        folder = tmp_path_factory.mktemp("node")
        draw(folder)
        DRAWN.append(folder)
    shutil.copytree(DRAWN[0], tmp_path, dirs_exist_ok=True)
    return tmp_path / "node.toml"


def draw(folder):
    import datetime as dt

    at_us = as_us(dt.datetime.fromisoformat(START))
    flow = {
        "start": START,
        "end": START,
        "state": "closed",
        "pkts_toserver": 3,
        "pkts_toclient": 3,
        "bytes_toserver": 300,
        "bytes_toclient": 300,
    }
    http = {"hostname": "c2.example", "url": f"/gate?cpr={NUMBER}", "http_method": "GET", "status": 200}
    lines = [event("flow", flow=flow, flow_id=n) for n in range(3)]
    lines += [event("flow", flow=flow, dest_ip="192.0.2.9", flow_id=9), event("http", http=http)]
    (folder / "eve.json").write_text("\n".join(lines) + "\n")
    (folder / "caps").mkdir()
    file = folder / "node.toml"
    file.write_text('[node]\nactor = "north"\n[sense]\neve_file = "eve.json"\n')
    parts = build(read_node(file))
    for _ in range(3):
        parts.monitor.look()
    span = {"first_us": at_us, "last_us": at_us + 60_000_000}
    parts.known.replace(
        [suspicion(**span, rows=RowsRef("flow", (("src", HOST), ("dst", PEER)), *span.values()))], at_us
    )
    parts.close()
    file.write_text(file.read_text() + 'captures_folder = "caps"\n')
    (folder / "caps/one.pcap").write_bytes(pcap((at_us, frame()), (at_us + 1, frame(dst="192.0.2.9"))))


def do(node, *words, language="en"):
    return CliRunner().invoke(app, ["evidence", *words, "--config", str(node), "--language", language])


def out(node, *words, **more):
    done = do(node, *words, **more)
    assert done.exit_code == 0, (done.output, done.exception)
    return done.output


def refused(node, *words) -> Stop:
    stopped = do(node, *words).exception
    assert isinstance(stopped, Stop), stopped
    return stopped


def ledger(node):
    done = CliRunner().invoke(app, ["ledger", "--json", "--config", str(node)])
    return [line for line in map(json.loads, done.output.splitlines()) if line["gate"] == "export"]


def test_its_rows_with_readable_addresses(node) -> None:
    first, *rows = map(json.loads, out(node, "abab", "--json").splitlines())
    assert first["suspicion"]["id"] == "ab" * 16
    assert [row["table"] for row in rows] == ["flow"] * 3
    assert {(row["row"]["src"], row["row"]["dst"]) for row in rows} == {(HOST, PEER)}
    text = out(node, "abab", "--rows", "2")
    assert "So." in text
    assert "flow: 2 (there are more: --rows)" in text
    assert "hviler på rækker i flow: 3" in out(node, "abab", language="da")
    header, *lines = csv.reader(io.StringIO(out(node, "abab", "--csv")))
    assert header[:3] == ["group", "table", "ts"]
    assert len(lines) == 3
    assert ledger(node) == []


def test_on_a_screen_its_heads_and_its_figures_are_in_the_readers_language(node) -> None:
    heads = {
        "en": "when from from port to to port",
        "da": "hvornår fra fra port til til port",
    }
    for language, begins in heads.items():
        text = out(node, "abab", language=language)
        assert begins in " ".join(text.split())
        assert re.search(r"p 0[.,]\d+", text)[0][3] == ("." if language == "en" else ",")


def test_a_peer_that_is_known_by_its_name_alone_is_shown_where_it_is_named(node) -> None:
    """As behind a proxy, where no record of the host's bears the address."""
    parts = build(read_node(node))
    (known,) = parts.known.all()
    span = (known.rows.first_us, known.rows.last_us)
    parts.known.replace(
        [
            suspicion(
                first_us=span[0],
                last_us=span[1],
                peer="c2.example",
                observables=(),
                rows=RowsRef("flow", (("src", HOST), ("dst", "c2.example")), *span),
            )
        ],
        span[0],
    )
    parts.close()
    _, *rows = map(json.loads, out(node, "abab", "--json").splitlines())
    assert [(row["table"], row["row"]["host"]) for row in rows] == [("http", "c2.example")]
    assert "c2.example" in out(node, "abab", "--around", "10m")


def test_around_it_in_every_table_and_only_of_its_peer(node) -> None:
    rows = [json.loads(line) for line in out(node, "abab", "--around", "10m", "--json").splitlines()[1:]]
    around = [(row["table"], row["row"]["dst"]) for row in rows if row["group"] == "around"]
    assert around == [("flow", PEER)] * 3 + [("http", PEER)]
    assert NUMBER in json.dumps(rows), "what is shown here is not redacted"


def test_an_export_is_redacted_and_the_ledger_has_it(node, tmp_path) -> None:
    target = tmp_path / "e.zip"
    out(node, "abab", "--export", str(target), "--packets", "--around", "1m", "--by", "anna")
    assert target.stat().st_mode & 0o077 == 0
    with zipfile.ZipFile(target) as file:
        whole = b"".join(file.read(name) for name in file.namelist())
        manifest = json.loads(file.read("manifest.json"))
    assert NUMBER.encode() not in whole
    assert SECRET not in whole
    assert b"/gate?[query]" in whole
    assert manifest["packets"] == "1, headers only"
    assert manifest["tables"]["rows/flow"] == {"rows": 3, "more": False}
    (line,) = ledger(node)
    said = json.loads(line["summary"])
    assert (said["by"], said["redacted"], said["file"], line["way"]) == ("anna", True, "e.zip", "out")


def test_as_it_is_only_with_a_reason_that_the_ledger_holds(node, tmp_path) -> None:
    target = tmp_path / "e.zip"
    assert refused(node, "abab", "--export", str(target), "--unredacted").code is Exit.USAGE
    assert refused(node, "abab", "--export", str(target), "--unredacted", "--reason", "  ").code is Exit.USAGE
    assert not target.exists()
    assert ledger(node) == []
    out(node, "abab", "--export", str(target), "--unredacted", "--reason", "for the police", "--packets")
    with zipfile.ZipFile(target) as file:
        assert SECRET in file.read("packets.pcap")
    (line,) = ledger(node)
    assert json.loads(line["summary"])["reason"] == "for the police"
    assert refused(node, "abab", "--export", str(target)).code is Exit.USAGE, "never written over"


def test_packets_are_cut_now_or_were_kept(node, tmp_path) -> None:
    heads, whole = tmp_path / "heads.pcap", tmp_path / "whole.pcap"
    out(node, "abab", "--pcap", str(heads))
    out(node, "abab", "--pcap", str(whole), "--unredacted", "--reason", "to look")
    assert [p.data for p in packets(whole)] == [frame()]
    assert [p.data + SECRET for p in packets(heads)] == [frame()]
    parts = build(read_node(node))
    try:
        assert parts.keeper.turn(parts.known.all()) == ["ab" * 16]
    finally:
        parts.close()
    (tmp_path / "caps/one.pcap").unlink()
    assert path_of(evidence_folder(read_node(node)), "ab" * 16).exists()
    assert "packets kept" in out(node, "abab")
    out(node, "abab", "--pcap", str(tmp_path / "again.pcap"))
    assert len(list(packets(tmp_path / "again.pcap"))) == 1


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["ffff"], Exit.NOT_FOUND),
        (["abab", "--around", "soon"], Exit.USAGE),
        (["abab", "--around", "99d"], Exit.USAGE),
        (["abab", "--unredacted", "--reason", "x"], Exit.USAGE),
    ],
)
def test_what_cannot_be_shown_is_one_clear_line(node, words, code) -> None:
    assert refused(node, *words).code is code


def test_without_any_packet_it_says_so(node, tmp_path) -> None:
    (tmp_path / "caps/one.pcap").unlink()
    assert refused(node, "abab", "--pcap", str(tmp_path / "x.pcap")).code is Exit.NOT_FOUND
    assert not (tmp_path / "x.pcap").exists()


@pytest.mark.parametrize(("language", "said"), [("en", "no packets are kept"), ("da", "ingen pakker gemt")])
def test_an_export_says_what_is_not_in_it(node, tmp_path, language, said) -> None:
    (tmp_path / "caps/one.pcap").unlink()
    words = ("--export", str(tmp_path / "e.zip"), "--packets", "--rows", "1")
    done = do(node, "abab", *words, language=language)
    assert done.exit_code == 0
    assert said in done.stderr
    assert " flow: 1 (" in done.stderr
    whole = do(node, "abab", "--export", str(tmp_path / "whole.zip"))
    assert (whole.exit_code, whole.stderr) == (0, ""), "nothing that was asked for is left out"


def test_a_ring_that_is_turned_off_is_emptied(node) -> None:
    config = read_node(node)
    for folder in (ring_folder(config), captures_folder(config)):
        folder.mkdir(parents=True)
        (folder / "old.pcap").write_bytes(pcap())
        os.utime(folder / "old.pcap", (1, 1))
    assert len(packet_files(config)) == 2, "of one name the first alone, beside the one given"
    assert packet_ring(config) == {}
    build(config).close()
    assert [path.name for path in packet_files(config)] == ["one.pcap"]
