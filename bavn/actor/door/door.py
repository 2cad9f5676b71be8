"""The door: the node's only way out, and the node's side of the private join.

Hears the centre's sealed messages in order, exactly once; answers round questions through gate 1; lets sightings, block
outcomes and health out; keeps everything in one book, so that kill -9 at any moment leaves a ledger line and its
message, or neither. Refuses to know records: it is handed suspicions.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from bavn.actor.door.draft import Draft, labelled, message_rule, put
from bavn.actor.door.live import live_elements
from bavn.actor.door.policy import DoorPolicy
from bavn.actor.door.report_rules import Asked, Offered, Rules
from bavn.actor.door.round_rules import NOTHING, Outcome, Put, RoundRules, members_text, params_of
from bavn.actor.door.state import OpenRound, State
from bavn.actor.door.tell_rules import Condition, TellRules
from bavn.actor.door.told import Told, told_of
from bavn.model.indicator import BlockOutcome, Sighting
from bavn.model.outcome import Refused
from bavn.model.ports import Clock, Dice
from bavn.model.suspicion import Suspicion
from bavn.psi import receipt, share
from bavn.psi.element import select
from bavn.psi.identifier import Identifiers
from bavn.psi.round import Cell
from bavn.wire import messages, seal
from bavn.wire.codec import DOWN_KINDS, summary_of
from bavn.wire.gate import Gate, Rule
from bavn.wire.ledger import Ledger, Note
from bavn.wire.outbox import Outbox, OutboxLimits, OutboxState
from bavn.wire.privacy import Message

CENTRE = "centre"
Instruction = messages.IndicatorReleased | messages.IndicatorWithdrawn


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """This node's signing key, the centre's public key, and 32 secret bytes of the node's own."""

    own: Ed25519PrivateKey
    centre: Ed25519PublicKey
    secret: bytes


