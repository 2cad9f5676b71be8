"""What the people of an actor must hear of by mail now: hits, what the centre waits for, NIS2's deadlines, own health.

Built from nothing: a thing has kinds, counts, days and deadlines, and no field for a machine, a value or anybody's
words, since mail is read by others on its way and an attacker inside may read it first. Refuses to send, and to say
again what was mailed.
"""

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Final, Literal

from bavn.actor.door.conversations.case_book import CASES_SQL, KeptCase, cases_of
from bavn.actor.door.conversations.nis2_steps import NIS2_SQL, nis2_statements_of
from bavn.actor.door.conversations.warnings import ANSWERS_SQL, WARNINGS_SQL, answers_of, unread, warnings_of
from bavn.actor.protect.confirmed import Confirmed, hits
from bavn.app.analyst.confirmed.here import HitHere, hits_here
from bavn.app.analyst.confirmed.words import sentence, what_to_do
from bavn.app.analyst.suspected import ranked
from bavn.app.node.book_queries import Asks
from bavn.app.node.case_parts import OWED, SOON_US, dues_of, reports_of
from bavn.app.node.health.files import HEALTH_FILE
from bavn.app.node.health.promises import MAIL_GOES, NODE_PROMISES
from bavn.model.catalogue import moment
from bavn.model.contained import contained
from bavn.model.failure import Failures
from bavn.model.health import file_old
from bavn.model.malformed import UNREADABLE
from bavn.model.moment import DAY_US, HOUR_US, MINUTE_US, as_datetime
from bavn.model.sector.nis2 import NAMES, Due
from bavn.model.sector.sector_warning import URGENCIES, Urgency, headline
from bavn.model.sector.work import DueState, due_state
from bavn.model.spans import local_day
from bavn.model.text import Language, Text

