"""A letter at gate 3, the draft that the rules build of it from nothing, and the message it becomes.

Refuses to judge: rules.py does.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Final

from bavn.centre.share.case_rules import CaseGrounds
from bavn.centre.share.exercise_rules import ExerciseGrounds
from bavn.centre.share.warning_rules import WarningGrounds
from bavn.model.intel.indicator import Pap, Tlp
from bavn.model.moment import DAY_US
from bavn.model.observable import Observable
from bavn.model.sector.exercise import element_of
from bavn.model.sector.question import Question
from bavn.model.statement import (
    Asking,
    CanaryReceived,
    Cautioning,
    Closing,
    Exercising,
    Judging,
    Opening,
    Releasing,
    RevealOf,
    RevealWanted,
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
    AskedCell,
    AskedObservable,
    CasePart,
    IndicatorReleased,
    IndicatorWithdrawn,
    Member,
    OtherTag,
    PartClock,
    PartTask,
    PartWords,
    QuestionAsked,
    ReceiptsAsked,
    Reveal,
    RevealAsked,
    RoundClosed,
    RoundOpened,
    SectorSwitched,
    VerdictGiven,
    WarningGiven,
)
from bavn.wire.messages.exercise import ExerciseTold, Objective
from bavn.wire.messages.fields import LEFT_MAX
from bavn.wire.partners.stix import NotWritable, bundle_of
from bavn.wire.privacy import Message

CLOSING_KEPT_US: Final = 7 * DAY_US


@dataclass(frozen=True, slots=True, kw_only=True)
class Grounds:
    """Why an indicator may go out: what stays at the centre. ``listed``: what speaks for its innocence, by name.
    ``approved_by``: the person, or the policy that two people approved; ``people``: everybody who stands behind it.
    ``by_hand``: people's own knowledge, no report of this sector. ``partners``: parties outside the sector that name
    it; ``tlp_min``, ``pap_max``: the terms under which they told of it, empty and CLEAR for none. ``case_tlp``,
    ``case_pap``: how the case is marked."""

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

    @property
    def by_person(self) -> bool:
        """Whether a person released this very indicator, and no standing policy."""
        return bool(self.approved_by) and not self.approved_by.startswith("policy:")


AnyGrounds = Grounds | CaseGrounds | WarningGrounds | ExerciseGrounds


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
    Releasing: IndicatorReleased,
    Withdrawing: IndicatorWithdrawn,
    Asking: QuestionAsked,
    Telling: CasePart,
    Judging: VerdictGiven,
    Switching: SectorSwitched,
    Cautioning: WarningGiven,
    Exercising: ExerciseTold,
    CanaryReceived: CanaryAnswered,
}


def fields_of(said: Statement, created_by: str) -> dict[str, Any]:
    """The fields of the message that says it. Raises stix.NotWritable for an indicator that cannot be written
    and for a question that nobody approved."""
    match said:
        case Opening():
            plain = asdict(said)
            del plain["to"]
            return plain | {"members": tuple(Member(actor=actor, x=x) for actor, x in said.members)}
        case TagsWanted():
            cells = tuple(AskedCell(table=table, bin=bin_) for table, bin_ in said.cells)
            return {"round_id": said.round_id, "cells": cells}
        case RevealWanted():
            return {"round_id": said.round_id, "items": tuple(_reveal(item) for item in said.items)}
        case Closing():
            return {"round_id": said.round_id, "other_keys": said.other_keys}
        case Releasing():
            bundle = bundle_of(said.indicator, created_by=created_by, created_us=said.created_us)
            return {"bundle": bundle}
        case Asking():
            return _question(said.question)
        case Switching():
            turned = {"number": said.number, "state": "on" if said.on else "off", "at_us": said.at_us}
            return turned | {"by": said.by, "why": said.why}
        case Withdrawing():
            return {"indicator_id": said.indicator_id, "version": said.version}
        case Cautioning():
            return _warning(said)
        case Exercising():
            return _exercise(said)
        case CanaryReceived():
            return {"day": said.day, "run": said.run}
        case Telling():
            return _part(said)
        case Judging(version=version, verdict=verdict):
            return {
                "case_id": verdict.case_id,
                "version": version,
                "judged": verdict.judged,
                "observables": _named(verdict.observables),
                "until_us": verdict.until_us,
                "left": min(verdict.left, LEFT_MAX),
            }


def _warning(said: Cautioning) -> dict[str, Any]:
    warning, content = said.warning, said.warning.content
    return {
        "warning_id": warning.id,
        "version": warning.version,
        "state": warning.state.value,
        "urgency": content.urgency.value,
        "title_en": content.title.en,
        "title_da": content.title.da,
        "text_en": content.text.en,
        "text_da": content.text.da,
        "tlp": content.tlp.value,
        "pap": int(content.pap),
        "observables": _named(content.observables),
        "sent_us": warning.sent_us,
        "acknowledge_us": warning.acknowledge_us,
        "until_us": warning.until_us,
    }


def _exercise(said: Exercising) -> dict[str, Any]:
    plan, role = said.plan, said.role
    return {
        "exercise_id": said.exercise_id,
        "version": said.version,
        "state": said.state.value,
        "title_en": plan.title.en,
        "title_da": plan.title.da,
        "objectives": tuple(Objective(en=one.en, da=one.da) for one in plan.objectives),
        "campaign": role.campaign.value,
        "element": element_of(said.exercise_id).value,
        "after_minutes": role.after_minutes,
        "begins_us": plan.begins_us,
        "ends_us": plan.ends_us,
    }


def _reveal(item: RevealOf) -> Reveal:
    others = tuple(OtherTag(x=x, tag=tag.hex()) for x, tag in item.others)
    return Reveal(table=item.table, bin=item.bin, others=others)


def _question(question: Question) -> dict[str, Any]:
    if question.approved_by is None:
        raise NotWritable("a question that nobody has approved")
    return {
        "question_id": question.id,
        "since_hour": question.since_hour,
        "asked_us": question.asked_us,
        "until_us": question.until_us,
        "asked_by": question.asked_by,
        "why": question.why,
        "approved_by": question.approved_by,
        "observables": _named(question.observables),
    }


def _named(observables: Sequence[Observable]) -> tuple[AskedObservable, ...]:
    return tuple(AskedObservable(type=one.type.value, value=one.value) for one in observables)


def _part(said: Telling) -> dict[str, Any]:
    part = said.part
    return {
        "case_id": part.case_id,
        "version": said.version,
        "state": part.state,
        "rsit": part.rsit or None,
        "techniques": part.techniques,
        "tlp": part.tlp.value,
        "pap": int(part.pap),
        "own": _named(part.own),
        "tasks": tuple(
            PartTask(
                task_id=task.id,
                kind=task.kind,
                text=task.text,
                state=task.state,
                acknowledge_us=task.due_us[0],
                applies_us=task.due_us[1],
                done_us=task.due_us[2],
            )
            for task in part.tasks
        ),
        "words": tuple(PartWords(at_us=words.at_us, by=words.by, text=words.text) for words in part.words),
        "clocks": tuple(
            PartClock(report=clock.report, due_us=clock.due_us, sent_us=clock.sent_us) for clock in part.clocks
        ),
        "merged_into": part.merged_into or None,
        "own_left": min(part.own_left, LEFT_MAX),
    }


def label(letter: Outgoing) -> Note:
    """How the ledger names a letter that was refused: by kind, recipient and the hash of what it would have said."""
    text = json.dumps(asdict(letter.said), sort_keys=True, default=_plain)
    kind = KINDS[type(letter.said)].__name__
    item_id = hashlib.sha256(f"{kind}\0{text}".encode()).hexdigest()
    return Note(kind=kind, item_id=item_id, peer=letter.said.to, summary=text)


def _plain(value: object) -> Any:
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, Text):
        return {"en": value.en, "da": value.da}
    raise TypeError(f"{type(value).__name__} stands in no letter")
