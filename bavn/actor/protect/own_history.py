"""Own history asked about shared indicators: the dry run before a block, and the retro-hunt after a release.

What was met is the store's to say (its hunt is handed in); this adds how much of all that is in use here a block would
cover. Gives numbers: hits, hosts, destinations, first and last, and whether hosts are clinical; which hosts they were
the retro-hunt alone is told, for the node's own book.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Final, Protocol

from bavn.model.intel.radius import CELL_MAX, DAYS_BACK, Networks, by_function
from bavn.model.moment import DAY_US, HOUR_US
from bavn.model.observable import Observable, ObservableType
from bavn.model.ports import Window

_COLUMNS: Final = {ObservableType.JA3: "ja3", ObservableType.JA4: "ja4", ObservableType.CERT: "cert"}
_PAIR: Final = "$value IN (ja3 || '+' || ja3s, ja4 || '+' || ja3s)"
_NAMES_BELOW: Final = "SELECT count(DISTINCT name) FROM name_hour WHERE name = $name OR ends_with(name, $below)"
_BACKGROUND: Final = """
    SELECT (SELECT count(*) FROM (SELECT src FROM pair_hour UNION SELECT src FROM name_hour) WHERE is_home(src)),
           (SELECT count(DISTINCT dst) FROM pair_hour WHERE NOT is_home(dst)),
           (SELECT count(DISTINCT name) FROM name_hour)"""


class Met(Protocol):
    """One observable that was met, as the store's hunt says it."""

    @property
    def observable(self) -> Observable: ...

    @property
    def count(self) -> int: ...

    @property
    def hosts(self) -> int: ...

    @property
    def named(self) -> tuple[str, ...]: ...

    @property
    def first_us(self) -> int: ...

    @property
    def last_us(self) -> int: ...


