"""A case as the console shows it: a card of the board, and the whole with everything that was said and done in it."""

from dataclasses import dataclass
from typing import Final

from bavn.app.acts.centre import cases as acts
from bavn.app.acts.centre.cases import Named
from bavn.app.web.frame import Person, TextShape, filled
from bavn.app.web.sac.cases.shapes import (
    ActOffered,
    ActorInCase,
    CaseCard,
    CaseMoment,
    CaseShown,
    ElementInCase,
    EvidenceKept,
    IndicatorInCase,
    MarkingShown,
    Nis2Clock,
    ReportDue,
    StatementShape,
    TaskDue,
    TaskShown,
    TermsShown,
    TwoPeople,
)
from bavn.app.web.sac.cases.words import BUTTONS, DANGEROUS, WILL
from bavn.app.web.sac.context import SacContext
from bavn.app.web.sac.shapes import hour_us
from bavn.centre.books.clock import only_hunted, waits_for
from bavn.centre.cases.case.case import Case
from bavn.centre.cases.case.files import Marking
from bavn.centre.cases.case.notices import PartNotice
from bavn.centre.cases.case.pages import CaseLine
from bavn.centre.cases.indicators.indicator import Life
from bavn.centre.cases.nis2.clocks import Nis2View
from bavn.model.intel import rsit
from bavn.model.moment import HOUR_US
from bavn.model.principal import may_be_second
from bavn.model.sector.case import CASE_WORDS, LIFE_CYCLE, CaseAct, CaseState
from bavn.model.sector.indicator_life import LifeState
from bavn.model.sector.nis2 import NAMES
from bavn.model.sector.nis2 import DueState as ReportState
from bavn.model.sector.work import DUE_WORDS, TASK_CYCLE, TASK_WORDS, Task
from bavn.model.text import Text

CENTRE_TASK_ACTS: Final = ("cancel", "reopen")
REPORT_WORDS: Final = {
    ReportState.SENT: Text("sent"),
    ReportState.SENT_LATE: Text("sent late"),
    ReportState.WAITING: Text("waiting"),
    ReportState.OVERDUE: Text("overdue"),
    ReportState.LATER: Text("begins later"),
}
TOLD: Final = {
    "": Text("not told yet"),
    "pending": Text("waits to be told"),
    "queued": Text("told"),
    "refused": Text("refused at the gate"),
}
RIGHT_OF: Final = {act: (acts.release if act is CaseAct.RELEASE else acts.step).right for act in CaseAct}


def card(line: CaseLine) -> CaseCard:
    """For the board."""
    case = line.case
    return filled(
        CaseCard,
        case,
        line,
        case.facts,
        state_said=TextShape.of(CASE_WORDS[case.state]),
        observables=[Named.of(one.observable) for one in case.facts.elements],
    )


def whole(context: SacContext, case_id: str, person: Person) -> CaseShown:
    """Everything about a case. Raises cases.UnknownCase."""
    desk = context.desk
    case, marking = desk.cases.case(case_id), desk.files.marking(case_id)
    tasks, indicators = desk.work.tasks(case_id), desk.indicator_book.of_case(case_id)
    notices = {notice.actor: notice for notice in desk.part_notices(case_id)}
    behind = desk.cases.behind(case_id)
    known = _Known(desk.work.involved.reporters(case_id), _met(context, indicators))
    return filled(
        CaseShown,
        case,
        state_said=TextShape.of(CASE_WORDS[case.state]),
        standing=desk.standing(case_id),
        now_us=desk.now_us(),
        technique=case.facts.technique,
        elements=_elements(case),
        marking=_marking(marking),
        merged_into=desk.files.merged_into(case_id),
        merged_from=list(desk.files.merged_from(case_id)),
        acts=acts_of(case, person),
        clock=_clock(case, desk.first_sighting(case)),
        terms=_terms(case),
        two_people=_two_people(case, behind, indicators, person),
        actors=[
            _actor(name, by_hand, notices.get(name), [task for task in tasks if task.actor == name], known)
            for name, by_hand in sorted(desk.work.involved.actors(case_id).items())
        ],
        tasks=[task_shown(context, task) for task in tasks],
        words=[filled(StatementShape, word, to=word.actor) for word in desk.work.words(case_id)],
        evidence=[filled(EvidenceKept, file) for file in desk.work.evidence(case_id)],
        nis2=[deadlines(view) for view in desk.nis2(context.zone).views(case_id)],
        timeline=[filled(CaseMoment, moment, says=TextShape.of(moment.text)) for moment in desk.timeline(case_id)],
        indicators=[_indicator(context, life) for life in indicators],
    )


def _elements(case: Case) -> list[ElementInCase]:
    return [filled(ElementInCase, element, element=Named.of(element.observable)) for element in case.facts.elements]


def _marking(marking: Marking) -> MarkingShown:
    said = TextShape.of(rsit.words(marking.rsit)) if marking.rsit else None
    return filled(MarkingShown, marking, pap=marking.pap.name, rsit_said=said)


def acts_of(case: Case, person: Person) -> list[ActOffered]:
    """What the life-cycle offers from here, in its order, and whether this person may."""
    return [
        ActOffered(
            act=act,
            button=TextShape.of(BUTTONS[act]),
            will=TextShape.of(WILL[act]),
            leads_to=state,
            leads_to_said=TextShape.of(CASE_WORDS[state]),
            needs_why=act is not CaseAct.TAKE,
            ask_first=act in DANGEROUS,
            may=person.may(RIGHT_OF[act]),
        )
        for (here, act), state in LIFE_CYCLE.items()
        if here is case.state
    ]


