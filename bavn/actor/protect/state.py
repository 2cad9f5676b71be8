"""What the node remembers of shared indicators: one row each, in the node's own SQLite book.

The wanted set is written here before anything is enforced, so that kill -9 at any moment leaves a truth to which the
enforcers are brought at the next start. Refuses to decide: it keeps what the gate and the people decided.
"""

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any, Final

from bavn.actor.protect import hit_book
from bavn.actor.protect.never_own import prepare
from bavn.actor.protect.rules import IndicatorRecord, Spent
from bavn.actor.protect.wanted import COUNT_SCHEMA, Wanted
from bavn.model.intel.indicator import Block, BlockOutcome, BlockState, Indicator, Sighting
from bavn.model.moment import DAY_US, HOUR_US
from bavn.model.observable import Observable, ObservableType
from bavn.model.text import Text
from bavn.wire.book import Book

NEVER_SEEN_KEPT_US: Final = 30 * DAY_US
SCHEMA: Final = (
    # The bundle stands last: what is asked of many items at once is read without it.
    """CREATE TABLE protect_item (
        indicator_id TEXT PRIMARY KEY, version INTEGER NOT NULL, type TEXT NOT NULL, value TEXT NOT NULL,
        act TEXT NOT NULL CHECK (act IN ('block', 'watch', 'lift')),
        standing TEXT NOT NULL CHECK (standing IN ('wanted', 'waiting', 'refused', 'lifted')),
        rule TEXT NOT NULL, reason TEXT NOT NULL, until_us INTEGER NOT NULL, decided_us INTEGER NOT NULL,
        held INTEGER NOT NULL, by TEXT NOT NULL, found TEXT NOT NULL, told TEXT NOT NULL, forced_us INTEGER,
        bundle TEXT NOT NULL
    ) STRICT, WITHOUT ROWID""",
    "CREATE INDEX protect_standing ON protect_item (standing, until_us)",
    "CREATE INDEX protect_blocks ON protect_item (standing, act, type, value, until_us)",
    "CREATE INDEX protect_untold ON protect_item (standing) WHERE told = ''",
    "CREATE INDEX protect_observable ON protect_item (type, value)",
    """CREATE TABLE protect_came (
        number INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, body BLOB NOT NULL
    ) STRICT""",
    "CREATE TABLE protect_hunt (indicator_id TEXT PRIMARY KEY) STRICT, WITHOUT ROWID",
    "CREATE TABLE protect_spent (what TEXT NOT NULL, at_us INTEGER NOT NULL, amount INTEGER NOT NULL) STRICT",
    "CREATE INDEX protect_spent_at ON protect_spent (what, at_us)",
    "CREATE TABLE protect_note (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID",
    """CREATE TABLE protect_told (
        number INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, said TEXT NOT NULL
    ) STRICT""",
    """CREATE TABLE protect_met (
        indicator_id TEXT NOT NULL, kind TEXT NOT NULL, count INTEGER NOT NULL, first_us INTEGER, last_us INTEGER,
        told_count INTEGER NOT NULL, told_us INTEGER, PRIMARY KEY (indicator_id, kind)
    ) STRICT, WITHOUT ROWID""",
    """CREATE TABLE protect_wish (
        number INTEGER PRIMARY KEY AUTOINCREMENT, act TEXT NOT NULL, indicator_id TEXT NOT NULL, by TEXT NOT NULL
    ) STRICT""",
)

STANDS: Final = (
    "CASE WHEN standing = 'waiting' AND rule IN ('carried', 'pap_watch_only') THEN 'uncarried' ELSE standing END"
)
"""How an item stands for people: what waits for an enforcer waits for no person."""

