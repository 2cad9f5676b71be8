"""The down-queues: letters through gate 3, one ledger line each, into each actor's queue; exactly once.

A letter that is offered again after a crash is recognised by its ledger line (recipient and content) and not said
twice. Refuses to know why anything is said.
"""

from collections.abc import Callable, Sequence

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bavn.centre.share.outgoing import KINDS, Outgoing, OutgoingDraft, fields_of, label
from bavn.centre.share.outgoing_rules import ShareLimits, ShareRules
from bavn.model.outcome import Refused
from bavn.model.ports import Clock
from bavn.model.sector.member import CENTRE_NAME
from bavn.wire.book import Book
from bavn.wire.codec import encode, summary_of
from bavn.wire.gate import Gate
from bavn.wire.ledger import Ledger, Note
from bavn.wire.outbox import RENUMBER_MAX, Outbox, OutboxLimits
from bavn.wire.partners.stix_indicator import NotWritable

GATE = "share"
PULL_BYTES_MAX = 32 * 1024 * 1024
PULL_MESSAGES_MAX = 500


class Post:
    """All methods may be called from any thread. ``on_put`` hears a recipient's name when something was queued."""

    def __init__(
        self,
        *,
        book: Book,
        key: Ed25519PrivateKey,
        clock: Clock,
        limits: ShareLimits,
        created_by: str,
        is_member: Callable[[str], bool],
        outbox_limits: OutboxLimits | None = None,
        on_put: Callable[[str], None] | None = None,
    ) -> None:
        self._created_by = created_by
        self.ledger = Ledger(book)
        self.outbox = Outbox(book, CENTRE_NAME, key, clock, limits=outbox_limits, on_put=on_put)
        self.rules = rules = ShareRules(
            limits=limits, is_member=is_member, outbox=self.outbox, clock=clock, created_by=created_by
        )
        self.gate: Gate[Outgoing, OutgoingDraft] = Gate(
            GATE, rules.row(), self.ledger, clock, way="down", nothing=OutgoingDraft, label=label, follow=self._follow
        )

    def say(self, outgoing: Outgoing) -> Refused | None:
        """Queue a letter, unless it was queued before. Raises GateBroken."""
        with self.ledger.book.transaction():
            if self._was_sent(outgoing):
                return None
            outcome = self.gate.offer(outgoing)
        return outcome if isinstance(outcome, Refused) else None

    def say_all(self, letters: Sequence[Outgoing]) -> list[Refused | None]:
        """The same for several, in their order and in one write to the disk: all of them are queued, or none is."""
        with self.ledger.book.transaction():
            return [self.say(letter) for letter in letters]

    def try_on(self, letter: Outgoing) -> Refused | None:
        """What ``say`` would answer, without a line."""
        outcome = self.gate.try_on(letter)
        return outcome if isinstance(outcome, Refused) else None

    def pull(self, actor: str, after: int) -> list[bytes]:
        """What waits for an actor after ``after``, in order; all up to it is acknowledged by asking. One that has heard
        more than was ever put here heard it of another who held the key: what waits comes to it under new numbers."""
        if after <= self.outbox.last_seq(actor):
            self.outbox.acknowledge_up_to(actor, after)
        elif after <= RENUMBER_MAX:
            self.outbox.renumber(actor, after)
        waiting = self.outbox.waiting(actor, after, messages_max=PULL_MESSAGES_MAX, bytes_max=PULL_BYTES_MAX)
        return [one.raw for one in waiting]

    def _was_sent(self, outgoing: Outgoing) -> bool:
        try:
            encoded = encode(KINDS[type(outgoing.said)](**fields_of(outgoing.said, self._created_by)))
        except (NotWritable, ValueError):  # the rules say why it is no message
            return False
        return bool(self.ledger.lines(gate=GATE, verdict="passed", item_id=encoded.id, peer=outgoing.said.to, limit=1))

    def _follow(self, outgoing: Outgoing, draft: OutgoingDraft) -> Note:
        if draft.encoded is None:
            raise ValueError("the row of rules ends with the message")
        self.outbox.put(outgoing.said.to, draft.encoded, draft.privacy, outgoing.until_us)
        return Note(
            kind=draft.encoded.kind,
            item_id=draft.encoded.id,
            peer=outgoing.said.to,
            privacy=draft.privacy,
            bytes=draft.encoded.bytes,
            summary=summary_of(draft.encoded),
        )
