"""Own machines that met what the sector confirmed, and who here looks after it: in the node's own book alone.

Refuses to let any of it out: what leaves of a hit is a sighting, which names nobody.
"""

import json
from collections.abc import Iterable
from typing import Final

from bavn.wire.book import Book

SCHEMA: Final = (
    """CREATE TABLE protect_hit (
        indicator_id TEXT PRIMARY KEY, hosts INTEGER NOT NULL, named TEXT NOT NULL, found_us INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID""",
    """CREATE TABLE protect_hit_taken (
        indicator_id TEXT PRIMARY KEY, by_whom TEXT NOT NULL, at_us INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID""",
)


def prepare(book: Book) -> None:
    """Makes the tables of hits, if they are not there."""
    book.part("protect_hit", 1, SCHEMA)


def keep_hosts(book: Book, indicator_id: str, hosts: int, named: Iterable[str], now_us: int) -> None:
    """Own machines that the hunt of own history found; joins the transaction of its answer. They never leave."""
    with book.transaction() as tx:
        tx.execute(
            "INSERT OR REPLACE INTO protect_hit VALUES (?, ?, ?, ?)",
            (indicator_id, hosts, json.dumps(sorted(named)), now_us),
        )


def take(book: Book, indicator_id: str, by: str, now_us: int) -> None:
    """Somebody here looks after it from now on."""
    with book.transaction() as tx:
        tx.execute("INSERT OR REPLACE INTO protect_hit_taken VALUES (?, ?, ?)", (indicator_id, by, now_us))


def forget(book: Book, where: str, given: tuple[int, ...]) -> None:
    """Drops those of the indicators that SQL's ``where`` names; joins the transaction that forgets these."""
    old = f"indicator_id IN (SELECT indicator_id FROM protect_item WHERE {where})"
    with book.transaction() as tx:
        tx.execute(f"DELETE FROM protect_hit WHERE {old}", given)
        tx.execute(f"DELETE FROM protect_hit_taken WHERE {old}", given)
