"""The policy editor: each field with its own sentence, what a change would do before it is written, and who wrote it;
and what left under it in some days, by class, as `bavn node left`.

Rights: soc:read to see, soc:settings to change. The node reads its policy when it starts.
"""

from typing import Annotated

from fastapi import APIRouter, Query

from bavn.app.acts.node import policy as acts
from bavn.app.acts.node.policy import Value
from bavn.app.node.book_queries import book_of
from bavn.app.policy.by_question import QUESTIONS, PolicyQuestion
from bavn.app.policy.file import STRICT, Draft, fields_of, mark_of, text_of
from bavn.app.policy.file import Field as PolicyField
from bavn.app.policy.left import LeftClass, left_in
from bavn.app.policy.means import means
from bavn.app.web.frame import Person, TextShape, allow, filled
from bavn.app.web.soc.context import Context
from bavn.app.web.soc.health import policy_waits
from bavn.app.web.soc.shapes import REFUSALS, Frozen, NodeName, Reads
from bavn.model.moment import DAY_US
from bavn.model.text import Text
from bavn.wire.ledger import look_on

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
    means: TextShape


class PolicyQuestionShown(Frozen):
    """A question that people have of the policy, with what the fields below it give and cost."""

    name: str
    table: str
    asks: TextShape
    gives: TextShape
    costs: TextShape
    fields: list[str]


class StrictField(Frozen):
    """What the strict policy sets a field to."""

    table: str
    name: str
    value: Value


class PolicyShown(Frozen):
    """``seen`` goes back with a change, so that nobody writes over what they did not see. ``text``: the file.
    ``waits``: the running node began with another and still uses that; ``strict``: to be filled in and looked at."""

    fields: list[FieldShown]
    questions: list[PolicyQuestionShown]
    strict: list[StrictField]
    text: str
    seen: str
    waits: bool


class ChangeShown(Frozen):
    """What a field is and would be; ``means``: what it does then."""

    table: str
    name: str
    says: TextShape
    means: TextShape
    before: Value
    after: Value


class PolicyDraft(Frozen):
    """What would be written, whole, and what differs."""

    changes: list[ChangeShown]
    text: str
    seen: str


LEFT_DAYS_MAX = 28
DayUs = Annotated[int | None, Query(ge=0, lt=2**53, description="A moment of the last day; else today.")]
Days = Annotated[int, Query(ge=1, le=LEFT_DAYS_MAX)]


class LeftKind(Frozen):
    """How many messages of one kind."""

    kind: str
    count: int


class LeftClassShown(Frozen):
    """What left of one privacy class. ``named``: the words in it, each once; ``more``: how many others there are;
    ``learned``: who learned what of it."""

    privacy: str
    says: TextShape
    count: int
    kinds: list[LeftKind]
    named: list[str]
    more: int
    learned: TextShape


class RefusedShown(Frozen):
    """What one rule kept at home."""

    kind: str
    rule: str
    why: TextShape
    count: int


class LeftShown(Frozen):
    """What left from ``since_us`` until ``until_us`` (whole days, UTC). ``whole``: no line of them was left out."""

    since_us: int
    until_us: int
    says: TextShape
    count: int
    classes: list[LeftClassShown]
    refused: list[RefusedShown]
    refused_count: int
    whole: bool


router = APIRouter(prefix="/nodes/{node}/policy", tags=["policy"], responses=REFUSALS)
"""The policy of a node."""


@router.get("", operation_id="policy")
def policy(context: Context, node: NodeName, person: Reads) -> PolicyShown:
    """Every field of the policy."""
    here = context.node(node, person)
    config = here.config()
    text = text_of(config)
    fields = fields_of({"door": config.door, "protect": config.protect}, text)
    shown = [_field(field) for field in fields]
    strict = [StrictField(table=t, name=n, value=v) for t, given in STRICT.items() for n, v in given.items()]
    return PolicyShown(
        fields=shown,
        questions=[_question(field) for field in QUESTIONS],
        strict=strict,
        text=text,
        seen=mark_of(text),
        waits=policy_waits(here, config),
    )


@router.post("/preview", operation_id="previewPolicy")
def preview(
    context: Context, node: NodeName, request: acts.ChangeRequest, person: Annotated[Person, allow(acts.change)]
) -> PolicyDraft:
    """What a change would write. A policy that the node would not start with is refused with the reason, beside the
    field whose fault it is."""
    here = context.node(node, person)
    return _shown(acts.drafted(here, request), request.seen)


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
        means=TextShape.of(means(field.name, field.value, field.about)),
    )


def _question(one: PolicyQuestion) -> PolicyQuestionShown:
    said = {name: TextShape.of(getattr(one, name)) for name in ("asks", "gives", "costs")}
    return filled(PolicyQuestionShown, one, fields=list(one.fields), **said)


def _shown(draft: Draft, seen: str) -> PolicyDraft:
    changes = [
        ChangeShown(
            table=c.field.table,
            name=c.field.name,
            says=TextShape.of(Text.documented(c.field.about.holds)),
            means=TextShape.of(means(c.field.name, c.after, c.field.about)),
            before=c.field.value,
            after=c.after,
        )
        for c in draft.changes
    ]
    return PolicyDraft(changes=changes, text=draft.text, seen=seen)


left_router = APIRouter(prefix="/nodes/{node}/door/left", tags=["door"], responses=REFUSALS)
"""What left a node."""


@left_router.get("", operation_id="left")
def left(context: Context, node: NodeName, person: Reads, day_us: DayUs = None, days: Days = 1) -> LeftShown:
    """What left in so many whole days (UTC), the last of them the one with ``day_us`` in it."""
    here = context.node(node, person)
    last = (here.clock.now_us() if day_us is None else day_us) // DAY_US
    until_us = (last + 1) * DAY_US
    since_us = max(0, until_us - days * DAY_US)
    with look_on(book_of(here.file)) as reader:
        days_left = left_in(reader.back_to(since_us), since_us, until_us)
    return filled(
        LeftShown,
        days_left,
        says=TextShape.of(days_left.says),
        classes=[_left_class(one) for one in days_left.classes],
        refused=[filled(RefusedShown, one, why=TextShape.of(one.why)) for one in days_left.refused],
    )


def _left_class(group: LeftClass) -> LeftClassShown:
    return filled(
        LeftClassShown,
        group,
        says=TextShape.of(group.says),
        kinds=[LeftKind(kind=kind, count=count) for kind, count in group.kinds],
        named=list(group.named),
        learned=TextShape.of(group.learned),
    )
