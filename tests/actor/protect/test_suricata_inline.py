"""A real Suricata in the line of traffic: a listed peer's packets are dropped, all others pass, after each change.

Three networks: a caller and an answerer, joined by nothing but a Suricata that copies packets from wire to wire.
"""

import json
import os
import select
import shutil
import subprocess
import sys
import time
from contextlib import ExitStack

import pytest

from bavn.actor.protect.enforcers.suricata_dataset import SuricataDataset, lay_out
from bavn.actor.protect.enforcers.suricata_socket import SuricataSocket
from bavn.model.intel.indicator import Block
from bavn.model.observable import Observable
from bavn.model.ports import EnforcerDown
from tests.actor.protect.test_nft_sets import GOOD6, HEAR, TELL

WAIT_S = 90
EVIL, GOOD, EVIL6 = "203.0.113.80", "203.0.113.81", "2001:db8:7::80"
CONFIG = """%YAML 1.1
---
vars:
  address-groups: {{HOME_NET: "any", EXTERNAL_NET: "any"}}
  port-groups: {{HTTP_PORTS: "80"}}
default-log-dir: {folder}
outputs:
  - eve-log: {{enabled: yes, filetype: regular, filename: eve.json, types: [drop: {{alerts: yes}}, alert: {{}}]}}
unix-command: {{enabled: yes, filename: {folder}/command}}
datasets: {{rules: {{allow-write: true}}}}
app-layer:
  protocols:
    dns: {{udp: {{enabled: yes, detection-ports: {{dp: 53}}}}, tcp: {{enabled: yes, detection-ports: {{dp: 53}}}}}}
    tls: {{enabled: yes, detection-ports: {{dp: 443}}, ja3-fingerprints: yes, ja4-fingerprints: yes}}
    http: {{enabled: yes}}
    quic: {{enabled: yes}}
stream: {{inline: auto, midstream: true}}
af-packet:
  - {{interface: near, cluster-id: 97, copy-mode: ips, copy-iface: far, use-mmap: yes, tpacket-v3: no}}
  - {{interface: far, cluster-id: 98, copy-mode: ips, copy-iface: near, use-mmap: yes, tpacket-v3: no}}
default-rule-path: {folder}/data
rule-files: [bavn.rules]
"""
ASK = """
import socket, sys
value, port, said = sys.argv[1], int(sys.argv[2]), bytes.fromhex(sys.argv[3])
there = socket.socket(socket.AF_INET6 if ":" in value else socket.AF_INET, socket.SOCK_DGRAM)
there.settimeout(1.0)
try:
    there.connect((value, port))
    there.send(said)
    print(there.recv(2000).hex())
except OSError as error:
    print("stopped", error)
"""
ANSWER = """
import select, socket, sys
ends = []
for value in sys.argv[1:]:
    for port in (5000, 53):
        end = socket.socket(socket.AF_INET6 if ":" in value else socket.AF_INET, socket.SOCK_DGRAM)
        end.bind((value, port))
        ends.append(end)
print("ready", flush=True)
while True:
    for end in select.select(ends, [], [])[0]:
        said, whom = end.recvfrom(2000)
        end.sendto(said, whom)
"""
HELLO = b"hello".hex()


def run(*words):
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout


def blocks(*observables):
    return [Block(made, "indicator--x", 1) for made in observables]


