"""What an analyst at the centre asks this actor, and what leaves in answer: the door's third way out. Whether
something was met is answered by steps (S2), how many hosts a block of it would hit with noise (S3).

A question is heard through the gate "asked" and lies in the node's own book, with who asked it and why, for the people
here to read (`bavn node questions`). Each of its observables is an item of its own at the gate "door": one answer, or
one decline that does not say why. Refuses to look into history: it is handed what was found there.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from bavn.actor.door.conversation import DoorContext, Nothing, Received, named_in, naming
from bavn.actor.door.draft import STAYS, Draft
from bavn.actor.door.state import State
from bavn.actor.door.switches import answer_mode, unanswered
from bavn.model.evidence import bucket_of
from bavn.model.intel.indicator import COUNT_EDGES
from bavn.model.intel.radius import CELL_MAX, KEPT_DAYS, PARTS, SENSITIVITY
from bavn.model.moment import DAY_US, HOUR_US, hour_of
from bavn.model.observable import Observable, ObservableType, is_external
from bavn.model.outcome import Refused
from bavn.model.ports import Noise, NoiseDown
from bavn.model.sector.question import DAYS_BACK_MAX, DAYS_OPEN_MAX, Asks
from bavn.model.text import Text
from bavn.wire.gate import Rule
from bavn.wire.ledger import Note
from bavn.wire.messages.catalogue import (
    QuestionAnswered,
    QuestionAsked,
    QuestionCounted,
    QuestionDeclined,
    RadiusAsked,
)
from bavn.wire.shut import WAITS

QUESTIONS_KEPT_DAYS: Final = 90
KEPT_PER_DAY_MAX: Final = 2000
"""A centre that asks without end gets a line in the ledger for each question, and nothing more."""
ANSWERED_AT_ONCE_MAX: Final = 100
_KIND: Final[dict[Asks, str]] = {"met": QuestionAnswered.__name__, "hit": QuestionCounted.__name__}
AHEAD_US_MAX: Final = HOUR_US
_SCHEMA = (
    """CREATE TABLE door_question (
        question_id TEXT NOT NULL, number INTEGER NOT NULL, observable TEXT NOT NULL, since_us INTEGER NOT NULL,
        until_us INTEGER NOT NULL, asked_us INTEGER NOT NULL, received_us INTEGER NOT NULL, asked_by TEXT NOT NULL,
        approved_by TEXT NOT NULL, why TEXT NOT NULL, state TEXT NOT NULL, rule TEXT NOT NULL, count_bucket INTEGER,
        first_hour INTEGER, last_hour INTEGER, days INTEGER, done_us INTEGER, radius INTEGER NOT NULL,
        decline_waits INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (question_id, number)
    ) STRICT""",
    "CREATE INDEX door_question_state ON door_question (state, received_us)",
    "CREATE INDEX door_question_observable ON door_question (observable, done_us)",
    "CREATE INDEX door_question_declines ON door_question (question_id, number) WHERE decline_waits",
)
_DECLINE_WAITS: Final = "UPDATE door_question SET decline_waits = ? WHERE question_id = ? AND number = ?"
_RADIUS: Final = (
    """CREATE TABLE door_radius (
        observable TEXT PRIMARY KEY, epsilon_milli INTEGER NOT NULL, in_all INTEGER NOT NULL, functions TEXT NOT NULL,
        drawn_us INTEGER NOT NULL
    ) STRICT""",
)
"""Each answer to what a block would hit, noise and all, to be given again."""
QUESTIONS_SQL: Final = """
    SELECT question_id, number, observable, since_us, until_us, asked_us, received_us, asked_by, approved_by, why,
      state, rule, count_bucket, first_hour, last_hour, days, done_us, radius AS hit
    FROM door_question ORDER BY received_us DESC, question_id, number
