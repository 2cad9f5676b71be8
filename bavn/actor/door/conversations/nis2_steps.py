"""NIS2's steps that people here note of their own part of a case: kept, and out through gate 1 as exactly that (S5).

The centre's clocks of this actor move by it, and of no other: a note names no actor. Only the minute leaves. Refuses to
decide that an incident is significant, and to send anything to an authority.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from bavn.actor.door.conversation import DoorContext, Statements, naming
from bavn.actor.door.conversations.case_book import KeptCase
from bavn.actor.door.draft import Draft
from bavn.actor.door.switches import turned_off
from bavn.actor.door.table import Table
from bavn.model.moment import DAY_US, MINUTE_US
from bavn.model.outcome import Refused
from bavn.model.sector.nis2 import AGE_DAYS_MAX, CrossBorder, Nis2Act, OutOfOrder, checked
from bavn.model.sector.refusal import word
from bavn.model.text import Text
from bavn.wire.gate import Rule
from bavn.wire.messages.catalogue import Nis2Noted

NEEDS_WHY: Final = frozenset({Nis2Act.NOT_SIGNIFICANT})
_SCHEMA: Final = (
    """CREATE TABLE door_nis2 (
        number INTEGER PRIMARY KEY AUTOINCREMENT, noted_us INTEGER NOT NULL, case_id TEXT NOT NULL, act TEXT NOT NULL,
        at_us INTEGER NOT NULL, correct INTEGER NOT NULL, why TEXT NOT NULL, by_whom TEXT NOT NULL, told_us INTEGER,
        rule TEXT NOT NULL, crosses TEXT
    ) STRICT""",
    "CREATE INDEX door_nis2_case ON door_nis2 (case_id)",
    "CREATE INDEX door_nis2_waits ON door_nis2 (number) WHERE told_us IS NULL",
)


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


SAID: Final = Table(Nis2Statement, "door_nis2", order="number")
NIS2_SQL, nis2_statements_of = SAID.sql, SAID.of


class Nis2Steps(Statements[Nis2Statement]):
    """``case_of``: a case as it was heard; ``unclean``: why words must not leave."""

    def __init__(
        self, at: DoorContext, case_of: Callable[[str], KeptCase | None], unclean: Callable[[str], Refused | None]
    ) -> None:
        self._case_of, self._unclean = case_of, unclean
        at.ledger.book.part("door_nis2", 1, _SCHEMA)
        rules = (
            Rule("note_nis2", self._may),
            Rule("case_known", self._known),
            Rule("nis2_time", self._time),
            Rule("nis2_order", self._order),
            Rule("words_clean", self._clean),
            Rule("nis2_budget", self._budget),
            Rule("nis2_step", _step),
        )
        super().__init__(at, SAID, Nis2Noted, rules, _about)

    def say(self, statement: Nis2Statement) -> int:
        """As ever; of when it happened the whole minute."""
        return super().say(replace(statement, at_us=whole_minute(statement.at_us)))

    def _may(self, _: Nis2Statement, draft: Draft) -> Draft | Refused:
        return turned_off(self.at.policy, "Nis2Noted") or draft

    def _known(self, item: Nis2Statement, draft: Draft) -> Draft | Refused:
        known = self._case_of(item.case_id)
        if known is None:
            return Refused("case_known", "the centre has told this node of no such case")
        if known.state == "merged":
            return Refused("case_known", "the case was merged: {case} goes on", case=known.part.get("merged_into"))
        return draft

    def _time(self, item: Nis2Statement, draft: Draft) -> Draft | Refused:
        now_us = self.at.clock.now_us()
        if not now_us - AGE_DAYS_MAX * DAY_US <= item.at_us <= now_us or item.at_us % MINUTE_US:
            return Refused("nis2_time", "not a whole minute of the last {days} days", days=AGE_DAYS_MAX)
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
            return Refused("nis2_order", "{act} was noted already; to change it say so and why", act=word(act))
        try:
            checked({**happened, act: item.at_us}, self.at.clock.now_us())
        except OutOfOrder as error:
            return Refused.of("nis2_order", Text.of_error(error))
        return draft

    def _happened(self, item: Nis2Statement) -> dict[Nis2Act, int]:
        known = self._case_of(item.case_id)
        clocks = known.part["clocks"] if known is not None else []
        happened = {Nis2Act(one["report"]): int(one["sent_us"]) for one in clocks if one["sent_us"] is not None}
        if clocks:  # the centre's clocks run: it was told of awareness, and when is not among what it tells
            happened[Nis2Act.AWARE] = 0
        if Nis2Act.FINAL in happened:
            happened[Nis2Act.HANDLED] = 0
        where = "case_id = ? AND told_us IS NOT NULL AND rule = '' AND number <> ?"
        noted = self.said.find(self.own_book, where, (item.case_id, item.number))
        return happened | {Nis2Act(step.act): step.at_us for step in noted}

    def _clean(self, item: Nis2Statement, draft: Draft) -> Draft | Refused:
        return self._unclean(item.why) or draft

    def _budget(self, _: Nis2Statement, draft: Draft) -> Draft | Refused:
        full = self.sent_today() >= self.at.policy.case_answers_per_day_max
        return Refused("nis2_budget", "the day's budget of steps is spent") if full else draft


def whole_minute(at_us: int) -> int:
    """The minute in which a moment lies: no exact time leaves."""
    return at_us - at_us % MINUTE_US


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


def _about(item: Nis2Statement) -> Mapping[str, Any]:
    named = naming("number", "case_id", "act", "correct", "crosses", "by")(item)
    return {**named, "minute": item.at_us // MINUTE_US}
