"""The SAC console's proposals: what sources outside the sector claim, and what people make of it.

Refuses to release anything: a case is made of it, or it is found harmless.
"""

from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import Field

from bavn.app.access.rights import Right
from bavn.app.acts.act import refusing
from bavn.app.acts.centre import sources as acts
from bavn.app.acts.centre.refusals import observable_of
from bavn.app.web.frame import After, Limit, Person, Rows, allow, filled, opened, page
from bavn.app.web.sac.bodies import Shape, Words
from bavn.app.web.sac.context import Context, SacContext
from bavn.centre.cases.intelligence.confidence import SourceStatus
from bavn.centre.cases.intelligence.proposal_pages import WantedProposals, proposals_page
from bavn.centre.cases.intelligence.proposals import Proposal
from bavn.model.intel.indicator import PapName, Tlp
from bavn.model.observable import ObservableType

Named = Annotated[str, Query(min_length=1, max_length=300, description="type:value, or a plain observable.")]


class MetShape(Shape):
    """An actor that met it: by a question, a sighting or its own report."""

    actor: str
    how: str


class ProposalRow(Shape):
    """One observable and what sources claim of it. ``confidence`` 0..95 of the parties that are trusted."""

    observable: str
    type: ObservableType
    value: str
    state: str
    confidence: int
    sources: list[str]
    parties: list[str]
    met: list[MetShape]
    listed: list[str]
    tlp: Tlp
    pap: PapName
    technique: str
    first_us: int
    case_id: str
    by: str
    why: str


class ClaimShape(Shape):
    """What one source says. ``gone``: empty, withdrawn or over (by age)."""

    source: str
    gone: str
    confidence: int
    tlp: Tlp
    pap: PapName
    first_us: int
    last_us: int
    until_us: int
    technique: str
    about: str


class ProposalWhole(Shape):
    """One proposal, claim by claim."""

    row: ProposalRow
    claims: list[ClaimShape]


class Deciding(Shape):
    """``open_case``: a person or a policy decides from there; ``dismiss``: harmless; ``reopen``: propose it again."""

    observable: str = Field(min_length=1, max_length=300)
    act: Literal["open_case", "dismiss", "reopen"]
    why: str = Field(default="", max_length=500)


router = APIRouter(prefix="/proposals", tags=["proposals"])
"""Below ``/proposals``."""


@router.get("", operation_id="proposals")
def proposals(
    context: Context,
    _: Annotated[Person, allow(Right.READ)],
    limit: Limit = 50,
    after: After = None,
    state: Literal["proposed", "case", "dismissed"] = "proposed",
    source: Annotated[str, Query(max_length=60)] = "",
    met: bool = False,
    q: Words = "",
) -> Rows[ProposalRow]:
    """What is proposed, the newest first; only what some actor met, or of one source, where that is asked for."""
    at = opened(after, int, str, str)
    wanted = WantedProposals(state=state, source=source, met=met, words=q)
    named = proposals_page(context.desk.engine, wanted, limit + 1, None if at is None else (at[0], at[1], at[2]))
    found = [context.intelligence.proposals.get(observable) for observable in named]
    shown = page(
        found, limit, lambda proposal: (proposal.first_us, proposal.observable.type.value, proposal.observable.value)
    )
    standings = context.intelligence.statuses()
    return Rows(items=[_row(context, proposal, standings) for proposal in shown.items], next=shown.next)


@router.get("/one", operation_id="proposal")
def proposal(context: Context, _: Annotated[Person, allow(Right.READ)], observable: Named) -> ProposalWhole:
    """Who claims what of an observable."""
    with refusing(*acts.REFUSES):
        return _whole(context, context.intelligence.proposals.get(observable_of(observable)))


@router.post("/decide", operation_id="decide_proposal", description=acts.decide.__doc__)
def decide(context: Context, person: Annotated[Person, allow(acts.decide)], body: Deciding) -> ProposalWhole:
    named = observable_of(body.observable)
    acts.decide(context.intelligence, person.name, named, body.act, body.why)
    return _whole(context, context.intelligence.proposals.get(named))


def _row(context: SacContext, proposal: Proposal, standings: dict[str, SourceStatus]) -> ProposalRow:
    weight = context.intelligence.weight(proposal, standings)
    return filled(
        ProposalRow,
        weight,
        proposal,
        proposal.observable,
        observable=str(proposal.observable),
        sources=sorted({claim.source for claim in proposal.live}),
        met=[MetShape(actor=actor, how=how) for actor, how in sorted(proposal.met.items())],
        pap=weight.pap.name,
    )


def _whole(context: SacContext, one: Proposal) -> ProposalWhole:
    claims = [filled(ClaimShape, kept, kept.claim, pap=kept.claim.pap.name) for kept in one.claims]
    return ProposalWhole(row=_row(context, one, context.intelligence.statuses()), claims=claims)
