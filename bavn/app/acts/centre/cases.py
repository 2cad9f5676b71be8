"""Cases: steps of their life, tasks and words to actors, markings, owner, merge and split, who is in one.

Refuses to send anything: the running centre does, at its next step.
"""

from datetime import tzinfo
from typing import TYPE_CHECKING, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from bavn.app.access.rights import Right
from bavn.app.acts.act import ActRefused, act
from bavn.app.acts.centre.refusals import KINDS
from bavn.app.reports import case_report
from bavn.centre.cases.case.case import Case, ReleaseTerms
from bavn.centre.cases.case.cases import Cases
from bavn.centre.cases.case.files import Files, Marking
from bavn.centre.cases.case.people import People
from bavn.centre.cases.case.work import Evidence, Work
from bavn.centre.desk.case.room import room_of
from bavn.centre.publish.document import Document
from bavn.model.intel.indicator import Pap, PapName, Tlp
from bavn.model.observable import Observable, ObservableType
from bavn.model.sector.case import CaseAct
from bavn.model.sector.work import Task, TaskAct, TaskKind
from bavn.model.text import Text

if TYPE_CHECKING:
    from bavn.centre.desk.desk import Desk

WHY_MAX: Final = 2000


class CaseInput(BaseModel):
    """What is asked of a case; other names in it are passed over."""

    model_config = ConfigDict(frozen=True)


class Named(CaseInput):
    """An observable."""

    type: ObservableType
    value: str

    @classmethod
    def of(cls, observable: Observable) -> "Named":
        return cls(type=observable.type, value=observable.value)

    def observable(self) -> Observable:
        """In its canonical form. Raises NotCanonical."""
        return Observable.of(self.type, self.value)

    def __str__(self) -> str:
        return f"{self.type.value}:{self.value}"


class Asks(CaseInput):
    """``why``: the reason, for the audit log; ``seen``: the standing that the person saw."""

    why: str = Field(default="", max_length=WHY_MAX)
    seen: int | None = Field(default=None, ge=0)


class ActRequest(Asks):
    """A step of the life-cycle; a release has its own route, and so has a merge."""

    act: Literal["take", "confirm", "withdraw", "close", "dismiss", "reopen"]


class ReleaseRequest(Asks):
    """``observables`` None: all that may be. ``pap`` None: to block where the line is reached, else to watch."""

    observables: list[Named] | None = Field(default=None, max_length=500)
    tlp: Tlp = Tlp.AMBER
    pap: PapName | None = None
    days: int = Field(default=30, ge=1, le=365)
    confidence: int | None = Field(default=None, ge=0, le=100)

    def terms(self) -> ReleaseTerms:
        """As the room takes them. Raises NotCanonical."""
        return ReleaseTerms(
            observables=None if self.observables is None else tuple(one.observable() for one in self.observables),
            tlp=self.tlp,
            pap=None if self.pap is None else Pap[self.pap],
            days=self.days,
            confidence=self.confidence,
        )


class CommentRequest(CaseInput):
    """A remark for the centre alone."""

    text: str = Field(min_length=1, max_length=8000)


class WordsRequest(CaseInput):
    """Words for actors to read; ``to`` empty: for all in the case."""

    text: str = Field(min_length=1, max_length=2000)
    to: str = Field(default="", max_length=40)


class TaskRequest(CaseInput):
    """``actors`` empty: all in the case. Hours that are not given are the centre's own."""

    acknowledge_hours: int | None = Field(default=None, ge=1, le=2160, description="Acknowledged within these hours.")
    applies_hours: int | None = Field(
        default=None, ge=1, le=2160, description="Whether it applies is said within these hours."
    )
    done_hours: int | None = Field(default=None, ge=1, le=2160, description="Done within these hours.")
    actors: list[str] = Field(default=[], max_length=500)
    kind: TaskKind = "task"
    text: str = Field(min_length=1, max_length=2000)
    seen: int | None = Field(default=None, ge=0)


class TaskChange(CaseInput):
    """The centre takes a task back or opens it again."""

    act: Literal["cancel", "reopen"]
    why: str = Field(min_length=1, max_length=WHY_MAX)


class MarkRequest(Asks):
    """Replaces the whole marking."""

    tlp: Tlp
    pap: PapName
    rsit: str = Field(default="", max_length=100)
    techniques: list[str] = Field(default=[], max_length=30)


class OwnerRequest(Asks):
    """Who owns the case from now on."""

    to: str = Field(min_length=2, max_length=64)


class MergeRequest(Asks):
    """The case that goes on."""

    into: str = Field(min_length=1, max_length=60)


class SplitRequest(Asks):
    """What goes to a new case: some of the observables, not all."""

    observables: list[Named] = Field(min_length=1, max_length=500)


class PartRequest(CaseInput):
    """Whether you are on the case."""

    on: bool


class NoteRequest(CaseInput):
    """What the next one must know; it stays at the centre."""

    text: str = Field(min_length=1, max_length=2000)


class ActorRequest(CaseInput):
    """An actor to add by hand; it sees its part from then on."""

    actor: str = Field(min_length=2, max_length=40)
    why: str = Field(min_length=1, max_length=WHY_MAX)


@act(Right.TRIAGE, *KINDS)
def step(cases: Cases, by: str, case_id: str, way: CaseAct, why: str, seen: int | None) -> Case:
    """A step of its life-cycle; 409 where it has none such from here, or somebody acted since ``seen``."""
    return cases.act(case_id, way, by, why, seen=seen)


