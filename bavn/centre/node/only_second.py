"""The centre's look for members that are everybody's only second: they are set apart at once, and people lift it.

Looks only when somebody met something new. Refuses to judge (correlate/bounds/only_second.py does) and to lift.
"""

from collections.abc import Callable

from bavn.centre.cases.set_apart import ApartBook
from bavn.centre.correlate.bounds.only_second import WINDOW_DAYS, only_seconds
from bavn.centre.correlate.round_state import RoundBook
from bavn.centre.members.registry import Registry
from bavn.model.moment import DAY_US
from bavn.model.ports import Clock


class OnlySeconds:
    """One per centre. ``group_of``: an actor's group."""

    def __init__(
        self, rounds: RoundBook, apart: ApartBook, registry: Registry, group_of: Callable[[str], str], clock: Clock
    ) -> None:
        self._rounds, self._apart, self._registry = rounds, apart, registry
        self._group_of, self._clock = group_of, clock
        self._seen: tuple[int, int] | None = None

    def look(self) -> None:
        """What is found holds before the next round asks. What a group met before people let it join again is not held
        against it a second time."""
        held = self._rounds.held(self._clock.now_us() - WINDOW_DAYS * DAY_US)
        met = [(max(each.first_us.values()), {self._group_of(actor) for actor in each.first_us}) for each in held]
        mark = (sum(len(each.first_us) for each in held), max((at_us for at_us, _ in met), default=0))
        if mark == self._seen:
            return
        groups = {actor.group for actor in self._registry.members()[1]}
        lifted_us = self._apart.lifted_us()
        for second in only_seconds([holders for _, holders in met], groups):
            since_us = lifted_us.get(second.group, 0)
            later = [holders for at_us, holders in met if at_us > since_us or second.group not in holders]
            again = next((each for each in only_seconds(later, groups) if each.group == second.group), None)
            if again is not None:
                self._apart.found(again.group, {"partners": len(again.partners), "expected": round(again.expected, 1)})
        self._seen = mark
