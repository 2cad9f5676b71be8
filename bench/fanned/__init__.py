"""A centre that has only a queue to its members, over HTTPS and over NATS with two hubs; and so many nodes that pull.

The nodes are one process of their own, a thread each. Members, certificates, outbox and both services are the
product's.
Refuses to measure.
"""

import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import create_engine

from bavn.app.centre.fanout import Ear, Fanout, Place, hub_plan
from bavn.app.centre.server import CentreServer, ServerSettings
from bavn.app.config.fanout import FanoutTable, HubFile, HubTable
from bavn.app.hub.server import HubServer
from bavn.app.process.real import SystemClock, SystemDice
from bavn.centre.members.authority import Authority, key_pem, new_key
from bavn.centre.members.enrolment import Application, Enrolment
from bavn.centre.members.registry import Registry
from bavn.model.ports import LinkDown
from bavn.model.sector.member import Peer, PeerRole
from bavn.wire import seal
from bavn.wire.book import Book
from bavn.wire.codec import Encoded
from bavn.wire.enrol import Certified, NodeKeys
from bavn.wire.links.https import HttpsLink, link_context
from bavn.wire.links.nats import NatsLink, NodeIdentity
from bavn.wire.outbox import Outbox
from bavn.wire.safe import Safe

MESSAGE_BYTES = 1500
"""About an indicator with its STIX object."""
WAIT_S = 20.0


class Queue:
    """What both services stand before."""

    def __init__(self, folder: Path, nodes: int) -> None:
        self.folder, self.clock, dice = folder, SystemClock(), SystemDice()
        self.engine = create_engine(f"sqlite:///{folder / 'members.db'}")
        self.registry = Registry(self.engine, self.clock)
        self.authority = Authority.make("bench", self.clock.now_us(), dice)
        self.key = Ed25519PrivateKey.from_private_bytes(dice.bytes(32))
        self.book = Book(folder / "down.db")
        self.outbox = Outbox(self.book, "centre", self.key, self.clock)
        self.names = [f"actor-{n}" for n in range(nodes)]
        enrolment = Enrolment(self.registry, self.authority, self.clock, dice)
        for name in self.names:
            self.registry.add(name, "other")
            keys = NodeKeys.make(name, dice)
            asked = keys.ask(enrolment.invite(name))
            admitted: Any = enrolment.enrol(
                Application(
                    actor=name, token=asked.token, csr=asked.csr, message_key=asked.message_key, proof=asked.proof
                )
            )
            safe = Safe(folder / name)
            safe.keep_keys(keys)
            safe.keep_certificate(
                Certified(certificate=admitted.certificate, centre_key=self.message_key(), x=admitted.x),
                self.authority.pem,
            )
        self._wake: Any = None

    def who(self, certificate_der: bytes) -> Any:
        return self.registry.who(certificate_der)

    def receive(self, actor: str, envelopes: Sequence[bytes]) -> list[int]:
        return [seal.address(raw).seq for raw in envelopes] if actor else []

    def pull(self, actor: str, after: int) -> list[bytes]:
        self.outbox.acknowledge_up_to(actor, after)
        return [one.raw for one in self.outbox.waiting(actor, after)]

    def on_queued(self, call: Any) -> None:
        self._wake = call

    def step(self) -> None:
        """Nothing to do."""

    def enrol(self, _: Any) -> Any:
        raise PermissionError("every node of this bench is a member already")

    renew = enrol

    def authority_pem(self) -> str:
        return self.authority.pem

    def message_key(self) -> str:
        return self.key.public_key().public_bytes_raw().hex()

    def say(self, count: int) -> float:
        """So many messages to everybody; the moment at which they may be asked for."""
        body = b'{"x":"' + b"a" * (MESSAGE_BYTES - 8) + b'"}'
        with self.book.transaction():
            for name in self.names:
                for _ in range(count):
                    self.outbox.put(name, Encoded("IndicatorReleased", body), "C")
        began = time.monotonic()
        for name in self.names:
            self._wake(name)
        return began


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


