"""Whatever a centre or a key holder is built of, broken in turn: it starts without it and names it, or it is one of the
few things that it does not start without, and the process ends with one line. Reminders and mail never end a centre.

The walk reads what ``build`` calls (start_walk.py): a part that nobody contains fails here by its name.
"""

import json
import sys

import pytest

from bavn.app.centre import parts as centre_parts
from bavn.app.centre import reminding, warning_mail
from bavn.app.centre import run as centre_run
from bavn.app.centre.health import CENTRE_HEALTH_FILE
from bavn.app.cli import main
from bavn.app.config.load import read_centre, read_keyholder
from bavn.app.keyholder import health as keyholder_health
from bavn.app.keyholder import parts as keyholder_parts
from bavn.app.process import owned
from bavn.app.process.exits import Exit, Stop
from bavn.app.process.failure_folder import FOLDER, FailureFolder, kept_failures
from bavn.app.process.real import SystemClock
from bavn.centre.store.lease import LeaseLost
from tests.app.waiting import until

from .start_walk import Broken, called_by

MACHINERY = {"owned", "begun", "FailureFolder", "failures_in", "SystemClock", "SystemDice"}
CENTRE_ENDS = {
    owned.BOOK: {"open_database", "Registry", "Quota", "take_lease", "Book", "start"},
    owned.GATES: {"open_centre", "CentreGround", "DiskLogFolder", "warning_lists"},
    owned.HEALTH: {"StepWatch"},
    owned.ANY: {"PartyClock", "PartyKeys", "ServerSettings", "CentreServer", "CentreParts"},
}
"""What a centre does not start without, by what the one line names; docs/operations.md says why."""
KEYHOLDER_ENDS = {
    owned.BOOK: {"open_members", "Registry", "Book"},
    owned.KEYS: {"Enrolment", "EnrolledCircle", "HeldShares", "Ledger", "Making", "Threshold"},
    owned.GATES: {"KeyHolder", "KeyHolderParty"},
    owned.ANY: {"PartyClock", "PartyKeys", "KeyHolderServer"},
}


def walked(build, module):
    return sorted(one for one in called_by(build, module) if one.name not in MACHINERY)


def broken_in_turn(calls, ends, start, monkeypatch):
    """``start`` is tried with each broken; it gives the parts that fail. Who was named of those that are contained."""
    contained = {}
    for one in calls:
        broken, failing = Broken(), None
        with monkeypatch.context() as broke:
            broke.setattr(sys.modules[one.module], one.name, broken)
            try:
                failing = start()
            except Stop as stop:
                what = next((what for what, names in ends.items() if one.name in names), None)
                assert what is not None, f"{one.name} ends the service: {stop}"
                assert str(stop).startswith(f"it does not start without its {what}, "), (one.name, str(stop))
                assert (stop.code, "\n" in str(stop)) == (Exit.BROKEN, False)
                continue
        if broken.tries:
            assert failing, f"{one.name} failed and nobody is told"
            assert not any(one.name in names for names in ends.values()), f"{one.name} ends nothing, and is listed"
            contained[one.name] = failing
    return contained


@pytest.mark.slow
def test_each_part_that_a_centre_cannot_make_costs_itself_or_ends_it_in_one_line(tmp_path, monkeypatch) -> None:
    (tmp_path / "centre.toml").write_text('[place]\nport = 0\n[exchange]\nlisten = "127.0.0.1:0"\n')
    file = read_centre(tmp_path / "centre.toml")
    centre_parts.init(file)

    def start():
        with centre_parts.build(file) as parts:
            for _, taken in parts.server._served:
                taken.close()
            parts.centre.step()
            return {part.part for part in parts.failures.failing()}

    assert start() == set()
    calls = walked(centre_parts._build, centre_parts)
    named = broken_in_turn(calls, CENTRE_ENDS, start, monkeypatch)
    assert named == {
        "gates_contained": {"gates shut before"},
        "reconstruct_here": {"join workers"},
        "own_alarms": {"own alarms"},
        "open_exchange": {"exchange"},
        "Marker": {"look at the database"},
    }


def test_partners_whose_server_cannot_be_made_cost_no_member_its_centre(tmp_path, monkeypatch) -> None:
    from bavn.app.centre.exchange import taxii_parts as exchange_parts

    (tmp_path / "centre.toml").write_text('[place]\nport = 0\n[exchange]\nlisten = "127.0.0.1:0"\n')
    file = read_centre(tmp_path / "centre.toml")
    keys = centre_parts.init(file)
    monkeypatch.setattr(exchange_parts, "make_taxii", Broken())
    monkeypatch.setattr(type(keys), "renew_server", Broken())
    with centre_parts.build(file) as parts:
        assert {part.part for part in parts.failures.failing()} == {"exchange", "server certificate"}
        assert set(parts.server.ports) == {"port"}
        for _, taken in parts.server._served:
            taken.close()


@pytest.mark.parametrize(
    "error", [LeaseLost("another"), *(kind("x", {}, Exception()) for kind in (centre_run.AWAY[:2]))]
)
def test_what_a_centre_waits_out_is_no_slip(error, tmp_path, monkeypatch) -> None:
    (tmp_path / "centre.toml").write_text("[place]\nport = 0\n")
    file = read_centre(tmp_path / "centre.toml")
    centre_parts.init(file)
    monkeypatch.setattr(centre_parts, "open_registry", Broken(error))
    with pytest.raises(type(error)):
        centre_parts.build(file)
    assert kept_failures(file.folder / FOLDER) == []


