"""Sources of intelligence outside the sector: added, changed, suspended, ended; what they propose is decided.

Refuses to release anything: a case is made of a proposal, or it is found harmless.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import typer
from pydantic import Field

from bavn.app.access.rights import Right
from bavn.app.acts.act import ActRefused, Input, Kind, act
from bavn.app.acts.centre.refusals import KINDS
from bavn.centre.cases.intelligence.proposals import UnknownProposal
from bavn.centre.cases.intelligence.sources import SourceState, UnknownSource
from bavn.centre.cases.two_people import person
from bavn.model.intel.indicator import Pap, PapName, Tlp
from bavn.model.observable import Observable
from bavn.model.sector.intel import Access, BadSource, Source, SourceKind
from bavn.model.text import Text

if TYPE_CHECKING:
    from bavn.centre.node.intelligence import Intelligence

REFUSES: Final[tuple[Kind, ...]] = (
    (UnknownSource, 404, "unknown-source", "you"),
    (UnknownProposal, 404, "unknown-proposal", "you"),
    (BadSource, 422, "bad-source", "you"),
    *KINDS,
)


class Assumed(Input):
    """What a source may, and what is assumed of its items; nothing: left as it is, or the default."""

    trust: int | None = Field(
        default=None, ge=0, le=100, description="0-100, of a source that stands alone; a partner's has the partner's."
    )
    tlp: Tlp | None = Field(default=None, description="Assumed where an item names no TLP.")
    pap: PapName | None = Field(default=None, description="Assumed where an item names no PAP.")
    confidence: int | None = Field(default=None, ge=0, le=100, description="Assumed where an item names none, 0-100.")
    every_minutes: Annotated[int | None, typer.Option("--every")] = Field(
        default=None, ge=5, le=43_200, description="Minutes between two readings."
    )
    may_block: Annotated[bool | None, typer.Option("--may-block/--never-blocks")] = Field(
        default=None, description="Of one alone: whether its word may ever block."
    )

    def given(self) -> dict[str, Any]:
        """What was said of it, as fields of a Source."""
        said = dict(self) | ({} if self.pap is None else {"pap": Pap[self.pap]})
        return {name: value for name, value in said.items() if value is not None}


class NewSource(Assumed):
    """A source as it is added; the room says what it may be called and where it may stand."""

    name: str
    kind: SourceKind
    place: str
    partner: str = ""
    access: Access = Access()


@act(Right.PUBLISH, *REFUSES)
def add(
    intelligence: "Intelligence", by: str, new: NewSource, usable: Callable[[Source], None] = lambda _: None
) -> SourceState:
    """Add a source. It is read from now on; what it tells is only proposed."""
    if new.partner and intelligence.partner(new.partner) is None:
        raise ActRefused(422, "unknown-partner", Text("There is no such partner."))
    source = Source(**new.given())
    usable(source)
    return intelligence.sources.add(source, by)


@act(Right.PUBLISH, *REFUSES)
def change(intelligence: "Intelligence", by: str, name: str, given: Assumed, **more: Any) -> SourceState:
    """Change what is given and leave the rest."""
    return intelligence.sources.set(name, by, **given.given(), **more)


@act(Right.TRIAGE, *REFUSES)
def suspend(intelligence: "Intelligence", by: str, name: str, why: str) -> SourceState:
    """Ask a source no more and count its word no more, until somebody takes it up again."""
    return intelligence.sources.suspend(name, person(by), why)


@act(Right.TRIAGE, *REFUSES)
def resume(intelligence: "Intelligence", by: str, name: str, why: str) -> SourceState:
    """Take a suspended source up again."""
    return intelligence.sources.resume(name, by, why)


@act(Right.PUBLISH, *REFUSES)
def end(intelligence: "Intelligence", by: str, name: str, why: str) -> SourceState:
    """End a source for good: all that only it claimed is proposed no more."""
    return intelligence.end(name, by, why)


@act(Right.TRIAGE, *REFUSES, only="page")
def decide(
    intelligence: "Intelligence",
    by: str,
    named: Observable,
    decision: Literal["open_case", "dismiss", "reopen"],
    why: str,
) -> None:
    """Make a case of what is proposed, find it harmless, or propose it again."""
    if decision == "open_case":
        intelligence.open_case(named, by)
    elif decision == "dismiss":
        intelligence.proposals.dismiss(named, by, why)
    else:
        intelligence.proposals.reopen(named, by, why)
