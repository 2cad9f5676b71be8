"""A case's file: its markings (TLP, PAP, RSIT, techniques), who owns it, and merging and splitting.

Nothing is lost and no id changes: a merged case stays with its history and names the case that goes on; tasks, words,
evidence and who is in it move there. Every act is one transaction with its line in the audit log, and may be made to
fail if the case no longer stands where the person saw it. Refuses to send anything.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from sqlalchemy import Connection, Engine, delete, insert, select, update

from bavn.centre.cases import audit
from bavn.centre.cases.case.case import Case, ElementFacts, ReleaseTerms, clocks_text, facts_text, terms_text
from bavn.centre.cases.case.involved import copy_involved, reporters
from bavn.centre.cases.case.joining import move_all, none_runs_twice
from bavn.centre.cases.case.rows import case_of, locked
from bavn.centre.cases.case.streams import goes_on_as, joined_facts, piece
from bavn.centre.cases.case.verdict_rows import judge, unjudge
from bavn.centre.cases.case.work_tables import FILE, MOVED, make_work_tables
from bavn.centre.cases.tables import CASE, VERDICT, reading, writing
from bavn.centre.cases.two_people import NotAllowed, person
from bavn.model.intel import rsit
from bavn.model.intel.indicator import Pap, Tlp
from bavn.model.observable import Observable
from bavn.model.ports import Clock
from bavn.model.sector.case import CaseAct, CaseState, NotNow, after
from bavn.model.sector.intel import strictest
from bavn.model.sector.refusal import word
from bavn.model.sector.work import TECHNIQUES_MAX
from bavn.model.text import Text

WHY_CHARS_MAX: Final = 2000
OPEN: Final = (CaseState.NEW, CaseState.TRIAGE, CaseState.CONFIRMED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Marking:
    """``rsit``: ``class/type`` of the taxonomy, or empty. ``techniques``: ATT&CK ids that people chose, if any. Gate
    3 lets nothing of the case out under a laxer TLP or PAP than these."""

    tlp: Tlp = Tlp.AMBER
    pap: Pap = Pap.GREEN
    rsit: str = ""
    techniques: tuple[str, ...] = ()


class Files:
    """All methods may be called from any process on the same database."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        make_work_tables(engine)
        self._engine = engine
        self._clock = clock

    def marking(self, case_id: str) -> Marking:
        """How a case is marked; the defaults where nobody has."""
        with reading(self._engine) as connection:
            return marking_of(connection, case_id)

    def marked(self, case_id: str) -> Marking | None:
        """How a case is marked; None where nothing of that name is a case."""
        with reading(self._engine) as connection:
            known = connection.scalar(select(CASE.c.id).where(CASE.c.id == case_id))
            return None if known is None else marking_of(connection, case_id)

    def merged_into(self, case_id: str) -> str:
        """The case that goes on; empty for one that was not merged."""
        with reading(self._engine) as connection:
            return connection.scalar(select(FILE.c.merged_into).where(FILE.c.case_id == case_id)) or ""

    def merged_from(self, case_id: str) -> tuple[str, ...]:
        """The cases that were merged into this one, over all steps, by id."""
        merged: list[str] = []
        waiting = [case_id]
        with reading(self._engine) as connection:
            while waiting:
                asked = select(FILE.c.case_id).where(FILE.c.merged_into == waiting.pop())
                ids = [one for one in connection.scalars(asked.order_by(FILE.c.case_id)) if one not in merged]
                merged += ids
                waiting += ids
        return tuple(sorted(merged))

    def mark(self, case_id: str, user: str, marking: Marking, why: str = "", seen: int | None = None) -> Marking:
        """Marks a case anew. Raises UnknownCase, ChangedMeanwhile, NotAllowed; NotNow for a stricter TLP or PAP on a
        case whose indicators are out; ValueError for a code or technique that is none."""
        person(user)
        marked = _checked(marking)
        _reason(why)
        with writing(self._engine) as connection:
            case = locked(connection, case_id, seen)
            before = marking_of(connection, case_id)
            if case.wanted and (strictest(before.tlp, marked.tlp) is not before.tlp or marked.pap < before.pap):
                raise NotNow(Text("its indicators are out under the present marking: withdraw them first"))
            keep_file(connection, case_id, **_columns(marked))
            audit.note(
                connection,
                self._clock.now_us(),
                user,
                "mark",
                case_id,
                {
                    "from": _columns(before),
                    "to": _columns(marked),
                    "why": why,
                },
            )
        return marked

    def hand_over(self, case_id: str, user: str, to: str, why: str, seen: int | None = None) -> Case:
        """Another person owns the case from now on; anybody may hand it over, with a reason. Raises UnknownCase,
        ChangedMeanwhile, NotAllowed; NotNow for a case nobody has taken or that is over; ValueError for no reason."""
        person(user)
        person(to)
        if not _reason(why):
            raise ValueError(Text("a hand-over says why, and what the next person must know"))
        with writing(self._engine) as connection:
            case = locked(connection, case_id, seen)
            if case.state in (CaseState.NEW, CaseState.MERGED):
                raise NotNow(
                    Text("a case that is {state} has no owner to hand it over: take it", state=word(case.state))
                )
            if case.owner == to:
                raise NotNow(Text("{to} owns {case_id} already", to=to, case_id=case_id))
            connection.execute(update(CASE).where(CASE.c.id == case_id).values(owner=to))
            detail = {"from": case.owner, "to": to, "why": why}
            audit.note(connection, self._clock.now_us(), user, "hand-over", case_id, detail)
        return replace(case, owner=to)

    # --- merge and split ---------------------------------------------------------------------------------------

    def merge(self, case_id: str, into: str, user: str, why: str, seen: int | None = None) -> Case:
        """``into`` goes on with everything of both. The one that ends must have nothing released; the one that goes on
        is new, in triage or confirmed, and confirmed if the other is. Raises UnknownCase, ChangedMeanwhile, NotNow,
        NotAllowed; ValueError without a reason or for a case and itself."""
        person(user)
        if not _reason(why):
            raise ValueError(Text("a merge needs a reason"))
        if case_id == into:
            raise ValueError(Text("a case cannot be merged into itself"))
        now_us = self._clock.now_us()
        with writing(self._engine) as connection:
            source, target = locked(connection, case_id, seen), locked(connection, into)
            after(source.state, CaseAct.MERGE)
            if source.wanted or source.order_no != source.done_no:
                raise NotNow(Text("{case_id} has an order that is not carried out: wait for it", case_id=case_id))
            if target.state not in OPEN or target.wanted:
                raise NotNow(
                    Text("{into} is {state}: only one that is open can go on", into=into, state=word(target.state))
                )
            if source.state is CaseState.CONFIRMED and target.state is not CaseState.CONFIRMED:
                raise NotNow(
                    Text(
                        "{case_id} is confirmed and {into} is not: confirm that one first, or merge the other way",
                        case_id=case_id,
                        into=into,
                    )
                )
            none_runs_twice(connection, case_id, into)
            facts = joined_facts([target.facts, source.facts])
            ours = {element.observable: element for element in target.facts.elements}
            facts = replace(
                facts,
                lead_id=target.facts.lead_id,
                technique=target.facts.technique,
                elements=tuple(ours.get(one.observable, one) for one in facts.elements),
            )
            unjudge(connection, source, user, now_us)
            connection.execute(update(CASE).where(CASE.c.id == case_id).values(state=CaseState.MERGED.value))
            keep_file(connection, case_id, merged_into=into)
            connection.execute(update(MOVED).where(MOVED.c.case_id == case_id).values(case_id=into))
            moved = move_all(connection, case_id, into)
            facts = replace(facts, actors=max(facts.actors, reporters(connection, into)))
            connection.execute(update(CASE).where(CASE.c.id == into).values(facts=facts_text(facts), score=facts.score))
            joined = replace(target, facts=facts, score=facts.score)
            if target.state is CaseState.CONFIRMED:
                judge("malicious")(connection, joined, user, now_us)
            ends = {"from": source.state.value, "to": CaseState.MERGED.value, "into": into, "why": why}
            audit.note(connection, now_us, user, CaseAct.MERGE.value, case_id, ends)
            audit.note(connection, now_us, user, "merged-in", into, {"case": case_id, "moved": moved, "why": why})
        return joined

    def split(
        self, case_id: str, observables: Sequence[Observable], user: str, why: str, seen: int | None = None
    ) -> Case:
        """A new case with these observables of this one, in the same state and with the same owner, clocks and marking;
        tasks, words and evidence stay. Later reports follow their observable. Raises UnknownCase, ChangedMeanwhile,
        NotNow for one that is not open, NotAllowed; ValueError for observables that it has not, or all that it has."""
        person(user)
        if not _reason(why):
            raise ValueError(Text("a split needs a reason"))
        chosen = frozenset(observables)
        now_us = self._clock.now_us()
        with writing(self._engine) as connection:
            case = locked(connection, case_id, seen)
            goes, stays = _parted(case, chosen)
            named = sorted(str(one) for one in chosen)
            # Made of what its actors are told: an id that hung on the audit log would hang on others' names.
            name = hashlib.sha256("\0".join(("bavn/split/1", case_id, str(now_us), *named)).encode()).hexdigest()[:16]
            split_off = self._new_case(connection, case, goes, name, now_us)
            said = {"observables": named, "into": split_off.id, "why": why}
            audit.note(connection, now_us, user, "split-off", case_id, said)
            left = piece(case.facts, stays)
            connection.execute(
                update(CASE).where(CASE.c.id == case_id).values(facts=facts_text(left), score=left.score)
            )
            self._follow_in_future(connection, case, goes, split_off.id)
            copy_involved(connection, case_id, split_off.id, chosen)
            if case.state is CaseState.CONFIRMED:
                _move_verdicts(connection, goes, case_id, split_off.id)
            audit.note(connection, now_us, user, "open", split_off.id, {"split_from": case_id, "why": why})
        return split_off

    def _new_case(
        self, connection: Connection, case: Case, goes: Sequence[ElementFacts], name: str, now_us: int
    ) -> Case:
        facts = piece(case.facts, goes)
        new_case = replace(
            case,
            id=f"case-{name}",
            lead_id=f"split-{name}",
            score=facts.score,
            facts=facts,
            opened_us=now_us,
            terms=ReleaseTerms(),
            order_no=0,
            done_no=0,
        )
        connection.execute(
            insert(CASE).values(
                id=new_case.id,
                lead_id=new_case.lead_id,
                state=new_case.state.value,
                score=new_case.score,
                owner=new_case.owner,
                opened_us=now_us,
                facts=facts_text(facts),
                terms=terms_text(new_case.terms),
                clocks=clocks_text(new_case.clocks),
                wanted=False,
                order_no=0,
                done_no=0,
            )
        )
        keep_file(connection, new_case.id, **_columns(marking_of(connection, case.id)))
        return new_case

    def _follow_in_future(self, connection: Connection, case: Case, goes: Sequence[ElementFacts], made_id: str) -> None:
        """Whatever lead names these observables in this case from now on feeds the new one."""
        leads = [
            row.lead_id
            for row in connection.execute(select(CASE.c.id, CASE.c.lead_id))
            if goes_on_as(connection, row.id) == case.id
        ]
        leads += connection.scalars(select(MOVED.c.lead_id).where(MOVED.c.case_id == case.id).distinct()).all()
        for lead_id in sorted(set(leads)):
            for element in goes:
                key = {
                    "lead_id": lead_id,
                    "type": element.observable.type.value,
                    "value": element.observable.value,
                }
                connection.execute(delete(MOVED).where(*(MOVED.c[name] == value for name, value in key.items())))
                connection.execute(insert(MOVED).values(**key, case_id=made_id))


