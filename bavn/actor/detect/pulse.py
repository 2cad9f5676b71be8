"""A pulse: one pair of host and peer whose calls are too regular for chance; and how pulses of one story become one.

The same calls are seen by address, by name and by domain; an analyst wants one line. Refuses to weigh fame.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network

import numpy as np
import pyarrow as pa

from bavn.actor.detect.daytime import Daytime
from bavn.actor.detect.pace import Pace
from bavn.actor.detect.queries.peers import as_address
from bavn.model.moment import SECOND_US
from bavn.model.observable import is_internal_name, registered_domain
from bavn.model.ports import Window
from bavn.model.record import address_text, address_uuid

PEERS_KEPT_MAX = 8
MOMENTS_KEPT_MAX = 48
MOMENTS_MIN = 5
PERIODS_RATIO_MAX = 2.5
SAME_SHARE_MIN = 0.75
SAME_PERIODS_MAX, SAME_US_MAX = 0.1, 10 * SECOND_US
"""So close are the calls of one page to each other, in periods and in time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulse:
    """``peer``: an address or a name. ``name``: None where it is an address. ``nats`` = -ln p of the timing.
    ``addresses``: outside addresses of the same story, at most PEERS_KEPT_MAX. ``table``: where its rows are.
    ``moments``: its latest calls in microseconds, at most MOMENTS_KEPT_MAX, ascending, as 64-bit integers.
    ``pace``: how long at a time they went on; ``daytime``: when in the day the calls are made, where that can be said.
    ``each_call``: how many calls there were, of which ``calls`` counts those close together once.
    ``members``: the names and addresses that the peer goes by, the first being ``peer``, where that is several; by
    ``held`` (column=value of its table) they were told together."""

    host: str
    peer: str
    name: str | None
    port: int
    proto: str
    table: str
    inside: bool
    nats: float
    regularity: float
    period_s: float
    jitter: float
    calls: int
    first_us: int
    last_us: int
    spectral: bool = False
    addresses: tuple[str, ...] = field(default=())
    moments: bytes = b""
    pace: Pace = field(default_factory=Pace)
    daytime: Daytime | None = None
    members: tuple[str, ...] = ()
    held: str = ""
    each_call: int = 0

    def goes_with(self, other: "Pulse") -> bool:
        """Whether this one's calls are made when the other's are, but for a few: one page, one program."""
        slow, fast = max(self.period_s, other.period_s), min(self.period_s, other.period_s)
        if slow > PERIODS_RATIO_MAX * fast:
            return False
        near_us = min(SAME_US_MAX, int(SAME_PERIODS_MAX * SECOND_US * fast))
        mine, theirs = np.frombuffer(self.moments, np.int64), np.frombuffer(other.moments, np.int64)
        if len(theirs) < MOMENTS_MIN or len(mine) < MOMENTS_MIN:
            return False
        mine = mine[(mine >= theirs[0] - near_us) & (mine <= theirs[-1] + near_us)]
        if len(mine) < MOMENTS_MIN:
            return False
        after = np.clip(np.searchsorted(theirs, mine), 1, len(theirs) - 1)
        away = np.minimum(np.abs(theirs[after] - mine), np.abs(theirs[after - 1] - mine))
        return bool(np.mean(away <= near_us) >= SAME_SHARE_MIN)

    @property
    def story(self) -> str:
        """What makes it one story with others of the same host: the registered domain, else the name or address."""
        return self.peer if self.name is None else story_of(self.name)


def story_of(peer: str) -> str:
    """Of a name its registered domain, if it has one; an address is its own."""
    return peer if as_address(peer) else registered_domain(peer) or peer


def is_inside(peer: str, seen_inside: bool, homes: tuple[str, ...]) -> bool:
    """Whether the peer itself is the actor's own, whatever proxy carried the call."""
    address = as_address(peer)
    if address is None:
        return "." not in peer or is_internal_name(peer)
    number = ip_address(address)
    return seen_inside or any(
        number.version == network.version and number in network for network in map(ip_network, homes)
    )


def _order(pulse: Pulse) -> tuple[float, int, int, str, str]:
    """The best of a story: most regular, most calls, a name before an address."""
    return (-pulse.nats, -pulse.calls, pulse.name is None, pulse.peer, pulse.table)


