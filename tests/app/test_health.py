"""What a node says of how it is: which figures are an alarm, what stands in its log, and what the command answers."""

import json
import threading
import time
from dataclasses import replace
from datetime import datetime
from types import SimpleNamespace

import pyarrow as pa
import pytest

from bavn.actor.detect.indicators.rule_memory import Refused, RulesStatus
from bavn.actor.formats.refused import RefusedLine
from bavn.actor.sense.account import Account
from bavn.actor.sense.base import Batch, Loss
from bavn.actor.sense.reader import fault
from bavn.actor.sense.suricata.release import release_of
from bavn.app.cli.main import _run
from bavn.app.config.load import read_node
from bavn.app.config.sensor import HealthTable
from bavn.app.node.health.files import HEALTH_FILE
from bavn.app.node.health.recorder import Recorder
from bavn.app.node.health.releases import past_support
from bavn.app.node.health.vitals import Recent, Vitals, problems
from bavn.app.node.parts import build
from bavn.app.process.exits import Exit
from bavn.model.intel.rule import RowRule
from bavn.model.moment import as_us
from tests.app.records import figures

MINUTE_US = 60_000_000
SILENT_US = 6 * 60 * MINUTE_US
CALM = figures(rows=5, passed=1, caught_up_us=10 * MINUTE_US)


RULE = RowRule(
    id="r1", title="A slow rule", level="high", technique=None, table="dns", relation="dns", condition="TRUE"
)
REFUSED = RulesStatus(rules=3, refused=(Refused(RULE, "it took\ntoo long"),), waiting=(RULE,), cut=(RULE,), checks=7)


def vitals(source=CALM, **more):
    given = {
        "now_us": 10 * MINUTE_US,
        "began_us": 0,
        "sources": (source,),
        "recent": (),
        "detecting_us": None,
        "disk_free_mb": 5000,
        **more,
    }
    return Vitals(**given)


def drops(count, of):
    return Recent(source="suricata", what="capture_drops", unit="packets", count=count, of=of)


def codes(now, **limits):
    return [problem.code for problem in problems(now, HealthTable(**limits))]


@pytest.mark.parametrize(
    ("release", "today", "ended"),
    [
        (7, "2026-07-31", None),
        (7, "2026-08-01", "2026-07-31"),
        (8, "2026-12-02", None),
        (8, "2028-08-01", "2028-07-31"),
        (4, "2026-12-02", "2022-08-01"),
        (9, "2040-01-01", None),
        (0, "2040-01-01", None),
    ],
)
def test_a_sensor_past_its_support_is_named_and_no_alarm(release, today, ended) -> None:
    now_us = as_us(datetime.fromisoformat(f"{today}T12:00:00Z"))
    source = replace(CALM, counts={"suricata_release": release} if release else {})
    text = past_support(source, now_us)
    wanted = f"suricata: Suricata {release} is past its support, which ended on {ended}; take a later one"
    assert (text and text.en) == (ended and wanted)
    calm = replace(source, caught_up_us=now_us, received_us=now_us)
    assert codes(vitals(calm, now_us=now_us, began_us=now_us)) == []


def test_the_release_is_what_the_log_of_a_run_names() -> None:
    assert release_of(["notes", "This is Suricata version 7.0.10 RELEASE running in USER mode"]) == 7
    assert release_of(["This is Suricata version 12.1.0-dev (abc 2030-01-01) running in SYSTEM mode"]) == 12
    assert release_of(["Suricata version x", ""]) == 0


def test_a_calm_node_has_no_problem_and_silence_is_asked_of_whom_should_be_heard() -> None:
    assert codes(vitals(recent=(drops(0, 100), drops(0, None)))) == []
    assert codes(vitals(recent=(drops(10, 1000),))) == [], "1 % is allowed"
    late = SILENT_US + 10 * MINUTE_US
    assert codes(vitals(replace(CALM, received_us=10 * MINUTE_US), now_us=late)) == [], "as long as it may be"
    assert codes(vitals(replace(CALM, name="captures"), now_us=9 * SILENT_US)) == [], "nobody put one there"
    assert codes(vitals(now_us=9 * SILENT_US), silent_s_max=0) == []
    assert codes(vitals(replace(CALM, broken="gone"), now_us=9 * SILENT_US)) == ["source_broken"], "told once"
    assert codes(vitals(replace(CALM, name="captures", lag_bytes=9 << 30, caught_up_us=None))) == [], "it has time"
    now = vitals(recent=(drops(1, 1_000_000), drops(3, 1000), drops(0, 0)))
    assert now.capture_loss_permille == 3
    assert drops(1, 1_000_000).permille == 1
    assert vitals(sources=()).sensor == "none"
    assert vitals(replace(CALM, broken="gone")).sensor == "down"


