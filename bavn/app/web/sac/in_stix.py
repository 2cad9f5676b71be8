"""Leads, cases and released indicators as STIX 2.1 objects, for the files of their lists.

An id is made of what it stands for, so the same list is the same file. Refuses to name actors: who saw a thing is not
handed on.
"""

import json
import uuid
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from bavn.app.acts.centre.cases import Named
from bavn.app.web.exporting import STIX_SPACE, Objects
from bavn.app.web.sac.context import SacContext
from bavn.centre.share.share import identity_of
from bavn.model.moment import iso
from bavn.model.observable import ObservableType
from bavn.wire.partners.stix_out import NotWritable, context_of, object_of

PLACES: Final = {ObservableType.IP4: "ipv4-addr", ObservableType.IP6: "ipv6-addr", ObservableType.DOMAIN: "domain-name"}


def groups(at_us: Callable[[Any], int]) -> Objects:
    """Of rows with an id and observables: the observables, and a grouping of suspicious activity that says that they
    belong together. ``at_us``: since when the row stands."""

    def objects(context: SacContext, rows: Iterable[Any]) -> Iterator[dict[str, Any]]:
        now_us = context.clock.now_us()
        author, *_ = context_of(identity_of(context.sector), context.sector, iso(0))
        yield author
        for row in rows:
            places = [place(observable) for observable in row.observables]
            at = _stamp(min(at_us(row), now_us))
            yield from places
            yield {
                "type": "grouping",
                "spec_version": "2.1",
                "id": _id("grouping", row.id),
                "name": row.id,
                "context": "suspicious-activity",
                "created_by_ref": author["id"],
                "created": at,
                "modified": at,
                "object_refs": [placed["id"] for placed in places],
            }

    return objects


def released() -> Objects:
    """Of indicators: those that were released; what cannot be written in STIX is left out."""

    def objects(context: SacContext, rows: Iterable[Any]) -> Iterator[dict[str, Any]]:
        created_by = identity_of(context.sector)
        yield from context_of(created_by, context.sector, iso(0))
        for row in rows:
            kept = context.desk.deliveries.get(row.id)
            if kept is None:
                continue
            try:
                stix_object = object_of(kept.indicator, created_by=created_by, created_us=kept.created_us)
            except NotWritable:
                continue
            yield json.loads(stix_object)

    return objects


def place(observable: Named) -> dict[str, Any]:
    """An observable as a STIX cyber observable, or as one of Bavn's own where STIX has none for it."""
    key = str(observable)
    made = PLACES.get(observable.type)
    if made is not None:
        return {"type": made, "spec_version": "2.1", "id": _id(made, key), "value": observable.value}
    if observable.type is ObservableType.SHA256:
        return {"type": "file", "spec_version": "2.1", "id": _id("file", key), "hashes": {"SHA-256": observable.value}}
    return {
        "type": "x-bavn-observable",
        "spec_version": "2.1",
        "id": _id("x-bavn-observable", key),
        "observable_type": observable.type.value,
        "value": observable.value,
    }


def _id(kind: str, key: str) -> str:
    return f"{kind}--{uuid.uuid5(STIX_SPACE, key)}"


def _stamp(at_us: int) -> str:
    return iso(at_us)[:23] + "Z"
