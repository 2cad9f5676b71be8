"""What the next person on a shift must know that no line of the queue says: which deadlines of actors have passed or
end soon, and whose clocks of NIS2 nobody has told the centre of.

Only what actors noted or the centre asked of them. Refuses to guess a clock that nobody told of.
"""

from collections.abc import Iterator
from datetime import tzinfo
from typing import TYPE_CHECKING, Final

from bavn.centre.cases.case.pages import CaseAsk
from bavn.model.moment import HOUR_US, iso
from bavn.model.sector.case import CaseState
from bavn.model.sector.nis2 import NAMES
from bavn.model.sector.work import DueState
from bavn.model.text import Text

if TYPE_CHECKING:
    from bavn.centre.desk.desk import Desk

LINES_MAX: Final = 30
CASES_MAX: Final = 30
NAMES_MAX: Final = 8
STEPS: Final = {
    "acknowledge": Text("{actor} has not acknowledged what it was asked in {case}"),
    "applies": Text("{actor} has not said whether what it was asked in {case} applies there"),
    "done": Text("{actor} has not done what it was asked in {case}"),
}


def handover(desk: "Desk", zone: tzinfo) -> tuple[Text, ...]:
    """A sentence for each deadline, the earliest first, then one for each case with clocks that are not known here."""
    now_us = desk.now_us()
    owed = sorted([*_nis2(desk, zone), *_tasks(desk)], key=lambda line: (line[0], line[1].en))
    lines = []
    for due_us, what in owed[:LINES_MAX]:
        day = iso(due_us)[:16]
        lines.append(
            Text("{what}: it was due {day}Z.", what=what, day=day)
            if due_us < now_us
            else Text("{what}: it is due {day}Z.", what=what, day=day)
        )
    return (*lines, *_unknown(desk, zone))


def _nis2(desk: "Desk", zone: tzinfo) -> Iterator[tuple[int, Text]]:
    for view in desk.nis2(zone).views():
        if view.next_us is not None and view.next_report is not None:
            report = NAMES[view.next_report]
            what = Text(
                "{actor} has noted no {report} of NIS2 in {case}", actor=view.actor, report=report, case=view.case_id
            )
            yield view.next_us, what


def _tasks(desk: "Desk") -> Iterator[tuple[int, Text]]:
    now_us, soon_us = desk.now_us(), desk.work.settings.soon_hours * HOUR_US
    for task in desk.work.tasks(running=True):
        for step, due_us, state in task.dues(now_us, soon_us):
            if state in (DueState.OVERDUE, DueState.SOON):
                what = STEPS[step].filled(actor=task.actor, case=task.case_id)
                yield due_us, what


def _unknown(desk: "Desk", zone: tzinfo) -> Iterator[Text]:
    """Of confirmed cases: who is in it and has told of no clock."""
    noted: dict[str, set[str]] = {}
    for view in desk.nis2(zone).views():
        noted.setdefault(view.case_id, set()).add(view.actor)
    ask = CaseAsk(states=(CaseState.CONFIRMED, CaseState.RELEASED))
    for line in desk.case_page(ask, CASES_MAX):
        case_id = line.case.id
        silent = sorted(set(desk.work.involved.actors(case_id)) - noted.get(case_id, set()))
        if silent:
            shown = Text.plain(", ".join(silent[:NAMES_MAX]))
            if len(silent) > NAMES_MAX:
                shown = Text("{names} and {n} more", names=shown, n=len(silent) - NAMES_MAX)
            yield Text(
                "{case}: not known here whether a clock of NIS2 runs at {actors}: nothing was noted.",
                case=case_id,
                actors=shown,
            )
