"""What partners are given: every released indicator, version by version, on a shelf; each through gate 3 once.

``step`` puts on the shelf what was released or withdrawn since; a partner's page takes from it what its collection
holds and gate 3 lets through. An object meets the gate for a partner when it is first reached, with one line in the
ledger; the outcome is remembered until the partner's policy changes. Refuses to know HTTP, and which actor saw what.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import batched
from typing import Any, Final

from bavn.centre.share.deliveries import Deliveries, Kept
from bavn.centre.share.handing import (
    Handing,
    HandingDraft,
    HandingRules,
    IndicatorVersionFacts,
    facts_of,
    facts_text,
    note_of,
)
from bavn.centre.share.outgoing import Outgoing, OutgoingDraft
from bavn.model.moment import DAY_US, SECOND_US, iso
from bavn.model.outcome import Refused
from bavn.model.ports import Clock
from bavn.model.sector.partner import COLLECTIONS, Partner
from bavn.tlog.entries import content_hash
from bavn.wire.book import Book, is_environment
from bavn.wire.gate import Gate, Rule
from bavn.wire.ledger import Ledger
from bavn.wire.partners.collection import ADDED_SQL, Collections
from bavn.wire.partners.stix_out import NotWritable, context_of, object_of
from bavn.wire.partners.taxii import Entry, Page, Wanted, moment_us
from bavn.wire.shut import WAITS

SHELF: Final = "released"
CONTEXT: Final = "context"
GATE: Final = "share"
KEPT_AFTER_END_US: Final = 30 * DAY_US
ROWS_PER_READ: Final = 250
LET_THROUGH_TOGETHER: Final = 50
"""So many objects meet the gate in one turn at the book: a partner that reads very much lets others in between."""
REACHED_PER_PAGE_MAX: Final = 50_000
PART: Final = "shelf of the exchange"
TRY_AGAIN_US: Final = 60 * SECOND_US
_LOOK_BACK_US: Final = 5 * SECOND_US
_SCHEMA: Final = (
    """CREATE TABLE given (
        partner TEXT NOT NULL, added_us INTEGER NOT NULL, id TEXT NOT NULL, policy TEXT NOT NULL,
        passed INTEGER NOT NULL, PRIMARY KEY (partner, added_us)
    ) STRICT, WITHOUT ROWID""",
    "CREATE INDEX given_id ON given (partner, id) WHERE passed = 1",
)
_REFUSED: Final = (
    "SELECT 1 FROM given g WHERE g.partner = ? AND g.added_us = o.added_us AND g.passed = 0 AND g.policy = ?"
)


@dataclass(frozen=True, slots=True)
class Listed:
    """A collection as a partner sees it."""

    name: str
    title: str


class Exchange:
    """All methods may be called from any thread. ``of_indicators``: rules of the gate to actors (ShareRules).
    ``created_by``: the centre's STIX identity; ``sector`` its name."""

    def __init__(
        self,
        *,
        deliveries: Deliveries,
        book: Book,
        clock: Clock,
        of_indicators: tuple[Rule[Outgoing, OutgoingDraft], ...],
        created_by: str,
        sector: str,
    ) -> None:
        self._deliveries, self._book, self._clock = deliveries, book, clock
        self._created_by, self._sector = created_by, sector
        self._shelves = Collections(book)
        self.ledger = Ledger(book)
        book.part("given", 1, _SCHEMA)
        rules = HandingRules(of_indicators=of_indicators, clock=clock, created_by=created_by, was_given=self._was_given)
        self.gate: Gate[Handing, HandingDraft] = Gate(
            GATE, rules.row(), self.ledger, clock, way="out", nothing=HandingDraft, label=note_of, follow=note_of
        )
        self._seen_us: int | None = None
        self._again: tuple[int | None, int] | None = None
        """Since when, and from when on, what failed is looked at again."""

    # --- the shelf ---------------------------------------------------------------------------------------------

    def step(self) -> int:
        """Puts on the shelf what was released or withdrawn; how many versions. All that is kept is looked through at
        the first step, so that a kill between a release and this loses nothing. A version that fails in a way that
        nobody foresaw keeps no other off the shelf, and is tried again."""
        now_us = self._clock.now_us()
        if self._seen_us is None:
            self._set_context(now_us)
        since_us = None if self._seen_us is None else self._seen_us - _LOOK_BACK_US
        if self._again is not None and now_us >= self._again[1]:
            since_us, self._again = self._again[0], None
        added, after = 0, ""
        while rows := self._deliveries.changed(since_us, now_us - KEPT_AFTER_END_US, after, ROWS_PER_READ):
            for some in batched(rows, LET_THROUGH_TOGETHER, strict=False):
                with self._book.transaction():
                    added += sum(self._collected(kept, now_us, since_us) for kept in some)
            after = rows[-1].indicator.id
        self._seen_us = now_us
        if self._again is None:
            self._book.failures.works(PART)
        return added

    def forget(self) -> int:
        """Drops what ended, was withdrawn or was replaced more than 30 days ago; how many versions."""
        now_us = self._clock.now_us()
        with self._book.transaction() as tx:
            self._shelves.end_replaced(SHELF, CONTEXT, now_us - KEPT_AFTER_END_US, now_us)
            gone = self._shelves.forget(now_us)
            tx.execute(f"DELETE FROM given WHERE added_us NOT IN ({ADDED_SQL})", (SHELF,))
        return gone

    def _collected(self, kept: Kept, now_us: int, since_us: int | None) -> bool:
        try:
            with self._book.attempt():
                return self._collect(kept, now_us)
        except Exception as error:
            if is_environment(error):
                raise
            self._book.failures.note(PART, error, item=repr(kept).encode("utf-8", "backslashreplace"))
            if self._again is None:
                self._again = since_us, now_us + TRY_AGAIN_US
            return False

    def _collect(self, kept: Kept, now_us: int) -> bool:
        indicator = replace(kept.indicator, revoked=not kept.live)
        if self._shelves.holds(SHELF, indicator.id, indicator.version):
            return False
        facts = IndicatorVersionFacts(indicator=indicator, created_us=kept.created_us, grounds=kept.grounds)
        try:
            body = object_of(indicator, created_by=self._created_by, created_us=kept.created_us)
        except NotWritable:
            return False  # gate 3 refused it for actors with its reason; there is no text to offer here
        self._shelves.add(
            SHELF,
            now_us,
            id_=indicator.id,
            version_us=indicator.version,
            type_="indicator",
            kind=indicator.observable.type.value,
            facts=facts_text(facts),
            body=body,
            until_us=_until_us(kept),
        )
        return True

    def _set_context(self, now_us: int) -> None:
        """The author and the markings, once: they come first."""
        if self._shelves.has_kind(SHELF, CONTEXT):
            return
        with self._book.transaction():
            for stix_object in context_of(self._created_by, self._sector, iso(now_us)):
                body = json.dumps(stix_object, separators=(",", ":"))
                version_us = now_us if stix_object["type"] == "identity" else _created_us(stix_object)
                self._shelves.add(
                    SHELF,
                    now_us,
                    id_=stix_object["id"],
                    version_us=version_us,
                    type_=stix_object["type"],
                    kind=CONTEXT,
                    facts="",
                    body=body,
                    until_us=None,
                )

    # --- pages -------------------------------------------------------------------------------------------------

    def collections(self, partner: Partner) -> tuple[Listed, ...]:
        """What a partner is let into, in the order of the model."""
        return tuple(Listed(name, one.title.en) for name, one in COLLECTIONS.items() if name in partner.out.collections)

    def page(self, partner: Partner, collection: str, wanted: Wanted) -> Page | Refused:
        """What the collection holds of what was asked for and gate 3 lets through, each object with its line the first
        time, whether it is shown or only named. A page is short where gate 3 refused very many in a row; it is empty
        only where nothing is left."""
        if not partner.in_force(self._clock.now_us()):
            return Refused("to_partner", "the agreement with the partner has ended")
        if collection not in partner.out.collections:
            return Refused("collection", "no such collection")
        kinds = frozenset({kind.value for kind in COLLECTIONS[collection].types & partner.out.types} | {CONTEXT})
        policy = _policy(partner)
        entries: list[Entry] = []
        reached, after_us, more = 0, wanted.after_us, True
        while more and len(entries) < wanted.limit and (reached < REACHED_PER_PAGE_MAX or not entries):
            left = replace(wanted, after_us=after_us, limit=min(ROWS_PER_READ, wanted.limit - len(entries)))
            page = self._shelves.page(
                SHELF, left, kinds=kinds, unless=f"EXISTS ({_REFUSED})", given=(partner.name, policy)
            )
            for some in batched(page.entries, LET_THROUGH_TOGETHER, strict=False):
                entries += self._let_through(partner, policy, some)
            more = page.more
            reached += len(page.entries)
            if page.entries:
                after_us = page.entries[-1].added_us
        return Page(tuple(entries), more=more and bool(entries))

    def _let_through(self, partner: Partner, policy: str, entries: Sequence[Entry]) -> list[Entry]:
        """Those that the gate passes, now or before under this policy; in one transaction. At least one is given."""
        with self._book.transaction() as tx:
            rows = tx.execute(
                """SELECT added_us FROM given
                WHERE partner = ? AND policy = ? AND passed = 1 AND added_us BETWEEN ? AND ?""",
                (partner.name, policy, entries[0].added_us, entries[-1].added_us),
            ).fetchall()
            before = {row[0] for row in rows}
            passed, new = [], []
            for entry in entries:
                if entry.added_us in before:
                    passed.append(entry)
                    continue
                outcome = self.gate.offer(Handing(partner, entry, facts_of(entry.facts)))
                if isinstance(outcome, Refused) and outcome.rule in WAITS:
                    continue
                refused = isinstance(outcome, Refused)
                tx.execute(
                    "INSERT OR REPLACE INTO given VALUES (?, ?, ?, ?, ?)",
                    (partner.name, entry.added_us, entry.id, policy, 0 if refused else 1),
                )
                if not refused:
                    passed.append(entry)
                    new.append({"partner": partner.name, "id": entry.id, "body": content_hash(entry.body.encode())})
            self._deliveries.log_given(new, self._clock.now_us())  # before it is kept here: said twice is there once
        return passed

    def _was_given(self, partner: str, id_: str) -> bool:
        asked = "SELECT 1 FROM given WHERE partner = ? AND id = ? AND passed = 1 LIMIT 1"
        return bool(self._book.rows(asked, (partner, id_)))


def _policy(partner: Partner) -> str:
    """A short name for what a partner's policy lets out: a changed policy is another name."""
    out = partner.out
    text = f"{out.tlp_max}|{int(out.pap_max)}|{sorted(out.types)}|{out.confidence_min}|{sorted(out.collections)}"
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _until_us(kept: Kept) -> int:
    ended_us = kept.indicator.valid_until_us if kept.withdrawn_us is None else kept.withdrawn_us
    return ended_us + KEPT_AFTER_END_US


def _created_us(marking: dict[str, Any]) -> int:
    return moment_us(marking["created"]) or 0
