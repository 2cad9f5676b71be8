"""What the centre asks in a round, at the actor's door: one row of rules for each kind of question.

A hostile centre may open rounds that nobody should join (too few members, t below what the policy asks, members
exchanged under an old registry version) or ask about more cells than there can be. Each is refused with one line.
"""

from typing import Protocol

from bavn.actor.door.conversation import Nothing, Received
from bavn.actor.door.live import is_strong
from bavn.actor.door.policy import DoorPolicy
from bavn.actor.door.state import OpenRound
from bavn.model.forms import forms, same_spelling
from bavn.model.moment import DAY_US, HOUR_US
from bavn.model.outcome import Refused
from bavn.model.ports import Clock
from bavn.psi import commons_terms
from bavn.psi.round import RoundParams
from bavn.wire.gate import Rule
from bavn.wire.messages.catalogue import ReceiptsAsked, RevealAsked, RoundClosed, RoundOpened

Question = RoundOpened | ReceiptsAsked | RevealAsked | RoundClosed


RoundQuestion = Received[Question]


class RoundMemory(Protocol):
    """What the rules ask of the past: which rounds and members the node has heard of."""

    def knows(self, round_id: str, /) -> bool: ...
    def round(self, round_id: str, /) -> OpenRound | None: ...
    def is_wanted(self, round_id: str, /) -> bool: ...
    def had(self, tier: str, epoch: int) -> bool: ...
    def members(self, version: int, /) -> str | None: ...
    def newest_registry(self) -> int: ...
    def rounds_since(self, since_us: int) -> int: ...
    def restored_us(self) -> int: ...


