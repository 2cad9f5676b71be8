"""Gate 2 for what sources outside the sector say: each new or changed item meets it and leaves exactly one ledger line.

What was heard before, word for word, is no item again: it is counted, not offered. What passes is kept in the
transaction of its line until the centre has worked it off. Refuses to decide what becomes of a claim.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Final

from bavn.centre.inbox.intel_book import IntelBook, TakenClaim
from bavn.centre.inbox.intel_rules import BLAMELESS, FOR_NOW, Foreign, IntelRules, Inward, Terms
from bavn.centre.inbox.own_echo import NoOwnWords, OwnWords
from bavn.model.moment import DAY_US
from bavn.model.observable import Observable
from bavn.model.outcome import Refused
from bavn.model.ports import Clock
from bavn.model.sector.intel import Claim, IntelSettings, Offer, Piece, claim_text
from bavn.wire.book import Book
from bavn.wire.gate import Gate
from bavn.wire.ledger import Ledger, Note

GATE: Final = "inbox"
KIND: Final = "Intelligence"
OFFERED_AT_ONCE: Final = 500
NO_SCOPE: Final = "-"
"""A piece of this scope only counts what was passed over: nothing is missing from it."""


@dataclass(frozen=True, slots=True)
class Counts:
    """What became of the items of some pieces: read = new + changed + unchanged + refused + put_off; ``withdrawn``
    items are not there any more, ``passed`` parts name nothing, ``put_off`` is more than one sync takes. Of the
    refused, ``blameless`` are those that say nothing against the source: what is old, ours, or not for now."""

    new: int = 0
    changed: int = 0
    unchanged: int = 0
    refused: int = 0
    withdrawn: int = 0
    passed: int = 0
    put_off: int = 0
    blameless: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))

    @property
    def met_gate(self) -> int:
        """How many items met the gate."""
        return self.new + self.changed + self.refused + self.withdrawn


@dataclass(slots=True)
class SourceMemory:
    """What a source said before: scope -> key -> digest. Grows as items are taken; for one sync."""

    scopes: dict[str, dict[str, str]]
    count: int = field(init=False)

    def __post_init__(self) -> None:
        self.count = sum(map(len, self.scopes.values()))

    def heard(self, item: Foreign) -> None:
        keys = self.scopes.setdefault(item.scope, {})
        self.count += (not item.gone and item.key not in keys) - (item.gone and item.key in keys)
        if item.gone:
            keys.pop(item.key, None)
        else:
            keys[item.key] = item.digest


class IntelGate:
    """All methods may be called from any thread, and from several processes on the same book. ``own``: the sector's
    own services, which nobody may name."""

    def __init__(
        self,
        book: Book,
        clock: Clock,
        settings: IntelSettings,
        own: frozenset[Observable] = frozenset(),
        ours: OwnWords | None = None,
    ) -> None:
        self._book, self._clock = book, clock
        self._kept = IntelBook(book)
        self.ledger = Ledger(book)
        rules = IntelRules(clock, settings, own, ours or NoOwnWords(), self._kept.used)
        self.gate: Gate[Foreign, Inward] = Gate(
            GATE, rules.row(), self.ledger, clock, way="in", nothing=Inward, label=_label, follow=self._follow
        )

    def known(self, source: str) -> SourceMemory:
        """What this source said before."""
        return SourceMemory(self._kept.items(source))

    def take_in(
        self, terms: Terms, piece: Piece, known: SourceMemory, room: int, ending: Callable[[], bool] = lambda: False
    ) -> Counts:
        """Offer what is new or changed of a piece, at most ``room`` items; what was in its scope and is not any more is
        withdrawn. Chunk by chunk, each one transaction, and no further chunk once it is ``ending``. Raises
        GateBroken."""
        before = known.scopes.get(piece.scope, {})
        there: set[str] = set()
        wanted: list[Foreign] = []
        unchanged = 0
        for offer in piece.offers:
            key, digest = _hash(offer.key), _hash(_words(offer))
            if key in there or before.get(key) == digest:
                unchanged += 1
            else:
                wanted.append(Foreign(terms, piece.scope, key, digest, offer))
            there.add(key)
        if piece.scope != NO_SCOPE:
            gone = Refused("gone", "not there any more")
            wanted += [
                Foreign(terms, piece.scope, key, "", Offer(key, gone), 0, True) for key in before if key not in there
            ]
        chosen = wanted[: max(0, room)]
        counts = Counts(unchanged=unchanged, passed=piece.passed, put_off=len(wanted) - len(chosen))
        for at in range(0, len(chosen), OFFERED_AT_ONCE):
            if ending():
                return counts + Counts(put_off=len(chosen) - at)
            counts += self._offer(chosen[at : at + OFFERED_AT_ONCE], known)
        return counts

    def take(self, items_max: int = 1000) -> list[TakenClaim]:
        """The oldest claims that passed and are not worked off, in order."""
        return self._kept.open(items_max)

    def done(self, numbers: Sequence[int]) -> None:
        """Their effects are kept elsewhere. Repeatable."""
        self._kept.close(numbers)

    def not_received(self, taken: TakenClaim) -> None:
        """It could not be worked off: what its source says of it is new when it is read again."""
        self._kept.drop(taken.source, taken.key)

    def refused_alone(self, source: str) -> dict[str, int]:
        """Of a source of which no item was taken, how many each rule refused (for good); else empty."""
        return self._kept.refused_alone(source)

    def forget(self, source: str) -> None:
        """The source has ended: what it said is compared with nothing any more."""
        self._kept.forget(source)

    # --- inside ------------------------------------------------------------------------------------------------

    def _offer(self, chunk: Sequence[Foreign], known: SourceMemory) -> Counts:
        counts = Counts()
        with self._book.transaction():
            for item in chunk:
                there = item.key in known.scopes.get(item.scope, {})
                outcome = self.gate.offer(replace(item, known=0 if there else known.count))
                if isinstance(outcome, Refused):
                    counts += Counts(refused=1, blameless=int(outcome.rule in BLAMELESS))
                    self._refused(item, outcome, known)
                    continue
                known.heard(item)
                counts += Counts(withdrawn=1) if item.gone else Counts(changed=1) if there else Counts(new=1)
        return counts

    def _refused(self, item: Foreign, refused: Refused, known: SourceMemory) -> None:
        """An item that was taken before and is refused now is taken back; one that may pass later is forgotten."""
        source, now_us = item.terms.source, self._clock.now_us()
        before = self._kept.claim(source, item.key)
        if before is not None and refused.rule not in FOR_NOW:
            gone = claim_text(replace(before, withdrawn=True))
            self._kept.put(source, item.key, item.scope, gone, now_us)
        if refused.rule not in FOR_NOW:
            self._kept.remember(source, item.key, item.scope, item.digest, None, refused.rule)
            known.heard(item)

    def _follow(self, item: Foreign, draft: Inward) -> Note:
        source, now_us = item.terms.source, self._clock.now_us()
        claim = self._gone(item) if item.gone else draft.claim
        if claim is None:
            self._kept.drop(source, item.key)
            return replace(_label(item), summary="an item that was refused is not there any more")
        text = claim_text(claim)
        self._kept.put(source, item.key, item.scope, text, now_us)
        if item.gone:
            self._kept.drop(source, item.key)
        else:
            self._kept.remember(source, item.key, item.scope, item.digest, text)
            self._kept.use(item.terms.group, now_us // DAY_US)
        return replace(_label(item), bytes=len(text.encode()), summary=text)

    def _gone(self, item: Foreign) -> Claim | None:
        known = self._kept.claim(item.terms.source, item.key)
        return None if known is None else replace(known, withdrawn=True)


def _words(offer: Offer) -> str:
    what = offer.what
    return f"{what.rule}\0{what.reason}" if isinstance(what, Refused) else claim_text(what)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _label(item: Foreign) -> Note:
    name = f"{item.terms.source}\0{item.key}\0{item.digest}"
    return Note(kind=KIND, item_id=_hash(name), peer=item.terms.peer, summary=item.offer.key[:200])
