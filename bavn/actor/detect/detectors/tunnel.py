"""Tunnels: a conversation that carries another one, by a way that nobody minds.

Sees: echoes (ping) that are no mere pings: replies unlike their requests, more replies than requests, far more or
larger ones than anybody needs; SSH or RDP from inside to an unlisted machine outside, on a strange port or from a
server, which has no reason to log on anywhere; a proxy outside (CONNECT) and a WebSocket in clear that stays open; DNS
over HTTPS or TLS to an unlisted resolver; a VPN of one host's own.

Misses: what is inside TLS to a named site (WebSocket, DNS over HTTPS by names that do not say so); a tunnel in echoes
as small, even and slow as pings; SSH on its own port from a work station; SOCKS; the sizes of sampled flows.

Innocent: monitoring that pings with large packets, tests of a line's speed, administrators and developers who work at
rented servers, a supplier's remote service, a telephone's own resolver. What the world or most hosts here use weighs
less.

Do first: ask who works at the host and what for; look the peer up and see how the bytes went; look at a packet of the
echoes, where the sensor kept one: pings carry the alphabet or a count, tunnels what looks like noise.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from math import log
from typing import Final

from bavn.actor.detect.base import Advice, Candidate, DetectorContext, Found
from bavn.actor.detect.calibrate import Tally
from bavn.actor.detect.queries import channels
from bavn.actor.detect.queries.peers import as_address, observable_of
from bavn.actor.detect.telling import known_against, place
from bavn.actor.detect.terms import PeerProfile
from bavn.actor.detect.wording import joined, number, size_of, span
from bavn.model.intel.grades import Grade
from bavn.model.moment import HOUR_US, MINUTE_US, SECOND_US
from bavn.model.observable import registered_domain
from bavn.model.record import address_text
from bavn.model.suspicion import RowsRef
from bavn.model.text import Text

STATISTIC_MIN: Final = 3.0
"""Two signs, or one that has no innocent reading."""
CALM_NATS: Final = -9.0
"""Where own hosts stand of whom no sign is known: below every other."""
ROWS_MAX: Final = 100_000
UNEVEN_SHARE_MIN: Final = 0.05
UNEVEN_ECHOES_MIN: Final = 5
PADDED_BYTES: Final = 64.0
"""A frame on Ethernet is padded to this, on one side of the sensor only: what is smaller is as large."""
SURPLUS_MIN: Final = 10
UNEVEN_NATS: Final = 3.0
"""A reply holds what its request did (RFC 792): other sizes are no echo."""
SURPLUS_NATS: Final = 3.0
LARGE_BYTES: Final = 150.0
"""Twice what a ping has by itself, headers and all."""
PACE_S: Final = 1.2
"""A ping a second is what people and programs send."""
FLOOD_US_MIN: Final = MINUTE_US
HEAVY_BYTES: Final = 100_000.0
INSIDE_NATS: Final = -1.0
"""Off what is merely much: monitoring here pings all day."""
PORT_NATS: Final = {"ssh": 2.5, "rdp": 1.5}
"""SSH on another port than its own, RDP to the outside at all."""
OWN_PORTS: Final = {"ssh": 22, "rdp": 3389}
SERVER_NATS: Final = 1.5
CALLERS_MIN: Final = 3
STAYS_NATS: Final = 1.0
PROXY_NATS: Final = 3.0
RESOLVER_NATS: Final = {"seen": 3.0, "tls": 3.0, "named": 2.0}
BLIND_NATS: Final = 1.5
"""A host that asks the resolvers here nothing, though others do."""
VPN_NATS: Final = 2.0


WHAT: Final = {
    "echo": Text("One machine and {peer} exchange far more in pings than pings need"),
    "ssh": Text("One machine logs on to {peer} outside, where it has no reason to"),
    "rdp": Text("One machine works at the screen of {peer} outside"),
    "connect": Text("One machine calls others by way of {peer}, a stranger outside"),
    "websocket": Text("One machine keeps a conversation open with {peer} that can carry anything"),
    "resolver": Text("One machine looks names up at {peer} outside, so that nobody here sees which"),
    "vpn": Text("One machine has a private tunnel (VPN) of its own to {peer}"),
}


ADVICE: Final = {
    "echo": Advice(
        Text("monitoring pings with large packets too, and so does a test of a line"),
        Text(
            "look at a packet of the echoes, where the sensor kept one: pings carry the alphabet or a count, tunnels"
            " what looks like noise"
        ),
    ),
    "ssh": Advice(
        Text("somebody here works at a rented server or at a supplier's"),
        Text("ask who works at the machine and what for; see how long it lasted and which way the bytes went"),
    ),
    "rdp": Advice(
        Text("somebody here works at a rented machine or at a supplier's"),
        Text("ask who works at the machine, and whose the other one is"),
    ),
    "connect": Advice(
        Text("a supplier or a visitor has a proxy of their own"),
        Text("look up whose proxy it is; see which names the machine asked it for"),
    ),
    "websocket": Advice(
        Text("chats, monitoring and pages that renew themselves keep such conversations open"),
        Text("look up whose it is; ask which program on the machine keeps it open, and see which way the bytes went"),
    ),
    "resolver": Advice(
        Text("browsers and telephones bring a name service of their own"),
        Text("ask which program on the machine asks there; agree on it or turn it off, so that names are seen again"),
    ),
    "vpn": Advice(
        Text("a supplier's remote service or a private VPN looks like this"),
        Text("ask whose tunnel it is and what goes through it; end it if nobody ordered it"),
    ),
}
"""By kind; the detector's own where a kind has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """What one own host and one peer do. ``name``: what the peer goes by, if anything. ``kind`` makes the story."""

    kind: str
    technique: str
    host: str
    peer: str
    name: str | None
    nats: float
    facts: tuple[Text, ...]
    first_us: int
    last_us: int
    inside: bool = False
    inward: bool = False
    rows: tuple[tuple[str, str | int], ...] = field(default=())


