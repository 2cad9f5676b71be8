"""The next call: its packets carry what is blocked, somebody not hit yet makes it, and what came of it is said."""

import tomllib
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from pathlib import Path
from types import SimpleNamespace

import pytest

from bavn.app.config.load import read_node
from bavn.app.process.exits import Stop
from bavn.model.observable import Observable
from bavn.model.received import Observed
from bavn.traffic.sector import demo_sector
from bavn_lab.demo.again import OTHER_RESOLVER, call_again, next_call
from bavn_lab.demo.sector import POLICY, SEEN_EVERY_S, ActorPlan, Member, _node_toml
from bavn_lab.demo.suricata import Alert, OwnSuricata
from bavn_lab.sim.reading import frames

WORLD = demo_sector(1).actors
EVIL = Observable.of("domain", "evil.com")
HOLDERS = [f"https://127.0.0.1:{number}" for number in (2, 3, 4)]
KNOWN = {"cdn.evil.com": "25.1.2.3", "cdn.notevil.com": "25.9.9.9"}


def test_the_packets_ask_another_resolver_and_call_the_address_with_the_name(tmp_path) -> None:
    file = tmp_path / "call.pcap"
    next_call(WORLD[0], "cdn.evil.com", int(IPv4Address("25.1.2.3")), 1_795_000_000_000_000, file)
    packets = list(frames(file))
    targets = {body[30:34] for _, body in packets}
    assert OTHER_RESOLVER.to_bytes(4, "big") in targets
    assert IPv4Address("25.1.2.3").packed in targets
    assert any(b"\x03cdn\x04evil\x03com\x00" in body for _, body in packets)
    assert any(b"\x00\x0ccdn.evil.com" in body for _, body in packets)
    assert abs(packets[0][0] - 1_795_000_000_000_000) < 100_000


@dataclass
class PlayedSuricata:
    """Alerts once on what it was handed; holds what it was given."""

    folder: Path
    holding: list = field(default_factory=lambda: [EVIL])
    said: list = field(default_factory=list)
    handed: list = field(default_factory=list)
    alerting: bool = True

    def holds(self, observables):
        return [each for each in observables if each in self.holding]

    def memory_mb(self) -> int:
        return 75

    def alerts(self):
        return list(self.said)

    def idle(self) -> bool:
        return True

    def hand(self, capture) -> None:
        self.handed.append(capture)
        if self.alerting:
            self.said.append(Alert(1_817_002, "BAVN shared indicator", "25.1.2.3"))
            self.said.append(Alert(1_817_102, "BAVN shared indicator", "cdn.evil.com"))


class PlayedDesk:
    """Has one indicator on EVIL, and a sighting of it at whichever actors the test names."""

    def __init__(self, *told: tuple[str, str, int]) -> None:
        self.told = told
        self.deliveries = self

    def indicators(self):
        return [
            SimpleNamespace(
                kept=SimpleNamespace(indicator=SimpleNamespace(id=name, observable=observable, revoked=off))
            )
            for name, observable, off in (("i-1", EVIL, False), ("i-old", EVIL, True), ("i-2", _ip(), False))
        ]

    def sightings(self, indicator_id):
        assert indicator_id != "i-old"
        told = self.told if indicator_id == "i-1" else ()
        return [
            Observed(
                item_id="x",
                actor=actor,
                indicator_id=indicator_id,
                kind=kind,
                count_bucket=bucket,
                first_hour=498_000,
                last_hour=498_000,
                received_us=1,
            )
            for actor, kind, bucket in told
        ]


def _ip() -> Observable:
    return Observable.of("ip4", "25.1.2.3")


@pytest.fixture
def sector(tmp_path):
    def member(name: str, *, sensor: bool) -> Member:
        plan = ActorPlan(name, "region", ("10.10.0.0/16",), tmp_path if sensor else None)
        suricata = PlayedSuricata(tmp_path / name) if sensor else None
        return Member(plan, tmp_path / name, 1, suricata)

    members = [member("region-nord", sensor=True), member("region-syd", sensor=True), member("klinik", sensor=False)]
    return SimpleNamespace(members=members, known=KNOWN, check=lambda: None)


