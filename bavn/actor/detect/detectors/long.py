"""Long connections: a flow with the outside that stays open for an hour or more.

Sees: TCP and busy UDP flows to or from the outside that lasted an hour and a quarter (an hour, to a peer without a
name where names are seen; 4, 8 or 12 weigh more); while they are open, too: by Suricata's rules on a flow's age
(detect/queries/flow_age.rules), and by a TLS, SSH, HTTP or RDP record whose flow has not ended while the flows of the
others have.

Misses: implants that hang up between calls (beacon); an hour split over several flows; a flow without a protocol
record at a sensor without those rules, until it ends; flows inside the actor; tunnels in a service of the register.

Innocent: VPN, jump hosts, HL7 (MLLP) and DICOM links, remote support, push and mail channels: the register of
services that stay open by nature weighs them down; the actor's own are listed under known_long.

Do first: ask who opened it and whether it is still open; look the peer up; see how the bytes went: a shell sends few.
"""

from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from math import log
from typing import Any, Final

from bavn.actor.detect.base import Advice, Candidate, DetectorContext, Found
from bavn.actor.detect.calibrate import Tally
from bavn.actor.detect.queries.open_flows import CLOSED_SQL, OPEN_SQL, PAIRS_SQL, open_kinds
from bavn.actor.detect.queries.peers import observable_of
from bavn.actor.detect.telling import alone, dated, known_against, place, when
from bavn.actor.detect.terms import PeerProfile
from bavn.actor.detect.wording import joined, size_of, span
from bavn.model.intel.grades import Grade
from bavn.model.moment import HOUR_US
from bavn.model.observable import registered_domain
from bavn.model.record import address_text
from bavn.model.spans import day, lasting
from bavn.model.suspicion import RowsRef
from bavn.model.text import Text

HOURS_MARKS: Final = (12, 8, 4, 1)
REGISTER: Final = {
    ("udp", 500): "VPN",
    ("udp", 4500): "VPN",
    ("udp", 1194): "VPN",
    ("tcp", 1194): "VPN",
    ("udp", 51820): "VPN",
    ("tcp", 1723): "VPN",
    ("udp", 1701): "VPN",
    ("tcp", 2575): "HL7 MLLP",
    ("tcp", 104): "DICOM",
    ("tcp", 11112): "DICOM",
    ("tcp", 5938): "remote support",
    ("tcp", 7070): "remote support",
    ("tcp", 6568): "remote support",
    ("tcp", 5222): "push",
    ("tcp", 5223): "push",
    ("tcp", 5228): "push",
    ("tcp", 993): "mail",
    ("tcp", 8883): "MQTT",
    ("tcp", 1883): "MQTT",
    ("udp", 123): "NTP",
    ("udp", 53): "DNS",
    ("tcp", 53): "DNS",
    ("tcp", 853): "DNS",
    ("udp", 3478): "STUN",
    ("tcp", 179): "BGP",
}
"""Services that stay open by nature (IANA's registry of ports; DICOM PS3.8; HL7 MLLP)."""
INWARD: Final = Advice(
    Text("a supplier's remote support, or a link between two systems, is opened from outside like this"),
    Text("ask whether a supplier has this way in, else close it; see how the bytes went: a shell sends few"),
)
REGISTER_NATS: Final = -3.0
WEIGHED_NATS_MIN: Final = log(1.25)
"""An hour and a quarter to an unknown peer, or an hour to one without a name; one in the register must last a day. In
an hour's file all that stays open lasts an hour."""
UNNAMED_NATS: Final = 1.0
FLOWS_MAX: Final = 100_000
CALM_NATS: Final = -9.0
"""Where pairs stand that never had a flow of LONG_US_MIN: below every other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stay:
    """The longest flow of one own host with one peer on one port. ``outward``: the host opened it."""

    host: str
    peer: str
    port: int
    proto: str
    outward: bool
    open: bool
    first_us: int
    last_us: int
    bytes: int

    @property
    def age_us(self) -> int:
        return self.last_us - self.first_us


class Long:
    """See the module's text."""

    name = "long"
    technique = "T1571"
    innocent = Text("a VPN, remote support, or a link between two systems stays open like this")
    tables = ("flow", "tls", "ssh", "http", "rdp", "alert", "pair_hour")

    def candidates(self, context: DetectorContext) -> Found:
        stays = _stays(context)
        facts = _facts(stays, context)
        has_names = bool(context.window.rows("SELECT 1 FROM dns WHERE answered AND answers IS NOT NULL LIMIT 1"))
        values = [_statistic(stay, facts[stay.peer], context, has_names=has_names) for stay in stays]
        pairs = int(context.window.rows(PAIRS_SQL)[0][0])
        tally = Tally.of([*values, CALM_NATS], [*[1] * len(values), max(0, pairs - len(values))])
        order = sorted(range(len(stays)), key=lambda i: (-values[i], stays[i].host, stays[i].peer, stays[i].port))
        best: dict[tuple[str, str], int] = {}
        for i in order:
            if stays[i].age_us >= HOUR_US and values[i] >= WEIGHED_NATS_MIN and not _expected(stays[i], context):
                best.setdefault((stays[i].host, _story(stays[i].peer, facts[stays[i].peer])), i)
        found = list(best.values())[: context.settings.candidates_max]
        made = [_candidate(stays[i], facts[stays[i].peer], values[i], context) for i in found]
        return Found(tuple(made), {self.name: tally})


def _facts(stays: list[Stay], context: DetectorContext) -> dict[str, PeerProfile]:
    """What is known of each peer, as old as the name that it goes by: an address that is new is no new peer."""
    facts = context.terms.addresses(stay.peer for stay in stays)
    stories = {peer: _story(peer, known) for peer, known in facts.items()}
    named = context.terms.domains(story for peer, story in stories.items() if story != peer)
    return {
        peer: context.terms.oldest(known, [named[stories[peer]]] if stories[peer] in named else [])
        for peer, known in facts.items()
    }


