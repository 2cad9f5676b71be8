"""Reminds of deadlines and tells of alarms, by e-mail and webhook: finds what is owed, words it, sends it, notes it.

What is said holds the case's id, what is owed and by when; a task's own words only where the case's marking allows it
([remind] tlp_max), and never an observable, an actor's name to another actor, or anything else of the case. Refuses to
decide what is owed: cases does.
"""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy.exc import SQLAlchemyError

from bavn.app.centre.parts import open_desk
from bavn.app.config.load import CentreFile
from bavn.app.net.mail_server import path_of, secret_of, server_of
from bavn.app.net.mailer import Mail, MailServer, NotSent, send
from bavn.app.net.webhook import SECRET_BYTES_MIN, Hook, post
from bavn.app.process.exits import Exit, Stop
from bavn.app.process.failure_folder import failures_in
from bavn.app.process.late import begun
from bavn.centre.cases.reminders import Recipient, Reminder, of_alarms, of_hits, of_nis2, of_tasks, raised_id
from bavn.centre.desk.desk import Desk
from bavn.centre.share.delivery_figures import met_before
from bavn.model.catalogue import moment
from bavn.model.failure import Failures, NoContainment
from bavn.model.intel.indicator import Tlp
from bavn.model.moment import DAY_US, HOUR_US, as_datetime, iso
from bavn.model.text import Language, Text

_LOG = logging.getLogger(__name__)
EVERY_S: Final = 60
"""How often it is looked for deadlines."""
END_S: Final = 2.0
REMINDERS: Final = "reminders"
_STAGES: Final = {
    "due-soon": Text("due soon"),
    "overdue": Text("OVERDUE"),
    "alarm": Text("ALARM"),
    "alarm-over": Text("over"),
    "met": Text("CONFIRMED ATTACK"),
}
HITS_LOOKED_BACK_US: Final = 30 * DAY_US
_CENTRE: Final = Text("the centre")
ALARMS_LOOKED_AT_MAX: Final = 1000
_TLPS: Final = [tlp.value for tlp in Tlp]


@dataclass(frozen=True, slots=True)
class Ways:
    """By what reminders go, and to whom."""

    mail: MailServer | None
    hook: Hook | None
    recipients: tuple[Recipient, ...]


def ways_of(file: CentreFile) -> Ways:
    """From the configuration. Stop for a file of secrets that is missing, empty or open to others."""
    given = file.remind
    mail = server_of(given, file.base)
    recipients: list[Recipient] = []
    if mail is not None:
        recipients += [Recipient("mail", address) for address in given.mail_to]
        recipients += [Recipient("mail", address, actor) for actor, address in given.actors]
    hook = None
    if given.webhook_url:
        secret = secret_of(file.base, given.webhook_secret_file)
        if len(secret) < SECRET_BYTES_MIN:
            raise Stop(
                Exit.CONFIGURATION,
                Text(
                    "{webhook_secret_file} holds fewer than {secret_bytes_min} bytes",
                    webhook_secret_file=given.webhook_secret_file,
                    secret_bytes_min=SECRET_BYTES_MIN,
                ),
            )
        hook = Hook(url=given.webhook_url, secret=secret, ca_file=path_of(file.base, given.webhook_ca_file))
        recipients.append(Recipient("webhook", given.webhook_url))
    return Ways(mail, hook, tuple(recipients))


