"""What the centre keeps of a round: its life, who was asked what, and what came back. Values only.

Refuses to know where any of it is stored (RoundBook).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from bavn.model.observable import Observable
from bavn.model.sector.lead import Sign
from bavn.model.statement import Statement
from bavn.psi.round import Cell, Hit, RoundParams


class Phase(StrEnum):
    """uploads -> reveal -> closed; uploads -> answer -> closed in the commons; uploads -> void where fewer than t took
    part."""

    UPLOADS = "uploads"
    REVEAL = "reveal"
    ANSWER = "answer"
    CLOSED = "closed"
    VOID = "void"


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """``members``: (actor, x). ``wave`` counts the groups of cells asked about, from 1; ``step`` 0 waits for receipts,
    n >= 1 for answers to the n-th asking; the turn ends at ``turn_until_us``. ``silent``: x of who let a turn pass.
    ``listening``: all that will be asked has been asked; late answers count until ``closes_us``. ``key_groups``: the x
    values that hold the same keys, the largest group first; empty where all do, as they must. ``cpu_ms``: what the
    tables of a commons round cost the centre, where that was measured."""

    params: RoundParams
    members: tuple[tuple[str, int], ...]
    phase: Phase
    opened_us: int
    deadline_us: int
    closes_us: int
    wave: int = 0
    step: int = 0
    turn_until_us: int = 0
    silent: tuple[int, ...] = ()
    listening: bool = False
    uploads: int = 0
    hits: int = 0
    ended_us: int | None = None
    key_groups: tuple[tuple[int, ...], ...] = ()
    cpu_ms: int = 0

    @property
    def id(self) -> str:
        return self.params.round_id.hex()

    def x_of(self, actor: str) -> int | None:
        return next((x for name, x in self.members if name == actor), None)

    def other_keys(self, x: int) -> int:
        """How many uploads were made with other keys than that of ``x``."""
        return sum(len(group) for group in self.key_groups if x not in group) if self._in_groups(x) else 0

    def _in_groups(self, x: int) -> bool:
        return any(x in group for group in self.key_groups)

    def actor_of(self, x: int) -> str:
        return next(name for name, known in self.members if known == x)


@dataclass(frozen=True, slots=True)
class CellRequest:
    """Holder ``x`` was asked about ``cell`` in ``wave``: step 0 for its receipt, step n for the n-th time to name it,
    with the receipts of ``others``."""

    x: int
    cell: Cell
    wave: int
    step: int
    others: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class CellAnswer:
    """What holder ``x`` said about ``cell``: a report, or None for a decline."""

    x: int
    cell: Cell
    sign: Sign | None


@dataclass(frozen=True, slots=True)
class RoundView:
    """A round with all that a turn of its reveal depends on."""

    round: Round
    hits: tuple[Hit, ...]
    asked: tuple[CellRequest, ...]
    tags: Mapping[tuple[int, Cell], bytes]
    answers: tuple[CellAnswer, ...]


# --- changes: what a turn wants kept, all of it in one transaction ----------------------------------------------


@dataclass(frozen=True, slots=True)
class KeepRound:
    """The round as it now stands."""

    round: Round


@dataclass(frozen=True, slots=True)
class KeepPlanes:
    """The first upload of (x, round); ``item_id`` says which message it was. ``tables``: both planes of each table;
    ``draw``: its commitment for the draw of an audit."""

    round_id: str
    x: int
    item_id: str
    key_check: str
    tables: tuple[bytes, ...]
    draw: str = ""


@dataclass(frozen=True, slots=True)
class DropPlanes:
    """Uploads are deleted as soon as nothing needs them; where an audit is to draw a table of them, not yet."""

    round_id: str


@dataclass(frozen=True, slots=True)
class FixUploads:
    """No upload of the round counts from here on but those that are there: the centre's log says which."""

    round_id: str
    at_us: int


@dataclass(frozen=True, slots=True)
class KeepHits:
    """What reconstruction found in so many tables; once a round. ``salt``: of the seals of each table's hits; empty
    where nobody can audit the round."""

    round_id: str
    hits: tuple[Hit, ...]
    found_us: int
    tables: int = 0
    salt: bytes = b""


