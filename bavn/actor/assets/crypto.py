"""What the network's encryption is made of: every key exchange seen, told together by who, with what and how safe.

From record ``kex``, and from ``tls`` and ``ssh`` rows that no kex row tells better (Zeek says the negotiated group,
Suricata's JA3 string the offered ones). Refuses to guess: what the records do not show is unknown.
"""

from collections import Counter
from dataclasses import dataclass
from typing import Any, Final, Literal, NamedTuple

from bavn.actor.assets.facts import us
from bavn.model.intel.cryptonames import CIPHERS, GROUPS, Safety, greased, named, safest, safety_of
from bavn.model.observable import registered_domain
from bavn.model.ports import Window
from bavn.model.record import address_text
from bavn.model.text import Text

USES_MAX: Final = 100_000

Direction = Literal["out", "in", "inside"]
Standing = Literal["negotiated", "offered", "classical", "unknown"]
STANDINGS: Final[dict[Standing, Text]] = {
    "negotiated": Text("post-quantum negotiated"),
    "offered": Text("offered, not taken"),
    "classical": Text("classical only"),
    "unknown": Text("unknown"),
}
"""In the order from safe to unsafe against one who records now and computes later."""

Blocker = Literal["client", "server", "old version", "answer not seen", "group not shown", "none"]
BLOCKERS: Final[dict[Blocker, Text]] = {
    "client": Text("the client does not offer it"),
    "server": Text("the server does not take it"),
    "old version": Text("TLS 1.2 or older is negotiated"),
    "answer not seen": Text("the server's answer was not seen"),
    "group not shown": Text("the record does not show the group"),
    "none": Text("nothing"),
}

_ALIKE: Final = (
    'from_home, to_home, server, dst_port, protocol, "name", version, cipher, negotiated_group, offered, ja3_groups,'
    " signature, cert_key, cert_key_bits, cert_signature, cert"
)
# A tls row is left out where a kex row tells of the same conversation.
_USES = f"""
    WITH every AS (
        SELECT ts, src, dst, dst_port, protocol, "name", version, cipher, negotiated_group,
            array_to_string(offered_groups, ',') AS offered, NULL AS ja3_groups, signature, cert_key, cert_key_bits,
            cert_signature, cert, cert_subject, cert_issuer, notbefore, notafter
        FROM kex
        UNION ALL
        SELECT t.ts, t.src, t.dst, t.dst_port, CASE WHEN starts_with(t.version, 'QUIC') THEN 'quic' ELSE 'tls' END,
            t.sni, t.version, t.cipher, t.negotiated_group, NULL, split_part(t.ja3_string, ',', 4), NULL, t.cert_key,
            t.cert_key_bits, t.cert_signature, t.cert, t.subject, t.issuerdn, t.notbefore, t.notafter
        FROM tls t WHERE NOT EXISTS (SELECT 1 FROM kex k WHERE k.community_id = t.community_id
            AND t.ts BETWEEN k.ts - INTERVAL 1 MINUTE AND k.ts + INTERVAL 10 MINUTE)
        UNION ALL
        SELECT s.ts, s.src, s.dst, s.dst_port, 'ssh', NULL, 'SSH ' || s.client_proto, s.cipher, s.kex_method, NULL,
            NULL, s.host_key, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
        FROM ssh s WHERE NOT EXISTS (SELECT 1 FROM kex k WHERE k.community_id = s.community_id
            AND s.ts BETWEEN k.ts - INTERVAL 1 MINUTE AND k.ts + INTERVAL 10 MINUTE))
    SELECT is_home(src) AS from_home, is_home(dst) AS to_home, CASE WHEN is_home(dst) OR "name" IS NULL THEN dst END
        AS server, dst_port, protocol, "name", version, cipher, negotiated_group, offered, ja3_groups, signature,
        cert_key, cert_key_bits, cert_signature, cert, max(cert_subject), max(cert_issuer), max(notbefore),
        max(notafter), count(*) AS n, count(DISTINCT src), min(ts), max(ts)
    FROM every WHERE is_home(src) OR is_home(dst)
    GROUP BY {_ALIKE} ORDER BY n DESC, {_ALIKE} LIMIT {USES_MAX}"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """What was shown of a server's certificate; ``key`` and ``signature`` None where the source does not say."""

    sha1: str
    subject: str | None
    issuer: str | None
    key: str | None
    bits: int | None
    signature: str | None
    notbefore_us: int | None
    notafter_us: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """Key exchanges that are alike: so many of so many clients. ``server`` is its address where it is an own one or has
    no name; ``peer`` what people call it: own address and port, or the registered domain outside."""

    direction: Direction
    protocol: str
    server: str | None
    port: int
    name: str | None
    peer: str
    version: str | None
    cipher: str | None
    group: str | None
    offered: tuple[str, ...]
    signature: str | None
    certificate: Certificate | None
    count: int
    clients: int
    first_us: int
    last_us: int

    @property
    def standing(self) -> Standing:
        """How far a quantum computer of tomorrow is kept out."""
        if safety_of(self.group) in (Safety.HYBRID, Safety.PURE):
            return "negotiated"
        offered = safest(self.offered)
        if offered in (Safety.HYBRID, Safety.PURE):
            return "offered" if self.blocker != "answer not seen" else "unknown"
        if offered is Safety.CLASSICAL or safety_of(self.group) is Safety.CLASSICAL or self._old:
            return "classical"
        return "unknown"

    @property
    def blocker(self) -> Blocker:
        """What stands in the way."""
        offered = safest(self.offered)
        if safety_of(self.group) in (Safety.HYBRID, Safety.PURE):
            return "none"
        if self._old:
            return "old version"
        if offered is Safety.CLASSICAL:
            return "client"
        if offered is Safety.UNKNOWN:
            return "group not shown"
        if safety_of(self.group) is Safety.CLASSICAL:
            return "server"
        return "answer not seen" if self.version is None else "group not shown"

    @property
    def _old(self) -> bool:
        return self.protocol == "tls" and self.version is not None and self.version != "TLS 1.3"


