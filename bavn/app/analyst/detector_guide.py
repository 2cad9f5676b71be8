"""What a detector says of itself to whoever reads what it found: what it sees and misses, what is innocent, what to do
first. The English stands in its own file. Refuses to know any suspicion.
"""

import sys
from collections.abc import Sequence
from functools import cache
from typing import Final

from bavn.actor.detect.base import HEADINGS
from bavn.actor.detect.run import DETECTORS
from bavn.model.text import Text

HEADS: Final = {
    "Sees": Text("What the detector sees"),
    "Misses": Text("What it misses"),
    "Innocent": Text("Innocent explanations"),
    "Do first": Text("Do first"),
}


@cache
def guide_of(detector: str) -> tuple[tuple[Text, Text], ...]:
    """(heading, what it says), in the order of HEADINGS; nothing of an unknown one."""
    known = next((one for one in DETECTORS if one.name == detector), None)
    said = (sys.modules[type(known).__module__].__doc__ or "") if known else ""
    return tuple((HEADS[head], Text.documented(text)) for head in HEADINGS if (text := _under(said, head, HEADINGS)))


def _under(text: str, head: str, heads: Sequence[str]) -> str:
    """The words after ``Head:`` up to the next one."""
    start = text.find(f"{head}:")
    if start < 0:
        return ""
    rest = text[start + len(head) + 1 :]
    ends = [at for other in heads if other != head and (at := rest.find(f"{other}:")) >= 0]
    return " ".join(rest[: min(ends, default=len(rest))].split())
