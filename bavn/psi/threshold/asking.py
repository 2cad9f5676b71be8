"""Whom a node asks, and whom it asks next: one batch, k of n holders, until k parts are right or too few are left.

A value: whoever calls the holders puts in what came of it and gets the next state. A holder that is silent or lies is
out for this batch and named; what the others answered is kept, though they weighed it for another panel. Refuses to
know how holders are reached and how long one waits.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, Self

from bavn.psi.threshold.evaluate import Batch, Liars, Part, combine
from bavn.psi.threshold.shares import PublicKey

Out = Literal["silent", "liar"]


@dataclass(frozen=True, slots=True)
class Asking:
    """``order``: holders as they are to be tried, the likeliest to answer first; all of them, each once (ValueError).
    ``out``: who is named, and why."""

    public: PublicKey
    batch: Batch
    order: tuple[int, ...]
    parts: Mapping[int, Part] = field(default_factory=dict)
    out: Mapping[int, Out] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if sorted(self.order) != sorted(self.public.holders):
            raise ValueError("the order has every holder once")

    @property
    def panel(self) -> tuple[int, ...]:
        """The k holders whose parts are to be combined, ascending: those that answered, then those next in order; fewer
        than k where no more are left."""
        answered = [number for number in self.order if number in self.parts]
        rest = [number for number in self.order if number not in self.parts and number not in self.out]
        return tuple(sorted([*answered, *rest][: self.public.k]))

    @property
    def missing(self) -> tuple[int, ...]:
        """Those of the panel that are to be asked, or waited for: each is told the panel as it is now."""
        return tuple(number for number in self.panel if number not in self.parts)

    @property
    def is_over(self) -> bool:
        """True where too few holders are left: the batch cannot be evaluated, whoever else answers."""
        return len(self.panel) < self.public.k

    def answered(self, number: int, part: Part) -> Self:
        """Holder ``number`` answered; by the transport's word, since a part may name another. An answer of one that is
        out, or a second one, counts for nothing."""
        if number in self.out or number in self.parts or number not in self.public.holders:
            return self
        if part.number != number:
            return self.without(number, "liar")
        return replace(self, parts={**self.parts, number: part})

    def without(self, number: int, why: Out) -> Self:
        """That holder is out, and its part with it."""
        kept = {other: part for other, part in self.parts.items() if other != number}
        return replace(self, parts=kept, out={**self.out, number: why})

    def combined(self) -> "list[bytes] | Asking":
        """The outputs in the order of the batch's elements; or, where some are missing or lied, the state to go on
        with: liars are out of it."""
        if self.missing or self.is_over:
            return self
        outputs = combine(self.public, self.batch, [self.parts[number] for number in self.panel])
        if not isinstance(outputs, Liars):
            return outputs
        going_on: Asking = self
        for number in outputs.numbers:
            going_on = going_on.without(number, "liar")
        return going_on