@dataclass(frozen=True, slots=True)
class KeepCells:
    """One table's part of everybody's answer in the commons, by x; the planes of that table go."""

    round_id: str
    table: int
    cells: tuple[tuple[int, bytes], ...]


@dataclass(frozen=True, slots=True)
class DropCells:
    """The answer of ``x`` has left."""

    round_id: str
    x: int


@dataclass(frozen=True, slots=True)
class KeepTags:
    """The first tag of each (x, cell) stays."""

    round_id: str
    x: int
    tags: tuple[tuple[Cell, bytes], ...]


@dataclass(frozen=True, slots=True)
class KeepRequests:
    """Who was asked what, kept in the transaction in which the asking leaves."""

    round_id: str
    asked: tuple[CellRequest, ...]


@dataclass(frozen=True, slots=True)
class KeepAnswer:
    """A report takes the place of a decline; the first report stays."""

    round_id: str
    answer: CellAnswer


@dataclass(frozen=True, slots=True)
class KeepSigns:
    """Reports that count from now on (all holders heard so far agree, and they are t or more)."""

    signs: tuple[Sign, ...]


@dataclass(frozen=True, slots=True)
class KeepHolders:
    """Where two suffice, somebody named what lies in a cell: these actors hold it, whether they name it or not."""

    sign: Sign
    holders: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Quarantine:
    """The holders of a cell name different values: none of its reports counts, and a person looks (PSI.md).
    ``named``: (actor, what it named, its report's id; two actors that say the same
    in the same words have the same id)."""

    round_id: str
    cell: Cell
    named: tuple[tuple[str, Observable, str], ...]


@dataclass(frozen=True, slots=True)
class Settled:
    """The round is over: what its answers replace may go, and so may tags and askings."""

    round_id: str


@dataclass(frozen=True, slots=True)
class Turned:
    """Something an actor sent for a round was turned away; counted by rule."""

    round_id: str
    actor: str
    rule: str


@dataclass(frozen=True, slots=True)
class Say:
    """A message that must leave exactly once."""

    said: Statement


Change = (
    KeepRound
    | KeepPlanes
    | DropPlanes
    | FixUploads
    | KeepHits
    | KeepCells
    | DropCells
    | KeepTags
    | KeepRequests
    | KeepAnswer
    | KeepSigns
    | KeepHolders
    | Quarantine
    | Settled
    | Turned
    | Say
)


@dataclass(frozen=True, slots=True)
class Held:
    """The actors that hold one element, each with when that was first known."""

    first_us: Mapping[str, int]


class RoundBook(Protocol):
    """Where rounds are kept. ``write`` is all or nothing, and kill -9 after it has returned loses nothing."""

    def write(self, changes: list[Change]) -> None: ...

    def round(self, round_id: str) -> Round | None: ...

    def latest(self, tier: str, until_us: int | None = None) -> Round | None:
        """The last round that was opened for a tier, not after that moment."""
        ...

    def unfinished(self) -> tuple[Round, ...]:
        """Rounds that are neither closed nor void, oldest first."""
        ...

    def uploaded(self, round_id: str) -> dict[int, str]:
        """x -> item id of the upload that counts."""
        ...

    def key_checks(self, round_id: str) -> dict[int, str]:
        """x -> what its upload said of its keys."""
        ...

    def table(self, round_id: str, number: int) -> Iterator[tuple[int, bytes]]:
        """(x, both planes of that table), ascending, one at a time."""
        ...

    def tables_answered(self, round_id: str) -> int:
        """How many tables of a commons round have their part of the answers."""
        ...

    def unanswered(self, round_id: str) -> tuple[int, ...]:
        """The x of whose answers have not left."""
        ...

    def cells(self, round_id: str, x: int) -> bytes:
        """One actor's whole answer."""
        ...

    def held(self, since_us: int) -> list[Held]:
        """What was named where two suffice, and who holds it."""
        ...

    def view(self, round_: Round) -> RoundView: ...

    def about(self, round_: Round, cell: Cell) -> RoundView:
        """The same, narrowed to one cell."""
        ...
