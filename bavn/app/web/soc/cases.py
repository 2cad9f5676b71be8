"""This actor's part of the sector's cases, and what people here answer. What would leave is shown before it leaves.

Nothing is sent here: an answer is left in the node's book, and the running node lets it out through gate 1.
Rights: soc:read, soc:triage.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter

from bavn.actor.door.conversations.case_book import (
    ATTACH,
    CASES_SQL,
    SAID_SQL,
    CaseReply,
    KeptCase,
    cases_of,
    replies_of,
)
from bavn.actor.door.conversations.nis2_steps import NIS2_SQL, nis2_statements_of
from bavn.actor.door.queries import told_elements
from bavn.actor.door.suspicions import Ranked
from bavn.app.acts.node import cases as acts
from bavn.app.acts.node.here import centre_is_told
from bavn.app.analyst.confirmed.here import HitHere, hits_here, of_case, own_of
from bavn.app.node.book_queries import Asks
from bavn.app.node.case_parts import OWED, became_text, dues_of, next_report, reports_of
from bavn.app.web.frame import After, Limit, Person, Rows, TextShape, allow, filled, opened, page
from bavn.app.web.soc.context import Context
from bavn.app.web.soc.shapes import REFUSALS, CaseId, Done, Frozen, NodeName, Reads, refusal, when_sent
from bavn.app.web.soc.suspected_shapes import ConfirmedShown
from bavn.model.intel import rsit
from bavn.model.sector.case import CASE_WORDS, CaseState
from bavn.model.sector.nis2 import DUE_WORDS as REPORT_WORDS
from bavn.model.sector.nis2 import NAMES, Nis2Act
from bavn.model.sector.nis2 import Due as Nis2Due
from bavn.model.sector.nis2 import DueState as ReportState
from bavn.model.sector.work import (
    ACTOR_ACTS,
    DUE_WORDS,
    TASK_CYCLE,
    TASK_WORDS,
    DueState,
    TaskState,
)

Answers = Annotated[Person, allow(acts.answer)]
Notes = Annotated[Person, allow(acts.note)]
Attaches = Annotated[Person, allow(acts.attach)]


class Due(Frozen):
    """A step of a task that is owed, and where it stands."""

    step: str
    due_us: int
    standing: str
    says: TextShape


class Task(Frozen):
    """What is asked. ``acts``: what may be answered now."""

    id: str
    kind: str
    text: str
    state: str
    says: TextShape
    dues: list[Due]
    acts: list[str]


class CaseWord(Frozen):
    """Something that was said in a case. ``became``: where an answer of people here stands."""

    at_us: int
    by: str
    here: bool
    act: str
    task: str | None
    text: str
    sha256: str
    became: TextShape | None


class Nis2Clock(Frozen):
    """A report that this actor owes under NIS2, and whether its deadline runs, was met or missed."""

    report: Nis2Act
    says: TextShape
    due_us: int | None
    sent_us: int | None
    state: ReportState
    state_said: TextShape


class Nis2Choice(Frozen):
    """Something that may have happened here, to be noted."""

    act: Nis2Act
    says: TextShape


class CaseShort(Frozen):
    """A case in a list. ``own``: what of it concerns this actor; ``reported``: what of that this node told; ``met``:
    what was met here, which is another thing. ``owed_us``: the next deadline; ``overdue``: one has passed unmet."""

    id: str
    state: str
    says: TextShape
    tlp: str
    rsit: str
    own: list[str]
    reported: list[str]
    met: list[ConfirmedShown]
    tasks: int
    owed_us: int | None
    overdue: bool
    received_us: int


class Case(CaseShort):
    """This actor's own part of a case. ``next_due``: the report that is owed next, or was missed first; ``steps``: what
    may be noted of the incident here."""

    pap: int
    rsit_says: TextShape | None
    techniques: list[str]
    first_us: int
    merged_into: str | None
    work: list[Task]
    words: list[CaseWord]
    clocks: list[Nis2Clock]
    next_due: Nis2Clock | None
    steps: list[Nis2Choice]


class Leaving(Frozen):
    """What leaves, whole. ``refused``: why it would not. ``number`` once it was left for the node, ``when``: when the
    node sends it then."""

    case: str
    act: str
    task: str | None
    words: str
    privacy: str
    refused: TextShape | None
    number: int | None
    when: TextShape | None = None


class FileShown(Frozen):
    """A file of what leaves, as text."""

    name: str
    text: str


class Attachment(Leaving):
    """All that leaves: one archive, its files as text, and its SHA-256."""

    sha256: str
    bytes: int
    files: list[FileShown]


router = APIRouter(prefix="/nodes/{node}/cases", tags=["cases"], responses=REFUSALS)
"""Cases that an actor is in."""


@router.get("", operation_id="nodeCases")
def cases(context: Context, node: NodeName, person: Reads, limit: Limit = 100, after: After = None) -> Rows[CaseShort]:
    """The sector's cases that this actor is in, the last heard of first."""
    here = context.node(node, person)
    with here.asks() as rows:
        kept = cases_of(rows(CASES_SQL))
        here_known = _known(rows, kept, here.suspected())
    at, now_us = opened(after, int, str), context.clock.now_us()
    rest = [one for one in kept if at is None or (-one.received_us, one.case_id) > (-at[0], at[1])]
    short = [CaseShort(**_short(one, here_known, now_us)) for one in rest[: limit + 1]]
    return page(short, limit, lambda one: (one.received_us, one.id))


