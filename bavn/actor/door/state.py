"""What the door remembers, in the book it shares with ledger and outbox, so that one transaction holds all three.

Rounds that are open (elements and slot map encrypted, deleted when the round closes), how far the centre's messages
have been heard, what each element's last outcome was, and the actor's own vetoes and permissions.
"""

from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from bavn.actor.door.round_elements import NONCE_BYTES, Prepared, lock, unlock
from bavn.actor.door.rounds.leaps import Leaps
from bavn.model.moment import DAY_US
from bavn.model.observable import Observable
from bavn.model.ports import Dice
from bavn.psi.cover import NoSlots, no_slots
from bavn.psi.round import RoundParams
from bavn.wire import gaps
from bavn.wire.book import Book
from bavn.wire.ledger import Asks

if TYPE_CHECKING:
    from bavn.psi.slots import SlotMap

_SCHEMA = (
    """CREATE TABLE door_round (
        round_id TEXT PRIMARY KEY, opened_us INTEGER NOT NULL, deadline_us INTEGER NOT NULL, version INTEGER NOT NULL,
        epoch INTEGER NOT NULL, registry_version INTEGER NOT NULL, tier TEXT NOT NULL, t INTEGER NOT NULL,
        m INTEGER NOT NULL, r INTEGER NOT NULL, forms TEXT NOT NULL, own_x INTEGER NOT NULL, xs TEXT NOT NULL,
        asked INTEGER NOT NULL, box BLOB
    ) STRICT""",
    "CREATE TABLE door_element (element TEXT, tier TEXT, outcome TEXT NOT NULL, PRIMARY KEY (element, tier)) STRICT",
    """CREATE TABLE door_wish (
        observable TEXT PRIMARY KEY, wish TEXT NOT NULL CHECK (wish IN ('veto', 'allow', 'asked')),
        by_whom TEXT NOT NULL, at_us INTEGER NOT NULL
    ) STRICT""",
    "CREATE TABLE door_registry (version INTEGER PRIMARY KEY, members TEXT NOT NULL) STRICT",
    "CREATE TABLE door_reported (at_us INTEGER NOT NULL, observable TEXT NOT NULL) STRICT",
    "CREATE INDEX door_reported_at ON door_reported (at_us)",
)
_WANTED = (
    """CREATE TABLE door_wanted (
        round_id TEXT PRIMARY KEY, opened_us INTEGER NOT NULL, deadline_us INTEGER NOT NULL, version INTEGER NOT NULL,
        epoch INTEGER NOT NULL, registry_version INTEGER NOT NULL, tier TEXT NOT NULL, t INTEGER NOT NULL,
        m INTEGER NOT NULL, r INTEGER NOT NULL, forms TEXT NOT NULL, own_x INTEGER NOT NULL, xs TEXT NOT NULL
    ) STRICT""",
)
_PARAMS = "round_id, version, epoch, registry_version, tier, t, m, r, forms, deadline_us, own_x, xs"


@dataclass(frozen=True, slots=True)
class OpenRound:
    """A round this actor takes part in. ``asked``: cells asked about so far."""

    params: RoundParams
    deadline_us: int
    own_x: int
    xs: frozenset[int]
    asked: int


