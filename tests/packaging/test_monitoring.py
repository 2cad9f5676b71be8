"""Alarms and dashboard: every figure that they name is exported, nobody is named, and the four that must come within
five minutes do, by a clock of the test's own."""

import itertools
import json
import math
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from bavn.actor.sense.account import Figures
from bavn.app.centre.member_metrics import MemberCollector
from bavn.app.centre.metrics import ClockCollector
from bavn.app.config.load import read_node
from bavn.app.config.sensor import HealthTable
from bavn.app.node.health.files import HEALTH_FILE
from bavn.app.node.health.metrics import page
from bavn.app.node.health.recorder import STEP_S, Recorder
from bavn.app.node.health.vitals import Vitals, problems
from bavn.centre.books.canaries import Chain, ChainLinkAt
from bavn.centre.desk.alarms import EVERY_US, GRACE_US
from bavn.centre.desk.views import MemberView
from bavn.model.health import (
    AUTHORITY_DAYS_MIN,
    HEALTH_FILE_OLD_S,
    SERVER_CERTIFICATE_DAYS_MIN,
)
from bavn.model.moment import DAY_US, SECOND_US
from bavn.model.received import NodeHealth
from bavn.model.sector.alarm import KINDS, Alarm
from bavn.model.sector.canary import LINKS, STATES, Link
from bavn.model.sector.functions import Role
from bavn.model.sector.member import Actor, ActorState
from bavn.model.text import Text
from bavn.rehearsal.clock import SimClock

ROOT = Path(__file__).resolve().parents[2]
MONITORING = ROOT / "packaging" / "monitoring"
ALERTS = yaml.safe_load((MONITORING / "bavn-alerts.yml").read_text(encoding="utf-8"))
RULES = {rule["alert"]: (group, rule) for group in ALERTS["groups"] for rule in group["rules"]}
DASHBOARD = json.loads((MONITORING / "bavn-dashboard.json").read_text(encoding="utf-8"))
NAME = re.compile(r"\bbavn_[a-z0-9_]+")
ALARM_S_MAX = 300
SCRAPE_S = 15
BEGAN_US = 1_790_000_000_000_000
SOURCE = {"name": "suricata", "rows": 5, "refused": 1, "lag_s": 0, "lag_bytes": 0, "broken": None}
TOLD = {
    "at_us": BEGAN_US,
    "up_s": 5,
    "healthy": False,
    "stopped": False,
    "capture_loss_permille": 3,
    "disk_free_mb": 9,
    "memory_mb": 100,
    "queue_messages": 2,
    "store": {"rows": 7, "bytes": 8},
    "detect": {"took_s": 0.5},
    "problems": [{"code": "lag"}, {"code": "lag"}],
    "sources": [SOURCE],
    "certificates_left_s": {"centre": 60},
    "centre_skew_s": -1,
    "canary": [
        {"link": "sensor", "state": "passed", "why": "", "took": 0, "began_us": BEGAN_US},
        {"link": "store", "state": "failed", "why": "late", "took": None, "began_us": BEGAN_US},
    ],
}


def member(name, age_s, state=ActorState.ACTIVE, sensor="up"):
    health = (
        None
        if age_s is None
        else NodeHealth(
            item_id="i",
            actor=name,
            version="1",
            sensor=sensor,
            capture_loss_permille=4,
            clock_skew_s=-9,
            queue_messages=0,
            last_round=None,
            received_us=BEGAN_US - age_s * 1_000_000,
        )
    )
    return MemberView(Actor(name=name, kind="region", group="", x=5, state=state), health, Role())


def house(folder, *members, now_us=BEGAN_US, ends_us=None, alarms=(), chains=None):
    registry = CollectorRegistry()
    ends = ends_us or {"server": now_us + 86_400_000_000}
    registry.register(
        MemberCollector(
            lambda: members,
            lambda: ends,
            folder,
            SimpleNamespace(now_us=lambda: now_us),
            alarms=lambda: alarms,
            chains=lambda: chains or {},
        )
    )
    return generate_latest(registry).decode()


