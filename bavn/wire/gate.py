"""The one gate of all four crossings: an ordered row of small rules that build a draft up from nothing, or refuse.

Exactly one ledger line for each item offered, in the same transaction as what follows from it (a row in the outbox, a
row in the inbox): kill -9 leaves both or neither. A rule that raises is a broken invariant: nothing is kept, nothing
passes, and the gate stays shut from then on. Refuses to know what the items are.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from bavn.model.outcome import Refused
from bavn.model.ports import Clock
from bavn.wire.ledger import Ledger, Note


@dataclass(frozen=True, slots=True)
class Rule[Item, Draft]:
    """``apply`` gets the item and the draft so far and returns a fuller draft (a new value) or says no. What else it
    needs it was given when it was made. ``name`` stands in the docs and is the key of its translation."""

    name: str
    apply: Callable[[Item, Draft], Draft | Refused]


class GateBroken(Exception):
    """A rule raised, or did so earlier. The process must stop: better silent than wrong."""


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
        self._broken_by = ""

    def offer(self, item: Item) -> Draft | Refused:
        """The finished draft, or why not; either way one line. Raises GateBroken."""
        with self._ledger.book.transaction():
            outcome = self.try_on(item)
            try:
                if isinstance(outcome, Refused):
                    self._append(self._label(item), outcome)
                else:
                    self._append(self._follow(item, outcome))
            except Exception as error:
                raise self._shut("what follows") from error
            return outcome

    def offer_all(self, items: Iterable[Item]) -> list[Draft | Refused]:
        """The same for many items in one transaction: one write to the disk, all of it or nothing."""
        with self._ledger.book.transaction():
            return [self.offer(item) for item in items]

    def try_on(self, item: Item) -> Draft | Refused:
        """What ``offer`` would decide, without a line and without anything that follows: for previews."""
        if self._broken_by:
            raise GateBroken(f"gate {self.name} is shut since {self._broken_by!r} failed")
        draft = self._nothing()
        for rule in self.rules:
            try:
                outcome = rule.apply(item, draft)
            except Exception as error:
                raise self._shut(rule.name) from error
            if isinstance(outcome, Refused):
                return outcome
            draft = outcome
        return draft

    def _append(self, note: Note, refused: Refused | None = None) -> None:
        self._ledger.append(self._clock.now_us(), self.name, self._way, note, refused)

    def _shut(self, by: str) -> GateBroken:
        self._broken_by = by
        return GateBroken(f"gate {self.name}: {by!r} failed; nothing was let through")