PIECE: Final = 5_000
"""So many items are gone over at once where there may be a million."""
_COVERS: Final = "CASE WHEN found = '' THEN 0 ELSE json_extract(found, '$.destinations') END"
_ALONE: Final = f"standing = 'wanted' AND act = 'block' AND by = '' AND {_COVERS} > 0"
COVERS_SCHEMA: Final = (f"CREATE INDEX protect_covers ON protect_item ({_COVERS}) WHERE {_ALONE}",)
"""Blocks that nobody approved and that cover something in use: few beside all, and asked for at every decision."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One indicator as this actor stands to it. ``standing``: wanted (in force or to be), waiting (for a person, or
    by a rule of NOT_CARRIED for an enforcer), refused, lifted. ``found``: the dry run as JSON text ("" for none).
    ``told``: the outcome last said."""

    indicator_id: str
    version: int
    bundle: str
    type: str
    value: str
    act: str
    standing: str
    rule: str
    reason: str
    until_us: int
    decided_us: int
    held: bool = False
    by: str = ""
    found: str = ""
    told: str = ""
    forced_us: int | None = None

    @property
    def observable(self) -> Observable | None:
        """None for an indicator that was withdrawn before it ever came."""
        return Observable.trusted(ObservableType(self.type), self.value) if self.type else None


@dataclass(frozen=True, slots=True)
class PendingNotice:
    """Something for the door, kept until the door says done: what became of an indicator, or where it was met."""

    number: int
    statement: BlockOutcome | Sighting


_COLUMNS: Final = (
    "indicator_id, version, bundle, type, value, act, standing, rule, reason, until_us, decided_us, held, by, found, "
    "told, forced_us"
)
_MARKS: Final = ", ".join("?" for _ in _COLUMNS.split(", "))
_RENEWED: Final = ", ".join(f"{name} = excluded.{name}" for name in _COLUMNS.split(", ")[1:])


