"""For whole-house tests: a folder in memory, and a cable between two networks on which every stray packet is seen."""

import errno
import ipaddress
import json
import os
import shutil
import socket
import struct
import subprocess
import tempfile
import threading
import time
from collections import Counter
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest

from tests.sector.hostile_centre import Node as HostilyLed

NODE, CENTRE, PORT, KEYS_PORT = "198.18.7.2", "198.18.7.1", 8443, 8444
NODE6, CENTRE6 = "fd00:ba:7::2", "fd00:ba:7::1"
CENTRE_NAME, NAME_SERVER = "centre.sektor.dk", "198.51.100.53"
FRAMES_ALL, HEAD_BYTES, OUTGOING = 3, 200, 4
SOL_PACKET, PACKET_STATISTICS = 263, 6
# What a kernel says of itself over IPv6: reports of its multicast groups, and its answers to a neighbour's question.
KERNEL_ICMP6 = frozenset({131, 132, 136, 143})
# At the node nothing is held back, so that whatever strays really leaves; the hospital's firewall is the far end.
NODE_RULES = f"""table inet egress {{
  counter centre {{}}
  counter keyholder {{}}
  counter stray {{}}
  chain out {{
    type filter hook output priority 0; policy accept;
    oifname "lo" accept
    ip daddr {CENTRE} tcp dport {PORT} counter name centre accept
    ip daddr {CENTRE} tcp dport {KEYS_PORT} counter name keyholder accept
    icmpv6 type {{ {", ".join(map(str, sorted(KERNEL_ICMP6)))} }} accept
    counter name stray
  }}
}}"""
CENTRE_RULES = f"""table inet firewall {{
  chain in {{
    type filter hook input priority 0; policy drop;
    iifname "lo" accept
    ip saddr {NODE} ip daddr {CENTRE} tcp dport {{ {PORT}, {KEYS_PORT} }} accept
  }}
  chain through {{ type filter hook forward priority 0; policy drop; }}
  chain out {{
    type filter hook output priority 0; policy accept;
    oifname != "lo" ct state new drop
  }}
}}"""


@pytest.fixture
def disk(tmp_path):
    """A folder in memory where there is one: a simulated run says nothing about the speed of disks."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(prefix="bavn-", dir=memory if memory.is_dir() else tmp_path) as folder:
        yield Path(folder)


@pytest.fixture
def cable():
    """Two networks, the node's and the centre's, gone afterwards with everything that still runs in them."""
    with ExitStack() as stack:
        yield Cable(f"bavn-{os.getpid()}-node", f"bavn-{os.getpid()}-centre", stack)


class Cable:
    """``node`` and ``centre`` name the networks. ``tap`` sees what comes out of the node's at the far end."""

    def __init__(self, node, centre, stack):
        self.node, self.centre, self._marks = node, centre, 0
        for name in (node, centre):
            _do("ip", "netns", "add", name)
            stack.callback(_remove, name)
        _do("ip", "-n", node, "link", "add", "wire", "type", "veth", "peer", "name", "wire", "netns", centre)
        self._end(node, NODE, NODE6)
        mac = self._end(centre, CENTRE, CENTRE6)
        _do("ip", "netns", "exec", node, "nft", "-f", "-", given=NODE_RULES)
        _do("ip", "netns", "exec", centre, "nft", "-f", "-", given=CENTRE_RULES)
        for version, far in (("-4", CENTRE), ("-6", CENTRE6)):  # a default route: whatever strays has a way out
            _do("ip", "-n", node, version, "route", "add", "default", "via", far)
            _do("ip", "-n", node, version, "neigh", "replace", far, "lladdr", mac, "dev", "wire")
        etc = Path("/etc/netns") / node
        etc.mkdir(parents=True)
        (etc / "resolv.conf").write_text(f"nameserver {NAME_SERVER}\noptions timeout:1 attempts:1\n")
        (etc / "hosts").write_text(f"127.0.0.1 localhost\n{CENTRE} {CENTRE_NAME}\n")
        (etc / "nsswitch.conf").write_text("hosts: files dns\n")
        with self.inside(centre):
            self.tap = Tap("wire")
        stack.callback(self.tap.close)

    def _end(self, name, address, address6):
        """Gives the cable's end in this network its addresses; returns that of its card."""
        _do("ip", "-n", name, "link", "set", "dev", "wire", "addrgenmode", "none")
        _do("ip", "-n", name, "address", "add", f"{address}/30", "dev", "wire")
        _do("ip", "-n", name, "address", "add", f"{address6}/126", "dev", "wire", "nodad")
        for link in ("lo", "wire"):
            _do("ip", "-n", name, "link", "set", "dev", link, "up")
        return json.loads(_do("ip", "-n", name, "-j", "link", "show", "dev", "wire"))[0]["address"]

    @contextmanager
    def inside(self, name):
        """This thread's new sockets belong to that network."""
        back = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        there = os.open(f"/run/netns/{name}", os.O_RDONLY)
        os.setns(there, os.CLONE_NEWNET)
        try:
            yield
        finally:
            os.setns(back, os.CLONE_NEWNET)
            os.close(there)
            os.close(back)

    def counted(self, counter):
        """Packets that the node's own kernel has counted, before they left."""
        told = _do("ip", "netns", "exec", self.node, "nft", "list", "counter", "inet", "egress", counter)
        return int(told.split("packets ")[1].split()[0])

    def seen(self):
        """What strayed from the node up to now, by the tap; fails where the tap missed anything."""
        with self.inside(self.node), socket.socket() as mark:
            mark.setblocking(False)
            self._marks += mark.connect_ex((CENTRE, PORT)) == errno.EINPROGRESS
            port = mark.getsockname()[1]
            end = time.monotonic() + 10
            while port not in self.tap.callers:
                assert time.monotonic() < end, "the tap does not even see a call to the centre"
                time.sleep(0.01)
        assert self.tap.lost() == 0, "the tap could not keep up: what it did not see is not known"
        return dict(self.tap.strays)

    def tries(self):
        """New connections to the centre that the tap has seen, less those made here."""
        return sum(self.tap.callers.values()) - self._marks

    def listening(self):
        """Sockets in the node's network that take in from beyond loopback: TCP that listens, UDP and raw that are open
        to anybody, as ``tcp 0.0.0.0:80``."""
        found = []
        with self.inside(self.node):
            for table, state in (("tcp", "0A"), ("udp", "07"), ("udplite", "07"), ("raw", "07")):
                for version in ("", "6"):
                    file = Path(f"/proc/thread-self/net/{table}{version}")
                    lines = file.read_text().splitlines()[1:] if file.exists() else []
                    ends = [line.split()[1] for line in lines if line.split()[3] == state]
                    found += [f"{table} {where}" for where in map(_place, ends) if where]
            packet = Path("/proc/thread-self/net/packet").read_text().splitlines()[1:]
        return sorted(found) + ["packet socket"] * len(packet)