@pytest.mark.parametrize(
    ("now", "code"),
    [
        (vitals(replace(CALM, broken="gone")), "source_broken"),
        (vitals(recent=(drops(11, 1000),)), "lost_capture_drops"),
        (
            vitals(recent=(Recent(source="nf", what="sequence_gap", unit="flows", count=1, of=None),)),
            "lost_sequence_gap",
        ),
        (vitals(replace(CALM, lag_bytes=1), now_us=12 * MINUTE_US + 1_000_000), "lag"),
        (vitals(replace(CALM, lag_bytes=513 << 20)), "lag"),
        (vitals(replace(CALM, lag_bytes=1, caught_up_us=None)), "lag"),
        (vitals(restarts={"suricata": 1}), "restarted"),
        (vitals(disk_free_mb=1023), "disk_full"),
        (vitals(detecting_us=0, now_us=16 * MINUTE_US), "detect_slow"),
        (vitals(detect_failed="it was too much"), "detect_failed"),
        (vitals(disk_failed="no room"), "disk_failed"),
        (vitals(stored_rows=5, store_refused=6), "store_refuses"),
        (vitals(sigma=REFUSED), "sigma_refused"),
        (vitals(replace(CALM, received_us=10 * MINUTE_US), now_us=10 * MINUTE_US + SILENT_US + 1), "silent"),
        (vitals(now_us=SILENT_US + 1), "silent"),
        (vitals(idle=True), "no_source"),
    ],
)
def test_each_figure_beyond_its_bound_is_a_problem_in_both_languages(now, code) -> None:
    found = problems(now, HealthTable())
    assert [problem.code for problem in found] == [code]
    assert found[0].text.en
    assert found[0].text.da


def test_what_a_sensor_says_of_itself_is_no_record_of_traffic() -> None:
    account = Account(SimpleNamespace(name="suricata", lag_bytes=lambda: 0), 0)
    says = pa.table({"ts": pa.array([1], pa.timestamp("us", "UTC"))})
    account.took(Batch(source="suricata", mark="m", tables={"stats": says}, lines=1), 5)
    assert account.figures().received_us is None
    account.took(Batch(source="suricata", mark="m", tables={"flow": says}, lines=1), 7)
    assert account.figures().received_us == 7


def test_a_node_that_can_neither_see_nor_protect_says_so(tmp_path) -> None:
    (tmp_path / "node.toml").write_text('[node]\nactor = "klinik"\n')
    parts = build(read_node(tmp_path / "node.toml"))
    try:
        parts.recorder.step()
    finally:
        parts.close()
    told = json.loads((tmp_path / "data" / HEALTH_FILE).read_text())
    assert ([problem["code"] for problem in told["problems"]], told["healthy"]) == (["no_source"], False)


class Source:
    name = "suricata"

    def __init__(self):
        self.lost, self.of, self.restarts, self.release = 0, 0, 0, 0

    def losses(self):
        return (Loss(what="capture_drops", count=self.lost, unit="packets", of=self.of),)

    def counts(self):
        return {"restarts": self.restarts, "suricata_release": self.release}

    def lag_bytes(self):
        return 0


@pytest.fixture
def recorder(tmp_path):
    file = tmp_path / "node.toml"
    file.write_text('[node]\nactor = "north"\n[health]\ndisk_free_mb_min = 0\n')
    (tmp_path / "data").mkdir()
    source, clock = Source(), SimpleNamespace(us=MINUTE_US)
    clock.now_us = lambda: clock.us
    monitor = SimpleNamespace(
        accounts=(Account(source, 0),),
        detecting_us=None,
        detected_us=None,
        detect_took_us=0,
        finished=threading.Event(),
    )
    monitor.accounts[0].read_up_to(MINUTE_US)
    made = Recorder(read_node(file), clock, monitor, None, queued=lambda: 4)
    return SimpleNamespace(made=made, source=source, clock=clock, file=tmp_path / "data" / HEALTH_FILE)


def step(recorder, seconds=2):
    recorder.clock.us += seconds * 1_000_000
    recorder.made.step()
    return json.loads(recorder.file.read_text())


