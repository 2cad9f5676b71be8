"""Reading a source outside the sector, step by step: what to ask for, from where, and where to go on next time.

Each step gives pieces and the cursor that holds once they are taken in; a kill in between asks for the same again.
What is read whole and has not changed is not parsed. Refuses to open files and connections: it is handed a Fetch.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from bavn.centre.inbox.foreign_json import load
from bavn.centre.inbox.foreign_words import list_of, moment_of
from bavn.centre.inbox.read_list import read_list
from bavn.centre.inbox.read_misp import read_event
from bavn.centre.inbox.read_stix import bundle_objects, pieces_of, read_stix
from bavn.centre.inbox.taxii_reading import AHEAD_US_MAX, TOKEN_CHARS_MAX, TaxiiPage, TaxiiReading
from bavn.model.failure import Failures, NoContainment
from bavn.model.misp import UUID
from bavn.model.moment import MINUTE_US, SECOND_US
from bavn.model.outcome import Refused
from bavn.model.ports import Clock, LinkDown, LinkRefused
from bavn.model.sector.intel import Assumed, Offer, Piece, Source

DOCUMENT_BYTES_MAX: Final = 128 * 1024 * 1024
PAGE_BYTES_MAX: Final = 32 * 1024 * 1024
MANIFEST_EVENTS_MAX: Final = 50_000
EVENTS_PER_STEP: Final = 20
PAGES_MAX: Final = 2_000
TAXII_PAGES_MAX: Final = 20_000
GATHERED_OBJECTS_MAX, GATHERED_PAGES_MAX = 1_000, 50
MARKINGS_MAX: Final = 1_000
READING_US_MAX: Final = 10 * MINUTE_US
"""A slow server is left after so long, so that others get their turn; the next reading goes on."""
MISP_PAGE: Final = 50
UNREADABLE: Final = "unreadable"
NOWHERE: Final = "-"
"""The scope of what is refused by itself: nothing is missing from it."""
TAXII_TYPE: Final = "application/taxii+json;version=2.1"
Cursor = Mapping[str, Any]


class Unreadable(Exception):
    """The source answered with something that cannot be used at all. Whoever keeps the source must act; nothing of it
    changes meanwhile."""


@dataclass(frozen=True, slots=True)
class FetchResponse:
    """What a GET brought: 200 with a body, or 304; ``headers`` by lower-case name."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


class Fetch(Protocol):
    """One source's way to its bytes. LinkDown: wait; LinkRefused: the operator must act."""

    def get(
        self, place: str, headers: Mapping[str, str], parameters: Mapping[str, str], bytes_max: int
    ) -> FetchResponse:
        """A URL or a file. Raises Unreadable for a body above ``bytes_max``."""
        ...

    def events(self, since_s: int, page: int, limit: int) -> list[Any]:
        """Events of a MISP that changed at or after ``since_s`` (seconds since 1970), whole, oldest page first."""
        ...


@dataclass(frozen=True, slots=True)
class Pulled:
    """A step: what was read, and the cursor that holds when it is taken in. ``kept``: a list was found changed, so
    that what still stands on it was said again."""

    pieces: tuple[Piece, ...]
    cursor: Cursor
    kept: bool = False


def pull(
    source: Source, cursor: Cursor, fetch: Fetch, items_max: int, clock: Clock, failures: Failures | None = None
) -> Iterator[Pulled]:
    """Everything that is new since ``cursor``. An item that a reader fails over in a way nobody foresaw is refused, and
    noted in ``failures`` (None: it is raised). Raises LinkDown, LinkRefused, Unreadable between two steps."""
    assumed = Assumed(tlp=source.tlp, pap=source.pap, confidence=source.confidence)
    failures = failures or NoContainment()
    match source.kind:
        case "list":
            return _whole(source.place, cursor, fetch, lambda body: read_list(_text(body), assumed, items_max))
        case "stix":
            return _whole(source.place, cursor, fetch, lambda body: _stix_whole(body, assumed, failures))
        case "misp-feed":
            return _feed(source.place, cursor, fetch, assumed, failures)
        case "misp":
            return _misp(cursor, fetch, assumed, clock, failures)
        case "taxii":
            return _taxii(source.place, cursor, fetch, assumed, clock, failures)


