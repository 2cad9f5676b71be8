"""What a round's questions are answered by (S0): the share, the receipts, a decline; each kind at a gate of its own.

The gates are made once, so that a rule which slipped and was let through again is known to work. An answer is of use in
its round alone, and what came too late for it is said to have. Refuses to decide what is answered: the door does.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from bavn.actor.door.conversation import DoorContext
from bavn.actor.door.draft import Draft
from bavn.actor.door.rounds.labels import CENTRE
from bavn.model.outcome import Refused
from bavn.wire.gate import Rule
from bavn.wire.ledger import Note
from bavn.wire.messages.catalogue import Declined, Receipts, ShareUpload
from bavn.wire.outbox import Late
from bavn.wire.privacy import Message

CAME_LATE: Final = "CameLate"
NEVER_LEFT: Final = Refused("too_late", "the round's deadline passed before it could leave: it was not counted")
LEFT_LATE: Final = Refused("too_late", "the centre had it only after the round's deadline, and counts nothing then")
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
        self._at = at

    def say(self, kind: type[Message], fields: Mapping[str, object], until_us: int | None = None) -> Draft | Refused:
        """As an item at the gate of its kind, under the id of its round."""
        return self._gates[kind].offer(Reply(fields, until_us))

    def came_late(self, late: Sequence[Late], *, left: bool) -> None:
        """Each is a line more under the id of what stands as sent; nothing crosses. ``left``: the centre had it."""
        for each in late:
            note = Note(kind=CAME_LATE, item_id=each.item_id, peer=CENTRE, summary=each.kind)
            self._at.ledger.append(self._at.clock.now_us(), "door", "out", note, LEFT_LATE if left else NEVER_LEFT)

    def are_held_back(self, kind: type[Message]) -> bool:
        """Whether a person must open the gate for this kind first."""
        return kind.__name__ in self._gates[kind].shut_kinds(CENTRE)
