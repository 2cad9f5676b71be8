"""What an audit makes of the entries by which a centre tells of its clock, and of what is dated back.

A clock that was not believed moves no entry's date. One that was believed and was wrong is put back by an entry, never
further than to where the log stood when it began to be ahead, with the time that went by since: so no such entry lets a
release be dated before what was published until then.
"""

from dataclasses import dataclass, field
from typing import Final

from bavn.tlog.entries import Entry

DECIDED: Final = frozenset({"release", "withdrawal", "switch", "policy", "registry"})
"""Kinds of which the centre writes the entry at the moment that it names; others tell of what came in before."""
BACK_S_MAX: Final = 600
LAST_S: Final = 253_402_300_799
"""The last second that a calendar of four digits has."""
DOUBTED, MENDED, FORWARD, BACK = "doubted", "mended", "forward", "back"
"""States of an entry of the clock: not believed, right again, ahead after a pause or a leap, put back."""


@dataclass(slots=True)
class Order:
    """What was found in the entries so far, in their order. ``back``: number and moment of the first entry that was
    dated back, and the moment that it stands behind; ``doubted`` and ``put_back``: (from, to) of each."""

    newest_s: int = 0
    back: tuple[int, int, int] | None = None
    doubted: list[tuple[int, int]] = field(default_factory=list)
    put_back: list[tuple[int, int]] = field(default_factory=list)
    _ahead: tuple[int, int] | None = None

    def take(self, number: int, entry: Entry) -> None:
        """The next entry."""
        if entry.kind == "clock":
            self._clock(number, entry)
        elif entry.kind in DECIDED and entry.at_s < self.newest_s - BACK_S_MAX and self.back is None:
            self.back = number, entry.at_s, self.newest_s
        self.newest_s = max(self.newest_s, entry.at_s)

    def _clock(self, number: int, entry: Entry) -> None:
        state = entry.fields["state"]
        if state == DOUBTED:
            self.doubted.append((entry.at_s, min(entry.fields["to"], LAST_S)))
        elif state == FORWARD:
            self._ahead = self.newest_s, entry.at_s
        elif state == BACK and self._may_be_put_back(entry.at_s):
            self.put_back.append((self.newest_s, entry.at_s))
            self.newest_s, self._ahead = entry.at_s, None
        elif state == BACK and self.back is None:
            self.back = number, entry.at_s, self.newest_s

    def _may_be_put_back(self, to_s: int) -> bool:
        """No further than to where the clock began to be ahead, and the time since."""
        if self._ahead is None:
            return False
        before_s, after_s = self._ahead
        return to_s >= before_s + (self.newest_s - after_s) - BACK_S_MAX
