"""A real centre, key holder and node as processes: the node is tested, its protocol is taken in, the step is taken."""

import json
import os
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from bavn.app.accept import load, reach, recovery
from bavn.app.centre.rollout_parts import opened_rollout
from bavn.app.cli.centre.main import app as centre_app
from bavn.app.cli.keyholder import app as keyholder_app
from bavn.app.cli.node.main import app as node_app
from bavn.app.config.load import CENTRE_KEYS, read_centre, read_node
from bavn.app.process.exits import Exit
from bavn.app.process.real import SystemClock, SystemDice
from bavn.model.moment import as_datetime
from bavn.model.sector.rollout import Stage
from bavn.wire.links.enrolment import enrol
from bavn.wire.safe import Safe
from tests.app.test_cli_casework import run
from tests.app.test_cli_rollout import BY, TERMS, WHY
from tests.people import Runner as CliRunner

UP_S_MAX = 400  # only a bound: on a machine that others use too, six processes need minutes to come up
K = 2
TIER = "[tiers.A]\nt = 2\nm = 100\nr = 10\nevery_s = 30.0\nupload_s = 28.0\n"


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def until(done, what):
    ends = time.monotonic() + UP_S_MAX
    while not done():
        assert time.monotonic() < ends, f"not yet: {what}"
        time.sleep(0.1)


def listens(port):
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


