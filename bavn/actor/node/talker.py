"""The half of the node that hears the centre, protects, and sends. Refuses to know what travels: the door does."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import batched

from bavn.actor.door.conversations.questions import Due, Finding, Questions
from bavn.actor.door.door import Door
from bavn.actor.door.draft import SHUT
from bavn.actor.door.rounds.labels import number_of
from bavn.actor.door.tell_rules import Condition
from bavn.actor.node.settings import NodeSettings
from bavn.actor.protect.own_history import Found, Reached
from bavn.actor.protect.protect import Protect
from bavn.model.contained import contained
from bavn.model.failure import Failures, NoContainment
from bavn.model.intel.indicator import BlockOutcome, Sighting
from bavn.model.moment import DAY_US, MINUTE_US, SECOND_US
from bavn.model.observable import Observable
from bavn.model.outcome import Refused
from bavn.model.ports import Clock, Link, LinkDown, LinkRefused, QueryRefused

MESSAGES_MAX = 500
TOGETHER_MAX = 50
TELL_WAITING_MAX = 50_000
"""While so many messages wait for the centre, outcomes and sightings are not added to them."""
PASSED_OVER_MAX = 10
PASSED_OVER_S = 20
"""So many posts that the centre takes nothing of are passed over for so long."""
ANSWER_AGAIN_US = 15 * SECOND_US
"""So long a store that refused to be asked is left alone."""


@dataclass(slots=True)
class Answers:
    """Questions of the centre answered from own history when they are due. ``found``: observables, days back and now to
    what own history holds of each; ``reached``: whom a block of one would hit. Both raise QueryRefused."""

    clock: Clock
    questions: Questions
    found: Callable[[Sequence[Observable], int, int], dict[Observable, Found]]
    reached: Callable[[Observable], Reached]
    _next_us: int = field(default=0, init=False)

    def step(self) -> int:
        """Answers all that is due; how many that were, with declines that waited."""
        now_us, count = self.clock.now_us(), self.questions.tell_declines()
        due = self.questions.due() if now_us >= self._next_us else []
        try:
            for question in due:
                if question.asks == "hit":
                    hit = self.reached(question.observable)
                    self.questions.answer(Finding(question, hit.days, hit.hosts, functions=hit.functions))
            self._say_what_was_met([question for question in due if question.asks == "met"], now_us)
        except QueryRefused:
            self._next_us = now_us + ANSWER_AGAIN_US
            return count
        return count + len(due)

    def _say_what_was_met(self, due: Sequence[Due], now_us: int) -> None:
        spans: dict[int, list[Due]] = {}
        for question in due:
            spans.setdefault(question.since_us, []).append(question)
        for since_us, some in sorted(spans.items()):
            days = max(1, -(-(now_us - since_us) // DAY_US))
            met = self.found(sorted({question.observable for question in some}), days, now_us)
            for question in some:
                known = met[question.observable]
                self.questions.answer(Finding(question, known.days, known.hits, known.first_us, known.last_us))


@dataclass(slots=True)
class Talker:
    """The half of the node that hears, protects and sends. ``condition``: how the node is, for its health.
    ``in_sector``: False at a node that no centre waits to hear from. ``tell_counts``: tells the counts of a day that is
    over, if they are due. ``try_canary``: takes the daily canary on by a link.
    ``waits_for``: why a round waits, if one does. ``passing``: what ends the node and is not contained in a step."""

    clock: Clock
    link: Link
    door: Door
    protect: Protect
    condition: Callable[[], Condition]
    settings: NodeSettings
    in_sector: bool = True
    tell_counts: Callable[[], object] = lambda: None
    try_canary: Callable[[], object] = lambda: None
    failures: Failures = field(default_factory=NoContainment)
    passing: tuple[type[Exception], ...] = ()
    waits_for: str | None = field(default=None, init=False)
    _answers: Answers = field(init=False)
    _health_us: int = 0
    _passed_over: int = 0
    _passed_until_us: int = 0
    _tidy_us: int = 0
    _to_start: bool = False

    def __post_init__(self) -> None:
        self._answers = Answers(self.clock, self.door.questions, self.protect.found, self.protect.reached)

    def start(self) -> None:
        """Once: the enforcers are brought to the wanted set. Where that fails it is tried again at each turn: what a
        longer never-block list forbids must not stay in force."""
        started = contained(self.failures, "step start", self.protect.start, during="start", passing=self.passing)
        self._to_start = not started

    def talk(self, wait_s: float = 0.0) -> None:
        """Pulls (waiting up to ``wait_s`` for the first message), hears, protects, tells, sends. Raises LinkRefused;
        a link that is down is waited out: everything is kept."""
        self.send()
        self.take_in(wait_s)
        self.serve()
        self.send()

    def take_in(self, wait_s: float = 0.0) -> int:
        """Pulls and hears; returns how many envelopes came. A link that is down gives none."""
        try:
            raws = self.link.pull(self.door.heard, wait_s)
        except LinkDown:
            return 0
        return self.take(raws)

    def take(self, raws: Sequence[bytes]) -> int:
        """Hears envelopes that were pulled: several in one write to the disk, all of them or none."""
        for some in batched(raws, TOGETHER_MAX, strict=False):
            with self.door.ledger.book.transaction():
                for raw in some:
                    self.door.take_in(raw, self.protect.take_in)
        return len(raws)

    def serve(self) -> None:
        """What is due by time. Blocks first, and what became of them is sent before own history is hunted, which may
        take seconds; then sightings, health, tidying. A step that fails costs no other step its turn."""
        if self._to_start:
            self.start()
        self._step("blocks", self.protect.enforce_due)
        self._step("joining a round", self._join)
        self._step("withdrawals", self.door.tell_withdrawals)
        self._step("cases", self.door.cases.tell)
        self._step("outcomes", self._tell_outcomes)
        self._step("answers", self._answer)
        self._step("looking back", self.protect.look_back)
        self._step("outcomes", self._tell_all)
        now_us = self.clock.now_us()
        if self.in_sector:
            if now_us >= self._health_us and self._step("health", lambda: self.door.tell_health(self.condition())):
                self._health_us = now_us + self.settings.health_s * SECOND_US
            self._step("counts", self.tell_counts)
            self._step("canary", self.try_canary)
        if now_us >= self._tidy_us:
            self._tidy_us = now_us + MINUTE_US
            self._step("hearing again", lambda: self.door.take_in_again(self.protect.take_in))
            self._step("tidying", self.door.tidy)

    def _step(self, part: str, step: Callable[[], object]) -> bool:
        return contained(self.failures, f"step {part}", step, passing=(LinkRefused, QueryRefused, *self.passing))

    def _join(self) -> None:
        self.waits_for = self.door.join()

    def _tell_outcomes(self) -> None:
        if self._tell_all():
            self.send()

    def _answer(self) -> None:
        if self._answers.step():
            self.send()

    def _tell_all(self) -> bool:
        """Outcomes and sightings through the door, until there is none or no room; True if there was any. While much
        waits for the centre already they wait here, so that reports have room."""
        if self.door.queue().messages >= TELL_WAITING_MAX:
            return False
        waiting = self.protect.take(without=self.door.shut_for())
        for some in batched(waiting, TOGETHER_MAX, strict=False):
            with self.door.ledger.book.transaction():
                if not all(self._tell(told.number, told.statement) for told in some):
                    break
        return bool(waiting)

    def _tell(self, number: int, statement: BlockOutcome | Sighting) -> bool:
        """Through the door and out of protect's hands in one transaction. False when there is no room: this and
        all that follow are told later, in their order."""
        with self.door.ledger.book.transaction():
            outcome = (
                self.door.tell_sighting(statement)
                if isinstance(statement, Sighting)
                else self.door.tell_outcome(statement)
            )
            if isinstance(outcome, Refused) and outcome.rule == "outbox_full":
                return False
            if not (isinstance(outcome, Refused) and outcome.rule in SHUT):
                self.protect.took(number)
            return True

    def send(self) -> int:
        """Posts what waits; returns how many the centre has taken. A link that is down takes none."""
        sent = 0
        now_us = self.clock.now_us()
        if now_us >= self._passed_until_us:
            self._passed_over = 0
        passed_over = 0
        while passed_over < PASSED_OVER_MAX and (queued := self.door.queued(MESSAGES_MAX, self._passed_over)):
            try:
                taken = self.link.post(queued)
            except LinkDown:
                break
            self.door.acknowledged(taken)
            sent += len(taken)
            if not taken:
                # A gate there is shut for them, or a quota is used up: what is behind them need not wait.
                if not self._passed_over:
                    self._passed_until_us = now_us + PASSED_OVER_S * SECOND_US
                self._passed_over = number_of(queued[-1])
                passed_over += 1
        return sent
