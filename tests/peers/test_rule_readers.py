"""Rules of indicators before the programs that read such rules: pySigma with the checks of SigmaHQ, and
Suricata, over packets."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from scapy.all import DNS, DNSQR, IP, TCP, UDP, Ether, Raw, wrpcap

from bavn.app.siem.rules.write import rule_of
from tests.app.siem.rules.examples import NOW_US, OBSERVABLES, PLACE, indicator
from tests.peers.environment import peer_python

HERE = Path(__file__).parent / "rules"


def written(form):
    """Every rule that there is in a language, by name."""
    rules = {name: rule_of(indicator(one), form, NOW_US, PLACE) for name, one in OBSERVABLES.items()}
    return {name: text for name, text in rules.items() if isinstance(text, str)}


def said(command, lines):
    done = subprocess.run(
        list(map(str, command)), input="\n".join(map(json.dumps, lines)), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return {answer["name"]: answer for answer in map(json.loads, done.stdout.splitlines())}


@pytest.mark.slow
def test_sigmahq_has_nothing_against_a_rule() -> None:
    lines = [{"name": name, "text": text} for name, text in written("sigma").items()]
    answers = said([peer_python("rule-readers"), HERE / "readers.py"], lines)
    assert {name: answer["issues"] for name, answer in answers.items()} == {name: [] for name in written("sigma")}


def suricata(folder, rules, *more):
    (folder / "shared.rules").write_text(rules)
    (folder / "log").mkdir(exist_ok=True)
    config = folder / "suricata.yaml"
    config.write_text(CONFIG)
    command = [
        "suricata",
        "-c",
        config,
        "-S",
        folder / "shared.rules",
        "-l",
        folder / "log",
        "--data-dir",
        folder,
        *more,
    ]
    return subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)


CONFIG = """%YAML 1.1
---
vars: {address-groups: {HOME_NET: "[10.0.0.0/8]", EXTERNAL_NET: "!$HOME_NET"}}
outputs: [{eve-log: {enabled: yes, filetype: regular, filename: eve.json, types: [{alert: {metadata: yes}}]}}]
app-layer:
  protocols:
    tls: {enabled: yes, detection-ports: {dp: 443}, ja3-fingerprints: yes, ja4-fingerprints: yes}
    dns: {udp: {enabled: yes, detection-ports: {dp: 53}}}
    http: {enabled: yes}
    quic: {enabled: yes}
stream: {midstream: true}
"""


def asking(*names):
    """A DNS query for each name, and a page of it, from one machine."""
    packets = []
    for n, name in enumerate(names):
        ends = IP(src="10.0.0.5", dst="198.41.0.9")
        packets.append(Ether() / ends / UDP(sport=4000 + n, dport=53) / DNS(id=n, rd=1, qd=DNSQR(qname=name)))
        head = f"GET / HTTP/1.1\r\nHost: {name}\r\n\r\n".encode()
        port, out, back = 5000 + n, {"sport": 5000 + n, "dport": 80}, {"sport": 80, "dport": 5000 + n}
        home = IP(src="198.41.0.9", dst="10.0.0.5")
        packets += [
            Ether() / ends / TCP(**out, flags="S", seq=1),
            Ether() / home / TCP(**back, flags="SA", seq=9, ack=2),
            Ether() / ends / TCP(**out, flags="A", seq=2, ack=10),
            Ether() / ends / TCP(**out, flags="PA", seq=2, ack=10) / Raw(head),
            Ether() / home / TCP(**back, flags="A", seq=10, ack=2 + len(head)),
        ]
        assert port
    return packets


@pytest.mark.suricata
def test_suricata_takes_every_rule_and_refuses_a_broken_one(tmp_path) -> None:
    rules = "".join(written("suricata").values())
    tried = suricata(tmp_path, rules, "-T", "--init-errors-fatal")
    assert tried.returncode == 0, tried.stdout + tried.stderr
    assert suricata(tmp_path, rules.replace("endswith;", "endswit;"), "-T", "--init-errors-fatal").returncode != 0


@pytest.mark.suricata
def test_suricata_alerts_on_the_name_and_below_it_and_on_nothing_that_ends_so(tmp_path) -> None:
    name = OBSERVABLES["domain"].value
    met = asking(name, f"a.b.{name}", name.upper())
    met.append(Ether() / IP(src="10.0.0.5", dst="198.41.0.4") / UDP(sport=6000, dport=9999) / Raw(b"x"))
    for packets, alerts in ((met, 7), (asking(f"not{name}", f"{name}.org", "example.com"), 0)):
        shutil.rmtree(tmp_path / "log", ignore_errors=True)
        wrpcap(str(tmp_path / "seen.pcap"), packets)
        done = suricata(
            tmp_path, written("suricata")["domain"] + written("suricata")["ip4"], "-r", tmp_path / "seen.pcap"
        )
        assert done.returncode == 0, done.stdout
        events = [json.loads(line) for line in (tmp_path / "log/eve.json").read_text().splitlines()]
        assert len(events) == alerts
        for event in events:
            assert event["alert"]["metadata"]["tlp"] == ["amber"]
            assert event["alert"]["metadata"]["indicator"][0].startswith("indicator--")
