"""Blocks and lifts posted one by one, in order, to a receiver of the actor's own: an orchestrator, a firewall's API.

What is to be said is on disk before it is said, with the id that every try carries; so a crash or a lost answer repeats
an id and never loses or doubles a command for a receiver that heeds it. A receiver that fails or hangs is left alone
twice as long each time and holds up nobody: a thread of its own posts. Refuses to know what the receiver does.
"""

import threading
import uuid
from collections.abc import Sequence
from typing import Final, Protocol

from bavn.actor.protect.enforcers.playbook import CARRIED, CONTENT_TYPES, Command, Form, Sender, body
from bavn.actor.protect.enforcers.webhook_post import PostFailed, WebhookResponse
from bavn.model.intel.indicator import Block
from bavn.model.moment import SECOND_US
from bavn.model.observable import Observable, ObservableType
from bavn.model.ports import Clock, Dice, EnforcerDown
from bavn.model.text import Text
from bavn.wire.book import Book

SCHEMA: Final = (
    """CREATE TABLE webhook_said (
        type TEXT NOT NULL, value TEXT NOT NULL, command_id TEXT NOT NULL, indicator_id TEXT NOT NULL,
        until_us INTEGER NOT NULL, PRIMARY KEY (type, value)
    ) STRICT, WITHOUT ROWID""",
    """CREATE TABLE webhook_post (
        number INTEGER PRIMARY KEY AUTOINCREMENT, type TEXT NOT NULL, value TEXT NOT NULL, command_id TEXT NOT NULL,
        indicator_id TEXT NOT NULL, until_us INTEGER NOT NULL, cancels TEXT NOT NULL, tries INTEGER NOT NULL,
        refused TEXT NOT NULL, next_us INTEGER NOT NULL
    ) STRICT""",
    "CREATE INDEX webhook_command ON webhook_post (command_id)",
)
BACK_OFF_S: Final = 1
BACK_OFF_S_MAX: Final = 300
REFUSED_AGAIN_S: Final = 3600
SETTLE_S: Final = 2.0
"""So long an enforce waits for the receiver: most answer at once, and then the block is told as enforced at once."""
_WAITS: Final = frozenset({401, 403, 404, 405, 407, 408, 410, 425, 429})
"""Answers that say something of the receiver and nothing of this command: all wait. Other 4xx refuse this one."""
_NOTHING_THERE: Final = frozenset({404, 410})
"""To a cancel: the receiver knows no such command any more, which is what was wanted."""
_COLUMNS: Final = "number, type, value, command_id, indicator_id, until_us, cancels, tries"


class Posts(Protocol):
    """The way to the receiver."""

    def post(self, id_: str, body: bytes, content_type: str) -> WebhookResponse:
        """One try. Raises PostFailed."""
        ...


