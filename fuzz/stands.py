"""A centre's inbox and a whole node before it, with real keys, without sockets: what signed messages are put to."""

from collections.abc import Sequence
from pathlib import Path
from tempfile import mkdtemp

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import create_engine

from bavn.actor.door.books import books_of
from bavn.actor.door.policy import DoorPolicy
from bavn.actor.door.tell_rules import Condition
from bavn.actor.door.terms import Keys
from bavn.actor.node.build import NodeOutfit, gates_of
from bavn.actor.node.settings import NodeSettings
from bavn.actor.protect.carriers import Enforcers
from bavn.actor.protect.enforcers.rpz_primary import RpzPrimary
from bavn.actor.protect.enforcers.textlist import TextList
from bavn.actor.protect.never import NeverBlock, shipped_text
from bavn.actor.protect.outfit import ProtectOutfit
from bavn.actor.protect.own_history import History
from bavn.actor.protect.policy import ProtectPolicy
from bavn.actor.store.columns import ColumnStore
from bavn.actor.store.query.hunt import hunt
from bavn.centre.inbox.inbox import Inbox
from bavn.centre.members.authority import Authority
from bavn.centre.members.enrolment import Enrolment
from bavn.centre.members.registry import Registry
from bavn.model.moment import DAY_US, HOUR_US
from bavn.psi.identifier import LocalIdentifiers
from bavn.rehearsal.clock import SimClock
from bavn.rehearsal.noise import SeededNoise
from bavn.traffic.dice import SeededDice
from bavn.wire import seal
from bavn.wire.book import Book
from bavn.wire.codec import DOWN_KINDS, Encoded
from bavn.wire.enrol import NodeKeys
from fuzz.seed import scratch

NOW_US = 20_600 * DAY_US + 9 * HOUR_US
HOMES = ("10.0.0.0/8",)
MEMBER = "north"


class NoRounds:
    """No round is open."""

    def open_round(self, round_id: str) -> None:
        """None: it is closed."""


def signed(key: Ed25519PrivateKey, sender: str, recipient: str, seq: int, data: bytes) -> bytes:
    """``kind LF body [LF attachment]`` in an envelope whose signature holds; what no envelope can hold, as it is."""
    kind, _, rest = data.partition(b"\n")
    body, _, attachment = rest.partition(b"\n")
    try:
        return seal.seal_encoded(key, sender, recipient, seq, Encoded(kind.decode("ascii"), body, attachment))
    except ValueError:
        return data


class CentreInbox:
    """Members, and the gate through which they are heard."""

    def __init__(self) -> None:
        self.clock = SimClock(NOW_US)
        self.engine = create_engine("sqlite://")
        self.registry = Registry(self.engine, self.clock)
        self.authority = Authority.make("test", NOW_US - 200 * DAY_US, SeededDice(1, "ca"))
        self.enrolment = Enrolment(self.registry, self.authority, self.clock, SeededDice(1, "enrolment"))
        self.registry.add(MEMBER, "region")
        self.keys = NodeKeys.make(MEMBER, SeededDice(1, "north"))
        token = self.enrolment.invite(MEMBER)
        self.enrolment.enrol(_asked(self.keys, token))
        self.book = Book()
        self.inbox = Inbox(self.book, self.registry, NoRounds(), self.clock)
        self.seq = 0

    def receive(self, envelopes: Sequence[bytes]) -> list[int]:
        return self.inbox.receive(MEMBER, envelopes)

    def sealed(self, data: bytes) -> bytes:
        self.seq += 1
        return signed(self.keys.message, MEMBER, "centre", self.seq, data)

    def lines(self) -> int:
        return self.inbox.ledger.head()[0]

    def close(self) -> None:
        self.book.close()
        self.engine.dispose()


def _asked(keys: NodeKeys, token: str):
    from bavn.centre.members.enrolment import Application

    asked = keys.ask(token)
    return Application(
        **{name: getattr(asked, name) for name in Application.__dataclass_fields__ if hasattr(asked, name)}
    )


class Wire:
    """The link of a node to a centre that says what it likes."""

    def __init__(self) -> None:
        self.down: list[bytes] = []

    def post(self, envelopes: Sequence[bytes]) -> list[int]:
        return [stands.seq for raw in envelopes if isinstance(stands := seal.address(raw), seal.Address)]

    def pull(self, after: int, wait_s: float) -> list[bytes]:
        down, self.down = self.down, []
        return down


class Node:
    """Door, protection and talker as the real node has them."""

    def __init__(self) -> None:
        folder = Path(mkdtemp(dir=scratch()))
        self.clock, self.book = SimClock(NOW_US), Book()
        self.centre, self.key = (
            Ed25519PrivateKey.from_private_bytes(b"c" * 32),
            Ed25519PrivateKey.from_private_bytes(b"n" * 32),
        )
        self.wire, self.seq = Wire(), 0
        (folder / "lists").mkdir()
        books = books_of(self.book)
        self.ledger = books.ledger
        self.store = ColumnStore.open(folder / "store", homes=HOMES)
        never = NeverBlock.of(
            shipped_text(), "shipped", own_domains=("own.dk",), own_networks=HOMES, centre=("centre.dk",)
        )
        protecting = ProtectOutfit(
            clock=self.clock,
            policy=ProtectPolicy(),
            never=never,
            homes=HOMES,
            enforcers=Enforcers((TextList(folder / "lists", children=True), RpzPrimary(folder / "bavn.zone")), ()),
            history=History(self.store.window, hunt),
        )
        outfit = NodeOutfit(
            name=MEMBER,
            homes=HOMES,
            clock=self.clock,
            dice=SeededDice(3, MEMBER),
            noise=SeededNoise(SeededDice(4, MEMBER)),
            policy=DoorPolicy(),
            settings=NodeSettings(version="1"),
        )
        keys = Keys(own=self.key, centre=self.centre.public_key(), secret=b"s" * 32)
        health = Condition(
            version="1", sensor="up", capture_loss_permille=0, clock_skew_s=0, queue_messages=0, last_round=None
        )
        gates = gates_of(
            outfit, protecting, books, keys, LocalIdentifiers(bytes(range(32))), self.wire, lambda _: health
        )
        self.protect, self.door, self.talker = gates.protect, gates.door, gates.talker
        self.talker.start()

    def says(self, data: bytes) -> None:
        """The centre signs and sends; the node talks."""
        self.seq += 1
        self.wire.down.append(signed(self.centre, "centre", MEMBER, self.seq, data))
        self.talker.talk()
        self.protect.step()

    def lines(self) -> int:
        return self.ledger.head()[0]

    def close(self) -> None:
        self.book.close()
        self.store.close()


KINDS_DOWN = tuple(DOWN_KINDS)