class Sector:
    """``clinic-a`` is enrolled at a centre and at key holders that run; its node runs, and reads a Suricata's log. With
    ``region-b``, whose node is off, there are members enough for rounds. ``holders``: how many key holders."""

    def __init__(self, folder, holders=1):
        self.folder, self.port, self.processes = folder, free_port(), []
        self.key_ports = {number: free_port() for number in range(1, holders + 1)}
        self.urls = [f"https://127.0.0.1:{port}" for port in self.key_ports.values()]
        self.centre, self.node = folder / "centre" / "centre.toml", folder / "clinic-a" / "node.toml"
        self.keyholders = {number: folder / f"keyholder-{number}" / "keyholder.toml" for number in self.key_ports}
        for file in (self.centre, *self.keyholders.values(), self.node):
            file.parent.mkdir()
        self.centre.write_text(f"[place]\nport = {self.port}\nstep_s = 0.2\n{TIER}")
        for number, file in self.keyholders.items():
            file.write_text(f"[place]\nport = {self.key_ports[number]}\n{self._threshold(number)}")
            run(keyholder_app, "init", "-c", file)
        run(centre_app, "init", "-c", self.centre)
        self._agree()
        self._start("centre", self.centre)
        self.holders = {number: self._start("keyholder", file) for number, file in self.keyholders.items()}
        until(lambda: all(map(listens, (self.port, *self.key_ports.values()))), "the centre and the key holders listen")
        self._circle()
        self._enrol()
        self._start("node", self.node)
        health = self.node.parent / "data" / "health.json"
        until(lambda: health.exists() and json.loads(health.read_text())["sources"], "the node is up")
        until(lambda: self.uploads() > 0, "it took part in a round")

    def _threshold(self, number):
        if len(self.keyholders) == 1:
            return ""
        holders = f"number = {number}\nk = {K}\nholders = {json.dumps(self.urls)}\n"
        return f'[threshold]\n{holders}tiers = ["A"]\nevery_s = 6\nround_s = 1.1\n'

    def _circle(self):
        """Each key holder is enrolled at each other, and they made the keys of these days."""
        for number, file in self.keyholders.items():
            for other in self.keyholders.keys() - {number}:
                asked = json.loads(run(keyholder_app, "invite-holder", number, "--json", "-c", self.keyholders[other]))
                run(keyholder_app, "enrol", other, "--pin", asked["pin"], "--token", asked["token"], "-c", file)
        until(lambda: all(map(self._has_keys, self.keyholders)), "the key holders made keys")

    def _has_keys(self, number):
        if len(self.keyholders) == 1:
            return True
        lines = run(keyholder_app, "status", "--json", "-c", self.keyholders[number]).splitlines()
        return sum(json.loads(line).get("here", 0) for line in lines) >= 8

    def uploads(self):
        lines = run(node_app, "ledger", "-c", self.node, "--out", "--json").splitlines()
        return sum(json.loads(line)["kind"] == "ShareUpload" for line in lines)

    def rollout(self, *words, code=0):
        return run(centre_app, "rollout", *words, "-c", self.centre, code=code)

    def _agree(self):
        (self.folder / "terms.toml").write_text(TERMS)
        (self.folder / "paper.pdf").write_bytes(b"signed")
        today = as_datetime(SystemClock().now_us()).date().isoformat()
        self.rollout("add", "clinic-a", "--kind", "clinic", *BY)
        self.rollout("move", "clinic-a", "plan", *WHY)
        self.rollout("terms", "publish", self.folder / "terms.toml", *WHY)
        self.rollout(
            "sign",
            "clinic-a",
            "--signed-by",
            "Bo Lund",
            "--as",
            "director",
            "--day",
            today,
            "--document",
            self.folder / "paper.pdf",
            *BY,
        )
        self.rollout("move", "clinic-a", "agree", *WHY)

    def _enrol(self):
        (self.node.parent / "eve.json").touch()
        (self.node.parent / "policy.toml").write_text("[door]\nmembers_min = 2\n")
        self.node.write_text(
            f'[node]\nactor = "clinic-a"\ncentre_url = "https://127.0.0.1:{self.port}"\nhealth_s = 5\n'
            + (
                f'keyholder_url = "{self.urls[0]}"\n'
                if len(self.urls) == 1
                else f"keyholder_urls = {json.dumps(self.urls)}\n"
            )
            + '[sense]\neve_file = "eve.json"\nkey_exchanges = false\n[enforce]\nlist_folder = "lists"\n'
        )
        invite = ("invite", "clinic-a", "--json")
        for number, (_, folder) in read_node(self.node).node.key_holders.items():
            asked = json.loads(run(keyholder_app, *invite, "-c", self.keyholders[number or 1]))
            self._join(self.key_ports[number or 1], asked, "clinic-a", self.node.parent / "data" / folder)
        self._join(
            self.port,
            json.loads(run(centre_app, "invite", "region-b", "-c", self.centre, "--json", *BY)),
            "region-b",
            self.folder / "region-b",
        )
        asked = json.loads(run(centre_app, *invite, "-c", self.centre, *BY))
        self._join(self.port, asked, "clinic-a", self.node.parent / "data" / CENTRE_KEYS)

    @staticmethod
    def _join(port, invited, actor, folder):
        url = f"https://127.0.0.1:{port}"
        enrol(url, invited["pin"], actor, invited["token"], Safe(folder), SystemDice())

    def _start(self, role, config):
        with (self.folder / f"{role}.log").open("ab") as log:
            self.processes.append(
                subprocess.Popen(
                    [sys.executable, "-m", "bavn.app.cli", role, "run", "--config", str(config)],
                    stdout=log,
                    stderr=log,
                    stdin=subprocess.DEVNULL,
                    env=os.environ,
                )
            )
        return self.processes[-1]

    def accept(self, *words):
        """What the command said last, and all lines that are in the way."""
        given = ["accept", "-c", str(self.node), "--out", str(self.folder / "protocols"), "--json", *words]
        done = CliRunner().invoke(node_app, given)
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        bad = [line for line in done.output.splitlines() if line.startswith(("[!!]", "[??]", "     "))]
        return json.loads(done.output.splitlines()[-1]) | {"code": done.exit_code}, bad

    def kill_holder(self, number):
        self.holders[number].kill()
        self.holders[number].wait()

    def close(self):
        for process in reversed(self.processes):
            process.terminate()
        for process in self.processes:
            with suppress(subprocess.TimeoutExpired):
                process.wait(20)
            if process.poll() is None:
                process.kill()
                process.wait()


@pytest.fixture
def a_sector(tmp_path):
    """Makes one; it is ended with the test."""
    made = []

    def sector(holders=1):
        made.append(Sector(tmp_path, holders))
        return made[-1]

    yield sector
    for each in made:
        each.close()


def figures(file, name):
    """A part's figures in a protocol, by key: the value."""
    parts = {one["name"]: one for one in json.loads(Path(file).read_text())["protocol"]["parts"]}
    return {one["key"]: one["value"] for one in parts[name]["figures"]}


