"""The SAC console's publications: picture, forecast and brief, read with the source of each sentence, edited, approved
by somebody whose account makes them a publisher, taken out as HTML, PDF or JSON.

Refuses to decide who is a publisher: the account's role does.
"""

from typing import Annotated, Final, Literal

from fastapi import APIRouter, Path, Query
from fastapi.responses import Response

from bavn.app.access.rights import Right
from bavn.app.acts.act import refusing
from bavn.app.acts.centre import publications as acts
from bavn.app.centre.publish_parts import Form, publishing_of, rendered_apart, standing
from bavn.app.reports.page import DocumentStatus
from bavn.app.web.frame import Person, Rows, allow, filled
from bavn.app.web.sac.context import Context, SacContext
from bavn.app.web.sac.filing import Filed, Spoken, filed, installed
from bavn.app.web.sac.publish_shapes import DocumentShown, EditionRow, EditionWhole, VersionShown, document_shown
from bavn.centre.publish.document import Document, Kind
from bavn.centre.publish.editions import Editions
from bavn.centre.publish.life import EditionState
from bavn.model.text import Language

DAYS: Final = 30
Id = Annotated[str, Path(pattern=r"^(brief|forecast)-[0-9]{4}-(Q[1-4]|[0-9]{2})$")]
Days = Annotated[int, Query(ge=1, le=400, description="The last so many days, today included.")]
Reader = Annotated[Person, allow(Right.READ)]


router = APIRouter(prefix="/publications", tags=["publications"])
"""Below /publications."""


@router.get("", operation_id="publications")
def publications(
    context: Context, _: Reader, kind: Literal["brief", "forecast", ""] = "", state: EditionState | Literal[""] = ""
) -> Rows[EditionRow]:
    """Every document that is kept, the latest period first."""
    found = _editions(context).every(Kind(kind) if kind else None, EditionState(state) if state else None)
    return Rows(items=[EditionRow.of(one) for one in found], total=len(found))


@router.get("/picture", operation_id="sector_picture")
def picture(context: Context, _: Reader, days: Days = DAYS) -> DocumentShown:
    """The sector's picture as it is now; it is kept nowhere."""
    return document_shown(_picture(context, days))


@router.get("/picture/file", operation_id="sector_picture_file", response_class=Response)
def picture_file(
    context: Context, _: Reader, days: Days = DAYS, form: Filed = "pdf", language: Spoken = "en"
) -> Response:
    """The same as a file."""
    made = _picture(context, days)
    return _filed(made, f"picture-{made.period}", form, language, DocumentStatus())


@router.post("", operation_id="draft_publication", status_code=201, description=acts.draft.__doc__)
def draft(context: Context, _: Annotated[Person, allow(acts.draft)], body: acts.Drafting) -> EditionRow:
    return EditionRow.of(acts.draft(publishing_of(context.file, context.desk), body))


@router.get("/{edition_id}", operation_id="publication")
def publication(
    context: Context, _: Reader, edition_id: Id, version: Annotated[int | None, Query(ge=1, le=100_000)] = None
) -> EditionWhole:
    """A document as it stands, or an earlier version of it."""
    return _whole(_editions(context), edition_id, version)


@router.post("/{edition_id}/edit", operation_id="edit_publication", description=acts.edit.__doc__)
def edit(
    context: Context, person: Annotated[Person, allow(acts.edit)], edition_id: Id, body: acts.Editing
) -> EditionWhole:
    editions = _editions(context)
    acts.edit(editions, person.name, edition_id, body, body.why, body.seen)
    return _whole(editions, edition_id, None)


@router.post("/{edition_id}/act", operation_id="act_on_publication", description=acts.step.__doc__)
def act(
    context: Context, person: Annotated[Person, allow(acts.step)], edition_id: Id, body: acts.Acting
) -> EditionWhole:
    editions = _editions(context)
    acts.step(editions, person.name, edition_id, body.act, body.why, body.seen)
    return _whole(editions, edition_id, None)


@router.get("/{edition_id}/file", operation_id="publication_file", response_class=Response)
def file(context: Context, _: Reader, edition_id: Id, form: Filed = "pdf", language: Spoken = "en") -> Response:
    """The version that stands as a file; what is not approved says so on its first page."""
    editions = _editions(context)
    with refusing(*acts.REFUSES):
        edition = editions.get(edition_id)
        return _filed(editions.document(edition_id), edition_id, form, language, standing(edition))


def _editions(context: SacContext) -> Editions:
    return publishing_of(context.file, context.desk).editions


def _picture(context: SacContext, days: int) -> Document:
    with refusing(*acts.REFUSES):
        publishing = publishing_of(context.file, context.desk)
        return context.answers.of(
            ("picture", days),
            lambda: publishing.built(Kind.PICTURE, "", days),
            of_days=True,
        )


def _whole(editions: Editions, edition_id: str, version: int | None) -> EditionWhole:
    with refusing(*acts.REFUSES):
        edition = editions.get(edition_id)
        return EditionWhole(
            row=EditionRow.of(edition),
            version=version or edition.version,
            document=document_shown(editions.document(edition_id, version)),
            versions=[filled(VersionShown, one) for one in reversed(editions.versions(edition_id))],
        )


def _filed(document: Document, name: str, form: Form, language: Language, how: DocumentStatus) -> Response:
    with installed():
        return filed(rendered_apart(document, form, language, how), name, form, language)
