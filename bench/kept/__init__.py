"""What detectors found in a capture, kept, so that it can be judged again by any table. Holds no windows."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from bench_b import networks

from bavn.actor.detect.base import Candidate, DetectorContext, Found
from bavn.actor.detect.calibrate import Tally
from bavn.model.text import Text

LEVELS = (0.05, 0.01, 0.005, 0.001)
NOTHING_SAID = Text.plain("-")


@dataclass(frozen=True)
class Kept:
    """A detector that answers what it answered before."""

    name: str
    technique: str
    found: Found
    tables: tuple[str, ...] = ()
    innocent: Text = NOTHING_SAID

    def candidates(self, _: DetectorContext) -> Found:
        return self.found


class Empty:
    """A window that nobody asks anything but how many hosts there are; what is asked about candidates finds nothing."""

    first_us = last_us = known_from_us = 0
    homes: tuple[str, ...] = ()

    def rows(self, *_: object, tables: object = None, **__: object) -> list[tuple[int]]:
        return [] if tables else [(1,)]


@lru_cache(maxsize=8)
def innocent(seed: int) -> Tally:
    return networks.innocent(seed)


def weights_outside(candidates: Iterable[Candidate]) -> dict[str, float]:
    """By population, the weight that all of it carries: of what comes from outside. What a detector takes for weak
    carries one of its own (beacon), of which the table knows nothing."""
    some = [each for each in candidates if each.exact_p is None and each.population.endswith(".in")]
    return {each.population: each.p_times for each in some}
