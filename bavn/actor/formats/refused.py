"""A line that became nothing, and why."""

from dataclasses import dataclass
from typing import Final

from bavn.model.text import Text

REFUSALS_KEPT_MAX: Final = 100
"""Refused lines named in one batch; the count beyond them stays exact."""

REASON_LENGTH_MAX: Final = 200


@dataclass(frozen=True, slots=True, order=True)
class RefusedLine:
    """One line (1 is the first; 0 the file as a whole) that became no row, and why. ``detail``: the value that had the
    fault. It may hold private text: it stays at the actor."""

    file: str
    line: int
    reason: Text
    detail: str = ""

    @property
    def why(self) -> Text:
        """The reason, and the value that had it."""
        if not self.detail:
            return self.reason
        return Text.shaped("{reason}: {detail}", reason=self.reason, detail=self.detail)


def taken_in_not(error: Exception) -> Text:
    """Why what came has no place, whatever was raised over it."""
    return Text("what came cannot be taken in ({kind}: {error})", kind=type(error).__name__, error=error)


def of_file(file: object, why: Text, between: str = " ") -> Text:
    """What is wrong with a file, a folder or a program, behind its name."""
    return Text.shaped("{file}" + between + "{why}", file=file, why=why)


def without_file(why: Text) -> Text:
    """The same without the name before it."""
    behind = dict(why.facts).get("why") if why.message in ("{file} {why}", "{file}: {why}") else None
    return without_file(behind) if isinstance(behind, Text) else why
