"""Who is in a case: actors that reported something of it, that met its indicators, and those that a person added.

An actor that takes its reports back is in no case for them any more. Every change is a line in the audit log, in one
transaction with it. Refuses to say any of it outside the centre.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from sqlalchemy import Connection, Engine, delete, func, insert, select

from bavn.centre.cases import audit
from bavn.centre.cases.case.rows import locked
from bavn.centre.cases.case.streams import goes_on_as
from bavn.centre.cases.case.work_tables import INVOLVED, MOVED, make_work_tables
from bavn.centre.cases.tables import CASE, reading, writing
from bavn.centre.cases.two_people import CENTRE, person
from bavn.model.observable import Observable
from bavn.model.ports import Clock
from bavn.model.received import Withdrawal
from bavn.model.sector.case import CaseState, NotNow
from bavn.model.sector.member import ACTOR_NAME
from bavn.model.text import Text

OVER: Final = (CaseState.MERGED,)


class Involved:
    """All methods may be called from any process on the same database."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        make_work_tables(engine)
        self._engine = engine
        self._clock = clock

    def add(self, case_id: str, actor: str, user: str, why: str) -> None:
        """Adds an actor by hand. Raises UnknownCase, NotAllowed; NotNow for a merged case; ValueError for a name."""
        person(user)
        named(actor)
        with writing(self._engine) as connection:
            still_open(connection, case_id)
            add_by_hand(connection, case_id, actor, user, why, self._clock.now_us())

    def reported(self, lead_id: str, signs: Iterable[tuple[str, Observable, str]]) -> None:
        """Actors (name, observable, technique) behind a lead are in the case that its element works in."""
        wanted = sorted(set(signs))
        with reading(self._engine) as connection:
            own = connection.scalar(select(CASE.c.id).where(CASE.c.lead_id == lead_id))
            if own is None:
                return
            moved = {
                (row.type, row.value): row.case_id
                for row in connection.execute(select(MOVED).where(MOVED.c.lead_id == lead_id))
            }
            target = {
                observable: goes_on_as(connection, moved.get((observable.type.value, observable.value), own))
                for _, observable, _ in wanted
            }
            known = {
                (row.case_id, row.actor, row.type, row.value)
                for row in connection.execute(select(INVOLVED).where(INVOLVED.c.case_id.in_(set(target.values()))))
            }
        fresh: dict[str, dict[tuple[str, Observable], str]] = {}
        for actor, observable, technique in wanted:
            key = (target[observable], actor, observable.type.value, observable.value)
            if key not in known:
                fresh.setdefault(target[observable], {}).setdefault((actor, observable), technique)
        if fresh:
            with writing(self._engine) as connection:
                self._keep_reported(connection, fresh)

    def _keep_reported(self, connection: Connection, fresh: Mapping[str, Mapping[tuple[str, Observable], str]]) -> None:
        now_us = self._clock.now_us()
        for case_id, observables in sorted(fresh.items()):
            locked(connection, case_id)
            there = {
                (row.actor, row.type, row.value)
                for row in connection.execute(select(INVOLVED).where(INVOLVED.c.case_id == case_id))
            }
            rows = [
                {
                    "case_id": case_id,
                    "actor": actor,
                    "type": observable.type.value,
                    "value": observable.value,
                    "technique": technique,
                    "since_us": now_us,
                }
                for (actor, observable), technique in sorted(observables.items())
                if (actor, observable.type.value, observable.value) not in there
            ]
            if rows:
                connection.execute(insert(INVOLVED), rows)
                named = [[row["actor"], f"{row['type']}:{row['value']}"] for row in rows]
                audit.note(connection, now_us, CENTRE, "involved", case_id, {"reported": named})

    def met(self, case_id: str, actor: str, observable: Observable) -> None:
        """An actor met an indicator of this case: it is in the case that goes on with it. It reported nothing, so it
        has no technique and counts for no evidence. Repeatable."""
        row = {"actor": actor, "type": observable.type.value, "value": observable.value}
        with writing(self._engine) as connection:
            target = goes_on_as(connection, case_id)
            locked(connection, target)
            same = (INVOLVED.c[name] == value for name, value in row.items())
            asked = select(INVOLVED.c.actor).where(INVOLVED.c.case_id == target, *same)
            if connection.execute(asked.limit(1)).first() is None:
                now_us = self._clock.now_us()
                connection.execute(insert(INVOLVED).values(**row, case_id=target, technique="", since_us=now_us))
                audit.note(connection, now_us, CENTRE, "involved", target, {"met": [[actor, str(observable)]]})

    def taken_back(self, withdrawal: Withdrawal) -> None:
        """An actor took its reports on an element back: it is in no case for that any more. Repeatable."""
        kind, value = withdrawal.observable.type.value, withdrawal.observable.value
        here = (INVOLVED.c.actor == withdrawal.actor) & (INVOLVED.c.type == kind) & (INVOLVED.c.value == value)
        with writing(self._engine) as connection:
            ids = connection.scalars(select(INVOLVED.c.case_id).where(here)).all()
            connection.execute(delete(INVOLVED).where(here))
            for case_id in ids:
                detail = {"actor": withdrawal.actor, "element": str(withdrawal.observable)}
                audit.note(connection, self._clock.now_us(), CENTRE, "no-longer-reports", case_id, detail)

    def actors(self, case_id: str) -> dict[str, bool]:
        """Who is in a case, by name; True: added by hand."""
        query = select(INVOLVED.c.actor, INVOLVED.c.type).where(INVOLVED.c.case_id == case_id)
        reported: dict[str, bool] = {}
        with reading(self._engine) as connection:
            for row in connection.execute(query.order_by(INVOLVED.c.actor)):
                reported[row.actor] = reported.get(row.actor, False) or row.type == ""
        return reported

    def reporters(self, case_id: str) -> frozenset[str]:
        """Who reported something of it; the others only met its indicators, or were added by hand."""
        query = select(INVOLVED.c.actor).where(INVOLVED.c.case_id == case_id, INVOLVED.c.technique != "")
        with reading(self._engine) as connection:
            return frozenset(connection.scalars(query))


