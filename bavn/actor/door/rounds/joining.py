"""The node's part in the private join: rounds that the centre opens are taken part in, and their questions answered.

A share of what is suspicious now goes up, a receipt for each cell that is asked about, and for each revealed cell one
report or one decline that does not say why. Sits behind the door's gates; knows no records: it is handed suspicions.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, get_args

from bavn.actor.door.conversation import DoorContext, Received
from bavn.actor.door.conversations.draw import Drawing
from bavn.actor.door.conversations.witness_book import WitnessBook
from bavn.actor.door.draft import SHUT, Draft
from bavn.actor.door.live import Element, echoes, live_elements, put_aside
from bavn.actor.door.ordinary import established_at
from bavn.actor.door.report_rules import ElementRequest, Offered, Rules
from bavn.actor.door.round_elements import RoundElement, element_of
from bavn.actor.door.rounds import labels
from bavn.actor.door.rounds.commons import Commons
from bavn.actor.door.rounds.held import Held
from bavn.actor.door.rounds.labels import CENTRE
from bavn.actor.door.rounds.replies import Replies
from bavn.actor.door.rounds.reveals import Reveals
from bavn.actor.door.rounds.rules import Question, RoundQuestion, RoundRules, members_text, params_of
from bavn.actor.door.rounds.shares import RoundShare, RoundShares
from bavn.actor.door.state import OpenRound, State
from bavn.actor.door.terms import DoorTerms, NodeKnowledge
from bavn.model.forms import same_names
from bavn.model.moment import SECOND_US
from bavn.model.outcome import Refused
from bavn.model.ports import Dice, LinkDown, LinkRefused
from bavn.model.suspicion import Suspicion
from bavn.psi import receipt
from bavn.psi.commons_terms import TIER as COMMONS
from bavn.psi.element import select
from bavn.psi.round import Cell, RoundParams
from bavn.tlog.entries import content_hash, named
from bavn.wire.gate import Gate, Rule
from bavn.wire.ledger import Note
from bavn.wire.messages import catalogue as messages

QUESTIONS: Final = get_args(Question)
"""Kinds of message that are about a round."""
JOIN_AGAIN_US = 15 * SECOND_US
"""So long a key holder that did not answer is left alone."""
LIST_UNPROVEN = Refused(
    "list_proof", "no proof that the centre's log holds the round's list of members came before its deadline"
)
KEYS_LATE = Refused("keys_late", "the key holder gave no keys before the round's deadline")


@dataclass(frozen=True, slots=True)
class Beside:
    """Conversations and books that a round touches. ``proofs``: what the centre's log was shown to hold."""

    commons: Commons
    drawing: Drawing
    proofs: WitnessBook
    reveals: Reveals


