"""Reports that came of the sector's own word: an actor met what was released, after it was released.

They are no evidence for a lead. The actors' doors let out nothing that rests on a shared indicator; this is the second
line, for a node that errs, is old, or lies, and for what only followed from the release (a host that calls a blocked
name again and again looks like a beacon). What an actor saw before the release counts as it did. Pure.
"""

from collections.abc import Iterable, Mapping

from bavn.model.moment import hour_of
from bavn.model.observable import Observable
from bavn.model.sector.lead import Sign


def parted(
    signs: Iterable[Sign],
    released: Mapping[Observable, tuple[int, int]],
    first_hours: Mapping[Observable, Mapping[str, int]],
) -> tuple[tuple[Sign, ...], dict[Observable, frozenset[str]]]:
    """The reports that are evidence, and for each element the actors that met it after its release. ``released``: when
    an element's indicator was released and when it ends, in us; ``first_hours``: in which hour each group first saw it,
    as far as the sector remembers."""
    evidence: list[Sign] = []
    later: dict[Observable, set[str]] = {}
    for sign in signs:
        span = released.get(sign.observable)
        known = first_hours.get(sign.observable, {}).get(sign.group, sign.first_hour)
        if span is not None and is_later(sign, min(known, sign.first_hour), span):
            later.setdefault(sign.observable, set()).add(sign.actor)
        else:
            evidence.append(sign)
    spoken = {(sign.observable, sign.actor) for sign in evidence}
    met = {
        element: frozenset(actor for actor in actors if (element, actor) not in spoken)
        for element, actors in later.items()
    }
    return tuple(evidence), {element: actors for element, actors in met.items() if actors}


def is_later(sign: Sign, first_hour: int, span: tuple[int, int]) -> bool:
    """Whether a report says no more than that what was released is met. What came before the release did not come of
    it, and hours are all that a report has: what began in the hour of the release and came after it is later."""
    since_us, until_us = span
    return sign.received_us > since_us and hour_of(since_us) <= first_hour < hour_of(until_us)
