"""The SAC console's sources of intelligence: whose, what they may, how they stand, what each was worth.

Refuses to take a secret: files on the centre hold them, and the command line names those.
"""

from typing import Annotated, Any, Final, Literal
from urllib.parse import urlsplit

from fastapi import APIRouter, Path
from pydantic import Field

from bavn.app.access.rights import Right
from bavn.app.web.frame import Person, Rows, Trouble, allow
from bavn.app.web.sac.bodies import Because, Kind, Shape
from bavn.app.web.sac.context import SacContext
from bavn.app.web.sac.exchange.usefulness import UsefulnessCache
from bavn.app.web.sac.indicator_shapes import PAPS, PapName
from bavn.app.web.sac.refusals.answers import told
from bavn.centre.cases.intelligence.sources import SourceState, UnknownSource
from bavn.centre.cases.intelligence.usefulness import Usefulness
from bavn.centre.cases.who import person as checked
from bavn.model.intel.indicator import Tlp
from bavn.model.principal import may_be_second
from bavn.model.sector.intel import PLACE_CHARS_MAX, BadSource, Source
from bavn.model.text import Text

REFUSALS: Final[tuple[Kind, ...]] = (
    (UnknownSource, 404, "unknown-source", "you"),
    (BadSource, 422, "bad-source", "you"),
)
NO_HTTPS: Final = Text(
    "Here a source is an https address. One that is a file, or needs a secret, is added at the"
    " centre: bavn centre source add."
)
Named = Annotated[str, Path(pattern=r"^[a-z][a-z0-9-]{1,39}$")]


class UsefulnessShape(Shape):
    """What a source was worth: ``score`` 0..100, hits met here, false ones, its lead over others, what only it has."""

    score: int
    claims: int
    live: int
    hits: int
    judged: int
    false_hits: int
    shared: int
    compared: int
    first: int
    lead_hours: float | None
    unique: int
    listed: int


class SourceRow(Shape):
    """A source. ``stand``: active, suspended or ended, with why. ``hunts_allowed``: a second person stands behind its
    hunts. ``synced_us``: when it was last read to the end."""

    name: str
    kind: str
    place: str
    partner: str
    trust: int | None
    tlp: Tlp
    pap: PapName
    confidence: int
    every_minutes: int
    hunts_per_day: int
    hunts_by: str
    may_block: bool
    stand: str
    why: str
    added_by: str
    added_us: int
    tried_us: int | None
    synced_us: int | None
    failure: str
    taken: int
    refused: int
    worth: UsefulnessShape | None
    may_allow_hunts: bool


class SourceRows(Rows[SourceRow]):
    """``worth_us``: when usefulness was counted; it is counted anew at most once a minute."""

    worth_us: int


class RefusedItem(Shape):
    """An item of it that gate 2 refused."""

    at_us: int
    item: str
    rule: str
    reason: str


class SourceWhole(Shape):
    """One source, and what of it gate 2 refused last."""

    row: SourceRow
    refused: list[RefusedItem]


class Changing(Shape):
    """What is given replaces what was. What hunts by itself then needs its second person anew."""

    trust: int | None = Field(default=None, ge=0, le=100)
    tlp: Tlp | None = None
    pap: PapName | None = None
    confidence: int | None = Field(default=None, ge=0, le=100)
    every_minutes: int | None = Field(default=None, ge=5, le=43_200)
    hunts_per_day: int | None = Field(default=None, ge=0, le=1000)
    may_block: bool | None = None


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


def routes(house: SacContext) -> APIRouter:
    """Below ``/sources``."""
    router = APIRouter(prefix="/sources", tags=["sources"])
    worths = UsefulnessCache(house)
    _reads(router, house, worths)
    _acts(router, house, worths)
    return router


def _reads(router: APIRouter, house: SacContext, worths: UsefulnessCache) -> None:
    @router.get("", operation_id="sources")
    def sources(person: Annotated[Person, allow(Right.READ)]) -> SourceRows:
        """All sources, by name: how each stands, when it was read, what it was worth."""
        useful, at_us = worths.now()
        items = [_row(state, useful.get(state.source.name), person) for state in house.intelligence.sources.every()]
        return SourceRows(items=items, total=len(items), worth_us=at_us)

    @router.get("/{source}", operation_id="source")
    def source(person: Annotated[Person, allow(Right.READ)], source: Named) -> SourceWhole:
        """One source, and what of it gate 2 refused last."""
        with told(*REFUSALS):
            return _whole(house, worths, source, person)


