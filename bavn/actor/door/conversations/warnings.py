"""The centre's warnings: heard through the gate "asked" and kept for people to read; answered by people here through
gate 1 (S5), as exactly what they said.

A newer version replaces what was kept, and is to be read and answered anew. Refuses to act on a warning: nothing is
blocked, hunted or changed by one.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from bavn.actor.door.conversation import Conversation, DoorContext, Nothing, Received, named_in, naming
from bavn.actor.door.draft import Draft
from bavn.actor.door.switches import turned_off
from bavn.actor.door.table import Table
from bavn.actor.door.versions import is_old, leap
from bavn.model.observable import is_external
from bavn.model.outcome import Refused
from bavn.model.sector.sector_warning import (
    AnswerAct,
    AnswerState,
    NoSuchStep,
    WarningState,
    answer_after,
    headline,
    may_name,
)
from bavn.model.sector.work import is_plain
from bavn.model.text import Text
from bavn.wire.gate import Rule
from bavn.wire.messages.catalogue import WarningAnswered, WarningGiven

WARNINGS_MAX: Final = 1000
PER_DAY_MAX: Final = 200
_SCHEMA: Final = (
    """CREATE TABLE door_warning (
        warning_id TEXT PRIMARY KEY, version INTEGER NOT NULL, state TEXT NOT NULL, said TEXT NOT NULL,
        received_us INTEGER NOT NULL
    ) STRICT""",
    "CREATE INDEX door_warning_received ON door_warning (received_us)",
    """CREATE TABLE door_warning_answer (
        number INTEGER PRIMARY KEY AUTOINCREMENT, at_us INTEGER NOT NULL, warning_id TEXT NOT NULL,
        version INTEGER NOT NULL, act TEXT NOT NULL, words TEXT NOT NULL, by_whom TEXT NOT NULL, told_us INTEGER,
        rule TEXT NOT NULL
    ) STRICT""",
    "CREATE INDEX door_warning_answer_of ON door_warning_answer (warning_id)",
    "CREATE INDEX door_warning_answer_waits ON door_warning_answer (number) WHERE told_us IS NULL",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptWarning:
    """A warning as this actor last heard of it. ``said``: the message's fields."""

    warning_id: str
    version: int
    state: str
    said: dict[str, Any]
    received_us: int

    @property
    def headline(self) -> Text:
        """The title as people read it."""
        return headline(Text.written(self.said["title_en"], da=self.said["title_da"]), drill=self.said["drill"])


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerStatement:
    """What a person here answered. ``version``: what they had read; ``told_us``: when it was dealt with; ``rule``: what
    refused it, if anything."""

    number: int
    at_us: int
    warning_id: str
    version: int
    act: str
    words: str
    by: str
    told_us: int | None = None
    rule: str = ""


KEPT: Final = Table(KeptWarning, "door_warning", order="received_us DESC, warning_id")
SAID: Final = Table(AnswerStatement, "door_warning_answer", order="number")
WARNINGS_SQL, ANSWERS_SQL = KEPT.sql, SAID.sql
warnings_of, answers_of = KEPT.of, SAID.of
"""Values of rows, also as read by another process."""


