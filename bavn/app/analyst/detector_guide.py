"""What is said to whoever reads a suspicion, in its order: what it is, what speaks against it, what to look at first;
and what its detector says of itself. The English stands in the detector's own file. The figures come after all of it.
"""

import sys
from collections.abc import Sequence
from functools import cache
from typing import Final

from bavn.model.suspicion import Suspicion
from bavn.model.text import Capital, Text

HEADS: Final = {
    "Sees": Text("What the detector sees"),
    "Misses": Text("What it misses"),
    "Innocent": Text("Innocent explanations"),
    "Do first": Text("Do first"),
}


@cache
def guide_of(detector: str) -> tuple[tuple[Text, Text], ...]:
    """(heading, what it says), in the order of HEADINGS; nothing of an unknown one."""
    from bavn.actor.detect.base import HEADINGS  # the detectors are not for a node that has none
    from bavn.actor.detect.run import DETECTORS

    known = next((one for one in DETECTORS if one.name == detector), None)
    said = (sys.modules[type(known).__module__].__doc__ or "") if known else ""
    return tuple((HEADS[head], Text.documented(text)) for head in HEADINGS if (text := _under(said, head, HEADINGS)))


AGAINST: Final = Text("What speaks against it: {said}")
LOOK_FIRST: Final = Text("Start here: {said}")


def look_first(suspicion: Suspicion) -> Text | None:
    """What to look at first, as a sentence: its kind's own, else its detector's; None of an unknown detector."""
    if suspicion.look_first is not None:
        return suspicion.look_first
    said = dict(guide_of(suspicion.detector)).get(HEADS["Do first"])
    return None if said is None else Text.shaped("{said}", said=Capital(said))


def told(suspicion: Suspicion) -> tuple[Text, ...]:
    """What is said of a suspicion before its figures."""
    lines = [suspicion.headline]
    if suspicion.against is not None:
        lines.append(AGAINST.filled(said=suspicion.against))
    if (look := look_first(suspicion)) is not None:
        lines.append(LOOK_FIRST.filled(said=look))
    return tuple(lines)


def figures(suspicion: Suspicion) -> tuple[Text, ...]:
    """The figures, said last; none where they are all that there is, and so were said first."""
    return () if suspicion.what is None else (suspicion.why,)


def _under(text: str, head: str, heads: Sequence[str]) -> str:
    """The words after ``Head:`` up to the next one."""
    start = text.find(f"{head}:")
    if start < 0:
        return ""
    rest = text[start + len(head) + 1 :]
    ends = [at for other in heads if other != head and (at := rest.find(f"{other}:")) >= 0]
    return " ".join(rest[: min(ends, default=len(rest))].split())
