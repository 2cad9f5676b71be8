"""This actor's part of the sector's cases, and what people here answer. What would leave is shown before it leaves.

Nothing is sent here: an answer is left in the node's book, and the running node lets it out through gate 1.
Rights: soc:read, soc:triage.
"""

import hashlib
import io
import zipfile
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from bavn.actor.door.conversations.case_book import (
    ATTACH,
    CASES_SQL,
    SAID_SQL,
    CaseReply,
    KeptCase,
    cases_of,
    replies_of,
)
from bavn.app.analyst.evidence_of import made_for_case
from bavn.app.node.case_parts import OWED, dues_of, opened_cases, rule_text
from bavn.app.web.frame import After, Limit, Rows, TextShape, Trouble, filled, opened, page
from bavn.app.web.soc.context import House, Node
from bavn.app.web.soc.errors import answered
from bavn.app.web.soc.shapes import REFUSALS, CaseId, Frozen, NodeName, Reads, Triages
from bavn.model.intel import rsit
from bavn.model.outcome import Refused
from bavn.model.sector.case import CASE_WORDS, CaseState
from bavn.model.sector.nis2 import NAMES, Nis2Act
from bavn.model.sector.work import (
    ACTOR_ACTS,
    DUE_WORDS,
    EVIDENCE_BYTES_MAX,
    TASK_CYCLE,
    TASK_WORDS,
    TEXT_CHARS_MAX,
    DueState,
    TaskState,
)
from bavn.model.text import Text

WORDS = "words"
PREVIEW_BYTES_MAX = 8_000_000


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
    """A report that this actor owes under NIS2."""

    report: str
    says: TextShape
    due_us: int | None
    sent_us: int | None


class CaseShort(Frozen):
    """A case in a list. ``owed_us``: the next deadline; ``overdue``: one has passed unmet."""

    id: str
    state: str
    says: TextShape
    tlp: str
    rsit: str
    own: list[str]
    tasks: int
    owed_us: int | None
    overdue: bool
    heard_us: int


class Case(CaseShort):
    """This actor's own part of a case."""

    pap: int
    rsit_says: TextShape | None
    techniques: list[str]
    first_us: int
    merged_into: str | None
    work: list[Task]
    words: list[CaseWord]
    clocks: list[Nis2Clock]


class AnswerRequest(BaseModel):
    """What a person says. ``task`` None: words alone. ``send`` false shows what would leave, and lets nothing."""

    act: str = Field(pattern="^(words|acknowledge|applies|not-applicable|done)$")
    task: str | None = Field(default=None, pattern="^[0-9a-f]{32}$")
    words: str = Field(default="", max_length=TEXT_CHARS_MAX)
    send: bool = False


class Leaving(Frozen):
    """What leaves, whole. ``refused``: why it would not. ``number`` once it was left for the running node."""

    case: str
    act: str
    task: str | None
    words: str
    privacy: str
    refused: TextShape | None
    number: int | None


class AttachRequest(BaseModel):
    """Evidence of a suspicion for a case. ``sha256``: what the preview showed; without it nothing leaves."""

    suspicion: str = Field(pattern="^[0-9a-f]{32}$")
    rows: int = Field(default=100, ge=1, le=10_000)
    words: str = Field(default="", max_length=TEXT_CHARS_MAX)
    sha256: str | None = Field(default=None, pattern="^[0-9a-f]{64}$")


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
def cases(house: House, node: NodeName, person: Reads, limit: Limit = 100, after: After = None) -> Rows[CaseShort]:
    """The sector's cases that this actor is in, the last heard of first."""
    with house.node(node, person).asks() as rows:
        found = cases_of(rows(CASES_SQL))
    at, now_us = opened(after, int, str), house.clock.now_us()
    rest = [one for one in found if at is None or (-one.heard_us, one.case_id) > (-at[0], at[1])]
    short = [CaseShort(**_short(one, now_us)) for one in rest[: limit + 1]]
    return page(short, limit, lambda one: (one.heard_us, one.id))


@router.get("/{case}", operation_id="nodeCase")
def one_case(house: House, node: NodeName, case: CaseId, person: Reads) -> Case:
    """This actor's own part: what it is asked, by when, and what was said."""
    here = house.node(node, person)
    kept = _kept(here, case)
    with here.asks() as rows:
        said = [one for one in replies_of(rows(SAID_SQL)) if one.case_id == case]
    return _case(kept, said, house.clock.now_us())


@router.post("/{case}/answers", operation_id="answerCase")
def answer(house: House, node: NodeName, case: CaseId, asked: AnswerRequest, person: Triages) -> Leaving:
    """Answers a task, or says something to the centre. Exactly what is shown leaves, at the node's next step."""
    here = house.node(node, person)
    kept = _kept(here, case)
    if (asked.act == WORDS) != (asked.task is None) or (asked.act == WORDS and not asked.words.strip()):
        raise Trouble(422, "bad-answer", Text("Answer a task, or say something."))
    if asked.task is not None and asked.task not in {task["task_id"] for task in kept.part["tasks"]}:
        raise Trouble(404, "no-task", Text("There is no such task in the case."))
    now_us = house.clock.now_us()
    said = _said(case, asked.task, asked.act, asked.words, person.name, now_us)
    with answered(), opened_cases(here.file) as there:
        outcome = there.try_on(said, None)
        refused = rule_text(outcome.rule) if isinstance(outcome, Refused) else None
        number = None
        if asked.send:
            if refused is not None:
                raise Trouble(409, "not-sent", refused)
            number = there.book.leave(case, asked.task, asked.act, asked.words, person.name, now_us)
    return Leaving(
        case=case,
        act=asked.act,
        task=asked.task,
        words=asked.words,
        privacy="S5",
        refused=TextShape.of(refused) if refused else None,
        number=number,
    )