def marking_of(connection: Connection, case_id: str) -> Marking:
    """How a case is marked, in this transaction."""
    row = connection.execute(select(FILE).where(FILE.c.case_id == case_id)).first()
    if row is None:
        return Marking()
    return Marking(tlp=Tlp(row.tlp), pap=Pap(row.pap), rsit=row.rsit, techniques=tuple(json.loads(row.techniques)))


def keep_file(connection: Connection, case_id: str, **values: Any) -> None:
    """Writes columns of a case's file, made with the defaults where there is none."""
    changed = connection.execute(update(FILE).where(FILE.c.case_id == case_id).values(**values))
    if changed.rowcount == 0:
        connection.execute(
            insert(FILE).values(**{"case_id": case_id, "merged_into": "", **_columns(Marking()), **values})
        )


def _move_verdicts(connection: Connection, elements: Sequence[ElementFacts], case_id: str, to: str) -> None:
    """What was judged in one case is of the other from now on."""
    for element in elements:
        here = (VERDICT.c.type == element.observable.type.value) & (VERDICT.c.value == element.observable.value)
        connection.execute(update(VERDICT).where(here, VERDICT.c.case_id == case_id).values(case_id=to))


def _columns(marking: Marking) -> dict[str, Any]:
    return {
        "tlp": marking.tlp.value,
        "pap": int(marking.pap),
        "rsit": marking.rsit,
        "techniques": json.dumps(list(marking.techniques)),
    }


