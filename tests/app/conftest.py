"""A centre behind real TLS on loopback, with real members and a real inbox; what it would say is put in by the test."""

import signal
import threading
import time
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import create_engine, inspect

from bavn.app.centre.server import CentreBroken, CentreServer, ServerSettings
from bavn.app.net.member_service import ServiceLimits
from bavn.centre.inbox.inbox import Inbox
from bavn.centre.members.authority import Authority, key_pem, new_key
from bavn.centre.members.enrolment import Enrolment
from bavn.centre.members.registry import Registry
from bavn.model.moment import DAY_US
from bavn.traffic.dice import SeededDice
from bavn.wire.book import Book
from bavn.wire.codec import encode
from bavn.wire.links.enrolment import enrol
from bavn.wire.links.https import HttpsLink, LinkLimits, context
from bavn.wire.outbox import Outbox
from bavn.wire.safe import Safe

QUICK = LinkLimits(request_s=5.0, pull_s=5.0, connect_s=5.0)


@pytest.fixture(scope="session", autouse=True)
def tables_made_once():
    """The way of the revisions from an empty SQLite database takes a third of a second, and hundreds of tests begin so.
    Each process goes it once, and writes what came of it into the next; tests/centre/store goes it every time."""
    from bavn.centre.store import schema

    whole, made = schema._alembic, {}

    def upgraded(verb, connection, *words, **more):
        empty = connection.dialect.name == "sqlite" and not inspect(connection).get_table_names()
        if (verb, words) != ("upgrade", ("head",)) or not empty:
            return whole(verb, connection, *words, **more)
        if schema.MIGRATIONS in made:
            for statement in made[schema.MIGRATIONS]:
                connection.exec_driver_sql(statement)
            return None
        done = whole(verb, connection, *words, **more)
        rows = connection.exec_driver_sql(
            "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY rowid"
        ).all()
        told = [sql for name, sql in rows if not name.startswith("sqlite_")]
        tables = [name for name in inspect(connection).get_table_names() if name != schema.MARK]
        assert not any(connection.exec_driver_sql(f'SELECT 1 FROM "{name}"').first() for name in tables)
        made[schema.MIGRATIONS] = [*told, f"INSERT INTO {schema.MARK} VALUES ('{schema.head()}')"]
        return done

    schema._alembic = upgraded
    yield
    schema._alembic = whole


class RealClock:
    """The machine's time, moved by as many days as a test likes."""

    days = 0

    def now_us(self):
        return time.time_ns() // 1000 + self.days * DAY_US


class NoRounds:
    def open_round(self, round_id):
        return None


class StandInCentre:
    """Members and inbox as they are, a down queue, and a step that the test may give."""

    def __init__(self, folder):
        self.clock = RealClock()
        self.engine = create_engine(f"sqlite:///{folder / 'members.db'}")
        self.registry = Registry(self.engine, self.clock)
        self.authority = Authority.make("test", self.clock.now_us() - 200 * DAY_US, SeededDice(1, "ca"))
        self.enrolment = Enrolment(self.registry, self.authority, self.clock, SeededDice(1, "enrolment"))
        self.key = Ed25519PrivateKey.from_private_bytes(SeededDice(1, "centre").bytes(32))
        self.inbox_book, self.down_book = Book(folder / "inbox.db"), Book(folder / "down.db")
        self.inbox = Inbox(self.inbox_book, self.registry, NoRounds(), self.clock)
        self.calls = []
        self.outbox = Outbox(
            self.down_book, "centre", self.key, self.clock, on_put=lambda actor: [call(actor) for call in self.calls]
        )
        self.steps = 0
        self.asked = []
        self.stepping = lambda: None
        for name in ("region-a", "region-b"):
            self.registry.add(name, "region")

    def who(self, certificate_der):
        self.asked.append(certificate_der)
        return self.registry.who(certificate_der)

    def receive(self, actor, envelopes):
        return self.inbox.receive(actor, envelopes)

    def pull(self, actor, after):
        self.outbox.acknowledge_up_to(actor, after)
        return [one.raw for one in self.outbox.waiting(actor, after)]

    def enrol(self, asked):
        return self.enrolment.enrol(asked)

    def renew(self, actor, csr):
        return self.enrolment.renew(actor, csr)

    def authority_pem(self):
        return self.authority.pem

    def message_key(self):
        return self.key.public_key().public_bytes_raw().hex()

    def on_queued(self, call):
        self.calls.append(call)

    def step(self):
        self.steps += 1
        self.stepping()

    def say(self, actor, message):
        self.outbox.put(actor, encode(message), "C")

    def close(self):
        self.inbox_book.close()
        self.down_book.close()
        self.engine.dispose()


class Stand:
    """A running server, its centre, and nodes that enrol."""

    def __init__(self, centre, server, folder):
        self.centre = centre
        self.server = server
        self.folder = folder
        self.url = f"https://127.0.0.1:{server.port}"
        self.ended = threading.Event()
        self.broken = None

    def run(self):
        try:
            self.server.run()
        except CentreBroken as error:
            self.broken = error
        self.ended.set()

    def enrol(self, actor, seed=1):
        safe = Safe(self.folder / f"{actor}-{seed}")
        token = self.centre.enrolment.invite(actor)
        enrol(self.url, self.centre.authority.fingerprint, actor, token, safe, SeededDice(seed, actor), QUICK)
        return safe

    @contextmanager
    def link(self, safe, limits=QUICK):
        tls = context(safe.authority.read_text(), safe.certificate, safe.tls_key)
        link = HttpsLink(self.url, tls, limits)
        try:
            yield link
        finally:
            link.close()


def settings_for(centre, folder, step_every_s=0.2, **limits) -> ServerSettings:
    key = new_key(SeededDice(1, "server"))
    now_us = centre.clock.now_us() - DAY_US
    certificate = centre.authority.certify_server(
        ["127.0.0.1", "localhost"], key.public_key(), now_us, SeededDice(1, "s")
    )
    Path(folder / "server.key").write_bytes(key_pem(key))
    from cryptography.hazmat.primitives.serialization import Encoding

    Path(folder / "server.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    return ServerSettings(
        authority_pem=centre.authority.pem,
        certificate=folder / "server.pem",
        key=folder / "server.key",
        step_every_s=step_every_s,
        limits=ServiceLimits(**limits),
    )


@pytest.fixture
def stand_up(tmp_path):
    """Starts a stand with the given service limits; ends it after the test."""
    running = []

    def started(connections=16, **limits):
        centre = StandInCentre(tmp_path)
        settings = replace(settings_for(centre, tmp_path, **limits), connections_each_max=connections)
        server = CentreServer(centre, settings)
        stand = Stand(centre, server, tmp_path)
        thread = threading.Thread(target=stand.run)
        thread.start()
        running.append((centre, server, thread))
        return stand

    yield started
    for centre, server, thread in running:
        server.stop()
        thread.join(20)
        assert not thread.is_alive(), "the server did not end"
        centre.close()


@pytest.fixture
def stand(stand_up):
    return stand_up()


@pytest.fixture
def interruptible():
    """What was started in the background ignores Ctrl-C, and so would its tests."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
