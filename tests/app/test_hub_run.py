"""Centre, hub and node as an operator starts them, each a process of its own; the hub and its keeper are killed."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from bavn.app.centre.parts import init, open_desk, open_enrolment, open_registry
from bavn.app.config.load import CENTRE_KEYS, read_centre
from bavn.app.process.real import SystemDice
from bavn.wire.links.enrolment import enrol
from bavn.wire.safe import Safe

ROOT = Path(__file__).resolve().parents[2]


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


def bavn(*words, cwd):
    return [sys.executable, "-m", "bavn.app.cli", *words]


class Processes:
    def __init__(self, folder, stack):
        self.folder, self.stack = folder, stack

    def start(self, *words):
        """A command that goes on; its first line."""
        process = subprocess.Popen(
            bavn(*words, cwd=self.folder),
            cwd=self.folder,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        self.stack.callback(self.end, process)
        return process, json.loads(process.stdout.readline() or "{}")

    @staticmethod
    def end(process):
        if process.poll() is None:
            process.terminate()
            process.wait(30)
        process.stdout.close()


def until(said, within_s=60.0):
    end = time.monotonic() + within_s
    while not said():
        assert time.monotonic() < end
        time.sleep(0.2)


@pytest.mark.slow
def test_a_node_speaks_through_a_hub_that_is_killed_and_comes_again(tmp_path) -> None:
    ports = {name: free_port() for name in ("centre", "nodes", "hubs", "north")}
    (tmp_path / "centre.toml").write_text(
        f'[place]\nport = {ports["centre"]}\n[fanout]\nlisten = "127.0.0.1:{ports["nodes"]}"\n'
        f'hubs_listen = "127.0.0.1:{ports["hubs"]}"\nhubs = ["north"]\n'
    )
    (tmp_path / "hub.toml").write_text(
        f'[hub]\nname = "north"\nfolder = "north"\nlisten = "127.0.0.1:{ports["north"]}"\n'
        f'centre = "127.0.0.1:{ports["hubs"]}"\nactors = ["region-a"]\n'
    )
    file = read_centre(tmp_path / "centre.toml")
    init(file)
    registry = open_registry(file)
    registry.add("region-a", "region")
    enrolment = open_enrolment(file, registry)
    token, pin = enrolment.invite("region-a"), enrolment.authority.fingerprint
    with ExitStack() as stack:
        made = Processes(tmp_path, stack)
        made.start("centre", "run")
        words = bavn("centre", "hub", "north", "--host", "127.0.0.1", "--into", "north", cwd=tmp_path)
        subprocess.run(words, cwd=tmp_path, check=True, env={**os.environ, "PYTHONPATH": str(ROOT)}, timeout=60)
        url = f"https://127.0.0.1:{ports['centre']}"
        enrol(url, pin, "region-a", token, Safe(tmp_path / "data-a" / CENTRE_KEYS), SystemDice())
        (tmp_path / "node.toml").write_text(
            f'[node]\nactor = "region-a"\nfolder = "data-a"\ncentre_url = "{url}"\nhealth_s = 5\n'
            f'hub_urls = ["tls://127.0.0.1:{ports["north"]}"]\n'
        )
        desk = open_desk(file, registry)

        def heard_us():
            (one,) = desk.members()
            return one.health.received_us if one.health else 0

        hub, told = made.start("hub", "run")
        node = subprocess.Popen(
            bavn("node", "run", cwd=tmp_path),
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            text=True,
        )
        stack.callback(Processes.end, node)
        until(heard_us)
        os.kill(told["pid"], signal.SIGKILL)
        first = heard_us()
        until(lambda: heard_us() > first)
        hub.kill()
        hub.wait(10)
        until(lambda: not Path(f"/proc/{told['pid']}").exists(), 10)
        again, _ = made.start("hub", "run")
        second = heard_us()
        until(lambda: heard_us() > second)
        again.terminate()
        assert again.wait(30) == 0
    registry.engine.dispose()
