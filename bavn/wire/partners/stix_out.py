"""STIX 2.1 indicators to and from partners: written from nothing but typed values, read from whatever strangers write.

What goes out names no case, no actor and no sighting: only the observable, its markings, confidence, technique and the
span in which it holds. What comes in is one comparison of one observable, in any of the spellings that other programs
use; anything wider is refused, with a reason for its author. Refuses to judge (gates 2 and 3 do).

Sources: STIX 2.1 (OASIS standard, 2021-06-10), 4.7 and 7.2; TLP's first version is read, the second is written.
"""

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from bavn.model.intel.indicator import Indicator, Pap, Tlp
from bavn.model.observable import NotCanonical, Observable, ObservableType
from bavn.model.outcome import Refused
from bavn.model.sector.offer import Offer
from bavn.model.sector.partner import TLP_ORDER
from bavn.wire.partners.marking import PAP_IDS, TLP_IDS, pap_object, tlp_object
from bavn.wire.partners.stix_indicator import NotWritable, check, indicator_object, observable_of
from bavn.wire.partners.taxii import OBJECT_ID, moment_us

STATED_DEFAULT: Final = 50
PATTERN_CHARACTERS_MAX: Final = 2048
TLP_ASSUMED: Final = Tlp.AMBER
PAP_ASSUMED: Final = Pap.AMBER
"""What holds where a partner marks nothing: to be used inside the sector and watched, not shown to the adversary."""
_TLP_1: Final = {
    "marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9": Tlp.CLEAR,
    "marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da": Tlp.GREEN,
    "marking-definition--f88d31f6-486f-44da-b317-01333bde0b82": Tlp.AMBER,
    "marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed": Tlp.RED,
}
_TLPS: Final = _TLP_1 | {marking: tlp for tlp, marking in TLP_IDS.items()}
_PAPS: Final = {marking: pap for pap, marking in PAP_IDS.items()}
_TECHNIQUE = re.compile(r"T[0-9]{4}(\.[0-9]{3})?")
_FOREIGN = re.compile(
    r"""
    \s* \[ \s* ([a-z0-9-]{1,40}):       # object
    ([A-Za-z0-9_.'-]{1,60}) \s*         # path
    = \s* '([^'\\]{1,300})' \s* \] \s*  # value
    """,
    re.ASCII | re.VERBOSE,
)
_FOREIGN_PATHS: Final = {
    ("ipv4-addr", "value"): ObservableType.IP4,
    ("ipv6-addr", "value"): ObservableType.IP6,
    ("domain-name", "value"): ObservableType.DOMAIN,
    ("file", "hashes.'sha-256'"): ObservableType.SHA256,
    ("file", "hashes.sha256"): ObservableType.SHA256,
    ("file", "hashes.'sha256'"): ObservableType.SHA256,
    ("x509-certificate", "hashes.'sha-1'"): ObservableType.CERT,
    ("x509-certificate", "hashes.sha1"): ObservableType.CERT,
    ("x509-certificate", "hashes.'sha-256'"): ObservableType.CERT,
    ("x509-certificate", "hashes.sha256"): ObservableType.CERT,
}
_HASHES: Final = frozenset({ObservableType.SHA256, ObservableType.CERT})


# --- out -----------------------------------------------------------------------------------------------------------


def object_of(indicator: Indicator, *, created_by: str, created_us: int) -> str:
    """JSON text of the STIX indicator as a partner gets it. Raises stix.NotWritable for what cannot be written."""
    check(indicator, created_by, created_us)
    references = [{"source_name": "mitre-attack", "external_id": indicator.technique}]
    name = f"{indicator.observable.type.value} {indicator.observable.value}"
    return _dumps(indicator_object(indicator, created_by, created_us, references, name=name))


def context_of(created_by: str, sector: str, since: str) -> tuple[dict[str, Any], ...]:
    """The objects that indicators refer to: who wrote them and the markings. ``since``: the author's own date."""
    author = {
        "type": "identity",
        "spec_version": "2.1",
        "id": created_by,
        "created": since,
        "modified": since,
        "name": sector,
        "identity_class": "organization",
    }
    return author, *(tlp_object(tlp) for tlp in Tlp), *(pap_object(pap) for pap in Pap)


def bundle_text(bundle_id: str, bodies: list[str]) -> str:
    """A bundle of objects that are JSON text already."""
    return f'{{"type":"bundle","id":{json.dumps(bundle_id)},"objects":[{",".join(bodies)}]}}'


def version_of(found: Mapping[str, Any]) -> int | None:
    """A STIX object's version in microseconds: when it was modified, else created; None for neither."""
    return moment_us(found.get("modified", found.get("created")))


