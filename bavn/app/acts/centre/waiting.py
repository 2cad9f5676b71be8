"""What waits for a person at the centre: one function for each kind of thing gives its lines. A new kind is one more in
KINDS. Expect neither leads nor proposals of sources here, which have lists of their own; refuses to decide who may."""

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Final

from bavn.app.access.accounts import Account
from bavn.app.access.handed import Handed
from bavn.app.access.rights import Right
from bavn.app.acts.act import act
from bavn.app.acts.centre import alarms as alarm_acts
from bavn.app.acts.centre import cases as case_acts
from bavn.app.acts.centre import indicators as indicator_acts
from bavn.app.acts.centre import members as member_acts
from bavn.app.acts.centre import policies, publications, questions, switch
from bavn.app.acts.centre import warnings as warning_acts
from bavn.app.acts.waiting import LINES_MAX, Cause, Step, Viewer, Waiting, hand
from bavn.centre.cases.case.pages import CaseAsk
from bavn.centre.cases.indicators.indicator import Life
from bavn.centre.cases.indicators.pages import IndicatorFilter, indicators_page
from bavn.centre.cases.two_people import CENTRE
from bavn.centre.cases.warnings.warnings import Warnings
from bavn.centre.desk.membership import invited_members
from bavn.centre.publish.life import EditionState
from bavn.model.counted import actors, indicators
from bavn.model.moment import iso
from bavn.model.ports import Clock
from bavn.model.sector.alarm import KINDS as ALARM_KINDS
from bavn.model.sector.case import CaseAct, CaseState
from bavn.model.sector.indicator_life import LifeState, may_go
from bavn.model.sector.sector_warning import WarningState
from bavn.model.text import Text

if TYPE_CHECKING:
    from bavn.centre.desk.desk import Desk

Finds = Callable[["Desk", Clock], Iterator[Waiting]]
HURRIED_MAX: Final = 200
"""Of released indicators so many of the newest are looked through for a wish to pass the canary ring over."""
NAMED_CHARS_MAX: Final = 120


def _switch_off(desk: "Desk", _: Clock) -> Iterator[Waiting]:
    request = desk.switch.off_request()
    if request is not None:
        yield Waiting(
            kind="switch-off",
            subject=str(request.number),
            what=Text("The sector's kill switch is to be turned off"),
            will=Text("Every actor puts back in force what is still wanted. The reason: {why}", why=_said(request.why)),
            act=switch.turn_off,
            page="/protection",
            since_us=request.at_us,
            by=request.by,
            second=True,
            weight=3,
            step=Step(verb=Text("Turn it off"), path="/protection/switch/off", why=True),
        )


def _releases(desk: "Desk", _: Clock) -> Iterator[Waiting]:
    ask = CaseAsk(states=(CaseState.CONFIRMED,))
    for line in desk.case_page(ask, LINES_MAX):
        case = line.case
        confirmed = desk.cases.last_by(case.id, CaseAct.CONFIRM)[0]
        element = str(case.facts.elements[0].observable) if case.facts.elements else case.id
        yield Waiting(
            kind="case-release",
            subject=case.id,
            what=Text("Release {element}", element=Text.plain(element)),
            will=Text(
                "{indicators} for every active actor, within seconds; you see first what each will do.",
                indicators=indicators(len(case.facts.elements)),
            ),
            act=case_acts.release,
            page=f"/cases/{case.id}",
            since_us=case.clocks.confirmed_us or case.opened_us,
            by=confirmed,
            second=True,
            weight=2,
        )


def _indicators(desk: "Desk", _: Clock) -> Iterator[Waiting]:
    for state in (LifeState.REVIEW, LifeState.APPROVED):
        for life in indicators_page(desk.engine, IndicatorFilter(state=state), LINES_MAX):
            yield _indicator(life)
    for life in indicators_page(desk.engine, IndicatorFilter(state=LifeState.RELEASED), HURRIED_MAX):
        if life.now_by and not life.now:
            yield _line_of(
                life,
                Text("{value} is to skip the canary ring", value=_value(life)),
                Text("It goes to all actors at once, not to a few of them first."),
                life.now_by,
                ("now", Text("Skip the ring")),
            )


