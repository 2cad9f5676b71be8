"""Ids and round keys at the node: from the key holders, over a channel of its own that the centre never sees.

Each round is one request of a size that the round fixes: what is new is blinded, the rest is filled with made-up
elements, and one element that every node holds stands among them: actors that were served different keys show by it.
Ids are remembered within their epoch and forgotten with it, or where a person accepts another key (which the way to the
key holders refuses, links/holders.py). Refuses to know why an element is suspicious, and how many holders answer.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

from bavn.model.observable import Observable
from bavn.model.outcome import Refused
from bavn.model.ports import Clock, Dice, LinkDown, LinkRefused
from bavn.psi import keys, oprf
from bavn.psi.element import element_bytes
from bavn.psi.identifier import Joined
from bavn.psi.ordinary import Ordinary
from bavn.psi.round import RoundParams
from bavn.wire.book import Book
from bavn.wire.gate import Gate, Rule
from bavn.wire.keyholder import Batch, Evaluated, batch_points
from bavn.wire.ledger import Ledger, Note
from bavn.wire.links.key_points import EPOCHS_KEPT, ChangedKey, KeyPoints

_SCHEMA = (
    """CREATE TABLE oprf_id (
        epoch INTEGER NOT NULL, tier TEXT NOT NULL, element BLOB NOT NULL, id BLOB NOT NULL,
        PRIMARY KEY (epoch, tier, element)
    ) STRICT""",
    "CREATE TABLE oprf_begun (epoch INTEGER NOT NULL, tier TEXT NOT NULL, PRIMARY KEY (epoch, tier)) STRICT",
)
_MADE_UP: Final = b"\x00\x00\x11+"
_MADE_UP_BYTES: Final = 16

Ask = Callable[[Batch], Evaluated]
"""One batch to the key holders. Raises LinkDown, LinkRefused."""


class KeyHolderIdentifiers:
    """Implements Identifiers (psi/identifier.py). ``ledger`` is the node's: each batch is checked at the gate, and each
    request to a holder is a line of its own before it leaves (links/holders.py); ``ask`` reaches the key holders."""

    def __init__(self, ask: Ask, ledger: Ledger, clock: Clock, dice: Dice) -> None:
        oprf.ready()
        self._book, self._dice = ledger.book, dice
        self._book.part("oprf", 1, _SCHEMA)
        gate = Gate[Batch, tuple[()]](
            "door",
            (Rule("batch", _fits),),
            ledger,
            clock,
            way="out",
            nothing=lambda: (),
            label=_note,
            follow=lambda batch, _: _note(batch),
        )

        def noted(batch: Batch) -> Evaluated:
            outcome = gate.offer(batch)
            if isinstance(outcome, Refused):
                raise LinkRefused(outcome.reason)
            return ask(batch)

        self._ask: Ask = noted

    def of(self, epoch: int, tier: str) -> "KeyHolderIdentifier":
        return KeyHolderIdentifier(epoch, tier, self._ask, self._book, self._dice)


def _fits(batch: Batch, draft: tuple[()]) -> tuple[()] | Refused:
    """A batch tells nothing of the set only where its size is one that the round fixes."""
    sizes = {batch_points(batch.params.m, first=first) for first in (True, False)}
    return draft if batch.count in sizes else Refused("batch", "a batch has the size that its round fixes")


def _note(batch: Batch) -> Note:
    words = (
        f"round {batch.round_id} tier {batch.tier}: {batch.count} blinded elements, padding included; what leaves is a"
        " line for each key holder that is asked"
    )
    digest = sha256(b"".join((words.encode(), *batch.points))).hexdigest()
    return Note(kind=Batch.__name__, item_id=digest, peer="keyholders", summary=words)


@dataclass(frozen=True, slots=True)
class KeyHolderIdentifier:
    """Implements Identifier for one epoch and tier."""

    epoch: int
    tier: str
    _ask: Ask = field(repr=False)
    _book: Book = field(repr=False)
    _dice: Dice = field(repr=False)

    def join(self, params: RoundParams, observables: Sequence[Observable | Ordinary]) -> Joined:
        """Raises LinkDown and LinkRefused, as ``ask`` does."""
        if (params.epoch, params.tier) != (self.epoch, self.tier):
            raise ValueError(f"keys of {self.epoch} {self.tier}, but a round of {params.epoch} {params.tier}")
        elements = [element_bytes(observable) for observable in observables]
        known = self._known()
        unknown = [element for element in dict.fromkeys(elements) if element not in known]
        batch = self._batch(unknown, batch_points(params.m, first=not self._begun()))
        blinds = [oprf.blind(element, oprf.random_scalar(self._dice)) for element in batch]
        answer = self._ask(Batch(params, tuple(made.point for made in blinds)))
        learned = _learned(answer, batch, blinds)
        self._keep({element: learned[element] for element in unknown if element in learned})
        known |= learned
        ids = tuple(known.get(element) for element in elements)
        return Joined(ids, answer.key, learned[keys.CANARY])

    def _batch(self, unknown: Sequence[bytes], count: int) -> list[bytes]:
        """What is asked about: as much of ``unknown`` as has room, filled up with made-up elements, which cost as much
        time as real ones before and after the request; and somewhere among them the canary."""
        unknown_ids = list(unknown[: count - 1])
        unknown_ids += [_MADE_UP + self._dice.bytes(_MADE_UP_BYTES) for _ in range(count - 1 - len(unknown_ids))]
        unknown_ids.insert(int.from_bytes(self._dice.bytes(8)) % count, keys.CANARY)
        return unknown_ids

    def _known(self) -> dict[bytes, bytes]:
        rows = self._book.rows("SELECT element, id FROM oprf_id WHERE epoch = ? AND tier = ?", (self.epoch, self.tier))
        return dict(rows)

    def _begun(self) -> bool:
        sql = "SELECT 1 FROM oprf_begun WHERE epoch = ? AND tier = ?"
        return bool(self._book.rows(sql, (self.epoch, self.tier)))

    def _keep(self, learned: dict[bytes, bytes]) -> None:
        """Remembers ids within the epoch, and forgets those of epochs that no round is of any more."""
        rows = [(self.epoch, self.tier, element, id_) for element, id_ in learned.items()]
        with self._book.transaction() as tx:
            tx.execute("INSERT OR IGNORE INTO oprf_begun VALUES (?, ?)", (self.epoch, self.tier))
            tx.executemany("INSERT OR REPLACE INTO oprf_id VALUES (?, ?, ?, ?)", rows)
            for table in ("oprf_id", "oprf_begun"):
                tx.execute(f"DELETE FROM {table} WHERE epoch <= ?", (self.epoch - EPOCHS_KEPT,))


def accept_changed(book: Book) -> Sequence[ChangedKey]:
    """Takes the keys that were refused; ids by the earlier ones are asked for anew."""
    book.part("oprf", 1, _SCHEMA)
    with book.transaction() as tx:
        accepted = KeyPoints(book).accept()
        for table in ("oprf_id", "oprf_begun"):
            tx.executemany(
                f"DELETE FROM {table} WHERE epoch = ? AND tier = ?", [(key.epoch, key.tier) for key in accepted]
            )
    return accepted


def _learned(answer: Evaluated, batch: Sequence[bytes], blinds: Sequence[oprf.Blinded]) -> dict[bytes, bytes]:
    """The id of each element of the batch. Raises LinkDown for an answer that is none."""
    try:
        outputs = oprf.finalize_all(batch, blinds, answer.points)
    except oprf.BadPoint as error:
        raise LinkDown(f"the key holders' answer makes no sense ({error})") from error
    return {element: oprf.element_id(output) for element, output in zip(batch, outputs, strict=True)}
