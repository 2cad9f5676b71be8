"""First seen and rare: a peer outside, or a door of one's own, that nobody here had met before.

Sees: an outside peer new to the actor that hardly anybody here calls and that is odd besides: TLS on a port that is not
TLS's, no server name, a self-signed certificate, one that names somebody else, a fingerprint, user agent, server
software or port that goes to it alone, HTTP to a bare address or without user agent, a form sent to a bare address that
is no habit or as the first thing said to a name, a browser older than those used here, a program or an archive fetched,
an unknown protocol, many equal calls in one, mail or files left there directly, a service that belongs inside, an
address without a name or with one of dynamic DNS, a call right after the host asked for its own outside address (one of
sixteen at most: else a page asked). A sign that the host shows at many peers, or that many hosts show, says less. And
an own host that answers on a port first seen, which hardly any other host offers. In a capture without history
everything is first seen, so that says nothing there: the signs alone are ranked.

Misses: a new peer that looks like any web site (most are); implants in services that many use; one that does what its
host does at many peers anyway; peers behind a proxy of one's own; services behind ports above 32767.

Innocent: a new supplier, a new device, a test of one's own, software that speaks to bare addresses (games,
peer-to-peer; those of a cloud weigh less), appliances with self-signed certificates. A browser release brings one
fingerprint to many peers, which is not rare.

Do first: look the peer up, and its certificate; ask which program on the host called; for a new door, ask who opened
it.
"""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from importlib.resources import files
from math import log2
from typing import Any, Final, Self

import pyarrow as pa

from bavn.actor.detect.base import Advice, Candidate, DetectorContext, Found
from bavn.actor.detect.calibrate import Tally
from bavn.actor.detect.detectors.doors import doors
from bavn.actor.detect.queries.oddities import MET_SQL, ODDITIES, SIGNS
from bavn.actor.detect.queries.peers import observable_of
from bavn.actor.detect.telling import OWN_DOMAIN, known_against, place, since, unshared
from bavn.actor.detect.terms import HOSTS_SMALL, KNOWN_DAYS_MIN, NEW_DAYS_MAX, SHARE_FREE, PeerProfile, Terms
from bavn.actor.detect.wording import joined
from bavn.model.intel.grades import Grade
from bavn.model.moment import DAY_US
from bavn.model.observable import Observable, ObservableType, registered_domain
from bavn.model.record import address_text
from bavn.model.suspicion import RowsRef
from bavn.model.text import Text

