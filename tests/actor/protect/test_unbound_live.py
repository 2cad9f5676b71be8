"""A real unbound on loopback: blocked names and their children do not exist, also when cached, also after kill -9."""

import os
import signal
import socket
import subprocess
import threading

import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.rrset
import pytest

from bavn.actor.protect.carriers import Enforcers
from bavn.actor.protect.enforcers import unbound
from bavn.actor.protect.enforcers.rpz import Rpz
from bavn.actor.protect.enforcers.rpz_log import RpzLog
from bavn.actor.protect.enforcers.unbound import Unbound
from bavn.model.intel.indicator import Block, Sighting
from bavn.model.moment import HOUR_US
from bavn.model.observable import Observable
from bavn.model.ports import EnforcerDown

from .conftest import indicator, released, withdrawn

pytestmark = pytest.mark.unbound
T0 = 1_795_000_000_000_000


def free_port() -> int:
    """A loopback port that is free for TCP and UDP now."""
    while True:
        with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
            tcp.bind(("127.0.0.1", 0))
            try:
                udp.bind(tcp.getsockname())
            except OSError:
                continue
            return tcp.getsockname()[1]


class Upstream:
    """A name server that knows every name: 192.0.2.7. Counts what it was asked."""

    def __init__(self) -> None:
        self.socket = socket.socket(type=socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.asked: list[str] = []
        self.thread = threading.Thread(target=self._serve)
        self.thread.start()

    def _serve(self) -> None:
        while True:
            raw, peer = self.socket.recvfrom(4096)
            if raw == b"end":
                return
            query = dns.message.from_wire(raw)
            name = query.question[0].name
            self.asked.append(name.to_text())
            reply = dns.message.make_response(query)
            reply.flags |= dns.flags.AA
            if query.question[0].rdtype == 1:
                reply.answer.append(dns.rrset.from_text(name, 300, "IN", "A", "192.0.2.7"))
            self.socket.sendto(reply.to_wire(), peer)

    def close(self) -> None:
        with socket.socket(type=socket.SOCK_DGRAM) as end:
            end.sendto(b"end", ("127.0.0.1", self.port))
        self.thread.join()
        self.socket.close()


@pytest.fixture
def upstream():
    made = Upstream()
    yield made
    made.close()


@pytest.fixture
def resolver(tmp_path, upstream):
    port = free_port()
    made = Unbound(tmp_path / "u", listen=[f"127.0.0.1@{port}"], upstreams=[f"127.0.0.1@{upstream.port}"])
    made.port = port
    yield made
    made.close()


def ask(port: int, name: str) -> str:
    """NXDOMAIN, or the address."""
    query = dns.message.make_query(name, "A")
    reply = dns.query.udp(query, "127.0.0.1", port=port, timeout=3)
    if reply.rcode() != dns.rcode.NOERROR:
        return dns.rcode.to_text(reply.rcode())
    return reply.answer[0][0].address


def blocks(*names: str) -> list[Block]:
    return [Block(Observable.of("domain", name), "indicator--x", 1) for name in names]


def test_unbound_starts_with_the_blocks_and_leaves_nothing_behind(resolver, upstream) -> None:
    rpz = Rpz(resolver.zone_file, resolver)
    rpz.enforce([])
    names = ["evil.com", "a.b.evil.com", "notevil.com", "evil.com.org", "com"]
    assert [ask(resolver.port, name) for name in names] == ["192.0.2.7"] * 5
    rpz.enforce(blocks("evil.com"))
    assert [ask(resolver.port, name) for name in names] == ["NXDOMAIN"] * 2 + ["192.0.2.7"] * 3
    assert ask(resolver.port, "EVIL.com") == "NXDOMAIN"
    asked = len(upstream.asked)
    assert ask(resolver.port, "new.child.evil.com") == "NXDOMAIN"
    assert len(upstream.asked) == asked
    rpz.enforce([])
    assert [ask(resolver.port, name) for name in names] == ["192.0.2.7"] * 5
    rpz = Rpz(resolver.zone_file, resolver)
    rpz.enforce([])
    resolver.bridge(["left.by-a-killed-node.com"])
    assert ask(resolver.port, "www.left.by-a-killed-node.com") == "NXDOMAIN"
    Rpz(resolver.zone_file, resolver).enforce([])
    assert ask(resolver.port, "www.left.by-a-killed-node.com") == "192.0.2.7"


def test_unbound_killed_comes_back_with_the_same_blocks(resolver) -> None:
    rpz = Rpz(resolver.zone_file, resolver)
    rpz.enforce(blocks("evil.com"))
    os.kill(int((resolver.folder / "unbound.pid").read_text()), signal.SIGKILL)
    resolver._process.wait()
    rpz.enforce(blocks("evil.com"))
    assert ask(resolver.port, "evil.com") == "NXDOMAIN"
    assert ask(resolver.port, "good.com") == "192.0.2.7"


def test_the_next_node_takes_over_a_running_unbound(resolver, upstream) -> None:
    Rpz(resolver.zone_file, resolver).enforce(blocks("evil.com"))
    pid = (resolver.folder / "unbound.pid").read_text()
    assert os.getsid(int(pid)) != os.getsid(0)  # what ends the node's terminal does not end the resolver
    again = Unbound(resolver.folder, listen=[f"127.0.0.1@{resolver.port}"], upstreams=[f"127.0.0.1@{upstream.port}"])
    Rpz(again.zone_file, again).enforce(blocks("evil.com", "more.com"))
    assert (resolver.folder / "unbound.pid").read_text() == pid
    assert ask(resolver.port, "more.com") == "NXDOMAIN"


@pytest.mark.slow
@pytest.mark.parametrize("whose", ["own", "of an earlier node"])
def test_one_that_hangs_is_ended_before_the_next_is_started(resolver, upstream, whose) -> None:
    """Two on one port would share the questions, and the first would know of no later block."""
    Rpz(resolver.zone_file, resolver).enforce(blocks("evil.com"))
    pid = int((resolver.folder / "unbound.pid").read_text())
    os.kill(pid, signal.SIGSTOP)
    again = resolver
    if whose != "own":
        listen = [f"127.0.0.1@{resolver.port}"]
        again = Unbound(resolver.folder, listen=listen, upstreams=[f"127.0.0.1@{upstream.port}"])
    Rpz(again.zone_file, again).enforce(blocks("evil.com", "more.com"))
    assert int((resolver.folder / "unbound.pid").read_text()) != pid
    assert {ask(resolver.port, "more.com") for _ in range(20)} == {"NXDOMAIN"}
    listening = subprocess.run(
        ["ss", "-lunpH", f"sport = :{resolver.port}"], capture_output=True, text=True, check=True
    )
    assert listening.stdout.count("pid=") == 1
    again.close()


def test_another_configuration_restarts_it(resolver) -> None:
    Rpz(resolver.zone_file, resolver).enforce(blocks("evil.com"))
    pid = (resolver.folder / "unbound.pid").read_text()
    other = Unbound(
        resolver.folder,
        listen=[f"127.0.0.1@{resolver.port}"],
        answers={"good.com": "192.0.2.99", "evil.com": "192.0.2.1"},
    )
    Rpz(other.zone_file, other).enforce(blocks("evil.com"))
    assert (resolver.folder / "unbound.pid").read_text() != pid
    assert ask(resolver.port, "good.com") == "192.0.2.99"
    assert ask(resolver.port, "evil.com") == "NXDOMAIN"
    assert ask(resolver.port, "unknown.com") == "NXDOMAIN"
    other.close()


def test_what_cannot_start_says_so(tmp_path) -> None:
    port = free_port()
    with socket.socket(type=socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", port))
        with pytest.raises(EnforcerDown, match=r"unbound\.log"):
            Unbound(tmp_path / "u", listen=[f"127.0.0.1@{port}"], answers={}).ensure()
    with pytest.raises(EnforcerDown, match="cannot be started"):
        Unbound(tmp_path / "v", listen=[f"127.0.0.1@{port}"], program="no-such-unbound").ensure()


@pytest.mark.parametrize(("there", "said"), [(True, "AppArmor"), (False, r"unbound\.log")])
def test_one_that_was_let_in_by_nobody_says_so_where_somebody_may_not(tmp_path, monkeypatch, there, said) -> None:
    monkeypatch.setattr(unbound, "APPARMOR", tmp_path if there else tmp_path / "none")
    with pytest.raises(EnforcerDown, match=said):
        Unbound(tmp_path / "u", listen=[f"127.0.0.1@{free_port()}"], program="false").ensure()


@pytest.mark.parametrize(
    "wrong",
    [
        {"listen": ["127.0.0.1@53"]},
        {"listen": ["127.0.0.1"]},
        {"listen": ["localhost@5353"]},
        {"listen": []},
        {"listen": ['127.0.0.1@5353\n  include: "/etc/passwd"']},
        {"listen": ["127.0.0.1@5353"], "upstreams": ["x@53"]},
        {"listen": ["127.0.0.1@5353"], "clients": ["everybody"]},
        {"listen": ["127.0.0.1@5353"], "answers": {"a b": "1.2.3.4"}},
        {"listen": ["127.0.0.1@5353"], "upstreams": ["1.2.3.4@53"], "answers": {"a.b": "1.2.3.4"}},
    ],
)
def test_a_wrong_configuration_is_refused(tmp_path, wrong) -> None:
    with pytest.raises(ValueError):
        Unbound(tmp_path, **wrong)


def test_the_whole_way_at_a_clinic_without_sensor(make_actor, resolver) -> None:
    """Release, first blocked query, sighting, restart, expiry and withdrawal: no store, no sensor."""
    log = RpzLog(resolver.log_file, resolver, bytes_max=200)
    enforcers = Enforcers((Rpz(resolver.zone_file, resolver),), ())
    actor = make_actor(enforcers=enforcers, sources=[log])
    one, two = indicator("evil.com", n=1, valid_until_us=T0 + HOUR_US), indicator("b.evil.org", n=2)
    ip = indicator("203.0.114.9", "ip4", n=3)
    actor.protect.receive([released(one), released(two), released(ip)])
    assert [state[::2] for state in actor.states()] == [("waiting", "carried"), ("enforced", None), ("enforced", None)]
    for name in ("evil.com", "www.evil.com", "evil.org", "x.b.evil.org"):
        ask(resolver.port, name)
    actor.protect.step()
    met = {said.indicator_id: said for said in actor.told() if isinstance(said, Sighting)}
    assert {id_: (said.kind, said.count) for id_, said in met.items()} == {
        one.id: ("blocked", 2),
        two.id: ("blocked", 1),
    }
    for _ in range(3):
        ask(resolver.port, "evil.com")
        actor.again().protect.step()
    rows = actor.book.rows("SELECT count FROM protect_met WHERE indicator_id = ?", (one.id,))
    assert rows == [(5,)]
    actor.clock.us += HOUR_US
    actor.protect.step()
    assert ask(resolver.port, "evil.com") == "192.0.2.7"
    assert ask(resolver.port, "b.evil.org") == "NXDOMAIN"
    actor.protect.receive([withdrawn(two)])
    assert ask(resolver.port, "b.evil.org") == "192.0.2.7"


def test_a_resolver_that_dies_is_back_within_a_second_of_steps(make_actor, resolver) -> None:
    actor = make_actor(enforcers=Enforcers((Rpz(resolver.zone_file, resolver),), ()))
    actor.protect.receive([released(indicator("evil.com"))])
    actor.protect.step()
    os.kill(int((resolver.folder / "unbound.pid").read_text()), signal.SIGKILL)
    resolver._process.wait()
    actor.clock.us += 1_000_000
    actor.protect.step()
    assert ask(resolver.port, "evil.com") == "NXDOMAIN"
    assert ask(resolver.port, "good.com") == "192.0.2.7"


def test_the_machines_own_dns_is_left_alone(resolver, tmp_path) -> None:
    resolver.ensure()
    pid = int((resolver.folder / "unbound.pid").read_text())
    listening = subprocess.run(["ss", "-lunptH"], capture_output=True, text=True, check=True).stdout
    mine = [line.split()[4] for line in listening.splitlines() if f"pid={pid}," in line]
    assert set(mine) == {f"127.0.0.1:{resolver.port}"}
    config = (resolver.folder / "unbound.conf").read_text()
    assert "/etc" not in config
    assert "root-hints" not in config
