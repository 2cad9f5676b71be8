"""The node as a witness of the centre's log: it cosigns a checkpoint that only grew from the last that it saw.

The first key that the centre shows is the log's; another one is another log, until a person here begins anew. What does
not go on is refused, told as a problem, and kept as evidence: both checkpoints as the centre signed them. Refuses to
believe a proof that begins elsewhere: it says where it stands, and asks for one from there.
"""

from dataclasses import dataclass
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bavn.actor.door.conversation import DoorContext, Nothing, Received
from bavn.actor.door.conversations.witness_book import LogWatch, ProvenEntry, WitnessBook
from bavn.actor.door.draft import Draft
from bavn.model.moment import MINUTE_US
from bavn.model.outcome import Refused
from bavn.model.text import Text
from bavn.tlog.bad import BadLog
from bavn.tlog.checkpoint import NOTHING_YET, STAMP_BYTES, Checkpoint, checkpoint_of, cosigned, opened, witness_of
from bavn.tlog.entries import PROVEN, entry_of, named, sealed
from bavn.tlog.merkle import is_included, leaf_hash
from bavn.tlog.note import BY_LOG, Line, Note, VerifierKey, key_of, note_of
from bavn.wire.gate import Gate, Rule
from bavn.wire.ledger import Note as LedgerNote
from bavn.wire.messages.log import LogProven, LogSeen, LogShown

FAULTS: Final = frozenset({"log_signature", "log_origin", "log_shorter", "log_other_past"})
"""Refusals by which the log is not the one that it was: evidence is kept."""
ASK_AGAIN_US: Final = MINUTE_US
SECONDS: Final = 60


@dataclass(frozen=True, slots=True)
class ShownDraft:
    """What the rules have made sure of so far."""

    key: VerifierKey | None = None
    note: Note | None = None
    line: Line | None = None
    seen: Checkpoint | None = None


@dataclass(frozen=True, slots=True)
class OwnLine:
    """What is to be said to the centre: where this node stands, and its cosignature of that, if it made one."""

    size: int
    root: str
    minute: int
    cosignature: str