class Tap:
    """Reads every frame that comes in at one end of the cable, in a thread. ``strays``: what was not to the address and
    port of the centre or the key holder; ``callers``: source ports of new connections to the centre."""

    def __init__(self, end):
        self.strays, self.callers, self._lost = Counter(), Counter(), 0
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(FRAMES_ALL))
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        self._socket.bind((end, FRAMES_ALL))
        self._socket.settimeout(0.1)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def _read(self):
        while not self._ended.is_set():
            try:
                frame, (_, _, kind, *_) = self._socket.recvfrom(HEAD_BYTES)
            except TimeoutError:
                continue
            if kind != OUTGOING:
                stray = self._judge(int.from_bytes(frame[12:14]), frame[14:])
                if stray is not None:
                    self.strays[stray] += 1

    def _judge(self, protocol, data):
        if protocol == 0x0806:
            return f"arp for {ipaddress.ip_address(data[24:28])}" if data[7] == 1 else None
        if protocol == 0x0800:
            carried, target, rest = data[9], str(ipaddress.ip_address(data[16:20])), data[(data[0] & 15) * 4 :]
        elif protocol == 0x86DD:
            carried, target, rest = data[6], str(ipaddress.ip_address(data[24:40])), data[40:]
            if carried == 0:  # hop by hop: reports of multicast groups carry it
                carried, rest = rest[0], rest[8 * (rest[1] + 1) :]
            if carried == 58 and rest[0] in KERNEL_ICMP6:
                return None
        else:
            return f"ethernet {protocol:#06x}"
        if carried not in (6, 17):
            return f"protocol {carried} to {target}"
        source, port = struct.unpack_from("!HH", rest)
        if (carried, target, port) == (6, CENTRE, PORT):
            if rest[13] & 0x12 == 0x02:
                self.callers[source] += 1
            return None
        if (carried, target, port) == (6, CENTRE, KEYS_PORT):
            return None
        return f"{'tcp' if carried == 6 else 'udp'} {target}:{port}"

    def lost(self):
        """Frames that came quicker than they were read."""
        told = self._socket.getsockopt(SOL_PACKET, PACKET_STATISTICS, 8)
        self._lost += struct.unpack("II", told)[1]
        return self._lost

    def close(self):
        self._ended.set()
        self._thread.join()
        self._socket.close()


def _place(text):
    """``address:port`` of a line of /proc/net, None on loopback."""
    address, _, port = text.partition(":")
    raw = bytes.fromhex(address)
    where = ipaddress.ip_address(b"".join(raw[at : at + 4][::-1] for at in range(0, len(raw), 4)))
    inner = getattr(where, "ipv4_mapped", None) or where
    return None if inner.is_loopback else f"{where}:{int(port, 16)}"


def _do(*command, given=None):
    done = subprocess.run(command, input=given, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(command)}: {done.stderr}"
    return done.stdout


def _remove(name):
    for pid in subprocess.run(["ip", "netns", "pids", name], capture_output=True, text=True, check=True).stdout.split():
        subprocess.run(["kill", "-9", pid], capture_output=True, check=False)  # it may have ended by itself
    subprocess.run(["ip", "netns", "del", name], check=True)
    shutil.rmtree(Path("/etc/netns") / name, ignore_errors=True)
    with suppress(OSError):  # others' networks may have theirs there
        Path("/etc/netns").rmdir()


@pytest.fixture
def make_node(tmp_path_factory):
    made = []

    def make(**other):
        made.append(HostilyLed(tmp_path_factory.mktemp("node"), **other))
        return made[-1]

    yield make
    for node in made:
        node.close()