def folded(pulses: Iterable[Pulse], window: Window) -> list[Pulse]:
    """One pulse a story, in order of host and story; it keeps the name and the addresses of all that it stands for."""
    pulses = list(pulses)
    homes = window.homes
    named = _addresses_of(window, [pulse for pulse in pulses if pulse.name is not None])
    name_of: dict[tuple[str, str], str] = {}
    for pulse in sorted((p for p in pulses if p.name is not None), key=_order):
        for address in named.get((pulse.host, pulse.peer), ()):
            name_of.setdefault((pulse.host, address), pulse.story)
    stories: dict[tuple[str, str], list[Pulse]] = {}
    for pulse in pulses:
        if not pulse.held:
            story = name_of.get((pulse.host, pulse.peer), pulse.story) if pulse.name is None else pulse.story
            stories.setdefault((pulse.host, story), []).append(pulse)
    for pulse in sorted((p for p in pulses if p.held), key=_order):
        told = [name_of.get((pulse.host, member), story_of(member)) for member in pulse.members]
        _take_over(pulse, [(pulse.host, story) for story in dict.fromkeys(told)], stories)
    return [_joined(sorted(members, key=_order), named, homes) for _, members in sorted(stories.items())]


def _take_over(pulse: Pulse, pairs: list[tuple[str, str]], stories: dict[tuple[str, str], list[Pulse]]) -> None:
    """The strongest of the groupings tells: calls held together, or a part of them that is more regular by itself. One
    certificate is one peer; what is only one program's stays apart where a part is stronger."""
    parts = [part for story in pairs for part in stories.get(story, ())]
    if not pulse.held.startswith("cert=") and any(part.nats > pulse.nats for part in parts):
        return
    for story in pairs:
        stories.pop(story, None)
    stories[pairs[0]] = [pulse, *parts]


def _joined(members: list[Pulse], named: dict[tuple[str, str], tuple[str, ...]], homes: tuple[str, ...]) -> Pulse:
    best = members[0]
    names = [pulse for pulse in members if pulse.name is not None]
    addresses = {pulse.peer for pulse in members if pulse.name is None}
    addresses.update(member for pulse in members for member in pulse.members if as_address(member))
    for pulse in names:
        addresses.update(named.get((pulse.host, pulse.peer), ()))
    outside = sorted((a for a in addresses if not is_inside(a, seen_inside=False, homes=homes)), key=address_uuid)
    held = [member for pulse in members for member in pulse.members]
    values = {slot: getattr(best, slot) for slot in Pulse.__slots__}
    if best.name is None and names:
        values |= {"peer": names[0].peer, "name": names[0].name, "inside": names[0].inside}
    values |= {
        "addresses": tuple(outside[:PEERS_KEPT_MAX]),
        "members": tuple(dict.fromkeys((values["peer"], *held))) if held else (),
        "spectral": any(pulse.spectral for pulse in members),
        "first_us": min(pulse.first_us for pulse in members),
        "last_us": max(pulse.last_us for pulse in members),
    }
    return Pulse(**values)


def _addresses_of(window: Window, pulses: list[Pulse]) -> dict[tuple[str, str], tuple[str, ...]]:
    """For each (host, name): the addresses that were called by it."""
    wanted = sorted({(pulse.host, pulse.peer) for pulse in pulses})
    if not wanted:
        return {}
    pairs = pa.table(
        {
            "host": [host for host, _ in wanted],
            "stored": [str(address_uuid(host)) for host, _ in wanted],
            "called": [name for _, name in wanted],
            "domain": [registered_domain(name) or name for _, name in wanted],
        }
    )
    sql = f"""
        WITH names AS (SELECT DISTINCT "name", coalesce("domain", "name") AS "domain" FROM name_hour
            WHERE kind IN ('tls', 'http')),
        spelled AS (SELECT host, stored::UUID AS src, called, called AS "name" FROM asked
            UNION SELECT host, stored::UUID, called, "name" FROM asked JOIN names ON called = names."domain"),
        used AS (SELECT src, sni AS "name", dst FROM tls WHERE sni IS NOT NULL
            UNION SELECT src, host, dst FROM http WHERE host IS NOT NULL)
        SELECT host, called, list(DISTINCT dst ORDER BY dst)[:{PEERS_KEPT_MAX}] FROM spelled
        JOIN used USING (src, "name") GROUP BY host, called ORDER BY host, called"""
    rows = window.rows(sql, tables={"asked": pairs})
    return {(host, called): tuple(address_text(dst) for dst in found) for host, called, found in rows}
