"""The node's side of the commons: once a day its share of what is ordinary here, and the answer to each element.

What takes long (own history, ids, the share) is prepared from any thread and without a transaction; what leaves and
what comes goes through a gate, with one line. Nothing of it is ever named to anybody: a question for receipts or names
in such a round is refused (rules.py). How far each day came stands in commons_days.py.
"""

import struct
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from bavn.actor.door.conversation import DoorContext, Received
from bavn.actor.door.draft import SHUT, Draft
from bavn.actor.door.round_elements import Prepared
from bavn.actor.door.rounds.commons_days import CommonsDay, CommonsDays, DayState
from bavn.actor.door.rounds.commons_table import CommonsTable
from bavn.actor.door.rounds.held import Begin, begun_at_once
from bavn.actor.door.rounds.labels import CENTRE
from bavn.actor.door.state import OpenRound, State
from bavn.model.moment import DAY_US, SECOND_US
from bavn.model.observable import Observable, ObservableType
from bavn.model.outcome import Refused
from bavn.model.ports import Dice, LinkDown, LinkRefused, QueryRefused, RowsDamaged
from bavn.model.sector.known_days import DAYS, EDGES, bucket_of
from bavn.model.suspicion import Suspicion
from bavn.psi.commons_terms import CANARY_CLASS, KNOWN_CLASS, TIER
from bavn.psi.element import as_element, element_bytes
from bavn.psi.identifier import Identifiers
from bavn.psi.keys import CANARY, key_check, members_key
from bavn.psi.ordinary import Ordinary
from bavn.wire.gate import Gate, Rule
from bavn.wire.ledger import Note
from bavn.wire.messages.catalogue import ShareUpload
from bavn.wire.messages.commons import CommonsAnswered

if TYPE_CHECKING:
    from bavn.psi.commons import Buckets
    from bavn.psi.slots import SlotMap

Kind = Observable | Ordinary
LeftOut = Callable[[Kind], bool]
OutsideLife = Callable[[int, Sequence[Observable], LeftOut], Iterable[Kind]]
"""(at most so many, chains of techniques of the last DAYS days, what stays out) -> what is ordinary here, used most
first. May take seconds; raises QueryRefused, RowsDamaged where own history cannot be asked now."""
AGAIN_US: Final = 15 * SECOND_US
_COUNT: Final = struct.Struct(">I")
_LENGTH: Final = struct.Struct(">H")


def nothing_outside(_: int, __: Sequence[Observable], ___: LeftOut) -> Iterable[Kind]:
    """A node without a history takes part all the same, with fakes."""
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CommonsKnowledge:
    """What a share is made of; ``begin``: when it may be begun."""

    outside: OutsideLife
    suspicions: Callable[[], Iterable[Suspicion]]
    identifiers: Identifiers
    dice: Dice
    begin: Begin = begun_at_once


@dataclass(frozen=True, slots=True)
class CommonsShare:
    """A day's share on its way out; without ``fields`` the round's deadline passed before there was one."""

    opened: OpenRound
    fields: Mapping[str, object] = field(default_factory=dict)
    prepared: Prepared | None = None
    elements: int = 0


@dataclass(frozen=True, slots=True)
class AnswerDraft:
    """What the rules have read so far: a bucket for each of ``elements``, the canary's last; ``canary``: all that its
    cells say."""

    opened: OpenRound | None = None
    elements: tuple[bytes, ...] = ()
    buckets: "Buckets | None" = None
    canary: frozenset[int] = frozenset()


