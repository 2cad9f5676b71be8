"""What the centre deletes of an actor that leaves, as a table, and the signed proof of it: what, how much, and what is
kept and why. In one transaction: the proof says what is true when it is signed.

Every table with a column for an actor stands in DELETED or KEPT; a test compares. Refuses to touch the audit log and
the ledgers, which are never edited, and what lies at the actor, its partners and the key holder.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Connection, Table, delete, func, select

from bavn.centre.books import tables as node_tables
from bavn.centre.cases import audit, questions, sector_switch, tables
from bavn.centre.cases.case import work_tables
from bavn.centre.cases.exercises import tables as exercise_tables
from bavn.centre.cases.intelligence import tables as intel_tables
from bavn.centre.cases.two_people import person
from bavn.centre.cases.warnings import tables as warning_tables
from bavn.centre.desk.membership import reason
from bavn.centre.members import rollout, signed
from bavn.centre.members import tables as member_tables
from bavn.centre.members.registry import Registry, states_in
from bavn.centre.members.signed import Record
from bavn.centre.share import tables as share_tables
from bavn.centre.store.engine import writing
from bavn.model.ports import Clock
from bavn.model.sector.member import ActorState
from bavn.model.sector.rollout import RolloutAct, step_from


class StillHere(Exception):
    """Something of the actor's is on its way yet. Let the centre take a step, then try again."""


@dataclass(frozen=True, slots=True)
class Deleted:
    """Rows of a table that are an actor's. ``column`` names it."""

    what: str
    table: Table
    column: str = "actor"


DELETED: Final = (
    Deleted("reports of revealed elements (S1)", node_tables.SIGNS),
    Deleted("refusals in rounds", node_tables.REFUSALS),
    Deleted("counts with noise (S3)", node_tables.COUNTS),
    Deleted("the node's health (S4)", node_tables.HEALTH),
    Deleted("its place in cases", work_tables.INVOLVED),
    Deleted("tasks and questions to it", work_tables.TASK),
    Deleted("words in cases", work_tables.WORDS),
    Deleted("evidence that it attached (S5)", work_tables.EVIDENCE),
    Deleted("what it was told of cases", work_tables.TOLD),
    Deleted("its NIS2 clocks", tables.NIS2),
    Deleted("its NIS2 flags", tables.NIS2_FLAGS),
    Deleted("functions that its incidents touched", work_tables.NIS2_FUNCTION),
    Deleted("questions that it was asked", questions.TO),
    Deleted("its answers to questions (S2)", questions.ANSWER),
    Deleted("matches of partners' indicators", intel_tables.HIT),
    Deleted("indicators that it was sent", share_tables.DELIVERY),
    Deleted("receipts of blocks (S2)", share_tables.RECEIPT),
    Deleted("what its enforcers could not carry", share_tables.NOT_CARRIED),
    Deleted("sightings (S2)", share_tables.OBSERVED),
    Deleted("turns of the kill switch that it was told of", sector_switch.TOLD),
    Deleted("its answers to warnings (S5)", warning_tables.ANSWER),
    Deleted("warnings that it was sent", warning_tables.WARNED),
    Deleted("mails of warnings to it", warning_tables.MAILED),
    Deleted("its steps in exercises (S5)", exercise_tables.STEP),
    Deleted("its canaries (S4)", node_tables.CANARY_RUN),
    Deleted("how far its canaries came", node_tables.CANARY_LINK),
    Deleted("alarms about it", node_tables.ALARM),
    Deleted("its quotas", member_tables.QUOTA),
    Deleted("its functions and suppliers", member_tables.ROLE),
    Deleted("its invitations", member_tables.INVITATION),
)
"""In this order. A table that is added later and names an actor is added here, or to KEPT with its reason."""

KEPT: Final = {
    "member_certificate": "fingerprints and times of its certificates, so that a revoked one stays known as such",
    "exercise_to": "who had a part in which exercise; what it said there is deleted",
    "rollout_move": "the steps it took, which this proof ends",
    "rollout_plan": "what was planned for it",
    "rollout_wait": "who waits for whom",
    "rollout_actor": "its line in the register: name, kind, region, what it delivers",
}
KEPT_BESIDE: Final = (
    ("member_actor", "its name and its place in the join, which are never given to another"),
    ("rollout_signed", "its agreements and the protocols of its tests, on which the steps rest"),
    ("case_audit and ledgers", "chained by hashes and never edited; they hold outcomes, not what was reported"),
    ("backups", "end with their own retention; the operator of the centre deletes them"),
    ("rounds and leads", "forgotten by the centre's own retention, and ranked anew without it"),
    ("the key holder", "has members of its own and is told apart from this"),
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
        """Deletes and proves; the actor has left then. Raises UnknownParty, NoSuchStep, StillHere, who.NotAllowed."""
        person(by)
        reason(why)
        engine, now_us = self._registry.engine, self._clock.now_us()
        with writing(engine) as tx:
            self._registry.count_up(tx)
            step_from(rollout.known(tx, actor).stage, RolloutAct.DELETE)
            state = states_in(tx).get(actor)
            if state not in (None, ActorState.REVOKED):
                raise StillHere(f"{actor} is {state} in the registry: it is still let in")
            if waits := self._waiting(actor):
                raise StillHere(f"{waits} messages of {actor} wait in the inbox: let the centre take a step first")
            counted = [self._delete(tx, one, actor) for one in DELETED]
            counted.append({"what": "messages that waited for it", "table": "outbox", "rows": self._clear(actor)})
            audit.note(tx, now_us, by, "rollout-delete", f"rollout/{actor}", {"why": why, "deleted": counted})
            seq, digest = audit.head_in(tx)
            said = {
                "sector": self._sector,
                "by": by,
                "why": why,
                "deleted": counted,
                "kept": [{"what": name, "why": why} for name, why in (*KEPT.items(), *KEPT_BESIDE)],
                "audit_seq": seq,
                "audit_hash": digest,
            }
            made = signed.sign(tx, self._key, "deletion", actor, now_us, said)
            rollout.move(tx, actor, RolloutAct.DELETE, now_us, by, why, made.digest)
        return made

    @staticmethod
    def _delete(tx: Connection, one: Deleted, actor: str) -> dict[str, Any]:
        here = one.table.c[one.column] == actor
        rows = tx.execute(delete(one.table).where(here)).rowcount
        if tx.scalar(select(func.count()).select_from(one.table).where(here)):
            raise StillHere(f"rows of {actor} are still in {one.table.name}")
        return {"what": one.what, "table": one.table.name, "rows": rows}
