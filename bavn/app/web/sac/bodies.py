"""Shapes and small words that several areas of the SAC console share: who must act, reasons, words.

Refuses to know any area's questions.
"""

from typing import Annotated, Final

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field

from bavn.app.web.frame import Act, Trouble
from bavn.model.observable import NotCanonical, Observable
from bavn.model.text import Text

WHY_CHARS_MAX: Final = 500
Kind = tuple[type[Exception], int, str, Act]
"""A refusal of a room: what it is, its status, its code, and who must act."""
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
    from bavn.model.intel.spelled import observable_of as read

    try:
        return read(text)
    except NotCanonical as error:
        raise Trouble(
            422,
            "not-canonical",
            Text("“{text}” is neither an address, a name nor a fingerprint.", text=text[:80]),
        ) from error