class State:
    """All questions and changes. Every change joins the transaction that is open."""

    def __init__(self, book: Book) -> None:
        self.book = book
        book.part("protect", 1, SCHEMA)
        book.part("protect_covers", 1, COVERS_SCHEMA)
        book.part("protect_count", 1, COUNT_SCHEMA)
        prepare(book)
        hit_book.prepare(book)
        self._wanted = {act: Wanted(book, act) for act in ("block", "watch")}

    def item(self, indicator_id: str) -> Item | None:
        found = self.book.rows(f"SELECT {_COLUMNS} FROM protect_item WHERE indicator_id = ?", (indicator_id,))
        return _item(found[0]) if found else None

    def items(self, standing: str) -> Iterator[Item]:
        """All items of a standing, in the order of their ids."""
        rows = self.book.rows(
            f"SELECT {_COLUMNS} FROM protect_item WHERE standing = ? ORDER BY indicator_id", (standing,)
        )
        return map(_item, rows)

    def some_wanted(self, after_id: str, limit: int, *, bundles: bool = True) -> list[Item]:
        """Wanted items with ids above ``after_id``, in their order: a piece of what may be a million. Without their
        bundles it is quicker; such an item is never to be kept."""
        columns = _COLUMNS if bundles else _COLUMNS.replace("bundle", "'' AS bundle")
        rows = self.book.rows(
            # The plus keeps SQLite from finding all that is wanted, and sorting it, for each piece.
            f"""SELECT {columns} FROM protect_item WHERE indicator_id > ? AND +standing = 'wanted'
            ORDER BY indicator_id LIMIT ?""",
            (after_id, limit),
        )
        return [_item(row) for row in rows]

    def unsent(self) -> list[Item]:
        """What was wanted or lifted and has not been said yet."""
        rows = self.book.rows(
            f"""SELECT {_COLUMNS} FROM protect_item WHERE standing IN ('wanted', 'lifted') AND told = ''
            ORDER BY indicator_id"""
        )
        return [_item(row) for row in rows]

    def ids_of(self, observable: Observable) -> list[str]:
        """Indicators that are, or lately were, in force for this observable."""
        rows = self.book.rows(
            """SELECT indicator_id FROM protect_item
            WHERE type = ? AND value = ? AND standing IN ('wanted', 'lifted') ORDER BY indicator_id""",
            (observable.type.value, observable.value),
        )
        return [row[0] for row in rows]

    def keep(self, item: Item) -> None:
        """Writes an item as it now stands."""
        values = (
            item.indicator_id,
            item.version,
            item.bundle,
            item.type,
            item.value,
            item.act,
            item.standing,
            item.rule,
            item.reason,
            item.until_us,
            item.decided_us,
            int(item.held),
            item.by,
            item.found,
            item.told,
            item.forced_us,
        )
        with self.book.transaction() as tx:
            before = tx.execute("SELECT type, value FROM protect_item WHERE indicator_id = ?", values[:1]).fetchone()
            for wanted in self._wanted.values():
                wanted.changed((item.type, item.value), *([before] if before else []))
            tx.execute(
                f"INSERT INTO protect_item ({_COLUMNS}) VALUES ({_MARKS}) ON CONFLICT DO UPDATE SET {_RENEWED}", values
            )

    def keep_notice(self, item: Item, outcome: str, forced_us: int | None) -> None:
        """Notes the outcome last said of an item and since when it is in force; nothing else of it changes."""
        with self.book.transaction() as tx:
            tx.execute(
                "UPDATE protect_item SET told = ?, forced_us = ? WHERE indicator_id = ?",
                (outcome, forced_us, item.indicator_id),
            )

    def came(self, kind: str, body: bytes) -> None:
        """A message that the node has heard and protect has not looked at yet."""
        with self.book.transaction() as tx:
            tx.execute("INSERT INTO protect_came (kind, body) VALUES (?, ?)", (kind, body))

    def came_first(self, limit: int, without: Collection[str] = ()) -> list[tuple[int, str, bytes]]:
        """The oldest of them that are not of the kinds ``without``: number, kind, body."""
        marks = ", ".join("?" for _ in without)
        asked = f"SELECT number, kind, body FROM protect_came WHERE kind NOT IN ({marks}) ORDER BY number LIMIT ?"
        return [(number, kind, body) for number, kind, body in self.book.rows(asked, (*sorted(without), limit))]

    def came_count(self) -> int:
        """How many there are."""
        found: int = self.book.rows("SELECT count(*) FROM protect_came")[0][0]
        return found

    def looked_at(self, number: int) -> None:
        """It met the gate: joins the transaction of its ledger line."""
        with self.book.transaction() as tx:
            tx.execute("DELETE FROM protect_came WHERE number = ?", (number,))

    def known(self, indicator_id: str) -> IndicatorRecord | None:
        """What the rules may know of an indicator."""
        item = self.item(indicator_id)
        if item is None:
            return None
        return IndicatorRecord(
            version=item.version,
            standing=item.standing,
            act=item.act,
            observable=str(item.observable or ""),
            held=item.held,
        )

    def held(self, observable: Observable) -> str | None:
        """The rule by which this observable waits for a person under any indicator: it was lifted here, and nobody has
        put it back."""
        rows = self.book.rows(
            """SELECT rule FROM protect_item WHERE type = ? AND value = ? AND held = 1
            ORDER BY decided_us DESC, indicator_id LIMIT 1""",
            (observable.type.value, observable.value),
        )
        if not rows:
            return None
        return "rolled_back" if rows[0][0] == "rolled_back" else "lifted_by_hand"

    def let_go(self, observable: Observable) -> None:
        """A person put it back: whatever was lifted here on this observable holds it up no more."""
        with self.book.transaction() as tx:
            tx.execute(
                "UPDATE protect_item SET held = 0 WHERE type = ? AND value = ? AND held = 1",
                (observable.type.value, observable.value),
            )

    def covering(self) -> int:
        """Destinations that blocks in force cover which nobody approved, as their dry runs saw it."""
        count: int = self.book.rows(
            f"SELECT coalesce(sum({_COVERS}), 0) FROM protect_item INDEXED BY protect_covers WHERE {_ALONE}"
        )[0][0]
        return count

    def blocks(self, act: str, now_us: int) -> list[Block]:
        """The wanted set of an act, by observable, one block each (the one that lasts longest), ascending."""
        return self._wanted[act].blocks(now_us)

    def overdue(self, now_us: int, limit: int) -> list[Item]:
        """What waits or is in force although its end has come: a piece of it."""
        rows = self.book.rows(
            f"""SELECT {_COLUMNS} FROM protect_item WHERE standing IN ('wanted', 'waiting') AND until_us <= ?
            ORDER BY indicator_id LIMIT ?""",
            (now_us, limit),
        )
        return [_item(row) for row in rows]

    def forget(self, before_us: int, now_us: int = 0) -> None:
        """Drops what ended and was decided before this moment, and withdrawals of what never came after 30 days."""
        with self.book.transaction() as tx:
            old = "until_us < ? AND decided_us < ? AND standing IN ('refused', 'lifted')"
            tx.execute(
                f"DELETE FROM protect_met WHERE indicator_id IN (SELECT indicator_id FROM protect_item WHERE {old})",
                (before_us, before_us),
            )
            hit_book.forget(self.book, old, (before_us, before_us))
            tx.execute(f"DELETE FROM protect_item WHERE {old}", (before_us, before_us))
            tx.execute(
                "DELETE FROM protect_item WHERE standing = 'lifted' AND bundle = '' AND decided_us < ?",
                (now_us - NEVER_SEEN_KEPT_US,),
            )

    def waiting_for(self, rule: str, limit: int) -> list[str]:
        """The ids of what waits by this rule first of all."""
        sql = """SELECT indicator_id FROM protect_item WHERE standing = 'waiting' AND rule = ? AND bundle <> ''
            ORDER BY decided_us LIMIT ?"""
        return [str(id_) for (id_,) in self.book.rows(sql, (rule, limit))]

    def centre_replaced(self, now_us: int, *, keep_blocks: bool) -> int:
        """Forgets every number that the centre counts; without ``keep_blocks`` lifts what it brought about, until a
        person or the centre puts it back. How many were lifted."""
        reason = Text("the centre was replaced").row()
        with self.book.transaction() as tx:
            lifted = 0
            if not keep_blocks:
                lifted = tx.execute(
                    """UPDATE protect_item SET standing = 'lifted', rule = 'centre_replaced', reason = ?, told = '',
                      decided_us = ? WHERE standing IN ('wanted', 'waiting')""",
                    (reason, now_us),
                ).rowcount
            tx.execute("UPDATE protect_item SET version = min(version, 1)")
            tx.execute("DELETE FROM protect_item WHERE standing = 'lifted' AND type = ''")
            tx.execute("DELETE FROM protect_came")
            tx.execute("DELETE FROM protect_note WHERE name IN ('sector_switch', 'sector_switch_waits')")
        return lifted

    def never_seen(self) -> int:
        """How many withdrawals of indicators that never came are remembered."""
        asked = "SELECT count(*) FROM protect_item WHERE standing = 'lifted' AND type = ''"
        return int(self.book.rows(asked)[0][0])

    def spent(self, now_us: int) -> Spent:
        """The change budget as it stands."""
        blocks, destinations = self.book.rows(
            "SELECT count(*), coalesce(sum(amount), 0) FROM protect_spent WHERE what = 'block' AND at_us > ?",
            (now_us - HOUR_US,),
        )[0]
        in_force, items = self.book.rows(
            """SELECT coalesce(sum(CASE WHEN standing = 'wanted' AND act = 'block' THEN n END), 0),
              coalesce(sum(n), 0) FROM protect_count"""
        )[0]
        return Spent(blocks=blocks, destinations=destinations, in_force=in_force, covered=self.covering(), items=items)

    def spend(self, what: str, now_us: int, amount: int) -> None:
        """Notes a new block (amount: destinations covered) or hunts; old notes go."""
        with self.book.transaction() as tx:
            tx.execute("DELETE FROM protect_spent WHERE at_us <= ?", (now_us - DAY_US,))
            tx.execute("INSERT INTO protect_spent VALUES (?, ?, ?)", (what, now_us, amount))

    def to_hunt(self, limit: int) -> list[str]:
        """Indicators for which own history is still to be hunted."""
        rows = self.book.rows("SELECT indicator_id FROM protect_hunt ORDER BY indicator_id LIMIT ?", (limit,))
        return [row[0] for row in rows]

    def hunt_later(self, indicator_id: str, *, wanted: bool) -> None:
        """Puts an indicator on the list of hunts to come, or takes it off."""
        with self.book.transaction() as tx:
            if wanted:
                tx.execute("INSERT OR IGNORE INTO protect_hunt VALUES (?)", (indicator_id,))
            else:
                tx.execute("DELETE FROM protect_hunt WHERE indicator_id = ?", (indicator_id,))

    def hunts(self, now_us: int) -> int:
        """Hunts in the last 24 hours."""
        count: int = self.book.rows(
            "SELECT coalesce(sum(amount), 0) FROM protect_spent WHERE what = 'hunt' AND at_us > ?", (now_us - DAY_US,)
        )[0][0]
        return count

    def note(self, name: str) -> str | None:
        """A small thing kept under a name (kill switch, mark of a log)."""
        found = self.book.rows("SELECT value FROM protect_note WHERE name = ?", (name,))
        return found[0][0] if found else None

    def set_note(self, name: str, value: str) -> None:
        with self.book.transaction() as tx:
            tx.execute("INSERT OR REPLACE INTO protect_note VALUES (?, ?)", (name, value))

    def drop_note(self, name: str) -> None:
        """It is kept no more."""
        with self.book.transaction() as tx:
            tx.execute("DELETE FROM protect_note WHERE name = ?", (name,))

    def notice_count(self) -> int:
        """How much waits for the door."""
        found: int = self.book.rows("SELECT count(*) FROM protect_told")[0][0]
        return found

    def tell(self, outcome: BlockOutcome | Sighting) -> None:
        """Puts something in the queue for the door."""
        text = json.dumps({name: getattr(outcome, name) for name in outcome.__dataclass_fields__}, sort_keys=True)
        with self.book.transaction() as tx:
            tx.execute("INSERT INTO protect_told (kind, said) VALUES (?, ?)", (type(outcome).__name__, text))

    def pending_notices(self, limit: int, without: frozenset[str] = frozenset()) -> list[PendingNotice]:
        """The oldest that the door has not taken, in order, less what is of these kinds."""
        where = f"WHERE kind NOT IN ({', '.join('?' * len(without))})" if without else ""
        asked = f"SELECT number, kind, said FROM protect_told {where} ORDER BY number LIMIT ?"
        rows = self.book.rows(asked, (*sorted(without), limit))
        return [PendingNotice(number, _outcome(kind, json.loads(text))) for number, kind, text in rows]

    def took(self, number: int) -> None:
        """The door has taken this one alone."""
        with self.book.transaction() as tx:
            tx.execute("DELETE FROM protect_told WHERE number = ?", (number,))

    def done(self, number: int) -> None:
        """The door has taken everything up to this number."""
        with self.book.transaction() as tx:
            tx.execute("DELETE FROM protect_told WHERE number <= ?", (number,))


