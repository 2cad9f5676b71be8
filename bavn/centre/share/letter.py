"""A letter at gate 3, the draft that the rules build of it from nothing, and the message it becomes.

Refuses to judge: rules.py does.
"""

import hashlib
import json
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Final

from bavn.model.indicator import Pap
from bavn.model.moment import DAY_US
from bavn.model.said import Closing, Opening, Releasing, RevealWanted, Said, TagsWanted, Withdrawing
from bavn.wire.codec import Encoded
from bavn.wire.ledger import Note
from bavn.wire.messages import (
    AskedCell,
    IndicatorReleased,
    IndicatorWithdrawn,
    Member,
    OtherTag,
    ReceiptsAsked,
    Reveal,
    RevealAsked,
    RoundClosed,
    RoundOpened,
)
from bavn.wire.privacy import Message
from bavn.wire.stix import bundle_of

CLOSING_KEPT_US: Final = 7 * DAY_US
BLOCK_PAP_MIN: Final = Pap.GREEN


@dataclass(frozen=True, slots=True, kw_only=True)
class Grounds:
    """Why an indicator may go out: what stays at the centre. ``listed``: what speaks for its innocence, by name.
    ``approved_by``: the person, or the policy that two people approved."""

    score: float
    groups: int
    listed: tuple[str, ...]
    approved_by: str


@dataclass(frozen=True, slots=True)
class Letter:
    """Something to say to one actor; ``grounds`` goes with an indicator. ``until_us``: after that it is of no use."""

    said: Said
    grounds: Grounds | None = None
    until_us: int | None = None


@dataclass(frozen=True, slots=True)
class LetterDraft:
    """``fields``: what the rules have added so far; the last rule makes the message of exactly these."""

    fields: dict[str, Any] = field(default_factory=dict)
    encoded: Encoded | None = None
    privacy: str = ""

    def plus(self, **more: Any) -> "LetterDraft":
        return replace(self, fields=self.fields | more)


KINDS: Final[dict[type[Said], type[Message]]] = {
    Opening: RoundOpened, TagsWanted: ReceiptsAsked, RevealWanted: RevealAsked, Closing: RoundClosed,
    Releasing: IndicatorReleased, Withdrawing: IndicatorWithdrawn,
}  # fmt: skip


def fields_of(said: Said, created_by: str) -> dict[str, Any]:
    """The fields of the message that says it. Raises stix.NotWritable for an indicator that cannot be written."""
    match said:
        case Opening():
            plain = asdict(said)
            del plain["to"]
            return plain | {"members": tuple(Member(actor=actor, x=x) for actor, x in said.members)}
        case TagsWanted():
            cells = tuple(AskedCell(table=table, bin=bin_) for table, bin_ in said.cells)
            return {"round_id": said.round_id, "cells": cells}
        case RevealWanted():
            items = tuple(
                Reveal(
                    table=item.table, bin=item.bin,
                    others=tuple(OtherTag(x=x, tag=tag.hex()) for x, tag in item.others),
                )
                for item in said.items
            )  # fmt: skip
            return {"round_id": said.round_id, "items": items}
        case Closing():
            return {"round_id": said.round_id}
        case Releasing():
            bundle = bundle_of(said.indicator, created_by=created_by, created_us=said.created_us)
            return {"bundle": bundle}
        case Withdrawing():
            return {"indicator_id": said.indicator_id, "version": said.version}


def label(letter: Letter) -> Note:
    """How the ledger names a letter that was refused: by kind, recipient and the hash of what it would have said."""
    text = json.dumps(asdict(letter.said), sort_keys=True, default=_plain)
    kind = KINDS[type(letter.said)].__name__
    item_id = hashlib.sha256(f"{kind}\0{text}".encode()).hexdigest()
    return Note(kind=kind, item_id=item_id, peer=letter.said.to, summary=text)


def _plain(value: object) -> str:
    if isinstance(value, bytes):
        return value.hex()
    raise TypeError(f"{type(value).__name__} stands in no letter")
