"""The verdicts that people here have given, in the node's own book: who, when, what, until when. Only ever added to.

A verdict that is taken back is a row of its own. It has a row form and no codec: nothing that travels is made from it.
Refuses to know what a verdict does (bavn.model.sector.verdict).
"""

from dataclasses import replace
from typing import Any, Final

from bavn.actor.door.sector_verdicts import SectorVerdicts
from bavn.model.moment import DAY_US
from bavn.model.sector.verdict import Judgement, Scope, Verdict, Verdicts
from bavn.model.suspicion import Suspicion
from bavn.model.text import Text
from bavn.wire.book import Book

COMMENT_CHARS_MAX: Final = 2000
VERDICTS_MAX: Final = 100_000
AGAIN_US: Final = DAY_US
"""The same of the same person within so long is the verdict that was given: a program that got no answer says it
again."""
_SCHEMA = (
    """CREATE TABLE verdict (
        number INTEGER PRIMARY KEY, judgement TEXT NOT NULL CHECK (judgement IN ('true', 'benign', 'ignore')),
        scope TEXT NOT NULL, story TEXT NOT NULL, detector TEXT NOT NULL, host TEXT NOT NULL, peer TEXT NOT NULL,
        given_us INTEGER NOT NULL, until_us INTEGER, by_whom TEXT NOT NULL, comment TEXT NOT NULL,
        CHECK (until_us IS NOT NULL OR judgement = 'true')
    ) STRICT""",
    """CREATE TABLE verdict_end (
        number INTEGER PRIMARY KEY REFERENCES verdict (number), ended_us INTEGER NOT NULL, by_whom TEXT NOT NULL,
        comment TEXT NOT NULL
    ) STRICT""",
    *(
        f"""CREATE TRIGGER {table}_no_{act.lower()} BEFORE {act} ON {table}
        BEGIN SELECT RAISE(ABORT, 'verdicts are only ever added'); END"""
        for table in ("verdict", "verdict_end")
        for act in ("UPDATE", "DELETE")
    ),
)
VERDICTS_SQL: Final = """
    SELECT v.number, judgement, scope, story, detector, host, peer, given_us, until_us, v.by_whom, v.comment,
      e.ended_us, e.by_whom, e.comment
    FROM verdict v LEFT JOIN verdict_end e ON e.number = v.number ORDER BY v.number
"""

_SAME_SQL: Final = VERDICTS_SQL.replace(
    "ORDER BY",
    "WHERE story = ? AND judgement = ? AND scope = ? AND v.by_whom = ? AND v.comment = ? AND given_us > ? ORDER BY",
)


class NoSuchVerdict(Exception):
    """No verdict has this number, or it was ended before. Who named it must act."""


class VerdictBook:
    """The verdicts of one node."""

    def __init__(self, book: Book) -> None:
        self._book = book
        book.part("verdict", 1, _SCHEMA)
        self.sector = SectorVerdicts(book)

    def give(
        self,
        suspicion: Suspicion,
        judgement: Judgement,
        scope: Scope,
        *,
        until_us: int | None,
        now_us: int,
        by: str,
        comment: str = "",
    ) -> Verdict:
        """A verdict, given on a suspicion; the one that holds where this only says it again. ValueError for one without
        an end, beyond the bounds, or by nobody."""
        _check(judgement, until_us, now_us, by, comment)
        with self._book.transaction() as tx:
            same = (suspicion.id, judgement, scope, by, comment, now_us - AGAIN_US)
            for earlier in verdicts_of(tx.execute(_SAME_SQL, same).fetchall()):
                if earlier.holds(now_us) and _as_long(earlier, until_us, now_us):
                    return earlier
            ((number,),) = tx.execute("SELECT coalesce(max(number), 0) + 1 FROM verdict").fetchall()
            if number > VERDICTS_MAX:
                raise ValueError(
                    Text(
                        "{verdicts_max} verdicts have been given here, and that is the bound", verdicts_max=VERDICTS_MAX
                    )
                )
            verdict = Verdict(
                number=number,
                judgement=judgement,
                scope=scope,
                story=suspicion.id,
                detector=suspicion.detector,
                host=suspicion.host,
                peer=suspicion.peer,
                given_us=now_us,
                until_us=until_us,
                by=by,
                comment=comment,
            )
            tx.execute("INSERT INTO verdict VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", _row(verdict))
        return verdict

    def end(self, number: int, *, now_us: int, by: str, comment: str = "") -> Verdict:
        """Takes a verdict back. Raises NoSuchVerdict."""
        with self._book.transaction() as tx:
            verdict = next((verdict for verdict in self.every() if verdict.number == number), None)
            if verdict is None:
                raise NoSuchVerdict(f"no verdict here has the number {number}")
            if verdict.ended_us is not None:
                raise NoSuchVerdict(f"verdict {number} was taken back before")
            tx.execute("INSERT INTO verdict_end VALUES (?, ?, ?, ?)", (number, now_us, by, comment))
        return replace(verdict, ended_us=now_us, ended_by=by, ended_comment=comment)

    def every(self) -> list[Verdict]:
        """All that were ever given, the oldest first."""
        return verdicts_of(self._book.rows(VERDICTS_SQL))

    def holding(self, now_us: int) -> Verdicts:
        """Those that hold now, and the sector's advice."""
        return Verdicts([*self.every(), *self.sector.every()], now_us)


def _as_long(earlier: Verdict, until_us: int | None, now_us: int) -> bool:
    """Whether it was to hold until this end, or for this long."""
    if earlier.until_us is None or until_us is None:
        return earlier.until_us == until_us
    return earlier.until_us == until_us or earlier.until_us - earlier.given_us == until_us - now_us


def _row(verdict: Verdict) -> tuple[Any, ...]:
    """In the order of the table's columns."""
    return (
        verdict.number,
        verdict.judgement,
        verdict.scope,
        verdict.story,
        verdict.detector,
        verdict.host,
        verdict.peer,
        verdict.given_us,
        verdict.until_us,
        verdict.by,
        verdict.comment,
    )


def verdicts_of(rows: list[tuple[Any, ...]]) -> list[Verdict]:
    """Verdicts from rows of VERDICTS_SQL, also as read by another process."""
    return [
        Verdict(
            number=number,
            judgement=judgement,
            scope=scope,
            story=story,
            detector=detector,
            host=host,
            peer=peer,
            given_us=given_us,
            until_us=until_us,
            by=by,
            comment=comment,
            ended_us=ended_us,
            ended_by=ended_by or "",
            ended_comment=ended_comment or "",
        )
        for (
            number,
            judgement,
            scope,
            story,
            detector,
            host,
            peer,
            given_us,
            until_us,
            by,
            comment,
            ended_us,
            ended_by,
            ended_comment,
        ) in rows
    ]


def _check(judgement: Judgement, until_us: int | None, now_us: int, by: str, comment: str) -> None:
    """Raises ValueError for a verdict that nobody may give."""
    if until_us is None and judgement != "true":
        raise ValueError(Text("only `true` may go without an end"))
    if until_us is not None and until_us <= now_us:
        raise ValueError(Text("its end has passed"))
    if not by.strip() or len(by) > COMMENT_CHARS_MAX or len(comment) > COMMENT_CHARS_MAX:
        raise ValueError(
            Text(
                "a verdict says who gave it, and a comment has at most {comment_chars_max} characters",
                comment_chars_max=COMMENT_CHARS_MAX,
            )
        )
