"""The demonstration's own Suricata takes sets while it runs, and its alert on the next call becomes a sighting."""

import time
from ipaddress import IPv4Address

import pytest

from bavn.actor.protect.enforcers.suricata_dataset import SuricataDataset
from bavn.actor.protect.enforcers.suricata_socket import SuricataSocket
from bavn.actor.sense.base import SourceBroken
from bavn.app.config.load import read_node
from bavn.app.node.parts import build
from bavn.model.intel.indicator import Block, Indicator, Pap, Sighting, Tlp
from bavn.model.moment import DAY_US
from bavn.model.observable import Observable
from bavn.psi.keys import new_group_key_file
from bavn.traffic.dice import SeededDice
from bavn.traffic.sector import demo_sector
from bavn.wire.links.enrolment import enrol
from bavn.wire.messages.catalogue import IndicatorReleased
from bavn.wire.partners.stix_indicator import bundle_of
from bavn.wire.safe import Safe
from bavn_lab.demo.again import next_call
from bavn_lab.demo.suricata import Alert, OwnSuricata

ACTOR = demo_sector(1).actor("region-nord")
EVIL = Observable.of("domain", "birkedata-kvx.com")
ADDRESS = Observable.of("ip4", "25.1.2.3")
NAME = "cdn.birkedata-kvx.com"
HERE = int(IPv4Address("25.1.2.3"))


def until(true, seconds: float = 20.0):
    ends = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < ends, "waited too long"
        time.sleep(0.02)
    return found


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
[sense]
eve_file = "suricata/eve.json"
[enforce]
suricata_socket = "suricata/command.socket"
suricata_folder = "suricata/sets"
"""


@pytest.fixture
def node(tmp_path, stand):
    """A node as the demonstration configures it, but for captures and resolver."""
    (tmp_path / "node.toml").write_text(NODE.format(url=stand.url))
    (tmp_path / "group.key").write_bytes(new_group_key_file(SeededDice(1, "group")))
    safe, token = Safe(tmp_path / "data" / "keys"), stand.centre.enrolment.invite("region-a")
    enrol(stand.url, stand.centre.authority.fingerprint, "region-a", token, safe, SeededDice(1, "a"))
    parts = build(read_node(tmp_path / "node.toml"))
    yield parts
    parts.close()


@pytest.mark.slow
@pytest.mark.suricata
def test_an_alert_of_our_rule_leaves_through_the_door_as_a_sighting(suricata, node) -> None:
    now_us = time.time_ns() // 1000
    made = Indicator(
        id="indicator--00000000-0000-4000-8000-000000000001",
        version=now_us,
        observable=EVIL,
        tlp=Tlp.AMBER,
        pap=Pap.GREEN,
        confidence=80,
        valid_from_us=now_us,
        valid_until_us=now_us + DAY_US,
        case_id="case-1",
        technique="T1071.001",
    )
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
