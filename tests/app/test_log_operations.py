"""docs/centre.md, *The log*, walked with a real centre: it grows, is mirrored as files, and is restored."""

import json
import shutil
import signal
import subprocess
import sys
import time

import pytest
from typer.testing import CliRunner

from bavn.app.cli.centre.main import app as centre
from bavn.app.cli.main import app as bavn
from tests.app.accept.test_accept_whole import free_port
from tests.app.test_cli_casework import run

BY = ("--by", "anna")
WAIT_S = 300


class Place:
    """A centre and a mirror of its log: a copy of the files, as rsync makes it."""

    def __init__(self, folder):
        self.config, self.mirror, self.process = folder / "centre.toml", folder / "mirror", None
        self.config.write_text(f"[place]\nport = {free_port()}\nstep_s = 0.2\n")
        run(centre, "init", "-c", self.config)

    def start(self):
        self.process = subprocess.Popen(
            [sys.executable, "-m", "bavn.app.cli", "centre", "run", "--config", str(self.config)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def stop(self):
        if self.process is not None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(60)
            self.process = None

    def log(self):
        return json.loads(run(centre, "log", "--json", "-c", self.config))

    def grows_to(self, done):
        ends = time.monotonic() + WAIT_S
        while not done(state := self.log()):
            assert time.monotonic() < ends, state
            time.sleep(0.5)
        shutil.copytree(state["folder"], self.mirror, dirs_exist_ok=True)
        return state

    def audit(self, *words):
        done = CliRunner().invoke(bavn, ["audit", str(self.mirror), *map(str, words)])
        assert done.exit_code == 0, done.output


@pytest.fixture
def place(tmp_path):
    made = Place(tmp_path)
    yield made
    made.stop()


@pytest.mark.slow
def test_a_log_grows_is_mirrored_and_begins_anew_after_a_restore_of_which_people_are_told(place, tmp_path) -> None:
    place.start()
    seen = tmp_path / "seen"
    first = place.grows_to(lambda state: state["size"] > 0)
    place.audit("--key", first["key"], "--keep", seen)
    run(centre, "invite", "region-a", "-c", place.config, *BY)
    grown = place.grows_to(lambda state: state["size"] > first["size"])
    place.audit("--key", grown["key"], "--keep", seen)
    (tmp_path / "words").write_text("correct horse battery staple")
    (tmp_path / "words").chmod(0o600)
    backup = ("backup", tmp_path / "backup", "--keys", tmp_path / "words", "-c", place.config)
    run(centre, *backup)
    place.stop()
    shutil.rmtree(tmp_path / "data")
    said = run(centre, "restore", tmp_path / "backup", "--keys", tmp_path / "words", "-c", place.config, *BY)
    assert "bavn node watch-centre --begin-anew WHY" in said
    assert "Not `centre-replaced`" in said
    shutil.move(place.mirror, tmp_path / "before")
    place.start()
    anew = place.grows_to(lambda state: state["size"] > 0)
    assert anew["origin"] != grown["origin"]
    place.audit("--key", anew["key"])
    place.mirror = tmp_path / "before"
    place.audit("--key", grown["key"], "--keep", seen)
