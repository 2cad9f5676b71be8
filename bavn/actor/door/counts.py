"""Counts for the sector's picture (S3): once a day, with noise that is added here, before anything leaves.

The centre never sees an exact count of one actor, so it need not be trusted with one; the price is more noise in the
sum than if the centre added it (docs/decisions/0013-noise-at-the-actor.md). The noise is handed in. Refuses to tell a
day twice, a day that is not over, or anything once the budget is spent.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from bavn.actor.door.budget import Budget
from bavn.actor.door.door import Door
from bavn.actor.door.draft import STAYS, Draft, labelled, message_rule, put
from bavn.actor.door.policy import DoorPolicy
from bavn.actor.door.rounds.labels import CENTRE
from bavn.actor.door.switches import turned_off
from bavn.actor.door.tally import SENSITIVITY, blocked_by_type, by_technique
from bavn.model.moment import DAY_US, HOUR_US
from bavn.model.observable import ObservableType
from bavn.model.outcome import Refused
from bavn.model.ports import Clock, Noise, NoiseDown
from bavn.model.sector.tally import PARTS, VOCABULARY
from bavn.model.suspicion import Suspicion
from bavn.model.text import Text
from bavn.wire.gate import Gate, Rule
from bavn.wire.ledger import Note
from bavn.wire.messages.catalogue import Counts

SETTLES_US = 2 * HOUR_US
"""So long after midnight (UTC) the day before is told: late records and detectors have had their turn."""
AGAIN_US = HOUR_US

Met = tuple[str, ObservableType, int, int]


@dataclass(frozen=True, slots=True)
class Day:
    """A day (since 1970, UTC) that is to be told now."""

    day: int


class Counting:
    """Part of the door: its gate, its ledger line, its outbox. ``met``: what was blocked here (tally.blocked_by_type).
    ``noise``: see bavn.model.ports."""

    def __init__(
        self,
        door: Door,
        clock: Clock,
        noise: Noise,
        suspicions: Callable[[], Iterable[Suspicion]],
        met: Callable[[], Iterable[Met]],
    ) -> None:
        self._policy: DoorPolicy = door.policy
        self._clock, self._noise, self._suspicions, self._met = clock, noise, suspicions, met
        self._outbox = door.outbox
        room: Rule[Day, Draft] = message_rule(Counts, door.outbox, CENTRE)
        self.budget = Budget(door.ledger)
        self._next_us = 0
        rules: Sequence[Rule[Day, Draft]] = (
            Rule("tell_counts", self._told_by_policy),
            Rule("counts_day", self._day_is_over),
            Rule("counts_budget", self._within_budget),
            Rule("counted", self._counted),
            room,
        )
        self._gate = Gate[Day, Draft](
            "door",
            rules,
            door.ledger,
            clock,
            way="out",
            nothing=Draft,
            label=lambda item: labelled("Counts", CENTRE, {"day": item.day}),
            follow=self._follow,
        )

    def tell(self) -> Draft | Refused | None:
        """Yesterday's counts through the door, once; None while there is nothing to decide."""
        now_us = self._clock.now_us()
        if now_us < self._next_us:
            return None
        day = (now_us - SETTLES_US) // DAY_US - 1
        if self.budget.is_spent(day):
            self._next_us = (day + 2) * DAY_US + SETTLES_US
            return None
        outcome = self._gate.offer(Day(day))
        waits = isinstance(outcome, Refused) and outcome.rule in STAYS | {"counted"}
        self._next_us = now_us + AGAIN_US if waits else (day + 2) * DAY_US + SETTLES_US
        return outcome

    @property
    def epsilon_milli(self) -> int:
        """What telling a day costs, in thousandths."""
        return round(self._policy.counts_epsilon * 1000)

    def _told_by_policy(self, _: Day, draft: Draft) -> Draft | Refused:
        return turned_off(self._policy, "Counts") or draft

    def _day_is_over(self, item: Day, draft: Draft) -> Draft | Refused:
        if self._clock.now_us() < (item.day + 1) * DAY_US + SETTLES_US or self.budget.is_spent(item.day):
            return Refused("counts_day", "the day is not over, or was told before")
        return draft

    def _within_budget(self, item: Day, draft: Draft) -> Draft | Refused:
        budget_milli = round(self._policy.counts_epsilon_30_days * 1000)
        return self.budget.refuses(item.day, self.epsilon_milli, budget_milli) or draft

    def _counted(self, item: Day, draft: Draft) -> Draft | Refused:
        """A count without noise never leaves: where none can be drawn the day waits."""
        epsilon, cell_max = self.epsilon_milli / 1000 / PARTS, self._policy.counts_cell_max
        suspected = by_technique(self._suspicions(), item.day, cell_max)
        blocked = blocked_by_type(self._met(), item.day, cell_max)
        try:
            suspected_counts, met = (tuple(self._noise(one, SENSITIVITY, epsilon)) for one in (suspected, blocked))
        except NoiseDown as error:
            return Refused.of("counted", Text.of_error(error))
        return draft.plus(
            day=item.day,
            vocabulary=VOCABULARY,
            epsilon_milli=self.epsilon_milli,
            cell_max=cell_max,
            by_technique=suspected_counts,
            blocked=met,
        )

    def _follow(self, item: Day, draft: Draft) -> Note:
        note = put(self._outbox, CENTRE, lambda _: None)(item, draft)
        self.budget.spend(item.day, self.epsilon_milli, note.item_id)
        return note
