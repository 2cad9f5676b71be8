"""What becomes of released indicators by themselves: met and refreshed, found wrong and sunk, worth too little, ended.

Works on what actors said (receipts and sightings, by group) and on the clock; every change is an audit line by the
centre and an order to share. Producers whose indicators keep being found wrong are retired with the reason. Refuses to
delete: what ended stays with why it ended.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from math import sqrt
from typing import Final

from sqlalchemy import Connection, delete, func, insert, select

from bavn.centre.cases import audit
from bavn.centre.cases.indicators.indicator import IndicatorStatus, Life
from bavn.centre.cases.indicators.indicators import Indicators
from bavn.centre.cases.indicators.steps import withdrawn
from bavn.centre.cases.indicators.tables import LIFE_TABLE, OUTCOME, RETIRED, life_of
from bavn.centre.cases.policies import Policies
from bavn.centre.cases.tables import reading, writing
from bavn.centre.cases.two_people import CENTRE, POLICY_PREFIX, NotAllowed, person
from bavn.model.intel.decay import falls_below_us, worth
from bavn.model.moment import DAY_US, HOUR_US, MINUTE_US
from bavn.model.received import BlockReceipt, Observed
from bavn.model.sector.indicator_life import LifeAct, LifeState, next_state
from bavn.model.text import Text

UPKEEP_EVERY_US: Final = MINUTE_US
ASKED_BY_ID_MAX: Final = 1_000
WILSON_Z: Final = 1.2816
"""One-sided 90 %."""
MET: Final = "met"
FALSE_BY: Final = {"rolled_back": "rolled_back", "lifted_by_hand": "lifted"}
"""The rule of a lift that speaks against an indicator: the node did it by itself, or a person there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Producer:
    """How good what one producer made turned out to be: indicators met by more groups than found them wrong, the other
    way round, and undecided. ``noise``: 90 % lower bound of the false share. ``retired``: why it is out of service."""

    name: str
    true: int
    false: int
    open: int
    noise: float
    retired: str = ""


