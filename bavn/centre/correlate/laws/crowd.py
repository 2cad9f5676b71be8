"""How many others are told of in the same way as an element: what comes by the dozen in one look is a product at work.

Two reports are alike where detector, technique, p-bucket and period bucket agree. An element's crowd is how many other
elements of its type two groups or more tell of alike, on what stands revealed: no number of a bench is in it. Elements
of the very same holders count as one, so that an intruder's many names are no crowd. Of an element's groups the second
most crowded speaks: a report more never makes a crowd smaller, and one actor alone neither makes a crowd nor puts an
element into one. Not monotone in p: a smaller p may be the crowd's. Refuses to know actors and values.
"""

from collections import Counter
from collections.abc import Iterable
from math import log
from typing import Final

from bavn.centre.correlate.kin import is_inbound
from bavn.model.observable import Observable, ObservableType
from bavn.model.sector.lead import Sign

GROUPS_MIN: Final = 2
CROWD_NATS_MAX: Final = 4.0
"""A crowd of 54 and more: as much as a known service on a list. Assumed."""

Way = tuple[str, str, int, int | None]


def way_of(sign: Sign) -> Way:
    """In what two reports agree that are alike."""
    return sign.detector, sign.technique, sign.p_bucket, sign.period_bucket


def crowds_of(signs: Iterable[Sign]) -> dict[Observable, int]:
    """How many others each element is told of alike with; 0 where that is none."""
    by_group: dict[Observable, dict[str, set[Way]]] = {}
    for sign in signs:
        if not is_inbound(sign):
            by_group.setdefault(sign.observable, {}).setdefault(sign.group, set()).add(way_of(sign))
    holders: dict[tuple[ObservableType, Way], set[frozenset[str]]] = {}
    for observable, groups in by_group.items():
        for way, count in Counter(way for ways in groups.values() for way in ways).items():
            if count >= GROUPS_MIN:
                holders.setdefault((observable.type, way), set()).add(frozenset(groups))
    crowds = {}
    for observable, groups in by_group.items():
        own = {frozenset(groups)}
        others = sorted(
            max(len(holders.get((observable.type, way), set()) - own) for way in ways) for ways in groups.values()
        )
        crowds[observable] = others[-GROUPS_MIN] if len(others) >= GROUPS_MIN else 0
    return crowds


def crowd_nats(crowd: int) -> float:
    """At most 0: ln of one in so many."""
    return -min(CROWD_NATS_MAX, log(1 + crowd))
