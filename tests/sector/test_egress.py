"""A node contacts its centre, its key holder and nobody else: real processes where everything else would be seen.

Three nodes (one reads a Suricata's eve.json and takes
syslog on loopback, one has captures, one only gets protection) enrol, take part in rounds,
tell their health and block what is released, while a tap at the far end of their cable and a counter in their own
kernel look for any packet to another address: also with the centre killed, and when it is back.
"""

import json
import os
import subprocess
import sys
import time
import urllib.request
from contextlib import ExitStack
from datetime import UTC, datetime

import dns.message
import dns.query
import dns.rcode
import numpy as np
import pytest

from bavn.app.centre.parts import open_desk
from bavn.app.config.load import read_centre
from bavn.model.principal import account
from bavn.model.sector.case import CaseAct
from bavn.traffic import speech
from bavn.traffic.capture import Later, write
from bavn.traffic.dice import SeededDice
from bavn.traffic.flows import flows, with_ports
from bavn.traffic.packets import render
from bavn.wire.ledger import look_on

pytestmark = [pytest.mark.netns, pytest.mark.unbound, pytest.mark.suricata, pytest.mark.slow]

URLS = {
    "east": "https://198.18.7.1:8443",
    "north": "https://198.18.7.1:8443",
    "clinic": "https://centre.sektor.dk:8443",
}
KEYS_URL = "https://198.18.7.1:8444"
RESOLVERS = {"east": 5301, "north": 5302, "clinic": 5303}
EVERYBODY, WATCHING = set(RESOLVERS), ("east", "north")
EVIL, MET, EVIL_AT, INNOCENT = "kvalme-relay.com", "cdn.kvalme-relay.com", "203.0.113.80", "www.kirsebaer-vej.dk"
MEETINGS, LISTS_PORT, TRIES, STEP_S_MAX = 24, 8090, 12, 90
# A node that heeded its environment would call this; nobody is there.
LURE = dict.fromkeys(("http_proxy", "https_proxy", "all_proxy", "HTTPS_PROXY", "ALL_PROXY"), "http://198.51.100.9:3128")
CENTRE_TOML = """[place]
host = "198.18.7.1"
port = 8443
names = ["198.18.7.1", "centre.sektor.dk"]
step_s = 0.2

[centre]
rank_every_s = 1.0
case_score_min = 100.0
block_score_min = 0.0

[tiers.A]
t = 2
m = 100
every_s = 5.0
upload_s = 3.0
wave_s = 1.0
reveal_s = 10.0
"""
KEYHOLDER_TOML = """[place]
host = "198.18.7.1"
port = 8444
names = ["198.18.7.1"]

[limits]
rounds_per_epoch_max = 20000
points_per_epoch_max = 10000000
"""
NODE_TOML = """[node]
actor = "{actor}"
homes = ["10.0.0.0/8"]
centre_url = "{url}"
{holders}
detect_s = 1
health_s = 5

[sense]
{sense}

[store]
threads = 1
memory_mb_max = 256

[enforce]
list_folder = "lists"
{lists}
resolver_listen = ["127.0.0.1@{resolver}"]
resolver_answers = ["{met}={evil_at}"]
"""
SENSES = {
    "east": 'eve_file = "eve.json"\nindicator_files = ["own.txt"]\nlog_files = ["squid:access.log"]\n'
    'syslog_udp_listen = "127.0.0.1:5514"\nsyslog_tcp_listen = "127.0.0.1:5514"',
    "north": 'captures_folder = "captures"\nindicator_files = ["own.txt"]',
    "clinic": "",
}