# --- what is read whole ----------------------------------------------------------------------------------------


def _whole(place: str, cursor: Cursor, fetch: Fetch, read: Callable[[bytes], Piece]) -> Iterator[Pulled]:
    asked = {"If-None-Match": cursor.get("etag"), "If-Modified-Since": cursor.get("modified")}
    answer = fetch.get(place, {k: v for k, v in asked.items() if v}, {}, DOCUMENT_BYTES_MAX)
    if answer.status == 304:
        return
    digest = hashlib.sha256(answer.body).hexdigest()
    after = {
        "etag": answer.headers.get("etag", "")[:200],
        "modified": answer.headers.get("last-modified", "")[:60],
        "sha256": digest,
        "usable": cursor.get("usable", 0),
    }
    if digest == cursor.get("sha256"):
        yield Pulled((), after)
        return
    piece = read(answer.body)
    usable = sum(not isinstance(offer.what, Refused) for offer in piece.offers)
    if not usable and cursor.get("usable", 0):
        raise Unreadable(f"nothing in it can be used; it had {cursor['usable']} usable items before")
    yield Pulled((piece,), after | {"usable": usable}, kept=True)


# --- MISP ------------------------------------------------------------------------------------------------------


def _feed(place: str, cursor: Cursor, fetch: Fetch, assumed: Assumed, failures: Failures) -> Iterator[Pulled]:
    """manifest.json says which events there are and when each changed; only those are fetched. One that cannot be read
    is asked for again next time, and holds up no other."""
    base = place if place.endswith("/") else place + "/"
    manifest = _json(fetch.get(base + "manifest.json", {}, {}, DOCUMENT_BYTES_MAX).body, DOCUMENT_BYTES_MAX)
    if not isinstance(manifest, dict) or len(manifest) > MANIFEST_EVENTS_MAX:
        raise Unreadable(f"manifest.json is no object of at most {MANIFEST_EVENTS_MAX} events")
    stamps = {name.lower(): _stamp(entry) for name, entry in manifest.items() if UUID.fullmatch(name.lower())}
    if manifest and not stamps:
        raise Unreadable("manifest.json names no event by a uuid")
    done: dict[str, int] = dict(cursor.get("events", {}))
    gone = sorted(set(done) - set(stamps))
    if gone:
        done = {name: stamp for name, stamp in done.items() if name in stamps}
        yield Pulled(tuple(Piece(name, ()) for name in gone), {"events": dict(done)})
    wanted = sorted((stamp, name) for name, stamp in stamps.items() if done.get(name) != stamp)
    wrong: list[str] = []
    for at in range(0, len(wanted), EVENTS_PER_STEP):
        pieces = []
        for stamp, name in wanted[at : at + EVENTS_PER_STEP]:
            try:
                event = _json(fetch.get(f"{base}{name}.json", {}, {}, PAGE_BYTES_MAX).body, PAGE_BYTES_MAX)
            except (LinkRefused, Unreadable) as error:
                wrong.append(f"{name}.json: {error}")
                continue
            piece = _event(event, assumed, failures)
            if piece.scope != name:
                wrong.append(f"{name}.json holds another event")
                continue
            pieces.append(piece)
            done[name] = stamp
        yield Pulled(tuple(pieces), {"events": dict(done)})
    if wrong:
        raise Unreadable(f"{len(wrong)} of {len(wanted)} events cannot be read; the first: {wrong[0]}")


