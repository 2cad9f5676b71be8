"""Brings the enforcers to the wanted set, and knows which of them hold it now.

Each gets the whole set of what it can carry, each time it changed, after it was down, and every so often although
nothing changed. One that is down holds up no other. Refuses to know why something is wanted.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol, runtime_checkable

from bavn.actor.protect.carriers import Enforcers, carried
from bavn.model.failure import Failures, NoContainment
from bavn.model.intel.indicator import Block
from bavn.model.moment import SECOND_US
from bavn.model.ports import Clock, Enforcer, EnforcerDown
from bavn.model.text import Text

WHY_LENGTH_MAX: Final = 300
CHECK_S: Final = 1
"""How often an enforcer that can look at itself is asked whether it still holds."""


@runtime_checkable
class SelfCheck(Protocol):
    """An enforcer that knows quickly whether what it made true still is: a resolver that died must not stay dead."""

    def still_true(self) -> bool:
        """Whether the last wanted set is still in force. May raise EnforcerDown."""
        ...


@dataclass(slots=True)
class _Stand:
    wanted: tuple[Block, ...] | None = None
    holds: bool = False
    why_down: Text | None = None
    next_us: int = 0


class Force:
    """``reconcile_s``: how often to enforce again unasked; ``retry_s``: how long to leave one alone that was down.
    One that raises anything is down as well, and ``failures`` is told."""

    def __init__(
        self, enforcers: Enforcers, clock: Clock, *, reconcile_s: int, retry_s: int, failures: Failures | None = None
    ) -> None:
        self._failures = NoContainment() if failures is None else failures
        self.enforcers = enforcers
        self._clock = clock
        self._reconcile_us = reconcile_s * SECOND_US
        self._retry_us = retry_s * SECOND_US
        self._check_next_us = 0
        self._stands = {hand.name: _Stand() for hand in enforcers.all}
        if len(self._stands) != len(enforcers.all):
            raise ValueError("two enforcers of one name")

    @property
    def holding(self) -> frozenset[str]:
        """Names of those that hold the wanted set as far as is known."""
        return frozenset(name for name, stand in self._stands.items() if stand.holds)

    @property
    def down(self) -> tuple[tuple[str, Text | None], ...]:
        """Those that do not, each with the reason (None: not tried yet), in order of name."""
        return tuple((name, stand.why_down) for name, stand in sorted(self._stands.items()) if not stand.holds)

    def due(self) -> bool:
        """Whether some enforcer should be called again although nothing changed."""
        now_us = self._clock.now_us()
        if now_us >= self._check_next_us:
            self._check_next_us = now_us + CHECK_S * SECOND_US
            for hand in self.enforcers.all:
                self._check(hand)
        return any(now_us >= stand.next_us for stand in self._stands.values())

    def apply(self, blocks: Sequence[Block], watched: Sequence[Block], *, again: bool = False) -> None:
        """Make these true everywhere. ``again``: also where they were true already and nothing is due."""
        for hand in self.enforcers.blocking:
            self._bring(hand, blocks, again)
        both = sorted((*blocks, *watched)) if watched else blocks
        for hand in self.enforcers.watchers:
            self._bring(hand, both, again)

    def _check(self, hand: Enforcer) -> None:
        stand = self._stands[hand.name]
        if not stand.holds or not isinstance(hand, SelfCheck):
            return
        try:
            stand.holds = hand.still_true()
        except EnforcerDown as error:
            stand.holds, stand.why_down = False, Text.of_error(error)
        except Exception as error:  # noqa: BLE001  it holds nothing for certain, and holds up no other
            self._failed(hand, stand, error)
        if not stand.holds:
            stand.next_us = 0

    def _failed(self, hand: Enforcer, stand: _Stand, error: Exception) -> None:
        said = f"{type(error).__name__}: {error}"[:WHY_LENGTH_MAX]
        stand.holds, stand.why_down = False, Text("it fails: {error}", error=said)
        self._failures.note(_part(hand), error)

    def _bring(self, hand: Enforcer, blocks: Sequence[Block], again: bool) -> None:
        stand, now_us = self._stands[hand.name], self._clock.now_us()
        try:
            wanted = tuple(carried(hand, blocks))
            if not again and now_us < stand.next_us and (wanted == stand.wanted or not stand.holds):
                return
            hand.enforce(wanted)
        except EnforcerDown as error:
            stand.holds, stand.why_down = False, Text.of_error(error)
            stand.next_us = now_us + self._retry_us
            self._failures.works(_part(hand))
        except Exception as error:  # noqa: BLE001  as above
            self._failed(hand, stand, error)
            stand.next_us = now_us + self._retry_us
        else:
            self._failures.works(_part(hand))
            stand.holds, stand.wanted, stand.why_down = True, wanted, None
            stand.next_us = now_us + self._reconcile_us


def _part(hand: Enforcer) -> str:
    return f"enforcer {hand.name}"
