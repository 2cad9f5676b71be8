"""The door: everything that left and everything refused, what the centre asks to be named, and taking it back.

As `bavn node ledger, reveals, veto, allow, withdraw, counts`. Rights: soc:read; soc:door for a change.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query
from fastapi.responses import StreamingResponse

from bavn.actor.door.budget import Budget
from bavn.actor.door.queries import asked_elements, days_told, overrides
from bavn.actor.door.rounds.commons_days import CommonsDay
from bavn.actor.door.rounds.reveals import REVEALS_SQL, WITHDRAWALS_SQL, Withdrawal, reveals_of, withdrawals_of
from bavn.app.acts.node import door as acts
from bavn.app.analyst.commons import canary_text, commons_seen
from bavn.app.node.book_queries import book_of
from bavn.app.node.health.commons_words import known_of, left_text, state_text
from bavn.app.node.reveal_preview import preview
from bavn.app.node.reveal_words import answer_text, element_of, together, withdrawal_text
from bavn.app.policy.left import has_left, strongest
from bavn.app.web.frame import After, Limit, Person, Rows, TextShape, Trouble, allow, cursor, filled, opened
from bavn.app.web.sending import sent
from bavn.app.web.soc.context import Context, Node, SocContext
from bavn.app.web.soc.field_words import LeavingField, fields_of, fields_of_text
from bavn.app.web.soc.shapes import REFUSALS, Done, Frozen, NodeName, Reads, file_name
from bavn.model.moment import DAY_US
from bavn.model.text import Text
from bavn.wire.ledger import Ledger, LedgerReader, Line, look_on

REVEALS_MAX = 5000
EXPORT_LINES_MAX = 1_000_000
Overrides = Annotated[Person, allow(acts.override)]
Withdraws = Annotated[Person, allow(acts.withdraw)]
Word = Annotated[str, Query(max_length=64)]


class LedgerLine(Frozen):
    """One line. ``says``: why it was refused; ``summary``: the very body of what crossed."""

    seq: int
    at_us: int
    gate: str
    way: str
    kind: str
    item_id: str
    peer: str
    verdict: str
    rule: str
    says: TextShape | None
    privacy: str
    bytes: int
    summary: str
    hash: str


class LineFields(Frozen):
    """The body of a line, field by field."""

    fields: list[LeavingField]


class ChainChecked(Frozen):
    """Whether the chain holds. ``bad``: the first line where it does not. ``head``: seq and hash of the last line; kept
    elsewhere, it also shows that lines were cut off at the end."""

    holds: bool
    lines: int
    head: str
    bad: int | None
    reason: str


class RevealShown(Frozen):
    """What the centre asked about an element in a round. ``cells``: in how many places of the round it lay."""

    at_us: int
    round: str
    tier: str
    element: str
    receipts: int
    cells: int
    named: bool
    rule: str
    says: TextShape


class Waiting(Frozen):
    """An element that the centre asked about and the policy leaves to a person. ``fields``: the report that would
    leave, whole, and ``shown`` the same with class and meaning; ``refused``: what would still keep it here."""

    element: str
    at_us: int
    suspicion: str
    fields: dict[str, str | int | None]
    shown: list[LeavingField]
    refused: TextShape | None


class ElementOverride(Frozen):
    """A veto or a permission that people here gave."""

    element: str
    wish: str
    by: str
    at_us: int


class Decisions(Frozen):
    """What people decide on: what waits for them, and what they said, the newest first."""

    waiting: list[Waiting]
    wishes: list[ElementOverride]


class CommonsKnown(Frozen):
    """How many of the elements listed so many organisations know."""

    says: TextShape
    elements: int


class CommonsDayShown(Frozen):
    """A day's commons round. ``at_us``: when it came to where it stands; ``elements`` of at most ``elements_max`` went
    up, as ``left`` says; ``canary``: whether the element that everybody holds was answered as it must be."""

    day_us: int
    at_us: int
    state: str
    says: TextShape
    left: TextShape
    elements: int
    elements_max: int
    groups: int
    other_keys: int
    canary: TextShape
    known: list[CommonsKnown]


class CommonsShown(Frozen):
    """The commons rounds of a node, the latest first. ``joins``: the policy takes part; ``since``: how many others know
    what, and since when; ``used``: what the answers changed here."""

    joins: bool
    days: list[CommonsDayShown]
    since: list[TextShape]
    used: list[TextShape]


class WithdrawalShown(Frozen):
    """What was taken back, and what became of it."""

    element: str
    at_us: int
    by: str
    says: TextShape


class CountsDay(Frozen):
    """A day whose counts were told; ``epsilon`` what it cost. ``cells``: what was told, noise and all."""

    day_us: int
    epsilon: float
    told: str


class Counts(Frozen):
    """The budget of the sector's counts over 30 days. ``holds``: the budget's book is what this node wrote."""

    days: list[CountsDay]
    spent: float
    budget: float
    holds: bool
    tells: bool


class Daily(Frozen):
    """What leaves once a day, of the node as a whole."""

    commons: CommonsShown
    counts: Counts


class RevealPage(Rows[RevealShown]):
    """What the centre asked. ``withdrawn``: what was taken back, the newest first."""

    withdrawn: list[WithdrawalShown]


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedLines:
    """Of a ledger's lines those that have each of these, where it is given. ``q``: words that stand somewhere in the
    line; ``left``: only what left this actor; ``privacy``: of this class; ``since_us`` and ``until_us``: written from
    then, and before then."""

    q: Word = ""
    gate: Word = ""
    kind: Word = ""
    peer: Word = ""
    verdict: Literal["", "passed", "refused"] = ""
    way: Literal["", "in", "out"] = ""
    left: bool = False
    privacy: Word = ""
    since_us: int = Query(default=0, ge=0, lt=2**53)
    until_us: int = Query(default=2**53 - 1, ge=0, lt=2**53)

    def fit(self, line: Line) -> bool:
        """Whether this line is one of them."""
        if not self.since_us <= line.at_us < self.until_us or (self.left and not has_left(line)):
            return False
        if self.privacy and not (line.privacy and strongest(line.privacy) == self.privacy):
            return False
        for name in ("gate", "kind", "peer", "verdict", "way"):
            if getattr(self, name) not in ("", getattr(line, name)):
                return False
        words = self.q.lower().split()
        text = (
            f"{line.kind} {line.peer} {line.rule} {line.why or ''} {line.item_id} {line.summary}".lower()
            if words
            else ""
        )
        return all(word in text for word in words)


router = APIRouter(prefix="/nodes/{node}/door", tags=["door"], responses=REFUSALS)
"""The door of a node."""


@router.get("/ledger", operation_id="ledger")
def ledger(
    context: Context,
    node: NodeName,
    person: Reads,
    wanted: Annotated[WantedLines, Depends()],
    limit: Limit = 100,
    after: After = None,
) -> Rows[LedgerLine]:
    """What met a gate, the newest first. ``left``: only what left this actor. A page may be short, or empty, and
    still have a next one: so many lines are looked through at a time."""
    at = opened(after, int)
    with _reader(context.node(node, person)) as reader:
        lines, on = reader.before(at[0] if at else None, limit, wanted.fit)
    return Rows(items=[_line(one) for one in lines], next=cursor(on) if on else None)


@router.get("/ledger/lines/{seq}", operation_id="ledgerLine")
def line(context: Context, node: NodeName, seq: Annotated[int, Path(ge=1, le=2**53)], person: Reads) -> LineFields:
    """What crossed with one line, in words; no field where the line keeps no body."""
    with _reader(context.node(node, person)) as reader:
        lines, _ = reader.before(seq + 1, 1)
    if not lines or lines[0].seq != seq:
        raise Trouble(404, "no-line", Text("There is no such line."))
    return LineFields(fields=fields_of_text(lines[0].kind, lines[0].summary))


@router.get("/ledger/export", operation_id="exportLedger", response_class=StreamingResponse)
def export(context: Context, node: NodeName, person: Reads) -> StreamingResponse:
    """All lines, the oldest first, a JSON object each, at most a million: with every hash, so that others can check
    the chain."""
    here = context.node(node, person)
    with _reader(here):  # what is wrong is said before the answer begins
        pass
    name = file_name(node, "ledger")
    headers = {"Content-Disposition": f'attachment; filename="{name}.json"'}
    return sent(_exported(here), "application/x-ndjson", headers)


@router.get("/ledger/check", operation_id="checkLedger")
def check(context: Context, node: NodeName, person: Reads) -> ChainChecked:
    """Walks the whole chain, closed parts and all."""
    with _reader(context.node(node, person)) as reader:
        bad, (seq, digest) = reader.verify(), reader.head()
    return ChainChecked(
        holds=bad is None, lines=seq, head=digest, bad=bad.seq if bad else None, reason=bad.reason if bad else ""
    )


@router.get("/decisions", operation_id="doorDecisions")
def decisions(context: Context, node: NodeName, person: Reads) -> Decisions:
    """What the centre asked and a person must decide on, with the report that would leave; vetoes and permissions."""
    here = context.node(node, person)
    with here.asks() as rows:
        requests = asked_elements(rows)
        wishes = [ElementOverride(element=e, wish=w, by=by, at_us=at_us) for e, w, by, at_us in overrides(rows)]
    return Decisions(waiting=_waiting_of(context, here, requests) if requests else [], wishes=wishes)


def _waiting_of(context: SocContext, here: Node, requests: Sequence[tuple[str, int]]) -> list[Waiting]:
    config, suspicions, verdicts = here.config(), here.plain_suspicions(), here.verdicts()
    with here.book() as book:
        return [
            _waiting(element, at_us, preview(config, book, context.clock, suspicions, verdicts, element_of(element)))
            for element, at_us in requests
        ]


@router.get("/preview", operation_id="doorPreview")
def look(context: Context, node: NodeName, person: Reads, element: Annotated[str, Query(max_length=320)]) -> Waiting:
    """The report that would leave on an element if the centre were shown enough receipts now."""
    here = context.node(node, person)
    observable = element_of(element)
    with here.book() as book:
        made = preview(here.config(), book, context.clock, here.plain_suspicions(), here.verdicts(), observable)
    return _waiting(str(observable), context.clock.now_us(), made)


@router.get("/reveals", operation_id="reveals")
def reveals(
    context: Context, node: NodeName, person: Reads, limit: Limit = 100, after: After = None, q: Word = ""
) -> RevealPage:
    """What the centre asked this node to name, the newest first: on how many receipts, what was answered, and what was
    taken back."""
    with context.node(node, person).asks() as rows:
        asked = reveals_of(rows(f"{REVEALS_SQL} LIMIT {REVEALS_MAX}"))
        withdrawn = withdrawals_of(rows(f"{WITHDRAWALS_SQL} LIMIT 500"))
    every = [one for one in together(asked) if q.lower() in str(one[0].observable)]
    at = opened(after, int)
    begin = at[0] if at else 0
    shown = [
        RevealShown(
            at_us=last.at_us,
            round=last.round_id,
            tier=last.tier,
            element=str(last.observable),
            receipts=shown,
            cells=cells,
            named=not last.rule,
            rule=last.rule,
            says=TextShape.of(answer_text(last.rule)),
        )
        for last, shown, cells in every[begin : begin + limit]
    ]
    end = begin + len(shown)
    on = cursor(end) if end < len(every) else None
    return RevealPage(items=shown, next=on, total=len(every), withdrawn=_withdrawn(withdrawn))


def _withdrawn(withdrawn: Sequence[Withdrawal]) -> list[WithdrawalShown]:
    return [
        WithdrawalShown(
            element=str(withdrawal.observable),
            at_us=withdrawal.at_us,
            by=withdrawal.by,
            says=TextShape.of(withdrawal_text(withdrawal.told_us, withdrawal.rule)),
        )
        for withdrawal in withdrawn
    ]


@router.post("/withdrawals", operation_id="withdraw", status_code=201, description=acts.withdraw.__doc__)
def withdraw(context: Context, node: NodeName, asked: acts.WithdrawRequest, person: Withdraws) -> Done:
    here = context.node(node, person)
    element = acts.withdraw(here, person.name, asked)
    return Done.of(Text("{observable} is to be taken back. {when}", observable=element, when=here.when()))


@router.put("/wishes", operation_id="setWish", description=acts.override.__doc__)
def set_wish(context: Context, node: NodeName, request: acts.OverrideRequest, person: Overrides) -> Done:
    observable = acts.override(context.node(node, person), person.name, request)
    says = {
        "veto": Text("{observable} never leaves.", observable=observable),
        "allow": Text("{observable} may be named.", observable=observable),
        "none": Text("{observable} follows the policy.", observable=observable),
    }
    return Done.of(says[request.wish])


@router.get("/daily", operation_id="doorDaily")
def daily(context: Context, node: NodeName, person: Reads) -> Daily:
    """What leaves once a day: the round about what is ordinary here with what it was good for, and the counts that were
    told to the sector, noise and all, with what is left of their budget."""
    here = context.node(node, person)
    return Daily(commons=_commons(context, here), counts=_counts(context, here))


def _commons(context: SocContext, here: Node) -> CommonsShown:
    with here.asks() as rows:
        seen = commons_seen(rows, context.clock)
    return CommonsShown(
        joins=here.config().door.join_commons,
        days=[_commons_day(one) for one in seen.days],
        since=[TextShape.of(one) for one in seen.since],
        used=[TextShape.of(one) for one in seen.used],
    )


def _counts(context: SocContext, here: Node) -> Counts:
    policy = here.config().door
    with here.book() as book:
        ledger_ = Ledger(book)
        budget = Budget(ledger_)
        spent, holds = budget.spent_milli(context.clock.now_us() // DAY_US - 1) / 1000, budget.holds()
        spendings = days_told(book.rows)
        days = [
            CountsDay(day_us=day * DAY_US, epsilon=milli / 1000, told=_summary(ledger_, item))
            for day, milli, item in spendings
        ]
    return Counts(days=days, spent=spent, budget=policy.counts_epsilon_30_days, holds=holds, tells=policy.tell_counts)


@contextmanager
def _reader(here: Node) -> Iterator[LedgerReader]:
    """Its ledger, also while it runs."""
    with look_on(book_of(here.file)) as reader:
        yield reader


def _exported(here: Node) -> Iterator[str]:
    with look_on(book_of(here.file)) as reader:
        for number, line in enumerate(reader.every()):
            if number >= EXPORT_LINES_MAX:
                yield json.dumps({"more": True, "lines_max": EXPORT_LINES_MAX}) + "\n"
                return
            yield json.dumps(asdict(line), ensure_ascii=False, sort_keys=True) + "\n"


def _commons_day(day: CommonsDay) -> CommonsDayShown:
    return filled(
        CommonsDayShown,
        day,
        day_us=day.day * DAY_US,
        says=TextShape.of(state_text(day)),
        left=TextShape.of(left_text(day)),
        elements_max=day.m,
        canary=TextShape.of(canary_text(day)),
        known=[CommonsKnown(says=TextShape.of(bucket), elements=count) for bucket, count in known_of(day)],
    )


def _line(one: Line) -> LedgerLine:
    fields = {name: value for name, value in asdict(one).items() if name not in ("prev", "reason")}
    return LedgerLine(**fields, says=None if one.why is None else TextShape.of(one.why))


def _waiting(element: str, at_us: int, details: Any) -> Waiting:
    refused = details.refused
    says = None
    if refused is not None and refused.rule != "reveal_mode":  # that a person decides is what this is about
        says = TextShape.of(refused.reason)
    return Waiting(
        element=element,
        at_us=at_us,
        suspicion=details.suspicion,
        fields=details.fields,
        refused=says,
        shown=fields_of("Report", details.fields),
    )


def _summary(ledger: Ledger, item_id: str) -> str:
    lines = ledger.lines(item_id=item_id, limit=1)
    return lines[0].summary if lines else ""
