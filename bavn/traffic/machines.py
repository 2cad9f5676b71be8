"""Machines left to themselves: time, updates, telemetry, antivirus, mail, backups, visitors from outside.

Refuses to know any person's working day except for what is switched on then.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

import numpy as np

from bavn.traffic.dice import SeededDice
from bavn.traffic.flows import Bytes2, Flows, flows
from bavn.traffic.names import BLOCK_LISTS, Site, front, invented_address
from bavn.traffic.scene import Scene, calls, daily, https, lookups, polling, some, working
from bavn.traffic.sector import Role
from bavn.traffic.speech import dns, http, ntp, raw, smtp
from bavn.traffic.stacks import STACKS
from bavn.traffic.talk import Talk
from bavn.traffic.tls import Exchange, Server, tls

HEX: Final = b"0123456789abcdef"
DIGITS: Final = b"0123456789"
_SETTINGS: Final = Site("settings-win.data.microsoft.com", front("microsoft", "settings"), 1)
_EVENTS: Final = Site("v10.events.data.microsoft.com", front("microsoft", "events"), 1)
_DEFENDER: Final = Site("wdcp.microsoft.com", front("microsoft", "wdcp"), 1)
_UPDATE: Final = Site("fe2cr.update.microsoft.com", front("microsoft", "update"), 1)
_CTLDL: Final = Site("ctldl.windowsupdate.com", front("akamai", "ctldl"), 1)
_DEBIAN: Final = Site("www.debian.org", front("cloudflare", "debian"), 1)
_TIME: Final = Site("dk.pool.ntp.org", front("amazon", "ntp"), 1)
_MX: Final = Site("mail.protection.outlook.com", front("microsoft", "mx"), 1)
_SMALL: Final = (Exchange(900, 300),)


def clocks(scene: Scene) -> Iterator[Flows]:
    """Everybody asks the directory for the time, the directory asks the world."""
    directory = scene.actor.server("directory")
    desks = scene.hosts(Role.DESK, Role.SHARED_DESK)
    others = scene.hosts(Role.SERVER, Role.MEDICAL, Role.PRINTER)
    yield calls(ntp(), polling(scene, "ntp desk", desks, 8 * 3600, 0.02), directory, inside=True)
    yield calls(ntp(), polling(scene, "ntp", others[others != directory], 3600, 0.005), directory, inside=True)
    made = polling(scene, "ntp out", np.array([directory], dtype=np.uint32), 1024, 0.002)
    yield from lookups(scene, "ntp", _TIME.host, (_text(_TIME.address),), made, 0.1)
    yield calls(ntp(), made, _TIME.address)


def windows(scene: Scene) -> Iterator[Flows]:
    """Settings, telemetry, cloud antivirus and update polls of every desk; certificate lists in clear."""
    desks = scene.hosts(Role.DESK, Role.SHARED_DESK)
    stack = STACKS["windows"]
    for site, who, period_s, jitter in (
        (_SETTINGS, desks, 3 * 3600, 0.3),
        (_EVENTS, some(desks, 0.06, "events"), 900, 0.2),
        (_DEFENDER, desks, 8 * 3600, 0.5),
        (_UPDATE, desks, 22 * 3600, 0.4),
    ):
        yield from https(scene, "windows", site, polling(scene, site.host, who, period_s, jitter), stack, _SMALL)
    lists = polling(scene, "ctldl", desks, 24 * 3600, 0.5)
    talk = http(
        _CTLDL.host,
        "/msdownload/update/v3/static/trustedr/en/authrootstl.cab",
        agent="Microsoft-CryptoAPI/10.0",
        answer_bytes=900,
        kind="application/octet-stream",
    )
    yield from lookups(scene, "ctldl", _CTLDL.host, (_text(_CTLDL.address),), lists, 0.5)
    yield calls(talk, lists, _CTLDL.address)
    servers = some(scene.hosts(Role.SERVER), 0.4, "debian")
    package = http(_DEBIAN.host, "/debian/dists/trixie/InRelease", agent="Debian APT-HTTP/1.3", answer_bytes=6_000)
    yield calls(package, daily(scene, "apt", servers, 6, 3600), _DEBIAN.address)


def reputation(scene: Scene) -> Iterator[Flows]:
    """An antivirus that asks for each file by DNS: never the same name twice, and all of it innocent."""
    desks = some(scene.hosts(Role.DESK), 0.25, "reputation")
    made = working(scene, "reputation", desks, 11.0)
    talk = dns(f"{'0' * 26}.p.05s.sophosxl.net", "TXT", ("w=1",), fresh_chars=26)
    batch = calls(talk, made, scene.actor.server("resolver"), inside=True)
    yield replace(batch, pool=letters(scene.dice.fork("reputation"), talk, len(batch), HEX))


def mail(scene: Scene) -> Iterator[Flows]:
    """Letters in from many servers, each looked up on block lists; letters out through a large provider."""
    server, outside = scene.actor.server("mail"), scene.actor.outside_base + 1
    servers = np.array([server], dtype=np.uint32)
    times, _ = working(scene, "mail in", servers, 70.0, ward=True)
    dice = scene.dice.fork("mail")
    senders = np.array([invented_address(f"mx {n}") for n in dice.whole(len(times), 40).tolist()], dtype=np.uint32)
    talk = smtp("mx.afsender.dk", f"mail.{scene.actor.name}.dk", 2_500)
    yield flows(talk, times, senders, outside, rtt_us=18_000, client_inside=False, server_inside=True)
    for name in BLOCK_LISTS:
        question = dns(f"{'0' * 3}.{'0' * 3}.113.25.{name}", "A", (), rcode="NXDOMAIN", fresh_chars=3)
        batch = calls(
            question,
            (times + 90_000, np.full(len(times), server, dtype=np.uint32)),
            scene.actor.server("resolver"),
            inside=True,
        )
        yield replace(batch, pool=letters(dice.fork(name), question, len(batch), DIGITS))
    out = working(scene, "mail out", servers, 30.0)
    yield from lookups(scene, "mail out", _MX.host, (_text(_MX.address),), out, 0.5)
    yield calls(smtp(f"mail.{scene.actor.name}.dk", _MX.host, 1_800), out, _MX.address)


def backups(scene: Scene) -> Iterator[Flows]:
    """Each server's nightly copy."""
    backup = scene.actor.server("backup")
    servers = scene.hosts(Role.SERVER)
    made = daily(scene, "backup", servers[servers != backup], 1, 7200)
    yield calls(raw(9102, ((60_000, 400, 0),), name="backup"), made, backup, inside=True)


