"""A clock that can kill its owner: at a chosen question, Killed is raised instead of an answer.

Every rule, gate and step asks the clock, so a kill lands anywhere in the work; the transaction that was open rolls
back, as it would under kill -9. Refuses to know whom it kills.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field

from bavn.rehearsal.clock import SimClock


class Killed(BaseException):
    """The party is dead. Nobody inside it may catch this; the world drops it and opens it again from its disk."""


class MortalClock:
    """Implements Clock over the world's clock for one party."""

    def __init__(self, clock: SimClock) -> None:
        self._clock = clock
        self._left: int | None = None

    def now_us(self) -> int:
        """The world's moment. Raises Killed when its time has come."""
        if self._left is not None:
            self._left -= 1
            if self._left < 0:
                self._left = None
                raise Killed
        return self._clock.now_us()

    def kill_after(self, questions: int) -> None:
        """The question after ``questions`` more kills. A later call replaces an earlier one."""
        self._left = questions

    def spare(self) -> None:
        """No kill is planned any longer."""
        self._left = None


@dataclass(slots=True)
class Mortal(ABC):
    """A party that dies with its clock, and starts again from what its disk holds."""

    mortal: MortalClock = field(init=False)
    deaths: int = field(default=0, kw_only=True)

    def reopen(self) -> None:
        """Die here and start again from what the disk holds."""
        self.deaths += 1
        self.mortal.spare()
        self.close()
        self._open()

    @abstractmethod
    def close(self) -> None:
        """Let go of its files."""

    @abstractmethod
    def _open(self) -> None:
        """Over its folder, as a process that starts."""