WEIGHTS: Final[dict[str, float]] = json.loads(
    files("bavn.actor.detect").joinpath("sign_weights.json").read_text(encoding="utf-8")
)["nats"]
"""What each sign says for an implant, fitted with shrinkage by bench/signs.py on families that nothing else is measured
on; none reaches STRANGE_NATS_MIN alone."""
NATS: Final = {sign: WEIGHTS[sign] for sign in SIGNS}
OWN_NATS: Final = -3.0
"""What stands outside under the actor's own name alone is the actor's."""
LENT_NATS: Final = WEIGHTS["lent"]
UNNAMED_NATS: Final = WEIGHTS["unnamed"]
STRANGE_NATS_MIN: Final = 1.25
"""Two signs or more; chosen by benign sites left out of the fit (docs/benchmarks.md, "The ruler")."""
HABIT: Final = 0.25
"""How much less a sign says for each doubling of the host's peers that show it, and of the hosts that do so: up to .35
no capture of fit or choose is lost, nor the name of a labelled peer (docs/benchmarks.md, "The ruler")."""
HOST_DAYS_SHARE_MAX: Final = 0.005
"""So many strange peers for each host and day of NEW_DAYS_MAX at the most."""
UNAGED_MIN: Final = 20
"""In a short capture at least so many may be told, if they are that strange."""
HOSTS_RARE_MAX: Final = 2
PEERS_MAX: Final = 20_000
SAID: Final = {
    "tls_port": Text("TLS on port {port}"),
    "tls_nameless": Text("TLS without a server name"),
    "self_signed": Text("a self-signed certificate"),
    "tls_software": Text("a TLS fingerprint that goes here alone"),
    "http_port": Text("HTTP on port {port}"),
    "bare_address": Text("HTTP to a bare address"),
    "post_alone": Text("a form sent to it, and to hardly any other bare address"),
    "agent": Text("a user agent that goes here alone"),
    "agentless": Text("HTTP without a user agent"),
    "server": Text("server software met nowhere else"),
    "raw_port": Text("an unknown protocol on port {port}"),
    "lone_port": Text("nobody else is called on port {port}"),
    "cert_other": Text("the certificate names somebody else"),
    "program": Text("a program was fetched from it"),
    "raw_alone": Text("and hardly anybody else is spoken to in one"),
    "masked": Text("neither DNS, HTTP nor TLS on their port {port}"),
    "drop": Text("mail or a file left with it directly, past the actor's own server"),
    "inside_service": Text("a service of a network's inside, outside"),
    "curious": Text("first called right after the host asked for its own address"),
    "post_first": Text("the first thing said to it was a form sent"),
    "old_agent": Text("a user agent such as browsers had before 2011"),
    "bundle": Text("an archive or unnamed data fetched from it"),
    "equal_calls": Text("many equal connections in an unknown protocol"),
}
PLAIN: Final = {
    "program": Text("a program was fetched from it"),
    "bundle": Text("an archive or unnamed data was fetched from it"),
    "drop": Text("mail or a file was left with it, past your own server"),
    "post_first": Text("data was sent to it as the very first thing"),
    "post_alone": Text("hardly any other address without a name is sent data"),
    "curious": Text("the machine had just asked for its own outside address"),
    "cert_other": Text("it shows somebody else's certificate"),
    "self_signed": Text("nobody but itself vouches for it (self-signed certificate)"),
    "inside_service": Text("it is a service that belongs inside a network"),
    "masked": Text("what they speak is not what port {port} is for"),
    "equal_calls": Text("there were many calls of the same size in no known protocol"),
    "raw_port": Text("they speak no known protocol (port {port})"),
    "http_port": Text("the web request goes to an unusual port ({port})"),
    "tls_port": Text("the connection is encrypted, on an unusual port ({port})"),
    "old_agent": Text("the program that calls it names itself as browsers did before 2011"),
    "agentless": Text("the program that calls it does not say what it is"),
    "agent": Text("the program that calls it calls nobody else"),
    "tls_software": Text("the program that calls it calls nobody else"),
    "bare_address": Text("the web request goes to an address without a name"),
    "server": Text("its software is met nowhere else"),
    "raw_alone": Text("hardly anybody else is spoken to like that"),
    "lone_port": Text("nobody else is called on port {port}"),
    "tls_nameless": Text("the connection does not say whom it is for"),
}
"""The same without a word of the craft, for the first line; what tells people most stands first."""
AGAIN: Final = {
    ("http_port", "bare_address"): Text("it goes to an address without a name"),
    ("tls_port", "tls_nameless"): Text("it does not say whom it is for"),
    ("old_agent", "agent"): Text("it calls nobody else"),
    ("old_agent", "tls_software"): Text("it calls nobody else"),
    ("agentless", "tls_software"): Text("it calls nobody else"),
}
"""What is said of the second of two signs where the first has named the same thing."""
PORT_SIGNS: Final = ("tls_port", "http_port", "raw_port", "lone_port", "masked")
"""Those of a technique of their own (T1571), of which one is told where it is that."""
LENT: Final = Text("its name is of a kind that anybody can borrow")
PLAIN_MAX: Final = 2
"""So many of them, the strongest, are said there."""

