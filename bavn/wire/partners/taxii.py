"""TAXII 2.1 as text: media types, the filters of a request, and the resources that answer it. Pure.

``wanted`` reads a query string into bounds and filters or says what is wrong with it; nothing that it cannot read is
passed over silently. Refuses to know who asks and what they may see.

Source: TAXII 2.1 (OASIS standard, 2021-06-10), sections 1.6, 3 and 5.
"""

import hashlib
import json
import re
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import isfinite
from typing import Any, Final, Literal

from bavn.model.moment import as_us, iso
from bavn.model.outcome import Refused
from bavn.model.text import Text
from bavn.wire.reading import mended, reads

TAXII: Final = "application/taxii+json;version=2.1"
STIX: Final = "application/stix+json;version=2.1"
SPEC_VERSION: Final = "2.1"
VALUES_MAX: Final = 200
QUERY_CHARACTERS_MAX: Final = 16_384
OBJECTS_PER_POST_MAX: Final = 5000
DEPTH_MAX: Final = 24
INTEGER_DIGITS_MAX: Final = 20
OBJECT_ID: Final = re.compile(
    r"""
    [a-z0-9][a-z0-9-]{1,248} --                                                     # type of the object
    [0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}         # UUID
    """,
    re.VERBOSE,
)
OBJECT_TYPE: Final = re.compile(r"[a-z0-9][a-z0-9-]{1,248}")
_SPEC = re.compile(r"2\.[0-9]")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z", re.ASCII)
_NEXT = re.compile(r"[0-9]{1,16}", re.ASCII)
_LIMIT = re.compile(r"[0-9]{1,12}", re.ASCII)
_KNOWN: Final = frozenset(
    {
        "limit",
        "next",
        "added_after",
        "match[id]",
        "match[type]",
        "match[version]",
        "match[spec_version]",
    }
)

# Possessive, and an unterminated string runs to the end: one pass whatever the bytes are.
_TOKEN = re.compile(rb'"(?:[^"\\]++|\\(?:.|\Z))*+(?:"|\Z)|[\[{]|[\]}]', re.DOTALL)

