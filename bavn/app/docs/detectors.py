"""The page of detectors: what each sees and misses, what is innocent, what to do first, as its own file says it."""

import sys

from bavn.actor.detect.run import DETECTORS
from bavn.app.analyst.detector_guide import guide_of

HEAD = """# What each detector sees

For whoever reads a suspicion: what its detector sees and misses, what innocent thing looks the same, and what to do
first. How all of them weigh and rank: [detectors.md](../detectors.md). The console shows the same beside each
suspicion. This page is made from the code (`script/docs`).
"""


def detector_page() -> str:
    """The whole page."""
    parts = [HEAD]
    for detector in DETECTORS:
        first = (sys.modules[type(detector).__module__].__doc__ or "").partition("\n\n")[0]
        told = "".join(f"\n- **{head.en}**: {says.en}" for head, says in guide_of(detector.name))
        parts.append(f"## {detector.name}\n\n{' '.join(first.split())}\n{told}\n")
    return "\n".join(parts)
