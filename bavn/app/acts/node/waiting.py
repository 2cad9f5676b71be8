"""What waits for a person at a node: one function for each kind of thing gives its lines. A new kind is one more in
KINDS. Expect no suspicions here, which have a list of their own; refuses to decide who may."""

from collections.abc import Callable, Iterator, Sequence
from typing import Final
from urllib.parse import quote

from bavn.actor.door.conversations.case_book import CASES_SQL, cases_of
from bavn.actor.door.conversations.nis2_steps import NIS2_SQL, nis2_statements_of
from bavn.actor.door.conversations.warnings import ANSWERS_SQL, WARNINGS_SQL, answers_of, unread, warnings_of
from bavn.actor.door.queries import asked_elements
from bavn.actor.protect.confirmed import hits
from bavn.actor.protect.queries import items_page, left_on_items
from bavn.app.access.accounts import Account
from bavn.app.access.handed import Handed
from bavn.app.access.rights import Right
from bavn.app.acts.act import act
from bavn.app.acts.node import cases as case_acts
from bavn.app.acts.node import door as door_acts
from bavn.app.acts.node import hits as hit_acts
from bavn.app.acts.node import protection as protection_acts
from bavn.app.acts.node import warnings as warning_acts
from bavn.app.acts.node.here import Here
from bavn.app.acts.waiting import LINES_MAX, Step, Viewer, Waiting, hand
from bavn.app.node.book_queries import Asks
from bavn.app.node.case_parts import OWED, dues_of, next_report, reports_of
from bavn.model.intel.accidents import accident_of
from bavn.model.moment import DAY_US
from bavn.model.observable import Observable, ObservableType
from bavn.model.sector import nis2
from bavn.model.sector.work import DueState
from bavn.model.text import Text

ANSWER: Final = Text("You say whether it applies here, and what you did.")
LATE: Final = Text("The time for it has passed. You say whether it applies here, and what you did.")
DUE_REPORT: Final = Text("NIS2: {report} about {about} is due")
LATE_REPORT: Final = Text("NIS2: {report} about {about} was due")
"""Behind each stands when."""
Finds = Callable[[Asks, str, int], Iterator[Waiting]]
"""Questions to the node's book, the node's name, and now."""


def _hits(rows: Asks, node: str, _: int) -> Iterator[Waiting]:
    for hit in hits(rows):
        if not hit.is_taken:
            yield Waiting(
                kind="hit",
                subject=hit.indicator_id,
                what=Text("A confirmed attack was here: {value}", value=Text.plain(hit.observable.value)),
                will=Text("You look after it, and your colleagues see that you do. Nothing is sent."),
                act=hit_acts.take_hit,
                page=_page(node, "today"),
                since_us=hit.received_us,
                weight=3,
                node=node,
                step=Step(
                    verb=Text("I have it"),
                    path=_page(node, "hits", hit.indicator_id, "taken"),
                ),
            )


def _blocks(rows: Asks, node: str, _: int) -> Iterator[Waiting]:
    decided = left_on_items(rows)
    for item in items_page(rows, "", "%", "waiting", "", None, LINES_MAX):
        indicator_id, value, reason, decided_us = item[0], item[2], item[6], item[8]
        if indicator_id in decided:
            continue
        accident = accident_of(Observable.trusted(ObservableType(item[1]), value)) if value else None
        why = Text("It is blocked here until its end. Why it waits: {why}", why=Text.of_row(reason))
        yield Waiting(
            kind="block",
            subject=indicator_id,
            what=Text("Block {value}", value=Text.plain(value)),
            will=why if accident is None else Text.shaped("{why} {breaks}", why=why, breaks=accident.words),
            act=protection_acts.act_on,
            page=f"{_page(node, 'protection')}?indicator={quote(indicator_id, safe='')}",
            since_us=decided_us,
            weight=2,
            node=node,
            step=_block_step(node, indicator_id) if accident is None else None,  # else what it breaks is read first
        )


