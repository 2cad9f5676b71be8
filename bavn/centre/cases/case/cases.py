"""Cases: a lead somebody triages, with its life-cycle, verdicts, clocks and orders to share.

Every act is one transaction: the state must still be the one that was read, the life-cycle must have the step, and the
audit log gets its line, or nothing happens; so service and command line may act on one database at once. What is
wanted of a case's indicators is an order here, with a number; share carries it out and says so. Refuses to know leads,
gates and messages: it is handed facts and gives orders.
"""

import json
from collections.abc import Collection, Iterable
from dataclasses import asdict, replace
from typing import Any, Final

from sqlalchemy import Connection, Engine, insert, select, update

from bavn.centre.cases import audit
from bavn.centre.cases.case.case import (
    Case,
    ElementFacts,
    LeadFacts,
    ReleaseTerms,
    clocks_text,
    facts_of,
    facts_text,
    terms_text,
)
from bavn.centre.cases.case.rows import ChangedMeanwhile, UnknownCase, case_of, locked
from bavn.centre.cases.case.streams import follow
from bavn.centre.cases.case.verdict_rows import judge, no_verdict, unjudge
from bavn.centre.cases.case.work_tables import make_work_tables
from bavn.centre.cases.indicators.tables import METADATA as INDICATOR_METADATA
from bavn.centre.cases.indicators.tables import RETIRED
from bavn.centre.cases.policies import Policies, PolicyState
from bavn.centre.cases.tables import AUDIT, CASE, VERDICT, reading, writing
from bavn.centre.cases.two_people import CENTRE, POLICY_PREFIX, NotAllowed, person
from bavn.centre.store.engine import make_missing
from bavn.model.moment import HOUR_US
from bavn.model.observable import Observable, ObservableType
from bavn.model.ports import Clock
from bavn.model.principal import recorded
from bavn.model.received import Withdrawal
from bavn.model.sector.case import CaseAct, CaseState, Clocks, after
from bavn.model.sector.indicator_life import distinct
from bavn.model.sector.refusal import word
from bavn.model.text import Text

OPEN_STATES: Final = (CaseState.NEW, CaseState.TRIAGE, CaseState.CONFIRMED)
WHY_CHARACTERS_MAX: Final = 2000
COMMENT_CHARACTERS_MAX: Final = 8000
_WANTS: Final = {CaseAct.RELEASE: True, CaseAct.WITHDRAW: False, CaseAct.DISMISS: False}


