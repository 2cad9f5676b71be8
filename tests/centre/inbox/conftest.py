"""An inbox with two actors and one open round, and envelopes as their nodes would seal them."""

from dataclasses import dataclass, field

import pytest

from bavn.centre.inbox.asks import OpenRound
from bavn.centre.inbox.inbox import Inbox
from bavn.model.moment import HOUR_US, hour_of
from bavn.model.sector.member import Actor, ActorState, Quota
from bavn.psi.round import RoundParams
from bavn.rehearsal.clock import SimClock
from bavn.traffic.dice import SeededDice
from bavn.wire import seal
from bavn.wire.book import Book
from bavn.wire.enrol import NodeKeys
from bavn.wire.messages import catalogue as messages

START_US = 1_795_000_000_000_000
ROUND = "0a" * 16
PARAMS = RoundParams(version=1, epoch=20775, round_id=bytes.fromhex(ROUND), registry_version=7, tier="A", t=2, m=4, r=2)


@dataclass
class World:
    """Roster and Rounds in one, as the inbox is told of them."""

    keys: dict = field(default_factory=dict)
    quota_of: dict = field(default_factory=dict)
    rounds: dict = field(default_factory=dict)
    questions: dict = field(default_factory=dict)

    def actor(self, name):
        if name not in self.keys:
            return None
        return Actor(name=name, kind="region", group="vendor-x", x=1, state=ActorState.ACTIVE)

    def key(self, name):
        return self.keys[name].public_key() if name in self.keys else None

    def quota(self, name, kind):
        return self.quota_of.get(kind, Quota(messages_per_hour_max=1000, bytes_per_hour_max=10_000_000))

    def asked(self, question_id, actor, now_us):
        found = self.questions.get(question_id)
        return found if found is not None and actor in found.to and found.open_at(now_us) else None

    def open_round(self, round_id):
        return self.rounds.get(round_id)


@pytest.fixture
def clock():
    return SimClock(START_US)


@pytest.fixture(scope="session")
def make_world():
    return _world


@pytest.fixture
def world():
    return _world()


def _world():
    keys = {name: NodeKeys.make(name, SeededDice(1, name)).message for name in ("region-a", "region-b")}
    opened = OpenRound(params=PARAMS, uploads_until_us=START_US + HOUR_US, actors=frozenset({"region-a", "region-b"}))
    return World(keys=keys, rounds={ROUND: opened})


@pytest.fixture
def book():
    with Book() as made:
        yield made


@pytest.fixture
def inbox(book, world, clock):
    return Inbox(book, world, world, clock, questions=world)


@pytest.fixture
def sealed(world):
    """Seals a message as an actor's node does."""

    def made(message, seq=1, sender="region-a", recipient="centre", key=None):
        return seal.seal(key or world.keys[sender], sender, recipient, seq, message)

    return made


@pytest.fixture(scope="session")
def report():
    """A report that is right in all; ``change`` makes it wrong."""

    def made(**change):
        hour = hour_of(START_US)
        right = {
            "round_id": ROUND,
            "table": 1,
            "bin": 7,
            "type": "domain",
            "value": "evil-beacon.com",
            "detector": "beacon",
            "technique": "T1071.001",
            "p_bucket": 9,
            "hosts_bucket": 1,
            "first_hour": hour - 30,
            "last_hour": hour,
            "period_bucket": 2,
            "regularity_bucket": 1,
            "walk_half_nats": None,
        }
        return messages.Report(**(right | change))

    return made