def figures(text):
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def exported(folder):
    book = SimpleNamespace(
        clocks=lambda _: (),
        life_counts=lambda: {"draft": 1},
        delivery_counts=lambda: {"held": 1},
        switch_on=lambda: False,
    )
    registry = CollectorRegistry()
    registry.register(ClockCollector(book))
    text = generate_latest(registry).decode() + house(folder, member("nord", 5)) + page(TOLD)
    return set(re.findall(r"^# TYPE (\S+)", text, re.MULTILINE)) | {name for name, *_ in figures(text)}


def expressions():
    rules = {name: rule["expr"] for name, (_, rule) in RULES.items()}
    return rules | {(panel["title"], t["refId"]): t["expr"] for panel in DASHBOARD["panels"] for t in panel["targets"]}


def test_every_figure_that_is_named_is_exported_and_each_is_looked_at_somewhere(tmp_path) -> None:
    there = exported(tmp_path)
    named = {name for words in expressions().values() for name in NAME.findall(words)}
    assert len(named) > 20
    assert named - there == set()
    families = {re.sub(r"_(bucket|sum|count)$", "", name) for name in there}
    unseen = families - {re.sub(r"_(bucket|sum|count)$", "", name) for name in named}
    assert unseen == {
        "bavn_node_up_seconds",
        "bavn_node_store_rows",
        "bavn_members_heard_age_seconds_max",
        "bavn_clock_slowest_step",
        "bavn_clock_slowest_step_seconds",
    }


def test_each_alarm_says_what_to_do_and_has_no_bound_of_its_own() -> None:
    """What an operator can set is asked of the service; the rest is written in the rule, and is what Bavn counts by."""
    for name, (group, rule) in RULES.items():
        assert rule["labels"]["severity"] in ("critical", "warning"), name
        assert rule["annotations"]["summary"].endswith("."), name
        assert rule["annotations"]["do"], name
        assert group["interval"] == "15s"
    places = [(p["gridPos"]["x"], p["gridPos"]["y"]) for p in DASHBOARD["panels"]]
    assert len(set(places)) == len(places), "no panel lies on another"
    written = {name: re.findall(r"[<>]=? ([0-9 *]+)", rule["expr"]) for name, (_, rule) in RULES.items()}
    of_health = ("BavnNodeGone", "BavnCentreCertificateEnds", "BavnAuthorityEnds")
    assert [math.prod(map(int, written[name][0].split("*"))) for name in of_health] == [
        HEALTH_FILE_OLD_S,
        SERVER_CERTIFICATE_DAYS_MIN * DAY_US // SECOND_US,
        AUTHORITY_DAYS_MIN * DAY_US // SECOND_US,
    ]
    others = {name for name, numbers in written.items() if {*map(str.strip, numbers)} - {"0"}} - {*of_health}
    assert others == {"BavnNodeCanaryMissing", "BavnPromiseBrokenLong", "BavnReleaseSlow", "BavnAlarmUntaken"}


def test_the_house_counts_and_names_nobody(tmp_path) -> None:
    members = (
        member("region-nord", 30),
        member("kommune", 151, sensor="down"),
        member("klinik", None),
        member("gone", 9999, state=ActorState.REVOKED),
    )
    text = house(tmp_path, *members)
    told = figures(text)
    assert told["bavn_members_silent",] == 1
    assert told["bavn_members_sensor_down",] == 1
    assert told["bavn_members", "active"] == 3
    assert told["bavn_members_heard_age_seconds_max",] == 151
    assert told["bavn_members_clock_skew_seconds_max",] == 9
    assert told["bavn_certificate_left_seconds", "server"] == 86_400
    assert not any(one.actor.name in text for one in members)


def alarm(number, kind, age_s, actor="nord", by=""):
    return Alarm(
        number=number,
        actor=actor,
        kind=kind,
        began_us=BEGAN_US - age_s * 1_000_000,
        ended_us=None,
        detail=Text.written("eve-7.nord.example", da="eve-7.nord.example"),
        acked_by=by,
        acked_us=None,
    )


def chain(actor, **states):
    links = [
        ChainLinkAt(link=Link(link=link, state=state), passed_us=None, took=None) for link, state in states.items()
    ]
    return Chain(actor=actor, day=20_000, run=1, told_us=BEGAN_US, named_us=None, links=tuple(links))