@contextmanager
def served(folder: Path, nodes: int) -> Iterator[tuple[Queue, str, list[str], list[int]]]:
    """The queue, its HTTPS address, its two hubs' addresses, and the processes of the three nats-servers."""
    with ExitStack() as undo:
        queue = Queue(folder, nodes)
        undo.callback(queue.book.close)
        undo.callback(queue.engine.dispose)
        key, now_us = new_key(SystemDice()), queue.clock.now_us()
        pem = queue.authority.certify_server(["127.0.0.1"], key.public_key(), now_us, SystemDice())
        (folder / "server.pem").write_bytes(pem.public_bytes(Encoding.PEM))
        (folder / "server.key").write_bytes(key_pem(key))
        (folder / "authority.pem").write_text(queue.authority.pem)
        server = CentreServer(
            queue,
            ServerSettings(
                authority_pem=queue.authority.pem,
                certificate=folder / "server.pem",
                key=folder / "server.key",
            ),
        )
        thread = threading.Thread(target=server.run)
        thread.start()
        undo.callback(thread.join)
        undo.callback(server.stop)
        ports = [free_port() for _ in range(4)]
        table = FanoutTable(
            listen=f"127.0.0.1:{ports[0]}",
            hubs_listen=f"127.0.0.1:{ports[1]}",
            hubs=("hub-0", "hub-1"),
            questions_max=4 * nodes + 64,
        )
        place = Place(
            folder=folder / "fanout",
            authority=folder / "authority.pem",
            certificate=folder / "server.pem",
            key=folder / "server.key",
        )
        ear = Ear(queue, queue.key, server.wakes, questions_max=table.questions_max)
        fanout = Fanout(table, place, queue.authority, ear, lambda: queue.names)
        fanout.start()
        undo.callback(fanout.close)
        pids = [fanout.server_pid or 0]
        for at in range(2):
            hub = _hub(folder, queue, at, ports[1], ports[2 + at])
            undo.callback(hub.stop)
            pids.append(hub.pid or 0)
        yield queue, f"https://127.0.0.1:{server.port}", [f"tls://127.0.0.1:{port}" for port in ports[2:]], pids


def _hub(folder: Path, queue: Queue, at: int, upward: int, port: int) -> HubServer:
    name, key = f"hub-{at}", new_key(SystemDice())
    safe, now_us = Safe(folder / name), queue.clock.now_us()
    safe.write("authority.pem", queue.authority.pem)
    safe.write("hub.key.pem", key_pem(key).decode())
    for file, made in (
        ("client.pem", queue.authority.certify(Peer(PeerRole.HUB, name), key.public_key(), now_us, SystemDice())),
        ("server.pem", queue.authority.certify_server(["127.0.0.1"], key.public_key(), now_us, SystemDice())),
    ):
        safe.write(file, made.public_bytes(Encoding.PEM).decode())
    given = HubTable(
        name=name, folder=name, listen=f"127.0.0.1:{port}", centre=f"127.0.0.1:{upward}", actors=tuple(queue.names)
    )
    hub = HubServer(hub_plan(HubFile(base=folder, hub=given)), folder / name / "run")
    hub.start()
    return hub


@contextmanager
def pulling(folder: Path, names: Sequence[str], url: str, hubs: Sequence[str], want: list[int]) -> Iterator[Any]:
    """A process of nodes that pull; it gives a queue of (what, moment): ready, then each of ``want`` when the last node
    has so many more."""
    context = get_context("spawn")
    told = context.Queue()
    process = context.Process(target=_nodes, args=(folder, list(names), url, list(hubs), want, told))
    process.start()
    try:
        yield told
    finally:
        process.join(60)
        process.kill()


def _nodes(folder: Path, names: list[str], url: str, hubs: list[str], want: list[int], told: Any) -> None:
    barrier = threading.Barrier(len(names) + 1)

    def node(at: int, name: str) -> None:
        safe, clock = Safe(folder / name), SystemClock()
        https = HttpsLink(url, link_context(safe, clock), clock=clock)
        turned = [*hubs[at % len(hubs) :], *hubs[: at % len(hubs)]] if hubs else []
        link = NatsLink(turned, NodeIdentity(safe, SystemDice(), clock), https) if hubs else https
        after = 0
        while True:
            try:
                link.pull(after, 0)
                break
            except LinkDown:
                time.sleep(0.2)
        barrier.wait()
        for count in want:
            until = after + count
            while after < until:
                try:
                    raws = link.pull(after, WAIT_S)
                except LinkDown:
                    continue
                after = seal.address(raws[-1]).seq if raws else after
            barrier.wait()
        link.close()

    threads = [threading.Thread(target=node, args=one) for one in enumerate(names)]
    for thread in threads:
        thread.start()
    barrier.wait()
    told.put(("ready", time.monotonic(), time.process_time()))
    for count in want:
        barrier.wait()
        told.put((count, time.monotonic(), time.process_time()))
    for thread in threads:
        thread.join()
