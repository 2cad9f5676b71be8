"""Indicators as people work on them: drafted by hand or of a case, reviewed, agreed to by a second person, released.

Every act is one transaction: the state must still be the one that was read, the life-cycle must have the step, and the
audit log gets its line, or nothing happens. Two different people stand behind whatever may block by itself. What is
wanted of an indicator is an order here, with a number; share carries it out. Refuses to know gates and messages.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from sqlalchemy import Connection, Engine, func, insert, select, update

from bavn.centre.cases import audit
from bavn.centre.cases.case.case import Case, ElementFacts
from bavn.centre.cases.indicators.checks import CheckFacts, all_checks
from bavn.centre.cases.indicators.indicator import Evidence, IndicatorSettings, Life
from bavn.centre.cases.indicators.steps import STEPS, again, evidence_for, read_too, reason, withdrawn
from bavn.centre.cases.indicators.tables import LIFE_TABLE, METADATA, OUTCOME, RETIRED, life_of, values_of
from bavn.centre.cases.tables import VERDICT, make_tables, reading, writing
from bavn.centre.cases.two_people import CENTRE, POLICY_PREFIX, NotAllowed, person, second
from bavn.centre.store.engine import make_missing
from bavn.model.intel.accidents import RULE
from bavn.model.intel.indicator import Pap, Tlp, indicator_id
from bavn.model.observable import Observable
from bavn.model.ports import Clock
from bavn.model.principal import recorded
from bavn.model.sector.indicator_life import LifeAct, LifeState, may_go, next_state
from bavn.model.sector.refusal import word
from bavn.model.text import Text

HAND_CONFIDENCE: Final = 70
PRODUCER_CHARS_MAX: Final = 120
TECHNIQUE: Final = re.compile(r"T[0-9]{4}(\.[0-9]{3})?")
SHOWN_MAX: Final = 10_000


class UnknownLife(Exception):
    """No indicator has that id. The person who asked must act."""


class ChangedInBetween(Exception):
    """Somebody else acted on the indicator between reading and writing. Look again, then act."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What the centre's configuration says of any indicator. ``listed``: warning lists that know an observable."""

    score_block_min: float = 7.0
    days_max: int = 90
    registered: frozenset[Observable] = frozenset()
    listed: Callable[[Observable], tuple[str, ...]] = lambda _: ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseTerms:
    """How a case's order wants its indicators. ``people``: who stands behind it; ``tlp``, ``pap`` and ``confidence``
    decide for each element."""

    who: str
    why: str
    people: tuple[str, ...]
    tlp: Callable[[ElementFacts], Tlp]
    days: int
    pap: Callable[[ElementFacts], Pap]
    confidence: Callable[[ElementFacts], int]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    """What a person drafts. ``base``: its confidence; ``case_id`` empty: of no case."""

    observable: Observable
    evidence: Evidence
    technique: str
    tlp: Tlp
    pap: Pap
    days: int
    base: int
    case_id: str = ""


