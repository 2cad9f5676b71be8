"""The one gate of all four crossings: an ordered row of small rules that build a draft up from nothing, or refuse.

Exactly one ledger line for each item offered, in the same transaction as what follows from it (a row in the outbox, a
row in the inbox): kill -9 leaves both or neither. A rule that raises sets that item aside and shuts the gate for that
kind of message of that sender (shut.py) until a person opens it; all else passes. Refuses to know what the items are.
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from bavn.model.outcome import Refused
from bavn.model.ports import Clock
from bavn.wire.book import is_environment
from bavn.wire.ledger import Ledger, Note
from bavn.wire.shut import SET_ASIDE, WAITS, ShutGate, ShutGates, part_of, shut_gates

FOLLOWS: Final = "follows"
"""Stands for a rule's name where what follows from a passed item failed."""
UNNAMED: Final = "Unnamed"
"""The kind of an item that could not be named: nobody knows whose it is, and it shuts out nobody."""


@dataclass(frozen=True, slots=True)
class Rule[Item, Draft]:
    """``apply`` gets the item and the draft so far and returns a fuller draft (a new value) or says no. What else it
    needs it was given when it was made. ``name`` stands in the docs and is the key of its translation."""

    name: str
    apply: Callable[[Item, Draft], Draft | Refused]


class GateBroken(Exception):
    """A ledger line could not be written though the disk took it: the book is inconsistent. The process must stop."""


class _RuleFailed(Exception):
    """``rule`` raised; the cause says what."""

    def __init__(self, rule: str) -> None:
        super().__init__(rule)
        self.rule = rule


