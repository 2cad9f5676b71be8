"""The door: the node's only way out, and the node's side of the private join.

Hears the centre's sealed messages in order, exactly once; answers round questions through gate 1; lets sightings, block
outcomes and health out; keeps everything in one book, so that kill -9 at any moment leaves a ledger line and its
message, or neither. Refuses to know records: it is handed suspicions.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from bavn.actor.door.conversation import DoorContext, Received, naming
from bavn.actor.door.conversations.canary import Canaries
from bavn.actor.door.conversations.cases import Cases
from bavn.actor.door.conversations.draw import Drawing
from bavn.actor.door.conversations.questions import Questions
from bavn.actor.door.conversations.witness import Witness
from bavn.actor.door.draft import SHUT, STAYS, Draft, labelled
from bavn.actor.door.kept_back import KeptBack
from bavn.actor.door.live import Element, echoes, live_elements, put_aside
from bavn.actor.door.ordinary import established_at
from bavn.actor.door.policy import DoorPolicy
from bavn.actor.door.report_rules import ElementRequest, Offered, Rules
from bavn.actor.door.round_elements import RoundElement, element_of
from bavn.actor.door.rounds import labels
from bavn.actor.door.rounds.commons import Commons, CommonsKnowledge
from bavn.actor.door.rounds.held import Held
from bavn.actor.door.rounds.labels import CENTRE
from bavn.actor.door.rounds.replies import Replies
from bavn.actor.door.rounds.reveals import Reveals
from bavn.actor.door.rounds.rules import RoundQuestion, RoundRules, members_text, params_of
from bavn.actor.door.rounds.shares import RoundShare, RoundShares
from bavn.actor.door.state import OpenRound, State
from bavn.actor.door.tell_rules import Condition, TakenBack, TellRules
from bavn.actor.door.terms import DoorOwner, DoorTerms, NodeKnowledge
from bavn.model.forms import same_names
from bavn.model.intel.indicator import BlockOutcome, Sighting
from bavn.model.moment import SECOND_US
from bavn.model.outcome import Refused
from bavn.model.ports import Clock, Dice, LinkDown, LinkRefused
from bavn.model.suspicion import Suspicion
from bavn.psi import receipt
from bavn.psi.commons_terms import TIER as COMMONS
from bavn.psi.element import select
from bavn.psi.identifier import Identifiers
from bavn.psi.round import Cell, RoundParams
from bavn.tlog.entries import content_hash, named
from bavn.wire import seal
from bavn.wire.codec import DOWN_KINDS, Encoded
from bavn.wire.gate import Gate, Rule
from bavn.wire.ledger import Ledger
from bavn.wire.messages import catalogue as messages
from bavn.wire.messages.canary import CanaryAnswered
from bavn.wire.messages.commons import CommonsAnswered
from bavn.wire.messages.exercise import ExerciseTold
from bavn.wire.messages.log import LogProven, LogShown, RoundsFixed
from bavn.wire.outbox import Outbox, OutboxState
from bavn.wire.privacy import Message

JOIN_AGAIN_US = 15 * SECOND_US
"""So long a key holder that did not answer is left alone."""
LIST_UNPROVEN = Refused(
    "list_proof", "no proof that the centre's log holds the round's list of members came before its deadline"
)
KEYS_LATE = Refused("keys_late", "the key holder gave no keys before the round's deadline")
Instruction = messages.IndicatorReleased | messages.IndicatorWithdrawn | messages.SectorSwitched


class Door:
    """``identifiers`` gives the join's ids and keys (mode M1 or M2)."""

    def __init__(
        self,
        *,
        owner: DoorOwner,
        ledger: Ledger,
        clock: Clock,
        dice: Dice,
        policy: DoorPolicy,
        identifiers: Identifiers,
        knowledge: NodeKnowledge,
        terms: DoorTerms | None = None,
    ) -> None:
        name, keys, homes = owner.name, owner.keys, tuple(owner.homes)
        on = terms or DoorTerms()
        self.name, self.ledger, self.policy = name, ledger, policy
        self._clock, self._dice, self._keys = clock, dice, keys
        self._verdicts, self._holds = knowledge.verdicts, knowledge.holds
        self.shares = RoundShares(identifiers, dice)
        self._suspicions: Callable[[], Iterable[Suspicion]] = lambda: (
            *knowledge.suspicions(),
            *self.canary.suspicions(),
        )
        self._join_from_us, self._waits, self._held = 0, "", Held(on.hold)
        self._lists_proven = on.lists_proven
        self.state = State(ledger.book, keys.secret)
        self.outbox = Outbox(ledger.book, name, keys.own, clock, limits=on.limits)
        rules = Rules(policy, self.state, clock, homes)
        self._established = established_at(ledger.book, clock, joins=policy.join_commons)
        self.reveals = Reveals(ledger.book)
        self._kept_back = KeptBack(ledger, clock)
        tell = TellRules(policy, self.reveals.was_reported)
        at = DoorContext(ledger=ledger, outbox=self.outbox, clock=clock, policy=policy, homes=homes, centre=CENTRE)
        self.canary = Canaries(at, self.state, self.reveals)
        self.witness = Witness(at, keys.own)
        self.drawing = Drawing(at, keys.own, self.witness.book)
        self.questions, self.cases = Questions(at, self.state, on.noise), Cases(at, on.cleaned)
        self.commons = Commons(
            at,
            self.state,
            CommonsKnowledge(
                outside=knowledge.outside,
                suspicions=knowledge.suspicions,
                identifiers=identifiers,
                dice=dice,
                begin=on.begin,
            ),
        )
        self._conversations: dict[type[Message], Any] = {
            CommonsAnswered: self.commons,
            messages.CasePart: self.cases,
            messages.VerdictGiven: self.cases.advice,
            messages.WarningGiven: self.cases.warnings,
            ExerciseTold: self.cases.exercises,
            CanaryAnswered: self.canary,
            messages.QuestionAsked: self.questions,
            messages.RadiusAsked: self.questions,
            LogShown: self.witness,
            LogProven: self.witness,
            RoundsFixed: self.drawing,
        }
        self._open_gates(at, RoundRules(policy, self.state, clock, name), rules, tell)

    def _open_gates(self, at: DoorContext, rounds: RoundRules, rules: Rules, tell: TellRules) -> None:
        ledger, clock = self.ledger, self._clock
        self._rounds = at.way_in(rounds.row())
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
        self._withdrawals = at.way_out(messages.Withdrawn, tell.withdrawal_row(), labels.withdrawn_words)
        self._sightings = at.way_out(messages.Observation, tell.sighting_row(), naming("indicator_id", "kind"))
        self._outcomes = at.way_out(messages.Receipt, tell.outcome_row(), naming("indicator_id", "state"))
        self._health = at.way_out(messages.Health, tell.health_row(), naming())
        self._replies = Replies(at)

    # --- what the centre says ---------------------------------------------------------------------------------

    @property
    def heard(self) -> int:
        """How far the centre's messages have been heard: pull from here."""
        return self.state.heard(CENTRE)

    def take_in(self, raw: bytes, protect: Callable[[Instruction, Encoded], object]) -> Refused | None:
        """One envelope from the centre, exactly once: a round question is answered through the door, an instruction
        handed to ``protect`` in the same transaction. What is not the centre's, or comes again, is one refusal. A round
        that opens is taken part in by the next ``join``."""
        with self.ledger.book.transaction():
            opened = self._opened(raw)
            if isinstance(opened, Refused):
                return self._not_received(raw, opened)
            if opened.seq <= self.heard:
                return self._not_received(raw, Refused("heard_before", "this message was heard before"))
            leap = self._leap(opened.seq)
            if leap is not None:
                return self._not_received(raw, leap)
            self._kept_back.contained(opened, raw, lambda: self._listen(opened, protect))
            self._received_for(opened.seq)
        return None

    def take_in_again(self, protect: Callable[[Instruction, Encoded], object]) -> None:
        """What was kept back and may be heard now, since a person opened its gate."""
        self._kept_back.again(self._opened, lambda opened: self._listen(opened, protect))

    def _opened(self, raw: bytes) -> seal.Opened | Refused:
        return seal.open({CENTRE: self._keys.centre}, self.name, raw, DOWN_KINDS)

    def _listen(self, opened: seal.Opened, protect: Callable[[Instruction, Encoded], object]) -> None:
        message, note = opened.message, labels.received_note(opened.encoded)
        if isinstance(message, Instruction):
            protect(message, opened.encoded)
        elif type(message) in self._conversations:
            self._conversations[type(message)].take_in(message, note)
        else:
            self._answer(Received(message, note))  # type: ignore[arg-type]

    def _not_received(self, raw: bytes, refused: Refused) -> Refused:
        """Notes what could not be heard. An envelope of the centre's own that is no message is passed over for good,
        else it would stand in the way of all that follow."""
        stands = seal.address(raw[: seal.ENVELOPE_BYTES_MAX])
        note = labelled("Envelope", CENTRE, {"bytes": len(raw), "rule": refused.rule})
        self.ledger.append(self._clock.now_us(), "asked", "in", note, refused)
        signed = refused.rule not in ("bad_signature", "unknown_sender", "wrong_recipient", "heard_before")
        seq = stands.seq if signed and isinstance(stands, seal.Address) else 0
        if seq > self.heard and self._leap(seq) is None:
            self._received_for(seq)
        return refused

    def _leap(self, seq: int) -> Refused | None:
        return self.state.leaps.check(CENTRE, self.heard, seq, self._clock.now_us())

    def _received_for(self, seq: int) -> None:
        self.state.leaps.took(CENTRE, self.heard, seq, self._clock.now_us())
        self.state.set_received(CENTRE, seq)

    def _answer(self, put: RoundQuestion) -> None:
        if isinstance(self._rounds.offer(put), Refused):
            return
        message = put.message
        if isinstance(message, messages.RoundOpened):
            self._want(message)
        elif isinstance(message, messages.ReceiptsAsked):
            self._give_receipts(message)
        elif isinstance(message, messages.RevealAsked):
            self._reveal(message)
        else:
            self.state.close_round(message.round_id)
            self._held.drop(message.round_id)
            self.commons.closed(message.round_id)

    def _want(self, message: messages.RoundOpened) -> None:
        """Notes a round to take part in; its keys are fetched when the message is heard for good."""
        self.state.keep_members(message.registry_version, members_text(message), self._clock.now_us())
        own_x = next(member.x for member in message.members if member.actor == self.name)
        xs = frozenset(member.x for member in message.members)
        opened = OpenRound(params_of(message), message.deadline_us, own_x, xs, 0)
        self.state.want_round(opened, self._clock.now_us())
        self._held.heard(message.round_id, self._clock.now_us())
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
            elif self._replies.are_held_back(messages.ShareUpload):
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
        return self.witness.book.proven(named("members", {"registry": version}, content_hash(listed)), witnesses)

    def _list_proof(self, opened: OpenRound, draft: Draft) -> Draft | Refused:
        return draft if self._list_is_proven(opened.params.registry_version) else LIST_UNPROVEN

    def _join_commons(self, opened: OpenRound) -> None:
        """No transaction is open while the share is made, if it is made here."""
        item = self.commons.ready(opened)
        if item is None:
            return
        with self.ledger.book.transaction():
            if self.commons.let_out(item):
                self._held.put(opened.params, opened.deadline_us, self.outbox.last_seq(CENTRE))
            elif not self.state.is_wanted(opened.params.round_id.hex()):
                self._held.drop(opened.params.round_id.hex())

    def _too_late(self, opened: OpenRound) -> None:
        """A round whose keys, or the proof of its members' list, did not come in time: an item at the door that never
        got a draft."""
        with self.ledger.book.transaction():
            self.state.drop_wanted(opened.params.round_id.hex())
            self._held.drop(opened.params.round_id.hex())
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
            sent = self._replies.say(messages.ShareUpload, upload, opened.deadline_us)
            if isinstance(sent, Refused) and sent.rule in SHUT:
                return  # the round waits, until a person opens the gate or its deadline passes
            self.state.keep_round(opened, self._clock.now_us(), share.prepared, self._dice)
            if not isinstance(sent, Refused):
                self.drawing.sent(params, share.key_check, share.planes.tables())
                self._held.put(params, opened.deadline_us, self.outbox.last_seq(CENTRE))

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
        self._replies.say(messages.Receipts, {"round_id": message.round_id, "tags": tuple(tags)})

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
                self._replies.say(messages.Declined, where)
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

    # --- what goes out of the node's own accord ---------------------------------------------------------------

    def tell_withdrawals(self) -> None:
        """What people here take back (S1), each dealt with in the transaction of its line; it is vetoed at once, also
        where telling it has to wait, so that no later round names it again."""
        waiting, now_us = self.reveals.waiting(), self._clock.now_us()
        for wanted in waiting:
            if not self.state.decided_after(wanted.observable, wanted.at_us):
                self.state.set_override(wanted.observable, "veto", wanted.by, now_us)
        for wanted in waiting:
            with self.ledger.book.transaction():
                outcome = self._withdrawals.offer(TakenBack(wanted.number, wanted.observable))
                rule = outcome.rule if isinstance(outcome, Refused) else ""
                if rule in STAYS:
                    return
                self.reveals.dealt_with(wanted.number, rule, now_us)

    def tell_sighting(self, sighting: Sighting) -> Draft | Refused:
        """A shared indicator was met here (S2)."""
        return self._sightings.offer(sighting)

    def tell_outcome(self, outcome: BlockOutcome) -> Draft | Refused:
        """What became of a released indicator here (S2)."""
        return self._outcomes.offer(outcome)

    def shut_for(self) -> frozenset[str]:
        """Of sightings and outcomes, by their names, what a person must open the gate for first."""
        names = {messages.Observation.__name__: Sighting.__name__, messages.Receipt.__name__: BlockOutcome.__name__}
        return frozenset(names[kind] for kind in self._outcomes.shut_kinds(CENTRE) & names.keys())

    def tell_health(self, condition: Condition) -> Draft | Refused:
        """How the node is (S4)."""
        return self._health.offer(condition)

    def tidy(self) -> None:
        """Closes old rounds, takes expired shares out of the outbox and old lines into the ledger's closed parts."""
        self.state.forget_rounds(self._clock.now_us())
        self.questions.tidy()
        self.cases.forget()
        self.reveals.forget(self._clock.now_us())
        self.canary.forget()
        self.witness.forget()
        with self.ledger.book.transaction():
            self._replies.came_late(self.outbox.late(CENTRE), left=False)
            self.outbox.expire()
        self.ledger.close_parts()

    def queued(self, messages_max: int = 500, after: int = 0) -> list[bytes]:
        """Sealed envelopes that wait for the centre, in order, of those with a number above ``after``."""
        now_us = self._clock.now_us()
        waiting = self.outbox.waiting(CENTRE, after, messages_max=messages_max)
        return [one.raw for one in waiting if self._held.may_leave(one, now_us)]

    def acknowledged(self, seqs: Sequence[int]) -> None:
        """The centre has these."""
        with self.ledger.book.transaction():
            late = [each for each in self.outbox.late(CENTRE) if each.seq in seqs]
            self._replies.came_late(late, left=True)
            self.outbox.acknowledge(CENTRE, seqs)

    def queue(self) -> OutboxState:
        return self.outbox.state()

    # --- what a person decides --------------------------------------------------------------------------------

    def preview(self, tier: str) -> list[tuple[Offered, Refused | None]]:
        """Every live element of a tier and whether it would join now; changes nothing."""
        live = self._live(tier, self._clock.now_us())
        offered = [Offered(element, tier, strong) for element, strong in live]
        outcomes = [self._elements.try_on(item) for item in offered]
        return [(item, out if isinstance(out, Refused) else None) for item, out in zip(offered, outcomes, strict=True)]

    # --- inside -----------------------------------------------------------------------------------------------

    def _live(self, tier: str, now_us: int) -> list[tuple[Element, bool]]:
        weighed = (self._verdicts(), self._holds, self._established)
        return live_elements(self._suspicions(), tier, now_us, self.policy, *weighed)
