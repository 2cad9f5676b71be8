"""Warnings as values and as rows: what is kept of a warning, and how an actor stands to it. Refuses to decide."""

import json
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal

from sqlalchemy import Connection, Row, select

from bavn.centre.cases.warnings.tables import ANSWER, WARNED, WARNING
from bavn.centre.store.rows import value_from
from bavn.model.intel.indicator import Pap, Tlp
from bavn.model.observable import Observable, ObservableType
from bavn.model.sector.sector_warning import (
    Address,
    AnswerAct,
    AnswerState,
    Content,
    SectorWarning,
    Urgency,
    WarningState,
)
from bavn.model.text import Text

SourceKind = Literal["hand", "lead", "partner"]


class UnknownWarning(Exception):
    """No warning has that id. The person who asked must act."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """What a warning was drafted from: ``ref`` names the lead or the partner's observable, and stays at the centre.
    ``tlp_min``, ``pap_max``: the terms under which it may be told on."""

    kind: SourceKind = "hand"
    ref: str = ""
    tlp_min: Tlp = Tlp.CLEAR
    pap_max: Pap = Pap.CLEAR


BY_HAND: Final = Origin()


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptWarning:
    """A warning at the centre. ``by``: who wrote or sent it last; ``version`` 0 and no moments before it is sent."""

    id: str
    state: WarningState
    version: int
    origin: Origin
    content: Content
    address: Address
    by: str
    sent_us: int | None
    acknowledge_us: int | None
    until_us: int | None
    changed_us: int

    def as_sent(self) -> SectorWarning:
        """As an actor is told of it. ValueError for a draft."""
        if self.sent_us is None or self.acknowledge_us is None or self.until_us is None:
            raise ValueError("a draft is told to nobody")
        return SectorWarning(
            id=self.id,
            version=self.version,
            state=self.state,
            content=self.content,
            sent_us=self.sent_us,
            acknowledge_us=self.acknowledge_us,
            until_us=self.until_us,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ActorAnswer:
    """What people at an actor answered. ``version``: of the warning that they had read."""

    actor: str
    serial: int
    version: int
    act: AnswerAct
    words: str
    received_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AtActor:
    """How one actor stands. ``status``: pending, queued or refused by ``rule``; ``told_us``: when it lay in its queue;
    ``overdue``: no answer, and its time is up."""

    actor: str
    version: int
    status: str
    rule: str
    told_us: int | None
    answer: AnswerState
    acknowledged_us: int | None
    answered_us: int | None
    overdue: bool
    answers: tuple[ActorAnswer, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WarningView:
    """A warning and how every actor that it went to stands."""

    warning: KeptWarning
    actors: tuple[AtActor, ...]


def content_text(content: Content) -> str:
    """JSON of what a warning says."""
    return json.dumps(asdict(content), sort_keys=True, ensure_ascii=False, default=Text.kept)


def address_text(address: Address) -> str:
    """JSON of its address."""
    return json.dumps(asdict(address), sort_keys=True)


def read(tx: Connection, warning_id: str) -> KeptWarning:
    """Raises UnknownWarning."""
    row = tx.execute(select(WARNING).where(WARNING.c.id == warning_id)).first()
    if row is None:
        raise UnknownWarning(Text("no warning is called {warning_id}", warning_id=repr(warning_id[:60])))
    return warning_of(row)


def warning_of(row: Row[Any]) -> KeptWarning:
    """A warning from its row."""
    return value_from(
        KeptWarning,
        row,
        state=WarningState(row.state),
        origin=Origin(kind=row.source, ref=row.ref, tlp_min=Tlp(row.tlp_min), pap_max=Pap(row.pap_max)),
        content=_content(row.content),
        by=row.by_user,
        address=Address(**{name: tuple(names) for name, names in json.loads(row.address).items()}),
    )


def at_actors(tx: Connection, warning: KeptWarning, now_us: int) -> tuple[AtActor, ...]:
    """How each actor stands, by name."""
    answers: dict[str, list[ActorAnswer]] = {}
    asked = select(ANSWER).where(ANSWER.c.warning_id == warning.id).order_by(ANSWER.c.actor, ANSWER.c.serial)
    for row in tx.execute(asked):
        answers.setdefault(row.actor, []).append(value_from(ActorAnswer, row, act=AnswerAct(row.act)))
    due_us = warning.acknowledge_us or now_us
    return tuple(
        value_from(
            AtActor,
            row,
            answer=AnswerState(row.answer),
            overdue=row.answer == AnswerState.TOLD and warning.state is WarningState.SENT and now_us > due_us,
            answers=tuple(answers.get(row.actor, ())),
        )
        for row in tx.execute(select(WARNED).where(WARNED.c.warning_id == warning.id).order_by(WARNED.c.actor))
    )


def _content(text: str) -> Content:
    body = json.loads(text)
    return Content(
        **body
        | {
            "title": Text.of(body["title"]),
            "text": Text.of(body["text"]),
            "urgency": Urgency(body["urgency"]),
            "tlp": Tlp(body["tlp"]),
            "pap": Pap(body["pap"]),
            "observables": tuple(
                Observable.trusted(ObservableType(one["type"]), one["value"]) for one in body["observables"]
            ),
        }
    )
