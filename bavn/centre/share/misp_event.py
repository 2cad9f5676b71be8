"""Released indicators as MISP events, one for each case, and a folder of them as a feed. Pure: values in, JSON out.

The same indicators give the same bytes. Nothing tells which actor saw what: a sighting stands there as a day, and only
where at least two actors met the indicator. Sources: the MISP core format and feed format (manifest.json, hashes.csv,
one file for each event). Refuses to judge what may go out: gate 3 did.
"""

import hashlib
import json
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from bavn.model.intel.indicator import Indicator
from bavn.model.misp import JA4_OBJECT, JA4_RELATION, SIGHTED, attribute_type_of, tags_of
from bavn.model.moment import DAY_US, SECOND_US, iso
from bavn.model.observable import ObservableType
from bavn.model.sector.intel import strictest

ACTORS_FOR_A_SIGHTING: Final = 2
THREAT_LEVEL: Final = "2"
ANALYSIS: Final = "2"
ORGANISATION_ONLY: Final = "0"
_SPACE: Final = uuid.UUID("4d9c3c0e-9a1e-5a0f-8d5f-2c7be1f0a7d3")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """An indicator that gate 3 let through for a partner. ``met_us``: the last time actors met it, where at least
    ACTORS_FOR_A_SIGHTING did; None else. ``indicator.revoked``: it was withdrawn."""

    indicator: Indicator
    created_us: int
    met_us: int | None = None


@dataclass(frozen=True, slots=True)
class Org:
    """Who the author is: the sector's centre."""

    name: str
    uuid: str

    @classmethod
    def of(cls, sector: str) -> "Org":
        return cls(sector, str(uuid.uuid5(_SPACE, f"org/{sector}")))


def not_carried(shared: Iterable[Shared]) -> tuple[Indicator, ...]:
    """What MISP has no attribute for: it is reported, not dropped."""
    return tuple(one.indicator for one in shared if not _carries(one))


def events_of(shared: Iterable[Shared], org: Org, *, gone: bool) -> tuple[dict[str, Any], ...]:
    """One event for each case that has something to tell, by the case's id. ``gone``: withdrawn indicators stand there
    as deleted attributes, so that an update takes them back; without it they are left out."""
    by_case: dict[str, list[Shared]] = {}
    for one in shared:
        if _carries(one) and (gone or not one.indicator.revoked):
            by_case.setdefault(one.indicator.case_id, []).append(one)
    return tuple(_event(case_id, by_case[case_id], org) for case_id in sorted(by_case))


def event_uuid(case_id: str) -> str:
    """The uuid of a case's event: the same for every partner and for ever."""
    return str(uuid.uuid5(_SPACE, f"event/{case_id}"))


def attribute_of(indicator_id: str) -> str:
    """The uuid of an indicator's attribute, the same in every MISP."""
    return str(uuid.uuid5(_SPACE, f"attribute/{indicator_id}"))


def sighting_of(indicator_id: str, day_us: int) -> str:
    """The uuid of the sighting by which we tell that an indicator was met on a day (its beginning)."""
    return str(uuid.uuid5(_SPACE, f"sighting/{indicator_id}/{day_us}"))


def feed_files(events: Sequence[Mapping[str, Any]]) -> dict[str, bytes]:
    """Name -> bytes of a feed: an event each, ``hashes.csv`` and ``manifest.json``, to be written in this order."""
    files = {f"{event['uuid']}.json": _json({"Event": event}) for event in events}
    hashes = {
        f"{hashlib.md5(part.encode(), usedforsecurity=False).hexdigest()},{event['uuid']}"
        for event in events
        for value in _values(event)
        for part in {value, *value.split("|")}
    }
    files["hashes.csv"] = "".join(f"{line}\n" for line in sorted(hashes)).encode()
    files["manifest.json"] = _json({event["uuid"]: _listed(event) for event in events})
    return files


def _carries(one: Shared) -> bool:
    try:
        attribute_type_of(one.indicator.observable)
    except ValueError:
        return False
    return True


