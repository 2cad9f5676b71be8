"""What is ordinary in an actor's outside life: the peers and kinds of a window, by how much they are used.

What the commons round asks about (psi/commons.py): registered domains, addresses that no name was seen for and their
/24, fingerprints of own programs and pairs of them with a server's, certificates and who issued them, what programs and
servers outside say of themselves, numbers of alerts, services that are called outside, chains of techniques. Refuses to
name anything inside, and what the actor's policy keeps out of every round.
"""

import contextlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import zip_longest
from typing import Final

import pyarrow as pa

from bavn.actor.detect.queries.home_names import HomeNames, home_domains
from bavn.actor.detect.queries.peers import observable_of, one_peer
from bavn.model.intel.behaviour import pair
from bavn.model.observable import NotCanonical, Observable, ObservableType
from bavn.model.ports import Window
from bavn.model.record import address_text
from bavn.psi.ordinary import Ordinary, OrdinaryType

Kind = Observable | Ordinary
LeftOut = Callable[[Kind], bool]
_OUT: Final = f"is_home(src) AND NOT is_home(dst) AND {one_peer('dst')}"
LOCAL_RULES: Final = range(1_000_000, 2_000_000)
"""Suricata leaves these numbers to everybody's own rules: one means another thing at every actor."""

_DOMAINS: Final = """SELECT "domain", sum(n)::BIGINT AS n FROM name_hour WHERE "domain" IS NOT NULL AND is_home(src)
    GROUP BY ALL ORDER BY n DESC, "domain" LIMIT $limit"""
# An address has a name where a hello or a request to it says one, or an answer gave it for one.
_ADDRESSES: Final = f"""
    WITH said AS (SELECT dst FROM tls WHERE sni IS NOT NULL UNION SELECT dst FROM http WHERE http.host IS NOT NULL),
    called AS (SELECT dst, sum(answered)::BIGINT AS n FROM pair_hour WHERE {_OUT} GROUP BY dst HAVING n > 0)
    SELECT dst, n FROM called ANTI JOIN said USING (dst) ORDER BY n DESC, dst LIMIT $limit"""
_NAMED: Final = """SELECT DISTINCT address FROM (SELECT unnest(answers) AS address FROM dns WHERE answered)
    SEMI JOIN called USING (address)"""
_SERVICES: Final = f"""SELECT proto || '/' || dst_port, sum(answered)::BIGINT AS n FROM pair_hour
    WHERE {_OUT} AND proto IN ('tcp', 'udp', 'sctp') GROUP BY ALL HAVING n > 0 ORDER BY n DESC, 1 LIMIT $limit"""
_ALERTS: Final = f"""SELECT coalesce(gid, 1) || ':' || signature_id, count(*) AS n FROM alert
    WHERE signature_id NOT BETWEEN {LOCAL_RULES.start} AND {LOCAL_RULES.stop - 1} AND is_home(src) <> is_home(dst)
    GROUP BY ALL ORDER BY n DESC, 1 LIMIT $limit"""


def _column(column: str, table: str, where: str = "TRUE") -> str:
    """How often each value of a column is seen of conversations of own hosts with somebody outside."""
    return f"""SELECT {column} AS said, count(*) AS n FROM {table} WHERE {_OUT} AND {where} AND said IS NOT NULL
        GROUP BY ALL ORDER BY n DESC, said LIMIT $limit"""


def _observable(kind: ObservableType) -> Callable[[str], Kind]:
    return lambda text: Observable.once(kind, text)


def _ordinary(kind: OrdinaryType) -> Callable[[str], Kind]:
    return lambda text: Ordinary.of(kind, text)


def _pair(text: str) -> Kind:
    client, _, server = text.partition("+")
    return pair(client, server)


_PLAIN: Final[tuple[tuple[str, Callable[[str], Kind]], ...]] = (
    (_column("ja3", "tls"), _observable(ObservableType.JA3)),
    (_column("ja4", "tls"), _observable(ObservableType.JA4)),
    (_column("ja3 || '+' || ja3s", "tls"), _pair),
    (_column("ja4 || '+' || ja3s", "tls"), _pair),
    (_column("cert", "tls"), _observable(ObservableType.CERT)),
    (_column("issuerdn", "tls"), _ordinary(OrdinaryType.ISSUER)),
    (_column("user_agent", "http"), _ordinary(OrdinaryType.USER_AGENT)),
    (_column('"server"', "http"), _ordinary(OrdinaryType.SERVER)),
    (_column("server_software", "ssh"), _ordinary(OrdinaryType.SERVER)),
    (_SERVICES, _ordinary(OrdinaryType.SERVICE)),
    (_ALERTS, _ordinary(OrdinaryType.ALERT)),
)


@dataclass(frozen=True, slots=True)
class Used:
    """A peer or a kind, and how often it was used in the window."""

    kind: Kind
    uses: int


def outside_life(
    window: Window, most: int, chains: Iterable[Observable] = (), left_out: LeftOut = lambda _: False
) -> list[Used]:
    """At most ``most`` of them, what is used most first. Kinds of one type are ordered by use; between types they take
    turns, since a name and a fingerprint are not used alike. ``chains``: of techniques, of the same days; ``left_out``:
    what the policy keeps out."""
    sorts = [_domains(window, most), *_addresses(window, most, left_out)]
    sorts += [_read(window, sql, read, most) for sql, read in _PLAIN]
    sorts.append([Used(one, 1) for one in sorted(set(chains)) if one.type is ObservableType.CHAIN])
    allowed = [[used for used in uses if not left_out(used.kind)] for uses in sorts]
    return list(_in_turn(allowed))[:most]


def _domains(window: Window, most: int) -> list[Used]:
    own = HomeNames(home_domains(window))
    rows = window.rows(_DOMAINS, {"limit": most})
    return [
        Used(observable, uses)
        for name, uses in rows
        if not own.holds_domain(name)
        and (observable := observable_of(ObservableType.DOMAIN, name, tuple(window.homes))) is not None
    ]


def _addresses(window: Window, most: int, left_out: LeftOut) -> tuple[list[Used], list[Used]]:
    """Those that no name was seen for, and the networks that they are in; one that is left out makes no network."""
    called = {address_text(dst): int(uses) for dst, uses in window.rows(_ADDRESSES, {"limit": most})}
    given = {"called": pa.table({"address": pa.array(called, pa.string())})}
    named = {address for (address,) in window.rows(_NAMED, tables=given)}
    addresses, nets = [], Counter[Ordinary]()
    for address, uses in called.items():
        observable = None if address in named else observable_of(None, address, tuple(window.homes))
        if observable is not None and not left_out(observable):
            addresses.append(Used(observable, uses))
            nets[Ordinary.of(OrdinaryType.NET, address)] += uses
    return addresses, [Used(net, uses) for net, uses in sorted(nets.items(), key=lambda pair: (-pair[1], pair[0]))]


def _read(window: Window, sql: str, read: Callable[[str], Kind], most: int) -> list[Used]:
    """Values that are written in two ways count together; those that are none are left out."""
    uses = Counter[Kind]()
    for text, n in window.rows(sql, {"limit": most}):
        with contextlib.suppress(NotCanonical):
            uses[read(text)] += int(n)
    return [Used(kind, n) for kind, n in sorted(uses.items(), key=lambda pair: (-pair[1], str(pair[0])))]


def _in_turn(sorts: Iterable[list[Used]]) -> Iterator[Used]:
    """The first of each, then the second of each, ... each once."""
    seen: set[Kind] = set()
    for turn in zip_longest(*sorts):
        for used in turn:
            if used is not None and used.kind not in seen:
                seen.add(used.kind)
                yield used
