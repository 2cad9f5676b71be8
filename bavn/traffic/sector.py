"""A sector that does not exist: who takes part, which hosts they have and where these sit.

Refuses to know what the hosts do (habits) and who attacks them (campaign).
"""

from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import IPv4Address
from typing import Final

from bavn.model.observable import registered_domain
from bavn.traffic.dice import SeededDice
from bavn.traffic.names import Site, invented_address, invented_name, tail

ACTORS_MAX: Final = 120
NET_HOSTS_MAX: Final = 250
SERVER_VENDOR_PERIODS_S: Final = (240, 360, 540, 780)
NEW_VENDORS: Final = 3
"""As many as a small actor's own SOC reads in a day."""


class Kind(StrEnum):
    """What sort of organisation an actor is."""

    REGION = "region"
    MUNICIPALITY = "municipality"
    SUPPLIER = "supplier"
    CLINIC = "clinic"


class Role(StrEnum):
    """What a host is for; each role has /24s of its own, in this order."""

    SERVER = "server"
    DESK = "desk"
    SHARED_DESK = "shared-desk"
    MEDICAL = "medical"
    PRINTER = "printer"
    BUILDING = "building"


ROLE_NET: Final = {
    Role.SERVER: 0,
    Role.DESK: 1,
    Role.SHARED_DESK: 8,
    Role.MEDICAL: 16,
    Role.PRINTER: 24,
    Role.BUILDING: 28,
}

SERVER_NAMES: Final = ("resolver", "directory", "files", "mail", "web", "epr", "engine", "images", "backup", "building")
"""The servers of every actor, .10 upwards in its server net; web and mail are also reached from outside."""

_SHARES: Final = {
    Kind.REGION: {Role.DESK: 0.50, Role.SHARED_DESK: 0.15, Role.MEDICAL: 0.25, Role.PRINTER: 0.05, Role.BUILDING: 0.05},
    Kind.MUNICIPALITY: {
        Role.DESK: 0.68,
        Role.SHARED_DESK: 0.10,
        Role.MEDICAL: 0.06,
        Role.PRINTER: 0.06,
        Role.BUILDING: 0.10,
    },
    Kind.SUPPLIER: {Role.DESK: 0.90, Role.MEDICAL: 0.0, Role.PRINTER: 0.05, Role.BUILDING: 0.05},
    Kind.CLINIC: {Role.DESK: 0.6, Role.MEDICAL: 0.3, Role.PRINTER: 0.1},
}


