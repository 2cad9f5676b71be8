"""What a partner is told: TAXII 2.1 resources put together from the partner's policy, the exchange and its offers.

Each method is one endpoint: values in, a ``TaxiiResponse`` or a ``Problem`` out. Refuses to know HTTP's headers and who
the partner says it is: taxii_service does.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from bavn.centre.inbox.offers import Offers
from bavn.centre.share.exchange import Exchange
from bavn.model.outcome import Refused
from bavn.model.sector.partner import COLLECTIONS, PROPOSALS, Partner
from bavn.wire.partners import taxii
from bavn.wire.partners.taxii import Page, Wanted

ROOT: Final = "/exchange/"
PAGE_MAX: Final = 1000
BODY_BYTES_MAX: Final = 8_000_000
Query = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class TaxiiResponse:
    """A resource as JSON bytes."""

    body: bytes
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


class Problem(Exception):
    """The request cannot be answered. Who must act: whoever sent it."""

    def __init__(self, status: int, title: str, description: str) -> None:
        super().__init__(description)
        self.status, self.title, self.description = status, title, description


@dataclass(frozen=True, slots=True)
class Place:
    """A collection as one partner sees it. ``name``: in COLLECTIONS, or its own proposals."""

    id: str
    name: str
    own: bool


class Answers:
    """One for all partners. ``body_bytes_max``: the longest body taken in; ``page_max``: objects on a page."""

    def __init__(
        self,
        exchange: Exchange,
        offers: Offers,
        *,
        sector: str,
        contact: str,
        page_max: int = PAGE_MAX,
        body_bytes_max: int = BODY_BYTES_MAX,
    ) -> None:
        self._exchange, self._offers = exchange, offers
        self._sector, self._contact, self._page_max = sector, contact, page_max
        self.body_bytes_max = body_bytes_max

    # --- what there is -----------------------------------------------------------------------------------------

    def discovery(self) -> TaxiiResponse:
        discovery = {"title": f"Bavn, {self._sector}", "default": ROOT, "api_roots": [ROOT]}
        if self._contact:
            discovery["contact"] = self._contact
        return _answer(discovery)

    def root(self) -> TaxiiResponse:
        return _answer(
            {
                "title": f"Exchange of {self._sector}",
                "versions": [taxii.TAXII],
                "max_content_length": self.body_bytes_max,
            }
        )

    def collections(self, partner: Partner) -> TaxiiResponse:
        places = [self._resource(place) for place in self._places(partner)]
        return _answer({"collections": places} if places else {})

    def collection(self, partner: Partner, wanted: str) -> TaxiiResponse:
        return _answer(self._resource(self._place(partner, wanted)))

    # --- what is in it -----------------------------------------------------------------------------------------

    def objects(self, partner: Partner, wanted: str, query: Query) -> TaxiiResponse:
        page = self._page(partner, self._place(partner, wanted), self._query_of(query))
        return TaxiiResponse(taxii.envelope(page), headers=taxii.dates(page))

    def object(self, partner: Partner, wanted: str, object_id: str, query: Query) -> TaxiiResponse:
        place = self._place(partner, wanted)
        page = self._page(partner, place, self._of_one(object_id, query))
        if not page.entries:
            self._known(partner, place, object_id)
        return TaxiiResponse(taxii.envelope(page), headers=taxii.dates(page))

    def manifest(self, partner: Partner, wanted: str, query: Query) -> TaxiiResponse:
        page = self._page(partner, self._place(partner, wanted), self._query_of(query))
        return TaxiiResponse(taxii.manifest(page), headers=taxii.dates(page))

    def versions(self, partner: Partner, wanted: str, object_id: str, query: Query) -> TaxiiResponse:
        place = self._place(partner, wanted)
        page = self._page(partner, place, self._of_one(object_id, query, "all"))
        if not page.entries:
            self._known(partner, place, object_id)
        return TaxiiResponse(taxii.versions(page), headers=taxii.dates(page))

    # --- what the partner brings -------------------------------------------------------------------------------

    def post(self, partner: Partner, wanted: str, raw: bytes) -> TaxiiResponse:
        self._writable(partner, wanted)
        objects = taxii.objects_of(raw, self.body_bytes_max)
        if isinstance(objects, Refused):
            status = {"envelope": 422, "oversize": 413}.get(objects.rule, 400)
            raise Problem(status, "The body cannot be used", objects.reason.en)
        made = self._offers.post_all(partner, objects)
        return _answer(made, 202)

    def delete(self, partner: Partner, wanted: str, object_id: str, query: Query) -> TaxiiResponse:
        place = self._writable(partner, wanted)
        if self._offers.delete(partner, self._of_one(object_id, query, "all")) == 0:
            self._known(partner, place, object_id)
        return TaxiiResponse(b"{}")

    def status(self, partner: Partner, status_id: str) -> TaxiiResponse:
        status = self._offers.status(partner, status_id)
        if status is None:
            raise Problem(404, "No such status", "no status of yours has this id, or it is too old")
        return TaxiiResponse(status.encode())

    # --- inside ------------------------------------------------------------------------------------------------

    def _places(self, partner: Partner) -> list[Place]:
        names = [name for name in COLLECTIONS if name in partner.out.collections]
        places = [Place(taxii.collection_id(self._sector, name), name, own=False) for name in names]
        if partner.inward.trust > 0:
            places.append(Place(taxii.collection_id(self._sector, f"{PROPOSALS}/{partner.name}"), PROPOSALS, own=True))
        return places

    def _place(self, partner: Partner, wanted: str) -> Place:
        """By id or alias; one that the partner is not let into is one that is not there."""
        for place in self._places(partner):
            if wanted in (place.id, place.name):
                return place
        raise Problem(404, "No such collection", "there is no such collection, or none that you are let into")

    def _writable(self, partner: Partner, wanted: str) -> Place:
        place = self._place(partner, wanted)
        if not place.own:
            raise Problem(403, "Read only", f"only what you added yourself can be changed, in {PROPOSALS}")
        return place

    def _resource(self, place: Place) -> dict[str, Any]:
        title = "What you propose" if place.own else COLLECTIONS[place.name].title.en
        return {
            "id": place.id,
            "title": title,
            "alias": place.name,
            "can_read": True,
            "can_write": place.own,
            "media_types": [taxii.STIX],
        }

    def _query_of(self, query: Query, pick: taxii.Pick = "last") -> Wanted:
        wanted = taxii.wanted(query, self._page_max, pick=pick)
        if isinstance(wanted, Refused):
            raise Problem(400, "The query cannot be used", wanted.reason.en)
        return wanted

    def _of_one(self, object_id: str, query: Query, pick: taxii.Pick = "last") -> Wanted:
        """The query for one object; what the path says counts, whatever match[id] and match[type] say."""
        kept = [(name, value) for name, value in query if name not in ("match[id]", "match[type]")]
        if not taxii.OBJECT_ID.fullmatch(object_id):
            raise Problem(404, "No such object", "the collection holds no object of this id")
        return self._query_of([*kept, ("match[id]", object_id)], pick)

    def _page(self, partner: Partner, place: Place, wanted: Wanted) -> Page:
        if place.own:
            return self._offers.page(partner, wanted)
        page = self._exchange.page(partner, place.name, wanted)
        if isinstance(page, Refused):
            raise Problem(404, "No such collection", page.reason.en)
        return page

    def _known(self, partner: Partner, place: Place, object_id: str) -> None:
        """404 unless some version of the object is there: then the filters alone left nothing."""
        anything = Wanted(limit=1, ids=frozenset({object_id}), picks=frozenset({"all"}))
        if not self._page(partner, place, anything).entries:
            raise Problem(404, "No such object", "the collection holds no object of this id")


def _answer(body: dict[str, Any], status: int = 200) -> TaxiiResponse:
    return TaxiiResponse(json.dumps(body, separators=(",", ":")).encode(), status)
