"""A stretch of time at one actor, and the rhythms that habits share: office hours, polls, look-ups before calls.

Refuses to know any habit.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from bavn.model.moment import DAY_US, HOUR_US, SECOND_US
from bavn.traffic.dice import Ints, SeededDice
from bavn.traffic.flows import Addresses, Flows, flows
from bavn.traffic.names import Site
from bavn.traffic.sector import Actor, Role, Sector
from bavn.traffic.speech import dns
from bavn.traffic.stacks import STACKS, Stack
from bavn.traffic.talk import Talk
from bavn.traffic.tls import Exchange, Server, tls

LOCAL_HOURS_AHEAD: Final = 1
FIRST_WEEKDAY: Final = 3
"""1 January 1970 was a Thursday."""

_OFFICE: Final = np.array([0, 0, 0, 0, 0, 1, 4, 12, 14, 14, 12, 10, 11, 12, 11, 8, 3, 1, 1, 1, 1, 1, 0, 0], dtype=float)
_WARD: Final = np.array([2, 2, 2, 2, 2, 3, 5, 7, 7, 7, 6, 5, 5, 6, 6, 6, 5, 4, 4, 4, 4, 3, 3, 2], dtype=float)
WEEKEND_SHARE: Final = 0.08
WARD_WEEKEND_SHARE: Final = 0.6
BROWSERS: Final = ("chrome", "chrome", "windows", "firefox")
RTT_INSIDE_US: Final = 700

Calls = tuple[Ints, Addresses]
"""Moments and, for each, the host that calls."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """[start_us, end_us) at one actor. ``dice`` are this scene's own. ``release_us``: when browsers were updated."""

    sector: Sector
    actor: Actor
    start_us: int
    end_us: int
    dice: SeededDice
    release_us: int
    rollout: Site
    rollout_us: int

    def hosts(self, *roles: Role) -> Addresses:
        """Addresses of all hosts with these roles."""
        return np.array([host for role in roles for host in self.actor.hosts.get(role, ())], dtype=np.uint32)


def digest(*parts: object) -> int:
    """A number in [0, 2**32) that these words fix."""
    text = "\n".join(str(part) for part in parts).encode()
    return int.from_bytes(hashlib.blake2b(text, digest_size=4).digest(), "big")


def some(hosts: Addresses, share: float, label: str) -> Addresses:
    """About this share of the hosts: the same ones at every time."""
    kept = [host for host in hosts.tolist() if digest("some", label, host) < share * 2**32]
    return np.array(kept, dtype=np.uint32)


