"""The centre's warnings to this actor, and what people here answer. What would leave is shown before it leaves.

Nothing is sent here: an answer is left in the node's book, and the running node lets it out through gate 1.
Rights: soc:read, soc:triage.
"""

from collections.abc import Sequence
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query

from bavn.actor.door.conversations.warnings import (
    ANSWERS_SQL,
    WARNINGS_SQL,
    AnswerStatement,
    KeptWarning,
    answers_of,
    state_after,
    warnings_of,
)
from bavn.app.acts.node import warnings as acts
from bavn.app.node.case_parts import became_text
from bavn.app.web.frame import After, Limit, Person, Rows, TextShape, allow, cursor, filled, opened
from bavn.app.web.soc.context import Context
from bavn.app.web.soc.shapes import REFUSALS, Frozen, NodeName, Reads, refusal, when_sent
from bavn.model.sector.sector_warning import (
    ANSWER_LIFE,
    ANSWERS,
    URGENCIES,
    WARNING_STATES,
    AnswerState,
    Urgency,
    WarningState,
)

Answers = Annotated[Person, allow(acts.answer)]
WarningId = Annotated[str, Path(pattern=r"^warning-[0-9a-f]{16}$", description="warning-...")]
ShownWarnings = Annotated[
    Literal["", "open", "sent", "over"], Query(description="open: an answer is owed; sent: in force.")
]
PAPS = ("RED", "AMBER", "GREEN", "CLEAR")


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
    received_us: int
    answer: str
    answer_says: TextShape
    acts: list[str]
    answers: list[WarningAnswerShown]


class WarningLeaving(Frozen):
    """What would leave, or was left for the node (``number``; ``when``: when the node sends it then). ``refused``: what
    gate 1 says of it."""

    warning: str
    version: int
    act: str
    words: str
    privacy: str
    refused: TextShape | None
    number: int | None
    when: TextShape | None = None


router = APIRouter(prefix="/nodes/{node}/warnings", tags=["warnings"], responses=REFUSALS)
"""Warnings to an actor."""


@router.get("", operation_id="nodeWarnings")
def warnings(
    context: Context, node: NodeName, person: Reads, limit: Limit = 100, after: After = None, shown: ShownWarnings = ""
) -> Rows[NodeWarning]:
    """The centre's warnings to this actor: those that an answer is owed to, then the last heard of first."""
    with context.node(node, person).asks() as rows:
        kept_warnings, said = warnings_of(rows(WARNINGS_SQL)), answers_of(rows(ANSWERS_SQL))
    by_id: dict[str, list[AnswerStatement]] = {}
    for answer in said:
        by_id.setdefault(answer.warning_id, []).append(answer)
    every = [(warning, by_id.get(warning.warning_id, [])) for warning in kept_warnings]
    kept = sorted((pair for pair in every if _wanted(*pair, shown)), key=lambda pair: not _open(*pair))
    at = opened(after, int)
    begin = at[0] if at else 0
    end = begin + limit
    items = [_shown(warning, mine) for warning, mine in kept[begin:end]]
    return Rows(items=items, next=cursor(end) if end < len(kept) else None, total=len(kept))


@router.post("/{warning}/answers", operation_id="answerWarning", description=acts.answer.__doc__)
def answer(
    context: Context, node: NodeName, warning: WarningId, request: acts.WarningAnswerRequest, person: Answers
) -> WarningLeaving:
    here = context.node(node, person)
    answer = acts.answer(here, person.name, warning, request)
    return filled(
        WarningLeaving,
        answer,
        request,
        warning=warning,
        act=request.act.value,
        privacy="S5",
        refused=refusal(answer),
        when=when_sent(here, answer),
    )


def _open(one: KeptWarning, mine: Sequence[AnswerStatement]) -> bool:
    """Whether people here still owe an answer."""
    return one.state == WarningState.SENT and state_after(one, mine) is AnswerState.TOLD


def _wanted(warning: KeptWarning, mine: Sequence[AnswerStatement], shown: str) -> bool:
    if shown == "open":
        return _open(warning, mine)
    return not shown or (warning.state == WarningState.SENT) is (shown == "sent")


def _shown(warning: KeptWarning, mine: Sequence[AnswerStatement]) -> NodeWarning:
    text = warning.said
    state = state_after(warning, mine)
    urgency = Urgency(text["urgency"])
    return NodeWarning(
        id=warning.warning_id,
        version=warning.version,
        state=warning.state,
        says=TextShape.of(WARNING_STATES[WarningState(warning.state)]),
        urgency=urgency.value,
        urgency_says=TextShape.of(URGENCIES[urgency]),
        title=TextShape.of(warning.headline),
        text=TextShape(en=text["text_en"], da=text["text_da"]),
        tlp=text["tlp"],
        pap=PAPS[text["pap"]],
        observables=[f"{named['type']}:{named['value']}" for named in text["observables"]],
        sent_us=text["sent_us"],
        acknowledge_us=text["acknowledge_us"],
        until_us=text["until_us"],
        received_us=warning.received_us,
        answer=state.value,
        answer_says=TextShape.of(ANSWERS[state]),
        acts=sorted(act.value for at, act in ANSWER_LIFE if at is state),
        answers=[
            filled(
                WarningAnswerShown,
                each,
                became=TextShape.of(became_text(each)),
            )
            for each in mine
        ],
    )