"""
"""Every question that is remembered, the latest first; for people, also as read by another process."""


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
    asks: Asks = "met"


@dataclass(frozen=True, slots=True)
class Finding:
    """What own history of ``days`` holds: exact, at home. No days: there is no history to ask. Of a block's radius
    ``count`` is of own hosts, ``functions`` of those of each critical function."""

    due: Due
    days: int
    count: int = 0
    first_us: int | None = None
    last_us: int | None = None
    functions: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class NoisyRadius:
    """An answer on what a block would hit, as it leaves."""

    epsilon_milli: int
    in_all: int
    functions: tuple[int, ...]


class Questions:
    """One actor's, on its own book. ``state``: what a person here wished of each observable; ``noise``: what is added
    to a count."""

    def __init__(self, at: DoorContext, state: State, noise: Noise) -> None:
        self.at, self._book, self._state, self._left_out = at, at.ledger.book, state, at.policy.left_out
        self._noise = noise
        self._book.part("door_question", 1, _SCHEMA)
        self._book.part("door_radius", 1, _RADIUS)
        self._way_in = at.way_in(
            (
                Rule("question_new", self._new),
                Rule("question_form", self._form),
                Rule("question_time", self._time),
                Rule("question_budget", self._budget),
            )
        )
        may = (
            Rule("external", self._external),
            Rule("not_left_out", self._not_left_out),
            Rule("not_vetoed", self._not_vetoed),
            Rule("answer_mode", self._answer_mode),
        )
        history = Rule("history", self._history)
        answers = (*may, Rule("not_again", self._not_again), history, Rule("answer", _answer))
        self._answers = at.way_out(QuestionAnswered, answers, _about)
        self._counts = at.way_out(QuestionCounted, (*may, history, Rule("noised", self._noised)), _about)
        where = Rule[Place, Draft]("build", lambda at, draft: draft.plus(question_id=at.question_id, number=at.number))
        self._declines = at.way_out(QuestionDeclined, (where,), naming("question_id", "number"))

    # --- hearing -----------------------------------------------------------------------------------------------

    def take_in(self, message: QuestionAsked, note: Note) -> None:
        """Through the gate and into the book; what is refused is declined at once, unless it was heard before. What the
        gate holds back is neither: it is heard again when a person opens."""
        item = Received(message, note)
        outcome = self._way_in.offer(item)
        if not isinstance(outcome, Refused):
            self._keep(message, "open", "")
        elif outcome.rule in WAITS:
            return
        elif outcome.rule != "question_new" and self._kept_since(self.at.clock.now_us() - DAY_US) < KEPT_PER_DAY_MAX:
            self._keep(message, "declined", outcome.rule)
            for number in range(len(message.observables)):
                self._decline(Place(message.question_id, number))

    def _kept_since(self, since_us: int) -> int:
        return int(self._book.rows("SELECT count(*) FROM door_question WHERE received_us > ?", (since_us,))[0][0])

    def _keep(self, message: QuestionAsked, state: str, rule: str) -> None:
        now_us = self.at.clock.now_us()
        since_us = message.since_hour // 24 * DAY_US  # whole days: no one finds out an hour by asking often
        with self._book.transaction() as tx:
            tx.executemany(
                """INSERT INTO door_question
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL, NULL, NULL, NULL, ?, ?, 0)""",
                [
                    (
                        message.question_id,
                        number,
                        f"{observable.type}:{observable.value}",
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
                        isinstance(message, RadiusAsked),
                    )
                    for number, observable in enumerate(message.observables)
                ],
            )

    def _new(self, item: Received[QuestionAsked], draft: Nothing) -> Nothing | Refused:
        known = self._book.rows(
            "SELECT 1 FROM door_question WHERE question_id = ? LIMIT 1", (item.message.question_id,)
        )
        return Refused("question_new", "this question was heard before") if known else draft

    def _form(self, item: Received[QuestionAsked], draft: Nothing) -> Nothing | Refused:
        named = named_in(item.message.observables)
        if not named or len(set(named)) != len(named):
            return Refused("question_form", "it names nothing, something twice, or something in no canonical form")
        if any(one.type is ObservableType.CHAIN for one in named):
            return Refused("question_form", "a chain of techniques stands in no record")
        if not all(is_external(one, self.at.homes) for one in named):
            return Refused("question_form", "it asks about something inside")
        if isinstance(item.message, RadiusAsked) and len(named) != 1:
            return Refused("question_form", "what a block would hit is asked of one thing at a time")
        return draft

    def _time(self, item: Received[QuestionAsked], draft: Nothing) -> Nothing | Refused:
        now_us, message = self.at.clock.now_us(), item.message
        if not now_us < message.until_us <= now_us + DAYS_OPEN_MAX * DAY_US + AHEAD_US_MAX:
            return Refused("question_time", "its end has passed or is too far away")
        if message.asked_us > now_us + AHEAD_US_MAX or message.since_hour * HOUR_US > now_us + AHEAD_US_MAX:
            return Refused("question_time", "it was asked, or looks, ahead of this clock")
        if message.since_hour * HOUR_US < now_us - (DAYS_BACK_MAX + DAYS_OPEN_MAX) * DAY_US:
            return Refused("question_time", "it looks too far back")
        return draft

    def _budget(self, item: Received[QuestionAsked], draft: Nothing) -> Nothing | Refused:
        """A name's radius costs once, and nothing while the answer that was given is repeated."""
        since_us, message = self.at.clock.now_us() - DAY_US, item.message
        radius = isinstance(message, RadiusAsked)
        rows = self._book.rows(
            """SELECT observable FROM door_question WHERE radius = ? AND received_us > ?
            AND rule NOT IN ('question_form', 'question_time', 'question_budget')""",
            (radius, since_us),
        )
        spent = [str(observable) for (observable,) in rows]
        new = [f"{one.type}:{one.value}" for one in message.observables]
        if radius:
            new = [name for name in new if name not in spent and self._given(name) is None]
            spent = list(set(spent))
        most = self.at.policy.radius_per_day_max if radius else self.at.policy.questions_per_day_max
        if new and (len(spent) + len(new) > most or self._state.restored_us() > since_us):
            return Refused("question_budget", "the day's budget of questions is spent")
        return draft

    # --- answering ---------------------------------------------------------------------------------------------

    def due(self) -> list[Due]:
        """What may be looked for now: all that is open and waits for nobody here. What a person has vetoed, or the
        policy never answers, is due too: its decline needs no history, but is given with the rest."""
        shut = self._answers.shut_kinds(self.at.centre)  # history is not searched for what cannot leave
        now_us = self.at.clock.now_us()
        rows = self._book.rows(
            """SELECT question_id, number, observable, since_us, radius FROM door_question
            WHERE state = 'open' AND until_us > ? ORDER BY received_us, question_id, number LIMIT ?""",
            (now_us, 10 * ANSWERED_AT_ONCE_MAX),
        )
        open_now = [
            Due(question_id, number, _parsed(text), since_us, "hit" if radius else "met")
            for question_id, number, text, since_us, radius in rows
        ]
        return [each for each in open_now if _KIND[each.asks] not in shut and not self._waits(each)][
            :ANSWERED_AT_ONCE_MAX
        ]

    def answer(self, finding: Finding) -> None:
        """One answer or one decline, and the question's row, in one transaction. Nothing while there is no room."""
        due = finding.due
        with self._book.transaction() as tx:
            outcome = (self._counts if due.asks == "hit" else self._answers).offer(finding)
            if isinstance(outcome, Refused) and outcome.rule in STAYS | {"noised"}:
                return
            if isinstance(outcome, Refused):
                self._decline(due)
                values: tuple[Any, ...] = ("declined", outcome.rule, None, None, None, None)
            elif due.asks == "hit":
                self._keep_given(due.observable, outcome.fields)
                values = ("counted", "", None, None, None, finding.days)
            else:
                fields = outcome.fields
                names = ("count_bucket", "first_hour", "last_hour", "days")
                values = (fields["state"], "", *(fields[name] for name in names))
            tx.execute(
                """UPDATE door_question SET state = ?, rule = ?, count_bucket = ?, first_hour = ?, last_hour = ?,
                  days = ?, done_us = ? WHERE question_id = ? AND number = ?""",
                (*values, self.at.clock.now_us(), due.question_id, due.number),
            )

    def _decline(self, at: Place) -> None:
        """Now, or when there is room and the gate is open; joins the open transaction."""
        outcome = self._declines.offer(Place(at.question_id, at.number))
        if isinstance(outcome, Refused) and outcome.rule in STAYS:
            with self._book.transaction() as tx:
                tx.execute(_DECLINE_WAITS, (True, at.question_id, at.number))

    def tell_declines(self) -> int:
        """Lets out declines that waited, each in the transaction of its line; how many left."""
        count = 0
        rows = self._book.rows(
            "SELECT question_id, number FROM door_question WHERE decline_waits ORDER BY question_id, number LIMIT ?",
            (ANSWERED_AT_ONCE_MAX,),
        )
        for question_id, number in rows:
            with self._book.transaction() as tx:
                outcome = self._declines.offer(Place(question_id, number))
                if isinstance(outcome, Refused) and outcome.rule in STAYS:
                    break
                tx.execute(_DECLINE_WAITS, (False, question_id, number))
            count += 1
        return count

    def tidy(self) -> None:
        """Ends what was not decided in time, and forgets what is long over; a decline that waited is of no use then."""
        now_us = self.at.clock.now_us()
        with self._book.transaction() as tx:
            tx.execute(
                "UPDATE door_question SET state = 'unanswered', done_us = ? WHERE state = 'open' AND until_us <= ?",
                (now_us, now_us),
            )
            tx.execute("DELETE FROM door_question WHERE received_us < ?", (now_us - QUESTIONS_KEPT_DAYS * DAY_US,))
            tx.execute("DELETE FROM door_radius WHERE drawn_us < ?", (now_us - KEPT_DAYS * DAY_US,))
            tx.execute("UPDATE door_question SET decline_waits = 0 WHERE decline_waits AND until_us <= ?", (now_us,))

    def _waits(self, due: Due) -> bool:
        asks = answer_mode(self.at.policy, due.observable.type, due.asks) == "ask"
        return asks and self._state.wish(due.observable) not in ("allow", "veto")

    def _external(self, item: Finding, draft: Draft) -> Draft | Refused:
        external = is_external(item.due.observable, self.at.homes)
        return draft if external else Refused("external", "it names something inside")

    def _not_left_out(self, item: Finding, draft: Draft) -> Draft | Refused:
        left_out = item.due.observable in self._left_out
        return Refused("not_left_out", "the policy leaves it out") if left_out else draft

    def _not_vetoed(self, item: Finding, draft: Draft) -> Draft | Refused:
        vetoed = self._state.wish(item.due.observable) == "veto"
        return Refused("not_vetoed", "a person here has vetoed it") if vetoed else draft

    def _answer_mode(self, item: Finding, draft: Draft) -> Draft | Refused:
        observable = item.due.observable
        return unanswered(self.at.policy, observable.type, self._state.wish(observable), item.due.asks) or draft

    def _not_again(self, item: Finding, draft: Draft) -> Draft | Refused:
        """The same asked over another span tells more than one answer may."""
        again = self._book.rows(
            "SELECT 1 FROM door_question WHERE observable = ? AND state IN ('met', 'not_met') AND done_us > ? LIMIT 1",
            (str(item.due.observable), self.at.clock.now_us() - DAY_US),
        )
        return Refused("not_again", "the same was answered within a day") if again else draft

    def _history(self, item: Finding, draft: Draft) -> Draft | Refused:
        return draft if item.days else Refused("history", "there is no history here to ask")

    def _noised(self, item: Finding, draft: Draft) -> Draft | Refused:
        """A count without noise never leaves; the answer that was given on a name is given again, as it was."""
        radius = self._given(str(item.due.observable))
        if radius is None:
            epsilon_milli = round(self.at.policy.radius_epsilon * 1000)
            try:
                (in_all,), functions = (
                    self._noise([min(CELL_MAX, count) for count in counts], SENSITIVITY, epsilon_milli / 1000 / PARTS)
                    for counts in ((item.count,), item.functions)
                )
            except NoiseDown as error:
                return Refused.of("noised", Text.of_error(error))
            radius = NoisyRadius(epsilon_milli, in_all, tuple(functions))
        return draft.plus(question_id=item.due.question_id, number=item.due.number, **asdict(radius))

    def _given(self, observable: str) -> NoisyRadius | None:
        rows = self._book.rows(
            "SELECT epsilon_milli, in_all, functions FROM door_radius WHERE observable = ? AND drawn_us >= ?",
            (observable, self.at.clock.now_us() - KEPT_DAYS * DAY_US),
        )
        return None if not rows else NoisyRadius(rows[0][0], rows[0][1], tuple(json.loads(rows[0][2])))

    def _keep_given(self, observable: Observable, fields: Mapping[str, Any]) -> None:
        """The first answer on a name, for as long as it is repeated."""
        if self._given(str(observable)) is None:
            row = (fields["epsilon_milli"], fields["in_all"], json.dumps(fields["functions"]), self.at.clock.now_us())
            with self._book.transaction() as tx:
                tx.execute("INSERT OR REPLACE INTO door_radius VALUES (?, ?, ?, ?, ?)", (str(observable), *row))


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


def _parsed(text: str) -> Observable:
    kind, _, value = text.partition(":")
    return Observable.trusted(ObservableType(kind), value)


def _about(item: Finding) -> Mapping[str, Any]:
    due = item.due
    return {"question_id": due.question_id, "number": due.number, "observable": str(due.observable)}
