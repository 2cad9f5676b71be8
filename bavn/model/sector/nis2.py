"""The clocks that one significant incident starts at one entity (Directive (EU) 2022/2555, article 23(4)). Pure.

Early warning within 24 hours and notification within 72 hours of the entity becoming aware that an incident is
significant (24 for a trust service); final report within a month of the notification; where the incident still goes on
then, a progress report at that time and the final report within a month of handling. Counted strictly: hours from the
moment itself, a month to the same moment of the same date (or the month's last day) in the entity's time zone, and no
weekend or holiday prolongs anything. Refuses to decide what is significant: a person does.
"""

from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, tzinfo
from enum import StrEnum
from typing import Final, Literal

from bavn.model.moment import HOUR_US, as_datetime, as_us
from bavn.model.sector.refusal import word
from bavn.model.text import Text

CrossBorder = Literal["yes", "no", "unknown"]
EARLY_WARNING_HOURS: Final = 24
NOTIFICATION_HOURS: Final = 72
NOTIFICATION_HOURS_TRUST_SERVICE: Final = 24
MONTHS_PER_YEAR: Final = 12
AGE_DAYS_MAX: Final = 400
"""An actor notes nothing that is older."""


class Nis2Act(StrEnum):
    """What happens on the way. The first starts the clocks, the last ends them."""

    AWARE = "aware"
    EARLY_WARNING = "early-warning"
    NOTIFICATION = "notification"
    PROGRESS = "progress"
    HANDLED = "handled"
    FINAL = "final"
    NOT_SIGNIFICANT = "not-significant"


REPORTS: Final = (Nis2Act.EARLY_WARNING, Nis2Act.NOTIFICATION, Nis2Act.PROGRESS, Nis2Act.FINAL)

NAMES: Final[Mapping[Nis2Act, Text]] = {
    Nis2Act.AWARE: Text("aware that it is significant"),
    Nis2Act.EARLY_WARNING: Text("early warning"),
    Nis2Act.NOTIFICATION: Text("incident notification"),
    Nis2Act.PROGRESS: Text("progress report"),
    Nis2Act.HANDLED: Text("handled"),
    Nis2Act.FINAL: Text("final report"),
    Nis2Act.NOT_SIGNIFICANT: Text("found not significant"),
}


class OutOfOrder(Exception):
    """What was noted cannot have happened then. The person who noted it must look again."""


class DueState(StrEnum):
    """Where one report stands. ``later``: its deadline begins with something that has not happened."""

    SENT = "sent"
    SENT_LATE = "sent-late"
    WAITING = "waiting"
    OVERDUE = "overdue"
    LATER = "later"


DUE_WORDS: Final[Mapping[DueState, Text]] = {
    DueState.SENT: Text("sent"),
    DueState.SENT_LATE: Text("sent late"),
    DueState.WAITING: Text("waiting"),
    DueState.OVERDUE: Text("overdue"),
    DueState.LATER: Text("begins later"),
}


@dataclass(frozen=True, slots=True)
class Due:
    """One report: ``due_us`` None while its deadline has not begun; ``sent_us`` None until it was sent."""

    report: Nis2Act
    due_us: int | None
    sent_us: int | None
    state: DueState


