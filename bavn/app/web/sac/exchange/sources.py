"""The SAC console's sources of intelligence: whose, what they may, how they stand.

Refuses to take a secret: files on the centre hold them, and the command line names those.
"""

from pathlib import PurePath
from typing import Annotated, Final, Literal
from urllib.parse import urlsplit

from fastapi import APIRouter, Path
from pydantic import Field

from bavn.app.access.rights import Right
from bavn.app.acts.act import Act, refusing
from bavn.app.acts.centre import sources as acts
from bavn.app.web.frame import Person, Rows, TextShape, Trouble, allow, filled
from bavn.app.web.sac.bodies import Because, Shape
from bavn.app.web.sac.context import Context, SacContext
from bavn.centre.cases.intelligence.sources import SourceState
from bavn.centre.node.intelligence import Intelligence
from bavn.model.intel.indicator import PapName, Tlp
from bavn.model.sector.intel import PLACE_CHARS_MAX
from bavn.model.text import Text

NO_HTTPS: Final = Text(
    "Here a source is an https address. One that is a file, or needs a secret, is added at the"
    " centre: bavn centre source add."
)
Named = Annotated[str, Path(pattern=r"^[a-z][a-z0-9-]{1,39}$")]


class SourceRow(Shape):
    """A source. ``place``: its address; of a file its name alone, without the machine's folders. ``stand``: active,
    suspended or ended, with why. ``synced_us``: when it was last read to the end. ``none_taken``: why nothing of it was
    taken, if so."""

    name: str
    kind: str
    place: str
    partner: str
    trust: int | None
    tlp: Tlp
    pap: PapName
    confidence: int
    every_minutes: int
    may_block: bool
    stand: str
    why: str
    added_by: str
    added_us: int
    tried_us: int | None
    synced_us: int | None
    failure: TextShape | None
    taken: int
    refused: int
    none_taken: TextShape | None


class RefusedItem(Shape):
    """An item of it that gate 2 refused."""

    at_us: int
    item: str
    rule: str
    says: TextShape


class SourceWhole(Shape):
    """One source, and what of it gate 2 refused last."""

    row: SourceRow
    refused: list[RefusedItem]


class Adding(Shape):
    """A source that is asked at an https address without a secret; any other is added on the command line.
    ``partner``: whose word it is, else it stands alone with a ``trust`` of its own."""

    name: str = Field(pattern=r"^[a-z][a-z0-9-]{1,39}$")
    kind: Literal["taxii", "misp-feed", "stix", "list"]
    place: str = Field(min_length=9, max_length=PLACE_CHARS_MAX)
    partner: str = Field(default="", max_length=40)
    trust: int = Field(default=0, ge=0, le=100)
    tlp: Tlp = Tlp.AMBER
    pap: PapName = "AMBER"
    every_minutes: int = Field(default=60, ge=5, le=43_200)


router = APIRouter(prefix="/sources", tags=["sources"])
"""Below ``/sources``."""


@router.get("", operation_id="sources")
def sources(context: Context, _: Annotated[Person, allow(Right.READ)]) -> Rows[SourceRow]:
    """All sources, by name: how each stands, when it was read."""
    items = [_row(context, state) for state in context.intelligence.sources.every()]
    return Rows(items=items, total=len(items))


@router.get("/{source}", operation_id="source")
def source(context: Context, _: Annotated[Person, allow(Right.READ)], source: Named) -> SourceWhole:
    """One source, and what of it gate 2 refused last."""
    return _whole(context, source)


@router.post("", operation_id="add_source", status_code=201, description=acts.add.__doc__)
def add(context: Context, person: Annotated[Person, allow(acts.add)], body: Adding) -> SourceWhole:
    if not _is_https(body.place):
        raise Trouble(422, "no-https", NO_HTTPS)
    acts.add(context.intelligence, person.name, acts.NewSource(**dict(body)))
    return _whole(context, body.name)


@router.put("/{source}", operation_id="set_source", description=acts.change.__doc__)
def set_(
    context: Context, person: Annotated[Person, allow(acts.change)], source: Named, body: acts.Assumed
) -> SourceWhole:
    acts.change(context.intelligence, person.name, source, body)
    return _whole(context, source)


def _turn(word: str, act: Act[[Intelligence, str, str, str], SourceState]) -> None:
    @router.post(f"/{{source}}/{word}", name=word, operation_id=f"{word}_source", description=act.__doc__)
    def turned(context: Context, person: Annotated[Person, allow(act)], source: Named, body: Because) -> SourceWhole:
        act(context.intelligence, person.name, source, body.why)
        return _whole(context, source)


_turn("suspend", acts.suspend)
_turn("resume", acts.resume)
_turn("end", acts.end)


def _is_https(place: str) -> bool:
    """Whether it is an https address with a host and no user or password in it."""
    try:
        at = urlsplit(place)
        return at.scheme == "https" and bool(at.hostname) and not (at.username or at.password or at.fragment)
    except ValueError:
        return False


def _row(context: SacContext, state: SourceState) -> SourceRow:
    source = state.source
    none_taken = context.intelligence.none_taken(source.name)
    return filled(
        SourceRow,
        source,
        state,
        place=source.place if _is_https(source.place) else PurePath(source.place).name,
        trust=None if source.partner else source.trust,
        pap=source.pap.name,
        stand=state.state,
        failure=TextShape.of(Text.of_row(state.failure)) if state.failure else None,
        none_taken=TextShape.of(none_taken) if none_taken else None,
        tried_us=state.tried_us or None,
        synced_us=state.synced_us or None,
    )


def _whole(context: SacContext, name: str) -> SourceWhole:
    with refusing(*acts.REFUSES):
        state = context.intelligence.sources.get(name)
    refused = [
        filled(RefusedItem, line, item=line.summary[:120], says=TextShape.of(Text.of_row(line.reason)))
        for line in reversed(context.intelligence.refused(name))
    ]
    return SourceWhole(row=_row(context, state), refused=refused)
