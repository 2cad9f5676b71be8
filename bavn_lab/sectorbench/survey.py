"""Looks at all captures of a folder, some at a time, and says how far it is. Refuses to decide what they are for."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import replace
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Final

from bavn_lab.sectorbench.detected import KEPT, CaptureDetections, detections_of, known
from bavn_lab.sectorbench.manifest import BENIGN, MALICIOUS, Capture

BENIGN_STEPS: Final = (1.0, 0.5)
"""A host-day that was drawn again is looked at with half of its connections: clones need not be equal."""
SMALL: Final = 8
"""So few captures are looked at in this process: starting others costs more."""
LOOK_S: Final = 3.0
"""About what a look costs one core; for what is said, not for what is done."""


def steps_of(capture: Capture) -> tuple[float, ...]:
    """How far a capture is thinned."""
    return KEPT if capture.kind in MALICIOUS else BENIGN_STEPS


def survey_all(
    captures: Sequence[Capture], cache: Path, jobs: int, say: Callable[[str], None], *, strange: bool = False
) -> Mapping[str, CaptureDetections]:
    """Capture's name -> what is seen in it. ``jobs`` processes, each with some 700 MB at the most. ``strange``: benign
    ones as at a site that the detectors were not chosen on."""
    fresh = [one for one in captures if not known(one, steps_of(one), cache, strange=strange and one.kind in BENIGN)]
    if fresh:
        minutes = len(fresh) * LOOK_S / 60 / max(1, jobs)
        say(
            f"{len(captures)} captures; {len(fresh)} are looked at for the first time: about {max(1, round(minutes))}"
            f" to {max(2, round(3 * minutes))} minutes; what is seen is kept in {cache}"
        )
    if jobs > 1 and len(fresh) > SMALL:
        _in_parallel(fresh, cache, jobs, say, strange)
    return {capture.name: _detections(cache, strange, capture) for capture in captures}


def _in_parallel(fresh: Sequence[Capture], cache: Path, jobs: int, say: Callable[[str], None], strange: bool) -> None:
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        done = [pool.submit(partial(_detections, cache, strange), one) for one in fresh]
        for number, one in enumerate(as_completed(done), 1):
            one.result()
            if number % 20 == 0:
                say(f"  {number} of {len(fresh)} captures looked at")


def _detections(cache: Path, strange: bool, capture: Capture) -> CaptureDetections:
    found = detections_of(capture, steps_of(capture), cache, strange=strange and capture.kind in BENIGN)
    return replace(found, name=capture.name)
