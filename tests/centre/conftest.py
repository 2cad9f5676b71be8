"""Databases of both kinds; and actors that are not there: each answers the centre's askings as a node's door would, or
lies as it is told to."""

import functools
import hashlib
import weakref
from dataclasses import dataclass, field, replace

import pytest

from bavn.centre.books.codec import read_sign, read_statement
from bavn.centre.books.rounds import SqlRoundBook
from bavn.centre.books.schema import METADATA as EVERY_TABLE
from bavn.centre.books.tables import METADATA, OUTGOING, SIGNS, make_missing
from bavn.centre.correlate.join import Join, Membership
from bavn.centre.correlate.tier import Tier
from bavn.centre.store import schema
from bavn.centre.store.engine import open_engine
from bavn.model.moment import HOUR_US
from bavn.model.observable import Observable
from bavn.model.received import Decline, Revealed, TagAt, Tags, Upload
from bavn.model.sector.lead import Sign
from bavn.model.statement import Closing, Opening, TagsWanted
from bavn.psi import receipt
from bavn.psi.identifier import LocalIdentifiers
from bavn.psi.round import Cell, RoundParams
from bavn.psi.share import generate
from bavn.traffic.dice import SeededDice
from tests.centre.on_postgresql import RUN_ON_POSTGRESQL

FORMS = "1-" + "0" * 16
START_US = 1_700_000_000 * 1_000_000 // (300 * 1_000_000) * (300 * 1_000_000)


@dataclass
class FakeActor:
    """``elements``: what it holds, with what it would say of each. ``manner``: honest, silent (uploads, then nothing),
    absent, wrong_tags, wrong_value, declines, late, twice."""

    name: str
    x: int
    elements: dict
    manner: str = "honest"
    group: str = ""
    key_check: str = ""
    rounds: dict = field(default_factory=dict)
    named: list = field(default_factory=list)

    @property
    def own_key(self):
        return hashlib.blake2b(self.name.encode(), digest_size=32).digest()

    def answer(self, said, now_us, dice):
        """What it sends back, as the inbox would understand it."""
        if isinstance(said, Opening):
            return self._upload(said, now_us, dice)
        if isinstance(said, Closing):
            self.rounds.pop(said.round_id, None)
            return []
        if self.manner == "silent" or said.round_id not in self.rounds:
            return []
        if isinstance(said, TagsWanted):
            return [self._tags(said, now_us)]
        return [self._named(said, item, now_us) for item in said.items]

    def _upload(self, said, now_us, dice):
        if self.manner == "absent":
            return []
        params = RoundParams(
            version=said.version,
            epoch=said.epoch,
            round_id=bytes.fromhex(said.round_id),
            registry_version=said.registry_version,
            tier=said.tier,
            t=said.t,
            m=said.m,
            r=said.r,
            forms=said.forms,
        )
        identifier = LocalIdentifiers(b"k" * 32).of(said.epoch, said.tier)
        held = sorted(self.elements)
        ids = identifier.ids(held)
        share = generate(params, identifier.round_key(params), [(one, 1.0) for one in ids], self.x, dice)
        self.rounds[said.round_id] = (params, identifier.round_key(params), held, ids, share.slots, dict(said.members))
        received = said.deadline_us + 1 if self.manner == "late" else now_us
        made = Upload(
            item_id=f"{self.name}-{said.round_id}",
            actor=self.name,
            round_id=said.round_id,
            registry_version=said.registry_version,
            key_check=self.key_check or "0" * 32,
            planes=share.to_bytes(),
            received_us=received,
        )
        again = replace(made, item_id=made.item_id + "-again", planes=bytes(len(made.planes)))
        return [made, again] if self.manner == "twice" else [made]

    def _tags(self, said, now_us):
        _, kr, _, ids, slots, _ = self.rounds[said.round_id]
        tags = []
        for table, bin_ in said.cells:
            cell = Cell(table, bin_)
            slot = slots.find(cell)
            lies = slot is None or self.manner == "wrong_tags"
            made = (
                receipt.dummy_tag(self.own_key, kr, cell)
                if lies
                else receipt.tag(kr, ids[slot.element], self.own_key, cell)
            )
            tags.append(TagAt(table, bin_, made))
        item = f"{self.name}-{said.round_id}-tags-{said.cells[0]}"
        return Tags(item_id=item, actor=self.name, round_id=said.round_id, tags=tuple(tags), received_us=now_us)

    def _named(self, said, item, now_us):
        params, kr, held, ids, slots, members = self.rounds[said.round_id]
        cell = Cell(item.table, item.bin)
        slot = slots.find(cell)
        element_id = None if slot is None else ids[slot.element]
        right = receipt.check(kr, element_id, cell, item.others, self.own_key, len(members), params.t)
        where = f"{self.name}-{said.round_id}-{item.table}-{item.bin}"
        if not right or self.manner == "declines":
            return Decline(
                item_id=where + "-no",
                actor=self.name,
                round_id=said.round_id,
                table=item.table,
                bin=item.bin,
                received_us=now_us,
            )
        observable = held[slot.element]
        self.named.append((said.round_id, cell, observable))
        says = self.elements[observable] or {}
        if self.manner == "wrong_value":
            observable = Observable.of("domain", f"innocent-{self.name}.example.org")
        report_id = f"{said.round_id}-{item.table}-{item.bin}-{observable}"
        sign = make_sign(
            report_id=report_id,
            actor=self.name,
            group=self.group or self.name,
            tier=params.tier,
            round_id=said.round_id,
            observable=observable,
            received_us=now_us,
            **says,
        )
        return Revealed(sign=sign, table=item.table, bin=item.bin)