_FETCHED: Final = Advice(
    Text("updates and installers are fetched like this"),
    Text("get hold of what was fetched without opening it, and ask which program fetched it"),
)
_SENT: Final = Advice(
    Text("forms and telemetry of a new service are sent like this"),
    Text("ask which program on the machine sent it; see how much it was, and what came back"),
)
_VOUCHED: Final = Advice(
    Text("appliances and test servers vouch for themselves"),
    Text("look the peer up, and its certificate; ask which program on the machine called"),
)
ADVICE: Final = {
    "program": _FETCHED,
    "bundle": _FETCHED,
    "drop": Advice(
        Text("a new supplier's mail server or file exchange looks like this"),
        Text("see what was left there, and from which account or program"),
    ),
    "post_first": _SENT,
    "post_alone": _SENT,
    "cert_other": _VOUCHED,
    "self_signed": _VOUCHED,
    "inside_service": Advice(
        Text("an address that somebody mistyped, or a server that has moved out, looks like this"),
        Text("ask which program on the machine calls it; close the service towards the outside where nobody needs it"),
    ),
}
"""By the sign that tells people most."""
OTHER_ADVICE: Final = Advice(
    Text("a new supplier, a new device or a test of your own looks like this the first time"),
    Text("look the peer up; ask which program on the machine called"),
)

_ONE: Final = " + ".join(f'CASE WHEN "{sign}" THEN {nats} ELSE 0 END' for sign, nats in NATS.items())
_SHOWN: Final = ", ".join(f'"{sign}"' for sign in SIGNS)
_STRONG: Final = f"""
    WITH {ODDITIES} SELECT dst, host, hosts, port, first_us, last_us, ja3, ja4, cert, tls, {_SHOWN}
    FROM odd WHERE {_ONE} > 0 ORDER BY {_ONE} DESC, first_us DESC, dst LIMIT {PEERS_MAX}"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """An outside address and what is odd about it. ``host``: the first own host that called. ``tls``: by TLS."""

    address: str
    host: str
    hosts: int
    port: int
    first_us: int
    last_us: int
    signs: tuple[str, ...]
    tls: bool
    observables: tuple[Observable, ...]
    statistic: float = 0.0

    def key(self, known: PeerProfile) -> str:
        """What it goes by."""
        return key_of(self.address, known)


def key_of(address: str, known: PeerProfile) -> str:
    """The registered domain, where its names have one only; else the address."""
    domains = {registered_domain(name) or name for name in known.names}
    return domains.pop() if len(domains) == 1 else address


class Rarity:
    """See the module's text."""

    name = "rarity"
    technique = "T1071"
    innocent = OTHER_ADVICE.innocent
    tables = ("tls", "http", "flow", "dns", "pair_hour", "name_hour")

    def candidates(self, context: DetectorContext) -> Found:
        tellers = pa.table({"name": pa.array(context.terms.lists.address_tellers, pa.string())})
        peers = [_peer(row) for row in context.window.rows(_STRONG, tables={"tellers": tellers})]
        facts = context.terms.addresses(peer.address for peer in peers)
        peers = [replace(peer, signs=signs_of(peer.signs, facts[peer.address], tls=peer.tls)) for peer in peers]
        shown = ((peer.host, peer.key(facts[peer.address]), peer.signs) for peer in peers)
        habits = Habits.of(shown, context.terms.hosts)
        has_names = bool(context.window.rows("SELECT 1 FROM dns WHERE answered AND answers IS NOT NULL LIMIT 1"))
        weighed = [_weighed(peer, facts[peer.address], context, habits, has_names=has_names) for peer in peers]
        calm = int(context.window.rows(MET_SQL)[0][0]) - len(weighed)
        tally = Tally.of([*(peer.statistic for peer in weighed), 0.0], [*[1] * len(weighed), max(0, calm)])
        best: dict[tuple[str, str], Peer] = {}
        for peer in sorted(weighed, key=lambda peer: (-peer.statistic, peer.first_us, peer.address)):
            if peer.statistic >= STRANGE_NATS_MIN and is_rare(peer.hosts, context.terms) and _first_seen(peer, context):
                best.setdefault((peer.host, peer.key(facts[peer.address])), peer)
        candidates = [_candidate(peer, key, facts[peer.address], context) for (_, key), peer in best.items()][
            : _most(context)
        ]
        opened, offered = doors(context)
        return Found((*candidates, *opened[: _most(context)]), {self.name: tally, "rarity.door": offered})


