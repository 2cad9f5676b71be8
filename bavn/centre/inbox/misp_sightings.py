"""What partners sighted of our indicators at their MISP: each sighting meets gate 2 once, with one ledger line.

Refuses to know what follows: a sighting of a partner's is shown to people, and counts for no actor.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from bavn.centre.inbox.foreign_words import moment_of, text_of
from bavn.centre.inbox.own_echo import RULE as OWN_ECHO
from bavn.model.misp import EXPIRED, FALSE_POSITIVE, SIGHTED, UUID
from bavn.model.moment import DAY_US
from bavn.model.outcome import Refused
from bavn.model.ports import Clock
from bavn.wire.book import Book
from bavn.wire.gate import Gate, Rule
from bavn.wire.ledger import Ledger, Note

GATE: Final = "inbox"
KIND: Final = "MispSighting"
KINDS: Final = {SIGHTED: "seen", FALSE_POSITIVE: "false", EXPIRED: "expired"}
KEPT_MAX: Final = 100_000
_SCHEMA: Final = (
    """CREATE TABLE misp_sighting (
        instance TEXT NOT NULL, uuid TEXT NOT NULL, attribute TEXT NOT NULL, event TEXT NOT NULL, value TEXT NOT NULL,
        kind TEXT NOT NULL, at_us INTEGER NOT NULL, received_us INTEGER NOT NULL, PRIMARY KEY (instance, uuid)
    ) STRICT""",
)


IsOurs = Callable[[str, str, str, int], bool]
"""Whether a sighting is one that we told ourselves: its uuid, its attribute, that one's value, when."""


@dataclass(frozen=True, slots=True)
class Sighted:
    """A sighting as an instance tells it, and what that instance was given: attribute -> (event, value)."""

    instance: str
    said: Mapping[str, Any]
    given: Mapping[str, tuple[str, str]]
    is_ours: IsOurs


@dataclass(frozen=True, slots=True)
class Seen:
    """What was understood of it. ``kind``: seen, false (called a false positive) or expired."""

    uuid: str = ""
    attribute: str = ""
    event: str = ""
    value: str = ""
    kind: str = ""
    at_us: int = 0


