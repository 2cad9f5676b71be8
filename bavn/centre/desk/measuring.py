"""What each actor is measured by in a month, from what the centre has anyway: deliveries, receipts, tasks, warnings,
questions, canaries, health, noisy counts. Nothing is asked of an actor for it, and nothing of it is kept.

Refuses to compare: publish does, without names.
"""

import json
from statistics import median
from typing import Final

from sqlalchemy import Connection, select

from bavn.centre.books import tables as t
from bavn.centre.books.clock import is_uncarried
from bavn.centre.cases import dues
from bavn.centre.desk.counts import actor_counts
from bavn.centre.desk.desk import Desk
from bavn.centre.desk.detector_coverage import CAN
from bavn.centre.members.registry import joined_in
from bavn.centre.publish.facts import Period
from bavn.centre.share.delivery_figures import IN_FORCE, given_between
from bavn.centre.store.engine import reading
from bavn.model.moment import DAY_US, MINUTE_US
from bavn.model.sector.coverage import TECHNIQUES, detectors_of
from bavn.model.sector.member import Actor, ActorState
from bavn.model.sector.question import DAYS_OPEN_MAX

CANARY_DAYS: Final = 28
"""The last of a month: canaries are kept for 60 days, so that these are there for a month after its end."""
COUNTED_DAYS_MIN: Final = 7
"""Fewer days of noisy counts say too little of an actor."""

Measured = dict[str, dict[str, float]]
"""actor -> measure -> value."""


def members_in(desk: Desk, month: Period) -> tuple[Actor, ...]:
    """Active actors that were enrolled before the month began: all members know who they are."""
    with reading(desk.engine) as connection:
        joined = joined_in(connection)
    return tuple(
        one.actor
        for one in desk.members()
        if one.actor.state is ActorState.ACTIVE and joined.get(one.actor.name, month.end_us) <= month.first_us
    )


def measured(desk: Desk, month: Period, actor: str = "") -> Measured:
    """Every measure of bavn.centre.publish.measures that is known of each actor, or of this one; left out where it is
    not."""
    measured: Measured = {}
    with reading(desk.engine) as connection:
        by_measure = {
            **_blocks(connection, month, actor),
            "deadlines": _deadlines(connection, month),
            "canary": _canaries(connection, month),
            "suspected": _suspected(connection, month),
        }
    by_measure["coverage"] = _coverage(desk)
    for measure, values in by_measure.items():
        for one, value in values.items():
            if actor in ("", one):
                measured.setdefault(one, {})[measure] = value
    return measured


def _blocks(connection: Connection, month: Period, actor: str) -> dict[str, dict[str, float]]:
    """Of indicators that an actor was first given in the month, and that something there can carry: how many came into
    force, and how long that took, from the centre's clock at both ends."""
    took: dict[tuple[str, str], float | None] = {}
    hunted: set[tuple[str, str]] = set()
    for row in given_between(connection, month.first_us, month.end_us, actor):
        key, wait = (row.actor, row.indicator_id), took.get((row.actor, row.indicator_id))
        if row.state is not None and row.rule is not None and is_uncarried(row.state, row.rule):
            hunted.add(key)
        if row.first_us is not None and row.state in IN_FORCE and row.first_us >= row.given_us:
            wait = min((row.first_us - row.given_us) / MINUTE_US, wait if wait is not None else float("inf"))
        took[key] = wait
    waits: dict[str, list[float | None]] = {}
    for key, wait in took.items():
        if wait is not None or key not in hunted:
            waits.setdefault(key[0], []).append(wait)
    times = {actor: [wait for wait in all_ if wait is not None] for actor, all_ in waits.items()}
    return {
        "block": {actor: median(known) for actor, known in times.items() if known},
        "enforced": {actor: 100 * len(times[actor]) / len(all_) for actor, all_ in waits.items()},
    }


def _deadlines(connection: Connection, month: Period) -> dict[str, float]:
    """Of deadlines that passed in the month, per cent that were kept. What was taken back counts on no side."""
    kept: dict[str, list[bool]] = {}
    asked_us = month.first_us - (DAYS_OPEN_MAX + 1) * DAY_US
    owed = (
        *dues.of_tasks(connection, month.end_us),
        *dues.of_warnings(connection),
        *dues.of_questions(connection, asked_us, month.end_us),
    )
    for actor, due_us, met_us in owed:
        if month.holds(due_us):
            kept.setdefault(actor, []).append(met_us is not None and met_us <= due_us)
    return {actor: 100 * sum(kept) / len(kept) for actor, kept in kept.items()}


def _canaries(connection: Connection, month: Period) -> dict[str, float]:
    """Per cent of the month's last 28 days on which every link that is covered passed. An actor that told of none on
    any of them is left out: its node is too old to, or its policy says no."""
    end = month.end_us // DAY_US
    query = select(t.CANARY_LINK.c.actor, t.CANARY_LINK.c.day, t.CANARY_LINK.c.state).where(
        t.CANARY_LINK.c.day >= end - CANARY_DAYS, t.CANARY_LINK.c.day < end
    )
    days: dict[tuple[str, int], set[str]] = {}
    for actor, day, state in connection.execute(query):
        days.setdefault((actor, day), set()).add(state)
    whole: dict[str, int] = {}
    for (actor, _), states in days.items():
        whole[actor] = whole.get(actor, 0) + ("passed" in states and states <= {"passed", "not-covered"})
    return {actor: 100 * number / CANARY_DAYS for actor, number in whole.items()}


def _suspected(connection: Connection, month: Period) -> dict[str, float]:
    """Own machines under suspicion, a day, from counts that the actor itself put noise on."""
    first, end = month.first_us // DAY_US, month.end_us // DAY_US
    days: dict[str, list[int]] = {}
    for row in connection.execute(select(t.COUNTS).where(t.COUNTS.c.day >= first, t.COUNTS.c.day < end)):
        told = actor_counts("", row.actor, row.epsilon_milli, json.loads(row.body)[0])
        days.setdefault(row.actor, []).append(sum(told.cells))
    return {actor: sum(told) / len(told) for actor, told in days.items() if len(told) >= COUNTED_DAYS_MIN}


def _coverage(desk: Desk) -> dict[str, float]:
    """Per cent of the techniques that some detector names and that could be seen at the actor now."""
    coverage = {}
    for eye in desk.coverage():
        seen = sum(any(eye.by(name) == CAN for name in detectors_of(one)) for one in TECHNIQUES)
        coverage[eye.actor] = 100 * seen / len(TECHNIQUES)
    return coverage
