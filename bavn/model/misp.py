"""MISP's words and Bavn's: attribute types, tags of TLP, PAP and confidence, techniques. Both ways use these tables.

Sources: MISP core format (types, to_ids, sightings), the taxonomies tlp, PAP and misp (confidence-level). Refuses to
know where an event comes from or goes to.
"""

import re
from collections.abc import Iterable
from typing import Final

from bavn.model.intel.indicator import Pap, Tlp
from bavn.model.observable import Observable, ObservableType
from bavn.model.sector.intel import strictest

UUID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
SIGHTED, FALSE_POSITIVE, EXPIRED = "0", "1", "2"
SHA1_CHARS: Final = 40
JA4_OBJECT: Final = ("ja4-plus", "2c15c75e-e7db-4b62-8d17-633e7571818f", "2")
"""Name, template and its version: MISP has no attribute type for JA4."""
JA4_RELATION: Final = "ja4-fingerprint"

TYPE_WORDS: Final[dict[str, tuple[str, ...]]] = {
    "ip-src": ("ip",),
    "ip-dst": ("ip",),
    "ip-src|port": ("ip", ""),
    "ip-dst|port": ("ip", ""),
    "domain": ("domain",),
    "hostname": ("domain",),
    "domain|ip": ("domain", "ip"),
    "hostname|port": ("domain", ""),
    "url": ("url",),
    "uri": ("url",),
    "link": ("",),
    "sha256": ("sha256",),
    "filename|sha256": ("", "sha256"),
    "malware-sample": ("",),
    "x509-fingerprint-sha1": ("cert",),
    "x509-fingerprint-sha256": ("cert",),
    "ja3-fingerprint-md5": ("ja3",),
}
"""Attribute type -> how each part of its value (parted by "|") is spelled; "" for a part that names nothing."""

CONTEXT: Final = frozenset(
    {
        "text",
        "comment",
        "link",
        "other",
        "datetime",
        "counter",
        "float",
        "hex",
        "boolean",
        "port",
        "size-in-bytes",
        "attachment",
        "target-location",
        "target-org",
        "target-user",
        "campaign-name",
        "campaign-id",
        "threat-actor",
        "vulnerability",
        "weakness",
        "cpe",
        "phone-number",
        "mime-type",
        "anonymised",
        "github-repository",
    }
)
"""Attribute types that describe: no item for a detection, whatever their ids flag says."""

TLP_TAGS: Final[dict[str, Tlp]] = {
    "tlp:clear": Tlp.CLEAR,
    "tlp:white": Tlp.CLEAR,
    "tlp:unclear": Tlp.RED,
    "tlp:green": Tlp.GREEN,
    "tlp:amber": Tlp.AMBER,
    "tlp:amber+strict": Tlp.AMBER_STRICT,
    "tlp:red": Tlp.RED,
    "tlp:ex:chr": Tlp.RED,
}
PAP_TAGS: Final[dict[str, Pap]] = {
    "pap:clear": Pap.CLEAR,
    "pap:white": Pap.CLEAR,
    "pap:green": Pap.GREEN,
    "pap:amber": Pap.AMBER,
    "pap:red": Pap.RED,
}
CONFIDENCE_TAGS: Final[dict[str, int]] = {
    "completely-confident": 100,
    "usually-confident": 75,
    "fairly-confident": 50,
    "rarely-confident": 25,
    "unconfident": 0,
}
_CONFIDENCE = re.compile(r'misp:confidence-level="([a-z-]{1,40})"')
_TECHNIQUE = re.compile(r'misp-galaxy:mitre-[a-z-]{1,40}="[^"]{0,200}(T\d{4}(?:\.\d{3})?)"')


def tlp_of(tags: Iterable[str]) -> Tlp | None:
    """The strictest TLP among tags; None without any. A tlp: tag that nobody knows is the strictest of all."""
    found = [TLP_TAGS.get(tag.lower(), Tlp.RED) for tag in tags if tag.lower().startswith("tlp:")]
    return strictest(*found) if found else None


def pap_of(tags: Iterable[str]) -> Pap | None:
    """The strictest PAP among tags, as :func:`tlp_of`."""
    found = [PAP_TAGS.get(tag.lower(), Pap.RED) for tag in tags if tag.lower().startswith("pap:")]
    return min(found, default=None)


def confidence_of(tags: Iterable[str]) -> int | None:
    """0..100 of a confidence tag, the lowest of several."""
    met = [_CONFIDENCE.fullmatch(tag) for tag in tags]
    return min((CONFIDENCE_TAGS[m[1]] for m in met if m and m[1] in CONFIDENCE_TAGS), default=None)


def technique_of(tags: Iterable[str]) -> str:
    """The ATT&CK technique that tags name, where they name exactly one; else empty."""
    found = {m[1] for tag in tags if (m := _TECHNIQUE.fullmatch(tag))}
    return found.pop() if len(found) == 1 else ""


def tags_of(tlp: Tlp, pap: Pap, confidence: int) -> list[str]:
    """The tags that say this."""
    nearest = min(CONFIDENCE_TAGS, key=lambda word: (abs(CONFIDENCE_TAGS[word] - confidence), word))
    return [tlp.value.lower(), f"PAP:{pap.name}", f'misp:confidence-level="{nearest}"']


def attribute_type_of(observable: Observable) -> tuple[str, str]:
    """(type, category) of the attribute that names an observable; of a JA4 within an object of template JA4_OBJECT.
    ValueError for a pair of fingerprints and a chain: MISP has neither."""
    match observable.type:
        case ObservableType.IP4 | ObservableType.IP6:
            return "ip-dst", "Network activity"
        case ObservableType.DOMAIN:
            return "domain", "Network activity"
        case ObservableType.JA3:
            return "ja3-fingerprint-md5", "Network activity"
        case ObservableType.JA4:
            return "text", "Network activity"
        case ObservableType.CERT:
            name = "x509-fingerprint-sha1" if len(observable.value) == SHA1_CHARS else "x509-fingerprint-sha256"
            return name, "Network activity"
        case ObservableType.SHA256:
            return "sha256", "Payload delivery"
        case _:
            raise ValueError(f"MISP has no attribute for a {observable.type.value}")
