"""Observables: what can be seen of the other side of a connection, each in one canonical form.

Two actors that see the same thing must write it the same way, or the private join never meets
(PSI.md, pitfall 3). Refuses to know whether an observable is good or bad.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Self

import idna
from publicsuffixlist import PublicSuffixList

_HEX = {"ja3": re.compile(r"[0-9a-f]{32}"), "sha256": re.compile(r"[0-9a-f]{64}")}
_CERT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_JA4 = re.compile(r"[tqd][0-9s][0-9][di][0-9]{2}[0-9]{2}[0-9a-z]{2}_[0-9a-f]{12}_[0-9a-f]{12}")
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
DOMAIN_LENGTH_MAX = 253


class ObservableType(StrEnum):
    """Order and spelling are part of the wire format; tags of PSI elements live in psi/element.py."""

    IP4 = "ip4"
    IP6 = "ip6"
    DOMAIN = "domain"
    JA3 = "ja3"
    JA4 = "ja4"
    CERT = "cert"
    SHA256 = "sha256"


class NotCanonical(ValueError):
    """The text is no observable of that type. Who must act: whoever wrote it."""


@dataclass(frozen=True, slots=True, order=True)
class Observable:
    """A type and its canonical value. Build with :meth:`of`; the constructor refuses other spellings."""

    type: ObservableType
    value: str

    def __post_init__(self) -> None:
        if canonical(self.type, self.value) != self:
            raise NotCanonical(f"{self.type} {self.value!r} is not in canonical form")

    @classmethod
    def of(cls, kind: ObservableType | str, raw: str) -> Self:
        """The canonical observable of a raw text. IPv4-mapped IPv6 becomes ip4. Raises NotCanonical."""
        made = canonical(ObservableType(kind), raw)
        return cls.trusted(made.type, made.value)

    @classmethod
    def address(cls, raw: str) -> Self:
        """An ip4 or ip6 observable, whichever the text is. Raises NotCanonical."""
        return cls.of(ObservableType.IP6 if ":" in raw else ObservableType.IP4, raw)

    @classmethod
    def trusted(cls, kind: ObservableType, value: str) -> Self:
        """For a value that is canonical already (it came out of :func:`canonical`): no second check."""
        made = object.__new__(cls)
        object.__setattr__(made, "type", kind)
        object.__setattr__(made, "value", value)
        return made

    def __str__(self) -> str:
        return f"{self.type}:{self.value}"


@lru_cache(maxsize=65536)
def canonical(kind: ObservableType, raw: str) -> Observable:
    """See :meth:`Observable.of`. Pure; the cache is only for speed."""
    text = raw.strip()
    if kind in (ObservableType.IP4, ObservableType.IP6):
        return _canonical_address(kind, text)
    if kind is ObservableType.DOMAIN:
        return Observable.trusted(kind, _canonical_domain(text))
    if kind is ObservableType.JA4:
        return Observable.trusted(kind, _match(_JA4, kind, text))
    text = text.lower().replace(":", "") if kind is ObservableType.CERT else text.lower()
    return Observable.trusted(kind, _match(_CERT if kind is ObservableType.CERT else _HEX[kind.value], kind, text))


def _match(pattern: re.Pattern[str], kind: ObservableType, text: str) -> str:
    if not pattern.fullmatch(text):
        raise NotCanonical(f"not a {kind}: {text[:80]!r}")
    return text


def _canonical_address(kind: ObservableType, text: str) -> Observable:
    try:
        address = ip_address(text)
    except ValueError as error:
        raise NotCanonical(f"not an address: {text[:80]!r}") from error
    if isinstance(address, IPv6Address) and address.scope_id is not None:
        raise NotCanonical(f"a scoped address names a link, not a peer: {text[:80]!r}")
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    elif (kind is ObservableType.IP4) != isinstance(address, IPv4Address):
        raise NotCanonical(f"not an {kind}: {text[:80]!r}")
    return Observable.trusted(
        ObservableType.IP4 if isinstance(address, IPv4Address) else ObservableType.IP6, str(address)
    )


def _canonical_domain(text: str) -> str:
    name = text.removesuffix(".").lower()
    if not name.isascii():
        try:
            name = idna.encode(name, uts46=True).decode("ascii")
        except idna.IDNAError as error:
            raise NotCanonical(f"not a domain: {text[:80]!r}") from error
    labels = name.split(".")
    if len(name) > DOMAIN_LENGTH_MAX or len(labels) < 2 or labels[-1].isdigit():
        raise NotCanonical(f"not a domain: {text[:80]!r}")
    if not all(_LABEL.fullmatch(label) for label in labels):
        raise NotCanonical(f"not a domain: {text[:80]!r}")
    return name


@lru_cache(maxsize=1)
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()


@lru_cache(maxsize=262144)
def registered_domain(name: str) -> str | None:
    """The registered domain by the public suffix list with its private section, or None for a bare suffix.

    ``host.customer.duckdns.org`` gives ``customer.duckdns.org``: under a dynamic-DNS or storage suffix each
    customer is its own element (PSI.md, Tiers and rounds).
    """
    found: str | None = _suffixes().privatesuffix(name)
    return found


# Special-purpose ranges that never name a peer outside (RFC 6890, RFC 3927, RFC 4193, RFC 5737, RFC 6598).
def is_external(observable: Observable, homes: tuple[str, ...] = ()) -> bool:
    """True if this names something outside any actor: a global address not in ``homes`` (CIDR texts), a domain
    under a public suffix, or a fingerprint. Internal things never leave (DESIGN.md, What may leave an actor)."""
    if observable.type in (ObservableType.IP4, ObservableType.IP6):
        return _is_outside(observable.value, homes)
    if observable.type is ObservableType.DOMAIN:
        return not is_internal_name(observable.value) and registered_domain(observable.value) is not None
    return True


@lru_cache(maxsize=65536)
def _is_outside(value: str, homes: tuple[str, ...]) -> bool:
    address = ip_address(value)
    if address.is_multicast or not address.is_global:
        return False
    return not any(
        address.version == network.version and address in network for network in (ip_network(home) for home in homes)
    )


_INTERNAL_SUFFIXES = (
    "local", "localdomain", "lan", "home", "internal", "intranet", "corp", "private", "arpa", "home.arpa",
    "localhost", "invalid", "onion",
)  # fmt: skip


def is_internal_name(name: str) -> bool:
    """True for names that resolve only inside (RFC 6761, RFC 6762, RFC 8375, ICANN's name-collision list)."""
    return any(name == suffix or name.endswith("." + suffix) for suffix in _INTERNAL_SUFFIXES)