class State:
    """Reads and writes; every write joins the transaction that is open. ``secret``: 32 bytes of this node's own."""

    def __init__(self, book: Book, secret: bytes) -> None:
        self.book = book
        self._secret = secret
        self.leaps = Leaps(book)
        book.part("door", 1, _SCHEMA)
        book.part("door_wanted", 1, _WANTED)
        self._close_before(self.restored_us())

    def restored_us(self) -> int:
        """When this book was restored, or begun anew, last; 0 for never."""
        return gaps.noticed_us(self.book)

    def _close_before(self, at_us: int) -> None:
        """Answers no more in rounds from before a restore: what was answered meanwhile is not known."""
        with self.book.transaction() as tx:
            tx.execute("UPDATE door_round SET box = NULL WHERE opened_us <= ? AND box IS NOT NULL", (at_us,))
            tx.execute("DELETE FROM door_wanted WHERE opened_us <= ?", (at_us,))

    def heard(self, sender: str) -> int:
        found = self.book.rows("SELECT seq FROM door_heard WHERE sender = ?", (sender,))
        return int(found[0][0]) if found else 0

    def set_received(self, sender: str, seq: int) -> None:
        with self.book.transaction() as tx:
            tx.execute(
                "INSERT INTO door_heard (sender, seq) VALUES (?, ?) ON CONFLICT DO UPDATE SET seq = excluded.seq",
                (sender, seq),
            )

    def centre_replaced(self, sender: str) -> None:
        """Forgets every number that the centre counts: what it says next is heard whatever its number."""
        with self.book.transaction() as tx:
            tx.execute("DELETE FROM door_heard WHERE sender = ?", (sender,))
            tx.execute("DELETE FROM door_registry")
            self.leaps.forget()

    def members(self, version: int) -> str | None:
        """The members that were told under a registry version before; None if it is new."""
        found = self.book.rows("SELECT members FROM door_registry WHERE version = ?", (version,))
        return str(found[0][0]) if found else None

    def newest_registry(self) -> int:
        """Below it none is believed."""
        return self.leaps.registry_floor()

    def keep_members(self, version: int, members: str, now_us: int) -> None:
        with self.book.transaction() as tx:
            tx.execute("INSERT OR IGNORE INTO door_registry VALUES (?, ?)", (version, members))
            old = self.leaps.registry_seen(version, now_us)
            tx.executemany("DELETE FROM door_registry WHERE version = ?", [(one,) for one in old])

    def rounds_since(self, since_us: int) -> int:
        """Rounds opened since then, those among them that still wait for their keys."""
        sql = """SELECT (SELECT count(*) FROM door_round WHERE opened_us > ?1)
            + (SELECT count(*) FROM door_wanted WHERE opened_us > ?1)"""
        return int(self.book.rows(sql, (since_us,))[0][0])

    def want_round(self, opened: OpenRound, now_us: int) -> None:
        """A round this actor will take part in once it has its keys."""
        with self.book.transaction() as tx:
            tx.execute(
                "INSERT INTO door_wanted VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                _columns(opened, now_us),
            )

    def wanted(self) -> list[OpenRound]:
        """Rounds that wait for their keys, the first to end first."""
        found = self.book.rows(f"SELECT {_PARAMS}, 0 FROM door_wanted ORDER BY deadline_us, round_id")
        return [_open_round(row) for row in found]

    def is_wanted(self, round_id: str) -> bool:
        return bool(self.book.rows("SELECT 1 FROM door_wanted WHERE round_id = ?", (round_id,)))

    def drop_wanted(self, round_id: str) -> None:
        with self.book.transaction() as tx:
            tx.execute("DELETE FROM door_wanted WHERE round_id = ?", (round_id,))

    def keep_round(self, opened: OpenRound, now_us: int, prepared: Prepared, dice: Dice) -> None:
        """A round whose share is made; it waits for its keys no more."""
        p = opened.params
        box = lock(self._round_key(p.round_id.hex()), dice.bytes(NONCE_BYTES), prepared)
        with self.book.transaction() as tx:
            tx.execute("DELETE FROM door_wanted WHERE round_id = ?", (p.round_id.hex(),))
            tx.execute(
                "INSERT INTO door_round VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?)",
                (*_columns(opened, now_us), box),
            )

    def last_round(self) -> str | None:
        """The latest round this node took part in, of those it remembers."""
        found = self.book.rows("SELECT round_id FROM door_round ORDER BY opened_us DESC, round_id LIMIT 1")
        return str(found[0][0]) if found else None

    def knows(self, round_id: str) -> bool:
        sql = "SELECT 1 FROM door_round WHERE round_id = ?1 UNION ALL SELECT 1 FROM door_wanted WHERE round_id = ?1"
        return bool(self.book.rows(sql, (round_id,)))

    def had(self, tier: str, epoch: int) -> bool:
        """Whether a round of a tier and epoch was opened before, as far as is remembered."""
        sql = """SELECT 1 FROM door_round WHERE tier = ?1 AND epoch = ?2
            UNION ALL SELECT 1 FROM door_wanted WHERE tier = ?1 AND epoch = ?2"""
        return bool(self.book.rows(sql, (tier, epoch)))

    def round(self, round_id: str) -> OpenRound | None:
        """An open round whose share is made; None for one that is unknown, waits for its keys or is closed."""
        rows = self.book.rows(
            f"SELECT {_PARAMS}, asked FROM door_round WHERE round_id = ? AND box IS NOT NULL", (round_id,)
        )
        return _open_round(rows[0]) if rows else None

    def contents(self, opened: OpenRound) -> "tuple[Prepared, SlotMap | NoSlots]":
        """What an open round rests on. A box that does not open is a broken invariant."""
        prepared = self.box(opened)
        if prepared.slots == no_slots(opened.params):
            return prepared, NoSlots()
        from bavn.psi.slots import SlotMap  # who never has anything to join loads no mathematics

        slots = SlotMap.from_bytes(opened.params, prepared.slots)
        if not isinstance(slots, SlotMap):
            raise TypeError(f"the slot map of round {opened.params.round_id.hex()} is damaged: {slots.reason}")
        return prepared, slots

    def box(self, opened: OpenRound) -> Prepared:
        """The same with the slots as they were written."""
        round_id = opened.params.round_id.hex()
        box = self.book.rows("SELECT box FROM door_round WHERE round_id = ?", (round_id,))[0][0]
        return unlock(self._round_key(round_id), box)

    def count_requests(self, round_id: str, cells: int) -> None:
        with self.book.transaction() as tx:
            tx.execute("UPDATE door_round SET asked = asked + ? WHERE round_id = ?", (cells, round_id))

    def close_round(self, round_id: str) -> bool:
        """Deletes elements, keys and slot map (the book overwrites what it deletes); True if the round was open."""
        with self.book.transaction() as tx:
            tx.execute("DELETE FROM door_wanted WHERE round_id = ?", (round_id,))
            done = tx.execute("UPDATE door_round SET box = NULL WHERE round_id = ? AND box IS NOT NULL", (round_id,))
        return done.rowcount > 0

    def forget_rounds(self, now_us: int) -> None:
        """Closes what is a day past its deadline and forgets what is a week past it."""
        with self.book.transaction() as tx:
            tx.execute("UPDATE door_round SET box = NULL WHERE deadline_us < ? AND box IS NOT NULL", (now_us - DAY_US,))
            tx.execute("DELETE FROM door_round WHERE deadline_us < ?", (now_us - 7 * DAY_US,))
            tx.execute("DELETE FROM door_reported WHERE at_us < ?", (now_us - 2 * DAY_US,))

    def outcome(self, element: str, tier: str) -> str | None:
        found = self.book.rows("SELECT outcome FROM door_element WHERE element = ? AND tier = ?", (element, tier))
        return str(found[0][0]) if found else None

    def set_outcome(self, element: str, tier: str, outcome: str) -> None:
        with self.book.transaction() as tx:
            tx.execute("INSERT OR REPLACE INTO door_element VALUES (?, ?, ?)", (element, tier, outcome))

    def wish(self, observable: Observable) -> str | None:
        found = self.book.rows("SELECT wish FROM door_wish WHERE observable = ?", (str(observable),))
        return str(found[0][0]) if found else None

    def decided_after(self, observable: Observable, at_us: int) -> bool:
        """Whether a person decided on it after this moment."""
        sql = "SELECT 1 FROM door_wish WHERE observable = ? AND at_us > ? AND wish <> 'asked'"
        return bool(self.book.rows(sql, (str(observable), at_us)))

    def wishes(self) -> list[tuple[str, str, str, int]]:
        """(observable, wish, by whom, when in us), by observable."""
        return [(o, w, b, at) for o, w, b, at in self.book.rows("SELECT * FROM door_wish ORDER BY observable")]

    def set_override(self, observable: Observable, override: str | None, by: str, now_us: int) -> None:
        with self.book.transaction() as tx:
            tx.execute("DELETE FROM door_wish WHERE observable = ?", (str(observable),))
            if override is not None:
                tx.execute("INSERT INTO door_wish VALUES (?, ?, ?, ?)", (str(observable), override, by, now_us))

    def reported_since(self, since_us: int) -> int:
        """How many different observables were reported since then."""
        sql = "SELECT count(DISTINCT observable) FROM door_reported WHERE at_us > ?"
        return int(self.book.rows(sql, (since_us,))[0][0])

    def was_reported(self, observable: Observable, since_us: int) -> bool:
        sql = "SELECT 1 FROM door_reported WHERE observable = ? AND at_us > ? LIMIT 1"
        return bool(self.book.rows(sql, (str(observable), since_us)))

    def count_reported(self, observable: Observable, now_us: int) -> None:
        with self.book.transaction() as tx:
            tx.execute("INSERT INTO door_reported VALUES (?, ?)", (now_us, str(observable)))

    def _round_key(self, round_id: str) -> bytes:
        return blake2b(round_id.encode(), key=self._secret, digest_size=32, person=b"bavn-slots").digest()

    @property
    def own_key(self) -> bytes:
        """The key of this actor's receipts and of its answers for cells without an element. Who loses it can read no
        open round either."""
        return blake2b(b"dummy", key=self._secret, digest_size=32, person=b"bavn-dummykey").digest()


