"""The policy editor: each field with its own sentence, what a change would do before it is written, and who wrote it.

Rights: soc:read to see, soc:settings to change. The node reads its policy when it starts.
"""

from typing import Annotated

from fastapi import APIRouter

from bavn.app.acts.node import policy as acts
from bavn.app.acts.node.policy import Value
from bavn.app.policy.file import Draft, fields_of, mark_of, text_of
from bavn.app.policy.file import Field as PolicyField
from bavn.app.web.frame import Person, TextShape, allow, filled
from bavn.app.web.soc.context import Context
from bavn.app.web.soc.health import policy_waits
from bavn.app.web.soc.shapes import REFUSALS, Frozen, NodeName, Reads
from bavn.model.text import Text

CHOICES = ["automatic", "ask", "never"]


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
    """``seen`` goes back with a change, so that nobody writes over what they did not see. ``text``: the file.
    ``waits``: the running node began with another and still uses that."""

    fields: list[FieldShown]
    text: str
    seen: str
    waits: bool


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


router = APIRouter(prefix="/nodes/{node}/policy", tags=["policy"], responses=REFUSALS)
"""The policy of a node."""


@router.get("", operation_id="policy")
def policy(context: Context, node: NodeName, person: Reads) -> PolicyShown:
    """Every field of the policy."""
    here = context.node(node, person)
    config = here.config()
    text = text_of(config)
    fields = fields_of({"door": config.door, "protect": config.protect}, text)
    shown = [_field(one) for one in fields]
    return PolicyShown(fields=shown, text=text, seen=mark_of(text), waits=policy_waits(here, config))


@router.post("/preview", operation_id="previewPolicy")
def preview(
    context: Context, node: NodeName, request: acts.ChangeRequest, person: Annotated[Person, allow(acts.change)]
) -> PolicyDraft:
    """What a change would write. A policy that the node would not start with is refused with the reason."""
    return _shown(acts.drafted(context.node(node, person), request), request.seen)


@router.put("", operation_id="writePolicy", description=acts.change.__doc__)
def put(
    context: Context, node: NodeName, request: acts.ChangeRequest, person: Annotated[Person, allow(acts.change)]
) -> PolicyDraft:
    written = acts.change(context.node(node, person), person.name, request)
    return _shown(written, mark_of(written.text))


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
