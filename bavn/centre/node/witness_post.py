"""The centre's log shown to every member, and the cosignatures that come back. One step of the centre's node.

What at least half of the members cosigned is handed out beside the log's newest checkpoint, as ``witnessed``. Refuses
to decide what a checkpoint says (store/log_keeper.py) and what may leave (share).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import batched
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import Engine

from bavn.centre.node.contained import Containment
from bavn.centre.node.draw_post import DrawPost
from bavn.centre.share.outgoing_rules import LATER
from bavn.centre.share.share import Share
from bavn.centre.store import witnesses
from bavn.centre.store.engine import reading, writing
from bavn.centre.store.log_keeper import LogKeeper
from bavn.model.clock.believed import BelievedClock
from bavn.model.moment import SECOND_US
from bavn.model.outcome import Refused
from bavn.model.ports import Clock
from bavn.model.received import CheckpointSeen, DrawValues
from bavn.model.statement import LogEntryProof, LogProving, LogShowing
from bavn.tlog.bad import BadLog
from bavn.tlog.checkpoint import checkpoint_of, line_by, witness_of, witnessed
from bavn.tlog.merkle import consistency, inclusion
from bavn.tlog.note import Line, Note, VerifierKey, note_of
from bavn.tlog.tiles import WITNESSED, Tree

SECONDS: Final = 60
PROOFS_MAX: Final = 50
"""As many stand in one letter (wire/messages/log.py)."""


@dataclass(slots=True, kw_only=True)
class ShownLog:
    """What gate 2 asks of a cosignature (implements inbox.asks.ShownCheckpoints). ``key``: an active actor's.
    ``believed`` hears the moment of each that holds."""

    engine: Engine
    key: Callable[[str], Ed25519PublicKey | None]
    believed: BelievedClock | None = None

    def may_cosign(self, actor: str, size: int, root: str, stamp_s: int, cosignature: str) -> Refused | None:
        with reading(self.engine) as tx:
            shown = witnesses.shown_at(tx, size, root)
        if shown is None:
            return Refused("unknown_checkpoint", "the actor was shown no such checkpoint")
        witness = self.witness(actor)
        if witness is None:
            return Refused("not_cosigned", "the actor has no key")
        note = note_of(shown.note.encode()).with_lines([line_by(witness, stamp_s, bytes.fromhex(cosignature))])
        try:
            witnessed(note, [witness])
        except BadLog:
            return Refused("not_cosigned", "the cosignature does not hold")
        if self.believed is not None:
            self.believed.heard(actor, stamp_s * SECOND_US)
        return None

    def witness(self, actor: str) -> VerifierKey | None:
        """An active actor as a witness."""
        key = self.key(actor)
        return None if key is None else witness_of(key.public_bytes_raw())


@dataclass(slots=True, kw_only=True)
class WitnessPost:
    """``members``: the active actors; ``shown`` is handed to gate 2 as well."""

    engine: Engine
    keeper: LogKeeper
    shown: ShownLog
    share: Share
    members: Callable[[], Sequence[str]]
    clock: Clock
    contained: Containment
    draws: DrawPost
    _handed_out: int = field(default=-1, init=False)

    def parts(self) -> tuple[tuple[str, Callable[[], None]], ...]:
        """The log is published, then shown, and values for draws are asked for."""
        return ("centre log", self.keeper.step), ("centre witnesses", self.step), ("centre draws", self.draws.step)

    def step(self) -> None:
        """Shows the newest checkpoint to whoever has not seen it. Raises GateBroken, OSError."""
        now_us, members = self.clock.now_us(), self.members()
        with writing(self.engine) as tx:
            newest = witnesses.show(tx, now_us)
            wanted = {} if newest is None else witnesses.to_show(tx, newest, members, now_us)
        if newest is None:
            return
        note = note_of(newest.note.encode())
        key = self.keeper.key_named(checkpoint_of(note.body).origin)
        bare = Note(note.body, note.by(key)).text()
        tree = Tree(newest.size, self.keeper.folder.read)
        proofs: dict[int, tuple[str, ...]] = {}
        for actor, since in wanted.items():
            if since not in proofs:
                proofs[since] = tuple(each.hex() for each in consistency(since, newest.size, tree.subtree))

            def show(actor: str = actor, since: int = since) -> None:
                said = LogShowing(to=actor, key=key.text(), checkpoint=bare, since=since, proof=proofs[since])
                refused = self.share.say(said)
                if refused is None or refused.rule not in LATER:
                    with writing(self.engine) as tx:
                        witnesses.was_shown(tx, actor, newest.size, now_us)

            self.contained.part("centre log to an actor", show, actor.encode())
        self._hand_out(len(members))
        for actor in members:
            self.contained.part("centre proofs to an actor", partial(self._prove, actor, len(members)), actor.encode())

    def _prove(self, actor: str, members: int) -> None:
        """What the actor has no proof of yet, once half of the members and itself have cosigned it."""
        witness = self.shown.witness(actor)
        if witness is None:
            return
        with reading(self.engine) as tx:
            since = witnesses.proven(tx, actor)
            half = witnesses.cosigned_by_half(tx, members, witness.name, since)
            rows = [] if half is None else witnesses.provable(tx, since, half.size)
        if half is None:
            return
        tree = Tree(half.size, self.keeper.folder.read)
        for some in batched(rows, PROOFS_MAX, strict=False):
            proofs = tuple(_proof(row, half.size, tree) for row in some)
            refused = self.share.say(LogProving(to=actor, checkpoint=half.note, proofs=proofs))
            if refused is not None and refused.rule in LATER:
                return
        with writing(self.engine) as tx:
            witnesses.was_proven(tx, actor, half.size)

    def heard(self, seen: CheckpointSeen | DrawValues) -> None:
        """How far a member has seen the log grow, or what it opened for a draw."""
        if isinstance(seen, DrawValues):
            self.draws.heard(seen)
            return
        witness, line = self.shown.witness(seen.actor), None
        if seen.cosignature and witness is not None:
            line = self._line(witness, seen)
        with writing(self.engine) as tx:
            witnesses.has_seen(tx, seen.actor, seen.size, seen.root, line, self.clock.now_us())

    def _line(self, witness: VerifierKey, seen: CheckpointSeen) -> Line:
        return line_by(witness, seen.minute * SECONDS, bytes.fromhex(seen.cosignature))

    def _hand_out(self, members: int) -> None:
        with reading(self.engine) as tx:
            half = witnesses.cosigned_by_half(tx, members)
        if half is not None and half.size + half.cosigned != self._handed_out:
            self.keeper.folder.write([(WITNESSED, half.note.encode())])
            self._handed_out = half.size + half.cosigned


def _proof(row: Any, size: int, tree: Tree) -> LogEntryProof:
    return LogEntryProof(
        entry=bytes(row.entry).decode(),
        index=int(row.number),
        path=tuple(each.hex() for each in inclusion(int(row.number), size, tree.subtree)),
        content=row.content_hash,
        salt=bytes(row.salt).hex(),
    )