class Commons:
    """One node's. ``aside``: a thread of the node's prepares; else ``join`` does it itself."""

    def __init__(self, at: DoorContext, state: State, knowledge: CommonsKnowledge) -> None:
        self._at, self._state, self._known = at, state, knowledge
        self.table, self.days = CommonsTable(at.ledger.book), CommonsDays(at.ledger.book)
        self.aside, self.why = False, ""
        self._again_us = 0
        self._ready: dict[str, CommonsShare] = {}
        self._shares = at.way_out(
            ShareUpload, self._share_row(), lambda item: _about(item.opened), lambda item: item.opened.deadline_us
        )
        self._answers = Gate[Received[CommonsAnswered], AnswerDraft](
            "asked",
            self._answer_row(),
            at.ledger,
            at.clock,
            way="in",
            nothing=AnswerDraft,
            label=lambda put: put.note,
            follow=self._keep_answer,
        )

    # --- a round opens, a share leaves -------------------------------------------------------------------------

    def opened(self, opened: OpenRound) -> None:
        """A round that will be taken part in."""
        params, now_us = opened.params, self._at.clock.now_us()
        self.days.keep(
            CommonsDay(
                day=params.epoch,
                round_id=params.round_id.hex(),
                m=params.m,
                state=DayState.OPENED.value,
                at_us=now_us,
            )
        )

    def prepare(self) -> None:
        """Makes the share of each round that waits for it. From any thread; again where somebody did not answer."""
        waiting = [one for one in self._state.wanted() if one.params.tier == TIER]
        names = {one.params.round_id.hex() for one in waiting}
        self._ready = {name: one for name, one in self._ready.items() if name in names}
        for opened in waiting:
            now_us, name = self._at.clock.now_us(), opened.params.round_id.hex()
            begin_us = max(self._again_us, self._begin_us(opened))
            if name in self._ready or not begin_us <= now_us < opened.deadline_us:
                continue
            try:
                self._ready[name] = self._made(opened)
                self.why = ""
            except (LinkDown, LinkRefused, QueryRefused, RowsDamaged) as error:
                self._again_us = self._at.clock.now_us() + AGAIN_US
                self.why = f"the commons round waits: {error}"

    def _begin_us(self, opened: OpenRound) -> int:
        day = self.days.get(opened.params.epoch)
        received_us = 0 if day is None else day.at_us
        return self._known.begin(opened.own_x, opened.xs, received_us, opened.deadline_us)

    def ready(self, opened: OpenRound) -> CommonsShare | None:
        """The share of a round, if it is made; one without fields where the deadline has passed. No transaction is
        open."""
        if self._at.clock.now_us() >= opened.deadline_us:
            return CommonsShare(opened)
        if self.held_back():
            self.why = "the commons round waits for a person to open the gate for uploads"
            return None
        if not self.aside:
            self.prepare()
        return self._ready.get(opened.params.round_id.hex())

    def let_out(self, item: CommonsShare) -> bool:
        """Whether it is in the outbox. A gate that a person must open keeps the round waiting; what is late, or refused
        for good, is out of the round."""
        name, now_us = item.opened.params.round_id.hex(), self._at.clock.now_us()
        outcome = self._shares.offer(item)
        if isinstance(outcome, Refused) and outcome.rule in SHUT:
            return False
        if isinstance(outcome, Refused) or item.prepared is None:
            self._state.drop_wanted(name)
            rule = outcome.rule if isinstance(outcome, Refused) else ""
            self.days.came_to(name, DayState.LATE, now_us, rule=rule)
            return False
        self._state.keep_round(item.opened, now_us, item.prepared, self._known.dice)
        self.days.came_to(name, DayState.SENT, now_us, elements=item.elements)
        return True

    def held_back(self) -> bool:
        """Whether a person must open the gate for uploads first."""
        return ShareUpload.__name__ in self._shares.shut_kinds(CENTRE)

    def _made(self, opened: OpenRound) -> CommonsShare:
        """Raises LinkDown, LinkRefused, QueryRefused, RowsDamaged. No transaction is open meanwhile."""
        from bavn.psi import share  # who has no history is in no commons, and loads no mathematics

        params = opened.params
        members = self._state.members(params.registry_version)
        if members is None:
            raise LinkDown("the members of the round are forgotten")
        kinds = list(self._known.outside(params.m - 1, self._chains(), self._left_out()))[: params.m - 1]
        joined = self._known.identifiers.of(params.epoch, params.tier).join(params, kinds)
        kr = members_key(joined.kr, members)
        listed = {element_bytes(kind): id_ for kind, id_ in zip(kinds, joined.ids, strict=True) if id_ is not None} | {
            CANARY: joined.canary_id
        }
        shared = self.table.shared(listed)
        ahead = {listed[element]: KNOWN_CLASS for element in shared} | {joined.canary_id: CANARY_CLASS}
        shares = share.generate(
            params, kr, [(id_, 1.0) for id_ in listed.values()], opened.own_x, self._known.dice, ahead
        )
        upload = {
            "round_id": params.round_id.hex(),
            "registry_version": params.registry_version,
            "key_check": key_check(kr, joined.canary_id),
            "planes": shares.to_bytes(),
        }
        box = Prepared((), (), kr, _written(listed, shares.slots))
        return CommonsShare(opened, upload, box, len(listed) - 1)

    def _chains(self) -> list[Observable]:
        since_us = self._at.clock.now_us() - DAYS * DAY_US
        recent = [one for one in self._known.suspicions() if one.last_us >= since_us]
        return [
            observable for one in recent for observable in one.observables if observable.type is ObservableType.CHAIN
        ]

    def _left_out(self) -> LeftOut:
        """What the policy keeps out of all rounds or of this one, and what a person here vetoed."""
        policy = self._at.policy
        names = frozenset(policy.commons_leave_out)
        vetoed = frozenset(observable for observable, what, _, _ in self._state.wishes() if what == "veto")
        private = {str(as_element(observable)) for observable in policy.left_out}
        out = names | vetoed | private | frozenset(map(str, policy.left_out))
        return lambda kind: str(kind) in out or kind.type.value in names

    def _share_row(self) -> tuple[Rule[CommonsShare, Draft], ...]:
        return (
            Rule("commons_on", self._on),
            Rule("commons_late", _in_time),
            Rule("build", lambda item, draft: draft.plus(**item.fields)),
        )

    def _on(self, _: CommonsShare, draft: Draft) -> Draft | Refused:
        if not self._at.policy.join_commons:
            return Refused("commons_on", "the policy keeps this actor out of the commons")
        return draft

    # --- the answer --------------------------------------------------------------------------------------------

    def take_in(self, message: CommonsAnswered, note: Note) -> Refused | None:
        """Through the gate and into the table; one that cannot be leaves the table as it was, and is said."""
        outcome = self._answers.offer(Received(message, note))
        if not isinstance(outcome, Refused):
            return None
        if self._state.round(message.round_id) is not None:
            self.days.came_to(message.round_id, DayState.WRONG, self._at.clock.now_us(), rule=outcome.rule)
        return outcome

    def closed(self, round_id: str) -> None:
        """The round ended without an answer to this actor."""
        if any(
            one.round_id == round_id and one.state in (DayState.OPENED, DayState.SENT) for one in self.days.newest()
        ):
            self.days.came_to(round_id, DayState.UNANSWERED, self._at.clock.now_us())

    def _answer_row(self) -> tuple[Rule[Received[CommonsAnswered], AnswerDraft], ...]:
        return (
            Rule("answer_round", self._of_round),
            Rule("answer_cells", self._cells),
            Rule("answer_canary", _canary),
        )

    def _of_round(self, put: Received[CommonsAnswered], _: AnswerDraft) -> AnswerDraft | Refused:
        opened = self._state.round(put.message.round_id)
        if opened is None or opened.params.tier != TIER:
            return Refused("answer_round", "no commons round of this id waits for an answer")
        return AnswerDraft(opened)

    def _cells(self, put: Received[CommonsAnswered], answer: AnswerDraft) -> AnswerDraft | Refused:
        if answer.opened is None:
            raise ValueError("the rules come in their order")
        from bavn.psi.commons import cells_of, read_answer

        elements, slots = _read(answer.opened, self._state.box(answer.opened).slots)
        params, raw = answer.opened.params, put.message.cells
        buckets = read_answer(params, raw, slots, len(elements))
        if isinstance(buckets, Refused):
            return buckets
        return AnswerDraft(answer.opened, elements, buckets, cells_of(params, raw, slots, len(elements) - 1))

    def _keep_answer(self, put: Received[CommonsAnswered], answer: AnswerDraft) -> Note:
        if answer.opened is None or answer.buckets is None:
            raise ValueError("an answer that passed has been read")
        day, buckets = answer.opened.params.epoch, answer.buckets.tolist()
        learned = dict(zip(answer.elements[:-1], buckets[:-1], strict=True))
        self.table.keep(day, learned)
        counted = Counter(learned.values())
        known = {str(least): counted[bucket] for bucket, least in enumerate((0, *EDGES))}
        learned_of = {"known": known, "groups": put.message.groups, "other_keys": put.message.other_keys, "rule": ""}
        self.days.came_to(put.message.round_id, DayState.ANSWERED, self._at.clock.now_us(), **learned_of)
        self._state.close_round(put.message.round_id)
        return put.note


