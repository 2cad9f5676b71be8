"""What every source gives: batches of records, and one counted outcome for each line it read.

A source reads; the store keeps; the mark of the last batch that was kept is where the source goes on. Refuses to know
what a record means, and who asks.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol, runtime_checkable

from bavn.actor.formats.refused import REFUSALS_KEPT_MAX, RefusedLine
from bavn.model.text import Text

if TYPE_CHECKING:
    import pyarrow as pa


class SourceBroken(Exception):
    """The source cannot be read at all: no such file, no rights, not what it was said to be. The operator must act."""


def mark_of_another(name: str) -> Text:
    """Why a source cannot begin where the store's mark for its name says."""
    return Text(
        "the store's mark for source {name!r} is no place in it: was the name used for something else? Give the source"
        " a new name",
        name=name,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Some lines of one source, bounded in size, each with exactly one outcome.

    ``lines`` = rows in ``tables`` - ``extra`` + ``refused`` + ``passed``. ``extra``: rows beyond the first, of lines
    that hold two records (a proxy's line is a call and a name). ``passed``: lines that are well-formed and hold no
    record of ours (blank lines, headers, types that no table holds, lines that only complete others). ``tables`` holds
    the columns of record.TABLES in their order, addresses as DuckDB's lossless UUID in Arrow; empty tables are left
    out. ``refusals``: the first of the refused, at most REFUSALS_KEPT_MAX. ValueError where the sums do not add up.
    """

    source: str
    mark: str
    tables: "Mapping[str, pa.Table]"
    lines: int
    passed: int = 0
    refused: int = 0
    extra: int = 0
    refusals: tuple[RefusedLine, ...] = field(default=())

    def __post_init__(self) -> None:
        outcomes = self.rows - self.extra + self.passed + self.refused
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """What a source knows that it did not get, counted since it was opened (it may only grow).

    ``what``: one word for machines and people, such as capture_drops, sequence_gap, queue_full, datagrams_cut.
    ``of``: how many there were in all, lost ones included, where that is known: then it is a share too.
    """

    what: str
    count: int
    unit: Literal["packets", "flows", "datagrams", "messages", "lines", "bytes", "records", "connections"]
    of: int | None = None

    def __post_init__(self) -> None:
        if self.count < 0 or (self.of is not None and self.of < self.count):
            raise ValueError(f"{self.what}: {self.count} lost of {self.of}")


@dataclass(frozen=True, slots=True)
class Passed:
    """What a source passed over: how much is lost by that, the first bytes of it, and the mark behind it."""

    loss: Loss
    item: bytes
    mark: str


@runtime_checkable
class Accounted(Protocol):
    """What a Source may tell beside its batches; the node asks after each poll and shows it in `bavn node health`.

    Both are cheap and never raise. A loss that grows is an alarm in the log."""

    def losses(self) -> Sequence[Loss]:
        """Each kind once, also those of which nothing was lost yet."""
        ...

    def counts(self) -> Mapping[str, int]:
        """Other figures by name (exporters, restarts, connections), the unit last in the name where it has one."""
        ...


@runtime_checkable
class PassesOver(Protocol):
    """A Source that can leave out what lies at the place where it stands."""

    def pass_over(self) -> Passed | None:
        """Goes on behind the smallest piece that it can. None where nothing lay."""
        ...


@runtime_checkable
class GoesBack(Protocol):
    """A Source that reads again what it gave and nobody kept."""

    def go_back(self, mark: str | None) -> None:
        """As if made with this mark."""
        ...
