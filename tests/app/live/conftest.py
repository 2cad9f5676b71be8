"""Two networks joined by a cable: a node with a Suricata of its own listens at one end, traffic is put on at the other.

The traffic is the simulator's: a region's working hour, and one host that calls home every few seconds.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from ipaddress import IPv4Address
from pathlib import Path
from types import SimpleNamespace

import pytest

from bavn.model.moment import DAY_US, HOUR_US, SECOND_US
from bavn.traffic.capture import Later, write
from bavn.traffic.dice import SeededDice
from bavn.traffic.names import invented_address
from bavn.traffic.packets import render
from bavn.traffic.sector import Role, demo_sector
from bavn_lab.sim.campaign import Campaign, Linkage, Victim, Way
from bavn_lab.sim.generate import planned, story

ACTOR, HOME_CALLS, PERIOD_S, SEED = "region-nord", "cdn.lysegroen-hjemtur.com", 2.5, 7
NOON_US = 20_600 * DAY_US + 11 * HOUR_US
WAIT_S = 300


@pytest.fixture(scope="session")
def traffic(tmp_path_factory):
    """``capture``: 90 s of traffic of an actor with ``homes``, in which ``host`` calls ``domain`` every 2.5 s; what the
    host sent in all is ``calls``. Same bytes at each run."""
    sector = demo_sector(SEED, 1.0)
    actor = sector.actor(ACTOR)
    end_us = NOON_US + 120 * SECOND_US
    host = actor.hosts[Role.DESK][3]
    victim = Victim(
        actor=ACTOR,
        host=host,
        start_us=NOON_US,
        end_us=end_us,
        period_s=PERIOD_S,
        jitter=0.1,
        thinning=0.0,
        gap_share=0.0,
        domain=HOME_CALLS,
        address=invented_address(HOME_CALLS),
        stack="implant-a",
    )
    campaign = Campaign(label="live", way=Way.BEACON, linkage=Linkage.DOMAIN, victims=(victim,))
    told = story(sector, SEED, NOON_US, end_us, (campaign,))
    dice, later = SeededDice(SEED, "live"), Later()
    for place, batch in enumerate(planned(told, actor, NOON_US, end_us)):
        for frames in render(batch, dice.fork(str(place))):
            later.add(frames)
    file = tmp_path_factory.mktemp("traffic") / "live.pcap"
    written = write(file, "live.pcap", later.take(end_us))
    return SimpleNamespace(
        capture=file, homes=actor.homes, host=str(IPv4Address(host)), domain=HOME_CALLS, packets=written.packets
    )


@pytest.fixture
def tmp_path():
    """A folder with a short name: a command socket's path has little room."""
    with tempfile.TemporaryDirectory(prefix="bavn-live-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


@pytest.fixture
def wire():
    """The cable's two networks, gone afterwards with all that runs in them."""
    with ExitStack() as stack:
        yield Wire(f"bavn-{os.getpid()}-tap", f"bavn-{os.getpid()}-far", stack)


class Wire:
    """``tap`` names the node's network, ``far`` the other's; ``end`` is the cable's end in both."""

    end = "span"

    def __init__(self, tap, far, stack):
        self.tap, self.far = tap, far
        for name in (tap, far):
            do("ip", "netns", "add", name)
            stack.callback(_remove, name)
        self.lay()
        stack.callback(self.hush)
        self._playing = []

    def lay(self):
        """The cable; packets up to 1600 bytes. What it carries goes to nobody."""
        here = ("ip", "-n", self.tap, "link", "add", self.end, "mtu", "1600", "type", "veth")
        do(*here, "peer", "name", self.end, "mtu", "1600", "netns", self.far)
        for name in (self.tap, self.far):
            do("ip", "-n", name, "link", "set", "dev", self.end, "addrgenmode", "none")
            do("ip", "-n", name, "link", "set", "dev", "lo", "up")
            do("ip", "-n", name, "link", "set", "dev", self.end, "up")
            for what in ("gro", "gso", "tso"):
                do("ip", "netns", "exec", name, "ethtool", "-K", self.end, what, "off")

    def cut(self):
        do("ip", "-n", self.tap, "link", "del", self.end)

    def play(self, capture, *options):
        """Puts a capture on the cable; returns the running tcpreplay."""
        command = ["ip", "netns", "exec", self.far, "tcpreplay", "-q", "-i", self.end, *options, str(capture)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self._playing.append(process)
        return process

    def hush(self):
        for process in self._playing:
            if process.poll() is None:
                process.terminate()
            process.wait()
            process.stdout.close()


class Node:
    """A running ``bavn node run`` in the wire's tap."""

    def __init__(self, folder, wire, traffic, more=""):
        self.folder, self.wire = folder, wire
        self.config = folder / "node.toml"
        homes = ", ".join(f'"{home}"' for home in traffic.homes)
        self.config.write_text(
            f'[node]\nactor = "north"\nhomes = [{homes}]\ndetect_s = 2\n'
            f'[sense]\nsuricata_interface = "{wire.end}"\n[suricata]\nstats_s = 1\nmemory_mb = 256\nthreads = 1\n{more}'
        )
        self.log = folder / "node.log"
        self.process = None

    @property
    def data(self):
        return self.folder / "data"

    @property
    def sensor(self):
        """The folder of its Suricata."""
        return self.data / "suricata"

    def start(self, *, wait=True):
        with self.log.open("ab") as log:
            here = ("ip", "netns", "exec", self.wire.tap, sys.executable, "-m", "bavn.app.cli")
            command = [*here, "node", "run", "--config", str(self.config)]
            given = {"stdin": subprocess.DEVNULL, "start_new_session": True}
            self.process = subprocess.Popen(command, stdout=log, stderr=log, **given)
        if wait:
            self.until(lambda: any(s["counts"].get("running") for s in self.health()["sources"]))
        return self

    def suricata(self):
        """The number of the process; None while there is none."""
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                words = (folder / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if words[0].endswith(b"suricata") and bytes(self.sensor) in words:
                return int(folder.name)
        return None

    def ask(self, *command):
        """Exit code, and what was said on each of the two ways."""
        done = subprocess.run(
            [sys.executable, "-m", "bavn.app.cli", "node", *command, "--config", str(self.config)],
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout, done.stderr

    def health(self):
        """What it wrote of itself last; nothing of sources before the first time."""
        try:
            return json.loads((self.data / "health.json").read_text())
        except FileNotFoundError:
            return {"sources": [], "problems": [], "healthy": False}

    def sensor_health(self):
        return next(source for source in self.health()["sources"] if source["name"] == "suricata")

    def suspicions(self):
        code, out, _ = self.ask("suspicions", "--json")
        return [json.loads(line) for line in out.splitlines()] if code == 0 else []

    def said(self):
        return self.log.read_text(errors="replace")

    def until(self, done):
        """Waits for what must come; what was said until then is the failure's text."""
        end = time.monotonic() + WAIT_S
        while not (found := done()):
            assert self.process.poll() is None, self.said()
            assert time.monotonic() < end, f"{self.health()}\n{self.said()}"
            time.sleep(0.2)
        return found

    def stop(self):
        """SIGTERM; the exit code, and how many seconds it took."""
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(60)
        return code, time.monotonic() - began


@pytest.fixture
def node(tmp_path, wire, traffic):
    """Makes nodes that are ended whatever happens. The folder's name is short: a socket lies in it."""
    made = []

    def make(more=""):
        made.append(Node(tmp_path, wire, traffic, more))
        return made[-1]

    yield make
    for one in made:
        if one.process is not None and one.process.poll() is None:
            one.process.kill()
            one.process.wait()


def do(*command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(command)}: {done.stderr}"
    return done.stdout


def _remove(name):
    for pid in do("ip", "netns", "pids", name).split():
        subprocess.run(["kill", "-9", pid], capture_output=True, check=False)  # it may have ended by itself
    do("ip", "netns", "del", name)
