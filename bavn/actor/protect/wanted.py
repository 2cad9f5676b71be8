"""The wanted set as the enforcers get it, kept between two steps: a change of a thousand is not paid by a million.

Read whole from the book once; after that only the observables that changed are read again, so that what it says is
always what the book says. Also how many items there are, counted by the book itself. Refuses to decide anything.
"""

import hashlib
import json
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import asdict
from typing import Final

from bavn import __version__
from bavn.actor.protect.carriers import Enforcers
from bavn.actor.protect.never import NeverBlock
from bavn.model.intel.indicator import Block
from bavn.model.observable import Observable, ObservableType
from bavn.wire.book import Book

CHANGES_MAX: Final = 20_000
"""More changes than this at once, and all is read again."""
COUNT_SCHEMA: Final = (
    """CREATE TABLE protect_count (
        standing TEXT NOT NULL, act TEXT NOT NULL, n INTEGER NOT NULL, PRIMARY KEY (standing, act)
    ) STRICT, WITHOUT ROWID""",
    "INSERT INTO protect_count SELECT standing, act, count(*) FROM protect_item GROUP BY standing, act",
    """CREATE TRIGGER protect_more AFTER INSERT ON protect_item BEGIN
        INSERT INTO protect_count VALUES (new.standing, new.act, 1) ON CONFLICT DO UPDATE SET n = n + 1; END""",
    """CREATE TRIGGER protect_less AFTER DELETE ON protect_item BEGIN
        UPDATE protect_count SET n = n - 1 WHERE standing = old.standing AND act = old.act; END""",
    """CREATE TRIGGER protect_other AFTER UPDATE OF standing, act ON protect_item
        WHEN new.standing != old.standing OR new.act != old.act BEGIN
        UPDATE protect_count SET n = n - 1 WHERE standing = old.standing AND act = old.act;
        INSERT INTO protect_count VALUES (new.standing, new.act, 1) ON CONFLICT DO UPDATE SET n = n + 1; END""",
)
Key = tuple[str, str]


class Wanted:
    """The blocks of one act, ascending, one for each observable: the one that lasts longest."""

    def __init__(self, book: Book, act: str) -> None:
        self._book, self._act = book, act
        self._blocks: list[Block] | None = None
        self._changed: set[Key] = set()

    def changed(self, *keys: Key) -> None:
        """These observables (type, value) are to be read again."""
        if self._blocks is not None:
            self._changed.update(keys)

    def blocks(self, now_us: int) -> list[Block]:
        """Those whose end has not come."""
        if self._blocks is None or len(self._changed) > CHANGES_MAX:
            self._blocks = self._read_all()
        else:
            for key in self._changed:
                self._read_again(self._blocks, key)
        self._changed.clear()
        return [block for block in self._blocks if block.until_us > now_us]

    def _read_all(self) -> list[Block]:
        rows = self._book.rows(
            """SELECT type, value, indicator_id, until_us FROM protect_item INDEXED BY protect_blocks
            WHERE standing = 'wanted' AND act = ? ORDER BY type, value, until_us, indicator_id""",
            (self._act,),
        )
        kinds = {kind.value: kind for kind in ObservableType}
        blocks: list[Block] = []
        last: Key | None = None
        for kind, value, indicator_id, until_us in rows:
            if (kind, value) == last:
                blocks.pop()
            last = (kind, value)
            blocks.append(Block(Observable.trusted(kinds[kind], value), indicator_id, until_us))
        return blocks

    def _read_again(self, blocks: list[Block], key: Key) -> None:
        rows = self._book.rows(
            """SELECT indicator_id, until_us FROM protect_item INDEXED BY protect_blocks
            WHERE standing = 'wanted' AND act = ? AND type = ? AND value = ?
            ORDER BY until_us DESC, indicator_id DESC LIMIT 1""",
            (self._act, *key),
        )
        at = bisect_left(blocks, key, key=_key)
        there = at < len(blocks) and _key(blocks[at]) == key
        made = [Block(Observable.trusted(ObservableType(key[0]), key[1]), *row) for row in rows]
        blocks[at : at + there] = made


def _key(block: Block) -> Key:
    return block.observable.type.value, block.observable.value


def fingerprint(never: NeverBlock, homes: Sequence[str], enforcers: Enforcers) -> str:
    """The same as long as what is in force would be weighed alike: this Bavn, these lists, networks and enforcers."""
    lists = asdict(never) | {"networks": [[str(network), why] for network, why in never.networks]}
    able = [[hand.name, sorted(kind.value for kind in hand.carries)] for hand in enforcers.all]
    said = json.dumps([__version__, lists, list(homes), able, len(enforcers.watchers)], sort_keys=True)
    return hashlib.sha256(said.encode()).hexdigest()
