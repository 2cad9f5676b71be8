"""Files of inbound contacts, ``actor, ip4, first, last, count``, as columns; and each moment's view of them.

A row that cannot be read costs that row and is counted with its reason; a file that cannot be read is refused whole.
``known`` is the only way to a moment: it shows what had happened by then and nothing that came later. Refuses to trust
the order of rows.
"""

import csv
import gzip
import zlib
from array import array
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from ipaddress import IPv4Address
from pathlib import Path
from typing import Final, Self

import numpy as np
import numpy.typing as npt

from bavn.model.observable import Observable, ObservableType, is_external_once

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

COLUMNS: Final = ("actor", "ip4", "first", "last")
DAY_S: Final = 86_400
ROWS_MAX: Final = 5_000_000
ACTORS_MAX: Final = 400
ACTORS_MIN: Final = 2
DAYS_MIN: Final = 4
SPAN_DAYS_MAX: Final = 200
"""A row that begins further than this from the middle of its file is refused: one wrong clock would make years of empty
days."""
TIME_MAX: Final = 2**33
NO_COUNT: Final = -1


class Unreadable(Exception):
    """A file of contacts that cannot be used at all; the message is the reason. Whoever made the file must act."""


@dataclass(frozen=True, slots=True)
class Meetings:
    """What had happened by ``at`` (seconds since 1970): for each pair of actor and source that had met, when it last
    began (``newest``) and was last seen (``seen``), never after ``at``; ``count``: most tries told, or NO_COUNT."""

    at: int
    actor: Ints
    source: Ints
    newest: Ints
    seen: Ints
    count: Ints

    def where(self, kept: npt.NDArray[np.bool_]) -> Self:
        """Only these pairs."""
        return type(self)(
            self.at, self.actor[kept], self.source[kept], self.newest[kept], self.seen[kept], self.count[kept]
        )


