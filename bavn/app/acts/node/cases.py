"""What people here answer in the sector's cases, the evidence they attach, their steps under NIS2.

Expect nothing to be sent: it is left in the node's book, and the running node lets it out through gate 1.
"""

import hashlib
import io
import zipfile
from dataclasses import dataclass, replace
from typing import Final

from pydantic import Field

from bavn.actor.door.conversations.case_book import ATTACH, CaseReply, KeptCase
from bavn.actor.door.conversations.cases import Cases
from bavn.actor.door.conversations.nis2_steps import Nis2Statement, whole_minute
from bavn.actor.door.suspicions import Ranked
from bavn.app.access.rights import Right
from bavn.app.acts.act import ActRefused, act
from bavn.app.acts.node.here import Here, NodeInput, Tried, tried
from bavn.app.analyst.evidence_of import made_for_case
from bavn.app.node.case_parts import opened_cases
from bavn.model.sector.nis2 import CrossBorder, Nis2Act
from bavn.model.sector.work import EVIDENCE_BYTES_MAX, TEXT_CHARS_MAX
from bavn.model.text import Text

WORDS: Final = "words"
PREVIEW_BYTES_MAX: Final = 8_000_000
"""Nobody would read more, and what was not shown does not leave."""


class AnswerRequest(NodeInput):
    """What a person says. ``task`` None: words alone. ``send`` false shows what would leave, and lets nothing."""

    act: str = Field(pattern="^(words|acknowledge|applies|not-applicable|done)$")
    task: str | None = Field(default=None, pattern="^[0-9a-f]{32}$")
    words: str = Field(default="", max_length=TEXT_CHARS_MAX)
    send: bool = False


class AttachRequest(NodeInput):
    """Evidence of a suspicion for a case. ``sha256``: what the preview showed; without it nothing leaves."""

    suspicion: str = Field(pattern="^[0-9a-f]{32}$")
    rows: int = Field(default=100, ge=1, le=10_000)
    words: str = Field(default="", max_length=TEXT_CHARS_MAX)
    sha256: str | None = Field(default=None, pattern="^[0-9a-f]{64}$")


class Nis2Request(NodeInput):
    """What happened here, and when; None: now. ``correct`` changes what was noted before, and needs a reason."""

    act: Nis2Act
    at_us: int | None = Field(default=None, ge=0, le=2**53)
    why: str = Field(default="", max_length=TEXT_CHARS_MAX)
    correct: bool = False
    cross_border: CrossBorder | None = None


@dataclass(frozen=True, slots=True)
class Attached(Tried):
    """All that leaves: one archive of ``bytes``, its SHA-256, and its files' names and texts."""

    sha256: str
    bytes: int
    files: list[tuple[str, str]]


@act(Right.SOC_TRIAGE)
def answer(here: Here, by: str, case_id: str, body: AnswerRequest) -> Tried:
    """Answers a task, or says something to the centre. Exactly what is shown leaves, at the node's next step."""
    if (body.act == WORDS) != (body.task is None) or (body.act == WORDS and not body.words.strip()):
        raise ActRefused(422, "bad-answer", Text("Answer a task, or say something."))
    with opened_cases(here.file) as there:
        kept = _known(there, case_id)
        if body.task is not None and body.task not in {task["task_id"] for task in kept.part["tasks"]}:
            raise ActRefused(404, "no-task", Text("There is no such task in the case."))
        at_us = here.clock.now_us()
        reply = CaseReply(
            number=1, at_us=at_us, case_id=case_id, task_id=body.task, act=body.act, words=body.words, by=by
        )
        return tried(there, reply, send=body.send)


@act(Right.SOC_TRIAGE)
def attach(here: Here, by: str, case_id: str, entry: Ranked, body: AttachRequest) -> Attached:
    """Without ``sha256`` every byte that would leave is shown. With the one that was shown it is left for the
    running node; if the evidence has changed since, nothing leaves."""
    with opened_cases(here.file) as there:
        _known(there, case_id)
        made_case = made_for_case(here.config(), entry, body.rows)
        files, digest = _files(made_case), hashlib.sha256(made_case).hexdigest()
        at_us, words = here.clock.now_us(), body.words
        reply = CaseReply(
            number=1, at_us=at_us, case_id=case_id, task_id=None, act=ATTACH, words=words, by=by, sha256=digest
        )
        if body.sha256 not in (None, digest):
            says = Text("This is not what was shown: look at it again.")
            aside = f"it is not what was previewed: run it with --preview, then with --send --sha256 {digest}"
            raise ActRefused(409, "not-what-was-shown", says, aside=aside)
        found = tried(there, replace(reply, content=made_case), send=body.sha256 is not None)
    return Attached(found.refused, found.number, digest, len(made_case), files)


@act(Right.SOC_TRIAGE)
def note(here: Here, by: str, case_id: str, body: Nis2Request) -> Nis2Statement:
    """Notes a NIS2 step of this actor in a case: the centre's clocks of this actor move, and no other's."""
    now_us = here.clock.now_us()
    statement = Nis2Statement(
        number=1 << 50,
        noted_us=now_us,
        case_id=case_id,
        act=body.act.value,
        at_us=whole_minute(now_us if body.at_us is None else body.at_us),
        correct=body.correct,
        why=body.why,
        by=by,
        crosses=body.cross_border,
    )
    with opened_cases(here.file) as there:
        return replace(statement, number=tried(there.nis2, statement, send=True).number or 0)


def _known(there: Cases, case_id: str) -> KeptCase:
    kept = there.get(case_id)
    if kept is None:
        raise no_case()
    return kept


def no_case() -> ActRefused:
    """This actor has heard of none of that id."""
    return ActRefused(404, "no-case", Text("This actor is in no such case."))


def _files(data: bytes) -> list[tuple[str, str]]:
    """All of it, as text. ActRefused where it may not leave at once, or nobody would read so much."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        size = sum(entry.file_size for entry in archive.infolist())
        if len(data) > EVIDENCE_BYTES_MAX or size > PREVIEW_BYTES_MAX:
            raise ActRefused(422, "too-large", Text("That is more than may leave at once: take fewer rows."))
        return [(name, archive.read(name).decode("utf-8", "backslashreplace")) for name in archive.namelist()]
