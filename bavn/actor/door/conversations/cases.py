"""An actor's part of the sector's cases: heard through the gate "asked", answered by people here through gate 1 (S5).

What the centre tells of a case is kept at home for people to read. What a person here says
or attaches leaves as exactly that, once, if the policy lets people do so and it holds nothing of a person's and no own
address. Refuses to answer anything by itself.
"""

import re
from collections.abc import Callable, Mapping
from ipaddress import ip_address, ip_network
from typing import Any, Final

from bavn.actor.door.conversation import (
    Conversation,
    DoorContext,
    Nothing,
    Received,
    Statements,
    let_out,
    naming,
)
from bavn.actor.door.conversations.case_book import (
    ATTACH,
    CASES_MAX,
    KEPT,
    SAID,
    CaseBook,
    CaseReply,
    KeptCase,
    case_of,
)
from bavn.actor.door.conversations.nis2_steps import Nis2Steps
from bavn.actor.door.conversations.sector_advice import SectorAdvice
from bavn.actor.door.conversations.warnings import Warnings
from bavn.actor.door.draft import Draft
from bavn.actor.door.switches import turned_off
from bavn.actor.door.versions import is_old, leap
from bavn.model.observable import is_internal_name
from bavn.model.outcome import Refused
from bavn.model.sector.work import ACTOR_ACTS, TEXT_CHARS_MAX, NoSuchStep, TaskAct, TaskState, is_plain, task_after
from bavn.wire.gate import Rule
from bavn.wire.messages.catalogue import CaseAnswered, CaseEvidence, CasePart

PARTS_PER_DAY_MAX: Final = 2000
_TOKEN = re.compile(r"[0-9A-Za-z:._-]{3,253}")


