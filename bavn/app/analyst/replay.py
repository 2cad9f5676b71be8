"""An archive played forward, day by day, as a node would have lived it.

At each day's end the detectors see what was known by then and nothing later. A suspicion keeps the moment at which it
would first have been told.

A flow is known at its end, anything else at once. Refuses to know where the records came from.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import pyarrow as pa

from bavn.actor.detect.rank import Ranked, ranked
from bavn.actor.detect.run import Survey
from bavn.actor.node.settings import NodeSettings
from bavn.actor.store.columns import ColumnStore
from bavn.actor.store.history import History
from bavn.actor.store.limits import StoreLimits
from bavn.actor.store.query.window import StoreWindow
from bavn.actor.store.segments.disk import PassingDisk
from bavn.model.moment import DAY_US, HOUR_US
from bavn.model.suspicion import Suspicion, in_order

P_TOLD_MAX: Final = 0.05
"""What is weaker stands in no list that a person reads, unless above the alert line."""
PART_US: Final = 2 * HOUR_US
PART_ROWS_MAX: Final = 1_000_000
"""Where a day has more, so much of it is carried over at once."""
_KNOWN: Final = {"flow": "coalesce(ts_end, ts)"}


@dataclass(slots=True)
class Played:
    """What became of an archive. ``told_us``: by a suspicion's id, the end of the look that first told it (above
    the alert line or with a p of P_TOLD_MAX; of others nobody was). ``looks``: how often it was looked. ``failed``:
    detectors whose findings are missing from one look or more."""

    told_us: dict[str, int] = field(default_factory=dict)
    looks: int = 0
    hosts: int = 1
    failed: set[str] = field(default_factory=set)
    _best: dict[str, Suspicion] = field(default_factory=dict)
    _above: set[str] = field(default_factory=set)

    def take(self, seen: Survey, at_us: int) -> None:
        """One look more, in order of time."""
        self.looks += 1
        self.failed |= seen.failed
        self.hosts = max(self.hosts, seen.hosts)
        for place in ranked(list(seen.suspicions), seen.hosts):
            suspicion = place.suspicion
            best = self._best.get(suspicion.id)
            self._best[suspicion.id] = suspicion if best is None else _grown(best, suspicion)
            if place.above:
                self._above.add(suspicion.id)
            if place.above or suspicion.p <= P_TOLD_MAX:
                self.told_us.setdefault(suspicion.id, at_us)

    @property
    def suspicions(self) -> tuple[Ranked, ...]:
        """Each story as strong as it ever stood, in the words and figures of the last look that told it, from its first
        moment to its last; those that were above the alert line come first, and the internet's tries last."""
        ordered = in_order(list(self._best.values()))
        ordered.sort(key=lambda found: (bool(found.knock), found.id not in self._above))
        return tuple(Ranked(found, rank, found.id in self._above) for rank, found in enumerate(ordered, 1))


def _grown(before: Suspicion, now: Suspicion) -> Suspicion:
    """A story that a later look tells again: what it says is of now, its strength is the greatest that it had."""
    strongest = now if now.evidence_nats > before.evidence_nats else before
    return replace(
        now,
        p=strongest.p,
        p_source=strongest.p_source,
        evidence_nats=strongest.evidence_nats,
        statistic=strongest.statistic,
        first_us=min(before.first_us, now.first_us),
        last_us=max(before.last_us, now.last_us),
    )


def look_after(moment_us: int, span_us: tuple[int, int], step_us: int = DAY_US) -> int:
    """When it is looked at what became known at this moment: it is looked each ``step_us`` after the first record, and
    at the end. ``span_us``: first, behind last."""
    first, last = span_us
    return min(first + ((moment_us - first) // step_us + 1) * step_us, last)


def played(
    root: Path,
    scratch: Path,
    span_us: tuple[int, int],
    function: Callable[[StoreWindow], Survey],
    *,
    homes: Sequence[str],
    limits: StoreLimits,
    step_us: int = DAY_US,
    began: Callable[[int, int], None] = lambda _, __: None,
) -> Played:
    """``root``: a store of all records; ``scratch``: a folder for a second one, which is filled step by step. ``began``
    hears which look it is of how many. Steps without a record are jumped over, however many. Raises QueryRefused."""
    played = Played()
    back_us = NodeSettings(version="replay").window_days * DAY_US
    if span_us[1] - span_us[0] <= step_us:
        began(1, 1)
        with History.read(root, limits, homes=homes) as history, history.window(*span_us) as window:
            played.take(function(window), span_us[1])
        return played
    with History.read(root, limits) as staged, _passing(scratch, limits, homes) as lived:
        rows = staged.stats().rows
        known = _parts(staged, span_us, step_us, sorted(rows))
        part_us = step_us if sum(rows.values()) < PART_ROWS_MAX * len(known) else min(step_us, PART_US)
        for number, (begin_us, parts_us) in enumerate(known.items(), 1):
            end_us = look_after(begin_us, span_us, step_us)
            began(number, len(known))
            fresh = 0
            for from_us in [begin_us] if part_us == step_us else sorted(parts_us):
                to_us = min(from_us + part_us, end_us)
                tables = _known(staged, span_us, (from_us, to_us), sorted(rows))
                fresh += lived.append("replay", str(to_us), tables) if tables else 0
            if not fresh and number < len(known):
                continue
            lived.tidy()
            with lived.window(max(span_us[0], end_us - back_us), end_us) as window:
                played.take(function(window), end_us)
    return played


def _passing(scratch: Path, limits: StoreLimits, homes: Sequence[str]) -> ColumnStore:
    return ColumnStore.open(scratch, limits, homes=homes, disk=PassingDisk())


def _parts(staged: History, span_us: tuple[int, int], step_us: int, names: Sequence[str]) -> dict[int, set[int]]:
    """The beginnings of the steps in which something became known, and of the last one, in order of time; with each
    its parts in which something did."""
    first, last = span_us
    beginnings: dict[int, set[int]] = {first + (last - 1 - first) // step_us * step_us: set()}
    with staged.window(first, last) as window:
        for name in names:
            if name == "stats":
                continue
            since = f"least({_known_us(name)}, {last - 1}) - {first}"
            sql = f"""SELECT DISTINCT ({since}) // {step_us}, ({since}) % {step_us} // {PART_US}
                FROM {name} WHERE {_known_us(name)} >= {first}"""
            for step, part in window.rows(sql):
                beginnings.setdefault(first + step * step_us, set()).add(first + step * step_us + part * PART_US)
    return dict(sorted(beginnings.items()))


def _known_us(name: str) -> str:
    return f"epoch_us({_KNOWN.get(name, 'ts')})"


def _known(
    staged: History, span_us: tuple[int, int], part_us: tuple[int, int], names: Sequence[str]
) -> dict[str, pa.Table]:
    """What became known within a part; in the last one also what ended behind the archive's last beginning."""
    from_us, to_us = part_us
    tables = {}
    with staged.window(span_us[0], to_us) as window:
        for name in names:
            if name == "stats":
                continue
            known = _known_us(name)
            before = "TRUE" if to_us >= span_us[1] else f"{known} < {to_us}"
            rows = window.arrow(f"SELECT * FROM {name} WHERE {known} >= {from_us} AND {before} ORDER BY ts")
            if rows.num_rows:
                tables[name] = rows
    return tables
