"""The generated captures in front of the real Suricata: it must see exactly what was planted, and nothing broken."""

import json
import subprocess
from collections import Counter, defaultdict

import pytest

from bavn.model.moment import HOUR_US
from bavn.sim.generate import generate
from bavn.sim.sector import demo_sector

END_US = 1_795_532_400_000_000

CONFIG = """%YAML 1.1
---
outputs:
  - eve-log:
      enabled: yes
      filename: eve.json
      types: [flow, {tls: {extended: yes, ja4: on}}, {dns: {version: 2}}, http, smb, krb5, {anomaly: {types: {decode: yes, stream: no, applayer: no}}}, {stats: {totals: yes}}]
app-layer:
  protocols:
    tls: {enabled: yes, ja3-fingerprints: yes, ja4-fingerprints: yes, detection-ports: {dp: 443}}
    dns: {tcp: {enabled: yes, detection-ports: {dp: 53}}, udp: {enabled: yes, detection-ports: {dp: 53}}}
    http: {enabled: yes}
    ntp: {enabled: yes}
    smb: {enabled: yes, detection-ports: {dp: "139, 445"}}
    krb5: {enabled: yes}
    smtp: {enabled: yes}
stats: {enabled: yes, interval: 100000}
logging: {outputs: [{console: {enabled: yes}}]}
"""  # noqa: E501


@pytest.fixture(scope="module")
def seen(tmp_path_factory):
    """Per actor: what was planted, and Suricata's events of all its files, checksums checked."""
    out = tmp_path_factory.mktemp("sector")
    made = generate(demo_sector(1, 0.15), 1, END_US - 60 * HOUR_US, END_US, out)
    (out / "suricata.yaml").write_text(CONFIG)
    events = {}
    for actor in made["actors"]:
        if actor["files"]:
            logs = out / f"log-{actor['name']}"
            logs.mkdir()
            command = ["suricata", "-c", out / "suricata.yaml", "-r", out / actor["name"], "-l", logs]
            command += ["-S", "/dev/null", "-k", "all", "--runmode", "single"]
            subprocess.run(command, check=True, capture_output=True, timeout=120)
            events[actor["name"]] = [json.loads(line) for line in (logs / "eve.json").read_text().splitlines()]
    return made, events, json.loads((out / "truth.json").read_text())


@pytest.mark.suricata
@pytest.mark.slow
def test_suricata_sees_each_flow_and_each_event_that_was_planted(seen) -> None:
    made, events, _ = seen
    for actor in made["actors"]:
        if not actor["files"]:
            continue
        flows, kinds = Counter(), Counter()
        for event in events[actor["name"]]:
            kinds[event["event_type"]] += 1
            if event["event_type"] == "flow":
                flows[event.get("app_proto", "failed")] += 1
        planted = actor["planted"]
        assert sum(flows.values()) == planted["flows"]
        for app in ("tls", "dns", "http", "ntp", "smb", "krb5", "smtp"):
            assert flows[app] == planted.get(app, 0), app
        assert kinds["tls"] == planted["tls"]
        assert kinds["dns"] == 2 * planted["dns"]
        assert kinds["http"] == planted["http"]


@pytest.mark.suricata
@pytest.mark.slow
def test_no_packet_is_invalid_and_no_checksum_fails(seen) -> None:
    made, events, _ = seen
    packets = {actor["name"]: sum(f["packets"] for f in actor["files"]) for actor in made["actors"]}
    for name, rows in events.items():
        stats = [row["stats"] for row in rows if row["event_type"] == "stats"][-1]
        assert stats["decoder"]["pkts"] == packets[name]
        assert stats["decoder"]["invalid"] == 0
        assert stats["tcp"].get("invalid_checksum", 0) == 0
        assert stats["tcp"].get("reassembly_gap", 0) == 0
        assert not [row for row in rows if row["event_type"] == "anomaly"]


@pytest.mark.suricata
@pytest.mark.slow
def test_a_campaign_shows_with_its_name_and_fingerprints_at_each_victim(seen) -> None:
    _, events, truth = seen
    found = defaultdict(list)
    for name, rows in events.items():
        for row in rows:
            if row["event_type"] == "tls":
                found[name, row["tls"]["sni"]].append(row)
    (campaign,) = truth["campaigns"]
    for victim in campaign["victims"]:
        rows = found[victim["actor"], victim["domain"]]
        assert len(rows) == victim["contacts"]
        for row in rows:
            assert row["src_ip"] == victim["host"]
            assert row["dest_ip"] == victim["address"]
            assert row["tls"]["ja3"]["hash"] == victim["ja3"]
            assert row["tls"]["ja4"] == victim["ja4"]
            assert row["tls"]["fingerprint"].replace(":", "") == victim["cert"]
    assert sum(victim["contacts"] > 0 for victim in campaign["victims"]) == 3


@pytest.mark.suricata
@pytest.mark.slow
def test_both_versions_of_ip_are_spoken(seen) -> None:
    _, events, _ = seen
    versions = Counter(":" in row["src_ip"] for row in events["region-nord"] if row["event_type"] == "flow")
    assert versions[True] > 5
    assert versions[False] > 100
