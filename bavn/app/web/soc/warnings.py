"""The centre's warnings to this actor, and what people here answer. What would leave is shown before it leaves.

Nothing is sent here: an answer is left in the node's book, and the running node lets it out through gate 1.
Rights: soc:read, soc:triage.
"""

from collections.abc import Sequence
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query
from pydantic import Field

from bavn.actor.door.conversations.warnings import (
    ANSWERS_SQL,
    WARNINGS_SQL,
    AnswerStatement,
    KeptWarning,
    answers_of,
    state_after,
    warnings_of,
)
from bavn.app.node.case_parts import opened_cases, rule_text
from bavn.app.web.frame import After, Limit, Rows, TextShape, Trouble, cursor, filled, opened
from bavn.app.web.soc.context import House
from bavn.app.web.soc.errors import answered
from bavn.app.web.soc.shapes import REFUSALS, Frozen, NodeName, Reads, Triages
from bavn.model.outcome import Refused
from bavn.model.sector.sector_warning import (
    ANSWER_LIFE,
    ANSWERS,
    URGENCIES,
    WARNING_STATES,
    AnswerAct,
    AnswerState,
    Urgency,
    WarningState,
)
from bavn.model.sector.work import TEXT_CHARS_MAX
from bavn.model.text import Text

WarningId = Annotated[str, Path(pattern=r"^warning-[0-9a-f]{16}$", description="warning-...")]
ShownWarnings = Annotated[
    Literal["", "open", "sent", "over"], Query(description="open: an answer is owed; sent: in force.")
]
PAPS = ("RED", "AMBER", "GREEN", "CLEAR")
_WAITS = Text("waits for the running node")
_SENT = Text("sent")
_NONE = Text("This actor was told of no such warning.")


class WarningAnswerShown(Frozen):
    """What a person here answered, and where that stands."""

    at_us: int
    version: int
    act: str
    words: str
    by: str
    became: TextShape


class NodeWarning(Frozen):
    """A warning as this actor last heard of it. ``answer``: how far people here have answered this version; ``acts``:
    what may be answered now."""

    id: str
    version: int
    state: str
    says: TextShape
    urgency: str
    urgency_says: TextShape
    title: TextShape
    text: TextShape
    tlp: str
    pap: str
    observables: list[str]
    sent_us: int
    acknowledge_us: int
    until_us: int
    heard_us: int
    answer: str
    answer_says: TextShape
    acts: list[str]
    answers: list[WarningAnswerShown]


class WarningAnswerRequest(Frozen):
    """An answer to the version that was read. ``send`` false: only show what would leave."""

    version: int = Field(ge=1, lt=2**31)
    act: AnswerAct
    words: str = Field(default="", max_length=TEXT_CHARS_MAX)
    send: bool = False


class WarningLeaving(Frozen):
    """What would leave, or was left for the running node (``number``). ``refused``: what gate 1 says of it."""

    warning: str
    version: int
    act: str
    words: str
    privacy: str
    refused: TextShape | None
    number: int | None


router = APIRouter(prefix="/nodes/{node}/warnings", tags=["warnings"], responses=REFUSALS)
"""Warnings to an actor."""


@router.get("", operation_id="nodeWarnings")
def warnings(
    house: House, node: NodeName, person: Reads, limit: Limit = 100, after: After = None, shown: ShownWarnings = ""
) -> Rows[NodeWarning]:
    """The centre's warnings to this actor: those that an answer is owed to, then the last heard of first."""
    with house.node(node, person).asks() as rows:
        found, said = warnings_of(rows(WARNINGS_SQL)), answers_of(rows(ANSWERS_SQL))
    by_id: dict[str, list[AnswerStatement]] = {}
    for one in said:
        by_id.setdefault(one.warning_id, []).append(one)
    every = [(one, by_id.get(one.warning_id, [])) for one in found]
    kept = sorted((pair for pair in every if _wanted(*pair, shown)), key=lambda pair: not _open(*pair))
    at = opened(after, int)
    begin = at[0] if at else 0
    end = begin + limit
    items = [_shown(one, mine) for one, mine in kept[begin:end]]
    return Rows(items=items, next=cursor(end) if end < len(kept) else None, total=len(kept))


@router.post("/{warning}/answers", operation_id="answerWarning")
def answer(
    house: House, node: NodeName, warning: WarningId, asked: WarningAnswerRequest, person: Triages
) -> WarningLeaving:
    """Answers a warning. Exactly what is shown leaves, at the node's next step."""
    here = house.node(node, person)
    with here.asks() as rows:
        if not any(one.warning_id == warning for one in warnings_of(rows(WARNINGS_SQL))):
            raise Trouble(404, "no-warning", _NONE)
    said = AnswerStatement(
        number=1 << 50,
        at_us=house.clock.now_us(),
        warning_id=warning,
        version=asked.version,
        act=asked.act.value,
        words=asked.words,
        by=person.name,
    )
    number = None
    with answered(), opened_cases(here.file) as there:
        outcome = there.warnings.try_on(said)
        refused = rule_text(outcome.rule) if isinstance(outcome, Refused) else None
        if asked.send:
            if refused is not None:
                raise Trouble(409, "not-sent", refused)
            number = there.warnings.leave(warning, asked.version, asked.act, asked.words, person.name)
    return WarningLeaving(
        warning=warning,
        version=asked.version,
        act=asked.act.value,
        words=asked.words,
        privacy="S5",
        refused=TextShape.of(refused) if refused else None,
        number=number,
    )


def _open(one: KeptWarning, mine: Sequence[AnswerStatement]) -> bool:
    """Whether people here still owe an answer."""
    return one.state == WarningState.SENT and state_after(one, mine) is AnswerState.TOLD


def _wanted(one: KeptWarning, mine: Sequence[AnswerStatement], shown: str) -> bool:
    if shown == "open":
        return _open(one, mine)
    return not shown or (one.state == WarningState.SENT) is (shown == "sent")


def _shown(one: KeptWarning, mine: Sequence[AnswerStatement]) -> NodeWarning:
    text = one.said
    state = state_after(one, mine)
    urgency = Urgency(text["urgency"])
    return NodeWarning(
        id=one.warning_id,
        version=one.version,
        state=one.state,
        says=TextShape.of(WARNING_STATES[WarningState(one.state)]),
        urgency=urgency.value,
        urgency_says=TextShape.of(URGENCIES[urgency]),
        title=TextShape(en=text["title_en"], da=text["title_da"]),
        text=TextShape(en=text["text_en"], da=text["text_da"]),
        tlp=text["tlp"],
        pap=PAPS[text["pap"]],
        observables=[f"{named['type']}:{named['value']}" for named in text["observables"]],
        sent_us=text["sent_us"],
        acknowledge_us=text["acknowledge_us"],
        until_us=text["until_us"],
        heard_us=one.heard_us,
        answer=state.value,
        answer_says=TextShape.of(ANSWERS[state]),
        acts=sorted(act.value for at, act in ANSWER_LIFE if at is state),
        answers=[
            filled(
                WarningAnswerShown,
                each,
                became=TextShape.of(_WAITS if each.told_us is None else rule_text(each.rule) if each.rule else _SENT),
            )
            for each in mine
        ],
    )
