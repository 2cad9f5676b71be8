"""Which networks are the actor's own, where nobody has said: for captures handed over without a word.

Private ranges, where most calls have an end in them; else the few addresses that take part in nearly all calls, as at a
server on the open internet. Refuses to look names up.
"""

from collections import Counter
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import Final

from bavn.model.ports import Window
from bavn.model.record import address_text
from bavn.model.text import Text

PRIVATE: Final = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")
"""RFC 1918, RFC 6598, RFC 4193."""
NOBODYS: Final = ("0.0.0.0/8", "240.0.0.0/4")
"""RFC 1122 ("this network") and RFC 1112 (reserved): no machine has such an address; broken packets do."""
LINK: Final = ("169.254.0.0/16", "fe80::/10", "127.0.0.0/8", "::1/128")
PRIVATE_SHARE_MIN: Final = 0.5
COVERED_SHARE: Final = 0.95
SINGLE_MAX: Final = 16
PAIRS_MAX: Final = 1_000_000

_PAIRS = f"""
    SELECT src, dst, sum(n)::BIGINT AS n FROM (
        SELECT src, dst, sum(flows)::BIGINT AS n FROM pair_hour GROUP BY src, dst
        UNION ALL SELECT src, dst, count(*) FROM http GROUP BY src, dst
        UNION ALL SELECT src, dst, count(*) FROM tls GROUP BY src, dst
        UNION ALL SELECT src, dst, count(*) FROM dns GROUP BY src, dst)
    GROUP BY src, dst ORDER BY n DESC, src, dst LIMIT {PAIRS_MAX}"""


@dataclass(frozen=True, slots=True)
class Homes:
    """CIDR texts, and a sentence on how they were chosen."""

    networks: tuple[str, ...]
    sentence: Text


def inferred(window: Window) -> Homes:
    """The likely homes of what the window holds; the window itself needs none."""
    pairs = [(address_text(src), address_text(dst), int(n)) for src, dst, n in window.rows(_PAIRS)]
    pairs = [(src, dst, n) for src, dst, n in pairs if not _is_nobody(src) and not _is_nobody(dst)]
    total = sum(n for _, _, n in pairs)
    inside = sum(n for src, dst, n in pairs if _within(src, PRIVATE) or _within(dst, PRIVATE))
    if not total or inside >= PRIVATE_SHARE_MIN * total:
        return Homes(
            PRIVATE + LINK,
            Text("own networks taken to be the private ranges"),
        )
    chosen = _cover(pairs, COVERED_SHARE * total)
    singles = tuple(f"{address}/{32 if ip_address(address).version == 4 else 128}" for address in chosen)
    named = ", ".join(chosen)
    return Homes(
        singles + PRIVATE + LINK,
        Text(
            "no private addresses in most calls: own machines taken to be {named} (set --home to say otherwise)",
            named=named,
        ),
    )


def _is_nobody(address: str) -> bool:
    """No machine of somebody's: the link's own, a crowd, or not said (``::``)."""
    found = ip_address(address)
    return _within(address, LINK + NOBODYS) or found.is_multicast or found.is_unspecified


def _within(address: str, networks: tuple[str, ...]) -> bool:
    number = ip_address(address)
    return any(number.version == net.version and number in net for net in map(ip_network, networks))


def _cover(pairs: list[tuple[str, str, int]], wanted: float) -> list[str]:
    """The addresses with most different peers, until their calls are as many as wanted; at most SINGLE_MAX."""
    peers: dict[str, set[str]] = {}
    calls: Counter[str] = Counter()
    for src, dst, n in pairs:
        peers.setdefault(src, set()).add(dst)
        peers.setdefault(dst, set()).add(src)
        calls[src] += n
    chosen: list[str] = []
    covered = 0
    for address in sorted(peers, key=lambda a: (-len(peers[a]), -calls[a], a)):
        gain = sum(n for src, dst, n in pairs if address in (src, dst) and not ({src, dst} - {address}) & set(chosen))
        if gain:
            chosen.append(address)
            covered += gain
        if covered >= wanted or len(chosen) == SINGLE_MAX:
            break
    return chosen