class Tunnel:
    """See the module's text."""

    name = "tunnel"
    technique = "T1572"
    innocent = Text("somebody here works at a rented server, watches a line, or has a VPN of a supplier's")
    tables = ("flow", "http", "tls", "ssh", "rdp", "dns", "pair_hour")

    def candidates(self, context: DetectorContext) -> Found:
        found = [*_echoes(context), *_logons(context), *_proxies(context), *_resolvers(context), *_vpns(context)]
        weighed = _weighed(found, context)
        strongest: dict[str, float] = {}
        for channel, _ in weighed:
            strongest[channel.host] = max(strongest.get(channel.host, CALM_NATS), channel.nats)
        calm = max(0, context.terms.hosts - len(strongest))
        tally = Tally.of([*strongest.values(), CALM_NATS], [*[1] * len(strongest), calm])
        told = [(channel, known) for channel, known in weighed if channel.nats >= STATISTIC_MIN]
        told.sort(key=lambda one: (-one[0].nats, one[0].kind, one[0].host, one[0].peer))
        made = [_candidate(channel, known, context) for channel, known in told[: context.settings.candidates_max]]
        return Found(tuple(made), {self.name: tally})


def _echoes(context: DetectorContext) -> Iterator[Channel]:
    rows = context.window.rows(channels.ECHOES_SQL, {"limit": ROWS_MAX})
    for asker, peer, own, inside, requests, request_bytes, replies, reply_bytes, sampling, first, last in rows:
        nats, texts = 0.0, []
        sizes = [max(PADDED_BYTES, size) for size in (request_bytes / max(1, requests), reply_bytes / max(1, replies))]
        enough = min(requests, replies) >= UNEVEN_ECHOES_MIN and sampling == 1
        if enough and abs(sizes[0] - sizes[1]) > UNEVEN_SHARE_MIN * max(sizes):
            nats += UNEVEN_NATS
            out, back = number(sizes[0]), number(sizes[1])
            texts.append(Text("requests of {out} bytes were answered by {back}", out=out, back=back))
        if replies > 1.2 * requests + SURPLUS_MIN:
            nats += SURPLUS_NATS
            texts.append(Text("more replies than requests"))
        much = INSIDE_NATS if own and inside else 0.0
        if max(sizes) > LARGE_BYTES:
            much += min(2.0, log(max(sizes) / LARGE_BYTES))
        pace = max(requests, replies) / max(1.0, (last - first) / SECOND_US)
        if pace > PACE_S and last - first >= FLOOD_US_MIN:
            much += min(3.0, log(pace / PACE_S) + 0.5)
            texts.append(Text("{pace} a second", pace=number(pace, 1)))
        much += min(3.0, max(0.0, log((request_bytes + reply_bytes + 1) / HEAVY_BYTES)))
        size = size_of(request_bytes + reply_bytes)
        head = Text(
            "{asked} echo requests and {told} replies carried {size} in {lasted}",
            asked=number(requests),
            told=number(replies),
            size=size,
            lasted=span(last - first),
        )
        host, other = (asker, peer) if own else (peer, asker)
        yield Channel(
            kind="echo",
            technique="T1095",
            host=address_text(host),
            peer=address_text(other),
            name=None,
            nats=nats + max(0.0, much),
            facts=(head, *texts),
            first_us=first,
            last_us=last,
            inside=bool(own and inside),
            inward=not own,
        )


