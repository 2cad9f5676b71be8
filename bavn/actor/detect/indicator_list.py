"""Reads a list of indicators from lines of text: one observable a line, or CSV with a header.

Every line has one outcome. Refuses to open files (the caller does) and to guess: what could be two things is refused
with what to write instead.
"""

import csv
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import ip_network
from typing import Final

from bavn.actor.detect.indicators import IndicatorSet, Network
from bavn.model.observable import NotCanonical, Observable, ObservableType, is_external, registered_domain
from bavn.model.outcome import Refused

CONFIDENCE_DEFAULT: Final = 75
ENTRIES_MAX: Final = 2_000_000
LINE_CHARS_MAX: Final = 4096
REFUSALS_KEPT_MAX: Final = 100
NETWORK_BITS_MIN: Final = {4: 8, 6: 16}

_TYPED = re.compile(r"(ip4|ip6|ip|net|domain|url|ja3|ja4|cert|sha1|sha256):(.+)", re.IGNORECASE | re.DOTALL)
_URL_HOST = re.compile(
    r"(?:\w+://)?(?:[^/?#@]*@)?(?P<host>\[[0-9a-fA-F:.]+\]|[^/?#:]*)(?::\d*)?(?:[/?#].*)?", re.DOTALL
)
_ADDRESS_PORT = re.compile(r"(\d{1,3}(?:\.\d{1,3}){3})(?::\d{1,5})?")
_VALUE_COLUMNS = ("value", "indicator", "ioc", "ioc_value", "observable", "ip", "dst_ip", "domain", "host", "url")
_TYPE_COLUMNS = ("type", "ioc_type", "indicator_type", "kind")
_CONFIDENCE_COLUMNS = ("confidence", "confidence_level")
_TYPE_WORDS = {
    "ip-dst": "ip", "ip-src": "ip", "ip:port": "ip", "ipv4": "ip", "ipv6": "ip", "ipv4-addr": "ip", "ipv6-addr": "ip",
    "hostname": "domain", "fqdn": "domain", "domain-name": "domain", "cidr": "net", "sha256_hash": "sha256",
    "ja3-fingerprint-md5": "ja3", "ja3_fingerprint": "ja3", "x509-fingerprint-sha1": "cert", "sha1": "cert",
    "x509-fingerprint-sha256": "cert", "ja4-plus": "ja4",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Reading:
    """What became of a list: lines read = in the set (or there already) + ``refused`` + ``passed`` (blank, comment,
    header). ``refusals``: the first REFUSALS_KEPT_MAX, with their line numbers."""

    indicators: IndicatorSet
    lines: int
    passed: int
    refused: int
    refusals: tuple[tuple[int, Refused], ...]


def read(lines: Iterable[str], confidence: int = CONFIDENCE_DEFAULT) -> Reading:
    """A list of indicators: one observable a line (``#`` begins a comment), or CSV whose header names its columns.

    A type may stand before the value (``ja3:...``). Defanged spellings (``hxxp``, ``[.]``) are understood; of a URL the
    host counts. Confidence 0..100 holds where no column gives one.
    """
    observables: dict[Observable, int] = {}
    networks: dict[Network, int] = {}
    refusals: list[tuple[int, Refused]] = []
    count = passed = refused = 0
    for count, (kind, value, sure) in enumerate(_entries(lines, confidence), 1):
        if not value:
            passed += 1
            continue
        made = (
            _made(kind, value)
            if len(observables) + len(networks) < ENTRIES_MAX
            else Refused("entries_max", f"a list holds at most {ENTRIES_MAX} indicators")
        )
        if isinstance(made, Refused):
            refused += 1
            if len(refusals) < REFUSALS_KEPT_MAX:
                refusals.append((count, made))
        elif isinstance(made, Network):
            networks[made] = max(sure, networks.get(made, 0))
        else:
            observables[made] = max(sure, observables.get(made, 0))
    return Reading(IndicatorSet(observables, networks), count, passed, refused, tuple(refusals))


def _entries(lines: Iterable[str], confidence: int) -> Iterator[tuple[str, str, int]]:
    """(type word or "", value or "" for nothing, confidence) of each line."""
    columns: dict[str, int] | None = None
    begun = False
    for raw in lines:
        line = raw.strip().lstrip("\ufeff")
        if not line or line.startswith(("#", "//", ";")) or len(line) > LINE_CHARS_MAX:
            yield "", line if len(line) > LINE_CHARS_MAX else "", confidence
            continue
        if not begun:
            begun = True
            columns = _header(line)
            if columns is not None:
                yield "", "", confidence
                continue
        if columns is None:
            words = line.split("#", 1)[0].split(",", 1)[0].split()
            yield "", words[0] if words else "", confidence
        else:
            yield _row(line, columns, confidence)


def _header(line: str) -> dict[str, int] | None:
    names = [name.strip().strip('"').lower() for name in line.split(",")]
    found = {name: index for index, name in enumerate(names)}
    return found if any(name in found for name in _VALUE_COLUMNS) else None


def _row(line: str, columns: dict[str, int], confidence: int) -> tuple[str, str, int]:
    try:
        cells = [cell.strip() for cell in next(csv.reader([line], skipinitialspace=True))]
    except csv.Error:
        return "", line, confidence

    def cell(names: tuple[str, ...]) -> str:
        return next((cells[columns[name]] for name in names if name in columns and columns[name] < len(cells)), "")

    sure = cell(_CONFIDENCE_COLUMNS)
    return (
        cell(_TYPE_COLUMNS).lower(),
        cell(_VALUE_COLUMNS),
        min(100, int(sure)) if sure.isascii() and sure.isdigit() and len(sure) < 10 else confidence,
    )


def _made(kind: str, value: str) -> Observable | Network | Refused:
    if len(value) > LINE_CHARS_MAX:
        return Refused("line_chars_max", f"longer than {LINE_CHARS_MAX} characters")
    text = value.replace("[.]", ".").replace("(.)", ".").replace("[:]", ":").strip("\"'")
    typed = _TYPED.fullmatch(text)
    if typed and "://" not in text:
        kind, text = typed[1].lower(), typed[2].strip()
    if text.lower().startswith(("http://", "https://", "hxxp://", "hxxps://", "ftp://")):
        kind, text = "url", re.sub(r"^hxxp", "http", text, flags=re.IGNORECASE)
    kind = _TYPE_WORDS.get(kind, kind)
    try:
        made = _of_kind(kind, text)
    except (NotCanonical, ValueError) as error:
        return Refused("not_an_indicator", str(error)[:200])
    if isinstance(made, Observable) and not is_external(made):
        return Refused("not_outside", f"{made} names nothing outside an actor")
    return made


def _of_kind(kind: str, text: str) -> Observable | Network:
    if kind == "url":
        found = _URL_HOST.fullmatch(text)
        return _host(found["host"] if found else "")
    if kind in ("ja3", "ja4", "cert", "sha256"):
        return Observable.of(kind, text)
    if kind == "net" or (kind in ("", "ip") and "/" in text):
        return _network(text)
    if re.fullmatch(r"[0-9a-fA-F]+", text) and len(text) in (32, 40, 64) and kind == "":
        return _hash(text)
    if kind == "" and re.fullmatch(r"[tqd][0-9s][0-9][di]\w{6}_[0-9a-f]{12}_[0-9a-f]{12}", text):
        return Observable.of(ObservableType.JA4, text)
    return _host(text)


def _host(text: str) -> Observable:
    port = _ADDRESS_PORT.fullmatch(text)
    if port:
        return Observable.address(port[1])
    if ":" in text:
        return Observable.address(text.strip("[]"))
    made = Observable.of(ObservableType.DOMAIN, text.removeprefix("*.").lstrip("."))
    if registered_domain(made.value) is None:
        raise NotCanonical(f"a whole public suffix is no indicator: {made.value!r}")
    return made


def _hash(text: str) -> Observable:
    if len(text) == 32:
        raise NotCanonical(f"32 hex digits may be an MD5 or a JA3: write ja3:{text} if it is a JA3")
    return Observable.of(ObservableType.CERT if len(text) == 40 else ObservableType.SHA256, text)


def _network(text: str) -> Observable | Network:
    network = ip_network(text, strict=False)
    if network.num_addresses == 1:
        return Observable.address(str(network.network_address))
    if network.prefixlen < NETWORK_BITS_MIN[network.version]:
        raise NotCanonical(f"a network this wide is no indicator: {text!r}")
    if not is_external(Observable.address(str(network.network_address))):
        raise NotCanonical(f"{text} names nothing outside an actor")
    return Network(str(network))
