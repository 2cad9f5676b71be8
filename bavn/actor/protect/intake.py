"""Gate 4 at work: messages and approvals in, rows of state out; one ledger line each, in one transaction.

History and warning lists are asked before the gate's transaction opens, and only for what would get that far. Refuses
to know enforcers beyond what they can carry.
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import batched
from typing import Final, Literal

import rfc8785

from bavn.actor.protect.never import NeverBlock
from bavn.actor.protect.outfit import CentreLog, ProtectOutfit
from bavn.actor.protect.own_history import Found, Hunter
from bavn.actor.protect.rules import (
    NOT_CARRIED,
    Arrived,
    Draft,
    Evidence,
    Row,
    release_of,
    renews,
)
from bavn.actor.protect.state import Item, State, item_of, outcome_of
from bavn.model.intel.indicator import Indicator
from bavn.model.moment import SECOND_US
from bavn.model.observable import Observable
from bavn.model.outcome import Refused
from bavn.model.ports import QueryRefused
from bavn.model.text import Text
from bavn.tlog.entries import content_hash, named
from bavn.wire.book import is_environment
from bavn.wire.codec import DOWN_KINDS, Encoded, decode
from bavn.wire.gate import Gate, Rule
from bavn.wire.ledger import Ledger, Note
from bavn.wire.messages.catalogue import IndicatorReleased, IndicatorWithdrawn, SectorSwitched
from bavn.wire.partners.stix_indicator import indicator_of
from bavn.wire.shut import WAITS

GATE: Final = "protect"
PEER: Final = "centre"
NODE: Final = "node"
APPROVED: Final = "IndicatorApproved"
CARRIED: Final = "IndicatorCarried"
SECTOR_SWITCH: Final = "sector_switch"
SWITCH_WAITS: Final = "sector_switch_waits"
"""A note: the turn off that has no proof yet."""
DRY_RUN: Final = "dry run"
WARNING_LISTS: Final = "warning lists"
QUEUE_MAX: Final = 10_000
LOOK_MAX: Final = 200
NEVER_SEEN_MAX: Final = 1000
"""Withdrawals of indicators that never came; each is forgotten after 30 days."""
TOGETHER_MAX: Final = 50
Instruction = IndicatorReleased | IndicatorWithdrawn | SectorSwitched
_HUNTED_THOUGH_REFUSED: Final = frozenset({"pap_allows", "pap_watch_only", "carried"})
"""Looking into own logs is always allowed (PAP), and helps where nothing could be enforced."""


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """A withdrawal at the gate. ``item_id``: sha256 hex of the message."""

    message: IndicatorWithdrawn
    item_id: str


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """The draft of a withdrawal: this indicator's block is no longer wanted."""

    indicator_id: str = ""


@dataclass(frozen=True, slots=True)
class Turned:
    """A turn of the sector's kill switch at the gate. ``item_id``: sha256 hex of the message."""

    message: SectorSwitched
    item_id: str


@dataclass(frozen=True, slots=True)
class Switched:
    """The draft of a turn: how the switch stands from now on."""

    on: bool = False


