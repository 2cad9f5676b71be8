"""nftables: exactly the wanted addresses, each with an end, whatever was there before; and in a real kernel."""

import json
import os
import re
import subprocess
import sys
import time
from contextlib import ExitStack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bavn.actor.protect.enforcers import nft_sets
from bavn.actor.protect.enforcers.nft_sets import DRIFT_S, Element, Nft, NftSets
from bavn.app.process.real import SystemClock
from bavn.model.intel.indicator import Block
from bavn.model.moment import DAY_US, SECOND_US
from bavn.model.observable import Observable
from bavn.model.ports import EnforcerDown
from bavn.rehearsal.clock import SimClock

NOW_US = 20_000 * DAY_US
EVIL, EVIL6, GOOD = "203.0.113.80", "2001:db8:7::80", "203.0.113.81"
CALL = """
import socket, sys
family = socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET
there = socket.socket(family, socket.SOCK_DGRAM)
there.settimeout(1.0)
try:
    there.connect((sys.argv[1], 5000))
    there.send(b"hello")
    print(there.recv(100).decode())
except OSError as error:
    print("stopped", error)
"""
ANSWER = """
import select, socket, sys
ends = []
for value in sys.argv[1:]:
    end = socket.socket(socket.AF_INET6 if ":" in value else socket.AF_INET, socket.SOCK_DGRAM)
    end.bind((value, 5000))
    ends.append(end)
print("ready", flush=True)
while True:
    for end in select.select(ends, [], [])[0]:
        said, whom = end.recvfrom(100)
        end.sendto(said, whom)
"""

HEAR = """
import socket
end = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
end.settimeout(30)
end.bind(("::", 6000))
print("ready", flush=True)
heard = set()
try:
    while True:
        heard.add(end.recv(100).decode())
        if {"good4", "good6"} <= heard:
            end.settimeout(0.5)  # what was sent before them may come after them
except TimeoutError:
    print(*heard)
"""
TELL = """
import socket, sys
for given in sys.argv[1:]:
    what, source, target = given.split(",")
    with socket.socket(socket.AF_INET6 if ":" in target else socket.AF_INET, socket.SOCK_DGRAM) as end:
        end.bind((source, 0))
        try:
            end.sendto(what.encode(), (target, 6000))
        except OSError:
            assert what.startswith("evil")
"""
GOOD6 = "2001:db8:7::2"
HERE = {"router": ("203.0.113.1", "2001:db8:7::1"), "caller": ("198.18.1.2", "2001:db8:8::2")}
THERE = {"evil4": EVIL, "good4": GOOD, "evil6": EVIL6, "good6": GOOD6}
STOPS = {
    "forward": {("answerer", "caller"), ("caller", "answerer")},
    "input": {("answerer", "router")},
    "output": {("router", "answerer")},
}
"""Which ways each hook of the router closes, from whom to whom."""


def block(value, until_us, name="indicator--x"):
    return Block(Observable.of("ip6" if ":" in value else "ip4", value), name, until_us)


class Kernel:
    """Sets as nft keeps them; understands just the lines of an element."""

    def __init__(self, held):
        self.held = {"blocked4": {}, "blocked6": {}} | held

    def elements(self, name):
        return dict(self.held[name])

    def pairs(self, name):
        return ()

    def chains(self):
        return ("forward", "stray")

    def apply(self, script):
        self.script = script
        for line in script.splitlines():
            found = re.fullmatch(r"(add|delete) element inet bavn (\w+) \{ (.+) \}", line)
            if found is None:
                continue
            for part in found[3].split(", "):
                words = part.split()
                if found[1] == "delete":
                    del self.held[found[2]][words[0]]
                else:
                    assert words[0] not in self.held[found[2]]
                    self.held[found[2]][words[0]] = Element(int(words[2].removesuffix("s")), 0)


values = st.integers(1, 40).map(lambda n: f"203.0.113.{n}")


