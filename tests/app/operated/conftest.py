"""An operator with three actors at a centre behind real TLS; everything lies where users of their own can get to it."""

import io
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import redirect_stderr, redirect_stdout
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bavn.app.cli import main
from bavn.psi.keys import new_group_key_file
from bavn.traffic.dice import SeededDice

ACTORS = ("region-a", "region-b", "klinik-c")
USERS = {"region-a": "61001", "region-b": "61002", "klinik-c": ""}
SECRETS = {
    "region-a": ("10.11.1.7", "journal-alfa.internal"),
    "region-b": ("10.22.1.7", "laboratorium-beta.internal"),
    "klinik-c": ("10.33.1.7", "modtagelse-gamma.internal"),
}
PASSPHRASE = "en lang sætning til nøglerne"
WAIT_S = 90


def flows(actor, count=40):
    """Lines of a Suricata that name this actor's own machines."""
    address, name = SECRETS[actor]
    at = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f+0000")
    lines = []
    for n in range(count):
        flow = {
            "timestamp": at,
            "event_type": "flow",
            "src_ip": address,
            "src_port": 40000 + n,
            "dest_ip": "192.0.2.7",
            "dest_port": 443,
            "proto": "TCP",
            "flow_id": n,
            "flow": {
                "start": at,
                "end": at,
                "state": "closed",
                "pkts_toserver": 3,
                "pkts_toclient": 3,
                "bytes_toserver": 300,
                "bytes_toclient": 300,
            },
        }
        dns = {
            "timestamp": at,
            "event_type": "dns",
            "src_ip": address,
            "src_port": 50000 + n,
            "dest_ip": "10.9.9.9",
            "dest_port": 53,
            "proto": "UDP",
            "flow_id": 1000 + n,
            "dns": {"type": "query", "id": n, "rrname": name, "rrtype": "A", "tx_id": 0},
        }
        lines += [json.dumps(flow), json.dumps(dns)]
    return "\n".join(lines) + "\n"


def until(asked, what="", wait_s=WAIT_S):
    """The first true answer."""
    end = time.monotonic() + wait_s
    while time.monotonic() < end:
        found = asked()
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError(what() if callable(what) else what)


@pytest.fixture
def place():
    """A folder that any user can walk through."""
    made = Path(tempfile.mkdtemp(prefix="bavn-operator-"))
    made.chmod(0o711)
    yield made
    shutil.rmtree(made)


class Operated:
    """An operator's folder, and its process while it runs."""

    ACTORS, USERS, SECRETS, PASSPHRASE = ACTORS, USERS, SECRETS, PASSPHRASE
    until = staticmethod(until)

    def __init__(self, folder, url="", pin="", **settings):
        self.folder = folder
        folder.mkdir(mode=0o711, exist_ok=True)
        self.file = folder / "operator.toml"
        table = {"name": "it-syd", "centre_url": url, "pin": pin, "back_off_s": 1, **settings}
        lines = [f"{name} = {json.dumps(value)}" for name, value in table.items()]
        self.file.write_text("[operator]\n" + "\n".join(lines) + "\n")
        self.process, self.lines = None, []

    def home(self, actor):
        return self.folder / "actors" / actor

    def command(self, *words, code=0, **env):
        """Runs it here, as the shell would: what it says, on both streams."""
        said = io.StringIO()
        with pytest.MonkeyPatch.context() as patch, redirect_stdout(said), redirect_stderr(said):
            patch.setattr(sys, "argv", ["bavn", "operator", *words, "-o", str(self.file)])
            for name, value in env.items():
                patch.setenv(name, value)
            ended = main._run()
        assert ended == code, said.getvalue()
        return said.getvalue()

    def add(self, actor, token="", user="", text="", key=b""):
        given = self.folder / f"given-{actor}"
        given.mkdir()
        config = f'[node]\nactor = "{actor}"\nhealth_s = 5\ndetect_s = 1\n' + text
        (given / "node.toml").write_text(config + '[sense]\neve_file = "eve.json"\n')
        if key:
            (given / "group.key").write_bytes(key)
        words = ["add", actor, "--config", str(given / "node.toml"), *(["--user", user] if user else [])]
        said = self.command(*words, **({"BAVN_TOKEN": token} if token else {}))
        eve = self.home(actor) / "eve.json"
        eve.write_text(flows(actor) if actor in SECRETS else "")
        os.chown(eve, *(self.home(actor).stat().st_uid,) * 2)
        shutil.rmtree(given)
        return said

    def start(self):
        self.process = subprocess.Popen(
            [sys.executable, "-m", "bavn.app.cli", "operator", "run", "-o", str(self.file)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=os.environ | {"BAVN_LOG": "ERROR"},
        )
        threading.Thread(target=self._hear, args=(self.process.stdout,), daemon=True).start()
        return self

    def _hear(self, out):
        with out:
            self.lines.extend(iter(out.readline, ""))

    def said(self, words):
        return [line for line in list(self.lines) if words in line]

    def state(self):
        try:
            return json.loads((self.folder / "actors/state.json").read_text())["actors"]
        except FileNotFoundError:
            return {}

    def pid(self, actor):
        return self.state().get(actor, {}).get("pid")

    def stop(self, number=signal.SIGTERM):
        """How long it took to end."""
        began = time.monotonic()
        self.process.send_signal(number)
        self.process.wait(60)
        return time.monotonic() - began


@pytest.fixture
def operated(place):
    """Makes operators; what still runs at the end is ended."""
    made = []

    def make(name="one", **given):
        made.append(Operated(place / name, **given))
        return made[-1]

    yield make
    for one in made:
        if one.process is not None and one.process.poll() is None:
            one.process.terminate()
            one.process.wait(60)


@pytest.fixture
def sector(stand):
    """The stand-in centre knows three actors of one operator's group."""
    stand.centre.registry.add("klinik-c", "clinic")
    return stand


@pytest.fixture
def three(operated, sector):
    """Makes an operator with all three, enrolled, not yet running."""

    def make(**settings):
        return _three(operated, sector, **settings)

    return make


def _three(operated, sector, **settings):
    made = operated(url=sector.url, pin=sector.centre.authority.fingerprint, **settings)
    key = new_group_key_file(SeededDice(1, "group"))
    for actor in ACTORS:
        token = sector.centre.enrolment.invite(actor)
        made.add(actor, token, USERS[actor], f'centre_url = "{sector.url}"\n', key)
    return made
