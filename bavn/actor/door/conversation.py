"""What the centre and the people here say to each other: the one way in which every conversation goes.

What the centre says is received through a gate "asked" and kept, the newest of each thing, for people to read. What
people here say to it is left in a table, from any process; the running node lets it out through gate 1, once and as
exactly that, each in the transaction of its line. A conversation (conversations/, one file each) adds the rules of its
gates, each row a tuple. Refuses to know what is said, and to answer anything by itself.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

from bavn.actor.door.draft import STAYS, Draft, labelled, message_rule, put
from bavn.actor.door.policy import DoorPolicy
from bavn.actor.door.table import Table
from bavn.model.moment import DAY_US
from bavn.model.observable import NotCanonical, Observable, ObservableType, is_external
from bavn.model.outcome import Refused
from bavn.model.ports import Clock
from bavn.wire.gate import Gate, Rule
from bavn.wire.ledger import Ledger, Note
from bavn.wire.messages.catalogue import AskedObservable
from bavn.wire.outbox import Outbox
from bavn.wire.privacy import Message
from bavn.wire.shut import WAITS

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

WAITING_MAX: Final = 100
"""So much of what waits is let out at once."""
KEPT_DAYS: Final = 400
Nothing = tuple[()]


@dataclass(frozen=True, slots=True)
class Received[M: Message]:
    """Something that the centre said, at the gate, and how the ledger names it."""

    message: M
    note: Note


def named_in(observables: Iterable[AskedObservable]) -> tuple[Observable, ...] | None:
    """What a message names; None if one of them is in no canonical form."""
    try:
        return tuple(Observable(ObservableType(one.type), one.value) for one in observables)
    except (NotCanonical, ValueError):
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class DoorContext:
    """What every conversation of one actor stands on. ``homes``: its own networks."""

    ledger: Ledger
    outbox: Outbox
    clock: Clock
    policy: DoorPolicy
    homes: tuple[str, ...]
    centre: str

    def misnamed(self, rule: str, observables: Iterable[AskedObservable]) -> Refused | None:
        """Why a message may not name these."""
        named = named_in(observables)
        if named is None or len(set(named)) != len(named):
            return Refused(rule, "it names something twice, or in no canonical form")
        outside = all(is_external(one, self.homes) for one in named)
        return None if outside else Refused(rule, "it names something inside")

    def way_in[M: Message](
        self, rules: Iterable[Rule[Received[M], Nothing]], then: Callable[[Received[M]], object] = lambda _: None
    ) -> Gate[Received[M], Nothing]:
        """A gate for what the centre says; ``then``: what follows from what passed, in the transaction of its line."""

        def follow(item: Received[M], _: Nothing) -> Note:
            then(item)
            return item.note

        return Gate(
            "asked",
            tuple(rules),
            self.ledger,
            self.clock,
            way="in",
            nothing=lambda: (),
            label=lambda item: item.note,
            follow=follow,
        )

    def way_out[Item](
        self,
        kind: type[Message],
        rules: Iterable[Rule[Item, Draft]],
        about: Callable[[Item], Mapping[str, Any]],
        until: Callable[[Item], int | None] = lambda _: None,
    ) -> Gate[Item, Draft]:
        """A gate for messages of one kind. ``about``: what the own ledger says of one that did not pass; ``until``:
        from when on one is of no use."""
        return Gate(
            "door",
            (*rules, message_rule(kind, self.outbox, self.centre)),
            self.ledger,
            self.clock,
            way="out",
            nothing=Draft,
            label=lambda item: labelled(kind.__name__, self.centre, about(item)),
            follow=put(self.outbox, self.centre, until),
        )


def naming(*names: str) -> Callable[[object], Mapping[str, Any]]:
    """What the own ledger says of an item: these fields of it."""
    return lambda item: {name: getattr(item, name) for name in names}


class PersonStatement(Protocol):
    """What a person here said. ``told_us``: when it was dealt with; ``rule``: what refused it, if anything."""

    @property
    def number(self) -> int: ...
    @property
    def told_us(self) -> int | None: ...
    @property
    def rule(self) -> str: ...


class Statements[Said: PersonStatement]:
    """What people here say of one kind: left in ``table`` and let out as messages of ``kind``. ``about``: what the own
    ledger says of one that was refused; ``which``: the rows of the table that are meant."""

    def __init__(
        self,
        at: DoorContext,
        table: Table[Any],
        kind: type[Message],
        rules: Iterable[Rule[Said, Draft]],
        about: Callable[[Said], Mapping[str, Any]],
        which: str = "TRUE",
    ) -> None:
        self.at, self.own_book, self.said, self._which = at, at.ledger.book, table, which
        self.gate = at.way_out(kind, rules, about)

    def tell(self) -> int:
        """Lets out what waits; how many were dealt with."""
        return let_out(self.at, self)

    def say(self, said: Said) -> int:
        """Leaves it for the running node, from any process; its number."""
        return self.said.add(self.own_book, said)

    def try_on(self, said: Said) -> Draft | Refused:
        """What ``tell`` would let out of it now: for whoever answers."""
        return self.gate.try_on(said)

    def waiting(self) -> list[Said]:
        """What is not dealt with yet, oldest first, with all that belongs to it."""
        where = f"told_us IS NULL AND {self._which}"
        return self.said.find(self.own_book, where, limit=WAITING_MAX, whole=True)

    def sent_today(self) -> int:
        """How many have left within a day: what a budget counts."""
        where = f"told_us > ? AND rule = '' AND {self._which}"
        return self.said.count(self.own_book, where, (self.at.clock.now_us() - DAY_US,))

    def dealt_with(self, number: int, rule: str) -> None:
        """It left, or ``rule`` refused it for good; what is large is kept here no longer."""
        gone = "".join(f", {column} = NULL" for column in self.said.large)
        with self.own_book.transaction() as tx:
            tx.execute(
                f"UPDATE {self.said.name} SET told_us = ?, rule = ?{gone} WHERE number = ?",
                (self.at.clock.now_us(), rule, number),
            )

    def forget(self) -> None:
        """Drops what was dealt with over a year ago."""
        with self.own_book.transaction() as tx:
            tx.execute(f"DELETE FROM {self.said.name} WHERE told_us < ?", (self.kept_since_us,))

    @property
    def kept_since_us(self) -> int:
        """What is older is forgotten."""
        return self.at.clock.now_us() - KEPT_DAYS * DAY_US


def let_out(at: DoorContext, *several: Statements[Any]) -> int:
    """Lets out what waits in a table, by number, each in the transaction of its line; how many were dealt with. A gate
    that is shut keeps its own kind waiting, a full outbox all that is left."""
    waiting = [(statement.number, kind, statement) for kind in several for statement in kind.waiting()]
    dealt, shut = 0, list[Statements[Any]]()
    for number, kind, statement in sorted(waiting, key=lambda entry: entry[0]):
        if kind in shut:
            continue
        with at.ledger.book.transaction():
            outcome = kind.gate.offer(statement)
            rule = outcome.rule if isinstance(outcome, Refused) else ""
            if rule in WAITS:
                shut.append(kind)
                continue
            if rule in STAYS:
                break
            kind.dealt_with(number, rule)
        dealt += 1
    return dealt


class Conversation[M: Message, Kept: DataclassInstance, Said: PersonStatement](Statements[Said], ABC):
    """About one kind of thing, on the actor's own book. ``told``: the table of what the centre said, the newest of each
    with when it was received (``received_us``); ``stays``: its columns that stay as they were first."""

    told: Table[Kept]
    stays: Sequence[str] = ()

    def hears(self, *rules: Rule[Received[M], Nothing]) -> None:
        """The row of rules for what the centre says."""
        self.received = self.at.way_in(rules)

    def take_in(self, message: M, note: Note) -> Refused | None:
        """Through the gate and into the book."""
        outcome = self.received.offer(Received(message, note))
        if isinstance(outcome, Refused):
            return outcome
        self.told.keep(self.own_book, self.kept(message, self.at.clock.now_us()), self.stays)
        return None

    @abstractmethod
    def kept(self, message: M, now_us: int) -> Kept:
        """What is kept of it."""

    def get(self, key: str) -> Kept | None:
        """None for one that this actor has not heard of."""
        return self.told.get(self.own_book, key)

    def received_today(self) -> int:
        """How many were heard of, or anew, within a day."""
        return self.told.count(self.own_book, "received_us > ?", (self.at.clock.now_us() - DAY_US,))

    def forget(self) -> None:
        """Drops what was heard, or dealt with, over a year ago."""
        super().forget()
        with self.own_book.transaction() as tx:
            tx.execute(f"DELETE FROM {self.told.name} WHERE received_us < ?", (self.kept_since_us,))
