"""A whole sector in one process: the centre over a database in memory, and real doors opposite it."""

from contextlib import contextmanager
from functools import partial

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bavn.actor.door.door import Door
from bavn.actor.door.policy import DoorPolicy
from bavn.actor.door.terms import DoorOwner, Keys, NodeKnowledge
from bavn.centre.correlate.lists import NoLists
from bavn.centre.correlate.tier import Tier
from bavn.centre.members.authority import Authority
from bavn.centre.members.registry import Registry
from bavn.centre.node.build import CentreGround, open_centre
from bavn.centre.node.config import CentreConfig, CentreLimits
from bavn.model.intel.indicator import BlockOutcome
from bavn.model.moment import DAY_US, HOUR_US
from bavn.model.principal import account
from bavn.model.sector.case import CaseAct
from bavn.model.suspicion import Suspicion
from bavn.psi.identifier import LocalIdentifiers
from bavn.rehearsal.clock import SimClock
from bavn.traffic.dice import SeededDice
from bavn.wire.book import Book
from bavn.wire.ledger import Ledger
from bavn.wire.messages.catalogue import IndicatorReleased
from bavn.wire.partners.stix_indicator import first_made_us, indicator_of
from tests.builders import BAD, BAD_ADDRESS
from tests.builders import suspicion as plain_suspicion
from tests.centre.node.intel_world import World as IntelWorld

NOW_US = 20_000 * DAY_US + 9 * HOUR_US
STRONG = Tier(name="A", m=20, r=4, every_s=300, upload_s=60, wave_s=10, reveal_s=600)
WEAK = Tier(name="B", t=3, m=20, r=4, every_s=3600, upload_s=60, wave_s=10, reveal_s=600, sign_days=3)


def make_suspicion(**other) -> Suspicion:
    return plain_suspicion(**{"detector": "rarity"} | other)


class Node:
    """An actor: a real door, and a protection that says what it is told to say."""

    def __init__(self, name, at, clock, centre_key, suspicions):
        self.name, self.clock = name, clock
        self.key = Ed25519PrivateKey.from_private_bytes(bytes([at + 1]) * 32)
        self.book = Book()
        self.suspicions = list(suspicions)
        self.ordinary = []
        self.door = Door(
            owner=DoorOwner(
                name=name,
                homes=("10.0.0.0/8",),
                keys=Keys(own=self.key, centre=centre_key.public_key(), secret=bytes([at + 1]) * 32),
            ),
            ledger=Ledger(self.book),
            clock=clock,
            dice=SeededDice(at, name),
            policy=DoorPolicy(),
            identifiers=LocalIdentifiers(bytes(range(32))),
            knowledge=NodeKnowledge(
                suspicions=lambda: self.suspicions,
                holds=self._holds,
                outside=lambda most, _, left_out: [one for one in self.ordinary if not left_out(one)][:most],
            ),
        )
        self.told = []
        self.letters = 0
        self.enforces = True
        self.asleep = False

    def talk(self, centre):
        """Hear all that waits, answer, hand over; returns how much was said either way."""
        if self.asleep:
            return 0
        heard = centre.pull(self.name, self.door.heard)
        self.letters += len(heard)
        for raw in heard:
            self.door.take_in(raw, self._protect)
        self.door.join()
        queued = self.door.queued()
        self.door.acknowledged(centre.receive(self.name, queued))
        return len(heard) + len(queued)

    def _holds(self, observable):
        """What was released here, as a node's protection holds it."""
        bundles = [message.bundle for message in self.told if isinstance(message, IndicatorReleased)]
        made = [(indicator_of(bundle), first_made_us(bundle)) for bundle in bundles]
        return min(((at, it.valid_until_us) for it, at in made if it.observable == observable), default=None)

    def _protect(self, message, _):
        self.told.append(message)
        if isinstance(message, IndicatorReleased) and self.enforces:
            made = indicator_of(message.bundle)
            outcome = BlockOutcome(
                indicator_id=made.id, version=made.version, state="enforced", enforcers=("rpz",), rule=None
            )
            self.door.tell_outcome(outcome)