class Upkeep:
    """``policies``: the standing policies, ended where they are noise."""

    def __init__(self, indicators: Indicators, policies: Policies) -> None:
        self._book, self._policies = indicators, policies
        self._engine, self._clock, self._settings = indicators.engine, indicators.clock, indicators.settings
        self._next_us = 0

    def heard(self, receipt: BlockReceipt | Observed, group: str) -> None:
        """What an actor of this group met or found wrong. Repeatable; a group counts once for each kind."""
        kind = (
            MET
            if isinstance(receipt, Observed)
            else FALSE_BY.get(receipt.rule or "", "")
            if receipt.state == "lifted"
            else ""
        )
        if not kind or (isinstance(receipt, Observed) and receipt.count_bucket == 0):
            return
        with writing(self._engine) as connection:
            row = connection.execute(select(LIFE_TABLE).where(LIFE_TABLE.c.id == receipt.indicator_id)).first()
            if row is None:
                return
            new = self._book.outcome(connection, receipt.indicator_id, group, kind, receipt.received_us)
            life = life_of(row)
            if isinstance(receipt, Observed):
                self._met(connection, life, receipt)
            elif new:
                detail = {"group": group, "kind": kind}
                audit.note(connection, self._clock.now_us(), CENTRE, "indicator-found-wrong", life.id, detail)
            self._next_us = 0

    def _met(self, connection: Connection, life: Life, said: Observed) -> None:
        """A true sighting counts from the last hour in which it was met, never from later than now."""
        met_us = min(self._clock.now_us(), ((said.last_hour or 0) + 1) * HOUR_US)
        if met_us > life.seen_us:
            self._book.write(connection, life, replace(life, seen_us=met_us))

    def met_by_partner(self, indicator_id: str, partner: str, met_us: int) -> bool:
        """A partner met what is released: it is fresh from then on, but counts for no actor and no group. False where
        that is no news. Repeatable."""
        met_us = min(met_us, self._clock.now_us())
        fresh = (LIFE_TABLE.c.id == indicator_id) & (LIFE_TABLE.c.state == LifeState.RELEASED.value)
        with reading(self._engine) as connection:
            row = connection.execute(select(LIFE_TABLE).where(fresh)).first()
        if row is None or life_of(row).seen_us >= met_us:
            return False
        with writing(self._engine) as connection:
            life = self._book.locked(connection, indicator_id)
            if life.state is not LifeState.RELEASED or life.seen_us >= met_us:
                return False
            self._book.write(connection, life, replace(life, seen_us=met_us))
            audit.note(
                connection, self._clock.now_us(), CENTRE, "indicator-met-by-partner", life.id, {"partner": partner}
            )
        self._next_us = 0
        return True

    # --- the clock -----------------------------------------------------------------------------------------------

    def step(self) -> None:
        """Refresh, expire and retire what is due: every minute, and whenever an actor said something."""
        now_us = self._clock.now_us()
        if now_us < self._next_us:
            return
        self._next_us = now_us + UPKEEP_EVERY_US
        for standing in self.statuses(self._book.every(LifeState.RELEASED, limit=10_000_000), now_us):
            act, why = self._due(standing, now_us)
            if act is not None:
                self._do(standing.life, act, why, now_us)
        self._retire_producers()

    def _due(self, standing: IndicatorStatus, now_us: int) -> tuple[LifeAct | None, str]:
        life, settings = standing.life, self._settings
        true, false = len(standing.true_groups), len(standing.false_groups)
        if false >= settings.noise_groups_min and false > true:
            return LifeAct.RETIRE, f"{false} groups found it wrong, {true} met it"
        if life.until_us <= now_us:
            return LifeAct.EXPIRE, "its end came"
        if standing.worth < settings.expire_below:
            return LifeAct.EXPIRE, f"it is worth {standing.worth} of 100, less than {settings.expire_below}"
        since_us = life.refreshed_us or life.released_us or 0
        rested = now_us - since_us >= settings.refresh_every_h * HOUR_US
        if life.seen_us > since_us and rested and life.until_us - now_us < life.days * DAY_US // 2:
            return LifeAct.REFRESH, f"met again; {true} groups met it"
        return None, ""

    def _do(self, life: Life, act: LifeAct, why: str, now_us: int) -> None:
        with writing(self._engine) as connection:
            known = self._book.locked(connection, life.id)
            if known.rev != life.rev:
                return  # somebody acted meanwhile: looked at again in the next step
            changed = replace(known, state=next_state(known.state, act), why=why)
            if act is LifeAct.REFRESH:
                changed = replace(changed, refreshed_us=now_us, order_no=known.order_no + 1)
            else:
                changed = withdrawn(changed, now_us)
            self._book.keep(connection, known, changed, CENTRE, f"indicator-{act.value}", {"why": why})

    # --- what it is worth ----------------------------------------------------------------------------------------

    def statuses(self, lives: Iterable[Life], now_us: int) -> list[IndicatorStatus]:
        """Each with its worth now and who said what of it."""
        asked = tuple(lives)
        found = self._outcomes([life.id for life in asked] if len(asked) <= ASKED_BY_ID_MAX else None)
        return [self._standing(life, found.get(life.id, {}), now_us) for life in asked]

    def standing(self, life: Life, now_us: int) -> IndicatorStatus:
        """The same for one."""
        said = {source: kind == MET for kind, names in self._book.outcomes(life.id).items() for source in names}
        wrong = {s for kind, names in self._book.outcomes(life.id).items() if kind != MET for s in names}
        return self._standing(life, said | dict.fromkeys(wrong, False), now_us)

    def _standing(self, life: Life, said: dict[str, bool], now_us: int) -> IndicatorStatus:
        true = tuple(sorted(source for source, met in said.items() if met))
        false = tuple(sorted(source for source, met in said.items() if not met))
        since_us = max(life.seen_us, life.refreshed_us or 0, life.released_us or now_us)
        half, t, f = self._settings.half_life_days(life.observable.type.value), len(true), len(false)
        now = worth(life.base, since_us, now_us, half_life_days=half, true_groups=t, false_groups=f)
        line = self._settings.expire_below
        falls = falls_below_us(life.base, since_us, line, half_life_days=half, true_groups=t, false_groups=f)
        return IndicatorStatus(life, now, true, false, falls if life.state is LifeState.RELEASED else None)

    def _outcomes(self, of: Sequence[str] | None = None) -> dict[str, dict[str, bool]]:
        """indicator -> who said something -> whether it was only that it met it: wrong outweighs met. ``of``: only of
        these."""
        outcomes: dict[str, dict[str, bool]] = {}
        query = select(OUTCOME) if of is None else select(OUTCOME).where(OUTCOME.c.indicator_id.in_(of))
        with reading(self._engine) as connection:
            for row in connection.execute(query):
                mine = outcomes.setdefault(row.indicator_id, {})
                mine[row.source] = mine.get(row.source, True) and row.kind == MET
        return outcomes

    # --- noise ---------------------------------------------------------------------------------------------------

    def judged(self) -> tuple[Producer, ...]:
        """As ``producers``, of those indicators alone that somebody met or found wrong: ``open`` stays 0, and a
        million that nobody has met are not read."""
        outcomes = self._outcomes()
        ids = sorted(outcomes)
        indicators: list[Life] = []
        with reading(self._engine) as connection:
            for first in range(0, len(ids), ASKED_BY_ID_MAX):
                some = ids[first : first + ASKED_BY_ID_MAX]
                rows = connection.execute(select(LIFE_TABLE).where(LIFE_TABLE.c.id.in_(some)))
                indicators += [life_of(row) for row in rows]
        return self._producers(indicators, outcomes)

    def producers(self) -> tuple[Producer, ...]:
        """Everybody who made a released indicator, the noisiest first."""
        return self._producers(self._book.every(limit=10_000_000), self._outcomes())

    def _producers(self, indicators: Iterable[Life], outcomes: dict[str, dict[str, bool]]) -> tuple[Producer, ...]:
        counts: dict[str, list[int]] = {}
        retired = self._book.retired()
        for life in indicators:
            if life.released_us is None:
                continue
            said = outcomes.get(life.id, {})
            met = sum(said.values())
            place = 2 if not said else 0 if met > len(said) - met else 1
            for name in life.evidence.producers:
                counts.setdefault(name, [0, 0, 0])[place] += 1
        producers = [
            Producer(name=name, true=t, false=f, open=o, noise=_lower(f, t + f), retired=retired.get(name, ""))
            for name, (t, f, o) in counts.items()
        ]
        unseen = [Producer(name=n, true=0, false=0, open=0, noise=0.0, retired=w) for n, w in retired.items()]
        producers += [one for one in unseen if one.name not in counts]
        return tuple(sorted(producers, key=lambda one: (-one.noise, one.name)))

    def _retire_producers(self) -> None:
        with reading(self._engine) as connection:
            wrong = connection.scalar(select(func.count()).select_from(OUTCOME).where(OUTCOME.c.kind != MET)) or 0
        if wrong < self._settings.noise_outcomes_min:
            return
        for producer in self.producers():
            enough = producer.true + producer.false >= self._settings.noise_outcomes_min
            if not producer.retired and enough and producer.noise > self._settings.noise_false_max:
                why = f"{producer.false} of {producer.true + producer.false} of its indicators were found wrong"
                self._retire(producer.name, CENTRE, why)

    def _retire(self, producer: str, who: str, why: str) -> None:
        with writing(self._engine) as connection:
            if connection.execute(select(RETIRED).where(RETIRED.c.producer == producer)).first() is not None:
                return
            now_us = self._clock.now_us()
            connection.execute(insert(RETIRED).values(producer=producer, by_user=who, why=why, at_us=now_us))
            audit.note(connection, now_us, who, "producer-retired", producer[:64], {"producer": producer, "why": why})
            if producer.startswith(POLICY_PREFIX):
                self._policies.retire(connection, producer.removeprefix(POLICY_PREFIX), why)

    def retire(self, producer: str, user: str, why: str) -> None:
        """A person takes a producer out of service. Raises NotAllowed; ValueError without a reason."""
        person(user)
        if not why.strip() or not producer or len(producer) > 120:
            raise ValueError(Text("name the producer (1 to 120 characters) and say why"))
        self._retire(producer, user, why)

    def restore(self, producer: str, user: str, why: str) -> None:
        """Back into service. A policy that was ended stays ended: propose it again. Raises NotAllowed."""
        person(user)
        with writing(self._engine) as connection:
            if connection.execute(delete(RETIRED).where(RETIRED.c.producer == producer)).rowcount != 1:
                raise NotAllowed(Text("{producer} is not retired", producer=repr(producer[:80])))
            now_us = self._clock.now_us()
            audit.note(connection, now_us, user, "producer-restored", producer[:64], {"producer": producer, "why": why})


def _lower(part: int, whole: int) -> float:
    """Wilson's lower bound of a share (one-sided 90 %); 0 for nothing."""
    if whole == 0:
        return 0.0
    p, z2 = part / whole, WILSON_Z * WILSON_Z
    middle, spread = p + z2 / (2 * whole), WILSON_Z * sqrt(p * (1 - p) / whole + z2 / (4 * whole * whole))
    return max(0.0, (middle - spread) / (1 + z2 / whole))
