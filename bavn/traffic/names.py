"""Names and addresses outside: real popular ones, and invented ones that belong to nobody.

Popular services carry their real names, since popularity lists must know them; invented names are two Danish words
and three consonants under a real suffix. Invented addresses lie in ranges that are global but have never been routed
in public. Nothing here is ever contacted.
"""

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from bavn.traffic.dice import SeededDice

UNROUTED: Final = (25, 26, 28, 29, 30)
"""First octets of military /8s that are not announced."""

_FRONTS: Final = {
    "microsoft": (13, 107),
    "google": (142, 250),
    "cloudflare": (104, 16),
    "akamai": (23, 55),
    "amazon": (52, 95),
}

_FIRST = (
    "fjord",
    "havre",
    "klit",
    "lynge",
    "mose",
    "nord",
    "odder",
    "pil",
    "rav",
    "skov",
    "tang",
    "ulve",
    "vig",
    "birke",
    "dugg",
    "enge",
    "fyr",
    "gran",
    "hede",
    "isbjerg",
    "kaster",
    "lilje",
    "marsk",
    "oktav",
    "perle",
    "runde",
    "sten",
)
_SECOND = (
    "klint",
    "data",
    "portal",
    "galleri",
    "blad",
    "varme",
    "nyt",
    "butik",
    "forum",
    "skole",
    "teknik",
    "rejser",
    "apotek",
    "bolig",
    "cykel",
    "design",
    "energi",
    "film",
    "grafik",
    "have",
    "indeks",
    "jura",
    "kort",
    "lager",
)
_TELEMETRY = ("telemetri", "sync", "cloud", "device", "monitor", "remote", "link", "hub", "service", "connect")
_CONSONANTS = "bdfghjklmnpqrstvwxz"


@dataclass(frozen=True, slots=True)
class Site:
    """A host name outside, its address (as a number) and how often it is visited against others."""

    host: str
    address: int
    weight: float


_POPULAR: Final = (
    ("www.dr.dk", "akamai", 9),
    ("www.google.com", "google", 14),
    ("outlook.office365.com", "microsoft", 16),
    ("teams.microsoft.com", "microsoft", 10),
    ("login.microsoftonline.com", "microsoft", 9),
    ("www.tv2.dk", "akamai", 5),
    ("politiken.dk", "cloudflare", 3),
    ("www.dmi.dk", "cloudflare", 3),
    ("www.sundhed.dk", "cloudflare", 6),
    ("www.borger.dk", "cloudflare", 4),
    ("www.mitid.dk", "cloudflare", 4),
    ("rejseplanen.dk", "amazon", 3),
    ("www.youtube.com", "google", 5),
    ("www.linkedin.com", "microsoft", 3),
    ("www.facebook.com", "akamai", 4),
    ("da.wikipedia.org", "amazon", 3),
    ("www.bing.com", "microsoft", 6),
    ("fonts.gstatic.com", "google", 9),
    ("cdn.jsdelivr.net", "cloudflare", 4),
    ("www.berlingske.dk", "cloudflare", 2),
    ("www.krak.dk", "cloudflare", 1),
    ("www.netflix.com", "amazon", 1),
    ("github.com", "microsoft", 1),
    ("www.apple.com", "akamai", 2),
)

BLOCK_LISTS: Final = ("zen.spamhaus.org", "bl.spamcop.net")


@lru_cache(maxsize=1)
def popular() -> tuple[Site, ...]:
    """The services everybody uses."""
    return tuple(Site(host, front(owner, host), float(weight)) for host, owner, weight in _POPULAR)


def front(owner: str, host: str) -> int:
    """An address within a large provider's published range, fixed by the name."""
    high, low = _FRONTS[owner]
    return (high << 24) | (low << 16) | _digest(host, 2)


def invented_address(name: str) -> int:
    """An address that is global and never routed, fixed by the name."""
    number = _digest(f"address of {name}", 5)
    return (UNROUTED[number % len(UNROUTED)] << 24) | (number // 256) % 0xFFFF00 + 1


def invented_name(dice: SeededDice, suffix: str = "dk", *, telemetry: bool = False) -> str:
    """A registered name of nobody: ``fjordklint-kvx.dk``; vendors' names end like a service's."""
    second = _TELEMETRY if telemetry else _SECOND
    tail = "".join(_CONSONANTS[dice.below(len(_CONSONANTS))] for _ in range(3))
    return f"{_FIRST[dice.below(len(_FIRST))]}{second[dice.below(len(second))]}-{tail}.{suffix}"


def tail(dice: SeededDice, count: int) -> tuple[Site, ...]:
    """Rare sites, weights falling as a power of their rank."""
    suffixes = ("dk", "dk", "dk", "com", "com", "eu", "net", "org", "io", "se")
    labels = []
    for rank in range(count):
        name = invented_name(dice, suffixes[dice.below(len(suffixes))])
        labels.append(Site(f"www.{name}", invented_address(name), 1.0 / (rank + 2.0)))
    return tuple(labels)


def _digest(text: str, count: int) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=count).digest(), "big")