@given(
    there=st.dictionaries(values, st.builds(Element, st.none() | st.integers(1, 3000), st.integers(0, 9))),
    wanted=st.lists(st.tuples(values, st.integers(-10, 3000))),
)
def test_afterwards_exactly_the_wanted_elements_are_there_each_until_its_end(there, wanted) -> None:
    kernel = Kernel({"blocked4": dict(there)})
    NftSets(kernel, SimClock(NOW_US)).enforce([block(value, NOW_US + s * SECOND_US) for value, s in wanted])
    ends = {}
    for value, left_s in wanted:
        if left_s > 0:
            ends[value] = max(left_s, ends.get(value, 0))
    assert set(kernel.held["blocked4"]) == set(ends)
    for value, element in kernel.held["blocked4"].items():
        assert abs(element.expires_s - ends[value]) <= DRIFT_S
        kept = value in there and there[value].expires_s is not None
        if kept and abs(there[value].expires_s - ends[value]) <= DRIFT_S:
            assert element == there[value]  # not touched: its counter goes on
    assert "delete chain inet bavn stray\n" in kernel.script


def test_packets_are_counted_once_and_a_long_set_is_listed_seldom() -> None:
    kernel = Kernel({"blocked4": {EVIL: Element(9, 5), GOOD: Element(9, 0)}})
    sets = NftSets(kernel, SimClock(NOW_US))
    hits, mark = sets.read(None)
    assert [(hit.observable.value, hit.count, hit.last_us) for hit in hits] == [(EVIL, 5, NOW_US)]
    assert sets.read(mark)[0] == ()
    kernel.held["blocked4"][EVIL] = Element(9, 7)
    hits, mark = sets.read(mark)
    assert [hit.count for hit in hits] == [2]
    kernel.held["blocked4"][EVIL] = Element(9, 1)
    assert [hit.count for hit in sets.read(mark)[0]] == [1]
    clock, asked = SimClock(NOW_US), []

    class Slow(Kernel):
        def elements(self, name):
            asked.append(clock.now_us())
            clock.advance(SECOND_US)
            return super().elements(name)

    sets = NftSets(Slow({"blocked4": {EVIL: Element(9, 5)}}), clock)
    hits, mark = sets.read(None)
    assert [hit.count for hit in hits] == [5]
    assert sets.read(mark) == ((), mark)
    assert len(asked) == 2
    clock.advance(41 * SECOND_US)
    sets.read(mark)
    assert len(asked) == 4


@pytest.mark.parametrize("hooks", [(), ("forward", "prerouting")])
def test_a_hook_that_is_none_is_refused(hooks) -> None:
    with pytest.raises(ValueError, match="forward, input, output"):
        NftSets(Kernel({}), SimClock(NOW_US), hooks)


@pytest.mark.parametrize(
    "command",
    [
        ("/nowhere/nft",),
        (sys.executable, "-c", "print('hello')"),
        (sys.executable, "-c", "print('[1]')"),
        (sys.executable, "-c", """print('{"nftables": [{"set": {"elem": ["not an address"]}}]}')"""),
        (sys.executable, "-c", "import sys; sys.exit('Operation not permitted')"),
    ],
)
def test_an_nft_that_is_none_is_an_enforcer_that_is_down(command) -> None:
    with pytest.raises(EnforcerDown):
        NftSets(Nft(command), SimClock(NOW_US)).enforce([block(EVIL, NOW_US + DAY_US)])


