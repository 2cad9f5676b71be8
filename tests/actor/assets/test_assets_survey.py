"""Rows in, hosts out: what was answered counts, every hint has its evidence, the same rows give the same bytes."""

import random
from dataclasses import asdict
from datetime import datetime, timedelta

from bavn.actor.assets.survey import assets

PACS, MODALITY, HIS, DC = "10.0.0.5", "10.0.0.9", "10.0.0.7", "10.0.0.1"


def hospital():
    return {
        "flow": [
            {"src": MODALITY, "dst": PACS, "dst_port": 104},
            {"src": MODALITY, "dst": PACS, "dst_port": 11112},
            {"src": MODALITY, "dst": HIS, "dst_port": 2575},
            {"src": MODALITY, "dst": "10.0.0.99", "dst_port": 3306, "failed": True, "bytes_toclient": 0},
            {"src": MODALITY, "dst": "10.0.0.255", "dst_port": 137, "proto": "udp", "bytes_toclient": 0},
            {"src": MODALITY, "dst": DC, "dst_port": 88, "app_proto": "krb5"},
            {"src": MODALITY, "dst": DC, "dst_port": 389},
            {"src": PACS, "dst": DC, "dst_port": 53, "proto": "udp", "app_proto": "dns"},
            {"src": MODALITY, "dst": "198.51.100.7", "dst_port": 443, "app_proto": "tls"},
            {"src": "203.0.113.9", "dst": "198.51.100.7", "dst_port": 22},
        ],
        "dhcp": [
            {
                "src": "0.0.0.0",
                "dst": "255.255.255.255",
                "mac": "00:50:56:11:22:33",
                "vendor": "MSFT 5.0",
                "type": "request",
                "hostname": "CT-3",
            },
            {"src": DC, "dst": MODALITY, "mac": "00:50:56:11:22:33", "assigned": MODALITY, "type": "reply"},
        ],
        "http": [
            {"src": MODALITY, "dst": "198.51.100.7", "user_agent": "syngo.via/VB60", "host": "198.51.100.7"},
            {"src": HIS, "dst": PACS, "dst_port": 80, "server": "Orthanc", "host": "pacs.hospital.local"},
        ],
        "dns": [
            {
                "src": PACS,
                "dst": DC,
                "rrname": "pacs01.hospital.local",
                "rrtype": "A",
                "answered": True,
                "answers": [PACS],
            },
            {"src": PACS, "dst": DC, "rrname": "security.ubuntu.com", "rrtype": "A", "answered": False},
        ],
        "ssh": [{"src": DC, "dst": PACS, "dst_port": 22, "server_software": "OpenSSH_8.2p1 Ubuntu-4ubuntu0.11"}],
        "rdp": [{"src": HIS, "dst": DC, "client_name": "HIS-SRV"}],
        "krb5": [{"src": MODALITY, "dst": DC, "cname": "CT-3$"}],
    }


def seen(window):
    return {asset.address: asset for asset in assets(window)}


def test_a_hospital_is_told_by_its_traffic_with_its_evidence_and_no_history(window):
    with window(**hospital()) as made:
        found = seen(made)
    assert set(found) == {DC, PACS, HIS, MODALITY}
    assert found[PACS].best("role")[0] == ("dicom server", 0.91)
    assert found[PACS].names == ("pacs01.hospital.local", "pacs.hospital.local")
    assert dict(found[PACS].best("os"))["Ubuntu"] == 0.97
    assert dict(found[MODALITY].best("role"))["dicom client"] == 0.6
    assert dict(found[MODALITY].best("role"))["hl7 client"] == 0.6
    assert found[MODALITY].best("vendor")[0] == ("virtual machine", 0.8)
    assert ("Siemens Healthineers", 0.6) in found[MODALITY].best("vendor")
    assert (found[MODALITY].macs, found[MODALITY].names) == (("00:50:56:11:22:33",), ("CT-3",))
    assert dict(found[MODALITY].best("os"))["Windows"] == 0.9
    assert dict(found[HIS].best("role"))["hl7 server"] == 0.7
    assert found[HIS].names == ("HIS-SRV",)
    assert found[DC].best("role")[:2] == (("dns resolver", 0.9), ("domain controller", 0.95))[::-1]
    assert (found[MODALITY].peers, found[MODALITY].peers_outside) == (6, 1)
    assert [(s.port, s.proto, s.app, s.clients) for s in found[DC].services] == [
        (53, "udp", "dns", 1),
        (88, "tcp", "krb5", 1),
        (389, "tcp", None, 1),
    ]
    with window(**hospital()) as made:
        found = assets(made)
        span = made.first_us, made.last_us
    every = [hint for asset in found for hint in asset.hints]
    assert len(every) > 10
    for hint in every:
        assert 0 < hint.confidence < 1
        assert hint.evidence.rows > 0
        assert hint.evidence.value
        assert span[0] <= hint.evidence.first_us <= hint.evidence.last_us < span[1]
        assert hint.reason.en
        assert hint.reason.da
    with window(**hospital()) as made:
        assert {asset.new for asset in assets(made)} == {None}
    old, late = ({"src": a, "dst": "10.0.0.1", "ts": at} for a, at in ((PACS, _day(0)), (HIS, _day(14))))
    with window(hours=15 * 24, flow=[old, late]) as made:
        assert {asset.address: asset.new for asset in assets(made)} == {"10.0.0.1": False, PACS: False, HIS: True}


def test_the_same_rows_in_any_order_give_the_same_bytes(window):
    answers = []
    for seed in (1, 2):
        rows = hospital()
        for those in rows.values():
            for number, row in enumerate(those):
                row["ts"] = _day(0) + timedelta(minutes=number)
            random.Random(seed).shuffle(those)
        with window(**rows) as made:
            answers.append(repr([asdict(asset) for asset in assets(made)]))
    assert answers[0] == answers[1]


def test_nobody_and_an_unanswered_scan_offer_nothing(window):
    with window(stats=[{}]) as made:
        assert assets(made) == ()
    scan = [
        {"src": "203.0.113.9", "dst": "10.0.0.5", "dst_port": p, "failed": True, "bytes_toclient": 40}
        for p in (104, 445, 3306)
    ]
    with window(flow=scan) as made:
        assert assets(made) == ()


def _day(number):
    return datetime(2026, 5, 10, 8) + timedelta(days=number)  # noqa: DTZ001