@router.post("/{case}/evidence", operation_id="attachEvidence")
def attach(house: House, node: NodeName, case: CaseId, asked: AttachRequest, person: Triages) -> Attachment:
    """Without ``sha256`` every byte that would leave is shown. With the one that was shown it is left for the
    running node; if the evidence has changed since, nothing leaves."""
    here = house.node(node, person)
    _kept(here, case)
    entry = here.one(asked.suspicion)
    with answered():
        made = made_for_case(here.config(), entry, asked.rows)
    if len(made) > EVIDENCE_BYTES_MAX:
        raise _too_large()
    files = _files(made)
    digest, now_us = hashlib.sha256(made).hexdigest(), house.clock.now_us()
    said = _said(case, None, ATTACH, asked.words, person.name, now_us, digest)
    with answered(), opened_cases(here.file) as there:
        outcome = there.try_on(said, made)
        refused = rule_text(outcome.rule) if isinstance(outcome, Refused) else None
        number = None
        if asked.sha256 is not None:
            if refused is not None:
                raise Trouble(409, "not-sent", refused)
            if asked.sha256 != digest:
                raise Trouble(
                    409,
                    "not-what-was-shown",
                    Text("This is not what was shown: look at it again."),
                )
            number = there.book.leave(case, None, ATTACH, asked.words, person.name, now_us, content=made, sha256=digest)
    return Attachment(
        case=case,
        act=ATTACH,
        task=None,
        words=asked.words,
        privacy="S5",
        refused=TextShape.of(refused) if refused else None,
        number=number,
        sha256=digest,
        bytes=len(made),
        files=files,
    )


def _kept(here: Node, case: str) -> KeptCase:
    with here.asks() as rows:
        found = next((one for one in cases_of(rows(CASES_SQL)) if one.case_id == case), None)
    if found is None:
        raise Trouble(404, "no-case", Text("This actor is in no such case."))
    return found


def _said(case: str, task: str | None, act: str, words: str, by: str, now_us: int, digest: str = "") -> CaseReply:
    return CaseReply(
        number=1,
        at_us=now_us,
        case_id=case,
        task_id=task,
        act=act,
        words=words,
        sha256=digest,
        by=by,
        told_us=None,
        rule="",
    )


def _short(one: KeptCase, now_us: int) -> dict[str, Any]:
    owed = [(due_us, state) for _, _, due_us, state in dues_of(one, now_us) if state in OWED]
    return {
        "id": one.case_id,
        "state": one.state,
        "says": TextShape.of(CASE_WORDS[CaseState(one.state)]),
        "tlp": one.part["tlp"],
        "rsit": one.part["rsit"] or "",
        "own": [f"{o['type']}:{o['value']}" for o in one.part["own"]],
        "tasks": len(one.part["tasks"]),
        "owed_us": min((due for due, _ in owed), default=None),
        "overdue": any(state is DueState.OVERDUE for _, state in owed),
        "heard_us": one.heard_us,
    }


def _case(one: KeptCase, said: list[CaseReply], now_us: int) -> Case:
    part = one.part
    dues = dues_of(one, now_us)
    work = [_task(task, [(step, us, state) for t, step, us, state in dues if t is task]) for task in part["tasks"]]
    words = [_word(w["at_us"], w["by"], w["text"]) for w in part["words"] if w["by"] == "centre"]
    words += [_answer(entry) for entry in said]
    known = part["rsit"] and rsit.known(part["rsit"])
    return Case(
        **_short(one, now_us),
        pap=part["pap"],
        rsit_says=TextShape.of(rsit.words(part["rsit"])) if known else None,
        techniques=part["techniques"],
        first_us=one.first_us,
        merged_into=part["merged_into"],
        work=work,
        words=sorted(words, key=lambda w: w.at_us),
        clocks=[
            Nis2Clock(
                report=c["report"],
                says=TextShape.of(NAMES[Nis2Act(c["report"])]),
                due_us=c["due_us"],
                sent_us=c["sent_us"],
            )
            for c in part["clocks"]
        ],
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
    return CaseWord(at_us=at_us, by=by, here=False, act=WORDS, task=None, text=text, sha256="", became=None)


def _answer(one: CaseReply) -> CaseWord:
    if one.told_us is None:
        became = Text("waits for the running node")
    else:
        became = rule_text(one.rule) if one.rule else Text("sent")
    return filled(CaseWord, one, here=True, task=one.task_id, text=one.words, became=TextShape.of(became))


def _files(made: bytes) -> list[FileShown]:
    """All of it, as text. Trouble where nobody would read so much: what was not shown does not leave."""
    with zipfile.ZipFile(io.BytesIO(made)) as archive:
        if sum(entry.file_size for entry in archive.infolist()) > PREVIEW_BYTES_MAX:
            raise _too_large()
        return [
            FileShown(name=name, text=archive.read(name).decode("utf-8", "backslashreplace"))
            for name in archive.namelist()
        ]


def _too_large() -> Trouble:
    return Trouble(
        422,
        "too-large",
        Text("That is more than may leave at once: take fewer rows."),
    )
