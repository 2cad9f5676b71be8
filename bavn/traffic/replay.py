"""Harmless, labelled traffic that each detector must find: one family for each, in a capture that nobody ever sent.

It is for acceptance tests: the real sensor reads it into a throwaway store. Names are invented or popular, outside
addresses lie in ranges that are not routed, inside ones in a network that is handed in. Same seed, same bytes. Refuses
to contact anybody, and to know what a detector makes of it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv4Network, ip_network
from pathlib import Path
from typing import Final

import numpy as np

from bavn.model.moment import HOUR_US, MINUTE_US, SECOND_US
from bavn.traffic.capture import CaptureFile, Later, write
from bavn.traffic.dice import Ints, SeededDice
from bavn.traffic.flows import Flows, flows, with_ports
from bavn.traffic.hello import TLS12
from bavn.traffic.machines import letters
from bavn.traffic.names import invented_address, popular
from bavn.traffic.packets import render
from bavn.traffic.speech import dicom, dns, http, noise, raw
from bavn.traffic.stacks import STACKS
from bavn.traffic.talk import ConversationFacts, Talk, Turn, tcp, tcp_unanswered
from bavn.traffic.tls import Exchange, Server, tls

HOURS: Final = 24
HOSTS: Final = 20
ADDRESSES_MIN: Final = 64
"""The own network must have so many: hosts of the background, and one of its own for each family."""
AGENT: Final = "bavn-acceptance-test"
"""The user agent of the family ``signature``; RULE tells of it."""
RULE_SID: Final = 3_999_999_901
RULE: Final = (
    f'alert http any any -> any any (msg:"Bavn acceptance test: harmless"; http.user_agent; content:"{AGENT}";'
    f" priority:1; sid:{RULE_SID}; rev:1;)\n"
)
SIGMA_NAME: Final = "afproevning-sigma.com"
SIGMA: Final = f"""title: "Bavn acceptance test: harmless"
id: 0b6c2f0e-8d0f-4b7e-9f5c-2a8f4f6f9a01
level: high
logsource:
  category: dns
detection:
  selection:
    query|endswith: {SIGMA_NAME}
  condition: selection
