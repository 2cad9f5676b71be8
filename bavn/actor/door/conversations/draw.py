"""The node's part in the draw of an audit: it commits to a value with each upload and opens it once the hits are
fixed.

It opens when the centre has proven, under a checkpoint that this node cosigned, that the log holds the round's uploads,
this node's own among them as it was sent, and after them its hits. For one pair of entries alone: the centre cannot
look at a value and choose other hits. Refuses to know what an upload holds: it remembers hashes.
"""

from collections.abc import Sequence
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from bavn.actor.door.conversation import DoorContext, Nothing, Received
from bavn.actor.door.conversations.witness_book import WitnessBook
from bavn.actor.door.draft import Draft
from bavn.model.moment import DAY_US
from bavn.model.outcome import Refused
from bavn.model.text import Text
from bavn.psi.round import RoundParams
from bavn.tlog.bad import BadLog
from bavn.tlog.checkpoint import Checkpoint
from bavn.tlog.draw import commitment, opening_text, own_value, table_hash, upload_hash
from bavn.tlog.entries import Entry, entry_of
from bavn.tlog.merkle import is_included, leaf_hash
from bavn.wire import gaps
from bavn.wire.gate import Rule
from bavn.wire.ledger import Note
from bavn.wire.messages.log import DrawOpening, DrawsOpened, FixedRound, RoundsFixed

KEPT_US: Final = 3 * DAY_US
_SCHEMA: Final = (
    """CREATE TABLE draw_upload (
        round TEXT PRIMARY KEY, upload TEXT NOT NULL, value TEXT NOT NULL, entries TEXT NOT NULL, at_us INTEGER NOT NULL
    ) STRICT""",
)


