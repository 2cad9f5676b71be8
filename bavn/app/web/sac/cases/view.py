"""A case as the console shows it: a card of the board, and the whole with everything that was said and done in it."""

from typing import Final

from bavn.app.acts.centre import cases as acts
from bavn.app.acts.centre.cases import Named
from bavn.app.web.frame import Person, TextShape, filled
from bavn.app.web.sac.cases.room import room_shown
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
from bavn.centre.cases.case.case import Case
from bavn.centre.cases.case.files import Marking
from bavn.centre.cases.case.notices import PartNotice
from bavn.centre.cases.case.pages import CaseLine
from bavn.centre.cases.indicators.indicator import Life
from bavn.centre.cases.nis2.clocks import Nis2View
from bavn.centre.desk.case.room import ActorRole, InForce, room_of
from bavn.model.intel import rsit
from bavn.model.moment import HOUR_US
from bavn.model.principal import may_be_second
from bavn.model.sector.case import CASE_WORDS, LIFE_CYCLE, CaseAct, CaseState
from bavn.model.sector.indicator_life import LifeState
from bavn.model.sector.nis2 import DUE_WORDS as REPORT_WORDS
from bavn.model.sector.nis2 import NAMES
from bavn.model.sector.work import DUE_WORDS, TASK_CYCLE, TASK_WORDS, Task
from bavn.model.text import Text

CENTRE_TASK_ACTS: Final = ("cancel", "reopen")
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
        observables=[Named.of(element.observable) for element in case.facts.elements],
    )


def whole(context: SacContext, case_id: str, person: Person) -> CaseShown:
    """Everything about a case. Raises cases.UnknownCase."""
    desk = context.desk
    room = room_of(desk, case_id, context.zone)
    case, tasks = room.case, desk.work.tasks(case_id)
    notices = {notice.actor: notice for notice in desk.part_notices(case_id)}
    behind = desk.cases.behind(case_id)
    return filled(
        CaseShown,
        case,
        state_said=TextShape.of(CASE_WORDS[case.state]),
        standing=desk.standing(case_id),
        now_us=room.now_us,
        technique=case.facts.technique,
        elements=_elements(case),
        marking=_marking(room.marking),
        merged_into=desk.files.merged_into(case_id),
        merged_from=list(desk.files.merged_from(case_id)),
        acts=acts_of(case, person),
        clock=_clock(case, room.first_us),
        terms=_terms(case),
        two_people=_two_people(case, behind, tuple(stands.life for stands in room.indicators), person),
        room=room_shown(room, person),
        actors=[
            _actor(role, notices.get(role.actor), [task for task in tasks if task.actor == role.actor])
            for role in room.actors
        ],
        tasks=[task_shown(context, task) for task in tasks],
        words=[filled(StatementShape, word, to=word.actor) for word in room.words],
        evidence=[filled(EvidenceKept, file) for file in desk.work.evidence(case_id)],
        nis2=[deadlines(view) for view in room.clocks],
        timeline=[filled(CaseMoment, moment, says=TextShape.of(moment.text)) for moment in desk.timeline(case_id)],
        indicators=[_indicator(stands) for stands in room.indicators],
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


def _actor(role: ActorRole, notice: PartNotice | None, tasks: list[Task]) -> ActorInCase:
    part = None if notice is None else notice.part
    return filled(
        ActorInCase,
        role,
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


def _indicator(stands: InForce) -> IndicatorInCase:
    life = stands.life
    return filled(
        IndicatorInCase,
        life,
        stands,
        observable=Named.of(life.observable),
        pap=life.pap.name,
        until_us=life.until_us or None,
        refusal=TextShape.of(Text.of_row(life.refusal)) if life.refusal else None,
    )
