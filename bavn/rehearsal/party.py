"""The parties of a simulated sector: real nodes and a real centre on disks of their own, which can die and come back.

Puts together what ``app`` puts together for real, over simulated clock, dice and link. Refuses to know the story.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Engine

from bavn.actor.door.books import books_of
from bavn.actor.door.door import Door
from bavn.actor.door.policy import DoorPolicy
from bavn.actor.door.rounds.commons import OutsideLife
from bavn.actor.door.suspicions import NodeSuspicions
from bavn.actor.door.tell_rules import Condition
from bavn.actor.door.terms import Keys
from bavn.actor.node.build import NodeOutfit, counting_of, gates_of
from bavn.actor.node.monitor import Monitor
from bavn.actor.node.outside import outside_of
from bavn.actor.node.settings import NodeSettings
from bavn.actor.node.talker import Talker
from bavn.actor.protect.carriers import Enforcers
from bavn.actor.protect.never import NeverBlock
from bavn.actor.protect.outfit import ProtectOutfit
from bavn.actor.protect.own_history import History
from bavn.actor.protect.policy import ProtectPolicy
from bavn.actor.protect.protect import Protect
from bavn.centre.correlate.lists import Lists, NoLists
from bavn.centre.members.authority import Authority
from bavn.centre.members.registry import Registry
from bavn.centre.node.build import CentreGround, open_centre
from bavn.centre.node.centre import Centre
from bavn.centre.node.config import CentreConfig
from bavn.centre.store.engine import open_engine
from bavn.model.intel.indicator import Block
from bavn.model.observable import Observable, ObservableType
from bavn.model.ports import Clock, EnforcerDown, Link, LinkDown
from bavn.rehearsal.clock import SimClock
from bavn.rehearsal.mortal import Killed, Mortal, MortalClock
from bavn.rehearsal.noise import SeededNoise
from bavn.rehearsal.script import key_of
from bavn.traffic.dice import SeededDice
from bavn.wire.book import Book
from bavn.wire.ledger import Ledger
from bavn.wire.links.keyholder import Ask, KeyHolderIdentifiers

VERSION: Final = "0.sim"


@dataclass(slots=True)
class SimEnforcer:
    """Implements Enforcer: what is in force is what was last said. It outlives its node. ``down``: refuses."""

    name: str = "sim"
    blocks: tuple[Block, ...] = ()
    down: bool = False

    @property
    def carries(self) -> frozenset[ObservableType]:
        return frozenset({ObservableType.DOMAIN, ObservableType.IP4, ObservableType.IP6})

    def enforce(self, blocks: Sequence[Block]) -> None:
        if self.down:
            raise EnforcerDown("switched off by the story")
        self.blocks = tuple(sorted(blocks))


@dataclass(frozen=True, slots=True, kw_only=True)
class ProtectLists:
    """``never``: text of a never-block list, of ``where``; ``listed``: the warning list that knows an observable."""

    never: str = ""
    where: str = "the simulator's empty never-block list"
    listed: Callable[[Observable], str | None] | None = None


Senses = Callable[["SimNode", NodeSuspicions], tuple[Monitor | None, History | None]]
"""Makes a node's eyes and its past, on each opening; (None, None) for a node without a sensor."""


def no_senses(_: "SimNode", __: NodeSuspicions) -> tuple[None, None]:
    """A node that is handed its suspicions, or only protects."""
    return None, None


