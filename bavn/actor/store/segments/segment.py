"""A segment: one Parquet file of one table, never changed once it is listed. Names, description and layout.

A micro segment holds what one append brought, any hours, in the order it came. An hour segment holds one hour, sorted
by (dst, ts); a pack holds several small ones, sorted the same way. A roll-up segment is made from exactly one hour
segment or pack (``of``). Each file says of itself what the manifest says of it, so that a lost manifest can be made
again. Refuses to know how segments are chosen.
"""

import hashlib
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import pyarrow.parquet as pq

from bavn.model.moment import iso_hour
from bavn.model.record import TABLES, Column

ROLLUPS: Final[dict[str, tuple[Column, ...]]] = {
    "pair_hour": (
        Column("src", "UUID", "the side that opened the connection"),
        Column("dst", "UUID", "the side that was called"),
        Column("dst_port", "USMALLINT", ""),
        Column("proto", "VARCHAR", ""),
        Column("hour", "BIGINT", "hours since 1970, by ts"),
        Column("flows", "UBIGINT", "flow rows that are a call: not those that go on with a flow"),
        Column("failed", "UBIGINT", "of these, those that failed"),
        Column("answered", "UBIGINT", "of these, those that did not; of the rest the source cannot know"),
        Column("bytes_toserver", "UBIGINT", "bytes"),
        Column("bytes_toclient", "UBIGINT", "bytes"),
        Column("first_ts", "TIMESTAMP", "smallest ts"),
        Column("last_ts", "TIMESTAMP", "largest ts"),
    ),
    "name_hour": (
        Column("src", "UUID", "the client"),
        Column("kind", "VARCHAR", "dns, tls or http"),
        Column("name", "VARCHAR", "queried name, SNI or Host"),
        Column("domain", "VARCHAR", "registered domain of the name, NULL for none"),
        Column("hour", "BIGINT", "hours since 1970, by ts"),
        Column("n", "UBIGINT", "rows: a query and its answer are two where the source writes both"),
        Column("first_ts", "TIMESTAMP", "smallest ts"),
        Column("last_ts", "TIMESTAMP", "largest ts"),
    ),
}
ROLLUP_OF: Final = {"flow": "pair_hour", "dns": "name_hour", "tls": "name_hour", "http": "name_hour"}
KEY: Final = b"bavn"
_CHUNK_BYTES = 1 << 20


def columns_of(table: str) -> tuple[Column, ...]:
    """The columns of a record table or a roll-up. KeyError for another name."""
    return TABLES[table] if table in TABLES else ROLLUPS[table]


def layout_text(table: str) -> str:
    """The columns of a table as they are now, as ``name type`` lines."""
    return "\n".join(f"{column.name} {column.type}" for column in columns_of(table))


@cache
def layout(table: str) -> str:
    """A short name for those columns: a later version of Bavn still reads what an earlier one wrote."""
    return hashlib.sha256(layout_text(table).encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """What the manifest knows of a file. ``hour`` is None for micro segments; ``span`` is how many hours from there on
    the others may hold (above 1: a pack). ``hours`` lists (hour, rows) for micro segments and packs. ``raw``: the
    record table it was made from. ``first_us`` and ``last_us``: the smallest and largest ts."""

    id: int
    table: str
    raw: str
    hour: int | None
    rows: int
    bytes: int
    crc32: int
    first_us: int
    last_us: int
    layout: str
    of: int | None = None
    span: int = 1
    hours: tuple[tuple[int, int], ...] = ()

    @property
    def name(self) -> str:
        return segment_name(self.table, self.id, self.hour, self.span)

    @property
    def held(self) -> tuple[int, ...]:
        """The hours that it has rows of; of an empty roll-up the first that it is about."""
        return tuple(hour for hour, _ in self.rows_by_hour)

    @property
    def rows_by_hour(self) -> tuple[tuple[int, int], ...]:
        """(hour, rows) for each of them."""
        return ((self.hour, self.rows),) if self.hour is not None and not self.hours else self.hours


def segment_name(table: str, number: int, hour: int | None, span: int) -> str:
    """Where the file stands under ``segments/``; people can read the hours, the store never does."""
    hours = "micro" if hour is None else iso_hour(hour) + ("" if span == 1 else f"+{span}h")
    return f"{table}/{hours}-{number:010d}.parquet"


def number_of(file: Path) -> int | None:
    """The segment number in a file's name, None if it is no segment of ours."""
    digits = file.stem.rpartition("-")[2]
    return int(digits) if file.suffix == ".parquet" and digits.isdecimal() else None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeManifest:
    """What all files of one change say of the store when they were written: the numbers first..first+count-1 came
    together and replaced others; ``marks`` (source -> mark) and bounds as they are with this change."""

    first: int
    count: int
    replaces: tuple[int, ...]
    marks: Mapping[str, str]
    known_from_us: int | None
    forgotten_before_hour: int


def describe(
    story: ChangeManifest, *, number: int, table: str, raw: str, hour: int | None, of: int | None, span: int = 1
) -> str:
    """The description as JSON text, for the file's metadata."""
    description = {
        "id": number,
        "table": table,
        "raw": raw,
        "hour": hour,
        "span": span,
        "of": of,
        "layout": layout(table),
        "columns": layout_text(table),
        "first": story.first,
        "count": story.count,
        "replaces": list(story.replaces),
        "marks": dict(story.marks),
        "known_from_us": story.known_from_us,
        "forgotten_before_hour": story.forgotten_before_hour,
    }
    return json.dumps(description, sort_keys=True, separators=(",", ":"))


def description(file: Path) -> dict[str, Any]:
    """What a file says of itself. ValueError, OSError or pyarrow's errors if it is not (any more) a segment."""
    metadata = pq.read_metadata(file).metadata or {}
    if KEY not in metadata:
        raise ValueError(f"{file.name} does not say what it is")
    said: dict[str, Any] = json.loads(metadata[KEY])
    return said


def crc32_of(file: Path) -> int:
    """The checksum of a file's bytes. OSError if it cannot be read."""
    crc = 0
    with file.open("rb") as stream:
        while chunk := stream.read(_CHUNK_BYTES):
            crc = zlib.crc32(chunk, crc)
    return crc
