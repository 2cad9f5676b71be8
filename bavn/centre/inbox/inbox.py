"""The inbox: every envelope an actor hands over meets gate 2 and leaves exactly one ledger line.

What passes is kept in the transaction of its line, and stays until the centre has worked it off: rows kept = lines
passed, under retries, reordering and kill -9. Refuses to take anybody's word for who they are: the name comes from the
certificate, and the signature must be that actor's.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from bavn.centre.inbox.aside import SetAside
from bavn.centre.inbox.asks import (
    CaseMembership,
    InboxLimits,
    NoCases,
    NoDraws,
    NoLog,
    NoQuestions,
    NoWarnings,
    OpenDraws,
    OpenQuestions,
    Roster,
    Rounds,
    ShownCheckpoints,
    WarningsGiven,
)
from bavn.centre.inbox.plausible import PlausibilityContext, implausible, tier_of
from bavn.centre.inbox.understand import About, understand
from bavn.model.moment import DAY_US, hour_of
from bavn.model.outcome import Refused
from bavn.model.ports import Clock
from bavn.model.received import Taken
from bavn.model.sector.member import CENTRE_NAME
from bavn.wire import seal
from bavn.wire.book import Book
from bavn.wire.codec import UP_KINDS, Encoded, decode, privacy_of, summary_of
from bavn.wire.gate import Gate, Rule
from bavn.wire.ledger import Ledger, Note
from bavn.wire.messages.catalogue import QuestionCounted, ShareUpload
from bavn.wire.seal import Opened
from bavn.wire.seen import Seen
from bavn.wire.shut import WAITS

SCHEMA: Final = (
    """CREATE TABLE inbox (
        number INTEGER PRIMARY KEY AUTOINCREMENT, actor TEXT NOT NULL, actor_group TEXT NOT NULL, seq INTEGER NOT NULL,
        item_id TEXT NOT NULL, kind TEXT NOT NULL, tier TEXT NOT NULL, received_us INTEGER NOT NULL,
        bytes INTEGER NOT NULL, body BLOB, attachment BLOB, done_us INTEGER
    ) STRICT""",
    "CREATE INDEX inbox_open ON inbox (number) WHERE done_us IS NULL",
    "CREATE INDEX inbox_received ON inbox (received_us)",
    """CREATE TABLE inbox_usage (
        actor TEXT NOT NULL, kind TEXT NOT NULL, hour INTEGER NOT NULL, messages INTEGER NOT NULL,
        bytes INTEGER NOT NULL, PRIMARY KEY (actor, kind, hour)
    ) STRICT""",
    """CREATE TABLE inbox_upload (
        actor TEXT NOT NULL, round_id TEXT NOT NULL, received_us INTEGER NOT NULL, PRIMARY KEY (actor, round_id)
    ) STRICT""",
)

REFUSED_FOR_NOW: Final = frozenset(
    {
        "wrong_sender",
        "unknown_sender",
        "wrong_recipient",
        "bad_signature",
        "version",
        "oversize",
        "malformed_header",
        "over_quota",
        *WAITS,
    }
)
"""Refusals after which the sender keeps the envelope: nobody proved that it is theirs, or it may pass later."""


@dataclass(frozen=True, slots=True)
class Offered:
    """An envelope and the name in the certificate of the connection it came by."""

    actor: str
    raw: bytes


@dataclass(frozen=True, slots=True)
class Inward:
    """What the rules have made sure of so far."""

    opened: Opened | None = None
    group: str = ""
    tier: str = ""


class Inbox:
    """All methods may be called from any thread. The book also holds gate 2's ledger (``inbox.ledger``)."""

    def __init__(
        self,
        book: Book,
        roster: Roster,
        rounds: Rounds,
        clock: Clock,
        limits: InboxLimits | None = None,
        questions: OpenQuestions | None = None,
        cases: CaseMembership | None = None,
        warnings: WarningsGiven | None = None,
        log: ShownCheckpoints | None = None,
        draws: OpenDraws | None = None,
    ) -> None:
        self._book = book
        self._roster = roster
        self._rounds = rounds
        self._questions = questions or NoQuestions()
        self._cases = cases or NoCases()
        self._warnings = warnings or NoWarnings()
        self._log, self._draws = log or NoLog(), draws or NoDraws()
        self._clock = clock
        self._limits = limits or InboxLimits()
        self._seen = Seen(book)
        self.ledger = Ledger(book)
        book.part("inbox", 1, SCHEMA)
        self.aside = SetAside(book, clock)
        rules = (
            Rule("is_them", self._is_them),
            Rule("opens", self._opens),
            Rule("is_new", self._is_new),
            Rule("within_quota", self._within_quota),
            Rule("plausible", self._plausible),
            Rule("first_upload", self._first_upload),
        )
        self.gate: Gate[Offered, Inward] = Gate(
            "inbox", rules, self.ledger, clock, way="up", nothing=Inward, label=_label, follow=self._keep
        )

    def receive(self, actor: str, envelopes: Sequence[bytes]) -> list[int]:
        """Offers each envelope to the gate, all in one transaction. Returns the numbers that the sender may let go:
        taken, or refused for good. Raises gate.GateBroken."""
        outcomes = self.gate.offer_all(Offered(actor, raw) for raw in envelopes)
        let_go: list[int] = []
        for raw, outcome in zip(envelopes, outcomes, strict=True):
            if isinstance(outcome, Refused) and outcome.rule in REFUSED_FOR_NOW:
                continue
            stands = seal.address(raw)
            if not isinstance(stands, Refused):
                let_go.append(stands.seq)
        return let_go

    def take(self, items_max: int = 100, bytes_max: int = 64 * 1024 * 1024) -> list[Taken]:
        """The oldest accepted items not done yet, in order, up to both bounds but at least one if there is one. Asking
        changes nothing."""
        sizes = self._book.rows(
            "SELECT number, bytes FROM inbox WHERE done_us IS NULL ORDER BY number LIMIT ?", (items_max,)
        )
        taken: list[Taken] = []
        total = 0
        for number, size in sizes:
            total += size
            if taken and total > bytes_max:
                break
            taken.append(self._read(number))
        return taken

    def read(self, number: int) -> Taken:
        """One accepted item that is not done yet."""
        return self._read(number)

    def done(self, number: int) -> None:
        """The item's effects are kept elsewhere: its content goes, its row stays. Repeatable."""
        with self._book.transaction() as tx:
            tx.execute(
                "UPDATE inbox SET done_us = ?, body = NULL, attachment = NULL WHERE number = ? AND done_us IS NULL",
                (self._clock.now_us(), number),
            )
        self.aside.worked(number)

    def rows(self) -> tuple[int, int]:
        """How many items were accepted and are remembered, and how many of them are not done yet."""
        ((kept, undone),) = self._book.rows("SELECT count(*), count(*) FILTER (WHERE done_us IS NULL) FROM inbox")
        return int(kept), int(undone)

    def forget(self) -> None:
        """Drops rows worked off more than ``remembered_days`` ago, old usage, and single numbers: from then on what
        lies below them counts as too old. The ledger keeps its lines."""
        before_us = self._clock.now_us() - self._limits.remembered_days * DAY_US
        with self._book.transaction() as tx:
            tx.execute("DELETE FROM inbox WHERE received_us < ? AND done_us IS NOT NULL", (before_us,))
            tx.execute("DELETE FROM inbox_upload WHERE received_us < ?", (before_us,))
            tx.execute("DELETE FROM inbox_usage WHERE hour < ?", (hour_of(self._clock.now_us()) - 24,))
            self._seen.forget(before_us)

    # --- the rules, in their order ----------------------------------------------------------------------------

    def _is_them(self, item: Offered, draft: Inward) -> Inward | Refused:
        stands = seal.address(item.raw)
        if isinstance(stands, Refused):
            return stands
        if stands.sender != item.actor:
            return Refused("wrong_sender", "the envelope names another sender than the certificate")
        actor = self._roster.actor(item.actor)
        if actor is None:
            return Refused("unknown_sender", "no such actor is registered")
        return replace(draft, group=actor.group)

    def _opens(self, item: Offered, draft: Inward) -> Inward | Refused:
        key = self._roster.key(item.actor)
        opened = seal.open({item.actor: key} if key else {}, CENTRE_NAME, item.raw, UP_KINDS)
        return opened if isinstance(opened, Refused) else replace(draft, opened=opened)

    def _is_new(self, _: Offered, draft: Inward) -> Inward | Refused:
        return self._seen.check(_proved(draft)) or draft

    def _within_quota(self, item: Offered, draft: Inward) -> Inward | Refused:
        kind = _proved(draft).encoded.kind
        quota = self._roster.quota(item.actor, kind)
        used = self._book.rows(
            "SELECT messages, bytes FROM inbox_usage WHERE actor = ? AND kind = ? AND hour = ?",
            (item.actor, kind, hour_of(self._clock.now_us())),
        )
        messages, size = used[0] if used else (0, 0)
        if messages + 1 > quota.messages_per_hour_max or size + len(item.raw) > quota.bytes_per_hour_max:
            return Refused(
                "over_quota",
                "{messages} messages, {bytes} bytes of this kind were taken this hour",
                messages=messages,
                bytes=size,
            )
        return draft

    def _plausible(self, item: Offered, draft: Inward) -> Inward | Refused:
        message = _proved(draft).message
        known = PlausibilityContext(
            actor=item.actor,
            now_us=self._clock.now_us(),
            rounds=self._rounds,
            limits=self._limits,
            asked=self._questions,
            cases=self._cases,
            warnings=self._warnings,
            log=self._log,
            draws=self._draws,
        )
        return implausible(message, known) or replace(draft, tier=tier_of(message, self._rounds))

    def _first_upload(self, item: Offered, draft: Inward) -> Inward | Refused:
        message = _proved(draft).message
        if isinstance(message, ShareUpload) and self._book.rows(
            "SELECT 1 FROM inbox_upload WHERE actor = ? AND round_id = ?", (item.actor, message.round_id)
        ):
            return Refused("second_upload", "the first upload of a round counts")
        return draft

    # --- what follows -------------------------------------------------------------------------------------------

    def _keep(self, item: Offered, draft: Inward) -> Note:
        opened, now_us = _proved(draft), self._clock.now_us()
        encoded, size = opened.encoded, len(item.raw)
        self._seen.keep(opened, now_us)
        with self._book.transaction() as tx:
            tx.execute(
                """INSERT INTO inbox
                  (actor, actor_group, seq, item_id, kind, tier, received_us, bytes, body, attachment)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""",
                (
                    item.actor,
                    draft.group,
                    opened.seq,
                    opened.id,
                    encoded.kind,
                    draft.tier,
                    now_us,
                    size,
                    encoded.body,
                    encoded.attachment,
                ),
            )
            tx.execute(
                """INSERT INTO inbox_usage VALUES (?, ?, ?, 1, ?)
                ON CONFLICT DO UPDATE SET messages = messages + 1, bytes = bytes + excluded.bytes""",
                (item.actor, encoded.kind, hour_of(now_us), size),
            )
            if isinstance(opened.message, ShareUpload):
                tx.execute("INSERT INTO inbox_upload VALUES (?, ?, ?)", (item.actor, opened.message.round_id, now_us))
        return Note(
            kind=encoded.kind,
            item_id=opened.id,
            peer=item.actor,
            privacy=privacy_of(opened.message),
            bytes=size,
            summary=_summary(opened),
        )

    def _read(self, number: int) -> Taken:
        ((actor, group, item_id, kind, tier, received_us, body, attachment),) = self._book.rows(
            "SELECT actor, actor_group, item_id, kind, tier, received_us, body, attachment FROM inbox WHERE number = ?",
            (number,),
        )
        message = decode(Encoded(kind, body, attachment), UP_KINDS)
        if isinstance(message, Refused):
            raise TypeError(f"inbox row {number} is no message any more: {message.rule}")
        about = About(item_id=item_id, actor=actor, group=group, tier=tier, received_us=received_us)
        return Taken(number, understand(message, about))


def _proved(draft: Inward) -> Opened:
    if draft.opened is None:
        raise ValueError("the row of rules opens an envelope before it looks inside")
    return draft.opened


def _summary(opened: Opened) -> str:
    """What the ledger keeps of it. An actor's part of a radius is added to the sum and kept nowhere else."""
    message = opened.message
    if isinstance(message, QuestionCounted):
        return json.dumps({"question_id": message.question_id, "number": message.number}, sort_keys=True)
    return summary_of(opened.encoded)


def _label(item: Offered) -> Note:
    stands = seal.address(item.raw)
    kind = "unknown" if isinstance(stands, Refused) else stands.kind
    return Note(kind=kind, item_id=seal.item_id(item.raw), peer=item.actor, bytes=len(item.raw))