Pick = Literal["first", "last", "all"]
_PICKS: Final[dict[str, Pick]] = {"first": "first", "last": "last", "all": "all"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a request asks for. ``after_us``: objects added later than this. ``picks`` and ``versions_us``: any of
    these versions of an object. None: no filter."""

    limit: int
    after_us: int = -1
    ids: frozenset[str] | None = None
    types: frozenset[str] | None = None
    picks: frozenset[Pick] = frozenset({"last"})
    versions_us: frozenset[int] = frozenset()
    spec_versions: frozenset[str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An object version in a collection. ``added_us`` is its place there: no two share one. ``kind`` and ``facts``
    are the keeper's own; ``body`` is the object's JSON text."""

    added_us: int
    id: str
    version_us: int
    type: str
    kind: str
    facts: str
    body: str


@dataclass(frozen=True, slots=True)
class Page:
    """Entries in the order in which they were added; ``more``: there are later ones that fit."""

    entries: tuple[Entry, ...]
    more: bool


def wanted(query: Sequence[tuple[str, str]], limit_max: int, *, pick: Pick = "last") -> Wanted | Refused:
    """The filters of a query string's pairs. ``limit_max``: what a page holds at the most, asked or not; ``pick``: the
    versions that are meant where the request names none. Parameters that TAXII does not know are none of ours."""
    given: dict[str, str] = {}
    if sum(len(name) + len(value) for name, value in query) > QUERY_CHARACTERS_MAX:
        return Refused("query", "the query has at most {most} characters", most=QUERY_CHARACTERS_MAX)
    for name, value in query:
        if name in given:
            return Refused("query", "{name} stands there twice; give several values with commas between", name=name)
        if name in _KNOWN:
            given[name] = value
    try:
        return _read(given, limit_max, pick)
    except _Wrong as wrong:
        return Refused.of("query", Text.of_error(wrong))


class _Wrong(ValueError):
    pass


def _read(given: dict[str, str], limit_max: int, pick: Pick) -> Wanted:
    limit = limit_max
    if "limit" in given:
        if not _LIMIT.fullmatch(given["limit"]) or int(given["limit"]) == 0:
            raise _Wrong(Text("limit is a whole number from 1"))
        limit = min(limit_max, int(given["limit"]))
    after_us = -1
    if "added_after" in given:
        after_us = _moment(given["added_after"], "added_after")
    if "next" in given:
        if not _NEXT.fullmatch(given["next"]):
            raise _Wrong(Text("next is not one that this server gave"))
        after_us = max(after_us, int(given["next"]))
    picks, versions_us = _versions(given.get("match[version]"), pick)
    return Wanted(
        limit=limit,
        after_us=after_us,
        ids=_values(given, "match[id]", OBJECT_ID),
        types=_values(given, "match[type]", OBJECT_TYPE),
        picks=picks,
        versions_us=versions_us,
        spec_versions=_values(given, "match[spec_version]", _SPEC),
    )


def _values(given: dict[str, str], name: str, form: re.Pattern[str]) -> frozenset[str] | None:
    if name not in given:
        return None
    values = given[name].split(",")
    if len(values) > VALUES_MAX:
        raise _Wrong(Text("{name} has at most {most} values", name=name, most=VALUES_MAX))
    if not all(form.fullmatch(value) for value in values):
        raise _Wrong(Text("{name} holds a value that is none", name=name))
    return frozenset(values)


def _versions(text: str | None, pick: Pick) -> tuple[frozenset[Pick], frozenset[int]]:
    if text is None:
        return frozenset({pick}), frozenset()
    picks: set[Pick] = set()
    moments: set[int] = set()
    values = text.split(",")
    if len(values) > VALUES_MAX:
        raise _Wrong(Text("{name} has at most {most} values", name="match[version]", most=VALUES_MAX))
    for value in values:
        if value in _PICKS:
            picks.add(_PICKS[value])
        else:
            moments.add(_moment(value, "match[version]"))
    return frozenset(picks), frozenset(moments)


def _moment(text: str, name: str) -> int:
    moment = moment_us(text)
    if moment is None:
        raise _Wrong(Text("{name} is a time such as 2026-11-26T08:00:00.000000Z", name=name))
    return moment


def moment_us(text: Any) -> int | None:
    """Microseconds since 1970 of a STIX timestamp, finer parts left out; None for anything else."""
    if not isinstance(text, str) or not _MOMENT.fullmatch(text):
        return None
    try:
        whole, _, fraction = text[:-1].partition(".")
        us = as_us(datetime.fromisoformat(f"{whole}.{(fraction + '000000')[:6]}+00:00"))
    except (ValueError, OverflowError):
        return None
    return us if 0 <= us < 2**53 else None


# --- what is posted -------------------------------------------------------------------------------------------------


def objects_of(raw: bytes, bytes_max: int) -> list[Any] | Refused:
    """The objects of a posted envelope, each plain JSON data; or why it is none (``envelope``, ``not_json``)."""
    document = read_json(raw, bytes_max)
    if isinstance(document, Refused):
        return document
    if not isinstance(document, dict) or not isinstance(document.get("objects", []), list):
        return Refused("envelope", "the body is no TAXII envelope with a list of objects")
    objects: list[Any] = document.get("objects", [])
    if not objects:
        return Refused("envelope", "the envelope holds no objects")
    if len(objects) > OBJECTS_PER_POST_MAX:
        return Refused("envelope", "an envelope holds at most {most} objects", most=OBJECTS_PER_POST_MAX)
    return objects


@reads
def read_json(raw: bytes, bytes_max: int) -> Any | Refused:
    """A stranger's JSON in UTF-8, whatever its spelling; bounded in size and depth, every number finite."""
    if len(raw) > bytes_max:
        return Refused("oversize", "at most {most} bytes are taken", most=bytes_max)
    depth = deepest = 0
    for token in _TOKEN.finditer(raw):
        first = raw[token.start()]
        depth += 1 if first in b"[{" else -1 if first in b"]}" else 0
        deepest = max(deepest, depth)
    if deepest > DEPTH_MAX:
        return Refused("not_json", "nested deeper than {deepest}", deepest=DEPTH_MAX)
    try:
        text = raw.decode("utf-8-sig")
        read = json.loads(text, parse_constant=_no_number, parse_float=_finite, parse_int=_integer)
        return mended(read, raw)
    except (ValueError, RecursionError):
        return Refused("not_json", "not JSON in UTF-8 with finite numbers")


def _no_number(_: str) -> None:
    raise ValueError("no number")


def _finite(text: str) -> float:
    value = float(text)
    if not isfinite(value):
        raise ValueError("no finite number")
    return value


def _integer(text: str) -> int:
    if len(text) > INTEGER_DIGITS_MAX:
        raise ValueError("an endless number")
    return int(text)


# --- resources -----------------------------------------------------------------------------------------------------


def envelope(page: Page) -> bytes:
    """The objects of a page; empty for none."""
    if not page.entries:
        return b"{}"
    head = f'{{"more":true,"next":"{page.entries[-1].added_us}",' if page.more else '{"more":false,'
    return (head + '"objects":[' + ",".join(entry.body for entry in page.entries) + "]}").encode()


def manifest(page: Page) -> bytes:
    """What a page holds, without the objects. ``next`` is there too, for clients that page through manifests."""
    if not page.entries:
        return b"{}"
    rows = [
        {"id": entry.id, "date_added": iso(entry.added_us), "version": iso(entry.version_us), "media_type": STIX}
        for entry in page.entries
    ]
    return _dumps(_more(page) | {"objects": rows})


def versions(page: Page) -> bytes:
    """The versions of one object, as they were added."""
    if not page.entries:
        return b"{}"
    return _dumps(_more(page) | {"versions": [iso(entry.version_us) for entry in page.entries]})


def dates(page: Page) -> dict[str, str]:
    """The headers that say when a page's first and last object were added."""
    if not page.entries:
        return {}
    first, last = page.entries[0].added_us, page.entries[-1].added_us
    return {"X-TAXII-Date-Added-First": iso(first), "X-TAXII-Date-Added-Last": iso(last)}


def _more(page: Page) -> dict[str, Any]:
    return {"more": True, "next": str(page.entries[-1].added_us)} if page.more else {"more": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What became of one posted object. ``why`` is empty where it was taken."""

    id: str
    version: str
    why: str


def collection_id(sector: str, name: str) -> str:
    """The id of a sector's collection: a UUID of version 4, as TAXII wants it, and always the same."""
    digest = hashlib.sha256(f"bavn/collection/1\0{sector}\0{name}".encode()).digest()
    return str(uuid.UUID(bytes=digest[:16], version=4))


def status(status_id: str, asked_us: int, done: Iterable[Done]) -> dict[str, Any]:
    """The status resource of a request that has been worked off."""
    good = [{"id": one.id, "version": one.version} for one in done if not one.why]
    bad = [{"id": one.id, "version": one.version, "message": one.why} for one in done if one.why]
    body: dict[str, Any] = {
        "id": status_id,
        "status": "complete",
        "request_timestamp": iso(asked_us),
        "total_count": len(good) + len(bad),
        "success_count": len(good),
        "failure_count": len(bad),
        "pending_count": 0,
    }
    if good:
        body["successes"] = good
    if bad:
        body["failures"] = bad
    return body


def error(http_status: int, title: str, description: str) -> bytes:
    """The error message resource."""
    return _dumps({"title": title, "description": description, "http_status": str(http_status)})


def _dumps(body: dict[str, Any]) -> bytes:
    return json.dumps(body, separators=(",", ":")).encode()