def test_alarms_and_canaries_are_counted_by_words_of_fixed_lists_alone(tmp_path) -> None:
    alarms = (alarm(1, "canary", 90), alarm(2, "disk", 4000, by="anna"), alarm(3, "disk", 60, actor=""))
    chains = {
        "nord": chain("nord", store="passed", block="failed"),
        "syd": chain("syd", store="passed", block="passed"),
        "gone": chain("gone", store="failed", block="failed"),
    }
    members = (member("nord", 5), member("syd", 5), member("gone", 5, state=ActorState.REVOKED))
    text = house(tmp_path, *members, alarms=alarms, chains=chains)
    told = figures(text)
    assert (told["bavn_alarms", "canary", "no"], told["bavn_alarms", "canary", "yes"]) == (1, 0)
    assert (told["bavn_alarms", "disk", "no"], told["bavn_alarms", "disk", "yes"]) == (1, 1)
    assert told["bavn_alarms_untaken_age_seconds_max",] == 90, "the one that was taken on is minded"
    assert told["bavn_canaries", "store", "passed"] == 2
    assert (told["bavn_canaries", "block", "passed"], told["bavn_canaries", "block", "failed"]) == (1, 1)
    assert not any(word in text for word in ("nord", "syd", "gone", "anna", "eve-7"))
    none = figures(house(tmp_path))
    assert none["bavn_alarms_untaken_age_seconds_max",] == 0
    assert {key[1:]: value for key, value in none.items() if key[0] == "bavn_alarms"} == dict.fromkeys(
        itertools.product(KINDS, ("no", "yes")), 0
    )
    assert {key[1:] for key in none if key[0] == "bavn_canaries"} == set(itertools.product(LINKS, STATES))


def test_every_kind_of_alarm_is_told_by_some_rule() -> None:
    words = " ".join(rule["expr"] for _, rule in RULES.values())
    told = {kind for listed in re.findall(r'kind=~?"([^"]+)"', words) for kind in listed.split("|")}
    assert told | {"node-silent", "sensor-down"} == set(KINDS), "those two are BavnMembersSilent and BavnMembersBlind"


def test_a_broken_chain_is_an_alarm_within_five_minutes() -> None:
    """From the minute past the canary's hour on, in which the centre waits for its last word."""
    assert (GRACE_US + EVERY_US) // 1_000_000 + held_s("BavnMembersChainBroken") <= ALARM_S_MAX
    assert STEP_S + held_s("BavnNodeCanaryBroken") <= ALARM_S_MAX


def test_a_nodes_page_is_what_its_health_says() -> None:
    told = figures(page(TOLD))
    assert told["bavn_node_problems", "lag"] == 2
    assert told["bavn_node_disk_free_bytes",] == 9 << 20
    assert told["bavn_node_certificate_left_seconds", "centre"] == 60
    assert told["bavn_node_source_broken", "suricata"] == 0
    assert told["bavn_node_canary_link", "sensor", "passed"] == told["bavn_node_canary_link", "store", "failed"] == 1
    assert ("bavn_node_canary_link", "store", "passed") not in told
    assert told["bavn_node_canary_began_timestamp_seconds",] == BEGAN_US / 1e6
    assert not [key for key in figures(page(TOLD | {"canary": []})) if "canary" in key[0]]
    assert ("bavn_node_centre_skew_seconds",) not in figures(page(TOLD | {"centre_skew_s": None}))


def held_s(*alarms):
    """How long the slowest of these rules waits, with a scrape and an evaluation before it begins to."""
    waits = [int(rule["for"][:-1]) * {"s": 1, "m": 60}[rule["for"][-1]] for _, rule in map(RULES.get, alarms)]
    return max(waits) + SCRAPE_S + 15


def node(folder, more=""):
    (folder / "node.toml").write_text(
        '[node]\nactor = "klinik"\ncentre_url = "https://sac.example:8443"\n[health]\nmetrics_file = "bavn.prom"\n'
        + more
    )
    (folder / "data").mkdir(exist_ok=True)
    return read_node(folder / "node.toml")


