"""A bad network between a node and the centre: loss, late and doubled requests, stale answers, partitions, all by dice.

Implements the Link port around another link. A request may be lost on the way or its answer on the way back; it may
come twice, or long after the node has given it up and said something newer (so requests overtake one another). What
the port promises stays true: within one request or answer the envelopes are in order. Refuses to look into envelopes.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from bavn.model.moment import SECOND_US
from bavn.model.ports import Clock, Link, LinkDown
from bavn.traffic.dice import SeededDice

LATE_MAX: Final = 256
STALE_MAX: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Faults:
    """Shares of calls in 0..1 that meet each fault; ``late_s_max``: how long a request may be under way after it was
    given up; ``partitions``: spans [start_us, end_us) in which nothing passes. ValueError outside these bounds."""

    request_lost: float = 0.0
    answer_lost: float = 0.0
    doubled: float = 0.0
    late: float = 0.0
    stale_answer: float = 0.0
    late_s_max: int = 3600
    partitions: tuple[tuple[int, int], ...] = ()

    def __post_init__(self) -> None:
        shares = (self.request_lost, self.answer_lost, self.doubled, self.late, self.stale_answer)
        if not all(0.0 <= share <= 1.0 for share in shares) or self.late_s_max < 1:
            raise ValueError("shares lie in 0..1, and late is at least a second")
        if any(start >= end for start, end in self.partitions):
            raise ValueError("a partition begins before it ends")


@dataclass(slots=True)
class Met:
    """How often each thing happened: for a run's report, and so that a test knows its faults were met."""

    posts: int = 0
    pulls: int = 0
    requests_lost: int = 0
    answers_lost: int = 0
    doubled: int = 0
    late: int = 0
    late_arrived: int = 0
    late_forgotten: int = 0
    stale_answers: int = 0
    partitioned: int = 0


@dataclass(slots=True)
class _Late:
    due_us: int
    envelopes: list[bytes]


@dataclass(slots=True)
class BadLink:
    """Implements Link around ``inner`` (whose calls reach the other side at once)."""

    inner: Link
    faults: Faults
    dice: SeededDice
    clock: Clock
    met: Met = field(default_factory=Met)
    _under_way: list[_Late] = field(default_factory=list)
    _answers: list[list[bytes]] = field(default_factory=list)

    def post(self, envelopes: Sequence[bytes]) -> Sequence[int]:
        """See the port. Whatever happens, a late request arrives first if its time has come."""
        self.met.posts += 1
        self._gate()
        self.arrive()
        if self._falls(self.faults.late):
            self._send_late(list(envelopes))
            raise LinkDown("no answer in time")
        if self._falls(self.faults.request_lost):
            self.met.requests_lost += 1
            raise LinkDown("the request was lost")
        taken = self.inner.post(list(envelopes))
        if self._falls(self.faults.doubled):
            self.met.doubled += 1
            taken = self.inner.post(list(envelopes))
        if self._falls(self.faults.answer_lost):
            self.met.answers_lost += 1
            raise LinkDown("the answer was lost")
        return taken

    def pull(self, after: int, wait_s: float) -> Sequence[bytes]:
        """See the port. A stale answer is an earlier one over again."""
        self.met.pulls += 1
        self._gate()
        self.arrive()
        if self._falls(self.faults.stale_answer) and self._answers:
            self.met.stale_answers += 1
            return list(self._answers[self.dice.below(len(self._answers))])
        if self._falls(self.faults.request_lost):
            self.met.requests_lost += 1
            raise LinkDown("the request was lost")
        given = list(self.inner.pull(after, wait_s))
        if given:
            self._answers = [*self._answers, given][-STALE_MAX:]
        if self._falls(self.faults.answer_lost):
            self.met.answers_lost += 1
            raise LinkDown("the answer was lost")
        return given

    def arrive(self) -> int:
        """Hand over the late requests whose time has come; returns how many. Nobody hears their answers."""
        now_us = self.clock.now_us()
        due = [late for late in self._under_way if late.due_us <= now_us]
        self._under_way = [late for late in self._under_way if late.due_us > now_us]
        for late in due:
            self.met.late_arrived += 1
            self.inner.post(late.envelopes)
        return len(due)

    @property
    def under_way(self) -> int:
        """Requests that have not arrived yet."""
        return len(self._under_way)

    def _send_late(self, envelopes: list[bytes]) -> None:
        if len(self._under_way) >= LATE_MAX:
            self.met.late_forgotten += 1
            return
        self.met.late += 1
        wait_us = 1 + int(self.dice.unit() * self.faults.late_s_max * SECOND_US)
        self._under_way.append(_Late(self.clock.now_us() + wait_us, envelopes))

    def _gate(self) -> None:
        now_us = self.clock.now_us()
        if any(start <= now_us < end for start, end in self.faults.partitions):
            self.met.partitioned += 1
            raise LinkDown("no way through")

    def _falls(self, share: float) -> bool:
        return self.dice.chance(share)
