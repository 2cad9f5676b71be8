"""What a part of the report is made of: sentences and tables. Refuses to know what is in them."""

from collections.abc import Sequence
from dataclasses import dataclass

from bavn.model.moment import iso
from bavn.model.text import Text

NOTHING = Text.plain("-")


@dataclass(frozen=True, slots=True)
class Table:
    """``rows`` have as many cells as there are ``columns``. ``numeric``: columns that are set flush right."""

    title: Text
    columns: tuple[Text, ...]
    rows: tuple[tuple[Text, ...], ...]
    numeric: frozenset[int] = frozenset()


Block = Text | Table


@dataclass(frozen=True, slots=True)
class Part:
    """A heading and what stands under it."""

    id: str
    title: Text
    blocks: tuple[Block, ...]


def moment(us: int | None) -> Text:
    """To the minute, in UTC; a dash for none."""
    return NOTHING if us is None else Text.plain(iso(us)[:16].replace("T", " "))


def listed(texts: Sequence[str], most: int) -> Text:
    """The first of them, and how many more there are; a dash for none."""
    if not texts:
        return NOTHING
    shown = Text.plain(", ".join(texts[:most]))
    more = len(texts) - most
    return shown if more <= 0 else Text("{shown} and {more} more", shown=shown, more=more)
