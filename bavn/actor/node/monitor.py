"""One step of the node: put together from the rooms, no thinking of its own.

``look`` takes in what the sources have and concludes; ``talk`` hears the centre, protects, and sends. They share the
store and the suspicions only, so that a service may run them side by side and a long look never delays a block.
Simulation and hospital run this same code. Refuses to know what travels: the door does.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import batched
from threading import Event

from bavn.actor.detect.run import Survey
from bavn.actor.door.conversations.exercises import ExerciseSandbox
from bavn.actor.door.conversations.questions import Due, Finding, Questions
from bavn.actor.door.door import Door
from bavn.actor.door.draft import SHUT
from bavn.actor.door.rounds.labels import number_of
from bavn.actor.door.tell_rules import Condition
from bavn.actor.protect.own_history import Found
from bavn.actor.protect.protect import Protect
from bavn.actor.sense.account import Account, Figures
from bavn.actor.sense.base import Source, SourceBroken
from bavn.actor.sense.canary import NAME as CANARY
from bavn.actor.sense.turn import SourceTurn
from bavn.model.contained import contained
from bavn.model.failure import Failures, NoContainment
from bavn.model.intel.indicator import BlockOutcome, Sighting
from bavn.model.moment import DAY_US, MINUTE_US, SECOND_US
from bavn.model.observable import Observable
from bavn.model.outcome import Refused
from bavn.model.ports import Clock, Link, LinkDown, LinkRefused, QueryRefused, Store, Window
from bavn.model.record import RECORD_TYPES

MESSAGES_MAX = 500
TOGETHER_MAX = 50
TELL_WAITING_MAX = 50_000
"""While so many messages wait for the centre, outcomes and sightings are not added to them."""
PASSED_OVER_MAX = 10
PASSED_OVER_S = 20
"""So many posts that the centre takes nothing of are passed over for so long."""
ANSWER_AGAIN_US = 15 * SECOND_US
"""So long a store that refused to be asked is left alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeSettings:
    """``detect_s``: seconds between two runs of the detectors; ``window_days``: what they look back on."""

    version: str
    detect_s: int = 60
    window_days: int = 28
    health_s: int = 60
    batches_per_look_max: int = 64


@dataclass(slots=True)
class Lookout:
    """The half of the node that takes in and concludes. ``detect``: a window to suspicions; ``keep``: where they are
    kept; ``horizon_us``: the newest moment seen in the data, where detection looks back from. ``unfinished``: whether
    the detectors have put something off that they would do over the same rows."""

    clock: Clock
    store: Store
    sources: Sequence[Source]
    detect: Callable[[Window], Survey]
    keep: Callable[[Survey, int], object]
    horizon_us: Callable[[], int]
    settings: NodeSettings
    unfinished: Callable[[], bool] = lambda: False
    rows: int = 0
    refused: int = 0
    failures: Failures = field(default_factory=NoContainment)
    accounts: tuple[Account, ...] = field(init=False)
    turns: tuple[SourceTurn, ...] = field(init=False)
    detecting_us: int | None = None
    detected_us: int | None = None
    detect_took_us: int = 0
    _due_us: int = 0
    _fresh: bool = False
    _stopping: Event = field(default_factory=Event)
    _window: Window | None = None

    def __post_init__(self) -> None:
        self.accounts = tuple(Account(source, self.clock.now_us()) for source in self.sources)
        self.turns = tuple(SourceTurn(account, self.store, self.clock, self.failures) for account in self.accounts)

    def figures(self) -> tuple[Figures, ...]:
        """Of each source, at this moment. From any thread."""
        return tuple(account.figures() for account in self.accounts)

    def records_of_late(self, now_us: int) -> tuple[str, ...]:
        """Record types of which a source gave one within a day, in the order of their list."""
        seeing = (account for account in self.accounts if account.source.name != CANARY)
        heard = {kind for account in seeing for kind in account.kinds_since(now_us - DAY_US)}
        return tuple(kind for kind in RECORD_TYPES if kind in heard)

    def look(self) -> bool:
        """Takes in what the sources have, up to a bound, and runs the detectors when they are due and there is
        something new. True if anything was taken in: ask again at once. One source that is broken keeps none of the
        others waiting, and nothing that the store cannot keep now is lost: at the end whatever the store raised, else
        SourceBroken for the first of them."""
        batches, broken, full = 0, None, None
        for turn in self.turns:
            try:
                batches += self._read(turn)
            except SourceBroken as error:
                turn.account.broken = str(error)
                broken = broken or error
            except Exception as error:  # noqa: BLE001  the store keeps nothing now: what was read is held
                full = full or error
        self._fresh |= batches > 0
        if full is not None:
            raise full
        now_us = self.clock.now_us()
        if self._fresh and now_us >= self._due_us:
            self.conclude()
        if broken is not None:
            raise broken
        return batches > 0

    def _read(self, turn: SourceTurn, stopping: Callable[[], bool] | None = None) -> int:
        """What one source has, up to a bound; how many batches that was. ``stopping``: when to break off."""
        rows, refused, account = turn.account.rows, turn.account.refused, turn.account
        try:
            return turn.read(self.settings.batches_per_look_max, stopping or self._stopping.is_set)
        finally:
            self.rows += account.rows - rows
            self.refused += account.refused - refused

    def stop(self) -> None:
        """Concludes nothing any more: a run of the detectors that is under way breaks off. From any thread."""
        self._stopping.set()
        interrupt = getattr(self._window, "interrupt", None)
        if interrupt is not None:
            interrupt()

    def finish(self, until_us: int) -> bool:
        """Reads on, without concluding, until there is nothing more or it is this late; False if there was more. A
        source that is broken is left as it is."""
        full: Exception | None = None

        def late() -> bool:
            return self.clock.now_us() >= until_us

        for turn in self.turns:
            more = True
            while more:
                if late():
                    return False
                try:
                    more = self._read(turn, late) > 0
                except SourceBroken as error:
                    turn.account.broken, more = str(error), False
                except Exception as error:  # noqa: BLE001  as in a look: the others have their turn
                    full, more = full or error, False
        if full is not None:
            raise full
        return True

    def conclude(self) -> None:
        """Runs the detectors over the window that ends at the newest record. One that fails has its turn. As long as a
        run took, the next one waits: so detectors over a large window never take more than half of the time, and what
        comes in is read."""
        began_us = self.detecting_us = self.clock.now_us()
        self._due_us = began_us + self.settings.detect_s * SECOND_US
        try:
            self._detect()
            self.detected_us = self.clock.now_us()
            self.detect_took_us = self.detected_us - began_us
            self._due_us = max(self._due_us, self.detected_us + self.detect_took_us)
        finally:
            self.detecting_us = None

    def _detect(self) -> None:
        end_us = self.horizon_us()
        window = self._window = self.store.window(end_us - self.settings.window_days * DAY_US, end_us + 1)
        if self._stopping.is_set():
            return
        try:
            found = self.detect(window)
            self._window = None
            if self._stopping.is_set():
                return
            self.keep(found, end_us)
        except QueryRefused:
            raise
        except Exception as error:  # noqa: BLE001  what is known stays known, and the next run may do better
            self.failures.note("detector run", error)
            return
        finally:
            self._window = None
        self.failures.works("detector run")
        self._due_us = self.clock.now_us() + self.settings.detect_s * SECOND_US
        self._fresh = self.unfinished()


