"""A node's policy as people change it field by field: what a change would write, and the change, whole or not at all.

Expect nothing to be in force by it: the node reads its policy when it starts.
"""

import json
from typing import Annotated, Any, Final

from pydantic import BaseModel, Field

from bavn.app.access.rights import Right
from bavn.app.acts.act import ActRefused, act
from bavn.app.acts.node.here import Here
from bavn.app.policy.file import Draft, draft, mark_of, text_of, write, wrong_in
from bavn.app.process.one_line import pathless
from bavn.model.settings import SettingsError
from bavn.model.text import Text
from bavn.wire.ledger import Ledger, Note

GATE: Final = "policy"
"""The word in the ledger for a change of the policy."""
Value = bool | int | float | str | list[str]
Changes = Annotated[
    dict[str, dict[str, Value | None]],
    Field(max_length=4, description="Table, field, new value; null means the default."),
]


class ChangeRequest(BaseModel):
    """A change of the policy that was read as ``seen``."""

    changes: Changes
    seen: str = Field(pattern="^[0-9a-f]{64}$")


def drafted(here: Here, body: ChangeRequest) -> Draft:
    """What a change would write; it changes nothing. Raises ActRefused where somebody changed the policy meanwhile, or
    the node would not start with it."""
    config = here.config()
    text = text_of(config)
    if mark_of(text) != body.seen:
        raise ActRefused(409, "changed-meanwhile", Text("The policy was changed meanwhile: look at it again."))
    try:
        return draft(config, text, body.changes)
    except SettingsError as error:
        why = Text.written(**{name: pathless(one) for name, one in Text.of_error(error).spoken().items()})
        said = Text("The node would not start with this: {said}", said=why)
        raise ActRefused(422, "bad-policy", said, wrong=wrong_in(text, body.changes)) from error


@act(Right.SOC_SETTINGS)
def change(here: Here, by: str, body: ChangeRequest) -> Draft:
    """Writes it whole or not at all, after a line in the ledger. The node reads it when it is started next."""
    policy = drafted(here, body)
    if not policy.changes:
        raise ActRefused(422, "no-change", Text("Nothing would change."))
    with here.book() as book:
        Ledger(book).append(here.clock.now_us(), GATE, "in", _note(policy, by))
    try:
        write(here.config(), policy.text)
    except OSError as error:
        said = Text("The policy file cannot be written: let the console's user write it, or make room.")
        raise ActRefused(503, "not-written", said, "operator") from error
    return policy


def _note(policy: Draft, by: str) -> Note:
    words: dict[str, Any] = {
        "by": by,
        "changes": [[one.field.table, one.field.name, one.field.value, one.after] for one in policy.changes],
    }
    return Note(
        kind="PolicyChanged",
        item_id=mark_of(policy.text),
        peer=by,
        summary=json.dumps(words, ensure_ascii=False, sort_keys=True),
    )