def _misp(cursor: Cursor, fetch: Fetch, assumed: Assumed, clock: Clock, failures: Failures) -> Iterator[Pulled]:
    """Events by the time of their last change, page by page; the second of the last one is asked for again, since more
    may have changed within it. A change in the future is no place to go on from."""
    latest_s = (clock.now_us() + AHEAD_US_MAX) // SECOND_US
    since, newest = int(cursor.get("since", 0)), int(cursor.get("newest", 0))
    since = since if since <= latest_s else 0
    for page in range(int(cursor.get("page", 1)), PAGES_MAX):
        events = fetch.events(since, page, MISP_PAGE)
        pieces = tuple(_event(event, assumed, failures) for event in events)
        stamps = (_stamp(event.get("Event", event)) for event in events if isinstance(event, dict))
        newest = max([newest, *(stamp for stamp in stamps if stamp <= latest_s)])
        if len(events) < MISP_PAGE:
            yield Pulled(pieces, {"since": max(since, newest)})
            return
        yield Pulled(pieces, {"since": since, "newest": newest, "page": page + 1})
    raise Unreadable(f"not read to its end within {PAGES_MAX} pages")


def _event(data: Any, assumed: Assumed, failures: Failures) -> Piece:
    """An event as a piece; one that is none, or that the reader fails over, as a refused item without a scope."""
    try:
        piece = read_event(data, assumed)
        failures.works("reader misp")
    except Exception as error:  # noqa: BLE001  what a reader does with a stranger's event costs that event
        failures.note("reader misp", error, item=_bytes(data))
        piece = Refused(UNREADABLE, "the reader failed over it in a way that nobody foresaw")
    return Piece(NOWHERE, (Offer(_digest(data), piece),)) if isinstance(piece, Refused) else piece


def _stamp(entry: Any) -> int:
    us = moment_of(entry.get("timestamp")) if isinstance(entry, dict) else None
    return (us or 0) // SECOND_US


# --- TAXII 2.1 -------------------------------------------------------------------------------------------------


def _taxii(
    place: str, cursor: Cursor, fetch: Fetch, assumed: Assumed, clock: Clock, failures: Failures
) -> Iterator[Pulled]:
    """Objects in the order in which the server added them; small pages are gathered before they are given. ``after``:
    all up to there was taken in."""
    url = (place if place.endswith("/") else place + "/") + "objects/"
    since_us = clock.now_us()
    reading = TaxiiReading(str(cursor.get("after", "")), since_us)
    pages = _taxii_pages(url, reading, fetch, clock)
    marks: dict[str, Any] = {}
    objects: list[Any] = []
    gathered = 0
    while True:
        try:
            page = next(pages, None)
        except (LinkDown, LinkRefused, Unreadable):
            if objects:
                yield Pulled(_taxii_pieces(objects, marks, assumed, failures), {"after": reading.after})
            raise
        if page is None:
            break
        objects += page
        gathered += 1
        now_us = clock.now_us()
        if len(objects) >= GATHERED_OBJECTS_MAX or gathered >= GATHERED_PAGES_MAX or now_us - since_us > MINUTE_US:
            yield Pulled(_taxii_pieces(objects, marks, assumed, failures), {"after": reading.after})
            objects, gathered, since_us = [], 0, now_us
    yield Pulled(_taxii_pieces(objects, marks, assumed, failures), {"after": reading.after})


def _taxii_pages(url: str, reading: TaxiiReading, fetch: Fetch, clock: Clock) -> Iterator[Sequence[Any]]:
    """The objects of each page to the end, or a failure that says why not."""
    began_us = clock.now_us()
    for _ in range(TAXII_PAGES_MAX):
        page = _taxii_page(url, reading, fetch)
        if page is None:
            continue
        wrong = reading.page(page)
        yield page.objects
        if wrong is not None:
            raise Unreadable(wrong.reason)
        if reading.over:
            return
        if clock.now_us() - began_us > READING_US_MAX:
            raise Unreadable(f"not read to its end within {READING_US_MAX // MINUTE_US} minutes; the next goes on")
    raise Unreadable(f"not read to its end within {TAXII_PAGES_MAX} pages; the next reading goes on")


