"""Who goes in by administration's ports, and where that is new: edges between own hosts, their doors and their past.

The number of new targets in a day is held against a Poisson distribution whose mean is the host's own past and, where
that is short, what its peers do (DETECTION.md, 6). Refuses to know what is done behind the door.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from math import exp, lgamma, log
from typing import Final

from bavn.actor.detect.base import DetectorContext
from bavn.actor.detect.queries import acts
from bavn.actor.detect.queries.peers import one_peer
from bavn.actor.detect.terms import KNOWN_DAYS_MIN
from bavn.model.moment import DAY_US
from bavn.model.record import address_text
from bavn.model.text import Text

Pair = tuple[str, str]
"""Source and target, as texts."""

SERVES_MIN: Final = 3
"""A machine that so many others enter is a server."""
BROAD_MIN: Final = 10
"""Who enters so many machines (monitoring, scanners, software distribution, worms) is no client that makes a server."""
SERVED_SHARE_MIN: Final = 0.2
MEAN_MIN: Final = 2.0
"""Anybody may meet a domain controller and a file server for the first time in a day."""
PEER_DAYS: Final = 3
"""The peers' mean counts as so many days of the host's own."""
TARGETS_MIN: Final = 3
SPREAD_NATS_MAX: Final = 6.0
CHAIN_US: Final = DAY_US
EDGES_MAX: Final = 500_000


@dataclass(frozen=True, slots=True)
class Door:
    """An administration's port. ``nats``: a session through it to a machine that serves few."""

    nats: float
    named: Text


DOORS: Final[dict[int, Door]] = {
    5985: Door(1.5, Text.plain("WinRM (5985)")),
    5986: Door(1.5, Text.plain("WinRM (5986)")),
    135: Door(1.0, Text.plain("RPC (135)")),
    3389: Door(0.5, Text.plain("RDP (3389)")),
    5900: Door(0.5, Text.plain("VNC (5900)")),
    22: Door(0.3, Text.plain("SSH (22)")),
    445: Door(0.2, Text.plain("SMB (445)")),
}
"""DETECTION.md's list."""
RPC_PORT: Final = 135
FOLLOWED: Final = Door(2.0, Text("RPC (135) and the service that it named"))
"""The endpoint mapper was asked and what it named was called: an order given, whatever of it is encrypted."""
DYNAMIC_PORT_MIN: Final = 49152
"""Where Windows puts RPC services (RFC 6335's dynamic ports)."""
_CONTROLLER_PORTS: Final = (88, 389, 3268)
_CONTROLLED: Final = (
    "SELECT DISTINCT dst FROM dcerpc WHERE endpoint IN ('netlogon', 'drsuapi') ORDER BY dst LIMIT $limit"
)
_PORTS = ", ".join(map(str, DOORS))
_CONTROLLERS = ", ".join(map(str, _CONTROLLER_PORTS))

_EDGES: Final = f"""
    SELECT src, dst, CASE WHEN dst_port IN ({_PORTS}, {_CONTROLLERS}) THEN dst_port
        WHEN dst_port >= {DYNAMIC_PORT_MIN} THEN {DYNAMIC_PORT_MIN} ELSE 0 END AS port,
        epoch_us(min(first_ts)) AS first, epoch_us(max(last_ts)) AS last, is_home(src) AS inside
    FROM pair_hour WHERE proto = 'tcp' AND is_home(dst) AND src <> dst AND {one_peer("src")} AND {one_peer("dst")}
        AND (is_home(src) OR dst_port IN ({_PORTS}))
    GROUP BY src, dst, port HAVING sum(answered) > 0 ORDER BY src, dst, port LIMIT $limit"""


@dataclass(frozen=True, slots=True)
class Edges:
    """``pairs``: own hosts that talked by TCP, first and last moment. ``doors``: the most telling door of a pair.
    ``calls_in``: who entered a host, and when first. ``together``: acts.PAIRS_SQL. ``spread``: nats and new targets."""

    pairs: dict[Pair, tuple[int, int]]
    doors: dict[Pair, Door]
    calls_in: dict[str, list[tuple[int, str]]]
    controllers: frozenset[str]
    servers: frozenset[str]
    together: frozenset[Pair]
    spread: dict[str, tuple[float, int]]
    homes: tuple[str, ...]
    scanners: tuple[str, ...]

    def serves(self, host: str) -> bool:
        return host in self.servers or host in self.controllers

    def is_home(self, host: str) -> bool:
        return _within(host, self.homes)

    def allowed(self, host: str) -> bool:
        """A scanner that works by order."""
        return _within(host, self.scanners)

    def before(self, source: str, target: str, at_us: int) -> str | None:
        """Who first entered ``source`` in the day before it went on to ``target``: the outside before the inside."""
        if source in self.controllers:
            return None
        came = [who for when, who in self.calls_in.get(source, []) if at_us - CHAIN_US <= when < at_us]
        others = sorted((self.is_home(who), who) for who in came if who != target)
        return others[0][1] if others else None


