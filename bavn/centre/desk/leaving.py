"""What the centre deletes of an actor that leaves, as a table, and the signed proof of it: what, how much, and what is
kept and why. In one transaction: the proof says what is true when it is signed.

Every table with a column for an actor stands in DELETED or KEPT; a test compares. Refuses to touch the audit log and
the ledgers, which are never edited, and what lies at the actor, its partners and the key holder.
"""

from collections.abc import Callable
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bavn.centre.books import of_actor as books
from bavn.centre.cases import audit
from bavn.centre.cases import of_actor as cases
from bavn.centre.cases.two_people import person
from bavn.centre.desk.membership import reason
from bavn.centre.members import of_actor as members
from bavn.centre.members import rollout, signed
from bavn.centre.members.registry import Registry, UnknownActor, states_in
from bavn.centre.members.signed import Record
from bavn.centre.share import of_actor as share
from bavn.centre.store import witnesses
from bavn.centre.store.engine import writing
from bavn.centre.store.of_actor import RowsLeft
from bavn.model.ports import Clock
from bavn.model.sector.member import ActorState
from bavn.model.text import Text


class StillHere(Exception):
    """Something of the actor's is on its way yet. Let the centre take a step, then try again."""


DELETED: Final = (*books.DELETED, *cases.DELETED, *share.DELETED, *witnesses.DELETED, *members.DELETED)
"""In this order. A table that is added later and names an actor is added to its room's, or to KEPT with its reason."""

KEPT: Final = {
    "member_certificate": "fingerprints and times of its certificates, so that a revoked one stays known as such",
}
KEPT_BESIDE: Final = (
    ("member_actor", "its name and its place in the join, which are never given to another"),
    ("member_signed", "its agreements and the protocols of its tests"),
    ("case_audit and ledgers", "chained by hashes and never edited; they hold outcomes, not what was reported"),
    ("backups", "end with their own retention; the operator of the centre deletes them"),
    ("rounds and leads", "forgotten by the centre's own retention, and ranked anew without it"),
    ("the key holder, or each of several", "has members of its own and is told apart from this"),
)


class Leaving:
    """``waiting``: how many messages of an actor the inbox has not worked off; ``clear``: takes what waits for it out
    of the down-queue, and says how many that were."""

    def __init__(
        self,
        registry: Registry,
        clock: Clock,
        key: Ed25519PrivateKey,
        sector: str,
        *,
        waiting: Callable[[str], int],
        clear: Callable[[str], int],
    ) -> None:
        self._registry, self._clock, self._key, self._sector = registry, clock, key, sector
        self._waiting, self._clear = waiting, clear

    def delete(self, actor: str, by: str, why: str) -> Record:
        """Deletes and proves; the actor has left then. Raises UnknownActor, StillHere, who.NotAllowed."""
        person(by)
        reason(why)
        engine, now_us = self._registry.engine, self._clock.now_us()
        with writing(engine) as tx:
            self._registry.count_up(tx)
            state = states_in(tx).get(actor)
            if state is None and rollout.row_of(tx, actor) is None:
                raise UnknownActor(Text("no actor is called {name}", name=repr(actor[:60])))
            if state not in (None, ActorState.REVOKED):
                raise StillHere(f"{actor} is {state} in the registry: it is still let in")
            if waits := self._waiting(actor):
                raise StillHere(f"{waits} messages of {actor} wait in the inbox: let the centre take a step first")
            try:
                counted = [one.delete(tx, actor) for one in DELETED]
            except RowsLeft as error:
                raise StillHere(str(error)) from error
            counted.append({"what": "messages that waited for it", "table": "outbox", "rows": self._clear(actor)})
            audit.note(tx, now_us, by, "rollout-delete", f"rollout/{actor}", {"why": why, "deleted": counted})
            seq, digest = audit.head_in(tx)
            content = {
                "sector": self._sector,
                "by": by,
                "why": why,
                "deleted": counted,
                "kept": [{"what": name, "why": why} for name, why in (*KEPT.items(), *KEPT_BESIDE)],
                "audit_seq": seq,
                "audit_hash": digest,
            }
            return signed.sign(tx, self._key, "deletion", actor, now_us, content)
