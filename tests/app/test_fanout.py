"""The link by memory, HTTPS and NATS: one contract. NATS through two hubs, processes of their own, that are killed."""

import os
import signal
import socket
import threading
import time
from contextlib import contextmanager

import pytest

from bavn.app.centre.fanout import Ear, Fanout, Place, hub_plan
from bavn.app.config.fanout import FanoutTable, HubFile, HubTable
from bavn.app.hub.server import HubServer, User
from bavn.app.process.exits import Stop
from bavn.app.process.real import SystemDice
from bavn.centre.members.authority import key_pem, new_key
from bavn.model.outcome import Refused
from bavn.model.ports import LinkDown, LinkRefused
from bavn.model.sector.member import Peer, PeerRole, Quota
from bavn.model.settings import SettingsError
from bavn.traffic.dice import SeededDice
from bavn.wire import parcel, pieces, seal
from bavn.wire.codec import DOWN_KINDS
from bavn.wire.links import nats as nats_link
from bavn.wire.links.memory import MemoryLink
from bavn.wire.links.nats import Line, NatsLink, NodeIdentity, hub_addresses, inbox_of, subject_of
from bavn.wire.messages.catalogue import Health, RoundClosed
from bavn.wire.safe import Safe

HEALTH = Health(version="1", sensor="up", capture_loss_permille=0, clock_skew_s=0, queue_messages=0)


def health(safe, seq):
    keys = safe.keys()
    return seal.seal(keys.message, keys.actor, "centre", seq, HEALTH)


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


class Hubs:
    """The stand's centre with a fan-out, and regional hubs; each nats-server is a process of its own."""

    def __init__(self, stand, names=("north", "south")):
        self.stand, self.folder = stand, stand.folder
        self.ports = {name: free_port() for name in ("centre", "leafs", *names)}
        authority = stand.folder / "authority.pem"
        authority.write_text(stand.centre.authority.pem)
        table = FanoutTable(
            listen=f"127.0.0.1:{self.ports['centre']}", hubs_listen=f"127.0.0.1:{self.ports['leafs']}", hubs=names
        )
        place = Place(
            folder=stand.folder / "fanout",
            authority=authority,
            certificate=stand.folder / "server.pem",
            key=stand.folder / "server.key",
        )
        self.ear = Ear(
            stand.centre, stand.centre.key, stand.server.wakes, questions_max=64, received=stand.server.nudge
        )
        self.fanout = Fanout(table, place, stand.centre.authority, self.ear, self.members)
        self.fanout.start()
        self.servers = {name: self.hub(name) for name in names}

    def members(self):
        return [actor.name for actor in self.stand.centre.registry.members()[1]]

    def hub(self, name):
        safe, key = Safe(self.folder / name), new_key(SeededDice(1, name))
        authority, now_us = self.stand.centre.authority, self.stand.centre.clock.now_us()
        client = authority.certify(Peer(PeerRole.HUB, name), key.public_key(), now_us, SystemDice())
        safe.write("authority.pem", authority.pem)
        safe.write("hub.key.pem", key_pem(key).decode())
        safe.write("client.pem", pem(client))
        safe.write("server.pem", pem(authority.certify_server(["127.0.0.1"], key.public_key(), now_us, SystemDice())))
        table = HubTable(
            name=name,
            listen=f"127.0.0.1:{self.ports[name]}",
            centre=f"127.0.0.1:{self.ports['leafs']}",
            actors=("region-a", "region-b"),
            folder=name,
        )
        server = HubServer(hub_plan(HubFile(base=self.folder, hub=table)), self.folder / name / "run")
        server.start()
        return server

    def urls(self, *names):
        return [f"tls://127.0.0.1:{self.ports[name]}" for name in names]

    @contextmanager
    def link(self, safe, *names):
        with self.stand.link(safe) as https:
            link = NatsLink(self.urls(*names), NodeIdentity(safe, SystemDice(), self.stand.centre.clock), https)
            try:
                yield link
            finally:
                link.close()

    def close(self):
        for server in self.servers.values():
            server.stop()
        self.fanout.close()


def pem(certificate):
    from cryptography.hazmat.primitives.serialization import Encoding

    return certificate.public_bytes(Encoding.PEM).decode()


