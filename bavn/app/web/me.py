"""Who I am: the first thing a page asks; and what techniques are called, which every page may name. Refuses to know how
somebody proved it."""

from typing import Annotated, Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict

from bavn.app.access.rights import Right, Role
from bavn.app.process.spoken import Spoken
from bavn.app.web.frame import Person, TextShape, filled, signed_in
from bavn.model.sector.tally import OTHER, TECHNIQUES


class Me(BaseModel):
    """``rights``: what this person, or this token of theirs, may do. ``actors``: the nodes that they may see; null for
    all. ``csrf`` goes into the header X-Bavn-CSRF of each change; null for a token, which needs none. ``language`` and
    ``zone`` (IANA): chosen by the person; null until then. ``until_us``: when the log-on ends at the latest."""

    model_config = ConfigDict(frozen=True)
    side: Literal["sac", "soc"]
    name: str
    roles: list[Role]
    rights: list[Right]
    actors: list[str] | None
    csrf: str | None
    language: Spoken | None
    zone: str | None
    until_us: int | None


def routes(side: Literal["sac", "soc"]) -> APIRouter:
    """``GET /me`` and ``GET /techniques``."""
    router = APIRouter(tags=["account"])

    @router.get("/me", operation_id="me")
    def me(request: Request, person: Annotated[Person, signed_in()]) -> Me:
        """Who is signed in, and what they may do."""
        facts = request.app.state.access.facts(request)
        return filled(
            Me,
            facts,
            side=side,
            name=person.name,
            roles=sorted(person.roles),
            rights=sorted(person.rights),
            actors=None if person.actors is None else sorted(person.actors),
        )

    @router.get("/techniques", operation_id="techniques")
    def techniques(_: Annotated[Person, signed_in()]) -> dict[str, TextShape]:
        """What Bavn calls a technique of ATT&CK, by its id; a sub-technique goes by the one that it belongs to."""
        return {name: TextShape.of(text) for name, text in TECHNIQUES.items() if name != OTHER}

    return router
