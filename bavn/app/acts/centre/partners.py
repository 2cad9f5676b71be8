"""Partners outside the sector: agreements made, changed and ended, and how each may prove who it is.

Refuses to show a secret twice: a token or password is kept as a hash.
"""

from typing import Annotated, Final, Literal

import typer
from pydantic import Field

from bavn.app.access.rights import Right
from bavn.app.acts.act import Input, Kind, Name, act
from bavn.app.acts.centre.refusals import KINDS
from bavn.centre.members.partner_credentials import PartnerCredentials
from bavn.centre.members.partners import Partners, UnknownPartner
from bavn.model.intel.indicator import Pap, PapName, Tlp
from bavn.model.moment import DAY_US
from bavn.model.observable import ObservableType
from bavn.model.sector.partner import BadPartner, Inward, Outward, Partner

REFUSES: Final[tuple[Kind, ...]] = (
    (UnknownPartner, 404, "unknown-partner", "you"),
    (BadPartner, 422, "bad-partner", "you"),
    *KINDS,
)


class OutShape(Input):
    """What goes out: the most restricting TLP and PAP, kinds, least confidence, collections (none: nothing)."""

    tlp_max: Annotated[Tlp, typer.Option("--out-tlp")] = Field(description="The most restricting TLP that goes out.")
    pap_max: Annotated[PapName, typer.Option("--out-pap")] = Field(
        description="The most restricting PAP that goes out."
    )
    types: Annotated[list[ObservableType], typer.Option("--out-type")] = Field(
        description="What goes out is about; may be repeated."
    )
    confidence_min: Annotated[int, typer.Option("--out-confidence")] = Field(
        ge=0, le=100, description="Least confidence that goes out, 0-100."
    )
    collections: list[str] = Field(max_length=10)

    @classmethod
    def of(cls, out: Outward) -> "OutShape":
        return cls(
            tlp_max=out.tlp_max,
            pap_max=out.pap_max.name,
            types=sorted(out.types),
            confidence_min=out.confidence_min,
            collections=list(out.collections),
        )

    def outward(self) -> Outward:
        """As the room keeps it. Raises BadPartner."""
        return Outward(
            tlp_max=self.tlp_max,
            pap_max=Pap[self.pap_max],
            types=frozenset(self.types),
            confidence_min=self.confidence_min,
            collections=tuple(sorted(set(self.collections))),
        )


class InShape(Input):
    """What comes in: trust 0..100 (0: nothing), the most restricting TLP, whether its word may ever block, per day."""

    trust: Annotated[int, typer.Option("--in-trust")] = Field(ge=0, le=100, description="0-100; 0 takes nothing in.")
    tlp_max: Annotated[Tlp, typer.Option("--in-tlp")] = Field(description="What is marked more restricting is refused.")
    may_block: Annotated[bool, typer.Option("--in-may-block/--in-never-blocks")] = Field(
        description="Whether what rests on its word may ever block."
    )
    objects_per_day_max: Annotated[int, typer.Option("--in-per-day")] = Field(
        ge=0, le=10_000_000, description="Objects that are taken in a day."
    )


class Adding(Input):
    """A new partner; nothing goes out before collections say so, nothing comes in before trust does."""

    name: Name
    kind: str = Field(default="other", max_length=16)
    title: str = Field(default="", max_length=100)
    until_us: int | None = Field(default=None, ge=0, le=2**53)
    out: OutShape | None = None
    inward: InShape | None = None


class Changing(Input):
    """What is given replaces what was; it counts from the partner's next request on."""

    title: str | None = Field(default=None, min_length=1, max_length=100)
    until_us: int | None = Field(default=None, ge=0, le=2**53)
    out: OutShape | None = None
    inward: InShape | None = None


@act(Right.PUBLISH, *REFUSES)
def add(partners: Partners, by: str, body: Adding, now_us: int) -> Partner:
    """Add a partner, for a year if no end is said."""
    partner = Partner(
        name=body.name,
        kind=body.kind,
        title=body.title or body.name,
        added_us=now_us,
        until_us=body.until_us or now_us + 365 * DAY_US,
        out=Outward() if body.out is None else body.out.outward(),
        inward=Inward() if body.inward is None else Inward(**dict(body.inward)),
    )
    return partners.add(partner, by)


@act(Right.PUBLISH, *REFUSES)
def change(partners: Partners, by: str, name: str, body: Changing) -> Partner:
    """Change the agreement."""
    out = None if body.out is None else body.out.outward()
    inward = None if body.inward is None else Inward(**dict(body.inward))
    return partners.set(name, by, title=body.title, until_us=body.until_us, out=out, inward=inward)


@act(Right.PUBLISH, *REFUSES)
def end(partners: Partners, by: str, name: str, why: str) -> Partner:
    """End the agreement for good: nothing crosses from the partner's next request on."""
    return partners.end(name, by, why)


@act(Right.PUBLISH, *REFUSES)
def make_key(
    credentials: PartnerCredentials, by: str, name: str, kind: Literal["token", "basic", "certificate"], csr: str
) -> str:
    """Make a credential; the secret is in this answer and nowhere else."""
    if kind == "certificate":
        return credentials.certificate(name, by, csr)
    return credentials.token(name, by) if kind == "token" else credentials.password(name, by)


@act(Right.PUBLISH, *REFUSES)
def end_key(credentials: PartnerCredentials, by: str, name: str, credential: str) -> None:
    """Let one credential count no longer."""
    credentials.end(name, by, credential)
