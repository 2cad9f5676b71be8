"""Standing policies: what may be confirmed and released without a person in the loop, once two people have agreed.

A policy is data with an end. One person proposes it, another approves it; neither can do both, and no one can change
it: a changed policy is a new one. Refuses to act: cases.py asks it.
"""

import json
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, Engine, Row, insert, select, update

from bavn.centre.cases import audit
from bavn.centre.cases.case.case import ElementFacts
from bavn.centre.cases.tables import POLICY, POLICY_USE, reading, writing
from bavn.centre.cases.two_people import CENTRE, NotAllowed, person, second
from bavn.centre.store.rows import value_from
from bavn.model.intel.accidents import accident_of
from bavn.model.moment import DAY_US
from bavn.model.observable import ObservableType
from bavn.model.ports import Clock
from bavn.model.principal import recorded, two_people
from bavn.model.text import Text

DAYS_MAX = 365
GROUPS_MIN = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class StandingPolicy:
    """An element may be released by itself if its score is at least ``score_min`` nats, at least ``groups_min``
    independent groups report it, its type is among ``types`` and nothing speaks for its innocence; at most
    ``blocks_per_day_max`` elements a day (UTC), each for ``indicator_days``. ValueError for a policy without bounds."""

    name: str
    score_min: float
    groups_min: int
    types: tuple[str, ...]
    blocks_per_day_max: int
    indicator_days: int
    until_us: int

    def __post_init__(self) -> None:
        if self.groups_min < GROUPS_MIN:
            raise ValueError(Text("a standing policy needs at least two independent groups"))
        if not (1 <= self.blocks_per_day_max <= 10_000 and 1 <= self.indicator_days <= DAYS_MAX):
            raise ValueError(
                Text(
                    "a standing policy makes 1 to 10,000 blocks a day, each for 1 to {days_max} days", days_max=DAYS_MAX
                )
            )
        if not self.types or not {ObservableType(kind) for kind in self.types}:
            raise ValueError(Text("a standing policy names the types of observable that it is for"))
        if not self.name or len(self.name) > 80:
            raise ValueError(Text("a standing policy has a name of 1 to 80 characters"))

    def covers(self, element: ElementFacts) -> bool:
        """Whether this element may be released without a person."""
        strong = element.score >= self.score_min and element.groups + element.partners >= self.groups_min
        innocent = element.listed or accident_of(element.observable) is not None
        return strong and not innocent and element.observable.type.value in self.types


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyState:
    """A policy and who stands behind it."""

    id: str
    policy: StandingPolicy
    proposed_by: str
    proposed_us: int
    approved_by: str | None
    approved_us: int | None
    ended_by: str | None
    ended_us: int | None

    def terms(self) -> dict[str, Any]:
        """What was agreed on, as its line in the audit log has it."""
        return _body(self.policy)

    @property
    def agreed(self) -> bool:
        """Two people stand behind it, as far as anybody proved who they are."""
        return self.approved_us is not None and two_people((self.proposed_by, self.approved_by or ""))

    def in_force(self, now_us: int) -> bool:
        """Approved by a second account beside the one that proposed it, not ended, not past its end date."""
        return self.agreed and self.ended_us is None and now_us < self.policy.until_us


class UnknownPolicy(Exception):
    """No policy has that id. The person who asked must act."""


