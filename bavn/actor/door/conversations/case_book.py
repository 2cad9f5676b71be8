"""The cases that this actor is in, as the centre told its part of them, and what people here said to them.

Lies in the node's own book. An answer or an attachment is left here by a person, from any process, and let out by the
running node at its next step, through gate 1. Refuses to decide what may leave.
"""

from dataclasses import dataclass, field
from typing import Any, Final

from bavn.actor.door.table import Table
from bavn.wire.book import Book
from bavn.wire.messages.catalogue import CasePart

CASES_MAX: Final = 5000
ATTACH: Final = "attach"
_SCHEMA = (
    """CREATE TABLE door_case (
        case_id TEXT PRIMARY KEY, version INTEGER NOT NULL, state TEXT NOT NULL, part TEXT NOT NULL,
        first_us INTEGER NOT NULL, received_us INTEGER NOT NULL
    ) STRICT""",
    "CREATE INDEX door_case_received ON door_case (received_us)",
    """CREATE TABLE door_case_said (
        number INTEGER PRIMARY KEY AUTOINCREMENT, at_us INTEGER NOT NULL, case_id TEXT NOT NULL, task_id TEXT,
        act TEXT NOT NULL, words TEXT NOT NULL, content BLOB, sha256 TEXT NOT NULL, by_whom TEXT NOT NULL,
        told_us INTEGER, rule TEXT NOT NULL
    ) STRICT""",
    "CREATE INDEX door_case_said_case ON door_case_said (case_id)",
    "CREATE INDEX door_case_said_waits ON door_case_said (number) WHERE told_us IS NULL",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptCase:
    """A case as this actor last heard of it. ``part``: the message's fields."""

    case_id: str
    version: int
    state: str
    part: dict[str, Any]
    first_us: int
    received_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseReply:
    """What a person here said. ``task_id`` None: words or evidence alone; ``sha256`` of ``content``, what was
    attached, else empty. ``told_us``: when it was dealt with; ``rule``: what refused it, if anything."""

    number: int
    at_us: int
    case_id: str
    task_id: str | None
    act: str
    words: str
    by: str
    sha256: str = ""
    told_us: int | None = None
    rule: str = ""
    content: bytes | None = field(default=None, repr=False)


KEPT: Final = Table(KeptCase, "door_case", order="received_us DESC, case_id")
SAID: Final = Table(CaseReply, "door_case_said", order="number", large=("content",))
CASES_SQL, SAID_SQL = KEPT.sql, SAID.sql
cases_of, replies_of = KEPT.of, SAID.of
"""Values of rows, also as read by another process: without what was attached."""


def case_of(part: CasePart, now_us: int) -> KeptCase:
    """What is kept of a part."""
    return KeptCase(
        case_id=part.case_id,
        version=part.version,
        state=part.state,
        part=part.model_dump(mode="json"),
        first_us=now_us,
        received_us=now_us,
    )


class CaseBook:
    """The cases of one node; every write joins the transaction that is open."""

    def __init__(self, book: Book) -> None:
        self._book = book
        book.part("door_case", 1, _SCHEMA)

    def keep(self, part: CasePart, now_us: int) -> None:
        """This is how the case stands for this actor now."""
        KEPT.keep(self._book, case_of(part, now_us), stays=("first_us",))

    def get(self, case_id: str) -> KeptCase | None:
        """None for a case that this actor has not heard of."""
        return KEPT.get(self._book, case_id)
