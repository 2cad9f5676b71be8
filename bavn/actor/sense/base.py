"""What every source gives: batches of records, and one counted outcome for each line it read.

A source reads; the store keeps; the mark of the last batch that was kept is where the source goes on. Refuses to know
what a record means, and who asks.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

import pyarrow as pa

REFUSALS_KEPT_MAX: Final = 100
"""Refused lines named in one batch; the count beyond them stays exact."""

REASON_LENGTH_MAX: Final = 200


class SourceBroken(Exception):
    """The source cannot be read at all: no such file, no rights, not what it was said to be. The operator must act."""


@dataclass(frozen=True, slots=True, order=True)
class RefusedLine:
    """One line (1 is the first; 0 the file as a whole) that became no row, and why. It may hold private text: it stays
    at the actor."""

    file: str
    line: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Some lines of one source, bounded in size, each with exactly one outcome.

    ``lines`` = rows in ``tables`` + ``refused`` + ``passed``. ``passed``: lines that are well-formed and hold no record
    of ours (blank lines, headers, types that no table holds, lines that only complete others). ``tables`` holds the
    columns of record.TABLES in their order, addresses as DuckDB's lossless UUID in Arrow; empty tables are left out.
    ``refusals``: the first of the refused, at most REFUSALS_KEPT_MAX. ValueError where the sums do not add up.
    """

    source: str
    mark: str
    tables: Mapping[str, pa.Table]
    lines: int
    passed: int = 0
    refused: int = 0
    refusals: tuple[RefusedLine, ...] = field(default=())

    def __post_init__(self) -> None:
        outcomes = self.rows + self.passed + self.refused
        if self.lines != outcomes:
            raise ValueError(f"{self.source}: {self.lines} lines, but {outcomes} outcomes")
        if len(self.refusals) != min(self.refused, REFUSALS_KEPT_MAX):
            raise ValueError(f"{self.source}: {self.refused} refused, {len(self.refusals)} named")

    @property
    def rows(self) -> int:
        return sum(table.num_rows for table in self.tables.values())


class Source(Protocol):
    """Something that sees the network. Made with the mark that the store keeps for its name, or None to begin."""

    @property
    def name(self) -> str:
        """Under this the store keeps the mark: the same at every start."""
        ...

    def poll(self) -> Iterator[Batch]:
        """Everything that is complete now, in order, in batches; then it ends. Call again for what came since.
        Raises SourceBroken."""
        ...

    def acknowledge(self, mark: str) -> None:
        """The store keeps everything up to this batch's mark: what was read for it may be forgotten or deleted."""
        ...

    def lag_bytes(self) -> int:
        """Bytes that are there and not yet read."""
        ...

    def close(self) -> None:
        """Let go of files and processes. Harmless when repeated."""
        ...
