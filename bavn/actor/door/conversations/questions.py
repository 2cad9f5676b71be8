"""What an analyst at the centre asks this actor, and what leaves in answer (S2): the door's third way out.

A question is heard through the gate "asked" and lies in the node's own book, with who asked it and why, for the people
here to read (`bavn node questions`). Each of its observables is an item of its own at the gate "door": one answer, or
one decline that does not say why. Refuses to look into history: it is handed what was found there.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from bavn.actor.door.draft import STAYS, Draft, labelled, message_rule, put
from bavn.actor.door.policy import DoorPolicy
from bavn.actor.door.state import State
from bavn.model.evidence import bucket_of
from bavn.model.intel.indicator import COUNT_EDGES
from bavn.model.moment import DAY_US, HOUR_US, hour_of
from bavn.model.observable import NotCanonical, Observable, ObservableType, is_external
from bavn.model.outcome import Refused
from bavn.model.ports import Clock
from bavn.model.sector.question import DAYS_BACK_MAX, DAYS_OPEN_MAX
from bavn.wire.gate import Gate, Rule
from bavn.wire.ledger import Ledger, Note
from bavn.wire.messages.catalogue import QuestionAnswered, QuestionAsked, QuestionDeclined
from bavn.wire.outbox import Outbox
from bavn.wire.shut import WAITS

QUESTIONS_KEPT_DAYS: Final = 90
KEPT_PER_DAY_MAX: Final = 2000
"""A centre that asks without end gets a line in the ledger for each question, and nothing more."""
ANSWERED_AT_ONCE_MAX: Final = 100
AHEAD_US_MAX: Final = HOUR_US
_SCHEMA = (
    """CREATE TABLE door_question (
        question_id TEXT NOT NULL, number INTEGER NOT NULL, observable TEXT NOT NULL, since_us INTEGER NOT NULL,
        until_us INTEGER NOT NULL, asked_us INTEGER NOT NULL, heard_us INTEGER NOT NULL, asked_by TEXT NOT NULL,
        approved_by TEXT NOT NULL, why TEXT NOT NULL, state TEXT NOT NULL, rule TEXT NOT NULL, count_bucket INTEGER,
        first_hour INTEGER, last_hour INTEGER, days INTEGER, done_us INTEGER, PRIMARY KEY (question_id, number)
    ) STRICT""",
    "CREATE INDEX door_question_state ON door_question (state, heard_us)",
    "CREATE INDEX door_question_observable ON door_question (observable, done_us)",
)
_DECLINES: Final = (
    """CREATE TABLE door_decline_waits (
        question_id TEXT NOT NULL, number INTEGER NOT NULL, PRIMARY KEY (question_id, number)
    ) STRICT""",
)
QUESTIONS_SQL: Final = """
    SELECT question_id, number, observable, since_us, until_us, asked_us, heard_us, asked_by, approved_by, why, state,
      rule, count_bucket, first_hour, last_hour, days, done_us
    FROM door_question ORDER BY heard_us DESC, question_id, number
