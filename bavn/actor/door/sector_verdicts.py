"""What the sector holds of observables, as advice to this actor's own list: kept apart from verdicts given here.

The newest of a case replaces what it said before; what a person here ended stays ended as long as the sector says the
same. It ends by itself. Refuses to name anything that travels: nothing is made from it.
"""

from collections.abc import Sequence
from typing import Any, Final

from bavn.model.observable import Observable
from bavn.model.sector.verdict import Judgement, Verdict, sector_verdict
from bavn.wire.book import Book
from bavn.wire.messages.catalogue import VerdictGiven

KEPT_US: Final = 400 * 86_400_000_000
_SCHEMA = (
    """CREATE TABLE sector_verdict (
        number INTEGER PRIMARY KEY AUTOINCREMENT, case_id TEXT NOT NULL, type TEXT NOT NULL, value TEXT NOT NULL,
        judgement TEXT NOT NULL, given_us INTEGER NOT NULL, until_us INTEGER NOT NULL, ended_us INTEGER,
        ended_by TEXT NOT NULL, ended_comment TEXT NOT NULL, UNIQUE (case_id, type, value)
    ) STRICT""",
    """CREATE TABLE sector_verdict_case (
        case_id TEXT PRIMARY KEY, version INTEGER NOT NULL, received_us INTEGER NOT NULL, observables INTEGER NOT NULL,
        left_out INTEGER NOT NULL
    ) STRICT""",
    "CREATE INDEX sector_verdict_heard ON sector_verdict_case (received_us)",
)
SECTOR_LEFT_SQL: Final = """SELECT c.case_id, c.left_out, max(v.until_us) FROM sector_verdict_case c
    JOIN sector_verdict v ON v.case_id = c.case_id WHERE c.left_out > 0 GROUP BY c.case_id ORDER BY c.case_id"""
"""Where a verdict's message had no room for all: how many more there are."""
SECTOR_VERDICTS_SQL: Final = """
    SELECT number, case_id, type, value, judgement, given_us, until_us, ended_us, ended_by, ended_comment
    FROM sector_verdict ORDER BY number
"""
_JUDGEMENT: Final[dict[str, Judgement]] = {"malicious": "true", "benign": "benign"}


class NoSuchAdvice(Exception):
    """The sector has given no advice of this number, or it was ended before. Who named it must act."""


class SectorVerdicts:
    """The sector's verdicts at one node."""

    def __init__(self, book: Book) -> None:
        self._book = book
        book.part("sector_verdict", 1, _SCHEMA)

    def keep(self, message: VerdictGiven, observables: Sequence[Observable], now_us: int) -> None:
        """What a case says now, in place of what it said before."""
        judgement = _JUDGEMENT.get(message.judged)
        with self._book.transaction() as tx:
            ended = {
                (kind, value): (at_us, by, comment)
                for kind, value, at_us, by, comment in tx.execute(
                    """SELECT type, value, ended_us, ended_by, ended_comment FROM sector_verdict
                    WHERE case_id = ? AND judgement = ? AND ended_us IS NOT NULL""",
                    (message.case_id, judgement or ""),
                ).fetchall()
            }
            tx.execute("DELETE FROM sector_verdict WHERE case_id = ?", (message.case_id,))
            for observable in observables if judgement else ():
                at_us, by, comment = ended.get((observable.type.value, observable.value), (None, "", ""))
                tx.execute(
                    """INSERT INTO sector_verdict
                      (case_id, type, value, judgement, given_us, until_us, ended_us, ended_by, ended_comment)
                    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)""",
                    (
                        message.case_id,
                        observable.type.value,
                        observable.value,
                        judgement,
                        now_us,
                        message.until_us,
                        at_us,
                        by,
                        comment,
                    ),
                )
            tx.execute(
                """INSERT INTO sector_verdict_case VALUES (?, ?, ?, ?, ?)
                ON CONFLICT DO UPDATE SET version = excluded.version, received_us = excluded.received_us,
                  observables = excluded.observables, left_out = excluded.left_out""",
                (message.case_id, message.version, now_us, len(observables), message.left if judgement else 0),
            )

    def version(self, case_id: str) -> tuple[int, int]:
        """The last that was heard of a case, and when; zeros for none."""
        found = self._book.rows("SELECT version, received_us FROM sector_verdict_case WHERE case_id = ?", (case_id,))
        return (int(found[0][0]), int(found[0][1])) if found else (0, 0)

    def received_since(self, since_us: int) -> int:
        """How many observables were judged by what was heard since then."""
        return int(
            self._book.rows(
                "SELECT coalesce(sum(observables), 0) FROM sector_verdict_case WHERE received_us > ?", (since_us,)
            )[0][0]
        )

    def end(self, number: int, *, now_us: int, by: str, comment: str = "") -> Verdict:
        """Ends the sector's advice here, for as long as the sector says the same. Raises NoSuchAdvice."""
        with self._book.transaction() as tx:
            changed = tx.execute(
                """UPDATE sector_verdict SET ended_us = ?, ended_by = ?, ended_comment = ?
                WHERE number = ? AND ended_us IS NULL""",
                (now_us, by, comment, number),
            )
            if changed.rowcount != 1:
                raise NoSuchAdvice(f"the sector has no verdict s{number} here, or it was ended before")
            return next(one for one in self.every() if one.number == number)

    def every(self) -> list[Verdict]:
        """All that are remembered, the oldest first."""
        return sector_verdicts_of(self._book.rows(SECTOR_VERDICTS_SQL))

    def forget(self, now_us: int) -> None:
        """Drops what ended over a year ago."""
        with self._book.transaction() as tx:
            tx.execute("DELETE FROM sector_verdict WHERE until_us < ?", (now_us - KEPT_US,))
            tx.execute(
                """DELETE FROM sector_verdict_case
                WHERE received_us < ? AND case_id NOT IN (SELECT case_id FROM sector_verdict)""",
                (now_us - KEPT_US,),
            )


def sector_verdicts_of(rows: Sequence[tuple[Any, ...]]) -> list[Verdict]:
    """The sector's verdicts from rows of SECTOR_VERDICTS_SQL, also as read by another process."""
    return [
        sector_verdict(
            number=number,
            case_id=case_id,
            value=value,
            judgement=judgement,
            given_us=given_us,
            until_us=until_us,
            ended_us=ended_us,
            ended_by=ended_by,
            ended_comment=ended_comment,
        )
        for number, case_id, _, value, judgement, given_us, until_us, ended_us, ended_by, ended_comment in rows
    ]
