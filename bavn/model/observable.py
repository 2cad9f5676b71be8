"""Observables: what can be seen of the other side of a connection, each in one canonical form.

Two actors that see the same thing must write it the same way, or the private join never meets
(PSI.md, pitfall 3). Refuses to know whether an observable is good or bad.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from pathlib import Path
from typing import Self

import idna
from publicsuffixlist import PSLFILE, PublicSuffixList

_HEX = {"ja3": re.compile(r"[0-9a-f]{32}"), "sha256": re.compile(r"[0-9a-f]{64}")}
_CERT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_JA4 = re.compile(r"[tqd][0-9s][0-9][di][0-9]{2}[0-9]{2}[0-9a-z]{2}_[0-9a-f]{12}_[0-9a-f]{12}")
_JA3 = _HEX["ja3"]
_JA4S = re.compile(r"[tqd][0-9s][0-9][0-9]{2}[0-9a-z]{2}_[0-9a-f]{4}_[0-9a-f]{12}")
_TECHNIQUE = re.compile(r"T[0-9]{4}(\.[0-9]{3})?")
_BAND = re.compile(r"0|[1-9][0-9]?")
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
DOMAIN_LENGTH_MAX = 253
CHAIN_STEPS_MIN, CHAIN_STEPS_MAX = 2, 6
CHAIN_BAND_MAX = 39


class ObservableType(StrEnum):
    """Order and spelling are part of the wire format; tags of PSI elements live in psi/element.py."""

    IP4 = "ip4"
    IP6 = "ip6"
    DOMAIN = "domain"
    JA3 = "ja3"
    JA4 = "ja4"
    CERT = "cert"
    SHA256 = "sha256"
    FP_PAIR = "fp-pair"
    """Client's and server's TLS fingerprint of one conversation: JA3+JA3S, JA4+JA4S, or JA4+JA3S."""
    CHAIN = "chain"
    """Techniques in the order in which they were first seen at one host, and the band of a period (behaviour.py)."""


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
    def once(cls, kind: ObservableType | str, raw: str) -> Self:
        """As :meth:`of`, for what comes once, like the lines of a list: nothing is kept in the cache."""
        made = _canonical(ObservableType(kind), raw)
        return cls.trusted(made.type, made.value)

    @classmethod
    def address(cls, raw: str) -> Self:
        """An ip4 or ip6 observable, whichever the text is. Raises NotCanonical."""
        return cls.of(ObservableType.IP6 if ":" in raw else ObservableType.IP4, raw)

    @classmethod
    def trusted(cls, kind: ObservableType, value: str) -> Self:
        """For a value that is canonical already (it came out of :func:`canonical`): no second check."""
        observable = object.__new__(cls)
        object.__setattr__(observable, "type", kind)
        object.__setattr__(observable, "value", value)
        return observable

    def __str__(self) -> str:
        return f"{self.type}:{self.value}"


@lru_cache(maxsize=65536)
def canonical(kind: ObservableType, raw: str) -> Observable:
    """See :meth:`Observable.of`. Pure; the cache is only for speed."""
    return _canonical(kind, raw)


def _canonical(kind: ObservableType, raw: str) -> Observable:
    text = raw.strip()
    if kind in (ObservableType.IP4, ObservableType.IP6):
        return _canonical_address(kind, text)
    if kind is ObservableType.DOMAIN:
        return Observable.trusted(kind, _canonical_domain(text))
    if kind is ObservableType.JA4:
        return Observable.trusted(kind, _match(_JA4, kind, text))
    if kind is ObservableType.FP_PAIR:
        return Observable.trusted(kind, _canonical_pair(text.lower()))
    if kind is ObservableType.CHAIN:
        return Observable.trusted(kind, _canonical_chain(text.upper()))
    text = text.lower().replace(":", "") if kind is ObservableType.CERT else text.lower()
    return Observable.trusted(kind, _match(_CERT if kind is ObservableType.CERT else _HEX[kind.value], kind, text))


def _match(pattern: re.Pattern[str], kind: ObservableType, text: str) -> str:
    if not pattern.fullmatch(text):
        raise NotCanonical(f"not a {kind}: {text[:80]!r}")
    return text


def _canonical_pair(text: str) -> str:
    client, plus, server = text.partition("+")
    ja3s, ja4s = _JA3.fullmatch(server), _JA4S.fullmatch(server)
    if not plus or not (ja3s if _JA3.fullmatch(client) else _JA4.fullmatch(client) and (ja3s or ja4s)):
        raise NotCanonical(f"not a pair of fingerprints: {text[:80]!r}")
    return text


def _canonical_chain(text: str) -> str:
    path, at, band = text.partition("@")
    steps = path.split("-")
    known = all(_TECHNIQUE.fullmatch(step) for step in steps) and len(set(steps)) == len(steps)
    if not known or not CHAIN_STEPS_MIN <= len(steps) <= CHAIN_STEPS_MAX:
        raise NotCanonical(f"not a chain of techniques: {text[:80]!r}")
    if at and not (_BAND.fullmatch(band) and int(band) <= CHAIN_BAND_MAX):
        raise NotCanonical(f"no band of a period: {text[:80]!r}")
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


def registered_domain_once(name: str) -> str | None:
    """As :func:`registered_domain`, for a name that comes once: nothing is kept in the cache."""
    found: str | None = _suffixes().privatesuffix(name)
    return found


@lru_cache(maxsize=262144)
def registered_domain(name: str) -> str | None:
    """The registered domain by the public suffix list with its private section, or None for a bare suffix.

    ``host.customer.duckdns.org`` gives ``customer.duckdns.org``: under a dynamic-DNS or storage suffix each
    customer is its own element (PSI.md, Tiers and rounds).
    """
    return registered_domain_once(name)


def parents(name: str) -> list[str]:
    """All names above this one, nearest first, the top-level domain last."""
    labels = name.split(".")
    return [".".join(labels[at:]) for at in range(1, len(labels))]


def spans_suffixes(name: str) -> bool:
    """False if no public suffix is this name or lies below it, so that names at and below it share one registered
    domain. ``amazonaws.com`` spans some."""
    rules, wild = _suffix_names()
    return name in rules or name.partition(".")[2] in wild


@lru_cache(maxsize=1)
def _suffix_names() -> tuple[frozenset[str], frozenset[str]]:
    """Every name that is a rule of the public suffix list or above one; the names that have a suffix in each label
    below them."""
    rules, wild = set[str](), set[str]()
    with Path(PSLFILE).open(encoding="utf-8") as lines:
        for line in lines:
            rule = line.split(" ")[0].strip().lower()
            if not rule or rule.startswith("//"):
                continue
            name = rule.lstrip("!").removeprefix("*.")
            name = name if name.isascii() else idna.encode(name, uts46=True).decode("ascii")
            if rule.startswith("*."):
                wild.add(name)
            while name and name not in rules:
                rules.add(name)
                name = name.partition(".")[2]
    return frozenset(rules), frozenset(wild)


# Special-purpose ranges that never name a peer outside (RFC 6890, RFC 3927, RFC 4193, RFC 5737, RFC 6598).
def is_external(observable: Observable, homes: tuple[str, ...] = ()) -> bool:
    """True if this names something outside any actor: a global address not in ``homes`` (CIDR texts), a domain
    under a public suffix, or a fingerprint. Internal things never leave (DESIGN.md, What may leave an actor)."""
    if observable.type in (ObservableType.IP4, ObservableType.IP6):
        return _is_outside(observable.value, homes)
    if observable.type is ObservableType.DOMAIN:
        return not is_internal_name(observable.value) and registered_domain(observable.value) is not None
    return True


def is_external_once(observable: Observable) -> bool:
    """As :func:`is_external` without homes, for what comes once: nothing is kept in the caches."""
    if observable.type in (ObservableType.IP4, ObservableType.IP6):
        return _outside(observable.value, ())
    if observable.type is ObservableType.DOMAIN:
        return not is_internal_name(observable.value) and registered_domain_once(observable.value) is not None
    return True


@lru_cache(maxsize=65536)
def _is_outside(value: str, homes: tuple[str, ...]) -> bool:
    return _outside(value, homes)


def _outside(value: str, homes: tuple[str, ...]) -> bool:
    address = ip_address(value)
    if address.is_multicast or not address.is_global:
        return False
    return not any(
        address.version == network.version and address in network for network in (ip_network(home) for home in homes)
    )


_INTERNAL_SUFFIXES = (
    "local",
    "localdomain",
    "lan",
    "home",
    "internal",
    "intranet",
    "corp",
    "private",
    "arpa",
    "home.arpa",
    "localhost",
    "invalid",
    "onion",
)


def is_internal_name(name: str) -> bool:
    """True for names that resolve only inside (RFC 6761, RFC 6762, RFC 8375, ICANN's name-collision list)."""
    return any(name == suffix or name.endswith("." + suffix) for suffix in _INTERNAL_SUFFIXES)
