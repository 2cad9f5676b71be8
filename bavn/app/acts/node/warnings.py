"""What people here answer to the centre's warnings. It may be looked at before it leaves.

Expect nothing to be sent: it is left in the node's book, and the running node lets it out through gate 1.
"""

from pydantic import Field

from bavn.actor.door.conversations.warnings import AnswerStatement
from bavn.app.access.rights import Right
from bavn.app.acts.act import ActRefused, act
from bavn.app.acts.node.here import Here, NodeInput, Tried, tried
from bavn.app.node.case_parts import opened_cases
from bavn.model.sector.sector_warning import AnswerAct
from bavn.model.sector.work import TEXT_CHARS_MAX
from bavn.model.text import Text


class WarningAnswerRequest(NodeInput):
    """An answer to the version that was read. ``send`` false: only show what would leave."""

    version: int = Field(ge=1, lt=2**31)
    act: AnswerAct
    words: str = Field(default="", max_length=TEXT_CHARS_MAX)
    send: bool = False


@act(Right.SOC_TRIAGE)
def answer(here: Here, by: str, warning_id: str, body: WarningAnswerRequest) -> Tried:
    """Answers a warning. Exactly what is shown leaves, at the node's next step."""
    with opened_cases(here.file) as there:
        kept = there.warnings
        if kept.get(warning_id) is None:
            raise ActRefused(404, "no-warning", Text("This actor was told of no such warning."))
        statement = AnswerStatement(
            number=1 << 50,
            at_us=here.clock.now_us(),
            warning_id=warning_id,
            version=body.version,
            act=body.act.value,
            words=body.words,
            by=by,
        )
        return tried(kept, statement, send=body.send)
