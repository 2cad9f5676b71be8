"""The never-block list: what this actor blocks for nobody. A TOML text the operator may edit (never_block.toml).

A block of a name covers all names below it, so the list holds in both directions: a listed name, a name below a listed
tree, and a name *above* anything listed. What nobody can block (bavn/model/intel/accidents.toml) is in every list,
whatever the operator took out. Refuses to know who asks for the block.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from importlib.resources import files
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any, Final, Self

from bavn.actor.protect.never_own import BY_HAND, Own
from bavn.model.intel.accidents import accident_of, accidents
from bavn.model.observable import NotCanonical, Observable, ObservableType, parents
from bavn.model.outcome import Refused
from bavn.model.record import is_address
from bavn.model.settings import SettingsError
from bavn.model.text import Text
from bavn.model.toml import BadToml, table_of

ENTRIES_MAX: Final = 100_000
_KEYS: Final = ("why", "trees", "names", "networks")


@dataclass(frozen=True, slots=True)
class NeverBlock:
    """``names`` and ``trees`` map a domain to the table that lists it; ``above`` maps every parent of a listed one."""

    names: dict[str, str]
    trees: dict[str, str]
    above: dict[str, str]
    networks: tuple[tuple[IPv4Network | IPv6Network, str], ...]

    @classmethod
    def of(
        cls,
        text: str,
        where: str,
        *,
        own_domains: Iterable[str] = (),
        own_networks: Iterable[str] = (),
        centre: Iterable[str] = (),
        resolvers: Iterable[str] = (),
    ) -> Self:
        """From TOML text and what the node knows of itself: domains, networks (CIDR or address), the centre's names or
        addresses, its resolvers' addresses. Raises SettingsError, which names ``where``."""
        names: dict[str, str] = {}
        trees: dict[str, str] = {}
        networks: list[tuple[IPv4Network | IPv6Network, str]] = []
        for table, entries in _tables(text, where).items():
            names |= {_domain(name, where): table for name in entries["names"]}
            trees |= {_domain(name, where): table for name in entries["trees"]}
            networks += [(_network(cidr, where), table) for cidr in entries["networks"]]
        trees |= {_domain(name, where): "own" for name in own_domains}
        networks += [(_network(cidr, where), "own") for cidr in own_networks]
        for table, given in (("centre", centre), ("resolvers", resolvers)):
            for item in given:
                if is_address(item):
                    networks.append((_network(item, where), table))
                else:
                    trees[_domain(item, where)] = table
        for entry in (entry for entry in accidents().entries if entry.never):
            if isinstance(entry.at, str):
                (trees if entry.below else names).setdefault(entry.at, entry.kind)
            else:
                networks.append((entry.at, entry.kind))
        above = {parent: table for name, table in (names | trees).items() for parent in parents(name)}
        return cls(names, trees, above, tuple(networks))

    def with_own(self, entries: Iterable[Own]) -> Self:
        """The same, and what people here added by hand; an entry that stands here already keeps its table."""
        given = list(entries)
        names = {entry.value: BY_HAND for entry in given if entry.covers == "name"} | self.names
        trees = {entry.value: BY_HAND for entry in given if entry.covers == "tree"} | self.trees
        above = {
            up: BY_HAND for entry in given if entry.covers != "network" for up in parents(entry.value)
        } | self.above
        known = {network for network, _ in self.networks}
        more = [ip_network(entry.value) for entry in given if entry.covers == "network"]
        networks = (*self.networks, *((network, BY_HAND) for network in more if network not in known))
        return type(self)(names, trees, above, networks)

    def hit(self, observable: Observable) -> str | None:
        """The table that forbids this block, or None."""
        if observable.type is ObservableType.DOMAIN:
            name = observable.value
            here = self.names.get(name) or self.trees.get(name) or self.above.get(name)
            return here or next((self.trees[parent] for parent in parents(name) if parent in self.trees), None)
        if observable.type in (ObservableType.IP4, ObservableType.IP6):
            address = ip_address(observable.value)
            return next(
                (table for net, table in self.networks if address.version == net.version and address in net), None
            )
        return None

    def refusal(self, observable: Observable) -> Refused | None:
        """Why this is never blocked here, with what a block of it would break where that is known; or None."""
        table, accident = self.hit(observable), accident_of(observable)
        if table is None:
            return None
        if accident is None:
            return Refused("never_block", "the never-block list names it under [{table}]", table=table)
        return Refused(
            "never_block", "the never-block list names it under [{table}]. {words}", table=table, words=accident.words
        )


def shipped_text() -> str:
    """The list that comes with Bavn."""
    return (files("bavn.actor.protect") / "never_block.toml").read_text(encoding="utf-8")


def _tables(text: str, where: str) -> dict[str, dict[str, list[str]]]:
    try:
        table = table_of(text)
    except BadToml as error:
        raise SettingsError(Text("{where}: not TOML: {error}", where=where, error=Text.of_error(error))) from error
    tables = {name: _table(entries, f"{where} [{name}]") for name, entries in table.items()}
    if sum(len(entries) for table in tables.values() for entries in table.values()) > ENTRIES_MAX:
        raise SettingsError(Text("{where}: more than {entries_max} entries", where=where, entries_max=ENTRIES_MAX))
    return tables


def _table(entries: Any, where: str) -> dict[str, list[str]]:
    if not isinstance(entries, dict):
        raise SettingsError(Text("{where} must be a table with {named}", where=where, named=", ".join(_KEYS)))
    unknown = sorted(set(entries) - set(_KEYS))
    if unknown:
        raise SettingsError(
            Text(
                "{where}: no entry is called {unknown}; known: {named}",
                where=where,
                unknown=repr(unknown[0]),
                named=", ".join(_KEYS),
            )
        )
    for key in _KEYS[1:]:
        given = entries.get(key, [])
        if not isinstance(given, list) or not all(isinstance(item, str) for item in given):
            raise SettingsError(Text("{where}: {key} must be a list of texts", where=where, key=key))
    return {key: list(entries.get(key, [])) for key in _KEYS[1:]}


def _domain(name: str, where: str) -> str:
    try:
        return Observable.of(ObservableType.DOMAIN, name).value
    except NotCanonical as error:
        raise SettingsError(Text("{where}: {name} is no domain", where=where, name=repr(name))) from error


def _network(cidr: str, where: str) -> IPv4Network | IPv6Network:
    try:
        return ip_network(cidr)
    except ValueError as error:
        raise SettingsError(
            Text(
                "{where}: {cidr} is no address or network ({error})",
                where=where,
                cidr=repr(cidr),
                error=Text.of_error(error),
            )
        ) from error
