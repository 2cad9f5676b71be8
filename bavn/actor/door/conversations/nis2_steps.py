"""NIS2's steps that people here note of their own part of a case: kept, and out through gate 1 as exactly that (S5).

The centre's clocks of this actor move by it, and of no other: a note names no actor. Only the minute leaves. Refuses to
decide that an incident is significant, and to send anything to an authority.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from bavn.actor.door.conversations.case_book import KEPT_DAYS, KeptCase
from bavn.actor.door.draft import Draft, labelled, let_out, message_rule, put
from bavn.actor.door.policy import DoorPolicy
from bavn.model.moment import DAY_US, MINUTE_US
from bavn.model.outcome import Refused
from bavn.model.ports import Clock
from bavn.model.sector.nis2 import AGE_DAYS_MAX, CrossBorder, Nis2Act, OutOfOrder, checked
from bavn.wire.gate import Gate, Rule
from bavn.wire.ledger import Ledger
from bavn.wire.messages.catalogue import Nis2Noted
from bavn.wire.outbox import Outbox

WAITING_MAX: Final = 100
NEEDS_WHY: Final = frozenset({Nis2Act.NOT_SIGNIFICANT})
_SCHEMA: Final = (
    """CREATE TABLE door_nis2 (
        number INTEGER PRIMARY KEY AUTOINCREMENT, noted_us INTEGER NOT NULL, case_id TEXT NOT NULL, act TEXT NOT NULL,
        at_us INTEGER NOT NULL, correct INTEGER NOT NULL, why TEXT NOT NULL, by_whom TEXT NOT NULL, told_us INTEGER,
        rule TEXT NOT NULL
    ) STRICT""",
    "CREATE INDEX door_nis2_case ON door_nis2 (case_id)",
    "CREATE INDEX door_nis2_waits ON door_nis2 (number) WHERE told_us IS NULL",
)
_CROSSES: Final = ("CREATE TABLE door_nis2_crosses (number INTEGER PRIMARY KEY, crosses TEXT NOT NULL) STRICT",)
NIS2_SQL: Final = """SELECT number, noted_us, case_id, act, at_us, correct, why, by_whom, told_us, rule, crosses
    FROM door_nis2 LEFT JOIN door_nis2_crosses USING (number) ORDER BY number"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Nis2Statement:
    """One step as a person here noted it. ``at_us``: when it happened, a whole minute; ``correct``: it changes what was
    noted before; ``crosses``: whether it may reach other countries, None for nothing said; ``told_us``: when it was
    dealt with; ``rule``: what refused it, if anything."""

    number: int
    noted_us: int
    case_id: str
    act: str
    at_us: int
    correct: bool
    why: str
    by: str
    told_us: int | None = None
    rule: str = ""
    crosses: CrossBorder | None = None


