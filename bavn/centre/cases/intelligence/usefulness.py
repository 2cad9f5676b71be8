"""How useful a source is: what of it was met here, what of that was false, what it had before others, what nobody else
has, what stands on warning lists. Pure: it is handed what was counted.

The score (0 to 100) and the line at which a source is noise are documented in docs/partners.md. Refuses to suspend
anything.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Final

from bavn.model.moment import HOUR_US
from bavn.model.sector.intel import IntelSettings
from bavn.model.text import Text

HITS_FOR_FULL_YIELD: Final = 10
REFUSED_MIN: Final = 100
LEADS_KEPT_MAX: Final = 100_000


@dataclass(frozen=True, slots=True)
class ObservableHistory:
    """One observable: which sources told of it and when each first did (us), whether each still does; what became of
    it here. ``false``: a person found it harmless; ``judged``: a person found it one way or the other."""

    first_us: Mapping[str, int]
    live: frozenset[str]
    listed: bool
    met: bool
    judged: bool
    false: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Usefulness:
    """Of one source. ``claims``: observables it ever told of and that are remembered; ``live``: those it still tells.
    ``hits``: met by an actor; ``judged`` and ``false_hits``: of claims that a person judged. ``shared``: told by others
    too; ``compared``: of those, told anew while at least one of the others was read already; ``first``: told by it
    before all others there; ``lead_hours``: median hours by which it was ahead of the next (None without any);
    ``unique``: live ones that no other source has now; ``listed``: on a warning list.
    ``score`` 0..100."""

    source: str
    claims: int
    live: int
    hits: int
    judged: int
    false_hits: int
    shared: int
    compared: int
    first: int
    lead_hours: float | None
    unique: int
    listed: int
    score: int


@dataclass(slots=True)
class _Sums:
    claims: int = 0
    live: int = 0
    hits: int = 0
    judged: int = 0
    false: int = 0
    shared: int = 0
    compared: int = 0
    first: int = 0
    unique: int = 0
    listed: int = 0
    leads: list[int] = field(default_factory=list)


def measure(histories: Iterable[ObservableHistory], read_us: Mapping[str, int]) -> dict[str, Usefulness]:
    """source -> its usefulness, over all observables that are remembered. One pass. ``read_us``: when each source had
    been read whole for the first time: what it told until then says nothing of who was first."""
    sums: defaultdict[str, _Sums] = defaultdict(_Sums)
    for history in histories:
        earliest = sorted((us, name) for name, us in history.first_us.items())
        for name in history.first_us:
            mine = sums[name]
            mine.claims += 1
            mine.hits += history.met and not history.false
            mine.judged += history.judged
            mine.false += history.false
            mine.listed += history.listed
            mine.shared += len(earliest) > 1
            if name in history.live:
                mine.live += 1
                mine.unique += len(history.live) == 1
        if len(earliest) > 1:
            _compare(earliest, sums, read_us)
    return {name: _of(name, counts) for name, counts in sorted(sums.items())}


def _compare(earliest: Sequence[tuple[int, str]], sums: Mapping[str, _Sums], read_us: Mapping[str, int]) -> None:
    """The first against the next, from when the next one was read at all; what that one told at its first reading is
    no comparison."""
    (first_us, first), (next_us, after) = earliest[:2]
    begun_us = read_us.get(after, 0)
    if not begun_us or next_us <= begun_us:
        return
    for _, name in earliest:
        sums[name].compared += 1
    lead_us = next_us - max(first_us, begun_us)
    ahead = sums[first]
    ahead.first += lead_us > 0
    if lead_us > 0 and len(ahead.leads) < LEADS_KEPT_MAX:
        ahead.leads.append(lead_us)


def score_of(
    *, claims: int, hits: int, false_hits: int, listed: int, compared: int, first: int, live: int, unique: int
) -> int:
    """0..100: how often it is right (hits against false hits, one of each assumed), times what is not on warning lists,
    times what it brings: half for hits (full from ten on), a quarter each for being first and for what only it has."""
    if not claims:
        return 0
    right = (hits + 1) / (hits + false_hits + 2)
    clean = 1 - listed / claims
    brings = (
        0.5 * min(1.0, hits / HITS_FOR_FULL_YIELD)
        + 0.25 * (first / compared if compared else 0.0)
        + 0.25 * (unique / live if live else 0.0)
    )
    return round(100 * right * clean * (0.2 + 0.8 * brings))


def noise(usefulness: Usefulness, taken: int, refused: int, settings: IntelSettings) -> Text | None:
    """Why this source is to be suspended; None if it is not. ``taken``, ``refused``: its items at gate 2."""
    if (
        usefulness.judged >= settings.judged_min
        and usefulness.false_hits > settings.false_share_max * usefulness.judged
    ):
        return Text(
            "{false_hits} of {judged} judged claims were false",
            false_hits=usefulness.false_hits,
            judged=usefulness.judged,
        )
    if usefulness.claims >= settings.listed_min and usefulness.listed > settings.listed_share_max * usefulness.claims:
        return Text(
            "{listed} of {claims} claims stand on warning lists", listed=usefulness.listed, claims=usefulness.claims
        )
    if taken + refused >= REFUSED_MIN and refused > settings.refused_share_max * (taken + refused):
        return Text("{refused} of {taken} items could not be used", refused=refused, taken=taken + refused)
    return None


def _of(name: str, counts: _Sums) -> Usefulness:
    return Usefulness(
        source=name,
        claims=counts.claims,
        live=counts.live,
        hits=counts.hits,
        judged=counts.judged,
        false_hits=counts.false,
        shared=counts.shared,
        compared=counts.compared,
        first=counts.first,
        lead_hours=round(median(counts.leads) / HOUR_US, 2) if counts.leads else None,
        unique=counts.unique,
        listed=counts.listed,
        score=score_of(
            claims=counts.claims,
            hits=counts.hits,
            false_hits=counts.false,
            listed=counts.listed,
            compared=counts.compared,
            first=counts.first,
            live=counts.live,
            unique=counts.unique,
        ),
    )