@dataclass(frozen=True, slots=True)
class History:
    """The actor's own past. ``window(first_us, last_us)`` is the store's; ``hunt`` says what of these was met in a
    window and leaves out what was not; ``every``: the same with all hosts named, up to a thousand, where ``hunt`` names
    fewer. All may raise QueryRefused."""

    window: Callable[[int, int], Window]
    hunt: Callable[[Window, Sequence[Observable]], Sequence[Met]]
    every: Callable[[Window, Sequence[Observable]], Sequence[Met]] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What own history of ``days`` holds about one observable. ``destinations``: distinct names or addresses that a
    block of it would cover; ``clinical``: how many of the hosts are clinical; the ``background_`` numbers are how many
    hosts and destinations there were at all."""

    days: int
    hits: int = 0
    hosts: int = 0
    clinical: int = 0
    destinations: int = 0
    first_us: int | None = None
    last_us: int | None = None
    background_hosts: int = 0
    background_destinations: int = 0


NO_HISTORY: Final = Found(days=0)


@dataclass(frozen=True, slots=True)
class Reached:
    """Whom a block of one element would have hit in ``days`` of history: how many own hosts in all, and how many each
    critical function has (radius.ENTRIES)."""

    days: int
    hosts: int
    functions: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Hunted:
    """What the retro-hunt found of one element. ``named``: own machines that met it, the first of them."""

    found: Found
    named: tuple[str, ...] = field(default=(), repr=False)


class Hunter:
    """Hunts one actor's history. ``clinical``: own networks of clinical equipment; ``functions``: own networks by
    critical function. The background is counted once per hour of the clock and kept."""

    def __init__(
        self,
        history: History | None,
        clinical: Sequence[IPv4Network | IPv6Network] = (),
        functions: Networks | None = None,
    ) -> None:
        self._history, self._clinical, self._functions = history, tuple(clinical), functions or {}
        self._background: tuple[tuple[int, int], tuple[int, int, int]] | None = None

    @property
    def has_history(self) -> bool:
        """False at an actor without a sensor."""
        return self._history is not None

    def found(self, observables: Sequence[Observable], days: int, now_us: int) -> dict[Observable, Found]:
        """Everything about each in the last ``days``, up to now. NO_HISTORY without a store. Raises QueryRefused."""
        if self._history is None:
            return dict.fromkeys(observables, NO_HISTORY)
        return self._met(self._history, self._window(self._history, days, now_us), observables, days, now_us)

    def hunted(self, observables: Sequence[Observable], days: int, now_us: int) -> dict[Observable, "Hunted"]:
        """The same with the own machines that met it: the retro-hunt. Raises QueryRefused."""
        if self._history is None:
            return {observable: Hunted(NO_HISTORY) for observable in observables}
        window = self._window(self._history, days, now_us)
        met = self._history.hunt(window, observables)
        found = self._founds(window, met, observables, days, now_us)
        named = {hit.observable: hit.named for hit in met}
        return {observable: Hunted(found[observable], named.get(observable, ())) for observable in observables}

    def tried(self, observables: Sequence[Observable], days: int, now_us: int) -> dict[Observable, Found]:
        """The same with what a block would cover, and all there is to compare it with: the dry run. Raises
        QueryRefused."""
        if self._history is None or not observables:
            return dict.fromkeys(observables, NO_HISTORY)
        window = self._window(self._history, days, now_us)
        met = self._met(self._history, window, observables, days, now_us)
        hosts, addresses, names = self._counted(window, days, now_us)
        return {
            observable: replace(
                met_there,
                destinations=_destinations(window, observable) if met_there.hits else 0,
                background_hosts=hosts,
                background_destinations=names if observable.type is ObservableType.DOMAIN else addresses,
            )
            for observable, met_there in met.items()
        }

    def reached(self, observable: Observable, now_us: int) -> Reached:
        """Whom a block of it would have hit in the last DAYS_BACK days. Raises QueryRefused."""
        if self._history is None:
            return Reached(0, 0, by_function((), {}))
        window = self._window(self._history, DAYS_BACK, now_us)
        met = (self._history.every or self._history.hunt)(window, [observable])
        found = self._founds(window, met, [observable], DAYS_BACK, now_us)[observable]
        named = [host for hit in met for host in hit.named]
        return Reached(found.days, min(CELL_MAX, found.hosts), by_function(named, self._functions))

    def _window(self, history: History, days: int, now_us: int) -> Window:
        """Whole hours: cut ones would be read row by row, in each table, where the store has sums of whole ones."""
        first_us = (now_us - days * DAY_US) // HOUR_US * HOUR_US
        return history.window(first_us, (now_us // HOUR_US + 1) * HOUR_US)

    def _met(
        self, history: History, window: Window, observables: Sequence[Observable], days: int, now_us: int
    ) -> dict[Observable, Found]:
        return self._founds(window, history.hunt(window, observables), observables, days, now_us)

    def _founds(
        self, window: Window, met_here: Sequence[Met], observables: Sequence[Observable], days: int, now_us: int
    ) -> dict[Observable, Found]:
        since_us = max(window.first_us, window.known_from_us)
        known_days = min(days, -(-max(0, now_us - since_us) // DAY_US))
        found_of = dict.fromkeys(observables, Found(days=known_days))
        for met in met_here:
            found_of[met.observable] = Found(
                days=known_days,
                hits=met.count,
                hosts=met.hosts,
                clinical=self._at_bedsides(met),
                first_us=met.first_us,
                last_us=met.last_us,
            )
        return found_of

    def _at_bedsides(self, met: Met) -> int:
        """How many hosts are clinical; where not all are named, those that are not count as clinical, too."""
        if not self._clinical:
            return 0
        return sum(in_networks(host, self._clinical) for host in met.named) + max(0, met.hosts - len(met.named))

    def _counted(self, window: Window, days: int, now_us: int) -> tuple[int, int, int]:
        key = (days, now_us // HOUR_US)
        if self._background is None or self._background[0] != key:
            hosts, addresses, names = window.rows(_BACKGROUND)[0]
            self._background = (key, (hosts, addresses, names))
        return self._background[1]


def in_networks(host: str, networks: Sequence[IPv4Network | IPv6Network]) -> bool:
    """Whether an address text lies in one of them."""
    address = ip_address(host)
    return any(address.version == network.version and address in network for network in networks)


def _destinations(window: Window, observable: Observable) -> int:
    """How many names or addresses a block of something that was met would cover."""
    if observable.type is ObservableType.DOMAIN:
        given = {"name": observable.value, "below": "." + observable.value}
        return int(window.rows(_NAMES_BELOW, given)[0][0])
    column = _COLUMNS.get(observable.type)
    where = _PAIR if observable.type is ObservableType.FP_PAIR else f"{column} = $value" if column else None
    if where is None:
        return 1
    sql = f"SELECT count(DISTINCT dst) FROM tls WHERE {where}"
    return int(window.rows(sql, {"value": observable.value})[0][0])
