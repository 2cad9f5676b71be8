"""Members' values for the draws of audits: asked of each that has cosigned the round's entries, and what came back.

Refuses to decide whether a value counts: gate 2 has checked it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import Engine

from bavn.centre.books.draws import ASK_AGAIN_US, DrawBook, DrawUpload, RoundAudit
from bavn.centre.books.rounds import SqlRoundBook
from bavn.centre.node.contained import Containment
from bavn.centre.share.outgoing_rules import LATER
from bavn.centre.share.share import Share
from bavn.centre.store import log, witnesses
from bavn.centre.store.engine import reading
from bavn.centre.store.log_keeper import PUBLISH_EVERY_US, LogKeeper
from bavn.model.outcome import Refused
from bavn.model.ports import Clock
from bavn.model.received import DrawValues
from bavn.model.statement import RoundFixing, RoundsFixing
from bavn.tlog.draw import upload_path
from bavn.tlog.merkle import inclusion
from bavn.tlog.tiles import Tree

ROUNDS_MAX: Final = 20
"""As many stand in one letter (wire/messages/log.py)."""
_MB: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class DrawsAsked:
    """What gate 2 asks of a value (implements inbox.asks.OpenDraws). ``key``: an active actor's."""

    engine: Engine
    key: Callable[[str], Ed25519PublicKey | None]

    def may_open(self, actor: str, round_id: str, value: str, signature: str) -> Refused | None:
        x, key = x_in(self.engine, actor, round_id), self.key(actor)
        if x is None or key is None:
            return Refused("draw_open", "no value is waited for in this round")
        return DrawBook(self.engine).may_open(x, round_id, key, value, signature)


def x_in(engine: Engine, actor: str, round_id: str) -> int | None:
    """Where an actor stands in a round."""
    round_ = SqlRoundBook(engine).round(round_id)
    return None if round_ is None else round_.x_of(actor)


@dataclass(slots=True, kw_only=True)
class DrawPost:
    """``mb_max``: what is kept of uploads that were drawn."""

    engine: Engine
    keeper: LogKeeper
    share: Share
    clock: Clock
    contained: Containment
    mb_max: int
    _looked_us: int = field(default=0, init=False)

    def step(self) -> None:
        """Asks whoever is to be asked, and draws what can be drawn. Raises GateBroken, OSError."""
        now_us, book = self.clock.now_us(), DrawBook(self.engine)
        if 0 <= now_us - self._looked_us < PUBLISH_EVERY_US:
            return
        self._looked_us = now_us
        undrawn = book.undrawn()
        drawn = [audit for audit in undrawn if book.draw(audit, now_us)]
        if drawn:
            book.make_room(self.mb_max * _MB)
        self._ask([audit for audit in undrawn if audit not in drawn], book, now_us)

    def heard(self, values: DrawValues) -> None:
        """What a member opened."""
        for each in values.openings:
            x = x_in(self.engine, values.actor, each.round_id)
            if x is not None:
                DrawBook(self.engine).opened(x, each.round_id, each.value, each.signature)

    def _ask(self, waiting: Sequence[RoundAudit], book: DrawBook, now_us: int) -> None:
        if not waiting:
            return
        standing = witnesses.seen(self.engine)
        with reading(self.engine) as tx:
            roots = witnesses.roots(tx, {each.size for each in standing})
        seen = {each.actor: each.size for each in standing if each.size in roots}
        asks: dict[str, list[tuple[RoundAudit, DrawUpload, RoundFixing]]] = {}
        trees = {size: Tree(size, self.keeper.folder.read) for size in set(seen.values())}
        for audit in waiting:
            round_, uploads = SqlRoundBook(self.engine).round(audit.round_id), book.uploads(audit.round_id)
            hashes = [each.upload_hash for each in uploads]
            entries = self._entries(audit)
            for place, upload in enumerate(uploads):
                actor = "" if round_ is None else round_.actor_of(upload.x)
                due = upload.draw and not upload.value and upload.asked_us + ASK_AGAIN_US <= now_us
                if due and entries and seen.get(actor, 0) > audit.hits_entry:
                    fixing = _fixing(audit, entries, trees[seen[actor]], hashes, place)
                    asks.setdefault(actor, []).append((audit, upload, fixing))
        for actor, wanted in asks.items():

            def ask(
                actor: str = actor, some: list[tuple[RoundAudit, DrawUpload, RoundFixing]] = wanted[:ROUNDS_MAX]
            ) -> None:
                rounds = tuple(fixing for _, _, fixing in some)
                said = RoundsFixing(to=actor, size=seen[actor], root=roots[seen[actor]], rounds=rounds)
                refused = self.share.say(said)
                if refused is None or refused.rule not in LATER:
                    book.keep_asked({audit.round_id: upload.x for audit, upload, _ in some}, now_us)

            self.contained.part("centre draw of an actor", ask, actor.encode())

    def _entries(self, audit: RoundAudit) -> list[str]:
        """The entries of uploads and hits; empty before both have their bytes."""
        with reading(self.engine) as tx:
            entries = [log.entries(tx, number, number + 1) for number in (audit.uploads_entry, audit.hits_entry)]
        return [entry.decode() for (entry,) in entries] if all(entries) else []


def _fixing(audit: RoundAudit, entries: Sequence[str], tree: Tree, uploads: Sequence[str], place: int) -> RoundFixing:
    def path(number: int) -> tuple[str, ...]:
        return tuple(each.hex() for each in inclusion(number, tree.size, tree.subtree))

    return RoundFixing(
        round_id=audit.round_id,
        uploads=entries[0],
        uploads_index=audit.uploads_entry,
        uploads_path=path(audit.uploads_entry),
        hits=entries[1],
        hits_index=audit.hits_entry,
        hits_path=path(audit.hits_entry),
        place=place,
        path=upload_path(uploads, place),
    )
