"""What a room refused, as a person at the console reads it: which answer it is, in the room's own words.

A room's error holds a Text; ``told`` makes of it a Trouble. Refuses to hide a failure that is none of these.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from bavn.app.acts.act import ActRefused, Kind, refusing
from bavn.app.acts.centre.refusals import KINDS
from bavn.app.web.frame import Trouble
from bavn.model.text import Capital, Text


@contextmanager
def told(*more: Kind) -> Iterator[None]:
    """For a route that is no act yet: a room's refusal becomes an answer; ``more`` kinds go before KINDS."""
    try:
        with refusing(*more, *KINDS):
            yield
    except ActRefused as refused:
        raise Trouble(refused.status, refused.kind, answer(refused), refused.act) from refused


def answer(refused: ActRefused) -> Text:
    """What an act says of itself, or its room's own words as a sentence."""
    return refused.text if refused.whole else said(refused.text)


def said(why: Exception | Text) -> Text:
    """Why a room refuses, as a sentence on a page: a capital first. What it says in no words of ours stays as it is."""
    return Text.shaped("{said}", said=Capital(why if isinstance(why, Text) else Text.of_error(why)))
