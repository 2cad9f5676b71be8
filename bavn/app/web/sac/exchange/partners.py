"""The SAC console's partners: what goes out to each and comes in from it, until when; credentials; what was exchanged.

Refuses to show a secret twice: a token or password is kept as a hash.
"""

from dataclasses import replace
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Path
from pydantic import Field

from bavn.app.access.rights import Right
from bavn.app.acts.act import Kind, Name
from bavn.app.web.frame import Person, Rows, TextShape, allow, filled
from bavn.app.web.sac.bodies import Because, Shape
from bavn.app.web.sac.context import SacContext
from bavn.app.web.sac.refusals.answers import told
from bavn.centre.inbox.offer_figures import offered_by
from bavn.centre.inbox.offers import KIND as OFFER
from bavn.centre.members.partners import UnknownPartner
from bavn.centre.share.exchange_figures import given_to, refused_of
from bavn.centre.share.handing import KIND as OBJECT
from bavn.model.intel.indicator import Pap, PapName, Tlp
from bavn.model.moment import DAY_US
from bavn.model.observable import ObservableType
from bavn.model.sector.partner import COLLECTIONS, PARTNER_KINDS, BadPartner, Partner
from bavn.model.text import Text

REFUSALS: Final[tuple[Kind, ...]] = (
    (UnknownPartner, 404, "unknown-partner", "you"),
    (BadPartner, 422, "bad-partner", "you"),
)
REFUSALS_SHOWN_MAX: Final = 50
Named = Annotated[str, Path(pattern=r"^[a-z][a-z0-9-]{1,39}$")]


class OutShape(Shape):
    """What goes out: the most restricting TLP and PAP, kinds, least confidence, collections (none: nothing)."""

    tlp_max: Tlp
    pap_max: PapName
    types: list[ObservableType]
    confidence_min: int = Field(ge=0, le=100)
    collections: list[str] = Field(max_length=10)


class InShape(Shape):
    """What comes in: trust 0..100 (0: nothing), the most restricting TLP, whether its word may ever block, per day."""

    trust: int = Field(ge=0, le=100)
    tlp_max: Tlp
    may_block: bool
    objects_per_day_max: int = Field(ge=0, le=10_000_000)


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
    out: OutShape
    inward: InShape
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
    reason: str
    times: int


class PartnerWhole(Shape):
    """One partner: agreement, credentials, and what was refused of late."""

    row: PartnerRow
    credentials: list[CredentialShape]
    refusals: list[RefusalRow]


class CollectionShape(Shape):
    """A part of what is shared that a partner may be let into."""

    name: str
    says: TextShape


class KindShape(Shape):
    """A kind of partner."""

    name: str
    says: TextShape


class Choices(Shape):
    """What an agreement can name."""

    collections: list[CollectionShape]
    kinds: list[KindShape]


class Adding(Shape):
    """A new partner; nothing goes out before collections say so, nothing comes in before trust does."""

    name: Name
    kind: str = Field(default="other", max_length=16)
    title: str = Field(default="", max_length=100)
    until_us: int | None = Field(default=None, ge=0, le=2**53)
    out: OutShape | None = None
    inward: InShape | None = None


class Changing(Shape):
    """What is given replaces what was; it counts from the partner's next request on."""

    title: str | None = Field(default=None, min_length=1, max_length=100)
    until_us: int | None = Field(default=None, ge=0, le=2**53)
    out: OutShape | None = None
    inward: InShape | None = None


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


def routes(house: SacContext) -> APIRouter:
    """Below ``/partners``."""
    router = APIRouter(prefix="/partners", tags=["partners"])
    _reads(router, house)
    _acts(router, house)
    _keys(router, house)
    return router


def _reads(router: APIRouter, house: SacContext) -> None:
    @router.get("", operation_id="partners")
    def partners(_: Annotated[Person, allow(Right.READ)]) -> Rows[PartnerRow]:
        """All partners, by name, with their agreements and how much was exchanged."""
        items = [_row(house, one) for one in house.partners.every()]
        return Rows(items=items, total=len(items))

    @router.get("/choices", operation_id="partner_choices")
    def choices(_: Annotated[Person, allow(Right.READ)]) -> Choices:
        """The collections and kinds that an agreement can name."""
        return Choices(
            collections=[CollectionShape(name=name, says=TextShape.of(one.title)) for name, one in COLLECTIONS.items()],
            kinds=[KindShape(name=name, says=TextShape.of(words)) for name, words in PARTNER_KINDS.items()],
        )

    @router.get("/{partner}", operation_id="partner")
    def partner(_: Annotated[Person, allow(Right.READ)], partner: Named) -> PartnerWhole:
        """One partner: its agreement, its credentials, and what the gates refused of late."""
        with told(*REFUSALS):
            return _whole(house, partner)


