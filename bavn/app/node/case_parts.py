"""This actor's part of the sector's cases beside the running node: read from its book, an answer tried at the gate.

Refuses to send.
"""

import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final, Literal

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bavn.actor.door.conversation import DoorContext, PersonStatement
from bavn.actor.door.conversations.case_book import CASES_SQL, KeptCase, cases_of
from bavn.actor.door.conversations.cases import Cases
from bavn.actor.door.conversations.nis2_steps import Nis2Statement
from bavn.actor.door.rounds.labels import CENTRE
from bavn.actor.evidence import redact
from bavn.app.config.load import read_node
from bavn.app.node.book_queries import asks, book_of
from bavn.app.process.exits import Exit, Stop
from bavn.app.process.real import SystemClock, SystemDice
from bavn.model.moment import HOUR_US
from bavn.model.sector.case import OVER, CaseState
from bavn.model.sector.nis2 import Due, Nis2Act, due_of
from bavn.model.sector.work import STEPS, DueState, TaskState, step_standing
from bavn.model.text import Text
from bavn.wire.book import Book
from bavn.wire.ledger import Ledger
from bavn.wire.outbox import Outbox

SENT: Final = Text("sent")
SOON_US: Final = 4 * HOUR_US

OWED: Final = (DueState.WAITING, DueState.SOON, DueState.OVERDUE)
"""What is asked in a case that stands so is not owed any more; where it was merged, it is asked in the other one."""

RULES: Final[dict[str, Text]] = {
    "answer_cases": Text("not sent: the policy answers no cases"),
    "attach_evidence": Text("not sent: the policy attaches no evidence"),
    "case_known": Text("not sent: no such case is open here"),
    "task_step": Text("not sent: the task has no such step now"),
    "words_clean": Text("not sent: it holds a CPR number, an address of a person, an own address or an inside name"),
    "note_nis2": Text("not sent: the policy notes no NIS2 steps"),
    "nis2_time": Text("not sent: the time cannot be"),
    "nis2_order": Text("not sent: the course does not allow it"),
    "nis2_budget": Text("not sent: the day's steps are spent"),
    "answers_budget": Text("not sent: the day's answers are spent"),
    "evidence_budget": Text("not sent: the day's evidence is spent"),
    "answer_warnings": Text("not sent: the policy answers no warnings"),
    "warning_known": Text("not sent: a newer version has come, or there is no such warning"),
    "warning_step": Text("not sent: it cannot be answered so now"),
    "attached": Text("not sent: nothing is attached"),
}
"""What a rule of gate 1 means to whoever answered."""


def moment() -> int:
    """What time it is."""
    return SystemClock().now_us()


def kept_case(config: Path, given: str) -> KeptCase:
    """The case whose id begins so. Stop where there is none, or more than one."""
    with asks(config) as rows:
        return named(cases_of(rows(CASES_SQL)), given, "cases")


KINDS: Final = {
    "cases": Text.in_context("ids begin so", "cases"),
    "warnings": Text.in_context("ids begin so", "warnings"),
}


def named[Kept](kept: Iterable[Kept], given: str, what: Literal["cases", "warnings"]) -> Kept:
    """The one whose id begins so. Stop where there is none, or more than one."""
    matching = [one for one in kept if given and str(getattr(one, f"{what[:-1]}_id")).startswith(given)]
    if len(matching) != 1:
        raise Stop(
            Exit.NOT_FOUND,
            Text(
                "{count} {what} begin with {given} (bavn node {listed})",
                count=len(matching),
                what=KINDS[what],
                given=repr(given[:40]),
                listed=what,
            ),
        )
    return matching[0]


class opened_cases:  # noqa: N801  used as a context, like a function
    """The node's cases on its own book, beside the running node; its gate may be tried and words left, nothing sent."""

    def __init__(self, config: Path) -> None:
        self._config = config

    def __enter__(self) -> Cases:
        given = read_node(self._config)
        self._book = Book(book_of(self._config))
        try:
            clock, nobody = SystemClock(), Ed25519PrivateKey.from_private_bytes(SystemDice().bytes(32))
            at = DoorContext(
                ledger=Ledger(self._book),
                outbox=Outbox(self._book, given.node.actor, nobody, clock),
                clock=clock,
                policy=given.door,
                homes=given.node.homes,
                centre=CENTRE,
            )
            return Cases(at, redact.text)
        except (sqlite3.Error, ValueError):
            self._book.close()
            raise

    def __exit__(self, *_: object) -> None:
        self._book.close()


def rule_text(rule: str) -> Text:
    """What a rule of gate 1 means to whoever answered."""
    return RULES.get(rule) or Text("not sent: rule {rule}", rule=rule)


def became_text(statement: PersonStatement, sent: Text = SENT) -> Text:
    """Where it stands."""
    if statement.told_us is None:
        return Text("waits for the running node")
    return rule_text(statement.rule) if statement.rule else sent


def dues_of(case: KeptCase, now_us: int) -> list[tuple[dict[str, Any], str, int, DueState]]:
    """(task, step, deadline, where it stands) of everything that is asked in a case; void where the case is over."""
    over = case.state in OVER
    return [
        (
            task,
            step,
            task[f"{step}_us"],
            DueState.VOID
            if over
            else step_standing(TaskState(task["state"]), step, task[f"{step}_us"], None, now_us, SOON_US),
        )
        for task in case.part["tasks"]
        for step in STEPS
    ]


def reports_of(case: KeptCase, noted: Iterable[Nis2Statement], now_us: int) -> list[Due]:
    """Where this actor's own reports under NIS2 stand: as the centre told them, with what people here noted since.
    ``noted``: of every case; what the gate refused counts for nothing."""
    here = {step.act: step.at_us for step in noted if step.case_id == case.case_id and not step.rule}
    if case.state == CaseState.MERGED or Nis2Act.NOT_SIGNIFICANT in here:
        return []
    clocks = [(Nis2Act(clock["report"]), clock["due_us"], clock["sent_us"]) for clock in case.part["clocks"]]
    return [
        due_of(report, due_us, here.get(report) if sent_us is None else sent_us, now_us)
        for report, due_us, sent_us in clocks
    ]


def next_report(reports: Iterable[Due]) -> Due | None:
    """The report that is owed next, or was missed first."""
    owed = [report for report in reports if report.sent_us is None and report.due_us is not None]
    return min(owed, key=lambda report: report.due_us or 0, default=None)