class House:
    """The processes of a centre, a key holder and nodes, each in its network. ``desk``: the centre's, an analyst's."""

    def __init__(self, folder, cable, stack):
        self.folder, self.cable, self._stack = folder, cable, stack
        self.running, self._file = {}, folder / "centre" / "centre.toml"

    def found(self):
        """A centre and a key holder that run, and three actors that are invited, enrolled and running."""
        told = self._service("centre", CENTRE_TOML, 8443, RESOLVERS)
        keys = self._service("keyholder", KEYHOLDER_TOML, 8444, WATCHING)
        for actor in RESOLVERS:
            furnished(self.folder / actor, actor)
        for one in told:
            self._enrol(one)
        for one in keys:
            self._enrol(one, "--keyholder")
        for actor in RESOLVERS:
            self.start("node", actor)
        self.desk = open_desk(read_centre(self._file))
        self._stack.callback(self.desk.engine.dispose)

    def _service(self, role, text, port, actors):
        """What invites these actors, running; its invitations."""
        file = self.folder / role / f"{role}.toml"
        file.parent.mkdir()
        file.write_text(text)
        self._bavn(self.cable.centre, role, "init", "--config", file)
        invite = (role, "invite", "--config", file, "--json")
        told = [json.loads(self._bavn(self.cable.centre, *invite, actor)) for actor in actors]
        self.start(role, role)
        self.until(f"the start of the {role}", lambda: f'{{"port": {port}}}' in self._said(role))
        return told

    def _enrol(self, one, *more):
        config = self.folder / one["actor"] / "node.toml"
        words = ("node", "enrol", *more, "--pin", one["pin"], "--token", one["token"], "--config", config)
        self._bavn(self.cable.node, *words)

    def start(self, role, name):
        """A service, in the network of its role."""
        network = self.cable.node if role == "node" else self.cable.centre
        with (self.folder / f"{name}.log").open("ab") as log:
            words = (role, "run", "--config", self.folder / name / f"{role}.toml")
            self.running[name] = self._begun(network, words, stdout=log, stderr=log)

    def kill(self, name):
        """Not even time to say goodbye."""
        process = self.running.pop(name)
        process.kill()
        process.wait()

    def _bavn(self, network, *words):
        process = self._begun(network, words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        said, complained = process.communicate(timeout=STEP_S_MAX)
        assert process.returncode == 0, complained
        return said

    def _begun(self, network, words, **more):
        command = ["ip", "netns", "exec", network, sys.executable, "-m", "bavn.app.cli", *map(str, words)]
        env = os.environ | LURE | {"PATH": f"{os.environ['PATH']}:/usr/sbin:/sbin"}
        return subprocess.Popen(command, env=env, stdin=subprocess.DEVNULL, **more)

    def _said(self, name):
        return (self.folder / f"{name}.log").read_text()

    def until(self, what, look):
        """Until this is so; nobody may end, stray or open a door meanwhile."""
        end = time.monotonic() + STEP_S_MAX
        while not (found := look()):
            for name, process in self.running.items():
                assert process.poll() is None, f"{name} ended: {self._said(name)[-2000:]}"
            assert time.monotonic() < end, f"{what} did not happen within {STEP_S_MAX} s"
            self.keeps_to_itself(what)
            time.sleep(0.2)
        return found

    def keeps_to_itself(self, when):
        """No packet has gone anywhere else, and nobody could come in."""
        assert self.cable.seen() == {}, f"somebody else was contacted, up to {when}"
        assert self.cable.counted("stray") == 0, f"the kernel sent something to somebody else, up to {when}"
        assert self.cable.listening() == [], f"a door stands open to the network, at {when}"

    def ask(self, actor, name):
        """What the actor's own resolver says."""
        with self.cable.inside(self.cable.node):
            question = dns.message.make_query(name, "A")
            answer = dns.query.udp(question, "127.0.0.1", port=RESOLVERS[actor], timeout=5)
        return [str(one) for entry in answer.answer for one in entry] or dns.rcode.to_text(answer.rcode())

    def left(self, actor):
        """The kinds of message that went out by the actor's ledger."""
        with look_on(self.folder / actor / "data" / "node.db") as reader:
            return {line.kind for line in reader.every() if line.way == "out" and line.verdict == "passed"}

    def close(self):
        for process in self.running.values():
            process.terminate()
        for process in self.running.values():
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@pytest.fixture
def house(tmp_path_factory, cable):
    with ExitStack() as stack:
        made = House(tmp_path_factory.mktemp("egress"), cable, stack)  # a socket's path is short
        stack.callback(made.close)
        yield made


def furnished(folder, actor):
    """An actor's folder: configuration, and what its sensor saw."""
    folder.mkdir()
    (folder / "policy.toml").write_text("[door]\nrounds_per_hour_max = 3600\n")
    (folder / "own.txt").write_text(f"type,value,confidence\ndomain,{EVIL},100\n")
    lists = f'list_listen = "127.0.0.1:{LISTS_PORT}"' if actor == "east" else ""
    (folder / "node.toml").write_text(
        NODE_TOML.format(
            actor=actor,
            url=URLS[actor],
            holders=f'keyholder_urls = ["{KEYS_URL}"]' if actor in WATCHING else "",
            sense=SENSES[actor],
            lists=lists,
            resolver=RESOLVERS[actor],
            met=MET,
            evil_at=EVIL_AT,
        )
    )
    now_us = time.time_ns() // 1000
    times_us = now_us - 60_000_000 * np.arange(10 * MEETINGS, 0, -10)
    (folder / "eve.json").write_text("".join(json.dumps(line) + "\n" for line in eve_lines(times_us)))
    put_captures(folder / "captures", times_us)


def eve_lines(times_us):
    """As a Suricata wrote them: a host looks the bad name up and calls."""
    for number, us in enumerate(times_us.tolist()):
        when = datetime.fromtimestamp(us / 1e6, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f+0000")
        ends = {"timestamp": when, "flow_id": number + 1, "src_ip": "10.20.0.5", "src_port": 40000 + number}
        asked = {"type": "query", "id": number, "rrname": MET, "rrtype": "A", "tx_id": 0}
        yield ends | {"event_type": "dns", "proto": "UDP", "dest_ip": "10.20.0.2", "dest_port": 53, "dns": asked}
        there = {"proto": "TCP", "dest_ip": EVIL_AT, "dest_port": 443}
        yield ends | there | {"event_type": "tls", "tls": {"sni": MET}}


def put_captures(folder, times_us):
    """The same look-ups as packets."""
    asked = flows(speech.dns(MET, "A", (EVIL_AT,)), times_us, 0x0A1E0005, 0x0A1E0002, server_inside=True)
    later = Later()
    for batch in with_ports([asked], 1):
        for frames in render(batch, SeededDice(1, "egress")):
            later.add(frames)
    folder.mkdir()
    write(folder / "0001.pcap", "0001.pcap", later.take(2**62))


def test_a_node_at_work_contacts_its_centre_its_key_holder_and_nobody_else(house) -> None:
    house.found()
    view = house.until("the lead", lambda: joined(house))
    for actor in RESOLVERS:
        assert house.ask(actor, MET) == [EVIL_AT]
        assert house.ask(actor, INNOCENT) == "NXDOMAIN"  # it knows no more than it was given, and asks nobody
    case = house.desk.open_case(view.lead.id, account("vagt"))
    house.desk.cases.act(case.id, CaseAct.CONFIRM, account("vagt"), "seen at two")
    house.desk.cases.act(case.id, CaseAct.RELEASE, account("bo"), "block it")
    house.until("the block at everybody", lambda: blocked_at(house.desk) == EVERYBODY)
    assert_blocked(house)
    house.until("what own histories hold", lambda: {"east", "north"} <= seen_at(house.desk))

    house.kill("centre")
    before = house.cable.tries()
    house.until("tries to reach a dead centre", lambda: house.cable.tries() >= before + TRIES)
    assert_blocked(house)

    us = time.time_ns() // 1000
    house.start("centre", "centre")
    house.until("everybody's health again", lambda: well_since(house.desk, us) == EVERYBODY)
    house.keeps_to_itself("the end")
    assert house.cable.counted("centre") > 0
    assert house.cable.counted("keyholder") > 0
    assert {"Health", "ShareUpload", "Receipts", "Report", "Receipt", "Observation"} <= house.left("east")


def joined(house):
    """The lead of what two of them met, once everybody's health and shares have come."""
    uploaded = any(set(summary.uploaded) == EVERYBODY for summary in house.desk.rounds(100))
    if not uploaded or well_since(house.desk, 0) != EVERYBODY:
        return None
    views = [view for view in house.desk.lead_book.leads() if EVIL in {o.value for o in view.lead.observables}]
    return next((view for view in views if set(view.lead.actors) == {"east", "north"}), None)


def well_since(desk, us):
    return {m.actor.name for m in desk.members() if m.health is not None and m.health.received_us > us}


def blocked_at(desk):
    views = [view for view in desk.indicators() if view.kept.indicator.observable.value == EVIL]
    return {at.actor for view in views for at in view.actors if at.state == "enforced"}


def seen_at(desk):
    return {told.actor for view in desk.indicators() for told in desk.deliveries.sightings(view.kept.indicator.id)}


def assert_blocked(house):
    for actor in RESOLVERS:
        assert house.ask(actor, MET) == "NXDOMAIN"
        assert EVIL in (house.folder / actor / "lists" / "domain.txt").read_text().split()
    straight = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with house.cable.inside(house.cable.node), straight.open(f"http://127.0.0.1:{LISTS_PORT}/domain.txt") as answer:
        assert EVIL in answer.read().decode().split()