def _acts(router: APIRouter, house: SacContext) -> None:
    @router.post("", operation_id="add_partner", status_code=201)
    def add(person: Annotated[Person, allow(Right.PUBLISH)], body: Adding) -> PartnerWhole:
        """Add a partner, for a year if no end is said."""
        now_us = house.clock.now_us()
        with told(*REFUSALS):
            made = Partner(
                name=body.name,
                kind=body.kind,
                title=body.title or body.name,
                added_us=now_us,
                until_us=body.until_us or now_us + 365 * DAY_US,
            )
            house.partners.add(_with(made, body.out, body.inward), person.name)
            return _whole(house, body.name)

    @router.put("/{partner}", operation_id="set_partner")
    def set_(person: Annotated[Person, allow(Right.PUBLISH)], partner: Named, body: Changing) -> PartnerWhole:
        """Change the agreement."""
        with told(*REFUSALS):
            after = _with(house.partners.known(partner), body.out, body.inward)
            house.partners.set(
                partner,
                person.name,
                title=body.title,
                until_us=body.until_us,
                out=None if body.out is None else after.out,
                inward=None if body.inward is None else after.inward,
            )
            return _whole(house, partner)

    @router.post("/{partner}/end", operation_id="end_partner")
    def end(person: Annotated[Person, allow(Right.PUBLISH)], partner: Named, body: Because) -> PartnerWhole:
        """End the agreement for good: nothing crosses from the partner's next request on."""
        with told(*REFUSALS):
            house.partners.end(partner, person.name, body.why)
            return _whole(house, partner)


def _keys(router: APIRouter, house: SacContext) -> None:
    @router.post("/{partner}/credentials", operation_id="make_credential", status_code=201)
    def make(person: Annotated[Person, allow(Right.PUBLISH)], partner: Named, body: KeyMaking) -> Secret:
        """Make a credential; the secret is in this answer and nowhere else."""
        with told(*REFUSALS):
            if body.kind == "certificate":
                text = house.credentials.certificate(partner, person.name, body.csr)
                return Secret(partner=partner, kind=body.kind, secret=text, says=TextShape.of(PAPER))
            maker = house.credentials.token if body.kind == "token" else house.credentials.password
            return Secret(
                partner=partner, kind=body.kind, secret=maker(partner, person.name), says=TextShape.of(SHOWN_ONCE)
            )

    @router.post("/{partner}/credentials/{credential}/end", operation_id="end_credential")
    def end(
        person: Annotated[Person, allow(Right.PUBLISH)],
        partner: Named,
        credential: Annotated[str, Path(pattern=r"^[0-9a-f]{12}$")],
    ) -> PartnerWhole:
        """Let one credential count no longer."""
        with told(*REFUSALS):
            house.credentials.end(partner, person.name, credential)
            return _whole(house, partner)


def _with(partner: Partner, out: OutShape | None, inward: InShape | None) -> Partner:
    if out is not None:
        given: dict[str, Any] = {
            "tlp_max": out.tlp_max,
            "pap_max": Pap[out.pap_max],
            "types": frozenset(out.types),
            "confidence_min": out.confidence_min,
            "collections": tuple(sorted(set(out.collections))),
        }
        partner = replace(partner, out=replace(partner.out, **given))
    if inward is not None:
        partner = replace(partner, inward=replace(partner.inward, **inward.model_dump()))
    return partner


def _row(house: SacContext, one: Partner) -> PartnerRow:
    now_us = house.clock.now_us()
    given, (held, today) = given_to(house.book, one.name), offered_by(house.book, one.name, now_us)
    stand: Literal["in_force", "over", "ended"] = "ended" if one.ended_us is not None else "over"
    if one.in_force(now_us):
        stand = "in_force"
    return filled(
        PartnerRow,
        one,
        kind_says=TextShape.of(PARTNER_KINDS[one.kind]),
        stand=stand,
        out=OutShape(
            tlp_max=one.out.tlp_max,
            pap_max=one.out.pap_max.name,
            types=sorted(one.out.types),
            confidence_min=one.out.confidence_min,
            collections=list(one.out.collections),
        ),
        inward=filled(InShape, one.inward),
        given=given.given,
        refused=given.refused,
        offered=held,
        offered_today=today,
        last_given_us=given.last_us,
        sources=[s.source.name for s in house.intelligence.sources.every() if s.source.partner == one.name],
    )


def _whole(house: SacContext, name: str) -> PartnerWhole:
    one, now_us = house.partners.known(name), house.clock.now_us()
    return PartnerWhole(
        row=_row(house, one),
        credentials=[
            filled(CredentialShape, key, in_force=key.ended_us is None and now_us < key.until_us)
            for key in house.credentials.of(name)
        ],
        refusals=_refusals(house, name),
    )


def _refusals(house: SacContext, name: str) -> list[RefusalRow]:
    """By rule, of the newest lines at either gate."""
    out = [RefusalRow(way="out", rule=r, reason=why, times=n) for r, why, n in refused_of(house.book, name, OBJECT)]
    inward = [RefusalRow(way="in", rule=r, reason=why, times=n) for r, why, n in refused_of(house.book, name, OFFER)]
    return sorted([*out, *inward], key=lambda row: -row.times)[:REFUSALS_SHOWN_MAX]
