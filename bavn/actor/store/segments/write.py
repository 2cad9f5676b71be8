"""Writing segment files: micro segments straight from Arrow; hours, packs and their roll-ups by DuckDB from others.

A file is complete and on the disk before it is returned; nobody reads it before the manifest lists it. Refuses to
decide what is merged, and to list anything.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from bavn.actor.store.engine import Engine, quoted
from bavn.actor.store.intake import hours_of, span_of
from bavn.actor.store.segments.disk import Disk
from bavn.actor.store.segments.rollup import fresh_rollup
from bavn.actor.store.segments.segment import (
    KEY,
    ROLLUP_OF,
    ChangeManifest,
    Segment,
    columns_of,
    crc32_of,
    describe,
    layout,
    segment_name,
)
from bavn.actor.store.segments.views import between_sql, rows_sql
from bavn.model.moment import HOUR_US

_ORDER: Final = {"stats": "ts", "pair_hour": "src, dst, dst_port, proto", "name_hour": "name, src"}
_GROUP_ROWS: Final = {"pair_hour": 20_480}
"""Rows that are read together where one of them is wanted; DuckDB's own number (122,880) for the others. What one host
did in an hour is a few hundred pairs side by side."""
_PACK_ORDER: Final = {"pair_hour": "dst, src, dst_port, proto"}
"""Of several small hours together: what looks back over weeks of them (a dry run, a hunt) asks for a peer."""
_OF_ONE_VALUE: Final = frozenset({"community_id", "ja3_string", "url", "sha1", "sha256", "md5"})
_DICTIONARY_TYPES: Final = frozenset({"VARCHAR", "UUID"})


class SegmentWriter:
    """Writes into ``files`` (``segments/`` of a store)."""

    def __init__(self, files: Path, disk: Disk) -> None:
        self._files = files
        self._disk = disk

    def micro(self, table: str, rows: pa.Table, number: int, story: ChangeManifest) -> Segment:
        """A batch's rows of one table as they came. OSError if the disk refuses."""
        file = self._place(table, number, None)
        description = describe(story, number=number, table=table, raw=table, hour=None, of=None)
        with pq.ParquetWriter(
            file,
            rows.schema,
            compression="zstd",
            compression_level=1,
            use_dictionary=_dictionary_columns(table),
            store_schema=False,
            write_page_checksum=True,
        ) as writer:
            writer.write_table(rows)
            writer.add_key_value_metadata({KEY: description.encode()})
        return self._finished(number, table, table, rows.num_rows, span_of(rows), hours=hours_of(rows))

    def hours(
        self,
        engine: Engine,
        table: str,
        hours: tuple[int, int, int],
        inputs: Sequence[Segment],
        number: int,
        story: ChangeManifest,
        layouts: Mapping[str, str],
    ) -> Segment:
        """The rows of some hours out of several segments, sorted by (dst, ts). ``hours``: the first, how many, and the
        first to keep. Raises duckdb.Error if one cannot be read."""
        hour, span, keep_from = hours
        first, after = max(hour, keep_from), hour + span
        rows = rows_sql(table, inputs, self._files, layouts)
        if any(not first <= held < after for segment in inputs for held in segment.held):
            rows = f"SELECT * FROM ({rows}) WHERE {between_sql(first * HOUR_US, after * HOUR_US)}"
        said = describe(story, number=number, table=table, raw=table, hour=hour, of=None, span=span)
        file = self._place(table, number, hour, span)
        count = _copy(engine.cursor(), f"{rows} ORDER BY {_ORDER.get(table, 'dst, ts')}", file, said)
        written_hours = (
            engine.cursor()
            .execute(
                f"""SELECT epoch_us(ts) // {HOUR_US} AS hour, count(*), epoch_us(min(ts)), epoch_us(max(ts))
                FROM read_parquet({quoted(str(file))}) GROUP BY hour ORDER BY hour"""
            )
            .fetchall()
        )
        return self._finished(
            number,
            table,
            table,
            count,
            (written_hours[0][2], written_hours[-1][3]),
            hour=hour,
            hours_n=span,
            hours=tuple((row[0], row[1]) for row in written_hours) if span > 1 else (),
        )

    def rollup(
        self, engine: Engine, of: Segment, number: int, story: ChangeManifest, layouts: Mapping[str, str]
    ) -> Segment:
        """The roll-up of one hour segment or pack, which may be of an older layout. Raises duckdb.Error if that cannot
        be read."""
        table, hour = ROLLUP_OF[of.table], of.hour
        if hour is None:
            raise ValueError("a micro segment has no roll-up of its own")
        description = describe(story, number=number, table=table, raw=of.raw, hour=hour, of=of.id, span=of.span)
        file = self._place(table, number, hour, of.span)
        cursor = engine.cursor()
        with fresh_rollup(cursor, of.table, rows_sql(of.table, (of,), self._files, layouts)) as rows:
            order = _PACK_ORDER.get(table, _ORDER[table]) if of.span > 1 else _ORDER[table]
            count = _copy(cursor, f"{rows} ORDER BY {order}", file, description, _GROUP_ROWS.get(table))
        hours: tuple[tuple[int, int], ...] = ()
        if of.span > 1:
            counted = f"SELECT hour, count(*) FROM read_parquet({quoted(str(file))}) GROUP BY hour ORDER BY hour"
            hours = tuple(cursor.execute(counted).fetchall())
        return self._finished(
            number,
            table,
            of.raw,
            count,
            (hour * HOUR_US, (hour + of.span) * HOUR_US - 1),
            hour=hour,
            hours_n=of.span,
            of=of.id,
            hours=hours,
        )

    def names_kept(self, tables: set[str]) -> None:
        """The files of these tables are listed by their directories after a power cut."""
        for table in sorted(tables):
            self._disk.keep_names(self._files / table)

    def _place(self, table: str, number: int, hour: int | None, span: int = 1) -> Path:
        return self._files / segment_name(table, number, hour, span)

    def _finished(
        self,
        number: int,
        table: str,
        raw: str,
        rows: int,
        times: tuple[int, int],
        *,
        hours: tuple[tuple[int, int], ...],
        hour: int | None = None,
        hours_n: int = 1,
        of: int | None = None,
    ) -> Segment:
        file = self._place(table, number, hour, hours_n)
        self._disk.keep(file)
        return Segment(
            id=number,
            table=table,
            raw=raw,
            hour=hour,
            rows=rows,
            bytes=file.stat().st_size,
            crc32=crc32_of(file),
            first_us=times[0],
            last_us=times[1],
            layout=layout(table),
            of=of,
            span=hours_n,
            hours=hours,
        )


def _copy(cursor: Any, select: str, file: Path, description: str, group_rows: int | None = None) -> int:
    """Write a SELECT's rows to a Parquet file; returns how many."""
    grouped = "" if group_rows is None else f"ROW_GROUP_SIZE {group_rows}, "
    row = cursor.execute(
        f"COPY ({select}) TO {quoted(str(file))} (FORMAT parquet, COMPRESSION zstd, {grouped}"
        f"KV_METADATA {{{KEY.decode()}: {quoted(description)}}})"
    ).fetchone()
    return int(row[0])


def _dictionary_columns(table: str) -> list[str]:
    return [
        column.name
        for column in columns_of(table)
        if column.type in _DICTIONARY_TYPES and column.name not in _OF_ONE_VALUE
    ]
