"""A door with a centre of the test's own opposite: it seals as the real one does and uses the real join."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bavn.actor.door.door import CENTRE, Door
from bavn.actor.door.policy import DoorPolicy
from bavn.actor.door.terms import DoorOwner, DoorTerms, Keys, NodeKnowledge, no_noise
from bavn.actor.door.verdicts import VerdictBook
from bavn.model.forms import forms
from bavn.model.moment import DAY_US, HOUR_US, MINUTE_US
from bavn.model.observable import Observable
from bavn.psi.identifier import LocalIdentifiers
from bavn.psi.planes import planes_from_bytes
from bavn.psi.reconstruct import reconstruct
from bavn.rehearsal.clock import SimClock
from bavn.traffic.dice import SeededDice
from bavn.wire import seal
from bavn.wire.book import Book
from bavn.wire.codec import UP_KINDS
from bavn.wire.ledger import Ledger
from bavn.wire.messages import catalogue as messages
from tests.builders import suspicion

NOW_US = 20_000 * DAY_US + 9 * HOUR_US
HOMES = ("10.0.0.0/8",)
GROUP_KEY = bytes(range(32))
OPEN: list[Book] = []


@pytest.fixture(autouse=True)
def _books_closed():
    yield
    while OPEN:
        OPEN.pop().close()


class Actor:
    """One door and what it has said."""

    def __init__(
        self,
        name: str,
        centre_key: Ed25519PrivateKey,
        *,
        policy=None,
        seed=1,
        suspicions=(),
        now_us=NOW_US,
        identifiers=None,
        noise=no_noise,
        file=None,
    ) -> None:
        self.name = name
        self.clock = SimClock(now_us)
        self.book = Book(file)
        OPEN.append(self.book)
        self.ledger = Ledger(self.book)
        self.suspicions = list(suspicions)
        self.verdicts = VerdictBook(self.book)
        self.key = Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32)
        self.door = Door(
            owner=DoorOwner(
                name=name,
                homes=HOMES,
                keys=Keys(own=self.key, centre=centre_key.public_key(), secret=bytes([seed]) * 32),
            ),
            ledger=self.ledger,
            clock=self.clock,
            dice=SeededDice(seed, name),
            policy=policy or DoorPolicy(),
            identifiers=identifiers or LocalIdentifiers(GROUP_KEY),
            knowledge=NodeKnowledge(
                suspicions=lambda: self.suspicions,
                verdicts=lambda: self.verdicts.holding(self.clock.now_us()),
            ),
            terms=DoorTerms(noise=noise),
        )
        self.given: list[messages.IndicatorReleased | messages.IndicatorWithdrawn] = []
        self._seen = 0
        self.ever: list[messages.Message] = []

    def judge(self, judgement, scope="story", *, on=None, days=7):
        """A verdict on the first suspicion, or on another."""
        now_us = self.clock.now_us()
        return self.verdicts.give(
            on or self.suspicions[0], judgement, scope, until_us=now_us + days * DAY_US, now_us=now_us, by="anna"
        )

    def take_in(self, raw: bytes):
        outcome = self.door.take_in(raw, lambda message, _: self.given.append(message))
        self.door.join()
        return outcome

    def sealed(self) -> list[bytes]:
        return self.door.queued()

    def said(self) -> list[messages.Message]:
        """Messages that are new since the last call."""
        waiting = self.door.outbox.waiting(CENTRE, self._seen)
        self._seen = max([w.seq for w in waiting], default=self._seen)
        opened = [seal.open({self.name: self.key.public_key()}, CENTRE, w.raw, UP_KINDS) for w in waiting]
        assert all(isinstance(o, seal.Opened) for o in opened)
        self.ever += [o.message for o in opened]
        return [o.message for o in opened]


class TestCentre:
    """Opens rounds, reconstructs, asks: honest unless a test makes it lie."""

    __test__ = False

    def __init__(self) -> None:
        self.key = Ed25519PrivateKey.from_private_bytes(b"c" * 32)
        self._seq: dict[str, int] = {}

    def to(self, actor: Actor, message: messages.Message):
        seq = self._seq.get(actor.name, 0) + 1
        self._seq[actor.name] = seq
        return actor.take_in(seal.seal(self.key, CENTRE, actor.name, seq, message))

    def opening(self, actors, **other) -> messages.RoundOpened:
        plain = {
            "round_id": "ab" * 16,
            "version": 1,
            "epoch": NOW_US // DAY_US,
            "registry_version": 1,
            "tier": "B",
            "t": 3,
            "m": 50,
            "r": 10,
            "forms": forms(),
            "deadline_us": NOW_US + 10 * MINUTE_US,
            "members": tuple(messages.Member(actor=a.name, x=i + 1) for i, a in enumerate(actors)),
        }
        return messages.RoundOpened(**plain | other)

    def round(self, actors, **other):
        """A whole honest round; the reports and declines that came, by actor."""
        from bavn.actor.door.rounds.rules import params_of

        opening = self.opening(actors, **other)
        for actor in actors:
            assert self.to(actor, opening) is None
        params = params_of(opening)
        planes = {}
        for x, actor in enumerate(actors, 1):
            (upload,) = [m for m in actor.said() if isinstance(m, messages.ShareUpload)]
            planes[x] = planes_from_bytes(params, upload.planes)
        hits = reconstruct(params, planes)
        cells = []
        for holders in sorted({hit.holders for hit in hits}):
            tables = [hit.cell.table for hit in hits if hit.holders == holders]
            fullest = max(sorted(set(tables)), key=tables.count)
            cells += [hit for hit in hits if hit.holders == holders and hit.cell.table == fullest]
        return opening, cells, self.reveal(actors, opening, cells)

    def reveal(self, actors, opening, hits):
        tags: dict[tuple[int, int, int], str] = {}
        for x, actor in enumerate(actors, 1):
            mine = tuple(messages.AskedCell(table=h.cell.table, bin=h.cell.bin) for h in hits if x in h.holders)
            if mine:
                self.to(actor, messages.ReceiptsAsked(round_id=opening.round_id, cells=mine))
                (receipts,) = [m for m in actor.said() if isinstance(m, messages.Receipts)]
                tags.update({(x, t.table, t.bin): t.tag for t in receipts.tags})
        answers = {}
        for x, actor in enumerate(actors, 1):
            items = tuple(
                messages.Reveal(
                    table=h.cell.table,
                    bin=h.cell.bin,
                    others=tuple(tags[o, h.cell.table, h.cell.bin] for o in h.holders if o != x),
                )
                for h in hits
                if x in h.holders
            )
            if items:
                self.to(actor, messages.RevealAsked(round_id=opening.round_id, items=items))
                answers[actor.name] = actor.said()
        return answers


@pytest.fixture
def centre() -> TestCentre:
    return TestCentre()


@pytest.fixture
def actors(centre) -> list[Actor]:
    """Three actors that share one bad peer, each with something of its own."""
    names = ("north", "south", "west")
    return [
        Actor(
            name,
            centre.key,
            seed=i + 1,
            suspicions=[
                suspicion(),
                suspicion(
                    id=f"{i}" * 32,
                    peer=f"only-{name}.net",
                    observables=(Observable.of("domain", f"only-{name}.net"),),
                    p=0.01,
                ),
            ],
        )
        for i, name in enumerate(names)
    ]