class Networks:
    """A caller, a router and an answerer, each in a network of its own."""

    def __init__(self, stack):
        self.names = {who: f"bavn-{os.getpid()}-{who}" for who in ("caller", "router", "answerer")}
        for name in self.names.values():
            run("ip", "netns", "add", name)
            stack.callback(run, "ip", "netns", "del", name)
        for end, low in (("caller", "198.18.1"), ("answerer", "203.0.113")):
            run(
                "ip",
                "link",
                "add",
                end,
                "netns",
                self.names["router"],
                "type",
                "veth",
                "peer",
                "name",
                "out",
                "netns",
                self.names[end],
            )
            six = "2001:db8:7" if end == "answerer" else "2001:db8:8"
            for where, device, host in (("router", end, 1), (end, "out", 2)):
                self.do(where, "ip", "addr", "add", f"{low}.{host}/24", "dev", device)
                self.do(where, "ip", "addr", "add", f"{six}::{host}/64", "dev", device, "nodad")
                self.do(where, "ip", "link", "set", device, "up")
            self.do(end, "ip", "route", "add", "default", "via", f"{low}.1")
            self.do(end, "ip", "route", "add", "default", "via", f"{six}::1")
        for value in (f"{EVIL}/24", f"{GOOD}/24", f"{EVIL6}/64"):
            self.do("answerer", "ip", "addr", "add", value, "dev", "out", *(["nodad"] if ":" in value else []))
        for name in ("net.ipv4.ip_forward", "net.ipv6.conf.all.forwarding"):
            self.do("router", "sysctl", "-qw", f"{name}=1")
        there = subprocess.Popen(
            self.inside("answerer", sys.executable, "-c", ANSWER, EVIL, EVIL6, GOOD), stdout=subprocess.PIPE
        )
        stack.callback(there.wait)
        stack.callback(there.kill)
        stack.callback(there.stdout.close)
        assert there.stdout.readline() == b"ready\n"
        waited = time.monotonic() + 60
        while {self.call(value) for value in (EVIL, EVIL6, GOOD)} != {"hello"}:  # IPv6 neighbours take a moment
            assert time.monotonic() < waited

    def inside(self, where, *words):
        return ["ip", "netns", "exec", self.names[where], *words]

    def do(self, where, *words):
        return run(*self.inside(where, *words))

    def heard(self, sender, hearer):
        """What of a blocked and of another address came through, sent the one way only."""
        hearing = subprocess.Popen(self.inside(hearer, sys.executable, "-c", HEAR), stdout=subprocess.PIPE, text=True)
        with hearing:
            assert hearing.stdout.readline() == "ready\n"
            told = []
            for what, there in THERE.items():
                here = HERE[hearer if sender == "answerer" else sender][":" in there]
                ends = (there, here) if sender == "answerer" else (here, there)
                told.append(",".join((what, *ends)))
            self.do(sender, sys.executable, "-c", TELL, *told)
            return set(hearing.stdout.read().split())

    def call(self, value):
        return self.do("caller", sys.executable, "-c", CALL, value).strip()


def run(*words, given=None):
    return subprocess.run(words, check=True, capture_output=True, text=True, input=given).stdout


@pytest.fixture
def networks():
    with ExitStack() as stack:
        yield Networks(stack)


@pytest.mark.netns
@pytest.mark.slow
def test_a_router_lets_no_packet_to_a_blocked_address_and_everything_else_through(networks) -> None:
    sets = NftSets(Nft(networks.inside("router", "nft")), SystemClock())
    until_us = SystemClock().now_us() + DAY_US
    networks.do("router", "nft", "add table inet theirs; add chain inet theirs forward")
    sets.enforce([block(EVIL, until_us), block(EVIL6, until_us)])
    assert networks.call(EVIL).startswith("stopped")
    assert networks.call(EVIL6).startswith("stopped")
    assert networks.call(GOOD) == "hello"
    hits = sets.read(None)[0]
    assert {hit.observable.value: hit.count for hit in hits} == {EVIL: 1, EVIL6: 1}
    assert {hit.observable.value: [host for host, _ in hit.hosts] for hit in hits} == {
        EVIL: ["198.18.1.2"],
        EVIL6: ["2001:db8:8::2"],
    }
    networks.do("router", "nft", "flush chain inet bavn forward; add element inet bavn blocked4 { 203.0.113.81 }")
    assert networks.call(EVIL) == "hello"
    sets.enforce([block(EVIL, until_us), block(EVIL6, until_us)])
    assert networks.call(EVIL).startswith("stopped")
    assert networks.call(GOOD) == "hello"
    sets.enforce([])
    assert [networks.call(value) for value in (EVIL, EVIL6, GOOD)] == ["hello"] * 3
    tables = json.loads(networks.do("router", "nft", "-j", "list", "tables"))["nftables"]
    assert {entry["table"]["name"] for entry in tables if "table" in entry} == {"bavn", "theirs"}