def actor_counts(connection: Connection) -> dict[str, int]:
    """case -> how many actors are in it; a case with nobody is left out."""
    asked = select(INVOLVED.c.case_id, func.count(INVOLVED.c.actor.distinct())).group_by(INVOLVED.c.case_id)
    return {row[0]: int(row[1]) for row in connection.execute(asked)}


def add_by_hand(
    connection: Connection, case_id: str, actor: str, user: str, why: str, now_us: int, *, only_new: bool = False
) -> None:
    """Adds an actor, unless a person did before; ``only_new``: unless it is in the case for any reason."""
    here = (INVOLVED.c.case_id == case_id) & (INVOLVED.c.actor == actor)
    if not only_new:
        here &= INVOLVED.c.type == ""
    if connection.execute(select(INVOLVED.c.actor).where(here).limit(1)).first() is not None:
        return
    row = {"case_id": case_id, "actor": actor, "type": "", "value": "", "technique": "", "since_us": now_us}
    connection.execute(insert(INVOLVED).values(**row))
    audit.note(connection, now_us, user, "involve", case_id, {"actor": actor, "why": why})


def named(actor: str) -> str:
    """The name, if an actor can have it; ValueError."""
    if not ACTOR_NAME.fullmatch(actor):
        raise ValueError(Text("no actor can be called {actor}", actor=repr(actor[:60])))
    return actor


def still_open(connection: Connection, case_id: str) -> None:
    """Raises UnknownCase; NotNow for a case that was merged."""
    case = locked(connection, case_id)
    if case.state in OVER:
        raise NotNow(
            Text(
                "{case_id} was merged: {goes_on_as} goes on",
                case_id=case_id,
                goes_on_as=goes_on_as(connection, case_id),
            )
        )


def is_in(connection: Connection, case_id: str, actor: str) -> bool:
    """Whether an actor is in a case."""
    asked = select(INVOLVED.c.actor).where(INVOLVED.c.case_id == case_id, INVOLVED.c.actor == actor)
    return connection.execute(asked.limit(1)).first() is not None


def copy_involved(connection: Connection, case_id: str, made_id: str, chosen: frozenset[Observable]) -> None:
    """Who reported what was split off is in the new case; in the old one they stay for the rest."""
    named_ = {(one.type.value, one.value) for one in chosen}
    for row in connection.execute(select(INVOLVED).where(INVOLVED.c.case_id == case_id)).mappings().all():
        if (row["type"], row["value"]) in named_:
            connection.execute(insert(INVOLVED).values(**dict(row) | {"case_id": made_id}))


def reporters(connection: Connection, case_id: str) -> int:
    """How many actors reported something of a case."""
    told = (INVOLVED.c.case_id == case_id) & (INVOLVED.c.type != "") & (INVOLVED.c.technique != "")
    asked = select(INVOLVED.c.actor).where(told).distinct()
    return len(connection.scalars(asked).all())
