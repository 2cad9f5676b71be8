"""The canary ring: a release goes to a few actors first, and to the rest when those have held it in peace.

It goes on when every actor of the ring has answered, at least one enforces it, and a quiet time has passed since the
last of them; it stops when one of them rolled it back, lifted it by hand or met it more often than is allowed. Who has
not answered after a while is no longer waited for. Refuses to withdraw by itself: it says so, and the case room orders.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Engine, Row, select, update

from bavn.centre.share.deliveries import HELD
from bavn.centre.share.stage_book import (
    OPEN,
    STOPPED,
    StagesStatus,
    all_stages_of,
    end_stages,
    stages_of,
    waiting_stages,
)
from bavn.centre.share.tables import DELIVERY, OBSERVED, RECEIPT, reading, writing
from bavn.centre.store.owed import PENDING
from bavn.model.intel.indicator import COUNT_EDGES
from bavn.model.moment import SECOND_US

IN_FORCE: Final = ("enforced", "partly")
ROLLED_BACK: Final = "rolled_back"
"""The rule by which a node lifts a block by itself that hit more than its dry run had said."""
AGAINST: Final = frozenset({ROLLED_BACK, "lifted_by_hand", "kill_switch"})


@dataclass(frozen=True, slots=True, kw_only=True)
class StageRules:
    """Times in seconds; ``hits_max`` as in COUNT_EDGES' steps."""

    quiet_s: float = 900.0
    wait_s: float = 14_400.0
    hits_max: int = 10


@dataclass(frozen=True, slots=True)
class Decision:
    """``goes_on``: everybody gets it; else it is to be withdrawn. ``why`` for the audit log."""

    indicator_id: str
    goes_on: bool
    why: str


class CanaryStages:
    """On share's tables; all methods may be called from any process. ``canaries``: who is in the ring now."""

    def __init__(self, engine: Engine, rules: StageRules, canaries: Callable[[], Collection[str]] = tuple) -> None:
        self._engine, self.rules, self._canaries = engine, rules, canaries

    def members(self, active: Sequence[str]) -> tuple[str, ...]:
        """The ring as it is now; empty where it would be nobody, or everybody."""
        canaries = frozenset(self._canaries())
        ring = tuple(actor for actor in active if actor in canaries)
        return ring if 0 < len(ring) < len(active) else ()

    def decisions(self, active: Sequence[str], now_us: int) -> list[Decision]:
        """What can be decided now. Changes nothing: ``go_on`` and ``stop`` do."""
        with reading(self._engine) as connection:
            made = (self._decide(connection, stand, active, now_us) for stand in waiting_stages(connection))
            return [one for one in made if one is not None]

    def go_on(self, wanted_id: str, why: str, now_us: int) -> None:
        """What was held goes to everybody. Repeatable."""
        held = (DELIVERY.c.indicator_id == wanted_id) & (DELIVERY.c.status == HELD)
        with writing(self._engine) as connection:
            end_stages(connection, wanted_id, OPEN, why, now_us)
            connection.execute(update(DELIVERY).where(held).values(status=PENDING, try_us=now_us))

    def stop(self, wanted_id: str, why: str, now_us: int) -> None:
        """It goes no further. Repeatable."""
        with writing(self._engine) as connection:
            end_stages(connection, wanted_id, STOPPED, why, now_us)

    def stand(self, wanted_id: str) -> StagesStatus | None:
        """How the last ring of an indicator stands."""
        with reading(self._engine) as connection:
            return stages_of(connection, wanted_id)

    def stands(self, wanted_ids: Sequence[str]) -> dict[str, StagesStatus]:
        """How the last ring of each of these stands, those that had one: one question for a page of a list."""
        with reading(self._engine) as connection:
            return all_stages_of(connection, wanted_ids)

    def waiting(self) -> list[StagesStatus]:
        """Releases that are with their ring, oldest first."""
        with reading(self._engine) as connection:
            return waiting_stages(connection)

    def _decide(
        self, connection: Connection, stand: StagesStatus, active: Sequence[str], now_us: int
    ) -> Decision | None:
        ring = [actor for actor in stand.actors if actor in active]
        votes = self._receipts(connection, stand)
        against = self._against(connection, stand, votes)
        if against:
            return Decision(stand.indicator_id, False, against)
        holding = [row for row in votes if row.state in IN_FORCE]
        if not holding:
            return None if ring else Decision(stand.indicator_id, True, "nobody of the ring is a member any more")
        answered = {row.actor for row in votes}
        last_us = max(row.last_us for row in votes)
        quiet = now_us - last_us >= self.rules.quiet_s * SECOND_US
        silent = [actor for actor in ring if actor not in answered]
        if not quiet or (silent and now_us - stand.began_us < self.rules.wait_s * SECOND_US):
            return None
        more = f"; no answer from {', '.join(silent)}" if silent else ""
        return Decision(stand.indicator_id, True, f"in force at {len({r.actor for r in holding})} of the ring{more}")

    def _receipts(self, connection: Connection, stand: StagesStatus) -> list[Row[Any]]:
        here = (RECEIPT.c.indicator_id == stand.indicator_id) & (RECEIPT.c.version >= stand.version)
        asked = select(RECEIPT).where(here, RECEIPT.c.actor.in_(stand.actors)).order_by(RECEIPT.c.actor)
        return list(connection.execute(asked))

    def _against(self, connection: Connection, stand: StagesStatus, said: Sequence[Row[Any]]) -> str:
        for row in said:
            if row.state == "lifted" and row.rule in AGAINST:
                what = "rolled it back" if row.rule == ROLLED_BACK else f"lifted it ({row.rule})"
                return f"{row.actor} {what}"
        line = sum(edge <= self.rules.hits_max for edge in COUNT_EDGES)
        query = select(OBSERVED).where(
            OBSERVED.c.indicator_id == stand.indicator_id,
            OBSERVED.c.actor.in_(stand.actors),
            OBSERVED.c.kind != "retro",
            OBSERVED.c.received_us >= stand.began_us,
            OBSERVED.c.count_bucket >= line,
        )
        met = connection.execute(query.order_by(OBSERVED.c.actor)).first()
        return f"{met.actor} met it more than {self.rules.hits_max} times" if met is not None else ""
