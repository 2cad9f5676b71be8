"""The never-block list: searched, asked, and changed by hand with a reason. Rights: soc:read to see, soc:protect to
change. Expect what a change does to stand in its act (`app/acts/node/never.py`).
"""

from typing import Annotated, Final

from fastapi import APIRouter, Query

from bavn.app.acts.node import never as acts
from bavn.app.analyst.trying import wanted_of
from bavn.app.node.protect import never_list
from bavn.app.web.frame import After, Limit, Person, Rows, allow, filled, opened, page
from bavn.app.web.soc.context import Context, Node
from bavn.app.web.soc.protect_shapes import Listed, NeverDraft, NeverEntry, Touched
from bavn.app.web.soc.shapes import REFUSALS, Done, NodeName, Reads

SHOWN_MAX: Final = 100


class Never(Rows[NeverEntry]):
    """A page of the list. ``about``: whether it forbids a block of the value that was asked about."""

    about: Listed | None


router = APIRouter(prefix="/nodes/{node}/protection/never-block", tags=["protection"], responses=REFUSALS)
"""The never-block list of a node."""


@router.get("", operation_id="neverBlock")
def never(
    context: Context,
    node: NodeName,
    person: Reads,
    limit: Limit = 200,
    after: After = None,
    q: Annotated[str, Query(max_length=100)] = "",
    own: Annotated[bool, Query(description="By hand alone.")] = False,
    what: Annotated[str, Query(max_length=320, description="Whether the list forbids a block of this value.")] = "",
) -> Never:
    """What this actor blocks for nobody: Bavn's list or the one that the policy names, what was added by hand, its
    own, and the centre."""
    here = context.node(node, person)
    entries_shown = [
        entry
        for entry in acts.entries_of(here)
        if q.lower() in f"{entry.value} {entry.table} {entry.why} {entry.by}".lower() and (not own or entry.by_hand)
    ]
    at = opened(after, int)
    begin = at[0] if at else 0
    shown = page(list(enumerate(entries_shown[begin : begin + limit + 1], begin + 1)), limit, lambda e: (e[0],))
    items = [filled(NeverEntry, entry) for _, entry in shown.items]
    about = _about(here, what) if what else None
    return Never(items=items, next=shown.next, total=len(entries_shown), about=about)


def _about(here: Node, what: str) -> Listed:
    observable = wanted_of(what, here.file)
    table = never_list(here.config()).hit(observable)
    return Listed(value=str(observable), table=table)


@router.post("/preview", operation_id="previewNeverBlock")
def preview(
    context: Context, node: NodeName, wanted: acts.NeverChange, person: Annotated[Person, allow(acts.change)]
) -> NeverDraft:
    """What a change would lift, hold or free. It changes nothing."""
    effect = acts.effect_of(context.node(node, person), wanted)
    lifted, held, freed = (
        [filled(Touched, one) for one in indicators] for indicators in (effect.lifted, effect.held, effect.freed)
    )
    return NeverDraft(
        act=wanted.act,
        covers=wanted.covers,
        values=effect.values,
        lifted=lifted[:SHOWN_MAX],
        lifted_count=len(lifted),
        held=held[:SHOWN_MAX],
        held_count=len(held),
        freed=freed[:SHOWN_MAX],
        freed_count=len(freed),
    )


@router.put("", operation_id="changeNeverBlock", description=acts.change.__doc__)
def change(
    context: Context, node: NodeName, request: acts.NeverChangeRequest, person: Annotated[Person, allow(acts.change)]
) -> Done:
    return Done.of(acts.change(context.node(node, person), person.name, request))
