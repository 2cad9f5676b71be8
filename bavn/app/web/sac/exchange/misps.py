"""The SAC console's MISPs of partners: what each holds of ours, the last push and look for sightings, and both by hand.

As `bavn centre misp list, push, pull, sightings`. Rights: read to see, publish to push and to look. Refuses to take an
address or a key: centre.toml names both.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Final

from fastapi import APIRouter, Path

from bavn.app.access.rights import Right
from bavn.app.centre.exchange.parts import misp_port, open_misp_exchange
from bavn.app.config.misp import MispTable
from bavn.app.web.frame import Limit, Person, Rows, TextShape, Trouble, allow, filled
from bavn.app.web.sac.bodies import Shape
from bavn.app.web.sac.context import Context, SacContext
from bavn.centre.cases import audit
from bavn.centre.inbox.intel_pull import Unreadable
from bavn.centre.members.partners import UnknownPartner
from bavn.centre.node.misp_exchange import MispExchange
from bavn.centre.share.misp_runs import Run
from bavn.centre.store.engine import writing
from bavn.model.ports import LinkDown, LinkRefused
from bavn.model.settings import SettingsError
from bavn.model.text import Text

Named = Annotated[str, Path(pattern=r"^[a-z][a-z0-9-]{1,39}$")]
KINDS: Final = {
    "seen": Text("seen"),
    "false": Text("called false"),
    "expired": Text("expired"),
}
_DOWN: Final = Text("The MISP cannot be reached just now: try again.")
_REFUSED: Final = Text(
    "The MISP refused it, or answered what cannot be read: its operator, or whoever runs the centre, must look."
)
_WRONG: Final = Text("The place or key of this MISP cannot be used: see [misp] in centre.toml.")


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


BUSY: Final = threading.Lock()
"""One MISP at a time is asked."""


router = APIRouter(prefix="/misps", tags=["partners"])
"""Below ``/misps``."""


@router.get("", operation_id="misps")
def misps(context: Context, _: Annotated[Person, allow(Right.READ)]) -> Rows[MispRow]:
    """Partners' MISPs, by name."""
    exchange = _exchange(context)
    return Rows(items=[_row(exchange, name, table) for name, table in sorted(context.file.misps.items())])


@router.get("/sightings", operation_id="misp_sightings")
def sightings(context: Context, _: Annotated[Person, allow(Right.READ)], limit: Limit = 100) -> Rows[MispSighting]:
    """What partners sighted of our indicators, the latest first."""
    return Rows(
        items=[
            MispSighting(
                misp=sighting["instance"],
                value=sighting["value"],
                kind=sighting["kind"],
                says=TextShape.of(KINDS[sighting["kind"]]),
                at_us=sighting["at_us"],
                received_us=sighting["received_us"],
            )
            for sighting in _exchange(context).sightings.every(limit)
        ]
    )


@router.post("/{name}/push", operation_id="misp_push")
def push(context: Context, person: Annotated[Person, allow(Right.PUBLISH)], name: Named) -> MispRow:
    """Make it hold what its partner may have; with nothing new nothing is sent."""
    table = _table(context, name)
    with _alone(), _reached():
        exchange, port = _exchange(context), misp_port(context.file, name)
        _audit(context, person, "misp-push", name)
        exchange.push(name, table.partner, port, publish=table.publish, distribution=table.distribution, by=person.name)
    return _row(exchange, name, table)


@router.post("/{name}/pull", operation_id="misp_pull")
def pull(context: Context, person: Annotated[Person, allow(Right.PUBLISH)], name: Named) -> MispRow:
    """Take in what was sighted of ours there."""
    table = _table(context, name)
    with _alone(), _reached():
        exchange, port = _exchange(context), misp_port(context.file, name)
        _audit(context, person, "misp-pull", name)
        exchange.pull_sightings(name, table.partner, port, by=person.name)
    return _row(exchange, name, table)


def _exchange(context: SacContext) -> MispExchange:
    return open_misp_exchange(context.file, context.registry, context.book)


def _table(context: SacContext, name: str) -> MispTable:
    table: MispTable | None = context.file.misps.get(name)
    if table is None:
        raise Trouble(404, "unknown-misp", Text("centre.toml names no such MISP."))
    return table


@contextmanager
def _alone() -> Iterator[None]:
    """One at a time: a MISP may take minutes to answer."""
    if not BUSY.acquire(blocking=False):
        raise Trouble(
            409,
            "busy",
            Text("A MISP is being asked already: wait for it."),
            "wait",
        )
    try:
        yield
    finally:
        BUSY.release()


@contextmanager
def _reached() -> Iterator[None]:
    """What keeps a MISP from being reached becomes Trouble; the words of it stand with the run."""
    try:
        yield
    except UnknownPartner as error:
        raise Trouble(
            409,
            "unknown-partner",
            Text("Its partner is not known here."),
            "operator",
        ) from error
    except LinkDown as error:
        raise Trouble(503, "misp-down", _DOWN, "wait") from error
    except (LinkRefused, Unreadable) as error:
        raise Trouble(503, "misp-refused", _REFUSED, "operator") from error
    except SettingsError as error:
        raise Trouble(503, "misp-settings", _WRONG, "operator") from error


def _audit(context: SacContext, person: Person, act: str, name: str) -> None:
    with writing(context.registry.engine) as tx:
        audit.note(tx, context.clock.now_us(), person.name, act, f"misp/{name}", {})


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
