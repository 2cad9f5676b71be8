"""A MISP event of somebody's as claims: its attributes and those of its objects, tags, sightings, ids flags.

Attributes that only describe are passed over; one that is meant for detection and that Bavn cannot look for is refused,
with the reason. Source: the MISP core format. Refuses to follow anything outside the event.
"""

from collections.abc import Iterator
from typing import Any, Final

from bavn.centre.inbox.foreign_words import list_of, moment_of, text_of
from bavn.model.intel.spelled import is_below_host, spelled
from bavn.model.misp import (
    CONTEXT,
    EXPIRED,
    FALSE_POSITIVE,
    JA4_RELATION,
    SIGHTED,
    TYPE_WORDS,
    UUID,
    confidence_of,
    pap_of,
    technique_of,
    tlp_of,
)
from bavn.model.observable import Observable
from bavn.model.outcome import Refused
from bavn.model.sector.intel import Assumed, Claim, Offer, Piece, strictest

ATTRIBUTES_MAX: Final = 200_000
TAGS_MAX: Final = 500


def read_event(data: Any, assumed: Assumed) -> Piece | Refused:
    """One event as a piece whose scope is its uuid; or why it is none. ``data``: with or without the key ``Event``."""
    event = data.get("Event", data) if isinstance(data, dict) else None
    scope = event.get("uuid") if isinstance(event, dict) else None
    if not isinstance(event, dict) or not isinstance(scope, str) or not UUID.fullmatch(scope.lower()):
        return Refused("not_an_event", "the text is no MISP event with a uuid")
    tags = _tags(event)
    technique = technique_of(tags)
    offers: dict[str, Offer] = {}
    passed = 0
    for count, (attribute, relation) in enumerate(_attributes(event)):
        if count >= ATTRIBUTES_MAX:
            offers["too_many"] = Offer(
                scope, Refused("too_many_attributes", "more than {most} attributes", most=ATTRIBUTES_MAX)
            )
            break
        made = _offers(attribute, relation, tags, technique, assumed, event)
        passed += not made
        for offer in made:
            offers.setdefault(offer.key, offer)
    return Piece(scope.lower(), tuple(offers.values()), passed)


def events_of(data: Any) -> list[Any]:
    """The events of what MISP gives out: one, a list of them, or ``{"response": [...]}``."""
    if isinstance(data, dict) and isinstance(data.get("response"), list | dict):
        data = data["response"]
    return data if isinstance(data, list) else [data]


def _attributes(event: dict[str, Any]) -> Iterator[tuple[dict[str, Any], str]]:
    for attribute in list_of(event.get("Attribute")):
        if isinstance(attribute, dict):
            yield attribute, ""
    for thing in list_of(event.get("Object")):
        if isinstance(thing, dict):
            for attribute in list_of(thing.get("Attribute")):
                if isinstance(attribute, dict):
                    gone = _is_set(thing.get("deleted"))
                    yield (
                        (attribute | {"deleted": True} if gone else attribute),
                        text_of(attribute.get("object_relation"), 60),
                    )


def _offers(
    attribute: dict[str, Any],
    relation: str,
    event_tags: list[str],
    technique: str,
    assumed: Assumed,
    event: dict[str, Any],
) -> list[Offer]:
    kind, value = text_of(attribute.get("type"), 60), attribute.get("value")
    words = ("ja4",) if relation == JA4_RELATION and kind == "text" else TYPE_WORDS.get(kind)
    meant = _is_set(attribute.get("to_ids")) or words == ("ja4",)
    key = text_of(attribute.get("uuid"), 60) or text_of(value, 60) or "attribute without a uuid"
    if kind in CONTEXT and words != ("ja4",):
        return []
    if words is None or not any(words):
        return (
            [Offer(key, Refused("not_carried", "Bavn looks for nothing of MISP's type {kind!r}", kind=kind))]
            if meant
            else []
        )
    if not isinstance(value, str):
        return [Offer(key, Refused("not_an_indicator", "an attribute without a value"))]
    offers = []
    parts = value.split("|") if len(words) > 1 else [value]
    if len(parts) != len(words):
        return [
            Offer(
                key, Refused("not_an_indicator", "the value of a {kind} has {parts} parts", kind=kind, parts=len(words))
            )
        ]
    for at, (word, part) in enumerate(zip(words, parts, strict=True)):
        if word:
            named = spelled(word, part)
            name = key if at == 0 or len(words) == 1 else f"{key}#{at}"
            what = _claim(named, part, word, attribute, event_tags, technique, assumed, event, meant=meant)
            offers.append(Offer(name, what, _author(event)))
    return offers


def _claim(
    named: Any,
    part: str,
    word: str,
    attribute: dict[str, Any],
    event_tags: list[str],
    technique: str,
    assumed: Assumed,
    event: dict[str, Any],
    *,
    meant: bool,
) -> Claim | Refused:
    if isinstance(named, Refused):
        return named
    if not isinstance(named, Observable):
        return Refused("network", "a range of addresses is no single observable")
    own = _tags(attribute)
    levels = [level for level in (tlp_of(event_tags), tlp_of(own)) if level is not None]
    actions = [level for level in (pap_of(event_tags), pap_of(own)) if level is not None]
    sure = confidence_of(own)
    sure = confidence_of(event_tags) if sure is None else sure
    seen_us, doubted, over = _sightings(attribute)
    last = [moment for moment in (seen_us, moment_of(attribute.get("last_seen"))) if moment is not None]
    return Claim(
        observable=named,
        tlp=strictest(*levels) if levels else assumed.tlp,
        pap=min(actions, default=assumed.pap),
        confidence=assumed.confidence if sure is None else sure,
        first_us=moment_of(attribute.get("first_seen")),
        last_us=max(last, default=None),
        modified_us=moment_of(attribute.get("timestamp")),
        technique=technique_of(own) or technique,
        about=text_of(event.get("info")),
        detect=meant and not doubted,
        derived=word == "url" and is_below_host(part),
        withdrawn=_is_set(attribute.get("deleted")) or over,
    )


def _sightings(attribute: dict[str, Any]) -> tuple[int | None, bool, bool]:
    """(last time seen, somebody calls it a false positive after that, it was called expired after that)."""
    last: dict[str, int] = {}
    for said in list_of(attribute.get("Sighting")):
        if isinstance(said, dict):
            kind, moment = str(said.get("type", SIGHTED)), moment_of(said.get("date_sighting"))
            if moment is not None:
                last[kind] = max(moment, last.get(kind, 0))
    seen = last.get(SIGHTED)
    return seen, last.get(FALSE_POSITIVE, -1) > (seen or 0), last.get(EXPIRED, -1) > (seen or 0)


def _is_set(flag: Any) -> bool:
    """MISP writes a flag as true, 1 or "1", by version and by way."""
    return flag is True or flag == 1 or (isinstance(flag, str) and flag.strip().lower() in ("1", "true"))


def _author(event: dict[str, Any]) -> str:
    made_by = event.get("Orgc")
    return text_of(made_by.get("uuid"), 60) if isinstance(made_by, dict) else ""


def _tags(attribute: dict[str, Any]) -> list[str]:
    return [
        tag["name"][:200]
        for tag in list_of(attribute.get("Tag"))[:TAGS_MAX]
        if isinstance(tag, dict) and isinstance(tag.get("name"), str)
    ]
