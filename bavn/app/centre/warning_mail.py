"""Mails warnings to the actors that they went to, while the centre runs or by a command.

The whole warning goes by mail only where its marking allows it ([remind] tlp_max); else the mail says that there is
one, and where to read it. Refuses to decide who is warned.
"""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy.exc import SQLAlchemyError

from bavn.app.centre.reminding import ways_of
from bavn.app.centre.warning_parts import contacts, opened_warnings
from bavn.app.config.load import CentreFile
from bavn.app.net.mailer import Mail, MailServer, NotSent, send
from bavn.app.process.failure_folder import failures_in
from bavn.app.process.late import begun
from bavn.app.process.real import SystemClock
from bavn.centre.cases.warnings.mail import WarningMails
from bavn.centre.cases.warnings.rows import KeptWarning
from bavn.model.failure import Failures
from bavn.model.intel.indicator import Tlp
from bavn.model.moment import iso
from bavn.model.sector.partner import tlp_within
from bavn.model.sector.sector_warning import URGENCIES, WARNING_STATES, WarningState, headline
from bavn.model.text import Language, Text

_LOG = logging.getLogger(__name__)
EVERY_S: Final = 5.0
END_S: Final = 2.0
MAIL: Final = "warning mail"
_SUBJECT: Final = Text("Warning")
_ONLY: Final = Text("There is a warning for you. Its marking keeps it out of e-mail: read it at your node.")
_SEE: Final = Text("Read and answer: bavn node warnings {id}")
_BY: Final = Text("Acknowledge by {at}; in force until {until}.")


def once(file: CentreFile, mails: WarningMails, server: MailServer) -> tuple[int, int]:
    """Mails what is owed now; how many went, and how many did not."""
    language: Language = file.remind.language
    boxes = contacts(file)
    went = failed = 0
    for owed in mails.owed(boxes):
        why = ""
        for address in boxes[owed.actor]:
            subject, text = words(owed.warning, language, Tlp(file.remind.tlp_max))
            key = (
                f"{owed.warning.id[8:]}{owed.warning.version:04x}" + "".join(f"{b:02x}" for b in address.encode())[-20:]
            )
            try:
                send(server, Mail(to=address, subject=subject, text=text, key=key, at_us=SystemClock().now_us()))
            except NotSent as error:
                why = str(error)
        mails.done(owed, why)
        went, failed = went + (not why), failed + bool(why)
    return went, failed


def words(warning: KeptWarning, language: Language, tlp_max: Tlp) -> tuple[str, str]:
    """Subject and text of the mail. What may not be told by mail is in neither."""
    content = warning.content
    see = _SEE.filled(id=warning.id).say(language)
    what = headline(_SUBJECT, drill=content.drill).say(language)
    head = f"[{content.tlp.value}] {what} ({URGENCIES[content.urgency].say(language)})"
    if not tlp_within(content.tlp, tlp_max):
        return head, f"{_ONLY.say(language)}\n\n{see}\n"
    state = "" if warning.state is WarningState.SENT else f" [{WARNING_STATES[warning.state].say(language)}]"
    by = _BY.filled(at=_moment(warning.acknowledge_us), until=_moment(warning.until_us)).say(language)
    named = "\n".join(f"  {defanged(str(one))}" for one in content.observables)
    parts = [
        content.headline.say(language) + state,
        content.text.say(language),
        named,
        f"PAP:{content.pap.name}",
        by,
        see,
    ]
    return f"{head}: {content.title.say(language)}{state}", "\n\n".join(part for part in parts if part) + "\n"


def defanged(text: str) -> str:
    """An observable that no mail program makes a link of."""
    return text.replace(".", "[.]")


def _moment(us: int | None) -> str:
    return "-" if us is None else f"{iso(us)[:16]}Z"


@contextmanager
def mailing(file: CentreFile, told: Failures | None = None) -> Iterator[None]:
    """Mails warnings in a thread of its own while the centre runs; nothing without a mail server in [remind]."""
    failures: Failures = failures_in(file.folder) if told is None else told
    ways = begun(failures, MAIL, lambda: ways_of(file))
    server = None if ways is None else ways.mail
    if server is None:
        yield
        return
    ended = threading.Event()

    def turn() -> None:
        with opened_warnings(file) as (_, mails, _):
            once(file, mails, server)
            while not ended.wait(EVERY_S):
                failures.works(MAIL)
                once(file, mails, server)

    def run() -> None:
        while not ended.wait(EVERY_S):
            try:
                turn()
            except (SQLAlchemyError, OSError):
                _LOG.exception("warnings could not be mailed")
            except Exception as error:  # noqa: BLE001  the next round opens it anew
                failures.note(MAIL, error)

    thread = threading.Thread(target=run, name="warning-mail", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(END_S)
