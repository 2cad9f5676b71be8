"""The draft of an outgoing message, built up from nothing by the rules of the gate, and the last rule of every row.

A draft starts empty and rules only ever add fields; what no rule adds cannot leave. Refuses to know any rule but the
last, which builds the message (strictly typed, every field with its privacy class) and asks for room.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

import rfc8785

from bavn.model.outcome import Refused
from bavn.wire.codec import Encoded, encode, privacy_of, summary_of
from bavn.wire.gate import Rule
from bavn.wire.ledger import Note
from bavn.wire.outbox import Outbox
from bavn.wire.privacy import Message
from bavn.wire.shut import WAITS


@dataclass(frozen=True, slots=True)
class Draft:
    """``fields``: what the rules have added so far. ``encoded`` and ``privacy``: the finished message."""

    fields: Mapping[str, Any] = field(default_factory=dict)
    encoded: Encoded | None = None
    privacy: str = ""

    def plus(self, **more: Any) -> "Draft":
        return replace(self, fields={**self.fields, **more})


def message_rule[Item](kind: type[Message], outbox: Outbox, centre: str) -> Rule[Item, Draft]:
    """The last rule: the message of exactly these fields, if the outbox has room for it."""

    def apply(_: Item, draft: Draft) -> Draft | Refused:
        message = kind(**draft.fields)
        encoded, privacy = encode(message), privacy_of(message)
        refused = outbox.room(centre, privacy, encoded.bytes)
        return refused or replace(draft, encoded=encoded, privacy=privacy)

    return Rule("room", apply)


def put[Item](outbox: Outbox, centre: str, until: Callable[[Item], int | None]) -> Callable[[Item, Draft], Note]:
    """What follows when a draft has passed: into the outbox, in the transaction of its ledger line."""

    def follow(item: Item, draft: Draft) -> Note:
        if draft.encoded is None:
            raise ValueError("a row of rules ends with the message rule")
        outbox.put(centre, draft.encoded, draft.privacy, until(item))
        return Note(
            kind=draft.encoded.kind,
            item_id=draft.encoded.id,
            peer=centre,
            privacy=draft.privacy,
            bytes=draft.encoded.bytes,
            summary=summary_of(draft.encoded),
        )

    return follow


SHUT: Final = WAITS
"""Refusals of a gate that a person must look at first."""
STAYS: Final = SHUT | {"outbox_full"}
"""Refusals after which what was to go out waits here: there is no room, or a person must look at the gate first."""


def labelled(kind: str, peer: str, what: Mapping[str, Any]) -> Note:
    """How an item is named that did not pass: by kind and by the hash of what it was about, so that its owner can
    find it again; ``what`` stands in the owner's own ledger and goes nowhere."""
    text = rfc8785.dumps(dict(what)).decode()
    return Note(kind=kind, item_id=hashlib.sha256(f"{kind}\0{text}".encode()).hexdigest(), peer=peer, summary=text)
