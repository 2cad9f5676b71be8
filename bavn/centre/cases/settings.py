"""``[cases]`` of the centre's configuration: hours, limits, and what actors are told by themselves."""

from dataclasses import dataclass

from bavn.model.sector.work import HOURS_MAX, Deadlines
from bavn.model.settings import SettingsError, setting
from bavn.model.text import Text


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseSettings:
    """SettingsError for hours in the wrong order."""

    acknowledge_hours: int = setting(
        24, unit="hours", holds="An actor acknowledges a task within this, unless it says otherwise.", low=1, high=2160
    )
    applies_hours: int = setting(
        72, unit="hours", holds="An actor says within this whether a task applies to it.", low=1, high=2160
    )
    done_hours: int = setting(168, unit="hours", holds="A task is done within this.", low=1, high=2160)
    soon_hours: int = 4
    """So long before a deadline it counts as due soon, and is reminded of."""
    tell_new: bool = setting(
        default=False, holds="Actors see their part of a case before anybody at the centre has taken it."
    )
    tell_verdicts: bool = setting(
        default=True, holds="What a case came to goes to all actors as advice to their own lists."
    )
    verdict_days: int = setting(90, unit="days", holds="So long such advice holds.", low=1, high=366)
    evidence_mb_max: int = 200
    """The most evidence that one case takes in from all actors."""
    evidence_kept_days: int = setting(
        400,
        unit="days",
        holds="Evidence is deleted so long after it came; that it came stays on record.",
        low=1,
        high=3650,
    )

    def __post_init__(self) -> None:
        try:
            Deadlines(acknowledge=self.acknowledge_hours, applies=self.applies_hours, done=self.done_hours)
        except ValueError as error:
            raise SettingsError(
                Text("cases: acknowledge_hours, applies_hours, done_hours: {error}", error=Text.of_error(error))
            ) from error

    def deadlines(
        self, acknowledge: int | None = None, applies: int | None = None, done: int | None = None
    ) -> Deadlines:
        """A task's hours; those not given are these, drawn into the order that the given ones set. ValueError."""
        for given in (acknowledge, applies, done):
            if given is not None and not 1 <= given <= HOURS_MAX:
                raise ValueError(
                    Text("a deadline is 1 to {hours_max} hours, not {given}", hours_max=HOURS_MAX, given=given)
                )
        last = done if done is not None else max(self.done_hours, applies or 0, acknowledge or 0)
        middle = applies if applies is not None else min(last, max(self.applies_hours, acknowledge or 0))
        first = acknowledge if acknowledge is not None else min(middle, self.acknowledge_hours)
        return Deadlines(acknowledge=first, applies=middle, done=last)
