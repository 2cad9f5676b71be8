"""A key holder in memory, and nodes that ask it."""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bavn.keyholder.holder import KeyHolder
from bavn.keyholder.making import Making
from bavn.keyholder.settings import HolderSettings, ThresholdSettings
from bavn.keyholder.shares import HeldShares
from bavn.model.moment import DAY_US
from bavn.model.observable import Observable
from bavn.model.outcome import Refused
from bavn.model.ports import LinkRefused
from bavn.psi.round import RoundParams
from bavn.psi.threshold.terms import purpose
from bavn.wire.book import Book
from bavn.wire.keyholder import Batch, KeysAnswered, PartAsked
from bavn.wire.ledger import Ledger
from bavn.wire.links.holders import KeyHolders
from bavn.wire.links.keyholder import KeyHolderIdentifiers
from tests.psi.conftest import SeededDice

TODAY = 20_782
ELEMENTS = [Observable.of("domain", f"host{n}.example") for n in range(300)]


class HandClock:
    def __init__(self) -> None:
        self.us = TODAY * DAY_US + DAY_US // 2

    def now_us(self) -> int:
        return self.us


class Nobody:
    """Implements Circle for a holder that is alone."""

    def keys(self):
        return {}

    def ask(self, requests, bytes_max):
        return {}


@dataclass
class Way:
    """Implements Holder of links/holders.py: one actor's way to the holder of a place."""

    place: "Place"
    actor: str

    @property
    def key(self):
        return self.place.key.public_key()

    def keys(self, request):
        public = self.place.shares.public(request.epoch, request.tier)
        if isinstance(public, Refused):
            raise LinkRefused(public.rule)
        return KeysAnswered.of(*public, self.place.key)

    def part(self, request):
        self.place.seen.append((self.actor, request))
        answer = self.place.holder.part(self.actor, request)
        if isinstance(answer, Refused):
            raise LinkRefused(answer.rule)
        return answer

    def probe(self) -> None:
        pass

    def close(self) -> None:
        pass


@dataclass
class Place:
    """The place of a key holder that is alone: folder, clock, book. ``open`` starts it anew over the same folder."""

    folder: Path
    settings: HolderSettings = field(default_factory=HolderSettings)
    clock: HandClock = field(default_factory=HandClock)
    tiers: tuple[str, ...] = ("A", "B")
    seen: list[tuple[str, PartAsked]] = field(default_factory=list)
    books: list[Book] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.key = Ed25519PrivateKey.from_private_bytes(SeededDice("holder's").bytes(32))
        self.book = self._book(self.folder / "keyholder.db")
        self.open()

    def open(self) -> None:
        self.ledger, settings = Ledger(self.book), ThresholdSettings(tiers=self.tiers)
        keys, dice = {1: self.key.public_key()}, SeededDice("holder")
        self.shares = HeldShares(self.folder / "shares", settings, lambda: keys, self.clock, dice)
        self.holder = KeyHolder(self.shares, self.ledger, self.clock, self.settings)
        self.making = Making(settings, self.shares, self.key, Nobody(), self.ledger, self.clock, dice)
        self.making.step()

    def close(self) -> None:
        for book in self.books:
            book.close()

    def _book(self, path: Path | None = None) -> Book:
        self.books.append(Book(path))
        return self.books[-1]

    def node(self, actor: str, seed: object = 0) -> KeyHolderIdentifiers:
        ledger, dice = Ledger(self._book()), SeededDice((actor, seed))
        ask = KeyHolders(1, {1: Way(self, actor)}, ledger, self.clock, SeededDice((actor, "order", seed)))
        return KeyHolderIdentifiers(ask, ledger, self.clock, dice)

    def whole(self, epoch: int, tier: str, use: str) -> bytes:
        """The key of one day, which this holder alone has."""
        return self.shares.versions(purpose(epoch, tier, use))[0].share.scalar

    def asked(self, given: RoundParams, points: Sequence[bytes]) -> PartAsked:
        """What a node asks it."""
        known = self.shares.public(given.epoch, given.tier)
        ids, rounds = self.shares.public(TODAY, "A") if isinstance(known, Refused) else known
        return PartAsked.to(Batch(given, tuple(points)), (1,), ids, rounds)


def params(number: int = 0, *, m: int = 100, tier: str = "A", epoch: int = TODAY, t: int = 2) -> RoundParams:
    return RoundParams(
        version=1, epoch=epoch, round_id=number.to_bytes(16), registry_version=1, tier=tier, t=t, m=m, r=2
    )


@pytest.fixture
def open_place(tmp_path: Path) -> Iterator[Callable[..., Place]]:
    """Opens the key holder's place with the settings given; one for each test."""
    with contextlib.ExitStack() as closing:

        def opened(**settings: int) -> Place:
            made = Place(tmp_path, HolderSettings(**settings))
            closing.callback(made.close)
            return made

        yield opened


@pytest.fixture
def place(open_place: Callable[..., Place]) -> Place:
    return open_place()


@pytest.fixture
def circle(tmp_path):
    from tests.keyholder.holders import Circle

    made = Circle(tmp_path)
    yield made
    made.close()
