"""A list as a file: CSV, JSON or STIX 2.1, streamed row by row and bounded; what was left off is said in a header.

CSV is written as every list's is (exporting.py). STIX objects have ids made of what they
say, so the same list is the same file. Refuses to know what is listed.
"""

import json
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final, Literal

from fastapi.responses import StreamingResponse

from bavn.app.web.exporting import cell, line
from bavn.model.moment import iso
from bavn.model.observable import Observable, ObservableType

Format = Literal["csv", "json", "stix"]
ENDS: Final[dict[Format, str]] = {"csv": "csv", "json": "json", "stix": "stix.json"}
"""A bundle has a name of its own, so that it is not taken for the plain file that was saved before it."""
TYPES: Final = {
    "csv": "text/csv; charset=utf-8", "json": "application/json", "stix": "application/stix+json;version=2.1",
}  # fmt: skip
LEFT_OFF: Final = "Bavn-Left-Off"
SPACE: Final = uuid.UUID("2f0be7a2-7a54-5a0e-8c1c-8f4a1f0f6c3e")
PLACES: Final = {ObservableType.IP4: "ipv4-addr", ObservableType.IP6: "ipv6-addr", ObservableType.DOMAIN: "domain-name"}


def exported[T](
    form: Format, name: str, items: Iterable[T], row: Callable[[T], Mapping[str, Any]],
    objects: Callable[[T, str, int], Iterable[dict[str, Any]]], left_off: int, sector: str, now_us: int,
) -> StreamingResponse:  # fmt: skip
    """The answer. ``row``: an item for CSV and JSON, always the same keys; ``objects``: an item in STIX, given the
    author's id and the time."""
    if form == "csv":
        body = csv_of(row(item) for item in items)
    elif form == "json":
        body = json_of(row(item) for item in items)
    else:
        author = identity(sector, now_us)
        body = bundle_of(author, (one for item in items for one in objects(item, author["id"], now_us)))
    file = f"bavn-{name}-{iso(now_us)[:10]}.{ENDS[form]}"
    headers = {
        "content-disposition": f'attachment; filename="{file}"',
        "cache-control": "no-store", LEFT_OFF: str(max(0, left_off)),
    }  # fmt: skip
    return StreamingResponse(body, media_type=TYPES[form], headers=headers)


def csv_of(rows: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """RFC 4180, with a head line; nothing but a byte order mark for no rows, so that a spreadsheet reads UTF-8."""
    yield "\ufeff"
    head: list[str] = []
    for row in rows:
        if not head:
            head = list(row)
            yield line(head)
        yield line([cell(row[name]) for name in head])


def json_of(rows: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """One array."""
    yield "["
    for at, row in enumerate(rows):
        yield (",\n" if at else "\n") + json.dumps(row, ensure_ascii=False)
    yield "\n]\n"


def bundle_of(author: dict[str, Any], objects: Iterable[dict[str, Any]]) -> Iterator[str]:
    """One bundle; each object once."""
    seen = {author["id"]}
    yield f'{{"type":"bundle","id":"bundle--{uuid.uuid5(SPACE, author["id"])}","objects":[\n'
    yield json.dumps(author, ensure_ascii=False)
    for one in objects:
        if one["id"] not in seen:
            seen.add(one["id"])
            yield ",\n" + json.dumps(one, ensure_ascii=False)
    yield "\n]}\n"


def identity(sector: str, now_us: int) -> dict[str, Any]:
    """The sector's centre as author."""
    return {
        "type": "identity", "spec_version": "2.1", "id": f"identity--{uuid.uuid5(SPACE, sector)}", "name": sector,
        "identity_class": "organization", "created": stamp(now_us), "modified": stamp(now_us),
    }  # fmt: skip


def place(observable: Observable) -> dict[str, Any]:
    """An observable as a STIX cyber observable, or as a note where STIX has none for it."""
    made = PLACES.get(observable.type)
    key = f"{observable.type.value}:{observable.value}"
    if made is not None:
        return {"type": made, "spec_version": "2.1", "id": f"{made}--{uuid.uuid5(SPACE, key)}",
                "value": observable.value}  # fmt: skip
    if observable.type is ObservableType.SHA256:
        return {"type": "file", "spec_version": "2.1", "id": f"file--{uuid.uuid5(SPACE, key)}",
                "hashes": {"SHA-256": observable.value}}  # fmt: skip
    return {"type": "x-bavn-observable", "spec_version": "2.1", "id": f"x-bavn-observable--{uuid.uuid5(SPACE, key)}",
            "observable_type": observable.type.value, "value": observable.value}  # fmt: skip


def grouping(
    key: str, author: str, name: str, context: str, at_us: int, places: Iterable[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Observables and the grouping that says they belong together."""
    found = list(places)
    made = {
        "type": "grouping", "spec_version": "2.1", "id": f"grouping--{uuid.uuid5(SPACE, key)}", "name": name,
        "context": context, "created_by_ref": author, "created": stamp(at_us), "modified": stamp(at_us),
        "object_refs": [one["id"] for one in found],
    }  # fmt: skip
    return [*found, made]


def stamp(at_us: int) -> str:
    """A moment as STIX writes it."""
    return iso(at_us)[:23] + "Z"