class MispSightings:
    """All methods may be called from any thread, and from several processes on the same book."""

    def __init__(self, book: Book, clock: Clock) -> None:
        self._book, self._clock = book, clock
        book.part("misp_sighting", 1, _SCHEMA)
        rules = (
            Rule("readable", self._readable),
            Rule("given", self._given),
            Rule(OWN_ECHO, self._echo),
            Rule("plausible", self._plausible),
            Rule("room", self._room),
        )
        self.gate: Gate[Sighted, Seen] = Gate(
            GATE, rules, Ledger(book), clock, way="in", nothing=Seen, label=_label, follow=self._keep
        )

    def take_in(
        self,
        instance: str,
        sightings: Iterable[Mapping[str, Any]],
        given: Mapping[str, tuple[str, str]],
        is_ours: IsOurs = lambda *_: False,
    ) -> tuple[int, int]:
        """(taken, refused) of what is new. Raises GateBroken."""
        taken = refused = 0
        for one in sightings:
            item = Sighted(instance, one, given, is_ours)
            if self._known(instance, str(one.get("uuid", ""))[:60].lower()):
                continue
            outcome = self.gate.offer(item)
            refused += isinstance(outcome, Refused)
            taken += not isinstance(outcome, Refused)
        return taken, refused

    def every(self, limit: int = 100) -> list[dict[str, Any]]:
        """The latest first."""
        sql = """SELECT instance, value, kind, at_us, received_us, event FROM misp_sighting
            ORDER BY received_us DESC, at_us DESC, uuid LIMIT ?"""
        names = ("instance", "value", "kind", "at_us", "received_us", "event")
        return [dict(zip(names, row, strict=True)) for row in self._book.rows(sql, (max(1, min(limit, 10_000)),))]

    def last_met(self, instance: str) -> list[Seen]:
        """Of each attribute that was met there the last sighting, unless it was called false or expired since."""
        sql = """SELECT attribute, value, max(CASE WHEN kind = 'seen' THEN at_us END) AS met,
              max(CASE WHEN kind <> 'seen' THEN at_us END) AS doubted
            FROM misp_sighting WHERE instance = ?
            GROUP BY attribute, value HAVING met IS NOT NULL AND (doubted IS NULL OR doubted <= met)
            ORDER BY attribute, value"""
        return [
            Seen(attribute=attribute, value=value, kind="seen", at_us=met)
            for attribute, value, met, _ in self._book.rows(sql, (instance,))
        ]

    def _known(self, instance: str, name: str) -> bool:
        asked = "SELECT 1 FROM misp_sighting WHERE instance = ? AND uuid = ?"
        return bool(self._book.rows(asked, (instance, name)))

    def _readable(self, item: Sighted, draft: Seen) -> Seen | Refused:
        said = item.said
        name, attribute = str(said.get("uuid", "")).lower(), _attribute(said)
        kind, at_us = KINDS.get(str(said.get("type", SIGHTED))), moment_of(said.get("date_sighting"))
        if not UUID.fullmatch(name) or not UUID.fullmatch(attribute) or kind is None or at_us is None:
            return Refused("readable", "a sighting without uuid, attribute, time or a known kind")
        return replace(draft, uuid=name, attribute=attribute, kind=kind, at_us=at_us)

    def _given(self, item: Sighted, draft: Seen) -> Seen | Refused:
        attribute = item.given.get(draft.attribute)
        if attribute is None:
            return Refused("given", "the partner was never given what it says it sighted")
        return replace(draft, event=attribute[0], value=attribute[1])

    def _echo(self, item: Sighted, draft: Seen) -> Seen | Refused:
        if item.is_ours(draft.uuid, draft.attribute, draft.value, draft.at_us):
            return Refused(OWN_ECHO, "our own sighting comes back: the partner met nothing by it")
        return draft

    def _plausible(self, _: Sighted, draft: Seen) -> Seen | Refused:
        now_us = self._clock.now_us()
        if not now_us - 400 * DAY_US <= draft.at_us <= now_us + DAY_US:
            return Refused("plausible", "sighted in the future, or more than 400 days ago")
        return draft

    def _room(self, item: Sighted, draft: Seen) -> Seen | Refused:
        kept = self._book.rows("SELECT count(*) FROM misp_sighting WHERE instance = ?", (item.instance,))
        return (
            Refused("room", "{most} sightings of this instance are kept", most=KEPT_MAX)
            if kept[0][0] >= KEPT_MAX
            else draft
        )

    def _keep(self, item: Sighted, draft: Seen) -> Note:
        with self._book.transaction() as tx:
            tx.execute(
                "INSERT INTO misp_sighting VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    item.instance,
                    draft.uuid,
                    draft.attribute,
                    draft.event,
                    draft.value,
                    draft.kind,
                    draft.at_us,
                    self._clock.now_us(),
                ),
            )
        return replace(_label(item), summary=f"{draft.kind} {draft.value}")


def _attribute(sighting: Mapping[str, Any]) -> str:
    """The uuid of what was sighted: MISP's search has it inside the attribute, other answers beside it."""
    inside = sighting.get("Attribute")
    named = inside.get("uuid") if isinstance(inside, Mapping) else None
    return str(sighting.get("attribute_uuid") or named or "").lower()


def _label(item: Sighted) -> Note:
    words = text_of(str(sorted((str(k), str(v)) for k, v in item.said.items())), 1000)
    digest = hashlib.sha256(f"{item.instance}\0{words}".encode()).hexdigest()
    return Note(kind=KIND, item_id=digest, peer=f"misp:{item.instance}", bytes=len(words), summary=words[:200])
