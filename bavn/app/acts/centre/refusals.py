"""What the centre's rooms refuse whatever is done there. Expect each subject to put its own kinds before these."""

from typing import Final

from bavn.app.acts.act import ActRefused, Kind
from bavn.centre.cases.case.rows import ChangedMeanwhile, UnknownCase
from bavn.centre.cases.case.work import UnknownTask
from bavn.centre.cases.two_people import NotAllowed
from bavn.model.intel.spelled import observable_of as read
from bavn.model.observable import NotCanonical, Observable
from bavn.model.sector.case import NotNow
from bavn.model.sector.lead import UnknownLead
from bavn.model.sector.nis2 import OutOfOrder
from bavn.model.sector.work import NoSuchStep
from bavn.model.text import Text

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
"""The first that fits."""


def observable_of(text: str) -> Observable:
    """What an analyst wrote. Raises ActRefused."""
    try:
        return read(text)
    except NotCanonical as error:
        said = Text("“{text}” is neither an address, a name nor a fingerprint.", text=text[:80])
        raise ActRefused(422, "not-canonical", said) from error