@pytest.fixture
def hubs(stand):
    made = []

    def up(*names):
        made.append(Hubs(stand, names))
        return made[-1]

    yield up
    for one in made:
        one.close()


def patient(act, within_s=20.0):
    """What it gives once the link is up: a hub finds the centre within a moment."""
    until = time.monotonic() + within_s
    while True:
        try:
            return act()
        except LinkDown:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)


@contextmanager
def link_by(kind, stand, hubs, safe):
    if kind == "memory":
        yield MemoryLink(safe.keys().actor, stand.centre)
    elif kind == "https":
        with stand.link(safe) as link:
            yield link
    else:
        made = hubs(*(("north",) if kind == "nats, by a hub" else ()))
        with made.link(safe, "north" if kind == "nats, by a hub" else "centre") as link:
            patient(lambda: link.pull(0, 0))
            yield link


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["memory", "https", "nats", "nats, by a hub"])
def test_every_link_keeps_the_same_contract(kind, stand, hubs) -> None:
    """Numbers that are the other side's; order; asking again repeats; asking for more acknowledges; nobody else's."""
    safe = stand.enrol("region-a")
    with link_by(kind, stand, hubs, safe) as link:
        assert link.pull(0, 0) == []
        assert link.post([]) == []
        assert link.post([health(safe, 1), health(safe, 2)]) == [1, 2]
        assert link.post([health(safe, 2), b"garbage", health(safe, 3)]) == [2, 3], "repeated: taken once"
        for n in range(3):
            stand.centre.say("region-a", RoundClosed(round_id=f"{n:032x}"))
            stand.centre.say("region-b", RoundClosed(round_id=f"{n:032x}"))
        first = link.pull(0, 1)
        assert [seal.address(raw).seq for raw in first] == [1, 2, 3]
        assert link.pull(0, 1) == first
        opened = seal.open({"centre": safe.centre_key()}, "region-a", first[0], DOWN_KINDS)
        assert isinstance(opened, seal.Opened)
        assert [seal.address(raw).seq for raw in link.pull(2, 1)] == [3]
        assert link.pull(3, 0) == []
    assert stand.centre.outbox.state().messages == 3, "what region-b was told waits for region-b"
    assert [taken.heard.actor for taken in stand.centre.inbox.take()] == ["region-a"] * 3


@pytest.mark.slow
def test_a_pull_through_a_hub_wakes_when_something_is_queued(stand, hubs) -> None:
    safe = stand.enrol("region-a")
    with hubs("north").link(safe, "north") as link:
        patient(lambda: link.pull(0, 0))
        assert abs(link.skew_s) <= 2
        timer = threading.Timer(0.3, stand.centre.say, ("region-a", RoundClosed(round_id="0" * 32)))
        timer.start()
        begun = time.monotonic()
        assert len(link.pull(0, 20)) == 1
        assert 0.2 < time.monotonic() - begun < 5


@pytest.mark.slow
def test_who_is_shut_out_is_refused_at_once_through_any_hub(stand, hubs) -> None:
    """The hub would still let it in; the centre does not. Its own hub lets go of it, too."""
    safe = stand.enrol("region-a")
    made = hubs("north")
    with made.link(safe, "north") as link:
        patient(lambda: link.pull(0, 0))
        stand.centre.registry.revoke("region-a")
        with pytest.raises(LinkRefused, match="403"):
            link.post([health(safe, 1)])
    with made.link(safe, "centre") as link:
        said = ["403"]
        until = time.monotonic() + 20
        while "does not let" not in said[-1] and time.monotonic() < until:
            with pytest.raises((LinkRefused, LinkDown)) as refused:  # down: the very moment of being let go of
                link.pull(0, 0)
            said.append(str(refused.value))
            link._line.do(drop(link._line), 5)
            time.sleep(0.2)
        assert "does not let region-a in" in said[-1]
    assert stand.centre.inbox.take() == []


async def drop(line):
    if line._client is not None:
        await line._client.close()