class Intake:
    """``never`` is the never-block list as it is now, which begins as the outfit's."""

    def __init__(
        self,
        ledger: Ledger,
        outfit: ProtectOutfit,
        never: Callable[[], NeverBlock],
        hunter: Hunter,
        state: State,
        log: CentreLog,
    ) -> None:
        clock = outfit.clock
        self._state, self._clock, self._policy, self._ledger = state, clock, outfit.policy, ledger
        self._hunter, self._listed, self._enforcers = hunter, outfit.listed, outfit.enforcers
        self._proven, self._was_released = log.proven, log.released
        self._row = row = Row(
            policy=outfit.policy,
            never=never,
            homes=tuple(outfit.homes),
            enforcers=outfit.enforcers,
            clock=clock,
            known=state.known,
            held=state.held,
            spent=lambda: state.spent(clock.now_us()),
            proven=log.proven,
        )
        self._released = Gate[Arrived, Draft](
            GATE, row.rules, ledger, clock, way="in", nothing=Draft, label=_label, follow=self._follow
        )
        self._withdrawn = Gate[Withdrawal, Withdrawn](
            GATE,
            (Rule("withdrawal_new", self._withdrawal_new),),
            ledger,
            clock,
            way="in",
            nothing=Withdrawn,
            label=_label_withdrawal,
            follow=self._follow_withdrawal,
        )
        self._switched = Gate[Turned, Switched](
            GATE,
            (Rule("switch_new", self._switch_new), Rule("switch_proof", self._switch_proof)),
            ledger,
            clock,
            way="in",
            nothing=Switched,
            label=_label_switch,
            follow=self._follow_switch,
        )

    def take_in(self, message: Instruction, encoded: Encoded) -> bool:
        """Keeps a message to be looked at; joins the transaction in which the node notes that it heard it. A queue
        that is full refuses it, with its ledger line. The kill switch waits in no queue: True if it was turned. Off it
        waits for its proof, where the policy wants one."""
        if isinstance(message, SectorSwitched):
            turned = self._switched.offer(Turned(message, encoded.id))
            if isinstance(turned, Refused) and turned.rule in WAITS:
                self._state.came(encoded.kind, encoded.body)
            elif isinstance(turned, Refused) and turned.rule == "switch_proof":
                self._state.set_note(SWITCH_WAITS, json.dumps(message.model_dump(), sort_keys=True))
            return not isinstance(turned, Refused)
        if self._state.came_count() < QUEUE_MAX:
            self._state.came(encoded.kind, encoded.body)
            return False
        note = Note(kind=encoded.kind, item_id=encoded.id, peer=PEER)
        refused = Refused("queue_full", "{most} messages wait to be looked at", most=QUEUE_MAX)
        self._ledger.append(self._clock.now_us(), GATE, "in", note, refused)
        return False

    def look(self) -> list[Draft | Refused | Withdrawn | Switched]:
        """The oldest messages (at most LOOK_MAX) meet the gate, one outcome each, in order; what follows from several
        is one write to the disk, all of it or nothing. What the gate is shut for stays, and what it is set aside for,
        until a person opens it. Raises GateBroken."""
        shut = self._released.shut_kinds(PEER)
        came = [(number, Encoded(kind, body)) for number, kind, body in self._state.came_first(LOOK_MAX, shut)]
        messages = [decode(encoded, DOWN_KINDS) for _, encoded in came]
        arrived = [
            Arrived(bundle=message.bundle, item_id=encoded.id)
            for message, (_, encoded) in zip(messages, came, strict=True)
            if isinstance(message, IndicatorReleased)
        ]
        weighed = iter(self._weighed(arrived))
        outcomes: list[Draft | Refused | Withdrawn | Switched] = []
        for some in batched(zip(messages, came, strict=True), TOGETHER_MAX, strict=False):
            with self._state.book.transaction():
                for message, (number, encoded) in some:
                    outcome: Draft | Refused | Withdrawn | Switched
                    if isinstance(message, IndicatorReleased):
                        outcome = self._offer(next(weighed))
                    elif isinstance(message, IndicatorWithdrawn):
                        outcome = self._withdrawn.offer(Withdrawal(message, encoded.id))
                    elif isinstance(message, SectorSwitched):
                        outcome = self._switched.offer(Turned(message, encoded.id))
                    else:
                        raise TypeError(f"only what hear() wrote stands in the queue, not {encoded.kind}")
                    if not (isinstance(outcome, Refused) and outcome.rule in WAITS):
                        self._state.looked_at(number)
                    outcomes.append(outcome)
        return outcomes

    def approve(self, item: Item, by: str) -> Draft | Refused:
        """The same indicator once more, now with a person behind it. Raises GateBroken."""
        item_id = act_id("approved", f"{item.indicator_id}/{item.version}", by, self._clock.now_us())
        [weighed] = self._weighed([Arrived(bundle=item.bundle, item_id=item_id, approved_by=by)])
        return self._offer(weighed)

    def again(self, items: Sequence[Item]) -> list[Draft | Refused]:
        """What waited for an enforcer, now that one carries it: weighed as if it came now, with the person who approved
        it meanwhile, if anybody did. Raises GateBroken."""
        now_us = self._clock.now_us()
        arrived = [
            Arrived(
                bundle=item.bundle,
                item_id=act_id("carried", f"{item.indicator_id}/{item.version}", NODE, now_us),
                approved_by=item.by,
                again=True,
            )
            for item in items
        ]
        weighed = self._weighed(arrived)
        with self._state.book.transaction():
            return [self._offer(item) for item in weighed]

    def turn_again(self) -> bool:
        """The switch that waited for its proof, off, once it has it or the policy wants none; whether it was turned."""
        kept = self._state.note(SWITCH_WAITS)
        if kept is None or self.holds_back(SectorSwitched.__name__, PEER):
            return False
        turn = SectorSwitched(**json.loads(kept))
        if self._policy.log_proof and not self._is_proven(turn):
            return False
        item_id = act_id("proven", f"{SECTOR_SWITCH}/{turn.number}", NODE, self._clock.now_us())
        with self._state.book.transaction():
            outcome = self._switched.offer(Turned(turn, item_id))
            if not (isinstance(outcome, Refused) and outcome.rule in WAITS):
                self._state.drop_note(SWITCH_WAITS)
        return not isinstance(outcome, Refused)

    def prove_again(self) -> bool:
        """What waited for its proof and has it by now is weighed anew; whether anything was. Raises GateBroken."""
        if not self._policy.log_proof or self.holds_back(CARRIED, NODE):
            return False
        waiting = [self._state.item(id_) for id_ in self._state.waiting_for("log_proof", LOOK_MAX)]
        proven = [item for item in waiting if item is not None and self._row.is_proven(item.bundle)]
        if proven:
            self.again(proven)
        return bool(proven)

    def holds_back(self, kind: str, peer: str) -> bool:
        """Whether the gate is shut for this kind from this peer."""
        gate = self._switched if kind == SectorSwitched.__name__ else self._released
        return kind in gate.shut_kinds(peer)

    def uncarried(self, item: Item, why: Refused) -> None:
        """What is in force and nothing carries any more waits for an enforcer again; joins the open transaction."""
        if item.observable is None:
            return
        rule = "pap_watch_only" if item.act == "watch" else "carried"
        row = replace(item, standing="waiting", rule=rule, reason=why.reason.row(), told="waiting", forced_us=None)
        self._state.keep(replace(row, decided_us=self._clock.now_us()))
        self._state.tell(outcome_of(row, "waiting", (), rule, self._enforcers.not_carrying(item.observable, item.act)))

    def _offer(self, item: Arrived) -> Draft | Refused:
        with self._state.book.transaction():
            outcome = self._released.offer(item)
            if not (item.again or item.approved_by):
                self._note_release(item.bundle)
            if isinstance(outcome, Refused) and outcome.rule not in WAITS:
                self._refuse(item, outcome)
        return outcome

    def _note_release(self, bundle: str) -> None:
        """Whatever becomes of it here, that it came is held against the centre's log."""
        if (release := release_of(bundle)) is not None:
            name, version = release
            self._was_released(name, min(version, self._clock.now_us()))

    def _weighed(self, items: Sequence[Arrived]) -> list[Arrived]:
        """The items with what history and lists say of those that would be blocked; history is asked once for all."""
        observables_by_id: dict[int, Observable] = {}
        for n, item in enumerate(items):
            draft = self._released.try_on(item)
            if isinstance(draft, Draft) and draft.act == "block":
                observables_by_id[n] = draft.made.observable
        observables = sorted(set(observables_by_id.values()))
        met, listed = self._tried(observables), self._lists_of(observables)
        return [
            replace(
                item, evidence=Evidence(found=met.get(observables_by_id[n]), listed=listed.get(observables_by_id[n]))
            )
            if n in observables_by_id
            else item
            for n, item in enumerate(items)
        ]

    def _lists_of(self, observables: Sequence[Observable]) -> dict[Observable, str]:
        """The warning list that names each; where asking fails in a way nobody foresaw a person decides, too."""
        if self._listed is None or not observables:
            return {}
        named: dict[Observable, str | None] = {}
        failures, failed = self._ledger.book.failures, False
        for observable in observables:
            try:
                named[observable] = self._listed(observable)
            except Exception as error:
                if is_environment(error):
                    raise
                failures.note(WARNING_LISTS, error, item=str(observable).encode())
                named[observable], failed = "the lists could not be asked", True
        if not failed:
            failures.works(WARNING_LISTS)
        return {observable: name for observable, name in named.items() if name is not None}

    def _tried(self, observables: Sequence[Observable]) -> dict[Observable, Found]:
        """The dry run of each; left out where the day's hunts are spent or history could not be asked."""
        now_us = self._clock.now_us()
        if self._hunter.has_history:
            left = max(0, self._policy.hunts_per_day_max - self._state.hunts(now_us))
            observables = observables[:left]
            if observables:
                self._state.spend("hunt", now_us, len(observables))
        met = self._history_of(observables, now_us)
        if observables and len(met) == len(observables):
            self._ledger.book.failures.works(DRY_RUN)
        return met

    def _history_of(self, observables: Sequence[Observable], now_us: int) -> dict[Observable, Found]:
        """Without those that history fails over in a way nobody foresaw: found by halves, so that they cost themselves
        alone. A person decides on them."""
        try:
            return self._hunter.tried(observables, self._policy.dry_run_days, now_us)
        except QueryRefused:
            return {}
        except Exception as error:
            if is_environment(error):
                raise
            if len(observables) < 2:
                self._ledger.book.failures.note(DRY_RUN, error, item=" ".join(map(str, observables)).encode())
                return {}
        half = len(observables) // 2
        return self._history_of(observables[:half], now_us) | self._history_of(observables[half:], now_us)

    def _follow(self, item: Arrived, draft: Draft) -> Note:
        """What a passed bundle leads to: a row that is wanted, waiting or lifted."""
        indicator, now_us = draft.made, self._clock.now_us()
        met = item.evidence.found if item.evidence else None
        standing = "lifted" if draft.act == "lift" else "waiting" if draft.waits else "wanted"
        row = replace(
            item_of(indicator, item.bundle, draft.act, standing, now_us),
            by=item.approved_by,
            held=self._still_held(indicator) and not item.approved_by,
            found=json.dumps(asdict(met), sort_keys=True) if met else "",
        )
        if standing == "lifted":
            row = replace(row, rule="revoked", reason=Text("the centre revoked it").row())
        elif standing == "waiting":
            row = replace(
                row, rule=draft.waits[0].rule, reason=Text.joined("; ", [why.reason for why in draft.waits]).row()
            )
            self._state.tell(outcome_of(row, "waiting", (), row.rule, ()))
            row = replace(row, told="waiting")
        elif draft.act == "block" and not item.approved_by and not renews(self._state.known(indicator.id), indicator):
            self._state.spend("block", now_us, met.destinations if met else 0)
        if standing != "lifted" and not item.again:  # what waited for an enforcer was hunted for when it came
            self._state.hunt_later(indicator.id, wanted=True)
        self._state.keep(row)
        content = {
            "indicator": indicator.id,
            "observable": str(indicator.observable),
            "act": draft.act,
            "standing": standing,
        }
        content |= {"rule": row.rule, "by": item.approved_by}
        return replace(_label(item), privacy="C", bytes=len(item.bundle), summary=json.dumps(content, sort_keys=True))

    def _still_held(self, made: Indicator) -> bool:
        """What was lifted here stays so for every later version, until a person puts it back."""
        known = self._state.known(made.id)
        return known is not None and known.held

    def _refuse(self, item: Arrived, refused: Refused) -> None:
        """A refused bundle that could be read supersedes what was known, except where it is old or ahead of us."""
        indicator = indicator_of(item.bundle)
        if isinstance(indicator, Refused) or refused.rule in ("version_new", "version_ahead"):
            return
        now_us = self._clock.now_us()
        state: Literal["waiting", "refused"] = "waiting" if refused.rule in NOT_CARRIED else "refused"
        row = item_of(indicator, item.bundle, "watch" if refused.rule == "pap_watch_only" else "block", state, now_us)
        row = replace(row, rule=refused.rule, reason=refused.reason.row(), by=item.approved_by, told=state)
        row = replace(row, held=self._still_held(indicator))
        known = self._state.item(indicator.id)
        if known is None or (known.version, known.told, known.rule) != (row.version, state, row.rule):
            lacks = self._enforcers.not_carrying(indicator.observable, row.act) if state == "waiting" else ()
            self._state.tell(outcome_of(row, state, (), refused.rule, lacks))
        if refused.rule == "room":
            return
        self._state.keep(row)
        self._state.hunt_later(indicator.id, wanted=refused.rule in _HUNTED_THOUGH_REFUSED)

    def _withdrawal_new(self, item: Withdrawal, _: Withdrawn) -> Withdrawn | Refused:
        """A withdrawal is for the version that is known, or a newer one."""
        known = self._state.known(item.message.indicator_id)
        if item.message.version > self._clock.now_us() + self._policy.clock_skew_s_max * SECOND_US:
            return Refused("version_ahead", "this version lies ahead of this node's clock")
        if known is None and self._state.never_seen() >= NEVER_SEEN_MAX:
            return Refused(
                "room", "{most} withdrawals of what never came here are remembered already", most=NEVER_SEEN_MAX
            )
        if known is not None and item.message.version < known.version:
            return Refused("withdrawal_new", "a newer version of the indicator came after this withdrawal")
        if known is None and self._state.spent(self._clock.now_us()).items >= self._policy.items_max:
            return Refused("room", "{most} indicators are remembered already", most=self._policy.items_max)
        return Withdrawn(item.message.indicator_id)

    def _follow_withdrawal(self, item: Withdrawal, _: Withdrawn) -> Note:
        now_us, indicator_id = self._clock.now_us(), item.message.indicator_id
        row = self._state.item(indicator_id) or _never_seen(indicator_id, now_us)
        row = replace(row, version=item.message.version, standing="lifted", rule="withdrawn", decided_us=now_us)
        self._state.keep(replace(row, reason=Text("the centre withdrew it").row(), told=""))
        self._state.hunt_later(indicator_id, wanted=False)
        said = json.dumps({"indicator": indicator_id, "standing": "lifted"}, sort_keys=True)
        return replace(_label_withdrawal(item), privacy="C", summary=said)

    def _switch_new(self, item: Turned, _: Switched) -> Switched | Refused:
        """A turn never comes back: an old one played again neither lifts nor blocks anything. When it was turned
        counts, not its number: a number can leap for ever, a moment no further than this node's clock."""
        known, turn = sector_switch(self._state), item.message
        if turn.at_us > self._clock.now_us() + self._policy.clock_skew_s_max * SECOND_US:
            return Refused("switch_ahead", "this turn of the switch lies ahead of this node's clock")
        if known is not None and (turn.at_us, turn.number) <= (known.at_us, known.number):
            return Refused("switch_new", "this turn of the switch, or a later one, was here before")
        return Switched(turn.state == "on")

    def _switch_proof(self, item: Turned, draft: Switched) -> Switched | Refused:
        """Where the policy wants it, the centre's log must hold a turn by which blocks come back; one by which they are
        lifted waits for nothing."""
        if draft.on or not self._policy.log_proof or self._is_proven(item.message):
            return draft
        return Refused("switch_proof", "no proof yet that the centre's log holds this turn of the switch")

    def _is_proven(self, turn: SectorSwitched) -> bool:
        said = content_hash({"by": turn.by, "why": turn.why})
        return self._proven(named("switch", {"turn": turn.number, "to": turn.state}, said), self._policy.log_witnesses)

    def _follow_switch(self, item: Turned, _: Switched) -> Note:
        turn = item.message
        content = json.dumps(turn.model_dump(), sort_keys=True)
        kept = turn.model_dump() | {"at_us": min(turn.at_us, self._clock.now_us())}
        self._state.set_note(SECTOR_SWITCH, json.dumps(kept, sort_keys=True))
        self._state.drop_note(SWITCH_WAITS)  # an earlier turn, or this one
        return replace(_label_switch(item), privacy="C", summary=content)


