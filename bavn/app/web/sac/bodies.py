"""Shapes and small words that several areas of the SAC console share: who must act, exports, moments.

Refuses to know any area's questions.
"""

import json
from collections.abc import Iterable, Iterator
from typing import Annotated, Any, Final, Literal

from fastapi import Query
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from bavn.app.web.exporting import EXPORT_ROWS_MAX, LEFT_OFF, cell, line
from bavn.app.web.frame import Act, Trouble
from bavn.model.observable import NotCanonical, Observable
from bavn.model.text import Text

WHY_CHARS_MAX: Final = 500
Kind = tuple[type[Exception], int, str, Act]
"""A refusal of a room: what it is, its status, its code, and who must act."""
Format = Literal["csv", "json"]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{1,39}$")]
Why = Annotated[str, Field(min_length=1, max_length=WHY_CHARS_MAX)]
Words = Annotated[str, Query(alias="q", max_length=253)]


class Shape(BaseModel):
    """What all answers and bodies are: frozen, and strict about names."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Because(Shape):
    """A reason, for the audit log."""

    why: Why


def unknown(what: Text) -> Trouble:
    """404 for what is not there."""
    return Trouble(404, "not-found", what)


def observable_of(text: str) -> Observable:
    """What an analyst wrote. Raises Trouble(422)."""
    from bavn.app.cli.ask import observable_of as read

    try:
        return read(text)
    except NotCanonical as error:
        raise Trouble(
            422, "not-canonical",
            Text(f"“{text[:80]}” is neither an address, a name nor a fingerprint.",
                 f"“{text[:80]}” er hverken en adresse, et navn eller et fingeraftryk."),
        ) from error  # fmt: skip


def exported(name: str, kind: Format, columns: tuple[str, ...], rows: Iterable[dict[str, Any]]) -> StreamingResponse:
    """A file of rows, streamed; at most EXPORT_ROWS_MAX, and its end says where there were more."""
    made = _csv(columns, rows) if kind == "csv" else _json(rows)
    media = "text/csv; charset=utf-8" if kind == "csv" else "application/json"
    return StreamingResponse(made, media_type=media, headers=attachment(f"{name}.{kind}"))


def attachment(name: str) -> dict[str, str]:
    """The headers of a file that is saved and never shown."""
    return {
        "content-disposition": f'attachment; filename="bavn-{name}"', "bavn-rows-max": str(EXPORT_ROWS_MAX),
        "cache-control": "no-store",
    }  # fmt: skip


def _csv(columns: tuple[str, ...], rows: Iterable[dict[str, Any]]) -> Iterator[str]:
    yield line(columns)
    for number, row in enumerate(rows):
        if number == EXPORT_ROWS_MAX:
            yield line([f"# {LEFT_OFF}"])
            return
        yield line([cell(row.get(name)) for name in columns])


def _json(rows: Iterable[dict[str, Any]]) -> Iterator[str]:
    yield '{"items":['
    more = False
    for number, row in enumerate(rows):
        if number == EXPORT_ROWS_MAX:
            more = True
            break
        yield ("," if number else "") + json.dumps(row, ensure_ascii=False, separators=(",", ":"))
    yield f'],"truncated":{json.dumps(more)}}}'