@pytest.mark.slow
def test_an_actor_asks_as_itself_and_hears_only_itself(stand, hubs) -> None:
    """With a certificate of its own it gets nowhere on another's subjects."""
    a, b = stand.enrol("region-a"), stand.enrol("region-b")
    made = hubs("north")
    for where in ("north", "centre"):
        line = Line(
            made.urls(where), NodeIdentity(a, SystemDice(), stand.centre.clock).tls, "region-a", inbox_of("region-a")
        )
        asking = NodeIdentity(b, SystemDice(), stand.centre.clock).asking(parcel.Question(what="pull"))
        heard = []

        async def spy(line=line, heard=heard):
            client = await line.client()

            async def keep(message):
                heard.append(message.subject)

            for subject in (">", "bavn.>", f"{inbox_of('region-b')}.>", subject_of("region-b"), "bavn.up.*"):
                await client.subscribe(subject, cb=keep)

        patient(lambda line=line, spy=spy: line.do(spy(), 10))
        stand.centre.say("region-b", RoundClosed(round_id="0" * 32))
        with made.link(b, where) as link:
            assert patient(lambda link=link: link.pull(0, 0))
        with pytest.raises(LinkDown):
            line.do(line.ask(subject_of("region-b"), asking.raw, 1.0), 10)
        assert heard == []
        line.close()


@pytest.mark.slow
def test_a_hub_that_makes_things_up_is_not_believed(stand, hubs, monkeypatch) -> None:
    """It plays a question again, asks in a node's name, changes an answer, or answers itself."""
    a = stand.enrol("region-a")
    made = hubs()
    standing = NodeIdentity(a, SystemDice(), stand.centre.clock)
    line = Line(made.urls("centre"), standing.tls, "region-a", inbox_of("region-a"))
    stand.centre.say("region-a", RoundClosed(round_id="0" * 32))

    def asked(raw):
        return line.do(line.ask(subject_of("region-a"), raw, 2.0), 10)

    first = standing.asking(parcel.Question(what="post", body=nats_link.frames.join([health(a, 1)])))
    answer = patient(lambda: asked(first.raw))
    assert first.open(answer).taken == (1,)
    assert first.open(asked(first.raw)).taken == (1,), "played again: taken once"
    assert len(stand.centre.inbox.take()) == 1
    pull = standing.asking(parcel.Question(what="pull", after=1))
    for raw in (pull.raw[:-1], pull.raw + b"x", pull.raw.replace(b"region-a", b"region-b"), b"", b"{}\n"):
        with pytest.raises(LinkDown):
            line.do(line.ask(subject_of("region-a"), raw, 0.4), 10)
    assert stand.centre.outbox.state().messages == 1, "nothing was acknowledged by what nobody signed"
    for forged in (answer, answer[:-1], b"", bytes(64)):
        assert pull.open(forged).rule == "bad_seal"
    assert b"RoundClosed" not in asked(pull.raw)
    line.close()
    with made.link(a, "centre") as link:
        monkeypatch.setattr(parcel.Asking, "open", lambda *_: parcel.Refused("bad_seal", "no"))
        with pytest.raises(LinkDown, match="not the centre's answer"):
            link.post([health(a, 2)])


