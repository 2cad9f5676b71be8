"""A window: a span of the history, as views over exactly the files that overlap it, in a locked DuckDB of its own.

A table is made when a query first names it; a window of few rows copies them into memory then. The roll-up rows of
hours that are not one closed segment are summed once for the window. Refuses to write anything, and to read any other
file.
"""

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Protocol, Self

import duckdb
import pyarrow as pa

from bavn.actor.store.engine import Engine
from bavn.actor.store.faults import StoreDamaged
from bavn.actor.store.limits import StoreLimits
from bavn.actor.store.manifest import Snapshot
from bavn.actor.store.query.address_macros import ADDRESS_MACROS
from bavn.actor.store.query.query import admit
from bavn.actor.store.segments.rollup import fresh_rollup
from bavn.actor.store.segments.segment import ROLLUP_OF, ROLLUPS, Segment
from bavn.actor.store.segments.views import (
    between_sql,
    empty_sql,
    is_home_sql,
    names_sql,
    one_machine_sql,
    rollup_parts,
    rows_sql,
    summed_sql,
)
from bavn.actor.store.watchdog import Stopped, Watchdog
from bavn.model.failure import is_ctrl_c
from bavn.model.moment import HOUR_US
from bavn.model.ports import QueryExceeded, QueryRefused
from bavn.model.record import TABLES

NAMES: Final = frozenset(TABLES) | frozenset(ROLLUPS)
_BATCH_ROWS: Final = 65_536
_ANSWER_BATCH_ROWS: Final = 2048
ANSWER_BYTES_MAX: Final = 256 << 20
QUICK_ROWS_MAX: Final = 20_000
"""Up to so many rows in all, planning a query and opening its files costs more than running it."""