"""
"""Every question that is remembered, the latest first; for people, also as read by another process."""


@dataclass(frozen=True, slots=True)
class ReceivedQuestion:
    """A question at the gate; ``observables`` None if one of them is in no canonical form."""

    message: QuestionAsked
    item_id: str
    bytes: int
    summary: str
    observables: tuple[Observable, ...] | None


@dataclass(frozen=True, slots=True)
class Place:
    """Which observable of which question."""

    question_id: str
    number: int


@dataclass(frozen=True, slots=True)
class Due(Place):
    """One observable of a question that may be looked for now, since this moment."""

    observable: Observable
    since_us: int


@dataclass(frozen=True, slots=True)
class Finding:
    """What own history of ``days`` holds: exact, at home. No days: there is no history to ask."""

    due: Due
    days: int
    count: int = 0
    first_us: int | None = None
    last_us: int | None = None


Nothing = tuple[()]


class Questions:
    """One actor's. ``homes``: its own networks."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        outbox: Outbox,
        clock: Clock,
        policy: DoorPolicy,
        state: State,
        homes: tuple[str, ...],
        centre: str,
    ) -> None:
        self._book, self._clock, self._policy, self._state, self._homes = ledger.book, clock, policy, state, homes
        self._left_out, self._centre = policy.left_out, centre
        self._book.part("door_question", 1, _SCHEMA)
        self._book.part("door_decline_waits", 1, _DECLINES)
        self._asked = Gate[ReceivedQuestion, Nothing](
            "asked",
            self._request_row(),
            ledger,
            clock,
            way="in",
            nothing=lambda: (),
            label=lambda item: _note(item, centre),
            follow=lambda item, _: _note(item, centre),
        )
        self._answers = Gate[Finding, Draft](
            "door",
            (*self._answer_row(), message_rule(QuestionAnswered, outbox, centre)),
            ledger,
            clock,
            way="out",
            nothing=Draft,
            label=lambda item: labelled("QuestionAnswered", centre, _words(item.due)),
            follow=put(outbox, centre, lambda _: None),
        )
        where = Rule[Place, Draft]("build", lambda at, draft: draft.plus(question_id=at.question_id, number=at.number))
        self._declines = Gate[Place, Draft](
            "door",
            (where, message_rule(QuestionDeclined, outbox, centre)),
            ledger,
            clock,
            way="out",
            nothing=Draft,
            label=lambda at: labelled("QuestionDeclined", centre, _where(at)),
            follow=put(outbox, centre, lambda _: None),
        )

    # --- hearing -----------------------------------------------------------------------------------------------

    def take_in(self, message: QuestionAsked, item_id: str, size: int, summary: str) -> None:
        """Through the gate and into the book; what is refused is declined at once, unless it was heard before. What the
        gate holds back is neither: it is heard again when a person opens."""
        item = ReceivedQuestion(message, item_id, size, summary, _observables(message))
        outcome = self._asked.offer(item)
        if not isinstance(outcome, Refused):
            self._keep(item, "open", "")
        elif outcome.rule in WAITS:
            return
        elif outcome.rule != "question_new" and self._kept_since(self._clock.now_us() - DAY_US) < KEPT_PER_DAY_MAX:
            self._keep(item, "declined", outcome.rule)
            for number in range(len(message.observables)):
                self._decline(Place(message.question_id, number))

    def _kept_since(self, since_us: int) -> int:
        return int(self._book.rows("SELECT count(*) FROM door_question WHERE heard_us > ?", (since_us,))[0][0])

    def _keep(self, item: ReceivedQuestion, state: str, rule: str) -> None:
        message, now_us = item.message, self._clock.now_us()
        since_us = message.since_hour // 24 * DAY_US  # whole days: no one finds out an hour by asking often
        with self._book.transaction() as tx:
            tx.executemany(
                "INSERT INTO door_question VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL, NULL, NULL, NULL, ?)",
                [
                    (
                        message.question_id,
                        number,
                        f"{one.type}:{one.value}",
                        since_us,
                        message.until_us,
                        message.asked_us,
                        now_us,
                        message.asked_by,
                        message.approved_by,
                        message.why,
                        state,
                        rule,
                        None if state == "open" else now_us,
                    )
                    for number, one in enumerate(message.observables)
                ],
            )

    def _request_row(self) -> tuple[Rule[ReceivedQuestion, Nothing], ...]:
        return (
            Rule("question_new", self._new),
            Rule("question_form", self._form),
            Rule("question_time", self._time),
            Rule("question_budget", self._budget),
        )

    def _new(self, item: ReceivedQuestion, draft: Nothing) -> Nothing | Refused:
        known = self._book.rows(
            "SELECT 1 FROM door_question WHERE question_id = ? LIMIT 1", (item.message.question_id,)
        )
        return Refused("question_new", "this question was heard before") if known else draft

    def _form(self, item: ReceivedQuestion, draft: Nothing) -> Nothing | Refused:
        if item.observables is None or not item.observables or len(set(item.observables)) != len(item.observables):
            return Refused("question_form", "it names nothing, something twice, or something in no canonical form")
        if any(one.type is ObservableType.CHAIN for one in item.observables):
            return Refused("question_form", "a chain of techniques stands in no record")
        if not all(is_external(one, self._homes) for one in item.observables):
            return Refused("question_form", "it asks about something inside")
        return draft

    def _time(self, item: ReceivedQuestion, draft: Nothing) -> Nothing | Refused:
        now_us, message = self._clock.now_us(), item.message
        if not now_us < message.until_us <= now_us + DAYS_OPEN_MAX * DAY_US + AHEAD_US_MAX:
            return Refused("question_time", "its end has passed or is too far away")
        if message.asked_us > now_us + AHEAD_US_MAX or message.since_hour * HOUR_US > now_us + AHEAD_US_MAX:
            return Refused("question_time", "it was asked, or looks, ahead of this clock")
        if message.since_hour * HOUR_US < now_us - (DAYS_BACK_MAX + DAYS_OPEN_MAX) * DAY_US:
            return Refused("question_time", "it looks too far back")
        return draft

    def _budget(self, item: ReceivedQuestion, draft: Nothing) -> Nothing | Refused:
        since_us = self._clock.now_us() - DAY_US
        ((spent,),) = self._book.rows(
            """SELECT count(*) FROM door_question
            WHERE heard_us > ? AND rule NOT IN ('question_form', 'question_time', 'question_budget')""",
            (since_us,),
        )
        if spent + len(item.message.observables) > self._policy.questions_per_day_max:
            return Refused("question_budget", "the day's budget of questions is spent")
        return draft

    # --- answering ---------------------------------------------------------------------------------------------

    def due(self) -> list[Due]:
        """What may be looked for now: all that is open and waits for nobody here. What a person has vetoed, or the
        policy never answers, is due too: its decline needs no history, but is given with the rest."""
        if QuestionAnswered.__name__ in self._answers.shut_kinds(self._centre):
            return []  # history is not searched for what cannot leave
        now_us = self._clock.now_us()
        rows = self._book.rows(
            """SELECT question_id, number, observable, since_us FROM door_question
            WHERE state = 'open' AND until_us > ? ORDER BY heard_us, question_id, number LIMIT ?""",
            (now_us, 10 * ANSWERED_AT_ONCE_MAX),
        )
        made = [Due(question_id, number, _parsed(text), since_us) for question_id, number, text, since_us in rows]
        return [one for one in made if not self._waits(one.observable)][:ANSWERED_AT_ONCE_MAX]

    def answer(self, finding: Finding) -> None:
        """One answer or one decline, and the question's row, in one transaction. Nothing while there is no room."""
        due = finding.due
        with self._book.transaction() as tx:
            outcome = self._answers.offer(finding)
            if isinstance(outcome, Refused) and outcome.rule in STAYS:
                return
            if isinstance(outcome, Refused):
                self._decline(due)
                values: tuple[Any, ...] = ("declined", outcome.rule, None, None, None, None)
            else:
                fields = outcome.fields
                names = ("count_bucket", "first_hour", "last_hour", "days")
                values = (fields["state"], "", *(fields[name] for name in names))
            tx.execute(
                """UPDATE door_question SET state = ?, rule = ?, count_bucket = ?, first_hour = ?, last_hour = ?,
                  days = ?, done_us = ? WHERE question_id = ? AND number = ?""",
                (*values, self._clock.now_us(), due.question_id, due.number),
            )

    def _decline(self, at: Place) -> None:
        """Now, or when there is room and the gate is open; joins the open transaction."""
        outcome = self._declines.offer(Place(at.question_id, at.number))
        if isinstance(outcome, Refused) and outcome.rule in STAYS:
            with self._book.transaction() as tx:
                tx.execute("INSERT OR IGNORE INTO door_decline_waits VALUES (?, ?)", (at.question_id, at.number))

    def tell_declines(self) -> int:
        """Lets out declines that waited, each in the transaction of its line; how many left."""
        told = 0
        rows = self._book.rows(
            "SELECT question_id, number FROM door_decline_waits ORDER BY question_id, number LIMIT ?",
            (ANSWERED_AT_ONCE_MAX,),
        )
        for question_id, number in rows:
            with self._book.transaction() as tx:
                outcome = self._declines.offer(Place(question_id, number))
                if isinstance(outcome, Refused) and outcome.rule in STAYS:
                    break
                where = "question_id = ? AND number = ?"
                tx.execute(f"DELETE FROM door_decline_waits WHERE {where}", (question_id, number))
            told += 1
        return told

    def tidy(self) -> None:
        """Ends what was not decided in time, and forgets what is long over; a decline that waited is of no use then."""
        now_us = self._clock.now_us()
        with self._book.transaction() as tx:
            tx.execute(
                "UPDATE door_question SET state = 'unanswered', done_us = ? WHERE state = 'open' AND until_us <= ?",
                (now_us, now_us),
            )
            tx.execute("DELETE FROM door_question WHERE heard_us < ?", (now_us - QUESTIONS_KEPT_DAYS * DAY_US,))
            tx.execute(
                """DELETE FROM door_decline_waits
                WHERE question_id NOT IN (SELECT question_id FROM door_question WHERE until_us > ?)""",
                (now_us,),
            )

    def _mode(self, observable: Observable) -> str:
        """The stricter of what the policy says to questions and to revealing this class."""
        modes = {self._policy.answer_questions, self._policy.reveal_mode(observable.type)}
        return "never" if "never" in modes else "ask" if "ask" in modes else "automatic"

    def _waits(self, observable: Observable) -> bool:
        return self._mode(observable) == "ask" and self._state.wish(observable) not in ("allow", "veto")

    def _answer_row(self) -> tuple[Rule[Finding, Draft], ...]:
        return (
            Rule("external", self._external),
            Rule("not_left_out", self._not_left_out),
            Rule("not_vetoed", self._not_vetoed),
            Rule("answer_mode", self._answer_mode),
            Rule("not_again", self._not_again),
            Rule("history", self._history),
            Rule("answer", _answer),
        )

    def _external(self, item: Finding, draft: Draft) -> Draft | Refused:
        external = is_external(item.due.observable, self._homes)
        return draft if external else Refused("external", "it names something inside")

    def _not_left_out(self, item: Finding, draft: Draft) -> Draft | Refused:
        left_out = item.due.observable in self._left_out
        return Refused("not_left_out", "the policy leaves it out") if left_out else draft

    def _not_vetoed(self, item: Finding, draft: Draft) -> Draft | Refused:
        vetoed = self._state.wish(item.due.observable) == "veto"
        return Refused("not_vetoed", "a person here has vetoed it") if vetoed else draft

    def _answer_mode(self, item: Finding, draft: Draft) -> Draft | Refused:
        if self._mode(item.due.observable) == "never":
            return Refused("answer_mode", "the policy never answers questions of this class")
        if self._waits(item.due.observable):
            return Refused("answer_mode", "waits for a person here to allow it")
        return draft

    def _not_again(self, item: Finding, draft: Draft) -> Draft | Refused:
        """The same asked over another span tells more than one answer may."""
        again = self._book.rows(
            "SELECT 1 FROM door_question WHERE observable = ? AND state IN ('met', 'not_met') AND done_us > ? LIMIT 1",
            (str(item.due.observable), self._clock.now_us() - DAY_US),
        )
        return Refused("not_again", "the same was answered within a day") if again else draft

    def _history(self, item: Finding, draft: Draft) -> Draft | Refused:
        return draft if item.days else Refused("history", "there is no history here to ask")