def checked(happened: Mapping[Nis2Act, int], now_us: int) -> None:
    """Raises OutOfOrder unless this can be the course of one incident: awareness first, nothing in the future, reports
    in their order, and nothing after it was found not significant."""
    if not happened:
        return
    late = [act for act in Nis2Act if happened.get(act, 0) > now_us]
    if late:
        raise OutOfOrder(Text("{late} lies in the future", late=word(late[0])))
    if Nis2Act.AWARE not in happened:
        raise OutOfOrder(
            Text("the clocks start when the entity becomes aware that the incident is significant: note aware")
        )
    early = [act for act, at_us in happened.items() if at_us < happened[Nis2Act.AWARE]]
    if early:
        raise OutOfOrder(
            Text("{early} lies before the entity was aware that the incident is significant", early=word(early[0]))
        )
    for first, then in (
        (Nis2Act.EARLY_WARNING, Nis2Act.NOTIFICATION),
        (Nis2Act.NOTIFICATION, Nis2Act.PROGRESS),
        (Nis2Act.NOTIFICATION, Nis2Act.FINAL),
        (Nis2Act.PROGRESS, Nis2Act.FINAL),
        (Nis2Act.HANDLED, Nis2Act.FINAL),
    ):
        if first in happened and then in happened and happened[then] < happened[first]:
            raise OutOfOrder(Text("{then} lies before {first}", then=word(then), first=word(first)))
    for needed, act in (
        (Nis2Act.NOTIFICATION, Nis2Act.PROGRESS),
        (Nis2Act.NOTIFICATION, Nis2Act.FINAL),
        (Nis2Act.HANDLED, Nis2Act.FINAL),
    ):
        if act in happened and needed not in happened:
            raise OutOfOrder(
                Text("{act} comes after {needed}, which was not noted", act=word(act), needed=word(needed))
            )
    if Nis2Act.NOT_SIGNIFICANT in happened and Nis2Act.FINAL in happened:
        raise OutOfOrder(Text("an incident with a final report was significant"))


def dues(happened: Mapping[Nis2Act, int], zone: tzinfo, now_us: int, *, trust_service: bool = False) -> tuple[Due, ...]:
    """The reports that are owed, in order; none before awareness or once found not significant. A notification that
    was sent without an early warning before it counts as both. The progress report is owed only where the incident
    was not handled when the month after the notification ended."""
    aware_us = happened.get(Nis2Act.AWARE)
    if aware_us is None or Nis2Act.NOT_SIGNIFICANT in happened:
        return ()
    notified_us = happened.get(Nis2Act.NOTIFICATION)
    handled_us = happened.get(Nis2Act.HANDLED)
    hours = NOTIFICATION_HOURS_TRUST_SERVICE if trust_service else NOTIFICATION_HOURS
    warned_us = happened.get(Nis2Act.EARLY_WARNING, notified_us)
    owed = [
        due_of(Nis2Act.EARLY_WARNING, aware_us + EARLY_WARNING_HOURS * HOUR_US, warned_us, now_us),
        due_of(Nis2Act.NOTIFICATION, aware_us + hours * HOUR_US, notified_us, now_us),
    ]
    month_us = None if notified_us is None else month_after(notified_us, zone)
    progress_us = happened.get(Nis2Act.PROGRESS)
    ongoing = month_us is not None and month_us <= (now_us if handled_us is None else handled_us)
    if ongoing or progress_us is not None:
        owed.append(due_of(Nis2Act.PROGRESS, month_us, progress_us, now_us))
    final_us = month_us
    if ongoing:
        final_us = None if handled_us is None else month_after(handled_us, zone)
    owed.append(due_of(Nis2Act.FINAL, final_us, happened.get(Nis2Act.FINAL), now_us))
    return tuple(owed)


def month_after(us: int, zone: tzinfo) -> int:
    """The same time of day on the same date a month later in this zone, or on that month's last day."""
    local = as_datetime(us).astimezone(zone)
    year, month = (local.year + 1, 1) if local.month == MONTHS_PER_YEAR else (local.year, local.month + 1)
    day = min(local.day, monthrange(year, month)[1])
    return as_us(local.replace(year=year, month=month, day=day, fold=0).astimezone(UTC))


def due_of(report: Nis2Act, due_us: int | None, sent_us: int | None, now_us: int) -> Due:
    """Where one report stands at this moment."""
    if sent_us is not None:
        state = DueState.SENT_LATE if due_us is not None and sent_us > due_us else DueState.SENT
    elif due_us is None:
        state = DueState.LATER
    else:
        state = DueState.OVERDUE if now_us > due_us else DueState.WAITING
    return Due(report, due_us, sent_us, state)
