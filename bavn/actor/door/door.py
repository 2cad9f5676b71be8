"""The door: the node's only way out, and the node's side of the private join.

Hears the centre's sealed messages in order, exactly once; answers round questions through gate 1; lets sightings, block
outcomes and health out; keeps everything in one book, so that kill -9 at any moment leaves a ledger line and its
message, or neither. Refuses to know records: it is handed suspicions.
"""

from collections.abc import Callable, Sequence
from typing import Any

from bavn.actor.door.conversation import DoorContext, naming
from bavn.actor.door.conversations.canary import Canaries
from bavn.actor.door.conversations.cases import Cases
from bavn.actor.door.conversations.draw import Drawing
from bavn.actor.door.conversations.questions import Questions
from bavn.actor.door.conversations.witness import Witness
from bavn.actor.door.draft import STAYS, Draft, labelled
from bavn.actor.door.kept_back import KeptBack
from bavn.actor.door.policy import DoorPolicy
from bavn.actor.door.rounds import labels
from bavn.actor.door.rounds.commons import Commons, CommonsKnowledge
from bavn.actor.door.rounds.joining import QUESTIONS as ROUND_QUESTIONS
from bavn.actor.door.rounds.joining import Beside, Rounds
from bavn.actor.door.rounds.labels import CENTRE
from bavn.actor.door.rounds.reveals import Reveals
from bavn.actor.door.rounds.shares import RoundShares
from bavn.actor.door.state import State
from bavn.actor.door.tell_rules import Condition, TakenBack, TellRules
from bavn.actor.door.terms import DoorOwner, DoorTerms, NodeKnowledge
from bavn.model.intel.indicator import BlockOutcome, Sighting
from bavn.model.outcome import Refused
from bavn.model.ports import Clock, Dice
from bavn.psi.identifier import Identifiers
from bavn.wire import seal
from bavn.wire.codec import DOWN_KINDS, Encoded
from bavn.wire.ledger import Ledger
from bavn.wire.messages import catalogue as messages
from bavn.wire.messages.canary import CanaryAnswered
from bavn.wire.messages.commons import CommonsAnswered
from bavn.wire.messages.log import LogProven, LogShown, RoundsFixed
from bavn.wire.outbox import Outbox, OutboxState
from bavn.wire.privacy import Message

Instruction = messages.IndicatorReleased | messages.IndicatorWithdrawn | messages.SectorSwitched


class Door:
    """``identifiers`` gives the join's ids and keys."""

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
        self._clock, self._keys = clock, keys
        self.shares = RoundShares(identifiers, dice)
        self.state = State(ledger.book, keys.secret)
        self.outbox = Outbox(ledger.book, name, keys.own, clock, limits=on.limits)
        self.reveals = Reveals(ledger.book)
        self._kept_back = KeptBack(ledger, clock)
        tell = TellRules(policy, self.reveals.was_reported)
        at = DoorContext(ledger=ledger, outbox=self.outbox, clock=clock, policy=policy, homes=homes, centre=CENTRE)
        self.canary = Canaries(at, self.state, self.reveals)
        self.witness = Witness(at, keys.own)
        self.drawing = Drawing(at, keys.own, self.witness.book)
        self.questions, self.cases = Questions(at, self.state, on.noise), Cases(at, on.cleaned)
        seen, signs = knowledge.outside, knowledge.suspicions
        outside = CommonsKnowledge(outside=seen, suspicions=signs, identifiers=identifiers, dice=dice, begin=on.begin)
        self.commons = Commons(at, self.state, outside)
        beside = Beside(self.commons, self.drawing, self.witness.book, self.reveals)
        self.rounds = Rounds(
            at,
            name,
            dice,
            state=self.state,
            suspicions=lambda: (*knowledge.suspicions(), *self.canary.suspicions()),
            knowledge=knowledge,
            terms=on,
            shares=self.shares,
            beside=beside,
        )
        self._conversations = self._by_kind()
        self._withdrawals = at.way_out(messages.Withdrawn, tell.withdrawal_row(), labels.withdrawn_words)
        self._sightings = at.way_out(messages.Observation, tell.sighting_row(), naming("indicator_id", "kind"))
        self._outcomes = at.way_out(messages.Receipt, tell.outcome_row(), naming("indicator_id", "state"))
        self._health = at.way_out(messages.Health, tell.health_row(), naming())

    def _by_kind(self) -> dict[type[Message], Any]:
        """Kind of message -> the conversation that takes it."""
        return {
            **dict.fromkeys(ROUND_QUESTIONS, self.rounds),
            CommonsAnswered: self.commons,
            messages.CasePart: self.cases,
            messages.VerdictGiven: self.cases.advice,
            messages.WarningGiven: self.cases.warnings,
            CanaryAnswered: self.canary,
            messages.QuestionAsked: self.questions,
            messages.RadiusAsked: self.questions,
            LogShown: self.witness,
            LogProven: self.witness,
            RoundsFixed: self.drawing,
        }

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
        else:
            self._conversations[type(message)].take_in(message, note)

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

    def join(self) -> str | None:
        """Take part in every round that is open; why one still waits, or None. Harmless when repeated."""
        return self.rounds.join()

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
            self.rounds.replies.came_late(self.outbox.late(CENTRE), left=False)
            self.outbox.expire()
        self.ledger.close_parts()

    def queued(self, messages_max: int = 500, after: int = 0) -> list[bytes]:
        """Sealed envelopes that wait for the centre, in order, of those with a number above ``after``."""
        now_us = self._clock.now_us()
        waiting = self.outbox.waiting(CENTRE, after, messages_max=messages_max)
        return [one.raw for one in waiting if self.rounds.held.may_leave(one, now_us)]

    def acknowledged(self, seqs: Sequence[int]) -> None:
        """The centre has these."""
        with self.ledger.book.transaction():
            late = [each for each in self.outbox.late(CENTRE) if each.seq in seqs]
            self.rounds.replies.came_late(late, left=True)
            self.outbox.acknowledge(CENTRE, seqs)

    def queue(self) -> OutboxState:
        return self.outbox.state()
