"""An open case as one room: who is on it, what was asked and answered, NIS2's clocks, decisions, notes, what is in
force.

Gathered from what the rooms have kept, for the console's page, the terminal and the report alike. Refuses to keep
anything of its own.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import TYPE_CHECKING, Any, Final

from bavn.centre.books.clock import only_hunted, waits_for
from bavn.centre.cases import audit
from bavn.centre.cases.audit import AuditLine
from bavn.centre.cases.case.case import Case
from bavn.centre.cases.case.files import Marking
from bavn.centre.cases.case.people import HandOverNote, PersonOnCase
from bavn.centre.cases.case.work import CaseStatement
from bavn.centre.cases.indicators.indicator import Life
from bavn.centre.cases.nis2.clocks import Nis2View
from bavn.centre.cases.tables import reading
from bavn.centre.share.deliveries import AtActor
from bavn.model.moment import HOUR_US
from bavn.model.received import Observed
from bavn.model.sector.case import CaseAct
from bavn.model.sector.indicator_life import LifeAct
from bavn.model.sector.nis2 import Due
from bavn.model.sector.work import Task, TaskState
from bavn.model.text import Text

if TYPE_CHECKING:
    from bavn.centre.desk.desk import Desk

DECISIONS_MAX: Final = 200
WAITING: Final = (TaskState.OPEN, TaskState.ACKNOWLEDGED, TaskState.APPLIES)
_POLICY: Final = "policy:"
DECIDED: Final[Mapping[str, Text]] = {
    CaseAct.CONFIRM.value: Text("Confirmed as an attack"),
    CaseAct.RELEASE.value: Text("Indicators released to the sector"),
    CaseAct.WITHDRAW.value: Text("Indicators lifted everywhere"),
    CaseAct.DISMISS.value: Text("Found harmless"),
    CaseAct.CLOSE.value: Text("Case closed"),
    CaseAct.REOPEN.value: Text("Case opened again"),
    f"indicator-{LifeAct.APPROVE.value}": Text("Indicator approved"),
    f"indicator-{LifeAct.RELEASE.value}": Text("Indicator released to the sector"),
    f"indicator-{LifeAct.WITHDRAW.value}": Text("Indicator lifted everywhere"),
    "indicator-stop": Text("Indicator stopped by the canary ring"),
}
"""What of the audit log is a decision on what happens outside the centre, or on what the case is."""
_PUT: Final = f"indicator-{LifeAct.REVIEW.value}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """``beside``: who stands behind it as the second person, empty where it took but one; ``about``: the observable,
    empty where it was the whole case."""

    at_us: int
    who: str
    beside: tuple[str, ...]
    what: Text
    about: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ActorRole:
    """How an actor comes to be in a case. ``met_us``: the first hour in which it says that it met an indicator of it;
    ``met_before``: that was before the release."""

    actor: str
    by_hand: bool
    reported: bool
    met_us: int | None
    met_before: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class InForce:
    """An indicator of the case: at which actors it is in force, not yet, only hunted for, and who met it."""

    life: Life
    enforced: tuple[str, ...]
    missing: tuple[str, ...]
    hunted: tuple[str, ...]
    met: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """``waiting``: what actors owe an answer to, the next deadline first; ``answered``: the rest, the newest first.
    ``next_due``: the NIS2 report that is owed next, or was missed first, with its actor."""

    case: Case
    marking: Marking
    first_us: int | None
    now_us: int
    people: tuple[PersonOnCase, ...]
    notes: tuple[HandOverNote, ...]
    actors: tuple[ActorRole, ...]
    waiting: tuple[Task, ...]
    answered: tuple[Task, ...]
    words: tuple[CaseStatement, ...]
    clocks: tuple[Nis2View, ...]
    next_due: tuple[str, Due] | None
    decisions: tuple[Decision, ...]
    indicators: tuple[InForce, ...]


def room_of(desk: "Desk", case_id: str, zone: tzinfo) -> Room:
    """The room of a case; of one that is merged or over, as it stood. Raises cases.UnknownCase."""
    case = desk.cases.case(case_id)
    ids = (case_id, *desk.files.merged_from(case_id))
    tasks, lives = desk.work.tasks(case_id), desk.indicator_book.of_case(case_id)
    sightings = desk.deliveries.sightings_of([life.id for life in lives])
    at_actors = desk.deliveries.at_actors_of({life.id: 0 for life in lives})
    waiting = tuple(task for task in tasks if task.state in WAITING)
    clocks = desk.nis2(zone).views(case_id)
    return Room(
        case=case,
        marking=desk.files.marking(case_id),
        first_us=desk.first_sighting(case),
        now_us=desk.now_us(),
        people=desk.people.on_it(case_id),
        notes=desk.people.notes(ids),
        actors=actor_roles(desk, case_id, lives, sightings),
        waiting=tuple(sorted(waiting, key=lambda task: (_owed_us(task), task.actor, task.id))),
        answered=tuple(sorted((t for t in tasks if t.state not in WAITING), key=_answered_us, reverse=True)),
        words=desk.work.words(case_id),
        clocks=clocks,
        next_due=_next_due(clocks),
        decisions=decisions(desk, ids, lives),
        indicators=tuple(in_force(life, at_actors[life.id], sightings.get(life.id, ())) for life in lives),
    )


def actor_roles(
    desk: "Desk", case_id: str, lives: Iterable[Life], sightings: Mapping[str, Sequence[Observed]]
) -> tuple[ActorRole, ...]:
    """Who is in a case and why, by name: reported, met and added by hand are apart, and one can be without another.
    ``sightings``: what actors met, by the indicator's id."""
    reporters, met = desk.work.involved.reporters(case_id), _met(desk, lives, sightings)
    return tuple(
        ActorRole(
            actor=name,
            by_hand=by_hand,
            reported=name in reporters,
            met_us=met.get(name, (None, False))[0],
            met_before=met.get(name, (None, False))[1],
        )
        for name, by_hand in sorted(desk.work.involved.actors(case_id).items())
    )


