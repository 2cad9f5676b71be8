"""How well known a name or an address is to the world, and which of MISP's warning lists say so.

A name is looked up itself and by its parents down to its registered domain, never above it: ``customer.duckdns.org`` is
not popular because ``duckdns.org`` is.
"""

import json
from bisect import bisect_right
from collections.abc import Iterable
from enum import IntEnum
from typing import Final

from bavn.model.intel.warning_files import warning_text
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

    @property
    def spans(self) -> tuple[list[int], list[int]]:
        """First and last number of each span, ascending."""
        return self._firsts, self._lasts

    def __contains__(self, address: int) -> bool:
        at = bisect_right(self._firsts, address) - 1
        return at >= 0 and address <= self._lasts[at]


def spellings(name: str) -> list[str]:
    """The name, and its parents down to its registered domain."""
    registered = registered_domain(name) or name
    written = [name]
    while written[-1] != registered and "." in written[-1]:
        written.append(written[-1].split(".", 1)[1])
    return written


def plain(entry: str) -> str:
    """A name of a list as it is looked up."""
    return entry.strip().lstrip(".").lower()


def entries(name: str) -> list[str]:
    """What a list holds. Raises ListsMissing."""
    try:
        listed: list[str] = json.loads(warning_text(name))["list"]
    except (OSError, ValueError, KeyError) as error:
        raise ListsMissing(f"pymispwarninglists holds no list {name!r}: {error}") from error
    return listed
