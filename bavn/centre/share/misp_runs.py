"""What the last push to each MISP, and the last look for sightings there, came to: one row of each in the book.

Refuses to connect, and to keep more than the last.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from bavn.model.ports import Clock
from bavn.wire.book import Book

FAILURE_CHARS_MAX: Final = 300
NAMED_MAX: Final = 100
What = Literal["push", "pull"]
_SCHEMA: Final = (
    """CREATE TABLE misp_run (
        instance TEXT NOT NULL, what TEXT NOT NULL CHECK (what IN ('push', 'pull')), at_us INTEGER NOT NULL,
        by TEXT NOT NULL, failure TEXT NOT NULL, said TEXT NOT NULL, PRIMARY KEY (instance, what)
    ) STRICT, WITHOUT ROWID""",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """``by``: a person, or centre where it was its turn. ``failure`` empty: it went well, and ``counts`` say what was
    done; ``lost``: indicators that MISP has no attribute for, the first hundred."""

    at_us: int
    by: str
    failure: str
    counts: Mapping[str, int]
    lost: tuple[str, ...]


class MispRuns:
    """All methods may be called from any thread, and from several processes on the same book."""

    def __init__(self, book: Book, clock: Clock) -> None:
        self._book, self._clock = book, clock
        book.part("misp_run", 1, _SCHEMA)

    def note(
        self,
        instance: str,
        what: What,
        by: str,
        counts: Mapping[str, int] | None = None,
        lost: Sequence[str] = (),
        failure: str = "",
    ) -> None:
        """The last run is this one from now on."""
        content = json.dumps({"counts": dict(counts or {}), "lost": list(lost[:NAMED_MAX])}, sort_keys=True)
        with self._book.transaction() as tx:
            tx.execute(
                "INSERT OR REPLACE INTO misp_run VALUES (?, ?, ?, ?, ?, ?)",
                (instance, what, self._clock.now_us(), by, failure[:FAILURE_CHARS_MAX], content),
            )

    def last(self, instance: str, what: What) -> Run | None:
        """None where there was none since this is kept."""
        rows = self._book.rows(
            "SELECT at_us, by, failure, said FROM misp_run WHERE instance = ? AND what = ?", (instance, what)
        )
        if not rows:
            return None
        at_us, by, failure, text = rows[0]
        said: dict[str, Any] = json.loads(text)
        return Run(at_us=at_us, by=by, failure=failure, counts=said["counts"], lost=tuple(said["lost"]))
