"""Shapes and small words that several areas of the SAC console share: who must act, reasons, words.

Refuses to know any area's questions.
"""

from typing import Annotated

from fastapi import Query

from bavn.app.acts.act import Input, Why
from bavn.app.web.frame import Trouble
from bavn.model.text import Text


class Shape(Input):
    """What all answers and bodies are."""


Words = Annotated[str, Query(alias="q", max_length=253)]


class Because(Shape):
    """A reason, for the audit log."""

    why: Why


def unknown(what: Text) -> Trouble:
    """404 for what is not there."""
    return Trouble(404, "not-found", what)