@dataclass(frozen=True, slots=True)
class Vendor:
    """A supplier's remote service for one sort of device at one actor: who polls it, how often, how exactly; ``new``:
    only since a day or two."""

    host: str
    address: int
    clients: tuple[int, ...]
    period_s: int
    jitter: float
    new: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """One organisation. ``number`` 0.. fixes its ranges: 10.(10+number)/16 and 2001:db8:(number)::/48 inside, a /28 of
    25.200 outside. ``hosts``: role -> addresses as numbers."""

    name: str
    kind: Kind
    number: int
    sensor: bool
    hosts: dict[Role, tuple[int, ...]]
    vendors: tuple[Vendor, ...] = field(default=())
    sites: tuple[Site, ...] = field(default=())

    @property
    def base(self) -> int:
        return (10 << 24) | ((10 + self.number) << 16)

    @property
    def outside_base(self) -> int:
        """First address of its /28 that the world can reach."""
        return (25 << 24) | (200 << 16) | (self.number << 8) | 16

    @property
    def homes(self) -> tuple[str, ...]:
        return (
            f"{IPv4Address(self.base)}/16",
            f"{IPv4Address(self.outside_base)}/28",
            f"2001:db8:{self.number:x}::/48",
        )

    @property
    def v6_prefix(self) -> bytes:
        """The 12 bytes in front of a host's IPv4 address in its IPv6 address."""
        return bytes.fromhex(f"20010db8{self.number:04x}000000000000")

    @property
    def host_count(self) -> int:
        return sum(len(addresses) for addresses in self.hosts.values())

    def server(self, name: str) -> int:
        """Address of one of SERVER_NAMES. KeyError for another name."""
        if name not in SERVER_NAMES:
            raise KeyError(name)
        return self.hosts[Role.SERVER][SERVER_NAMES.index(name)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sector:
    """All actors; names in it are fixed by ``seed`` alone, whatever the actors' sizes. ``common_sites``: rare sites
    that several actors know. ``epr_service`` and ``monitor``: services that the whole sector uses."""

    actors: tuple[Actor, ...]
    common_sites: tuple[Site, ...]
    epr_service: Site
    monitor: Site

    @property
    def register(self) -> tuple[str, ...]:
        """The sector's own services as the centre's configuration names them ("type:value")."""
        services = (self.epr_service, self.monitor)
        domains = tuple(f"domain:{registered_domain(site.host)}" for site in services)
        return domains + tuple(f"ip4:{IPv4Address(site.address)}" for site in services)

    def actor(self, name: str) -> Actor:
        """KeyError for one that does not take part."""
        for actor in self.actors:
            if actor.name == name:
                return actor
        raise KeyError(name)


DEMO: Final = (
    ("region-nord", Kind.REGION, 90),
    ("region-syd", Kind.REGION, 80),
    ("kommune-vig", Kind.MUNICIPALITY, 42),
    ("kommune-hede", Kind.MUNICIPALITY, 38),
    ("leverandoer", Kind.SUPPLIER, 30),
    ("klinik", Kind.CLINIC, 12),
)
"""Name, kind and hosts of the demo's actors; the clinic has no sensor."""


def demo_sector(seed: int, scale: float = 1.0) -> Sector:
    """Two regions, two municipalities, a supplier and a clinic without sensor; ``scale`` times the usual hosts."""
    return sector(seed, tuple((name, kind, max(4, round(hosts * scale))) for name, kind, hosts in DEMO))


def sector(seed: int, actors: tuple[tuple[str, Kind, int], ...]) -> Sector:
    """Actors by name, kind and number of hosts besides the servers. ValueError for too many, or names twice."""
    if len(actors) > ACTORS_MAX or len({name for name, _, _ in actors}) != len(actors):
        raise ValueError(f"at most {ACTORS_MAX} actors, each name once")
    dice = SeededDice(seed, "sector")
    epr, monitor = (invented_name(dice.fork(label), "dk") for label in ("epr", "monitor"))
    return Sector(
        actors=tuple(
            _actor(dice.fork(name), number, name, kind, hosts) for number, (name, kind, hosts) in enumerate(actors)
        ),
        common_sites=tail(dice.fork("common"), 60),
        epr_service=Site(f"app.{epr}", invented_address(epr), 1.0),
        monitor=Site(f"status.{monitor}", invented_address(monitor), 1.0),
    )


def _actor(dice: SeededDice, number: int, name: str, kind: Kind, hosts: int) -> Actor:
    base = (10 << 24) | ((10 + number) << 16)
    placed = {Role.SERVER: tuple(base + 10 + index for index in range(len(SERVER_NAMES)))}
    for role, share in _SHARES[kind].items():
        count = max(1, round(hosts * share)) if share else 0
        placed[role] = tuple(
            base + ((ROLE_NET[role] + index // NET_HOSTS_MAX) << 8) + index % NET_HOSTS_MAX + 1
            for index in range(count)
        )
    devices = placed.get(Role.MEDICAL, ()) or placed[Role.DESK][:4]
    return Actor(
        name=name,
        kind=kind,
        number=number,
        sensor=kind is not Kind.CLINIC,
        hosts=placed,
        vendors=_vendors(dice.fork("vendors"), devices, placed[Role.SERVER], 2 if kind is Kind.REGION else 1),
        sites=tail(dice.fork("sites"), 250),
    )


def _vendors(dice: SeededDice, devices: tuple[int, ...], servers: tuple[int, ...], least: int) -> tuple[Vendor, ...]:
    """Services that nobody else has, each called very regularly: five by ``least`` machines or one more, and four new
    ones by one server each. What one machine alone calls like clockwork, since a few days, is as strange as anything
    gets at one actor; its own list is full of them, and a careful implant stands behind."""
    vendors = []
    pool = devices + servers[6:9]
    for index, period_s in enumerate((300, 600, 900, 420, 1200)):
        each = dice.fork(str(index))
        name = invented_name(each, ("com", "net", "eu")[each.below(3)], telemetry=True)
        first = each.below(len(pool))
        clients = tuple(sorted({pool[(first + step) % len(pool)] for step in range(least + index % 2)}))
        jitter = 0.02 + 0.03 * each.unit()
        vendors.append(Vendor(f"api.{name}", invented_address(name), clients, period_s, jitter, index < NEW_VENDORS))
    for index, period_s in enumerate(SERVER_VENDOR_PERIODS_S):
        each = dice.fork(f"server {index}")
        name = invented_name(each, ("com", "net", "eu")[each.below(3)], telemetry=True)
        client = (servers[6 + index % 3],)
        vendors.append(Vendor(f"agent.{name}", invented_address(name), client, period_s, 0.03, new=True))
    return tuple(vendors)
