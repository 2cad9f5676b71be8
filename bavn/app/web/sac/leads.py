"""The SAC console's leads: the ranked queue and one lead with all that stands behind it; triage of a lead.

Refuses to rank and to judge: the desk does.
"""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query

from bavn.app.access.rights import Right
from bavn.app.acts.act import refusing
from bavn.app.acts.centre import leads as acts
from bavn.app.acts.centre.refusals import KINDS
from bavn.app.web.exporting import in_stix
from bavn.app.web.frame import After, Limit, Person, Rows, allow, cursor, opened
from bavn.app.web.sac.cases.work import done
from bavn.app.web.sac.context import Context
from bavn.app.web.sac.in_stix import groups
from bavn.app.web.sac.shapes import Done
from bavn.app.web.sac.values.lead_view import LeadShown, LeadSummary, shown, summary
from bavn.centre.desk.lead_pages import LeadAsk, Stands
from bavn.model.observable import ObservableType
from bavn.model.text import Text

LeadId = Annotated[str, Path(max_length=60)]


def _query() -> Any:
    def asked(
        q: Annotated[str, Query(max_length=253, description="Part of an observable, or a lead's id.")] = "",
        actor: Annotated[str, Query(max_length=40)] = "",
        type: Annotated[ObservableType | Literal[""], Query()] = "",  # noqa: A002  an observable's own word
        stands: Annotated[Stands, Query(description="waiting, worked, over or ignored")] = "",
        alive: Annotated[bool, Query(description="Among the leads as last ranked.")] = True,
    ) -> LeadAsk:
        return LeadAsk(words=q, actor=actor, type=type or None, stands=stands, alive=alive)

    return Depends(asked)


router = APIRouter(prefix="/leads", tags=["leads"])
"""Below /leads."""


@router.get("", operation_id="leads")
@in_stix(groups(lambda row: row.had_us))
def leads(
    context: Context,
    _: Annotated[Person, allow(Right.READ)],
    ask: Annotated[LeadAsk, _query()],
    limit: Limit = 50,
    after: After = None,
) -> Rows[LeadSummary]:
    """The ranked queue, best first, with the case of each lead where it has one."""
    at = opened(after, int, str)
    lines, total = context.desk.lead_page(ask, limit + 1, None if at is None else (at[0], at[1]))
    shown_lines = lines[:limit]
    briefs = context.desk.briefs([line.view for line in shown_lines])
    last = lines[limit - 1].view.lead if len(lines) > limit else None
    return Rows(
        items=[summary(line, one) for line, one in zip(shown_lines, briefs, strict=True)],
        total=total,
        next=None if last is None else cursor(last.rank, last.id),
    )


@router.get("/{lead_id}", operation_id="lead")
def lead(context: Context, _: Annotated[Person, allow(Right.READ)], lead_id: LeadId) -> LeadShown:
    """One lead, alive or not: in words, then every term and reason, the counterfactuals and its timeline."""
    with refusing(*KINDS):
        view = context.desk.lead(lead_id)
    return shown(
        view,
        context.desk.cases.of_lead(lead_id),
        context.desk.now_us(),
        context.desk.ignored.of(lead_id),
        context.desk.coverage(),
        context.desk.reviews([view])[0],
    )


@router.post("/{lead_id}/case", operation_id="lead_open_case", description=acts.open_case.__doc__)
def open_case(
    context: Context, person: Annotated[Person, allow(acts.open_case)], lead_id: LeadId, body: acts.Opening
) -> Done:
    case = acts.open_case(context.desk, person.name, lead_id, body)
    return done(context, case.id, Text("{id} is open", id=case.id))


@router.post("/{lead_id}/benign", operation_id="lead_benign", description=acts.benign.__doc__)
def benign(
    context: Context, person: Annotated[Person, allow(acts.benign)], lead_id: LeadId, body: acts.Harmless
) -> Done:
    case = acts.benign(context.desk, person.name, lead_id, body)
    return done(context, case.id, Text("{id} is dismissed: its elements count as harmless", id=case.id))


@router.post("/{lead_id}/ignore", operation_id="lead_ignore", description=acts.ignore.__doc__)
def ignore(
    context: Context, person: Annotated[Person, allow(acts.ignore)], lead_id: LeadId, body: acts.Ignoring
) -> LeadShown:
    acts.ignore(context.desk, person.name, lead_id, body)
    return lead(context, person, lead_id)


@router.post("/{lead_id}/heed", operation_id="lead_heed", description=acts.heed.__doc__)
def heed(context: Context, person: Annotated[Person, allow(acts.heed)], lead_id: LeadId) -> LeadShown:
    acts.heed(context.desk, person.name, lead_id)
    return lead(context, person, lead_id)
