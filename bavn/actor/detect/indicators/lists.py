"""How well known a name or an address is to the world: popularity lists and the MISP warning lists, loaded once.

A list weighs down, it never drops: attackers live on popular storage and dynamic-DNS domains too. A name is looked up
itself and by its parents down to its registered domain, never above it: ``customer.duckdns.org`` is not popular because
``duckdns.org`` is. Refuses to fetch anything: the lists are those in the package pymispwarninglists.
"""

import json
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from enum import IntEnum
from functools import lru_cache
from typing import Final, Self

import pyarrow as pa
import pyarrow.compute as pc

from bavn.model.intel.warning_files import warning_file
from bavn.model.observable import registered_domain
from bavn.model.record import range_uuids


class Grade(IntEnum):
    """How popular: the nats it weighs a candidate down by stand in terms.py."""

    UNKNOWN = 0
    KNOWN = 1
    POPULAR = 2
    SERVICE = 3


# Sources: MISP/misp-warninglists (CC0). SERVICE: operating systems' and offices' own services and the world's first
# thousand; POPULAR: the first ten or twenty thousand; KNOWN: the first million.
NAME_LISTS: Final = {
    Grade.SERVICE: (
        "cisco_top1000",
        "alexa",
        "moz-top500",
        "microsoft",
        "microsoft-office365",
        "google",
        "captive-portals",
        "microsoft-win10-connection-endpoints",
        "whats-my-ip",
        "findip-host",
        "common-ioc-false-positive",
    ),
    Grade.POPULAR: ("tranco10k", "majestic_million", "cisco_top20k"),
    Grade.KNOWN: ("tranco", "university_domains", "bank-website"),
}
ADDRESS_LISTS: Final = {
    Grade.SERVICE: ("apple", "microsoft-office365-ip", "wikimedia"),
    Grade.POPULAR: ("public-dns-v4", "public-dns-v6"),
}
EDGE_LISTS: Final = (
    "akamai",
    "cloudflare",
    "fastly",
    "stackpath",
    "amazon-aws",
    "microsoft-azure",
    "google-gcp",
    "ovh-cluster",
    "github",
    "zscaler",
)
RESEARCH_LISTS: Final = (
    "alphastrike-research-nt-scanning",
    "alphastrike-scanning",
    "bufferover-nt-scanning",
    "censys-scanning",
    "coalition-signals-intelligence-nt-scanning",
    "cybergreen-nt-scanning",
    "cyberresilience-nt-scanning",
    "internet-census-nt-scanning",
    "intrinsec-nt-scanning",
    "ipinfo-nt-scanning",
    "ipip-nt-scanning",
    "modat-scanner",
    "netsecscan-scanning",
    "onyphe-scanner",
    "probethenet-nt-scanning",
    "rapid7-nt-scanning",
    "research-scanner-nt-scanning",
    "shadowforce-scanning",
    "shadowserver",
    "shadowserver-nt-scanning",
    "shodan-scanning",
    "shodan-nt-scanning",
    "tenable-cloud-ipv4",
    "tenable-cloud-ipv6",
)

LENT_LISTS: Final = ("dynamic-dns",)
TELLER_LISTS: Final = ("whats-my-ip", "findip-host")


class ListsMissing(Exception):
    """The package pymispwarninglists holds no such list. The operator must act: install the pinned version."""


class Names:
    """A sorted, compact set of names: a million of them take 20 MB, a look-up twenty comparisons."""

    def __init__(self, names: Iterable[str]) -> None:
        given = pc.utf8_lower(
            pc.utf8_ltrim(pc.utf8_trim_whitespace(pa.array(list(names), pa.string())), characters=".")
        )
        self._sorted = pc.take(given, pc.sort_indices(given))

    @classmethod
    def held(cls, array: pa.Array) -> Self:
        """Names that are spelled and sorted already, wherever the array's memory is."""
        made = object.__new__(cls)
        made._sorted = array
        return made

    @property
    def array(self) -> pa.Array:
        """All of them, sorted."""
        return self._sorted

    def __contains__(self, name: str) -> bool:
        at = bisect_left(self._sorted, name, key=lambda item: item.as_py())
        return at < len(self._sorted) and self._sorted[at].as_py() == name