def _aged(context: DetectorContext) -> bool:
    """Whether the past reaches back far enough for anything to be called new."""
    return context.window.last_us - context.terms.known_from_us >= (KNOWN_DAYS_MIN + NEW_DAYS_MAX) * DAY_US


def is_rare(hosts: int, terms: Terms) -> bool:
    """Whether a peer that so many own hosts called is called by hardly any."""
    return hosts <= max(HOSTS_RARE_MAX, SHARE_FREE * terms.hosts)


def _first_seen(peer: Peer, context: DetectorContext) -> bool:
    """True for what is new; where nothing can be called so, for everything."""
    return not _aged(context) or context.window.last_us - peer.first_us <= NEW_DAYS_MAX * DAY_US


def _most(context: DetectorContext) -> int:
    """How many strange peers an actor may be told of."""
    share = int(HOST_DAYS_SHARE_MAX * NEW_DAYS_MAX * context.terms.hosts)
    return min(context.settings.candidates_max, max(1 if _aged(context) else UNAGED_MIN, share))


def _peer(row: tuple[Any, ...]) -> Peer:
    dst, host, hosts, port, first, last, ja3, ja4, cert, tls, *signs = row
    kinds = ((ObservableType.CERT, cert), (ObservableType.JA4, ja4), (ObservableType.JA3, ja3))
    observables = [observable_of(kind, value, ()) for kind, value in kinds if value]
    return Peer(
        address=address_text(dst),
        host=address_text(host),
        hosts=hosts,
        port=port,
        first_us=first,
        last_us=last,
        signs=tuple(sign for sign, shown in zip(SIGNS, signs, strict=True) if shown),
        tls=tls,
        observables=tuple(one for one in observables if one is not None),
    )


def signs_of(signs: tuple[str, ...], known: PeerProfile, *, tls: bool) -> tuple[str, ...]:
    """The signs that say something of this peer. A supplier's service by TLS has a name, and often its own port."""
    return tuple(sign for sign in signs if sign != "lone_port" or not (tls and known.names))


@dataclass(frozen=True, slots=True)
class Habits:
    """How usual each sign is here. ``peers``: how many of a host's show it; ``hosts``: how many have one that does."""

    peers: Counter[tuple[str, str]]
    hosts: Counter[str]
    total: int

    @classmethod
    def of(cls, shown: Iterable[tuple[str, str, tuple[str, ...]]], total: int) -> Self:
        """From each peer's host, key (one name at many addresses is one peer) and signs; ``total``: own hosts."""
        peers = Counter((host, sign) for host, sign, _ in {(h, sign, key) for h, key, signs in shown for sign in signs})
        return cls(peers, Counter(sign for _, sign in peers), total)

    def left(self, host: str, sign: str) -> float:
        """The share of a sign's nats that is left where a host shows it at so many peers, and so many hosts do."""
        share = (self.hosts[sign] - 1) / max(self.total, HOSTS_SMALL)
        return 1 / (1 + HABIT * (log2(self.peers[host, sign]) + log2(1 + share / SHARE_FREE)))


def _weighed(peer: Peer, known: PeerProfile, context: DetectorContext, habits: Habits, *, has_names: bool) -> Peer:
    """Signs, fame and prevalence in nats. That it is new makes it a candidate, so it counts nothing here: what is old
    now was as new once, and is what it is ranked among."""
    nats = sum(NATS[sign] * habits.left(peer.host, sign) for sign in peer.signs)
    nats += UNNAMED_NATS if has_names and not known.names else 0.0
    nats += OWN_NATS if own_names(known, context.terms) else 0.0
    nats += LENT_NATS if any(context.terms.lists.is_lent(name) for name in known.names) else 0.0
    return replace(peer, statistic=nats + unaged_nats(context.terms, known))


def own_names(known: PeerProfile, terms: Terms) -> bool:
    """Whether a peer goes by the actor's own names alone."""
    return bool(known.names) and all(terms.home_names.holds(name) for name in known.names)