@pytest.mark.netns
@pytest.mark.slow
def test_each_hook_closes_its_own_ways_to_and_from_a_blocked_address_and_no_other(networks) -> None:
    until_us = SystemClock().now_us() + DAY_US
    for hooks in [*((hook,) for hook in STOPS), tuple(STOPS)]:
        sets = NftSets(Nft(networks.inside("router", "nft")), SystemClock(), hooks)
        sets.enforce([block(EVIL, until_us), block(EVIL6, until_us)])
        stopped = set.union(*(STOPS[hook] for hook in hooks))
        for way in set.union(*STOPS.values()):
            left = {"good4", "good6"} if way in stopped else set(THERE)
            assert networks.heard(*way) == left, (hooks, way)
    sets.enforce([])
    assert all(networks.heard(*way) == set(THERE) for way in stopped)


@pytest.mark.netns
@pytest.mark.slow
def test_a_block_ends_in_the_kernel_and_one_change_of_many_is_one(networks) -> None:
    sets = NftSets(Nft(networks.inside("router", "nft")), SystemClock())
    sets.enforce([block(EVIL, SystemClock().now_us() + 3 * SECOND_US)])
    assert networks.call(EVIL).startswith("stopped")
    waited = time.monotonic() + 60
    while networks.call(EVIL) != "hello":
        assert time.monotonic() < waited
    sets = NftSets(Nft(networks.inside("router", "nft")), SystemClock())
    until_us = SystemClock().now_us() + DAY_US
    many = [block(f"11.{n >> 16}.{n >> 8 & 255}.{n & 255}", until_us) for n in range(100_000)]
    sets.enforce([*many, block(EVIL, until_us)])
    assert networks.call(EVIL).startswith("stopped")
    sets.enforce(many[1:])
    held = Nft(networks.inside("router", "nft")).elements("blocked4")
    assert set(held) == {one.observable.value for one in many[1:]}
    assert networks.call(EVIL) == "hello"
    sets = NftSets(Nft(networks.inside("router", "nft")), SystemClock())
    until_us = SystemClock().now_us() + DAY_US
    many = [block(f"51.{n >> 16}.{n >> 8 & 255}.{n & 255}", until_us) for n in range(99_999)]
    began = time.monotonic()
    sets.enforce([*many, block(EVIL, until_us)])
    assert time.monotonic() - began < 60
    assert networks.call(EVIL).startswith("stopped")
    assert networks.call(GOOD) == "hello"
    assert len(Nft(networks.inside("router", "nft")).elements("blocked4")) == 100_000
    sets.enforce([*many[:-1], block(GOOD, until_us)])
    assert networks.call(EVIL) == "hello"
    assert networks.call(GOOD).startswith("stopped")
    sets.enforce([])
    assert Nft(networks.inside("router", "nft")).elements("blocked4") == {}


@pytest.mark.netns
@pytest.mark.slow
def test_a_full_note_of_who_called_whom_stops_no_drop(networks, monkeypatch) -> None:
    monkeypatch.setattr(nft_sets, "MET_MAX", 1)
    sets = NftSets(Nft(networks.inside("router", "nft")), SystemClock())
    sets.enforce([block(value, SystemClock().now_us() + DAY_US) for value in (EVIL, GOOD, EVIL6)])
    for _ in range(2):
        assert [networks.call(value).startswith("stopped") for value in (EVIL, GOOD, EVIL6)] == [True] * 3
    hosts = {hit.observable.value: hit.hosts for hit in sets.read(None)[0]}
    assert len(hosts) == 3
    assert len([value for value in (EVIL, GOOD) if hosts[value]]) == 1