class Warnings(Conversation[WarningGiven, KeptWarning, AnswerStatement]):
    """``unclean``: why words must not leave."""

    told = KEPT

    def __init__(self, at: DoorContext, unclean: Callable[[str], Refused | None]) -> None:
        at.ledger.book.part("door_warning", 1, _SCHEMA)
        self._unclean = unclean
        answers = (
            Rule("answer_warnings", self._may),
            Rule("warning_known", self._known),
            Rule("warning_step", self._step),
            Rule("words_clean", self._clean),
            Rule("answers_budget", self._budget),
            Rule("answer", _answer),
        )
        about = naming("number", "warning_id", "version", "act", "by")
        super().__init__(at, SAID, WarningAnswered, answers, about)
        self.hears(Rule("warning_new", self._new), Rule("warning_form", self._form), Rule("warning_room", self._room))

    # --- what the centre says ---------------------------------------------------------------------------------

    def kept(self, message: WarningGiven, now_us: int) -> KeptWarning:
        return KeptWarning(
            warning_id=message.warning_id,
            version=message.version,
            state=message.state,
            said=message.model_dump(mode="json"),
            received_us=now_us,
        )

    def _new(self, item: Received[WarningGiven], draft: Nothing) -> Nothing | Refused:
        known, version = self.get(item.message.warning_id), item.message.version
        if known is not None and is_old(known.version, known.received_us, version, self.at.clock.now_us()):
            return Refused("warning_new", "this actor has heard as much of the warning, or more")
        return leap("warning_new", known.version if known else 0, version) or draft

    def _form(self, item: Received[WarningGiven], draft: Nothing) -> Nothing | Refused:
        message = item.message
        if not all(map(is_plain, (message.title_en, message.title_da, message.text_en, message.text_da))):
            return Refused("warning_form", "a text holds what no screen should be given")
        named = named_in(message.observables)
        if named is None:
            return Refused("warning_form", "it names something in no canonical form")
        if len(set(named)) != len(named) or not all(may_name(one) and is_external(one, self.at.homes) for one in named):
            return Refused("warning_form", "it names something twice, or something inside")
        if not message.sent_us < message.acknowledge_us <= message.until_us:
            return Refused("warning_form", "its times are in no order")
        return draft

    def _room(self, item: Received[WarningGiven], draft: Nothing) -> Nothing | Refused:
        if self.get(item.message.warning_id) is None and self.told.count(self.own_book) >= WARNINGS_MAX:
            return Refused(
                "warning_room", "{most} warnings are remembered here, and that is the bound", most=WARNINGS_MAX
            )
        full = self.received_today() >= PER_DAY_MAX
        return Refused("warning_room", "more warnings in a day than anybody reads") if full else draft

    def state_of(self, warning_id: str, version: int) -> AnswerState:
        """How far people here have answered this version."""
        state, where = AnswerState.TOLD, "warning_id = ? AND version = ? AND told_us IS NOT NULL AND rule = ''"
        for answer in self.said.find(self.own_book, where, (warning_id, version)):
            state = answer_after(state, AnswerAct(answer.act))
        return state

    # --- what people here answer ------------------------------------------------------------------------------

    def _may(self, _: AnswerStatement, draft: Draft) -> Draft | Refused:
        return turned_off(self.at.policy, "WarningAnswered") or draft

    def _known(self, item: AnswerStatement, draft: Draft) -> Draft | Refused:
        known = self.get(item.warning_id)
        if known is None:
            return Refused("warning_known", "the centre has told this node of no such warning")
        if known.version != item.version:
            return Refused(
                "warning_known", "version {version} has come meanwhile: read it first", version=known.version
            )
        return draft

    def _step(self, item: AnswerStatement, draft: Draft) -> Draft | Refused:
        if item.act == AnswerAct.WORDS and not item.words.strip():
            return Refused("warning_step", "words alone are not empty")
        try:
            answer_after(self.state_of(item.warning_id, item.version), AnswerAct(item.act))
        except (NoSuchStep, ValueError) as error:
            return Refused.of("warning_step", Text.of_error(error))
        return draft

    def _clean(self, item: AnswerStatement, draft: Draft) -> Draft | Refused:
        return self._unclean(item.words) or draft

    def _budget(self, _: AnswerStatement, draft: Draft) -> Draft | Refused:
        full = self.sent_today() >= self.at.policy.case_answers_per_day_max
        return Refused("answers_budget", "the day's budget of answers is spent") if full else draft


def state_after(warning: KeptWarning, statements: Sequence[AnswerStatement]) -> AnswerState:
    """How far people here have answered the version that is kept, with what waits for the running node."""
    state = AnswerState.TOLD
    for answer in statements:
        if (answer.warning_id, answer.version) == (warning.warning_id, warning.version) and not answer.rule:
            try:
                state = answer_after(state, AnswerAct(answer.act))
            except NoSuchStep:
                continue
    return state


def unread(warnings: Iterable[KeptWarning], statements: Sequence[AnswerStatement]) -> list[KeptWarning]:
    """Those in force that nobody here has said to have read."""
    return [
        warning
        for warning in warnings
        if warning.state == WarningState.SENT and state_after(warning, statements) is AnswerState.TOLD
    ]


def _answer(item: AnswerStatement, draft: Draft) -> Draft | Refused:
    return draft.plus(
        warning_id=item.warning_id, version=item.version, serial=item.number, act=item.act, words=item.words
    )
