"""The demonstration's own Suricata takes sets while it runs; somebody not hit yet makes the next call, whose packets
carry what is blocked, and the alert becomes a sighting. What proves that nobody missed a key holder."""

import time
import tomllib
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from pathlib import Path
from types import SimpleNamespace

import pytest

from bavn.actor.protect.enforcers.suricata_dataset import SuricataDataset
from bavn.actor.protect.enforcers.suricata_socket import SuricataSocket
from bavn.actor.sense.base import SourceBroken
from bavn.app.config.load import read_node
from bavn.app.node.parts import build
from bavn.app.process.exits import Stop
from bavn.centre.correlate.round_state import Phase
from bavn.model.intel.indicator import Block, Sighting
from bavn.model.moment import DAY_US
from bavn.model.observable import Observable
from bavn.model.received import Observed
from bavn.traffic.dice import SeededDice
from bavn.traffic.sector import demo_sector
from bavn.wire.links.enrolment import enrol
from bavn.wire.messages.catalogue import IndicatorReleased
from bavn.wire.partners.stix_indicator import bundle_of
from bavn.wire.safe import Safe
from bavn_lab.demo.again import OTHER_RESOLVER, call_again, next_call
from bavn_lab.demo.sector import POLICY, SEEN_EVERY_S, ActorPlan, Member, _node_toml
from bavn_lab.demo.silent_holder import RoundsSeen, all_name, rounds_before_and_since, silent_at
from bavn_lab.demo.suricata import Alert, OwnSuricata
from bavn_lab.sim.reading import frames
from tests.actor.protect.conftest import indicator
from tests.app.key_holding import NOBODY, known_to_a_key_holder
from tests.app.waiting import until

ACTOR = demo_sector(1).actor("region-nord")
EVIL = Observable.of("domain", "birkedata-kvx.com")
ADDRESS = Observable.of("ip4", "25.1.2.3")
NAME = "cdn.birkedata-kvx.com"
HERE = int(IPv4Address("25.1.2.3"))


@pytest.fixture
def suricata(tmp_path):
    made = OwnSuricata(tmp_path / "suricata", ACTOR.homes)
    made.start()

    def up() -> bool:
        assert made.why_ended() is None, made.why_ended()
        try:
            return made.idle()
        except SourceBroken:
            return False

    until(up)
    yield made
    made.stop()