def _logons(context: DetectorContext) -> Iterator[Channel]:
    servers = {address_text(host) for host, _ in context.window.rows(channels.SERVERS_SQL, {"callers": CALLERS_MIN})}
    rows = context.window.rows(channels.LOGONS_SQL, {"limit": ROWS_MAX})
    for src, dst, port, kind, up, down, longest, first, last in rows:
        host = address_text(src)
        nats = 0.0
        texts = [
            Text(
                "{kind} to the outside on port {port} for {lasted}", kind=kind.upper(), port=port, lasted=span(longest)
            )
        ]
        if kind == "rdp" or port != OWN_PORTS[kind]:
            nats += PORT_NATS[kind]
        if port != OWN_PORTS[kind]:
            nats += STAYS_NATS
            texts.append(Text("not its own port"))
        if host in servers:
            nats += SERVER_NATS
            texts.append(Text("from a machine that serves others"))
        if longest >= HOUR_US:
            nats += STAYS_NATS
        if (up or 0) > (down or 0) and (up or 0) > HEAVY_BYTES:
            nats += STAYS_NATS
            texts.append(Text("it sent more than it got"))
        yield Channel(
            kind=kind,
            technique="T1572",
            host=host,
            peer=address_text(dst),
            name=None,
            nats=nats,
            facts=tuple(texts),
            first_us=first,
            last_us=last,
            rows=(("dst_port", port),),
        )


def _proxies(context: DetectorContext) -> Iterator[Channel]:
    for src, dst, port, kind, named, count, longest, first, last in context.window.rows(
        channels.PROXIES_SQL, {"limit": ROWS_MAX}
    ):
        if kind == "connect":
            nats = PROXY_NATS
            head = Text("{count} calls by a proxy outside (CONNECT, port {port})", count=number(count), port=port)
        else:
            nats = log(max(1.0, longest / (10 * MINUTE_US))) + STAYS_NATS if longest else 0.0
            head = Text("a WebSocket in clear stayed open for {lasted}", lasted=span(longest))
        yield Channel(
            kind=kind,
            technique="T1090" if kind == "connect" else "T1572",
            host=address_text(src),
            peer=address_text(dst),
            name=named if kind == "websocket" and named and not as_address(named) else None,
            nats=nats,
            facts=(head,),
            first_us=first,
            last_us=max(first, last),
        )


