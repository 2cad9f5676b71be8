"""Mode M2 at the node: ids and round keys from the key holder, over a channel of its own that the centre never sees.

Each round is one request of a size that the round fixes: what is new is blinded, the rest is filled with made-up
elements, and one element that every node holds stands among them: a key holder that evaluates by another key than
before, or than for other actors, shows by it. Ids are remembered within their epoch and forgotten with it, or where a
person accepts another key. Refuses to know why an element is suspicious.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
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
from bavn.wire.codec import Encoded, decode, encode, privacy_of
from bavn.wire.gate import Gate, Rule
from bavn.wire.keyholder import JOIN_BYTES_MAX, KEYHOLDER_KINDS, JoinAnswered, JoinAsked, batch_points, split
from bavn.wire.ledger import Ledger, Note
from bavn.wire.links.https import Caller, LinkLimits, link_context
from bavn.wire.links.key_points import EPOCHS_KEPT, ChangedKey, KeyPoints
from bavn.wire.safe import Safe

JSON: Final = "application/json"
CHECK: Final = "check"
"""The use of a point by which KeyPoints has the id of the element that every node holds."""
_SCHEMA = (
    """CREATE TABLE oprf_id (
        epoch INTEGER NOT NULL, tier TEXT NOT NULL, element BLOB NOT NULL, id BLOB NOT NULL,
        PRIMARY KEY (epoch, tier, element)
    ) STRICT""",
    "CREATE TABLE oprf_begun (epoch INTEGER NOT NULL, tier TEXT NOT NULL, PRIMARY KEY (epoch, tier)) STRICT",
)
OTHER_KEY: Final = Refused("key_changed", "the key holder's key is not the one it had earlier in this epoch")
_MADE_UP: Final = b"\x00\x00\x11+"
_MADE_UP_BYTES: Final = 16

Ask = Callable[[JoinAsked], JoinAnswered]
"""One request to the key holder. Raises LinkDown, LinkRefused."""


class KeyHolderIdentifiers:
    """Implements Identifiers (psi/identifier.py). ``ledger`` is the node's: each request is a line before it leaves;
    ``ask`` reaches the key holder. ``in_parts``: several, each by a request with a line of its own (links/holders.py),
    so that a batch is checked at the gate and does not count as something that left."""

    def __init__(self, ask: Ask, ledger: Ledger, clock: Clock, dice: Dice, *, in_parts: bool = False) -> None:
        oprf.ready()
        self._book, self._dice = ledger.book, dice
        self._book.part("oprf", 1, _SCHEMA)
        self._points = KeyPoints(self._book)
        gate = Gate[JoinAsked, tuple[()]](
            "door",
            (Rule("batch", _fits),),
            ledger,
            clock,
            way="out",
            nothing=lambda: (),
            label=partial(_note, in_parts=in_parts),
            follow=lambda asked, _: _note(asked, in_parts=in_parts),
        )

        def noted(request: JoinAsked) -> JoinAnswered:
            outcome = gate.offer(request)
            if isinstance(outcome, Refused):
                raise LinkRefused(outcome.reason)
            return ask(request)

        def refused(asked: JoinAsked) -> None:
            note = replace(_note(asked, in_parts=in_parts), kind=JoinAnswered.__name__)
            ledger.append(clock.now_us(), "door", "in", note, OTHER_KEY)

        self._ask: Ask = noted
        self._refused = refused

    def of(self, epoch: int, tier: str) -> "KeyHolderIdentifier":
        return KeyHolderIdentifier(epoch, tier, self._ask, self._book, self._points, self._dice, self._refused)


def _fits(request: JoinAsked, draft: tuple[()]) -> tuple[()] | Refused:
    """A batch tells nothing of the set only where its size is one that the round fixes."""
    sizes = {batch_points(request.m, first=first) for first in (True, False)}
    return draft if len(request.split()) in sizes else Refused("batch", "a batch has the size that its round fixes")


def _note(request: JoinAsked, *, in_parts: bool) -> Note:
    encoded = encode(request)
    words = f"round {request.round_id} tier {request.tier}: {len(request.split())} blinded elements, padding included"
    if in_parts:
        words += "; what leaves is a line for each key holder that is asked"
        return Note(kind=encoded.kind, item_id=encoded.id, peer="keyholders", summary=words)
    return Note(
        kind=encoded.kind,
        item_id=encoded.id,
        peer="keyholder",
        privacy=privacy_of(request),
        bytes=encoded.bytes,
        summary=words,
    )


@dataclass(frozen=True, slots=True)
class KeyHolderIdentifier:
    """Implements Identifier for one epoch and tier."""

    epoch: int
    tier: str
    _ask: Ask = field(repr=False)
    _book: Book = field(repr=False)
    _points: KeyPoints = field(repr=False)
    _dice: Dice = field(repr=False)
    _refused: Callable[[JoinAsked], None] = field(repr=False)

    def join(self, params: RoundParams, observables: Sequence[Observable | Ordinary]) -> Joined:
        """Raises LinkRefused also where the key holder's key is not the one it had earlier in the epoch, until a person
        accepts it (accept_changed)."""
        if (params.epoch, params.tier) != (self.epoch, self.tier):
            raise ValueError(f"keys of {self.epoch} {self.tier}, but a round of {params.epoch} {params.tier}")
        elements = [element_bytes(observable) for observable in observables]
        known = self._known()
        unknown = [element for element in dict.fromkeys(elements) if element not in known]
        batch = self._batch(unknown, batch_points(params.m, first=not self._begun()))
        blinds = [oprf.blind(element, oprf.random_scalar(self._dice)) for element in batch]
        request = JoinAsked.of(params, [made.point for made in blinds])
        answer = self._ask(request)
        learned = _learned(request, answer, batch, blinds)
        if self._points.differs(self.epoch, self.tier, {CHECK: learned[keys.CANARY]}):
            self._refused(request)
            raise LinkRefused(OTHER_KEY.reason)
        self._keep({element: learned[element] for element in unknown if element in learned}, learned[keys.CANARY])
        known |= learned
        ids = tuple(known.get(element) for element in elements)
        return Joined(ids, bytes.fromhex(answer.key), learned[keys.CANARY])

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

    def _keep(self, learned: dict[bytes, bytes], check: bytes) -> None:
        """Remembers ids within the epoch, and forgets those of epochs that no round is of any more."""
        rows = [(self.epoch, self.tier, element, id_) for element, id_ in learned.items()]
        with self._book.transaction() as tx:
            self._points.keep(self.epoch, self.tier, {CHECK: check})
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


def _learned(
    request: JoinAsked, answer: JoinAnswered, batch: Sequence[bytes], blinds: Sequence[oprf.Blinded]
) -> dict[bytes, bytes]:
    """The id of each element of the batch. Raises LinkDown for an answer that is none."""
    points = split(answer.points)
    if answer.round_id != request.round_id or len(points) != len(batch):
        raise LinkDown("the key holder's answer is not to what was asked")
    try:
        outputs = oprf.finalize_all(batch, blinds, points)
    except oprf.BadPoint as error:
        raise LinkDown(f"the key holder's answer makes no sense ({error})") from error
    return {element: oprf.element_id(output) for element, output in zip(batch, outputs, strict=True)}


class KeyHolderLink:
    """The real way to the key holder: HTTPS with mutual TLS, under an authority of the key holder's own."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def __call__(self, asked: JoinAsked) -> JoinAnswered:
        answer = self._caller.call(
            "POST", "/v1/join", body=encode(asked).body, content_type=JSON, answer_bytes_max=JOIN_BYTES_MAX
        )
        answered = decode(Encoded(JoinAnswered.__name__, answer.body), KEYHOLDER_KINDS)
        if not isinstance(answered, JoinAnswered):
            reason = answered.rule if isinstance(answered, Refused) else "wrong kind"
            raise LinkDown(f"the key holder's answer makes no sense ({reason})")
        return answered

    def probe(self) -> None:
        """Asks for nothing but whether we are let in. Raises LinkDown, LinkRefused."""
        self._caller.call("GET", "/healthz")

    def close(self) -> None:
        self._caller.close()


def key_holder_link(url: str, safe: Safe, clock: Clock, limits: LinkLimits | None = None) -> KeyHolderLink:
    """The link of a node that is enrolled at the key holder. Raises LinkRefused for a certificate that has ended."""
    return KeyHolderLink(Caller(url, link_context(safe, clock), limits, who="the key holder"))
