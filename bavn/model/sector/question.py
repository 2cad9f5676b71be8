"""An analyst's question to the sector: was any of this met at you, since when? And what an actor answered.

Refuses to know who may ask (centre/cases) and what an actor's policy says to it (actor/door).
"""

from dataclasses import dataclass
from typing import Final, Literal

from bavn.model.observable import Observable

OBSERVABLES_MAX: Final = 20
"""More would be a list, and a list is an indicator file's matter."""
DAYS_BACK_MAX: Final = 400
DAYS_OPEN_MAX: Final = 30
WHY_CHARS_MAX: Final = 200

Asks = Literal["met", "hit"]
"""Whether something was met, or how many hosts a block of it would hit (bavn.model.intel.radius)."""
AnswerState = Literal["met", "not_met", "declined", "counted"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """``id`` 32 hex digits; ``numbers`` of the answers are places in ``observables``. ``since_hour``: hours since 1970;
    nodes take it by whole days. ``until_us``: later answers are of no use. ``to``: the actors asked. ``approved_us``
    None: nobody has approved it, so it has not gone out; ``ended_us``: taken back. ``about``: the indicator whose
    radius it asks for; empty for a question of any other kind."""

    id: str
    observables: tuple[Observable, ...]
    since_hour: int
    to: tuple[str, ...]
    why: str
    asked_by: str
    asked_us: int
    until_us: int
    about: str = ""
    approved_by: str | None = None
    approved_us: int | None = None
    ended_by: str | None = None
    ended_us: int | None = None

    @property
    def asks(self) -> Asks:
        """What it asks of its observables."""
        return "hit" if self.about else "met"

    def open_at(self, now_us: int) -> bool:
        """Approved, not taken back, not past its end: answers count."""
        return self.approved_us is not None and self.ended_us is None and now_us < self.until_us


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionAnswer:
    """What one actor said of one observable; buckets and hours as in a sighting, hours None unless met. ``days``: of
    how much history; 0 for a decline, and where it was added to a sum over actors (``counted``)."""

    actor: str
    number: int
    state: AnswerState
    count_bucket: int
    first_hour: int | None
    last_hour: int | None
    days: int
    received_us: int
