"""A real centre, key holder and node as processes: the node is tested, its protocol is taken in, the step is taken."""

import json
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from bavn.app.accept import load, reach, recovery
from bavn.app.centre.parts import opened_registry
from bavn.app.cli.centre.main import app as centre_app
from bavn.app.cli.keyholder import app as keyholder_app
from bavn.app.cli.node.main import app as node_app
from bavn.app.config.load import CENTRE_KEYS, read_centre, read_node
from bavn.app.process.exits import Exit
from bavn.app.process.real import SystemClock, SystemDice
from bavn.centre.members import rollout
from bavn.centre.members.rollout import RolloutRow
from bavn.centre.store.engine import writing
from bavn.model.moment import as_datetime
from bavn.model.sector.rollout import RolloutState
from bavn.wire.links.enrolment import enrol
from bavn.wire.safe import Safe
from tests.app.test_cli_casework import run
from tests.app.test_cli_rollout import BY, TERMS, WHY
from tests.app.waiting import free_port, listens, until
from tests.people import Runner as CliRunner

UP_S_MAX = 400  # only a bound: on a machine that others use too, six processes need minutes to come up
K = 2
TIER = "[tiers.A]\nt = 2\nm = 100\nr = 10\nevery_s = 30.0\nupload_s = 28.0\n"


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
        until(lambda: all(map(listens, (self.port, *self.key_ports.values()))), UP_S_MAX)
        self._circle()
        self._enrol()
        self._start("node", self.node)
        health = self.node.parent / "data" / "health.json"
        until(lambda: health.exists() and json.loads(health.read_text())["sources"], UP_S_MAX)
        until(lambda: self.uploads() > 0, UP_S_MAX)

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
        until(lambda: all(map(self._has_keys, self.keyholders)), UP_S_MAX)

    def _has_keys(self, number):
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
        self.rollout("set", "clinic-a", *WHY)
        self.rollout("terms", self.folder / "terms.toml", *WHY)
        signed = ("--signed-by", "Bo Lund", "--as", "director", "--day", today, "--document", self.folder / "paper.pdf")
        self.rollout("sign", "clinic-a", *signed, *BY)

    def put(self, state):
        """Without what the state needs."""
        with opened_registry(read_centre(self.centre)) as registry, writing(registry.engine) as tx:
            since_us = SystemClock().now_us()
            rollout.keep(tx, RolloutRow(actor="clinic-a", state=RolloutState(state), since_us=since_us))

    def _enrol(self):
        (self.node.parent / "eve.json").touch()
        (self.node.parent / "policy.toml").write_text("[door]\nmembers_min = 2\n")
        self.node.write_text(
            f'[node]\nactor = "clinic-a"\ncentre_url = "https://127.0.0.1:{self.port}"\nhealth_s = 5\n'
            f"keyholder_urls = {json.dumps(self.urls)}\nkeyholders_k = {len(self.urls) // 2 + 1}\n"
            '[sense]\neve_file = "eve.json"\nkey_exchanges = false\n[enforce]\nlist_folder = "lists"\n'
        )
        invite = ("invite", "clinic-a", "--json")
        for number, (_, folder) in read_node(self.node).node.key_holders.items():
            asked = json.loads(run(keyholder_app, *invite, "-c", self.keyholders[number]))
            self._join(self.key_ports[number], asked, "clinic-a", self.node.parent / "data" / folder)
        for actor, folder in (
            ("region-b", self.folder / "region-b"),
            ("clinic-a", self.node.parent / "data" / CENTRE_KEYS),
        ):
            asked = json.loads(run(centre_app, "invite", actor, "-c", self.centre, "--json", *BY))
            self._join(self.port, asked, actor, folder)

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
def test_a_node_passes_the_final_test_the_step_is_taken_and_dead_key_holders_are_a_warning_then_a_failure(
    a_sector, monkeypatch
) -> None:
    sector = a_sector(holders=3)
    monkeypatch.setattr(recovery, "KILLS", 1)
    monkeypatch.setattr(reach, "WATCH_S", 1.0)
    monkeypatch.setattr(load, "SHARE_MIN", 0.5)  # three seconds on a busy machine say little of a rate
    live = ("set", "clinic-a", "--state", "live", *WHY)
    sector.put("accepted")
    assert "it waits for: protocol" in sector.rollout(*live, code=Exit.NOT_NOW)
    told, bad = sector.accept("--kind", "final", "--rate", "300", "--seconds", "3")
    assert bad == []
    assert (told["outcome"], told["code"]) == ("passed", 0)
    assert set(told["parts"].values()) <= {"passed", "not-applicable"}
    file, page, pdf = told["files"]
    assert Path(pdf).read_bytes().startswith(b"%PDF-1.7")
    assert "clinic-a" in Path(page).read_text()
    assert figures(file, "days")["uploads"] >= 1
    looked = ("accept", "clinic-a", file, "-c", sector.centre, "--rate", "300", "--seconds", "3", *WHY)
    assert "of the final test" in run(centre_app, *looked, code=Exit.REFUSED)
    said = run(centre_app, *looked, "--kind", "final")
    assert f"sha256 {told['sha256']}" in said
    assert "of its last 10 rounds, those with other keys than the rest: 0 (exactly 0): passed" in said
    assert sector.rollout(*live).strip() == "clinic-a: live"
    assert "taken in before" in run(centre_app, *looked, "--kind", "final", code=Exit.REFUSED)
    final = ("--kind", "final", "--rate", "300", "--seconds", "3")
    there = figures(told["files"][0], "keyholders")
    assert (there["lacking"], there["needed"], there["holders"], there["private"]) == (0, 2, 3, "yes")
    assert {key: value for key, value in there.items() if key.endswith(("today", "tomorrow", "part"))} == {
        f"holder_{number}_{what}": "yes" for number in (1, 2, 3) for what in ("today", "tomorrow", "part")
    }
    sector.kill_holder(2)
    told, bad = sector.accept(*final, "--language", "da")
    assert told["outcome"] == "passed"
    assert [line.split(":")[0].strip() for line in bad] == ["nøgleholder 2"]
    assert "Runder går videre uden den" in bad[0]
    file, page, pdf = told["files"]
    assert Path(pdf).read_bytes().startswith(b"%PDF-1.7")
    assert "med en advarsel" in Path(page).read_text()
    looked = ("accept", "clinic-a", file, "-c", sector.centre, "--rate", "300", "--seconds", "3", *WHY)
    assert f"sha256 {told['sha256']}" in run(centre_app, *looked, "--kind", "final")
    sector.kill_holder(3)
    told, bad = sector.accept("--only", "keyholders")
    assert (told["outcome"], told["code"]) == ("failed", Exit.UNHEALTHY)
    assert any("lacking of those that are needed: 1 (exactly 0): failed; not well: 2, 3" in line for line in bad)
    pinged = sector.accept("--only", "clock", "--language", "da")[0]
    assert (pinged["outcome"], pinged["code"]) == ("not-tested", 0), "some parts alone are no test"
