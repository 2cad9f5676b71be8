"""Versions of what verdicts taught the score: proposed by one person, approved by another, taken back by one.

The version approved last that nobody took back is in force; take it back, and the one before it is again, or the table
as it is shipped. Refuses to learn (correlate/laws/learned.py does) and to change a version: a changed one is a new one.
"""

import json
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Engine, Row, insert, select, update

from bavn.centre.books.tables import LEARNED, METADATA, make_missing, reading, writing
from bavn.centre.cases import audit
from bavn.centre.cases.tables import make_tables
from bavn.centre.cases.two_people import NotAllowed, UnknownVersion, person, second
from bavn.centre.correlate.laws.learned import EACH_MIN, JUDGED_MIN, NOTHING, Learned
from bavn.centre.store.rows import value_from
from bavn.model.ports import Clock
from bavn.model.principal import recorded, two_people
from bavn.model.sector.case import NotNow
from bavn.model.text import Text


@dataclass(frozen=True, slots=True, kw_only=True)
class LearnedVersion:
    """A version and who stands behind it."""

    id: str
    learned: Learned
    proposed_by: str
    proposed_us: int
    approved_by: str | None
    approved_us: int | None
    ended_by: str | None
    ended_us: int | None

    @property
    def may_count(self) -> bool:
        """Two people stand behind it, and nobody took it back."""
        agreed = self.approved_us is not None and two_people((self.proposed_by, self.approved_by or ""))
        return agreed and self.ended_us is None


class Learning:
    """Proposes, approves and takes back; every step is an audit line."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        make_missing(engine, METADATA)
        make_tables(engine)
        self._engine = engine
        self._clock = clock

    def propose(self, learned: Learned | None, user: str) -> LearnedVersion:
        """A version that does not count yet. NotNow where nothing could be learned (None)."""
        person(user)
        if learned is None:
            raise NotNow(
                Text(
                    "the score learns from {least} verdicts, {each} or more of either kind",
                    least=JUDGED_MIN,
                    each=EACH_MIN,
                )
            )
        now_us = self._clock.now_us()
        with writing(self._engine) as connection:
            line = audit.note(connection, now_us, user, "learned-proposed", "score", asdict(learned))
            version = f"learned-{line.seq}"
            connection.execute(
                insert(LEARNED).values(
                    id=version,
                    body=json.dumps(asdict(learned), sort_keys=True),
                    proposed_by=recorded(user),
                    proposed_us=now_us,
                )
            )
        return self.get(version)

    def approve(self, version: str, user: str) -> LearnedVersion:
        """The second person agrees; it counts from the next ranking on. Raises UnknownVersion; NotAllowed for the one
        who proposed it, and for a version that is approved or taken back."""
        person(user)
        known, now_us = self.get(version), self._clock.now_us()
        second(known.proposed_by, user, Text("two different people stand behind what the score learns"))
        with writing(self._engine) as connection:
            changed = connection.execute(
                update(LEARNED)
                .where(LEARNED.c.id == version, LEARNED.c.approved_us.is_(None), LEARNED.c.ended_us.is_(None))
                .values(approved_by=recorded(user), approved_us=now_us)
            )
            if changed.rowcount != 1:
                raise NotAllowed(Text("{version} is approved or taken back already", version=version))
            audit.note(connection, now_us, user, "learned-approved", version, {"proposed_by": known.proposed_by})
        return self.get(version)

    def take_back(self, version: str, user: str, why: str) -> LearnedVersion:
        """One person is enough: what counted before counts again. Raises UnknownVersion."""
        person(user)
        self.get(version)
        now_us = self._clock.now_us()
        with writing(self._engine) as connection:
            ended = connection.execute(
                update(LEARNED)
                .where(LEARNED.c.id == version, LEARNED.c.ended_us.is_(None))
                .values(ended_by=recorded(user), ended_us=now_us)
            )
            if ended.rowcount == 1:
                audit.note(connection, now_us, user, "learned-taken-back", version, {"why": why})
        return self.get(version)

    def get(self, version: str) -> LearnedVersion:
        """Raises UnknownVersion."""
        with reading(self._engine) as connection:
            row = connection.execute(select(LEARNED).where(LEARNED.c.id == version)).first()
        if row is None:
            raise UnknownVersion(Text("no version is called {version}", version=repr(version[:60])))
        return _version(row)

    def every(self) -> tuple[LearnedVersion, ...]:
        """All of them, in the order in which they were approved, those that nobody approved last."""
        with reading(self._engine) as connection:
            rows = connection.execute(select(LEARNED)).all()
        versions = map(_version, rows)
        return tuple(sorted(versions, key=lambda made: (made.approved_us or 2**62, made.proposed_us, made.id)))

    def in_force(self) -> LearnedVersion | None:
        """The one that counts; None where the shipped table does."""
        return next((version for version in reversed(self.every()) if version.may_count), None)

    def learned(self) -> Learned:
        """What the score adds to the shipped table."""
        version = self.in_force()
        return NOTHING if version is None else version.learned


def _version(row: Row[Any]) -> LearnedVersion:
    body = json.loads(row.body)
    shifts = {name: tuple(nats) for name, nats in body["shifts"].items()}
    return value_from(LearnedVersion, row, learned=Learned(**body | {"shifts": shifts}))
