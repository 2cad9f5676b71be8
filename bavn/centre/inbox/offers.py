"""What partners offer (gate 2): each posted object meets its rules with one line in the ledger and is kept as a
proposal, with the partner's markings and under its trust; never more than that. Nothing here releases anything.

A partner sees, withdraws and deletes what it added itself, and nothing else. Refuses to believe: trust is the
agreement's, not the object's.
"""

import hashlib
import json
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import batched
from typing import Any, Final

from bavn.centre.inbox.foreign_words import text_of
from bavn.centre.inbox.own_echo import RULE as OWN_ECHO
from bavn.centre.inbox.own_echo import NoOwnWords, OwnWords, echo
from bavn.model.intel.indicator import Pap, Tlp
from bavn.model.moment import DAY_US
from bavn.model.observable import Observable, ObservableType, is_external
from bavn.model.outcome import Refused
from bavn.model.ports import Clock, Dice
from bavn.model.sector.offer import Offer, Offered, worth
from bavn.model.sector.partner import PEER_PREFIX, Partner, tlp_within
from bavn.wire.book import Book
from bavn.wire.gate import Gate, Rule
from bavn.wire.ledger import Ledger, Note
from bavn.wire.partners.collection import Collections
from bavn.wire.partners.stix_out import offer_of, version_of
from bavn.wire.partners.taxii import OBJECT_ID, Done, Entry, Page, Wanted, status
from bavn.wire.privacy import Privacy
from bavn.wire.reading import read

GATE: Final = "inbox"
KIND: Final = "PartnerOffer"
OBJECT_BYTES_MAX: Final = 65_536
HELD_OBJECTS_MAX: Final = 500_000
HELD_BYTES_MAX: Final = 1_000_000_000
"""Of one partner, all versions together."""
POSTED_AT_ONCE: Final = 250
"""Objects in one transaction: others wait no longer than it takes."""
FROM_AHEAD_US_MAX: Final = 400 * DAY_US
KEPT_AFTER_END_US: Final = 30 * DAY_US
LIFE_US_MAX: Final = 365 * DAY_US
"""An offer without an end, or with a later one, is dropped after this."""
_SCHEMA: Final = (
    """CREATE TABLE offer_usage (
        partner TEXT NOT NULL, day INTEGER NOT NULL, objects INTEGER NOT NULL, PRIMARY KEY (partner, day)
    ) STRICT""",
    """CREATE TABLE offer_status (
        id TEXT PRIMARY KEY, partner TEXT NOT NULL, at_us INTEGER NOT NULL, body TEXT NOT NULL
    ) STRICT""",
    "CREATE INDEX offer_status_partner ON offer_status (partner)",
)
STATUSES_PER_PARTNER: Final = 20
PAGE: Final = 1000
_PREFIX: Final = "offered/"


@dataclass(frozen=True, slots=True)
class Posted:
    """An object that a partner handed over, and its JSON text as it came."""

    partner: Partner
    found: Any
    text: str


@dataclass(frozen=True, slots=True)
class Inward:
    """What the rules have made sure of so far."""

    offer: Offer | None = None


