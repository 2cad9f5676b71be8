"""What somebody must be reminded of, by whom it is owed, and which reminders have gone out. Once for each stage.

A deadline is reminded of when it is due soon and when it has passed: of an actor's task to that actor and to the
centre, of NIS2's reports likewise. That an actor met a confirmed attack before it was known goes before all of these.
A reminder that cannot be delivered is tried again, later each time, and given up after twelve tries in some sixteen
hours, which is a line in the case's history. Refuses to send: app does.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import Final, Literal

from sqlalchemy import Engine, delete, insert, select, update

from bavn.centre.cases import audit
from bavn.centre.cases.case.files import marking_of
from bavn.centre.cases.case.work_tables import REMINDER, make_work_tables
from bavn.centre.cases.nis2.clocks import Nis2View
from bavn.centre.cases.tables import reading, writing
from bavn.centre.cases.two_people import CENTRE
from bavn.centre.store.rows import value_from
from bavn.model.intel.indicator import Tlp
from bavn.model.moment import DAY_US, HOUR_US, MINUTE_US
from bavn.model.ports import Clock
from bavn.model.sector.alarm import Alarm
from bavn.model.sector.met_before import MetBefore
from bavn.model.sector.nis2 import NAMES
from bavn.model.sector.work import DueState, Task
from bavn.model.spans import local_day
from bavn.model.text import Text

TRIES_MAX: Final = 12
AGAIN_US_MAX: Final = 4 * HOUR_US
KEPT_DAYS: Final = 400
OLD_US: Final = 30 * DAY_US
"""What is overdue for longer is nobody's news any more."""
WAITING_MAX: Final = 500
OVER_US: Final = 5 * MINUTE_US
"""An alarm that comes back sooner was never over."""

