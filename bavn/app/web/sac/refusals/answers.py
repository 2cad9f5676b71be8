"""What a room refused, as a person at the console reads it: which answer it is, in the room's own words.

A room's error holds a Text; ``told`` makes of it a Trouble. Refuses to hide a failure that is none of these.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from bavn.app.web.frame import Act, Trouble
from bavn.centre.cases.case.rows import ChangedMeanwhile, UnknownCase
from bavn.centre.cases.case.work import UnknownTask
from bavn.centre.cases.who import NotAllowed
from bavn.centre.desk.desk import UnknownLead
from bavn.model.observable import NotCanonical
from bavn.model.sector.case import NotNow
from bavn.model.sector.nis2 import OutOfOrder
from bavn.model.sector.work import NoSuchStep
from bavn.model.text import Capital, Text

Kind = tuple[type[Exception], int, str, Act]
KINDS: Final[tuple[Kind, ...]] = (
    (UnknownLead, 404, "unknown-lead", "you"),
    (UnknownCase, 404, "unknown-case", "you"),
    (UnknownTask, 404, "unknown-task", "you"),
    (ChangedMeanwhile, 409, "changed-meanwhile", "you"),
    (NotNow, 409, "not-now", "you"),
    (NoSuchStep, 409, "not-now", "you"),
    (OutOfOrder, 409, "out-of-order", "you"),
    (NotAllowed, 403, "not-this-person", "colleague"),
    (NotCanonical, 422, "no-observable", "you"),
    (ValueError, 422, "bad-value", "you"),
)
"""The first that fits: what it is, its status, its code, and who must act."""


@contextmanager
def told(*more: Kind) -> Iterator[None]:
    """A room's refusal becomes a Trouble; ``more`` kinds go before KINDS."""
    kinds = (*more, *KINDS)
    try:
        yield
    except Trouble:
        raise
    except tuple(kind[0] for kind in kinds) as error:
        _, status, code, act = next(kind for kind in kinds if isinstance(error, kind[0]))
        raise Trouble(status, code, said(error), act) from error


def said(why: Exception | Text) -> Text:
    """Why a room refuses, as a sentence on a page: a capital first. What it says in no words of ours stays as it is."""
    return Text.shaped("{said}", said=Capital(why if isinstance(why, Text) else Text.of_error(why)))