@act(Right.APPROVE, *KINDS)
def release(
    cases: Cases, by: str, case_id: str, why: str, seen: int | None, terms: ReleaseRequest | None = None
) -> Case:
    """Release the case's indicators; what may block waits where one person alone stands behind it."""
    return cases.act(case_id, CaseAct.RELEASE, by, why, None if terms is None else terms.terms(), seen)


@act(Right.TRIAGE, *KINDS, only="page")
def comment(cases: Cases, by: str, case_id: str, body: CommentRequest) -> None:
    """A remark for the centre alone; it stands in the case's history."""
    cases.comment(case_id, by, body.text)


@act(Right.TRIAGE, *KINDS, only="page")
def say(work: Work, by: str, case_id: str, body: WordsRequest) -> None:
    """Words that the actors in the case read: all of them, or one."""
    work.say(case_id, by, body.text, body.to)


@act(Right.TRIAGE, *KINDS, only="page")
def ask(desk: "Desk", by: str, case_id: str, body: TaskRequest) -> tuple[Task, ...]:
    """A task or question to actors, with deadlines; they are in the case from then on."""
    desk.cases.case(case_id)
    actors = body.actors or sorted(desk.work.involved.actors(case_id))
    known_actors(desk, *actors)
    hours = desk.work.settings.deadlines(body.acknowledge_hours, body.applies_hours, body.done_hours)
    return desk.work.ask(case_id, actors, body.kind, body.text, by, hours, body.seen)


@act(Right.TRIAGE, *KINDS, only="page")
def change_task(work: Work, by: str, task_id: str, body: TaskChange) -> Task:
    """Take a task back, or open it again."""
    return work.change_task(task_id, TaskAct(body.act), by, body.why)


@act(Right.TRIAGE, *KINDS, only="page")
def mark(files: Files, by: str, case_id: str, body: MarkRequest) -> None:
    """TLP, PAP, RSIT and ATT&CK of a case; bind all that comes of it."""
    made = Marking(tlp=body.tlp, pap=Pap[body.pap], rsit=body.rsit, techniques=tuple(body.techniques))
    files.mark(case_id, by, made, body.why, body.seen)


@act(Right.TRIAGE, *KINDS, only="page")
def hand_over(files: Files, by: str, case_id: str, body: OwnerRequest) -> Case:
    """Give the case to another person."""
    return files.hand_over(case_id, by, body.to, body.why, body.seen)


@act(Right.TRIAGE, *KINDS, only="page")
def take_part(people: People, by: str, case_id: str, *, on: bool) -> None:
    """Say that you are on the case, so that everybody who looks at it sees so; or not any more: whoever owns it hands
    it over first."""
    (people.join if on else people.leave)(case_id, by)


@act(Right.TRIAGE, *KINDS, only="page")
def note(people: People, by: str, case_id: str, body: NoteRequest) -> None:
    """Write what the next one must know: it stands on top of the case, and stays at the centre."""
    people.note(case_id, by, body.text)


@act(Right.READ, *KINDS, only="page")
def report(desk: "Desk", by: str, case_id: str, sector: str, zone: tzinfo) -> Document:
    """The case's report as it stands: people, questions and answers, NIS2's clocks, decisions, what is in force. It
    names actors, so it is the centre's own."""
    return case_report.report(room_of(desk, case_id, zone), sector, zone, by)


@act(Right.TRIAGE, *KINDS, only="page")
def merge(files: Files, by: str, case_id: str, body: MergeRequest) -> Case:
    """Merge the case into another, which goes on with everything of both."""
    return files.merge(case_id, body.into, by, body.why, body.seen)


@act(Right.TRIAGE, *KINDS, only="page")
def split(files: Files, by: str, case_id: str, body: SplitRequest) -> Case:
    """Make a new case of some of its observables."""
    return files.split(case_id, [one.observable() for one in body.observables], by, body.why, body.seen)


@act(Right.TRIAGE, *KINDS, only="page")
def involve(desk: "Desk", by: str, case_id: str, body: ActorRequest) -> None:
    """Add an actor by hand: it sees its part of the case from then on."""
    known_actors(desk, body.actor)
    desk.work.involved.add(case_id, body.actor, by, body.why)


@act(Right.TRIAGE, *KINDS, only="page")
def take_evidence(desk: "Desk", by: str, case_id: str, begins: str) -> tuple[Evidence, bytes]:
    """The zip file that an actor attached; that you took it out is a line of the audit log."""
    desk.cases.case(case_id)
    named = [one for one in desk.work.evidence(case_id) if one.id.startswith(begins)]
    if len(named) != 1:
        said = Text("no evidence is called {evidence_id}", evidence_id=repr(begins[:16]))
        raise ActRefused(404, "unknown-evidence", said, whole=False)
    return named[0], desk.work.content(named[0].id, by)


def known_actors(desk: "Desk", *actors: str) -> None:
    """Raises ActRefused for the first that is none."""
    known = {member.actor.name for member in desk.members()}
    strange = next((actor for actor in actors if actor not in known), None)
    if strange is not None:
        raise ActRefused(
            404, "unknown-actor", Text("no actor is called {actor}", actor=repr(strange[:60])), whole=False
        )