def test_a_loss_is_said_each_time_it_grows_and_it_and_a_restart_are_over_after_a_while(recorder, caplog) -> None:
    recorder.source.of = 1000
    assert step(recorder)["healthy"]
    recorder.source.lost, recorder.source.of = 200, 2000
    told = step(recorder)
    assert (told["healthy"], told["capture_loss_permille"]) == (False, 200)
    recorder.source.lost, recorder.source.of = 250, 2100
    step(recorder)
    step(recorder)
    said = [record.message for record in caplog.records if record.message.startswith("lost: ")]
    assert said == [
        "lost: suricata: 200 packets (20.0 %): packets dropped before the sensor saw them; 200 in all",
        "lost: suricata: 50 packets (50.0 %): packets dropped before the sensor saw them; 250 in all",
    ]
    assert sum("unhealthy" in record.message for record in caplog.records) == 1
    for _ in range(130):
        recorder.source.of += 100
        told = step(recorder, 5)
    assert (told["healthy"], told["capture_loss_permille"], told["sources"][0]["losses"][0]["count"]) == (True, 0, 250)
    assert caplog.records[-1].message.startswith("over: suricata")
    recorder.source.restarts = 1
    assert [problem["code"] for problem in step(recorder)["problems"]] == ["restarted"]
    for _ in range(130):
        told = step(recorder, 5)
    assert told["problems"] == []


def test_a_disk_that_takes_no_file_is_said_once(recorder, caplog) -> None:
    recorder.file.with_name(HEALTH_FILE + ".new").mkdir()
    for _ in range(3):
        recorder.made.step()
    assert [r.message for r in caplog.records] == [f"unhealthy: {recorder.file} cannot be written (Is a directory)"]


def ask(config, monkeypatch, capsys, *options):
    monkeypatch.setattr("sys.argv", ["bavn", "node", "health", "--config", str(config), *options])
    code = _run()
    return code, capsys.readouterr()


def test_the_command_says_what_the_node_wrote(recorder, monkeypatch, capsys, tmp_path) -> None:
    config = tmp_path / "node.toml"
    code, said = ask(config, monkeypatch, capsys)
    assert code == Exit.UNHEALTHY
    assert "began just now; wait some seconds, or start it (`bavn node run`)" in said.err
    recorder.clock.us = time.time_ns() // 1000
    recorder.made.monitor.accounts[0].received_us = recorder.clock.us
    recorder.source.of = 100
    step(recorder, 0)
    code, said = ask(config, monkeypatch, capsys)
    assert (code, said.out.splitlines()[0]) == (Exit.OK, "The node is well.")
    assert "lost: 0 of 100 packets: packets dropped before the sensor saw them (0 of late)" in said.out
    assert "Sensor: up, capture loss: 0.0 %" in said.out
    code, said = ask(config, monkeypatch, capsys, "--language", "da")
    assert (code, said.out.splitlines()[0]) == (Exit.OK, "Noden er i orden.")
    assert "tabt: 0 af 100 pakker: pakker tabt, før sensoren så dem (0 på det seneste)" in said.out
    recorder.source.release = 6
    step(recorder, 0)
    code, said = ask(config, monkeypatch, capsys)
    assert (code, said.out.splitlines()[:2]) == (
        Exit.OK,
        [
            "The node is well.",
            "  suricata: Suricata 6 is past its support, which ended on 2024-08-01; take a later one",
        ],
    )
    recorder.source.lost, recorder.source.of = 90, 200
    step(recorder, 1)
    code, said = ask(config, monkeypatch, capsys, "--json")
    told = json.loads(said.out)
    assert (code, told["healthy"], told["running"], told["queue_messages"]) == (Exit.UNHEALTHY, False, True, 4)
    assert told["problems"][0]["da"].startswith("suricata: 90 pakker (90,0 %): pakker tabt")


@pytest.mark.parametrize(
    ("change", "first"),
    [
        ({"pid": 2**22 + 1}, "The node does not run, or hangs"),
        ({"at_us": 5}, "The node does not run, or hangs"),
        ({"stopped": True}, "The node was stopped at"),
    ],
)
def test_a_node_that_does_not_run_is_not_well(recorder, monkeypatch, capsys, tmp_path, change, first) -> None:
    recorder.clock.us = time.time_ns() // 1000
    told = step(recorder, 0) | change
    recorder.file.write_text(json.dumps(told))
    code, said = ask(tmp_path / "node.toml", monkeypatch, capsys)
    assert code == Exit.UNHEALTHY
    assert said.out.startswith(first)
    assert "checked and kept" not in said.out
    assert "nobody knows which promises are kept" in said.out


