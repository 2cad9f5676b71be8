"""The SAC console's MISPs of partners: what each holds of ours, the last push and look for sightings, and both by hand.

As `bavn centre misp push` and `pull`. Rights: read to see, publish to push and to look. Refuses to take an
address or a key: centre.toml names both.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path

from bavn.app.access.rights import Right
from bavn.app.acts.centre import misps as acts
from bavn.app.config.misp import MispTable
from bavn.app.web.frame import Person, Rows, TextShape, allow, filled
from bavn.app.web.sac.bodies import Shape
from bavn.app.web.sac.context import Context, SacContext
from bavn.centre.node.misp_exchange import MispExchange
from bavn.centre.share.misp_runs import Run
from bavn.model.text import Text

Named = Annotated[str, Path(pattern=r"^[a-z][a-z0-9-]{1,39}$")]
KINDS: Final = {
    "seen": Text("seen"),
    "false": Text("called false"),
    "expired": Text("expired"),
}


class RunShape(Shape):
    """A push, or a look for sightings. ``by``: a person, or centre; ``failure`` empty: it went well. ``counts``: added,
    updated, emptied events; or taken, refused sightings."""

    at_us: int
    by: str
    failure: str
    counts: dict[str, int]
    lost: list[str]


class MispRow(Shape):
    """A MISP that centre.toml names. ``every_minutes`` 0: by hand; ``events``: of ours that it holds now."""

    name: str
    url: str
    partner: str
    publish: bool
    distribution: str
    every_minutes: int
    events: int
    push: RunShape | None
    pull: RunShape | None


class MispSighting(Shape):
    """What was sighted of an indicator of ours at a MISP."""

    misp: str
    value: str
    kind: str
    says: TextShape
    at_us: int
    received_us: int


SIGHTINGS_SHOWN: Final = 200


class Misps(Rows[MispRow]):
    """Partners' MISPs, by name. ``sightings``: what partners sighted of our indicators, the latest first."""

    sightings: list[MispSighting]


router = APIRouter(prefix="/misps", tags=["partners"])
"""Below ``/misps``."""


@router.get("", operation_id="misps")
def misps(context: Context, _: Annotated[Person, allow(Right.READ)]) -> Misps:
    """Partners' MISPs, and what was sighted there."""
    exchange = _misps(context).exchange()
    return Misps(
        items=[_row(exchange, name, table) for name, table in sorted(context.file.misps.items())],
        sightings=[_sighting(one) for one in exchange.sightings.every(SIGHTINGS_SHOWN)],
    )


@router.post("/{name}/{way}", operation_id="misp_ask", description=acts.ask.__doc__)
def ask(context: Context, person: Annotated[Person, allow(acts.ask)], name: Named, way: acts.Way) -> MispRow:
    misps = _misps(context)
    acts.ask(misps, person.name, name, way)
    return _row(misps.exchange(), name, misps.table(name))


def _sighting(sighting: Mapping[str, Any]) -> MispSighting:
    return MispSighting(
        misp=sighting["instance"],
        value=sighting["value"],
        kind=sighting["kind"],
        says=TextShape.of(KINDS[sighting["kind"]]),
        at_us=sighting["at_us"],
        received_us=sighting["received_us"],
    )


def _misps(context: SacContext) -> acts.Misps:
    return acts.Misps(context.file, context.registry, context.book, context.clock)


def _row(exchange: MispExchange, name: str, table: MispTable) -> MispRow:
    return filled(
        MispRow,
        table,
        name=name,
        events=exchange.held(name),
        push=_run(exchange.runs.last(name, "push")),
        pull=_run(exchange.runs.last(name, "pull")),
    )


def _run(run: Run | None) -> RunShape | None:
    if run is None:
        return None
    return RunShape(at_us=run.at_us, by=run.by, failure=run.failure, counts=dict(run.counts), lost=list(run.lost))
