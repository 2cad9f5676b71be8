"""One target for some seconds in a process of its own: seeds first, then mutants of what reached new lines.

What it met goes back through a pipe. The input of the moment stands in shared memory, so that whoever watches knows it
when this process dies.
"""

import mmap
import resource
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final

from bavn.wire.reading import unreadable_counts
from fuzz.minimise import smaller
from fuzz.mutate import mutated
from fuzz.target import Run, Target
from fuzz.watch import Lines, place_of

HARD_S: Final = 30.0
SLOW_HARD_S: Final = 240.0
"""An input that takes longer is broken off; a service may have to be started again in the middle of it."""

GROWTH_KB_MAX: Final = 1_500_000
ADDRESS_BYTES_MAX: Final = 16 << 30
MINIMISE_S: Final = 15.0
SHARED_BYTES: Final = (1 << 20) + 8
HONEST_EVERY: Final = 200
FAULTS_MAX: Final = 12
SEEDS_FIRST: Final = 20
SHARE_MIN: Final = 0.3
"""Of a target's time, so much at least is left to inputs however long it takes to start."""


@dataclass(frozen=True, slots=True)
class Fault:
    """``place``: see watch.place_of, or slow, memory, hung, died. ``data``: as small as it could be made."""

    target: str
    place: str
    data: bytes
    words: str = ""


@dataclass(slots=True)
class Outcome:
    """Of one process: inputs tried, lines of the product reached, what it kept and what it broke."""

    target: str
    inputs: int = 0
    lines: int = 0
    seconds: float = 0.0
    kept: list[bytes] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    contained: dict[str, int] = field(default_factory=dict)
    """Parsers that met what nobody expected, and how often: each was one refusal, and is still worth a look."""

    trouble: str = ""


class Hung(BaseException):
    """Taking too long; no `except Exception` keeps it."""


class Ends(BaseException):
    """SIGTERM: clean up and go."""


@contextmanager
def _limit(seconds: float) -> Iterator[None]:
    def over(*_: Any) -> None:
        raise Hung

    before = signal.signal(signal.SIGALRM, over)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


class Tried:
    """Runs one input and says where it broke, if it did."""

    def __init__(self, target: Target, run: Run) -> None:
        self._target, self._run = target, run

    def __call__(self, data: bytes) -> tuple[str, str] | None:
        before_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        begun = time.process_time()
        hard_s = SLOW_HARD_S if self._target.slow else HARD_S
        try:
            with _limit(hard_s):
                self._run(data)
        except Hung as error:
            return f"hung {place_of(error).replace(' Hung', '')}", f"more than {hard_s} s"
        except (KeyboardInterrupt, Ends, SystemExit):
            raise
        except BaseException as error:  # noqa: BLE001 - this is what is looked for
            return place_of(error), f"{type(error).__name__}: {error}"[:400]
        took = time.process_time() - begun
        if took > self._target.input_s_max:
            return "slow", f"{took:.1f} s of processor"
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kb
        if grown > GROWTH_KB_MAX:
            return "memory", f"{grown // 1024} MB more"
        return None


def work(
    target: Target,
    seed: str,
    seconds: float,
    kept: Sequence[bytes],
    skip: frozenset[str],
    shared: mmap.mmap,
    tell: Callable[[Fault], None] = lambda _: None,
) -> Outcome:
    """See the module. ``tell`` hears of each fault at once: a process that dies later takes none with it. ``skip``: places that are known already, counted as tried and not minimised again."""
    outcome = Outcome(target.name)
    begun = time.monotonic()
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_BYTES_MAX, ADDRESS_BYTES_MAX))
    run = target.make()
    try:
        tried, lines, dice = Tried(target, run), Lines(), Random(seed)
        seeds = list(target.seeds())
        if target.slow:
            dice.shuffle(seeds)  # a short run reaches some of many routes, another run others
        pool = [*seeds, *kept]
        first = min(len(seeds), SEEDS_FIRST)
        places = set(skip)
        ready = time.monotonic()
        number = 0
        while time.monotonic() < max(begun + seconds, ready + SHARE_MIN * seconds) or number < first:
            if number < len(pool) and (number < len(seeds) or not kept or number < len(seeds) + 20):
                data = pool[number]
            else:
                data = mutated(dice, dice.choice(pool), target.forms, pool)
            number += 1
            shared.seek(0)
            shared.write(min(len(data), SHARED_BYTES - 8).to_bytes(8, "big") + data[: SHARED_BYTES - 8])
            broke = tried(data)
            outcome.inputs += getattr(run, "pieces", 1)
            if lines.fresh() and len(pool) < 2_000 and len(data) <= 65_536 and broke is None and data not in pool[:50]:
                pool.append(data)
                outcome.kept.append(data)
            if broke is None and target.honest is not None and number % HONEST_EVERY == 0:
                broke = tried(target.honest)
                broke = (f"honest: {broke[0]}", broke[1]) if broke else None
            if broke and broke[0] not in places:
                places.add(broke[0])
                if not target.slow:
                    data = _smaller(tried, data, broke[0])
                outcome.faults.append(Fault(target.name, broke[0], data, broke[1]))
                tell(outcome.faults[-1])
                if len(outcome.faults) >= FAULTS_MAX:
                    outcome.trouble = "too many faults: the rest of this target's time is left"
                    break
        outcome.lines = lines.total
        outcome.contained = unreadable_counts()
        lines.close()
    finally:
        outcome.seconds = time.monotonic() - begun
        getattr(run, "close", lambda: None)()
    return outcome


# A service is not asked thousands of times for one fault: the parser behind it is a target of its own.


def _smaller(tried: Tried, data: bytes, place: str) -> bytes:
    ends = time.monotonic() + MINIMISE_S
    if place.startswith(("slow", "hung", "memory", "honest")):
        return data

    def breaks(candidate: bytes) -> bool:
        broke = tried(candidate)
        return broke is not None and broke[0] == place

    return smaller(data, breaks, lambda: time.monotonic() < ends)


def child(pipe: Any, *given: Any, **named: Any) -> None:
    """What the process does; the outcome or why there is none goes through ``pipe``."""

    def ends(*_: Any) -> None:
        raise Ends

    signal.signal(signal.SIGTERM, ends)
    try:
        pipe.send(work(*given, tell=pipe.send, **named))
    except Ends:
        sys.exit(1)
    except BaseException as error:  # noqa: BLE001 - told to whoever watches
        import traceback

        pipe.send("".join(traceback.format_exception(error))[-3000:])
