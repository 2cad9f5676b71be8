"""Who I am: the first thing a page asks. Refuses to know how somebody proved it."""

from typing import Annotated, Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict

from bavn.app.access.rights import Right, Role
from bavn.app.process.spoken import Spoken
from bavn.app.web.frame import Person, filled, signed_in


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
    """``GET /me``."""
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

    return router