def _dumps(body: dict[str, Any]) -> str:
    return json.dumps(body, separators=(",", ":"), ensure_ascii=True)


# --- in ------------------------------------------------------------------------------------------------------------


def offer_of(stix_object: Any) -> Offer | Refused:
    """What a stranger's STIX object says of one observable, or why it cannot be used. Never raises, whatever it is."""
    if not isinstance(stix_object, dict) or not isinstance(stix_object.get("type"), str):
        return Refused("stix_object", "not a STIX object")
    if stix_object["type"] != "indicator":
        return Refused("only_indicators", "only indicators are taken")
    if stix_object.get("spec_version") != "2.1":
        return Refused("spec_version", "only STIX 2.1 is taken")
    id_, version_us = stix_object.get("id"), version_of(stix_object)
    if not isinstance(id_, str) or not OBJECT_ID.fullmatch(id_) or not id_.startswith("indicator--"):
        return Refused("stix_object", "the id is no indicator's")
    from_us = moment_us(stix_object.get("valid_from"))
    until_us = moment_us(stix_object.get("valid_until"))
    if version_us is None or from_us is None or ("valid_until" in stix_object and until_us is None):
        return Refused("stix_object", "created, modified, valid_from or valid_until is no STIX timestamp")
    if until_us is not None and until_us <= from_us:
        return Refused("stix_object", "valid_until lies after valid_from")
    observable = _observable(stix_object)
    if isinstance(observable, Refused):
        return observable
    stated, revoked = stix_object.get("confidence", STATED_DEFAULT), stix_object.get("revoked", False)
    if type(stated) is not int or not 0 <= stated <= 100 or type(revoked) is not bool:
        return Refused("stix_object", "confidence is a whole number from 0 to 100, revoked is true or false")
    marked = _marked(stix_object)
    if isinstance(marked, Refused):
        return marked
    return Offer(
        id=id_,
        version_us=version_us,
        observable=observable,
        tlp=marked[0],
        pap=marked[1],
        stated=stated,
        from_us=from_us,
        until_us=until_us,
        technique=_technique(stix_object),
        revoked=revoked,
    )


def _observable(found: dict[str, Any]) -> Observable | Refused:
    pattern = found.get("pattern")
    if found.get("pattern_type") != "stix" or not isinstance(pattern, str) or len(pattern) > PATTERN_CHARACTERS_MAX:
        return Refused(
            "pattern_known",
            "pattern_type is stix, and a pattern has at most {most} characters",
            most=PATTERN_CHARACTERS_MAX,
        )
    ours = observable_of(pattern)
    if not isinstance(ours, Refused):
        return ours
    match = _FOREIGN.fullmatch(pattern)
    kind = _FOREIGN_PATHS.get((match[1], match[2].lower())) if match else None
    if match is None or kind is None:
        return Refused("pattern_known", "the pattern is not one comparison of one observable that Bavn knows")
    value = match[3].lower() if kind in _HASHES else match[3]
    try:
        return Observable.once(kind, value)
    except (NotCanonical, ValueError):
        return Refused("pattern_known", "the pattern's value is no {kind}", kind=kind.value)


def _marked(stix_object: dict[str, Any]) -> tuple[Tlp, Pap] | Refused:
    """The strictest of all TLP and PAP markings on the object or on parts of it; markings of others are not ours to
    read."""
    refs = stix_object.get("object_marking_refs", [])
    granular = stix_object.get("granular_markings", [])
    if not isinstance(refs, list) or not isinstance(granular, list):
        return Refused("stix_object", "markings are lists")
    named = [*refs, *(one.get("marking_ref") for one in granular if isinstance(one, dict))]
    known = [ref for ref in named if isinstance(ref, str)]
    tlps = [_TLPS[ref] for ref in known if ref in _TLPS]
    paps = [_PAPS[ref] for ref in known if ref in _PAPS]
    return max(tlps, key=TLP_ORDER.index, default=TLP_ASSUMED), min(paps, default=PAP_ASSUMED)


def _technique(found: dict[str, Any]) -> str:
    """The first ATT&CK technique that is named; empty for none."""
    references = found.get("external_references", [])
    for one in references if isinstance(references, list) else ():
        if isinstance(one, dict) and one.get("source_name") == "mitre-attack":
            technique = one.get("external_id")
            if isinstance(technique, str) and _TECHNIQUE.fullmatch(technique):
                return technique
    return ""


__all__ = ["NotWritable", "bundle_text", "context_of", "object_of", "offer_of", "version_of"]