class Offers:
    """All methods may be called from any thread, and from several processes on the same book."""

    def __init__(self, book: Book, clock: Clock, dice: Dice, ours: OwnWords | None = None) -> None:
        self._book, self._clock, self._dice, self._ours = book, clock, dice, ours or NoOwnWords()
        self._shelves = Collections(book)
        self.ledger = Ledger(book)
        book.part("offers", 1, _SCHEMA)
        rules = (
            Rule("from_partner", self._from_partner),
            Rule("object_size", self._object_size),
            Rule("readable", self._readable),
            Rule(OWN_ECHO, self._echo),
            Rule("tlp_max", self._tlp_max),
            Rule("plausible", self._plausible),
            Rule("room", self._room),
            Rule("objects_per_day", self._objects_per_day),
        )
        self.gate: Gate[Posted, Inward] = Gate(
            GATE, rules, self.ledger, clock, way="in", nothing=Inward, label=_label, follow=self._keep
        )

    # --- the partner's side ------------------------------------------------------------------------------------

    def post(self, partner: Partner, objects: Sequence[Any]) -> list[Done]:
        """Offers each object to the gate, a handful in one transaction; what became of each, in order. A version that
        was taken before is taken again by doing nothing, so whoever was cut off may post the same again."""
        done = []
        for some in batched(objects, POSTED_AT_ONCE, strict=False):
            with self._book.transaction():
                done += [self._one(Posted(partner, found, _text(found))) for found in some]
        return done

    def post_all(self, partner: Partner, objects: Sequence[Any]) -> dict[str, Any]:
        """As ``post``; the status resource, which the partner can ask for again by its id."""
        now_us = self._clock.now_us()
        status_body = status(str(uuid.UUID(bytes=self._dice.bytes(16), version=4)), now_us, self.post(partner, objects))
        with self._book.transaction() as tx:
            values = (status_body["id"], partner.name, now_us, json.dumps(status_body))
            tx.execute("INSERT INTO offer_status VALUES (?, ?, ?, ?)", values)
            tx.execute(
                """DELETE FROM offer_status
                WHERE partner = ?
                  AND id NOT IN (SELECT id FROM offer_status WHERE partner = ? ORDER BY rowid DESC LIMIT ?)""",
                (partner.name, partner.name, STATUSES_PER_PARTNER),
            )
        return status_body

    def status(self, partner: Partner, status_id: str) -> str | None:
        """JSON of one of the partner's last statuses; None for any other."""
        asked = "SELECT body FROM offer_status WHERE id = ? AND partner = ?"
        found = self._book.rows(asked, (status_id, partner.name))
        return found[0][0] if found else None

    def page(self, partner: Partner, asked: Wanted) -> Page:
        """Of what this partner added."""
        return self._shelves.page(_PREFIX + partner.name, asked)

    def delete(self, partner: Partner, wanted: Wanted) -> int:
        """Takes back versions that this partner added; how many. One line in the ledger for each."""
        collection, entries = _PREFIX + partner.name, list[Entry]()
        with self._book.transaction():
            more = True
            while more:  # all of them are found before any goes: what is first changes with it
                page = self._shelves.page(collection, wanted)
                entries += page.entries
                more = page.more
                wanted = replace(wanted, after_us=entries[-1].added_us if entries else wanted.after_us)
            self._shelves.remove(collection, entries)
            for entry in entries:
                note = Note(
                    kind="PartnerDeleted",
                    item_id=_digest(entry.body),
                    peer=PEER_PREFIX + partner.name,
                    bytes=len(entry.body),
                    summary=f"{entry.id} {entry.version_us}",
                )
                self.ledger.append(self._clock.now_us(), GATE, "in", note)
        return len(entries)

    # --- the centre's side -------------------------------------------------------------------------------------

    def current(self, partner: Partner, wanted: Wanted) -> tuple[tuple[Offered, ...], int | None]:
        """What a partner offers now, under the trust it has now: latest versions that it has not taken back and that
        have not ended; and after which place to ask on, None at the end."""
        now_us = self._clock.now_us()
        page = self.page(partner, replace(wanted, picks=frozenset({"last"})))
        offers = []
        for entry in page.entries:
            offer = _offer(entry.facts)
            if not offer.revoked and (offer.until_us is None or offer.until_us > now_us):
                offers.append(
                    Offered(
                        partner=partner.name,
                        offer=offer,
                        confidence=worth(offer, partner.inward),
                        may_block=partner.inward.may_block,
                        received_us=entry.added_us,
                    )
                )
        return tuple(offers), page.entries[-1].added_us if page.more else None

    def standing(self, partner: Partner) -> Iterator[Offered]:
        """All that ``current`` tells, page by page."""
        after_us: int | None = -1
        while after_us is not None:
            found, after_us = self.current(partner, Wanted(limit=PAGE, after_us=after_us))
            yield from found

    def forget(self) -> int:
        """Drops what ended more than 30 days ago; how many versions."""
        now_us = self._clock.now_us()
        with self._book.transaction() as tx:
            tx.execute("DELETE FROM offer_usage WHERE day < ?", (now_us // DAY_US - 2,))
            return self._shelves.forget(now_us)

    # --- the rules, in their order -----------------------------------------------------------------------------

    def _from_partner(self, item: Posted, draft: Inward) -> Inward | Refused:
        if not item.partner.in_force(self._clock.now_us()):
            return Refused("from_partner", "the agreement with the partner has ended")
        if item.partner.inward.trust == 0:
            return Refused("from_partner", "nothing is taken in from this partner")
        return draft

    def _object_size(self, item: Posted, draft: Inward) -> Inward | Refused:
        if len(item.text) > OBJECT_BYTES_MAX:
            return Refused("object_size", "an object has at most {most} bytes", most=OBJECT_BYTES_MAX)
        return draft

    def _readable(self, item: Posted, draft: Inward) -> Inward | Refused:
        offer = read(offer_of, item.found)
        return offer if isinstance(offer, Refused) else replace(draft, offer=offer)

    def _echo(self, item: Posted, draft: Inward) -> Inward | Refused:
        offer = _read(draft)
        author = text_of(item.found.get("created_by_ref"), 60)
        return echo(self._ours, offer.observable, offer.id, author, offer.from_us, offer.version_us) or draft

    def _tlp_max(self, item: Posted, draft: Inward) -> Inward | Refused:
        offer = _read(draft)
        if not tlp_within(offer.tlp, item.partner.inward.tlp_max):
            return Refused(
                "tlp_max",
                "{tlp} is more than the {most} that is agreed on",
                tlp=offer.tlp,
                most=item.partner.inward.tlp_max,
            )
        return draft

    def _plausible(self, _: Posted, draft: Inward) -> Inward | Refused:
        offer, now_us = _read(draft), self._clock.now_us()
        if not is_external(offer.observable):
            return Refused("plausible", "it names something inside, or that nobody may block")
        if offer.until_us is not None and offer.until_us <= now_us and not offer.revoked:
            return Refused("plausible", "its end has passed")
        if max(offer.version_us, offer.from_us) > now_us + FROM_AHEAD_US_MAX:
            return Refused("plausible", "it is dated too far ahead")
        return draft

    def _room(self, item: Posted, draft: Inward) -> Inward | Refused:
        objects, characters = self._shelves.size(_PREFIX + item.partner.name)
        if objects >= HELD_OBJECTS_MAX or characters + len(item.text) > HELD_BYTES_MAX:
            return Refused(
                "room", "{objects} objects of this partner are held, which is all there is room for", objects=objects
            )
        return draft

    def _objects_per_day(self, item: Posted, draft: Inward) -> Inward | Refused:
        """Last, so that only what is kept counts."""
        used = self._book.rows("SELECT objects FROM offer_usage WHERE partner = ? AND day = ?", self._day(item.partner))
        if used and used[0][0] >= item.partner.inward.objects_per_day_max:
            return Refused(
                "objects_per_day",
                "{objects} objects were taken today, which is all that is agreed on",
                objects=used[0][0],
            )
        if not used and item.partner.inward.objects_per_day_max == 0:
            return Refused("objects_per_day", "no objects are taken")
        return draft

    # --- inside ------------------------------------------------------------------------------------------------

    def _one(self, item: Posted) -> Done:
        name = read(_name, item.found)
        id_, version_us = ("", None) if isinstance(name, Refused) else name
        version = item.found.get("modified", item.found.get("created")) if isinstance(item.found, dict) else None
        done = Done(id=id_, version=version if isinstance(version, str) and version_us is not None else "", why="")
        if version_us is not None and self._shelves.holds(_PREFIX + item.partner.name, id_, version_us):
            return done
        outcome = self.gate.offer(item)
        return replace(done, why=f"{outcome.rule}: {outcome.reason}") if isinstance(outcome, Refused) else done

    def _keep(self, item: Posted, draft: Inward) -> Note:
        offer, now_us = _read(draft), self._clock.now_us()
        ends_us = min(offer.until_us or now_us + LIFE_US_MAX, now_us + LIFE_US_MAX)
        self._shelves.add(
            _PREFIX + item.partner.name,
            now_us,
            id_=offer.id,
            version_us=offer.version_us,
            type_="indicator",
            kind=offer.observable.type.value,
            facts=_facts(offer),
            body=item.text,
            until_us=max(ends_us, now_us) + KEPT_AFTER_END_US,
        )
        with self._book.transaction() as tx:
            tx.execute(
                "INSERT INTO offer_usage VALUES (?, ?, 1) ON CONFLICT DO UPDATE SET objects = objects + 1",
                self._day(item.partner),
            )
        return replace(_label(item), privacy=Privacy.C.value)

    def _day(self, partner: Partner) -> tuple[str, int]:
        return partner.name, self._clock.now_us() // DAY_US


def _read(draft: Inward) -> Offer:
    if draft.offer is None:
        raise ValueError("the row of rules reads an object before it weighs it")
    return draft.offer


def _name(body: Any) -> tuple[str, int | None]:
    """The id and version that a stranger's object names, as far as they are any."""
    if not isinstance(body, dict) or not isinstance(body.get("id"), str) or not OBJECT_ID.fullmatch(body["id"]):
        return "", None
    return body["id"], version_of(body)


def _label(item: Posted) -> Note:
    return Note(
        kind=KIND,
        item_id=_digest(item.text),
        peer=PEER_PREFIX + item.partner.name,
        bytes=len(item.text),
        summary=item.text,
    )


def _text(found: Any) -> str:
    """One spelling of an object; plain ASCII, so that characters are bytes."""
    return json.dumps(found, separators=(",", ":"), ensure_ascii=True)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _facts(offer: Offer) -> str:
    observable = [offer.observable.type.value, offer.observable.value]
    body = asdict(offer) | {"observable": observable, "tlp": offer.tlp.value, "pap": int(offer.pap)}
    return json.dumps(body, sort_keys=True, separators=(",", ":"))


def _offer(facts: str) -> Offer:
    body = json.loads(facts)
    kind, value = body["observable"]
    return Offer(
        **body
        | {
            "observable": Observable.trusted(ObservableType(kind), value),
            "tlp": Tlp(body["tlp"]),
            "pap": Pap(body["pap"]),
        }
    )
