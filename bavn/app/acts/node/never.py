"""The never-block list of a node as people change it by hand: what a change would do, and the change, with a reason.

An entry that is added holds from the node's next step on, also with the centre gone; where the node does not run, its
enforcers are told from here. Refuses to strike what stands in the file or comes with Bavn.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Final, Literal

from pydantic import Field

from bavn.actor.protect.intake import GATE, act_id
from bavn.actor.protect.never_own import BY_HAND, Own, add_own, own_entries, own_of, remove_own, touched
from bavn.actor.protect.queries import act_of
from bavn.app.access.rights import Right
from bavn.app.acts.act import ActRefused, act
from bavn.app.acts.node.here import Here, NodeInput
from bavn.app.acts.node.protection import DONE_HERE, tell_here
from bavn.app.node.book_queries import Asks
from bavn.app.node.protect import never_block
from bavn.app.process.one_line import pathless
from bavn.model.observable import Observable, ObservableType
from bavn.model.outcome import Refused
from bavn.model.text import Text
from bavn.wire.ledger import Ledger, Note

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
    "not_there": (404, Text("No such entry is in the never-block list")),
    "not_own": (
        409,
        Text("It was not added here by hand: edit the file that the policy names"),
    ),
}

LOOK_FIRST: Final = {
    "add": Text("Look at what it would lift or hold first."),
    "remove": Text("Look at what it would free first."),
}


class NeverChange(NodeInput):
    """Entries that are to be added to the never-block list, or struck from what was added by hand."""

    act: Literal["add", "remove"]
    covers: Literal["tree", "name", "network"]
    values: list[Annotated[str, Field(min_length=1, max_length=255)]] = Field(min_length=1, max_length=100)


class NeverChangeRequest(NeverChange):
    """``why``: the reason, for the ledger and for whoever reads the list."""

    why: str = Field(min_length=3, max_length=300)
    sure: bool = Field(description="True once the person has been shown what it would free.")


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of the list as it holds now. ``covers``: tree, name or network; ``table``: where it stands; by_hand:
    people here added it, and ``why``, ``by`` and ``at_us`` say more."""

    covers: str
    value: str
    table: str
    why: str = ""
    by: str = ""
    at_us: int | None = None

    @property
    def by_hand(self) -> bool:
        """Whether people here added it, and may strike it."""
        return self.table == BY_HAND


@dataclass(frozen=True, slots=True)
class Touched:
    """An indicator in which a change of the list has a say."""

    id: str
    type: str
    value: str
    standing: str
    act: str


@dataclass(frozen=True, slots=True)
class NeverEffect:
    """What a change would do. ``values``: as they would stand. ``lifted``: in force now, and lifted at once; ``held``:
    waits for a person, and could no longer be approved; ``freed``: refused or lifted because of these entries, and open
    again to a newer version or to a person's approval."""

    values: list[str]
    lifted: list[Touched]
    held: list[Touched]
    freed: list[Touched]


def entries_of(here: Here) -> list[Entry]:
    """What this actor blocks for nobody: Bavn's list or the one that the policy names, what was added by hand, its own,
    and the centre. By hand first, then by table."""
    known = never_block(here.config())
    with here.asks() as rows:
        entries = [Entry(own.covers, own.value, BY_HAND, own.why, own.by, own.at_us) for own in own_entries(rows)]
    every = [("tree", name, table) for name, table in known.trees.items()]
    every += [("name", name, table) for name, table in known.names.items()]
    every += [("network", str(net), table) for net, table in known.networks]
    entries += [Entry(*entry) for entry in set(every)]
    return sorted(entries, key=lambda entry: (not entry.by_hand, entry.table, entry.value, entry.covers))


def effect_of(here: Here, wanted: NeverChange) -> NeverEffect:
    """What a change would lift, hold or free; it changes nothing. Raises ActRefused for what cannot be."""
    entries = _entries(wanted)
    keys = {(entry.covers, entry.value) for entry in entries}
    with here.asks() as rows:
        there = own_entries(rows)
        standing = {(entry.covers, entry.value) for entry in there}
        for entry in entries:
            if ((entry.covers, entry.value) in standing) is (wanted.act == "add"):
                raise _refused("there_already" if wanted.act == "add" else _not_struck(here, entry), entry.value)
        values = [entry.value for entry in entries]
        if wanted.act == "add":
            lifted, held = _touched(rows, entries, ("wanted",)), _touched(rows, entries, ("waiting",))
            return NeverEffect(values, lifted, held, [])
        left = never_block(here.config()).with_own(e for e in there if (e.covers, e.value) not in keys)
        freed = [
            indicator
            for indicator in _touched(rows, entries, ("refused", "lifted"), "never_block")
            if left.hit(Observable.trusted(ObservableType(indicator.type), indicator.value)) is None
        ]
    return NeverEffect(values, [], [], freed)


@act(Right.SOC_PROTECT)
def change(here: Here, by: str, body: NeverChangeRequest) -> Text:
    """Adds entries, or strikes what was added by hand: all of it or nothing, with one line in the ledger."""
    if not body.sure:
        raise ActRefused(422, "not-sure", LOOK_FIRST[body.act], aside="--sure")
    entries = _entries(body)
    why, now_us = " ".join(body.why.split()), here.clock.now_us()
    values = [entry.value for entry in entries]
    changed = {"act": body.act, "by": by, "covers": body.covers, "values": values, "why": why}
    summary = json.dumps(changed, ensure_ascii=False, sort_keys=True)
    with here.book() as book, book.transaction():
        refused = add_own(book, entries, why, by, now_us) if body.act == "add" else remove_own(book, entries)
        if refused is None:
            note = Note(kind=KIND, item_id=act_id(KIND, summary, by, now_us), peer=by, summary=summary)
            Ledger(book).append(now_us, GATE, "in", note)
    if refused is not None:
        raise _refused(refused.rule, ", ".join(values))
    if here.runs():
        return here.when()
    tell_here(here, by, "never")
    return DONE_HERE


def _not_struck(here: Here, entry: Own) -> str:
    """Why what nobody added by hand cannot be struck: it stands in a file or comes with Bavn, or nowhere."""
    there = any(other.value == entry.value for other in entries_of(here))
    return "not_own" if there else "not_there"


def _entries(wanted: NeverChange) -> list[Own]:
    """Each once, in canonical form. Raises ActRefused for what is none."""
    entries: dict[str, Own] = {}
    for text in wanted.values:
        entry = own_of(wanted.covers, text)
        if isinstance(entry, Refused):
            raise _refused(entry.rule, text)
        entries[entry.value] = entry
    return list(entries.values())


def _touched(rows: Asks, entries: Sequence[Own], standings: Sequence[str], rule: str = "") -> list[Touched]:
    return [
        Touched(indicator_id, *act_of(rows, indicator_id)) for indicator_id in touched(rows, entries, standings, rule)
    ]


def _refused(rule: str, what: str) -> ActRefused:
    status, says = SAYS[rule]
    return ActRefused(status, rule.replace("_", "-"), Text.shaped("{says}: {named}", says=says, named=pathless(what)))
