"""What a service believes of its clock outlives it and is known beside it, also where the machine's clock leaps."""

import json
from pathlib import Path

import pytest
from cryptography import x509
from typer.testing import CliRunner

import bavn.app
from bavn.app.centre.fanout import make_hub
from bavn.app.centre.parts import init
from bavn.app.cli.main import app
from bavn.app.config.load import read_centre
from bavn.app.net import party_clock
from bavn.app.net.party_clock import BesideClock, PartyClock, clock_promise
from bavn.model.moment import DAY_US, SECOND_US, as_us

NOW_US = 1_795_608_000_000_000


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
    made = make_hub(file, "hub-1", ("hub.example",), tmp_path / "hub")
    signed = x509.load_pem_x509_certificate((made.folder / "server.pem").read_bytes())
    assert abs(as_us(signed.not_valid_before_utc) - NOW_US) <= DAY_US
    command = ["centre", "partner", "add", "cert-nord", "--config", str(config), "--until", "2026-12-24", "--json"]
    added = CliRunner().invoke(app, [*command, "--by", "anna"])
    assert json.loads(added.output)["in_force"], "its agreement has not ended"


READ_THE_MACHINES = {
    "backup.py": "a label of the file",
    "console_backup.py": "a line of the audit log, before there is a folder",
    "restore.py": "what is put back, before there is a folder",
    "here.py": "what a node says",
    "fanout.py": "within the service: a bound on parts of a message, and a certificate of its own for each start",
    "warning_mail.py": "the date of a mail",
    "run.py": "within the service: what is measured",
    "health.py": "within the service: what is measured",
    "warning.py": "the date of a feed, and who is reached now",
    "waiting.py": "since when something waits",
    "exchange.py": "what a file may say of the future",
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