class Webhook:
    """An Enforcer. ``book`` is its own; ``sender`` names the actor and the receiver's address."""

    def __init__(
        self, book: Book, post: Posts, sender: Sender, clock: Clock, dice: Dice, *, form: Form = "both"
    ) -> None:
        self._book, self._post, self._sender = book, post, sender
        self._clock, self._dice, self._form = clock, dice, form
        self._work, self._idle = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None
        self._ended = False
        self._failures, self._quiet_until_us = 0, 0
        self._why: Text | None = Text("the receiver was not asked yet")
        book.part("webhook", 1, SCHEMA)

    name = "webhook"
    carries = CARRIED

    def enforce(self, blocks: Sequence[Block]) -> None:
        """See the Enforcer port: true when the receiver has taken every command."""
        changed = self._plan(blocks)
        if changed or self._clock.now_us() >= self._quiet_until_us:
            self._idle.clear()
            self._begin()
            self._work.set()
            self._idle.wait(SETTLE_S)
        waiting, refused = self.waiting()
        if waiting or refused:
            counts = []
            if waiting:
                counts.append(Text.counted("{count:,} command waits", "{count:,} commands wait", waiting))
            if refused:
                counts.append(Text.counted("{count:,} command was refused", "{count:,} commands were refused", refused))
            said = Text.joined("; ", counts)
            raise EnforcerDown(said if self._why is None else Text.shaped("{said}: {why}", said=said, why=self._why))

    def waiting(self) -> tuple[int, int]:
        """Commands that the receiver has not taken, and those that it refused."""
        sums = self._book.rows(
            "SELECT count(*) FILTER (WHERE refused = ''), count(*) FILTER (WHERE refused <> '') FROM webhook_post"
        )
        return sums[0][0], sums[0][1]

    def close(self) -> None:
        """Nothing more is posted; what waits is posted after the next start."""
        self._ended = True
        self._work.set()
        if self._thread is not None:
            self._thread.join(SETTLE_S)

    def _plan(self, blocks: Sequence[Block]) -> bool:
        """Writes down what must be said so that the receiver stands where it should; True if that is anything."""
        wanted = {(block.observable.type.value, block.observable.value): block for block in blocks}
        rows = self._book.rows("SELECT type, value, command_id, indicator_id, until_us FROM webhook_said")
        entries = {(kind, value): (command, indicator, until_us) for kind, value, command, indicator, until_us in rows}
        ends = [key for key in entries if key not in wanted]
        begins = [key for key, block in wanted.items() if key not in entries or entries[key][2] != block.until_us]
        if not ends and not begins:
            return False
        with self._book.transaction():
            for key in sorted(begins):
                block, new = wanted[key], self._new_id()
                self._write(key, new, block.indicator_id, block.until_us, "")
                if key in entries:
                    self._take_back(key, *entries[key])
                with self._book.transaction() as tx:
                    tx.execute(
                        "INSERT OR REPLACE INTO webhook_said VALUES (?, ?, ?, ?, ?)",
                        (*key, new, block.indicator_id, block.until_us),
                    )
            for key in sorted(ends):
                self._take_back(key, *entries[key])
                with self._book.transaction() as tx:
                    tx.execute("DELETE FROM webhook_said WHERE type = ? AND value = ?", key)
        return True

    def _take_back(self, key: tuple[str, str], command_id: str, indicator_id: str, until_us: int) -> None:
        """Cancels a command; one that was never tried, or was refused, is only forgotten."""
        with self._book.transaction() as tx:
            gone = tx.execute(
                "DELETE FROM webhook_post WHERE command_id = ? AND (tries = 0 OR refused <> '')", (command_id,)
            )
            if not gone.rowcount:
                self._write(key, self._new_id(), indicator_id, until_us, command_id)

    def _write(self, key: tuple[str, str], command_id: str, indicator_id: str, until_us: int, cancels: str) -> None:
        with self._book.transaction() as tx:
            tx.execute(
                """INSERT INTO webhook_post
                  (type, value, command_id, indicator_id, until_us, cancels, tries, refused, next_us)
                VALUES (?, ?, ?, ?, ?, ?, 0, '', 0)""",
                (*key, command_id, indicator_id, until_us, cancels),
            )

    def _new_id(self) -> str:
        return str(uuid.UUID(bytes=self._dice.bytes(16), version=4))

    # --- the thread that posts ------------------------------------------------------------------------------------

    def _begin(self) -> None:
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._run, name="webhook", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        while not self._ended:
            left_us = self._quiet_until_us - self._clock.now_us()
            if left_us > 0:
                self._idle.set()
                self._work.wait(left_us / SECOND_US)
                self._work.clear()
                continue
            if not self._one():
                self._idle.set()
                self._work.wait(REFUSED_AGAIN_S)
                self._work.clear()

    def _one(self) -> bool:
        """The oldest command that is due; False for none."""
        now_us = self._clock.now_us()
        rows = self._book.rows(
            f"SELECT {_COLUMNS} FROM webhook_post WHERE next_us <= ? ORDER BY number LIMIT 1", (now_us,)
        )
        if not rows:
            return False
        number, kind, value, id_, indicator_id, until_us, cancels, tries = rows[0]
        with self._book.transaction() as tx:  # before it is said: from now on it may have been heard
            tx.execute("UPDATE webhook_post SET tries = ? WHERE number = ?", (tries + 1, number))
        command = Command(
            id=id_,
            observable=Observable.trusted(ObservableType(kind), value),
            indicator_id=indicator_id,
            until_us=until_us,
            cancels=cancels,
        )
        try:
            answer = self._post.post(id_, body(command, self._sender, now_us, self._form), CONTENT_TYPES[self._form])
        except PostFailed as error:
            self._back_off(Text.of_error(error), 0)
            return True
        self._judge(number, answer, cancels=bool(cancels))
        return True

    def _judge(self, number: int, answer: WebhookResponse, *, cancels: bool) -> None:
        if 200 <= answer.status < 300 or (cancels and answer.status in _NOTHING_THERE):
            self._failures, self._why = 0, None
            with self._book.transaction() as tx:
                tx.execute("DELETE FROM webhook_post WHERE number = ?", (number,))
        elif 400 <= answer.status < 500 and answer.status not in _WAITS:
            status = f"HTTP {answer.status}"
            self._failures, self._why = 0, Text.plain(status)
            next_us = self._clock.now_us() + REFUSED_AGAIN_S * SECOND_US
            with self._book.transaction() as tx:
                tx.execute(
                    "UPDATE webhook_post SET refused = ?, next_us = ? WHERE number = ?", (status, next_us, number)
                )
        else:
            self._back_off(Text.plain(f"HTTP {answer.status}"), answer.retry_after_s)

    def _back_off(self, why: Text, at_least_s: int) -> None:
        wait_s = max(at_least_s, min(BACK_OFF_S_MAX, BACK_OFF_S << min(self._failures, 16)))
        self._failures += 1
        self._why = why
        self._quiet_until_us = self._clock.now_us() + wait_s * SECOND_US
