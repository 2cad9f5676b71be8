"""Gate 1, the rules for what may be said of an element: into a round's set (S0), and as a report when revealed (S1).

Each rule adds to a draft built from nothing, or says no. Their order is the order in which the docs list them.
"""

from dataclasses import dataclass
from typing import Final, Protocol

from bavn.actor.door.draft import Draft
from bavn.actor.door.live import Element, is_strong
from bavn.actor.door.policy import DoorPolicy
from bavn.actor.door.round_elements import RoundElement
from bavn.model.evidence import (
    PERIOD_EDGES_S,
    REGULARITY_EDGES,
    age_bucket,
    bucket_of,
    hosts_bucket,
    p_bucket,
    walk_half_nats,
)
from bavn.model.moment import DAY_US, hour_of
from bavn.model.observable import Observable, ObservableType, is_external
from bavn.model.outcome import Refused
from bavn.model.ports import Clock
from bavn.model.sector import canary
from bavn.model.text import Text
from bavn.psi.round import Cell
from bavn.wire.gate import Rule


@dataclass(frozen=True, slots=True)
class Offered:
    """An element that may join a tier's rounds. ``strong_enough``: its p reaches the tier's line. ``same_names``: names
    are cut by the same list in the round that is prepared as here."""

    element: Element
    tier: str
    strong_enough: bool
    same_names: bool = True


WAITS: Final = Refused("reveal_mode", "waits for a person here to allow it")


@dataclass(frozen=True, slots=True)
class ElementRequest:
    """An element that the centre asks about. ``told`` None: the cell holds none. ``proved``: the receipts hold.
    ``judged``: as what people here have put it aside since it was prepared; else empty. ``echo``: all that speaks for
    it now rests on an indicator that the sector shared."""

    round_id: str
    tier: str
    cell: Cell
    told: RoundElement | None
    proved: bool
    judged: str = ""
    echo: bool = False


class ReportMemory(Protocol):
    """What the rules ask of the past: what a person here said of an element, and what was reported since a moment."""

    def wish(self, observable: Observable) -> str | None: ...
    def was_reported(self, observable: Observable, since_us: int) -> bool: ...
    def reported_since(self, since_us: int) -> int: ...
    def restored_us(self) -> int: ...