def query(name):
    """A DNS query as it is on the wire."""
    asked = b"".join(bytes((len(label),)) + label.encode() for label in name.split("."))
    return (b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00" + asked + b"\x00\x00\x01\x00\x01").hex()


class Line:
    """The three networks, with a Suricata between the two ends; its folder is short, as its socket's path must be."""

    def __init__(self, stack, folder):
        self.folder = folder
        self.names = {who: f"bavn-{os.getpid()}-{who}" for who in ("in", "ips", "out")}
        for name in self.names.values():
            run("ip", "netns", "add", name)
            stack.callback(run, "ip", "netns", "del", name)
        for end, near, host in (("in", "near", 1), ("out", "far", 2)):
            run(
                "ip",
                "link",
                "add",
                near,
                "netns",
                self.names["ips"],
                "type",
                "veth",
                "peer",
                "name",
                "eth",
                "netns",
                self.names[end],
            )
            for where, device in (("ips", near), (end, "eth")):
                for name in ("rx", "tx", "tso", "gso", "gro"):
                    subprocess.run(
                        self.inside(where, "ethtool", "-K", device, name, "off"), capture_output=True, check=False
                    )
                self.do(where, "ip", "link", "set", device, "up")
            self.do(end, "ip", "addr", "add", f"203.0.113.{host}/24", "dev", "eth")
            self.do(end, "ip", "addr", "add", f"2001:db8:7::{host}/64", "dev", "eth", "nodad")
        for value in (f"{EVIL}/24", f"{GOOD}/24", f"{EVIL6}/64"):
            self.do("out", "ip", "addr", "add", value, "dev", "eth", *(["nodad"] if ":" in value else []))
        self.started(stack, self.inside("out", sys.executable, "-c", ANSWER, EVIL, GOOD, EVIL6), b"ready\n")
        lay_out(folder / "data", "drop")
        (folder / "suricata.yaml").write_text(CONFIG.format(folder=folder))
        words = [
            "suricata",
            "-c",
            str(folder / "suricata.yaml"),
            "--af-packet",
            "--data-dir",
            str(folder / "data"),
            "-l",
            str(folder),
        ]
        self.suricata = self.started(stack, self.inside("ips", *words), None)
        self.until(lambda: self.ask(GOOD) == HELLO and self.ask(EVIL) == HELLO and self.ask(EVIL6) == HELLO)
        self.sets = SuricataDataset(lambda: SuricataSocket(folder / "command"), folder / "data")

    def started(self, stack, words, ready):
        process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        stack.callback(process.stdout.close)
        stack.callback(process.wait)
        stack.callback(process.kill)
        if ready is not None:
            assert process.stdout.readline() == ready
        return process

    def inside(self, where, *words):
        return ["ip", "netns", "exec", self.names[where], *words]

    def do(self, where, *words):
        return run(*self.inside(where, *words))

    def ask(self, value, port=5000, said=HELLO):
        return self.do("in", sys.executable, "-c", ASK, value, str(port), said).strip()

    def heard(self):
        """What of what the other side sends by itself comes through."""
        hearing = subprocess.Popen(self.inside("in", sys.executable, "-c", HEAR), stdout=subprocess.PIPE, text=True)
        with hearing:
            assert hearing.stdout.readline() == "ready\n"
            evil = [f"evil4,{EVIL},203.0.113.1", f"evil6,{EVIL6},2001:db8:7::1"]
            good = [f"good4,{GOOD},203.0.113.1", f"good6,{GOOD6},2001:db8:7::1"]
            self.do("out", sys.executable, "-c", TELL, *evil, *good)
            return set(hearing.stdout.read().split())

    def until(self, look):
        end = time.monotonic() + WAIT_S
        while not look():
            readable = select.select([self.suricata.stdout], [], [], 0)[0]
            said = os.read(self.suricata.stdout.fileno(), 5000) if readable else b""
            assert time.monotonic() < end, said.decode(errors="replace")
            assert self.suricata.poll() is None, said.decode(errors="replace")
            time.sleep(0.1)

    def dropped(self):
        lines = (self.folder / "eve.json").read_text().splitlines()
        found = [json.loads(line) for line in lines if line.startswith("{") and line.endswith("}")]
        return [one for one in found if one.get("alert", {}).get("action") == "blocked"]


@pytest.fixture
def line(tmp_path_factory):
    if shutil.which("ethtool") is None:
        pytest.skip("ethtool is not installed (script/bootstrap --tests)")
    with ExitStack() as stack:
        yield Line(stack, tmp_path_factory.mktemp("i"))


@pytest.mark.suricata
@pytest.mark.netns
@pytest.mark.slow
def test_inline_a_listed_peers_packets_are_dropped_and_all_others_pass(line) -> None:
    four, six, name = (
        Observable.of("ip4", EVIL),
        Observable.of("ip6", EVIL6),
        Observable.of("domain", "evil.example.com"),
    )
    line.sets.enforce(blocks(four, six, name))
    assert [line.ask(value) for value in (EVIL, EVIL6)] == ["stopped timed out"] * 2
    assert line.ask(GOOD) == HELLO
    assert line.heard() == {"good4", "good6"}
    for asked in ("evil.example.com", "a.b.evil.example.com", "EVIL.example.COM"):
        assert line.ask(GOOD, 53, query(asked)) == "stopped timed out", asked
    for asked in ("notevil.example.com", "example.com"):
        assert line.ask(GOOD, 53, query(asked)) == query(asked), asked
    line.until(lambda: len({one["dest_ip"] for one in line.dropped()}) >= 3)
    line.sets.enforce(blocks(six))
    assert [line.ask(value) for value in (EVIL, GOOD)] == [HELLO] * 2
    assert line.ask(EVIL6) == "stopped timed out"
    assert line.ask(GOOD, 53, query("evil.example.com")) == query("evil.example.com")
    line.sets.enforce([])
    assert [line.ask(value) for value in (EVIL, GOOD, EVIL6)] == [HELLO] * 3
    line.until(lambda: line.heard() == {"evil4", "evil6", "good4", "good6"})


@pytest.mark.suricata
@pytest.mark.netns
@pytest.mark.slow
def test_without_its_suricata_the_line_is_cut_and_the_node_says_so(line) -> None:
    line.suricata.terminate()
    line.suricata.wait(WAIT_S)
    with pytest.raises(EnforcerDown):
        line.sets.enforce(blocks(Observable.of("ip4", EVIL)))
    assert line.ask(GOOD).startswith("stopped")