class Rounds:
    """``suspicions``: what is suspicious now, the canary among it; ``shares`` asks the key holders."""

    def __init__(
        self,
        at: DoorContext,
        name: str,
        dice: Dice,
        *,
        state: State,
        suspicions: Callable[[], Iterable[Suspicion]],
        knowledge: NodeKnowledge,
        terms: DoorTerms,
        shares: RoundShares,
        beside: Beside,
    ) -> None:
        ledger, clock, policy = at.ledger, at.clock, at.policy
        self.name, self.ledger, self.policy, self.outbox = name, ledger, policy, at.outbox
        self.state, self.shares, self._clock, self._dice = state, shares, clock, dice
        self._suspicions, self._verdicts, self._holds = suspicions, knowledge.verdicts, knowledge.holds
        self._join_from_us, self._waits, self.held = 0, "", Held(terms.hold)
        self._lists_proven = terms.lists_proven
        self._established = established_at(ledger.book, clock, joins=policy.join_commons)
        self.commons, self.drawing = beside.commons, beside.drawing
        self._proofs, self.reveals = beside.proofs, beside.reveals
        rules = Rules(policy, state, clock, at.homes)
        self._rounds = at.way_in(RoundRules(policy, state, clock, name).row())
        self._elements = Gate[Offered, Draft](
            "door",
            rules.element_row(),
            ledger,
            clock,
            way="out",
            nothing=Draft,
            label=labels.offered_note,
            follow=lambda item, _: labels.offered_note(item),
        )
        self._late = Gate[OpenRound, Draft](
            "door",
            (Rule("list_proof", self._list_proof), Rule("keys_late", lambda _, __: KEYS_LATE)),
            ledger,
            clock,
            way="out",
            nothing=Draft,
            label=lambda opened: labels.late_note(opened.params.round_id.hex()),
            follow=lambda opened, _: labels.late_note(opened.params.round_id.hex()),
        )
        self._reports = at.way_out(messages.Report, rules.report_row(), labels.request_words)
        self.replies = Replies(at)

    def take_in(self, message: Question, note: Note) -> None:
        """One question about a round: a round to take part in, cells to give receipts for or to reveal, an end."""
        put: RoundQuestion = Received(message, note)
        if isinstance(self._rounds.offer(put), Refused):
            return
        if isinstance(message, messages.RoundOpened):
            self._want(message)
        elif isinstance(message, messages.ReceiptsAsked):
            self._give_receipts(message)
        elif isinstance(message, messages.RevealAsked):
            self._reveal(message)
        else:
            self.state.close_round(message.round_id)
            self.held.drop(message.round_id)
            self.commons.closed(message.round_id)

    def _want(self, message: messages.RoundOpened) -> None:
        """Notes a round to take part in; its keys are fetched when the message is heard for good."""
        self.state.keep_members(message.registry_version, members_text(message), self._clock.now_us())
        own_x = next(member.x for member in message.members if member.actor == self.name)
        xs = frozenset(member.x for member in message.members)
        opened = OpenRound(params_of(message), message.deadline_us, own_x, xs, 0)
        self.state.want_round(opened, self._clock.now_us())
        self.held.heard(message.round_id, self._clock.now_us())
        if message.tier == COMMONS:
            self.commons.opened(opened)

    def join(self) -> str | None:
        """Takes part in every round that was opened: fetches its keys, prepares the share from what is suspicious now
        and puts it in the outbox. Why a round still waits (the key holder cannot be reached, its members' list is not
        proven), or None; a round whose deadline passes meanwhile is one refusal. Harmless when repeated."""
        wanted = self.state.wanted()
        self.shares.keep({opened.params.round_id.hex() for opened in wanted})
        for opened in wanted:
            now_us, proven = self._clock.now_us(), self._list_is_proven(opened.params.registry_version)
            if opened.params.tier == COMMONS and proven:
                self._join_commons(opened)
            elif now_us >= opened.deadline_us:
                self._too_late(opened)
            elif not proven:
                self._waits = "a round waits for the proof that the centre's log holds its list of members"
            elif self.replies.are_held_back(messages.ShareUpload):
                self._waits = "a round waits for a person to open the gate for uploads"
            elif now_us >= self._join_from_us:
                try:
                    self._take_part(opened)
                except (LinkDown, LinkRefused) as error:
                    # From now on, not from when it was asked: one that stands still has cost the link's whole wait.
                    self._join_from_us = self._clock.now_us() + JOIN_AGAIN_US
                    self._waits = f"a round waits for its keys: {error}"
        tiers = {opened.params.tier == COMMONS for opened in self.state.wanted()}
        return (self._waits if False in tiers else None) or (self.commons.why if True in tiers else None) or None

    def _list_is_proven(self, version: int) -> bool:
        """Whether the centre's log holds the list of members of this version, where that is wanted."""
        witnesses, members = self._lists_proven, self.state.members(version)
        if witnesses is None or members is None:
            return True
        listed = [[name, int(x)] for name, _, x in (each.rpartition("=") for each in members.split())]
        return self._proofs.proven(named("members", {"registry": version}, content_hash(listed)), witnesses)

    def _list_proof(self, opened: OpenRound, draft: Draft) -> Draft | Refused:
        return draft if self._list_is_proven(opened.params.registry_version) else LIST_UNPROVEN

    def _join_commons(self, opened: OpenRound) -> None:
        """No transaction is open while the share is made, if it is made here."""
        item = self.commons.ready(opened)
        if item is None:
            return
        with self.ledger.book.transaction():
            if self.commons.let_out(item):
                self.held.put(opened.params, opened.deadline_us, self.outbox.last_seq(CENTRE))
            elif not self.state.is_wanted(opened.params.round_id.hex()):
                self.held.drop(opened.params.round_id.hex())

    def _too_late(self, opened: OpenRound) -> None:
        """A round whose keys, or the proof of its members' list, did not come in time: an item at the door that never
        got a draft."""
        with self.ledger.book.transaction():
            self.state.drop_wanted(opened.params.round_id.hex())
            self.held.drop(opened.params.round_id.hex())
            self._late.offer(opened)

    def _take_part(self, opened: OpenRound) -> None:
        """Raises LinkDown, LinkRefused. No transaction is open while the key holder is asked, if it is asked here."""
        params = opened.params
        members = self.state.members(params.registry_version)
        if members is None:  # so many newer registry versions came meanwhile that this one was forgotten
            self._too_late(opened)
            return
        share = self.shares.of(opened, members, lambda: self._elements_of(params))
        if share is not None:
            self._waits = ""
            self._send_up(opened, share)

    def _send_up(self, opened: OpenRound, share: RoundShare) -> None:
        params = opened.params
        upload = {
            "round_id": params.round_id.hex(),
            "registry_version": params.registry_version,
            "key_check": share.key_check,
            "draw": self.drawing.commitment(params),
            "planes": share.planes.to_bytes(),
        }
        with self.ledger.book.transaction():
            sent = self.replies.say(messages.ShareUpload, upload, opened.deadline_us)
            if isinstance(sent, Refused) and sent.rule in SHUT:
                return  # the round waits, until a person opens the gate or its deadline passes
            self.state.keep_round(opened, self._clock.now_us(), share.prepared, self._dice)
            if not isinstance(sent, Refused):
                self.drawing.sent(params, share.key_check, share.planes.tables())
                self.held.put(params, opened.deadline_us, self.outbox.last_seq(CENTRE))

    def _elements_of(self, params: RoundParams) -> list[RoundElement]:
        with self.ledger.book.transaction():
            return self._set_of(params, self._clock.now_us())

    def _set_of(self, params: RoundParams, now_us: int) -> list[RoundElement]:
        """The elements of the round's tier that pass the gate, at most m, strongest first. A line is written when an
        element's outcome is new, so that each change shows once."""
        tier, alike = params.tier, same_names(params.forms)
        passed: dict[str, RoundElement] = {}
        for element, strong_enough in self._live(tier, now_us):
            item = Offered(element, tier, strong_enough, alike)
            outcome = self._elements.try_on(item)
            rule = outcome.rule if isinstance(outcome, Refused) else "passed"
            key = str(element.observable)
            if self.state.outcome(key, tier) != rule:
                outcome = self._elements.offer(item)
                rule = outcome.rule if isinstance(outcome, Refused) else "passed"
                self.state.set_outcome(key, tier, rule)
            if not isinstance(outcome, Refused):
                passed[key] = element_of(element)
        chosen = select([(key, 1.0 - entry.p) for key, entry in passed.items()], params.m)
        return [passed[key] for key, _ in chosen]

    def _give_receipts(self, message: messages.ReceiptsAsked) -> None:
        """A tag for every cell, real or not, in the order asked."""
        opened = self._round(message.round_id)
        prepared, slots = self.state.contents(opened)
        kr, ids = prepared.kr, prepared.ids
        tags = []
        for asked in message.cells:
            cell = Cell(asked.table, asked.bin)
            slot = slots.find(cell)
            tag = (
                receipt.dummy_tag(self.state.own_key, kr, cell)
                if slot is None
                else receipt.tag(kr, ids[slot.element], self.state.own_key, cell)
            )
            tags.append(messages.CellTag(table=cell.table, bin=cell.bin, tag=tag.hex()))
        self.state.count_requests(message.round_id, len(tags))
        self.replies.say(messages.Receipts, {"round_id": message.round_id, "tags": tuple(tags)})

    def _reveal(self, message: messages.RevealAsked) -> None:
        """Each cell: one report, or one decline that does not say why."""
        opened = self._round(message.round_id)
        prepared, slots = self.state.contents(opened)
        elements, kr, ids = prepared.told, prepared.kr, prepared.ids
        self.state.count_requests(message.round_id, len(message.items))
        suspicions, verdicts = tuple(self._suspicions()), self._verdicts()
        aside, echoed = put_aside(suspicions, verdicts), echoes(suspicions, verdicts, self._holds)
        for item in message.items:
            cell = Cell(item.table, item.bin)
            slot = slots.find(cell)
            others = [bytes.fromhex(tag) for tag in item.others]
            held = None if slot is None else ids[slot.element]
            proved = receipt.check(kr, held, cell, others, self.state.own_key, len(opened.xs), opened.params.t)
            element = None if slot is None else elements[slot.element]
            judged = "" if element is None else aside.get(element.observable, "")
            echo = element is not None and element.observable in echoed
            request = ElementRequest(message.round_id, opened.params.tier, cell, element, proved, judged, echo)
            outcome = self._reports.offer(request)
            if request.told is not None:
                rule = outcome.rule if isinstance(outcome, Refused) else ""
                self.reveals.note(
                    message.round_id, request.tier, request.told.observable, len(others), rule, self._clock.now_us()
                )
            if isinstance(outcome, Refused):
                if outcome.rule == "reveal_mode" and request.told is not None:
                    self._ask_a_person(request.told)
                where = {"round_id": message.round_id, "table": cell.table, "bin": cell.bin}
                self.replies.say(messages.Declined, where)
            elif request.told is not None:
                self.state.count_reported(request.told.observable, self._clock.now_us())

    def _ask_a_person(self, told: RoundElement) -> None:
        observable = told.observable
        if self.policy.reveal_mode(observable.type) == "ask" and self.state.wish(observable) is None:
            self.state.set_override(observable, "asked", "door", self._clock.now_us())

    def _round(self, round_id: str) -> OpenRound:
        opened = self.state.round(round_id)
        if opened is None:
            raise ValueError("the gate lets no question about an unknown round through")
        return opened

    def preview(self, tier: str) -> list[tuple[Offered, Refused | None]]:
        """Every live element of a tier and whether it would join now; changes nothing."""
        live = self._live(tier, self._clock.now_us())
        offered = [Offered(element, tier, strong) for element, strong in live]
        outcomes = [self._elements.try_on(item) for item in offered]
        return [(item, out if isinstance(out, Refused) else None) for item, out in zip(offered, outcomes, strict=True)]

    def _live(self, tier: str, now_us: int) -> list[tuple[Element, bool]]:
        weighed = (self._verdicts(), self._holds, self._established)
        return live_elements(self._suspicions(), tier, now_us, self.policy, *weighed)
