"""Messages into the values of model/received.py, on which the rest of the centre works. Gate 2 has checked them."""

from dataclasses import dataclass
from typing import Any, cast

from bavn.model.moment import MINUTE_US
from bavn.model.observable import Observable, ObservableType
from bavn.model.received import (
    Attached,
    BlockReceipt,
    CanaryCame,
    CaseAnswer,
    Counted,
    Decline,
    ExerciseStatement,
    Heard,
    Nis2Step,
    NodeHealth,
    Observed,
    Replied,
    Revealed,
    TagAt,
    Tags,
    Upload,
    WarningAnswer,
    Withdrawal,
)
from bavn.model.sector.canary import Link
from bavn.model.sector.exercise import ActorStep
from bavn.model.sector.lead import Sign
from bavn.model.sector.nis2 import CrossBorder
from bavn.wire.messages.canary import CanaryTold
from bavn.wire.messages.catalogue import (
    CaseAnswered,
    CaseEvidence,
    Counts,
    Declined,
    Health,
    Nis2Noted,
    Observation,
    QuestionAnswered,
    QuestionDeclined,
    Receipt,
    Receipts,
    Report,
    ShareUpload,
    WarningAnswered,
    Withdrawn,
)
from bavn.wire.messages.exercise import ExerciseStep
from bavn.wire.privacy import Message


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """Whose message it is and how it came."""

    item_id: str
    actor: str
    group: str
    tier: str
    received_us: int


def understand(message: Message, about: About) -> Heard:
    """The value of a message. TypeError for a kind that does not come up."""
    said: dict[str, Any] = {"item_id": about.item_id, "actor": about.actor}
    received_us = about.received_us
    match message:
        case ShareUpload():
            return Upload(**said, **dict(message), received_us=received_us)
        case Receipts(round_id=round_id, tags=tags):
            cells = tuple(TagAt(tag.table, tag.bin, bytes.fromhex(tag.tag)) for tag in tags)
            return Tags(**said, round_id=round_id, tags=cells, received_us=received_us)
        case Declined(round_id=round_id, table=table, bin=at):
            return Decline(**said, round_id=round_id, table=table, bin=at, received_us=received_us)
        case Report():
            return Revealed(sign=_sign(message, about), table=message.table, bin=message.bin)
        case Withdrawn(type=kind, value=value):
            return Withdrawal(**said, observable=Observable(ObservableType(kind), value), received_us=received_us)
        case Observation():
            return Observed(**said, **message.model_dump(), received_us=received_us)
        case Receipt():
            return BlockReceipt(**said, **message.model_dump(), received_us=received_us)
        case QuestionAnswered():
            return Replied(**said, **message.model_dump(), received_us=received_us)
        case QuestionDeclined():
            return _declined(message, about)
        case CaseAnswered():
            return CaseAnswer(**said, **message.model_dump(), received_us=received_us)
        case Nis2Noted():
            return _nis2_step(message, about)
        case CaseEvidence(case_id=case_id, words=words, content=content):
            return Attached(**said, case_id=case_id, words=words, content=content, received_us=received_us)
        case WarningAnswered():
            return WarningAnswer(**said, **message.model_dump(), received_us=received_us)
        case ExerciseStep():
            fields = message.model_dump() | {"step": ActorStep(message.step)}
            return ExerciseStatement(**said, **fields, received_us=received_us)
        case Counts():
            return Counted(**said, **message.model_dump(), received_us=received_us)
        case Health():
            return NodeHealth(**said, **message.model_dump(), received_us=received_us)
        case CanaryTold(day=day, run=run, links=links):
            chain = tuple(Link(link=one.link, state=one.state, took=one.took, why=one.why) for one in links)  # type: ignore[arg-type]  # the message's own pattern
            return CanaryCame(**said, day=day, run=run, links=chain, received_us=received_us)
        case _:
            raise TypeError(f"{type(message).__name__} does not come up")


def _declined(message: QuestionDeclined, about: About) -> Replied:
    return Replied(
        item_id=about.item_id,
        actor=about.actor,
        question_id=message.question_id,
        number=message.number,
        state="declined",
        count_bucket=0,
        first_hour=None,
        last_hour=None,
        days=0,
        received_us=about.received_us,
    )


def _nis2_step(message: Nis2Noted, about: About) -> Nis2Step:
    return Nis2Step(
        item_id=about.item_id,
        actor=about.actor,
        case_id=message.case_id,
        act=message.act,
        at_us=message.minute * MINUTE_US,
        correct=message.kind == "correction",
        why=message.why,
        received_us=about.received_us,
        crosses=cast("CrossBorder | None", message.crosses),
    )


def _sign(report: Report, about: About) -> Sign:
    return Sign(
        report_id=about.item_id,
        actor=about.actor,
        group=about.group,
        tier=about.tier,
        round_id=report.round_id,
        observable=Observable(ObservableType(report.type), report.value),
        detector=report.detector,
        technique=report.technique,
        p_bucket=report.p_bucket,
        hosts_bucket=report.hosts_bucket,
        first_hour=report.first_hour,
        last_hour=report.last_hour,
        period_bucket=report.period_bucket,
        regularity_bucket=report.regularity_bucket,
        walk_bucket=report.walk_bucket,
        received_us=about.received_us,
    )