def _answer(item: Finding, draft: Draft) -> Draft | Refused:
    met = item.count > 0 and item.first_us is not None and item.last_us is not None
    return draft.plus(
        question_id=item.due.question_id,
        number=item.due.number,
        state="met" if met else "not_met",
        days=min(item.days, DAYS_BACK_MAX + DAYS_OPEN_MAX),
        count_bucket=bucket_of(item.count, COUNT_EDGES) if met else 0,
        first_hour=hour_of(item.first_us) if met and item.first_us is not None else None,
        last_hour=hour_of(item.last_us) if met and item.last_us is not None else None,
    )


def _observables(message: QuestionAsked) -> tuple[Observable, ...] | None:
    try:
        return tuple(Observable(ObservableType(one.type), one.value) for one in message.observables)
    except (NotCanonical, ValueError):
        return None


def _parsed(text: str) -> Observable:
    kind, _, value = text.partition(":")
    return Observable.trusted(ObservableType(kind), value)


def _where(at: Place) -> Mapping[str, object]:
    return {"question_id": at.question_id, "number": at.number}


def _words(due: Due) -> Mapping[str, object]:
    return {**_where(due), "observable": str(due.observable)}


def _note(item: ReceivedQuestion, centre: str) -> Note:
    return Note(
        kind="QuestionAsked", item_id=item.item_id, peer=centre, privacy="C", bytes=item.bytes, summary=item.summary
    )