def sector_switch(state: State) -> SectorSwitched | None:
    """The last turn of the sector's kill switch that came here; None if none did."""
    kept = state.note(SECTOR_SWITCH)
    return None if kept is None else SectorSwitched(**json.loads(kept))


def act_id(act: str, indicator_id: str, by: str, at_us: int) -> str:
    """sha256 hex of something that a person did here: the item id of its ledger line."""
    return hashlib.sha256(rfc8785.dumps([act, indicator_id, by, at_us])).hexdigest()


def _label(item: Arrived) -> Note:
    return Note(
        kind=CARRIED if item.again else APPROVED if item.approved_by else IndicatorReleased.__name__,
        item_id=item.item_id,
        peer=item.approved_by or (NODE if item.again else PEER),
    )


def _label_withdrawal(item: Withdrawal) -> Note:
    return Note(kind="IndicatorWithdrawn", item_id=item.item_id, peer=PEER)


def _label_switch(item: Turned) -> Note:
    return Note(kind="SectorSwitched", item_id=item.item_id, peer=PEER)


def _never_seen(indicator_id: str, now_us: int) -> Item:
    return Item(
        indicator_id=indicator_id,
        version=0,
        bundle="",
        type="",
        value="",
        act="lift",
        standing="lifted",
        rule="",
        reason="",
        until_us=now_us,
        decided_us=now_us,
    )
