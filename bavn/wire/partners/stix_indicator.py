"""An indicator as STIX 2.1 text and back: one way to write it, and nothing else is read.

``bundle_of`` writes canonical JSON (RFC 8785): the same indicator gives the same bytes, so that a signature over it is
a signature over its meaning. ``indicator_of`` reads only what ``bundle_of`` writes: it takes the fields out, writes the
bundle again and refuses if one byte differs. So nothing can be smuggled in: no second pattern, no extra object, no
other spelling, no doubled key. Refuses to know whether an indicator is true, wanted or still valid (gates 3 and 4).

Sources: STIX 2.1 (OASIS standard, 2021-06-10) and marking.py. STIX has no property for JA3 and JA4: they stand
under ``network-traffic:extensions.'x-bavn-tls-ext'`` (docs/protection.md). A chain of techniques matches no single
record, so it has no pattern.
"""

import re
import uuid
from datetime import datetime
from typing import Any, Final

import rfc8785

from bavn.model.intel.behaviour import fingerprints_of
from bavn.model.intel.indicator import Indicator
from bavn.model.moment import as_us, iso
from bavn.model.observable import NotCanonical, Observable, ObservableType
from bavn.model.outcome import Refused
from bavn.wire.partners.marking import PAP_IDS, TLP_IDS, pap_object, tlp_object
from bavn.wire.reading import reads
from bavn.wire.strict_json import parse

BUNDLE_BYTES_MAX: Final = 65536
MOMENT_US_MAX: Final = 2**53

_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
_INDICATOR_ID = re.compile("indicator--" + _UUID)
_IDENTITY_ID = re.compile("identity--" + _UUID)
_TECHNIQUE = re.compile(r"T[0-9]{4}(\.[0-9]{3})?")
_CASE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,63}")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", re.ASCII)
_BUNDLE_SPACE: Final = uuid.UUID("6c0f1d52-6a0e-5b55-9d0b-1f1c5c0a7a10")

# Object path on the left of "=" -> the type it names. A certificate has two, by the length of its fingerprint.
_PATHS: Final[dict[str, ObservableType]] = {
    "ipv4-addr:value": ObservableType.IP4,
    "ipv6-addr:value": ObservableType.IP6,
    "domain-name:value": ObservableType.DOMAIN,
    "x509-certificate:hashes.'SHA-1'": ObservableType.CERT,
    "x509-certificate:hashes.'SHA-256'": ObservableType.CERT,
    "file:hashes.'SHA-256'": ObservableType.SHA256,
    "network-traffic:extensions.'x-bavn-tls-ext'.ja3": ObservableType.JA3,
    "network-traffic:extensions.'x-bavn-tls-ext'.ja4": ObservableType.JA4,
}
_PAIR_PATHS: Final = (("ja3", "ja3s"), ("ja4", "ja4s"), ("ja4", "ja3s"))
_TLS_EXT: Final = "network-traffic:extensions.'x-bavn-tls-ext'."
_PAIR_PATTERN = re.compile(
    r"""
    \[ network-traffic:extensions\.'x-bavn-tls-ext'\.(ja[34])\ =\ '([0-9a-z_]{1,64})'             # the client's
    \ AND\ network-traffic:extensions\.'x-bavn-tls-ext'\.(ja[34]s)\ =\ '([0-9a-z_]{1,64})' \]     # the server's
    """,
    re.VERBOSE,
)
_PATTERN = re.compile(r"\[([a-z0-9:'.A-Z-]{1,64}) = '([a-z0-9._:-]{1,253})'\]")
SHA1_HEX_CHARS: Final = 40


class NotWritable(ValueError):
    """The indicator cannot be written as STIX. Who must act: whoever made it."""


def pattern_of(observable: Observable) -> str:
    """The one STIX pattern of an observable. Canonical values hold no quote and no backslash: nothing to escape.
    Raises NotWritable for a chain."""
    if observable.type is ObservableType.CHAIN:
        raise NotWritable("pattern_known: a chain of techniques matches no single record, so no indicator can name it")
    if observable.type is ObservableType.FP_PAIR:
        client, server = fingerprints_of(observable)
        paths = ("ja4" if "_" in client else "ja3", "ja4s" if "_" in server else "ja3s")
        return f"[{_TLS_EXT}{paths[0]} = '{client}' AND {_TLS_EXT}{paths[1]} = '{server}']"
    if observable.type is ObservableType.CERT:
        path = f"x509-certificate:hashes.'{'SHA-1' if len(observable.value) == SHA1_HEX_CHARS else 'SHA-256'}'"
    else:
        path = next(path for path, kind in _PATHS.items() if kind is observable.type)
    return f"[{path} = '{observable.value}']"


