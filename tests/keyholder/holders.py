"""Key holders by threshold in memory: each with its folder, keys and book; who is dead, deaf or lies is said here."""

from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bavn.keyholder.holder import KeyHolder
from bavn.keyholder.making import Making
from bavn.keyholder.settings import HolderSettings, ThresholdSettings
from bavn.keyholder.shares import HeldShares
from bavn.wire.book import Book
from bavn.wire.ledger import Ledger
from tests.keyholder.conftest import HandClock
from tests.psi.conftest import SeededDice

EVERY_S, ROUND_S = 900, 20.0
TIERS = ("A",)


@dataclass
class Holder:
    """One of them. ``faces``: what it says to a holder in place of what it would, ``face(number, answer)``."""

    number: int
    circle: "Circle"
    folder: Path
    dead: bool = False
    faces: object = None

    def __post_init__(self) -> None:
        self.key = Ed25519PrivateKey.from_private_bytes(
            SeededDice(("key", self.folder.parent.name, self.number)).bytes(32)
        )
        self.book = Book()
        self.starts()

    def starts(self, settings=None) -> None:
        """As a process that is begun over the same folder."""
        self.settings = settings or self.circle.settings(self.number)
        self.dice = SeededDice(("holder", self.number, self.circle.clock.now_us()))
        self.shares = HeldShares(self.folder, self.number, self.circle.clock, self.dice)
        self.holder = KeyHolder(self.shares, Ledger(self.book), self.circle.clock, HolderSettings())
        self.making = Making(
            self.settings, self.shares, self.key, Others(self), Ledger(self.book), self.circle.clock, self.dice
        )

    def lines(self):
        return [line for line in Ledger(self.book).every() if line.kind == "EpochKeys"]


@dataclass
class Others:
    """Implements Circle for one of them."""

    of: Holder

    def keys(self):
        return {one.number: one.key.public_key() for one in self.of.circle.holders if one is not self.of}

    def ask(self, asked):
        said = {}
        for one in self.of.circle.holders:
            if one is self.of or one.dead or (self.of.number, one.number) in self.of.circle.cut:
                continue
            answer = one.making.posts(self.of.number, asked)
            said[one.number] = one.faces(self.of.number, answer) if one.faces else answer
        return said


@dataclass
class Circle:
    """All of them, on one clock. ``cut``: pairs of which the first cannot reach the second."""

    folder: Path
    k: int = 2
    n: int = 3
    clock: HandClock = field(default_factory=HandClock)
    cut: set = field(default_factory=set)

    def __post_init__(self) -> None:
        self.holders = []
        self.clock.us += 1
        for number in range(1, self.n + 1):
            self.holders.append(Holder(number, self, self.folder / str(number)))

    def settings(self, number, **other):
        names = tuple(f"https://keys-{one}" for one in range(1, self.n + 1))
        return ThresholdSettings(
            **{"number": number, "k": self.k, "holders": names, "tiers": TIERS, "every_s": EVERY_S, "round_s": ROUND_S}
            | other
        )

    def slot(self, each=lambda _: None) -> None:
        """The next slot, to its end; ``each`` is called before every second of it."""
        every_us = EVERY_S * 1_000_000
        self.clock.us += every_us - self.clock.us % every_us
        for second in range(int(5 * ROUND_S) + 2):
            each(second)
            under_way = [one.making.step() for one in self.holders if not one.dead]
            if not any(under_way):
                break
            self.clock.us += 1_000_000

    def close(self) -> None:
        for one in self.holders:
            one.book.close()
