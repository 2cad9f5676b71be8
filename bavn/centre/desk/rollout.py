"""What people do to the roll-out: the list of all actors, and changes of a row, each with its line in the audit log."""

from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection

from bavn.centre.cases import audit
from bavn.centre.cases.tables import make_tables
from bavn.centre.cases.two_people import person
from bavn.centre.desk.membership import reason
from bavn.centre.members import rollout, tested
from bavn.centre.members.registry import Registry, states_in
from bavn.centre.members.rollout import RolloutRow
from bavn.centre.store.engine import reading, writing
from bavn.model.moment import DAY_US, iso
from bavn.model.ports import Clock
from bavn.model.sector.member import ActorState
from bavn.model.sector.refusal import word
from bavn.model.sector.rollout import NEEDS_OF, PATH, TESTS, Need, RolloutState, may_come, next_of
from bavn.model.text import Text


class Blocked(Exception):
    """Something that the state needs is not there. Whoever asked must see to it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RolloutLine:
    """An actor of the list. ``state``: None for a member that has no row; ``member``: its state in the registry;
    ``agreement_until``: the last day of its agreement, or empty; ``missing``: what its next state needs."""

    actor: str
    state: RolloutState | None
    day: str
    group: str
    region: str
    waits_for: str
    member: ActorState | None
    agreement_until: str
    missing: tuple[Need, ...]


class Rollout:
    """May be open in several processes at once."""

    def __init__(self, registry: Registry, clock: Clock) -> None:
        self._registry, self._clock = registry, clock
        make_tables(registry.engine)

    def lines(self) -> list[RolloutLine]:
        """Every actor of the list and every member that is not shut out, by name."""
        with reading(self._registry.engine) as tx:
            rows, members = rollout.rows(tx), states_in(tx)
            inside = {name for name, state in members.items() if state is not ActorState.REVOKED}
            return [
                self._line(tx, rows.get(actor), actor, members.get(actor)) for actor in sorted(rows.keys() | inside)
            ]

    def _line(self, tx: Connection, row: RolloutRow | None, actor: str, member: ActorState | None) -> RolloutLine:
        agreed, to = rollout.agreement(tx, actor), None if row is None else next_of(row.state)
        shown = row or RolloutRow(actor=actor)
        return RolloutLine(
            actor=actor,
            state=None if row is None else row.state,
            day=shown.day,
            group=shown.group,
            region=shown.region,
            waits_for=shown.waits_for,
            member=member,
            agreement_until="" if agreed is None else iso(agreed.until_day * DAY_US)[:10],
            missing=() if row is None or to is None else self._missing(tx, row, to, member),
        )

    def _missing(
        self, tx: Connection, row: RolloutRow, to: RolloutState, member: ActorState | None
    ) -> tuple[Need, ...]:
        now_us, agreed = self._clock.now_us(), rollout.agreement(tx, row.actor)
        test = TESTS.get(to)
        there = {
            Need.AGREEMENT: agreed is not None and agreed.in_force(now_us // DAY_US),
            Need.CERTIFICATE: member is ActorState.ACTIVE,
            Need.PROTOCOL: test is not None and tested.usable(tx, row.actor, test, row.since_us, now_us),
        }
        return tuple(need for need in NEEDS_OF.get(to, ()) if not there[need])

    def change(self, actor: str, by: str, why: str, **given: Any) -> RolloutLine:
        """Changes what is given of an actor's row: state, day, group, region, waits_for. An actor that has none gets
        one. Raises Blocked, BadEntry, who.NotAllowed."""
        person(by)
        now_us, detail = self._clock.now_us(), {"why": reason(why), **given}
        with writing(self._registry.engine) as tx:
            self._registry.count_up(tx)
            member = states_in(tx).get(actor)
            row = rollout.row_of(tx, actor) or RolloutRow(actor=actor, since_us=now_us)
            state = given.get("state", row.state)
            if state is not row.state:
                self._check(tx, row, state, member)
                given["since_us"] = now_us
            row = replace(row, **given)
            rollout.keep(tx, row)
            audit.note(tx, now_us, by, "rollout-set", f"rollout/{actor}", detail)
            return self._line(tx, row, actor, member)

    def _check(self, tx: Connection, row: RolloutRow, to: RolloutState, member: ActorState | None) -> None:
        if not may_come(row.state, to):
            after = word(PATH[PATH.index(to) - 1])
            raise Blocked(Text("{actor} comes to {state} after {after}", actor=row.actor, state=word(to), after=after))
        if missing := self._missing(tx, row, to, member):
            waits = Text.joined(", ", [word(need) for need in missing])
            raise Blocked(
                Text("{actor} is not {state} yet; it waits for: {waits}", actor=row.actor, state=word(to), waits=waits)
            )