def _checked(marking: Marking) -> Marking:
    if marking.rsit and not rsit.known(marking.rsit):
        raise ValueError(
            Text("{rsit} is no class/type of RSIT v{version}", rsit=repr(marking.rsit[:60]), version=rsit.VERSION)
        )
    bad = [one for one in marking.techniques if not _technique(one)]
    if bad or len(marking.techniques) > TECHNIQUES_MAX:
        raise ValueError(
            Text(
                "techniques are ATT&CK ids such as T1071.001, at most {techniques_max}: {bad}",
                techniques_max=TECHNIQUES_MAX,
                bad=", ".join(bad)[:80],
            )
        )
    return replace(marking, techniques=tuple(sorted(set(marking.techniques))))


def _technique(text: str) -> bool:
    base, dot, sub = text.partition(".")
    plain = len(base) == 5 and base[0] == "T" and base[1:].isascii() and base[1:].isdigit()
    return plain and (not dot or (len(sub) == 3 and sub.isascii() and sub.isdigit()))


def _reason(why: str) -> str:
    if len(why) > WHY_CHARS_MAX:
        raise ValueError(Text("a reason has at most {why_chars_max} characters", why_chars_max=WHY_CHARS_MAX))
    return why.strip()


__all__ = ["Files", "Marking", "NotAllowed", "case_of"]


def _parted(case: Case, chosen: frozenset[Observable]) -> tuple[list[ElementFacts], list[ElementFacts]]:
    """What goes into a new case and what stays. NotNow for one that is not open; ValueError where nothing goes, nothing
    stays or something is not the case's."""
    if case.state not in OPEN or case.wanted or case.order_no != case.done_no:
        raise NotNow(
            Text(
                "{case_id} is {state}: only one that is open, with nothing released, is split",
                case_id=case.id,
                state=word(case.state),
            )
        )
    goes = [element for element in case.facts.elements if element.observable in chosen]
    stays = [element for element in case.facts.elements if element.observable not in chosen]
    if len(goes) != len(chosen) or not goes or not stays:
        raise ValueError(Text("a split names some of the case's observables, and leaves some"))
    return goes, stays