def test_somebody_who_was_not_hit_is_called_and_its_sighting_is_waited_for(sector) -> None:
    desk = PlayedDesk(("region-nord", "seen", 1), ("region-syd", "retro", 1), ("region-syd", "seen", 1))
    made = call_again(sector, desk, {EVIL}, ("region-nord",), WORLD)
    assert [len(member.suricata.handed) for member in sector.members[:2]] == [0, 1]
    assert made.figures["suricata_blocks"] == {"region-nord": ["domain:evil.com"], "region-syd": ["domain:evil.com"]}
    alert = made.figures["suricata_alert"]
    assert (alert["actor"], alert["sid"], alert["met"]) == ("region-syd", 1_817_102, "cdn.evil.com")
    assert (alert["indicator"], alert["kind"], alert["called"]) == ("domain:evil.com", "seen", "cdn.evil.com")
    assert [each["sid"] for each in alert["alerts"]] == [1_817_002, 1_817_102]
    assert any("1817102" in line and "region-syd" in line for line in made.lines)
    assert made.figures["suricata_memory_mb"] == {"region-nord": 75, "region-syd": 75}


def test_where_all_were_hit_the_first_is_called(sector) -> None:
    desk = PlayedDesk(("region-nord", "seen", 1))
    made = call_again(sector, desk, {EVIL}, ("region-nord", "region-syd"), WORLD)
    assert made.figures["suricata_alert"]["actor"] == "region-nord"


@pytest.mark.slow
@pytest.mark.parametrize("broken", ["alert", "sighting", "empty"])
def test_an_alert_or_sighting_that_does_not_come_is_said(sector, monkeypatch, broken) -> None:
    monkeypatch.setattr("bavn_lab.demo.again.ALERT_S_MAX", 0.1)
    monkeypatch.setattr("bavn_lab.demo.again.SEEN_S_MAX", 0.1)
    sector.members[0].suricata.alerting = broken != "alert"
    desk = PlayedDesk(("region-nord", "seen", 0)) if broken == "empty" else PlayedDesk(("region-syd", "seen", 1))
    with pytest.raises(Stop, match="an alert" if broken == "alert" else "a sighting"):
        call_again(sector, desk, {EVIL}, ("region-nord", "region-syd"), WORLD)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("wanted", "called"),
    [({EVIL, _ip()}, "cdn.evil.com"), ({Observable.of("domain", "other.org")}, "other.org"), ({_ip()}, None)],
)
def test_what_is_blocked_is_what_is_called(sector, monkeypatch, wanted, called) -> None:
    calls = []
    monkeypatch.setattr("bavn_lab.demo.again.next_call", lambda *given: calls.append(given))
    monkeypatch.setattr("bavn_lab.demo.again.SEEN_S_MAX", 0.1)
    with pytest.raises(Stop):
        call_again(sector, PlayedDesk(), wanted, (), WORLD)
    [(_, name, address, _, _)] = calls
    assert called in (None, name)
    if called != "other.org":
        assert address == int(IPv4Address("25.1.2.3"))


def test_a_fingerprint_alone_cannot_be_called(sector) -> None:
    made = call_again(sector, PlayedDesk(), {Observable.of("ja3", "ab" * 16)}, (), WORLD)
    assert made.figures["suricata_alert"] is None
    assert "no packet can be made" in made.lines[-1]


@pytest.mark.parametrize("sensor", [True, False])
def test_a_node_of_the_demonstration_reads_and_changes_its_own_suricata(tmp_path, sensor) -> None:
    plan = ActorPlan("region-nord", "region", ("10.10.0.0/16",), tmp_path if sensor else None)
    (tmp_path / "node.toml").write_text(_node_toml(plan, "https://127.0.0.1:1", HOLDERS, 5353, KNOWN))
    (tmp_path / "policy.toml").write_text(POLICY)
    config, suricata = read_node(tmp_path / "node.toml"), OwnSuricata(tmp_path / "suricata", plan.homes)
    given = config.enforce
    if sensor:
        assert config.path(given.suricata_socket) == suricata.socket
        assert config.path(given.suricata_folder) == suricata.sets
        assert config.path(config.sense.eve_file) == suricata.eve
    else:
        assert (given.suricata_socket, given.suricata_folder, config.sense.eve_file) == ("", "", "")
    assert tomllib.loads(POLICY)["protect"]["seen_every_s"] == config.protect.seen_every_s == SEEN_EVERY_S
