"""What could not be made at the start (a source, an enforcer, a link): it stands in for itself, fails, and is tried
again.

So a constructor that raises what nobody foresaw keeps no node from starting: the part is told as failing, and all
other parts do their work. What the operator wrote wrongly (Stop, SettingsError) still keeps the node from starting.
Refuses to try more often than its caller asks.
"""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from bavn.actor.sense.base import Accounted, Batch, GoesBack, Loss, Passed, PassesOver, Source, SourceBroken
from bavn.app.process.exits import Stop
from bavn.model.failure import Failures
from bavn.model.intel.indicator import Block
from bavn.model.observable import Observable, ObservableType
from bavn.model.ports import Enforcer, LinkDown, LinkRefused
from bavn.model.settings import SettingsError
from bavn.psi.identifier import Identifier, Identifiers

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


class LateCaller:
    """A link to the centre or to the key holder that is made at a later call; until then it is down. ``part`` names it
    where it fails."""

    def __init__(self, part: str, make: Callable[[], Any], failures: Failures) -> None:
        self._part, self._make, self._failures = part, make, failures
        self.made: Any = None
        self._lock = threading.Lock()

    def post(self, envelopes: Sequence[bytes]) -> Sequence[int]:
        taken: Sequence[int] = self._now().post(envelopes)
        return taken

    def pull(self, after: int, wait_s: float) -> Sequence[bytes]:
        raws: Sequence[bytes] = self._now().pull(after, wait_s)
        return raws

    def __call__(self, asked: Any) -> Any:
        return self._now()(asked)

    def probe(self) -> None:
        self._now().probe()

    @property
    def skew_s(self) -> int | None:
        skew_s: int | None = None if self.made is None else self.made.skew_s
        return skew_s

    def close(self) -> None:
        if self.made is not None:
            self.made.close()

    def _now(self) -> Any:
        """The link. Raises LinkDown where it still cannot be made, LinkRefused where the operator must act."""
        with self._lock:
            if self.made is None:
                try:
                    self.made = self._make()
                except LinkRefused:
                    raise
                except Exception as error:
                    self._failures.note(self._part, error)
                    raise LinkDown(f"{self._part} cannot be made ({type(error).__name__})") from error
                self._failures.works(self._part)
            return self.made


class LateIdentifiers:
    """Identifiers that are made when a round asks for them; what making them raises costs that round."""

    def __init__(self, part: str, make: Callable[[], Identifiers], failures: Failures) -> None:
        self._part, self._make, self._failures = part, make, failures
        self.made: Identifiers | None = None

    def of(self, epoch: int, tier: str) -> Identifier:
        if self.made is None:
            self.made = self._make()
            self._failures.works(self._part)
        return self.made.of(epoch, tier)


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


def or_late[Part](
    part: str, make: Callable[[], Part], late: Callable[[str, Callable[[], Part], Failures], Part], failures: Failures
) -> Part:
    """What ``make`` makes; where that fails in a way that nobody foresaw, or the other side would refuse us, what
    ``late`` puts in its place. Raises FORESEEN."""
    try:
        return make()
    except FORESEEN:
        raise
    except LinkRefused:
        return late(part, make, failures)  # a certificate that has ended: each call says so, and all else works
    except Exception as error:  # noqa: BLE001  it costs this part alone
        failures.note(part, error, during="start")
        return late(part, make, failures)


def begun[Part](
    failures: Failures, name: str, make: Callable[[], Part], passing: tuple[type[Exception], ...] = ()
) -> Part | None:
    """A part without which a service can go on; None where making it fails in a way that nobody foresaw: it starts
    without it, and tells it as failing until it is started anew. Raises FORESEEN and ``passing``."""
    try:
        return make()
    except Exception as error:
        if isinstance(error, (*FORESEEN, *passing)):
            raise
        failures.note(name, error, during="start")
        return None