def test_each_part_that_a_key_holder_cannot_make_costs_itself_or_ends_it_in_one_line(tmp_path, monkeypatch) -> None:
    (tmp_path / "keyholder.toml").write_text("[place]\nport = 0\n")
    file = read_keyholder(tmp_path / "keyholder.toml")
    keyholder_parts.init(file)

    def start():
        server, book = keyholder_parts.build(file)
        with book:
            server.tidy()
            server.close()
            return {part.part for part in server.failures.failing()}

    assert start() == set()
    named = broken_in_turn(walked(keyholder_parts._build, keyholder_parts), KEYHOLDER_ENDS, start, monkeypatch)
    assert named == {"contained": {"gates shut before"}, "shut_if_lost": {"look for a lost book"}}


@pytest.mark.parametrize(("service", "name"), [("centre", "message.key"), ("keyholder", "authority.key.pem")])
def test_a_damaged_key_ends_a_service_with_one_line(service, name, tmp_path, capsys, monkeypatch) -> None:
    config = tmp_path / f"{service}.toml"
    config.write_text("[place]\nport = 0\n")
    read, parts = (read_centre, centre_parts) if service == "centre" else (read_keyholder, keyholder_parts)
    parts.init(read(config)).folder.joinpath(name).write_text("no key")
    monkeypatch.setattr(sys, "argv", ["bavn", service, "run", "--config", str(config)])
    assert main._run() == Exit.BROKEN
    (said,) = capsys.readouterr().err.strip().splitlines()
    assert said.startswith("bavn: it does not start without its keys, which failed (")


REMIND = """
[place]
port = 0
[remind]
webhook_url = "http://127.0.0.1:9/"
webhook_secret_file = "hook.key"
"""


def reminding_centre(tmp_path):
    (tmp_path / "hook.key").write_bytes(b"a secret of at least sixteen bytes")
    (tmp_path / "hook.key").chmod(0o600)
    (tmp_path / "centre.toml").write_text(REMIND)
    return read_centre(tmp_path / "centre.toml")


def test_reminders_and_mail_that_cannot_be_begun_end_no_centre(tmp_path, monkeypatch) -> None:
    file, failures = reminding_centre(tmp_path), FailureFolder(None, SystemClock())
    for module, opened, part in (
        (reminding, reminding.running, "reminders"),
        (warning_mail, warning_mail.mailing, "warning mail"),
    ):
        with monkeypatch.context() as broke:
            broke.setattr(module, "ways_of", Broken())
            with opened(file, failures):
                assert [one.part for one in failures.failing()] == [part]
        failures.works(part)
        (tmp_path / "hook.key").chmod(0o644)
        with pytest.raises(Stop, match="chmod 600"):
            opened(file, failures).__enter__()
        (tmp_path / "hook.key").chmod(0o600)


def test_reminders_that_cannot_be_opened_are_named_by_the_running_centre_and_opened_again(
    tmp_path, monkeypatch
) -> None:
    """By the command, up to where it would serve: there it says how it is, twice."""
    file = reminding_centre(tmp_path)
    centre_parts.init(file)
    opened, seen = reminding.open_desk, []
    monkeypatch.setattr(reminding, "EVERY_S", 0.02)
    monkeypatch.setattr(reminding, "open_desk", Broken())
    monkeypatch.setattr("bavn.app.config.load.read_centre", lambda _: file)

    def told(failing):
        health = file.folder / CENTRE_HEALTH_FILE
        said = json.loads(health.read_text()) if health.exists() else {"promises": []}
        broken = {one["code"]: one["affected"]["en"] for one in said["promises"] if one["state"] == "broken"}
        return ("reminders fails" in broken.get("parts_work", "")) is failing and said["promises"] != []

    def serve(server):
        for _, taken in server._served:
            taken.close()
        seen.append("serves")
        until(lambda: told(True), 30, lambda: "health does not name the reminders")
        monkeypatch.setattr(reminding, "open_desk", opened)
        until(lambda: told(False), 30, lambda: "the reminders do not work again")
        seen.append("works")

    monkeypatch.setattr("bavn.app.process.service_health.TURN_S", 0.02)
    monkeypatch.setattr("bavn.app.process.service_health.LOOK_EVERY_US", 20_000)
    monkeypatch.setattr(centre_parts.CentreServer, "run", serve)
    monkeypatch.setattr(sys, "argv", ["bavn", "centre", "run", "--config", str(tmp_path / "centre.toml")])
    assert main._run() == Exit.OK
    assert seen == ["serves", "works"]


@pytest.mark.parametrize("service", ["centre", "keyholder"])
def test_health_that_cannot_be_begun_ends_no_service(service, tmp_path, monkeypatch, capsys) -> None:
    config, ran = tmp_path / f"{service}.toml", []
    config.write_text("[place]\nport = 0\n")
    read, parts = (read_centre, centre_parts) if service == "centre" else (read_keyholder, keyholder_parts)
    parts.init(read(config))

    def serve(server):
        server.close()
        ran.append(1)

    health = centre_run if service == "centre" else keyholder_health
    monkeypatch.setattr(health, "watched_centre" if service == "centre" else "watched_keyholder", Broken())
    monkeypatch.setattr(
        (centre_parts.CentreServer if service == "centre" else keyholder_parts.KeyHolderServer), "run", serve
    )
    monkeypatch.setattr(sys, "argv", ["bavn", service, "run", "--config", str(config)])
    assert main._run() == Exit.OK
    assert ran == [1]
    (kept,) = kept_failures(read(config).folder / FOLDER)
    assert (kept.failure.part, kept.failure.during) == ("health", "start")
