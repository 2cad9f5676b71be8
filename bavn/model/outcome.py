"""Exactly one outcome for each item, with a reason. A refusal is a value, not an error (STYLE.md, 7 and 12)."""

from dataclasses import dataclass
from typing import Literal, Self

from bavn.model.text import Text


@dataclass(frozen=True, slots=True, init=False)
class Refused:
    """``Refused("too_deep", "nested deeper than {deepest}", deepest=64)``: ``rule`` names the small rule that said no,
    ``reason`` says why, in the reader's language. Nothing private may stand in ``reason``, nor in its facts."""

    rule: str
    reason: Text

    def __init__(self, rule: str, message: str, /, **facts: object) -> None:
        object.__setattr__(self, "rule", rule)
        object.__setattr__(self, "reason", Text(message, **facts))

    @classmethod
    def of(cls, rule: str, reason: Text) -> Self:
        """For a reason that somebody else has said."""
        refused = cls.__new__(cls)
        object.__setattr__(refused, "rule", rule)
        object.__setattr__(refused, "reason", reason)
        return refused


Verdict = Literal["passed", "refused"]