@contextmanager
def running(file: CentreFile, failures: Failures | None = None) -> Iterator[None]:
    """Reminds in a thread of its own while the centre runs; nothing where [remind] names nobody. Ends within seconds,
    also while a mail server does not answer. What fails, also at the start, is told and tried again: it never stops the
    centre. Stop, where [remind] is wrong."""
    containment: Failures = failures_in(file.folder) if failures is None else failures
    ways = begun(containment, REMINDERS, lambda: ways_of(file))
    if ways is None or not ways.recipients:
        yield
        return
    ended = threading.Event()
    thread = threading.Thread(target=_remind, args=(file, ways, containment, ended), name="remind", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(END_S)


def _remind(file: CentreFile, ways: Ways, failures: Failures, ended: threading.Event) -> None:
    """Opens the centre's affairs and reminds, until ``ended``; what cannot be opened is tried again."""
    while not ended.wait(EVERY_S):
        try:
            desk = open_desk(file)
            try:
                Reminding(file, desk, ways, failures, ended).run()
            finally:
                desk.engine.dispose()
        except (SQLAlchemyError, OSError, Stop) as error:
            _LOG.error("reminders wait: %s", error)
        except Exception as error:  # noqa: BLE001  the next turn opens it anew
            failures.note(REMINDERS, error, during="start")


class Reminding:
    """One for a centre. ``once`` may be called from any process; two at once may send one twice, under the same id."""

    def __init__(
        self,
        file: CentreFile,
        desk: Desk,
        ways: Ways,
        failures: Failures | None = None,
        ended: threading.Event | None = None,
    ) -> None:
        self._failures: Failures = failures or NoContainment()
        self._file, self._desk, self._ways = file, desk, ways
        self._book = desk.reminders
        self._zone = ZoneInfo(file.centre.limits.time_zone)
        self._ended = ended or threading.Event()

    def found(self) -> list[tuple[Reminder, Recipient]]:
        """What would be sent now, and to whom."""
        now_us, soon_us = self._desk.now_us(), self._file.centre.cases.soon_hours * HOUR_US
        tasks = self._desk.work.tasks(running=True)
        views = [view for view in self._desk.nis2(self._zone).views() if view.running]
        tlps = self._book.tlps([task.case_id for task in tasks] + [view.case_id for view in views])
        owed = of_tasks(tasks, tlps, now_us, soon_us) + of_nis2(views, tlps, now_us, soon_us)
        hits = of_hits(met_before(self._desk.engine, now_us - HITS_LOOKED_BACK_US), self._zone)
        met = self._book.to_send(hits, self._ways.recipients)
        return met + self._alarms(now_us) + self._book.to_send(owed, self._ways.recipients)

    def _alarms(self, now_us: int) -> list[tuple[Reminder, Recipient]]:
        """Alarms first: each once, and its end to whoever was told of it. What came and went untold stays so."""
        reminders = of_alarms(self._desk.alarms.every(standing=False, limit=ALARMS_LOOKED_AT_MAX), now_us)
        reached = self._book.reached(raised_id(reminder) for reminder in reminders)
        return [
            (reminder, to)
            for reminder, to in self._book.to_send(reminders, self._ways.recipients)
            if reminder.stage == "alarm" or (raised_id(reminder), to.way, to.name) in reached
        ]

    def once(self) -> tuple[int, int]:
        """Sends what is to be sent now; how many went, and how many did not."""
        sent = failed = 0
        for reminder, recipient in self.found():
            if self._ended.is_set():
                break
            try:
                self._send(reminder, recipient)
                self._book.done(reminder, recipient)
                sent += 1
            except NotSent as error:
                _LOG.warning("a reminder by %s waits: %s", recipient.way, error)
                self._book.done(reminder, recipient, str(error))
                failed += 1
            except (SQLAlchemyError, OSError):
                raise
            except Exception as error:  # noqa: BLE001  it costs this reminder; it waits as one that was not sent
                self._failures.note(f"reminder by {recipient.way}", error, item=reminder.id.encode())
                self._book.done(reminder, recipient, f"failed in a way nobody foresaw: {type(error).__name__}")
                failed += 1
            else:
                self._failures.works(f"reminder by {recipient.way}")
        return sent, failed

    def run(self) -> None:
        """Until ``stop``; a failure of its own is logged and tried again: reminders never stop the centre."""
        while True:
            try:
                self.once()
                self._failures.works(REMINDERS)
            except (SQLAlchemyError, OSError):
                _LOG.exception("reminders could not be looked for")
            except Exception as error:  # noqa: BLE001  the next round looks again
                self._failures.note(REMINDERS, error)
            if self._ended.wait(EVERY_S):
                return

    def stop(self) -> None:
        self._ended.set()

    def _send(self, reminder: Reminder, recipient: Recipient) -> None:
        language: Language = self._file.remind.language
        now_us = self._desk.now_us()
        if recipient.way == "webhook" and self._ways.hook is not None:
            post(self._ways.hook, reminder.id, self.body(reminder), now_us)
        elif self._ways.mail is not None:
            subject, text = self.words(reminder, recipient, language)
            key = reminder.id + "".join(f"{byte:02x}" for byte in recipient.name.encode())[-24:]
            send(self._ways.mail, Mail(to=recipient.name, subject=subject, text=text, key=key, at_us=now_us))

    def words(self, reminder: Reminder, recipient: Recipient, language: Language) -> tuple[str, str]:
        """Subject and text of an e-mail. The subject holds no more than the case's id, or the alarm's number."""
        if reminder.stage in ("alarm", "alarm-over"):
            return self._alarm_words(reminder, recipient, language)
        if reminder.stage == "met":
            return self._hit_words(reminder, recipient, language)
        stage = _STAGES[reminder.stage].say(language)
        due = as_datetime(reminder.due_us).astimezone(self._zone)
        when = moment(due, language, zone=True)
        lines = [
            Text.shaped("{stage}: {about}", stage=stage, about=reminder.about),
            Text("Case: {case_id}", case_id=reminder.case_id),
            Text("Deadline: {when}", when=when),
        ]
        if not recipient.actor:
            lines.append(Text("Actor: {actor}", actor=reminder.actor))
        if self._may_say(reminder):
            lines.append(Text("Asked: {detail}", detail=reminder.detail))
        command = "bavn node cases" if recipient.actor else f"bavn centre case {reminder.case_id}"
        lines.append(Text("See: {command}", command=command))
        return f"Bavn: {reminder.case_id}: {stage}", "\n".join(line.say(language) for line in lines) + "\n"

    def _hit_words(self, reminder: Reminder, recipient: Recipient, language: Language) -> tuple[str, str]:
        """Nothing of what it was: where it is read, and what to do first."""
        stage = _STAGES[reminder.stage].say(language)
        lines = [
            Text.shaped("{stage}: {about}", stage=stage, about=reminder.about),
            Text("Case: {case_id}", case_id=reminder.case_id),
            Text(
                "Your own history held it: your machines met it, whether your detectors thought anything of it or not."
                " Today in your console names the machines and says what to do now; so does `bavn node hits`."
            )
            if recipient.actor
            else Text("Its own people hear of it, too, where [remind] mail_actors names them. See: bavn centre cases"),
        ]
        return f"Bavn: {reminder.case_id}: {stage}", "\n".join(line.say(language) for line in lines) + "\n"

    def _alarm_words(self, reminder: Reminder, recipient: Recipient, language: Language) -> tuple[str, str]:
        stage = _STAGES[reminder.stage].say(language)
        at = as_datetime(reminder.due_us).astimezone(self._zone)
        when = moment(at, language, zone=True)
        who = reminder.actor or _CENTRE.say(language)
        what = "bavn node health" if recipient.actor else "bavn centre alarms"
        lines = [
            Text.shaped("{stage}: {about}", stage=stage, about=reminder.about),
            Text("At: {who}", who=who),
            Text("Time: {when}", when=when),
            Text("See: {what}", what=what),
        ]
        return f"Bavn: {reminder.case_id}: {stage}", "\n".join(line.say(language) for line in lines) + "\n"

    def body(self, reminder: Reminder) -> dict[str, Any]:
        """What the webhook gets."""
        fields: dict[str, Any] = {
            "version": 1,
            "id": reminder.id,
            "case": reminder.case_id,
            "actor": reminder.actor,
            "stage": reminder.stage,
            "due": iso(reminder.due_us),
            "about": reminder.about.en,
            "about_da": reminder.about.da,
            "tlp": reminder.tlp.value,
        }
        return fields | ({"asked": reminder.detail} if self._may_say(reminder) else {})

    def _may_say(self, reminder: Reminder) -> bool:
        return bool(reminder.detail) and _TLPS.index(reminder.tlp.value) <= _TLPS.index(self._file.remind.tlp_max)