def _resolvers(context: DetectorContext) -> Iterator[Channel]:
    asks = {address_text(src) for (src,) in context.window.rows("SELECT DISTINCT src FROM dns WHERE is_home(src)")}
    rows = context.window.rows(channels.RESOLVERS_SQL, {"limit": ROWS_MAX})
    for src, dst, kind, named, count, first, last in rows:
        host = address_text(src)
        texts = [
            Text.counted(
                "DNS over TLS to a resolver outside, once", "DNS over TLS to a resolver outside, {count:,} times", count
            )
            if kind == "tls"
            else Text.counted(
                "DNS over HTTPS to a resolver outside, once",
                "DNS over HTTPS to a resolver outside, {count:,} times",
                count,
            )
        ]
        blind = bool(asks) and host not in asks
        if blind:
            texts.append(Text("it asks the resolvers here nothing"))
        yield Channel(
            kind="resolver",
            technique="T1071.004",
            host=host,
            peer=address_text(dst),
            name=named if named and not as_address(named) else None,
            nats=RESOLVER_NATS[kind] + (BLIND_NATS if blind else 0.0),
            facts=tuple(texts),
            first_us=first,
            last_us=last,
        )


def _vpns(context: DetectorContext) -> Iterator[Channel]:
    for src, dst, proto, port, up, down, first, last in context.window.rows(channels.VPNS_SQL, {"limit": ROWS_MAX}):
        door = f"{proto}/{port}" if port else f"IP {proto}"
        size = size_of(up + down)
        yield Channel(
            kind="vpn",
            technique="T1572",
            host=address_text(src),
            peer=address_text(dst),
            name=None,
            nats=VPN_NATS + min(2.0, max(0.0, log((up + down) / HEAVY_BYTES))),
            facts=(Text("a VPN of its own ({door}), {size}", door=door, size=size),),
            first_us=first,
            last_us=last,
        )


def _weighed(channels: list[Channel], context: DetectorContext) -> list[tuple[Channel, PeerProfile]]:
    """With what is known of the peer: fame and use take off, novelty adds. The strongest of each story."""
    addresses = context.terms.addresses(channel.peer for channel in channels)
    domains = context.terms.domains(_domain(channel.name) for channel in channels if channel.name)
    best: dict[tuple[str, str, str], tuple[Channel, PeerProfile]] = {}
    for channel in channels:
        known = addresses[channel.peer]
        if channel.name:
            named = domains[_domain(channel.name)]
            grade = max(known.grade, named.grade, context.terms.lists.name_grade(channel.name))
            known = replace(named, grade=grade, hosts=max(named.hosts, known.hosts))
        weighed = replace(channel, nats=channel.nats + context.terms.nats(known))
        key = channel.kind, channel.host, channel.name or channel.peer
        if key not in best or weighed.nats > best[key][0].nats:
            best[key] = weighed, known
    return [best[key] for key in sorted(best)]


def _domain(name: str) -> str:
    return registered_domain(name) or name


def _candidate(channel: Channel, known: PeerProfile, context: DetectorContext) -> Candidate:
    homes = context.window.homes
    texts = [] if channel.inside else [channel.peer] if channel.name is None else [_domain(channel.name), channel.peer]
    named = [observable_of(None, text, homes) for text in texts if not (known.edge and text == channel.peer)]
    ends = (
        (("src", channel.peer), ("dst", channel.host))
        if channel.inward
        else (
            ("src", channel.host),
            ("dst", channel.peer),
        )
    )
    return Candidate(
        population=Tunnel.name,
        host=channel.host,
        peer=channel.name or channel.peer,
        story=f"{channel.kind} {channel.host} {channel.name or channel.peer}",
        statistic=channel.nats,
        observables=tuple(dict.fromkeys(one for one in named if one is not None)),
        first_us=channel.first_us,
        last_us=channel.last_us,
        hosts=max(1, known.hosts),
        listed=known.grade >= Grade.POPULAR,
        what=joined([WHAT[channel.kind].filled(peer=place(channel.name or channel.peer))]),
        against=()
        if channel.inside
        else tuple(known_against(channel.name or channel.peer, known, context.terms, channel.first_us)),
        advice=ADVICE.get(channel.kind),
        why=joined([*channel.facts, *([] if channel.inside else context.terms.said(known))]),
        rows=RowsRef("flow", (*ends, *channel.rows), channel.first_us, channel.last_us),
        technique=channel.technique,
        apart=True,
    )