@dataclass(frozen=True)
class Contacts:
    """One file. ``sources``: the distinct addresses as numbers, sorted; ``source`` are places in it. Rows run in order
    of ``first``. ``refused``: rows left out, by reason."""

    name: str
    actors: tuple[str, ...]
    sources: Ints
    actor: Ints
    source: Ints
    first: Ints
    last: Ints
    count: Ints
    refused: Mapping[str, int]

    @cached_property
    def days(self) -> range:
        """The days to judge, in days since 1970: all but the first, on which nobody knows when a contact began."""
        return range(int(self.first[0]) // DAY_S + 1, int(self.first[-1]) // DAY_S + 1)

    def known(self, at: int) -> Meetings:
        """The view of that moment."""
        rows = slice(0, int(np.searchsorted(self.first, at, side="right")))
        keys = self.source[rows] * len(self.actors) + self.actor[rows]
        pairs, place = np.unique(keys, return_inverse=True)
        newest, seen, count = (np.full(len(pairs), NO_COUNT, dtype=np.int64) for _ in range(3))
        np.maximum.at(newest, place, self.first[rows])
        np.maximum.at(seen, place, np.minimum(self.last[rows], at))
        np.maximum.at(count, place, self.count[rows])
        return Meetings(at, pairs % len(self.actors), pairs // len(self.actors), newest, seen, count)

    def begun(self, begin: int, end: int) -> tuple[Ints, Ints, Ints]:
        """Actor, source and first of every contact that began in [begin, end); a pair once, by its earliest."""
        low, high = np.searchsorted(self.first, (begin, end))
        keys = self.source[low:high] * len(self.actors) + self.actor[low:high]
        pairs, place = np.unique(keys, return_index=True)
        return pairs % len(self.actors), pairs // len(self.actors), self.first[low:high][place]

    def observables(self, places: Ints) -> list[Observable]:
        """The sources at these places."""
        values = self.sources[places].tolist()
        return [Observable.trusted(ObservableType.IP4, str(IPv4Address(value))) for value in values]


def read(path: Path) -> Contacts:
    """One file, plain or gzip. Raises Unreadable."""
    refused: Counter[str] = Counter()
    actors: dict[str, int] = {}
    columns = [array("q") for _ in range(5)]
    try:
        for row in _rows(path, refused):
            taken = _taken(row, actors)
            if isinstance(taken, str):
                refused[taken] += 1
                continue
            for column, value in zip(columns, taken, strict=True):
                column.append(value)
    except (OSError, EOFError, zlib.error) as error:
        if not columns[0]:
            raise Unreadable(f"cannot be read ({error})") from error
        refused["the rest of the file cannot be read"] += 1
    return _built(path.name.split(".")[0], actors, [np.array(column, dtype=np.int64) for column in columns], refused)


def _rows(path: Path, refused: Counter[str]) -> Iterator[Sequence[str]]:
    """The rows, in the order of COLUMNS and count."""
    with path.open("rb") as raw:
        packed = raw.read(2) == b"\x1f\x8b"
    opened = gzip.open if packed else open
    with opened(path, "rt", encoding="utf-8-sig", errors="replace", newline="") as text:
        lines = csv.reader(text)
        try:
            names = [name.strip().lower() for name in next(lines, [])]
        except csv.Error as error:
            raise Unreadable(f"its first line cannot be read ({error})") from error
        missing = [name for name in COLUMNS if name not in names]
        if missing:
            raise Unreadable(f"has no column {', '.join(missing)}")
        places = [names.index(name) for name in COLUMNS]
        count = names.index("count") if "count" in names else None
        for number in range(ROWS_MAX + 1):
            try:
                row = next(lines, None)
            except csv.Error:
                refused["no row of commas and quotes"] += 1
                continue
            if row is None:
                return
            if number == ROWS_MAX:
                refused[f"rows beyond {ROWS_MAX:,} are not read"] += 1
                return
            if row and len(row) != len(names):
                refused["another number of columns"] += 1
            elif row:
                yield [*(row[place].strip() for place in places), row[count].strip() if count is not None else ""]


def _taken(row: Sequence[str], actors: dict[str, int]) -> tuple[int, int, int, int, int] | str:
    """The row as numbers, or why not."""
    actor, ip4, first, last, count = row
    if not actor or len(actor) > 200:
        return "no actor"
    try:
        address = int(IPv4Address(ip4))
    except ValueError:
        return "no IPv4 address"
    if not (_whole(first) and _whole(last)):
        return "no time in seconds since 1970"
    if int(last) < int(first):
        return "ends before it begins"
    if count and not _whole(count):
        return "no count"
    if actor not in actors and len(actors) >= ACTORS_MAX:
        return f"more than {ACTORS_MAX} actors"
    return actors.setdefault(actor, len(actors)), address, int(first), int(last), int(count) if count else NO_COUNT


def _whole(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= 10 and int(text) < TIME_MAX


def _built(name: str, actors: Mapping[str, int], columns: Sequence[Ints], refused: Counter[str]) -> Contacts:
    actor, address, first, last, count = columns
    if not len(first):
        raise Unreadable("has no row that can be used")
    near = np.abs(first - int(np.median(first))) <= SPAN_DAYS_MAX * DAY_S
    distinct, place = np.unique(address, return_inverse=True)
    texts = (str(IPv4Address(value)) for value in distinct.tolist())
    outside = np.array([is_external_once(Observable.trusted(ObservableType.IP4, text)) for text in texts])[place]
    if not near.all():
        refused[f"more than {SPAN_DAYS_MAX} days from the middle of the file"] += int((~near).sum())
    if not (outside | ~near).all():
        refused["an address that is nobody's on the internet"] += int((near & ~outside).sum())
    kept = np.flatnonzero(near & outside)
    kept = kept[np.argsort(first[kept], kind="stable")]
    sources, source = np.unique(address[kept], return_inverse=True)
    contacts = Contacts(
        name, tuple(actors), sources, actor[kept], source, first[kept], last[kept], count[kept], dict(refused)
    )
    if not len(kept) or len(contacts.days) < DAYS_MIN:
        raise Unreadable(f"spans fewer than {DAYS_MIN} days after its first")
    if len(set(contacts.actor.tolist())) < ACTORS_MIN:
        raise Unreadable(f"has fewer than {ACTORS_MIN} actors")
    return contacts
