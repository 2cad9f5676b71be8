"""Walks a hash chain a part at a time while its owner runs: a byte that was changed is found, whatever wrote it.

The newest lines are looked at once a minute, all of the chain again and again, at most BUSY_S of each turn: a thousand
lines or more a second on a small machine, so that ten million take three hours. Refuses to hold anybody up, and to
mend.
"""

import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Protocol

from bavn.model.moment import DAY_US, MINUTE_US
from bavn.model.ports import Clock
from bavn.wire.archive import ArchiveBroken

BUSY_S: Final = 0.05
TURN_S: Final = 1.0
"""A turn begins each so many seconds: five hundredths of one core at most."""

TAIL_LINES: Final = 1000
TAIL_EVERY_US: Final = MINUTE_US
AGAIN_US: Final = MINUTE_US
"""After the whole of a chain was walked it is left alone so long: a short one is not walked all day."""

WHOLE_US_MAX: Final = DAY_US
"""A chain that was not walked through for so long is not known to hold."""
GENESIS: Final = "0" * 64


class ChainLine(Protocol):
    """A line of a ledger or an audit log."""

    @property
    def seq(self) -> int: ...
    @property
    def prev(self) -> str: ...
    @property
    def hash(self) -> str: ...
    def expected_hash(self) -> str: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """How a chain is read. ``every``: all lines in order, piece by piece; ``newest``: the last so many, in order;
    ``head``: number and hash of the last line."""

    every: Callable[[], Iterator[ChainLine]]
    newest: Callable[[int], Sequence[ChainLine]]
    head: Callable[[], tuple[int, str]]


class ChainWalk:
    """``turn`` from one thread, each TURN_S; the rest from any. ``walked_us``: when the whole of it held last, as kept
    from an earlier run."""

    def __init__(
        self, chain: Chain, clock: Clock, *, walked_us: int | None = None, tick: Callable[[], float] = time.monotonic
    ) -> None:
        self._chain, self._clock, self._tick = chain, clock, tick
        self.walked_us = walked_us
        self.broken = ""
        """The first place that does not fit, as of the last walk or look at the newest; empty where all fits."""
        self._lines: Iterator[ChainLine] | None = None
        self._prev, self._seq, self._bad = GENESIS, 0, ""
        self._head = (0, GENESIS)
        self._tail_due_us = self._next_us = 0

    def known(self) -> bool:
        """Whether the whole of it was walked within WHOLE_US_MAX."""
        return self.walked_us is not None and self._clock.now_us() - self.walked_us < WHOLE_US_MAX

    def begin_again(self) -> None:
        """What was under way is left: it could not be read on."""
        self._lines = None

    def turn(self) -> None:
        """At most about BUSY_S of work."""
        now_us = self._clock.now_us()
        try:
            if not 0 < self._tail_due_us - now_us <= TAIL_EVERY_US:
                self._tail_due_us = now_us + TAIL_EVERY_US
                self._look_at_the_newest()
            if self._lines is None and 0 < self._next_us - now_us <= AGAIN_US:
                return
            self._walk()
        except (ArchiveBroken, sqlite3.DatabaseError, ValueError, TypeError) as error:
            if isinstance(error, sqlite3.OperationalError) and "locked" in str(error):
                return
            self._ends(f"line {self._seq + 1} cannot be read: {error}")

    def _look_at_the_newest(self) -> None:
        lines = self._chain.newest(TAIL_LINES)
        for before, line in pairwise(lines):
            if line.seq != before.seq + 1 or line.prev != before.hash:
                self.broken = f"line {line.seq} does not follow the line before it"
                return
        for line in lines:
            if line.hash != line.expected_hash():
                self.broken = f"line {line.seq} was changed after it was written"
                return
        head = self._chain.head()
        if head[0] < self._head[0]:
            self.broken = f"lines after {head[0]} are missing"
            return
        self._head = head

    def _walk(self) -> None:
        if self._lines is None:
            self._lines, self._prev, self._seq, self._bad = self._chain.every(), GENESIS, 0, ""
        until = self._tick() + BUSY_S
        for line in self._lines:
            bad = self._wrong(line)
            if bad:
                self._ends(bad)
                return
            self._prev, self._seq = line.hash, line.seq
            if self._tick() >= until:
                return
        if self._seq < self._head[0]:
            self._ends(f"lines after {self._seq} are missing")
            return
        self._ends("")

    def _wrong(self, line: ChainLine) -> str:
        if line.seq != self._seq + 1:
            return f"line {self._seq + 1} is missing"
        if line.prev != self._prev:
            return f"line {line.seq} does not follow the line before it"
        return "" if line.hash == line.expected_hash() else f"line {line.seq} was changed after it was written"

    def _ends(self, bad: str) -> None:
        self._lines, self.broken = None, bad
        self._next_us = self._clock.now_us() + AGAIN_US
        if not bad:
            self.walked_us = self._clock.now_us()
