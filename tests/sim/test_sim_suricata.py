"""The generated captures in front of the real Suricata: it must see exactly what was planted, and nothing broken."""

import json
import subprocess
from collections import Counter, defaultdict
from ipaddress import ip_address

import pytest

from bavn.model.moment import HOUR_US
from bavn.model.record import address_text
from bavn.traffic.records import tables
from bavn.traffic.sector import demo_sector
from bavn_lab.sim.generate import generate, planned, story

END_US = 1_795_532_400_000_000

CONFIG = """%YAML 1.1
---
outputs:
  - eve-log:
      enabled: yes
      filename: eve.json
      types: [flow, {tls: {extended: yes, ja4: on}}, {dns: {version: 2}}, {http: {extended: yes}}, smb, krb5, {anomaly: {types: {decode: yes, stream: no, applayer: no}}}, {stats: {totals: yes}}]
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
def test_suricata_sees_each_planted_flow_in_both_versions_of_ip_and_no_packet_is_invalid(seen) -> None:
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
    made, events, _ = seen
    packets = {actor["name"]: sum(f["packets"] for f in actor["files"]) for actor in made["actors"]}
    for name, rows in events.items():
        stats = [row["stats"] for row in rows if row["event_type"] == "stats"][-1]
        assert stats["decoder"]["pkts"] == packets[name]
        assert stats["decoder"]["invalid"] == 0
        assert stats["tcp"].get("invalid_checksum", 0) == 0
        assert stats["tcp"].get("reassembly_gap", 0) == 0
        assert not [row for row in rows if row["event_type"] == "anomaly"]
    _, events, _ = seen
    versions = Counter(":" in row["src_ip"] for row in events["region-nord"] if row["event_type"] == "flow")
    assert versions[True] > 5
    assert versions[False] > 100


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
def test_records_made_without_packets_say_what_suricata_says(seen) -> None:
    made, events, _ = seen
    told = story(demo_sector(1, 0.15), 1, made["start_us"], made["end_us"])
    for name in ("region-nord", "leverandoer"):
        actor = told.sector.actor(name)
        mine = defaultdict(Counter)
        for start_us, end_us in told.stretches(24):
            for table, rows in tables(planned(told, actor, start_us, end_us), "sim").items():
                for row in rows.to_pylist():
                    mine[table][_said(table, row)] += 1
        seen_ = defaultdict(Counter)
        for event in events[name]:
            if event["event_type"] in ("flow", "tls", "http"):
                seen_[event["event_type"]][_suricata_said(event)] += 1
            elif event["event_type"] == "dns":
                ends = (event["src_ip"], event["dest_ip"])
                seen_["dns"][*ends, event["dns"]["rrname"], event["dns"]["rrtype"], event["dns"].get("rcode")] += 1
        for table in ("flow", "tls", "http", "dns"):
            differ = {key: (mine[table][key], seen_[table][key]) for key in mine[table] | seen_[table]}
            assert {key: pair for key, pair in differ.items() if pair[0] != pair[1]} == {}, table


def _said(table, row):
    ends = (address_text(row["src"]), address_text(row["dst"]))
    if table == "flow":
        sizes = tuple(row[k] for k in ("pkts_toserver", "pkts_toclient", "bytes_toserver", "bytes_toclient"))
        return (*ends, row["dst_port"], row["app_proto"] or None, sizes, row["state"])
    if table == "tls":
        return (*ends, row["sni"], row["version"], row["ja3"], row["ja3s"], row["ja4"], row["cert"])
    if table == "http":
        return (*ends, row["host"], row["url"], row["method"], row["user_agent"], row["status"])
    return (*ends, row["rrname"], row["rrtype"], row["rcode"])


def _suricata_said(event):
    ends = (str(ip_address(event["src_ip"])), str(ip_address(event["dest_ip"])))
    if event["event_type"] == "flow":
        flow = event["flow"]
        sizes = tuple(flow[k] for k in ("pkts_toserver", "pkts_toclient", "bytes_toserver", "bytes_toclient"))
        app = event.get("app_proto")
        return (*ends, event.get("dest_port", 0), None if app == "failed" else app, sizes, flow["state"])
    if event["event_type"] == "tls":
        tls = event["tls"]
        cert = tls["fingerprint"].replace(":", "") if "fingerprint" in tls else None
        return (*ends, tls["sni"], tls["version"], tls["ja3"]["hash"], tls["ja3s"]["hash"], tls["ja4"], cert)
    http = event["http"]
    return (*ends, http["hostname"], http["url"], http["http_method"], http["http_user_agent"], http["status"])
