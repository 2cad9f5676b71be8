"""The centre's warnings: heard through the gate "asked" and kept for people to read; answered by people here through
gate 1 (S5), as exactly what they said.

A newer version replaces what was kept, and is to be read and answered anew. Refuses to act on a warning: nothing is
blocked, hunted or changed by one.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from bavn.actor.door.draft import Draft, labelled, let_out, message_rule, put
from bavn.actor.door.policy import DoorPolicy
from bavn.model.moment import DAY_US
from bavn.model.observable import NotCanonical, Observable, ObservableType
from bavn.model.outcome import Refused
from bavn.model.ports import Clock
from bavn.model.sector.sector_warning import AnswerAct, AnswerState, NoSuchStep, answer_after, may_name
from bavn.model.sector.work import is_plain
from bavn.wire.gate import Gate, Rule
from bavn.wire.ledger import Ledger, Note
from bavn.wire.messages.catalogue import WarningAnswered, WarningGiven
from bavn.wire.outbox import Outbox

WARNINGS_MAX: Final = 1000
PER_DAY_MAX: Final = 200
KEPT_DAYS: Final = 400
WAITING_MAX: Final = 100
_SCHEMA: Final = (
    """CREATE TABLE door_warning (
        warning_id TEXT PRIMARY KEY, version INTEGER NOT NULL, state TEXT NOT NULL, said TEXT NOT NULL,
        heard_us INTEGER NOT NULL
    ) STRICT""",
    "CREATE INDEX door_warning_heard ON door_warning (heard_us)",
    """CREATE TABLE door_warning_answer (
        number INTEGER PRIMARY KEY AUTOINCREMENT, at_us INTEGER NOT NULL, warning_id TEXT NOT NULL,
        version INTEGER NOT NULL, act TEXT NOT NULL, words TEXT NOT NULL, by_whom TEXT NOT NULL, told_us INTEGER,
        rule TEXT NOT NULL
    ) STRICT""",
    "CREATE INDEX door_warning_answer_of ON door_warning_answer (warning_id)",
    "CREATE INDEX door_warning_answer_waits ON door_warning_answer (number) WHERE told_us IS NULL",
)
WARNINGS_SQL: Final = (
    "SELECT warning_id, version, state, said, heard_us FROM door_warning ORDER BY heard_us DESC, warning_id"
)
ANSWERS_SQL: Final = """SELECT number, at_us, warning_id, version, act, words, by_whom, told_us, rule
    FROM door_warning_answer ORDER BY number"""
Nothing = tuple[()]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptWarning:
    """A warning as this actor last heard of it. ``said``: the message's fields."""

    warning_id: str
    version: int
    state: str
    said: dict[str, Any]
    heard_us: int


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


@dataclass(frozen=True, slots=True)
class ReceivedWarning:
    """A warning at the gate."""

    message: WarningGiven
    note: Note