Kind = Literal["hit", "task", "warning", "nis2", "alarm"]
NIS2_NEAR_US: Final = 12 * HOUR_US
"""So long before it a report's deadline is near: half of the 24 hours that the first one has."""
OLD_US: Final = 30 * DAY_US
"""What is overdue for longer is nobody's news any more."""
STANDS_US: Final = 5 * MINUTE_US
"""What is wrong with the node for a shorter time is not mailed."""
_STEPS: Final = {
    "acknowledge": Text("Say that you have it."),
    "applies": Text("Say whether it applies here."),
    "done": Text("Do it, and say so."),
}
_WAITED_FOR: Final = {
    DueState.WAITING: Text("the centre waits for an answer"),
    DueState.SOON: Text("an answer to the centre is due soon"),
    DueState.OVERDUE: Text("an answer to the centre is OVERDUE"),
}
_TO_READ: Final = {
    DueState.WAITING: Text("a warning waits to be read"),
    DueState.SOON: Text("a warning must be read soon"),
    DueState.OVERDUE: Text("nobody has read a warning IN TIME"),
}
_ASKED: Final = Text("The centre has asked you for something, and waits.")
_WARNED: Final = Text("The centre has sent you a warning. What it says is for your console alone.")
_OWES: Final = Text("A report on an incident here is owed under NIS2, and is not noted as sent.")
_CASE: Final = Text("Case: {case_id}")
_DEADLINE: Final = Text("Deadline: {when}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    """``id``: the same for as long as it is the same news. ``since_us`` orders them. ``lines``: asked for only where it
    is mailed. ``page``: where the console has it, below the node's own; ``command``: what shows it in a shell."""

    id: str
    kind: Kind
    since_us: int
    subject: Text
    lines: Callable[[], Iterable[Text]]
    page: tuple[str, ...]
    command: str

    @property
    def urgent(self) -> bool:
        """Goes before all else, and has room that nothing else takes."""
        return self.kind == "hit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Owing:
    """What is looked at, and when. ``health``: the running node's own file; ``failures``: who is told of a kind that
    fails."""

    rows: Asks
    health: Path
    language: Language
    now_us: int
    failures: Failures


def owed(given: Owing) -> list[Thing]:
    """All of it, hits first, then the oldest. What somebody has seen to is not in it. One kind that fails unforeseen
    costs the others nothing."""
    things: list[Thing] = []
    for kind, find in _FINDS.items():
        step = partial(_add, things, find, given)
        contained(given.failures, f"mail of {kind}", step, passing=(sqlite3.Error,))
    return sorted(things, key=lambda thing: (not thing.urgent, thing.since_us, thing.id))


def _add(things: list[Thing], find: Callable[[Owing], Iterable[Thing]], given: Owing) -> None:
    things.extend(list(find(given)))


def _hits(given: Owing) -> Iterator[Thing]:
    """What was met again long after somebody took it is another thing. Suspicions are read only where one is mailed:
    there may be many. Where they or the cases cannot be read, the hit is mailed without them."""

    @cache
    def whole() -> dict[str, HitHere]:
        known: dict[str, HitHere] = {}

        def read() -> None:
            known.update({hit.confirmed.indicator_id: hit for hit in hits_here(given.rows, ranked(given.rows))})

        contained(given.failures, "mail of hits", read, passing=(sqlite3.Error,))
        return known

    for hit in hits(given.rows):
        if not hit.is_taken:
            yield Thing(
                id=f"hit {hit.indicator_id} {hit.taken_us or 0}",
                kind="hit",
                since_us=hit.received_us,
                subject=Text("A CONFIRMED ATTACK WAS HERE"),
                lines=partial(_hit_lines, whole, hit),
                page=("today",),
                command="bavn node hits",
            )


def _hit_lines(whole: Callable[[], dict[str, HitHere]], known: Confirmed) -> Iterator[Text]:
    alone = HitHere(confirmed=known, case=None, reported=False, suspicions=())
    hit = whole().get(known.indicator_id, alone)
    yield Text("Your machines met what the sector has confirmed to be an attack.")
    yield Text.shaped("{sentence}.", sentence=sentence(hit, None))
    if hit.confirmed.last_us is not None:
        yield Text("Last met on {day}.", day=local_day(hit.confirmed.last_us, None))
    if hit.case is not None:
        yield _CASE.filled(case_id=hit.case.case_id)
    yield Text("What to do now:")
    for number, step in enumerate(what_to_do(hit, named=False), 1):
        yield Text.shaped("{number}. {step}", number=number, step=step)


def _cases(given: Owing) -> Iterator[Thing]:
    noted = nis2_statements_of(given.rows(NIS2_SQL))
    for case in cases_of(given.rows(CASES_SQL)):
        yield from _tasks(given, case)
        yield from _nis2(given, case, reports_of(case, noted, given.now_us))


def _tasks(given: Owing, case: KeptCase) -> Iterator[Thing]:
    """Of each task the step that is owed first: when it comes, when its deadline is near, when it has passed."""
    first: dict[str, tuple[int, str, DueState]] = {}
    for task, step, due_us, state in dues_of(case, given.now_us):
        if state in OWED and given.now_us < due_us + OLD_US:
            earliest = min(first.get(task["task_id"], (due_us, step, state)), (due_us, step, state))
            first[task["task_id"]] = earliest
    for task_id, (due_us, step, state) in first.items():
        about = () if state is DueState.WAITING else (step, state.value)
        yield Thing(
            id=" ".join(("task", task_id, *about)),
            kind="task",
            since_us=case.received_us,
            subject=_WAITED_FOR[state],
            lines=_lines(_ASKED, _CASE.filled(case_id=case.case_id), _STEPS[step], _when(given, due_us)),
            page=("cases", case.case_id),
            command=f"bavn node cases {case.case_id}",
        )


def _nis2(given: Owing, case: KeptCase, reports: Iterable[Due]) -> Iterator[Thing]:
    for report in reports:
        due_us = report.due_us
        if report.sent_us is not None or due_us is None:
            continue
        if due_us - NIS2_NEAR_US < given.now_us < due_us + OLD_US:
            late = given.now_us > due_us
            name = NAMES[report.report]
            subject = (
                Text("NIS2: {name} is OVERDUE", name=name) if late else Text("NIS2: {name} is due soon", name=name)
            )
            yield Thing(
                id=f"nis2 {case.case_id} {report.report.value} {due_us} {'late' if late else 'near'}",
                kind="nis2",
                since_us=due_us - NIS2_NEAR_US,
                subject=subject,
                lines=_lines(_OWES, _CASE.filled(case_id=case.case_id), _when(given, due_us)),
                page=("cases", case.case_id),
                command=f"bavn node cases {case.case_id}",
            )


def _warnings(given: Owing) -> Iterator[Thing]:
    for warning in unread(warnings_of(given.rows(WARNINGS_SQL)), answers_of(given.rows(ANSWERS_SQL))):
        due_us = warning.said["acknowledge_us"]
        if given.now_us >= warning.said["until_us"]:
            continue
        state = due_state(due_us, given.now_us, SOON_US)
        about = () if state is DueState.WAITING else (state.value,)
        urgency = URGENCIES[Urgency(warning.said["urgency"])]
        yield Thing(
            id=" ".join(("warning", warning.warning_id, str(warning.version), *about)),
            kind="warning",
            since_us=warning.received_us,
            subject=headline(_TO_READ[state], drill=warning.said["drill"]),
            lines=_lines(_WARNED, Text("Urgency: {urgency}", urgency=urgency), _when(given, due_us)),
            page=("warnings", warning.warning_id),
            command=f"bavn node warnings {warning.warning_id}",
        )


def _alarms(given: Owing) -> Iterator[Thing]:
    """Which promises of the running node are broken, by their own words; never what broke them, which names files and
    hosts. That mail does not go is not mailed."""
    promises = {promise.code: promise for promise in NODE_PROMISES if promise.code != MAIL_GOES}
    for code, since_us in _broken(given.health, given.now_us):
        promise = promises.get(code)
        if promise is None or given.now_us - since_us < STANDS_US:
            continue
        yield Thing(
            id=f"alarm {code} {since_us}",
            kind="alarm",
            since_us=since_us,
            subject=Text("the node is not well"),
            lines=_lines(
                Text("This does not hold any more: {says}.", says=promise.says),
                Text("Since {when}.", when=_local(given, since_us)),
                Text("First: {first}.", first=promise.first),
            ),
            page=("health",),
            command="bavn node health",
        )


def _broken(file: Path, now_us: int) -> list[tuple[str, int]]:
    """(promise, since when it is broken) of a node that runs; nothing where the file is old, away or cannot be read."""
    try:
        health = json.loads(file.read_text(encoding="utf-8"))
        if health["stopped"] or file_old(int(health["at_us"]), now_us):
            return []
        stands = [(str(one["code"]), one["state"], one["since_us"]) for one in health["promises"]]
        return [(code, int(since_us)) for code, state, since_us in stands if state == "broken" and since_us]
    except UNREADABLE:
        return []


_FINDS: Final = {
    "hits": _hits,
    "cases": _cases,
    "warnings": _warnings,
    "alarms": _alarms,
}


def health_file(folder: Path) -> Path:
    """Where the running node says how it is."""
    return folder / HEALTH_FILE


def _lines(*lines: Text) -> Callable[[], Iterable[Text]]:
    return lambda: lines


def _when(given: Owing, due_us: int) -> Text:
    return _DEADLINE.filled(when=_local(given, due_us))


def _local(given: Owing, at_us: int) -> str:
    return moment(as_datetime(at_us).astimezone(), given.language, zone=True)
