"""Each alarm is raised at the centre, and told by mail, within five minutes of its cause; by a clock of the test's own.

A real recorder of a node's health, a real door, a real centre and the real reminder run on one simulated clock, each
at its own pace: 2 s, 60 s, 15 s, 60 s.
"""

import json
from types import SimpleNamespace

import pyarrow as pa
import pytest

from bavn.actor.door.tell_rules import Condition
from bavn.actor.sense.account import Account
from bavn.actor.sense.base import Batch, Loss, SourceBroken
from bavn.app.centre.reminding import Reminding, Ways
from bavn.app.config.load import read_centre, read_node
from bavn.app.node.health.recorder import Recorder
from bavn.centre.cases.reminders import Recipient
from bavn.centre.cases.two_people import NotAllowed
from bavn.centre.correlate.tier import Tier
from bavn.centre.desk.alarms import UnknownAlarm, Wrong
from bavn.centre.node.config import CentreConfig, CentreLimits
from bavn.model.moment import HOUR_US, SECOND_US
from bavn.model.sector import canary
from bavn.model.sector.alarm import KINDS, NODE_KINDS, kinds_of
from bavn.model.text import Text
from bavn.wire.book import Book
from tests.centre.conftest import SqliteDatabases
from tests.centre.node.conftest import NOW_US, Sector

ALARM_S_MAX = 300
RARE = Tier(name="A", m=20, r=4, every_s=86400, upload_s=60, wave_s=10, reveal_s=600)


class Sensor:
    """A source that gives a record at each look until it is told to be still or to break."""

    name = "suricata"

    def __init__(self):
        self.lost, self.of, self.broken = 0, 0, ""

    def poll(self):
        if self.broken:
            raise SourceBroken(self.broken)
        return iter(())

    def losses(self):
        return (Loss(what="capture_drops", count=self.lost, unit="packets", of=self.of),)

    def counts(self):
        return {}

    def lag_bytes(self):
        return 0


class House:
    """One actor's node and a centre on one clock."""

    def __init__(self, folder, monkeypatch):
        self.sector = Sector(
            {"north": "north"},
            SqliteDatabases().new(),
            Book(),
            config=CentreConfig(limits=CentreLimits(rank_every_s=3600.0), tiers=(RARE,)),
        )
        self.clock = self.sector.clock
        self.door = self.sector.nodes["north"].door
        (folder / "node.toml").write_text('[node]\nactor = "north"\n')
        (folder / "data").mkdir()
        self.sensor, self.free = Sensor(), 1 << 40
        monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=self.free))
        self.account = Account(self.sensor, self.clock.now_us())
        out = SimpleNamespace(accounts=[self.account], detecting_us=None, detected_us=None, detect_took_us=0)
        self.recorder = Recorder(read_node(folder / "node.toml"), self.clock, out, None, queued=lambda: 0)
        self.ticks = 0.0
        self.recorder.tick = lambda: self.ticks
        self.ends = self.clock.now_us() + 80 * 24 * HOUR_US
        monkeypatch.setattr("bavn.app.node.health.recorder.ends_of", lambda _: {"centre": self.ends})
        self.recorder._certificates = {"centre": self.ends}
        (folder / "centre.toml").write_text("")
        self.sent = []
        self.reminding = Reminding(
            read_centre(folder / "centre.toml"),
            self.sector.desk,
            Ways(None, None, (Recipient("mail", "desk@sac.example"), Recipient("mail", "soc@north.example", "north"))),
        )
        monkeypatch.setattr(self.reminding, "_send", self._took)
        self.node_runs, self.feeds = True, True

    def _took(self, reminder, recipient):
        self.sent.append(
            (self.clock.now_us(), reminder.stage, recipient.name, self.reminding.words(reminder, recipient, "en"))
        )

    def second(self, at):
        """What happens in one second; ``at`` counts them."""
        if self.feeds and not self.sensor.broken and at % 5 == 0:
            row = pa.table({"ts": pa.array([self.clock.now_us()], pa.timestamp("us"))})
            self.account.took(
                Batch(source="suricata", mark=str(at), tables={"flow": row}, lines=1), self.clock.now_us()
            )
            self.sensor.of += 100
        self.account.broken = self.sensor.broken or None
        if not self.sensor.broken:
            self.account.read_up_to(self.clock.now_us())
        if self.node_runs:
            if at % 2 == 0:
                self.recorder.step()
            if at % 60 == 7:
                now = self.recorder.now()
                self.door.tell_health(
                    Condition(
                        version="0.1.0",
                        sensor=now.sensor,
                        capture_loss_permille=now.capture_loss_permille,
                        clock_skew_s=0,
                        queue_messages=0,
                        last_round=None,
                        problems=self.recorder.kinds(),
                    )
                )
            self.door.acknowledged(self.sector.centre.receive("north", self.door.queued()))
        if at % 15 == 0:
            self.sector.centre.step()
        if at % 60 == 59:
            self.reminding.once()
        self.clock.advance(SECOND_US)
        self.ticks += 1

    def run(self, seconds):
        start = self.clock.now_us() // SECOND_US
        for at in range(start, start + seconds):
            self.second(at)

    def standing(self):
        return {(one.actor, one.kind) for one in self.sector.desk.alarms.every(standing=True)}


