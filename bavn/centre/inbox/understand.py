"""Messages into the values of model/received.py, on which the rest of the centre works. Gate 2 has checked them."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from bavn.model.moment import MINUTE_US
from bavn.model.observable import Observable, ObservableType
from bavn.model.received import (
    Attached,
    BlockReceipt,
    CanaryCame,
    CaseAnswer,
    CheckpointSeen,
    Counted,
    Decline,
    DrawValue,
    DrawValues,
    Heard,
    Nis2Step,
    NodeHealth,
    Observed,
    RadiusReply,
    Replied,
    Revealed,
    TagAt,
    Tags,
    Upload,
    WarningAnswer,
    Withdrawal,
)
from bavn.model.sector.canary import Link
from bavn.model.sector.lead import Sign
from bavn.wire.messages.canary import CanaryProgress
from bavn.wire.messages.catalogue import (
    CaseAnswered,
    CaseEvidence,
    Counts,
    Declined,
    Health,
    Nis2Noted,
    Observation,
    QuestionAnswered,
    QuestionCounted,
    QuestionDeclined,
    Receipt,
    Receipts,
    Report,
    ShareUpload,
    WarningAnswered,
    Withdrawn,
)
from bavn.wire.messages.log import DrawsOpened, LogSeen
from bavn.wire.privacy import Message
from bavn.wire.transcribe import value_of


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """Whose message it is and how it came."""

    item_id: str
    actor: str
    group: str
    tier: str
    received_us: int


VALUES: Final[Mapping[type[Message], type[Heard]]] = {
    ShareUpload: Upload,
    Receipts: Tags,
    Declined: Decline,
    Withdrawn: Withdrawal,
    Observation: Observed,
    Receipt: BlockReceipt,
    QuestionAnswered: Replied,
    QuestionDeclined: Replied,
    QuestionCounted: RadiusReply,
    CaseAnswered: CaseAnswer,
    CaseEvidence: Attached,
    Nis2Noted: Nis2Step,
    WarningAnswered: WarningAnswer,
    Counts: Counted,
    Health: NodeHealth,
    CanaryProgress: CanaryCame,
    LogSeen: CheckpointSeen,
    DrawsOpened: DrawValues,
}


def understand(message: Message, about: About) -> Heard:
    """The value of a message. TypeError for a kind that does not come up."""
    given = {"item_id": about.item_id, "actor": about.actor, "received_us": about.received_us}
    if isinstance(message, Report):
        return Revealed(sign=_sign(message, about), table=message.table, bin=message.bin)
    kind = VALUES.get(type(message))
    if kind is None:
        raise TypeError(f"{type(message).__name__} does not come up")
    return value_of(kind, message, given | _otherwise(message))


def _otherwise(message: Message) -> dict[str, Any]:
    """What a value has and its message says otherwise."""
    match message:
        case Receipts(tags=tags):
            return {"tags": tuple(TagAt(tag.table, tag.bin, bytes.fromhex(tag.tag)) for tag in tags)}
        case Withdrawn(type=kind, value=value):
            return {"observable": Observable(ObservableType(kind), value)}
        case QuestionDeclined():
            return {"state": "declined", "count_bucket": 0, "first_hour": None, "last_hour": None, "days": 0}
        case Nis2Noted(minute=minute, kind=kind):
            return {"at_us": minute * MINUTE_US, "correct": kind == "correction"}
        case CanaryProgress(links=links):
            return {"links": tuple(value_of(Link, link, {}) for link in links)}
        case DrawsOpened(openings=openings):
            return {"openings": tuple(value_of(DrawValue, opening, {}) for opening in openings)}
        case _:
            return {}


def _sign(report: Report, about: About) -> Sign:
    given = {"report_id": about.item_id, "observable": Observable(ObservableType(report.type), report.value)}
    return value_of(Sign, report, asdict(about) | given)