@pytest.mark.slow
@pytest.mark.suricata
def test_a_node_with_a_key_holder_passes_the_final_test_the_centre_takes_it_in_and_the_step_is_taken(
    a_sector, monkeypatch
) -> None:
    sector = a_sector()
    monkeypatch.setattr(recovery, "KILLS", 1)
    monkeypatch.setattr(reach, "WATCH_S", 1.0)
    monkeypatch.setattr(load, "SHARE_MIN", 0.5)  # three seconds on a busy machine say little of a rate
    by_hand = ("--evidence", sector.folder / "paper.pdf", "--by-hand")
    assert "it waits for: protocol" in sector.rollout("move", "clinic-a", "accept", *WHY, code=Exit.NOT_NOW)
    sector.rollout("move", "clinic-a", "accept", *by_hand, *WHY)
    sector.rollout("move", "clinic-a", "try", *WHY)
    told, bad = sector.accept("--kind", "final", "--rate", "300", "--seconds", "3")
    assert bad == []
    assert (told["outcome"], told["code"]) == ("passed", 0)
    assert set(told["parts"].values()) <= {"passed", "not-applicable"}
    file, page, pdf = told["files"]
    assert Path(pdf).read_bytes().startswith(b"%PDF-1.7")
    assert "clinic-a" in Path(page).read_text()
    assert 0 <= figures(file, "reachability")["keyholder"] <= 5000
    assert figures(file, "clock")["keyholder"] <= 5
    assert figures(file, "certificates")["keyholder_days"] >= 80
    assert figures(file, "days")["uploads"] >= 1
    looked = ("accept", "clinic-a", file, "-c", sector.centre, "--rate", "300", "--seconds", "3", *WHY)
    assert "of the final test" in run(centre_app, *looked, code=Exit.REFUSED)
    said = run(centre_app, *looked, "--kind", "final", "--move")
    assert f"sha256 {told['sha256']}" in said
    assert "of its last 10 rounds, those with other keys than the rest: 0 (exactly 0): passed" in said
    with opened_rollout(read_centre(sector.centre)) as opened:
        stand = opened.stand("clinic-a")
    assert stand.party.stage is Stage.PROVED
    assert (stand.moves[-1].evidence, stand.moves[-1].by_hand) == (told["sha256"], False)
    sector.rollout("move", "clinic-a", "set-back", *WHY)
    assert "taken in before" in run(centre_app, *looked, "--kind", "final", code=Exit.REFUSED)
    assert "it waits for: protocol" in sector.rollout("move", "clinic-a", "accept", *WHY, code=Exit.NOT_NOW)


@pytest.mark.slow
@pytest.mark.suricata
def test_with_several_key_holders_one_that_is_dead_is_a_warning_and_two_are_a_failure(a_sector, monkeypatch) -> None:
    monkeypatch.setattr(recovery, "KILLS", 1)
    monkeypatch.setattr(reach, "WATCH_S", 1.0)
    monkeypatch.setattr(load, "SHARE_MIN", 0.5)
    sector = a_sector(holders=3)
    by_hand = ("--evidence", sector.folder / "paper.pdf", "--by-hand")
    sector.rollout("move", "clinic-a", "accept", *by_hand, *WHY)
    sector.rollout("move", "clinic-a", "try", *WHY)
    final = ("--kind", "final", "--rate", "300", "--seconds", "3")
    told, bad = sector.accept(*final)
    assert (bad, told["outcome"]) == ([], "passed")
    there = figures(told["files"][0], "keyholders")
    assert (there["lacking"], there["needed"], there["holders"], there["private"]) == (0, 2, 3, "yes")
    assert {key: value for key, value in there.items() if key.endswith(("today", "tomorrow", "part"))} == {
        f"holder_{number}_{what}": "yes" for number in (1, 2, 3) for what in ("today", "tomorrow", "part")
    }
    sector.kill_holder(2)
    told, bad = sector.accept(*final, "--language", "sv")
    assert told["outcome"] == "passed"
    assert [line.split(":")[0].strip() for line in bad] == ["nyckelhållare 2"]
    assert "Rundor fortsätter utan den" in bad[0]
    file, page, pdf = told["files"]
    assert Path(pdf).read_bytes().startswith(b"%PDF-1.7")
    assert "med en varning" in Path(page).read_text()
    looked = ("accept", "clinic-a", file, "-c", sector.centre, "--rate", "300", "--seconds", "3", *WHY)
    assert f"sha256 {told['sha256']}" in run(centre_app, *looked, "--kind", "final", "--move")
    sector.kill_holder(3)
    told, bad = sector.accept("--only", "keyholders")
    assert (told["outcome"], told["code"]) == ("failed", Exit.UNHEALTHY)
    assert any("lacking of those that are needed: 1 (exactly 0): failed; not well: 2, 3" in line for line in bad)
    pinged = sector.accept("--only", "clock", "--language", "da")[0]
    assert (pinged["outcome"], pinged["code"]) == ("not-tested", 0), "some parts alone are no test"
