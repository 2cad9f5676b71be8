"""The never-block list: searched, asked, and changed by hand with a reason. Rights: soc:read to see, soc:protect to
change.

An entry that is added holds from the node's next step on, also with the centre gone; where the node does not run, its
enforcers are told from here. Refuses to strike what stands in the file or comes with Bavn.
"""

import json
from collections.abc import Sequence
from typing import Annotated, Final

from fastapi import APIRouter, Query

from bavn.actor.protect.intake import GATE, act_id
from bavn.actor.protect.never_own import BY_HAND, Own, add_own, own_entries, own_of, remove_own, touched
from bavn.actor.protect.queries import act_of
from bavn.app.acts.node.protection import DONE_HERE, tell_here
from bavn.app.analyst.trying import wanted_of
from bavn.app.node.book_queries import Asks
from bavn.app.node.by_hand import runs
from bavn.app.node.protect import never_block, never_list
from bavn.app.web.frame import After, Limit, Rows, Trouble, filled, opened, page
from bavn.app.web.soc.context import Context, Node
from bavn.app.web.soc.errors import pathless
from bavn.app.web.soc.protect_shapes import (
    Listed,
    NeverChange,
    NeverChangeRequest,
    NeverDraft,
    NeverEntry,
    Touched,
)
from bavn.app.web.soc.shapes import REFUSALS, Done, NodeName, Protects, Reads
from bavn.model.observable import Observable, ObservableType
from bavn.model.outcome import Refused
from bavn.model.text import Text
from bavn.wire.ledger import Ledger, Note

SHOWN_MAX: Final = 100
KIND: Final = "NeverBlockChanged"
"""The word in the ledger for a change of the list by hand."""
SAYS: Final[dict[str, tuple[int, Text]]] = {
    "no_network": (422, Text("This is no address or network")),
    "no_name": (422, Text("This is no domain name")),
    "too_wide": (
        422,
        Text("This would cover so much that little could be blocked"),
    ),
    "there_already": (409, Text("It stands there already")),
    "list_full": (
        409,
        Text("No more entries fit: write the rest into a file"),
    ),
    "not_own": (
        409,
        Text("It was not added here by hand: edit the file that the policy names"),
    ),
}


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
) -> Rows[NeverEntry]:
    """What this actor blocks for nobody: Bavn's list or the one that the policy names, what was added by hand, its
    own, and the centre."""
    here = context.node(node, person)
    known = never_block(here.config())
    with here.asks() as rows:
        entries = [_by_hand(kept) for kept in own_entries(rows)]
    every = [("tree", name, table) for name, table in known.trees.items()]
    every += [("name", name, table) for name, table in known.names.items()]
    every += [("network", str(net), table) for net, table in known.networks]
    entries += [NeverEntry(covers=covers, value=value, table=table) for covers, value, table in set(every)]
    entries_shown = sorted(
        (
            entry
            for entry in entries
            if q.lower() in f"{entry.value} {entry.table} {entry.why} {entry.by}".lower()
            and (not own or entry.table == BY_HAND)
        ),
        key=lambda entry: (entry.table != BY_HAND, entry.table, entry.value, entry.covers),
    )
    at = opened(after, int)
    begin = at[0] if at else 0
    shown = page(list(enumerate(entries_shown[begin : begin + limit + 1], begin + 1)), limit, lambda e: (e[0],))
    return Rows(items=[entry for _, entry in shown.items], next=shown.next, total=len(entries_shown))


@router.get("/check", operation_id="checkNeverBlock")
def check(
    context: Context, node: NodeName, person: Reads, what: Annotated[str, Query(min_length=1, max_length=320)]
) -> Listed:
    """Whether the list forbids a block of this value, and under which table."""
    here = context.node(node, person)
    observable = wanted_of(what, here.file)
    table = never_list(here.config()).hit(observable)
    return Listed(value=str(observable), table=table)