def observable_of(pattern: str) -> Observable | Refused:
    """The strict inverse of :func:`pattern_of`."""
    pair_match = _PAIR_PATTERN.fullmatch(pattern)
    if pair_match is not None and (pair_match[1], pair_match[3]) in _PAIR_PATHS:
        return _checked(pattern, ObservableType.FP_PAIR, f"{pair_match[2]}+{pair_match[4]}")
    match = _PATTERN.fullmatch(pattern)
    if match is None or match[1] not in _PATHS:
        return Refused("pattern_known", "the pattern is none of the forms that Bavn writes")
    return _checked(pattern, _PATHS[match[1]], match[2])


def _checked(pattern: str, kind: ObservableType, value: str) -> Observable | Refused:
    try:
        observable = Observable(kind, value)
    except NotCanonical:
        return Refused("value_canonical", "the pattern's value is not in canonical form")
    if pattern_of(observable) != pattern:
        return Refused("pattern_known", "the pattern's path does not fit its value")
    return observable


def bundle_of(indicator: Indicator, *, created_by: str, created_us: int) -> str:
    """Canonical JSON text of a bundle with the indicator and its two markings.

    ``created_by``: the centre's STIX identity id. ``created_us``: when the indicator's first version was made; it stays
    through all versions. Raises NotWritable.
    """
    check(indicator, created_by, created_us)
    return rfc8785.dumps(_bundle(indicator, created_by, created_us)).decode("ascii")


def first_made_us(text: str) -> int:
    """When the first version of an indicator was made, from a bundle that ``indicator_of`` took."""
    bundle: Any = parse(text.encode(), BUNDLE_BYTES_MAX)
    return _us(next(item["created"] for item in bundle["objects"] if item["type"] == "indicator"))


def check(indicator: Indicator, created_by: str, created_us: int) -> None:
    """Raises NotWritable for what lies outside the bounds of an indicator's fields."""
    wrong = _wrong(indicator, created_by, created_us)
    if wrong is not None:
        raise NotWritable(f"{wrong.rule}: {wrong.reason}")


@reads
def indicator_of(text: str) -> Indicator | Refused:
    """The indicator of a bundle text, or the first rule that it breaks. Never raises, whatever the text."""
    bundle = parse(text.encode("utf-8", "surrogatepass"), BUNDLE_BYTES_MAX)
    if isinstance(bundle, Refused):
        return bundle
    if not isinstance(bundle, dict) or bundle.get("type") != "bundle":
        return Refused("stix_well_formed", "the text is not a STIX bundle")
    try:
        objects = [item for item in bundle["objects"] if item["type"] == "indicator"]
        markings = [item["id"] for item in bundle["objects"] if item["type"] == "marking-definition"]
        if len(objects) != 1 or len(objects) + len(markings) != len(bundle["objects"]):
            return Refused("one_indicator", "a bundle holds exactly one indicator and its markings")
        indicator = _indicator(objects[0])
        if isinstance(indicator, Refused):
            return indicator
        created_by, created_us = objects[0]["created_by_ref"], _us(objects[0]["created"])
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
        return Refused("stix_well_formed", "a property that Bavn needs is absent or of the wrong type")
    wrong = _wrong(indicator, created_by, created_us)
    if wrong is not None:
        return wrong
    if rfc8785.dumps(_bundle(indicator, created_by, created_us)).decode("ascii") != text:
        return Refused("stix_canonical", "the bundle is not byte for byte what Bavn writes for this indicator")
    return indicator


