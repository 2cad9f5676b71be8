"""A line that became nothing, and why."""

from dataclasses import dataclass
from typing import Final

REFUSALS_KEPT_MAX: Final = 100
"""Refused lines named in one batch; the count beyond them stays exact."""

REASON_LENGTH_MAX: Final = 200


@dataclass(frozen=True, slots=True, order=True)
class RefusedLine:
    """One line (1 is the first; 0 the file as a whole) that became no row, and why. It may hold private text: it stays
    at the actor."""

    file: str
    line: int
    reason: str
