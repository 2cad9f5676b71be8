"""The cases that this actor is in, as the centre told its part of them, and what people here said to them.

Lies in the node's own book. An answer or an attachment is left here by a person, from any process, and let out by the
running node at its next step, through gate 1. Refuses to decide what may leave.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from bavn.model.moment import DAY_US
from bavn.wire.book import Book
from bavn.wire.messages.catalogue import CasePart

CASES_MAX: Final = 5000
KEPT_DAYS: Final = 400
WAITING_MAX: Final = 100
ATTACH: Final = "attach"
_SCHEMA = (
    """CREATE TABLE door_case (
        case_id TEXT PRIMARY KEY, version INTEGER NOT NULL, state TEXT NOT NULL, part TEXT NOT NULL,
        first_us INTEGER NOT NULL, heard_us INTEGER NOT NULL
    ) STRICT""",
    "CREATE INDEX door_case_heard ON door_case (heard_us)",
    """CREATE TABLE door_case_said (
        number INTEGER PRIMARY KEY AUTOINCREMENT, at_us INTEGER NOT NULL, case_id TEXT NOT NULL, task_id TEXT,
        act TEXT NOT NULL, words TEXT NOT NULL, content BLOB, sha256 TEXT NOT NULL, by_whom TEXT NOT NULL,
        told_us INTEGER, rule TEXT NOT NULL
    ) STRICT""",
    "CREATE INDEX door_case_said_case ON door_case_said (case_id)",
    "CREATE INDEX door_case_said_waits ON door_case_said (number) WHERE told_us IS NULL",
)
CASES_SQL: Final = (
    "SELECT case_id, version, state, part, first_us, heard_us FROM door_case ORDER BY heard_us DESC, case_id"
)
SAID_SQL: Final = """SELECT number, at_us, case_id, task_id, act, words, sha256, by_whom, told_us, rule
    FROM door_case_said ORDER BY number"""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptCase:
    """A case as this actor last heard of it. ``part``: the message's fields."""

    case_id: str
    version: int
    state: str
    part: dict[str, Any]
    first_us: int
    heard_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseReply:
    """What a person here said. ``task_id`` None: words or evidence alone; ``sha256`` of what was attached, else empty.
    ``told_us``: when it was dealt with; ``rule``: what refused it, if anything."""

    number: int
    at_us: int
    case_id: str
    task_id: str | None
    act: str
    words: str
    sha256: str
    by: str
    told_us: int | None
    rule: str


class CaseBook:
    """The cases of one node; every write joins the transaction that is open."""

    def __init__(self, book: Book) -> None:
        self._book = book
        book.part("door_case", 1, _SCHEMA)

    def keep(self, part: CasePart, now_us: int) -> None:
        """This is how the case stands for this actor now."""
        text = json.dumps(part.model_dump(mode="json"), sort_keys=True, ensure_ascii=False)
        with self._book.transaction() as tx:
            tx.execute(
                """INSERT INTO door_case VALUES (?, ?, ?, ?, ?, ?)
                ON CONFLICT DO UPDATE SET version = excluded.version, state = excluded.state, part = excluded.part,
                  heard_us = excluded.heard_us""",
                (part.case_id, part.version, part.state, text, now_us, now_us),
            )

    def get(self, case_id: str) -> KeptCase | None:
        """None for a case that this actor has not heard of."""
        found = self._book.rows(
            "SELECT case_id, version, state, part, first_us, heard_us FROM door_case WHERE case_id = ?", (case_id,)
        )
        return cases_of(found)[0] if found else None

    def count(self) -> int:
        """How many cases are remembered."""
        return int(self._book.rows("SELECT count(*) FROM door_case")[0][0])

    def leave(
        self,
        case_id: str,
        task_id: str | None,
        act: str,
        words: str,
        by: str,
        now_us: int,
        *,
        content: bytes | None = None,
        sha256: str = "",
    ) -> int:
        """Leaves what a person says for the running node; its number."""
        with self._book.transaction() as tx:
            made = tx.execute(
                """INSERT INTO door_case_said (at_us, case_id, task_id, act, words, content, sha256, by_whom, rule)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, '')""",
                (now_us, case_id, task_id, act, words, content, sha256, by),
            )
            return int(made.lastrowid or 0)

    def waiting(self) -> list[tuple[CaseReply, bytes | None]]:
        """What is not dealt with yet, oldest first, with what is attached; as many answers as attachments, so that
        neither keeps the other waiting."""
        rows = [
            row
            for word in ("=", "<>")
            for row in self._book.rows(
                f"""SELECT number, at_us, case_id, task_id, act, words, sha256, by_whom, told_us, rule, content
                FROM door_case_said WHERE told_us IS NULL AND act {word} ? ORDER BY number LIMIT ?""",
                (ATTACH, WAITING_MAX),
            )
        ]
        return [(replies_of([row[:-1]])[0], row[-1]) for row in sorted(rows)]

    def dealt_with(self, number: int, rule: str, now_us: int) -> None:
        """It left, or ``rule`` refused it for good; what was attached is kept here no longer."""
        with self._book.transaction() as tx:
            tx.execute(
                "UPDATE door_case_said SET told_us = ?, rule = ?, content = NULL WHERE number = ?",
                (now_us, rule, number),
            )

    def settled_since(self, since_us: int, *, attached: bool) -> int:
        """How many answers, or attachments, have left since then."""
        word = "=" if attached else "<>"
        found = self._book.rows(
            f"SELECT count(*) FROM door_case_said WHERE told_us > ? AND rule = '' AND act {word} ?", (since_us, ATTACH)
        )
        return int(found[0][0])

    def received_since(self, since_us: int) -> int:
        """How many cases were heard of, or anew, since then."""
        return int(self._book.rows("SELECT count(*) FROM door_case WHERE heard_us > ?", (since_us,))[0][0])

    def last_acts(self, case_id: str, task_id: str) -> list[tuple[int, str]]:
        """(when, act) of what was said to a task and was not refused, oldest first."""
        return [
            (int(at_us), str(act))
            for at_us, act in self._book.rows(
                """SELECT told_us, act FROM door_case_said
                WHERE case_id = ? AND task_id = ? AND told_us IS NOT NULL AND rule = '' ORDER BY number""",
                (case_id, task_id),
            )
        ]

    def forget(self, now_us: int) -> None:
        """Drops what has not moved for over a year."""
        before_us = now_us - KEPT_DAYS * DAY_US
        with self._book.transaction() as tx:
            tx.execute("DELETE FROM door_case WHERE heard_us < ?", (before_us,))
            tx.execute("DELETE FROM door_case_said WHERE told_us < ?", (before_us,))


def cases_of(rows: Sequence[tuple[Any, ...]]) -> list[KeptCase]:
    """Cases from rows of CASES_SQL, also as read by another process."""
    return [
        KeptCase(
            case_id=case_id, version=version, state=state, part=json.loads(part), first_us=first_us, heard_us=heard_us
        )
        for case_id, version, state, part, first_us, heard_us in rows
    ]


def replies_of(rows: Sequence[tuple[Any, ...]]) -> list[CaseReply]:
    """What was said, from rows of SAID_SQL, also as read by another process."""
    return [
        CaseReply(
            number=number,
            at_us=at_us,
            case_id=case_id,
            task_id=task_id,
            act=act,
            words=words,
            sha256=sha256,
            by=by,
            told_us=told_us,
            rule=rule,
        )
        for number, at_us, case_id, task_id, act, words, sha256, by, told_us, rule in rows
    ]
