"""Those who call from outside uninvited: scanners that meet everybody, and the inventory scan of one's own people.

Hard negatives all. Refuses to know any attacker.
"""

from collections.abc import Iterator
from dataclasses import replace
from ipaddress import IPv4Address
from typing import Final

import numpy as np

from bavn.model.moment import DAY_US, HOUR_US, SECOND_US
from bavn.traffic.dice import Ints
from bavn.traffic.flows import Addresses, Flows, flows
from bavn.traffic.names import invented_address
from bavn.traffic.scene import Scene, digest
from bavn.traffic.sector import Kind, Role
from bavn.traffic.talk import Talk, Turn, tcp, tcp_refused, tcp_unanswered

SCANNED_PORTS: Final = (22, 445, 3389, 443)
OUTSIDE_ADDRESSES: Final = 14
SCANNER: Final = "167.94.138.44"
"""In the published range of a company that scans the whole internet: warning lists know it."""

SCAN_EVERY_DAYS: Final = 3
STRAY_CALLS_PER_DAY: Final = 60


def scanner(scene: Scene) -> Iterator[Flows]:
    """One scanner of the whole internet comes by every actor on the same day, every third day."""
    for day in range(scene.start_us // DAY_US, scene.end_us // DAY_US + 1):
        if day % SCAN_EVERY_DAYS:
            continue
        starts = day * DAY_US + (2 + digest("scanner", scene.actor.name, day) % 18) * HOUR_US
        targets = scene.actor.outside_base + np.arange(OUTSIDE_ADDRESSES)
        for place, port in enumerate(SCANNED_PORTS):
            times = starts + (np.arange(OUTSIDE_ADDRESSES) * len(SCANNED_PORTS) + place) * 7 * SECOND_US
            due = (times >= scene.start_us) & (times < scene.end_us)
            open_here = (targets == scene.actor.outside_base + 2) & (port == 443)
            for talk, which in ((tcp_unanswered(port, ()), due & ~open_here), (tcp(443, ()), due & open_here)):
                if which.any():
                    yield _inward(scene, talk, times[which], int(IPv4Address(SCANNER)), targets[which])


def strays(scene: Scene) -> Iterator[Flows]:
    """Background noise: single calls from everywhere to whatever answers nothing."""
    dice = scene.dice.fork("strays")
    span = scene.end_us - scene.start_us
    count = int(STRAY_CALLS_PER_DAY * span / DAY_US)
    times = np.sort(scene.start_us + (dice.units(count) * span).astype(np.int64))
    sources = np.array([invented_address(f"stray {n}") for n in dice.whole(count, 5000).tolist()], dtype=np.uint32)
    targets = scene.actor.outside_base + 3 + dice.whole(count, OUTSIDE_ADDRESSES - 3)
    ports = dice.whole(count, 3)
    for index, port in enumerate((23, 445, 8080)):
        which = ports == index
        if which.any():
            yield _inward(scene, tcp_unanswered(port, ()), times[which], sources[which], targets[which])


def inventory(scene: Scene) -> Iterator[Flows]:
    """On patch day (Wednesday) a region's directory asks every desk at SMB; a few are switched off."""
    if scene.actor.kind is not Kind.REGION:
        return
    desks = scene.hosts(Role.DESK, Role.SHARED_DESK)
    for day in range(scene.start_us // DAY_US, scene.end_us // DAY_US + 1):
        if (day + 3) % 7 != 2:
            continue
        times = day * DAY_US + 11 * HOUR_US + np.arange(len(desks)) * 2 * SECOND_US
        due = (times >= scene.start_us) & (times < scene.end_us)
        off = np.array([digest("off", host, day) % 12 == 0 for host in desks.tolist()])
        asked = tcp(445, (Turn(True, b"\0\0\0\x04test"), Turn(False, b"\0\0\0\x04test")))
        for talk, which in ((asked, due & ~off), (tcp_refused(445), due & off)):
            if which.any():
                batch = flows(talk, times[which], scene.actor.server("directory"), 0, rtt_us=700, server_inside=True)
                yield replace(batch, server=desks[which])


def _inward(scene: Scene, talk: Talk, times: Ints, source: int | Addresses, targets: Ints) -> Flows:
    batch = flows(talk, times, source, scene.actor.outside_base, rtt_us=30_000, client_inside=False, server_inside=True)
    return replace(batch, server=np.array(targets, dtype=np.uint32))
