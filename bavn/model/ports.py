"""Ports: what thinking rooms are handed instead of a clock, dice, a network and a disk.

``app`` hands in the real ones, ``sim`` hands in the simulated ones; nobody else chooses (STYLE.md, 3).
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:  # whoever needs only a clock or an error of these loads no columns
    import pyarrow as pa

    from bavn.model.intel.indicator import Block
    from bavn.model.observable import ObservableType
    from bavn.model.sector.known_days import KnownDays


class Clock(Protocol):
    """What time it is."""

    def now_us(self) -> int:
        """Microseconds since 1970, UTC."""
        ...


class Dice(Protocol):
    """Uniform random bytes: the operating system's for real, a seeded stream in the simulator."""

    def bytes(self, count: int) -> bytes: ...


class NoiseDown(Exception):
    """No noise could be drawn now. Nothing leaves without it: wait and retry."""


class Noise(Protocol):
    """Discrete Laplace noise for differential privacy: OpenDP for real, seeded dice in the simulator."""

    def __call__(self, counts: Sequence[int], sensitivity: int, epsilon: float, /) -> list[int]:
        """Each count with noise of its own, of scale ``sensitivity`` / ``epsilon``: neighbouring vectors, at most
        ``sensitivity`` apart in L1, are told apart by at most ``epsilon``. Raises NoiseDown."""
        ...


class LinkDown(Exception):
    """The other side could not be reached or did not answer. Nobody must act yet: wait and retry."""


class LinkNonsense(LinkDown):
    """The other side answered what makes no sense, or more than it may."""


class LinkRefused(Exception):
    """The other side answered that it does not accept us (certificate, version). The operator must act."""


class Link(Protocol):
    """A node's only way out. It calls; nobody calls it."""

    def post(self, envelopes: Sequence[bytes]) -> Sequence[int]:
        """Hand over sealed envelopes in order; returns the sequence numbers that are now the other side's (taken or
        refused for good). Raises LinkDown, LinkRefused."""
        ...

    def pull(self, after: int, wait_s: float) -> Sequence[bytes]:
        """Sealed envelopes to this actor with a sequence number above ``after``, in order, waiting up to ``wait_s``
        for the first. Asking for more acknowledges all up to ``after``. Raises LinkDown, LinkRefused."""
        ...


class Window(Protocol):
    """A span of the store's history, to ask and not to change.

    One view per table of record.TABLES holds exactly the rows with first_us <= ts < last_us. Roll-ups, whole hours:
    ``pair_hour(src, dst, dst_port, proto, hour, flows, failed, answered, bytes_toserver, bytes_toclient, first_ts,
    last_ts)`` over flow, and ``name_hour(src, kind, name, domain, hour, n, first_ts, last_ts)`` with kind dns, tls or
    http, name the queried name, SNI or Host, and domain its registered domain (NULL for none). ``hour`` counts from
    1970. SQL knows ``is_home(address)`` and ``one_machine(address)``: neither everybody's nor nobody's.
    """

    @property
    def first_us(self) -> int: ...

    @property
    def last_us(self) -> int: ...

    @property
    def known_from_us(self) -> int:
        """The oldest moment the store still knows: what is not seen since then may be called new only if this is
        long enough ago."""
        ...

    @property
    def homes(self) -> tuple[str, ...]:
        """The actor's own networks, CIDR texts."""
        ...

    def arrow(
        self, sql: str, parameters: Mapping[str, Any] | None = None, tables: "Mapping[str, pa.Table] | None" = None
    ) -> "pa.Table":
        """All rows of a read-only query as an Arrow table (addresses as 16-byte values); ``tables`` are there for
        this query under their names. Raises QueryRefused for what may not be asked or is malformed."""
        ...

    def rows(
        self, sql: str, parameters: Mapping[str, Any] | None = None, tables: "Mapping[str, pa.Table] | None" = None
    ) -> list[tuple[Any, ...]]:
        """The same as Python values (addresses as uuid.UUID, TIMESTAMP as naive UTC datetime)."""
        ...


@runtime_checkable
class HourStamps(Protocol):
    """A window that can say, without reading rows, whether an hour still has the rows that it had."""

    def hour_stamps(self, table: str) -> Mapping[int, tuple[int, ...]]:
        """For each hour (from 1970) of the window with rows of a record table: how many the whole hour has, and what
        else tells it from the hour as it was. As long as it is equal, so are the rows."""
        ...


class QueryRefused(Exception):
    """The query is malformed, wants more than it may, or took more than its bounds. Who wrote it must act."""


class RowsDamaged(Exception):
    """Rows that a window shows cannot be read any more: a new window does without them. The operator must act."""


class QueryExceeded(QueryRefused):
    """It took more time or memory, or its answer more room, than is allowed: ask for less."""


class Store(Protocol):
    """The actor's own columns."""

    def append(self, source: str, mark: str, tables: "Mapping[str, pa.Table]") -> int:
        """Keep these rows for good, and ``mark`` as the place up to which ``source`` has been read; returns how many
        rows are new. The mark that the source has already adds nothing. When it has returned, kill -9 loses nothing
        of it; before, all of the batch and its mark are there or nothing is."""
        ...

    def mark(self, source: str) -> str | None:
        """The last mark kept for a source: where reading goes on after a restart."""
        ...

    def window(self, first_us: int, last_us: int) -> Window: ...


class Neighbours(Protocol):
    """What the commons round told this actor of its own elements (docs/decisions/0033-the-commons.md)."""

    def of(self, elements: Iterable[bytes]) -> "Mapping[bytes, KnownDays]":
        """What is known of these (psi/element.py); those never listed are left out."""
        ...


class Enforcer(Protocol):
    """Puts blocks into force somewhere real."""

    @property
    def name(self) -> str: ...

    @property
    def carries(self) -> "frozenset[ObservableType]":
        """What it can block. The rest is reported as not carried, never dropped silently."""
        ...

    def enforce(self, blocks: "Sequence[Block]") -> None:
        """Make exactly these blocks true, whatever was there before. Repeatable. Raises EnforcerDown."""
        ...


class EnforcerDown(Exception):
    """The thing that enforces cannot be reached or refused. Wait and retry; the operator sees it in node health."""
