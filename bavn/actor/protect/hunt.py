"""Own history asked about one observable: the dry run before a block, and the retro-hunt after a release.

Asks the store's roll-ups through the Window port and keeps only numbers: hits, hosts, destinations, first and last.
Refuses to know names of hosts, and what follows from the answer.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from bavn.model.moment import DAY_US, HOUR_US, as_us
from bavn.model.observable import Observable, ObservableType
from bavn.model.ports import Window
from bavn.model.record import address_uuid

History = Callable[[int, int], Window]
"""The store's ``window(first_us, last_us)``."""

_ADDRESSES: Final = (ObservableType.IP4, ObservableType.IP6)
_COLUMNS: Final = {
    ObservableType.JA3: ("tls", "ja3"),
    ObservableType.JA4: ("tls", "ja4"),
    ObservableType.CERT: ("tls", "cert"),
    ObservableType.SHA256: ("fileinfo", "sha256"),
}

_BY_ADDRESS = """
    SELECT coalesce(sum(flows), 0), count(DISTINCT CASE WHEN dst = $address THEN src ELSE dst END),
           1, min(first_ts), max(last_ts)
    FROM pair_hour WHERE dst = $address OR src = $address"""
_BY_NAME = """
    SELECT coalesce(sum(n), 0), count(DISTINCT src), count(DISTINCT name), min(first_ts), max(last_ts)
    FROM name_hour WHERE name = $name OR ends_with(name, $below)"""
_BACKGROUND = """
    SELECT (SELECT count(DISTINCT src) FROM pair_hour WHERE is_home(src)),
           (SELECT count(DISTINCT dst) FROM pair_hour WHERE NOT is_home(dst)),
           (SELECT count(DISTINCT name) FROM name_hour)"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What own history of ``days`` holds about one observable. ``destinations``: distinct names or addresses that a
    block of it would cover; the ``background_`` numbers are how many hosts and destinations there were at all."""

    days: int
    hits: int
    hosts: int
    destinations: int
    first_us: int | None
    last_us: int | None
    background_hosts: int = 0
    background_destinations: int = 0


NO_HISTORY: Final = Found(days=0, hits=0, hosts=0, destinations=0, first_us=None, last_us=None)


class Hunter:
    """Hunts one actor's history. The background is counted once per hour of the clock and kept."""

    def __init__(self, history: History | None) -> None:
        self._history = history
        self._background: tuple[tuple[int, int], tuple[int, int, int]] | None = None

    @property
    def has_history(self) -> bool:
        """False at an actor without a sensor."""
        return self._history is not None

    def found(self, observable: Observable, days: int, now_us: int) -> Found:
        """Everything about it in the last ``days``. NO_HISTORY without a store. Raises QueryRefused."""
        if self._history is None:
            return NO_HISTORY
        window = self._history(now_us - days * DAY_US, now_us)
        hits, hosts, destinations, first, last = window.rows(*_question(observable))[0]
        known_days = -(-max(0, now_us - max(window.first_us, window.known_from_us)) // DAY_US)
        return Found(
            days=min(days, known_days),
            hits=int(hits),
            hosts=hosts,
            destinations=destinations if hits else 0,
            first_us=_us(first),
            last_us=_us(last),
        )

    def tried(self, observable: Observable, days: int, now_us: int) -> Found:
        """The same with the background to compare it with: the dry run. Raises QueryRefused."""
        found = self.found(observable, days, now_us)
        if self._history is None:
            return found
        hosts, addresses, names = self._counted(self._history, days, now_us)
        return Found(
            days=found.days,
            hits=found.hits,
            hosts=found.hosts,
            destinations=found.destinations,
            first_us=found.first_us,
            last_us=found.last_us,
            background_hosts=hosts,
            background_destinations=names if observable.type is ObservableType.DOMAIN else addresses,
        )

    def _counted(self, history: History, days: int, now_us: int) -> tuple[int, int, int]:
        key = (days, now_us // HOUR_US)
        if self._background is None or self._background[0] != key:
            hosts, addresses, names = history(now_us - days * DAY_US, now_us).rows(_BACKGROUND)[0]
            self._background = (key, (hosts, addresses, names))
        return self._background[1]


def _question(observable: Observable) -> tuple[str, dict[str, object]]:
    if observable.type in _ADDRESSES:
        return _BY_ADDRESS, {"address": address_uuid(observable.value)}
    if observable.type is ObservableType.DOMAIN:
        return _BY_NAME, {"name": observable.value, "below": "." + observable.value}
    table, column = _COLUMNS[observable.type]
    counts = "count(*), count(DISTINCT src), count(DISTINCT dst), min(ts), max(ts)"
    return f"SELECT {counts} FROM {table} WHERE {column} = $value", {"value": observable.value}


def _us(moment: datetime | None) -> int | None:
    return None if moment is None else as_us(moment.replace(tzinfo=UTC))