def _indicator(stix_object: dict[str, Any]) -> Indicator | Refused:
    observable = observable_of(stix_object["pattern"])
    if isinstance(observable, Refused):
        return observable
    marked = stix_object["object_marking_refs"]
    tlp = [level for level, marking in TLP_IDS.items() if marking in marked]
    pap = [level for level, marking in PAP_IDS.items() if marking in marked]
    if len(tlp) != 1:
        return Refused("tlp_known", "an indicator carries exactly one TLP 2.0 marking")
    if len(pap) != 1:
        return Refused("pap_known", "an indicator carries exactly one PAP marking")
    if type(stix_object["revoked"]) is not bool:
        return Refused("stix_well_formed", "revoked is true or false")
    references = {item["source_name"]: item["external_id"] for item in stix_object["external_references"]}
    return Indicator(
        id=stix_object["id"],
        version=_us(stix_object["modified"]),
        observable=observable,
        tlp=tlp[0],
        pap=pap[0],
        confidence=stix_object["confidence"],
        valid_from_us=_us(stix_object["valid_from"]),
        valid_until_us=_us(stix_object["valid_until"]),
        case_id=references["bavn-case"],
        technique=references["mitre-attack"],
        revoked=stix_object["revoked"],
    )


def _us(moment: str) -> int:
    if not _MOMENT.fullmatch(moment):
        raise ValueError("not a moment as Bavn writes it")
    return as_us(datetime.fromisoformat(moment))


def _wrong(indicator: Indicator, created_by: str, created_us: int) -> Refused | None:
    """What the fields' own bounds say; the same rules when writing and when reading."""
    for text, form, rule in (
        (indicator.id, _INDICATOR_ID, "id_known_form"),
        (created_by, _IDENTITY_ID, "author_known_form"),
        (indicator.technique, _TECHNIQUE, "technique_known_form"),
        (indicator.case_id, _CASE_ID, "case_known_form"),
    ):
        if not isinstance(text, str) or not form.fullmatch(text):
            return Refused(rule, "does not match {pattern}", pattern=form.pattern)
    moments = (created_us, indicator.version, indicator.valid_from_us, indicator.valid_until_us)
    if not all(type(us) is int and 0 <= us < MOMENT_US_MAX for us in moments):
        return Refused("moment_in_range", "a moment lies in 0..2**53 microseconds since 1970")
    if indicator.version < max(1, created_us):
        return Refused("version_after_created", "a version is not older than the indicator itself")
    if indicator.valid_until_us <= indicator.valid_from_us:
        return Refused("has_an_end", "an indicator is valid until after it is valid from")
    if type(indicator.confidence) is not int or not 0 <= indicator.confidence <= 100:
        return Refused("confidence_in_range", "confidence lies in 0..100")
    return None


def _bundle(indicator: Indicator, created_by: str, created_us: int) -> dict[str, Any]:
    return {
        "type": "bundle",
        "id": f"bundle--{uuid.uuid5(_BUNDLE_SPACE, f'{indicator.id}/{indicator.version}')}",
        "objects": [tlp_object(indicator.tlp), pap_object(indicator.pap), _object(indicator, created_by, created_us)],
    }


def _object(indicator: Indicator, created_by: str, created_us: int) -> dict[str, Any]:
    references = [
        {"source_name": "mitre-attack", "external_id": indicator.technique},
        {"source_name": "bavn-case", "external_id": indicator.case_id},
    ]
    return indicator_object(indicator, created_by, created_us, references)


def indicator_object(
    indicator: Indicator, created_by: str, created_us: int, references: list[dict[str, str]], **named: str
) -> dict[str, Any]:
    """The STIX indicator as every recipient gets it. ``references``: what it may say of where it comes from, which is
    the caller's to choose; ``named``: its name, for people."""
    return {
        "type": "indicator",
        "spec_version": "2.1",
        "id": indicator.id,
        "created_by_ref": created_by,
        "created": iso(created_us),
        "modified": iso(indicator.version),
        "revoked": indicator.revoked,
        **named,
        "confidence": indicator.confidence,
        "indicator_types": ["malicious-activity"],
        "pattern": pattern_of(indicator.observable),
        "pattern_type": "stix",
        "pattern_version": "2.1",
        "valid_from": iso(indicator.valid_from_us),
        "valid_until": iso(indicator.valid_until_us),
        "object_marking_refs": [TLP_IDS[indicator.tlp], PAP_IDS[indicator.pap]],
        "external_references": references,
    }