def test_what_is_too_large_for_a_parcel_goes_up_in_pieces_and_down_over_https(stand, hubs, monkeypatch) -> None:
    safe = stand.enrol("region-a")
    made = hubs()
    with made.link(safe, "centre") as link:
        patient(lambda: link.pull(0, 0))
        one = len(health(safe, 1)) + 4
        monkeypatch.setattr(nats_link, "PARCEL_BYTES_MAX", 2 * one)
        assert link.post([health(safe, n) for n in (1, 2, 3)]) == [1, 2], "the rest when asked again"
        monkeypatch.setattr(nats_link, "PARCEL_BYTES_MAX", one - 1)
        monkeypatch.setattr("bavn.app.centre.fanout.PARCEL_BYTES_MAX", 10)
        monkeypatch.setattr(pieces, "PIECE_BYTES", one // 3)
        with monkeypatch.context() as none:
            none.setattr(link, "_large", None)
            assert link.post([health(safe, n) for n in (3, 4)]) == [3], "also where the hub is the only way"
        refused = Refused("pieces_full", "others send large messages now; try again later")
        with monkeypatch.context() as full:
            full.setattr(made.ear._pieces, "add", lambda *_: refused)
            with pytest.raises(LinkDown, match="429"):
                link.post([health(safe, 4)])
        stand.centre.say("region-a", RoundClosed(round_id="0" * 32))
        assert len(link.pull(0, 1)) == 1


@pytest.mark.slow
def test_hubs_killed_in_the_middle_lose_and_double_nothing(stand, hubs) -> None:
    """Two nodes, two hubs, kill -9 of both hubs and of the centre's own in turn, while both sides send."""
    made = hubs("north", "south")
    count, wrong = 300, []
    nodes = {name: stand.enrol(name) for name in ("region-a", "region-b")}
    for name in nodes:
        quota = Quota(messages_per_hour_max=10 * count, bytes_per_hour_max=10_000_000)
        stand.centre.registry.set_quota(name, "Health", quota)
    got = {name: [] for name in nodes}

    def up(name, link):
        waiting = list(range(1, count + 1))
        while waiting:
            some = waiting[:7]
            taken = patient(lambda some=some: link.post([health(nodes[name], n) for n in some]), 60)
            if not set(taken) <= set(some):
                wrong.append(taken)
            waiting = [n for n in waiting if n not in set(taken)]
            time.sleep(0.01)

    def down(name, link):
        while len(got[name]) < count:
            after = got[name][-1] if got[name] else 0
            got[name] += [seal.address(raw).seq for raw in patient(lambda after=after: link.pull(after, 2), 60)]

    def say():
        for n in range(count):
            for name in nodes:
                stand.centre.say(name, RoundClosed(round_id=f"{n:032x}"))
            time.sleep(0.015)

    with made.link(nodes["region-a"], "north", "south") as a, made.link(nodes["region-b"], "south", "north") as b:
        threads = [threading.Thread(target=say)]
        for name, link in (("region-a", a), ("region-b", b)):
            threads += [threading.Thread(target=act, args=(name, link)) for act in (up, down)]
        for thread in threads:
            thread.start()
        killed = []
        for pid in (made.servers["north"].pid, made.fanout.server_pid, made.servers["south"].pid):
            time.sleep(1.0)
            os.kill(pid, signal.SIGKILL)
            killed.append(pid)
        for thread in threads:
            thread.join(120)
            assert not thread.is_alive()
    assert wrong == []
    assert got == {name: list(range(1, count + 1)) for name in nodes}, "each once, in order"
    kept = []
    while taken := stand.centre.inbox.take():
        kept += [(one.heard.actor, one.number) for one in taken]
        for one in taken:
            stand.centre.inbox.done(one.number)
    assert len(kept) == 2 * count
    lines = [line for line in stand.centre.inbox.ledger.lines(limit=5000) if line.rule == ""]
    assert len(lines) == 2 * count
    assert {made.servers["north"].starts, made.servers["south"].starts} == {2}, "each was started again"
    assert made.fanout.server_pid not in killed


def test_certificates_that_ended_are_refused_here(stand, hubs) -> None:
    safe = stand.enrol("region-a")
    made = hubs()
    with made.link(safe, "centre") as link:
        patient(lambda: link.pull(0, 0))
        stand.centre.clock.days = 91
        with pytest.raises(LinkRefused, match="403"):
            link.post([health(safe, 1)])
        link._line.do(drop(link._line), 5)
        with pytest.raises((LinkRefused, LinkDown), match="ended"):
            link.pull(0, 0)


def test_a_port_that_is_taken_is_one_clear_error(stand, hubs) -> None:
    made = hubs("north")
    second = HubServer(made.servers["north"]._plan, stand.folder / "again")
    with pytest.raises(Stop, match="nats-server does not run"):
        second.start()


@pytest.mark.parametrize("url", ["nats://a:1", "tls://a", "tls://u@a:1", "tls://a:1/x", "a:1"])
def test_what_is_no_hub_is_refused(url) -> None:
    with pytest.raises(ValueError, match="tls://HOST:PORT"):
        hub_addresses([url])


@pytest.mark.parametrize(
    "given",
    [
        {"listen": "here"},
        {"listen": "a:99999"},
        {"hubs_listen": "a:1"},
        {"listen": "a:1", "hubs": ("No",)},
        {"listen": "a:1", "hubs": ("centre",)},
        {"listen": 'a"b:1'},
    ],
)
def test_a_fan_out_that_cannot_be_is_refused(given) -> None:
    with pytest.raises(SettingsError, match="fanout"):
        FanoutTable(**given)


def test_a_node_may_do_two_things() -> None:
    user = User.node("region-a")
    assert (user.publish, user.subscribe) == (("bavn.up.region-a",), ("bavn.in.region-a.>",))