class Drawing:
    """One node's, on its own book. ``witnessed``: what it cosigned, and what it caught the centre at."""

    def __init__(self, at: DoorContext, own: Ed25519PrivateKey, witnessed: WitnessBook) -> None:
        self.at, self._own, self._witnessed = at, own, witnessed
        self._book = at.ledger.book
        self._book.part("draw", 1, _SCHEMA)
        with self._book.transaction() as tx:
            tx.execute("DELETE FROM draw_upload WHERE at_us <= ?", (gaps.noticed_us(self._book),))
        secret = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"bavn/draw-secret/1")
        self._secret = secret.derive(own.private_bytes_raw())
        rules = (
            Rule("fixed_seen", self._seen),
            Rule("fixed_known", self._known),
            Rule("fixed_in_log", _in_log),
            Rule("fixed_own_upload", self._own_upload),
            Rule("fixed_once", self._once),
        )
        self._fixed = at.way_in(rules, self._open)
        self._opened = at.way_out(
            DrawsOpened,
            (Rule[Sequence[DrawOpening], Draft]("draws_build", _built),),
            lambda openings: {"rounds": [each.round_id for each in openings]},
        )

    def commitment(self, params: RoundParams) -> str:
        """What goes with the upload of a round."""
        return commitment(own_value(self._secret, params.canonical()))

    def sent(self, params: RoundParams, key_check: str, tables: Sequence[bytes]) -> None:
        """The upload of these tables is on its way. Joins the transaction that is open."""
        value = own_value(self._secret, params.canonical())
        upload = upload_hash(key_check, commitment(value), [table_hash(each) for each in tables])
        now_us = self.at.clock.now_us()
        with self._book.transaction() as tx:
            tx.execute("DELETE FROM draw_upload WHERE at_us < ?", (now_us - KEPT_US,))
            row = (params.round_id.hex(), upload, value.hex(), "", now_us)
            tx.execute("INSERT OR IGNORE INTO draw_upload VALUES (?, ?, ?, ?, ?)", row)

    def take_in(self, message: RoundsFixed, note: Note) -> Refused | None:
        """Through its gate; what holds is answered with the values, and a round that holds another upload than this
        node's is remembered as a fact about the centre."""
        outcome = self._fixed.offer(Received(message, note))
        if not isinstance(outcome, Refused):
            return None
        if outcome.rule == "fixed_own_upload":
            for fixed in message.rounds:
                if not self._is_own(fixed):
                    self._witnessed.keep_fixed(fixed.round_id, fixed.uploads, self.at.clock.now_us())
        return outcome

    def _row(self, round_id: str) -> tuple[str, str, str] | None:
        """Own upload's hash, own value, and the entries that it was opened for, if it was."""
        rows = self._book.rows("SELECT upload, value, entries FROM draw_upload WHERE round = ?", (round_id,))
        return None if not rows else (rows[0][0], rows[0][1], rows[0][2])

    def _seen(self, item: Received[RoundsFixed], draft: Nothing) -> Nothing | Refused:
        if not self._witnessed.cosigned(Checkpoint("", item.message.size, bytes.fromhex(item.message.root))):
            return Refused("fixed_seen", "the proof is under a checkpoint that this node did not cosign")
        return draft

    def _known(self, item: Received[RoundsFixed], draft: Nothing) -> Nothing | Refused:
        ids = [fixed.round_id for fixed in item.message.rounds]
        if len(set(ids)) != len(ids) or any(self._row(each) is None for each in ids):
            return Refused("fixed_known", "this node uploaded nothing of late to such a round")
        return draft

    def _own_upload(self, item: Received[RoundsFixed], draft: Nothing) -> Nothing | Refused:
        """The log holds what this node sent, to the byte: a centre that changed it is found out here."""
        if not all(self._is_own(fixed) for fixed in item.message.rounds):
            return Refused("fixed_own_upload", "this node's upload is not among those of the round")
        return draft

    def _is_own(self, fixed: FixedRound) -> bool:
        row, entry = self._row(fixed.round_id), entry_of(fixed.uploads.encode())
        leaf = leaf_hash(bytes.fromhex(row[0] if row else ""))
        path, top = [bytes.fromhex(each) for each in fixed.path], bytes.fromhex(entry.fields["uploads"])
        return is_included(leaf, fixed.place, entry.fields["count"], path, top)

    def _once(self, item: Received[RoundsFixed], draft: Nothing) -> Nothing | Refused:
        for fixed in item.message.rounds:
            row = self._row(fixed.round_id)
            if row is not None and row[2] not in ("", _pair(fixed)):
                return Refused("fixed_once", "this node opened its value for other hits of this round")
        return draft

    def _open(self, item: Received[RoundsFixed]) -> None:
        """What it was opened for is kept before the value leaves, both in the transaction of the ledger's lines."""
        openings = []
        for fixed in item.message.rounds:
            upload, value, _ = self._row(fixed.round_id) or ("", "", "")
            text = opening_text(fixed.round_id, fixed.uploads.encode(), fixed.hits.encode(), upload, value)
            signature = self._own.sign(text).hex()
            openings.append(DrawOpening(round_id=fixed.round_id, value=value, signature=signature))
            with self._book.transaction() as tx:
                tx.execute("UPDATE draw_upload SET entries = ? WHERE round = ?", (_pair(fixed), fixed.round_id))
        self._opened.offer(openings)


def _built(openings: Sequence[DrawOpening], draft: Draft) -> Draft:
    return draft.plus(openings=tuple(openings))


def _pair(fixed: FixedRound) -> str:
    return f"{fixed.uploads}\n{fixed.hits}"


def _in_log(item: Received[RoundsFixed], draft: Nothing) -> Nothing | Refused:
    """The two entries are in the log, of this round, the uploads first."""
    for fixed in item.message.rounds:
        try:
            uploads, hits = (
                _entry(item.message, fixed.uploads, fixed.uploads_index, fixed.uploads_path),
                _entry(item.message, fixed.hits, fixed.hits_index, fixed.hits_path),
            )
        except BadLog as error:
            return Refused.of("fixed_in_log", Text.of_error(error))
        of_round = all(entry.fields.get("round") == fixed.round_id for entry in (uploads, hits))
        if (uploads.kind, hits.kind) != ("uploads", "hits") or not of_round or fixed.uploads_index >= fixed.hits_index:
            return Refused("fixed_in_log", "the entries are of something else")
    return draft


def _entry(message: RoundsFixed, entry: str, index: int, path: Sequence[str]) -> Entry:
    """Raises BadLog where it is not in the log."""
    text, hashes = entry.encode(), [bytes.fromhex(each) for each in path]
    if not is_included(leaf_hash(text), index, message.size, hashes, bytes.fromhex(message.root)):
        raise BadLog(Text("the entry is not in the log"))
    return entry_of(text)