def _taxii_page(url: str, reading: TaxiiReading, fetch: Fetch) -> TaxiiPage | None:
    """The next page; None where the server has forgotten our session, and reading goes on without."""
    try:
        answer = fetch.get(url, {"Accept": TAXII_TYPE}, reading.parameters, PAGE_BYTES_MAX)
    except LinkRefused:
        if reading.refused():
            return None
        raise
    if not answer.headers.get("content-type", "").startswith("application/taxii+json"):
        raise Unreadable("the answer is not of TAXII's type: is the place the URL of a collection?")
    envelope = _json(answer.body, PAGE_BYTES_MAX)
    objects = bundle_objects(envelope)
    if isinstance(objects, Refused) or not isinstance(envelope, dict):
        raise Unreadable("the answer is no TAXII envelope")
    token = envelope.get("next")
    return TaxiiPage(
        objects=objects,
        more=envelope.get("more") is True,
        token=token[:TOKEN_CHARS_MAX] if isinstance(token, str) else "",
        first=answer.headers.get("x-taxii-date-added-first", "")[:40],
        last=answer.headers.get("x-taxii-date-added-last", "")[:40],
    )


def _taxii_pieces(objects: list[Any], marks: dict[str, Any], assumed: Assumed, failures: Failures) -> tuple[Piece, ...]:
    """``marks``: markings that earlier pages of the reading defined; those of these objects join them."""
    before = list(marks.values())
    for item in objects:
        if isinstance(item, dict) and item.get("type") == "marking-definition" and len(marks) < MARKINGS_MAX:
            marks[str(item.get("id"))] = item
    return _stix_pieces(objects, lambda some: pieces_of(some, assumed, before), failures)


def _stix_pieces(
    objects: Sequence[Any], read: Callable[[Sequence[Any]], tuple[Piece, ...]], failures: Failures
) -> tuple[Piece, ...]:
    """What the reader makes of the objects; those that it fails over are refused, one by one."""
    try:
        pieces = read(objects)
    except Exception:  # noqa: BLE001  told below, of the object that it is about
        good, refused = list[Any](), list[Offer]()
        for item in objects:
            try:
                read([item])
            except Exception as error:  # noqa: BLE001
                failures.note("reader stix", error, item=_bytes(item))
                why = Refused(UNREADABLE, "the reader failed over it in a way that nobody foresaw")
                refused.append(Offer(_digest(item), why))
            else:
                good.append(item)
        return (*read(good), Piece(NOWHERE, tuple(refused)))
    failures.works("reader stix")
    return pieces


# --- small -----------------------------------------------------------------------------------------------------


def _objects(body: bytes, bytes_max: int) -> Any:
    objects = bundle_objects(_json(body, bytes_max))
    if isinstance(objects, Refused):
        raise Unreadable(objects.reason)
    return objects


def _stix_whole(body: bytes, assumed: Assumed, failures: Failures) -> Piece:
    """A bundle as one piece of one scope."""
    pieces = _stix_pieces(
        list_of(_objects(body, DOCUMENT_BYTES_MAX)), lambda some: (read_stix(some, assumed),), failures
    )
    offers = tuple(offer for piece in pieces for offer in piece.offers)
    return Piece("", offers, sum(piece.passed for piece in pieces))


def _bytes(item: Any) -> bytes:
    return json.dumps(item, sort_keys=True).encode()


def _digest(item: Any) -> str:
    return "item " + hashlib.sha256(_bytes(item)).hexdigest()


def _json(body: bytes, bytes_max: int) -> Any:
    data = load(body, bytes_max)
    if isinstance(data, Refused):
        raise Unreadable(data.reason)
    return data


def _text(body: bytes) -> str:
    return body.decode("utf-8-sig", "replace")
