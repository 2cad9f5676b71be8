"""Working a case from the console: tasks, words, marking, owner, merge, split, actors, NIS2's clocks, evidence.

Each route is one call of the desk's, by the person who asks. Refuses to send anything.
"""

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Response

from bavn.app.access.rights import Right
from bavn.app.acts.act import ActRefused, refusing
from bavn.app.acts.centre import cases as acts
from bavn.app.acts.centre import nis2
from bavn.app.acts.centre.refusals import KINDS
from bavn.app.centre.publish_parts import rendered_apart
from bavn.app.reports.page import DocumentStatus
from bavn.app.web.frame import Person, TextShape, allow
from bavn.app.web.sac.cases import shapes
from bavn.app.web.sac.cases.view import deadlines, task_shown
from bavn.app.web.sac.context import Context, SacContext
from bavn.app.web.sac.filing import Spoken, filed, installed
from bavn.app.web.sac.shapes import Done
from bavn.centre.cases.nis2.draft import draft, gaps
from bavn.model.sector.nis2 import Nis2Act
from bavn.model.text import Text

CaseId = Annotated[str, Path(max_length=60)]
ActorName = Annotated[str, Path(max_length=40)]


router = APIRouter(prefix="/cases", tags=["cases"])
"""Below /cases."""


@router.post("/{case_id}/comments", operation_id="case_comment", description=acts.comment.__doc__)
def comment(
    context: Context, person: Annotated[Person, allow(acts.comment)], case_id: CaseId, body: acts.CommentRequest
) -> Done:
    acts.comment(context.desk.cases, person.name, case_id, body)
    return done(context, case_id, Text("Remembered"))


@router.post("/{case_id}/words", operation_id="case_say", description=acts.say.__doc__)
def say(context: Context, person: Annotated[Person, allow(acts.say)], case_id: CaseId, body: acts.WordsRequest) -> Done:
    acts.say(context.desk.work, person.name, case_id, body)
    return done(context, case_id, Text("Said; the running centre sends it"))


@router.post("/{case_id}/tasks", operation_id="case_ask", description=acts.ask.__doc__)
def ask(
    context: Context, person: Annotated[Person, allow(acts.ask)], case_id: CaseId, body: acts.TaskRequest
) -> list[shapes.TaskShown]:
    return [task_shown(context, one) for one in acts.ask(context.desk, person.name, case_id, body)]


@router.post("/{case_id}/tasks/{task_id}", operation_id="case_task_change", description=acts.change_task.__doc__)
def change(
    context: Context,
    person: Annotated[Person, allow(acts.change_task)],
    case_id: CaseId,
    task_id: Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")],
    body: acts.TaskChange,
) -> shapes.TaskShown:
    with refusing(*KINDS):
        if context.desk.work.task(task_id).case_id != case_id:
            said = Text("no task is called {task_id}", task_id=repr(task_id))
            raise ActRefused(404, "unknown-task", said, whole=False)
    return task_shown(context, acts.change_task(context.desk.work, person.name, task_id, body))


@router.get(
    "/{case_id}/evidence/{evidence_id}",
    operation_id="case_evidence",
    response_class=Response,
    description=acts.take_evidence.__doc__,
)
def evidence(
    context: Context,
    person: Annotated[Person, allow(acts.take_evidence)],
    case_id: CaseId,
    evidence_id: Annotated[str, Path(pattern=r"^[0-9a-f]{64}$")],
) -> Response:
    _, content = acts.take_evidence(context.desk, person.name, case_id, evidence_id)
    headers = {
        "content-disposition": f'attachment; filename="{case_id}-{evidence_id[:16]}.zip"',
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
    }
    return Response(content, media_type="application/zip", headers=headers)


@router.put("/{case_id}/marking", operation_id="case_mark", description=acts.mark.__doc__)
def mark(
    context: Context, person: Annotated[Person, allow(acts.mark)], case_id: CaseId, body: acts.MarkRequest
) -> Done:
    acts.mark(context.desk.files, person.name, case_id, body)
    return done(context, case_id, Text("Marked"))


