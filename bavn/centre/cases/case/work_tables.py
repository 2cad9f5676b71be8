"""The tables of working a case together: its file, who is in it, tasks, words, evidence, what was told, reminders.

SQLAlchemy Core, portable SQL. Service and command line may work on them at once.
"""

from typing import Final

from sqlalchemy import BigInteger, Boolean, Column, Engine, Index, Integer, LargeBinary, MetaData, String, Table
from sqlalchemy import Text as LongText

from bavn.centre.cases.tables import make_tables
from bavn.centre.store.engine import make_missing

METADATA: Final = MetaData()

FILE: Final = Table(
    "case_file",
    METADATA,
    Column("case_id", String(40), primary_key=True),
    Column("tlp", String(20), nullable=False),
    Column("pap", Integer, nullable=False),
    Column("rsit", String(100), nullable=False),
    Column("techniques", LongText, nullable=False),
    Column("merged_into", String(40), nullable=False),
    Index("case_file_merged", "merged_into"),
)

MOVED: Final = Table(
    "case_moved",
    METADATA,
    Column("lead_id", String(40), primary_key=True),
    Column("type", String(8), primary_key=True),
    Column("value", String(253), primary_key=True),
    Column("case_id", String(40), nullable=False),
)
"""Elements of a lead that a split gave to another case than the lead's own."""

INVOLVED: Final = Table(
    "case_involved",
    METADATA,
    Column("case_id", String(40), primary_key=True),
    Column("actor", String(40), primary_key=True),
    # Both empty: a person added the actor by hand.
    Column("type", String(8), primary_key=True),
    Column("value", String(253), primary_key=True),
    Column("technique", String(16), nullable=False),
    Column("since_us", BigInteger, nullable=False),
    Index("case_involved_actor", "actor", "type", "value"),
)

TASK: Final = Table(
    "case_task",
    METADATA,
    Column("id", String(32), primary_key=True),
    Column("case_id", String(40), nullable=False),
    Column("actor", String(40), nullable=False),
    Column("kind", String(12), nullable=False),
    Column("body", LongText, nullable=False),
    Column("by_user", String(64), nullable=False),
    Column("given_us", BigInteger, nullable=False),
    Column("acknowledge_hours", Integer, nullable=False),
    Column("applies_hours", Integer, nullable=False),
    Column("done_hours", Integer, nullable=False),
    Column("state", String(16), nullable=False),
    Column("acknowledged_us", BigInteger),
    Column("judged_us", BigInteger),
    Column("done_us", BigInteger),
    Column("answer", LongText, nullable=False),
    Index("case_task_case", "case_id", "actor"),
    Index("case_task_state", "state"),
)

WORDS: Final = Table(
    "case_words",
    METADATA,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("case_id", String(40), nullable=False),
    # Who may read it besides the centre: one actor, or all of the case (empty).
    Column("actor", String(40), nullable=False),
    Column("by_actor", Boolean, nullable=False),
    Column("who", String(64), nullable=False),
    Column("at_us", BigInteger, nullable=False),
    Column("body", LongText, nullable=False),
    Index("case_words_case", "case_id", "number"),
)

EVIDENCE: Final = Table(
    "case_evidence",
    METADATA,
    Column("id", String(64), primary_key=True),
    Column("case_id", String(40), nullable=False),
    Column("actor", String(40), nullable=False),
    Column("words", LongText, nullable=False),
    Column("bytes", Integer, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("content", LargeBinary, nullable=False),
    Column("received_us", BigInteger, nullable=False),
    Index("case_evidence_case", "case_id"),
)

TOLD: Final = Table(
    "case_told",
    METADATA,
    Column("kind", String(8), primary_key=True),
    Column("case_id", String(40), primary_key=True),
    Column("actor", String(40), primary_key=True),
    Column("version", Integer, nullable=False),
    Column("body", LongText, nullable=False),
    Column("status", String(12), nullable=False),
    Column("rule", String(40), nullable=False),
    Column("try_us", BigInteger, nullable=False),
    Column("at_us", BigInteger, nullable=False),
    Index("case_told_status", "status", "try_us"),
)

CURSOR: Final = Table(
    "case_cursor",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("seq", Integer, nullable=False),
)
"""The last audit line whose case has been looked at for what is to be told."""

REMINDER: Final = Table(
    "case_reminder",
    METADATA,
    Column("reminder_id", String(64), primary_key=True),
    Column("way", String(8), primary_key=True),
    Column("recipient", String(254), primary_key=True),
    Column("case_id", String(40), nullable=False),
    Column("tries", Integer, nullable=False),
    Column("try_us", BigInteger, nullable=False),
    Column("state", String(12), nullable=False),
    Column("reason", LongText, nullable=False),
    Column("at_us", BigInteger, nullable=False),
    Index("case_reminder_at", "at_us"),
)

NIS2_FUNCTION: Final = Table(
    "case_nis2_function",
    METADATA,
    Column("case_id", String(40), primary_key=True),
    Column("actor", String(40), primary_key=True),
    Column("function", String(40), primary_key=True),
)
"""Critical functions that the incident touched at an actor."""


def make_work_tables(engine: Engine) -> None:
    """Makes what is not there, the room's other tables too."""
    make_tables(engine)
    make_missing(engine, METADATA)
