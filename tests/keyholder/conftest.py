"""A key holder in memory, and nodes that ask it."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from bavn.keyholder.epochs import EpochKeys
from bavn.keyholder.holder import KeyHolder, SingleKey
from bavn.keyholder.settings import HolderSettings
from bavn.model.moment import DAY_US
from bavn.model.observable import Observable
from bavn.model.outcome import Refused
from bavn.model.ports import LinkRefused
from bavn.psi.round import RoundParams
from bavn.wire.book import Book
from bavn.wire.keyholder import JoinAnswered, JoinAsked
from bavn.wire.ledger import Ledger
from bavn.wire.links.keyholder import KeyHolderIdentifiers
from tests.psi.conftest import SeededDice

TODAY = 20_782
ELEMENTS = [Observable.of("domain", f"host{n}.example") for n in range(300)]


class HandClock:
    def __init__(self) -> None:
        self.us = TODAY * DAY_US + DAY_US // 2

    def now_us(self) -> int:
        return self.us


@dataclass
class Place:
    """The key holder's place: folder, clock, book. ``open`` starts it anew over the same folder."""

    folder: Path
    settings: HolderSettings = field(default_factory=HolderSettings)
    clock: HandClock = field(default_factory=HandClock)
    seen: list[tuple[str, JoinAsked]] = field(default_factory=list)
    books: list[Book] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.book = self._book(self.folder / "keyholder.db")
        self.open()

    def open(self) -> None:
        self.ledger = Ledger(self.book)
        self.epochs = EpochKeys(self.folder / "epochs", self.clock, SeededDice("holder"))
        self.holder = KeyHolder(SingleKey(self.epochs), self.ledger, self.clock, self.settings)

    def close(self) -> None:
        for book in self.books:
            book.close()

    def _book(self, path: Path | None = None) -> Book:
        self.books.append(Book(path))
        return self.books[-1]

    def node(self, actor: str, seed: object = 0) -> KeyHolderIdentifiers:
        def ask(asked: JoinAsked) -> JoinAnswered:
            self.seen.append((actor, asked))
            answer = self.holder.join(actor, asked)
            if isinstance(answer, Refused):
                raise LinkRefused(answer.rule)
            return answer

        return KeyHolderIdentifiers(ask, Ledger(self._book()), self.clock, SeededDice((actor, seed)))


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