def make_sign(**given):
    """A sign with plain values where none are given."""
    received_us = given.get("received_us", START_US)
    plain = {
        "report_id": "r",
        "actor": "north",
        "group": given.get("actor", "north"),
        "tier": "A",
        "round_id": "0" * 32,
        "observable": Observable.of("domain", "evil.example.com"),
        "detector": "beacon",
        "technique": "T1071.001",
        "p_bucket": 8,
        "hosts_bucket": 0,
        "first_hour": received_us // HOUR_US - 1,
        "last_hour": received_us // HOUR_US,
        "period_bucket": None,
        "regularity_bucket": None,
        "walk_half_nats": None,
        "received_us": received_us,
    }
    return Sign(**plain | given)


class FakeSector:
    """Actors and a join over a database in memory; ``restart`` forgets all that is not in the database."""

    def __init__(self, actors, tiers=None, seed=1, *, engine=None):
        self.actors = {actor.name: actor for actor in actors}
        self.tiers = tiers or (Tier(name="A", m=20, r=4, every_s=300, upload_s=60, wave_s=10, reveal_s=600),)
        self.engine = engine or open_engine("sqlite://")
        weakref.finalize(self, self.engine.dispose)
        make_missing(self.engine, METADATA)
        self.dice = SeededDice(seed, "centre")
        self.actor_dice = SeededDice(seed, "actors")
        self.now_us = START_US
        self.refused = []
        self.said = []
        self.membership = Membership(1, tuple((actor.name, actor.x) for actor in actors))
        self.restart()

    def restart(self):
        self.join = Join(SqlRoundBook(self.engine), self.dice, self.tiers, named_forms=FORMS)

    def outgoing(self):
        """Messages that no one has been given yet, each once."""
        with self.engine.begin() as connection:
            rows = connection.execute(OUTGOING.select().where(OUTGOING.c.done.is_(False)).order_by("number")).all()
            connection.execute(OUTGOING.update().values(done=True))
        said = [read_statement(row.said) for row in rows]
        self.said += said
        return said

    def take_in(self, heard):
        refused = self.join.take_in(heard)
        if refused is not None:
            self.refused.append((heard, refused))
        return refused

    def step(self, by_s=0):
        self.now_us += round(by_s * 1_000_000)
        self.join.step(self.now_us, self.membership)

    def talk(self, turns=40):
        """Let everybody talk until nobody has anything to say."""
        self.step()
        for _ in range(turns):
            said = self.outgoing()
            for one in said:
                for heard in self.actors[one.to].answer(one, self.now_us, self.actor_dice):
                    self.take_in(heard)
            self.step()
            if not said:
                return

    def signs(self):
        with self.engine.connect() as connection:
            return sorted(
                (read_sign(body) for body in connection.scalars(SIGNS.select().with_only_columns(SIGNS.c.body))),
                key=lambda sign: (sign.observable, sign.actor, sign.report_id),
            )

    def revealed(self):
        """observable -> actors whose reports count."""
        found = {}
        for sign in self.signs():
            found.setdefault(sign.observable, set()).add(sign.actor)
        return found


@pytest.fixture(scope="session")
def fake_actor():
    return FakeActor


@pytest.fixture(scope="session")
def fake_sector(databases):
    def made(*given, **named):
        return FakeSector(*given, engine=databases.new(), **named)

    return functools.wraps(FakeSector, updated=())(made)