class Ranges:
    """A set of networks, merged, as stored 128-bit numbers. What is no network is left out."""

    def __init__(self, cidrs: Iterable[str]) -> None:
        spans: list[tuple[int, int]] = []
        for cidr in cidrs:
            try:
                first, last = range_uuids(cidr)
            except ValueError:
                continue
            spans.append((first.int, last.int))
        self._firsts: list[int] = []
        self._lasts: list[int] = []
        for low, high in sorted(spans):
            if self._lasts and low <= self._lasts[-1]:
                self._lasts[-1] = max(self._lasts[-1], high)
            else:
                self._firsts.append(low)
                self._lasts.append(high)

    @classmethod
    def held(cls, firsts: list[int], lasts: list[int]) -> Self:
        """Spans that are merged and sorted already."""
        made = object.__new__(cls)
        made._firsts, made._lasts = firsts, lasts
        return made

    @property
    def spans(self) -> tuple[list[int], list[int]]:
        """First and last number of each span, ascending."""
        return self._firsts, self._lasts

    def __contains__(self, address: int) -> bool:
        at = bisect_right(self._firsts, address) - 1
        return at >= 0 and address <= self._lasts[at]


class Lists:
    """Everything that is looked up about a peer's fame. Build from the shipped lists or, in tests, from a few names."""

    def __init__(
        self,
        names: dict[Grade, Names],
        addresses: dict[Grade, Ranges] | None = None,
        edges: Ranges | None = None,
        research: Ranges | None = None,
        lent: Names | None = None,
        address_tellers: Iterable[str] = (),
    ) -> None:
        self._names = sorted(names.items(), reverse=True)
        self._addresses = sorted((addresses or {}).items(), reverse=True)
        self._edges = edges or Ranges(())
        self._research = research or Ranges(())
        self._lent = lent or Names(())
        self.address_tellers = tuple(sorted(set(address_tellers)))
        """Names that tell whoever asks the address he comes from."""

    @classmethod
    def of(cls, **names: Iterable[str]) -> Self:
        """Small lists by grade: ``Lists.of(popular=["example.com"])``."""
        return cls({Grade[grade.upper()]: Names(given) for grade, given in names.items()})

    def name_grade(self, name: str) -> Grade:
        """The highest grade of the name or of a parent down to its registered domain."""
        registered = registered_domain(name) or name
        spellings = [name]
        while spellings[-1] != registered and "." in spellings[-1]:
            spellings.append(spellings[-1].split(".", 1)[1])
        for grade, names in self._names:
            if any(spelling in names for spelling in spellings):
                return grade
        return Grade.UNKNOWN

    def address_grade(self, address: int) -> Grade:
        """The grade of an address in its stored 128-bit form."""
        return next((grade for grade, ranges in self._addresses if address in ranges), Grade.UNKNOWN)

    def names_of(self, grade: Grade) -> Names:
        """The names of one grade."""
        return dict(self._names).get(grade) or Names(())

    def spans_of(self, grade: Grade) -> tuple[list[int], list[int]]:
        """The addresses of one grade, as Ranges has them."""
        found = dict(self._addresses).get(grade)
        return found.spans if found is not None else ([], [])

    def is_edge(self, address: int) -> bool:
        """True in the ranges of clouds and content networks: many customers behind one address."""
        return address in self._edges

    def is_lent(self, name: str) -> bool:
        """True for a name under a domain of dynamic DNS: anybody takes one within a minute, for nothing."""
        parts = name.split(".")
        return any(".".join(parts[at:]) in self._lent for at in range(len(parts) - 1))

    def is_research_scanner(self, address: int) -> bool:
        """True in the ranges of those who scan the whole internet and say so."""
        return address in self._research


NO_LISTS: Final = Lists({})


def _entries(name: str) -> list[str]:
    try:
        entries: list[str] = json.loads(warning_file(name).read_text(encoding="utf-8"))["list"]
    except (OSError, ValueError, KeyError) as error:
        raise ListsMissing(f"pymispwarninglists holds no list {name!r}: {error}") from error
    return entries


def _all(names: Iterable[str]) -> Iterable[str]:
    for name in names:
        yield from _entries(name)


@lru_cache(maxsize=1)
def shipped() -> Lists:
    """The lists of the installed package: about one second of CPU and 30 MB, once."""
    return Lists(
        {grade: Names(_all(names)) for grade, names in NAME_LISTS.items()},
        {grade: Ranges(_all(names)) for grade, names in ADDRESS_LISTS.items()},
        Ranges(_all(EDGE_LISTS)),
        Ranges(_all(RESEARCH_LISTS)),
        Names(_all(LENT_LISTS)),
        _all(TELLER_LISTS),
    )