class Door:
    """``suspicions`` gives what is suspicious now; ``identifiers`` the join's ids and keys (mode M1 or M2)."""

    def __init__(
        self,
        *,
        name: str,
        ledger: Ledger,
        clock: Clock,
        dice: Dice,
        keys: Keys,
        policy: DoorPolicy,
        homes: Sequence[str],
        identifiers: Identifiers,
        suspicions: Callable[[], Iterable[Suspicion]],
        limits: OutboxLimits | None = None,
    ) -> None:
        self.name, self.ledger, self.policy = name, ledger, policy
        self._clock, self._dice, self._keys = clock, dice, keys
        self._identifiers, self._suspicions = identifiers, suspicions
        self.state = State(ledger.book, keys.secret)
        self.outbox = Outbox(ledger.book, name, keys.own, clock, limits=limits)
        rules = Rules(policy, self.state, clock, tuple(homes))
        tell = TellRules(policy)
        self._questions = Gate[Put, Outcome](
            "asked", RoundRules(policy, self.state, clock, name).row(), ledger, clock, way="in",
            nothing=lambda: NOTHING, label=_put_note, follow=lambda item, _: _put_note(item),
        )  # fmt: skip
        self._elements = Gate[Offered, Draft](
            "door", rules.element_row(), ledger, clock, way="out", nothing=Draft, label=_offered_note,
            follow=lambda item, _: _offered_note(item),
        )  # fmt: skip
        self._reports = self._out(
            messages.Report, rules.report_row(), lambda item: labelled("Report", CENTRE, _asked_words(item))
        )
        self._sightings = self._out(
            messages.Observation, tell.sighting_row(), lambda s: labelled("Observation", CENTRE, _sighting_words(s))
        )
        self._outcomes = self._out(
            messages.Receipt, tell.outcome_row(), lambda o: labelled("Receipt", CENTRE, _outcome_words(o))
        )
        self._health = self._out(messages.Health, tell.health_row(), lambda _: labelled("Health", CENTRE, {}))

    # --- what the centre says ---------------------------------------------------------------------------------

    @property
    def heard(self) -> int:
        """How far the centre's messages have been heard: pull from here."""
        return self.state.heard(CENTRE)

    def hear(self, raw: bytes, protect: Callable[[Instruction], object]) -> Refused | None:
        """One envelope from the centre, exactly once: a round question is answered through the door, an instruction
        handed to ``protect`` in the same transaction. What is not the centre's, or comes again, is one refusal."""
        with self.ledger.book.transaction():
            opened = seal.open({CENTRE: self._keys.centre}, self.name, raw, DOWN_KINDS)
            if isinstance(opened, Refused):
                return self._not_heard(raw, opened)
            if opened.seq <= self.heard:
                return self._not_heard(raw, Refused("heard_before", "this message was heard before"))
            message, item_id = opened.message, opened.id
            if isinstance(message, messages.IndicatorReleased | messages.IndicatorWithdrawn):
                protect(message)
            else:
                self._answer(Put(message, item_id, opened.encoded.bytes, summary_of(opened.encoded)))  # type: ignore[arg-type]
            self.state.set_heard(CENTRE, opened.seq)
        return None

    def _not_heard(self, raw: bytes, refused: Refused) -> Refused:
        """Notes what could not be heard. An envelope of the centre's own that is no message is passed over for good,
        else it would stand in the way of all that follow."""
        stands = seal.address(raw[: seal.ENVELOPE_BYTES_MAX])
        note = labelled("Envelope", CENTRE, {"bytes": len(raw), "rule": refused.rule})
        self.ledger.append(self._clock.now_us(), "asked", "in", note, refused)
        signed = refused.rule not in ("bad_signature", "unknown_sender", "wrong_recipient", "heard_before")
        if signed and isinstance(stands, seal.Address) and stands.seq > self.heard:
            self.state.set_heard(CENTRE, stands.seq)
        return refused

    def _answer(self, put: Put) -> None:
        if isinstance(self._questions.offer(put), Refused):
            return
        message = put.message
        if isinstance(message, messages.RoundOpened):
            self._take_part(message)
        elif isinstance(message, messages.ReceiptsAsked):
            self._give_receipts(message)
        elif isinstance(message, messages.RevealAsked):
            self._reveal(message)
        else:
            self.state.close_round(message.round_id)

    def _take_part(self, message: messages.RoundOpened) -> None:
        """Prepares the share of a round from what is suspicious now and puts it in the outbox."""
        params, now_us = params_of(message), self._clock.now_us()
        self.state.keep_members(message.registry_version, members_text(message))
        own_x = next(member.x for member in message.members if member.actor == self.name)
        opened = OpenRound(params, message.deadline_us, own_x, frozenset(m.x for m in message.members), 0)
        told = self._set_of(message.tier, params.m, now_us)
        identifier = self._identifiers.of(params.epoch, params.tier)
        ids = identifier.ids([entry.observable for entry in told])
        weighed = [(id_, 1.0 - entry.p) for id_, entry in zip(ids, told, strict=True)]
        made = share.generate(params, identifier.round_key(params), weighed, own_x, self._dice)
        self.state.keep_round(opened, now_us, told, made.slots, self._dice)
        self._say(
            messages.ShareUpload,
            {"round_id": message.round_id, "registry_version": params.registry_version, "planes": made.to_bytes()},
            until_us=message.deadline_us,
        )

    def _set_of(self, tier: str, m: int, now_us: int) -> list[Told]:
        """The elements of a tier that pass the gate, at most ``m``, strongest first. A line is written when an
        element's outcome is new, so that each change shows once."""
        passed: dict[str, Told] = {}
        for element, strong_enough in live_elements(self._suspicions(), tier, now_us, self.policy):
            item = Offered(element, tier, strong_enough)
            outcome = self._elements.try_on(item)
            said = outcome.rule if isinstance(outcome, Refused) else "passed"
            key = str(element.observable)
            if self.state.outcome(key, tier) != said:
                self._elements.offer(item)
                self.state.set_outcome(key, tier, said)
            if not isinstance(outcome, Refused):
                passed[key] = told_of(element)
        chosen = select([(key, 1.0 - entry.p) for key, entry in passed.items()], m)
        return [passed[key] for key, _ in chosen]

    def _give_receipts(self, message: messages.ReceiptsAsked) -> None:
        """A tag for every cell, real or not, in the order asked."""
        opened = self._round(message.round_id)
        told, slots = self.state.contents(opened)
        identifier = self._identifiers.of(opened.params.epoch, opened.params.tier)
        kr, ids = identifier.round_key(opened.params), identifier.ids([entry.observable for entry in told])
        tags = []
        for asked in message.cells:
            cell = Cell(asked.table, asked.bin)
            slot = slots.find(cell)
            tag = (
                receipt.dummy_tag(self.state.dummy_key, kr, cell)
                if slot is None
                else receipt.tag(kr, ids[slot.element], opened.own_x, cell)
            )
            tags.append(messages.CellTag(table=cell.table, bin=cell.bin, tag=tag.hex()))
        self.state.count_asked(message.round_id, len(tags))
        self._say(messages.Receipts, {"round_id": message.round_id, "tags": tuple(tags)}, until_us=None)

    def _reveal(self, message: messages.RevealAsked) -> None:
        """Each cell: one report, or one decline that does not say why."""
        opened = self._round(message.round_id)
        told, slots = self.state.contents(opened)
        identifier = self._identifiers.of(opened.params.epoch, opened.params.tier)
        kr, ids = identifier.round_key(opened.params), identifier.ids([entry.observable for entry in told])
        self.state.count_asked(message.round_id, len(message.items))
        for item in message.items:
            cell = Cell(item.table, item.bin)
            slot = slots.find(cell)
            others = [(other.x, bytes.fromhex(other.tag)) for other in item.others]
            held = None if slot is None else ids[slot.element]
            proved = receipt.check(kr, held, cell, others, opened.own_x, opened.xs, opened.params.t)
            asked = Asked(
                message.round_id, opened.params.tier, cell, None if slot is None else told[slot.element], proved
            )
            outcome = self._reports.offer(asked)
            if isinstance(outcome, Refused):
                if outcome.rule == "reveal_mode" and asked.told is not None:
                    self._ask_a_person(asked.told)
                where = {"round_id": message.round_id, "table": cell.table, "bin": cell.bin}
                self._say(messages.Declined, where, until_us=None)
            elif asked.told is not None:
                self.state.count_reported(asked.told.observable, self._clock.now_us())

    def _ask_a_person(self, told: Told) -> None:
        observable = told.observable
        if self.policy.reveal_mode(observable.type) == "ask" and self.state.wish(observable) is None:
            self.state.set_wish(observable, "asked", "door", self._clock.now_us())

    def _round(self, round_id: str) -> OpenRound:
        opened = self.state.round(round_id)
        if opened is None:
            raise ValueError("the gate lets no question about an unknown round through")
        return opened

    # --- what goes out of the node's own accord ---------------------------------------------------------------

    def tell_sighting(self, sighting: Sighting) -> Draft | Refused:
        """A shared indicator was met here (S2)."""
        return self._sightings.offer(sighting)

    def tell_outcome(self, outcome: BlockOutcome) -> Draft | Refused:
        """What became of a released indicator here (S2)."""
        return self._outcomes.offer(outcome)

    def tell_health(self, condition: Condition) -> Draft | Refused:
        """How the node is (S4)."""
        return self._health.offer(condition)

    def tidy(self) -> None:
        """Closes old rounds and takes expired shares out of the outbox."""
        self.state.forget_rounds(self._clock.now_us())
        self.outbox.expire()

    def queued(self, messages_max: int = 500) -> list[bytes]:
        """Sealed envelopes that wait for the centre, in order."""
        return [waiting.raw for waiting in self.outbox.waiting(CENTRE, messages_max=messages_max)]

    def acknowledged(self, seqs: Sequence[int]) -> None:
        """The centre has these."""
        self.outbox.acknowledge(CENTRE, seqs)

    def queue(self) -> OutboxState:
        return self.outbox.state()

    # --- what a person decides --------------------------------------------------------------------------------

    def preview(self, tier: str) -> list[tuple[Offered, Refused | None]]:
        """Every live element of a tier and whether it would join now; changes nothing."""
        live = live_elements(self._suspicions(), tier, self._clock.now_us(), self.policy)
        offered = [Offered(element, tier, strong) for element, strong in live]
        outcomes = [self._elements.try_on(item) for item in offered]
        return [(item, out if isinstance(out, Refused) else None) for item, out in zip(offered, outcomes, strict=True)]

    # --- inside -----------------------------------------------------------------------------------------------

    def _say(self, kind: type[Message], fields: Mapping[str, object], *, until_us: int | None) -> None:
        """A protocol answer of class S0 as an item at the gate of its own."""
        build: Rule[Mapping[str, object], Draft] = Rule("build", lambda given, draft: draft.plus(**given))
        gate = Gate[Mapping[str, object], Draft](
            "door", (build, message_rule(kind, self.outbox, CENTRE)), self.ledger, self._clock, way="out",
            nothing=Draft, label=lambda given: labelled(kind.__name__, CENTRE, {"round_id": given["round_id"]}),
            follow=put(self.outbox, CENTRE, lambda _: until_us),
        )  # fmt: skip
        gate.offer(fields)

    def _out[Item](
        self, kind: type[Message], row: Sequence[Rule[Item, Draft]], label: Callable[[Item], Note]
    ) -> Gate[Item, Draft]:
        return Gate(
            "door", (*row, message_rule(kind, self.outbox, CENTRE)), self.ledger, self._clock, way="out",
            nothing=Draft, label=label, follow=put(self.outbox, CENTRE, lambda _: None),
        )  # fmt: skip


def _put_note(item: Put) -> Note:
    return Note(
        kind=type(item.message).__name__, item_id=item.item_id, peer=CENTRE, privacy="C", bytes=item.bytes,
        summary=item.summary,
    )  # fmt: skip


def _offered_note(item: Offered) -> Note:
    words = {"element": str(item.element.observable), "tier": item.tier, "suspicion": item.element.suspicion.id}
    return labelled("Element", CENTRE, words)


def _asked_words(item: Asked) -> Mapping[str, object]:
    element = "" if item.told is None else str(item.told.observable)
    return {"round_id": item.round_id, "table": item.cell.table, "bin": item.cell.bin, "element": element}


def _sighting_words(item: Sighting) -> Mapping[str, object]:
    return {"indicator_id": item.indicator_id, "kind": item.kind}


def _outcome_words(item: BlockOutcome) -> Mapping[str, object]:
    return {"indicator_id": item.indicator_id, "state": item.state}
