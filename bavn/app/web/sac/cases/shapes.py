"""What the SAC console's cases answer with."""

from typing import Literal

from bavn.app.acts.centre.cases import Named
from bavn.app.web.frame import TextShape
from bavn.app.web.sac.cases.room import RoomShown
from bavn.app.web.sac.shapes import Shape
from bavn.model.intel.indicator import PapName, Tlp
from bavn.model.sector.case import CaseAct, CaseState
from bavn.model.sector.nis2 import CrossBorder, Nis2Act
from bavn.model.sector.nis2 import DueState as ReportState
from bavn.model.sector.work import DueState, TaskKind, TaskState


class CaseCard(Shape):
    """A card of the board. ``owed``: tasks that are not done; ``overdue``: those of them with a deadline that
    passed."""

    id: str
    state: CaseState
    state_said: TextShape
    score: float
    owner: str
    opened_us: int
    observables: list[Named]
    technique: str
    actors: int
    owed: int
    overdue: int


class Column(Shape):
    """A column of the board: one state of the life-cycle, its latest cases, and how many there are."""

    state: CaseState
    said: TextShape
    total: int
    cards: list[CaseCard]


class Board(Shape):
    """The life-cycle's states in its order. ``owners``: who owns a case, for the filter."""

    columns: list[Column]
    owners: list[str]


class ActOffered(Shape):
    """A step that the life-cycle offers. ``will``: what it does; ``may``: whether your role allows it; ``ask_first``:
    it changes what others do."""

    act: CaseAct
    button: TextShape
    will: TextShape
    leads_to: CaseState
    leads_to_said: TextShape
    needs_why: bool
    ask_first: bool
    may: bool


class ElementInCase(Shape):
    """An observable of the case, as its lead last said."""

    element: Named
    score: float
    groups: int
    listed: bool
    partners: int
    detectors: list[str]


class MarkingShown(Shape):
    """How a case is marked; binds all that comes of it."""

    tlp: Tlp
    pap: PapName
    rsit: str
    rsit_said: TextShape | None
    techniques: list[str]


class TermsShown(Shape):
    """How its indicators are released; ``carried_out``: the last order was."""

    observables: list[Named] | None
    tlp: Tlp
    pap: PapName | None
    days: int
    confidence: int | None
    wanted: bool
    carried_out: bool


class TwoPeople(Shape):
    """Who stands behind the release, each once. ``waits``: something that may block waits for a second person."""

    behind: list[str]
    waits: bool
    waiting: list[str]
    you_would_be_alone: bool


class ActorInCase(Shape):
    """An actor in the case, and what it was told: its own part, never who or how many others are in it. ``reported``:
    it reported something of the case; ``met_us``: the first hour in which it says that it met an indicator of it, which
    is another thing; ``met_before``: that was before the release."""

    actor: str
    by_hand: bool
    reported: bool
    met_us: int | None
    met_before: bool
    version: int
    status: str
    says: TextShape
    rule: str
    told_us: int | None
    owed: int
    own: list[Named]
    heard_state: CaseState | None
    heard_state_said: TextShape | None
    heard_tasks: int
    heard_words: list[str]
    heard_techniques: list[str]


class TaskDue(Shape):
    """One deadline of a task: acknowledge, applies, done."""

    step: str
    due_us: int
    met_us: int | None
    state: DueState
    says: TextShape


class TaskShown(Shape):
    """A task or question to one actor. ``acts``: what the centre may do to it now."""

    id: str
    case_id: str
    actor: str
    kind: TaskKind
    text: str
    by: str
    given_us: int
    state: TaskState
    state_said: TextShape
    answer: str
    dues: list[TaskDue]
    acts: list[str]


class StatementShape(Shape):
    """``to`` empty: for all actors in the case."""

    at_us: int
    who: str
    by_actor: bool
    to: str
    text: str


class EvidenceKept(Shape):
    """What an actor attached by hand: a zip file."""

    id: str
    actor: str
    words: str
    bytes: int
    sha256: str
    received_us: int


class ReportDue(Shape):
    """One report that NIS2 asks for; ``due_us`` None while its deadline has not begun."""

    report: Nis2Act
    says: TextShape
    due_us: int | None
    sent_us: int | None
    state: ReportState
    state_said: TextShape


class Nis2Clock(Shape):
    """NIS2's clocks at one actor. ``happened``: act -> when."""

    case_id: str
    actor: str
    cross_border: CrossBorder
    trust_service: bool
    touched: list[str]
    happened: dict[str, int]
    next_us: int | None
    running: bool
    overdue: bool
    reports: list[ReportDue]


class CaseMoment(Shape):
    """One thing that happened."""

    at_us: int
    who: str
    what: str
    case_id: str
    says: TextShape


class IndicatorInCase(Shape):
    """An indicator of the case: who stands behind it, who enforces it, who was given it and does not, who only hunts
    for it because nothing there can carry it, who met it."""

    id: str
    observable: Named
    state: str
    pap: PapName
    tlp: Tlp
    until_us: int | None
    refusal: TextShape | None
    people: list[str]
    enforced: list[str]
    missing: list[str]
    hunted: list[str]
    met: list[str]


class CaseShown(Shape):
    """A case. ``standing`` counts up with everything done to it: name it as ``seen`` with an act. ``clock``: its
    moments in us, None until they happened."""

    id: str
    lead_id: str
    state: CaseState
    state_said: TextShape
    score: float
    owner: str
    opened_us: int
    standing: int
    now_us: int
    technique: str
    elements: list[ElementInCase]
    marking: MarkingShown
    merged_into: str
    merged_from: list[str]
    acts: list[ActOffered]
    clock: dict[str, int | None]
    terms: TermsShown
    two_people: TwoPeople
    room: RoomShown
    actors: list[ActorInCase]
    tasks: list[TaskShown]
    words: list[StatementShape]
    evidence: list[EvidenceKept]
    nis2: list[Nis2Clock]
    timeline: list[CaseMoment]
    indicators: list[IndicatorInCase]


class CheckShown(Shape):
    """One thing looked at before a release."""

    name: str
    stops: bool
    says: TextShape


class Would(Shape):
    """What a release would do with an element."""

    element: Named
    score: float
    groups: int
    how: Literal["block", "watch", "refused"]
    says: TextShape
    pap: PapName
    checks: list[CheckShown]


class ReleasePreview(Shape):
    """What a release would let out now, to how many actors, and who would stand behind it with you."""

    would: list[Would]
    recipients: int
    behind: list[str]
    waits_for_second: bool
    days: int
    days_max: int
    tlp: Tlp


class ReportDraft(Shape):
    """A draft of a report to the authority, Markdown in both languages; ``gaps`` in [[ ]] only the actor can fill."""

    report: Nis2Act
    actor: str
    text: TextShape
    gaps: int
