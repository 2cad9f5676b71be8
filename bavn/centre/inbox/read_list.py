"""A list of somebody's: one observable a line, or CSV or TSV with a header. Every line has one outcome.

Zeek intel files (``#fields``) are such a list. Refuses to open files: it is given text.
"""

import csv
import re
from collections.abc import Iterator
from typing import Final

from bavn.centre.inbox.foreign_words import moment_of, percent_of, text_of
from bavn.model.intel.spelled import is_below_host, spelled
from bavn.model.observable import Observable
from bavn.model.outcome import Refused
from bavn.model.sector.intel import Assumed, Claim, Offer, Piece

LINES_MAX: Final = 2_000_000
LINE_CHARS_MAX: Final = 4096
VALUE: Final = (
    "value",
    "indicator",
    "ioc",
    "ioc_value",
    "observable",
    "ip",
    "dst_ip",
    "src_ip",
    "domain",
    "host",
    "hostname",
    "url",
    "sha256",
    "sha256_hash",
)
TYPE: Final = ("type", "ioc_type", "indicator_type", "kind")
CONFIDENCE: Final = ("confidence", "confidence_level")
FIRST: Final = ("first_seen", "first_seen_utc", "firstseen", "first_seen (utc)")
LAST: Final = ("last_seen", "last_seen_utc", "lastseen", "last_online", "last_seen (utc)")
UNTIL: Final = ("valid_until", "expires", "expiration")
ABOUT: Final = ("malware", "malware_printable", "threat", "family", "description", "meta.desc", "comment", "tags")
_SHA1 = re.compile(r"[0-9a-fA-F]{40}")
_ZEEK: Final = "#fields"
_ZEEK_TYPES: Final = {
    "intel::addr": "ip",
    "intel::domain": "domain",
    "intel::url": "url",
    "intel::cert_hash": "cert",
    "intel::file_hash": "sha256",
    "intel::ja3": "ja3",
    "intel::ja4": "ja4",
}


def read_list(text: str, assumed: Assumed, items_max: int = LINES_MAX) -> Piece:
    """The whole list as one piece. What stands there twice counts once, the first; beyond ``items_max`` one refusal
    says so."""
    offers: dict[str, Offer] = {}
    passed = 0
    columns: dict[str, int] | None = None
    apart, begun = ",", False
    for line in _lines(text):
        if line.startswith(_ZEEK):
            columns, apart, begun = _places(line.split("\t")[1:]), "\t", True
            continue
        if not line or line.startswith(("#", "//", ";")):
            passed += 1
            continue
        if not begun:
            begun = True
            columns, apart = _header(line)
            if columns is not None:
                passed += 1
                continue
        if len(offers) >= items_max:
            offers["list_too_long"] = Offer(
                "list_too_long", Refused("list_too_long", "more than {most} items", most=items_max)
            )
            break
        offer = _offer(line, columns, apart, assumed)
        if offer is None or offer.key in offers:
            passed += 1
        else:
            offers[offer.key] = offer
    return Piece("", tuple(offers.values()), passed)


def _lines(text: str) -> Iterator[str]:
    at = 0
    while at < len(text):
        end = text.find("\n", at)
        end = len(text) if end < 0 else end
        yield text[at:end].strip().lstrip("\ufeff")
        at = end + 1


def _header(line: str) -> tuple[dict[str, int] | None, str]:
    apart = "\t" if "\t" in line else ";" if ";" in line and "," not in line else ","
    places = _places(line.split(apart))
    return (places if any(name in places for name in VALUE) else None), apart


def _places(names: list[str]) -> dict[str, int]:
    return {name.strip().strip('"').lower(): at for at, name in enumerate(names[:200])}


def _offer(line: str, columns: dict[str, int] | None, apart: str, assumed: Assumed) -> Offer | None:
    """None for a line without a value."""
    if len(line) > LINE_CHARS_MAX:
        return Offer(text_of(line, 60), Refused("line_chars_max", "longer than {most} characters", most=LINE_CHARS_MAX))
    if columns is None:
        words = line.split("#", 1)[0].split(",", 1)[0].split()
        return _claim("", words[0], {}, assumed) if words else None
    try:
        cells = [cell.strip().strip('"') for cell in next(csv.reader([line], delimiter=apart, skipinitialspace=True))]
    except (csv.Error, StopIteration):
        return Offer(text_of(line, 60), Refused("not_csv", "the line is no row of the list"))
    row = {name: cells[at] for name, at in columns.items() if at < len(cells) and cells[at] not in ("", "-")}
    value = _first(row, VALUE)
    return _claim(_first(row, TYPE).lower(), value, row, assumed) if value else None


def _claim(kind: str, value: str, row: dict[str, str], assumed: Assumed) -> Offer:
    key = text_of(value, 200)
    if kind == "" and not row.keys().isdisjoint(("sha256", "sha256_hash")):
        kind = "sha256"
    if kind == "" and _SHA1.fullmatch(value):
        return Offer(
            key, Refused("ambiguous", "40 hex digits may be a file's or a certificate's: write cert:... for those")
        )
    observable = spelled(_ZEEK_TYPES.get(kind, kind), value)
    if isinstance(observable, Refused):
        return Offer(key, observable)
    if not isinstance(observable, Observable):
        return Offer(key, Refused("network", "a range of addresses is no single observable"))
    sure = percent_of(_first(row, CONFIDENCE))
    return Offer(
        key,
        Claim(
            observable=observable,
            tlp=assumed.tlp,
            pap=assumed.pap,
            confidence=assumed.confidence if sure is None else sure,
            first_us=moment_of(_first(row, FIRST)),
            last_us=moment_of(_first(row, LAST)),
            until_us=moment_of(_first(row, UNTIL)),
            about=text_of(_first(row, ABOUT)),
            derived=is_below_host(value),
        ),
    )


def _first(row: dict[str, str], names: tuple[str, ...]) -> str:
    return next((row[name] for name in names if name in row), "")