@pytest.fixture
def house(tmp_path, monkeypatch):
    made = House(tmp_path, monkeypatch)
    began = made.account.began_us
    made.account.began_us -= HOUR_US  # it was heard for an hour already, every five seconds
    for at in range(80):
        then_us = began - (80 - at) * 5 * SECOND_US
        row = pa.table({"ts": pa.array([then_us], pa.timestamp("us"))})
        made.account.took(Batch(source="suricata", mark=str(at), tables={"flow": row}, lines=1), then_us)
    made.run(70)
    assert made.standing() == set()
    yield made
    made.sector.close()


def silent(house):
    house.feeds = False


def broken(house):
    house.sensor.broken = Text("its program is gone")


def dead(house):
    house.node_runs = False


def full(house):
    house.free = 1 << 20


def centre_full(house):
    house.sector.desk.alarms.own = lambda: [Wrong("", "disk", Text.written("5 MB left", da="5 MB tilbage"))]


def ended(house):
    house.ends = house.clock.now_us() - 1


def ends_soon(house):
    house.ends = house.clock.now_us() + 5 * 24 * HOUR_US


def loses(house):
    house.sensor.lost += 400
    house.sensor.of += 400


def jumps(house):
    house.ticks -= 40


CAUSES = [
    (silent, ("north", "source-silent")),
    (broken, ("north", "sensor-down")),
    (dead, ("north", "node-silent")),
    (full, ("north", "disk")),
    (centre_full, ("", "disk")),
    (ended, ("north", "certificate")),
    (ends_soon, ("north", "certificate")),
    (loses, ("north", "capture-loss")),
    (jumps, ("north", "clock")),
]


