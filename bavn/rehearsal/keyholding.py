"""The simulated sector's key holder, and the bad network before it: requests and answers may be lost, and it may die.

Puts together what ``app`` puts together for real, over simulated clock and dice. Refuses to know the story.
"""

from dataclasses import dataclass, field
from pathlib import Path

from bavn.keyholder.epochs import EpochKeys
from bavn.keyholder.holder import KeyHolder, SingleKey
from bavn.keyholder.settings import HolderSettings
from bavn.model.outcome import Refused
from bavn.model.ports import LinkDown, LinkRefused
from bavn.rehearsal.clock import SimClock
from bavn.rehearsal.mortal import Killed, Mortal, MortalClock
from bavn.rehearsal.network import Faults
from bavn.traffic.dice import SeededDice
from bavn.wire.book import Book
from bavn.wire.keyholder import JoinAnswered, JoinAsked
from bavn.wire.ledger import Ledger


@dataclass(slots=True)
class SimKeyHolder(Mortal):
    """The key holder on a disk of its own. Dead is LinkDown."""

    folder: Path
    seed: int
    clock: SimClock
    book: Book = field(init=False)
    holder: KeyHolder = field(init=False)
    _dice: SeededDice = field(init=False)

    def __post_init__(self) -> None:
        self.mortal = MortalClock(self.clock)
        self._dice = SeededDice(self.seed, "keyholder")
        self.folder.mkdir(parents=True, exist_ok=True)
        self._open()

    def join(self, actor: str, request: JoinAsked) -> JoinAnswered:
        """As a node reaches it. Raises LinkDown, LinkRefused."""
        try:
            answer = self.holder.join(actor, request)
        except Killed:
            self.reopen()
            raise LinkDown("the key holder died") from None
        if isinstance(answer, Refused):
            raise LinkRefused(answer.reason)
        return answer

    def step(self) -> None:
        """Destroys what is over; a death in it is survived."""
        try:
            self.holder.tidy()
        except Killed:
            self.reopen()

    def close(self) -> None:
        self.book.close()

    def _open(self) -> None:
        self.book = Book(self.folder / "keyholder.db")
        epochs = EpochKeys(self.folder / "epochs", self.mortal, self._dice)
        self.holder = KeyHolder(SingleKey(epochs), Ledger(self.book), self.mortal, HolderSettings())


@dataclass(slots=True)
class BadAsk:
    """One node's way to the key holder. ``lost``: requests and answers that did not come through."""

    actor: str
    holder: SimKeyHolder
    faults: Faults
    dice: SeededDice
    clock: SimClock
    lost: int = 0

    def __call__(self, request: JoinAsked) -> JoinAnswered:
        now_us = self.clock.now_us()
        if any(start <= now_us < end for start, end in self.faults.partitions):
            return self._lose("there is no way through")
        if self.dice.unit() < self.faults.request_lost:
            return self._lose("the request was lost")
        answer = self.holder.join(self.actor, request)
        if self.dice.unit() < self.faults.answer_lost:
            return self._lose("the answer was lost")
        return answer

    def _lose(self, why: str) -> JoinAnswered:
        self.lost += 1
        raise LinkDown(why)