def _within(host: str, networks: tuple[str, ...]) -> bool:
    address = ip_address(host)
    return any(address.version == net.version and address in net for net in (ip_network(n, False) for n in networks))


def known_edges(context: DetectorContext) -> Edges:
    """The edges of the window. Raises QueryRefused."""
    pairs: dict[Pair, tuple[int, int]] = {}
    ports: dict[Pair, dict[int, int]] = defaultdict(dict)
    calls_in: dict[str, list[tuple[int, str]]] = defaultdict(list)
    scanners = context.settings.allowed_scanners
    for src, dst, port, first, last, inside in context.window.rows(_EDGES, {"limit": EDGES_MAX}):
        pair = address_text(src), address_text(dst)
        if _within(pair[0], scanners):
            continue
        if port in DOORS:
            calls_in[pair[1]].append((int(first), pair[0]))
        if inside:
            earlier = pairs.get(pair, (int(first), int(last)))
            pairs[pair] = min(earlier[0], int(first)), max(earlier[1], int(last))
            ports[pair][int(port)] = int(first)
    together = context.window.rows(acts.PAIRS_SQL, {"limit": EDGES_MAX}, {"operations": acts.operations()})
    controllers = {dst for (_, dst), used in ports.items() if used.keys() & set(_CONTROLLER_PORTS)}
    controllers |= {address_text(dst) for (dst,) in context.window.rows(_CONTROLLED, {"limit": EDGES_MAX})}
    clients = Counter(dst for (_, dst), used in ports.items() if used.keys() & DOORS.keys())
    reach = Counter(src for (src, _), used in ports.items() if used.keys() & DOORS.keys())
    few = Counter(dst for (src, dst), used in ports.items() if used.keys() & DOORS.keys() and reach[src] < BROAD_MIN)
    served = frozenset(dst for dst, count in few.items() if count >= SERVES_MIN)
    return Edges(
        pairs=pairs,
        doors={pair: _door(used) for pair, used in ports.items() if used.keys() & DOORS.keys()},
        calls_in=dict(calls_in),
        controllers=frozenset(controllers),
        servers=served,
        together=frozenset((address_text(src), address_text(dst)) for src, dst in together),
        spread=_spreads(ports, clients, context),
        homes=context.window.homes,
        scanners=scanners,
    )


def _door(used: dict[int, int]) -> Door:
    """The most telling of the doors that one pair used."""
    open_ = [DOORS[port] for port in used if port in DOORS]
    if used.keys() >= {RPC_PORT, DYNAMIC_PORT_MIN}:
        open_.append(FOLLOWED)
    return max(open_, key=lambda door: (door.nats, str(door.named)))


def _spreads(
    ports: dict[Pair, dict[int, int]], clients: Counter[str], context: DetectorContext
) -> dict[str, tuple[float, int]]:
    """For each source the strangest day: nats, and how many targets it entered that day for the first time."""
    popular = max(SERVES_MIN, SERVED_SHARE_MIN * context.terms.hosts)
    begin_us = context.terms.known_from_us
    fresh: dict[str, Counter[int]] = defaultdict(Counter)
    for (src, dst), used in ports.items():
        doors = [first for port, first in used.items() if port in DOORS]
        if doors and clients[dst] < popular:
            fresh[src][(min(doors) - begin_us) // DAY_US] += 1
    days = max(1, -(-(context.window.last_us - begin_us) // DAY_US))
    learnt = KNOWN_DAYS_MIN if days > KNOWN_DAYS_MIN else 0
    peers = sum(count for counts in fresh.values() for count in counts.values()) / max(1, len(fresh)) / days
    spreads: dict[str, tuple[float, int]] = {}
    for src, counts in fresh.items():
        for day, count in sorted(counts.items()):
            if day < learnt or count < TARGETS_MIN:
                continue
            own = sum(some for earlier, some in counts.items() if learnt <= earlier < day)
            mean = (own + PEER_DAYS * max(MEAN_MIN, peers if learnt else 0.0)) / (max(0, day - learnt) + PEER_DAYS)
            nats = min(SPREAD_NATS_MAX, poisson_nats(count, mean))
            spreads[src] = max(spreads.get(src, (0.0, 0)), (nats, count))
    return spreads


def poisson_nats(count: int, mean: float) -> float:
    """-ln P(a Poisson count is at least so large)."""
    if count <= 0:
        return 0.0
    first = count * log(mean) - mean - lgamma(count + 1)
    total, term, at = 0.0, 1.0, count
    while term > 1e-12 and at < count + 1000:
        total += term
        at += 1
        term *= mean / at
    return max(0.0, -(first + log(total))) if exp(first) * total < 1 else 0.0