def visitors(scene: Scene) -> Iterator[Flows]:
    """Citizens at the actor's web page, and the internet's background noise: calls that nobody takes."""
    dice = scene.dice.fork("visitors")
    web = scene.actor.outside_base + 2
    times, _ = working(scene, "web in", np.array([web], dtype=np.uint32), 40.0, ward=True)
    citizens = np.array(
        [invented_address(f"citizen {n}") for n in dice.whole(len(times), 500).tolist()], dtype=np.uint32
    )
    page = tls(STACKS["chrome"], Server(name=f"www.{scene.actor.name}.dk"), (Exchange(400, 3_500),))
    yield flows(page, times, citizens, web, rtt_us=15_000, client_inside=False, server_inside=True)


def letters(dice: SeededDice, talk: Talk, n: int, alphabet: bytes) -> Bytes2:
    """Pools for DNS questions: an id and then characters of this alphabet."""
    pool = np.frombuffer(dice.bytes(n * talk.pool_bytes), dtype=np.uint8).reshape(n, talk.pool_bytes).copy()
    pool[:, 2:] = np.frombuffer(alphabet, dtype=np.uint8)[pool[:, 2:] % len(alphabet)]
    return pool


def _text(address: int) -> str:
    return ".".join(str(byte) for byte in address.to_bytes(4, "big"))
