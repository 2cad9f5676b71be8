"""STIX 2.1 objects of somebody's as claims: indicators with simple patterns, their markings, sightings of them.

Objects that are no indicators are context and passed over. Refuses to follow references outside what it was given.
Sources: STIX 2.1 (OASIS standard); the extensions tlp-2.0 and pap-marking (wire/partners/marking.py).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from bavn.centre.inbox.foreign_words import list_of, moment_of, percent_of, techniques_of, text_of
from bavn.centre.inbox.stix_pattern import Named, observables_of
from bavn.model.intel.indicator import Pap, Tlp
from bavn.model.observable import Observable
from bavn.model.outcome import Refused
from bavn.model.sector.intel import KEY_CHARS_MAX, Assumed, Claim, Offer, Piece, strictest
from bavn.wire.partners.marking import PAP_EXTENSION, PAP_IDS, TLP_EXTENSION, TLP_IDS
from bavn.wire.partners.stix_indicator import observable_of

OBJECTS_MAX: Final = 500_000
TLP1_IDS: Final[dict[str, Tlp]] = {
    "marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9": Tlp.CLEAR,
    "marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da": Tlp.GREEN,
    "marking-definition--f88d31f6-486f-44da-b317-01333bde0b82": Tlp.AMBER,
    "marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed": Tlp.RED,
}
"""The four markings of the standard itself; TLP 1's AMBER let an organisation tell its clients, as TLP 2's does."""
_TLP_WORDS: Final = {tlp.value.removeprefix("TLP:").lower(): tlp for tlp in Tlp} | {"white": Tlp.CLEAR}
_PAP_WORDS: Final = {pap.name.lower(): pap for pap in Pap} | {"white": Pap.CLEAR}
_INNOCENT: Final = frozenset({"benign", "anonymization"})


@dataclass(frozen=True, slots=True)
class _Around:
    """What the other objects say: TLP and PAP by marking's id, last sighting by indicator's id."""

    tlp: Mapping[str, Tlp]
    pap: Mapping[str, Pap]
    sighted_us: Mapping[str, int]


def read_stix(objects: Any, assumed: Assumed, markings: Sequence[Any] = ()) -> Piece:
    """All objects of a bundle or a page as one piece, scope ""."""
    given = list_of(objects)
    if len(given) > OBJECTS_MAX:
        return Piece("", (Offer("objects", Refused("too_many_objects", "more than {most} objects", most=OBJECTS_MAX)),))
    around = _around([*markings, *given])
    offers: dict[str, Offer] = {}
    passed = 0
    for stix_object in _latest(given):
        if not isinstance(stix_object, dict) or stix_object.get("type") != "indicator":
            passed += 1
            continue
        for offer in indicator_offers(stix_object, around, assumed):
            offers[offer.key] = offer
    return Piece("", tuple(offers.values()), passed)


def pieces_of(objects: Any, assumed: Assumed, markings: Sequence[Any] = ()) -> tuple[Piece, ...]:
    """The same with a scope for each indicator, as a source that tells only what is new needs it. ``markings``: what
    was defined before, and is not counted again."""
    whole = read_stix(objects, assumed, markings)
    by_scope: dict[str, list[Offer]] = {}
    for offer in whole.offers:
        by_scope.setdefault(offer.key.partition("#")[0], []).append(offer)
    made = [Piece(scope, tuple(offers)) for scope, offers in by_scope.items()]
    return (*made, Piece("-", (), whole.passed)) if whole.passed else tuple(made)


def bundle_objects(data: Any) -> Any | Refused:
    """The objects of a bundle or of a TAXII envelope; or why it is none."""
    if isinstance(data, dict) and isinstance(data.get("objects", []), list):
        return data.get("objects", [])
    return Refused("not_a_bundle", "the text is no STIX bundle")


def indicator_offers(stix_object: dict[str, Any], around: "_Around", assumed: Assumed) -> list[Offer]:
    """An indicator's observables, each an offer; or one refusal."""
    key = text_of(stix_object.get("id"), KEY_CHARS_MAX - 8) or "indicator without an id"
    named = _named(stix_object)
    if isinstance(named, Refused):
        return [Offer(key, named)]
    claims = _claims(stix_object, named, around, assumed)
    author = text_of(stix_object.get("created_by_ref"), KEY_CHARS_MAX)
    return [Offer(f"{key}#{at}" if at else key, claim, author) for at, claim in enumerate(claims)]


