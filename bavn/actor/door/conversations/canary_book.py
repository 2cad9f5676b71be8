"""The runs of this node's canaries in its own book: when each set out, and what became of it at each link.

Kept for 60 days, ten runs a day at most. A person leaves a wish for a run here, from any process; the running node
takes it. Refuses to know how a link is tried.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from bavn.model.moment import DAY_US, SECOND_US
from bavn.model.sector.canary import KEPT_DAYS, LINKS, RUNS_PER_DAY_MAX, WINDOW_US, Link, State, ends_us, took_bucket
from bavn.wire.book import Book

_SCHEMA: Final = (
    """CREATE TABLE canary_run (
        day INTEGER NOT NULL, run INTEGER NOT NULL, began_us INTEGER NOT NULL, by_whom TEXT NOT NULL,
        answered_us INTEGER, told TEXT NOT NULL, told_us INTEGER NOT NULL, PRIMARY KEY (day, run)
    ) STRICT""",
    """CREATE TABLE canary_link (
        day INTEGER NOT NULL, run INTEGER NOT NULL, link TEXT NOT NULL, state TEXT NOT NULL, took_us INTEGER,
        why TEXT NOT NULL, at_us INTEGER NOT NULL, PRIMARY KEY (day, run, link)
    ) STRICT""",
    """CREATE TABLE canary_wish (
        number INTEGER PRIMARY KEY AUTOINCREMENT, at_us INTEGER NOT NULL, by_whom TEXT NOT NULL
    ) STRICT""",
)
RUNS_SQL: Final = (
    "SELECT day, run, began_us, by_whom, answered_us, told, told_us FROM canary_run ORDER BY day DESC, run DESC LIMIT ?"
)
LINKS_SQL: Final = "SELECT link, state, took_us, why FROM canary_link WHERE day = ? AND run = ?"


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A canary on its way. ``by`` empty: the day's own; else who sent it. ``told``: what the centre was last told."""

    day: int
    run: int
    began_us: int
    by: str
    answered_us: int | None
    told: str
    told_us: int

    @property
    def due_us(self) -> int:
        """By then it must have come through: the day's own in its hour, others within an hour."""
        return max(ends_us(self.day), self.began_us + WINDOW_US) if not self.by else self.began_us + WINDOW_US

    @property
    def in_time(self) -> bool:
        """Whether other actors' canaries are on their way in the same hour."""
        return self.began_us < ends_us(self.day)


def run_of(row: tuple[Any, ...]) -> Run:
    """From a row of RUNS_SQL, also as read by another process."""
    day, run, began_us, by, answered_us, told, told_us = row
    return Run(day=day, run=run, began_us=began_us, by=by, answered_us=answered_us, told=told, told_us=told_us)


def links_of(rows: Iterable[tuple[Any, ...]]) -> tuple[Link, ...]:
    """From rows of LINKS_SQL: the whole chain in its order."""
    known = {link: (state, took_us, why) for link, state, took_us, why in rows}
    links = []
    for link in LINKS:
        state, took_us, why = known.get(link, ("waiting", None, ""))
        took = None if took_us is None or state != "passed" else took_bucket(took_us / SECOND_US)
        links.append(Link(link=link, state=state, took=took, why=why))
    return tuple(links)


class CanaryBook:
    """Every write joins the transaction that is open. All methods may be called from any thread."""

    def __init__(self, book: Book) -> None:
        self.book = book
        book.part("canary", 1, _SCHEMA)

    def wish(self, by: str, now_us: int) -> None:
        """A person wants a run now; one wish waits at most, the last."""
        with self.book.transaction() as tx:
            tx.execute("DELETE FROM canary_wish")
            tx.execute("INSERT INTO canary_wish (at_us, by_whom) VALUES (?, ?)", (now_us, by))

    def take_request(self) -> str | None:
        """Who wants a run, once."""
        with self.book.transaction() as tx:
            found = tx.execute("SELECT by_whom FROM canary_wish ORDER BY number DESC LIMIT 1").fetchone()
            tx.execute("DELETE FROM canary_wish")
        return None if found is None else str(found[0])

    def begin(self, day: int, by: str, now_us: int) -> Run | None:
        """The next run of the day; None where it has had its most."""
        with self.book.transaction() as tx:
            last = tx.execute("SELECT coalesce(max(run), 0) FROM canary_run WHERE day = ?", (day,)).fetchone()[0]
            if last >= RUNS_PER_DAY_MAX:
                return None
            tx.execute("INSERT INTO canary_run VALUES (?, ?, ?, ?, NULL, '', 0)", (day, last + 1, now_us, by))
        return self.latest()

    def latest(self) -> Run | None:
        found = self.book.rows(RUNS_SQL, (1,))
        return run_of(found[0]) if found else None

    def links(self, run: Run) -> tuple[Link, ...]:
        return links_of(self.book.rows(LINKS_SQL, (run.day, run.run)))

    def note(self, run: Run, link: str, state: State, why: str, now_us: int) -> None:
        """What became of it at a link; what passed stays passed."""
        took_us = now_us - run.began_us if state == "passed" else None
        with self.book.transaction() as tx:
            tx.execute(
                """INSERT INTO canary_link VALUES (?, ?, ?, ?, ?, ?, ?)
                ON CONFLICT DO UPDATE SET state = excluded.state, took_us = excluded.took_us, why = excluded.why,
                  at_us = excluded.at_us WHERE state <> 'passed'""",
                (run.day, run.run, link, state, took_us, why, now_us),
            )

    def answered(self, run: Run, now_us: int) -> None:
        with self.book.transaction() as tx:
            tx.execute(
                "UPDATE canary_run SET answered_us = ? WHERE day = ? AND run = ? AND answered_us IS NULL",
                (now_us, run.day, run.run),
            )

    def told(self, run: Run, summary: str, now_us: int) -> None:
        with self.book.transaction() as tx:
            tx.execute(
                "UPDATE canary_run SET told = ?, told_us = ? WHERE day = ? AND run = ?",
                (summary, now_us, run.day, run.run),
            )

    def forget(self, now_us: int) -> None:
        """Drops what is older than KEPT_DAYS."""
        before = now_us // DAY_US - KEPT_DAYS
        with self.book.transaction() as tx:
            tx.execute("DELETE FROM canary_run WHERE day < ?", (before,))
            tx.execute("DELETE FROM canary_link WHERE day < ?", (before,))
