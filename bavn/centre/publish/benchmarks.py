"""The sector's benchmark as it is kept: noise is drawn once for a month, and whoever asks again gets the same numbers.

Each release is a line of the hash-chained audit log with the digest of its numbers. A month that has its line is spent:
where the numbers are gone or others, none are drawn anew. Refuses to see anything without noise.
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Engine, Row, func, insert, select

from bavn.centre.publish.editions import CENTRE, Audited
from bavn.centre.publish.measures import VOCABULARY
from bavn.centre.publish.quartiles import EPSILON
from bavn.centre.publish.tables import BENCHMARK, make_tables
from bavn.centre.store.engine import reading, writing
from bavn.model.ports import Clock

ACT: Final = "benchmark-release"
_DOMAIN: Final = b"bavn/benchmark/1\x00"
Noted = Callable[[Connection, str], dict[str, Any] | None]
"""(transaction, subject) -> the detail of the first line of the audit log that says a benchmark was released."""


class Spent(Exception):
    """The month's benchmark was released, and is not here as it was: nothing is drawn again. The operator must act."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """A month's numbers with noise. ``groups``: of how many groups of actors, as the registry has them; ``epsilon``:
    what it cost."""

    month: str
    vocabulary: int
    made_us: int
    groups: int
    epsilon: float
    cells: tuple[int, ...]

    @property
    def digest(self) -> str:
        """64 hex digits over all of it."""
        said = [self.month, self.vocabulary, self.made_us, self.groups, _milli(self.epsilon), list(self.cells)]
        return hashlib.sha256(_DOMAIN + json.dumps(said).encode()).hexdigest()


class Benchmarks:
    """May be open in several processes at once. ``audited``: the audit log, for the centre's own acts."""

    def __init__(self, engine: Engine, clock: Clock, audited: Audited, noted: Noted) -> None:
        make_tables(engine)
        self._engine, self._clock, self._audited, self._noted = engine, clock, audited, noted

    def kept(self, month: str) -> Release | None:
        """The month's release; None before there is one. Raises Spent."""
        with reading(self._engine) as connection:
            return self._kept(connection, month)

    def keep(self, month: str, groups: int, cells: Sequence[int]) -> Release:
        """Numbers that were drawn become the month's, unless it has some by now: those that it has. Raises Spent."""
        release = Release(
            month=month,
            vocabulary=VOCABULARY,
            made_us=self._clock.now_us(),
            groups=groups,
            epsilon=EPSILON,
            cells=tuple(cells),
        )
        with writing(self._engine) as connection:
            known = self._kept(connection, month)
            if known is not None:
                return known
            connection.execute(
                insert(BENCHMARK).values(
                    month=month,
                    vocabulary=release.vocabulary,
                    made_us=release.made_us,
                    groups=groups,
                    epsilon_milli=_milli(release.epsilon),
                    cells=json.dumps(release.cells),
                )
            )
            detail = {"digest": release.digest, "epsilon_milli": _milli(release.epsilon), "groups": groups}
            self._audited(connection, CENTRE, ACT, _subject(month), detail)
        return release

    def latest(self, until: str) -> Release | None:
        """The last release of a month that is not after this one, of this version's measures. Raises Spent."""
        query = select(func.max(BENCHMARK.c.month)).where(
            BENCHMARK.c.month <= until, BENCHMARK.c.vocabulary == VOCABULARY
        )
        with reading(self._engine) as connection:
            month = connection.scalar(query)
            return None if month is None else self._kept(connection, str(month))

    def spent(self, first: str, last: str) -> float:
        """Epsilon of all releases of these months, both included."""
        asked = select(func.sum(BENCHMARK.c.epsilon_milli)).where(BENCHMARK.c.month.between(first, last))
        with reading(self._engine) as connection:
            return int(connection.scalar(asked) or 0) / 1000

    def _kept(self, connection: Connection, month: str) -> Release | None:
        row = connection.execute(select(BENCHMARK).where(BENCHMARK.c.month == month)).first()
        line = self._noted(connection, _subject(month))
        if row is None and line is None:
            return None
        if row is None or line is None or _release(row).digest != line.get("digest"):
            raise Spent(f"the benchmark of {month} is not as it was released: restore the centre's backup")
        return _release(row)


def _subject(month: str) -> str:
    return f"benchmark-{month}"


def _milli(epsilon: float) -> int:
    return round(epsilon * 1000)


def _release(row: Row[Any]) -> Release:
    return Release(
        month=row.month,
        vocabulary=row.vocabulary,
        made_us=row.made_us,
        groups=row.groups,
        epsilon=row.epsilon_milli / 1000,
        cells=tuple(int(cell) for cell in json.loads(row.cells)),
    )