def _latest(given: Sequence[Any]) -> list[Any]:
    """The last version of each object, in the order in which they first stand; what has no id stays."""
    kept: dict[Any, Any] = {}
    for at, stix_object in enumerate(given):
        name = stix_object.get("id") if isinstance(stix_object, dict) else None
        name = name if isinstance(name, str) else at
        known = kept.get(name)
        if known is None or _version(stix_object) >= _version(known):
            kept[name] = stix_object
    return list(kept.values())


def _version(one: Any) -> int:
    return (moment_of(one.get("modified")) or 0) if isinstance(one, dict) else 0


def _around(given: Sequence[Any]) -> _Around:
    tlp = {name: level for level, name in TLP_IDS.items()} | TLP1_IDS
    pap = {name: level for level, name in PAP_IDS.items()}
    sighted: dict[str, int] = {}
    for stix_object in given:
        if not isinstance(stix_object, dict) or not isinstance(stix_object.get("id"), str):
            continue
        if stix_object.get("type") == "marking-definition":
            _mark(stix_object, tlp, pap)
        elif stix_object.get("type") == "sighting" and isinstance(stix_object.get("sighting_of_ref"), str):
            name, moment = (
                stix_object["sighting_of_ref"],
                moment_of(stix_object.get("last_seen")) or moment_of(stix_object.get("modified")),
            )
            if moment is not None and stix_object.get("count") != 0:
                sighted[name] = max(moment, sighted.get(name, 0))
    return _Around(tlp, pap, sighted)


def _mark(stix_object: dict[str, Any], tlp: dict[str, Tlp], pap: dict[str, Pap]) -> None:
    """Markings that the bundle brings itself; one of TLP or PAP that is not understood is the strictest."""
    name, extensions, old = stix_object["id"], stix_object.get("extensions"), stix_object.get("definition")
    if isinstance(extensions, dict):
        if isinstance(extensions.get(TLP_EXTENSION), dict):
            tlp.setdefault(name, _TLP_WORDS.get(str(extensions[TLP_EXTENSION].get("tlp_2_0")).lower(), Tlp.RED))
        if isinstance(extensions.get(PAP_EXTENSION), dict):
            pap.setdefault(name, _PAP_WORDS.get(str(extensions[PAP_EXTENSION].get("pap")).lower(), Pap.RED))
    if stix_object.get("definition_type") == "tlp" and isinstance(old, dict):
        tlp.setdefault(name, _TLP_WORDS.get(str(old.get("tlp")).lower(), Tlp.RED))


def _named(stix_object: dict[str, Any]) -> tuple[Named, ...] | Refused:
    if stix_object.get("pattern_type", "stix") != "stix":
        return Refused("pattern_type", "a pattern of type {type!r}", type=text_of(stix_object.get("pattern_type"), 20))
    pattern = stix_object.get("pattern")
    if not isinstance(pattern, str):
        return Refused("pattern_known", "an indicator without a pattern")
    if _INNOCENT & {text_of(word, 40) for word in list_of(stix_object.get("indicator_types"))}:
        return Refused("not_malicious", "its author says that it stands for something harmless")
    own = observable_of(pattern)
    return ((own, False),) if isinstance(own, Observable) else observables_of(pattern)


def _claims(stix_object: dict[str, Any], named: tuple[Named, ...], around: _Around, assumed: Assumed) -> list[Claim]:
    refs = [ref for ref in list_of(stix_object.get("object_marking_refs")) if isinstance(ref, str)]
    parts = [
        part.get("marking_ref") for part in list_of(stix_object.get("granular_markings")) if isinstance(part, dict)
    ]
    refs += [ref for ref in parts if isinstance(ref, str)]
    tlp = [around.tlp[ref] for ref in refs if ref in around.tlp]
    pap = [around.pap[ref] for ref in refs if ref in around.pap]
    sure = percent_of(stix_object.get("confidence"))
    name = str(stix_object.get("id"))
    return [
        Claim(
            observable=observable,
            tlp=strictest(*tlp) if tlp else assumed.tlp,
            pap=min(pap, default=assumed.pap),
            confidence=assumed.confidence if sure is None else sure,
            first_us=moment_of(stix_object.get("valid_from")),
            last_us=around.sighted_us.get(name),
            modified_us=moment_of(stix_object.get("modified")),
            until_us=moment_of(stix_object.get("valid_until")),
            technique=techniques_of(stix_object.get("external_references")),
            about=text_of(stix_object.get("name")),
            derived=derived,
            withdrawn=stix_object.get("revoked") is True,
        )
        for observable, derived in named
    ]
