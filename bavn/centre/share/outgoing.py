"""A letter at gate 3, the draft that the rules build of it from nothing, and the message it becomes.

Refuses to judge: outgoing_rules.py does.
"""

import hashlib
import json
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Final

from bavn.centre.share.case_rules import CaseGrounds
from bavn.centre.share.warning_rules import WarningGrounds
from bavn.model.intel.indicator import Pap, Tlp
from bavn.model.moment import DAY_US
from bavn.model.sector.work import PartTask as Task
from bavn.model.statement import (
    Asking,
    AskingRadius,
    CanaryReceived,
    Cautioning,
    Closing,
    CommonsAnswer,
    Judging,
    LogProving,
    LogShowing,
    Opening,
    Releasing,
    RevealWanted,
    RoundsFixing,
    Statement,
    Switching,
    TagsWanted,
    Telling,
    Withdrawing,
)
from bavn.model.text import Text
from bavn.wire.codec import Encoded
from bavn.wire.ledger import Note
from bavn.wire.messages.canary import CanaryAnswered
from bavn.wire.messages.catalogue import (
    CasePart,
    IndicatorReleased,
    IndicatorWithdrawn,
    PartTask,
    QuestionAsked,
    RadiusAsked,
    ReceiptsAsked,
    RevealAsked,
    RoundClosed,
    RoundOpened,
    SectorSwitched,
    VerdictGiven,
    WarningGiven,
)
from bavn.wire.messages.commons import CommonsAnswered
from bavn.wire.messages.fields import LEFT_MAX
from bavn.wire.messages.log import LogProven, LogShown, RoundsFixed
from bavn.wire.partners.stix_indicator import NotWritable, bundle_of
from bavn.wire.privacy import Message
from bavn.wire.transcribe import fields_for

CLOSING_KEPT_US: Final = 7 * DAY_US
BYTES_TOLD_MAX: Final = 64
"""What is longer stands in the ledger as its hash."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grounds:
    """Why an indicator may go out: what stays at the centre. ``listed``: what speaks for its innocence, by name.
    ``approved_by``: the person, or the policy that two people approved; ``people``: everybody who stands behind it.
    ``by_hand``: people's own knowledge, no report of this sector. ``partners``: parties outside the sector that name
    it; ``tlp_min``, ``pap_max``: the terms under which they told of it, empty and CLEAR for none. ``case_tlp``,
    ``case_pap``: how the case is marked. ``read_by``: who read what a block of it would break."""

    score: float
    groups: int
    listed: tuple[str, ...]
    approved_by: str
    people: tuple[str, ...] = ()
    by_hand: bool = False
    partners: int = 0
    tlp_min: str = ""
    pap_max: int = int(Pap.CLEAR)
    case_tlp: str = Tlp.CLEAR.value
    case_pap: int = int(Pap.CLEAR)
    read_by: tuple[str, ...] = ()

    @property
    def by_person(self) -> bool:
        """Whether a person released this very indicator, and no standing policy."""
        return bool(self.approved_by) and not self.approved_by.startswith("policy:")


AnyGrounds = Grounds | CaseGrounds | WarningGrounds


@dataclass(frozen=True, slots=True)
class Outgoing:
    """Something to say to one actor, and why it may go out. ``until_us``: after that it is of no use."""

    said: Statement
    grounds: AnyGrounds | None = None
    until_us: int | None = None


@dataclass(frozen=True, slots=True)
class OutgoingDraft:
    """``fields``: what the rules have added so far; the last rule makes the message of exactly these."""

    fields: dict[str, Any] = field(default_factory=dict)
    encoded: Encoded | None = None
    privacy: str = ""

    def plus(self, **more: Any) -> "OutgoingDraft":
        return replace(self, fields=self.fields | more)


KINDS: Final[dict[type[Statement], type[Message]]] = {
    Opening: RoundOpened,
    TagsWanted: ReceiptsAsked,
    RevealWanted: RevealAsked,
    Closing: RoundClosed,
    CommonsAnswer: CommonsAnswered,
    Releasing: IndicatorReleased,
    Withdrawing: IndicatorWithdrawn,
    Asking: QuestionAsked,
    AskingRadius: RadiusAsked,
    Telling: CasePart,
    Judging: VerdictGiven,
    Switching: SectorSwitched,
    Cautioning: WarningGiven,
    CanaryReceived: CanaryAnswered,
    LogShowing: LogShown,
    LogProving: LogProven,
    RoundsFixing: RoundsFixed,
}


def fields_of(statement: Statement, created_by: str) -> dict[str, Any]:
    """The fields of the message that says it. Raises stix.NotWritable for an indicator that cannot be written
    and for a question that nobody approved."""
    kind = KINDS[type(statement)]
    match statement:
        case Releasing():
            return {"bundle": bundle_of(statement.indicator, created_by=created_by, created_us=statement.created_us)}
        case Asking(question=question):
            if question.approved_by is None:
                raise NotWritable("a question that nobody has approved")
            return fields_for(kind, question, question_id=question.id)
        case CommonsAnswer(cells=cells):
            return fields_for(kind, statement, cells=cells)
        case Switching():
            return fields_for(kind, statement, state="on" if statement.on else "off")
        case Cautioning(warning=warning):
            return fields_for(kind, warning, warning.content, warning_id=warning.id)
        case Telling(part=part):
            more = {"rsit": part.rsit or None, "merged_into": part.merged_into or None}
            tasks, left = tuple(map(_task, part.tasks)), min(part.own_left, LEFT_MAX)
            return fields_for(kind, part, statement, tasks=tasks, own_left=left, **more)
        case Judging(verdict=verdict):
            return fields_for(kind, verdict, statement, left=min(verdict.left, LEFT_MAX))
        case _:
            return fields_for(kind, statement)


def _task(task: Task) -> PartTask:
    acknowledge_us, applies_us, done_us = task.due_us
    dues = {"acknowledge_us": acknowledge_us, "applies_us": applies_us, "done_us": done_us}
    return PartTask(**fields_for(PartTask, task, task_id=task.id, **dues))


def label(outgoing: Outgoing) -> Note:
    """How the ledger names a letter that was refused: by kind, recipient and the hash of what it would have said."""
    text = json.dumps(asdict(outgoing.said), sort_keys=True, default=_plain)
    kind = KINDS[type(outgoing.said)].__name__
    item_id = hashlib.sha256(f"{kind}\0{text}".encode()).hexdigest()
    return Note(kind=kind, item_id=item_id, peer=outgoing.said.to, summary=text)


def _plain(value: object) -> Any:
    if isinstance(value, bytes):
        return value.hex() if len(value) <= BYTES_TOLD_MAX else hashlib.sha256(value).hexdigest()
    if isinstance(value, Text):
        return {"en": value.en, "da": value.da}
    raise TypeError(f"{type(value).__name__} stands in no letter")