def _event(case_id: str, shared: Sequence[Shared], org: Org) -> dict[str, Any]:
    ordered = sorted(shared, key=lambda entry: entry.indicator.observable)
    live = [entry.indicator for entry in ordered if not entry.indicator.revoked] or [
        entry.indicator for entry in ordered
    ]
    uuid = event_uuid(case_id)
    changed_s = max(entry.indicator.version for entry in ordered) // SECOND_US
    plain = [_attribute(entry) for entry in ordered if entry.indicator.observable.type is not ObservableType.JA4]
    objects = [_object(entry) for entry in ordered if entry.indicator.observable.type is ObservableType.JA4]
    tags = tags_of(
        strictest(*(indicator.tlp for indicator in live)),
        min(indicator.pap for indicator in live),
        min(indicator.confidence for indicator in live),
    )
    techniques = sorted({indicator.technique for indicator in live})
    return {
        "uuid": uuid,
        "info": f"{org.name}: {len(ordered)} indicators",
        "date": iso(min(entry.created_us for entry in ordered))[:10],
        "timestamp": str(changed_s),
        "publish_timestamp": str(changed_s),
        "published": True,
        "analysis": ANALYSIS,
        "threat_level_id": THREAT_LEVEL,
        "distribution": ORGANISATION_ONLY,
        "Orgc": {"name": org.name, "uuid": org.uuid},
        "Tag": [{"name": name} for name in [*tags, *map(_technique, techniques)]],
        "Attribute": plain,
        "Object": objects,
    }


def _attribute(entry: Shared, relation: str = "") -> dict[str, Any]:
    indicator = entry.indicator
    kind, category = attribute_type_of(indicator.observable)
    attribute: dict[str, Any] = {
        "uuid": attribute_of(indicator.id),
        "type": kind,
        "category": category,
        "value": indicator.observable.value,
        "to_ids": not indicator.revoked,
        "disable_correlation": False,
        "distribution": "5",
        "timestamp": str(indicator.version // SECOND_US),
        "comment": "",
        "first_seen": iso(indicator.valid_from_us),
        "deleted": indicator.revoked,
        "Tag": [{"name": name} for name in tags_of(indicator.tlp, indicator.pap, indicator.confidence)],
    }
    if relation:
        attribute["object_relation"] = relation
    if entry.met_us is not None and not indicator.revoked:
        day_us = entry.met_us // DAY_US * DAY_US
        attribute["last_seen"] = iso(max(day_us, indicator.valid_from_us))
        attribute["Sighting"] = [
            {
                "uuid": sighting_of(indicator.id, day_us),
                "type": SIGHTED,
                "date_sighting": str(day_us // SECOND_US),
                "source": "",
            }
        ]
    return attribute


def _object(entry: Shared) -> dict[str, Any]:
    name, template, version = JA4_OBJECT
    indicator = entry.indicator
    kind = _attribute(entry, JA4_RELATION)
    word = {
        "uuid": str(uuid.uuid5(_SPACE, f"attribute/{indicator.id}/type")),
        "type": "text",
        "category": "Other",
        "value": "JA4",
        "to_ids": False,
        "disable_correlation": True,
        "distribution": "5",
        "comment": "",
        "timestamp": str(indicator.version // SECOND_US),
        "object_relation": "ja4-type",
        "deleted": indicator.revoked,
    }
    return {
        "uuid": str(uuid.uuid5(_SPACE, f"object/{indicator.id}")),
        "name": name,
        "meta-category": "network",
        "description": "",
        "template_uuid": template,
        "template_version": version,
        "distribution": "5",
        "comment": "",
        "timestamp": str(indicator.version // SECOND_US),
        "deleted": indicator.revoked,
        "Attribute": [kind, word],
    }


def _technique(name: str) -> str:
    return f'misp-galaxy:mitre-attack-pattern="{name}"'


def _listed(event: Mapping[str, Any]) -> dict[str, Any]:
    names = ("info", "date", "analysis", "threat_level_id", "timestamp", "Orgc", "Tag")
    return {name: event[name] for name in names}


def _values(event: Mapping[str, Any]) -> list[str]:
    inside = [one for thing in event["Object"] for one in thing["Attribute"]]
    return [one["value"] for one in [*event["Attribute"], *inside]]


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()
