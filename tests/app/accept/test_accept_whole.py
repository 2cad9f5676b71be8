"""A real centre and a real node as processes: the node is tested, its protocol is taken in, the step is taken."""

import json
import os
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bavn.app.accept import load, reach, recovery
from bavn.app.cli.centre import app as centre_app
from bavn.app.cli.node import app as node_app
from bavn.app.config import CENTRE_KEYS, read_centre
from bavn.app.exits import Exit
from bavn.app.real import SystemClock, SystemDice
from bavn.app.rollout_parts import opened_rollout
from bavn.model.moment import as_datetime
from bavn.model.rollout import Stage
from bavn.psi.keys import new_group_key_file
from bavn.wire.links.enrolment import enrol
from bavn.wire.safe import Safe
from tests.app.test_cli_casework import run
from tests.app.test_cli_rollout import BY, TERMS, WHY

UP_S_MAX = 60


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
    """``clinic-a`` is enrolled at a centre that runs; its node runs, and reads a Suricata's log."""

    def __init__(self, folder):
        self.folder, self.port, self.processes = folder, free_port(), []
        self.centre = folder / "centre.toml"
        self.centre.write_text(f"[place]\nport = {self.port}\nstep_s = 0.2\n")
        self.node = folder / "clinic-a" / "node.toml"
        run(centre_app, "init", "-c", self.centre)
        self._agree()
        self._start("centre", self.centre)
        until(lambda: listens(self.port), "the centre listens")
        self._enrol()
        self._start("node", self.node)
        health = self.node.parent / "data" / "health.json"
        until(lambda: health.exists() and json.loads(health.read_text())["sources"], "the node is up")

    def rollout(self, *words, code=0):
        return run(centre_app, "rollout", *words, "-c", self.centre, code=code)

    def _agree(self):
        (self.folder / "terms.toml").write_text(TERMS)
        (self.folder / "paper.pdf").write_bytes(b"signed")
        today = as_datetime(SystemClock().now_us()).date().isoformat()
        self.rollout("add", "clinic-a", "--kind", "clinic", *BY)
        self.rollout("move", "clinic-a", "plan", *WHY)
        self.rollout("terms", "publish", self.folder / "terms.toml", *WHY)
        self.rollout("sign", "clinic-a", "--signed-by", "Bo Lund", "--as", "director", "--day", today, "--document",
                     self.folder / "paper.pdf", *BY)  # fmt: skip
        self.rollout("move", "clinic-a", "agree", *WHY)

    def _enrol(self):
        invited = json.loads(run(centre_app, "invite", "clinic-a", "-c", self.centre, "--json", *BY))
        self.node.parent.mkdir()
        (self.node.parent / "group.key").write_bytes(new_group_key_file(SystemDice()))
        (self.node.parent / "eve.json").touch()
        self.node.write_text(
            f'[node]\nactor = "clinic-a"\ncentre_url = "https://127.0.0.1:{self.port}"\nhealth_s = 5\n'
            '[sense]\neve_file = "eve.json"\nkey_exchanges = false\n[enforce]\nlist_folder = "lists"\n'
        )
        safe = Safe(self.node.parent / "data" / CENTRE_KEYS)
        enrol(f"https://127.0.0.1:{self.port}", invited["pin"], "clinic-a", invited["token"], safe, SystemDice())

    def _start(self, role, config):
        with (self.folder / f"{role}.log").open("ab") as log:
            self.processes.append(subprocess.Popen(
                [sys.executable, "-m", "bavn.app.cli", role, "run", "--config", str(config)], stdout=log, stderr=log,
                stdin=subprocess.DEVNULL, env=os.environ,
            ))  # fmt: skip

    def accept(self, *words):
        """What the command said last, and all lines that are in the way."""
        given = ["accept", "-c", str(self.node), "--out", str(self.folder / "protocols"), "--json", *words]
        done = CliRunner().invoke(node_app, given)
        bad = [line for line in done.output.splitlines() if line.startswith(("[!!]", "[??]", "     "))]
        return json.loads(done.output.splitlines()[-1]) | {"code": done.exit_code}, bad

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
def sector(tmp_path):
    made = Sector(tmp_path)
    yield made
    made.close()


@pytest.mark.slow
@pytest.mark.suricata
def test_a_node_is_tested_the_centre_takes_the_protocol_in_and_the_step_is_taken(sector, monkeypatch) -> None:
    monkeypatch.setattr(recovery, "KILLS", 1)
    monkeypatch.setattr(reach, "WATCH_S", 1.0)
    monkeypatch.setattr(load, "SHARE_MIN", 0.5)  # three seconds on a busy machine say little of a rate
    told, bad = sector.accept("--rate", "300", "--seconds", "3")
    assert bad == []
    assert (told["outcome"], told["code"]) == ("passed", 0)
    assert set(told["parts"].values()) <= {"passed", "not-applicable"}
    file, page, pdf = told["files"]
    assert Path(pdf).read_bytes().startswith(b"%PDF-1.7")
    assert "clinic-a" in Path(page).read_text()
    looked = ("accept", "clinic-a", file, "-c", sector.centre, "--rate", "300", "--seconds", "3", *WHY)
    assert "it waits for: protocol" in sector.rollout("move", "clinic-a", "accept", *WHY, code=Exit.NOT_NOW)
    assert "of the acceptance test" in run(centre_app, *looked, "--kind", "final", code=Exit.REFUSED)
    said = run(centre_app, *looked, "--move")
    assert f"sha256 {told['sha256']}" in said
    with opened_rollout(read_centre(sector.centre)) as opened:
        stand = opened.stand("clinic-a")
    assert stand.party.stage is Stage.ACCEPTED
    assert (stand.moves[-1].evidence, stand.moves[-1].by_hand) == (told["sha256"], False)
    sector.rollout("move", "clinic-a", "set-back", *WHY)
    assert "taken in before" in run(centre_app, *looked, code=Exit.REFUSED)
    assert "it waits for: protocol" in sector.rollout("move", "clinic-a", "accept", *WHY, code=Exit.NOT_NOW)