class Indicators:
    """All methods may be called from any process on the same database."""

    def __init__(self, engine: Engine, clock: Clock, settings: IndicatorSettings, bounds: Bounds | None = None) -> None:
        make_tables(engine)
        make_missing(engine, METADATA)
        self.engine, self.clock, self.settings = engine, clock, settings
        self.bounds = bounds or Bounds()
        self._counted: tuple[tuple[int, str], dict[str, int]] | None = None

    # --- what people do ------------------------------------------------------------------------------------------

    def draft(
        self,
        observable: Observable,
        user: str,
        why: str,
        *,
        technique: str,
        tlp: Tlp = Tlp.AMBER,
        pap: Pap = Pap.GREEN,
        days: int = 30,
        confidence: int = HAND_CONFIDENCE,
        producers: Sequence[str] = (),
    ) -> Life:
        """An indicator of a person's own knowledge. ``producers``: where it comes from, beside the person. Raises
        NotAllowed, case.NotNow where one is on its way or in force; ValueError for what cannot be."""
        wanted = _Wanted(
            observable=observable,
            evidence=Evidence(by_hand=True, producers=(f"person:{user}", *producers)),
            technique=technique,
            tlp=tlp,
            pap=pap,
            days=days,
            base=confidence,
        )
        return self._drafted(wanted, user, why)

    def draft_of_case(
        self,
        case: Case,
        element: ElementFacts,
        user: str,
        why: str,
        *,
        tlp: Tlp = Tlp.AMBER,
        pap: Pap = Pap.GREEN,
        days: int = 30,
        confidence: int = HAND_CONFIDENCE,
    ) -> Life:
        """The same for an element of a case, with what the sector's reports say of it."""
        wanted = _Wanted(
            observable=element.observable,
            evidence=evidence_for(element),
            technique=case.facts.technique,
            tlp=tlp,
            pap=pap,
            days=days,
            base=confidence,
            case_id=case.id,
        )
        return self._drafted(wanted, user, why)

    def act(
        self, wanted_id: str, act: LifeAct, user: str, why: str, rev: int | None = None, *, read: bool = False
    ) -> Life:
        """A person's step. ``rev``: only if it still stands at this revision. ``read``: they read what a block of it
        would break. Raises UnknownLife, case.NotNow, ChangedInBetween; NotAllowed where somebody else must act, or
        what was found stops it; ValueError without a reason."""
        person(user)
        if act not in STEPS:
            raise NotAllowed(Text("{act} is the centre's own act, not a person's", act=word(act)))
        reason(act.value, why)
        checks = self.looked_at(self.get(wanted_id)) if act is LifeAct.REVIEW else ()
        with writing(self.engine) as connection:
            life = self.locked(connection, wanted_id)
            if rev is not None and life.rev != rev:
                raise ChangedInBetween(
                    Text("it stands at revision {rev}, not {seen}; look again", rev=life.rev, seen=rev)
                )
            now_us = self.clock.now_us()
            weighed = checks or (read_too(life.checks, user) if read else life.checks)
            changed = STEPS[act](
                replace(life, state=next_state(life.state, act), why=why, checks=weighed), life, user, now_us
            )
            if act is LifeAct.REFRESH:
                self.outcome(connection, wanted_id, f"person:{user}", "met", now_us)
            words = [check.words.en for check in changed.checks if read and check.to_read]
            detail = {"why": why, "read": words[0]} if words else {"why": why}
            return self.keep(connection, life, changed, user, f"indicator-{act.value}", detail)

    def hurry(self, wanted_id: str, user: str, why: str) -> Life:
        """Pass the canary ring over: one person asks, another agrees by asking too. Raises as ``act`` does."""
        person(user)
        reason("hurry", why)
        with writing(self.engine) as connection:
            life = self.locked(connection, wanted_id)
            if life.state is not LifeState.RELEASED or life.now:
                raise NotAllowed(Text("only what is released, and not to all yet, can be hurried"))
            if life.now_by:
                second(
                    life.now_by,
                    user,
                    Text("it takes two people to skip the canary ring; whoever asked for it cannot also agree"),
                )
            made = replace(life, now_by=life.now_by or recorded(user), now=bool(life.now_by))
            return self.keep(connection, life, made, user, "indicator-now", {"why": why, "agreed": made.now})

    def found_wrong(self, wanted_id: str, user: str, why: str) -> Life:
        """A person says that it is false: it sinks. Raises UnknownLife, NotAllowed; ValueError without a reason."""
        person(user)
        reason("sink", why)
        with writing(self.engine) as connection:
            life = self.locked(connection, wanted_id)
            self.outcome(connection, wanted_id, f"person:{user}", "wrong", self.clock.now_us())
            return self.keep(connection, life, life, user, "indicator-wrong", {"why": why})

    # --- what a case orders --------------------------------------------------------------------------------------

    def of_case_order(self, case: Case, chosen: Sequence[ElementFacts], terms: CaseTerms) -> tuple[Life, ...]:
        """The indicators of a case's order to release: at once where enough people stand behind it, in review where a
        second person is missing, or where two must read first what it would break. Repeatable: an order makes each of
        them once."""
        drafted = []
        for element in chosen:
            checks = self._checks(element.observable, evidence_for(element), terms.pap(element), terms.days, None)
            with writing(self.engine) as connection:
                drafted.append(self._of_order(connection, case, element, terms, checks))
        return tuple(drafted)

    def withdrawn_with_case(self, case: Case, who: str, why: str) -> None:
        """A case takes back what it released or put to review. Repeatable."""
        with writing(self.engine) as connection:
            rows = connection.execute(select(LIFE_TABLE).where(LIFE_TABLE.c.case_id == case.id)).all()
            for life in map(life_of, rows):
                if life.state not in (LifeState.RELEASED, LifeState.REVIEW, LifeState.APPROVED):
                    continue
                made = withdrawn(replace(life, state=next_state(life.state, LifeAct.WITHDRAW)), self.clock.now_us())
                self.keep(connection, life, made, who, "indicator-withdraw", {"why": why, "case": case.id})

    # --- what share does -----------------------------------------------------------------------------------------

    def orders(self, limit: int = 2000) -> tuple[Life, ...]:
        """Indicators whose last order has not been carried out."""
        return self._where(LIFE_TABLE.c.order_no != LIFE_TABLE.c.done_no, limit=limit)

    def done(self, wanted_id: str, order_no: int, until_us: int | None = None) -> None:
        """Share has carried out this order; ``until_us``: its end as released."""
        with writing(self.engine) as connection:
            life = self.locked(connection, wanted_id)
            if life.done_no < order_no:
                made = replace(life, done_no=order_no, until_us=life.until_us if until_us is None else until_us)
                self.write(connection, life, made)

    def refused(self, wanted_id: str, order_no: int, reason: str) -> None:
        """Gate 3 refused it for all: it is in review again, and says why."""
        with writing(self.engine) as connection:
            life = self.locked(connection, wanted_id)
            if life.order_no != order_no or not life.wanted:
                return
            state = next_state(life.state, LifeAct.REFUSE)
            made = replace(life, state=state, wanted=False, done_no=order_no, refusal=reason, approved_by="")
            self.keep(connection, life, made, CENTRE, "indicator-refused", {"reason": reason})

    def stopped(self, wanted_id: str, why: str) -> None:
        """The canary ring stops it: delisted wherever it is. Once."""
        with writing(self.engine) as connection:
            life = self.locked(connection, wanted_id)
            if life.state is LifeState.RELEASED:
                ended = replace(life, state=next_state(life.state, LifeAct.STOP), why=why)
                made = withdrawn(ended, self.clock.now_us())
                self.keep(connection, life, made, CENTRE, "indicator-stop", {"why": why})

    # --- questions -----------------------------------------------------------------------------------------------

    def get(self, wanted_id: str) -> Life:
        """Raises UnknownLife."""
        kept = self._where(LIFE_TABLE.c.id == wanted_id)
        if not kept:
            raise UnknownLife(Text("no indicator is called {wanted_id}", wanted_id=repr(wanted_id[:80])))
        return kept[0]

    def of(self, observable: Observable) -> Life:
        """The indicator of an observable. Raises UnknownLife."""
        return self.get(indicator_id(observable))

    def every(self, state: LifeState | None = None, limit: int = SHOWN_MAX) -> tuple[Life, ...]:
        """The latest drafted first."""
        conditions = () if state is None else (LIFE_TABLE.c.state == state.value,)
        return self._where(*conditions, limit=limit)

    def counts(self) -> dict[str, int]:
        """How many stand where; zeros too. Counted again only when the audit log has moved: no state changes without a
        line of it, and a count of a million takes its time."""
        with reading(self.engine) as connection:
            head = audit.head_in(connection)
            counted = self._counted
            if counted is None or counted[0] != head:
                asked = select(LIFE_TABLE.c.state, func.count()).group_by(LIFE_TABLE.c.state)
                found = {str(state): int(count) for state, count in connection.execute(asked)}
                counted = self._counted = head, {state.value: found.get(state.value, 0) for state in LifeState}
        return dict(counted[1])

    def by_id(self, ids: Sequence[str]) -> dict[str, Life]:
        """These, read together; those that never were are left out."""
        return {life.id: life for life in self._where(LIFE_TABLE.c.id.in_(ids), limit=len(ids))}

    def of_case(self, case_id: str) -> tuple[Life, ...]:
        """All that a case made."""
        return self._where(LIFE_TABLE.c.case_id == case_id)

    def history(self, wanted_id: str) -> list[audit.AuditLine]:
        """All that was done to it, in order."""
        return audit.lines(self.engine, subject=wanted_id, limit=audit.LINES_PER_READ_MAX)

    def retired(self) -> dict[str, str]:
        """Producers out of service -> why."""
        with reading(self.engine) as connection:
            return {row.producer: row.why for row in connection.execute(select(RETIRED).order_by(RETIRED.c.producer))}

    def outcomes(self, wanted_id: str) -> dict[str, tuple[str, ...]]:
        """kind -> who said so."""
        query = select(OUTCOME).where(OUTCOME.c.indicator_id == wanted_id).order_by(OUTCOME.c.kind, OUTCOME.c.source)
        outcomes: dict[str, tuple[str, ...]] = {}
        with reading(self.engine) as connection:
            for row in connection.execute(query):
                outcomes[row.kind] = (*outcomes.get(row.kind, ()), row.source)
        return outcomes

    # --- inside --------------------------------------------------------------------------------------------------

    def looked_at(self, life: Life) -> tuple[Any, ...]:
        """The checks of a life as they come out now."""
        return self._checks(life.observable, life.evidence, life.pap, life.days, life)

    def would_check(self, element: ElementFacts, pap: Pap, days: int) -> tuple[Any, ...]:
        """The checks of a case's element as they would come out if it were released now."""
        return self._checks(element.observable, evidence_for(element), pap, days, None)

    def _checks(
        self, observable: Observable, evidence: Evidence, pap: Pap, days: int, known: Life | None
    ) -> tuple[Any, ...]:
        wanted_id = indicator_id(observable)
        said = self.outcomes(wanted_id)
        false = {source for kind, sources in said.items() if kind != "met" for source in sources}
        with reading(self.engine) as connection:
            here = (VERDICT.c.type == observable.type.value) & (VERDICT.c.value == observable.value)
            verdict = connection.scalar(select(VERDICT.c.verdict).where(here))
        ended = known.why if known and known.ended_us else ""
        return all_checks(
            CheckFacts(
                observable=observable,
                evidence=evidence,
                pap=pap,
                days=days,
                days_max=self.bounds.days_max,
                score_block_min=self.bounds.score_block_min,
                registered=observable in self.bounds.registered,
                cleared=verdict == "benign",
                ended=ended,
                false_groups=len(false),
                retired=self.retired(),
                listed=self.bounds.listed,
            )
        )

    def _drafted(self, wanted: _Wanted, user: str, why: str) -> Life:
        person(user)
        reason("draft", why)
        self._may_be_drafted(wanted)
        wanted_id, now_us = indicator_id(wanted.observable), self.clock.now_us()
        with writing(self.engine) as connection:
            row = connection.execute(select(LIFE_TABLE).where(LIFE_TABLE.c.id == wanted_id).with_for_update()).first()
            known = None if row is None else life_of(row)
            if known is not None and known.state in (LifeState.REVIEW, LifeState.APPROVED, LifeState.RELEASED):
                raise NotAllowed(
                    Text(
                        "{wanted_id} is {state} already: work on that one, or withdraw it first",
                        wanted_id=wanted_id,
                        state=word(known.state),
                    )
                )
            detail = {"observable": str(wanted.observable), "why": why, "pap": int(wanted.pap), "days": wanted.days}
            line = audit.note(connection, now_us, user, "indicator-draft", wanted_id, detail)
            life = Life(
                id=wanted_id,
                observable=wanted.observable,
                state=LifeState.DRAFT,
                rev=1,
                technique=wanted.technique,
                tlp=wanted.tlp,
                case_id=wanted.case_id or f"case-{line.hash[:16]}",
                pap=wanted.pap,
                days=wanted.days,
                base=wanted.base,
                evidence=wanted.evidence,
                drafted_by=user,
                drafted_us=now_us,
                why=why,
            )
            self.write(connection, known, life if known is None else again(known, life))
        return self.get(wanted_id)

    def _may_be_drafted(self, wanted: _Wanted) -> None:
        """ValueError for terms that no indicator can have."""
        if not (1 <= wanted.days <= self.bounds.days_max and 0 <= wanted.base <= 100):
            raise ValueError(
                Text(
                    "an indicator lasts 1 to {days_max} days, with a confidence of 0 to 100",
                    days_max=self.bounds.days_max,
                )
            )
        longest = max(map(len, wanted.evidence.producers), default=0)
        if not TECHNIQUE.fullmatch(wanted.technique) or longest > PRODUCER_CHARS_MAX:
            raise ValueError(
                Text(
                    "a technique is written T1071 or T1071.001, a source in {producer_chars_max} characters",
                    producer_chars_max=PRODUCER_CHARS_MAX - 7,
                )
            )

    def _of_order(
        self, connection: Connection, case: Case, element: ElementFacts, terms: CaseTerms, checks: tuple[Any, ...]
    ) -> Life:
        wanted_id, now_us = indicator_id(element.observable), self.clock.now_us()
        row = connection.execute(select(LIFE_TABLE).where(LIFE_TABLE.c.id == wanted_id).with_for_update()).first()
        known = None if row is None else life_of(row)
        if known is not None and (known.case_id, known.case_order) == (case.id, case.order_no):
            return known
        pap = terms.pap(element)
        unread = any(check.name == RULE and check.stops for check in checks)
        goes = may_go(pap, terms.people) and not unread
        policy = terms.who.startswith(POLICY_PREFIX)
        life = Life(
            id=wanted_id,
            observable=element.observable,
            state=LifeState.RELEASED if goes else LifeState.REVIEW,
            rev=1,
            case_id=case.id,
            case_order=case.order_no,
            technique=case.facts.technique,
            tlp=terms.tlp(element),
            pap=pap,
            days=terms.days,
            base=terms.confidence(element),
            evidence=evidence_for(element, terms.who),
            checks=checks,
            drafted_by=terms.who,
            drafted_us=now_us,
            put_by=terms.people[0] if terms.people else "",
            put_us=now_us,
            released_by=terms.who if goes else "",
            released_us=now_us if goes else None,
            vouched=terms.people if policy else (),
            why=terms.why,
            wanted=goes,
            order_no=1 if goes else 0,
        )
        if known is not None:
            life = again(known, life)
            if not goes and known.wanted:  # what is in force stays until somebody agrees
                return known
        detail = {"case": case.id, "why": terms.why, "people": list(terms.people), "observable": str(life.observable)}
        act = "indicator-release" if goes else "indicator-review"
        return self.keep(connection, known, life, terms.who, act, detail)

    def _where(self, *conditions: Any, limit: int = SHOWN_MAX) -> tuple[Life, ...]:
        asked = select(LIFE_TABLE).where(*conditions).order_by(LIFE_TABLE.c.drafted_us.desc(), LIFE_TABLE.c.id)
        with reading(self.engine) as connection:
            return tuple(life_of(row) for row in connection.execute(asked.limit(limit)))

    def locked(self, connection: Connection, wanted_id: str) -> Life:
        """As it stands in this transaction. Raises UnknownLife."""
        row = connection.execute(select(LIFE_TABLE).where(LIFE_TABLE.c.id == wanted_id).with_for_update()).first()
        if row is None:
            raise UnknownLife(Text("no indicator is called {wanted_id}", wanted_id=repr(wanted_id[:80])))
        return life_of(row)

    def keep(
        self, connection: Connection, known: Life | None, life: Life, who: str, act: str, detail: dict[str, Any]
    ) -> Life:
        """Writes a life and its audit line. Raises ChangedInBetween."""
        kept = self.write(connection, known, life)
        moved = {"from": known.state.value if known else "", "to": life.state.value}
        audit.note(connection, self.clock.now_us(), who, act, life.id, moved | detail)
        return kept

    def write(self, connection: Connection, known: Life | None, life: Life) -> Life:
        """Without an audit line: for what is only noted. Raises ChangedInBetween."""
        if known is None:
            connection.execute(insert(LIFE_TABLE).values(**values_of(life)))
            return life
        life = replace(life, rev=known.rev + 1)
        here = (LIFE_TABLE.c.id == known.id) & (LIFE_TABLE.c.rev == known.rev)
        if connection.execute(update(LIFE_TABLE).where(here).values(**values_of(life))).rowcount != 1:
            raise ChangedInBetween(Text("{id} was changed by somebody else; look again", id=known.id))
        return life

    def outcome(self, connection: Connection, wanted_id: str, source: str, kind: str, at_us: int) -> bool:
        """Notes what somebody found; True if that is new."""
        here = (OUTCOME.c.indicator_id == wanted_id) & (OUTCOME.c.source == source) & (OUTCOME.c.kind == kind)
        if connection.execute(update(OUTCOME).where(here).values(at_us=at_us)).rowcount:
            return False
        connection.execute(insert(OUTCOME).values(indicator_id=wanted_id, source=source, kind=kind, at_us=at_us))
        return True
