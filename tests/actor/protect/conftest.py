"""A small actor for the tests: a clock to turn, a centre that writes bundles, enforcers that remember, a history."""

import hashlib
import uuid
from dataclasses import dataclass, field

import pytest

from bavn.actor.protect.carriers import Enforcers
from bavn.actor.protect.never import NeverBlock, shipped_text
from bavn.actor.protect.outfit import ProtectOutfit
from bavn.actor.protect.policy import ProtectPolicy
from bavn.actor.protect.protect import Protect
from bavn.model.intel.indicator import Indicator, Pap, Tlp
from bavn.model.moment import DAY_US
from bavn.model.observable import Observable, ObservableType
from bavn.model.ports import EnforcerDown
from bavn.wire.book import Book
from bavn.wire.codec import encode
from bavn.wire.ledger import Ledger
from bavn.wire.messages.catalogue import IndicatorReleased, IndicatorWithdrawn
from bavn.wire.partners.stix_indicator import bundle_of

T0 = 1_795_000_000_000_000
CENTRE_ID = "identity--5a4c9f6e-2a63-4b7c-9d7e-0f3a1c2b4d5e"
HOMES = ("10.0.0.0/8", "192.168.0.0/16", "185.19.132.0/24")


@dataclass
class TurnedClock:
    us: int = T0

    def now_us(self) -> int:
        return self.us


@dataclass
class Remembering:
    """An enforcer that keeps what it was told, in the order of the calls; down while ``broken``."""

    name: str = "remembering"
    carries: frozenset = frozenset(ObservableType)
    calls: list = field(default_factory=list)
    broken: bool = False

    def enforce(self, blocks) -> None:
        if self.broken:
            raise EnforcerDown(f"{self.name} was unplugged")
        self.calls.append(tuple(blocks))

    @property
    def holds(self) -> set[str]:
        return {block.observable.value for block in self.calls[-1]} if self.calls else set()


def indicator(value: str = "evil-c2.com", kind: str = "domain", n: int = 1, **changes) -> Indicator:
    made = {
        "id": f"indicator--{uuid.UUID(int=n, version=4)}",
        "version": T0,
        "observable": Observable.of(kind, value),
        "tlp": Tlp.AMBER,
        "pap": Pap.GREEN,
        "confidence": 80,
        "valid_from_us": T0,
        "valid_until_us": T0 + 10 * DAY_US,
        "case_id": "case-1",
        "technique": "T1071.001",
    }
    return Indicator(**{**made, **changes})


def released(made: Indicator) -> IndicatorReleased:
    return IndicatorReleased(bundle=bundle_of(made, created_by=CENTRE_ID, created_us=T0))


def withdrawn(made: Indicator, version: int | None = None) -> IndicatorWithdrawn:
    return IndicatorWithdrawn(indicator_id=made.id, version=version or made.version)


@dataclass
class Actor:
    """Everything of one protecting node, with short ways to ask it. ``again()`` is a restart over the same book."""

    book: Book
    clock: TurnedClock
    policy: ProtectPolicy
    enforcer: Remembering
    watcher: Remembering
    extras: dict
    protect: Protect = None  # type: ignore[assignment]

    def again(self, **extras) -> "Actor":
        self.extras |= extras
        policy = self.extras.pop("policy", self.policy)
        never = self.extras.get("never") or NeverBlock.of(shipped_text(), "shipped", own_networks=HOMES)
        given = {name: value for name, value in self.extras.items() if name not in ("never", "enforcers")}
        enforcers = self.extras.get("enforcers") or Enforcers((self.enforcer,), (self.watcher,))
        outfit = ProtectOutfit(clock=self.clock, policy=policy, never=never, enforcers=enforcers, homes=HOMES, **given)
        self.protect = Protect(Ledger(self.book), outfit)
        self.protect.start()
        return self

    def take_in(self, message) -> None:
        """A message of the centre's, as the door hands it on."""
        self.protect.take_in(message, encode(message))

    def told(self) -> list:
        """Everything for the door, taken."""
        queue = self.protect.take()
        if queue:
            self.protect.done(queue[-1].number)
        return [entry.statement for entry in queue]

    def states(self) -> list[tuple]:
        return [(said.state, said.enforcers, said.rule) for said in self.told() if hasattr(said, "state")]

    def lines(self) -> list:
        return list(Ledger(self.book).every())


@pytest.fixture
def make_actor():
    """An actor over a book in memory: ``make_actor(policy=..., history=..., listed=...)``."""
    books = []

    def make(policy: ProtectPolicy | None = None, watching: frozenset | None = None, **extras) -> Actor:
        book = extras.pop("book", None) or Book()
        books.append(book)
        watcher = Remembering("watching", frozenset(ObservableType) if watching is None else watching)
        actor = Actor(book, TurnedClock(), policy or ProtectPolicy(), Remembering(), watcher, extras)
        return actor.again()

    yield make
    for book in books:
        book.close()


@pytest.fixture
def digest():
    return lambda text: hashlib.sha256(text.encode()).hexdigest()