class Rules:
    """The rows of both gates over one policy. ``homes``: the actor's own networks."""

    def __init__(self, policy: DoorPolicy, state: ReportMemory, clock: Clock, homes: tuple[str, ...]) -> None:
        self._policy, self._state, self._clock, self._homes = policy, state, clock, homes
        self._left_out = policy.left_out

    def element_row(self) -> tuple[Rule[Offered, Draft], ...]:
        """May this element join the rounds of this tier?"""
        return (
            Rule("tier_joined", self._tier_joined),
            Rule("strong_enough", self._strong_enough),
            Rule("canary", lambda item, draft: self._canary(item.element.suspicion.detector, draft)),
            Rule("external", self._element_external),
            Rule("same_names", _same_names),
            Rule("not_left_out", lambda item, draft: self._not_left_out(item.element.observable, draft)),
            Rule("not_common", self._not_common),
            Rule("not_ordinary", _not_ordinary),
            Rule("not_vetoed", lambda item, draft: self._not_vetoed(item.element.observable, draft)),
            Rule("not_judged", lambda item, draft: _not_judged(item.element.judged, draft)),
            Rule("not_echo", lambda item, draft: _not_echo(draft, echo=item.element.echo)),
        )

    def report_row(self) -> tuple[Rule[ElementRequest, Draft], ...]:
        """May this be reported? All that a report says is added here (the message rule comes after)."""
        return (
            Rule("receipts", self._receipts),
            Rule("canary", lambda item, draft: self._canary(_element(item).detector, draft)),
            Rule(
                "external",
                lambda item, draft: self._external(_element(item).observable, _element(item).detector, draft),
            ),
            Rule("not_left_out", lambda item, draft: self._not_left_out(_element(item).observable, draft)),
            Rule("not_vetoed", lambda item, draft: self._not_vetoed(_element(item).observable, draft)),
            Rule("not_judged", lambda item, draft: _not_judged(item.judged, draft)),
            Rule("not_echo", lambda item, draft: _not_echo(draft, echo=item.echo)),
            Rule("reveal_mode", self._reveal_mode),
            Rule("budget", self._budget),
            Rule("evidence", self._evidence),
            Rule("time", self._time),
            Rule("behaviour", self._behaviour),
        )

    def _tier_joined(self, item: Offered, draft: Draft) -> Draft | Refused:
        joined = self._policy.join_strong if is_strong(item.tier) else self._policy.join_weak
        return draft if joined else Refused("tier_joined", "the policy takes no part in rounds of this tier")

    def _strong_enough(self, item: Offered, draft: Draft) -> Draft | Refused:
        return (
            draft if item.strong_enough else Refused("strong_enough", "the evidence is weaker than the tier asks for")
        )

    def _canary(self, detector: str, draft: Draft) -> Draft | Refused:
        if detector == canary.DETECTOR and not self._policy.tell_canaries:
            return Refused("canary", "the policy tells of no canaries")
        return draft

    def _element_external(self, item: Offered, draft: Draft) -> Draft | Refused:
        return self._external(item.element.observable, item.element.suspicion.detector, draft)

    def _external(self, observable: Observable, detector: str, draft: Draft) -> Draft | Refused:
        """A canary's name is nobody's, and passes only as the canary of these days."""
        if detector == canary.DETECTOR:
            day = canary.day_of(observable)
            if day is None or not canary.is_current(day, self._clock.now_us()):
                return Refused("external", "no canary of today or yesterday")
        elif not is_external(observable, self._homes):
            return Refused("external", "it names something inside")
        return draft.plus(type=observable.type.value, value=observable.value)

    def _not_left_out(self, observable: Observable, draft: Draft) -> Draft | Refused:
        left_out = observable in self._left_out
        return Refused("not_left_out", "the policy leaves it out") if left_out else draft

    def _not_common(self, item: Offered, draft: Draft) -> Draft | Refused:
        listed = item.element.suspicion.listed
        return Refused("not_common", "everybody knows it: a popularity or warning list has it") if listed else draft

    def _not_vetoed(self, observable: Observable, draft: Draft) -> Draft | Refused:
        vetoed = self._state.wish(observable) == "veto"
        return Refused("not_vetoed", "a person here has vetoed it") if vetoed else draft

    def _receipts(self, item: ElementRequest, draft: Draft) -> Draft | Refused:
        if item.told is None or not item.proved:
            return Refused("receipts", "not shown that enough others hold it")
        return draft.plus(round_id=item.round_id, table=item.cell.table, bin=item.cell.bin)

    def _reveal_mode(self, item: ElementRequest, draft: Draft) -> Draft | Refused:
        if _element(item).detector == canary.DETECTOR:
            return draft
        observable = _element(item).observable
        mode = self._policy.reveal_mode(observable.type)
        if mode == "never":
            return Refused("reveal_mode", "the policy never reveals this class")
        if mode == "ask" and self._state.wish(observable) != "allow":
            return WAITS
        return draft

    def _budget(self, item: ElementRequest, draft: Draft) -> Draft | Refused:
        """Counts observables: a repeat names nothing new to the centre, and the newest evidence is what it weighs."""
        since_us = self._clock.now_us() - DAY_US
        if self._state.was_reported(_element(item).observable, since_us):
            return draft
        many = self._state.reported_since(since_us) >= self._policy.reports_per_day_max
        spent = many or self._state.restored_us() > since_us
        return Refused("budget", "the day's budget of different observables to report is spent") if spent else draft

    def _evidence(self, item: ElementRequest, draft: Draft) -> Draft | Refused:
        element = _element(item)
        return draft.plus(
            detector=element.detector,
            technique=element.technique,
            p_bucket=p_bucket(element.p),
            hosts_bucket=hosts_bucket(element.hosts),
        )

    def _time(self, item: ElementRequest, draft: Draft) -> Draft | Refused:
        """When it was, and how long the element itself has been known here: it may be older than what is told."""
        element = _element(item)
        age = None if element.since_us is None else age_bucket(max(0, self._clock.now_us() - element.since_us))
        return draft.plus(first_hour=hour_of(element.first_us), last_hour=hour_of(element.last_us), age_bucket=age)

    def _behaviour(self, item: ElementRequest, draft: Draft) -> Draft | Refused:
        element = _element(item)
        period = None if element.period_s is None else bucket_of(element.period_s, PERIOD_EDGES_S)
        regularity = None if element.regularity is None else bucket_of(element.regularity, REGULARITY_EDGES)
        walk = None if element.walk_nats is None else walk_half_nats(element.walk_nats)
        return draft.plus(period_bucket=period, regularity_bucket=regularity, walk_half_nats=walk)


_JUDGED = {"benign": Text("people here have judged it benign"), "ignore": Text("people here ignore it for now")}


def _same_names(item: Offered, draft: Draft) -> Draft | Refused:
    if item.same_names or item.element.observable.type is not ObservableType.DOMAIN:
        return draft
    return Refused("same_names", "the round cuts names by another public suffix list than this node's")


def _not_ordinary(item: Offered, draft: Draft) -> Draft | Refused:
    if not item.element.ordinary:
        return draft
    return Refused("not_ordinary", "the commons say that others use it day after day, and no indicator names it")


def _not_judged(judged: str, draft: Draft) -> Draft | Refused:
    return Refused.of("not_judged", _JUDGED[judged]) if judged else draft


def _not_echo(draft: Draft, *, echo: bool) -> Draft | Refused:
    return Refused("not_echo", "it rests on an indicator that the sector shared: told as a sighting") if echo else draft


def _element(item: ElementRequest) -> RoundElement:
    if item.told is None:
        raise ValueError("the receipts rule lets nothing through that holds no element")
    return item.told
