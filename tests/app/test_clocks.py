"""A clock that is off is said: of a sensor, of the centre, of a service whose machine leaps, which it outlives."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from types import SimpleNamespace

import httpx
import pyarrow as pa
import pytest
from typer.testing import CliRunner

import bavn.app
from bavn.actor.sense.account import Account
from bavn.actor.sense.base import Batch
from bavn.app.centre.parts import init
from bavn.app.cli.main import app
from bavn.app.config.load import read_centre
from bavn.app.net import party_clock
from bavn.app.net.party_clock import BesideClock, PartyClock, clock_promise
from bavn.app.node.health.clocks import clock_problems
from bavn.model.moment import DAY_US, SECOND_US
from bavn.wire.links import https
from bavn.wire.links.https import Caller, untrusting_context
from tests.app.records import figures

NOW_US = 1_795_608_000_000_000


def account(name):
    return Account(SimpleNamespace(name=name, lag_bytes=lambda: 0), 0)


def batch(*offsets_s):
    at = pa.array([NOW_US + offset * SECOND_US for offset in offsets_s], pa.timestamp("us"))
    return Batch(source="x", mark="", tables={"dns": pa.table({"ts": at})}, lines=len(offsets_s))


def test_the_newest_record_of_ten_minutes_is_held_against_the_clock_and_what_is_late_says_nothing() -> None:
    made = account("suricata")
    made.read_up_to(NOW_US)
    made.took(batch(-300, -40), NOW_US)
    made.took(batch(-700), NOW_US)
    assert made.figures().clock_offset_s == -40
    made.took(batch(600 - 200), NOW_US + 600 * SECOND_US)
    assert made.figures().clock_offset_s == -200, "the first minute has passed out of sight"
    made = account("suricata")
    made.took(batch(-66_950), NOW_US)
    assert made.figures().clock_offset_s is None
    made.took(batch(300), NOW_US)
    assert made.figures().clock_offset_s == 300
    made = account("captures")
    made.took(batch(-300), NOW_US)
    assert made.figures().clock_offset_s is None


@pytest.mark.parametrize(
    ("off", "said"), [(121, "ahead of"), (-121, "behind"), (120, ""), (-8 * 86400, ""), (None, "")]
)
def test_a_sensor_that_is_off_is_a_problem(off, said) -> None:
    found = clock_problems((figures(clock_offset_s=off),), None)
    assert [said in problem.text.en for problem in found] == ([True] if said else [])


def test_a_reader_that_is_behind_is_no_clock_and_the_centres_is_told_the_right_way_round() -> None:
    late = figures(clock_offset_s=-900, lag_bytes=5)
    assert clock_problems((late, replace(late, lag_bytes=0, caught_up_us=None)), None) == []
    (found,) = clock_problems((), 500)
    assert found.text.en == "this node's clock is 8 minutes ahead of the centre's: set the clocks by NTP"
    assert found.text.da.startswith("nodens ur er 8 minutter foran analysecentrets")
    assert clock_problems((), -100) == []


@pytest.mark.parametrize(
    ("took_s", "dated_s", "skew"),
    [
        (0.1, 0, 0),
        (20, 0, None),
        (20, 20, None),
        (5.5, 0, None),
        (4, 0, 0),
        (4, 4, 0),
        (4, -30, 30),
        (4, 34, -30),
        (-3, 0, None),
        (0, -90, 90),
        (0, 45, -45),
        (0, "", None),
        (0, "yesterday", None),
    ],
)
def test_the_centres_date_is_read_and_an_answer_that_was_waited_for_or_is_rubbish_tells_no_skew(
    took_s, dated_s, skew, monkeypatch
) -> None:
    now = [NOW_US]
    caller = Caller("https://centre.example", untrusting_context(), clock=SimpleNamespace(now_us=lambda: now[0]))
    monkeypatch.setattr(https, "_read", lambda *_: b"")
    given = dated_s
    if not isinstance(dated_s, str):
        given = format_datetime(datetime.fromtimestamp(NOW_US / 1e6 + dated_s, UTC), usegmt=True)

    def answered(_):
        now[0] += int(took_s * SECOND_US)
        return httpx.Response(200, headers={"date": given})

    caller._client = httpx.Client(transport=httpx.MockTransport(answered))
    caller.call("GET", "/v1/messages")
    assert caller.skew_s == skew
    caller.close()


class Machine:
    def __init__(self):
        self.wall_us, self.ticks, self.boot = NOW_US, 5000.0, "one"

    def now_us(self):
        return self.wall_us

    def pass_s(self, seconds):
        self.ticks += seconds
        self.wall_us += round(seconds * SECOND_US)


@pytest.fixture
def machine(monkeypatch):
    made = Machine()
    monkeypatch.setattr(party_clock, "SystemClock", lambda: made)
    monkeypatch.setattr(party_clock, "tick", lambda: made.ticks)
    monkeypatch.setattr(party_clock, "_boot", lambda: made.boot)
    return made


def test_a_leap_is_not_believed_by_who_starts_in_it_nor_beside_the_service(machine, tmp_path) -> None:
    assert PartyClock(tmp_path).now_us() == NOW_US
    beside = BesideClock(tmp_path)
    machine.pass_s(60)
    machine.wall_us += 2 * DAY_US
    again = PartyClock(tmp_path)
    assert again.now_us() == beside.now_us() == NOW_US + 60 * SECOND_US
    (said,) = clock_promise(again).wrong
    assert "is not believed" in said.en
    machine.wall_us -= 2 * DAY_US
    assert clock_promise(again).wrong == ()
    assert beside.now_us() == machine.wall_us


def test_after_a_start_of_the_machine_a_week_is_believed_and_more_is_not(machine, tmp_path) -> None:
    PartyClock(tmp_path).now_us()
    machine.boot, machine.ticks = "two", 10.0
    machine.wall_us += 6 * DAY_US
    assert BesideClock(tmp_path).now_us() == machine.wall_us, "nobody runs that knows better"
    assert PartyClock(tmp_path).now_us() == machine.wall_us
    machine.wall_us = NOW_US + 400 * DAY_US
    machine.boot = "three"
    doubts = PartyClock(tmp_path)
    assert doubts.doubted_us() == machine.wall_us
    (tmp_path / party_clock.CLOCK_FILE).unlink()
    assert PartyClock(tmp_path).now_us() == machine.wall_us, "a person deleted the file"


@pytest.mark.parametrize("boot", ["one", "two"])
def test_a_command_goes_by_what_the_service_believed_also_where_that_does_not_run(machine, tmp_path, boot) -> None:
    PartyClock(tmp_path).now_us()
    machine.boot = boot
    machine.pass_s(7200)
    machine.wall_us += 400 * DAY_US
    waited_us = 7200 * SECOND_US if boot == "one" else 0
    assert BesideClock(tmp_path).now_us() == NOW_US + waited_us
    assert BesideClock(tmp_path / "elsewhere").now_us() == machine.wall_us


def test_what_a_command_signs_or_dates_at_a_wrong_machine_is_dated_as_the_service_would(machine, tmp_path) -> None:
    config = tmp_path / "centre.toml"
    config.write_text("[place]\nport = 0\n")
    file = read_centre(config)
    init(file)
    PartyClock(file.folder).now_us()
    machine.wall_us += 400 * DAY_US
    command = ["centre", "partner", "add", "cert-nord", "--config", str(config), "--until", "2026-12-24", "--json"]
    added = CliRunner().invoke(app, [*command, "--by", "anna"])
    assert json.loads(added.output)["in_force"], "its agreement has not ended"


READ_THE_MACHINES = {
    "backup.py": "a label of the file",
    "console_backup.py": "a line of the audit log, before there is a folder",
    "restore.py": "what is put back, before there is a folder",
    "here.py": "what a node says",
    "warning_mail.py": "the date of a mail",
    "run.py": "within the service: what is measured",
    "health.py": "within the service: what is measured",
    "warning.py": "who is reached now",
    "waiting.py": "since when something waits",
}


def test_no_other_command_of_the_centre_goes_by_the_machines_clock() -> None:
    folder = Path(bavn.app.__path__[0])
    using = {
        file.name
        for room in ("acts", "cli/centre", "centre")
        for file in (folder / room).rglob("*.py")
        if "SystemClock()" in file.read_text("utf-8")
    }
    assert using == set(READ_THE_MACHINES)


def test_a_file_that_cannot_be_read_is_none(machine, tmp_path) -> None:
    for content in ("", "[]", '["one", "x", 1]', "7"):
        (tmp_path / party_clock.CLOCK_FILE).write_text(content)
        assert PartyClock(tmp_path).now_us() == BesideClock(tmp_path).now_us() == machine.wall_us