@dataclass(slots=True)
class SimNode(Mortal):
    """One actor's node. ``folder`` is its disk, ``ask`` makes its way to the key holders at each opening; ``ordinary``:
    its life outside, None for what its senses have seen; ``lists``: what its way in never blocks, or asks a person
    about."""

    name: str
    homes: tuple[str, ...]
    folder: Path
    seed: int
    clock: SimClock
    link: Link
    centre_key: Ed25519PrivateKey
    ask: Callable[[Ledger, Clock], Ask]
    senses: Senses = no_senses
    ordinary: OutsideLife | None = None
    enforcer: SimEnforcer = field(default_factory=SimEnforcer)
    policy: DoorPolicy = field(default_factory=DoorPolicy)
    lists: ProtectLists = field(default_factory=ProtectLists)
    book: Book = field(init=False)
    known: NodeSuspicions = field(init=False)
    door: Door = field(init=False)
    protect: Protect = field(init=False)
    talker: Talker = field(init=False)
    monitor: Monitor | None = field(init=False)
    _dice: SeededDice = field(init=False)

    def __post_init__(self) -> None:
        self.mortal = MortalClock(self.clock)
        self._dice = SeededDice(self.seed, f"node/{self.name}")
        self.folder.mkdir(parents=True, exist_ok=True)
        self._open()

    @property
    def key(self) -> Ed25519PrivateKey:
        return key_of(self.seed, self.name)

    def step(self) -> bool:
        """One look and one talk; a death in it is survived. True if the node lived through it."""
        try:
            if self.monitor is not None:
                self.monitor.look()
            self.talker.talk()
        except Killed:
            self.reopen()
            return False
        return True

    def close(self) -> None:
        self.book.close()

    def _open(self) -> None:
        self.book = Book(self.folder / "node.db")
        books = books_of(self.book)
        self.known = books.known
        self.monitor, history = self.senses(self, self.known)
        protecting = ProtectOutfit(
            clock=self.mortal,
            policy=ProtectPolicy(),
            never=NeverBlock.of(self.lists.never, self.lists.where, own_networks=self.homes),
            listed=self.lists.listed,
            enforcers=Enforcers([self.enforcer], []),
            homes=self.homes,
            history=history,
        )
        outfit = NodeOutfit(
            name=self.name,
            homes=self.homes,
            clock=self.mortal,
            dice=self._dice,
            noise=SeededNoise(self._dice),
            policy=self.policy,
            settings=NodeSettings(version=VERSION),
        )
        keys = Keys(own=self.key, centre=self.centre_key.public_key(), secret=self.key.private_bytes_raw())
        ask = self.ask(books.ledger, self.mortal)
        identifiers = KeyHolderIdentifiers(ask, books.ledger, self.mortal, self._dice)
        outside = self.ordinary or outside_of(None if self.monitor is None else self.monitor.store, self.mortal)
        gates = gates_of(outfit, protecting, books, keys, identifiers, self.link, self._condition, outside)
        self.protect, self.door, self.talker = gates.protect, gates.door, gates.talker
        self.talker.tell_counts = counting_of(outfit, books, self.door).tell
        self.talker.start()

    def _condition(self, door: Door) -> Condition:
        return Condition(
            version=VERSION,
            sensor="up" if self.monitor else "none",
            capture_loss_permille=0,
            clock_skew_s=0,
            queue_messages=door.queue().messages,
            last_round=None,
        )


@dataclass(slots=True)
class SimCentre(Mortal):
    """The centre on a disk of its own. Implements the receiving side of the memory link: dead is LinkDown."""

    folder: Path
    seed: int
    clock: SimClock
    config: CentreConfig
    lists: Lists = field(default_factory=NoLists)
    book: Book = field(init=False)
    centre: Centre = field(init=False)
    _dice: SeededDice = field(init=False)
    _authority: Authority = field(init=False)
    _engine: Engine = field(init=False)

    def __post_init__(self) -> None:
        self.mortal = MortalClock(self.clock)
        self._dice = SeededDice(self.seed, "centre")
        self._authority = Authority.make("sim", self.clock.now_us(), self._dice.fork("authority"))
        self.folder.mkdir(parents=True, exist_ok=True)
        self._open()

    @property
    def key(self) -> Ed25519PrivateKey:
        return key_of(self.seed, "centre")

    def enrol(self, name: str, kind: str, key: Ed25519PrivateKey, group: str = "") -> None:
        """A new active member, without certificates: memory links need none."""
        registry = Registry(self._engine, self.clock)
        registry.add(name, kind, group)
        with self._engine.begin() as tx:
            registry.activate(tx, name, key.public_key().public_bytes_raw().hex())

    def suspend(self, name: str) -> None:
        """The member takes part in nothing until it is resumed."""
        Registry(self._engine, self.clock).suspend(name)

    def resume(self, name: str) -> None:
        """It is a member again."""
        Registry(self._engine, self.clock).resume(name)

    def receive(self, actor: str, envelopes: Sequence[bytes]) -> Sequence[int]:
        try:
            return self.centre.receive(actor, envelopes)
        except Killed:
            self.reopen()
            raise LinkDown("the centre died") from None

    def pull(self, actor: str, after: int) -> Sequence[bytes]:
        try:
            return self.centre.pull(actor, after)
        except Killed:
            self.reopen()
            raise LinkDown("the centre died") from None

    def step(self) -> bool:
        """One step; True if the centre lived through it."""
        try:
            self.centre.step()
        except Killed:
            self.reopen()
            return False
        return True

    def close(self) -> None:
        self.book.close()
        self._engine.dispose()

    def _open(self) -> None:
        self._engine = open_engine(f"sqlite:///{self.folder / 'centre.db'}")
        self.book = Book(self.folder / "book.db")
        self.centre = open_centre(
            self.config,
            ground=CentreGround(engine=self._engine, book=self.book, key=self.key, authority=self._authority),
            clock=self.mortal,
            dice=self._dice,
            lists=self.lists,
        )
