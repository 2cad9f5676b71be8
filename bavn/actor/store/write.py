"""Writing segment files: micro segments straight from Arrow, hour segments and their roll-ups by DuckDB from others.

A file is complete and on the disk before it is returned; nobody reads it before the manifest lists it. Refuses to
decide what is merged, and to list anything.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from bavn.actor.store.disk import Disk
from bavn.actor.store.engine import Engine, quoted
from bavn.actor.store.intake import hours_of, span_of
from bavn.actor.store.rollup import fresh_rollup
from bavn.actor.store.segment import (
    KEY,
    ROLLUP_OF,
    Segment,
    Story,
    columns_of,
    crc32_of,
    describe,
    layout,
    segment_name,
)
from bavn.actor.store.views import between_sql, names_sql, rows_sql
from bavn.model.moment import HOUR_US

_ORDER: Final = {"stats": "ts", "pair_hour": "dst, src, dst_port, proto", "name_hour": "name, src"}
_OF_ONE_VALUE: Final = frozenset({"community_id", "ja3_string", "url", "sha1", "sha256", "md5"})
_DICTIONARY_TYPES: Final = frozenset({"VARCHAR", "UUID"})


class SegmentWriter:
    """Writes into ``files`` (``segments/`` of a store)."""

    def __init__(self, files: Path, disk: Disk) -> None:
        self._files = files
        self._disk = disk

    def micro(self, table: str, rows: pa.Table, number: int, story: Story) -> Segment:
        """A batch's rows of one table as they came. OSError if the disk refuses."""
        file = self._place(table, number, None)
        said = describe(story, number=number, table=table, raw=table, hour=None, of=None)
        with pq.ParquetWriter(
            file, rows.schema, compression="zstd", compression_level=1, use_dictionary=_dictionary_columns(table),
            store_schema=False, write_page_checksum=True,
        ) as writer:  # fmt: skip
            writer.write_table(rows)
            writer.add_key_value_metadata({KEY: said.encode()})
        first, last = span_of(rows)
        return self._finished(file, number, table, table, None, None, rows.num_rows, (first, last), hours_of(rows))

    def hour(
        self,
        engine: Engine,
        table: str,
        hour: int,
        inputs: Sequence[Segment],
        number: int,
        story: Story,
        layouts: Mapping[str, str],
    ) -> Segment:
        """One hour's rows out of several segments, sorted by (dst, ts). Raises duckdb.Error if one cannot be read."""
        rows = rows_sql(table, inputs, self._files, layouts)
        if any(segment.hour is None for segment in inputs):
            rows = f"SELECT * FROM ({rows}) WHERE {between_sql(hour * HOUR_US, (hour + 1) * HOUR_US)}"
        said = describe(story, number=number, table=table, raw=table, hour=hour, of=None)
        file = self._place(table, number, hour)
        count = _copy(engine.cursor(), f"{rows} ORDER BY {_ORDER.get(table, 'dst, ts')}", file, said)
        span = (
            engine.cursor()
            .execute(f"SELECT epoch_us(min(ts)), epoch_us(max(ts)) FROM read_parquet({quoted(str(file))})")
            .fetchone()
        )
        return self._finished(file, number, table, table, hour, None, count, span, ())

    def rollup(self, engine: Engine, of: Segment, number: int, story: Story) -> Segment:
        """The roll-up of one hour segment. Raises duckdb.Error if that cannot be read."""
        table, hour = ROLLUP_OF[of.table], of.hour
        if hour is None:
            raise ValueError("a micro segment has no roll-up of its own")
        said = describe(story, number=number, table=table, raw=of.raw, hour=hour, of=of.id)
        file = self._place(table, number, hour)
        cursor = engine.cursor()
        source = f"SELECT {names_sql(of.table)} FROM read_parquet({quoted(str(self._files / of.name))})"
        with fresh_rollup(cursor, of.table, source) as rows:
            count = _copy(cursor, f"{rows} ORDER BY {_ORDER[table]}", file, said)
        span = (hour * HOUR_US, (hour + 1) * HOUR_US - 1)
        return self._finished(file, number, table, of.raw, hour, of.id, count, span, ())

    def names_kept(self, tables: set[str]) -> None:
        """The files of these tables are listed by their directories after a power cut."""
        for table in sorted(tables):
            self._disk.keep_names(self._files / table)

    def _place(self, table: str, number: int, hour: int | None) -> Path:
        return self._files / segment_name(table, number, hour)

    def _finished(
        self,
        file: Path,
        number: int,
        table: str,
        raw: str,
        hour: int | None,
        of: int | None,
        rows: int,
        span: tuple[int, int],
        hours: tuple[tuple[int, int], ...],
    ) -> Segment:
        self._disk.keep(file)
        return Segment(
            id=number,
            table=table,
            raw=raw,
            hour=hour,
            rows=rows,
            bytes=file.stat().st_size,
            crc32=crc32_of(file),
            first_us=span[0],
            last_us=span[1],
            layout=layout(table),
            of=of,
            hours=hours,
        )


def _copy(cursor: Any, select: str, file: Path, said: str) -> int:
    """Write a SELECT's rows to a Parquet file; returns how many."""
    row = cursor.execute(
        f"COPY ({select}) TO {quoted(str(file))} (FORMAT parquet, COMPRESSION zstd, "
        f"KV_METADATA {{{KEY.decode()}: {quoted(said)}}})"
    ).fetchone()
    return int(row[0])


def _dictionary_columns(table: str) -> list[str]:
    return [
        column.name
        for column in columns_of(table)
        if column.type in _DICTIONARY_TYPES and column.name not in _OF_ONE_VALUE
    ]
