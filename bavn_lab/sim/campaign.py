"""Attackers: who is hit, in what order, how carefully, and what ties the victims together.

Everything of a campaign is fixed by its own dice, whatever stretch of time is played. Refuses to know what the
victims' hosts do otherwise.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache
from typing import Final

import numpy as np

from bavn.model.moment import DAY_US, HOUR_US, SECOND_US
from bavn.traffic.dice import Ints, SeededDice
from bavn.traffic.flows import Flows, flows
from bavn.traffic.hello import TLS12, TLS13
from bavn.traffic.machines import letters
from bavn.traffic.scene import Scene, rtt_us
from bavn.traffic.speech import dns
from bavn.traffic.stacks import STACKS
from bavn.traffic.talk import Talk, tcp_refused, tcp_unanswered
from bavn.traffic.tls import Exchange, Server, tls

BASE32: Final = b"abcdefghijklmnopqrstuvwxyz234567"
TUNNEL_CHARS: Final = 52
CONTACTS_MAX: Final = 20_000


class Linkage(StrEnum):
    """What the victims of a campaign share (SCORING.md)."""

    DOMAIN = "same-domain"
    ADDRESS = "same-address-other-domain"
    FINGERPRINT = "same-ja3"
    BEHAVIOUR = "same-behaviour"


class Way(StrEnum):
    """How an attacker shows."""

    BEACON = "beacon"
    TUNNEL = "dns-tunnel"
    SCAN = "scan"


@dataclass(frozen=True, slots=True, kw_only=True)
class Victim:
    """One host at one actor and how it calls home in [start_us, end_us): every ``period_s``, each wait stretched or
    shortened by up to ``jitter`` of it, this share of calls left out (``thinning``), and asleep for ``gap_share`` of
    the hours. ``domain``, ``address`` and ``stack``: what it meets. ``role`` says how strong it is meant to be."""

    actor: str
    host: int
    start_us: int
    end_us: int
    period_s: float
    jitter: float
    thinning: float
    gap_share: float
    domain: str
    address: int
    stack: str
    role: str = "weak"


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """One attacker's work. ``label`` fixes its dice."""

    label: str
    way: Way
    linkage: Linkage
    victims: tuple[Victim, ...]
    version: str = "TLS 1.2"


def contacts(campaign: Campaign, victim: Victim, seed: int) -> Ints:
    """The moments of a victim's calls, ascending; the same whatever part of them is played."""
    dice = SeededDice(seed, f"campaign/{campaign.label}/{victim.actor}/{victim.host}")
    count = min(CONTACTS_MAX, int((victim.end_us - victim.start_us) / (victim.period_s * SECOND_US)) * 2 + 2)
    waits = victim.period_s * SECOND_US * (1 + victim.jitter * (2 * dice.units(count) - 1))
    times = victim.start_us + np.cumsum(waits).astype(np.int64)
    times = times[times < victim.end_us]
    kept = dice.fork("thinning").units(len(times)) >= victim.thinning
    if victim.gap_share:
        hours = np.arange(victim.start_us // HOUR_US, victim.end_us // HOUR_US + 1)
        awake = dice.fork("gaps").units(len(hours)) >= victim.gap_share
        kept &= awake[times // HOUR_US - hours[0]]
    return times[kept]


def played(campaign: Campaign, scene: Scene, seed: int) -> Iterator[Flows]:
    """The campaign's flows at the scene's actor within its time."""
    for victim in campaign.victims:
        if victim.actor == scene.actor.name:
            times = contacts(campaign, victim, seed)
            times = times[(times >= scene.start_us) & (times < scene.end_us)]
            if len(times):
                yield from _WAYS[campaign.way](campaign, victim, scene, times)


def _beacon(campaign: Campaign, victim: Victim, scene: Scene, times: Ints) -> Iterator[Flows]:
    """TLS calls with a name; sizes differ a little from call to call."""
    dice = scene.dice.fork(f"beacon {campaign.label} {victim.host}")
    chosen = dice.units(len(times)) < 0.4
    answer = ".".join(str(byte) for byte in victim.address.to_bytes(4, "big"))
    if chosen.any():
        question = dns(victim.domain, "A", (answer,), ttl_s=120)
        early = np.maximum(times[chosen] - 60_000, scene.start_us)
        yield flows(question, early, victim.host, scene.actor.server("resolver"), rtt_us=700, server_inside=True)
    size = dice.whole(len(times), 4)
    for which in np.unique(size).tolist():
        talk = beacon_talk(campaign, victim, 280 + 64 * which)
        yield flows(talk, times[size == which], victim.host, victim.address, rtt_us=rtt_us(victim.address))


@lru_cache(maxsize=512)
def beacon_talk(campaign: Campaign, victim: Victim, up_bytes: int) -> Talk:
    """One call home."""
    born = min(each.start_us for each in campaign.victims) - 3 * DAY_US
    version = TLS12 if campaign.version == TLS12[1] else TLS13
    server = Server(name=victim.domain, version=version, cipher=0xC02F, issuer="Let's Encrypt", born_us=born)
    return tls(STACKS[victim.stack], server, (Exchange(up_bytes, 190),))


def _tunnel(campaign: Campaign, victim: Victim, scene: Scene, times: Ints) -> Iterator[Flows]:
    """Questions whose first label carries something, never the same twice."""
    talk = dns(f"{'a' * TUNNEL_CHARS}.{victim.domain}", "TXT", ("k" * 120,), fresh_chars=TUNNEL_CHARS, ttl_s=1)
    batch = flows(talk, times, victim.host, scene.actor.server("resolver"), rtt_us=900, server_inside=True)
    dice = scene.dice.fork(f"tunnel {campaign.label} {victim.host}")
    yield replace(batch, pool=letters(dice, talk, len(batch), BASE32))


def _scan(campaign: Campaign, victim: Victim, scene: Scene, times: Ints) -> Iterator[Flows]:
    """Calls to SMB at one address after another; most are not there, a few refuse."""
    dice = scene.dice.fork(f"scan {campaign.label} {victim.host}")
    targets = (scene.actor.base + 256 + np.arange(len(times)) * 7 % 0xF000).astype(np.uint32)
    refused = dice.units(len(times)) < 0.2
    for talk, which in ((tcp_unanswered(445), ~refused), (tcp_refused(445), refused)):
        if which.any():
            batch = flows(talk, times[which], victim.host, 0, rtt_us=700, server_inside=True)
            yield replace(batch, server=targets[which])


_WAYS: Final = {Way.BEACON: _beacon, Way.TUNNEL: _tunnel, Way.SCAN: _scan}