def unaged_nats(terms: Terms, known: PeerProfile) -> float:
    """Fame and prevalence alone."""
    return terms.nats(replace(known, new=None))


def _candidate(peer: Peer, key: str, known: PeerProfile, context: DetectorContext) -> Candidate:
    homes = context.window.homes
    texts = ([key] if key != peer.address else []) + ([peer.address] if key == peer.address or not known.edge else [])
    named = [one for one in (observable_of(None, text, homes) for text in texts) if one is not None]
    return Candidate(
        population=Rarity.name,
        host=peer.host,
        peer=key,
        story=f"{peer.host} {key}",
        statistic=peer.statistic,
        observables=(*named, *peer.observables),
        first_us=peer.first_us,
        last_us=peer.last_us,
        hosts=max(1, peer.hosts),
        listed=known.grade >= Grade.POPULAR,
        what=_what(peer, key, known, context),
        against=(
            *([OWN_DOMAIN] if own_names(known, context.terms) else []),
            *known_against(key, known, context.terms, peer.first_us),
        ),
        advice=next((ADVICE[sign] for sign in PLAIN if sign in ADVICE and sign in peer.signs), OTHER_ADVICE),
        why=_why(peer, key, known, context),
        rows=RowsRef("flow", (("src", peer.host), ("dst", peer.address)), peer.first_us, peer.last_us),
        apart=True,
        technique=_technique(peer),
    )


def _technique(peer: Peer) -> str:
    if "drop" in peer.signs:
        return "T1048"
    if not set(PORT_SIGNS).isdisjoint(peer.signs):
        return "T1571"
    return "T1573" if "self_signed" in peer.signs else "T1071"


def _what(peer: Peer, key: str, known: PeerProfile, context: DetectorContext) -> Text:
    lent = not _is_bare(peer) and any(context.terms.lists.is_lent(name) for name in known.names)
    odd = _told(peer, lent=lent)
    text = Text(
        "one machine called {peer} {since}: {odd}",
        peer=unshared(_named(peer, key), peer.hosts, context.terms),
        since=since(peer.first_us, peer.last_us, context.window.last_us),
        odd=Text("{one}, and {other}", one=odd[0], other=odd[1]) if len(odd) > 1 else odd[0],
    )
    return joined([text])


def _told(peer: Peer, *, lent: bool) -> list[Text]:
    """What tells people most, in at most PLAIN_MAX parts; the port's among them where that is the technique."""
    telling = list({PLAIN[sign].en: sign for sign in reversed(PLAIN) if sign in peer.signs}.values())[::-1]
    shown = telling[:PLAIN_MAX]
    by_port = _technique(peer) == "T1571"
    if by_port and not set(PORT_SIGNS) & set(shown):
        shown[-1] = next(sign for sign in telling if sign in PORT_SIGNS)
    odd = [PLAIN[sign].filled(port=peer.port) for sign in shown]
    if lent and (not by_port or shown[0] in PORT_SIGNS):
        return [*odd[: PLAIN_MAX - 1], LENT]
    return odd if len(odd) < PLAIN_MAX else [odd[0], AGAIN.get((shown[0], shown[1]), odd[1])]


def _is_bare(peer: Peer) -> bool:
    """Whether it was asked by its address, whatever name it has."""
    return "bare_address" in peer.signs


def _named(peer: Peer, key: str) -> Text:
    """What the signs are about: a name that no request had stands behind the address."""
    if key != peer.address and _is_bare(peer):
        return Text("{peer} ({name})", peer=place(peer.address), name=key)
    return place(key)


def _why(peer: Peer, key: str, known: PeerProfile, context: DetectorContext) -> Text:
    parts = [Text("{key} is rare here", key=peer.address if _is_bare(peer) else key)] if context.terms.hosts > 1 else []
    parts += [SAID[s].filled(port=peer.port) for s in peer.signs]
    if not known.names:
        parts.append(Text("the peer has no name here"))
    if any(context.terms.lists.is_lent(name) for name in known.names):
        parts.append(Text("a name of dynamic DNS"))
    return joined(parts + context.terms.said(known))