@pytest.mark.slow
@pytest.mark.parametrize(("cause", "alarm"), CAUSES, ids=[cause.__name__ for cause, _ in CAUSES])
def test_it_is_raised_and_told_within_five_minutes_once_and_its_end_too(house, cause, alarm) -> None:
    cause(house)
    began_us, raised_us = house.clock.now_us(), None
    for _ in range(ALARM_S_MAX // 5):
        house.run(5)
        if raised_us is None and alarm in house.standing():
            raised_us = house.clock.now_us()
    assert raised_us is not None, house.standing()
    told = [at for at, stage, to, _ in house.sent if stage == "alarm" and to == "desk@sac.example"]
    assert len(told) == 1
    assert told[0] - began_us <= ALARM_S_MAX * SECOND_US
    assert ("soc@north.example" in {to for _, _, to, _ in house.sent}) == (alarm[0] == "north")


@pytest.mark.slow
def test_a_calm_node_raises_nothing_and_a_person_takes_an_alarm_on_once_which_the_audit_log_has(house) -> None:
    house.run(600)
    assert house.sector.desk.alarms.every(standing=False) == ()
    assert house.sent == []
    full(house)
    house.run(180)
    alarms = house.sector.desk.alarms
    (alarm,) = alarms.every(standing=True)
    assert alarms.acknowledge(alarm.number, "anna").acked_by == "anna"
    assert alarms.acknowledge(alarm.number, "bo").acked_by == "anna"
    with pytest.raises(UnknownAlarm):
        alarms.acknowledge(99, "anna")
    with pytest.raises(NotAllowed):
        alarms.acknowledge(alarm.number, "")
    lines = [json.loads(line) for line in house.sector.desk.audit_export()]
    assert [line["who"] for line in lines if line["act"] == "alarm-acknowledged"] == ["anna"]


@pytest.mark.slow
def test_its_end_is_told_to_whom_it_was_told_of_and_one_that_comes_back_is_the_same(house) -> None:
    full(house)
    house.run(180)
    (alarm,) = house.sector.desk.alarms.every(standing=True)
    house.free = 1 << 40
    house.run(120)
    assert house.standing() == set()
    full(house)
    house.run(120)
    assert [one.number for one in house.sector.desk.alarms.every(standing=True)] == [alarm.number]
    assert [stage for _, stage, to, _ in house.sent if to == "desk@sac.example"] == ["alarm"], "it was never over"
    house.free = 1 << 40
    house.run(500)
    assert [stage for _, stage, to, _ in house.sent if to == "desk@sac.example"] == ["alarm", "alarm-over"]
    subject, text = house.sent[0][3]
    assert subject == f"Bavn: alarm-{alarm.number}: ALARM"
    assert "the disk is full or nearly so" in text
    assert "At: north" in text


def test_while_a_node_is_silent_what_stood_stands_since_nobody_knows_better(house) -> None:
    full(house)
    house.run(180)
    dead(house)
    house.run(240)
    assert house.standing() == {("north", "disk"), ("north", "node-silent")}


@pytest.mark.slow
def test_a_canary_that_does_not_come_is_an_alarm_within_five_minutes_of_its_hour(house) -> None:
    """Nothing is told of it at all; then one that got through ends it."""
    day = NOW_US // (24 * HOUR_US)
    house.clock.advance(canary.ends_us(day) - 90 * SECOND_US - house.clock.now_us())
    house.run(60)
    house.sector.desk.alarms._joined = lambda: {"north": 0}
    assert ("north", "canary") not in house.standing()
    house.run(30 + ALARM_S_MAX)
    assert ("north", "canary") in house.standing()
    (alarm,) = [one for one in house.sector.desk.alarms.every(standing=True) if one.kind == "canary"]
    assert alarm.began_us - canary.ends_us(day) <= ALARM_S_MAX * SECOND_US
    door = house.door
    door.canary.book.wish("anna", house.clock.now_us())
    door.canary.step()
    for link in canary.LINKS:
        door.canary.note(link, "passed")
    house.clock.advance(30 * SECOND_US)
    door.canary.step()
    house.run(60)
    assert ("north", "canary") not in house.standing()


def test_a_centre_that_was_away_waits_for_its_nodes_before_it_calls_them_silent(house) -> None:
    house.clock.advance(HOUR_US)
    house.sector.restart()
    house.sector.centre.step()
    assert ("north", "node-silent") not in {
        (one.actor, one.kind) for one in house.sector.desk.alarms.every(standing=True)
    }


def test_every_code_of_a_node_has_a_kind_and_no_word_of_its_own() -> None:
    assert kinds_of(["silent", "lost_capture_drops", "disk_full", "disk_failed", "told_twice"]) == (
        "source-silent",
        "capture-loss",
        "disk",
        "other",
    )
    assert set(NODE_KINDS) < set(KINDS)
