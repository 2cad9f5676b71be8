"""A node's ways in and out and its talker, put together over its books: one way for a hospital, a rehearsal, a test.

What is real or played is handed in. It opens nothing, and what fails is raised: a service contains each step itself.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from bavn.actor.door.books import NodeBooks
from bavn.actor.door.conversations.witness_book import WitnessBook
from bavn.actor.door.counts import Counting
from bavn.actor.door.door import Door
from bavn.actor.door.policy import DoorPolicy
from bavn.actor.door.rounds.commons import OutsideLife, nothing_outside
from bavn.actor.door.tell_rules import Condition
from bavn.actor.door.terms import DoorOwner, DoorTerms, Keys, NodeKnowledge
from bavn.actor.node.settings import NodeSettings
from bavn.actor.node.talker import Talker
from bavn.actor.protect.held import held_span
from bavn.actor.protect.outfit import CentreLog, ProtectOutfit
from bavn.actor.protect.policy import ProtectPolicy
from bavn.actor.protect.protect import Protect
from bavn.actor.protect.sightings import blocked_met
from bavn.model.failure import Failures, NoContainment
from bavn.model.ports import Clock, Dice, Link, Noise
from bavn.psi.identifier import Identifiers


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeOutfit:
    """What a node is given from outside. ``in_sector``: False where no centre waits to hear from it; ``passing``: what
    ends the node and is not contained in a step."""

    name: str
    homes: tuple[str, ...]
    clock: Clock
    dice: Dice
    noise: Noise
    policy: DoorPolicy
    settings: NodeSettings
    terms: DoorTerms = field(default_factory=DoorTerms)
    in_sector: bool = True
    failures: Failures = field(default_factory=NoContainment)
    passing: tuple[type[Exception], ...] = ()


@dataclass(frozen=True, slots=True)
class NodeGates:
    """A node without a sensor, whole: made by :func:`gates_of`."""

    books: NodeBooks
    protect: Protect
    door: Door
    talker: Talker


def protect_of(outfit: ProtectOutfit, books: NodeBooks) -> Protect:
    """The way in."""
    witness = WitnessBook(books.book)
    return Protect(books.ledger, outfit, CentreLog(witness.proven, witness.released))


def gates_of(
    outfit: NodeOutfit,
    protecting: ProtectOutfit,
    books: NodeBooks,
    keys: Keys,
    identifiers: Identifiers,
    link: Link,
    health: Callable[[Door], Condition],
    outside: OutsideLife = nothing_outside,
) -> NodeGates:
    """Both ways and the talker, for whoever contains nothing step by step. ``health``: how the node is; ``outside``:
    what is ordinary in its history."""
    protect = protect_of(protecting, books)
    door = door_of(outfit, books, keys, identifiers, protect, outside)
    return NodeGates(books, protect, door, talker_of(outfit, link, door, protect, lambda: health(door)))


def door_of(
    outfit: NodeOutfit,
    books: NodeBooks,
    keys: Keys,
    identifiers: Identifiers,
    protect: Protect,
    outside: OutsideLife = nothing_outside,
) -> Door:
    """The way out: it knows what is suspicious, what people hold of it, what the sector shared, and what is ordinary
    here."""
    knowledge = NodeKnowledge(
        suspicions=books.known.all,
        verdicts=lambda: books.verdicts.holding(outfit.clock.now_us()),
        holds=held_span(protect.state, outfit.clock),
        outside=outside,
    )
    return Door(
        owner=DoorOwner(name=outfit.name, homes=outfit.homes, keys=keys),
        ledger=books.ledger,
        clock=outfit.clock,
        dice=outfit.dice,
        policy=outfit.policy,
        identifiers=identifiers,
        knowledge=knowledge,
        terms=replace(outfit.terms, lists_proven=lists_proven(protect.policy), noise=outfit.noise),
    )


def lists_proven(policy: ProtectPolicy) -> tuple[str, ...] | None:
    """Whose cosignatures a list of members needs before a round is joined under it; None where it needs no proof."""
    return policy.log_witnesses if policy.log_proof else None


def counting_of(outfit: NodeOutfit, books: NodeBooks, door: Door) -> Counting:
    """A day's counts, with noise."""
    return Counting(door, outfit.clock, outfit.noise, books.known.all, lambda: blocked_met(books.book))


def talker_of(
    outfit: NodeOutfit, link: Link, door: Door, protect: Protect, condition: Callable[[], Condition]
) -> Talker:
    """The half that talks; counts and canary are given to it where there are any."""
    return Talker(
        outfit.clock,
        link,
        door,
        protect,
        condition,
        outfit.settings,
        in_sector=outfit.in_sector,
        failures=outfit.failures,
        passing=outfit.passing,
    )