def certificate(folder, ends_us):
    key = ec.generate_private_key(ec.SECP256R1())
    who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "klinik")])
    ends = datetime.fromtimestamp(ends_us / 1e6, UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(who)
        .issuer_name(who)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(ends - timedelta(days=90))
        .not_valid_after(ends)
        .sign(key, hashes.SHA256())
    )
    (folder / "data" / "keys").mkdir(parents=True, exist_ok=True)
    (folder / "data" / "keys" / "certificate.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))


def until(config, clock, code, steps_s=ALARM_S_MAX):
    """Seconds of the simulated clock until the node's figures hold the problem."""
    recorder = Recorder(config, clock, None, None, queued=lambda: 0)
    for step in range(int(steps_s / STEP_S)):
        recorder.step()
        told = json.loads((config.folder / HEALTH_FILE).read_text())
        if code in [problem["code"] for problem in told["problems"]]:
            assert figures((config.base / "bavn.prom").read_text())["bavn_node_problems", code] == 1
            return step * STEP_S
        clock.advance(int(STEP_S * 1_000_000))
    raise AssertionError(f"{code} was never told")


def test_an_ended_certificate_is_an_alarm_within_five_minutes(tmp_path) -> None:
    config, ends_us = node(tmp_path), BEGAN_US + 60_000_000
    certificate(tmp_path, ends_us)
    waited_s = until(config, SimClock(BEGAN_US), "certificate_ended") - 60
    assert waited_s >= 0
    assert waited_s + held_s("BavnNodeCertificateEnded") <= ALARM_S_MAX
    certificate(tmp_path, ends_us + 10 * 86_400_000_000)
    assert until(config, SimClock(BEGAN_US), "certificate_ends") == 0, "told long before it has ended"
    (tmp_path / "data" / "keys" / "certificate.pem").write_text("none")
    assert until(config, SimClock(BEGAN_US), "certificate_ended") == 0


def test_a_full_disk_is_an_alarm_within_five_minutes(tmp_path, monkeypatch) -> None:
    config, clock = node(tmp_path), SimClock(BEGAN_US)
    full_us = BEGAN_US + 30_000_000
    monkeypatch.setattr(
        "shutil.disk_usage", lambda _: SimpleNamespace(free=(1 << 40) if clock.now_us() < full_us else (900 << 20))
    )
    waited_s = until(config, clock, "disk_full") - 30
    assert 0 <= waited_s + held_s("BavnNodeDiskFull") <= ALARM_S_MAX


def test_a_silent_sensor_is_an_alarm_within_five_minutes() -> None:
    """Of a Suricata that the node manages, three of its statistics are missing (30 s: it is broken); of any other
    source the actor says how quiet it may be."""
    limits = HealthTable(silent_s_max=180)
    for waited_s in range(0, ALARM_S_MAX, int(STEP_S)):
        now_us = BEGAN_US + waited_s * 1_000_000
        source = Figures(
            name="eve",
            rows=1,
            passed=0,
            refused=0,
            reasons=(),
            broken=None,
            caught_up_us=now_us,
            lag_bytes=0,
            losses=(),
            counts={},
            received_us=BEGAN_US,
        )
        found = problems(
            Vitals(now_us=now_us, began_us=0, sources=(source,), recent=(), detecting_us=None, disk_free_mb=9999),
            limits,
        )
        if found:
            break
    assert [problem.code for problem in found] == ["silent"]
    assert waited_s + held_s("BavnNodeSourceSilent", "BavnNodeSourceBroken") <= ALARM_S_MAX


def test_a_dead_chain_is_an_alarm_within_five_minutes(tmp_path) -> None:
    for waited_s in range(0, ALARM_S_MAX, SCRAPE_S):
        told = figures(house(tmp_path, member("nord", waited_s)))
        if told["bavn_members_silent",]:
            break
    assert told["bavn_members_silent",] == 1
    assert waited_s + held_s("BavnMembersSilent") <= ALARM_S_MAX
    assert HEALTH_FILE_OLD_S + held_s("BavnNodeGone") <= ALARM_S_MAX
    assert held_s("BavnCentreGone") + ALARM_S_MAX // 2 <= ALARM_S_MAX
