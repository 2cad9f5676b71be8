"""What a person or a list wrote, as the observable it names: defanged spellings, URLs, type words of other tools.

Refuses to guess: what could be two things is refused with what to write instead.
"""

import re
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Final

from bavn.model.observable import NotCanonical, Observable, ObservableType, is_external_once, registered_domain_once
from bavn.model.outcome import Refused
from bavn.model.text import Text

SPELLED_CHARS_MAX: Final = 4096
NETWORK_BITS_MIN: Final = {4: 8, 6: 16}
Network = IPv4Network | IPv6Network
MD5_OR_JA3: Final = "md5_or_ja3"
"""The rule that refuses 32 hex digits without a word of what they are."""


class Md5OrJa3(NotCanonical):
    """A file's hash and a fingerprint look the same."""


_TYPED = re.compile(r"(ip4|ip6|ip|net|domain|url|ja3|ja4|cert|sha1|sha256):(.+)", re.IGNORECASE | re.DOTALL)
_URL_HOST = re.compile(
    r"""
    (?: \w+:// )?                                  # scheme
    (?: [^/?#@]*@ )?                               # who signs in
    (?P<host> \[[0-9a-fA-F:.]+\] | [^/?#:]* )      # host, an IPv6 address in brackets
    (?: :\d* )?                                    # port
    (?: [/?#].* )?                                 # path and query
    """,
    re.DOTALL | re.VERBOSE,
)
_DOTS = re.compile(r"\[(?:\.|dot)\]|\((?:\.|dot)\)|\{(?:\.|dot)\}|\[\.|\.\]", re.IGNORECASE)
_SCHEME_END = re.compile(r"\[:(?://\]|\]//)")
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_NAME_AND_PATH = re.compile(r"[^/]*[a-z_-][^/:]*(?::\d*)?/.*", re.IGNORECASE | re.DOTALL)
_ADDRESS_PORT = re.compile(r"(\d{1,3}(?:\.\d{1,3}){3})(?::\d{1,5})?")
_TYPE_WORDS: Final = {
    "ip-dst": "ip",
    "ip-src": "ip",
    "ip:port": "ip",
    "ipv4": "ip",
    "ipv6": "ip",
    "ipv4-addr": "ip",
    "ipv6-addr": "ip",
    "hostname": "domain",
    "fqdn": "domain",
    "domain-name": "domain",
    "cidr": "net",
    "sha256_hash": "sha256",
    "ja3-fingerprint-md5": "ja3",
    "ja3_fingerprint": "ja3",
    "x509-fingerprint-sha1": "cert",
    "sha1": "cert",
    "x509-fingerprint-sha256": "cert",
    "ja4-plus": "ja4",
}


_HEX_TYPES: Final = {32: ObservableType.JA3, 40: ObservableType.CERT, 64: ObservableType.SHA256}


def spelled(kind: str, value: str) -> Observable | Network | Refused:
    """The observable (or the range of addresses) that a text names; ``kind``: what its list calls such a thing, "" for
    nothing. A URL counts as its host. Refused unless it is something outside any actor."""
    if len(value) > SPELLED_CHARS_MAX:
        return Refused("line_chars_max", "longer than {most} characters", most=SPELLED_CHARS_MAX)
    text = _DOTS.sub(".", _SCHEME_END.sub("://", value)).replace("[:]", ":").replace("[/]", "/").strip("\"'")
    typed = _TYPED.fullmatch(text)
    if typed and "://" not in text:
        kind, text = typed[1].lower(), typed[2].strip()
    elif _SCHEME.match(text) or (kind in ("", "domain") and _NAME_AND_PATH.fullmatch(text)):
        kind = "url"
    kind = _TYPE_WORDS.get(kind, kind)
    try:
        observable = _of_kind(kind, text)
    except (NotCanonical, ValueError) as error:
        rule = MD5_OR_JA3 if isinstance(error, Md5OrJa3) else "not_an_indicator"
        return Refused.of(rule, Text.of_error(error))
    if isinstance(observable, Observable) and not is_external_once(observable):
        return Refused("not_outside", "{observable} names nothing outside an actor", observable=observable)
    return observable


def _of_kind(kind: str, text: str) -> Observable | Network:
    if kind == "url":
        found = _URL_HOST.fullmatch(text)
        return _host(found["host"] if found else "")
    if kind in ("ja3", "ja4", "cert", "sha256"):
        return Observable.once(kind, text)
    if kind == "net" or (kind in ("", "ip") and "/" in text):
        return _network(text)
    if re.fullmatch(r"[0-9a-fA-F]+", text) and len(text) in (32, 40, 64) and kind == "":
        return _hash(text)
    if kind == "" and re.fullmatch(r"[tqd][0-9s][0-9][di]\w{6}_[0-9a-f]{12}_[0-9a-f]{12}", text):
        return Observable.once(ObservableType.JA4, text)
    return _host(text)


def _host(text: str) -> Observable:
    port = _ADDRESS_PORT.fullmatch(text)
    if port:
        return _address(port[1])
    if ":" in text:
        return _address(text.strip("[]"))
    observable = Observable.once(ObservableType.DOMAIN, text.removeprefix("*.").lstrip("."))
    if registered_domain_once(observable.value) is None:
        raise NotCanonical(f"a whole public suffix is no indicator: {observable.value!r}")
    return observable


def _address(text: str) -> Observable:
    return Observable.once(ObservableType.IP6 if ":" in text else ObservableType.IP4, text)


def _hash(text: str) -> Observable:
    if len(text) == 32:
        raise Md5OrJa3(f"32 hex digits may be an MD5 or a JA3: write ja3:{text} if it is a JA3")
    return Observable.once(ObservableType.CERT if len(text) == 40 else ObservableType.SHA256, text)


def _network(text: str) -> Observable | Network:
    network = ip_network(text, strict=False)
    if network.num_addresses == 1:
        return _address(str(network.network_address))
    if network.prefixlen < NETWORK_BITS_MIN[network.version]:
        raise NotCanonical(f"a network this wide is no indicator: {text!r}")
    if not is_external_once(_address(str(network.network_address))):
        raise NotCanonical(f"{text} names nothing outside an actor")
    return network


def is_below_host(value: str) -> bool:
    """Whether a text names something below a host, a URL with a path or a query, and not the host itself."""
    text = _SCHEME_END.sub("://", value[:SPELLED_CHARS_MAX].strip()).replace("[/]", "/")
    rest = text.partition("://")[2] or text
    place = rest.find("/")
    return ("://" in text or bool(_NAME_AND_PATH.fullmatch(text))) and ("?" in rest or 0 <= place < len(rest) - 1)


def observable_of(text: str) -> Observable:
    """What an analyst wrote, defanged spellings too. Raises NotCanonical."""
    plain = text.strip().replace("[.]", ".").replace("(.)", ".").replace("[:]", ":")
    kind, colon, value = plain.partition(":")
    if colon and kind in set(ObservableType):
        return Observable.of(kind, value)
    if re.fullmatch(r"[0-9a-fA-F]+", plain) and len(plain) in _HEX_TYPES:
        return Observable.of(_HEX_TYPES[len(plain)], plain)
    for guess in (ObservableType.JA4, ObservableType.FP_PAIR):
        try:
            return Observable.of(guess, plain)
        except NotCanonical:
            continue
    try:
        return Observable.address(plain)
    except NotCanonical:
        return Observable.of(ObservableType.DOMAIN, plain)