class SqliteDatabases:
    """In memory, or in files where more than one must see it."""

    name = "sqlite"

    def new(self):
        """An engine on a database of its own: all tables of the centre, no rows."""
        engine = open_engine("sqlite://")
        connection = engine.raw_connection()
        connection.driver_connection.deserialize(self._template)
        connection.close()
        return engine

    @functools.cached_property
    def _template(self):
        """A database with all tables, to copy: to make them takes half of what a sector takes."""
        engine = open_engine("sqlite://")
        for tables in EVERY_TABLE:
            tables.create_all(engine)
        connection = engine.raw_connection()
        made = connection.driver_connection.serialize()
        connection.close()
        engine.dispose()
        return made

    def lasting(self):
        """As ``new``, for all tests of a file."""
        return self.new()

    def at(self, folder):
        """An engine on this folder's database: the same one each time."""
        return open_engine(self.url(folder))

    def url(self, folder):
        return f"sqlite:///{folder / 'centre.db'}"

    def free(self, engine):
        engine.dispose()

    def free_all(self):
        pass


EMPTIED = """
DO $$ DECLARE name text; BEGIN
  SET LOCAL session_replication_role = replica;
  FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version' LOOP
    EXECUTE 'DELETE FROM ' || quote_ident(name);
  END LOOP;
END $$"""


class PostgresDatabases:
    """Databases of a cluster, each with the tables that the revisions lead to; emptied and used again."""

    name = "postgresql"

    def __init__(self, cluster):
        self.cluster = cluster
        self.spare, self.taken, self.of_folder = [], [], {}

    def new(self):
        return open_engine(self.cluster.url(self._take()), connections_max=4)

    def lasting(self):
        """As ``new``, but no test's end frees it."""
        engine = self.new()
        self.taken.remove(engine.url.database)
        return engine

    def at(self, folder):
        return open_engine(self.url(folder), connections_max=4)

    def url(self, folder):
        if folder not in self.of_folder:
            self.of_folder[folder] = self._take()
        return self.cluster.url(self.of_folder[folder])

    def free(self, engine):
        """It is used no more."""
        engine.dispose()
        name = engine.url.database
        if name in self.taken:
            self.taken.remove(name)
            self.spare.append(name)

    def free_all(self):
        self.spare += self.taken
        self.taken.clear()
        self.of_folder.clear()

    def _take(self):
        if self.spare:
            name = self.spare.pop()
            self._empty(name)
        else:
            name = self.cluster.make(self._template)
        self.taken.append(name)
        return name

    @functools.cached_property
    def _template(self):
        """A database that went through all revisions: to copy it takes a tenth of that."""
        name = self.cluster.make()
        engine = open_engine(self.cluster.url(name))
        schema.upgrade(engine)
        engine.dispose()
        return name

    def _empty(self, name):
        """Sessions of the test before are ended; rows go, tables stay. In one trip: there are a hundred tables."""
        self.cluster.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
        self.cluster.execute(EMPTIED, name)


@pytest.fixture(
    scope="session",
    params=["sqlite", pytest.param("postgresql", marks=[pytest.mark.postgresql, pytest.mark.slow])],
)
def databases(request):
    """Both kinds of database: what uses this runs on each."""
    if request.param == "sqlite":
        return SqliteDatabases()
    return PostgresDatabases(request.getfixturevalue("postgres"))


def pytest_collection_modifyitems(items):
    """Each test runs on PostgreSQL, one that has parameters with one of them: what those are about is the same on
    either database, and script/test --world tries them all. Where a parameter is about the database:
    ``each_on_postgresql``. Of those of a whole sector, few that put every statement (on_postgresql.py)."""
    tried = set()
    for item in items:
        if not hasattr(item, "callspec") or item.callspec.params.get("databases") != "postgresql":
            continue
        test = item.nodeid.partition("[")[0]
        file, _, name = test.rpartition("::")
        left = name not in RUN_ON_POSTGRESQL.get(file.removeprefix("tests/centre/node/"), {name})
        if (test in tried or left) and item.get_closest_marker("each_on_postgresql") is None:
            item.add_marker(pytest.mark.world)
        tried.add(test)


@pytest.fixture(autouse=True)
def _databases_again(request):
    """What a test has used is free for the next."""
    yield
    if "databases" in request.fixturenames:
        request.getfixturevalue("databases").free_all()


@pytest.fixture(scope="session")
def sign():
    return make_sign


@pytest.fixture
def engine(databases):
    """A database of one test's own."""
    made = databases.new()
    yield made
    made.dispose()