Stage = Literal["due-soon", "overdue", "alarm", "alarm-over", "met"]
Way = Literal["mail", "webhook"]
_STEPS: Final = {
    "acknowledge": Text("acknowledge"),
    "applies": Text("say whether it applies"),
    "done": Text("be done with"),
}
_KINDS: Final = {"task": Text("a task"), "question": Text("a question")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reminder:
    """``id`` is the same for one deadline and stage, whatever the words. ``about``: what is owed, without anything of
    the case; ``detail``: the task's own text, for readers who may see it under ``tlp``."""

    id: str
    case_id: str
    actor: str
    stage: Stage
    due_us: int
    about: Text
    detail: str
    tlp: Tlp


@dataclass(frozen=True, slots=True)
class Recipient:
    """``name``: an e-mail address or a webhook's URL; ``actor`` empty: the centre's own, who hear of all."""

    way: Way
    name: str
    actor: str = ""


def _id(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]


def of_tasks(tasks: Iterable[Task], tlps: dict[str, Tlp], now_us: int, soon_us: int) -> list[Reminder]:
    """What is due soon or overdue of these tasks: the earliest step of each that is owed."""
    reminders = []
    for task in tasks:
        owed = [
            (step, due_us, state)
            for step, due_us, state in task.dues(now_us, soon_us)
            if state in (DueState.SOON, DueState.OVERDUE) and now_us < due_us + OLD_US
        ]
        for step, due_us, state in owed:
            kind, verb = _KINDS[task.kind], _STEPS[step]
            stage: Stage = "overdue" if state is DueState.OVERDUE else "due-soon"
            reminders.append(
                Reminder(
                    id=_id("task", task.id, step, stage, str(due_us)),
                    case_id=task.case_id,
                    actor=task.actor,
                    stage=stage,
                    due_us=due_us,
                    about=Text.shaped("{verb} {kind}", verb=verb, kind=kind),
                    detail=task.text,
                    tlp=tlps.get(task.case_id, Tlp.AMBER),
                )
            )
    return reminders


def of_nis2(views: Iterable[Nis2View], tlps: dict[str, Tlp], now_us: int, soon_us: int) -> list[Reminder]:
    """What is due soon or overdue of NIS2's reports."""
    reminders = []
    for view in views:
        for due in view.dues:
            if due.sent_us is not None or due.due_us is None or not due.due_us - soon_us < now_us < due.due_us + OLD_US:
                continue
            stage: Stage = "overdue" if now_us > due.due_us else "due-soon"
            name = NAMES[due.report]
            reminders.append(
                Reminder(
                    id=_id("nis2", view.case_id, view.actor, due.report.value, stage, str(due.due_us)),
                    case_id=view.case_id,
                    actor=view.actor,
                    stage=stage,
                    due_us=due.due_us,
                    about=Text("NIS2: {name}", name=name),
                    detail="",
                    tlp=tlps.get(view.case_id, Tlp.AMBER),
                )
            )
    return reminders


def of_alarms(alarms: Iterable[Alarm], now_us: int) -> list[Reminder]:
    """That an alarm stands, and that it is over for good."""
    reminders = []
    for alarm in alarms:
        ended_us = alarm.ended_us
        if ended_us is not None and not OVER_US <= now_us - ended_us < DAY_US:
            continue
        stage: Stage = "alarm" if ended_us is None else "alarm-over"
        named = (str(alarm.number), stage, *([] if ended_us is None else [str(ended_us)]))
        reminders.append(
            Reminder(
                id=_id("alarm", *named),
                case_id=f"alarm-{alarm.number}",
                actor=alarm.actor,
                stage=stage,
                due_us=alarm.began_us if ended_us is None else ended_us,
                about=alarm.text,
                detail="",
                tlp=Tlp.GREEN,
            )
        )
    return reminders


def of_hits(hits: Iterable[MetBefore], zone: tzinfo) -> list[Reminder]:
    """That an actor met a confirmed attack before it was known: the one thing that nobody there had on a list. Said
    once of each indicator and actor; the days are those of ``zone``. Nothing of what it was is in it."""
    return [
        Reminder(
            id=_id("met", hit.indicator_id, hit.actor),
            case_id=hit.case_id or hit.indicator_id,
            actor=hit.actor,
            stage="met",
            due_us=hit.told_us,
            about=Text(
                "a confirmed attack was at {actor} before it was known, first on {day}",
                actor=hit.actor,
                day=local_day(hit.first_us, zone),
            ),
            detail="",
            tlp=Tlp.GREEN,
        )
        for hit in hits
    ]


def raised_id(one: Reminder) -> str:
    """The id of the word that told of the alarm whose end this is."""
    return _id("alarm", one.case_id.removeprefix("alarm-"), "alarm")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """How a reminder stands with one recipient: waiting, sent, failed (given up)."""

    reminder_id: str
    way: str
    recipient: str
    case_id: str
    state: str
    tries: int
    reason: str
    at_us: int


class Reminders:
    """All methods may be called from any process on the same database."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        make_work_tables(engine)
        self._engine = engine
        self._clock = clock

    def tlps(self, case_ids: Iterable[str]) -> dict[str, Tlp]:
        """How each of these cases is marked."""
        with reading(self._engine) as connection:
            return {case_id: marking_of(connection, case_id).tlp for case_id in set(case_ids)}

    def to_send(
        self, reminders: Sequence[Reminder], recipients: Sequence[Recipient]
    ) -> list[tuple[Reminder, Recipient]]:
        """What is to be tried now: new ones, and those whose time to try again has come."""
        now_us = self._clock.now_us()
        with reading(self._engine) as connection:
            rows = connection.execute(
                select(REMINDER).where(REMINDER.c.reminder_id.in_([reminder.id for reminder in reminders]))
            ).all()
        known = {(row.reminder_id, row.way, row.recipient): row for row in rows}
        to_send = []
        for reminder in sorted(reminders, key=lambda reminder: (reminder.due_us, reminder.id)):
            for recipient in recipients:
                if recipient.actor not in ("", reminder.actor):
                    continue
                row = known.get((reminder.id, recipient.way, recipient.name))
                if row is None or (row.state == "waiting" and row.try_us <= now_us):
                    to_send.append((reminder, recipient))
        return to_send[:WAITING_MAX]

    def reached(self, reminder_ids: Iterable[str]) -> frozenset[tuple[str, str, str]]:
        """(id, way, recipient) of those that were delivered."""
        query = select(REMINDER.c.reminder_id, REMINDER.c.way, REMINDER.c.recipient).where(
            REMINDER.c.reminder_id.in_(list(reminder_ids)), REMINDER.c.state == "sent"
        )
        with reading(self._engine) as connection:
            return frozenset((row.reminder_id, row.way, row.recipient) for row in connection.execute(query))

    def done(self, reminder: Reminder, recipient: Recipient, reason: str = "") -> None:
        """It was delivered (no reason), or why not: then it is tried again, until it is given up."""
        now_us = self._clock.now_us()
        here = (
            (REMINDER.c.reminder_id == reminder.id)
            & (REMINDER.c.way == recipient.way)
            & (REMINDER.c.recipient == recipient.name)
        )
        with writing(self._engine) as connection:
            tries = (connection.scalar(select(REMINDER.c.tries).where(here)) or 0) + 1
            state = "sent" if not reason else "failed" if tries >= TRIES_MAX else "waiting"
            values = {
                "tries": tries,
                "state": state,
                "reason": reason[:500],
                "at_us": now_us,
                "case_id": reminder.case_id,
                "try_us": now_us + min(AGAIN_US_MAX, MINUTE_US * 2 ** (tries - 1)),
            }
            if connection.execute(update(REMINDER).where(here).values(**values)).rowcount == 0:
                key = {"reminder_id": reminder.id, "way": recipient.way, "recipient": recipient.name}
                connection.execute(insert(REMINDER).values(**key, **values))
            detail = {
                "recipient": recipient.name,
                "way": recipient.way,
                "actor": reminder.actor,
                "about": reminder.about.en,
                "stage": reminder.stage,
                "due_us": reminder.due_us,
            }
            if state == "sent":
                audit.note(connection, now_us, CENTRE, "reminded", reminder.case_id, detail)
            elif state == "failed":
                audit.note(
                    connection, now_us, CENTRE, "reminder-failed", reminder.case_id, detail | {"reason": reason[:500]}
                )

    def every(self, limit: int = 200) -> tuple[Sent, ...]:
        """The latest first."""
        asked = select(REMINDER).order_by(REMINDER.c.at_us.desc(), REMINDER.c.reminder_id).limit(limit)
        with reading(self._engine) as connection:
            return tuple(value_from(Sent, row) for row in connection.execute(asked))

    def forget(self) -> None:
        """Drops what is over for more than a year."""
        old = REMINDER.c.at_us < self._clock.now_us() - KEPT_DAYS * DAY_US
        with reading(self._engine) as connection:
            if connection.execute(select(REMINDER.c.at_us).where(old).limit(1)).first() is None:
                return
        with writing(self._engine) as connection:
            connection.execute(delete(REMINDER).where(old))