class Witness:
    """One node's, on its own book. ``own``: the key that signs its messages; its cosignatures begin otherwise."""

    def __init__(self, at: DoorContext, own: Ed25519PrivateKey) -> None:
        self.at, self._own = at, own
        self.witness = witness_of(own.public_key().public_bytes_raw())
        self.book = WitnessBook(at.ledger.book)
        self._asked_us, self._began_us = 0, at.clock.now_us()
        rules = (
            Rule("log_form", self._form),
            Rule("log_origin", self._same_log),
            Rule("log_since", self._from_here),
            Rule("log_goes_on", self._goes_on),
        )
        self._shown = Gate[Received[LogShown], ShownDraft](
            "asked",
            rules,
            at.ledger,
            at.clock,
            way="in",
            nothing=ShownDraft,
            label=lambda item: item.note,
            follow=self._keep,
        )
        proven = (Rule("log_proof_form", self._proof_form), Rule("log_included", _included))
        self._proven = at.way_in(proven, self._keep_proven)
        self._seen = at.way_out(
            LogSeen,
            (Rule("log_kept", self._kept), Rule("log_seen", _said)),
            lambda item: {"size": item.size, "root": item.root},
        )

    def take_in(self, message: LogShown | LogProven, note: LedgerNote) -> Refused | None:
        """Through its gate; what goes on is cosigned, what does not is kept as evidence."""
        if isinstance(message, LogProven):
            given = self._proven.offer(Received(message, note))
            return given if isinstance(given, Refused) else None
        outcome = self._shown.offer(Received(message, note))
        if not isinstance(outcome, Refused):
            return None
        now_us, standing = self.at.clock.now_us(), self.book.standing()
        if outcome.rule in FAULTS and standing is not None:
            self.book.keep_evidence(standing, message, outcome.rule, now_us)
        if outcome.rule == "log_since" and not self._asked_us <= now_us < self._asked_us + ASK_AGAIN_US:
            self._asked_us = now_us
            size, root = (0, NOTHING_YET.root.hex()) if standing is None else (standing.size, standing.root)
            self._seen.offer(OwnLine(size, root, now_us // MINUTE_US, ""))
        return outcome

    def watch(self) -> LogWatch:
        """How the centre's log stands here. From any thread."""
        return LogWatch(
            standing=self.book.standing(),
            evidence=self.book.evidence(),
            began_us=self._began_us,
            releases=self.book.releases(self.at.clock.now_us()),
            fixed_otherwise=self.book.fixed_otherwise(self.at.clock.now_us()),
        )

    def forget(self) -> None:
        """Drops old evidence that a person has dealt with."""
        self.book.forget(self.at.clock.now_us())

    # --- what the centre shows --------------------------------------------------------------------------------

    def _form(self, item: Received[LogShown], _: ShownDraft) -> ShownDraft | Refused:
        try:
            key, note = key_of(item.message.key), note_of(item.message.checkpoint.encode())
        except BadLog as error:
            return Refused.of("log_form", Text.of_error(error))
        if key.kind != BY_LOG:
            return Refused("log_form", "that is no key of a log")
        return ShownDraft(key=key, note=note)

    def _same_log(self, item: Received[LogShown], draft: ShownDraft) -> ShownDraft | Refused:
        standing = self.book.standing()
        if standing is not None and item.message.key != standing.key:
            return Refused("log_origin", "the checkpoint is of another log than the last one")
        return draft

    def _from_here(self, item: Received[LogShown], draft: ShownDraft) -> ShownDraft | Refused:
        """A proof that begins elsewhere shows nothing, neither for nor against the log."""
        standing, (key, note) = self.book.standing(), _parsed(draft)
        try:
            size = opened(note, key).size
        except BadLog as error:
            return Refused.of("log_signature", Text.of_error(error))
        here = 0 if standing is None else standing.size
        since = item.message.since
        if size > here != since:
            return Refused("log_since", "the proof begins at {since} entries, not at {here}", since=since, here=here)
        return draft

    def _goes_on(self, item: Received[LogShown], draft: ShownDraft) -> ShownDraft | Refused:
        standing, (key, note) = self.book.standing(), _parsed(draft)
        seen = NOTHING_YET if standing is None else standing.checkpoint
        again = opened(note, key).size == seen.size  # then there is nothing that a proof could show
        minute = self.at.clock.now_us() // MINUTE_US
        outcome = cosigned(
            note,
            key,
            seen=seen,
            proof=[] if again else [bytes.fromhex(each) for each in item.message.proof],
            name=self.witness.name,
            key=self._own,
            now_s=minute * SECONDS,
        )
        if isinstance(outcome, Refused):
            return outcome
        return ShownDraft(key=key, note=note, line=outcome.line, seen=outcome.seen)

    def _keep(self, item: Received[LogShown], draft: ShownDraft) -> LedgerNote:
        """What is remembered is kept before the line leaves, both in the transaction of the ledger's lines."""
        seen, line = draft.seen, draft.line
        if seen is None or line is None:
            raise ValueError("what was not cosigned does not pass")
        now_us = self.at.clock.now_us()
        self.book.keep(item.message.key, item.message.checkpoint, seen, self.witness.text(), now_us)
        cosignature = line.signature[STAMP_BYTES:].hex()
        self._seen.offer(OwnLine(seen.size, seen.root.hex(), now_us // MINUTE_US, cosignature))
        return item.note

    # --- what it proves ---------------------------------------------------------------------------------------

    def _proof_form(self, item: Received[LogProven], draft: Nothing) -> Nothing | Refused:
        """Under a checkpoint that this node cosigned itself: one history, and not one made for it."""
        standing = self.book.standing()
        if standing is None:
            return Refused("log_not_seen", "this node has seen no log yet")
        try:
            checkpoint = opened(note_of(item.message.checkpoint.encode()), key_of(standing.key))
        except BadLog as error:
            return Refused.of("log_proof_form", Text.of_error(error))
        if not self.book.cosigned(checkpoint):
            return Refused("log_not_seen", "the proof is under a checkpoint that this node did not cosign")
        return draft

    def _keep_proven(self, item: Received[LogProven]) -> None:
        proven = []
        for proof in item.message.proofs:
            entry = entry_of(proof.entry.encode())
            name = named(entry.kind, entry.fields, proof.content)
            proven.append(ProvenEntry(name=name, kind=entry.kind, number=proof.index))
        self.book.keep_proven(proven, item.message.checkpoint, self.at.clock.now_us())

    # --- what is said to it -----------------------------------------------------------------------------------

    def _kept(self, item: OwnLine, draft: Draft) -> Draft | Refused:
        """Nothing is said of a checkpoint but of the one that is remembered."""
        standing = self.book.standing()
        here = (0, NOTHING_YET.root.hex()) if standing is None else (standing.size, standing.root)
        if (item.size, item.root) != here:
            return Refused("log_kept", "this node does not remember such a checkpoint")
        return draft


def _said(item: OwnLine, draft: Draft) -> Draft:
    return draft.plus(size=item.size, root=item.root, minute=item.minute, cosignature=item.cosignature)


def _parsed(draft: ShownDraft) -> tuple[VerifierKey, Note]:
    if draft.key is None or draft.note is None:
        raise ValueError("the first rule makes key and note")
    return draft.key, draft.note


def _included(item: Received[LogProven], draft: Nothing) -> Nothing | Refused:
    """Each entry is one that a node may want proven, in the log, and sealed over what it is said to be."""
    body, _, _ = item.message.checkpoint.rpartition("\n\n")  # the rule before read the note as a whole
    checkpoint = checkpoint_of(f"{body}\n")
    for proof in item.message.proofs:
        text = proof.entry.encode()
        path = [bytes.fromhex(each) for each in proof.path]
        if not is_included(leaf_hash(text), proof.index, checkpoint.size, path, checkpoint.root):
            return Refused("log_included", "the entry is not in the log")
        try:
            entry = entry_of(text)
        except BadLog as error:
            return Refused.of("log_included", Text.of_error(error))
        if entry.kind not in PROVEN or entry.seal != sealed(proof.content, bytes.fromhex(proof.salt)):
            return Refused("log_included", "the entry is of something else")
    return draft