class Cases(Conversation[CasePart, KeptCase, CaseReply]):
    """With all that stands on cases. ``cleaned``: a text without what is a person's."""

    told = KEPT
    stays = ("first_us",)

    def __init__(self, at: DoorContext, cleaned: Callable[[str], str]) -> None:
        self._cleaned, self._networks = cleaned, [ip_network(home) for home in at.homes]
        self.book = CaseBook(at.ledger.book)
        answers = (
            Rule("answer_cases", self._may_answer),
            Rule("case_known", self._known),
            Rule("task_step", self._step),
            Rule("words_clean", self._clean),
            Rule("answers_budget", self._budget),
            Rule("answer", _answer),
        )
        super().__init__(at, SAID, CaseAnswered, answers, _about, f"act <> '{ATTACH}'")
        evidence = (
            Rule("attach_evidence", self._may_attach),
            Rule("case_known", self._known),
            Rule("words_clean", self._clean),
            Rule("evidence_budget", self._evidence_budget),
            Rule("attached", _attached),
        )
        self.evidence = Statements(at, SAID, CaseEvidence, evidence, _about, f"act = '{ATTACH}'")
        self.hears(Rule("part_new", self._part_new), Rule("case_form", self._form), Rule("part_room", self._part_room))
        self.advice = SectorAdvice(at)
        self.nis2 = Nis2Steps(at, self.get, self._unclean)
        self.warnings = Warnings(at, self._unclean)

    # --- what the centre says ---------------------------------------------------------------------------------

    def kept(self, message: CasePart, now_us: int) -> KeptCase:
        return case_of(message, now_us)

    def _part_new(self, item: Received[CasePart], draft: Nothing) -> Nothing | Refused:
        known, version = self.get(item.message.case_id), item.message.version
        if known is not None and is_old(known.version, known.received_us, version, self.at.clock.now_us()):
            return Refused("part_new", "this actor has heard as much of the case, or more")
        return leap("part_new", known.version if known else 0, version) or draft

    def _form(self, item: Received[CasePart], draft: Nothing) -> Nothing | Refused:
        texts = [task.text for task in item.message.tasks] + [words.text for words in item.message.words]
        if misnamed := self.at.misnamed("case_form", item.message.own):
            return misnamed
        if not all(map(is_plain, texts)):
            return Refused("case_form", "a text holds what no screen should be given")
        return draft

    def _part_room(self, item: Received[CasePart], draft: Nothing) -> Nothing | Refused:
        if self.get(item.message.case_id) is None and self.told.count(self.own_book) >= CASES_MAX:
            return Refused("part_room", "{most} cases are remembered here, and that is the bound", most=CASES_MAX)
        if self.received_today() >= PARTS_PER_DAY_MAX:
            return Refused("part_room", "more cases in a day than anybody reads")
        return draft

    # --- answering ---------------------------------------------------------------------------------------------

    def tell(self) -> int:
        """Lets out what people here have said; how many were dealt with."""
        return let_out(self.at, self, self.evidence) + self.nis2.tell() + self.warnings.tell()

    def try_on(self, reply: CaseReply) -> Draft | Refused:
        """As ever, with what is attached."""
        return (self.evidence.gate if reply.act == ATTACH else self.gate).try_on(reply)

    def _may_answer(self, _: CaseReply, draft: Draft) -> Draft | Refused:
        return turned_off(self.at.policy, "CaseAnswered") or draft

    def _may_attach(self, _: CaseReply, draft: Draft) -> Draft | Refused:
        return turned_off(self.at.policy, "CaseEvidence") or draft

    def _known(self, item: CaseReply, draft: Draft) -> Draft | Refused:
        known = self.get(item.case_id)
        if known is None:
            return Refused("case_known", "the centre has told this node of no such case")
        if known.state == "merged":
            return Refused("case_known", "the case was merged: {case} goes on", case=known.part.get("merged_into"))
        return draft

    def _step(self, item: CaseReply, draft: Draft) -> Draft | Refused:
        """The task is this actor's, and its life-cycle has the step from where it stands after what was said."""
        if item.task_id is None:
            plain = item.act == "words" and item.words.strip() != ""
            return draft if plain else Refused("task_step", "an act is on a task, and words alone are not empty")
        state = self.task_state(item.case_id, item.task_id)
        if state is None:
            return Refused("task_step", "this actor has no such task in this case")
        try:
            known = TaskAct(item.act) in ACTOR_ACTS
            task_after(state, TaskAct(item.act))
        except (NoSuchStep, ValueError):
            known = False
        if not known:
            return Refused("task_step", "a task that is {state} has no such step", state=state.value)
        return draft

    def task_state(self, case_id: str, task_id: str) -> TaskState | None:
        """Where a task stands after what was said here and not yet heard back; None for one that is not there."""
        known = self.get(case_id)
        tasks = {} if known is None else {task["task_id"]: task["state"] for task in known.part["tasks"]}
        if known is None or task_id not in tasks:
            return None
        state = TaskState(tasks[task_id])
        where = "case_id = ? AND task_id = ? AND told_us > ? AND rule = ''"
        for said in self.said.find(self.own_book, where, (case_id, task_id, known.received_us)):
            try:
                state = task_after(state, TaskAct(said.act))
            except NoSuchStep:
                continue
        return state

    def _clean(self, item: CaseReply, draft: Draft) -> Draft | Refused:
        return self._unclean(item.words) or draft

    def _unclean(self, words: str) -> Refused | None:
        """Words of a person's own hand: nothing of a person's, no own address, no name that is known inside only."""
        if len(words) > TEXT_CHARS_MAX:
            return Refused("words_clean", "more than {most} characters", most=TEXT_CHARS_MAX)
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

    def _budget(self, _: CaseReply, draft: Draft) -> Draft | Refused:
        full = self.sent_today() >= self.at.policy.case_answers_per_day_max
        return Refused("answers_budget", "the day's budget of answers to cases is spent") if full else draft

    def _evidence_budget(self, _: CaseReply, draft: Draft) -> Draft | Refused:
        full = self.evidence.sent_today() >= self.at.policy.evidence_per_day_max
        return Refused("evidence_budget", "the day's budget of evidence is spent") if full else draft

    def forget(self) -> None:
        super().forget()
        self.advice.forget()
        self.nis2.forget()
        self.warnings.forget()


def _answer(item: CaseReply, draft: Draft) -> Draft | Refused:
    return draft.plus(case_id=item.case_id, serial=item.number, task_id=item.task_id, act=item.act, words=item.words)


def _attached(item: CaseReply, draft: Draft) -> Draft | Refused:
    if not item.content:
        return Refused("attached", "nothing is attached")
    return draft.plus(case_id=item.case_id, serial=item.number, words=item.words, content=item.content)


def _about(item: CaseReply) -> Mapping[str, Any]:
    return {**naming("number", "case_id", "act", "sha256", "by")(item), "task_id": item.task_id or ""}