class Nis2Steps:
    """One actor's, on its own book. ``case_of``: a case as it was heard; ``unclean``: why words must not leave."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        outbox: Outbox,
        clock: Clock,
        policy: DoorPolicy,
        centre: str,
        case_of: Callable[[str], KeptCase | None],
        unclean: Callable[[str], Refused | None],
    ) -> None:
        self._book, self._ledger, self._clock, self._policy = ledger.book, ledger, clock, policy
        self._case_of, self._unclean = case_of, unclean
        self._book.part("door_nis2", 1, _SCHEMA)
        self._book.part("door_nis2_crosses", 1, _CROSSES)
        row: tuple[Rule[Nis2Statement, Draft], ...] = (
            Rule("note_nis2", self._may),
            Rule("case_known", self._known),
            Rule("nis2_time", self._time),
            Rule("nis2_order", self._order),
            Rule("words_clean", self._clean),
            Rule("nis2_budget", self._budget),
            Rule("nis2_step", _step),
        )
        last: Rule[Nis2Statement, Draft] = message_rule(Nis2Noted, outbox, centre)
        self._gate = Gate[Nis2Statement, Draft](
            "door",
            (*row, last),
            ledger,
            clock,
            way="out",
            nothing=Draft,
            label=lambda item: labelled("Nis2Noted", centre, _words(item)),
            follow=put(outbox, centre, lambda _: None),
        )

    def leave(
        self,
        case_id: str,
        act: Nis2Act,
        at_us: int,
        by: str,
        *,
        why: str = "",
        correct: bool = False,
        crosses: CrossBorder | None = None,
    ) -> int:
        """Leaves a step for the running node; its number."""
        with self._book.transaction() as tx:
            made = tx.execute(
                """INSERT INTO door_nis2 (noted_us, case_id, act, at_us, correct, why, by_whom, rule)
                VALUES (?, ?, ?, ?, ?, ?, ?, '')""",
                (self._clock.now_us(), case_id, act.value, whole_minute(at_us), correct, why, by),
            )
            number = int(made.lastrowid or 0)
            if crosses is not None:
                tx.execute("INSERT INTO door_nis2_crosses VALUES (?, ?)", (number, crosses))
            return number

    def tell(self) -> int:
        """Lets out what waits, each in the transaction of its line; how many were dealt with."""
        rows = self._book.rows(NIS2_SQL.replace("ORDER", "WHERE told_us IS NULL ORDER") + f" LIMIT {WAITING_MAX}")
        waiting = ((said.number, said) for said in nis2_statements_of(rows))
        return let_out(self._book, self._clock, "door_nis2", waiting, self._gate)

    def try_on(self, said: Nis2Statement) -> Draft | Refused:
        """What ``tell`` would let out of it now: for whoever notes it."""
        return self._gate.try_on(said)

    def forget(self) -> None:
        """Drops what was dealt with over a year ago."""
        with self._book.transaction() as tx:
            tx.execute("DELETE FROM door_nis2 WHERE told_us < ?", (self._clock.now_us() - KEPT_DAYS * DAY_US,))
            tx.execute("DELETE FROM door_nis2_crosses WHERE number NOT IN (SELECT number FROM door_nis2)")

    def _may(self, _: Nis2Statement, draft: Draft) -> Draft | Refused:
        return draft if self._policy.note_nis2 else Refused("note_nis2", "the policy tells the centre of no NIS2 steps")

    def _known(self, item: Nis2Statement, draft: Draft) -> Draft | Refused:
        known = self._case_of(item.case_id)
        if known is None:
            return Refused("case_known", "the centre has told this node of no such case")
        if known.state == "merged":
            return Refused("case_known", f"the case was merged: {known.part.get('merged_into')} goes on")
        return draft

    def _time(self, item: Nis2Statement, draft: Draft) -> Draft | Refused:
        now_us = self._clock.now_us()
        if not now_us - AGE_DAYS_MAX * DAY_US <= item.at_us <= now_us or item.at_us % MINUTE_US:
            return Refused("nis2_time", f"not a whole minute of the last {AGE_DAYS_MAX} days")
        return draft

    def _order(self, item: Nis2Statement, draft: Draft) -> Draft | Refused:
        """The course of an incident allows it, as far as is known here: what was said here, and what the centre has."""
        try:
            act = Nis2Act(item.act)
        except ValueError:
            return Refused("nis2_order", "no such step")
        if (item.correct or act in NEEDS_WHY) and not item.why.strip():
            return Refused("nis2_order", "a correction, and not-significant, need a reason")
        happened = self._happened(item)
        if act in happened and not item.correct:
            return Refused("nis2_order", f"{act.value} was noted already; to change it say so and why")
        try:
            checked({**happened, act: item.at_us}, self._clock.now_us())
        except OutOfOrder as error:
            return Refused("nis2_order", str(error))
        return draft

    def _happened(self, item: Nis2Statement) -> dict[Nis2Act, int]:
        known = self._case_of(item.case_id)
        clocks = known.part["clocks"] if known is not None else []
        happened = {Nis2Act(one["report"]): int(one["sent_us"]) for one in clocks if one["sent_us"] is not None}
        if clocks:  # the centre's clocks run: it was told of awareness, and when is not among what it tells
            happened[Nis2Act.AWARE] = 0
        if Nis2Act.FINAL in happened:
            happened[Nis2Act.HANDLED] = 0
        rows = self._book.rows(
            """SELECT act, at_us FROM door_nis2
            WHERE case_id = ? AND told_us IS NOT NULL AND rule = '' AND number <> ? ORDER BY number""",
            (item.case_id, item.number),
        )
        return happened | {Nis2Act(act): int(at_us) for act, at_us in rows}

    def _clean(self, item: Nis2Statement, draft: Draft) -> Draft | Refused:
        return self._unclean(item.why) or draft

    def _budget(self, _: Nis2Statement, draft: Draft) -> Draft | Refused:
        since_us = self._clock.now_us() - DAY_US
        spent = self._book.rows("SELECT count(*) FROM door_nis2 WHERE told_us > ? AND rule = ''", (since_us,))[0][0]
        full = spent >= self._policy.case_answers_per_day_max
        return Refused("nis2_budget", "the day's budget of steps is spent") if full else draft


def whole_minute(at_us: int) -> int:
    """The minute in which a moment lies: no exact time leaves."""
    return at_us - at_us % MINUTE_US


def nis2_statements_of(rows: Sequence[tuple[Any, ...]]) -> list[Nis2Statement]:
    """What was noted, from rows of NIS2_SQL, also as read by another process."""
    return [
        Nis2Statement(
            number=number,
            noted_us=noted_us,
            case_id=case_id,
            act=act,
            at_us=at_us,
            correct=bool(correct),
            why=why,
            by=by,
            told_us=told_us,
            rule=rule,
            crosses=crosses,
        )
        for number, noted_us, case_id, act, at_us, correct, why, by, told_us, rule, crosses in rows
    ]


def _step(item: Nis2Statement, draft: Draft) -> Draft | Refused:
    return draft.plus(
        case_id=item.case_id,
        serial=item.number,
        act=item.act,
        minute=item.at_us // MINUTE_US,
        kind="correction" if item.correct else "new",
        why=item.why,
        crosses=item.crosses,
    )


def _words(item: Nis2Statement) -> Mapping[str, Any]:
    return {
        "number": item.number,
        "case_id": item.case_id,
        "act": item.act,
        "minute": item.at_us // MINUTE_US,
        "correct": item.correct,
        "crosses": item.crosses,
        "by": item.by,
    }