def in_force(life: Life, actors: Sequence[AtActor], sightings: Sequence[Observed]) -> InForce:
    """Where an indicator stands at the actors."""
    return InForce(
        life=life,
        enforced=tuple(actor.actor for actor in actors if actor.enforced_us is not None),
        missing=tuple(actor.actor for actor in actors if waits_for(actor) and not only_hunted(actor)),
        hunted=tuple(actor.actor for actor in actors if waits_for(actor) and only_hunted(actor)),
        met=tuple(sorted({one.actor for one in sightings if one.first_hour is not None})),
    )


def decisions(desk: "Desk", case_ids: Sequence[str], lives: Iterable[Life]) -> tuple[Decision, ...]:
    """What people, or a policy that two of them agreed on, decided in these cases; the newest first."""
    named = {life.id: str(life.observable) for life in lives}
    with reading(desk.engine) as connection:
        lines = audit.of_subjects(connection, (*case_ids, *named), (*DECIDED, _PUT), DECISIONS_MAX)
    decided: list[Decision] = []
    first: dict[str, tuple[str, ...]] = {}
    for line in lines:
        detail = json.loads(line.detail)
        decided += _decision(desk, line, detail, named, first.get(line.subject, ()))
        if line.act in (CaseAct.CONFIRM.value, _PUT, f"indicator-{LifeAct.APPROVE.value}"):
            first[line.subject] = tuple(detail.get("people", ())) or (line.who,)
    return tuple(reversed(decided))


def _decision(
    desk: "Desk", line: AuditLine, detail: Mapping[str, Any], named: Mapping[str, str], first: tuple[str, ...]
) -> list[Decision]:
    if line.act not in DECIDED or (line.subject in named and "case" in detail):
        return []  # what the running centre did for the case's own order is told by that order
    beside: tuple[str, ...] = ()
    if line.who.startswith(_POLICY):
        policy = desk.cases.policies.get(line.who.removeprefix(_POLICY))
        beside = tuple(name for name in (policy.proposed_by, policy.approved_by) if name)
    elif line.act in (
        CaseAct.RELEASE.value,
        f"indicator-{LifeAct.RELEASE.value}",
        f"indicator-{LifeAct.APPROVE.value}",
    ):
        beside = tuple(name for name in first if name != line.who)
    about = named.get(line.subject, "")
    why = str(detail.get("why", ""))
    return [Decision(at_us=line.at_us, who=line.who, beside=beside, what=DECIDED[line.act], about=about, why=why)]


def _met(
    desk: "Desk", lives: Iterable[Life], sightings: Mapping[str, Sequence[Observed]]
) -> dict[str, tuple[int, bool]]:
    met: dict[str, tuple[int, bool]] = {}
    for life in lives:
        if life.id not in sightings:
            continue
        kept = desk.deliveries.get(life.id)
        released_us = life.released_us or (kept.released_us if kept else 0)
        for sighting in sightings[life.id]:
            if sighting.first_hour is not None and sighting.count_bucket:
                at_us = sighting.first_hour * HOUR_US
                known_us, before = met.get(sighting.actor, (at_us, False))
                met[sighting.actor] = (min(known_us, at_us), before or at_us + HOUR_US <= released_us)
    return met


def _owed_us(task: Task) -> int:
    """The next deadline of a task that is not met."""
    owed = [due for due, met in zip(task.due_us, task.met_us, strict=True) if met is None]
    return min(owed, default=task.due_us[-1])


def _answered_us(task: Task) -> tuple[int, str]:
    return max((met for met in task.met_us if met is not None), default=task.given_us), task.id


def _next_due(clocks: Iterable[Nis2View]) -> tuple[str, Due] | None:
    owed = [(due.due_us, view.actor, due) for view in clocks for due in view.dues if due.sent_us is None and due.due_us]
    if not owed:
        return None
    _, actor, due = min(owed, key=lambda one: one[:2])
    return actor, due
