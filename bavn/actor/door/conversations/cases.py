"""An actor's part of the sector's cases: heard through the gate "asked", answered by people here through gate 1 (S5).

What the centre tells of a case, or holds of an observable, is kept at home for people to read. What a person here says
or attaches leaves as exactly that, once, if the policy lets people do so and it holds nothing of a person's and no own
address. Refuses to answer anything by itself.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import Any, Final

from bavn.actor.door.conversation import DoorContext
from bavn.actor.door.conversations.case_book import ATTACH, CASES_MAX, CaseBook, CaseReply
from bavn.actor.door.conversations.exercises import Exercises
from bavn.actor.door.conversations.nis2_steps import Nis2Steps
from bavn.actor.door.conversations.warnings import Warnings
from bavn.actor.door.draft import STAYS, Draft, labelled, message_rule, put
from bavn.actor.door.policy import DoorPolicy
from bavn.actor.door.sector_verdicts import SectorVerdicts
from bavn.model.moment import DAY_US, HOUR_US
from bavn.model.observable import NotCanonical, Observable, ObservableType, is_external, is_internal_name
from bavn.model.outcome import Refused
from bavn.model.ports import Clock
from bavn.model.sector.work import ACTOR_ACTS, TEXT_CHARS_MAX, NoSuchStep, TaskAct, TaskState, is_plain, task_after
from bavn.wire.gate import Gate, Rule
from bavn.wire.ledger import Ledger, Note
from bavn.wire.messages.catalogue import (
    AskedObservable,
    CaseAnswered,
    CaseEvidence,
    CasePart,
    VerdictGiven,
    WarningGiven,
)
from bavn.wire.messages.exercise import ExerciseTold
from bavn.wire.outbox import Outbox
from bavn.wire.shut import WAITS

PARTS_PER_DAY_MAX: Final = 2000
VERDICT_DAYS_MAX: Final = 400
_TOKEN = re.compile(r"[0-9A-Za-z:._-]{3,253}")

Nothing = tuple[()]


@dataclass(frozen=True, slots=True)
class ReceivedCase:
    """Something of a case at the gate; ``observables`` None if one of them is in no canonical form."""

    message: CasePart | VerdictGiven
    note: Note
    observables: tuple[Observable, ...] | None


@dataclass(frozen=True, slots=True)
class Answering:
    """What a person here says, on its way out; ``content`` is what is attached."""

    said: CaseReply
    content: bytes | None


ForPeople = CasePart | VerdictGiven | WarningGiven | ExerciseTold
"""What the centre says for people here to read and answer."""


class Cases:
    """One actor's. ``homes``: its own networks. ``cleaned``: a text without what is a person's."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        outbox: Outbox,
        clock: Clock,
        policy: DoorPolicy,
        homes: tuple[str, ...],
        centre: str,
        cleaned: Callable[[str], str],
    ) -> None:
        self._clock, self._policy, self._homes, self._cleaned = clock, policy, homes, cleaned
        self._networks = [ip_network(home) for home in homes]
        self._ledger = ledger
        self.book, self.verdicts = CaseBook(ledger.book), SectorVerdicts(ledger.book)
        self._parts = self._asked(self._part_row(), ledger)
        self._judged = self._asked(self._verdict_row(), ledger)
        self._answers = self._answering(CaseAnswered, self._answer_row(), outbox, centre)
        at = DoorContext(ledger=ledger, outbox=outbox, clock=clock, policy=policy, homes=homes, centre=centre)
        self.nis2 = Nis2Steps(at, self.book.get, self._unclean)
        self.warnings = Warnings(at, self._unclean)
        self.exercises = Exercises(at)
        self._evidence = self._answering(CaseEvidence, self._evidence_row(), outbox, centre)

    def _asked(self, row: tuple[Rule[ReceivedCase, Nothing], ...], ledger: Ledger) -> Gate[ReceivedCase, Nothing]:
        return Gate[ReceivedCase, Nothing](
            "asked",
            row,
            ledger,
            self._clock,
            way="in",
            nothing=lambda: (),
            label=lambda item: item.note,
            follow=lambda item, _: item.note,
        )

    def _answering(
        self,
        kind: type[CaseAnswered | CaseEvidence],
        row: tuple[Rule[Answering, Draft], ...],
        outbox: Outbox,
        centre: str,
    ) -> Gate[Answering, Draft]:
        return Gate[Answering, Draft](
            "door",
            (*row, message_rule(kind, outbox, centre)),
            self._ledger,
            self._clock,
            way="out",
            nothing=Draft,
            label=lambda item: labelled(kind.__name__, centre, _words(item)),
            follow=put(outbox, centre, lambda _: None),
        )

    # --- hearing -----------------------------------------------------------------------------------------------

    def take_in(self, message: ForPeople, note: Note) -> Refused | None:
        """Through the gate and into the book."""
        if isinstance(message, WarningGiven):
            return self.warnings.take_in(message, note)
        if isinstance(message, ExerciseTold):
            return self.exercises.take_in(message, note)
        if isinstance(message, CasePart):
            item = ReceivedCase(message, note, _observables(message.own))
            outcome = self._parts.offer(item)
            if not isinstance(outcome, Refused):
                self.book.keep(message, self._clock.now_us())
        else:
            item = ReceivedCase(message, note, _observables(message.observables))
            outcome = self._judged.offer(item)
            if not isinstance(outcome, Refused):
                self.verdicts.keep(message, item.observables or (), self._clock.now_us())
        return outcome if isinstance(outcome, Refused) else None

    def _part_row(self) -> tuple[Rule[ReceivedCase, Nothing], ...]:
        return (Rule("part_new", self._part_new), Rule("case_form", self._form), Rule("part_room", self._part_room))

    def _verdict_row(self) -> tuple[Rule[ReceivedCase, Nothing], ...]:
        return (
            Rule("hear_verdicts", self._hears),
            Rule("verdict_new", self._verdict_new),
            Rule("case_form", self._form),
            Rule("verdict_time", self._verdict_time),
            Rule("verdict_budget", self._verdict_budget),
        )

    def _part_new(self, item: ReceivedCase, draft: Nothing) -> Nothing | Refused:
        known = self.book.get(item.message.case_id)
        old = known is not None and known.version >= item.message.version
        return Refused("part_new", "this actor has heard as much of the case, or more") if old else draft

    def _form(self, item: ReceivedCase, draft: Nothing) -> Nothing | Refused:
        named = item.observables
        if named is None or len(set(named)) != len(named):
            return Refused("case_form", "it names something twice, or in no canonical form")
        if not all(is_external(one, self._homes) for one in named):
            return Refused("case_form", "it names something inside")
        if isinstance(item.message, CasePart):
            texts = [task.text for task in item.message.tasks] + [words.text for words in item.message.words]
            if not all(map(is_plain, texts)):
                return Refused("case_form", "a text holds what no screen should be given")
        return draft

    def _part_room(self, item: ReceivedCase, draft: Nothing) -> Nothing | Refused:
        if self.book.get(item.message.case_id) is None and self.book.count() >= CASES_MAX:
            return Refused("part_room", f"{CASES_MAX} cases are remembered here, and that is the bound")
        if self.book.received_since(self._clock.now_us() - DAY_US) >= PARTS_PER_DAY_MAX:
            return Refused("part_room", "more cases in a day than anybody reads")
        return draft

    def _hears(self, _: ReceivedCase, draft: Nothing) -> Nothing | Refused:
        if self._policy.hear_verdicts:
            return draft
        return Refused("hear_verdicts", "the policy takes no verdicts of the sector's")

    def _verdict_new(self, item: ReceivedCase, draft: Nothing) -> Nothing | Refused:
        old = self.verdicts.version(item.message.case_id) >= item.message.version
        return Refused("verdict_new", "a newer verdict of this case was heard before") if old else draft

    def _verdict_time(self, item: ReceivedCase, draft: Nothing) -> Nothing | Refused:
        message, now_us = item.message, self._clock.now_us()
        if not isinstance(message, VerdictGiven) or message.judged == "withdrawn":
            return draft
        if not now_us < message.until_us <= now_us + VERDICT_DAYS_MAX * DAY_US + HOUR_US:
            return Refused("verdict_time", "its end has passed or is too far away")
        return draft

    def _verdict_budget(self, item: ReceivedCase, draft: Nothing) -> Nothing | Refused:
        spent = self.verdicts.received_since(self._clock.now_us() - DAY_US)
        if spent + len(item.observables or ()) > self._policy.verdicts_per_day_max:
            return Refused("verdict_budget", "the day's budget of the sector's verdicts is spent")
        return draft

    # --- answering ---------------------------------------------------------------------------------------------

    def tell(self) -> int:
        """Lets out what people here have said, each in the transaction of its line; how many were dealt with."""
        dealt = 0
        for said, content in self.book.waiting():
            with self._ledger.book.transaction():
                gate = self._evidence if said.act == ATTACH else self._answers
                outcome = gate.offer(Answering(said, content))
                rule = outcome.rule if isinstance(outcome, Refused) else ""
                if rule in WAITS:
                    continue
                if rule in STAYS:
                    break
                self.book.dealt_with(said.number, rule, self._clock.now_us())
            dealt += 1
        return dealt + self.nis2.tell() + self.warnings.tell()

    def try_on(self, said: CaseReply, content: bytes | None) -> Draft | Refused:
        """What ``tell`` would let out of it now: for previews."""
        gate = self._evidence if said.act == ATTACH else self._answers
        return gate.try_on(Answering(said, content))

    def _answer_row(self) -> tuple[Rule[Answering, Draft], ...]:
        return (
            Rule("answer_cases", self._may_answer),
            Rule("case_known", self._known),
            Rule("task_step", self._step),
            Rule("words_clean", self._clean),
            Rule("answers_budget", self._budget),
            Rule("answer", _answer),
        )

    def _evidence_row(self) -> tuple[Rule[Answering, Draft], ...]:
        return (
            Rule("attach_evidence", self._may_attach),
            Rule("case_known", self._known),
            Rule("words_clean", self._clean),
            Rule("evidence_budget", self._evidence_budget),
            Rule("attached", _attached),
        )

    def _may_answer(self, _: Answering, draft: Draft) -> Draft | Refused:
        return draft if self._policy.answer_cases else Refused("answer_cases", "the policy answers no cases")

    def _may_attach(self, _: Answering, draft: Draft) -> Draft | Refused:
        return draft if self._policy.attach_evidence else Refused("attach_evidence", "the policy attaches no evidence")

    def _known(self, item: Answering, draft: Draft) -> Draft | Refused:
        known = self.book.get(item.said.case_id)
        if known is None:
            return Refused("case_known", "the centre has told this node of no such case")
        if known.state == "merged":
            return Refused("case_known", f"the case was merged: {known.part.get('merged_into')} goes on")
        return draft

    def _step(self, item: Answering, draft: Draft) -> Draft | Refused:
        """The task is this actor's, and its life-cycle has the step from where it stands after what was said."""
        said = item.said
        if said.task_id is None:
            plain = said.act == "words" and said.words.strip() != ""
            return draft if plain else Refused("task_step", "an act is on a task, and words alone are not empty")
        state = self.task_state(said.case_id, said.task_id)
        if state is None:
            return Refused("task_step", "this actor has no such task in this case")
        try:
            known = TaskAct(said.act) in ACTOR_ACTS
            task_after(state, TaskAct(said.act))
        except (NoSuchStep, ValueError):
            known = False
        if not known:
            return Refused("task_step", f"a task that is {state.value} has no such step")
        return draft

    def task_state(self, case_id: str, task_id: str) -> TaskState | None:
        """Where a task stands after what was said here and not yet heard back; None for one that is not there."""
        known = self.book.get(case_id)
        tasks = {} if known is None else {task["task_id"]: task["state"] for task in known.part["tasks"]}
        if known is None or task_id not in tasks:
            return None
        state = TaskState(tasks[task_id])
        for at_us, act in self.book.last_acts(case_id, task_id):
            if at_us > known.heard_us:
                try:
                    state = task_after(state, TaskAct(act))
                except NoSuchStep:
                    continue
        return state

    def _clean(self, item: Answering, draft: Draft) -> Draft | Refused:
        return self._unclean(item.said.words) or draft

    def _unclean(self, words: str) -> Refused | None:
        """Words of a person's own hand: nothing of a person's, no own address, no name that is known inside only."""
        if len(words) > TEXT_CHARS_MAX:
            return Refused("words_clean", f"more than {TEXT_CHARS_MAX} characters")
        if not is_plain(words):
            return Refused("words_clean", "control or invisible characters")
        if self._cleaned(words) != words:
            return Refused("words_clean", "the words hold a CPR number, an e-mail address or a user's name")
        tokens = [token.rstrip(".:-_") for token in _TOKEN.findall(words)]
        if any(self._inside(part) for token in tokens for part in (token, *token.split(":"))):
            return Refused("words_clean", "the words name an own address, or a name that is known inside only")
        return None

    def _inside(self, token: str) -> bool:
        try:
            address = ip_address(token)
        except ValueError:
            return "." in token and is_internal_name(token.lower())
        return not address.is_global or any(
            address.version == network.version and address in network for network in self._networks
        )

    def _budget(self, _: Answering, draft: Draft) -> Draft | Refused:
        spent = self.book.settled_since(self._clock.now_us() - DAY_US, attached=False)
        full = spent >= self._policy.case_answers_per_day_max
        return Refused("answers_budget", "the day's budget of answers to cases is spent") if full else draft

    def _evidence_budget(self, _: Answering, draft: Draft) -> Draft | Refused:
        spent = self.book.settled_since(self._clock.now_us() - DAY_US, attached=True)
        full = spent >= self._policy.evidence_per_day_max
        return Refused("evidence_budget", "the day's budget of evidence is spent") if full else draft

    def tidy(self) -> None:
        """Forgets what is long over."""
        self.book.forget(self._clock.now_us())
        self.verdicts.forget(self._clock.now_us())
        self.nis2.forget()
        self.warnings.forget()
        self.exercises.forget()


def _answer(item: Answering, draft: Draft) -> Draft | Refused:
    said = item.said
    return draft.plus(case_id=said.case_id, serial=said.number, task_id=said.task_id, act=said.act, words=said.words)


def _attached(item: Answering, draft: Draft) -> Draft | Refused:
    if not item.content:
        return Refused("attached", "nothing is attached")
    return draft.plus(case_id=item.said.case_id, serial=item.said.number, words=item.said.words, content=item.content)


def _observables(named: tuple[AskedObservable, ...]) -> tuple[Observable, ...] | None:
    try:
        return tuple(Observable(ObservableType(one.type), one.value) for one in named)
    except NotCanonical:
        return None


def _words(item: Answering) -> Mapping[str, Any]:
    said = item.said
    return {
        "number": said.number,
        "case_id": said.case_id,
        "task_id": said.task_id or "",
        "act": said.act,
        "sha256": said.sha256,
        "by": said.by,
    }
