"""What a target is: something that takes bytes from outside, and what it covers.

``make`` gives a function of one input. It returns when the input was taken or refused as designed, and raises when
something happened that nobody foresaw. Refuses to know how inputs are made.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from fuzz.mutate import Mutator

INPUT_S_MAX: Final = 2.0
Run = Callable[[bytes], None]


class Broken(AssertionError):
    """The invariant does not hold: not alive, not counted, or the honest one was not answered rightly."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """``covers``: names as `fuzz.covering` wants them (log:squid, message:Report, module:bavn.wire.codec, ...).
    ``seeds``: inputs to begin with, each honest; they are tried unchanged first. ``make``: see above; made once in
    each process. ``honest``: run after each fault and now and then, with the same function: raises if the next honest
    one is not answered rightly. ``input_s_max``: longer is a fault. ``slow``: takes a process of its own to start."""

    name: str
    covers: tuple[str, ...]
    forms: tuple[Mutator, ...]
    seeds: Callable[[], Sequence[bytes]]
    make: Callable[[], Run]
    honest: bytes | None = None
    input_s_max: float = INPUT_S_MAX
    slow: bool = False


def fine(run: Run, *expected: type[BaseException]) -> Run:
    """A parser whose own refusals are these exceptions."""

    def called(data: bytes) -> None:
        try:
            run(data)
        except expected:
            return

    return called
