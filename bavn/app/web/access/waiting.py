"""``/waiting``: what waits for a person, as whoever asks stands to it, and handing one thing of it to a colleague.

The lines are made in app/acts; people are those of this console. Refuses to do what a line names: its own route does.
"""

from collections.abc import Callable
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field

from bavn.app.access.handed import Handed
from bavn.app.access.rights import RIGHTS, ROLES, Right
from bavn.app.acts.centre import waiting as centre
from bavn.app.acts.node import waiting as node
from bavn.app.acts.waiting import PRESSING, Viewer, Waiting, WaitingForViewer, folds, holders_of, standing
from bavn.app.process.exits import Stop
from bavn.app.web.access.keeper import Keeper
from bavn.app.web.console import Side
from bavn.app.web.frame import Person, TextShape, allow, filled
from bavn.app.web.sac.context import Context as SacContext
from bavn.app.web.soc.context import Context as SocContext
from bavn.model.settings import SettingsError

SHOWN_MAX: Final = 300


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True)


class StepShown(_Frozen):
    """How it is done at once: a POST of ``body`` to ``path`` below /api/v1, with ``why`` in it where that is true."""

    verb: TextShape
    path: str
    body: dict[str, str | int | bool]
    why: bool


class WaitingShown(_Frozen):
    """One thing that waits, as the person who asks stands to it. ``will``: what doing it does; ``by``: who asked, empty
    where no person did; ``may``: they can do it now, else ``why_not``; ``who``: who can, in words, and ``can`` by name;
    ``step`` null: it is done on ``page``; ``due_us``: by when, which stands behind ``what``. ``handed_by`` asked them
    to look; ``handed_to`` was asked."""

    thing: str
    kind: str
    node: str
    what: TextShape
    will: TextShape
    by: str
    since_us: int
    due_us: int | None
    weight: int
    page: str
    step: StepShown | None
    may: bool
    why_not: TextShape | None
    who: TextShape
    can: list[str]
    handed_by: list[str]
    handed_to: list[str]


class FoldShown(_Frozen):
    """Lines of one cause that are shown as one: ``what`` they are, with how many and about whom; ``things``: which."""

    what: TextShape
    things: list[str]


class NodeWaits(_Frozen):
    """How much waits at a node for the person who asks, and of it how much presses most."""

    node: str
    mine: int
    pressing: int


class Holder(_Frozen):
    """Who has one right here, in words."""

    right: Right
    who: TextShape


class WaitingList(_Frozen):
    """``lines``: at most SHOWN_MAX; ``folds``: which of them are shown as one; ``mine``: how many wait for the
    person who asks, also of those that no longer fit here. ``holders``: of each right that this person lacks.
    ``nodes``: where most is to do first; empty at the centre. ``silent``: nodes that could not be asked."""

    lines: list[WaitingShown]
    folds: list[FoldShown]
    mine: int
    holders: list[Holder]
    nodes: list[NodeWaits]
    silent: list[str]


class HandingOver(_Frozen):
    """``thing`` as the list names it; ``to``: an account here."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    thing: str = Field(min_length=1, max_length=400)
    to: str = Field(min_length=1, max_length=64)


class HandedOver(_Frozen):
    """What became of it."""

    says: TextShape


class _Found(_Frozen):
    """The lines, and which nodes they are of."""

    model_config = ConfigDict(frozen=True, arbitrary_types_allowed=True)
    lines: list[Waiting]
    nodes: list[str] = []
    silent: list[str] = []


def routes(side: Side, keeper: Keeper) -> APIRouter:
    """``/waiting`` of one console."""
    router = APIRouter(prefix="/waiting", tags=["waiting"])
    act = centre.hand_over if side == "sac" else node.hand_over
    gather = _at_centre if side == "sac" else _at_nodes(act)

    @router.get("", operation_id="waiting")
    def waiting(
        person: Annotated[Person, allow(act.right)],
        lines: Annotated[_Found, Depends(gather)],
        of: Annotated[str, Query(max_length=40, alias="node", description="Of this node alone.")] = "",
    ) -> WaitingList:
        """What waits: first what was handed to whoever asks, then what they may do, then what waits for others."""
        mine = [line for line in lines.lines if of in ("", line.node)]
        viewer, people = _viewer(person), keeper.accounts.every()
        stands = standing(mine, viewer, people, Handed(keeper.book).every())
        lacks = sorted({right for role in ROLES[side] for right in RIGHTS[role]} - viewer.rights)
        holders = [Holder(right=right, who=TextShape.of(holders_of(right, viewer, people))) for right in lacks]
        return _shown(stands, lines, holders)

    @router.post("/hand-over", operation_id="hand_over", description=act.__doc__)
    def hand_over(
        person: Annotated[Person, allow(act)], lines: Annotated[_Found, Depends(gather)], body: HandingOver
    ) -> HandedOver:
        handed, people = Handed(keeper.book), keeper.accounts.every()
        says = act(handed, _viewer(person), lines.lines, people, body.thing, body.to)
        return HandedOver(says=TextShape.of(says))

    return router


def _at_centre(context: SacContext, _: Annotated[Person, allow(centre.hand_over.right)]) -> _Found:
    return _Found(lines=centre.waiting_at_centre(context.desk, context.clock))


def _at_nodes(act: Any) -> Callable[..., _Found]:
    def gathered(context: SocContext, person: Annotated[Person, allow(act.right)]) -> _Found:
        lines: list[Waiting] = []
        silent = []
        seen = context.seen_by(person)
        for here in seen:
            try:
                lines += node.waiting_at_node(here, here.name)
            except (Stop, SettingsError):  # it has never run, or its file is wrong: its own page says which
                silent.append(here.name)
        return _Found(lines=lines, nodes=[here.name for here in seen], silent=silent)

    return gathered


def _viewer(person: Person) -> Viewer:
    return Viewer(name=person.name, rights=person.rights, actors=person.actors)


def _shown(stands: list[WaitingForViewer], gathered: _Found, holders: list[Holder]) -> WaitingList:
    mine = [view for view in stands if view.mine]
    nodes = [
        NodeWaits(
            node=name,
            mine=sum(view.waiting.node == name for view in mine),
            pressing=sum(view.waiting.node == name and view.waiting.weight == PRESSING for view in mine),
        )
        for name in gathered.nodes
    ]
    return WaitingList(
        lines=[_line(view) for view in stands[:SHOWN_MAX]],
        folds=[FoldShown(what=TextShape.of(fold.what), things=list(fold.things)) for fold in folds(stands[:SHOWN_MAX])],
        mine=len(mine),
        holders=holders,
        nodes=sorted(nodes, key=lambda waits: (-waits.pressing, -waits.mine, waits.node)),
        silent=gathered.silent,
    )


def _line(view: WaitingForViewer) -> WaitingShown:
    line, step = view.waiting, view.waiting.step
    return filled(
        WaitingShown,
        view,
        line,
        what=TextShape.of(line.what),
        will=TextShape.of(line.will),
        step=None if step is None else filled(StepShown, step, verb=TextShape.of(step.verb), body=dict(step.body)),
        why_not=None if view.why_not is None else TextShape.of(view.why_not),
        who=TextShape.of(view.who()),
        can=list(view.can),
        handed_by=list(view.handed_by),
        handed_to=list(view.handed_to),
    )
