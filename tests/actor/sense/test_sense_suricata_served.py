"""One Suricata over many captures: the same records as by a run for each, whatever one of them is."""

import shutil
import struct

import pytest

from bavn.actor.sense.base import SourceBroken
from bavn.actor.sense.open_path import open_path
from bavn.actor.sense.suricata.config import SuricataConfig
from bavn.actor.sense.suricata.served import ServedSuricata
from tests.conftest import on_each_suricata

pytestmark = pytest.mark.skipif(shutil.which("suricata") is None, reason="suricata is not installed")
HOMES = ("10.0.0.0/8",)
RULE = 'alert dns any any -> any any (msg:"asked"; dns.query; content:"u2"; sid:1; rev:1;)\n'


def capture(packets: int, port: int = 50000) -> bytes:
    """A pcap of so many DNS queries in Ethernet frames."""
    query = bytes.fromhex("1234010000010000000000000275320364796e036e65740000010001")
    udp = struct.pack(">HHHH", port, 53, 8 + len(query), 0) + query
    ip = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(udp), 1, 0, 64, 17, 0) + bytes([10, 1, 0, 7, 10, 1, 0, 53]) + udp
    frame = bytes(12) + b"\x08\x00" + ip
    records = (struct.pack("<IIII", 1000 + n, 0, len(frame), len(frame)) + frame for n in range(packets))
    return struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1) + b"".join(records)


@pytest.fixture
def files(tmp_path):
    """Captures of which several share their addresses and ports, one that is cut, and one that is empty."""
    made = []
    for name, raw in {
        "a.pcap": capture(3),
        "b.pcap": capture(5),
        "c.pcap": capture(4)[:-7],
        "d.pcap": capture(0),
        "e.pcap": capture(3, 50001),
    }.items():
        made.append(tmp_path / name)
        made[-1].write_bytes(raw)
    return made


def rows(path, tmp_path, engine, rules=(), suricata=None):
    found = open_path(
        path, sensor="a", work=tmp_path / "work", homes=HOMES, engine=engine, rule_files=rules, suricata=suricata
    )
    return [(b.refusals, {name: table.to_pylist() for name, table in b.tables.items()}) for b in found]


@pytest.mark.slow
@on_each_suricata
def test_each_is_read_as_by_a_run_of_its_own(files, tmp_path, engine) -> None:
    rules = tmp_path / "x.rules"
    rules.write_text(RULE)
    alone = [rows(path, tmp_path, engine, (rules,)) for path in files]
    config = SuricataConfig(homes=HOMES, rule_files=(rules,))
    with ServedSuricata(tmp_path / "served", config) as suricata:
        together = [rows(path, tmp_path, engine, (), suricata) for path in [*files, *files]]
    assert together[: len(files)] == alone
    assert together[len(files) :] == alone
    assert sum("alert" in tables for _, tables in alone[0]) == 1
    assert not (tmp_path / "served").exists()


@pytest.mark.slow
def test_one_that_was_ended_is_started_again(files, tmp_path, engine) -> None:
    with ServedSuricata(tmp_path / "served", SuricataConfig(homes=HOMES)) as suricata:
        first = rows(files[0], tmp_path, engine, (), suricata)
        suricata._process.stop()
        assert rows(files[0], tmp_path, engine, (), suricata) == first


def test_one_that_cannot_start_says_why(files, tmp_path, engine) -> None:
    config = SuricataConfig(homes=HOMES)
    with ServedSuricata(tmp_path / ("s" * 120), config) as suricata, pytest.raises(SourceBroken, match="shorter path"):
        rows(files[0], tmp_path, engine, (), suricata)
