"""The SAC console's partners: what goes out to each and comes in from it, until when; credentials; what was exchanged.

Refuses to show a secret twice: a token or password is kept as a hash.
"""

from typing import Annotated, Final, Literal

from fastapi import APIRouter, Path
from pydantic import Field

from bavn.app.access.rights import Right
from bavn.app.acts.act import refusing
from bavn.app.acts.centre import partners as acts
from bavn.app.web.frame import Person, Rows, TextShape, allow, filled
from bavn.app.web.sac.bodies import Because, Shape
from bavn.app.web.sac.context import Context, SacContext
from bavn.centre.inbox.offer_figures import offered_by
from bavn.centre.inbox.offers import KIND as OFFER
from bavn.centre.share.exchange_figures import given_to, refused_of
from bavn.centre.share.handing import KIND as OBJECT
from bavn.model.sector.partner import PARTNER_KINDS, Partner
from bavn.model.text import Text

REFUSALS_SHOWN_MAX: Final = 50
Named = Annotated[str, Path(pattern=r"^[a-z][a-z0-9-]{1,39}$")]


class PartnerRow(Shape):
    """A partner and its agreement. ``given``: indicators it got through gate 3; ``offered``: objects it holds here."""

    name: str
    title: str
    kind: str
    kind_says: TextShape
    stand: Literal["in_force", "over", "ended"]
    added_us: int
    until_us: int
    ended_us: int | None
    out: acts.OutShape
    inward: acts.InShape
    given: int
    refused: int
    offered: int
    offered_today: int
    last_given_us: int | None
    sources: list[str]


class CredentialShape(Shape):
    """One way in which it may prove who it is."""

    id: str
    kind: str
    issued_us: int
    until_us: int
    ended_us: int | None
    in_force: bool


class RefusalRow(Shape):
    """Why gate 3 kept something from it, or gate 2 something of it, and how often of late."""

    way: Literal["out", "in"]
    rule: str
    says: TextShape
    times: int


class PartnerWhole(Shape):
    """One partner: agreement, credentials, and what was refused of late."""

    row: PartnerRow
    credentials: list[CredentialShape]
    refusals: list[RefusalRow]


class KeyMaking(Shape):
    """How it will prove who it is; ``csr``: the partner's certificate request (PEM, P-256), for a certificate alone."""

    kind: Literal["token", "basic", "certificate"] = "token"
    csr: str = Field(default="", max_length=8192)


class Secret(Shape):
    """A secret, shown this once; or a certificate (PEM)."""

    partner: str
    kind: str
    secret: str
    says: TextShape


SHOWN_ONCE: Final = Text("It is never shown again, and kept as a hash. Hand it over outside Bavn.")
PAPER: Final = Text("The certificate is no secret: send it back to whoever made the request.")


router = APIRouter(prefix="/partners", tags=["partners"])
"""Below ``/partners``."""


@router.get("", operation_id="partners")
def partners(context: Context, _: Annotated[Person, allow(Right.READ)]) -> Rows[PartnerRow]:
    """All partners, by name, with their agreements and how much was exchanged."""
    items = [_row(context, one) for one in context.partners.every()]
    return Rows(items=items, total=len(items))


@router.get("/{partner}", operation_id="partner")
def partner(context: Context, _: Annotated[Person, allow(Right.READ)], partner: Named) -> PartnerWhole:
    """One partner: its agreement, its credentials, and what the gates refused of late."""
    with refusing(*acts.REFUSES):
        return _whole(context, partner)


@router.post("", operation_id="add_partner", status_code=201, description=acts.add.__doc__)
def add(context: Context, person: Annotated[Person, allow(acts.add)], body: acts.Adding) -> PartnerWhole:
    return _whole(context, acts.add(context.partners, person.name, body, context.clock.now_us()).name)


@router.put("/{partner}", operation_id="set_partner", description=acts.change.__doc__)
def set_(
    context: Context, person: Annotated[Person, allow(acts.change)], partner: Named, body: acts.Changing
) -> PartnerWhole:
    return _whole(context, acts.change(context.partners, person.name, partner, body).name)


@router.post("/{partner}/end", operation_id="end_partner", description=acts.end.__doc__)
def end(context: Context, person: Annotated[Person, allow(acts.end)], partner: Named, body: Because) -> PartnerWhole:
    return _whole(context, acts.end(context.partners, person.name, partner, body.why).name)


@router.post(
    "/{partner}/credentials", operation_id="make_credential", status_code=201, description=acts.make_key.__doc__
)
def make(context: Context, person: Annotated[Person, allow(acts.make_key)], partner: Named, body: KeyMaking) -> Secret:
    text = acts.make_key(context.credentials, person.name, partner, body.kind, body.csr)
    says = TextShape.of(PAPER if body.kind == "certificate" else SHOWN_ONCE)
    return Secret(partner=partner, kind=body.kind, secret=text, says=says)


@router.post("/{partner}/credentials/{credential}/end", operation_id="end_credential", description=acts.end_key.__doc__)
def end_credential(
    context: Context,
    person: Annotated[Person, allow(acts.end_key)],
    partner: Named,
    credential: Annotated[str, Path(pattern=r"^[0-9a-f]{12}$")],
) -> PartnerWhole:
    acts.end_key(context.credentials, person.name, partner, credential)
    return _whole(context, partner)


def _row(context: SacContext, partner: Partner) -> PartnerRow:
    now_us = context.clock.now_us()
    given, (held, today) = given_to(context.book, partner.name), offered_by(context.book, partner.name, now_us)
    stand: Literal["in_force", "over", "ended"] = "ended" if partner.ended_us is not None else "over"
    if partner.in_force(now_us):
        stand = "in_force"
    return filled(
        PartnerRow,
        partner,
        kind_says=TextShape.of(PARTNER_KINDS[partner.kind]),
        stand=stand,
        out=acts.OutShape.of(partner.out),
        inward=filled(acts.InShape, partner.inward),
        given=given.given,
        refused=given.refused,
        offered=held,
        offered_today=today,
        last_given_us=given.last_us,
        sources=[s.source.name for s in context.intelligence.sources.every() if s.source.partner == partner.name],
    )


def _whole(context: SacContext, name: str) -> PartnerWhole:
    one, now_us = context.partners.known(name), context.clock.now_us()
    return PartnerWhole(
        row=_row(context, one),
        credentials=[
            filled(CredentialShape, key, in_force=key.ended_us is None and now_us < key.until_us)
            for key in context.credentials.of(name)
        ],
        refusals=_refusals(context, name),
    )


def _refusals(context: SacContext, name: str) -> list[RefusalRow]:
    """By rule, of the newest lines at either gate."""
    out = [
        RefusalRow(way="out", rule=r, says=TextShape.of(Text.of_row(why)), times=n)
        for r, why, n in refused_of(context.book, name, OBJECT)
    ]
    inward = [
        RefusalRow(way="in", rule=r, says=TextShape.of(Text.of_row(why)), times=n)
        for r, why, n in refused_of(context.book, name, OFFER)
    ]
    return sorted([*out, *inward], key=lambda row: -row.times)[:REFUSALS_SHOWN_MAX]
