"""What was lately decided, put into force and met, for whoever tells it on inside the actor."""

from typing import Any, Final, NamedTuple

from bavn.wire.book import Book

SCHEMA: Final = (
    "CREATE INDEX siem_item_decided ON protect_item (decided_us)",
    "CREATE INDEX siem_item_forced ON protect_item (forced_us) WHERE forced_us IS NOT NULL",
    "CREATE INDEX siem_met ON protect_met (last_us) WHERE count > 0",
)
_COLUMNS: Final = "indicator_id, version, type, value, act, standing, rule, reason, until_us, decided_us, by, forced_us"
_STANDS: Final = f"""SELECT {_COLUMNS} FROM protect_item WHERE decided_us >= ?
    UNION SELECT {_COLUMNS} FROM protect_item WHERE forced_us >= ?"""
_MET: Final = """SELECT indicator_id, type, value, kind, count, first_us, last_us
    FROM protect_met INDEXED BY siem_met JOIN protect_item USING (indicator_id) WHERE count > 0 AND last_us > 0"""


class Stands(NamedTuple):
    """How an indicator stands: what was decided of it, by whom and by which rule. ``forced_us``: since when it is in
    force."""

    indicator: str
    version: int
    kind: str
    value: str
    act: str
    standing: str
    rule: str
    reason: str
    until_us: int
    decided_us: int
    by: str
    forced_us: int | None


def prepare(book: Book) -> None:
    """Makes the indexes by which it is found, if they are not there."""
    book.part("siem_node", 1, SCHEMA)


def stands_since(book: Book, since_us: int) -> list[Stands]:
    """What was decided or put into force since then."""
    return [Stands(*row) for row in book.rows(_STANDS, (since_us, since_us))]


def met(book: Book) -> list[tuple[Any, ...]]:
    """(indicator, type, value, kind of sighting, count, first, last) of all that was met."""
    return book.rows(_MET)
