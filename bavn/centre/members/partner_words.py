"""A partner's policy as it stands in the database: canonical JSON and back. Refuses to judge it: the model does."""

import json
from typing import Any

from bavn.model.intel.indicator import Pap, Tlp
from bavn.model.observable import ObservableType
from bavn.model.sector.partner import Inward, Outward


def outward_text(out: Outward) -> str:
    """What goes out, as JSON text."""
    return _dumps(outward_plain(out))


def inward_text(inward: Inward) -> str:
    """What comes in, as JSON text."""
    return _dumps(inward_plain(inward))


def outward_plain(out: Outward) -> dict[str, Any]:
    """What goes out, in words of JSON: for the database, the audit log and people."""
    return {
        "tlp_max": out.tlp_max.value,
        "pap_max": out.pap_max.name,
        "types": sorted(kind.value for kind in out.types),
        "confidence_min": out.confidence_min,
        "collections": list(out.collections),
    }


def inward_plain(inward: Inward) -> dict[str, Any]:
    """What comes in, in words of JSON."""
    return {
        "trust": inward.trust,
        "tlp_max": inward.tlp_max.value,
        "may_block": inward.may_block,
        "objects_per_day_max": inward.objects_per_day_max,
    }


def outward_of(text: str) -> Outward:
    """The inverse of :func:`outward_text`."""
    body = json.loads(text)
    return Outward(
        tlp_max=Tlp(body["tlp_max"]),
        pap_max=Pap[body["pap_max"]],
        types=frozenset(ObservableType(kind) for kind in body["types"]),
        confidence_min=body["confidence_min"],
        collections=tuple(body["collections"]),
    )


def inward_of(text: str) -> Inward:
    """The inverse of :func:`inward_text`."""
    body = json.loads(text)
    return Inward(**body | {"tlp_max": Tlp(body["tlp_max"])})


def _dumps(body: dict[str, Any]) -> str:
    return json.dumps(body, sort_keys=True, separators=(",", ":"))