class Gate[Item, Draft]:
    """``nothing`` makes the empty draft. ``label`` names an item that was refused; ``follow`` does what a passed item
    leads to (inside the transaction) and says what crossed. ``way``: up, down or in."""

    def __init__(
        self,
        name: str,
        rules: Sequence[Rule[Item, Draft]],
        ledger: Ledger,
        clock: Clock,
        *,
        way: str,
        nothing: Callable[[], Draft],
        label: Callable[[Item], Note],
        follow: Callable[[Item, Draft], Note],
    ) -> None:
        names = [rule.name for rule in rules]
        if len(set(names)) != len(names):
            raise ValueError(f"gate {name}: two rules of one name")
        self.name = name
        self.rules = tuple(rules)
        self._ledger = ledger
        self._clock = clock
        self._way = way
        self._nothing = nothing
        self._label = label
        self._follow = follow
        self._shut = ShutGates(ledger.book)
        self._failed = {(shut.kind, shut.peer): shut.part for shut in shut_gates(ledger.book) if shut.gate == name}

    def offer(self, item: Item) -> Draft | Refused:
        """The finished draft, or why not; either way one line. What a gate that is shut holds back has its one line at
        first. Raises what the machine does (a full disk): then nothing was kept; GateBroken."""
        book = self._ledger.book
        with book.transaction():
            shut = self._why_shut(item)
            if shut is not None:
                return self._held_back(item, shut)
            try:
                with book.attempt():
                    outcome = self._judge(item)
                    note = self._named(item) if isinstance(outcome, Refused) else self._followed(item, outcome)
            except _RuleFailed as failed:
                return self._set_aside(item, failed)
            self._append(note, outcome if isinstance(outcome, Refused) else None)
            self._works(note)
            return outcome

    def offer_all(self, items: Iterable[Item]) -> list[Draft | Refused]:
        """The same for many items in one transaction: one write to the disk, all of it or nothing."""
        with self._ledger.book.transaction():
            return [self.offer(item) for item in items]

    def try_on(self, item: Item) -> Draft | Refused:
        """What ``offer`` would decide, without a line and without anything that follows: for previews."""
        shut = self._why_shut(item)
        if shut is not None:
            return shut
        try:
            return self._judge(item)
        except _RuleFailed as failed:
            return self._refused_by_failure(item, failed)

    def shut_kinds(self, peer: str) -> frozenset[str]:
        """The kinds of a peer for which it is shut."""
        return self._shut.kinds(self.name, peer)

    # --- inside ------------------------------------------------------------------------------------------------

    def _judge(self, item: Item) -> Draft | Refused:
        draft = self._nothing()
        for rule in self.rules:
            try:
                outcome = rule.apply(item, draft)
            except Exception as error:
                raise _failed(rule.name, error) from error
            if isinstance(outcome, Refused):
                return outcome
            draft = outcome
        return draft

    def _followed(self, item: Item, draft: Draft) -> Note:
        try:
            return self._follow(item, draft)
        except Exception as error:
            raise _failed(FOLLOWS, error) from error

    def _why_shut(self, item: Item) -> Refused | None:
        if not self._shut.any(self.name):
            return None
        name = self._named(item)
        return self._shut.why(self.name, name.kind, name.peer)

    def _held_back(self, item: Item, shut: Refused) -> Refused:
        name = self._named(item)
        asked = "SELECT 1 FROM ledger WHERE item_id = ? AND gate = ? AND rule IN (?, ?)"
        if not self._ledger.book.rows(asked, (name.item_id, self.name, *sorted(WAITS))):
            self._append(name, shut)
        return shut

    def _set_aside(self, item: Item, failed: _RuleFailed) -> Refused:
        """The item is kept for a report of the fault, and the gate is shut for its kind from its peer."""
        refused, name = self._refused_by_failure(item, failed), self._named(item)
        self._append(name, refused)
        self._shut.shut(
            ShutGate(
                gate=self.name,
                kind=name.kind,
                peer=name.peer,
                since_us=self._clock.now_us(),
                rule=failed.rule,
                error=type(failed.__cause__).__name__,
                item_id=name.item_id,
            )
        )
        self._failed[name.kind, name.peer] = part_of(self.name, failed.rule)
        return refused

    def _refused_by_failure(self, item: Item, failed: _RuleFailed) -> Refused:
        error = failed.__cause__
        if not isinstance(error, Exception):
            raise failed
        self._ledger.book.failures.note(part_of(self.name, failed.rule), error, item=_bytes(item))
        return Refused(SET_ASIDE, "the rule {rule} failed over it; a person looks into it", rule=failed.rule)

    def _named(self, item: Item) -> Note:
        """As it stands in the ledger; where naming it fails, by its digest alone."""
        try:
            name = self._label(item)
        except Exception as error:
            if is_environment(error):
                raise
            kept = _bytes(item)
            self._ledger.book.failures.note(f"names at gate {self.name}", error, item=kept)
            return Note(kind=UNNAMED, item_id=hashlib.sha256(kept).hexdigest(), peer="")
        self._ledger.book.failures.works(f"names at gate {self.name}")
        return name

    def _works(self, note: Note) -> None:
        """A kind that a person let through again passes: its rule works, unless it still holds back something, maybe
        at another gate of this name."""
        part = self._failed.pop((note.kind, note.peer), None) if self._failed else None
        if part is not None and part not in {shut.part for shut in shut_gates(self._ledger.book)}:
            self._ledger.book.failures.works(part)

    def _append(self, note: Note, refused: Refused | None = None) -> None:
        try:
            self._ledger.append(self._clock.now_us(), self.name, self._way, note, refused)
        except Exception as error:
            if is_environment(error):
                raise
            raise GateBroken(f"gate {self.name}: the ledger takes no line") from error


def _failed(rule: str, error: Exception) -> Exception:
    """What to raise for an error of a rule: what the machine does is nobody's slip and goes on as it is."""
    return error if is_environment(error) or isinstance(error, GateBroken) else _RuleFailed(rule)


def _bytes(item: object) -> bytes:
    """What is kept of an item for a report of a fault."""
    raw = getattr(item, "raw", None)
    return raw if isinstance(raw, bytes) else repr(item).encode("utf-8", "backslashreplace")