def call(suricata: OwnSuricata, name: str = NAME) -> list[Alert]:
    before = len(suricata.alerts())
    capture = suricata.folder / "call.pcap"
    next_call(ACTOR, name, HERE, time.time_ns() // 1000, capture)
    suricata.hand(capture)
    until(suricata.idle)
    return suricata.alerts()[before:]


@pytest.mark.suricata
def test_the_next_call_is_known_as_soon_as_the_set_was_changed(suricata) -> None:
    sets = SuricataDataset(lambda: SuricataSocket(suricata.socket), suricata.sets)
    assert suricata.holds([EVIL, ADDRESS]) == []
    assert call(suricata) == []
    sets.enforce([Block(EVIL, "indicator--x", 1)])
    assert suricata.holds([EVIL, ADDRESS, Observable.of("sha256", "ab" * 32)]) == [EVIL]
    assert {(alert.sid, alert.met) for alert in call(suricata)} == {(1_817_102, NAME), (1_817_202, NAME)}
    assert call(suricata, "www.fjordnyt-bdf.dk") == []
    sets.enforce([Block(ADDRESS, "indicator--y", 1)])
    assert suricata.holds([EVIL, ADDRESS]) == [ADDRESS]
    met = {(alert.sid, alert.met) for alert in call(suricata, "www.fjordnyt-bdf.dk")}
    assert met == {(1_817_002, "25.1.2.3"), (1_817_001, "25.1.2.3")}
    assert 0 < suricata.memory_mb() < 100


@pytest.mark.suricata
def test_one_that_ended_says_so_and_stopping_is_harmless(suricata) -> None:
    suricata._process._process.kill()
    assert "ended with -9" in until(suricata.why_ended)
    with pytest.raises(SourceBroken):
        suricata.hand(suricata.folder / "call.pcap")
    suricata.stop()
    suricata.stop()
    assert suricata.why_ended() is None
    assert suricata.memory_mb() == 0


def test_a_line_that_is_still_being_written_waits(tmp_path) -> None:
    made = OwnSuricata(tmp_path, ACTOR.homes)
    assert made.alerts() == []
    one = '{"event_type":"alert","flow_id":1,"dest_ip":"25.1.2.3","alert":{"signature_id":%d,"signature":"s"}}'
    (tmp_path / "eve.json").write_text(f"{one % 1_817_002}\n{one % 2_000_001}\n{{}}\n{one % 1_817_001}")
    assert made.alerts() == [Alert(1_817_002, "s", "25.1.2.3")]


NODE = """[node]
actor = "region-a"
folder = "data"
homes = ["10.10.0.0/16"]
centre_url = "{url}"
{holders}[sense]
eve_file = "suricata/eve.json"
[enforce]
suricata_socket = "suricata/command.socket"
suricata_folder = "suricata/sets"
"""


@pytest.fixture
def node(tmp_path, stand):
    """A node as the demonstration configures it, but for captures and resolver."""
    (tmp_path / "node.toml").write_text(NODE.format(url=stand.url, holders=NOBODY))
    known_to_a_key_holder(tmp_path / "data", "region-a")
    safe, token = Safe(tmp_path / "data" / "keys"), stand.centre.enrolment.invite("region-a")
    enrol(stand.url, stand.centre.authority.fingerprint, "region-a", token, safe, SeededDice(1, "a"))
    parts = build(read_node(tmp_path / "node.toml"))
    yield parts
    parts.close()


@pytest.mark.slow
@pytest.mark.suricata
def test_an_alert_of_our_rule_leaves_through_the_door_as_a_sighting(suricata, node) -> None:
    now_us = time.time_ns() // 1000
    times = {"version": now_us, "valid_from_us": now_us, "valid_until_us": now_us + DAY_US}
    made = indicator(EVIL.value, **times)
    bundle = bundle_of(made, created_by="identity--5a4c9f6e-2a63-4b7c-9d7e-0f3a1c2b4d5e", created_us=now_us)
    node.protect.receive([IndicatorReleased(bundle=bundle)])
    assert suricata.holds([EVIL]) == [EVIL]
    assert call(suricata)
    node.monitor.look()
    node.talker.serve()
    [line] = [line for line in node.ledger.every() if line.kind == "Observation" and '"seen"' in line.summary]
    assert (line.way, line.verdict, line.privacy) == ("out", "passed", "S2")
    assert made.id in line.summary
    assert not [told for told in node.protect.take() if isinstance(told.statement, Sighting)]
    assert node.talker.send() >= 1


def page(*states, problems=("keyholder-2",)):
    holders = [{"number": number, "state": state} for number, state in enumerate(states, 1)]
    return {"key_holders": {"holders": holders}, "problems": [{"source": source} for source in problems]}


GONE = page("answers", "silent", "answers")


@pytest.mark.parametrize(
    "other",
    [
        page("answers", "answers", "answers"),
        page("silent", "silent", "answers"),
        page("answers", "refuses", "answers"),
        page("answers", "silent", "answers", problems=()),
        {"key_holders": None, "problems": []},
    ],
)
def test_each_page_must_name_the_one_that_is_gone_and_no_other(other) -> None:
    assert silent_at(GONE) == [2]
    assert all_name(2, {"region-nord": GONE, "klinik": GONE}) is not None
    assert all_name(2, {"region-nord": GONE, "klinik": other}) is None


def test_rounds_count_once_their_uploads_are_over_and_are_whole_where_nobody_is_missing() -> None:
    def summary(opened_us, phase, *missing):
        return SimpleNamespace(round=SimpleNamespace(opened_us=opened_us, phase=phase), missing=missing)

    rounds = [
        summary(40, Phase.UPLOADS),
        summary(30, Phase.REVEAL),
        summary(20, Phase.CLOSED, "klinik"),
        summary(10, Phase.CLOSED),
        summary(5, Phase.VOID, "klinik", "region-nord"),
    ]
    before, since = rounds_before_and_since(SimpleNamespace(rounds=lambda _: rounds), 20)
    assert (before, since) == (RoundsSeen(2, 1), RoundsSeen(2, 1))


WORLD = demo_sector(1).actors
BLOCKED = Observable.of("domain", "evil.com")
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
    holding: list = field(default_factory=lambda: [BLOCKED])
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
    """Has one indicator on BLOCKED, and a sighting of it at whichever actors the test names."""

    def __init__(self, *told: tuple[str, str, int]) -> None:
        self.told = told
        self.deliveries = self

    def indicators(self):
        return [
            SimpleNamespace(
                kept=SimpleNamespace(indicator=SimpleNamespace(id=name, observable=observable, revoked=off))
            )
            for name, observable, off in (("i-1", BLOCKED, False), ("i-old", BLOCKED, True), ("i-2", _ip(), False))
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
    made = call_again(sector, desk, {BLOCKED}, ("region-nord",), WORLD)
    assert [len(member.suricata.handed) for member in sector.members[:2]] == [0, 1]
    assert made.figures["suricata_blocks"] == {"region-nord": ["domain:evil.com"], "region-syd": ["domain:evil.com"]}
    alert = made.figures["suricata_alert"]
    assert (alert["actor"], alert["sid"], alert["met"]) == ("region-syd", 1_817_102, "cdn.evil.com")
    assert (alert["indicator"], alert["kind"], alert["called"]) == ("domain:evil.com", "seen", "cdn.evil.com")
    assert [each["sid"] for each in alert["alerts"]] == [1_817_002, 1_817_102]
    assert any("1817102" in line and "region-syd" in line for line in made.lines)
    assert made.figures["suricata_memory_mb"] == {"region-nord": 75, "region-syd": 75}


@pytest.mark.slow
@pytest.mark.parametrize("broken", ["alert", "sighting", "empty"])
def test_an_alert_or_sighting_that_does_not_come_is_said(sector, monkeypatch, broken) -> None:
    monkeypatch.setattr("bavn_lab.demo.again.ALERT_S_MAX", 0.1)
    monkeypatch.setattr("bavn_lab.demo.again.SEEN_S_MAX", 0.1)
    sector.members[0].suricata.alerting = broken != "alert"
    desk = PlayedDesk(("region-nord", "seen", 0)) if broken == "empty" else PlayedDesk(("region-syd", "seen", 1))
    with pytest.raises(Stop, match="an alert" if broken == "alert" else "a sighting"):
        call_again(sector, desk, {BLOCKED}, ("region-nord", "region-syd"), WORLD)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("wanted", "called"),
    [({BLOCKED, _ip()}, "cdn.evil.com"), ({Observable.of("domain", "other.org")}, "other.org"), ({_ip()}, None)],
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
