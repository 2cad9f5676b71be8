"""Whom a node asks, and whom it asks next: one batch, k of n holders, until k answers are right or too few are left.

A value: whoever calls the holders puts in what came of it and gets the next state. A holder that is silent or lies is
out for this batch and named; what the others answered is kept, though they weighed it for another panel. Refuses to
know how holders are reached and how long one waits.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, Self

from bavn.psi.threshold.evaluate import Liars, Part, combine
from bavn.psi.threshold.shares import PublicKey

Out = Literal["silent", "liar"]


@dataclass(frozen=True, slots=True)
class Question:
    """Points to be evaluated under one key. One request may hold several: elements, and the round's description."""

    public: PublicKey
    points: Sequence[bytes]


@dataclass(frozen=True, slots=True)
class Asking:
    """``questions``: of keys of the same k and n, all answered together. ``order``: holders as they are to be tried,
    the likeliest to answer first; all of them, each once (ValueError). ``parts``: by holder, one for each question.
    ``out``: who is named, and why."""

    questions: tuple[Question, ...]
    order: tuple[int, ...]
    parts: Mapping[int, tuple[Part, ...]] = field(default_factory=dict)
    out: Mapping[int, Out] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if any(sorted(self.order) != sorted(question.public.holders) for question in self.questions):
            raise ValueError("the order has every holder once")
        if len({question.public.k for question in self.questions}) != 1:
            raise ValueError("all questions are to the same k holders")

    @property
    def k(self) -> int:
        return self.questions[0].public.k

    @property
    def panel(self) -> tuple[int, ...]:
        """The k holders whose parts are to be combined, ascending: those that answered, then those next in order; fewer
        than k where no more are left."""
        answered = [number for number in self.order if number in self.parts]
        rest = [number for number in self.order if number not in self.parts and number not in self.out]
        return tuple(sorted([*answered, *rest][: self.k]))

    @property
    def missing(self) -> tuple[int, ...]:
        """Those of the panel that are to be asked, or waited for: each is told the panel as it is now."""
        return tuple(number for number in self.panel if number not in self.parts)

    @property
    def is_over(self) -> bool:
        """True where too few holders are left: the batch cannot be evaluated, whoever else answers."""
        return len(self.panel) < self.k

    def answered(self, number: int, parts: tuple[Part, ...]) -> Self:
        """Holder ``number`` answered; by the transport's word, since a part may name another. An answer of one that is
        out, or a second one, counts for nothing."""
        if number in self.out or number in self.parts or number not in self.order:
            return self
        if len(parts) != len(self.questions) or any(part.number != number for part in parts):
            return self.without(number, "liar")
        return replace(self, parts={**self.parts, number: parts})

    def without(self, number: int, why: Out) -> Self:
        """That holder is out, and its parts with it."""
        kept = {other: parts for other, parts in self.parts.items() if other != number}
        return replace(self, parts=kept, out={**self.out, number: why})

    def combined(self) -> "list[list[bytes]] | Asking":
        """The evaluated points of each question; or, where some are missing or lied, the state to go on with: liars are
        out of it."""
        if self.missing or self.is_over:
            return self
        evaluated: list[list[bytes]] = []
        liars: set[int] = set()
        for at, question in enumerate(self.questions):
            points = combine(question.public, question.points, [self.parts[number][at] for number in self.panel])
            if isinstance(points, Liars):
                liars |= {*points.numbers}
            else:
                evaluated.append(points)
        going_on: Asking = self
        for number in sorted(liars):
            going_on = going_on.without(number, "liar")
        return going_on if liars else evaluated
