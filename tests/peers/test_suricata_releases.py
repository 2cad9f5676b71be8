"""Both releases of Suricata that Debian has, over real captures: the same records, and which release it was."""

import os
from collections import Counter

import pytest

from bavn.actor.formats.lines import Segment
from bavn.actor.sense.prepare import prepared
from bavn.actor.sense.suricata.config import SuricataConfig
from bavn.actor.sense.suricata.eve import EveParser
from bavn.actor.sense.suricata.process import release_in
from bavn.actor.sense.suricata.run import run_over
from tests.conftest import SURICATA_BESIDE

pytestmark = [pytest.mark.slow, pytest.mark.suricata, pytest.mark.suricata_beside, pytest.mark.data]
CAPTURES = (
    "technique/lateral-wmi/wmiexec.pcap",
    "benign/ad-office/chip_host_signin.pcap",
    "protocol-mix/protocols/SSL.pcap",
    "protocol-mix/protocols/DHCP.pcap",
)
MORE = {8: frozenset({"dns", "dcerpc", "flow", "tls"})}
"""Of what a later release tells more."""
LEFT_OUT = frozenset({"flow_id", "app_proto"})
"""Chance, and the protocols that it knows by name: the later one knows LDAP and mDNS too."""
HELLOS = frozenset({"community_id", "sni", "ja3", "ja3s", "ja4", "cipher"})
"""Of a handshake: the later one tells of it at another packet, and finds certificates that the other missed."""


def compared(kind, row):
    return HELLOS if kind == "tls" else row.keys() - LEFT_OUT


def rows_of(capture, folder):
    """The rows of each record type, counted, and the release."""
    run = run_over(capture, folder, SuricataConfig())
    parsed = EveParser(prepared(), "s").parse(Segment("eve.json", 1, run.eve.read_bytes()))
    assert parsed.refused == 0
    rows = {
        name: Counter(repr(sorted((k, row[k]) for k in compared(name, row))) for row in table.to_pylist())
        for name, table in parsed.tables.items()
        if table.num_rows
    }
    return rows, release_in(folder)


@pytest.mark.parametrize("name", CAPTURES)
def test_both_tell_the_same_and_the_later_one_more(name, data, tmp_path, monkeypatch) -> None:
    capture = data / "captures/pcap" / name
    told = [rows_of(capture, tmp_path / "here")]
    monkeypatch.setenv("PATH", f"{SURICATA_BESIDE / 'bin'}:{os.environ['PATH']}")
    told.append(rows_of(capture, tmp_path / "beside"))
    (before, earlier), (after, later) = sorted(told, key=lambda one: one[1])
    assert (earlier, later) == (7, 8)
    assert before.keys() <= after.keys()
    for kind in before:
        if kind in MORE[later]:
            assert before[kind] <= after[kind], kind
        else:
            assert before[kind] == after[kind], kind
