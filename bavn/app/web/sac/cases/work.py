"""Working a case from the console: tasks, words, marking, owner, merge, split, actors, NIS2's clocks, evidence.

Each route is one call of the desk's, by the person who asks. Refuses to send anything.
"""

from typing import Annotated

from fastapi import APIRouter, Path, Response

from bavn.app.access.rights import Right
from bavn.app.web.frame import Person, TextShape, Trouble, allow
from bavn.app.web.sac.cases import asks, shapes
from bavn.app.web.sac.cases.view import deadlines, task_shown
from bavn.app.web.sac.context import SacContext
from bavn.app.web.sac.refusals.answers import said, told
from bavn.app.web.sac.shapes import Done
from bavn.centre.cases.case.files import Marking
from bavn.centre.cases.nis2.clocks import Flags
from bavn.centre.cases.nis2.draft import draft, gaps
from bavn.model.intel.indicator import Pap
from bavn.model.observable import Observable
from bavn.model.sector.nis2 import Nis2Act
from bavn.model.sector.work import TaskAct
from bavn.model.text import Text

CaseId = Annotated[str, Path(max_length=60)]
ActorName = Annotated[str, Path(max_length=40)]
Triager = Annotated[Person, allow(Right.TRIAGE)]


def attach(router: APIRouter, house: SacContext) -> None:
    """Puts the routes under /cases."""
    _talk(router, house)
    _tasks(router, house)
    _file(router, house)
    _nis2(router, house)


def _talk(router: APIRouter, house: SacContext) -> None:

    @router.post("/{case_id}/comments", operation_id="case_comment")
    def comment(person: Triager, case_id: CaseId, body: asks.CommentRequest) -> Done:
        """A remark for the centre alone; it stands in the case's history."""
        with told():
            house.desk.cases.comment(case_id, person.name, body.text)
        return _done(house, case_id, Text("Remembered"))

    @router.post("/{case_id}/words", operation_id="case_say")
    def say(person: Triager, case_id: CaseId, body: asks.WordsRequest) -> Done:
        """Words that the actors in the case read: all of them, or one."""
        with told():
            house.desk.work.say(case_id, person.name, body.text, body.to)
        return _done(house, case_id, Text("Said; the running centre sends it"))


def _tasks(router: APIRouter, house: SacContext) -> None:
    @router.post("/{case_id}/tasks", operation_id="case_ask")
    def ask(person: Triager, case_id: CaseId, body: asks.TaskRequest) -> list[shapes.TaskShown]:
        """A task or question to actors, with deadlines; they are in the case from then on."""
        with told():
            house.desk.cases.case(case_id)
            actors = body.actors or sorted(house.desk.work.involved.actors(case_id))
            for actor in actors:
                _known(house, actor)
            hours = house.desk.work.settings.deadlines(body.acknowledge_hours, body.applies_hours, body.done_hours)
            made = house.desk.work.ask(case_id, actors, body.kind, body.text, person.name, hours, body.seen)
        return [task_shown(house, one) for one in made]

    @router.post("/{case_id}/tasks/{task_id}", operation_id="case_task_change")
    def change(
        person: Triager,
        case_id: CaseId,
        task_id: Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")],
        body: asks.TaskChange,
    ) -> shapes.TaskShown:
        """Take a task back, or open it again."""
        with told():
            if house.desk.work.task(task_id).case_id != case_id:
                raise Trouble(404, "unknown-task", said(Text("no task is called {task_id}", task_id=repr(task_id))))
            return task_shown(house, house.desk.work.change_task(task_id, TaskAct(body.act), person.name, body.why))

    @router.get("/{case_id}/evidence/{evidence_id}", operation_id="case_evidence", response_class=Response)
    def evidence(
        person: Triager, case_id: CaseId, evidence_id: Annotated[str, Path(pattern=r"^[0-9a-f]{64}$")]
    ) -> Response:
        """The zip file that an actor attached; that you took it out is a line of the audit log."""
        with told():
            house.desk.cases.case(case_id)
            if evidence_id not in {one.id for one in house.desk.work.evidence(case_id)}:
                raise Trouble(
                    404,
                    "unknown-evidence",
                    said(Text("no evidence is called {evidence_id}", evidence_id=repr(evidence_id[:16]))),
                )
            content = house.desk.work.content(evidence_id, person.name)
        headers = {
            "content-disposition": f'attachment; filename="{case_id}-{evidence_id[:16]}.zip"',
            "cache-control": "no-store",
            "x-content-type-options": "nosniff",
        }
        return Response(content, media_type="application/zip", headers=headers)


