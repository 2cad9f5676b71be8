"""What a day's suspicions and blocks add up to, before any noise. Pure.

Bounded so that the noise can be fitted: each own host counts once in a day, under the technique of its strongest
suspicion; each indicator once in a day. So one host, or one indicator, more or less moves one number by one. No number
passes ``cell_max``, whoever holds how many hosts.
"""

from collections import Counter
from collections.abc import Iterable

from bavn.model.moment import DAY_US
from bavn.model.observable import ObservableType
from bavn.model.sector.tally import BLOCKED, TECHNIQUES, blocked_entry, technique_entry
from bavn.model.suspicion import Suspicion

SENSITIVITY = 1
"""L1 distance of the counts of two worlds that differ in one host, and of two that differ in one met indicator."""


def by_technique(suspicions: Iterable[Suspicion], day: int, cell_max: int) -> list[int]:
    """Hosts with a suspicion that touches the day (days since 1970), one number for each of TECHNIQUES."""
    first_us, end_us = day * DAY_US, (day + 1) * DAY_US
    strongest: dict[str, Suspicion] = {}
    for suspicion in suspicions:
        if suspicion.last_us < first_us or suspicion.first_us >= end_us:
            continue
        known = strongest.get(suspicion.host)
        if known is None or _key(suspicion) < _key(known):
            strongest[suspicion.host] = suspicion
    return _row(Counter(technique_entry(one.technique) for one in strongest.values()), TECHNIQUES, cell_max)


def blocked_by_type(met: Iterable[tuple[str, ObservableType, int, int]], day: int, cell_max: int) -> list[int]:
    """Indicators that were blocked on the day, one number for each of BLOCKED. ``met``: (indicator, its type, first and
    last time it was blocked, in us)."""
    first_us, end_us = day * DAY_US, (day + 1) * DAY_US
    kinds = {name: kind for name, kind, met_us, last_us in met if last_us >= first_us and met_us < end_us}
    return _row(Counter(blocked_entry(kind) for kind in kinds.values()), BLOCKED, cell_max)


def _row(counts: Counter[str], entries: Iterable[str], cell_max: int) -> list[int]:
    return [min(cell_max, counts[entry]) for entry in entries]


def _key(suspicion: Suspicion) -> tuple[float, str, str]:
    return suspicion.p, technique_entry(suspicion.technique), suspicion.id
