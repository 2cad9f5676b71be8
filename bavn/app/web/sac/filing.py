"""Documents as files: their media types, their names, and what an installation that lacks a library answers.

Refuses to render: ``publish_parts`` does.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Final

from fastapi import Query
from fastapi.responses import Response

from bavn.app.centre.publish_parts import Form
from bavn.app.process.exits import Exit, Stop
from bavn.app.process.spoken import Spoken as Named
from bavn.app.web.frame import Trouble
from bavn.app.web.problems import said
from bavn.model.text import Language, Text

MEDIA: Final[dict[Form, str]] = {
    "html": "text/html; charset=utf-8",
    "pdf": "application/pdf",
    "json": "application/json",
}
BUSY: Final = Text("Other documents are being drawn. Ask again in a minute.")
Spoken = Annotated[Named, Query()]
Filed = Annotated[Form, Query()]


def filed(content: bytes, name: str, form: Form, language: Language) -> Response:
    """A file to keep; JSON holds both languages and is named without one."""
    said_in = "" if form == "json" else f".{language}"
    headers = {
        "content-disposition": f'attachment; filename="bavn-{name}{said_in}.{form}"',
        "cache-control": "no-store",
    }
    return Response(content, media_type=MEDIA[form], headers=headers)


@contextmanager
def installed() -> Iterator[None]:
    """A Stop of an installation that lacks something, or of others who draw, becomes a Trouble."""
    try:
        yield
    except Stop as stop:
        if stop.code is Exit.NOT_NOW:
            raise Trouble(503, "busy", BUSY, "you") from stop
        status, code = (501, "not-installed") if stop.code is Exit.MISSING else (503, "wrong-file")
        raise Trouble(status, code, said(stop), "operator") from stop
