"""How each actor of the roll-out stands at one moment: its next step, what that needs, whom it waits for and who waits
for it. Read once, answered for all. Refuses to change anything."""

from dataclasses import dataclass

from sqlalchemy import Connection, Engine

from bavn.centre.cases import audit
from bavn.centre.members import rollout, signed, tested
from bavn.centre.members.registry import states_in
from bavn.centre.members.rollout import Moved, Party, Planned
from bavn.centre.members.rollout_tables import make_rollout_tables
from bavn.centre.members.signed import Record
from bavn.centre.members.terms import SECTOR, AgreementStatus, agreement_status
from bavn.centre.store.engine import reading
from bavn.model.moment import DAY_US
from bavn.model.sector.member import ActorState
from bavn.model.sector.rollout import FOLLOWED, LIFE, PATH, Need, RolloutAct, Stage, Step, Wait, has_come, next_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Stand:
    """How one actor stands. ``member``: its state in the registry; ``missing``: what its next step needs; ``unmet``:
    whom it waits for now; ``holds_up``: who waits for it, also through others; ``proof``: the number of its latest
    record of deletion, 0 for none. Days are since 1970."""

    party: Party
    member: ActorState | None
    agreement: AgreementStatus | None
    next: Stage | None
    missing: tuple[Need, ...]
    unmet: tuple[Wait, ...]
    holds_up: tuple[str, ...]
    plan: tuple[Planned, ...]
    moves: tuple[Moved, ...]
    proof: int

    @property
    def due_day(self) -> int | None:
        """When its next state is planned."""
        return next((one.day for one in self.plan if one.stage is self.next), None)

    def reached_day(self, stage: Stage) -> int | None:
        """The day on which it first came to a state."""
        return next((one.at_us // DAY_US for one in self.moves if one.to is stage), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadyStep:
    """A step of the way in that a person can take now. ``by``: who did last what it rests on, at ``since_us``."""

    actor: str
    act: RolloutAct
    to: Stage
    by: str
    since_us: int


def ready_steps(engine: Engine, now_us: int) -> list[ReadyStep]:
    """Those for which all is there: needs, waits for others and, where nothing is needed, the planned day."""
    make_rollout_tables(engine)
    ready = []
    with reading(engine) as tx:
        facts = RolloutFacts(tx, now_us)
        for actor in sorted(facts.parties):
            stand = facts.stand(actor)
            step = facts.step_to(stand.party.stage, stand.next)
            if step is None or step.to is None or step.act in FOLLOWED or stand.missing or stand.unmet:
                continue
            if step.needs or (stand.due_day is not None and stand.due_day <= now_us // DAY_US):
                line = audit.last_of(tx, f"rollout/{actor}")
                by, at_us = ("", 0) if line is None else (line.who, line.at_us)
                since_us = max(at_us, stand.party.since_us)
                ready.append(ReadyStep(actor=actor, act=step.act, to=step.to, by=by, since_us=since_us))
    return ready


class RolloutFacts:
    """All that the register, the registry and the signed records say, as this connection sees it at a moment. Of use as
    long as the connection is."""

    def __init__(self, tx: Connection, now_us: int) -> None:
        self._tx, self._now_us, self._today = tx, now_us, now_us // DAY_US
        self.parties = {party.actor: party for party in rollout.parties(tx)}
        self.members = states_in(tx)
        self._waits = rollout.waits(tx)
        self._plans, self._moves = rollout.plans(tx), rollout.moves(tx)
        self._terms = signed.last(tx, "terms", SECTOR)
        self._agreements = {record.subject: record for record in signed.records(tx, "agreement")}
        self._proofs = {record.subject: record.number for record in signed.records(tx, "deletion")}

    def stand(self, actor: str) -> Stand:
        """How an actor of the register stands."""
        party = self.parties[actor]
        to = next_of(party.stage)
        step = self.step_to(party.stage, to)
        moves = tuple(move for move in self._moves if move.actor == actor)
        left = max((move.number for move in moves if move.to is Stage.LEFT), default=0)
        return Stand(
            party=party,
            member=self.members.get(actor),
            agreement=self.agreement(actor),
            next=to,
            missing=() if step is None else self.missing(actor, step),
            unmet=self.unmet(actor, to),
            holds_up=self._holds_up(actor),
            plan=tuple(plan for plan in self._plans if plan.actor == actor),
            moves=moves,
            proof=self._proofs.get(actor, 0) if left else 0,
        )

    def agreement(self, actor: str) -> AgreementStatus | None:
        """The agreement that an actor signed last; None, where it has signed none since it left."""
        found = self._agreements.get(actor)
        left_us = max((one.at_us for one in self._moves if one.actor == actor and one.to is Stage.LEFT), default=-1)
        return None if found is None or found.at_us <= left_us else agreement_status(found, self._terms)

    def missing(self, actor: str, step: Step) -> tuple[Need, ...]:
        """What a step needs and is not there."""
        agreed = self.agreement(actor)
        there = {
            Need.AGREEMENT: agreed is not None and agreed.in_force(self._today),
            Need.CERTIFICATE: self.members.get(actor) is ActorState.ACTIVE,
            Need.PROTOCOL: Need.PROTOCOL in step.needs and self.protocol(actor, step) is not None,
        }
        return tuple(need for need in step.needs if not there.get(need, False))

    def protocol(self, actor: str, step: Step) -> Record | None:
        """The protocol that a step may rest on: verified, fresh, not used."""
        return tested.usable(self._tx, actor, step.act, self._now_us)

    def unmet(self, actor: str, to: Stage | None) -> tuple[Wait, ...]:
        """Whom an actor waits for before it comes to a state: who must have come further first."""
        return tuple(
            one
            for one in self._waits
            if one.actor == actor and one.stage is to and not has_come(self.parties[one.other].stage, one.until)
        )

    def _holds_up(self, actor: str) -> tuple[str, ...]:
        """Who cannot come to some state before this actor has come further, also through others."""
        checked: set[str] = set()
        waiting = [actor]
        while waiting:
            here = waiting.pop()
            for wait in self._waits:
                met = has_come(self.parties[wait.other].stage, wait.until)
                done = has_come(self.parties[wait.actor].stage, wait.stage)
                if wait.other == here and not met and not done and wait.actor not in checked | {actor}:
                    checked.add(wait.actor)
                    waiting.append(wait.actor)
        return tuple(sorted(checked))

    @staticmethod
    def step_to(stage: Stage, to: Stage | None) -> Step | None:
        """The step of the way in that leads there."""
        if to is None or stage not in PATH:
            return next((one for one in LIFE.values() if one.come_from is stage is Stage.LEAVING), None)
        return next(one for one in LIFE.values() if one.come_from is stage and one.to is to)