@router.post("/preview", operation_id="previewNeverBlock")
def preview(context: Context, node: NodeName, asked: NeverChange, person: Protects) -> NeverDraft:
    """What a change would lift, hold or free. It changes nothing."""
    return _draft(context.node(node, person), asked)


@router.put("", operation_id="changeNeverBlock")
def change(context: Context, node: NodeName, request: NeverChangeRequest, person: Protects) -> Done:
    """Adds entries, or strikes what was added by hand: all of it or nothing, with one line in the ledger."""
    if not request.sure:
        raise Trouble(422, "not-sure", Text("Look at what it would free first."))
    here = context.node(node, person)
    entries = _entries(request)
    why, now_us = " ".join(request.why.split()), context.clock.now_us()
    body = {
        "act": request.act,
        "by": person.name,
        "covers": request.covers,
        "values": [e.value for e in entries],
        "why": why,
    }
    summary = json.dumps(body, ensure_ascii=False, sort_keys=True)
    with here.book() as book, book.transaction():
        refused = (
            add_own(book, entries, why, person.name, now_us) if request.act == "add" else remove_own(book, entries)
        )
        if refused is None:
            note = Note(
                kind=KIND, item_id=act_id(KIND, summary, person.name, now_us), peer=person.name, summary=summary
            )
            Ledger(book).append(now_us, GATE, "in", note)
    if refused is not None:
        raise _trouble(refused.rule, ", ".join(one.value for one in entries))
    if runs(here.config()):
        return Done.of(Text("It holds from the node's next step on."))
    tell_here(here, person.name, "never")
    return Done.of(DONE_HERE)


def _by_hand(one: Own) -> NeverEntry:
    return filled(NeverEntry, one, table=BY_HAND)


def _entries(request: NeverChange) -> list[Own]:
    """Each once, in canonical form. Trouble for what is none."""
    entries: dict[str, Own] = {}
    for text in request.values:
        entry = own_of(request.covers, text)
        if isinstance(entry, Refused):
            raise _trouble(entry.rule, text)
        entries[entry.value] = entry
    return list(entries.values())


def _draft(here: Node, request: NeverChange) -> NeverDraft:
    entries = _entries(request)
    lifted: list[Touched] = []
    held: list[Touched] = []
    freed: list[Touched] = []
    with here.asks() as rows:
        there = own_entries(rows)
        keys = {(entry.covers, entry.value) for entry in there}
        for entry in entries:
            if ((entry.covers, entry.value) in keys) is (request.act == "add"):
                rule = "there_already" if request.act == "add" else "not_own"
                raise _trouble(rule, entry.value)
        if request.act == "add":
            lifted = _touched(rows, entries, ("wanted",))
            held = _touched(rows, entries, ("waiting",))
        else:
            gone = {(entry.covers, entry.value) for entry in entries}
            left = never_block(here.config()).with_own(e for e in there if (e.covers, e.value) not in gone)
            indicators = _touched(rows, entries, ("refused", "lifted"), "never_block")
            freed = [
                indicator
                for indicator in indicators
                if left.hit(Observable.trusted(ObservableType(indicator.type), indicator.value)) is None
            ]
    return NeverDraft(
        act=request.act,
        covers=request.covers,
        values=[entry.value for entry in entries],
        lifted=lifted[:SHOWN_MAX],
        lifted_count=len(lifted),
        held=held[:SHOWN_MAX],
        held_count=len(held),
        freed=freed[:SHOWN_MAX],
        freed_count=len(freed),
    )


def _touched(rows: Asks, entries: Sequence[Own], standings: Sequence[str], rule: str = "") -> list[Touched]:
    indicators = []
    for indicator_id in touched(rows, entries, standings, rule):
        kind, value, standing, act = act_of(rows, indicator_id)
        indicators.append(Touched(id=indicator_id, type=kind, value=value, standing=standing, act=act))
    return indicators


def _trouble(rule: str, what: str) -> Trouble:
    status, says = SAYS[rule]
    named = pathless(what)
    return Trouble(status, rule.replace("_", "-"), Text.shaped("{says}: {named}", says=says, named=named))
