"""The life of a document, as a table: commands, docs and tests are made of it. Refuses to know who may do what."""

from enum import StrEnum
from typing import Final

from bavn.model.sector.refusal import word, words
from bavn.model.text import Text


class EditionState(StrEnum):
    """Where a document stands."""

    DRAFT = "draft"
    EDITED = "edited"
    APPROVED = "approved"
    PUBLISHED = "published"
    ARCHIVED = "archived"
    WITHDRAWN = "withdrawn"


class EditionAct(StrEnum):
    """What is done to it. ``draft`` builds it (again) from data; all others are a person's."""

    DRAFT = "draft"
    EDIT = "edit"
    APPROVE = "approve"
    PUBLISH = "publish"
    ARCHIVE = "archive"
    WITHDRAW = "withdraw"


_S, _A = EditionState, EditionAct
LIFE_CYCLE: Final[dict[tuple[EditionState, EditionAct], EditionState]] = {
    (_S.DRAFT, _A.DRAFT): _S.DRAFT,
    (_S.DRAFT, _A.EDIT): _S.EDITED,
    (_S.DRAFT, _A.APPROVE): _S.APPROVED,
    (_S.DRAFT, _A.WITHDRAW): _S.WITHDRAWN,
    (_S.EDITED, _A.EDIT): _S.EDITED,
    (_S.EDITED, _A.APPROVE): _S.APPROVED,
    (_S.EDITED, _A.WITHDRAW): _S.WITHDRAWN,
    (_S.APPROVED, _A.EDIT): _S.EDITED,
    (_S.APPROVED, _A.PUBLISH): _S.PUBLISHED,
    (_S.APPROVED, _A.WITHDRAW): _S.WITHDRAWN,
    (_S.PUBLISHED, _A.ARCHIVE): _S.ARCHIVED,
    (_S.PUBLISHED, _A.WITHDRAW): _S.WITHDRAWN,
    (_S.ARCHIVED, _A.WITHDRAW): _S.WITHDRAWN,
    (_S.WITHDRAWN, _A.DRAFT): _S.DRAFT,
}
STATES: Final[dict[EditionState, Text]] = {
    _S.DRAFT: Text("draft, made from data"),
    _S.EDITED: Text("edited, not approved"),
    _S.APPROVED: Text("approved, not published"),
    _S.PUBLISHED: Text("published"),
    _S.ARCHIVED: Text("archived"),
    _S.WITHDRAWN: Text("withdrawn"),
}


class NoSuchAct(Exception):
    """The life-cycle has no such step from here. The person who asked must choose another."""


def after(state: EditionState, act: EditionAct) -> EditionState:
    """The state after an act; raises NoSuchAct."""
    try:
        return LIFE_CYCLE[state, act]
    except KeyError:
        raise NoSuchAct(
            Text(
                "what is {state} cannot be given {act}; possible: {possible}",
                state=word(state),
                act=word(act),
                possible=words(sorted(a.value for s, a in LIFE_CYCLE if s is state)),
            )
        ) from None
