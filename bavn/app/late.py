"""A source or an enforcer that could not be made at the start: it stands in for itself, fails, and is tried again.

So a constructor that raises what nobody foresaw keeps no node from starting: the part is told as failing, and all
other parts do their work. What the operator wrote wrongly (Stop, SettingsError) still keeps the node from starting.
Refuses to try more often than its caller asks.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from bavn.actor.sense.base import Accounted, Batch, Loss, Passed, Source, SourceBroken
from bavn.actor.sense.turn import GoesBack, PassesOver
from bavn.app.exits import Stop
from bavn.model.failure import Failures
from bavn.model.indicator import Block
from bavn.model.observable import Observable, ObservableType
from bavn.model.ports import Enforcer
from bavn.model.settings import SettingsError

FORESEEN = (Stop, SettingsError, SourceBroken)
"""The operator must act: said as such, and the node does not start."""


class LateSource:
    """A Source and Accounted that is made at a later poll. ``make`` may raise whatever it likes."""

    def __init__(self, name: str, make: Callable[[], Source]) -> None:
        self._name, self._make = name, make
        self.made: Source | None = None

    @property
    def name(self) -> str:
        return self._name

    def poll(self) -> Iterator[Batch]:
        if self.made is None:
            self.made = self._make()
        yield from self.made.poll()

    def acknowledge(self, mark: str) -> None:
        if self.made is not None:
            self.made.acknowledge(mark)

    def lag_bytes(self) -> int:
        return 0 if self.made is None else self.made.lag_bytes()

    def close(self) -> None:
        if self.made is not None:
            self.made.close()

    def losses(self) -> Sequence[Loss]:
        return self.made.losses() if isinstance(self.made, Accounted) else ()

    def counts(self) -> Mapping[str, int]:
        return self.made.counts() if isinstance(self.made, Accounted) else {}

    def pass_over(self) -> Passed | None:
        return self.made.pass_over() if isinstance(self.made, PassesOver) else None

    def go_back(self, mark: str | None) -> None:
        made: object = self.made
        if isinstance(made, GoesBack):
            made.go_back(mark)

    def end(self, wait_s: float) -> None:
        end = getattr(self.made, "end", None)
        if end is not None:
            end(wait_s)


class LateEnforcer:
    """An Enforcer that is made when it is called. Until then it carries every type, and holds nothing."""

    carries = frozenset(ObservableType)

    def __init__(self, name: str, make: Callable[[], Enforcer]) -> None:
        self._name, self._make = name, make
        self.made: Enforcer | None = None

    @property
    def name(self) -> str:
        return self._name

    def takes(self, observable: Observable) -> bool:
        if self.made is None:
            return True
        takes = getattr(self.made, "takes", None)
        return observable.type in self.made.carries and (takes is None or bool(takes(observable)))

    def enforce(self, blocks: Sequence[Block]) -> None:
        if self.made is None:
            self.made = self._make()
        self.made.enforce([block for block in blocks if self.takes(block.observable)])


def made_of(part: Any) -> Any:
    """The part itself, also where it was made late; None before that."""
    return part.made if isinstance(part, (LateSource, LateEnforcer)) else part


def source_of(name: str, make: Callable[[], Source], failures: Failures) -> Source:
    """The source; where making it fails in a way that nobody foresaw, one that is tried again. Raises FORESEEN."""
    try:
        return make()
    except FORESEEN:
        raise
    except Exception as error:  # noqa: BLE001  it costs this source alone
        failures.note(f"source {name}", error, during="start")
        return LateSource(name, make)


def enforcer_of(name: str, make: Callable[[], Enforcer], failures: Failures) -> Enforcer:
    """The enforcer, likewise."""
    try:
        return make()
    except FORESEEN:
        raise
    except Exception as error:  # noqa: BLE001  it costs this enforcer alone
        failures.note(f"enforcer {name}", error, during="start")
        return LateEnforcer(name, make)


def begun[Part](failures: Failures, name: str, make: Callable[[], Part]) -> Part | None:
    """A part without which a node can go on; None where making it fails in a way that nobody foresaw: the node starts
    without it, and tells it as failing until it is started anew. Raises FORESEEN."""
    try:
        return make()
    except FORESEEN:
        raise
    except Exception as error:  # noqa: BLE001  it costs this part alone
        failures.note(name, error, during="start")
        return None
