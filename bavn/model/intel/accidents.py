"""Blocks that went wrong before, somewhere: names and addresses of which a block breaks what many need, and what.

``accidents.toml`` is the set, for gates, people and tests alike. Two gates ask here, the centre's and the actor's: what
is never blocked they refuse, and for the rest people must have read the words. Refuses to know who wants the block.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any, Final, Self

from bavn.model.intel.spelled import spelled
from bavn.model.observable import Observable, ObservableType, parents
from bavn.model.record import is_address
from bavn.model.text import Text
from bavn.model.toml import table_of

RULE: Final = "would_break"
"""The name of the rule at both gates, and of the check before release."""
_ADDRESSES: Final = (ObservableType.IP4, ObservableType.IP6)
Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True, kw_only=True)
class Accident:
    """``value`` as it stands in the set, and ``at``, what it means: a name or a network. ``what``: by which name people
    know it. ``breaks``: what a block of it would break. ``never``: nobody can block it; else two people who read the
    words. ``below``: what is below the name belongs to it. ``report``: who told of it publicly, empty for nobody."""

    value: str
    at: str | Network
    what: str
    kind: str
    breaks: Text
    never: bool
    below: bool
    report: str

    @property
    def words(self) -> Text:
        """What it is, and what a block of it would break."""
        return Text.shaped("{value} ({what}): {breaks}", value=self.value, what=self.what, breaks=self.breaks)


class Accidents:
    """The set, so that one observable is looked up in it."""

    def __init__(self, entries: Iterable[Accident]) -> None:
        self.entries = tuple(entries)
        asked_first = sorted(self.entries, key=lambda entry: entry.never)  # what is never blocked has the last word
        names = [(entry.at, entry) for entry in asked_first if isinstance(entry.at, str)]
        self._exact = dict(names)
        self._trees = {name: entry for name, entry in names if entry.below}
        self._above = {up: entry for name, entry in names for up in parents(name)}
        networks = [(entry.at, entry) for entry in reversed(asked_first) if not isinstance(entry.at, str)]
        self._networks = tuple((net.version, int(net[0]), int(net[-1]), entry) for net, entry in networks)

    def of(self, observable: Observable) -> Accident | None:
        """What a block of this would repeat, or None: it stands in the set, below an entry or above one."""
        if observable.type is ObservableType.DOMAIN:
            return self._of_name(observable.value)
        if observable.type in _ADDRESSES:
            address = ip_address(observable.value)
            version, number = address.version, int(address)
            return next(
                (entry for v, first, last, entry in self._networks if v == version and first <= number <= last), None
            )
        return None

    def _of_name(self, name: str) -> Accident | None:
        met = [self._exact.get(name), self._above.get(name), *(self._trees.get(up) for up in parents(name))]
        known = [entry for entry in met if entry is not None]
        return next((entry for entry in known if entry.never), known[0] if known else None)

    @classmethod
    def read(cls, text: str) -> Self:
        """From TOML. ValueError for what is none."""
        return cls(entry for kind, table in table_of(text).items() for entry in _entries(kind, table))


@cache
def accidents() -> Accidents:
    """The set that comes with Bavn."""
    return Accidents.read((files(__package__) / "accidents.toml").read_text(encoding="utf-8"))


def accident_of(observable: Observable) -> Accident | None:
    """What a block of this would repeat; None for almost everything."""
    return accidents().of(observable)


def _entries(kind: str, table: dict[str, Any]) -> Iterator[Accident]:
    for entry in table["entries"]:
        yield Accident(
            value=entry["value"],
            at=_meant(entry["value"]),
            what=entry["what"],
            kind=kind,
            breaks=Text.documented(table["breaks"]),
            never=table["never"],
            below=entry.get("below", True),
            report=entry.get("report", ""),
        )


def _meant(value: str) -> str | Network:
    """A name, or a network; of the address of a page its host. ValueError for anything else."""
    if "://" in value:
        host = spelled("url", value)
        if not isinstance(host, Observable) or host.type is not ObservableType.DOMAIN:
            raise ValueError(f"{value!r} names no host")
        return host.value
    if "/" in value or is_address(value):
        return ip_network(value)
    return Observable.of(ObservableType.DOMAIN, value).value