def _block_step(node: str, indicator_id: str) -> Step:
    path = _page(node, "protection", "blocks", indicator_id, "approve")
    return Step(verb=Text("Block it"), path=path, body={"sure": True})


def _reveals(rows: Asks, node: str, _: int) -> Iterator[Waiting]:
    for element, at_us in asked_elements(rows, LINES_MAX):
        yield Waiting(
            kind="reveal",
            subject=element,
            what=Text("May {element} be named to the centre?", element=Text.plain(element)),
            will=Text("You see first, whole, what would leave; then you let it out, or keep it here for good."),
            act=door_acts.override,
            page=f"{_page(node, 'door')}?tab=waiting",
            since_us=at_us,
            weight=2,
            node=node,
        )


def _tasks(rows: Asks, node: str, now_us: int) -> Iterator[Waiting]:
    for case in cases_of(rows(CASES_SQL)):
        owed = [(due_us, state) for _, _, due_us, state in dues_of(case, now_us) if state in OWED]
        if owed:
            late = any(state is DueState.OVERDUE for _, state in owed)
            yield Waiting(
                kind="case",
                subject=case.case_id,
                what=Text("The centre waits for an answer in case {id}", id=Text.plain(case.case_id)),
                will=LATE if late else ANSWER,
                act=case_acts.answer,
                page=_page(node, "cases", case.case_id),
                since_us=case.received_us,
                weight=3 if late else 2,
                node=node,
            )


def reports_owed(rows: Asks, node: str, now_us: int) -> Iterator[Waiting]:
    """Of each case this actor's own report under NIS2 that is owed next, or was missed first."""
    noted = nis2_statements_of(rows(NIS2_SQL))
    for case in cases_of(rows(CASES_SQL)):
        owed = next_report(reports_of(case, noted, now_us))
        if owed is None or owed.due_us is None:
            continue
        own = case.part["own"]
        about = Text.plain(own[0]["value"] if own else case.case_id)
        yield Waiting(
            kind="nis2",
            subject=case.case_id,
            what=(LATE_REPORT if owed.state is nis2.DueState.OVERDUE else DUE_REPORT).filled(
                report=nis2.NAMES[owed.report], about=about
            ),
            will=Text("You send it to the authority yourselves; then you note in the case that it was sent."),
            act=case_acts.note,
            page=_page(node, "cases", case.case_id),
            since_us=case.received_us,
            weight=3 if owed.due_us - now_us < DAY_US else 1,
            node=node,
            due_us=owed.due_us,
        )


def _warnings(rows: Asks, node: str, _: int) -> Iterator[Waiting]:
    for warning in unread(warnings_of(rows(WARNINGS_SQL)), answers_of(rows(ANSWERS_SQL))):
        yield Waiting(
            kind="warning",
            subject=warning.warning_id,
            what=Text("A warning to read: {title}", title=warning.headline),
            will=Text("You tell the centre that a person here has read it."),
            act=warning_acts.answer,
            page=_page(node, "warnings", warning.warning_id),
            since_us=warning.received_us,
            weight=2,
            node=node,
        )


KINDS: Final[tuple[Finds, ...]] = (_hits, reports_owed, _tasks, _blocks, _reveals, _warnings)
"""Every kind of thing that waits at a node."""


def waiting_at_node(here: Here, node: str) -> list[Waiting]:
    """All that waits for a person at one node, in no order. Raises SettingsError; Stop where it has never run."""
    now_us = here.clock.now_us()
    with here.asks() as rows:
        return [line for find in KINDS for line in find(rows, node, now_us)]


@act(Right.SOC_READ)
def hand_over(
    handed: Handed, viewer: Viewer, lines: Sequence[Waiting], people: Sequence[Account], thing: str, to: str
) -> Text:
    """Ask a colleague who can do it to look at what waits: it stands on top of what waits for them, with your name."""
    return hand(handed, viewer, lines, people, thing, to)


def _page(node: str, *parts: str) -> str:
    """An address of the console; what stands below /api/v1 reads the same."""
    return "/" + "/".join(quote(part, safe="") for part in ("nodes", node, *parts))