@router.get("/{case}", operation_id="nodeCase")
def one_case(context: Context, node: NodeName, case: CaseId, person: Reads) -> Case:
    """This actor's own part: what it is asked, by when, and what was said."""
    here = context.node(node, person)
    with here.asks() as rows:
        kept = next((item for item in cases_of(rows(CASES_SQL)) if item.case_id == case), None)
        if kept is None:
            raise acts.no_case()
        replies = [item for item in replies_of(rows(SAID_SQL)) if item.case_id == case]
        here_known = _known(rows, [kept], here.suspected())
        reports = reports_of(kept, nis2_statements_of(rows(NIS2_SQL)), context.clock.now_us())
    return _case(kept, replies, here_known, reports, context.clock.now_us())


@router.post("/{case}/answers", operation_id="answerCase", description=acts.answer.__doc__)
def answer(context: Context, node: NodeName, case: CaseId, request: acts.AnswerRequest, person: Answers) -> Leaving:
    here = context.node(node, person)
    found = acts.answer(here, person.name, case, request)
    return filled(Leaving, found, request, case=case, privacy="S5", refused=refusal(found), when=when_sent(here, found))


@router.post("/{case}/nis2", operation_id="noteNis2", description=acts.note.__doc__)
def note(context: Context, node: NodeName, case: CaseId, asked: acts.Nis2Request, person: Notes) -> Done:
    here = context.node(node, person)
    acts.note(here, person.name, case, asked)
    return Done.of(centre_is_told(here))


@router.post("/{case}/evidence", operation_id="attachEvidence", description=acts.attach.__doc__)
def attach(context: Context, node: NodeName, case: CaseId, request: acts.AttachRequest, person: Attaches) -> Attachment:
    here = context.node(node, person)
    attach = acts.attach(here, person.name, case, here.one(request.suspicion), request)
    return filled(
        Attachment,
        attach,
        request,
        case=case,
        act=ATTACH,
        task=None,
        privacy="S5",
        refused=refusal(attach),
        when=when_sent(here, attach),
        files=[FileShown(name=name, text=text) for name, text in attach.files],
    )


@dataclass(frozen=True, slots=True)
class _Known:
    """What this node told and met, of some cases."""

    reported: frozenset[str]
    met: list[HitHere]


def _known(rows: Asks, cases: list[KeptCase], suspected: Sequence[Ranked]) -> _Known:
    values = [own["value"] for case in cases for own in case.part["own"]]
    return _Known(told_elements(rows, values), hits_here(rows, suspected))


def _short(case: KeptCase, known: _Known, now_us: int) -> dict[str, Any]:
    owed = [(due_us, state) for _, _, due_us, state in dues_of(case, now_us) if state in OWED]
    return {
        "id": case.case_id,
        "state": case.state,
        "says": TextShape.of(CASE_WORDS[CaseState(case.state)]),
        "tlp": case.part["tlp"],
        "rsit": case.part["rsit"] or "",
        "own": own_of(case),
        "reported": [name for name in own_of(case) if name in known.reported],
        "met": [ConfirmedShown.of(hit.confirmed, hit.first_us) for hit in known.met if of_case(case, [hit.confirmed])],
        "tasks": len(case.part["tasks"]),
        "owed_us": min((due for due, _ in owed), default=None),
        "overdue": any(state is DueState.OVERDUE for _, state in owed),
        "received_us": case.received_us,
    }


def _case(case: KeptCase, replies: list[CaseReply], known: _Known, reports: list[Nis2Due], now_us: int) -> Case:
    part = case.part
    dues = dues_of(case, now_us)
    work = [_task(task, [(step, us, state) for t, step, us, state in dues if t is task]) for task in part["tasks"]]
    words = [_word(w["at_us"], w["by"], w["text"]) for w in part["words"] if w["by"] == "centre"]
    words += [_answer(entry) for entry in replies]
    owed = next_report(reports)
    named = part["rsit"] and rsit.known(part["rsit"])
    return Case(
        **_short(case, known, now_us),
        pap=part["pap"],
        rsit_says=TextShape.of(rsit.words(part["rsit"])) if named else None,
        techniques=part["techniques"],
        first_us=case.first_us,
        merged_into=part["merged_into"],
        work=work,
        words=sorted(words, key=lambda w: w.at_us),
        clocks=[_clock(report) for report in reports],
        next_due=None if owed is None else _clock(owed),
        steps=[Nis2Choice(act=step, says=TextShape.of(NAMES[step])) for step in Nis2Act],
    )


def _clock(due: Nis2Due) -> Nis2Clock:
    return filled(
        Nis2Clock, due, says=TextShape.of(NAMES[due.report]), state_said=TextShape.of(REPORT_WORDS[due.state])
    )


def _task(task: dict[str, Any], dues: list[tuple[str, int, DueState]]) -> Task:
    state = TaskState(task["state"])
    return Task(
        id=task["task_id"],
        kind=task["kind"],
        text=task["text"],
        state=state.value,
        says=TextShape.of(TASK_WORDS[state]),
        dues=[
            Due(step=step, due_us=us, standing=due.value, says=TextShape.of(DUE_WORDS[due]))
            for step, us, due in dues
            if due in OWED
        ],
        acts=[act.value for (before, act) in TASK_CYCLE if before is state and act in ACTOR_ACTS],
    )


def _word(at_us: int, by: str, text: str) -> CaseWord:
    return CaseWord(at_us=at_us, by=by, here=False, act=acts.WORDS, task=None, text=text, sha256="", became=None)


def _answer(reply: CaseReply) -> CaseWord:
    became = TextShape.of(became_text(reply))
    return filled(CaseWord, reply, here=True, task=reply.task_id, text=reply.words, became=became)