def _stays(context: DetectorContext) -> list[Stay]:
    """Ended flows and open ones, the longest of each host, peer and port."""
    rows = [*context.window.rows(CLOSED_SQL, {"limit": FLOWS_MAX})]
    kinds = open_kinds(context.window)
    if kinds:
        rows += context.window.rows(OPEN_SQL, {"limit": FLOWS_MAX, "kinds": list(kinds)})
    best: dict[tuple[str, str, int, str], Stay] = {}
    for row in rows:
        stay = _stay(*row)
        key = (stay.host, stay.peer, stay.port, stay.proto)
        if key not in best or (stay.age_us, stay.open, -stay.first_us) > _rank(best[key]):
            best[key] = stay
    return [best[key] for key in sorted(best)]


def _rank(stay: Stay) -> tuple[int, bool, int]:
    return stay.age_us, stay.open, -stay.first_us


def _stay(src: Any, dst: Any, port: int, proto: str, outward: bool, still: bool, *more: int) -> Stay:
    first, last, size = more
    host, peer = (src, dst) if outward else (dst, src)
    return Stay(
        host=address_text(host),
        peer=address_text(peer),
        port=port,
        proto=proto,
        outward=outward,
        open=still,
        first_us=first,
        last_us=last,
        bytes=size,
    )


def _expected(stay: Stay, context: DetectorContext) -> bool:
    """The actor's own register: its jump hosts, VPN gateways, and peers known to stay."""
    ends = (ip_address(stay.host), ip_address(stay.peer))
    nets = [ip_network(text, strict=False) for text in context.settings.known_long]
    return any(end.version == net.version and end in net for end in ends for net in nets)


def _statistic(stay: Stay, known: PeerProfile, context: DetectorContext, *, has_names: bool) -> float:
    kind = REGISTER_NATS if (stay.proto, stay.port) in REGISTER else 0.0
    if has_names and stay.outward and not known.names and not kind:
        kind = UNNAMED_NATS
    return log(stay.age_us / HOUR_US) + context.terms.nats(known) + kind


def _story(peer: str, known: PeerProfile) -> str:
    domains = {registered_domain(name) or name for name in known.names}
    return domains.pop() if len(domains) == 1 else peer


def _candidate(stay: Stay, known: PeerProfile, value: float, context: DetectorContext) -> Candidate:
    story, homes = _story(stay.peer, known), context.window.homes
    texts = ([story] if story != stay.peer else []) + ([stay.peer] if story == stay.peer or not known.edge else [])
    named = [observable_of(None, text, homes) for text in texts]
    return Candidate(
        population=Long.name,
        host=stay.host,
        peer=story,
        story=f"{stay.host} {story}",
        statistic=value,
        observables=tuple(dict.fromkeys(found for found in named if found is not None)),
        first_us=min(stay.first_us, known.first_us or stay.first_us),
        last_us=stay.last_us,
        hosts=max(1, known.hosts),
        listed=known.grade >= Grade.POPULAR,
        what=_what(stay, story, known, context),
        against=_against(stay, known, context),
        advice=None if stay.outward else INWARD,
        why=_why(stay, known, context),
        rows=RowsRef(
            "flow",
            (("src", stay.host), ("dst", stay.peer)) if stay.outward else (("src", stay.peer), ("dst", stay.host)),
            stay.first_us,
            stay.last_us,
        ),
        technique=None if stay.outward else "T1133",
    )


def _what(stay: Stay, story: str, known: PeerProfile, context: DetectorContext) -> Text:
    facts = {
        "peer": alone(story, known.hosts, context.terms) if stay.outward else place(story),
        "lasted": lasting(stay.age_us),
        "day": day(stay.first_us),
        "when": when(stay.first_us, stay.last_us),
    }
    if stay.outward:
        still = Text("one machine has had a connection to {peer} open for {lasted}, since {day}")
        over = Text("one machine had a connection to {peer} open for {lasted} {when}")
    else:
        still = Text("{peer} outside has had a connection to one machine here open for {lasted}, since {day}")
        over = Text("{peer} outside had a connection to one machine here open for {lasted} {when}")
    return joined([(still if stay.open and dated(stay.first_us) else over).filled(**facts)])


def _against(stay: Stay, known: PeerProfile, context: DetectorContext) -> tuple[Text, ...]:
    kind = REGISTER.get((stay.proto, stay.port))
    parts = [] if kind is None else [Text("{kind} stays open by nature", kind=kind)]
    return (*parts, *known_against(_story(stay.peer, known), known, context.terms, stay.first_us))


def _why(stay: Stay, known: PeerProfile, context: DetectorContext) -> Text:
    mark = next(hours for hours in HOURS_MARKS if stay.age_us >= hours * HOUR_US)
    lasted, size = span(stay.age_us), size_of(stay.bytes)
    door = f"{stay.proto}/{stay.port}"
    state = Text("is open since") if stay.open else Text("was open for")
    since = Text("{lasted} ago", lasted=lasted) if stay.open else lasted
    parts = [
        Text("a connection on {door} {state} {since} (over {mark} h)", door=door, state=state, since=since, mark=mark)
    ]
    if not stay.open:
        parts.append(Text("{size} in all", size=size))
    if not stay.outward:
        parts.append(Text("opened from outside"))
    if (stay.proto, stay.port) in REGISTER:
        kind = REGISTER[(stay.proto, stay.port)]
        parts.append(Text("{kind} stays open by nature", kind=kind))
    return joined(parts + context.terms.said(known))
