"""What a partner is given as MISP events: exactly what gate 3 lets through for it, and what it was told before.

An instance's last word is remembered in the book, so that only what changed is pushed, and what is not shared any more
(withdrawn, ended, or against the partner's new policy) is deleted there. Refuses to open connections.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from bavn.centre.share.deliveries import Deliveries
from bavn.centre.share.exchange import Exchange
from bavn.centre.share.handing import facts_of
from bavn.centre.share.misp_event import ACTORS_FOR_A_SIGHTING, Org, Shared, events_of
from bavn.model.moment import HOUR_US, SECOND_US
from bavn.model.outcome import Refused
from bavn.model.ports import Clock
from bavn.model.sector.partner import Partner
from bavn.wire.book import Book
from bavn.wire.partners.taxii import Wanted

PAGE: Final = 1000
INDICATORS: Final = frozenset({"indicator"})
_SCHEMA: Final = (
    """CREATE TABLE misp_pushed (
        instance TEXT NOT NULL, event TEXT NOT NULL, digest TEXT NOT NULL, body TEXT NOT NULL, at_us INTEGER NOT NULL,
        PRIMARY KEY (instance, event)
    ) STRICT, WITHOUT ROWID""",
)


@dataclass(frozen=True, slots=True)
class Push:
    """An event to be made so at an instance. ``empty``: nothing of it is shared any more."""

    event: dict[str, Any]
    digest: str
    empty: bool


class MispOut:
    """All methods may be called from any thread, and from several processes on the same book."""

    def __init__(self, *, exchange: Exchange, deliveries: Deliveries, book: Book, clock: Clock, sector: str) -> None:
        self._exchange, self._deliveries, self._book, self._clock = exchange, deliveries, book, clock
        self.org = Org.of(sector)
        book.part("misp_out", 1, _SCHEMA)

    def shared_with(self, partner: Partner) -> tuple[Shared, ...]:
        """What gate 3 lets through for this partner now, withdrawals of what it was given too; one ledger line for
        each version that is reached for the first time. What has ended is left out: MISP knows no end."""
        shared: dict[str, Shared] = {}
        now_us = self._clock.now_us()
        for collection in self._exchange.collections(partner):
            after_us, more = -1, True
            while more:
                asked = Wanted(limit=PAGE, after_us=after_us, types=INDICATORS)
                page = self._exchange.page(partner, collection.name, asked)
                if isinstance(page, Refused):
                    break
                for entry in page.entries:
                    facts = facts_of(entry.facts)
                    if facts is not None and (facts.indicator.revoked or facts.indicator.valid_until_us > now_us):
                        shared[entry.id] = Shared(
                            indicator=facts.indicator, created_us=facts.created_us, met_us=self._met_us(entry.id)
                        )
                    after_us = entry.added_us
                more = page.more and bool(page.entries)
        return tuple(shared[name] for name in sorted(shared))

    def pushes(self, instance: str, partner: Partner, distribution: str) -> tuple[Push, ...]:
        """Events that are not at the instance as they should be."""
        wanted = {event["uuid"]: event for event in events_of(self.shared_with(partner), self.org, gone=True)}
        known = self._known(instance)
        pushes = []
        for name in sorted(wanted.keys() | known.keys()):
            before = known.get(name)
            event = self._with_gone(wanted.get(name), before[1] if before else None)
            event["distribution"] = distribution
            digest = _digest(event)
            if before is None or before[0] != digest:
                pushes.append(Push(event, digest, empty=name not in wanted))
        return tuple(pushes)

    def pushed(self, instance: str, push: Push) -> None:
        """The instance holds it now."""
        with self._book.transaction() as tx:
            if push.empty:
                tx.execute("DELETE FROM misp_pushed WHERE instance = ? AND event = ?", (instance, push.event["uuid"]))
                return
            tx.execute(
                "INSERT OR REPLACE INTO misp_pushed VALUES (?, ?, ?, ?, ?)",
                (instance, push.event["uuid"], push.digest, json.dumps(push.event), self._clock.now_us()),
            )

    def held(self, instance: str) -> int:
        """How many events the instance was given and holds."""
        found: int = self._book.rows("SELECT count(*) FROM misp_pushed WHERE instance = ?", (instance,))[0][0]
        return found

    def attributes(self, instance: str) -> dict[str, tuple[str, str]]:
        """attribute uuid -> (event uuid, value) of all that the instance was given."""
        attributes = {}
        for name, (_, event) in self._known(instance).items():
            for one in _attributes(event):
                attributes[one["uuid"]] = (name, one["value"])
        return attributes

    # --- inside ------------------------------------------------------------------------------------------------

    def _known(self, instance: str) -> dict[str, tuple[str, dict[str, Any]]]:
        rows = self._book.rows("SELECT event, digest, body FROM misp_pushed WHERE instance = ?", (instance,))
        return {name: (digest, json.loads(body)) for name, digest, body in rows}

    def _with_gone(self, event: dict[str, Any] | None, before: dict[str, Any] | None) -> dict[str, Any]:
        """The event as wanted; what was told of it before and is not wanted any more stands there as deleted."""
        if event is None:
            event = {**(before or {}), "Attribute": [], "Object": []}
        now_s = str(self._clock.now_us() // SECOND_US)
        changed = dict(event)
        for part in ("Attribute", "Object"):
            there = {thing["uuid"] for thing in event.get(part, [])}
            gone = [_deleted(thing, now_s) for thing in (before or {}).get(part, []) if thing["uuid"] not in there]
            changed[part] = [*event.get(part, []), *gone]
            if any(thing["timestamp"] == now_s for thing in gone):
                changed["timestamp"] = max(changed["timestamp"], now_s)
        return changed

    def _met_us(self, indicator_id: str) -> int | None:
        """The last hour in which it was met, where enough actors met it that none is named by that."""
        seen = [one for one in self._deliveries.sightings(indicator_id) if one.count_bucket > 0]
        hours = [one.last_hour for one in seen if one.last_hour is not None]
        enough = len({one.actor for one in seen}) >= ACTORS_FOR_A_SIGHTING
        return max(hours) * HOUR_US if enough and hours else None


def _deleted(thing: dict[str, Any], now_s: str) -> dict[str, Any]:
    """As deleted; what was so before stays as it was."""
    if thing["deleted"]:
        return thing
    inside = {"Attribute": [_deleted(part, now_s) for part in thing["Attribute"]]} if "Attribute" in thing else {}
    return thing | {"deleted": True, "timestamp": now_s} | ({"to_ids": False} if "to_ids" in thing else {}) | inside


def _attributes(event: dict[str, Any]) -> Sequence[dict[str, Any]]:
    return [*event["Attribute"], *(one for thing in event["Object"] for one in thing["Attribute"])]


def _digest(event: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(event, sort_keys=True).encode()).hexdigest()
