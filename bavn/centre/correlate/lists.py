"""What the world at large knows of an observable: popularity and warning lists, for the score and for gate 3.

A list weighs down and keeps from being blocked; it never drops a lead. A domain is looked up itself and by its parents
down to its registered domain. Lists of what attackers and everybody share (dynamic DNS, URL shorteners, VPN exits,
sinkholes) are left out on purpose: standing there says nothing for innocence. Refuses to fetch anything: the lists are
those of the installed package pymispwarninglists (MISP/misp-warninglists, CC0), read once, when first asked.
"""

import json
from functools import cached_property
from ipaddress import ip_address, ip_network
from typing import Final, Literal, Protocol

from bavn.model.intel.warning_files import warning_text
from bavn.model.observable import Observable, ObservableType, registered_domain

Grade = Literal["known", "popular", "service", "shared"]

NAMES: Final[dict[str, Grade]] = {
    "tranco": "known",
    "university_domains": "known",
    "bank-website": "known",
    "tranco10k": "popular",
    "cisco_top20k": "popular",
    "majestic_million": "popular",
    "cisco_top1000": "service",
    "alexa": "service",
    "moz-top500": "service",
    "google": "service",
    "microsoft": "service",
    "microsoft-office365": "service",
    "microsoft-win10-connection-endpoints": "service",
    "captive-portals": "service",
    "crl-hostname": "service",
    "security-provider-blogpost": "service",
    "automated-malware-analysis": "service",
    "common-ioc-false-positive": "service",
    "public-dns-hostname": "service",
    "whats-my-ip": "known",
}
ADDRESSES: Final[dict[str, Grade]] = {
    "akamai": "shared",
    "cloudflare": "shared",
    "fastly": "shared",
    "stackpath": "shared",
    "github": "shared",
    "zscaler": "shared",
    "parking-domain": "shared",
    "apple": "service",
    "microsoft-office365-ip": "service",
    "wikimedia": "service",
    "googlebot": "service",
    "crl-ip": "service",
    "smtp-receiving-ips": "service",
    "public-dns-v4": "service",
    "public-dns-v6": "service",
}
HASHES: Final[dict[str, Grade]] = {
    "mozilla-CA": "service",
    "mozilla-IntermediateCA": "service",
    "empty-hashes": "service",
    "ti-falsepositives": "service",
    "nioc-filehash": "known",
    "eicar.com": "known",
}


class Lists(Protocol):
    """Where an observable is listed: (name of the list, its grade), sorted; empty for most."""

    def of(self, observable: Observable) -> tuple[tuple[str, Grade], ...]: ...


class NoLists:
    """Knows of no list: for sectors and tests that want none."""

    def of(self, observable: Observable) -> tuple[tuple[str, Grade], ...]:  # noqa: ARG002  the port's shape
        return ()


class ListsMissing(Exception):
    """The package pymispwarninglists lacks a list that is named here. The operator must act: install the pinned
    version."""


class WarningLists:
    """The lists named above. The first question costs about 2 s of CPU and 200 MB; later ones some microseconds."""

    def of(self, observable: Observable) -> tuple[tuple[str, Grade], ...]:
        if observable.type in (ObservableType.IP4, ObservableType.IP6):
            address = self._address(observable.value)
        elif observable.type is ObservableType.DOMAIN:
            address = {name for spelling in _spellings(observable.value) for name in self._names.get(spelling, ())}
        else:
            address = set(self._hashes.get(observable.value, ()))
        grades = NAMES | ADDRESSES | HASHES
        return tuple((name, grades[name]) for name in sorted(address))

    def _address(self, value: str) -> set[str]:
        address = ip_address(value)
        number, bits = int(address), address.max_prefixlen
        return {
            name
            for version, prefix in self._prefixes
            if version == address.version
            for name in self._networks.get((version, prefix, number >> (bits - prefix)), ())
        }

    @cached_property
    def _names(self) -> dict[str, tuple[str, ...]]:
        return _index(NAMES)

    @cached_property
    def _hashes(self) -> dict[str, tuple[str, ...]]:
        return _index(HASHES)

    @cached_property
    def _networks(self) -> dict[tuple[int, int, int], tuple[str, ...]]:
        index: dict[tuple[int, int, int], tuple[str, ...]] = {}
        for name in ADDRESSES:
            for text in _entries(name):
                try:
                    network = ip_network(text.strip(), strict=False)
                except ValueError:
                    continue  # the lists hold some names among their networks
                shift = network.max_prefixlen - network.prefixlen
                key = (network.version, network.prefixlen, int(network.network_address) >> shift)
                index[key] = (*index.get(key, ()), name)
        return index

    @cached_property
    def _prefixes(self) -> list[tuple[int, int]]:
        return sorted({(version, prefix) for version, prefix, _ in self._networks})


def _spellings(name: str) -> list[str]:
    """The name and its parents down to its registered domain, never above it."""
    registered = registered_domain(name) or name
    spellings = [name]
    while spellings[-1] != registered and "." in spellings[-1]:
        spellings.append(spellings[-1].split(".", 1)[1])
    return spellings


def _index(lists: dict[str, Grade]) -> dict[str, tuple[str, ...]]:
    index: dict[str, tuple[str, ...]] = {}
    for name in lists:
        alone = (name,)  # most entries stand on one list only: they share its tuple
        for entry in _entries(name):
            key = entry.strip().lower().lstrip(".")
            index[key] = (*index[key], name) if key in index else alone
    return index


def _entries(name: str) -> list[str]:
    try:
        entries: list[str] = json.loads(warning_text(name))["list"]
    except (OSError, ValueError, KeyError) as error:
        raise ListsMissing(f"pymispwarninglists holds no list {name!r}: {error}") from error
    return entries