class RoundRules:
    """The row that every question about rounds must pass. ``name``: this actor's own."""

    def __init__(self, policy: DoorPolicy, state: RoundMemory, clock: Clock, name: str) -> None:
        self._policy, self._state, self._clock, self._name = policy, state, clock, name

    def row(self) -> tuple[Rule[RoundQuestion, Nothing], ...]:
        return (
            Rule("round_new", self._new),
            Rule("round_commons", self._commons),
            Rule("round_members", self._members),
            Rule("round_registry", self._registry),
            Rule("round_forms", self._forms),
            Rule("round_threshold", self._threshold),
            Rule("round_size", self._size),
            Rule("round_time", self._time),
            Rule("round_rate", self._rate),
            Rule("round_known", self._known),
            Rule("round_cells", self._cells),
        )

    def _new(self, put: RoundQuestion, outcome: Nothing) -> Nothing | Refused:
        if isinstance(put.message, RoundOpened) and self._state.knows(put.message.round_id):
            return Refused("round_new", "this round was opened before")
        restored_us = self._state.restored_us()
        if isinstance(put.message, RoundOpened) and restored_us and put.message.epoch <= _last_epoch(restored_us):
            return Refused("round_new", "the node was restored, and may have played it: it joins again tomorrow")
        return outcome

    def _commons(self, put: RoundQuestion, outcome: Nothing) -> Nothing | Refused:
        """The commons are one round a day of one shape, where the policy takes part; nothing of them is ever named."""
        message = put.message
        if isinstance(message, ReceiptsAsked | RevealAsked):
            opened = self._state.round(message.round_id)
            named = opened is not None and opened.params.tier == commons_terms.TIER
            return Refused("round_commons", "nothing of a commons round is ever named") if named else outcome
        if not isinstance(message, RoundOpened) or message.tier != commons_terms.TIER:
            return outcome
        if not self._policy.join_commons:
            return Refused("round_commons", "the policy keeps this actor out of the commons")
        if (message.t, message.r) != (commons_terms.T, commons_terms.R) or message.m not in commons_terms.SIZES:
            return Refused("round_commons", "sizes that no commons round has")
        second = self._state.had(commons_terms.TIER, message.epoch)
        return Refused("round_commons", "a second commons round of one day") if second else outcome

    def _members(self, put: RoundQuestion, outcome: Nothing) -> Nothing | Refused:
        message = put.message
        if not isinstance(message, RoundOpened):
            return outcome
        names, xs = {m.actor for m in message.members}, {m.x for m in message.members}
        if len(names) != len(message.members) or len(xs) != len(message.members):
            return Refused("round_members", "a name or an x stands twice among the members")
        if self._name not in names:
            return Refused("round_members", "this actor is not among the members")
        few = len(names) < max(self._policy.members_min, message.t)
        return Refused("round_members", "fewer members than the policy asks for") if few else outcome

    def _registry(self, put: RoundQuestion, outcome: Nothing) -> Nothing | Refused:
        message = put.message
        if not isinstance(message, RoundOpened):
            return outcome
        known = self._state.members(message.registry_version)
        if known is not None and known != members_text(message):
            return Refused("round_registry", "other members than this registry version had before")
        if known is None and message.registry_version < self._state.newest_registry():
            return Refused("round_registry", "an older registry version than one seen before")
        return outcome

    def _forms(self, put: RoundQuestion, outcome: Nothing) -> Nothing | Refused:
        message = put.message
        if not isinstance(message, RoundOpened) or same_spelling(message.forms):
            return outcome
        return Refused(
            "round_forms",
            "observables are written otherwise there ({theirs}; here {ours})",
            theirs=message.forms,
            ours=forms(),
        )

    def _threshold(self, put: RoundQuestion, outcome: Nothing) -> Nothing | Refused:
        message = put.message
        if not isinstance(message, RoundOpened):
            return outcome
        t_min = self._policy.strong_t_min if is_strong(message.tier) else self._policy.weak_t_min
        low = message.t < t_min
        return Refused("round_threshold", "fewer actors than the policy asks for would reveal") if low else outcome

    def _size(self, put: RoundQuestion, outcome: Nothing) -> Nothing | Refused:
        message = put.message
        if not isinstance(message, RoundOpened):
            return outcome
        if message.m > self._policy.set_elements_max and message.tier != commons_terms.TIER:
            return Refused("round_size", "a larger set than the policy prepares")
        try:
            params_of(message)
        except ValueError:
            return Refused("round_size", "sizes that the protocol does not have")
        return outcome

    def _time(self, put: RoundQuestion, outcome: Nothing) -> Nothing | Refused:
        message = put.message
        if not isinstance(message, RoundOpened):
            return outcome
        now_us = self._clock.now_us()
        if not now_us < message.deadline_us <= now_us + DAY_US:
            return Refused("round_time", "its deadline has passed or is more than a day away")
        if not now_us // DAY_US - 1 <= message.epoch <= _last_epoch(now_us):
            return Refused("round_time", "its epoch is not today's")
        return outcome

    def _rate(self, put: RoundQuestion, outcome: Nothing) -> Nothing | Refused:
        if not isinstance(put.message, RoundOpened):
            return outcome
        many = self._state.rounds_since(self._clock.now_us() - HOUR_US) >= self._policy.rounds_per_hour_max
        return Refused("round_rate", "more rounds in an hour than the policy allows") if many else outcome

    def _known(self, put: RoundQuestion, outcome: Nothing) -> Nothing | Refused:
        message = put.message
        if isinstance(message, RoundOpened) or self._state.round(message.round_id) is not None:
            return outcome
        ends_wait = isinstance(message, RoundClosed) and self._state.is_wanted(message.round_id)
        return outcome if ends_wait else Refused("round_known", "no open round of this id")

    def _cells(self, put: RoundQuestion, outcome: Nothing) -> Nothing | Refused:
        message = put.message
        if not isinstance(message, ReceiptsAsked | RevealAsked):
            return outcome
        opened = self._state.round(message.round_id)
        if opened is None:
            return Refused("round_known", "no open round of this id")
        cells = message.cells if isinstance(message, ReceiptsAsked) else message.items
        places = {(cell.table, cell.bin) for cell in cells}
        if len(places) != len(cells):
            return Refused("round_cells", "a cell is asked about twice")
        if any(table >= opened.params.r or at >= opened.params.bins for table, at in places):
            return Refused("round_cells", "a cell outside the planes")
        if opened.asked + len(cells) > 2 * opened.params.m:
            return Refused("round_cells", "more cells than a round may ask about (m in each phase)")
        return outcome


def _last_epoch(now_us: int) -> int:
    """Of the rounds that may be open now: tomorrow's are, where the centre's clock is ahead at midnight."""
    return (now_us + HOUR_US) // DAY_US


def members_text(message: RoundOpened) -> str:
    """The members in one spelling, to compare registry versions."""
    return " ".join(f"{m.actor}={m.x}" for m in sorted(message.members, key=lambda m: m.actor))


def params_of(message: RoundOpened) -> RoundParams:
    """The parameters that are bound into the round's key. ValueError outside the protocol's limits."""
    return RoundParams(
        version=message.version,
        epoch=message.epoch,
        round_id=bytes.fromhex(message.round_id),
        registry_version=message.registry_version,
        tier=message.tier,
        t=message.t,
        m=message.m,
        r=message.r,
        forms=message.forms,
    )