@router.put("/{case_id}/owner", operation_id="case_hand_over", description=acts.hand_over.__doc__)
def hand_over(
    context: Context, person: Annotated[Person, allow(acts.hand_over)], case_id: CaseId, body: acts.OwnerRequest
) -> Done:
    acts.hand_over(context.desk.files, person.name, case_id, body)
    return done(context, case_id, Text("It is {to}'s now", to=body.to))


@router.put("/{case_id}/people", operation_id="case_take_part", description=acts.take_part.__doc__)
def take_part(
    context: Context, person: Annotated[Person, allow(acts.take_part)], case_id: CaseId, body: acts.PartRequest
) -> Done:
    acts.take_part(context.desk.people, person.name, case_id, on=body.on)
    return done(context, case_id, Text("You are on the case") if body.on else Text("You are not on the case any more"))


@router.post("/{case_id}/notes", operation_id="case_note", description=acts.note.__doc__)
def note_on(
    context: Context, person: Annotated[Person, allow(acts.note)], case_id: CaseId, body: acts.NoteRequest
) -> Done:
    acts.note(context.desk.people, person.name, case_id, body)
    return done(context, case_id, Text("The note stands on top of the case"))


@router.get(
    "/{case_id}/report/file", operation_id="case_report", response_class=Response, description=acts.report.__doc__
)
def report(
    context: Context,
    person: Annotated[Person, allow(acts.report)],
    case_id: CaseId,
    form: Literal["html", "pdf"] = "pdf",
    language: Spoken = "en",
) -> Response:
    document = acts.report(context.desk, person.name, case_id, context.sector, context.zone)
    with installed():
        content = rendered_apart(document, form, language, DocumentStatus())
    return filed(content, f"{case_id}-report", form, language)


@router.post("/{case_id}/merge", operation_id="case_merge", description=acts.merge.__doc__)
def merge(
    context: Context, person: Annotated[Person, allow(acts.merge)], case_id: CaseId, body: acts.MergeRequest
) -> Done:
    made = acts.merge(context.desk.files, person.name, case_id, body)
    return done(context, made.id, Text("{id} goes on for {case_id}", id=made.id, case_id=case_id))


@router.post("/{case_id}/split", operation_id="case_split", description=acts.split.__doc__)
def split(
    context: Context, person: Annotated[Person, allow(acts.split)], case_id: CaseId, body: acts.SplitRequest
) -> Done:
    made = acts.split(context.desk.files, person.name, case_id, body)
    return done(context, made.id, Text("{id} is split off", id=made.id))


@router.post("/{case_id}/actors", operation_id="case_involve", description=acts.involve.__doc__)
def involve(
    context: Context, person: Annotated[Person, allow(acts.involve)], case_id: CaseId, body: acts.ActorRequest
) -> Done:
    acts.involve(context.desk, person.name, case_id, body)
    return done(context, case_id, Text("{actor} is in the case", actor=body.actor))


@router.post("/{case_id}/nis2/{actor}", operation_id="case_nis2_note", description=nis2.note.__doc__)
def note(
    context: Context,
    person: Annotated[Person, allow(nis2.note)],
    case_id: CaseId,
    actor: ActorName,
    body: nis2.Nis2Request,
) -> shapes.Nis2Clock:
    return deadlines(nis2.note(context.desk, person.name, context.zone, case_id, actor, body))


@router.get("/{case_id}/nis2/{actor}/drafts/{report}", operation_id="case_nis2_draft")
def drafted(
    context: Context, _: Annotated[Person, allow(Right.READ)], case_id: CaseId, actor: ActorName, report: Nis2Act
) -> shapes.ReportDraft:
    """A draft of a report to the authority, filled from the case; Bavn sends nothing to an authority."""
    with refusing(*KINDS):
        acts.known_actors(context.desk, actor)
        lines = draft(report, context.desk.nis2_facts(case_id, actor, context.zone))
    text = Text.joined("\n", lines)
    return shapes.ReportDraft(report=report, actor=actor, text=TextShape.of(text), gaps=gaps(lines))


def done(context: SacContext, case_id: str, text: Text) -> Done:
    """What was done, and where the case stands now."""
    return Done(case_id=case_id, standing=context.desk.standing(case_id), said=TextShape.of(text))