"""
"""A Sigma rule that tells of the family ``sigma``."""
LISTED: Final = "afproevning-listet.com"
"""The name of the family ``ioc``, as an own list of indicators holds it."""
SENT_BYTES: Final = 11_000_000
_LETTERS: Final = b"abcdefghijklmnopqrstuvwxyz0123456789"
_BASE32: Final = b"abcdefghijklmnopqrstuvwxyz234567"
_TUNNEL_CHARS: Final = 50
_MADE_NAMES: Final = 12
_DESK: Final = "windows"


class NoRoom(ValueError):
    """None of the own networks has room for the hosts. Whoever asked must give another one."""


@dataclass(frozen=True, slots=True)
class Label:
    """What was planted: at which own host a detector must suspect something. Sigma rules are a family of their own,
    though it is the detector ``signature`` that tells of them."""

    family: str
    host: str

    @property
    def detector(self) -> str:
        return "signature" if self.family == "sigma" else self.family


@dataclass(frozen=True, slots=True)
class Replay:
    """A capture and its labels."""

    written: CaptureFile
    labels: tuple[Label, ...]


@dataclass(frozen=True, slots=True)
class _Ward:
    """Where it plays: hosts by number, the resolver, the first moment."""

    net: IPv4Network
    start_us: int
    dice: SeededDice

    def host(self, number: int) -> int:
        return int(self.net.network_address) + 2 + number

    @property
    def resolver(self) -> int:
        return int(self.net.network_address) + 1

    def at(self, hour: float, count: int = 1, every_s: float = 60.0) -> Ints:
        """``count`` moments from an hour on."""
        return self.start_us + int(hour * HOUR_US) + (np.arange(count) * (every_s * SECOND_US)).astype(np.int64)


def room(homes: tuple[str, ...]) -> IPv4Network:
    """The first own network that is large enough. Raises NoRoom."""
    for text in homes:
        net = ip_network(text, strict=False)
        if isinstance(net, IPv4Network) and net.num_addresses >= ADDRESSES_MIN:
            return net
    raise NoRoom(f"a replay needs an own IPv4 network of {ADDRESSES_MIN} addresses or more")


def replay(homes: tuple[str, ...], end_us: int, seed: int, file: Path) -> Replay:
    """Writes a day up to ``end_us`` into one capture. Raises NoRoom, OSError."""
    batches, labels = planned(homes, end_us, seed)
    dice, later = SeededDice(seed, "replay frames"), Later()
    for place, batch in enumerate(batches):
        for frames in render(batch, dice.fork(str(place))):
            later.add(frames)
    return Replay(write(file, file.name, later.take(2**62)), labels)


def planned(homes: tuple[str, ...], end_us: int, seed: int) -> tuple[list[Flows], tuple[Label, ...]]:
    """The same as flows, ports given: for a node that sees no packets. Raises NoRoom."""
    ward = _Ward(room(homes), end_us - HOURS * HOUR_US - 5 * MINUTE_US, SeededDice(seed, "replay"))
    batches, labels = list(_background(ward)), []
    for number, (name, family) in enumerate(FAMILIES.items()):
        host = ward.host(HOSTS + number)
        labels.append(Label(name, str(IPv4Address(host))))
        batches += list(family(ward, host))
    return with_ports([one for one in batches if len(one)], seed % 1000), tuple(labels)


def _named(ward: _Ward, name: str, address: int, host: int, at: Ints) -> Flows:
    """Questions for a name that exists."""
    return _lookup(ward, dns(name, "A", (str(IPv4Address(address)),)), host, at - 60_000)


def _lookup(ward: _Ward, question: Talk, host: int, at: Ints) -> Flows:
    return flows(question, at, host, ward.resolver, rtt_us=900, server_inside=True)


def _background(ward: _Ward) -> Iterator[Flows]:
    """Hosts that look up and visit what everybody visits, at random."""
    for number in range(HOSTS):
        dice, host = ward.dice.fork(f"desk {number}"), ward.host(number)
        for site in popular()[:12]:
            at = np.sort(ward.start_us + (dice.units(3) * (HOURS - 1) * HOUR_US).astype(np.int64))
            yield _named(ward, site.host, site.address, host, at)
            yield flows(tls(STACKS[_DESK], Server(name=site.host), (Exchange(500, 3000),)), at, host, site.address)


def _beacon(ward: _Ward, host: int) -> Iterator[Flows]:
    name = "cdn.afproevning-kald.com"
    at = ward.at(2, 60, 900)
    at = at + (ward.dice.fork("beacon").units(len(at)) * 90 * SECOND_US).astype(np.int64)
    yield _named(ward, name, invented_address(name), host, at[:1])
    yield flows(tls(STACKS["implant-a"], Server(name=name), (Exchange(300, 190),)), at, host, invented_address(name))


def _tunnel(ward: _Ward, host: int) -> Iterator[Flows]:
    talk = dns(
        f"{'a' * _TUNNEL_CHARS}.t.afproevning-tunnel.net", "TXT", ("k" * 100,), fresh_chars=_TUNNEL_CHARS, ttl_s=1
    )
    batch = _lookup(ward, talk, host, ward.at(9, 200, 0.5))
    yield replace(batch, pool=letters(ward.dice.fork("tunnel"), talk, len(batch), _BASE32))


def _scan(ward: _Ward, host: int) -> Iterator[Flows]:
    at = ward.at(10, 12, 5)
    batch = flows(tcp_unanswered(3389), at, host, 0, rtt_us=700, server_inside=True)
    yield replace(batch, server=(ward.host(0) + np.arange(len(at))).astype(np.uint32))


def _rarity(ward: _Ward, host: int) -> Iterator[Flows]:
    server = Server(name="server", version=TLS12, cipher=0xC02F, issuer="", born_us=ward.start_us)
    talk = tls(STACKS["implant-b"], server, (Exchange(400, 900),), port=8531, sni="")
    yield flows(talk, ward.at(8), host, invented_address("afproevning-sjaelden"))


def _exfil(ward: _Ward, host: int) -> Iterator[Flows]:
    yield flows(_upload(), ward.at(12, 5, 1800), host, invented_address("afproevning-upload"))


def _upload() -> Talk:
    """A connection that only sends, in a protocol that nobody parses."""
    return tcp(8443, [Turn(True, noise("upload", SENT_BYTES), 1000), Turn(False, noise("thanks", 200), 2000)])


def _dga(ward: _Ward, host: int) -> Iterator[Flows]:
    dice = ward.dice.fork("dga")
    for number, moment in enumerate(ward.at(11, _MADE_NAMES, 20)):
        name = "".join(chr(_LETTERS[int(at)]) for at in dice.fork(str(number)).whole(14, len(_LETTERS)))
        yield _lookup(ward, dns(f"{name}.com", "A", rcode="NXDOMAIN"), host, np.array([moment]))


def _long(ward: _Ward, host: int) -> Iterator[Flows]:
    talk = raw(8443, ((400, 600, 0), *(((200, 300, 30 * MINUTE_US),) * 18)), name="long")
    yield flows(talk, ward.at(6), host, invented_address("afproevning-laenge"))


def _lateral(ward: _Ward, host: int) -> Iterator[Flows]:
    talk = http(str(IPv4Address(ward.host(3))), "/wsman?PSVersion=5.1", method="POST", body_bytes=400, port=5985)
    yield flows(talk, ward.at(9, 12, 2), host, ward.host(3), rtt_us=700, server_inside=True)


def _bruteforce(ward: _Ward, host: int) -> Iterator[Flows]:
    turns = [
        Turn(False, b"SSH-2.0-OpenSSH_9.6\r\n", 1000),
        Turn(True, b"SSH-2.0-OpenSSH_9.6\r\n", 1000),
        *(Turn(up, noise(f"ssh {number}", 300), 2000) for number, up in enumerate((True, False) * 5)),
    ]
    yield flows(
        tcp(22, turns, facts=ConversationFacts(app="ssh")),
        ward.at(9, 60, 2),
        host,
        ward.host(4),
        rtt_us=700,
        server_inside=True,
    )


def _signature(ward: _Ward, host: int) -> Iterator[Flows]:
    name = "afproevning-regel.com"
    at = ward.at(13)
    yield _named(ward, name, invented_address(name), host, at)
    yield flows(http(name, "/", agent=AGENT), at, host, invented_address(name))


def _ioc(ward: _Ward, host: int) -> Iterator[Flows]:
    name = f"www.{LISTED}"
    at = ward.at(14, 2)
    yield _named(ward, name, invented_address(name), host, at)
    yield flows(tls(STACKS[_DESK], Server(name=name), (Exchange(500, 900),)), at, host, invented_address(name))


def _sigma(ward: _Ward, host: int) -> Iterator[Flows]:
    yield _named(ward, f"www.{SIGMA_NAME}", invented_address(SIGMA_NAME), host, ward.at(15, 3))


def _archive(ward: _Ward, host: int) -> Iterator[Flows]:
    yield flows(dicom("AFPROEVNING", "ARKIV", 40), ward.at(10), host, ward.host(5), rtt_us=700, server_inside=True)


def _vpn(ward: _Ward, host: int) -> Iterator[Flows]:
    talk = raw(1194, ((1200, 1300, SECOND_US),) * 300, name="vpn", proto="udp")
    yield flows(talk, ward.at(10), host, invented_address("afproevning-vpn"))


FAMILIES: Final = {
    "ioc": _ioc,
    "beacon": _beacon,
    "dns_tunnel": _tunnel,
    "scan": _scan,
    "rarity": _rarity,
    "exfil": _exfil,
    "dga": _dga,
    "long": _long,
    "lateral": _lateral,
    "bruteforce": _bruteforce,
    "signature": _signature,
    "ward": _archive,
    "tunnel": _vpn,
    "sigma": _sigma,
}
"""By detector, as it calls itself, and Sigma's rules. A test holds that each detector has one."""