def _in_time(item: CommonsShare, draft: Draft) -> Draft | Refused:
    if not item.fields:
        return Refused("commons_late", "the share was not ready before the round's deadline")
    return draft


def _canary(put: Received[CommonsAnswered], answer: AnswerDraft) -> AnswerDraft | Refused:
    """Everybody with these keys holds the canary, in every table, so its K is known; and no K is above that."""
    if answer.buckets is None or answer.opened is None:
        raise ValueError("the rules come in their order")
    groups, least = put.message.groups, bucket_of(put.message.groups)
    if groups > len(answer.opened.xs) or answer.canary != {least}:
        return Refused("answer_canary", "the element that everybody holds is not answered as it must be")
    if int(answer.buckets.max()) > least:
        return Refused("answer_canary", "an element is answered as known to more groups than took part")
    return answer


def _about(opened: OpenRound) -> Mapping[str, object]:
    return {"round_id": opened.params.round_id.hex(), "tier": opened.params.tier}


def _written(listed: Mapping[bytes, bytes], slots: "SlotMap") -> bytes:
    """The elements in the order of the slots, and the slots."""
    parts = [_LENGTH.pack(len(element)) + element for element in listed]
    return _COUNT.pack(len(parts)) + b"".join(parts) + slots.to_bytes()


def _read(opened: OpenRound, raw: bytes) -> "tuple[tuple[bytes, ...], SlotMap]":
    """What ``_written`` wrote, out of this node's own sealed box: damage is a broken invariant."""
    from bavn.psi.slots import SlotMap

    at, elements = _COUNT.size, list[bytes]()
    for _ in range(_COUNT.unpack_from(raw)[0]):
        (length,) = _LENGTH.unpack_from(raw, at)
        elements.append(raw[at + _LENGTH.size : at + _LENGTH.size + length])
        at += _LENGTH.size + length
    slots = SlotMap.from_bytes(opened.params, raw[at:])
    if not isinstance(slots, SlotMap):
        raise TypeError(f"the slot map of a commons round is damaged: {slots.reason}")
    return tuple(elements), slots