class Policies:
    """Proposes, approves and ends standing policies; every step is an audit line."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock

    def propose(self, policy: StandingPolicy, user: str) -> PolicyState:
        """A new policy that is not in force yet. ValueError for an end that is past or more than a year away."""
        now_us = self._clock.now_us()
        if not now_us < policy.until_us <= now_us + DAYS_MAX * DAY_US:
            raise ValueError(Text("a standing policy ends within a year from now"))
        person(user)
        with writing(self._engine) as connection:
            line = audit.note(connection, now_us, user, "policy-proposed", "policies", _body(policy))
            policy_id = f"policy-{line.seq}"
            connection.execute(
                insert(POLICY).values(
                    id=policy_id,
                    body=json.dumps(_body(policy), sort_keys=True),
                    until_us=policy.until_us,
                    proposed_by=recorded(user),
                    proposed_us=now_us,
                )
            )
        return self.get(policy_id)

    def approve(self, policy_id: str, user: str) -> PolicyState:
        """The second person agrees. Raises UnknownPolicy; NotAllowed for the one who proposed it, and for a policy
        that is approved or ended."""
        person(user)
        now_us = self._clock.now_us()
        known = self.get(policy_id)
        second(
            known.proposed_by,
            user,
            Text("two different people stand behind a standing policy; who proposed it cannot approve it"),
        )
        if known.approved_us is not None or known.ended_us is not None or now_us >= known.policy.until_us:
            raise NotAllowed(Text("{policy_id} is approved, ended or past its end", policy_id=policy_id))
        with writing(self._engine) as connection:
            changed = connection.execute(
                update(POLICY)
                .where(POLICY.c.id == policy_id, POLICY.c.approved_us.is_(None), POLICY.c.ended_us.is_(None))
                .values(approved_by=recorded(user), approved_us=now_us)
            )
            if changed.rowcount != 1:
                raise NotAllowed(Text("{policy_id} was approved or ended meanwhile", policy_id=policy_id))
            audit.note(connection, now_us, user, "policy-approved", policy_id, {"proposed_by": known.proposed_by})
        return self.get(policy_id)

    def end(self, policy_id: str, user: str, why: str) -> PolicyState:
        """One person is enough to end a policy. Raises UnknownPolicy."""
        person(user)
        self.get(policy_id)
        now_us = self._clock.now_us()
        with writing(self._engine) as connection:
            ended = connection.execute(
                update(POLICY)
                .where(POLICY.c.id == policy_id, POLICY.c.ended_us.is_(None))
                .values(ended_by=user, ended_us=now_us)
            )
            if ended.rowcount == 1:
                audit.note(connection, now_us, user, "policy-ended", policy_id, {"why": why})
        return self.get(policy_id)

    def retire(self, connection: Connection, policy_id: str, why: str) -> None:
        """The centre ends a policy whose releases turned out to be noise; in the caller's transaction, once."""
        now_us = self._clock.now_us()
        here = (POLICY.c.id == policy_id) & POLICY.c.ended_us.is_(None)
        if connection.execute(update(POLICY).where(here).values(ended_by=CENTRE, ended_us=now_us)).rowcount == 1:
            audit.note(connection, now_us, CENTRE, "policy-ended", policy_id, {"why": why})

    def get(self, policy_id: str) -> PolicyState:
        """Raises UnknownPolicy."""
        with reading(self._engine) as connection:
            row = connection.execute(select(POLICY).where(POLICY.c.id == policy_id)).first()
        if row is None:
            raise UnknownPolicy(Text("no policy is called {policy_id}", policy_id=repr(policy_id[:60])))
        return _state(row)

    def every(self) -> tuple[PolicyState, ...]:
        """All of them, oldest first."""
        with reading(self._engine) as connection:
            rows = connection.execute(select(POLICY).order_by(POLICY.c.proposed_us, POLICY.c.id)).all()
        return tuple(_state(row) for row in rows)

    def room(self, connection: Connection, state: PolicyState, now_us: int) -> int:
        """How many more elements the policy may release today."""
        used = connection.scalar(
            select(POLICY_USE.c.blocks).where(POLICY_USE.c.policy_id == state.id, POLICY_USE.c.day == now_us // DAY_US)
        )
        return max(0, state.policy.blocks_per_day_max - (used or 0))

    def left_today(self, state: PolicyState) -> int:
        """The same for people who look."""
        with reading(self._engine) as connection:
            return self.room(connection, state, self._clock.now_us())

    def use(self, connection: Connection, state: PolicyState, now_us: int, blocks: int) -> None:
        """Counts elements that it releases today."""
        here = (POLICY_USE.c.policy_id == state.id) & (POLICY_USE.c.day == now_us // DAY_US)
        counted = connection.execute(update(POLICY_USE).where(here).values(blocks=POLICY_USE.c.blocks + blocks))
        if counted.rowcount == 0:
            connection.execute(insert(POLICY_USE).values(policy_id=state.id, day=now_us // DAY_US, blocks=blocks))


def _body(policy: StandingPolicy) -> dict[str, Any]:
    return asdict(policy)


def _state(row: Row[Any]) -> PolicyState:
    body = json.loads(row.body)
    return value_from(PolicyState, row, policy=StandingPolicy(**body | {"types": tuple(body["types"])}))
