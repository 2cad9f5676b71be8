"""The policy editor: each field with its own sentence, what a change would do before it is written, and who wrote it.

Rights: soc:read to see, soc:settings to change. The node reads its policy when it starts.
"""

import json
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from bavn.app.policy.file import Draft, draft, fields_of, mark_of, text_of, write
from bavn.app.policy.file import Field as PolicyField
from bavn.app.web.frame import TextShape, Trouble, filled
from bavn.app.web.soc.context import Context, Node
from bavn.app.web.soc.errors import pathless
from bavn.app.web.soc.shapes import REFUSALS, Frozen, NodeName, Reads, Sets
from bavn.model.settings import SettingsError
from bavn.model.text import Text
from bavn.wire.ledger import Ledger, Note

GATE = "policy"
"""The word in the ledger for a change of the policy."""
CHOICES = ["automatic", "ask", "never"]
Value = bool | int | float | str | list[str]
Changes = Annotated[
    dict[str, dict[str, Value | None]],
    Field(max_length=4, description="Table, field, new value; null means the default."),
]


class FieldShown(Frozen):
    """A field: what it is, what it may be, and what it is now. ``kind``: bool, int, float, text or texts; ``choices``:
    the only texts that it may be; ``written``: it stands in the file."""

    table: str
    name: str
    kind: str
    says: TextShape
    unit: str
    low: float | None
    high: float | None
    choices: list[str]
    value: Value
    default: Value
    written: bool


class PolicyShown(Frozen):
    """``seen`` goes back with a change, so that nobody writes over what they did not see. ``text``: the file."""

    fields: list[FieldShown]
    text: str
    seen: str


class ChangeShown(Frozen):
    """What a field is and would be."""

    table: str
    name: str
    says: TextShape
    before: Value
    after: Value


class PolicyDraft(Frozen):
    """What would be written, whole, and what differs."""

    changes: list[ChangeShown]
    text: str
    seen: str


class ChangeRequest(BaseModel):
    """A change of the policy that was read as ``seen``."""

    changes: Changes
    seen: str = Field(pattern="^[0-9a-f]{64}$")


router = APIRouter(prefix="/nodes/{node}/policy", tags=["policy"], responses=REFUSALS)
"""The policy of a node."""


@router.get("", operation_id="policy")
def policy(context: Context, node: NodeName, person: Reads) -> PolicyShown:
    """Every field of the policy."""
    here = context.node(node, person)
    config = here.config()
    text = text_of(config)
    fields = fields_of({"door": config.door, "protect": config.protect}, text)
    return PolicyShown(fields=[_field(one) for one in fields], text=text, seen=mark_of(text))


@router.post("/preview", operation_id="previewPolicy")
def preview(context: Context, node: NodeName, request: ChangeRequest, person: Sets) -> PolicyDraft:
    """What a change would write. A policy that the node would not start with is refused with the reason."""
    made = _drafted(context.node(node, person), request)
    return _shown(made, request.seen)


@router.put("", operation_id="writePolicy")
def put(context: Context, node: NodeName, request: ChangeRequest, person: Sets) -> PolicyDraft:
    """Writes it whole or not at all, after a line in the ledger. The node reads it when it is started next."""
    here = context.node(node, person)
    draft = _drafted(here, request)
    if not draft.changes:
        raise Trouble(422, "no-change", Text("Nothing would change."))
    shown = _shown(draft, mark_of(draft.text))
    with here.book() as book:
        Ledger(book).append(context.clock.now_us(), GATE, "in", _note(shown, person.name))
    try:
        write(here.config(), draft.text)
    except OSError as error:
        raise Trouble(
            503,
            "not-written",
            Text("The policy file cannot be written: let the console's user write it, or make room."),
            "operator",
        ) from error
    return shown


def _drafted(here: Node, request: ChangeRequest) -> Draft:
    config = here.config()
    text = text_of(config)
    if mark_of(text) != request.seen:
        raise Trouble(409, "changed-meanwhile", Text("The policy was changed meanwhile: look at it again."))
    try:
        return draft(config, text, request.changes)
    except SettingsError as error:
        reason = pathless(str(error))
        raise Trouble(
            422,
            "bad-policy",
            Text("The node would not start with this: {said}", said=reason),
        ) from error


def _field(field: PolicyField) -> FieldShown:
    return filled(
        FieldShown,
        field,
        says=TextShape.of(Text.documented(field.about.holds)),
        unit=field.about.unit,
        low=field.about.low,
        high=field.about.high,
        choices=CHOICES if field.default in CHOICES else [],
    )


def _shown(draft: Draft, seen: str) -> PolicyDraft:
    changes = [
        ChangeShown(
            table=c.field.table,
            name=c.field.name,
            says=TextShape.of(Text.documented(c.field.about.holds)),
            before=c.field.value,
            after=c.after,
        )
        for c in draft.changes
    ]
    return PolicyDraft(changes=changes, text=draft.text, seen=seen)


def _note(shown: PolicyDraft, by: str) -> Note:
    words: dict[str, Any] = {
        "by": by,
        "changes": [[one.table, one.name, one.before, one.after] for one in shown.changes],
    }
    return Note(
        kind="PolicyChanged",
        item_id=mark_of(shown.text),
        peer=by,
        summary=json.dumps(words, ensure_ascii=False, sort_keys=True),
    )