def _indicator(life: Life) -> Waiting:
    """In review, or agreed to: what a second person does with it."""
    if life.state is LifeState.APPROVED:
        will = Text("It goes to every active actor within seconds, and blocks where their policy lets it.")
        return _line_of(life, Text("Release {value}", value=_value(life)), will, "", ("release", Text("Release")))
    alone = may_go(life.pap, life.people)
    will = Text("It may then be released. Nothing goes out yet.")
    if life.wanted and life.refusal:
        will = Text("Gate 3 kept it back: {why}", why=_said(life.refusal))
    first = "" if alone else life.put_by
    return _line_of(life, Text("Stand behind {value}", value=_value(life)), will, first, ("approve", Text("Approve")))


def _line_of(life: Life, what: Text, will: Text, first: str, step: tuple[str, Text]) -> Waiting:
    way, verb = step
    return Waiting(
        kind=f"indicator-{way}",
        subject=life.id,
        what=what,
        will=will,
        act=indicator_acts.let_go,
        page=f"/indicators/{life.id}",
        since_us=life.approved_us or life.put_us or life.drafted_us,
        by=first or life.approved_by or life.put_by or life.drafted_by,
        second=bool(first),
        weight=2,
        step=Step(
            verb=verb,
            path=f"/indicators/{life.id}/approvals",
            body={"act": way} | ({} if way == "now" else {"rev": life.rev}),
            why=True,
        ),
    )


def _policies(desk: "Desk", clock: Clock) -> Iterator[Waiting]:
    now_us = clock.now_us()
    for state in desk.cases.policies.every():
        if state.approved_us is None and state.ended_us is None and now_us < state.policy.until_us:
            yield Waiting(
                kind="policy",
                subject=state.id,
                what=Text("Standing policy {name}", name=Text.written(state.policy.name)),
                will=Text(
                    "From then on an element of {score} nats or more (groups behind it: at least {groups}) is blocked"
                    " without a person, at most {elements} a day.",
                    score=state.policy.score_min,
                    groups=state.policy.groups_min,
                    elements=_elements(state.policy.blocks_per_day_max),
                ),
                act=policies.approve,
                page="/protection?tab=policies",
                since_us=state.proposed_us,
                by=state.proposed_by,
                second=True,
                weight=2,
                step=_approve(f"/protection/policies/{state.id}/approve"),
            )


def _questions(desk: "Desk", clock: Clock) -> Iterator[Waiting]:
    now_us = clock.now_us()
    for view in desk.questions.every(LINES_MAX):
        question = view.question
        if question.approved_us is None and question.ended_us is None and now_us < question.until_us:
            yield Waiting(
                kind="question",
                subject=question.id,
                what=Text("A question to the sector: {why}", why=_said(question.why)),
                will=Text(
                    "It goes to {actors}, about {elements}: each says whether it met them.",
                    actors=actors(len(question.to)),
                    elements=_elements(len(question.observables)),
                ),
                act=questions.approve,
                page=f"/questions/{question.id}",
                since_us=question.asked_us,
                by=question.asked_by,
                second=True,
                weight=2,
                step=_approve(f"/questions/{question.id}/approve"),
            )


def _warnings(desk: "Desk", clock: Clock) -> Iterator[Waiting]:
    for view in Warnings(desk.engine, clock).every(LINES_MAX, state=WarningState.DRAFT):
        warning = view.warning
        yield Waiting(
            kind="warning",
            subject=warning.id,
            what=Text("A warning is drafted: {title}", title=warning.content.headline),
            will=Text("Read it, and send it: every actor that it is for is told, and answers."),
            act=warning_acts.step,
            page=f"/warnings/{warning.id}",
            since_us=warning.changed_us,
            by=warning.by,
            weight=2,
        )


def _publications(desk: "Desk", clock: Clock) -> Iterator[Waiting]:
    from bavn.centre.desk.publishing import editions_of  # heavy

    for edition in editions_of(desk.engine, clock).every():
        by = "" if edition.edited_by == CENTRE else edition.edited_by
        if edition.state in (EditionState.DRAFT, EditionState.EDITED):
            what = Text("Approve {id}", id=Text.plain(edition.id))
            will = Text("Read it first: it may then be published. Nobody outside sees it yet.")
        elif edition.state is EditionState.APPROVED:
            what, by = Text("Publish {id}", id=Text.plain(edition.id)), edition.approved_by
            will = Text("It is what the sector and its partners can read.")
        else:
            continue
        yield Waiting(
            kind="publication",
            subject=edition.id,
            what=what,
            will=will,
            act=publications.step,
            page=f"/publications/{edition.id}",
            since_us=edition.changed_us,
            by=by,
            second=bool(by) and edition.state is not EditionState.APPROVED,
        )