def item_of(indicator: Indicator, bundle: str, act: str, standing: str, now_us: int) -> Item:
    """A new item for an indicator, nothing told and nothing forced yet."""
    return Item(
        indicator_id=indicator.id,
        version=indicator.version,
        bundle=bundle,
        type=indicator.observable.type.value,
        value=indicator.observable.value,
        act=act,
        standing=standing,
        rule="",
        reason="",
        until_us=indicator.valid_until_us,
        decided_us=now_us,
    )


def outcome_of(
    item: Item, state: BlockState, names: tuple[str, ...], rule: str, lacks: tuple[str, ...]
) -> BlockOutcome:
    """What to say of an item. ``names`` put it into force, ``lacks`` cannot carry it."""
    return BlockOutcome(
        indicator_id=item.indicator_id,
        version=item.version,
        state=state,
        enforcers=names,
        rule=rule or None,
        not_carried=lacks,
    )


def _item(row: tuple[Any, ...]) -> Item:
    values = dict(zip(_COLUMNS.split(", "), row, strict=True))
    return Item(**{**values, "held": bool(values["held"])})


def _outcome(kind: str, fields: dict[str, Any]) -> BlockOutcome | Sighting:
    if kind == "Sighting":
        return Sighting(**fields)
    values: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in fields.items()}
    return BlockOutcome(**values)