class Sector:
    """``names``: actor -> group. ``restart`` opens a new centre on the same database and book."""

    def __init__(self, names, engine, book, lists=None, config=None, start_us=NOW_US):
        self.clock = SimClock(start_us)
        self.centre_clock = self.clock
        self.engine, self.book = engine, book
        self.centre_key = Ed25519PrivateKey.from_private_bytes(b"c" * 32)
        self.authority = Authority.make("test", start_us, SeededDice(5, "authority"))
        self.lists = lists or NoLists()
        self.config = config or CentreConfig(limits=CentreLimits(rank_every_s=1.0), tiers=(WEAK,))
        self.registry = Registry(engine, self.clock)
        self.dice = SeededDice(9, "centre")
        self.log = None
        self.nodes = {}
        for at, (name, group) in enumerate(sorted(names.items())):
            self.join(name, group, at)
        self.restart()

    def join(self, name, group, at):
        self.registry.add(name, "region", group)
        node = Node(name, at, self.clock, self.centre_key, ())
        with self.engine.begin() as tx:
            self.registry.activate(tx, name, node.key.public_key().public_bytes_raw().hex())
        self.nodes[name] = node

    def decide(self, *acts):
        """Act on the one case that there is, its release by a second person; the case as it was."""
        (case,) = self.desk.cases.every()
        for act in acts:
            self.desk.cases.act(case.id, act, account("bo" if act is CaseAct.RELEASE else "anne"), "because")
        return case

    def restart(self):
        self.centre = open_centre(
            self.config,
            ground=CentreGround(
                engine=self.engine, book=self.book, key=self.centre_key, authority=self.authority, log=self.log
            ),
            clock=self.centre_clock,
            dice=self.dice,
            lists=self.lists,
            registry=self.registry,
        )

    def reopen(self, folder):
        """What a new process finds: files, and nothing else."""
        self.engine.dispose()
        self.book.close()
        self.engine, self.book = self.databases.at(folder), Book(folder / "book.db")
        self.registry = Registry(self.engine, self.centre_clock)
        self.restart()

    @property
    def desk(self):
        return self.centre.desk

    def run(self, turns=40, *, restart_each=False):
        """Step and let all nodes talk until nobody has anything to say."""
        for _ in range(turns):
            self.centre.step()
            if restart_each:
                self.restart()
            if not sum(node.talk(self.centre) for node in self.nodes.values()):
                self.centre.step()
                return

    def wait(self, seconds):
        self.clock.advance(round(seconds * 1_000_000))
        self.run()

    def close(self):
        for node in self.nodes.values():
            node.book.close()
        self.book.close()
        self.engine.dispose()


@contextmanager
def sector_in(databases, folder, names):
    """A sector whose centre keeps everything where another process finds it."""
    made = Sector(names, databases.at(folder), Book(folder / "book.db"))
    made.databases = databases
    try:
        yield made
    finally:
        made.close()
        databases.free(made.engine)


@pytest.fixture(scope="session")
def sector_on_disk(databases):
    return partial(sector_in, databases)


@pytest.fixture
def make_sector(databases):
    """Sectors that are closed again after the test."""
    made = []

    def make(names, lists=None, config=None):
        made.append(Sector(names, databases.new(), Book(), lists, config))
        return made[-1]

    yield make
    for sector in made:
        sector.close()


@pytest.fixture(scope="session")
def both_tiers():
    return CentreConfig(limits=CentreLimits(rank_every_s=1.0), tiers=(STRONG, WEAK))


@pytest.fixture(scope="session")
def strong_tier():
    return CentreConfig(limits=CentreLimits(rank_every_s=1.0), tiers=(STRONG,))


@pytest.fixture(scope="session")
def suspicion():
    return make_suspicion


@pytest.fixture(scope="session")
def bad():
    return BAD, BAD_ADDRESS


@pytest.fixture
def make_world(databases):
    """A centre with sources outside the sector; closed at the end."""
    made = []

    def make(**settings):
        made.append(IntelWorld(databases.new(), **settings))
        return made[-1]

    yield make
    for one in made:
        one.close()
        databases.free(one.engine)


@pytest.fixture
def world(make_world):
    return make_world()
