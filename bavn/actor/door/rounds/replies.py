"""What a round's questions are answered by (S0): the share, the receipts, a decline; each kind at a gate of its own.

The gates are made once, so that a rule which slipped and was let through again is known to work. An answer is of use in
its round alone. Refuses to decide what is answered: the door does.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from bavn.actor.door.conversation import DoorContext
from bavn.actor.door.draft import Draft
from bavn.actor.door.rounds.labels import CENTRE
from bavn.model.outcome import Refused
from bavn.wire.gate import Rule
from bavn.wire.messages.catalogue import Declined, Receipts, ShareUpload
from bavn.wire.privacy import Message

KINDS: Final[tuple[type[Message], ...]] = (ShareUpload, Receipts, Declined)


@dataclass(frozen=True, slots=True)
class Reply:
    """A protocol answer on its way out; ``until_us``: from then on it is of no use, None for no end."""

    fields: Mapping[str, object]
    until_us: int | None


class Replies:
    """One node's."""

    def __init__(self, at: DoorContext) -> None:
        build: Rule[Reply, Draft] = Rule("build", lambda reply, draft: draft.plus(**reply.fields))
        self._gates = {
            kind: at.way_out(
                kind, (build,), lambda reply: {"round_id": reply.fields["round_id"]}, lambda reply: reply.until_us
            )
            for kind in KINDS
        }

    def say(self, kind: type[Message], fields: Mapping[str, object], until_us: int | None = None) -> Draft | Refused:
        """As an item at the gate of its kind, under the id of its round."""
        return self._gates[kind].offer(Reply(fields, until_us))

    def are_held_back(self, kind: type[Message]) -> bool:
        """Whether a person must open the gate for this kind first."""
        return kind.__name__ in self._gates[kind].shut_kinds(CENTRE)