def test_a_node_that_reads_logs_or_a_folder_of_captures_alone_has_no_sensor(
    recorder, monkeypatch, capsys, tmp_path
) -> None:
    recorder.source.name = "log access.log"
    recorder.source.losses = tuple
    recorder.clock.us = time.time_ns() // 1000
    told = step(recorder, 0)
    assert (told["sensor"], told["capture_loss_known"]) == ("none", False)
    assert "Sensor: none (logs or flow records only)." in ask(tmp_path / "node.toml", monkeypatch, capsys)[1].out
    recorder.file.write_text(json.dumps(told | {"sources": []}))
    assert "Sensor: none (this node watches nothing)." in ask(tmp_path / "node.toml", monkeypatch, capsys)[1].out
    recorder.source.name = "captures"
    assert step(recorder, 0)["sensor"] == "none"
    said = ask(tmp_path / "node.toml", monkeypatch, capsys)[1].out
    assert "Sensor: none of its own (captures are read from a folder)." in said


def test_a_refusal_is_told_with_the_place_of_the_latest_in_both_languages(
    recorder, monkeypatch, capsys, tmp_path
) -> None:
    account = recorder.made.monitor.accounts[0]
    refusals = tuple(
        RefusedLine("access.log", n, *fault(said)) for n, said in ((7, "of no known program"), (12, "address: x"))
    )
    account.took(Batch(source="suricata", mark="1", tables={}, lines=3, passed=1, refused=2, refusals=refusals))
    recorder.clock.us = time.time_ns() // 1000
    recorder.made.rules = lambda: ({"loaded": None, "failed": None, "failed_named": []}, ())
    step(recorder, 0)
    config = tmp_path / "node.toml"
    assert "    1 refused: address (the latest access.log:12)" in ask(config, monkeypatch, capsys)[1].out
    said = ask(config, monkeypatch, capsys, "--language", "da")[1].out
    assert "    1 afvist: fra intet kendt program (senest access.log:7)" in said
    assert "None" not in said


def test_rules_that_were_not_answered_are_said_once_in_the_log_and_by_the_command(
    recorder, monkeypatch, capsys, tmp_path, caplog
) -> None:
    config = tmp_path / "node.toml"
    recorder.clock.us = time.time_ns() // 1000
    told = step(recorder, 0)
    assert told["sigma"] == {}
    recorder.made.sigma = lambda: REFUSED
    step(recorder, 0)
    told = step(recorder, 0)
    assert caplog.text.count("“A slow rule” was not answered: it took too long") == 1
    assert told["sigma"]["refused"] == [{"id": "r1", "title": "A slow rule", "reason": "it took too long"}]
    assert (told["sigma"]["waiting"], told["sigma"]["cut"], told["sigma"]["checks"]) == (1, 1, 7)
    code, said = ask(config, monkeypatch, capsys)
    assert code == Exit.UNHEALTHY
    assert "Sigma rules: 3 watched, 1 not answered" in said.out
    assert "1 wait for a later run with older rows: A slow rule" in said.out
    code, said = ask(config, monkeypatch, capsys, "--language", "da")
    assert "! Sigma-reglen ”A slow rule” blev ikke besvaret: it took too long" in said.out
    assert "1 rammer så meget, at kun det nyeste ses på: A slow rule" in said.out
    recorder.made.sigma = lambda: replace(REFUSED, refused=())
    step(recorder, 0)
    assert "over: the Sigma rule “A slow rule”" in caplog.text


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"at_us": "x", "pid": 1}'])
def test_a_file_that_is_none_is_one_line(recorder, monkeypatch, capsys, tmp_path, text) -> None:
    recorder.file.write_text(text)
    code, said = ask(tmp_path / "node.toml", monkeypatch, capsys)
    assert code == Exit.INPUT
    assert said.err.count("\n") == 1


def test_the_centre_is_told_from_the_same_figures(tmp_path) -> None:
    stats = {"uptime": 9, "capture": {"kernel_packets": 1000, "kernel_drops": 250}}
    line = {"timestamp": "2026-11-24T10:00:00.000000+0000", "event_type": "stats", "stats": stats}
    (tmp_path / "eve.json").write_text(json.dumps(line) + "\n")
    file = tmp_path / "node.toml"
    file.write_text('[node]\nactor = "north"\n[sense]\neve_file = "eve.json"\n')
    parts = build(read_node(file))
    try:
        parts.monitor.look()
        told = parts.talker.condition()
        assert (told.sensor, told.capture_loss_permille, told.last_round) == ("up", 250, None)
        parts.recorder.step(stopped=True)
        assert json.loads((tmp_path / "data" / HEALTH_FILE).read_text())["capture_loss_permille"] == 250
        assert (tmp_path / "data" / HEALTH_FILE).stat().st_mode & 0o077 == 0
    finally:
        parts.close()
