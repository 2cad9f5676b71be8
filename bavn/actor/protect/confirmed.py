"""What the sector confirmed and where it was met here: the one place that says so, read from the node's own book.

A confirmed element that was met is the gravest thing that a node knows: every page and command about it asks here.
Refuses to call confirmed what the centre took back, and what this node may never block.
"""

import json
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final, Literal

from bavn.actor.protect.queries import Rows
from bavn.actor.protect.state import STANDS
from bavn.model.moment import DAY_US
from bavn.model.observable import Observable, ObservableType
from bavn.model.outcome import Refused
from bavn.wire.partners.stix_indicator import indicator_of

SHOWN_MAX: Final = 500
LATE_US: Final = DAY_US
"""Met so long after somebody here took it: it is somebody's news again."""

RETRO: Final = "retro"
Stand = Literal["blocked", "watched", "waits", "open"]
_CONFIRMED: Final = "type <> '' AND bundle <> '' AND rule NOT IN ('withdrawn', 'revoked', 'never_block', 'external')"
_ITEM: Final = f"indicator_id, type, value, act, {STANDS}, decided_us, forced_us, until_us, bundle"
_MET: Final = """SELECT kind, count, first_us, last_us FROM protect_met
    WHERE indicator_id = ? AND count > 0 ORDER BY kind"""
_HIT: Final = f"""SELECT {_ITEM} FROM protect_item
    WHERE {_CONFIRMED} AND indicator_id IN (SELECT indicator_id FROM protect_met WHERE count > 0)"""


@dataclass(frozen=True, slots=True)
class MetHere:
    """How it was met: retro (own history), seen or blocked since. Times in us, of the records."""

    kind: str
    count: int
    first_us: int | None
    last_us: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmed:
    """An element that the sector confirmed. ``received_us``: since when this node knows; ``forced_us``: since when it
    is in force; ``hosts`` own machines met it in own history (None: not asked yet, or asked before hosts were kept),
    ``named`` the first of them. ``taken_by``: who here has said that somebody looks after it."""

    indicator_id: str
    observable: Observable
    act: str
    standing: str
    received_us: int
    forced_us: int | None
    until_us: int
    case_id: str
    technique: str
    confidence: int
    met: tuple[MetHere, ...]
    hosts: int | None
    named: tuple[str, ...]
    taken_by: str
    taken_us: int | None

    @property
    def count(self) -> int:
        """How often it was met: records of own history and refusals since."""
        return sum(met.count for met in self.met)

    @property
    def history(self) -> int:
        """Of these how many the hunt of own history found: met before anybody knew of it."""
        return sum(met.count for met in self.met if met.kind == RETRO)

    @property
    def first_us(self) -> int | None:
        return min((met.first_us for met in self.met if met.first_us is not None), default=None)

    @property
    def last_us(self) -> int | None:
        return max((met.last_us for met in self.met if met.last_us is not None), default=None)

    @property
    def stands(self) -> Stand:
        """What is done about it here now; ``open``: nothing."""
        if self.standing == "wanted":
            return "blocked" if self.act == "block" else "watched"
        return "waits" if self.standing in ("waiting", "uncarried") else "open"

    @property
    def is_taken(self) -> bool:
        """Somebody here has it, and it was not met again long after."""
        return self.taken_us is not None and (self.last_us is None or self.last_us <= self.taken_us + LATE_US)


def hits(rows: Rows) -> list[Confirmed]:
    """All that the sector confirmed and that was met here: what nobody has taken first, then the latest met."""
    found = [_confirmed(rows, row) for row in rows(f"{_HIT} ORDER BY decided_us DESC LIMIT {SHOWN_MAX}")]
    return sorted(found, key=lambda hit: (hit.is_taken, -(hit.last_us or 0), hit.indicator_id))


def hit_of(rows: Rows, indicator_id: str) -> Confirmed | None:
    """The one of this id, met or not; None where the sector confirmed no such thing."""
    found = rows(f"SELECT {_ITEM} FROM protect_item WHERE {_CONFIRMED} AND indicator_id = ?", (indicator_id,))
    return _confirmed(rows, found[0]) if found else None


def confirmed_named(rows: Rows, values: Collection[str]) -> dict[str, Confirmed]:
    """Those of these values (names, addresses, fingerprints) that the sector confirmed, met here or not; of several
    indicators of one value the latest."""
    items = rows(
        f"""SELECT {_ITEM} FROM protect_item WHERE {_CONFIRMED} AND value IN (SELECT value FROM json_each(?))
        ORDER BY decided_us""",
        (json.dumps(sorted(set(values))),),
    )
    return {row[2]: _confirmed(rows, row) for row in items}


def met_values(rows: Rows) -> frozenset[str]:
    """The values of all that is confirmed and was met here."""
    return frozenset(row[1] for row in rows(f"SELECT indicator_id, value FROM ({_HIT} LIMIT {SHOWN_MAX})"))


def met_elements(rows: Rows, now_us: int) -> dict[Observable, int]:
    """What is confirmed, was met here and has not ended, with the sector's confidence (0..100): what detectors look for
    among the records, so that each machine, its rows and its packets are found."""
    return {
        hit.observable: hit.confidence
        for hit in (_confirmed(rows, row) for row in rows(f"{_HIT} AND until_us > ? LIMIT {SHOWN_MAX}", (now_us,)))
    }


def _confirmed(rows: Rows, row: tuple[Any, ...]) -> Confirmed:
    indicator_id, kind, value, act, standing, decided_us, forced_us, until_us, bundle = row
    indicator = indicator_of(bundle)
    known = None if isinstance(indicator, Refused) else indicator
    hosts = rows("SELECT hosts, named FROM protect_hit WHERE indicator_id = ?", (indicator_id,))
    taken = rows("SELECT by_whom, at_us FROM protect_hit_taken WHERE indicator_id = ?", (indicator_id,))
    return Confirmed(
        indicator_id=indicator_id,
        observable=Observable.trusted(ObservableType(kind), value),
        act=act,
        standing=standing,
        received_us=decided_us,
        forced_us=forced_us,
        until_us=until_us,
        case_id=known.case_id if known else "",
        technique=known.technique if known else "",
        confidence=known.confidence if known else 100,
        met=tuple(MetHere(*met) for met in rows(_MET, (indicator_id,))),
        hosts=hosts[0][0] if hosts else None,
        named=tuple(json.loads(hosts[0][1])) if hosts else (),
        taken_by=taken[0][0] if taken else "",
        taken_us=taken[0][1] if taken else None,
    )