def working(scene: Scene, label: str, hosts: Addresses, per_day: float, *, ward: bool = False) -> Calls:
    """Calls in office hours (or round the clock as a ward works), ``per_day`` a host on a weekday, in time order."""
    if not len(hosts):
        return _nobody()
    dice = scene.dice.fork(f"working {label}")
    hours = np.arange(scene.start_us // HOUR_US, -(-scene.end_us // HOUR_US))
    local = hours + LOCAL_HOURS_AHEAD
    weekend = (local // 24 + FIRST_WEEKDAY) % 7 >= 5
    shape = _WARD if ward else _OFFICE
    rate = per_day * shape[local % 24] / shape.sum()
    rate *= np.where(weekend, WARD_WEEKEND_SHARE if ward else WEEKEND_SHARE, 1.0)
    shape_of_all = (len(hosts), len(hours))
    busy = 2 * dice.units(len(hosts) * len(hours)).reshape(shape_of_all)
    counts = (rate * busy + dice.units(len(hosts) * len(hours)).reshape(shape_of_all)).astype(np.int64)
    who, when = np.nonzero(counts)
    times = np.repeat(hours[when] * HOUR_US, counts[who, when])
    callers = np.repeat(hosts[who], counts[who, when])
    return _ordered(scene, times + (dice.units(len(times)) * HOUR_US).astype(np.int64), callers)


def polling(scene: Scene, label: str, hosts: Addresses, period_s: float, jitter: float) -> Calls:
    """Each host calls every ``period_s``, in a phase of its own that never changes, late by up to ``jitter`` of it."""
    if not len(hosts):
        return _nobody()
    dice = scene.dice.fork(f"polling {label}")
    period_us = int(period_s * SECOND_US)
    phase = np.array([digest("phase", label, host) % period_us for host in hosts.tolist()], dtype=np.int64)
    first = -(-(scene.start_us - phase) // period_us)
    rounds = np.arange(-(-(scene.end_us - scene.start_us) // period_us) + 1)
    times = (phase + first * period_us)[:, None] + rounds[None, :] * period_us
    callers = np.repeat(hosts, len(rounds))
    inside = times.reshape(-1) < scene.end_us
    late = (dice.units(times.size) * jitter * period_us).astype(np.int64)
    return _ordered(scene, times.reshape(-1)[inside], callers[inside], late[inside])


def daily(scene: Scene, label: str, hosts: Addresses, local_hour: int, spread_s: int) -> Calls:
    """Each host once a day, within ``spread_s`` after the hour."""
    days = np.arange((scene.start_us // DAY_US) - 1, scene.end_us // DAY_US + 1)
    start = days * DAY_US + (local_hour - LOCAL_HOURS_AHEAD) * HOUR_US
    offset = np.array(
        [digest("daily", label, host) % (spread_s * SECOND_US) for host in hosts.tolist()], dtype=np.int64
    )
    times = (start[None, :] + offset[:, None]).reshape(-1)
    return _ordered(scene, times, np.repeat(hosts, len(days)))


def _nobody() -> Calls:
    return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.uint32)


def _ordered(scene: Scene, times: Ints, callers: Addresses, late: Ints | None = None) -> Calls:
    """Those due in the scene, in time order; a late one is played late."""
    keep = (times >= scene.start_us) & (times < scene.end_us)
    times, callers = (times if late is None else times + late)[keep], callers[keep]
    order = np.lexsort((callers, times))
    return times[order], callers[order]


def browser(scene: Scene, host: int, at_us: int) -> Stack:
    """The stack of a host's browser; Chrome's changes with the release, within two days."""
    name = BROWSERS[digest("browser", host) % len(BROWSERS)]
    if name == "chrome" and at_us >= scene.release_us + digest("update", host) % (2 * DAY_US):
        name = "chrome-next"
    return STACKS[name]


def rtt_us(address: int, *, inside: bool = False) -> int:
    """How far away a server is: 4 to 44 ms outside."""
    return RTT_INSIDE_US if inside else 4_000 + digest("rtt", address) % 40_000


def calls(talk: Talk, made: Calls, server: int, *, inside: bool = False) -> Flows:
    """Flows of one template from inside to one server."""
    return flows(talk, made[0], made[1], server, rtt_us=rtt_us(server, inside=inside), server_inside=inside)


def lookups(
    scene: Scene, label: str, name: str, answers: tuple[str, ...], traffic: Calls, share: float, rrtype: str = "A"
) -> Iterator[Flows]:
    """A question to the actor's resolver shortly before this share of the calls (the rest is remembered)."""
    looked_up = scene.dice.fork(f"lookup {label} {name} {rrtype}").units(len(traffic[0])) < share
    if looked_up.any():
        early = np.maximum(traffic[0][looked_up] - 40_000, scene.start_us)
        yield calls(
            dns(name, rrtype, answers), (early, traffic[1][looked_up]), scene.actor.server("resolver"), inside=True
        )


def https(
    scene: Scene,
    label: str,
    site: Site,
    traffic: Calls,
    stack: Stack,
    exchanges: tuple[Exchange, ...],
    *,
    asked_share: float = 0.5,
    server: Server | None = None,
) -> Iterator[Flows]:
    """Look-ups and TLS calls to one site outside."""
    if len(traffic[0]):
        answer = ".".join(str(byte) for byte in site.address.to_bytes(4, "big"))
        yield from lookups(scene, label, site.host, (answer,), traffic, asked_share)
        yield calls(tls(stack, server or Server(name=site.host), exchanges), traffic, site.address)
