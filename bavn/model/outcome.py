"""Exactly one outcome for each item, with a reason. A refusal is a value, not an error (STYLE.md, 7 and 12)."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Refused:
    """``rule`` names the small rule that said no, ``reason`` says why in words for the operator (English; the rule's
    name is the key of its translation). Nothing private may stand in ``reason``."""

    rule: str
    reason: str


Verdict = Literal["passed", "refused"]