def task_shown(context: SacContext, task: Task) -> TaskShown:
    """A task with each deadline, and what the centre may do to it."""
    soon_us = context.desk.work.settings.soon_hours * HOUR_US
    return filled(
        TaskShown,
        task,
        state_said=TextShape.of(TASK_WORDS[task.state]),
        dues=[
            TaskDue(step=step, due_us=due_us, state=state, says=TextShape.of(DUE_WORDS[state]), met_us=met_us)
            for (step, due_us, state), met_us in zip(
                task.dues(context.desk.now_us(), soon_us), task.met_us, strict=True
            )
        ],
        acts=[act.value for here, act in TASK_CYCLE if here is task.state and act.value in CENTRE_TASK_ACTS],
    )


def deadlines(view: Nis2View) -> Nis2Clock:
    """NIS2's clocks of one actor."""
    return filled(
        Nis2Clock,
        view,
        view.flags,
        happened={act.value: at_us for act, at_us in view.happened.items()},
        reports=[
            filled(
                ReportDue, due, says=TextShape.of(NAMES[due.report]), state_said=TextShape.of(REPORT_WORDS[due.state])
            )
            for due in view.dues
        ],
    )


@dataclass(frozen=True, slots=True)
class _Known:
    """Of a case: who reported something of it, and who met its indicators from when on, and whether before the release;
    one can be without the other."""

    reporters: frozenset[str]
    met: dict[str, tuple[int, bool]]


def _met(context: SacContext, lives: tuple[Life, ...]) -> dict[str, tuple[int, bool]]:
    met: dict[str, tuple[int, bool]] = {}
    for life in lives:
        kept = context.desk.deliveries.get(life.id)
        released_us = life.released_us or (kept.released_us if kept else 0)
        for sighting in context.desk.deliveries.sightings(life.id):
            if sighting.first_hour is not None and sighting.count_bucket:
                at_us = hour_us(sighting.first_hour)
                known_us, before = met.get(sighting.actor, (at_us, False))
                met[sighting.actor] = (min(known_us, at_us), before or at_us + HOUR_US <= released_us)
    return met


def _actor(name: str, by_hand: bool, notice: PartNotice | None, tasks: list[Task], known: _Known) -> ActorInCase:
    part = None if notice is None else notice.part
    met_us, met_before = known.met.get(name, (None, False))
    return ActorInCase(
        actor=name,
        by_hand=by_hand,
        reported=name in known.reporters,
        met_us=met_us,
        met_before=met_before,
        version=0 if notice is None else notice.version,
        told_us=None if notice is None else notice.at_us,
        status="" if notice is None else notice.status,
        says=TextShape.of(TOLD["" if notice is None else notice.status]),
        rule="" if notice is None else notice.rule,
        owed=sum(any(state not in ("met", "met-late", "void") for state in _states(task)) for task in tasks),
        own=[] if part is None else [Named.of(observable) for observable in part.own],
        heard_tasks=0 if part is None else len(part.tasks),
        heard_words=[] if part is None else [word.text for word in part.words],
        heard_state=None if part is None else CaseState(part.state),
        heard_state_said=None if part is None else TextShape.of(CASE_WORDS[CaseState(part.state)]),
        heard_techniques=[] if part is None else list(part.techniques),
    )


def _states(task: Task) -> list[str]:
    return [state.value for _, _, state in task.dues(task.given_us, 0)]


def _clock(case: Case, first_us: int | None) -> dict[str, int | None]:
    clocks = case.clocks
    return {
        "first_sighting": first_us,
        "report": clocks.first_report_us,
        "lead": clocks.lead_us,
        "confirmed": clocks.confirmed_us,
        "released": clocks.released_us,
        "last_block": clocks.last_block_us,
    }


def _terms(case: Case) -> TermsShown:
    terms = case.terms
    return filled(
        TermsShown,
        terms,
        case,
        observables=None if terms.observables is None else [Named.of(one) for one in terms.observables],
        pap=None if terms.pap is None else terms.pap.name,
        carried_out=case.order_no == case.done_no,
    )


def _two_people(case: Case, behind: tuple[str, ...], lives: tuple[Life, ...], person: Person) -> TwoPeople:
    """``waits``: something that may block stands in review for want of a second person."""
    waiting = [life for life in lives if life.state is LifeState.REVIEW and case.state is CaseState.RELEASED]
    return TwoPeople(
        behind=list(behind),
        waits=bool(waiting),
        waiting=[life.id for life in waiting],
        you_would_be_alone=len(behind) == 1 and not may_be_second(behind[0], person.name),
    )


def _indicator(context: SacContext, life: Life) -> IndicatorInCase:
    actors = context.desk.deliveries.at_actors(life.id)
    return filled(
        IndicatorInCase,
        life,
        observable=Named.of(life.observable),
        pap=life.pap.name,
        until_us=life.until_us or None,
        refusal=TextShape.of(Text.of_row(life.refusal)) if life.refusal else None,
        enforced=[actor.actor for actor in actors if actor.enforced_us is not None],
        missing=[actor.actor for actor in actors if waits_for(actor) and not only_hunted(actor)],
        hunted=[actor.actor for actor in actors if waits_for(actor) and only_hunted(actor)],
        met=sorted(
            {
                sighting.actor
                for sighting in context.desk.deliveries.sightings(life.id)
                if sighting.first_hour is not None
            }
        ),
    )