class Warnings:
    """One actor's, on its own book. ``outside``: whether an observable names nothing of its own; ``unclean``: why
    words must not leave."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        outbox: Outbox,
        clock: Clock,
        policy: DoorPolicy,
        centre: str,
        outside: Callable[[Observable], bool],
        unclean: Callable[[str], Refused | None],
    ) -> None:
        self._book, self._ledger, self._clock, self._policy = ledger.book, ledger, clock, policy
        self._outside, self._unclean = outside, unclean
        self._book.part("door_warning", 1, _SCHEMA)
        self._heard = Gate[ReceivedWarning, Nothing](
            "asked",
            (Rule("warning_new", self._new), Rule("warning_form", self._form), Rule("warning_room", self._room)),
            ledger,
            clock,
            way="in",
            nothing=lambda: (),
            label=lambda item: item.note,
            follow=lambda item, _: item.note,
        )
        row: tuple[Rule[AnswerStatement, Draft], ...] = (
            Rule("answer_warnings", self._may),
            Rule("warning_known", self._known),
            Rule("warning_step", self._step),
            Rule("words_clean", self._clean),
            Rule("answers_budget", self._budget),
            Rule("answer", _answer),
        )
        last: Rule[AnswerStatement, Draft] = message_rule(WarningAnswered, outbox, centre)
        self._gate = Gate[AnswerStatement, Draft](
            "door",
            (*row, last),
            ledger,
            clock,
            way="out",
            nothing=Draft,
            label=lambda item: labelled("WarningAnswered", centre, _words(item)),
            follow=put(outbox, centre, lambda _: None),
        )

    # --- hearing -----------------------------------------------------------------------------------------------

    def take_in(self, message: WarningGiven, note: Note) -> Refused | None:
        """Through the gate and into the book."""
        outcome = self._heard.offer(ReceivedWarning(message, note))
        if isinstance(outcome, Refused):
            return outcome
        said = json.dumps(message.model_dump(mode="json"), sort_keys=True, ensure_ascii=False)
        with self._book.transaction() as tx:
            tx.execute(
                """INSERT INTO door_warning VALUES (?, ?, ?, ?, ?)
                ON CONFLICT DO UPDATE SET version = excluded.version, state = excluded.state, said = excluded.said,
                  heard_us = excluded.heard_us""",
                (message.warning_id, message.version, message.state, said, self._clock.now_us()),
            )
        return None

    def _new(self, item: ReceivedWarning, draft: Nothing) -> Nothing | Refused:
        known = self.get(item.message.warning_id)
        if known is not None and known.version >= item.message.version:
            return Refused("warning_new", "this actor has heard as much of the warning, or more")
        return draft

    def _form(self, item: ReceivedWarning, draft: Nothing) -> Nothing | Refused:
        said = item.message
        if not all(map(is_plain, (said.title_en, said.title_da, said.text_en, said.text_da))):
            return Refused("warning_form", "a text holds what no screen should be given")
        try:
            named = [Observable(ObservableType(one.type), one.value) for one in said.observables]
        except NotCanonical:
            return Refused("warning_form", "it names something in no canonical form")
        if len(set(named)) != len(named) or not all(may_name(one) and self._outside(one) for one in named):
            return Refused("warning_form", "it names something twice, or something inside")
        if not said.sent_us < said.acknowledge_us <= said.until_us:
            return Refused("warning_form", "its times are in no order")
        return draft

    def _room(self, item: ReceivedWarning, draft: Nothing) -> Nothing | Refused:
        kept = int(self._book.rows("SELECT count(*) FROM door_warning")[0][0])
        if self.get(item.message.warning_id) is None and kept >= WARNINGS_MAX:
            return Refused("warning_room", f"{WARNINGS_MAX} warnings are remembered here, and that is the bound")
        since_us = self._clock.now_us() - DAY_US
        today = int(self._book.rows("SELECT count(*) FROM door_warning WHERE heard_us > ?", (since_us,))[0][0])
        return Refused("warning_room", "more warnings in a day than anybody reads") if today >= PER_DAY_MAX else draft

    def get(self, warning_id: str) -> KeptWarning | None:
        """None for one that this actor has not heard of."""
        found = self._book.rows(WARNINGS_SQL.replace("ORDER", "WHERE warning_id = ? ORDER"), (warning_id,))
        return warnings_of(found)[0] if found else None

    def state_of(self, warning_id: str, version: int) -> AnswerState:
        """How far people here have answered this version."""
        state = AnswerState.TOLD
        for (act,) in self._book.rows(
            """SELECT act FROM door_warning_answer
            WHERE warning_id = ? AND version = ? AND told_us IS NOT NULL AND rule = '' ORDER BY number""",
            (warning_id, version),
        ):
            state = answer_after(state, AnswerAct(act))
        return state

    # --- answering ---------------------------------------------------------------------------------------------

    def leave(self, warning_id: str, version: int, act: AnswerAct, words: str, by: str) -> int:
        """Leaves an answer for the running node; its number."""
        with self._book.transaction() as tx:
            made = tx.execute(
                """INSERT INTO door_warning_answer (at_us, warning_id, version, act, words, by_whom, rule)
                VALUES (?, ?, ?, ?, ?, ?, '')""",
                (self._clock.now_us(), warning_id, version, act.value, words, by),
            )
            return int(made.lastrowid or 0)

    def tell(self) -> int:
        """Lets out what waits, each in the transaction of its line; how many were dealt with."""
        rows = self._book.rows(ANSWERS_SQL.replace("ORDER", "WHERE told_us IS NULL ORDER") + f" LIMIT {WAITING_MAX}")
        waiting = ((said.number, said) for said in answers_of(rows))
        return let_out(self._book, self._clock, "door_warning_answer", waiting, self._gate)

    def try_on(self, said: AnswerStatement) -> Draft | Refused:
        """What ``tell`` would let out of it now: for whoever answers."""
        return self._gate.try_on(said)

    def forget(self) -> None:
        """Drops what was heard, or dealt with, over a year ago."""
        before_us = self._clock.now_us() - KEPT_DAYS * DAY_US
        with self._book.transaction() as tx:
            tx.execute("DELETE FROM door_warning WHERE heard_us < ?", (before_us,))
            tx.execute("DELETE FROM door_warning_answer WHERE told_us < ?", (before_us,))

    def _may(self, _: AnswerStatement, draft: Draft) -> Draft | Refused:
        return draft if self._policy.answer_warnings else Refused("answer_warnings", "the policy answers no warnings")

    def _known(self, item: AnswerStatement, draft: Draft) -> Draft | Refused:
        known = self.get(item.warning_id)
        if known is None:
            return Refused("warning_known", "the centre has told this node of no such warning")
        if known.version != item.version:
            return Refused("warning_known", f"version {known.version} has come meanwhile: read it first")
        return draft

    def _step(self, item: AnswerStatement, draft: Draft) -> Draft | Refused:
        if item.act == AnswerAct.WORDS and not item.words.strip():
            return Refused("warning_step", "words alone are not empty")
        try:
            answer_after(self.state_of(item.warning_id, item.version), AnswerAct(item.act))
        except (NoSuchStep, ValueError) as error:
            return Refused("warning_step", str(error))
        return draft

    def _clean(self, item: AnswerStatement, draft: Draft) -> Draft | Refused:
        return self._unclean(item.words) or draft

    def _budget(self, _: AnswerStatement, draft: Draft) -> Draft | Refused:
        since_us = self._clock.now_us() - DAY_US
        sql = "SELECT count(*) FROM door_warning_answer WHERE told_us > ? AND rule = ''"
        full = int(self._book.rows(sql, (since_us,))[0][0]) >= self._policy.case_answers_per_day_max
        return Refused("answers_budget", "the day's budget of answers is spent") if full else draft


def warnings_of(rows: Sequence[tuple[Any, ...]]) -> list[KeptWarning]:
    """Warnings from rows of WARNINGS_SQL, also as read by another process."""
    return [
        KeptWarning(warning_id=warning_id, version=version, state=state, said=json.loads(said), heard_us=heard_us)
        for warning_id, version, state, said, heard_us in rows
    ]


def answers_of(rows: Sequence[tuple[Any, ...]]) -> list[AnswerStatement]:
    """Answers from rows of ANSWERS_SQL, also as read by another process."""
    return [
        AnswerStatement(
            number=number,
            at_us=at_us,
            warning_id=warning_id,
            version=version,
            act=act,
            words=words,
            by=by,
            told_us=told_us,
            rule=rule,
        )
        for number, at_us, warning_id, version, act, words, by, told_us, rule in rows
    ]


def state_after(one: KeptWarning, said: Sequence[AnswerStatement]) -> AnswerState:
    """How far people here have answered the version that is kept, with what waits for the running node."""
    state = AnswerState.TOLD
    for answer in said:
        if (answer.warning_id, answer.version) == (one.warning_id, one.version) and not answer.rule:
            try:
                state = answer_after(state, AnswerAct(answer.act))
            except NoSuchStep:
                continue
    return state


def _answer(item: AnswerStatement, draft: Draft) -> Draft | Refused:
    return draft.plus(
        warning_id=item.warning_id, version=item.version, serial=item.number, act=item.act, words=item.words
    )


def _words(item: AnswerStatement) -> Mapping[str, Any]:
    return {
        "number": item.number,
        "warning_id": item.warning_id,
        "version": item.version,
        "act": item.act,
        "by": item.by,
    }
