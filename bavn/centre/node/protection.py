"""What the centre does about indicators in a step: carries orders out, minds the canary ring, turns the kill switch.

Orders of cases become indicators with a life of their own; orders of indicators go to share and what gate 3 refuses
comes back. Everything is repeatable: a kill between two writes is healed by doing it again. Refuses to decide anything.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from bavn.centre.cases.case.case import Case, ElementFacts
from bavn.centre.cases.case.cases import Cases
from bavn.centre.cases.case.files import Marking
from bavn.centre.cases.indicators.indicator import Evidence, Life
from bavn.centre.cases.indicators.indicators import CaseTerms, Indicators
from bavn.centre.cases.indicators.steps import evidence_for
from bavn.centre.cases.indicators.upkeep import Upkeep
from bavn.centre.cases.sector_switch import SectorSwitch
from bavn.centre.node.contained import Containment
from bavn.centre.share.outgoing import Grounds
from bavn.centre.share.share import Share, ShareRequest, confidence_of
from bavn.model.intel.indicator import Pap, Tlp
from bavn.model.moment import DAY_US, MINUTE_US, SECOND_US
from bavn.model.ports import Clock
from bavn.model.received import BlockReceipt, Observed
from bavn.model.sector.case import CaseAct
from bavn.model.sector.intel import strictest
from bavn.model.statement import Switching

HASTE_US: Final = SECOND_US // 10
HASTE_REST: Final = 20
"""Looking for an order takes a twentieth of the time at most, however many indicators there are."""
INNOCENT = frozenset({"not_listed", "register", "verdict"})
HURRIED = "two people passed the ring over"
UNMARKED = Marking(tlp=Tlp.CLEAR, pap=Pap.CLEAR)
"""What came of no case has no marking but its own."""


@dataclass(slots=True)
class Protection:
    """``group_of``: actor -> its group; ``active``: whom the switch is told; ``marked``: how a case is marked."""

    cases: Cases
    indicators: Indicators
    upkeep: Upkeep
    switch: SectorSwitch
    share: Share
    clock: Clock
    active: Callable[[], Sequence[str]]
    group_of: Callable[[str], str]
    marked: Callable[[str], Marking | None]
    contained: Containment
    _due_us: int = field(init=False, default=0)

    def hasten(self) -> None:
        """Carries out what people ordered since the step began: a block waits for no other work. Between any two pieces
        of it; looks each HASTE_US at most."""
        began_us = self.clock.now_us()
        if 0 < self._due_us - began_us <= MINUTE_US:
            return
        self.contained.part("centre haste", self._hasten)
        ended_us = self.clock.now_us()
        self._due_us = ended_us + min(max(HASTE_US, HASTE_REST * (ended_us - began_us)), MINUTE_US)

    def _hasten(self) -> None:
        if self.switch.to_send(self.active()) or self.cases.orders() or self.indicators.orders(limit=1):
            self.step()

    def step(self) -> None:
        """All that can be done now. The kill switch first: it must not wait for anything. One that fails in a way that
        nobody foresaw holds up none of the others, nor one order another."""
        for name, do in self.parts():
            self.contained.part(name, do)

    def parts(self) -> tuple[tuple[str, Callable[[], object]], ...]:
        """What a step does, in order."""
        each = self.contained.each
        return (
            ("protection switch", self.turn_switch),
            ("protection policies", self.cases.apply_policies),
            ("protection cases", lambda: each("order of a case", self.cases.orders(), self._carry_out)),
            ("protection upkeep", self.upkeep.step),
            ("protection ring", self._mind_stages),
            ("protection indicators", lambda: each("order", self.indicators.orders(), self._carry_out_one)),
            ("protection share", self.share.step),
        )

    def turn_switch(self) -> None:
        """Every turn to every active actor, once and in order; one whose queue is full is tried again."""
        full: set[str] = set()
        for turn, actor in self.switch.to_send(self.active()):
            if actor in full:
                continue
            said = Switching(to=actor, number=turn.number, on=turn.on, at_us=turn.at_us, by=turn.by, why=turn.why)
            refused = self.share.say(said)
            if refused is None:
                self.switch.sent(turn.number, actor)
            else:
                full.add(actor)

    def heard(self, receipt: BlockReceipt | Observed) -> None:
        """Keeps what an actor said of an indicator, for the clock, the ring and what it is worth."""
        case_id = self.share.heard(receipt)
        if case_id is not None:
            self.cases.blocked(case_id, receipt.received_us)
        self.upkeep.heard(receipt, self.group_of(receipt.actor))

    # --- cases ---------------------------------------------------------------------------------------------------

    def _carry_out(self, case: Case) -> None:
        if not case.wanted:
            _, why = self.cases.last_by(case.id, CaseAct.WITHDRAW)
            who, _ = self.cases.last_by(case.id, CaseAct.WITHDRAW)
            self.indicators.withdrawn_with_case(case, who or "centre", why)
            self.share.withdraw(case.id)
            self.cases.done(case.id, case.order_no, None)
            return
        chosen = _chosen(case)
        indicators = self.indicators.of_case_order(case, chosen, self._terms(case))
        for life in indicators:
            if life.done_no < life.order_no:
                self._carry_out_one(life)
        now = [self.indicators.get(life.id) for life in indicators]
        refusals = {str(life.observable): life.refusal for life in now if life.refusal and not life.wanted}
        if len(refusals) == len(chosen):
            self.cases.refused(case.id, case.order_no, refusals or {"": "none of its observables was chosen"})
            return
        if refusals:
            self.cases.record_once("partly-refused-by-gate", f"{case.id}/{case.order_no}", refusals)
        left = any(life.wanted for life in now)
        self.cases.done(case.id, case.order_no, self.clock.now_us() if left else None)

    def _terms(self, case: Case) -> CaseTerms:
        terms = case.terms
        who, why = self.cases.last_by(case.id, CaseAct.RELEASE)
        people = self.cases.behind(case.id)
        marked = self.marked(case.id) or Marking()

        def tlp(element: ElementFacts) -> Tlp:
            return strictest(terms.tlp, marked.tlp, Tlp(element.tlp_min or Tlp.CLEAR))

        def pap(element: ElementFacts) -> Pap:
            if terms.pap is not None:
                return min(terms.pap, marked.pap)
            return self.share.pap_for(_grounds(evidence_for(element), who, people, marked))

        def confidence(element: ElementFacts) -> int:
            return confidence_of(element.score) if terms.confidence is None else terms.confidence

        return CaseTerms(who=who, why=why, people=people, tlp=tlp, days=terms.days, pap=pap, confidence=confidence)

    # --- indicators ----------------------------------------------------------------------------------------------

    def _carry_out_one(self, life: Life) -> None:
        if not life.wanted:
            self.share.delist(life.id)
            self.indicators.done(life.id, life.order_no)
            return
        refusals = self.share.release([self._request(life)], life.order_no)
        if refusals:
            self.indicators.refused(life.id, life.order_no, next(iter(refusals.values())).row())
            return
        now_us = self.clock.now_us()
        self.indicators.done(life.id, life.order_no, now_us + life.days * DAY_US)
        self.cases.released(life.case_id, now_us)

    def _request(self, life: Life) -> ShareRequest:
        """A refreshed indicator goes out with what it is worth by then, and needs no ring."""
        again = life.refreshed_us is not None
        evidence = life.evidence
        innocent = tuple(check.name for check in life.checks if check.name in INNOCENT)
        return ShareRequest(
            observable=life.observable,
            case_id=life.case_id,
            technique=life.technique,
            tlp=life.tlp,
            pap=life.pap,
            days=life.days,
            ringed=not again and not life.now,
            confidence=max(1, self.upkeep.standing(life, self.clock.now_us()).worth) if again else life.base,
            grounds=_grounds(
                replace(evidence, listed=tuple(dict.fromkeys((*evidence.listed, *innocent)))),
                life.released_by,
                life.people,
                self.marked(life.case_id),
                life.read_by,
            ),
        )

    def _mind_stages(self) -> None:
        now_us = self.clock.now_us()
        for stand in self.share.ring.waiting():
            if self.indicators.get(stand.indicator_id).now:
                self._go_on(stand.indicator_id, HURRIED, now_us)
        for decision in self.share.decisions():
            if decision.goes_on:
                self._go_on(decision.indicator_id, decision.why, now_us)
            else:
                self.indicators.stopped(decision.indicator_id, f"stopped in the canary ring: {decision.why}")
                self.share.ring.stop(decision.indicator_id, decision.why, now_us)

    def _go_on(self, wanted_id: str, why: str, now_us: int) -> None:
        life = self.indicators.get(wanted_id)
        self.cases.record_once("indicator-ring-open", f"{wanted_id[11:]}/{life.order_no}", {"why": why})
        self.share.ring.go_on(wanted_id, why, now_us)


def _chosen(case: Case) -> list[ElementFacts]:
    wanted = case.terms.observables
    return [element for element in case.facts.elements if wanted is None or element.observable in wanted]


def _grounds(
    evidence: Evidence, who: str, people: tuple[str, ...], marked: Marking | None, read_by: tuple[str, ...] = ()
) -> Grounds:
    """``marked``: None for what came of no case."""
    marking = marked or UNMARKED
    return Grounds(
        score=evidence.score,
        groups=evidence.groups,
        listed=evidence.listed,
        approved_by=who,
        people=people,
        by_hand=evidence.by_hand,
        partners=evidence.partners,
        tlp_min=evidence.tlp_min,
        pap_max=evidence.pap_max,
        case_tlp=marking.tlp.value,
        case_pap=int(marking.pap),
        read_by=read_by,
    )
