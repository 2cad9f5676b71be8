"""NIS2's steps that an actor's own people note: they move that actor's clocks in a case it is in, and no other's.

Refuses what the course of an incident does not allow, with the reason; what no longer fits when it is kept is a line in
the case's history.
"""

from typing import Any

from sqlalchemy import Connection, Engine, delete, insert, select

from bavn.centre.cases import audit
from bavn.centre.cases.case.involved import is_in
from bavn.centre.cases.case.streams import goes_on_as
from bavn.centre.cases.nis2.clocks import happened_in, keep_crossing
from bavn.centre.cases.tables import AUDIT, CASE, NIS2, reading, writing
from bavn.model.moment import MINUTE_US
from bavn.model.outcome import Refused
from bavn.model.ports import Clock
from bavn.model.received import Nis2Step
from bavn.model.sector.nis2 import Nis2Act, OutOfOrder, checked
from bavn.model.sector.refusal import word
from bavn.model.text import Text


def may_note(
    engine: Engine, clock: Clock, case_id: str, actor: str, act: str, at_us: int, why: str, *, correct: bool
) -> Refused | None:
    """Whether this actor may note this of its own incident."""
    with reading(engine) as connection:
        return _refused(connection, clock.now_us(), case_id, actor, Nis2Act(act), at_us, why, correct=correct)


def keep(engine: Engine, clock: Clock, step: Nis2Step) -> None:
    """Keeps a step; once for each message."""
    act, who = Nis2Act(step.act), f"actor:{step.actor}"
    with writing(engine) as connection:
        case_id = goes_on_as(connection, step.case_id)
        connection.execute(select(CASE.c.id).where(CASE.c.id == case_id).with_for_update())
        asked = select(AUDIT.c.seq).where(AUDIT.c.subject == case_id, AUDIT.c.detail.contains(step.item_id))
        if connection.execute(asked.limit(1)).first() is not None:
            return
        now_us = clock.now_us()
        refused = _refused(connection, now_us, case_id, step.actor, act, step.at_us, step.why, correct=step.correct)
        detail: dict[str, Any] = {"actor": step.actor, "at_us": step.at_us, "why": step.why, "item": step.item_id}
        if refused is not None:
            audit.note(
                connection,
                now_us,
                who,
                "nis2-too-late",
                case_id,
                {**detail, "act": act.value, "refused": refused.reason.row()},
            )
            return
        before = happened_in(connection, case_id).get(step.actor, {}).get(act)
        if before is not None:
            detail["before_us"] = before
        key = {"case_id": case_id, "actor": step.actor, "act": act.value}
        connection.execute(delete(NIS2).where(*(NIS2.c[name] == value for name, value in key.items())))
        connection.execute(insert(NIS2).values(**key, at_us=step.at_us, noted_us=now_us, by_user=who))
        if step.crosses is not None:
            keep_crossing(connection, case_id, step.actor, step.crosses)
            detail["cross_border"] = step.crosses
        audit.note(connection, now_us, who, f"nis2-{act.value}", case_id, detail)


def _refused(
    connection: Connection, now_us: int, given_id: str, actor: str, act: Nis2Act, at_us: int, why: str, *, correct: bool
) -> Refused | None:
    case_id = goes_on_as(connection, given_id)
    if not is_in(connection, case_id, actor):
        return Refused("unknown_case", "the actor is not in such a case")
    if (correct or act is Nis2Act.NOT_SIGNIFICANT) and not why.strip():
        return Refused("nis2_order", "a correction, and not-significant, need a reason")
    happened = happened_in(connection, case_id).get(actor, {})
    if act in happened and not correct:
        return Refused("nis2_order", "{act} was noted already; to change it say so and why", act=word(act))
    try:
        checked({**happened, act: at_us}, now_us + MINUTE_US)
    except OutOfOrder as error:
        return Refused.of("nis2_order", Text.of_error(error))
    return None