def _file(router: APIRouter, house: SacContext) -> None:

    @router.put("/{case_id}/marking", operation_id="case_mark")
    def mark(person: Triager, case_id: CaseId, body: asks.MarkRequest) -> Done:
        """TLP, PAP, RSIT and ATT&CK of a case; bind all that comes of it."""
        made = Marking(tlp=body.tlp, pap=Pap[body.pap], rsit=body.rsit, techniques=tuple(body.techniques))
        with told():
            house.desk.files.mark(case_id, person.name, made, body.why, body.seen)
        return _done(house, case_id, Text("Marked"))

    @router.put("/{case_id}/owner", operation_id="case_hand_over")
    def hand_over(person: Triager, case_id: CaseId, body: asks.OwnerRequest) -> Done:
        """Give the case to another person."""
        with told():
            house.desk.files.hand_over(case_id, person.name, body.to, body.why, body.seen)
        return _done(house, case_id, Text("It is {to}'s now", to=body.to))

    @router.post("/{case_id}/merge", operation_id="case_merge")
    def merge(person: Triager, case_id: CaseId, body: asks.MergeRequest) -> Done:
        """Merge the case into another, which goes on with everything of both."""
        with told():
            made = house.desk.files.merge(case_id, body.into, person.name, body.why, body.seen)
        return _done(house, made.id, Text("{id} goes on for {case_id}", id=made.id, case_id=case_id))

    @router.post("/{case_id}/split", operation_id="case_split")
    def split(person: Triager, case_id: CaseId, body: asks.SplitRequest) -> Done:
        """Make a new case of some of its observables."""
        with told():
            named = [Observable.of(one.type.value, one.value) for one in body.observables]
            made = house.desk.files.split(case_id, named, person.name, body.why, body.seen)
        return _done(house, made.id, Text("{id} is split off", id=made.id))

    @router.post("/{case_id}/actors", operation_id="case_involve")
    def involve(person: Triager, case_id: CaseId, body: asks.ActorRequest) -> Done:
        """Add an actor by hand: it sees its part of the case from then on."""
        with told():
            _known(house, body.actor)
            house.desk.work.involved.add(case_id, body.actor, person.name, body.why)
        return _done(house, case_id, Text("{actor} is in the case", actor=body.actor))


def _nis2(router: APIRouter, house: SacContext) -> None:

    @router.post("/{case_id}/nis2/{actor}", operation_id="case_nis2_note")
    def note(person: Triager, case_id: CaseId, actor: ActorName, body: asks.Nis2Request) -> shapes.Nis2Clock:
        """Note what happened at an actor; becoming aware starts its clocks."""
        book = house.desk.nis2(house.zone)
        with told():
            _known(house, actor)
            before = book.view(case_id, actor).flags
            flags = Flags(
                cross_border=body.cross_border or before.cross_border,
                trust_service=before.trust_service if body.trust_service is None else body.trust_service,
                touched=before.touched if body.touched is None else tuple(sorted(set(body.touched))),
            )
            at_us = house.desk.now_us() if body.at_us is None else body.at_us
            made = book.note(
                case_id,
                actor,
                body.act,
                at_us,
                person.name,
                why=body.why,
                correct=body.correct,
                flags=None if flags == before else flags,
            )
        return deadlines(made)

    @router.get("/{case_id}/nis2/{actor}/drafts/{report}", operation_id="case_nis2_draft")
    def drafted(
        _: Annotated[Person, allow(Right.READ)], case_id: CaseId, actor: ActorName, report: Nis2Act
    ) -> shapes.ReportDraft:
        """A draft of a report to the authority, filled from the case; Bavn sends nothing to an authority."""
        with told():
            _known(house, actor)
            lines = draft(report, house.desk.nis2_facts(case_id, actor, house.zone))
        text = Text.joined("\n", lines)
        return shapes.ReportDraft(report=report, actor=actor, text=TextShape.of(text), gaps=gaps(lines))


def _known(house: SacContext, actor: str) -> None:
    if house.registry.actor(actor) is None:
        raise Trouble(404, "unknown-actor", said(Text("no actor is called {actor}", actor=repr(actor[:60]))))


def _done(house: SacContext, case_id: str, text: Text) -> Done:
    return Done(case_id=case_id, standing=house.desk.standing(case_id), said=TextShape.of(text))
