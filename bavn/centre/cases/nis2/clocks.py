"""NIS2's clocks of each case at each actor: what was noted, by whom, what is owed, and nothing twice by mistake.

An actor's own people decide that an incident is significant and send the reports; here it is noted, so that nobody
misses an hour. Each note is one audit line; to change one takes a reason and is a line too. Refuses to send anything
to an authority.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import tzinfo
from typing import Any, Final

from sqlalchemy import Connection, Engine, delete, insert, select

from bavn.centre.cases import audit
from bavn.centre.cases.case.cases import WHY_CHARACTERS_MAX, UnknownCase
from bavn.centre.cases.case.work_tables import NIS2_FUNCTION, make_work_tables
from bavn.centre.cases.tables import CASE, NIS2, NIS2_FLAGS, reading, writing
from bavn.centre.cases.two_people import person
from bavn.model.ports import Clock
from bavn.model.sector.functions import FUNCTIONS
from bavn.model.sector.member import ACTOR_NAME
from bavn.model.sector.nis2 import CrossBorder, Due, DueState, Nis2Act, OutOfOrder, checked, dues
from bavn.model.sector.refusal import word
from bavn.model.text import Text

_SOON: Final = 1 << 62


@dataclass(frozen=True, slots=True, kw_only=True)
class Flags:
    """What a person says of the incident at this actor: whether it may reach other countries, whether the actor is a
    trust service (which notifies within 24 hours), which of its critical functions were ``touched`` (FUNCTIONS)."""

    cross_border: CrossBorder = "unknown"
    trust_service: bool = False
    touched: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Nis2View:
    """One case at one actor. ``next_us``: the next deadline that is not met, and ``next_report``: of which report; None
    if none runs."""

    case_id: str
    actor: str
    happened: Mapping[Nis2Act, int]
    flags: Flags
    dues: tuple[Due, ...]

    @property
    def next_us(self) -> int | None:
        return min(self._running(), default=(None, None))[0]

    @property
    def next_report(self) -> Nis2Act | None:
        return min(self._running(), default=(None, None))[1]

    def _running(self) -> list[tuple[int, Nis2Act]]:
        return [(due.due_us, due.report) for due in self.dues if due.sent_us is None and due.due_us is not None]

    @property
    def running(self) -> bool:
        """Whether something is still owed."""
        return any(due.sent_us is None for due in self.dues)

    @property
    def overdue(self) -> bool:
        """Whether a deadline has passed without a report."""
        return any(due.state is DueState.OVERDUE for due in self.dues)


class Nis2Book:
    """Notes and reads; may be open in several processes on one database. ``zone``: where months are counted."""

    def __init__(self, engine: Engine, clock: Clock, zone: tzinfo) -> None:
        make_work_tables(engine)
        self._engine = engine
        self._clock = clock
        self._zone = zone

    def note(
        self,
        case_id: str,
        actor: str,
        act: Nis2Act,
        at_us: int,
        user: str,
        *,
        why: str = "",
        flags: Flags | None = None,
        correct: bool = False,
    ) -> Nis2View:
        """One thing that happened at an actor. Raises UnknownCase, NotAllowed; OutOfOrder for what cannot be, or was
        noted before (``correct`` changes it, with a reason); ValueError for a name or reason that is none."""
        person(user)
        _well_said(actor, act, why, flags, correct=correct)
        now_us = self._clock.now_us()
        with writing(self._engine) as connection:
            if connection.execute(select(CASE.c.id).where(CASE.c.id == case_id).with_for_update()).first() is None:
                raise UnknownCase(Text("no case is called {case_id}", case_id=repr(case_id[:60])))
            happened = happened_in(connection, case_id).get(actor, {})
            before = happened.get(act)
            if before is not None and not correct:
                raise OutOfOrder(Text("{act} was noted already; to change it say so and why", act=word(act)))
            checked({**happened, act: at_us}, now_us)
            key = {"case_id": case_id, "actor": actor, "act": act.value}
            connection.execute(delete(NIS2).where(*(NIS2.c[name] == value for name, value in key.items())))
            connection.execute(insert(NIS2).values(**key, at_us=at_us, noted_us=now_us, by_user=user))
            if flags is not None:
                _keep_flags(connection, case_id, actor, flags)
            detail: dict[str, Any] = {"actor": actor, "at_us": at_us, "why": why}
            if before is not None:
                detail["before_us"] = before
            if flags is not None:
                detail |= {
                    "cross_border": flags.cross_border,
                    "trust_service": flags.trust_service,
                    "touched": list(flags.touched),
                }
            audit.note(connection, now_us, user, f"nis2-{act.value}", case_id, detail)
        return self.view(case_id, actor)

    def view(self, case_id: str, actor: str) -> Nis2View:
        """How one case stands at one actor, also where nothing was noted. Raises UnknownCase."""
        with reading(self._engine) as connection:
            if connection.execute(select(CASE.c.id).where(CASE.c.id == case_id)).first() is None:
                raise UnknownCase(Text("no case is called {case_id}", case_id=repr(case_id[:60])))
            return self.view_in(connection, case_id, actor)

    def view_in(self, connection: Connection, case_id: str, actor: str) -> Nis2View:
        """The same in a transaction that is open, of a case that is there."""
        happened = happened_in(connection, case_id).get(actor, {})
        flags = _flags(connection).get((case_id, actor), Flags())
        return self._view(case_id, actor, happened, flags)

    def views(self, case_id: str | None = None) -> tuple[Nis2View, ...]:
        """Of one case or of all: the next deadline first, then what owes nothing, by case and actor."""
        with reading(self._engine) as connection:
            flags = _flags(connection)
            asked = select(NIS2.c.case_id).distinct().order_by(NIS2.c.case_id)
            ids = connection.scalars(asked).all() if case_id is None else [case_id]
            views = [
                self._view(one, actor, happened, flags.get((one, actor), Flags()))
                for one in ids
                for actor, happened in happened_in(connection, one).items()
            ]
        return tuple(sorted(views, key=lambda view: (view.next_us or _SOON, view.case_id, view.actor)))

    def _view(self, case_id: str, actor: str, happened: Mapping[Nis2Act, int], flags: Flags) -> Nis2View:
        owed = dues(happened, self._zone, self._clock.now_us(), trust_service=flags.trust_service)
        return Nis2View(case_id=case_id, actor=actor, happened=happened, flags=flags, dues=owed)


def happened_in(connection: Connection, case_id: str) -> dict[str, dict[Nis2Act, int]]:
    """actor -> what was noted of it in a case, and when it happened."""
    acts: dict[str, dict[Nis2Act, int]] = {}
    for row in connection.execute(select(NIS2).where(NIS2.c.case_id == case_id).order_by(NIS2.c.actor, NIS2.c.act)):
        acts.setdefault(row.actor, {})[Nis2Act(row.act)] = row.at_us
    return acts


def _flags(connection: Connection) -> dict[tuple[str, str], Flags]:
    touched: dict[tuple[str, str], list[str]] = {}
    for row in connection.execute(select(NIS2_FUNCTION).order_by(NIS2_FUNCTION.c.function)):
        touched.setdefault((row.case_id, row.actor), []).append(row.function)
    return {
        (row.case_id, row.actor): Flags(
            cross_border=row.cross_border,
            trust_service=row.trust_service,
            touched=tuple(touched.get((row.case_id, row.actor), ())),
        )
        for row in connection.execute(select(NIS2_FLAGS))
    }


def keep_crossing(connection: Connection, case_id: str, actor: str, crosses: CrossBorder) -> None:
    """What an actor says of its own incident, in a transaction that is open; what else is flagged of it stays."""
    before = _flags(connection).get((case_id, actor), Flags())
    _keep_flags(connection, case_id, actor, replace(before, cross_border=crosses))


def _keep_flags(connection: Connection, case_id: str, actor: str, flags: Flags) -> None:
    connection.execute(delete(NIS2_FLAGS).where(NIS2_FLAGS.c.case_id == case_id, NIS2_FLAGS.c.actor == actor))
    connection.execute(
        insert(NIS2_FLAGS).values(
            case_id=case_id, actor=actor, cross_border=flags.cross_border, trust_service=flags.trust_service
        )
    )
    here = (NIS2_FUNCTION.c.case_id == case_id) & (NIS2_FUNCTION.c.actor == actor)
    connection.execute(delete(NIS2_FUNCTION).where(here))
    for function in sorted(set(flags.touched)):
        connection.execute(insert(NIS2_FUNCTION).values(case_id=case_id, actor=actor, function=function))


def _well_said(actor: str, act: Nis2Act, why: str, flags: Flags | None, *, correct: bool) -> None:
    """ValueError for a name, a reason or a function that is none."""
    if not ACTOR_NAME.fullmatch(actor):
        raise ValueError(Text("no actor can be called {actor}", actor=repr(actor[:60])))
    if (correct or act is Nis2Act.NOT_SIGNIFICANT) and not why.strip():
        raise ValueError(
            Text(
                "{correct} needs a reason",
                correct=Text.in_context("in a refusal", "a correction") if correct else word(act),
            )
        )
    strange = sorted(set(flags.touched if flags else ()) - set(FUNCTIONS))
    if strange:
        raise ValueError(
            Text(
                "{strange} is no critical function; there are {functions}",
                strange=repr(strange[0][:40]),
                functions=", ".join(FUNCTIONS),
            )
        )
    if len(why) > WHY_CHARACTERS_MAX:
        raise ValueError(
            Text("a reason has at most {why_characters_max} characters", why_characters_max=WHY_CHARACTERS_MAX)
        )