class Cases:
    """All methods may be called from any process on the same database."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        make_work_tables(engine)
        make_missing(engine, INDICATOR_METADATA)
        self._engine = engine
        self._clock = clock
        self.policies = Policies(engine, clock)

    # --- from leads to cases -----------------------------------------------------------------------------------

    def open(self, facts: LeadFacts, user: str = CENTRE) -> Case:
        """The case of a lead: a new one, or the one it has already."""
        if user != CENTRE:
            person(user)
        now_us = self._clock.now_us()
        case_id = "case-" + facts.lead_id.removeprefix("lead-")
        clocks = Clocks(
            first_sighting_us=facts.first_hour * HOUR_US, first_report_us=facts.first_report_us, lead_us=facts.lead_us
        )
        with writing(self._engine) as connection:
            if connection.execute(select(CASE.c.id).where(CASE.c.id == case_id)).first() is None:
                connection.execute(
                    insert(CASE).values(
                        id=case_id,
                        lead_id=facts.lead_id,
                        state=CaseState.NEW.value,
                        score=facts.score,
                        owner="",
                        opened_us=now_us,
                        facts=facts_text(facts),
                        terms=terms_text(ReleaseTerms()),
                        clocks=clocks_text(clocks),
                        wanted=False,
                        order_no=0,
                        done_no=0,
                    )
                )
                audit.note(connection, now_us, user, "open", case_id, {"score": round(facts.score, 3)})
        return self.case(case_id)

    def refresh(self, leads: Iterable[LeadFacts]) -> None:
        """Take over what leads say now into their cases, as long as nothing of a case has been released; what was
        merged or split goes where people put it."""
        states = [state.value for state in OPEN_STATES]
        with reading(self._engine) as connection:
            stale = follow(connection, leads, states)
        if not stale:
            return
        with writing(self._engine) as connection:
            for case_id, facts in stale.items():
                connection.execute(
                    update(CASE)
                    .where(CASE.c.id == case_id, CASE.c.state.in_(states), CASE.c.wanted.is_(False))
                    .values(facts=facts_text(facts), score=facts.score)
                )

    # --- what people do ----------------------------------------------------------------------------------------

    def act(
        self,
        case_id: str,
        act: CaseAct,
        user: str,
        why: str = "",
        terms: ReleaseTerms | None = None,
        seen: int | None = None,
    ) -> Case:
        """A person's step in the life-cycle. ``why`` may be empty only when taking a case; ``seen``: the standing on
        which they decided. Raises UnknownCase, case.NotNow, ChangedMeanwhile, NotAllowed; ValueError for a missing or
        endless reason, and for a merge (Files.merge names the other case)."""
        person(user)
        if act is CaseAct.MERGE:
            raise ValueError(Text("a merge names the case that goes on"))
        if act is not CaseAct.TAKE and not why.strip():
            raise ValueError(Text("to {act} a case needs a reason", act=word(act)))
        if len(why) > WHY_CHARACTERS_MAX:
            raise ValueError(
                Text("a reason has at most {why_characters_max} characters", why_characters_max=WHY_CHARACTERS_MAX)
            )
        if terms is not None and act is not CaseAct.RELEASE:
            raise ValueError(Text("terms go with a release"))
        with writing(self._engine) as connection:
            self._act(connection, locked(connection, case_id, seen), act, user, why, terms)
        return self.case(case_id)

    def comment(self, case_id: str, user: str, text: str) -> None:
        """A remark in the case's audit lines. Raises UnknownCase, NotAllowed; ValueError for none or too long."""
        person(user)
        if not text.strip() or len(text) > COMMENT_CHARACTERS_MAX:
            raise ValueError(
                Text(
                    "a comment has 1 to {comment_characters_max} characters",
                    comment_characters_max=COMMENT_CHARACTERS_MAX,
                )
            )
        with writing(self._engine) as connection:
            locked(connection, case_id)
            audit.note(connection, self._clock.now_us(), user, "comment", case_id, {"text": text})

    # --- what standing policies do -----------------------------------------------------------------------------

    def apply_policies(self) -> list[str]:
        """Confirm and release what an approved policy covers; the ids of the cases it did. One line each."""
        now_us = self._clock.now_us()
        in_force = [state for state in self.policies.every() if state.in_force(now_us)]
        if not in_force:
            return []
        with reading(self._engine) as connection:
            states = (CaseState.NEW.value, CaseState.TRIAGE.value)
            ids = connection.scalars(select(CASE.c.id).where(CASE.c.state.in_(states)).order_by(CASE.c.id)).all()
        return [case_id for case_id in ids if any(self._apply(case_id, state, now_us) for state in in_force)]

    def _apply(self, case_id: str, state: PolicyState, now_us: int) -> bool:
        policy = state.policy
        with writing(self._engine) as connection:
            case = locked(connection, case_id)
            retired = frozenset(connection.scalars(select(RETIRED.c.producer)))
            covered = [
                element.observable
                for element in case.facts.elements
                if policy.covers(element) and not _noise(element, retired)
            ]
            if case.state not in (CaseState.NEW, CaseState.TRIAGE) or not covered:
                return False
            if len(covered) > self.policies.room(connection, state, now_us):
                return False
            self.policies.use(connection, state, now_us, len(covered))
            who, why = POLICY_PREFIX + state.id, f"standing policy {policy.name!r}"
            confirmed = self._act(connection, case, CaseAct.CONFIRM, who, why, None)
            terms = ReleaseTerms(observables=tuple(covered), days=policy.indicator_days)
            self._act(connection, confirmed, CaseAct.RELEASE, who, why, terms)
        return True

    # --- what share does ---------------------------------------------------------------------------------------

    def orders(self) -> tuple[Case, ...]:
        """Cases whose last order has not been carried out, oldest first."""
        return self._where(CASE.c.order_no != CASE.c.done_no)

    def done(self, case_id: str, order_no: int, released_us: int | None) -> None:
        """Share has carried out this order; ``released_us``: when the indicators left, None for a withdrawal."""
        with writing(self._engine) as connection:
            case = locked(connection, case_id)
            clocks = case.clocks
            if released_us is not None and clocks.released_us is None:
                clocks = replace(clocks, released_us=released_us)
            connection.execute(
                update(CASE)
                .where(CASE.c.id == case_id, CASE.c.done_no < order_no)
                .values(done_no=order_no, clocks=clocks_text(clocks))
            )

    def refused(self, case_id: str, order_no: int, reasons: dict[str, str]) -> None:
        """Gate 3 let none of the case's indicators out: the case is confirmed again, and says why."""
        with writing(self._engine) as connection:
            case = locked(connection, case_id)
            if case.order_no != order_no or not case.wanted:
                return
            values: dict[str, Any] = {"wanted": False, "done_no": order_no}
            if case.state is CaseState.RELEASED:
                values["state"] = after(case.state, CaseAct.WITHDRAW).value
            connection.execute(update(CASE).where(CASE.c.id == case_id).values(**values))
            audit.note(connection, self._clock.now_us(), CENTRE, "refused-by-gate", case_id, reasons)

    def released(self, case_id: str, at_us: int) -> None:
        """An indicator of the case left; the clock keeps the first."""
        with writing(self._engine) as connection:
            row = connection.execute(select(CASE).where(CASE.c.id == case_id).with_for_update()).first()
            if row is not None and (case := case_of(row)).clocks.released_us is None:
                clocks = clocks_text(replace(case.clocks, released_us=at_us))
                connection.execute(update(CASE).where(CASE.c.id == case_id).values(clocks=clocks))

    def blocked(self, case_id: str, at_us: int) -> None:
        """An actor put an indicator of the case into force; the clock keeps the last one."""
        with writing(self._engine) as connection:
            row = connection.execute(select(CASE).where(CASE.c.id == case_id).with_for_update()).first()
            if row is not None and ((case := case_of(row)).clocks.last_block_us or 0) < at_us:
                clocks = clocks_text(replace(case.clocks, last_block_us=at_us))
                connection.execute(update(CASE).where(CASE.c.id == case_id).values(clocks=clocks))

    def record_once(self, act: str, subject: str, detail: dict[str, Any]) -> None:
        """An audit line for something the centre itself noticed; the same act on the same subject only once."""
        with writing(self._engine) as connection:
            known = select(AUDIT.c.seq).where(AUDIT.c.subject == subject, AUDIT.c.act == act)
            if connection.execute(known).first() is None:
                audit.note(connection, self._clock.now_us(), CENTRE, act, subject, detail)

    def taken_back(self, withdrawal: Withdrawal, groups_left: int) -> None:
        """An actor has taken its reports on an element back: every case that names it says so, and those of which
        nothing was released count no more groups than are left. Once for each withdrawal."""
        observable, subject = (
            withdrawal.observable,
            f"{withdrawal.actor[:20]}/{withdrawal.item_id[:16]}/{withdrawal.received_us}",
        )
        with writing(self._engine) as connection:
            known = select(AUDIT.c.seq).where(AUDIT.c.subject == subject, AUDIT.c.act == "report-withdrawn")
            if connection.execute(known).first() is not None:
                return
            detail = {"actor": withdrawal.actor, "element": str(observable), "groups_left": groups_left}
            now_us = self._clock.now_us()
            audit.note(connection, now_us, CENTRE, "report-withdrawn", subject, detail)
            for row in connection.execute(select(CASE.c.id, CASE.c.facts, CASE.c.wanted)).all():
                facts = facts_of(row.facts)
                if observable not in {element.observable for element in facts.elements}:
                    continue
                audit.note(connection, now_us, CENTRE, "report-withdrawn", row.id, detail)
                if not row.wanted:
                    fewer = tuple(
                        replace(one, groups=min(one.groups, groups_left)) if one.observable == observable else one
                        for one in facts.elements
                    )
                    changed = update(CASE).where(CASE.c.id == row.id, CASE.c.wanted.is_(False))
                    connection.execute(changed.values(facts=facts_text(replace(facts, elements=fewer))))

    # --- questions ---------------------------------------------------------------------------------------------

    def case(self, case_id: str) -> Case:
        """Raises UnknownCase."""
        cases = self._where(CASE.c.id == case_id)
        if not cases:
            raise UnknownCase(Text("no case is called {case_id}", case_id=repr(case_id[:60])))
        return cases[0]

    def by_id(self, ids: Collection[str]) -> dict[str, Case]:
        """These, read together; those that never were are left out."""
        return {case.id: case for case in self._where(CASE.c.id.in_(ids))}

    def of_lead(self, lead_id: str) -> Case | None:
        """The case that a lead has."""
        found = self._where(CASE.c.lead_id == lead_id)
        return found[0] if found else None

    def every(self) -> tuple[Case, ...]:
        """All cases, the latest first."""
        return self._where()[::-1]

    def lead_ids(self) -> frozenset[str]:
        """The leads that have a case."""
        with reading(self._engine) as connection:
            return frozenset(connection.scalars(select(CASE.c.lead_id)))

    def last_by(self, case_id: str, act: CaseAct) -> tuple[str, str]:
        """Who did this to a case last, a person or ``policy:ID``, and why; empty if nobody did."""
        who, detail = self._last(case_id, act)
        return who, str(detail.get("why", ""))

    def _last(self, case_id: str, act: CaseAct) -> tuple[str, dict[str, Any]]:
        """The same with all that the line says; a person that nobody proved is named so."""
        asked = select(AUDIT.c.who, AUDIT.c.detail).where(AUDIT.c.subject == case_id, AUDIT.c.act == act.value)
        with reading(self._engine) as connection:
            row = connection.execute(asked.order_by(AUDIT.c.seq.desc()).limit(1)).first()
        if row is None:
            return "", {}
        detail = json.loads(row.detail)
        proved = "proved" in detail or row.who == CENTRE or row.who.startswith(POLICY_PREFIX)
        return (row.who if proved else recorded(row.who)), detail

    def behind(self, case_id: str) -> tuple[str, ...]:
        """Who stands behind a case's order to release: who confirmed and who released it, or the two people of the
        standing policy that did both. Each once; without whom the second is not apart from."""
        who, detail = self._last(case_id, CaseAct.RELEASE)
        if who.startswith(POLICY_PREFIX):
            policy = self.policies.get(who.removeprefix(POLICY_PREFIX))
            return distinct((policy.proposed_by, policy.approved_by or ""))
        confirmed, _ = self.last_by(case_id, CaseAct.CONFIRM)
        apart = detail.get("proved", {}).get("apart_from", ())
        return distinct((who,) if confirmed in apart else (confirmed, who))

    def verdicts(self, verdict: str) -> dict[Observable, tuple[int, int]]:
        """Observables found ``benign`` or ``malicious``, each with (groups that reported it, t it was revealed at)."""
        query = select(VERDICT).where(VERDICT.c.verdict == verdict).order_by(VERDICT.c.type, VERDICT.c.value)
        with reading(self._engine) as connection:
            return {
                Observable.trusted(ObservableType(row.type), row.value): (row.actors, row.threshold)
                for row in connection.execute(query)
            }

    def audit_lines(self, case_id: str) -> list[audit.AuditLine]:
        """All that was done to a case, in order."""
        return audit.lines(self._engine, subject=case_id, limit=audit.LINES_PER_READ_MAX)

    # --- inside ------------------------------------------------------------------------------------------------

    def _where(self, *conditions: Any) -> tuple[Case, ...]:
        asked = select(CASE).where(*conditions).order_by(CASE.c.opened_us, CASE.c.id)
        with reading(self._engine) as connection:
            return tuple(case_of(row) for row in connection.execute(asked))

    def _act(
        self, connection: Connection, case: Case, act: CaseAct, who: str, why: str, terms: ReleaseTerms | None
    ) -> Case:
        now_us = self._clock.now_us()
        state = after(case.state, act)
        next_case = replace(case, state=state, owner=who if act is CaseAct.TAKE else case.owner)
        if act is CaseAct.CONFIRM:
            next_case = replace(next_case, clocks=replace(case.clocks, confirmed_us=now_us))
        if act is CaseAct.RELEASE:
            next_case = replace(next_case, terms=terms or ReleaseTerms())
        if act in _WANTS and (_WANTS[act] or case.wanted):
            next_case = replace(next_case, wanted=_WANTS[act], order_no=case.order_no + 1)
        changed = connection.execute(
            update(CASE)
            .where(CASE.c.id == case.id, CASE.c.state == case.state.value, CASE.c.order_no == case.order_no)
            .values(
                state=state.value,
                owner=next_case.owner,
                terms=terms_text(next_case.terms),
                clocks=clocks_text(next_case.clocks),
                wanted=next_case.wanted,
                order_no=next_case.order_no,
            )
        )
        if changed.rowcount != 1:
            raise ChangedMeanwhile(Text("{id} was changed by somebody else; look again", id=case.id))
        _VERDICTS.get(act, no_verdict)(connection, next_case, who, now_us)
        detail: dict[str, Any] = {"from": case.state.value, "to": state.value, "why": why}
        if act is CaseAct.RELEASE:
            detail["terms"] = asdict(next_case.terms)
        audit.note(connection, now_us, who, act.value, case.id, detail)
        return next_case


def _noise(element: ElementFacts, retired: frozenset[str]) -> bool:
    """Whether only detectors that were retired as noisy report it: then a person looks."""
    return bool(element.detectors) and {f"detector:{name}" for name in element.detectors} <= retired


_VERDICTS: Final = {
    CaseAct.CONFIRM: judge("malicious"),
    CaseAct.DISMISS: judge("benign"),
    CaseAct.REOPEN: unjudge,
}


__all__ = ["Cases", "ChangedMeanwhile", "NotAllowed", "UnknownCase"]
