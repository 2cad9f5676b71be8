"""The SAC console's cases: the board, a case, and what people do in it, through the same functions as the command line.

Refuses to send anything: the running centre does, at its next step.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query

from bavn.app.access.rights import Right
from bavn.app.acts.act import refusing
from bavn.app.acts.centre import cases as acts
from bavn.app.acts.centre.cases import Named
from bavn.app.acts.centre.refusals import KINDS
from bavn.app.web.exporting import in_stix
from bavn.app.web.frame import After, Limit, Person, Rows, TextShape, allow, cursor, filled, opened
from bavn.app.web.sac.cases import shapes
from bavn.app.web.sac.cases import work as case_work
from bavn.app.web.sac.cases.view import card, whole
from bavn.app.web.sac.cases.words import HOW
from bavn.app.web.sac.context import Context, SacContext
from bavn.app.web.sac.in_stix import groups
from bavn.app.web.sac.shapes import Done
from bavn.centre.cases.case.case import Case
from bavn.centre.cases.case.pages import CaseAsk
from bavn.model.principal import may_be_second, two_people
from bavn.model.sector.case import CASE_WORDS, CaseAct, CaseState
from bavn.model.sector.indicator_life import BLOCK_PAP_MIN, distinct
from bavn.model.text import Text

CaseId = Annotated[str, Path(max_length=60)]


def _query() -> Any:
    def asked(
        q: Annotated[str, Query(max_length=253, description="Part of an observable or of an id.")] = "",
        state: Annotated[list[CaseState] | None, Query(max_length=10)] = None,
        owner: Annotated[str, Query(max_length=64)] = "",
        actor: Annotated[str, Query(max_length=40)] = "",
    ) -> CaseAsk:
        return CaseAsk(words=q, states=tuple(state or ()), owner=owner, actor=actor)

    return Depends(asked)


router = APIRouter(prefix="/cases", tags=["cases"])
"""Below /cases."""


@router.get("", operation_id="cases")
@in_stix(groups(lambda row: row.opened_us))
def cases(
    context: Context,
    _: Annotated[Person, allow(Right.READ)],
    ask: Annotated[CaseAsk, _query()],
    limit: Limit = 50,
    after: After = None,
) -> Rows[shapes.CaseCard]:
    """Cases, the latest first."""
    at = opened(after, int, str)
    lines = context.desk.case_page(ask, limit + 1, None if at is None else (at[0], at[1]))
    last = lines[limit - 1].case if len(lines) > limit else None
    return Rows(
        items=[card(line) for line in lines[:limit]],
        total=sum(context.desk.case_counts(ask).values()),
        next=None if last is None else cursor(last.opened_us, last.id),
    )


@router.get("/board", operation_id="cases_board")
def board(
    context: Context,
    _: Annotated[Person, allow(Right.READ)],
    ask: Annotated[CaseAsk, _query()],
    each: Annotated[int, Query(ge=1, le=100, description="Cards of a column.")] = 20,
) -> shapes.Board:
    """A column for each state of the life-cycle, with the latest cases in it."""
    counts = context.desk.case_counts(ask)
    columns = [
        shapes.Column(
            state=state,
            said=TextShape.of(CASE_WORDS[state]),
            total=counts.get(state, 0),
            cards=[card(line) for line in context.desk.case_page(_only(ask, state), each)],
        )
        for state in ask.states or tuple(CaseState)
    ]
    return shapes.Board(columns=columns, owners=list(context.desk.case_owners()))


@router.get("/{case_id}", operation_id="case")
def case(context: Context, person: Annotated[Person, allow(Right.READ)], case_id: CaseId) -> shapes.CaseShown:
    """A case with everything that was said and done in it, and what its life-cycle offers you."""
    with refusing(*KINDS):
        return whole(context, case_id, person)


@router.post("/{case_id}/acts", operation_id="case_act", description=acts.step.__doc__)
def act(context: Context, person: Annotated[Person, allow(acts.step)], case_id: CaseId, body: acts.ActRequest) -> Done:
    return _stands(context, acts.step(context.desk.cases, person.name, case_id, CaseAct(body.act), body.why, body.seen))


@router.get("/{case_id}/release", operation_id="case_release_preview")
def preview(context: Context, person: Annotated[Person, allow(Right.READ)], case_id: CaseId) -> shapes.ReleasePreview:
    """What a release would let out if you pressed the button now."""
    with refusing(*KINDS):
        return release_preview(context, case_id, person)


@router.post("/{case_id}/release", operation_id="case_release", description=acts.release.__doc__)
def release(
    context: Context, person: Annotated[Person, allow(acts.release)], case_id: CaseId, body: acts.ReleaseRequest
) -> Done:
    release = acts.release(context.desk.cases, person.name, case_id, body.why, body.seen, body)
    if not two_people(context.desk.cases.behind(case_id)):
        words = Text("Released by one person alone: what may block waits for a second person")
        return case_work.done(context, case_id, words)
    return _stands(context, release)


def release_preview(context: SacContext, case_id: str, person: Person) -> shapes.ReleasePreview:
    """Raises cases.UnknownCase."""
    desk = context.desk
    would = desk.would_release(case_id)
    confirmed = desk.confirmed_by(case_id)
    alone = not confirmed or not may_be_second(confirmed, person.name)
    behind = (person.name,) if alone else distinct((confirmed, person.name))
    blocks = any(release.pap >= BLOCK_PAP_MIN and release.how != "refused" for release in would)
    marking = desk.files.marking(case_id)
    return shapes.ReleasePreview(
        would=[
            filled(
                shapes.Would,
                release,
                release.element,
                element=Named.of(release.element.observable),
                says=TextShape.of(HOW[release.how]),
                pap=release.pap.name,
                checks=[filled(shapes.CheckShown, each, says=TextShape.of(each.words)) for each in release.checks],
            )
            for release in would
        ],
        recipients=len(context.registry.members()[1]),
        behind=list(behind),
        waits_for_second=blocks and not two_people(behind),
        days=30,
        days_max=desk.indicator_book.bounds.days_max,
        tlp=marking.tlp,
    )


def _stands(context: SacContext, made: Case) -> Done:
    return case_work.done(context, made.id, Text("{case_id} is {said}", case_id=made.id, said=CASE_WORDS[made.state]))


def _only(ask: CaseAsk, state: CaseState) -> CaseAsk:
    return CaseAsk(states=(state,), owner=ask.owner, actor=ask.actor, words=ask.words)