def _joins(desk: "Desk", _: Clock) -> Iterator[Waiting]:
    groups = {group: apart for group, apart in desk.apart.standing().items() if apart.asked_by}
    if not groups:
        return
    of_group = {member.actor.group: member.actor.name for member in reversed(desk.members())}
    for group, apart in groups.items():
        if group in of_group:
            yield Waiting(
                kind="let-join",
                subject=group,
                what=Text("{group} is to join the rounds again", group=Text.plain(group)),
                will=Text("Its reports count again where two organisations suffice. {why}", why=apart.text),
                act=member_acts.let_join,
                page=f"/members/{of_group[group]}",
                since_us=apart.at_us,
                by=apart.asked_by,
                second=True,
                step=Step(
                    verb=Text("Let it join"),
                    path=f"/members/{of_group[group]}/let-join",
                    why=True,
                ),
            )


def _enrolments(desk: "Desk", clock: Clock) -> Iterator[Waiting]:
    now_us = clock.now_us()
    for invited in invited_members(desk.engine):
        good = invited.until_us > now_us
        will = (
            Text("Its token is good until {day}: whoever runs its node enrols with it.", day=iso(invited.until_us)[:10])
            if good
            else Text("Its token ran out unused. A new invitation gives it another, to be handed over outside Bavn.")
        )
        yield Waiting(
            kind="enrolment",
            subject=invited.actor,
            what=Text("{actor} is invited and has not enrolled", actor=Text.plain(invited.actor)),
            will=will,
            act=member_acts.invite,
            page=f"/members/{invited.actor}",
            since_us=invited.at_us,
            by=invited.by,
        )


def _alarms(desk: "Desk", _: Clock) -> Iterator[Waiting]:
    untaken = [alarm for alarm in desk.alarms.every(standing=True) if not alarm.acked_by]
    for alarm in untaken[-LINES_MAX:]:
        where = Text.plain(alarm.actor) if alarm.actor else Text("at the centre itself")
        yield Waiting(
            kind="alarm",
            subject=str(alarm.number),
            what=Text("An alarm that nobody has taken: {alarm} ({where})", alarm=alarm.text, where=where),
            will=Text("You look after it, and others see that you do. It ends by itself when what caused it does."),
            act=alarm_acts.take,
            page="/coverage",
            since_us=alarm.began_us,
            weight=2,
            step=Step(verb=Text("I have it"), path=f"/alarms/{alarm.number}/take"),
            cause=Cause(
                key=alarm.cause,
                what=Text("alarms that nobody has taken: {alarm}", alarm=ALARM_KINDS[alarm.kind]),
                who=alarm.actor,
            ),
        )


KINDS: Final[tuple[Finds, ...]] = (
    _switch_off,
    _releases,
    _indicators,
    _policies,
    _questions,
    _warnings,
    _publications,
    _joins,
    _enrolments,
    _alarms,
)
"""Every kind of thing that waits at the centre."""


def waiting_at_centre(desk: "Desk", clock: Clock) -> list[Waiting]:
    """All that waits for a person at the centre, in no order."""
    return [line for find in KINDS for line in find(desk, clock)]


@act(Right.READ)
def hand_over(
    handed: Handed, viewer: Viewer, lines: Sequence[Waiting], people: Sequence[Account], thing: str, to: str
) -> Text:
    """Ask a colleague who can do it to look at what waits: it stands on top of what waits for them, with your name."""
    return hand(handed, viewer, lines, people, thing, to)


def _approve(path: str) -> Step:
    return Step(verb=Text("Approve"), path=path)


def _value(life: Life) -> Text:
    return Text.plain(str(life.observable))


def _elements(count: int) -> Text:
    return Text.counted("{count:,} element", "{count:,} elements", count)


def _said(words: str) -> Text:
    """What somebody wrote, as part of a sentence."""
    return Text.written(words if len(words) <= NAMED_CHARS_MAX else words[: NAMED_CHARS_MAX - 1] + "…")
