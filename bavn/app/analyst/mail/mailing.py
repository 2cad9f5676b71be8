"""Mails the people of an actor while its node runs, in a thread and on a connection to the book of its own.

A mail server that hangs, refuses or is away costs mail alone: it is tried again, and said in the node's health. To one
address go at most so many mails an hour, half of them kept for hits; the last that is free tells of all the rest.
Refuses to keep a queue.
"""

import logging
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from bavn.app.analyst.mail.book import MailBook, mailed, unreached
from bavn.app.analyst.mail.owed import Owing, Thing, health_file, owed
from bavn.app.analyst.mail.words import mail_of
from bavn.app.config.load import NodeConfig
from bavn.app.net.mailer import Mail, MailServer, NotSent, send
from bavn.app.node.book_queries import Asks
from bavn.app.node.parts import BOOK_FILE, NodeParts
from bavn.app.process.problem import Problem
from bavn.model.failure import Failures, NoContainment
from bavn.model.moment import MINUTE_US
from bavn.model.ports import Clock
from bavn.model.text import Text
from bavn.wire.book import Book

_LOG = logging.getLogger(__name__)
MAIL: Final = "mail"
EVERY_S: Final = 10.0
END_S: Final = 2.0
MAILS_PER_HOUR_MAX: Final = 12
"""To one address, half of them kept for confirmed attacks; what is more comes together in one mail."""
FAILS_BEFORE_PROBLEM: Final = 2
"""One failure may be a restart of the mail server; after the second one somebody is told."""
HANGS_US: Final = 5 * MINUTE_US
"""A mail that takes longer is said, though it neither went nor failed."""


@dataclass(slots=True)
class MailState:
    """What the node's health asks, from any thread. ``begun_us``: since when one mail is on its way; ``refused``: how
    many addresses are not reached, and why the first is not."""

    clock: Clock
    addresses: int
    begun_us: int | None = None
    refused: int = 0
    why: str = ""

    def problems(self) -> list[Problem]:
        """That mail does not go, without an address."""
        begun_us = self.begun_us
        if begun_us is not None and self.clock.now_us() - begun_us > HANGS_US:
            return [_problem(Text("the mail server has not taken a mail for minutes, and has not refused it"))]
        if not self.refused:
            return []
        text = Text(
            "mail does not reach {count} of {addresses} addresses in [remind]: {why}",
            count=self.refused,
            addresses=self.addresses,
            why=self.why,
        )
        return [_problem(text)]


def _problem(text: Text) -> Problem:
    return Problem(code="mail_waits", source=MAIL, text=text)


class Mailing:
    """One for a node. ``turn`` is called by one thread."""

    def __init__(
        self,
        config: NodeConfig,
        server: MailServer,
        book: Book,
        state: MailState,
        failures: Failures | None = None,
        ended: Callable[[], bool] = lambda: False,
    ) -> None:
        self._config, self._server, self._state, self._ended = config, server, state, ended
        self._failures: Failures = failures or NoContainment()
        self._book = MailBook(book)
        self._clock = state.clock
        self._recipients = tuple(dict.fromkeys(config.remind.mail_to))
        self._note()

    def turn(self) -> tuple[int, int]:
        """Mails what is owed now; how many mails went, and how many did not."""
        now_us = self._clock.now_us()
        things = owing(self._config, self._book.rows, now_us, self._failures)
        self._book.forget((thing.id for thing in things), self._recipients, now_us)
        waits = {address.recipient for address in unreached(self._book.rows) if address.waits(now_us)}
        went = failed = 0
        for to in self._recipients:
            if self._ended() or to in waits:
                continue
            for batch in self._batches(things, to, now_us):
                if not self._sent(to, batch):
                    failed += 1
                    break
                went += 1
        self._note()
        return went, failed

    def _batches(self, things: Sequence[Thing], to: str, now_us: int) -> Iterator[Sequence[Thing]]:
        """What one address has not heard of, a batch for each mail: hits first."""
        before = mailed(self._book.rows, to)
        for urgent in (True, False):
            fresh = [thing for thing in things if thing.urgent is urgent and thing.id not in before]
            room = MAILS_PER_HOUR_MAX // 2
            yield from batches(fresh, room - self._book.within_the_hour(to, now_us, urgent=urgent))

    def _sent(self, to: str, things: Sequence[Thing]) -> bool:
        now_us = self._clock.now_us()
        mail = mail_of(self._config, to, things, now_us)
        why = self._refusal(mail)
        if why:
            _LOG.warning("mail waits: %s", why)
            self._book.failed(to, why, self._clock.now_us())
            return False
        self._book.went(to, [thing.id for thing in things], mail.subject, now_us, urgent=things[0].urgent)
        return True

    def _refusal(self, mail: Mail) -> str:
        """Sends it. Why it did not go; empty where it did."""
        self._state.begun_us = mail.at_us
        try:
            send(self._server, mail)
        except NotSent as error:
            return str(error)
        finally:
            self._state.begun_us = None
        return ""

    def _note(self) -> None:
        """What health says from now on, also after a restart."""
        refused = [address for address in unreached(self._book.rows) if address.tries >= FAILS_BEFORE_PROBLEM]
        self._state.refused, self._state.why = len(refused), refused[0].reason if refused else ""


def owing(config: NodeConfig, rows: Asks, now_us: int, failures: Failures) -> list[Thing]:
    """What the people of this node's actor must hear of now, mailed before or not."""
    health = health_file(config.folder)
    language = config.remind.language
    return owed(Owing(rows=rows, health=health, language=language, now_us=now_us, failures=failures))


def batches(things: Sequence[Thing], room: int) -> Iterator[Sequence[Thing]]:
    """Each thing by itself as long as there is room for mails; the last mail that there is room for tells of all that
    is left. Nothing without room: it waits until a mail is an hour old."""
    if room <= 0 or not things:
        return
    for thing in things[: room - 1]:
        yield [thing]
    if things[room - 1 :]:
        yield things[room - 1 :]


@contextmanager
def mailing(config: NodeConfig, server: MailServer, parts: NodeParts) -> Iterator[None]:
    """Mails in a thread of its own as long as it lasts, and says in the node's health where that fails. Ends within
    seconds, also while the mail server does not answer."""
    ended, state = threading.Event(), MailState(parts.clock, len(set(config.remind.mail_to)))
    parts.recorder.checks.mail = state.problems
    arguments = (config, server, state, parts.failures, ended)
    thread = threading.Thread(target=_run, args=arguments, name=MAIL, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(END_S)


def _run(config: NodeConfig, server: MailServer, state: MailState, failures: Failures, ended: threading.Event) -> None:
    """Until ``ended``. What fails is told and tried again on a new connection; mail never stops the node."""
    while not ended.wait(EVERY_S):
        try:
            with Book(config.folder / BOOK_FILE) as book:
                turns = Mailing(config, server, book, state, failures, ended.is_set)
                turns.turn()
                while not ended.wait(EVERY_S):
                    turns.turn()
                    failures.works(MAIL)
        except (sqlite3.Error, OSError):
            _LOG.exception("it could not be looked for what is to be mailed")
        except Exception as error:  # noqa: BLE001  the next turn begins anew
            failures.note(MAIL, error)