def under_way(book: Asks, now_us: int) -> int:
    """Rounds that this node wants to take part in and still can; their keys are on their way. None where no door was
    ever opened over this book."""
    if not book.rows("SELECT 1 FROM sqlite_master WHERE name = 'door_wanted'"):
        return 0
    return int(book.rows("SELECT count(*) FROM door_wanted WHERE deadline_us > ?", (now_us,))[0][0])


def _text(xs: frozenset[int]) -> str:
    return " ".join(str(x) for x in sorted(xs))


def _columns(opened: OpenRound, now_us: int) -> tuple[str | int | bytes, ...]:
    """A round's row as both tables begin it."""
    p = opened.params
    return (
        p.round_id.hex(),
        now_us,
        opened.deadline_us,
        p.version,
        p.epoch,
        p.registry_version,
        p.tier,
        p.t,
        p.m,
        p.r,
        p.forms,
        opened.own_x,
        _text(opened.xs),
    )


def _open_round(row: tuple[Any, ...]) -> OpenRound:
    round_id, version, epoch, registry, tier, t, m, r, forms, deadline_us, own_x, xs, requested = row
    params = RoundParams(
        version=version,
        epoch=epoch,
        round_id=bytes.fromhex(round_id),
        registry_version=registry,
        tier=tier,
        t=t,
        m=m,
        r=r,
        forms=forms,
    )
    return OpenRound(params, deadline_us, own_x, frozenset(int(x) for x in xs.split()), requested)