def uses(window: Window) -> tuple[Use, ...]:
    """The most frequent first, at most USES_MAX. Raises QueryRefused."""
    return tuple(_use(_Row(*row)) for row in window.rows(_USES))


class _Row(NamedTuple):
    """What `_USES` selects, in its order."""

    from_home: bool
    to_home: bool
    server: Any
    port: int
    protocol: str
    name: str | None
    version: str | None
    cipher: str | None
    group: str | None
    offered: str | None
    ja3: str | None
    signature: str | None
    key: str | None
    bits: int | None
    signed: str | None
    cert: str | None
    subject: str | None
    issuer: str | None
    notbefore: Any
    notafter: Any
    uses: int
    clients: int
    first: Any
    last: Any


def _use(row: _Row) -> Use:
    address = None if row.server is None else address_text(row.server)
    direction: Direction = "inside" if row.from_home and row.to_home else "out" if row.from_home else "in"
    domain = (registered_domain(row.name) or row.name) if row.name else None
    return Use(
        direction=direction,
        protocol=row.protocol,
        server=address,
        port=row.port,
        name=row.name,
        peer=f"{address}:{row.port}" if row.to_home else domain or f"{address}:{row.port}",
        version=row.version,
        cipher=_cipher(row.cipher),
        group=_group(row.group),
        offered=tuple(row.offered.split(",")) if row.offered else _of_ja3(row.ja3),
        signature=row.signature,
        certificate=_certificate(row),
        count=row.uses,
        clients=row.clients,
        first_us=us(row.first),
        last_us=us(row.last),
    )


def _certificate(row: _Row) -> Certificate | None:
    if not row.cert:
        return None
    return Certificate(
        sha1=row.cert,
        subject=row.subject,
        issuer=row.issuer,
        key=row.key,
        bits=row.bits,
        signature=row.signed,
        notbefore_us=None if row.notbefore is None else us(row.notbefore),
        notafter_us=None if row.notafter is None else us(row.notafter),
    )


def _cipher(said: str | None) -> str | None:
    return named(CIPHERS, int(said, 16)) if said and said.startswith("0x") else said


def _group(said: str | None) -> str | None:
    return named(GROUPS, int(said, 16)) if said and said.startswith("0x") else said


def _of_ja3(groups: str | None) -> tuple[str, ...]:
    """The fourth part of a JA3 string: numbers with dashes between."""
    numbers = [int(part) for part in (groups or "").split("-") if part.isdecimal() and len(part) <= 5]
    return tuple(named(GROUPS, number) for number in numbers if not greased(number))


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Key exchanges of one ``what`` (a direction, a peer) by standing, and what stands in the way by count."""

    what: str
    total: int
    by_standing: dict[Standing, int]
    by_blocker: dict[Blocker, int]

    @property
    def share(self) -> float:
        """Of those whose standing is known, how many are post-quantum; 0 for none."""
        known = self.total - self.by_standing.get("unknown", 0)
        return self.by_standing.get("negotiated", 0) / known if known else 0.0


def by_direction(uses: tuple[Use, ...]) -> tuple[Tally, ...]:
    """out, in, inside: those that occur."""
    return tuple(
        _tally(way, [u for u in uses if u.direction == way])
        for way in ("out", "in", "inside")
        if any(u.direction == way for u in uses)
    )


def by_peer(uses: tuple[Use, ...], top: int) -> tuple[Tally, ...]:
    """The peers with most key exchanges that are not post-quantum first."""
    groups: dict[str, list[Use]] = {}
    for use in uses:
        groups.setdefault(use.peer, []).append(use)
    tallies = [_tally(peer, those) for peer, those in groups.items()]
    tallies.sort(key=lambda t: (t.by_standing.get("negotiated", 0) - t.total, t.what))
    return tuple(tallies[:top])


def _tally(what: str, those: list[Use]) -> Tally:
    standings: Counter[Standing] = Counter()
    blockers: Counter[Blocker] = Counter()
    for use in those:
        standings[use.standing] += use.count
        blockers[use.blocker] += use.count
    return Tally(
        what=what,
        total=sum(use.count for use in those),
        by_standing={name: standings[name] for name in STANDINGS if standings[name]},
        by_blocker={name: blockers[name] for name in BLOCKERS if blockers[name]},
    )