@dataclass(slots=True)
class Answers:
    """Questions of the centre answered from own history when they are due. ``found``: observables, days back and now to
    what own history holds of each; raises QueryRefused."""

    clock: Clock
    questions: Questions
    found: Callable[[Sequence[Observable], int, int], dict[Observable, Found]]
    _next_us: int = field(default=0, init=False)

    def step(self) -> int:
        """Answers all that is due; how many that were, with declines that waited."""
        now_us, told = self.clock.now_us(), self.questions.tell_declines()
        due = self.questions.due() if now_us >= self._next_us else []
        spans: dict[int, list[Due]] = {}
        for one in due:
            spans.setdefault(one.since_us, []).append(one)
        for since_us, some in sorted(spans.items()):
            days = max(1, -(-(now_us - since_us) // DAY_US))
            try:
                met = self.found(sorted({one.observable for one in some}), days, now_us)
            except QueryRefused:
                self._next_us = now_us + ANSWER_AGAIN_US
                return told
            for one in some:
                known = met[one.observable]
                self.questions.answer(Finding(one, known.days, known.hits, known.first_us, known.last_us))
        return told + len(due)


@dataclass(slots=True)
class Talker:
    """The half of the node that hears, protects and sends. ``condition``: how the node is, for its health.
    ``in_sector``: False at a node that no centre waits to hear from. ``tell_counts``: tells the counts of a day that is
    over, if they are due. ``lane``: where exercises are played. ``try_canary``: takes the daily canary a link further.
    ``waits_for``: why a round waits, if one does. ``passing``: what ends the node and is not contained in a step."""

    clock: Clock
    link: Link
    door: Door
    protect: Protect
    condition: Callable[[], Condition]
    settings: NodeSettings
    in_sector: bool = True
    tell_counts: Callable[[], object] = lambda: None
    lane: ExerciseSandbox | None = None
    try_canary: Callable[[], object] = lambda: None
    failures: Failures = field(default_factory=NoContainment)
    passing: tuple[type[Exception], ...] = ()
    waits_for: str | None = field(default=None, init=False)
    _answers: Answers = field(init=False)
    _health_us: int = 0
    _passed_over: int = 0
    _passed_until_us: int = 0
    _tidy_us: int = 0

    def __post_init__(self) -> None:
        self._answers = Answers(self.clock, self.door.questions, self.protect.found)

    def start(self) -> None:
        """Once: the enforcers are brought to the wanted set."""
        contained(self.failures, "step start", self.protect.start, during="start", passing=self.passing)

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
        self._step("blocks", self.protect.enforce_due)
        self._step("joining a round", self._join)
        self._step("withdrawals", self.door.tell_withdrawals)
        self._step("cases", self.door.cases.tell)
        self._step("exercises", lambda: self.door.cases.exercises.step(self.lane))
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
                if not all(self._tell(told.number, told.said) for told in some):
                    break
        return bool(waiting)

    def _tell(self, number: int, said: BlockOutcome | Sighting) -> bool:
        """Through the door and out of protect's hands in one transaction. False when there is no room: this and
        all that follow are told later, in their order."""
        with self.door.ledger.book.transaction():
            outcome = self.door.tell_sighting(said) if isinstance(said, Sighting) else self.door.tell_outcome(said)
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