def whole_hours(first_us: int, last_us: int) -> tuple[int, int]:
    """The span widened to whole hours: first hour, and the first hour after."""
    first = first_us // HOUR_US
    return first, max(first, -(-last_us // HOUR_US))


class Held(Protocol):
    """What keeps the files from being deleted."""

    def release(self) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowFiles:
    """The files of a window, and how they are read."""

    first_us: int
    last_us: int
    homes: tuple[str, ...]
    limits: StoreLimits
    snapshot: Snapshot


class StoreWindow:
    """Implements the Window port over a snapshot. Close it, or let it go, so that old files can be deleted."""

    def __init__(
        self,
        *,
        sight: WindowFiles,
        root: Path,
        lease: Held,
        damage: Callable[[Sequence[Segment]], StoreDamaged | None],
        watchdog: Watchdog,
    ) -> None:
        self._lease, self._damage = lease, damage
        self._first_us, self._last_us, self._homes = sight.first_us, sight.last_us, sight.homes
        self._snapshot, self._limits = sight.snapshot, sight.limits
        self._files, self._spill, self._watchdog = root / "segments", root / "spill", watchdog
        self._lock = threading.Lock()
        self._engine: Engine | None = None
        self._made: set[str] = set()
        self._few = sum(s.rows for s in sight.snapshot.segments if s.table in TABLES) <= QUICK_ROWS_MAX
        self._cursor: Any = None
        self._interrupted = False

    @property
    def first_us(self) -> int:
        return self._first_us

    @property
    def last_us(self) -> int:
        return self._last_us

    @property
    def known_from_us(self) -> int:
        """See the port; ``last_us`` while the store knows nothing."""
        known = self._snapshot.known_from_us
        return self._last_us if known is None else known

    @property
    def homes(self) -> tuple[str, ...]:
        return self._homes

    def arrow(
        self, sql: str, parameters: Mapping[str, Any] | None = None, tables: Mapping[str, pa.Table] | None = None
    ) -> pa.Table:
        """See the port. Whole numbers beyond 64 bits (a sum is one) come as decimal128(38, 0): CAST what you sum."""
        with self._admitted(sql, tables) as cursor:
            reader = cursor.sql(sql, params=dict(parameters or {})).to_arrow_reader(_BATCH_ROWS)
            batches, rows = [], 0
            for batch in reader:
                batches.append(batch)
                rows += batch.num_rows
                self._bounded(rows)
            return plain(pa.Table.from_batches(batches, reader.schema))

    def rows(
        self, sql: str, parameters: Mapping[str, Any] | None = None, tables: Mapping[str, pa.Table] | None = None
    ) -> list[tuple[Any, ...]]:
        """See the port."""
        with self._admitted(sql, tables) as cursor:
            cursor.execute(sql, dict(parameters or {}))
            rows: list[tuple[Any, ...]] = []
            while some := cursor.fetchmany(_BATCH_ROWS):
                rows += some
                self._bounded(len(rows))
            return rows

    def first(
        self,
        sql: str,
        parameters: Mapping[str, Any] | None = None,
        *,
        rows_max: int,
        bytes_max: int = ANSWER_BYTES_MAX,
    ) -> tuple[pa.Table, bool]:
        """The first rows of an answer, and whether there are more. QueryRefused as for the others, and for an answer
        of more than ``bytes_max``."""
        with self._admitted(sql, None) as cursor:
            reader = cursor.sql(sql, params=dict(parameters or {})).to_arrow_reader(_ANSWER_BATCH_ROWS)
            batches, rows, size = [], 0, 0
            for batch in reader:
                batches.append(batch)
                rows, size = rows + batch.num_rows, size + batch.nbytes
                if size > bytes_max:
                    raise QueryExceeded(f"the answer has more than {bytes_max:,} bytes: ask for less")
                if rows > rows_max:
                    break
            found = pa.Table.from_batches(batches, reader.schema)
            return plain(found.slice(0, rows_max)), rows > rows_max

    def hour_stamps(self, table: str) -> dict[int, tuple[int, ...]]:
        """See the HourStamps port. Rows are added, forgotten by whole hours, or taken out because they are damaged:
        so their number and that of the damages say which they are."""
        first, last = whole_hours(self._first_us, self._last_us)
        rows: Counter[int] = Counter()
        for segment in self._snapshot.segments:
            if segment.table == table:
                for hour, count in segment.rows_by_hour:
                    rows[hour] += count
        return {hour: (rows[hour], self._snapshot.damaged) for hour in sorted(rows) if first <= hour < last}

    def close(self) -> None:
        """Let go of the files. Harmless when repeated."""
        with self._lock:
            if self._engine is not None:
                self._engine.close()
            self._lease.release()

    def interrupt(self) -> None:
        """Ends the question that is being answered, and refuses all that follow: QueryRefused. From any thread."""
        self._interrupted = True
        cursor = self._cursor
        if cursor is not None:
            with suppress(duckdb.Error):
                cursor.interrupt()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __del__(self) -> None:
        self.close()

    def _bounded(self, rows: int) -> None:
        if rows > self._limits.result_rows_max:
            raise QueryExceeded(f"the answer has more than {self._limits.result_rows_max} rows: ask for less")

    @contextmanager
    def _admitted(self, sql: str, tables: Mapping[str, pa.Table] | None) -> Iterator[Any]:
        """A cursor on which the query may be run: it was admitted, its tables are there, its time is bounded."""
        with self._lock:
            if self._interrupted:
                raise QueryRefused("it was interrupted")
            cursor = self._cursor = self._opened().cursor()
            read: frozenset[str] = frozenset()
            try:
                with self._watchdog.within(self._limits.query_s_max, cursor.interrupt):
                    given = {name.casefold(): table for name, table in (tables or {}).items()}
                    _names_allowed(given)
                    read = admit(cursor, sql, NAMES.union(given), self._limits.sql_chars_max)
                    for name in sorted(read & NAMES):
                        self._make(cursor, name)
                    for name in sorted(given):
                        cursor.register(name, given[name])
                    yield cursor
            except Stopped as error:
                raise QueryRefused(str(error)) from error
            except (duckdb.Error, pa.ArrowException, MemoryError, OSError) as error:
                raise self._refusal(error, read) from error
            except RuntimeError as error:
                if is_ctrl_c(error):
                    raise KeyboardInterrupt from error
                raise
            finally:
                self._cursor = None
                cursor.close()

    def _opened(self) -> Engine:
        if self._engine is None:
            engine = Engine(self._limits, self._spill)
            try:
                engine.do(is_home_sql(self._homes, quick=self._few))
                engine.do(one_machine_sql(quick=self._few))
                engine.do(ADDRESS_MACROS)
                engine.lock([self._files / segment.name for segment in self._snapshot.segments])
            except BaseException:
                engine.close()
                raise
            self._engine = engine
        return self._engine

    def _make(self, cursor: Any, name: str) -> None:
        if name in self._made:
            return
        if name in TABLES:
            mine = [
                s
                for s in self._snapshot.segments
                if s.table == name and s.last_us >= self._first_us and s.first_us < self._last_us
            ]
            rows = self._rows_sql(name, mine)
            if any(s.first_us < self._first_us or s.last_us >= self._last_us for s in mine):
                rows = f"SELECT * FROM ({rows}) WHERE {between_sql(self._first_us, self._last_us)}"
        else:
            rows = self._rollup_sql(cursor, name)
        cursor.execute(f"CREATE {'TABLE' if self._few else 'VIEW'} {name} AS {rows}").fetchall()
        self._made.add(name)

    def _rows_sql(self, table: str, segments: Sequence[Segment]) -> str:
        return rows_sql(table, segments, self._files, self._snapshot.layouts)

    def _rollup_sql(self, cursor: Any, rollup: str) -> str:
        """The roll-up over the window's whole hours, as SQL. The hours that must be summed are summed now."""
        straight: list[Segment] = []
        cursor.execute(f"CREATE OR REPLACE TABLE _open_{rollup} AS {empty_sql(rollup)}").fetchall()
        first, last = whole_hours(self._first_us, self._last_us)
        for raw in [raw for raw, made in ROLLUP_OF.items() if made == rollup]:
            parts = rollup_parts(raw, self._snapshot.segments)
            straight += parts.straight
            span = between_sql(first * HOUR_US, last * HOUR_US)
            bare = f"SELECT * FROM ({self._rows_sql(raw, parts.bare)}) WHERE {span}"
            with fresh_rollup(cursor, raw, bare) as fresh:
                partial = self._within(self._rows_sql(rollup, parts.partial), parts.partial, first, last)
                both = f"{partial} UNION ALL SELECT {names_sql(rollup)} FROM ({fresh})"
                cursor.execute(f"INSERT INTO _open_{rollup} {summed_sql(rollup, both)}").fetchall()
        whole = self._within(self._rows_sql(rollup, straight), straight, first, last)
        return f"{whole} UNION ALL SELECT {names_sql(rollup)} FROM _open_{rollup}"

    def _within(self, rows: str, segments: Sequence[Segment], first: int, last: int) -> str:
        """Roll-up rows without the hours that a pack holds beyond the window's."""
        if all(first <= hour < last for segment in segments for hour in segment.held):
            return rows
        return f"SELECT * FROM ({rows}) WHERE hour >= {first} AND hour < {last}"

    def _refusal(self, error: Exception, read: frozenset[str]) -> Exception:
        """Who must act: the operator if files are damaged, else who wrote the query."""
        if self._watchdog.stopped:
            return QueryRefused(f"the query was broken off: the store is being closed ({error})")
        reason = str(error)  # what fails while rows are fetched comes through Arrow, as an OSError
        if isinstance(error, duckdb.InterruptException) or reason.startswith("INTERRUPT Error"):
            if self._interrupted:
                return QueryRefused("it was interrupted")
            return QueryExceeded(f"the query took more than {self._limits.query_s_max} s")
        if isinstance(error, duckdb.OutOfMemoryException | MemoryError) or reason.startswith("Out of Memory Error"):
            bounds = f"{self._limits.memory_mb_max:,} MB of memory and {self._limits.spill_mb_max:,} MB of disk"
            return QueryExceeded(f"the query needs more than its {bounds}: ask for less")
        engine_failed = isinstance(error, duckdb.IOException | duckdb.InternalException | OSError)
        if engine_failed or str(self._files) in reason:
            raws = read | {raw for raw, made in ROLLUP_OF.items() if made in read}
            damage = self._damage([s for s in self._snapshot.segments if s.table in raws])
            if damage is not None:
                return damage
        return QueryRefused(reason)


def _names_allowed(given: Mapping[str, pa.Table]) -> None:
    for name in given:
        if name in NAMES or name.startswith("_") or not name.isidentifier():
            raise QueryRefused(f"no table of a query may be called {name!r}")


def plain(table: pa.Table) -> pa.Table:
    """BOOLEAN as Arrow's bool, HUGEINT as decimal128(38, 0); addresses stay 16-byte values (pa.uuid())."""
    for at, field in enumerate(table.schema):
        if field.type == pa.bool8():
            chunks = [chunk.storage.cast(pa.bool_()) for chunk in table.column(at).chunks]
            table = table.set_column(at, field.name, pa.chunked_array(chunks, pa.bool_()))
        elif isinstance(field.type, pa.OpaqueType) and field.type.type_name == "hugeint":
            wide = pa.decimal128(38, 0)
            chunks = [
                pa.Array.from_buffers(wide, len(chunk), chunk.storage.buffers(), offset=chunk.storage.offset)
                for chunk in table.column(at).chunks
            ]
            table = table.set_column(at, field.name, pa.chunked_array(chunks, wide))
    return table