def _acts(router: APIRouter, house: SacContext, worths: UsefulnessCache) -> None:
    @router.post("", operation_id="add_source", status_code=201)
    def add(person: Annotated[Person, allow(Right.PUBLISH)], body: Adding) -> SourceWhole:
        """Add a source. It is read from now on; what it tells is only proposed."""
        if not _is_https(body.place):
            raise Trouble(422, "no-https", NO_HTTPS)
        if body.partner and house.intelligence.partner(body.partner) is None:
            raise Trouble(422, "unknown-partner", Text("There is no such partner."))
        given: dict[str, Any] = body.model_dump() | {"pap": PAPS[body.pap]}
        with told(*REFUSALS):
            house.intelligence.sources.add(Source(**given), person.name)
            return _whole(house, worths, body.name, person)

    @router.put("/{source}", operation_id="set_source")
    def set_(person: Annotated[Person, allow(Right.PUBLISH)], source: Named, body: Changing) -> SourceWhole:
        """Change what it may and what is assumed of it. Its hunts then need a second person anew."""
        given: dict[str, Any] = body.model_dump(exclude_none=True)
        if body.pap is not None:
            given["pap"] = PAPS[body.pap]
        with told(*REFUSALS):
            house.intelligence.sources.set(source, person.name, **given)
            return _whole(house, worths, source, person)

    @router.post("/{source}/hunts", operation_id="allow_hunts")
    def hunts(person: Annotated[Person, allow(Right.TRIAGE)], source: Named) -> SourceWhole:
        """Stand behind the hunts of somebody else's source: what it newly tells is asked of the sector."""
        with told(*REFUSALS):
            house.intelligence.sources.allow_hunts(source, person.name)
            return _whole(house, worths, source, person)

    @router.post("/{source}/suspend", operation_id="suspend_source")
    def suspend(person: Annotated[Person, allow(Right.TRIAGE)], source: Named, body: Because) -> SourceWhole:
        """Ask it no more and count its word no more, until somebody takes it up again."""
        with told(*REFUSALS):
            house.intelligence.sources.suspend(source, checked(person.name), body.why)
            return _whole(house, worths, source, person)

    @router.post("/{source}/resume", operation_id="resume_source")
    def resume(person: Annotated[Person, allow(Right.TRIAGE)], source: Named, body: Because) -> SourceWhole:
        """Take it up again."""
        with told(*REFUSALS):
            house.intelligence.sources.resume(source, person.name, body.why)
            return _whole(house, worths, source, person)

    @router.post("/{source}/end", operation_id="end_source")
    def end(person: Annotated[Person, allow(Right.PUBLISH)], source: Named, body: Because) -> SourceWhole:
        """End it for good: what only it claimed is proposed no more."""
        with told(*REFUSALS):
            house.intelligence.end(source, person.name, body.why)
            return _whole(house, worths, source, person)


def _is_https(place: str) -> bool:
    """Whether it is an https address with a host and no user or password in it."""
    try:
        at = urlsplit(place)
        return at.scheme == "https" and bool(at.hostname) and not (at.username or at.password or at.fragment)
    except ValueError:
        return False


def _row(state: SourceState, useful: Usefulness | None, person: Person) -> SourceRow:
    one = state.source
    hunts = one.hunts_per_day > 0 and not state.hunts_by and state.state != "ended"
    return SourceRow(
        name=one.name,
        kind=one.kind,
        place=one.place,
        partner=one.partner,
        trust=None if one.partner else one.trust,
        tlp=one.tlp,
        pap=one.pap.name,
        confidence=one.confidence,
        every_minutes=one.every_minutes,
        hunts_per_day=one.hunts_per_day,
        hunts_by=state.hunts_by,
        may_block=one.may_block,
        stand=state.state,
        why=state.why,
        added_by=state.added_by,
        added_us=state.added_us,
        tried_us=state.tried_us or None,
        synced_us=state.synced_us or None,
        failure=state.failure,
        taken=state.taken,
        refused=state.refused,
        worth=None if useful is None else _worth(useful),
        may_allow_hunts=hunts and person.may(Right.TRIAGE) and may_be_second(state.added_by, person.name),
    )


def _worth(one: Usefulness) -> UsefulnessShape:
    names = UsefulnessShape.model_fields
    return UsefulnessShape(**{name: getattr(one, name) for name in names})


def _whole(house: SacContext, worths: UsefulnessCache, name: str, person: Person) -> SourceWhole:
    state = house.intelligence.sources.get(name)
    refused = [
        RefusedItem(at_us=line.at_us, item=line.summary[:120], rule=line.rule, reason=line.reason)
        for line in reversed(house.intelligence.refused(name))
    ]
    return SourceWhole(row=_row(state, worths.now()[0].get(name), person), refused=refused)
